#!/usr/bin/python3
"""The matcher as it is usually built: one Python worker, written from the description of the article that
Hansom answers to. It is what bench/matching compares with, not a part of Hansom.

usage: article_worker.py PORT CONSUMER

Reads ten rides at a time in a consumer group; marks each as processed (SETNX, EXPIRE); looks for the
five nearest drivers within 2 km; takes the first whose lock it gets; writes the assignment,
publishes it, releases the lock, acknowledges. Five round trips and more a ride, one after the other.
"""
import sys

import redis


def assign(store, ride, driver):
    store.hset(f"ride:{ride}", mapping={"driver_id": driver, "status": "assigned"})
    store.publish(f"ui:rider:{ride}", f"driver_assigned:{driver}")


def process(store, fields):
    ride = fields["ride_id"]
    if not store.setnx(f"{ride}:processed", 1):
        return
    store.expire(f"{ride}:processed", 3600)
    nearby = store.geosearch("drivers:active", longitude=float(fields["pickup_lon"]),
                             latitude=float(fields["pickup_lat"]), radius=2, unit="km", count=5,
                             sort="ASC")
    for driver in nearby:
        lock = store.lock(f"driver:{driver}:assignment", timeout=5)
        if not lock.acquire(blocking=False):
            continue
        try:
            assign(store, ride, driver)
        finally:
            lock.release()
        return


def main():
    store = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
    print("ready", flush=True)
    while True:
        for _, messages in store.xreadgroup("matchers", sys.argv[2], {"rides:incoming": ">"}, count=10,
                                            block=5000):
            for entry, fields in messages:
                process(store, fields)
                store.xack("rides:incoming", "matchers", entry)


if __name__ == "__main__":
    main()
