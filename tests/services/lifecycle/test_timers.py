"""Timers that nobody can lose, that cannot be applied twice, and that do not stand in each other's way."""

import os
import random

import redis

import city
from city import LIMITS, TIMERS

FAULTS = "timer-faults:" + city.TAG
A_TURN = 128  # how many due timers a dispatcher takes at once
SEEDS = [int(os.environ["HANSOM_SEED"])] if "HANSOM_SEED" in os.environ else range(1, 21)


class Dispatcher:
    """What chores.c does, one store call a step, so that it can be cut off before any of them."""

    def __init__(self, c):
        self.c = c
        self.taken = []

    def step(self):
        if self.taken:
            self.c.call("timer_apply", self.taken.pop(0))
            return
        a = self.c.call("timers_due", A_TURN)
        if a.code == "heartbeat_due":
            self.c.call("heartbeat", "run-a")
        self.taken = a.extra["timers"]


class Timers(city.Case):
    def due(self):
        return self.c.call("timers_due", A_TURN).extra["timers"]

    def turn(self):
        """One batch of a dispatcher; how many of it did what."""
        did = {}
        for name in self.due():
            a = self.c.call("timer_apply", name)
            did[a.extra["did"]] = did.get(a.extra["did"], 0) + 1
        return did

    def damaged(self, ride):
        """A ride that no function can read, and its timer, due long ago."""
        self.c.db.hset(city.ride_key(ride), "status", "requested")
        self.c.db.zadd(TIMERS, {"deadline:" + ride: 1})

    # timers that always fail

    def test_hundreds_of_timers_that_always_fail_keep_nobody_from_his_deadline(self):
        for i in range(3 * A_TURN):
            self.damaged("la-BAD%d" % i)
        ride, _, _ = self.c.reach("requested")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        self.assertNotIn("deadline:" + ride, self.due())
        done = {}
        for _ in range(5):
            for did, n in self.turn().items():
                done[did] = done.get(did, 0) + n
        self.assertEqual(done["failed"], 3 * A_TURN)
        self.assertEqual(done["unfulfilled"], 1)
        self.assertEqual(self.due(), [])
        self.assertEqual(self.c.db.hlen(FAULTS), 3 * A_TURN)

    def test_a_failing_timer_is_put_off_longer_each_time_up_to_a_limit(self):
        self.damaged("la-BAD")
        waits = []
        for _ in range(12):
            a = self.c.fire("deadline:la-BAD")
            self.assertEqual(a.extra["did"], "failed")
            self.assertIn("not whole", a.extra["error"])
            waits.append(self.c.timer("deadline:la-BAD") - self.c.now())
        expected = [min(LIMITS["FAULT_MAX_MS"], LIMITS["FAULT_MIN_MS"] * 2 ** i) for i in range(12)]
        for wait, wanted in zip(waits, expected):
            self.assertTrue(wanted - 5000 < wait <= wanted, waits)
        tries, since, words = self.c.db.hget(FAULTS, "deadline:la-BAD").split(" ", 2)
        self.assertEqual(tries, "12")
        self.assertLessEqual(int(since), self.c.now())
        self.assertIn("ride:{la}:la-BAD", words)

    def test_a_timer_whose_record_was_mended_works_and_is_forgotten_as_a_fault(self):
        ride, _, _ = self.c.reach("requested")
        version = self.c.ride(ride)["version"]
        self.c.later(LIMITS["MATCH_MS"] + 1)
        self.c.db.hdel(city.ride_key(ride), "version")
        self.assertEqual(self.turn(), {"failed": 1})
        self.assertEqual(self.due(), [])
        self.c.db.hset(city.ride_key(ride), "version", version)
        self.assertEqual(self.c.fire("deadline:" + ride).extra["did"], "unfulfilled")
        self.assertEqual(self.c.db.hlen(FAULTS), 0)
        self.c.check()

    def test_notes_that_cannot_be_written_stop_no_timer(self):
        self.c.db.set(FAULTS, "planted")
        self.damaged("la-BAD")
        self.assertEqual(self.turn(), {"failed": 1})
        ride, _, _ = self.c.reach("requested")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        self.c.db.zadd(TIMERS, {"deadline:la-BAD": self.c.now() + 1000})
        self.assertEqual(self.turn(), {"unfulfilled": 1})

    def test_a_damaged_ride_does_not_keep_the_region_from_accounting_for_an_outage(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.db.set(city.ride_key("la-BAD"), "no hash")
        self.c.db.zadd(TIMERS, {"deadline:la-BAD": self.c.now() + 1000})
        self.c.outage(60 * 1000)
        a = self.c.call("heartbeat", "run-a")
        self.assertGreaterEqual(int(a.extra["gap_ms"]), 60000)
        self.assertGreater(self.c.timer("deadline:la-BAD"), self.c.now() - 1000)
        self.assertEqual(self.c.accept(ride, driver, offer).code, "ok")

    def test_a_store_that_refuses_writes_is_an_error_and_not_a_fault_of_the_timer(self):
        ride, _, _ = self.c.reach("requested")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        self.c.db.config_set("maxmemory-policy", "noeviction")
        self.c.db.config_set("maxmemory", 1)
        try:
            with self.assertRaises(redis.ResponseError):
                self.c.call("timer_apply", "deadline:" + ride)
        finally:
            self.c.db.config_set("maxmemory", 0)
        self.assertEqual(self.due(), ["deadline:" + ride])
        self.assertEqual(self.c.db.hlen(FAULTS), 0)

    # dispatchers that die

    def world(self, pick):
        """Rides in many states, so that many kinds of timers come due together."""
        c = self.c
        for i in range(14):
            state = pick.choice(["requested", "requested", "offered", "assigned", "scheduled",
                                 "in_progress"])
            driver = "la-d%d" % i
            c.reach(state, driver, "rider-%d" % i)
            if pick.random() < 0.3 and state != "requested" and state != "scheduled":
                c.db.zadd(city.SEEN, {driver: c.now() - LIMITS["DARK_MS"] - 1})
                c.call("driver_dark", driver)
            if state == "requested" and pick.random() < 0.5:
                c.call("ride_defer", c.db.hget(city.rider_key("rider-%d" % i), "ride"), 1, "")

    def test_two_dispatchers_killed_between_any_peek_and_apply_lose_nothing_and_do_nothing_twice(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                pick = random.Random(seed)
                c = self.c
                c.clear()
                self.world(pick)
                dispatchers = [Dispatcher(c), Dispatcher(c)]
                for _ in range(8):
                    c.later(pick.choice([2000, 17000, 60000, 130000]))
                    for _ in range(pick.randrange(30)):
                        at = pick.randrange(2)
                        if pick.random() < 0.15:  # kill -9: what it held in memory is gone
                            dispatchers[at] = Dispatcher(c)
                        else:
                            dispatchers[at].step()
                    c.check()
                for _ in range(400):  # one that stays alive finishes all that is due
                    dispatchers[0].step()
                    if not dispatchers[0].taken and not self.due():
                        break
                self.assertEqual(self.due(), [])
                c.check()
                for key in c.db.scan_iter("ride-events:*"):
                    ends = [e for _, e in c.db.xrange(key) if e["type"] == "deadline"]
                    self.assertLessEqual(len(ends), 1)


if __name__ == "__main__":
    city.main()
