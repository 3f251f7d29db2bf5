#!/usr/bin/python3
"""Checks a store at rest, when nobody asks for rides any more: nobody is stuck and nothing is left over.

usage: check_rest.py --store redis://HOST:PORT|unix:///PATH --region ID

Reads the records with a plain Redis client and shares no code with the services: every ride has
ended, is settled when it was completed, and has no timer; every driver is free, and stands in the
idle index of his products only if he is idle; no rider has a live ride; one ride an idempotency key
and one key a ride; no entry of the work stream is unread or pending. Exits 0, or 1 with a line a
finding.
"""
import argparse
import re
import sys
import time

import redis

ENDED = {"completed", "cancelled", "unfulfilled", "failed"}
FREE = {"idle", "offline", "on_break", "blocked"}


def hashes(store, pattern):
    for key in store.scan_iter(match=pattern, count=1000):
        yield key.rsplit(":", 1)[1], store.hgetall(key)


def check_rides(store, tag):
    timers = {name.split(":", 1)[1] for name in store.zrange(f"timers:{tag}", 0, -1)}
    for ride, r in hashes(store, f"ride:{tag}:*"):
        status = r.get("status", "")
        if status == "scheduled":
            continue
        if status not in ENDED:
            yield f"ride {ride} is {status}"
        elif ride in timers:
            yield f"ride {ride} is {status} and has a timer"
        if status == "completed" and not r.get("settled_ms"):
            yield f"ride {ride} is completed and not settled"
        if status == "completed" and int(r.get("final_minor", "-1")) < 0:
            yield f"ride {ride} costs {r.get('final_minor')}"
        if status == "cancelled" and int(r.get("fee_minor", "0")) not in (
                0, int(r.get("fee_cancel", "0")), int(r.get("fee_no_show", "0"))):
            yield f"ride {ride}: a fee of {r['fee_minor']} that its quote does not know"


def check_drivers(store, tag):
    for driver, d in hashes(store, f"driver-state:{tag}:*"):
        held = {k: d[k] for k in ("offer", "ride", "lease", "next_ride") if d.get(k)}
        if d.get("state") not in FREE or held:
            yield f"driver {driver} is {d.get('state')} with {held}"
        for product in filter(None, d.get("products", "").split(",")):
            inside = store.zscore(f"drivers:idle:{tag}:{product}", driver) is not None
            if inside and d.get("state") != "idle":
                yield f"driver {driver} is {d.get('state')} and in the idle index of {product}"


def check_riders(store, tag):
    for rider, r in hashes(store, f"rider-state:{tag}:*"):
        if r.get("ride"):
            yield f"rider {rider} still has ride {r['ride']}"
    made = {}
    for key in store.scan_iter(match=f"idem:{tag}:*", count=1000):
        ride = (store.get(key) or "").rsplit(" ", 1)[-1]
        if ride in made:
            yield f"ride {ride} was made by {made[ride]} and by {key}"
        made[ride] = key
        if not store.exists(f"ride:{tag}:{ride}"):
            yield f"{key} names ride {ride}, which does not exist"


def check_work(store, tag):
    for group in store.xinfo_groups(f"rides:incoming:{tag}"):
        if group["pending"] or group.get("lag"):
            yield f"rides:incoming: {group['pending']} pending, {group.get('lag')} unread"
    for kind, key in (("repairs", f"repairs:{tag}"),):
        if store.exists(key) and store.xlen(key):
            repairs = [e for _, e in store.xrange(key, count=5)]
            yield f"the reconciler had to mend {store.xlen(key)} things ({kind}): {repairs}"


def findings(store, region):
    tag = "{%s}" % region
    return [line for check in (check_rides, check_drivers, check_riders, check_work)
            for line in check(store, tag)]


def wait_for_rest(store, region, seconds):
    """What is still wrong after so long; polls until nothing is."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = findings(store, region)
        except redis.exceptions.RedisError as e:
            found = [f"the store cannot be read: {e}"]
        if not found or time.monotonic() > end:
            return found
        time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--store", required=True)
    parser.add_argument("--region", required=True)
    args = parser.parse_args()
    if not re.fullmatch(r"[a-z0-9_]+", args.region):
        parser.error("--region is an id")
    url = args.store
    store = (redis.Redis(unix_socket_path=url[7:], decode_responses=True)
             if url.startswith("unix://") else redis.Redis.from_url(url, decode_responses=True))
    found = findings(store, args.region)
    for line in found:
        print("FINDING", line)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
