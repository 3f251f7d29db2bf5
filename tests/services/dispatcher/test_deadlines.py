"""Deadlines and outages, with real dispatchers that are killed, paused and raced against each other."""
import os
import random
import signal
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from harness import Service, until

QUICK = ["--chore-interval", "10ms", "--leader-lease", "300ms", "--regions", "la"]


class Here:
    """What a City asks of a server."""

    def __init__(self, store):
        self.store = store

    def connect(self):
        return self.store.db


class Deadlines(harness.TestCase):
    services = {}

    def setUp(self):
        self.city = city.City(Here(self.store))
        self.dispatchers = []

    def tearDown(self):
        for d in self.dispatchers:
            if d.process.poll() is None:
                self.assertEqual(d.stop(), 0, d.logged())

    def dispatcher(self):
        d = Service("dispatcher", self.store, *QUICK)
        self.dispatchers.append(d)
        return d

    def overdue(self, riders):
        """Requested rides whose deadline is over."""
        rides = [self.city.create("rider-%s" % r).ride["ride_id"] for r in riders]
        past = self.city.now() - 1
        with self.db.pipeline(transaction=True) as p:
            for ride in rides:
                p.hset(city.ride_key(ride), "deadline_ms", past)
                p.zadd(city.TIMERS, {"deadline:" + ride: past})
            p.execute()
        return rides

    def test_dispatchers_killed_at_any_moment_end_each_ride_once(self):
        pick = random.Random(7)
        rides, alive = [], [self.dispatcher(), self.dispatcher()]
        for round in range(6):
            rides += self.overdue("%d-%d" % (round, i) for i in range(60))
            at = pick.randrange(2)
            left = pick.randrange(0, 60)
            until(lambda: self.db.zcard(city.TIMERS) <= left, "some deadlines to be applied")
            alive[at].kill()
            alive[at] = self.dispatcher()
        until(lambda: self.db.zcard(city.TIMERS) == 0, "all deadlines to be applied")
        for ride in rides:
            f = self.city.ride(ride)
            self.assertEqual((f["status"], f["version"]), ("unfulfilled", "2"))
            self.assertEqual([e["type"] for e in self.city.events(ride)], ["create", "deadline"])
        self.city.check()

    def test_timers_that_always_fail_are_shown_and_starve_nobody(self):
        bad = {"deadline:la-BAD%d" % i: 1 for i in range(300)}
        for name in bad:
            self.db.hset(city.ride_key(name[9:]), "status", "requested")
        self.db.zadd(city.TIMERS, bad)
        d = self.dispatcher()
        until(lambda: self.db.hlen("timer-faults:{la}") == 300, "the failing timers to be put off")
        rides = self.overdue(range(10))
        until(lambda: all(self.city.ride(r)["status"] == "unfulfilled" for r in rides),
              "the deadlines behind them")
        until(lambda: (d.metric("hansom_timers_total", did="failed") or 0) >= 300, "the count")
        self.assertIn("not whole", d.logged())
        self.assertLess(d.logged().count("timer_failed"), 10, "a flood in the log")

    def test_ninety_seconds_without_a_store_reallocate_and_expire_nothing(self):
        """Everything that runs is paused while all stored times, the heartbeat included, are moved
        90 s into the past: to the services that is a store whose clock went on for 90 s while it
        answered nobody."""
        c = self.city
        ingest = Service("location-ingest", self.store, "--sweep-interval", "20ms", "--regions", "la")
        self.dispatchers.append(ingest)
        rides = {}
        for state, n in (("assigned", 200), ("requested", 50), ("offered", 20)):
            for i in range(n):
                made = c.reach(state, "la-%s%d" % (state[0], i), "%s%d" % (state[0], i))
                rides[made[0]] = (state, made)
        first, second = self.dispatcher(), self.dispatcher()
        until(lambda: any(d.metric("hansom_timers_total", did="nothing") is not None or
                          d.metric("hansom_stream_length", stream="rides-events") is not None
                          for d in (first, second)), "a leader")
        versions = {ride: c.ride(ride)["version"] for ride in rides}
        for p in self.dispatchers:
            p.process.send_signal(signal.SIGSTOP)
        c.outage(90 * 1000)
        for p in self.dispatchers:
            p.process.send_signal(signal.SIGCONT)
        until(lambda: sum(d.metric("hansom_store_gaps_total", region="la") or 0
                          for d in (first, second)) == 1, "the gap to be accounted for, once")
        beat = int(self.db.hget(city.CLOCK, "beat_ms"))
        until(lambda: int(self.db.hget(city.CLOCK, "beat_ms")) > beat + 1500, "two heartbeats more")
        for ride, (state, (_, driver, lease)) in rides.items():
            f = c.ride(ride)
            self.assertEqual((f["status"], f["version"]), (state, versions[ride]))
            if state == "assigned":
                self.assertEqual((f["driver_id"], f["lease"]), (driver, lease))
        for ride, (state, (_, driver, offer)) in rides.items():
            if state == "offered":
                self.assertEqual(c.accept(ride, driver, offer).code, "ok")
        c.check()


if __name__ == "__main__":
    harness.main()
