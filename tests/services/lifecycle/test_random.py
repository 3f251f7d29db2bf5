"""A small city that does anything at any time, from a seed.

Goal: whatever is called in whatever order, the books balance: no driver with two rides, no ride
with two drivers, no version left out, every timer with its record.
Method: random calls by random actors with random (often wrong or stale) arguments; City.check
after every few. A failure names its seed: HANSOM_SEED repeats it.
"""

import os
import random
import unittest

import city
from city import CODE, LIMITS

SEEDS = [int(os.environ["HANSOM_SEED"])] if "HANSOM_SEED" in os.environ else range(1, 21)
STEPS = 500


class Life:
    def __init__(self, c, seed):
        self.c = c
        self.pick = random.Random(seed)
        self.drivers = ["la-d%d" % i for i in range(6)]
        self.riders = ["r%d" % i for i in range(5)]
        self.rides = ["la-NONE"]
        self.work = []
        self.done = {}

    def any_ride(self):
        """Mostly one that is live, sometimes a recent or an old one."""
        live = [self.c.db.hget(city.rider_key(r), "ride") for r in self.riders]
        live = [r for r in live if r]
        if live and self.pick.random() < 0.8:
            return self.pick.choice(live)
        return self.pick.choice(self.rides[-6:] if self.pick.random() < 0.8 else self.rides)

    def any_driver(self):
        """Mostly one who waits."""
        idle = sorted(self.c.db.zrange(city.IDLE, 0, -1) + 4 * self.c.db.zrange(city.SOON, 0, -1))
        if idle and self.pick.random() < 0.9:
            return self.pick.choice(idle)
        return self.pick.choice(self.drivers)

    def count(self, name, answer):
        if answer.code == "ok" and answer.extra.get("replayed", "0") == "0":
            self.done[name] = self.done.get(name, 0) + 1
        return answer

    def count_events(self):
        for ride in self.rides:
            for e in self.c.events(ride):
                self.done[e["type"]] = self.done.get(e["type"], 0) + 1
            taken = self.c.ride(ride).get("lease_ends", "").count(":taken")
            self.done["taken"] = self.done.get("taken", 0) + taken

    def call(self, name, *args):
        return self.count(name, self.c.call(name, *args))

    def act(self, name, *more):
        """A party's step: mostly with the right lease, sometimes by a stranger."""
        ride = self.any_ride()
        f = self.c.ride(ride)
        driver = f.get("driver_id") or self.pick.choice(f.get("offer_driver", "").split() or self.drivers)
        lease = f.get("lease") or f.get("offer") or ride + ".1"
        if self.pick.random() < 0.1:
            driver = self.pick.choice(self.drivers)
        if self.pick.random() < 0.1:
            lease = ride + ".%d" % self.pick.randrange(1, 4)
        version = self.pick.choice(["", "", "", "2", f.get("version", "1")])
        self.call(name, ride, driver, lease, version, *more)

    def step(self):
        p, c = self.pick, self.c
        name = p.choices(
            ["create", "online", "offline", "break", "seen", "block", "unblock", "match", "accept",
             "decline", "arrive", "start", "complete", "no_show", "cancel_driver", "cancel_rider",
             "cancel_ops", "dead", "redrive", "settle", "later", "timers", "silence", "outage", "place"],
            [10, 8, 1, 1, 8, 0.5, 2, 30, 20, 3, 14, 14, 6, 2, 2, 2, 0.5, 0.5, 2, 5, 5, 10, 3, 0.5, 8])[0]
        if name == "create":
            at = c.now() + 3600 * 1000 if p.random() < 0.1 else ""
            a = self.count(name, c.create(p.choice(self.riders), key="k%d" % p.randrange(30), at=at))
            if a.code == "ok":
                self.rides.append(a.ride["ride_id"])
        elif name == "online":
            self.count(name, c.online(p.choice(self.drivers)))
        elif name == "seen":
            self.call("driver_seen", p.choice(self.drivers), "34", "-118")
        elif name == "place":
            driving = [d for d in self.drivers if c.driver(d).get("state") == "on_trip"]
            if driving and p.random() < 0.7:  # nearly there
                driver = p.choice(driving)
                self.call("driver_seen", driver, "34.1", "-118.3")
                did = c.fire("soon:" + c.driver(driver)["ride"]).extra["did"]
                self.done[did] = self.done.get(did, 0) + 1
            else:
                c.place(p.choice(self.drivers), *p.choice([(34.05, -118.24), (34.0, -118.2)]))
        elif name in ("offline", "break", "unblock"):
            self.call("driver_" + name, p.choice(self.drivers))
        elif name == "block":
            self.call("driver_block", p.choice(self.drivers), "x")
        elif name == "match":
            self.work += c.read_work()
            if self.work:
                entry, f = self.work.pop(p.randrange(len(self.work)))
                kind = p.choice(["ride_offer", "ride_offer", "ride_broadcast", "ride_broadcast", "ride_assign",
                                 "ride_defer"])
                args = [f["ride_id"], f["attempt"], entry]
                if kind == "ride_broadcast":
                    who = set(self.any_driver() for _ in range(3))
                    args += [x for d in sorted(who) for x in (d, 9)]
                elif kind != "ride_defer":
                    args = args[:2] + [self.any_driver(), entry, 9]
                a = self.call(kind, *args)
                if a.code == "driver_unavailable":
                    self.work.append((entry, f))
        elif name == "accept" or name == "decline" or name == "arrive" or name == "no_show":
            self.act("ride_" + name)
        elif name == "start":
            self.act("ride_start", CODE if p.random() < 0.8 else "0000")
        elif name == "complete":
            self.act("ride_complete", "", "")
        elif name == "cancel_driver":
            self.act("ride_cancel", "driver", "flat", "")
        elif name == "cancel_rider":
            ride = self.any_ride()
            self.call("ride_cancel", ride, c.ride(ride).get("rider_id", "r0"), "", "", "rider", "x", "")
        elif name == "cancel_ops":
            self.call("ride_cancel", self.any_ride(), "ops", "", "", "ops", "x", "")
        elif name == "dead":
            ride = self.any_ride()
            self.call("ride_dead_letter", ride, c.ride(ride).get("attempt", 1), "", "crash", 5, "raw")
        elif name == "redrive":
            self.call("ride_redrive", self.any_ride(), "")
        elif name == "settle":
            self.call("ride_settle", p.choice(self.rides), "{}", 1, "", "")
        elif name == "later":
            c.later(p.choices([1000, 5000, 17000, 60000, 130000, 400000], [20, 10, 3, 2, 1, 1])[0])
        elif name == "timers":
            for timer in c.call("timers_due", 100).extra["timers"]:
                a = c.call("timer_apply", timer)
                self.done[a.extra["did"]] = self.done.get(a.extra["did"], 0) + 1
        elif name == "silence":
            for driver in c.call("stale_due", 100).extra["drivers"]:
                self.call("driver_dark", driver)
        else:
            c.outage(p.choice([5000, 40000, 3600000]))
            self.call("heartbeat", p.choice(["run-a", "run-b"]))


class Random(unittest.TestCase):
    def test_any_order_of_calls_keeps_the_books(self):
        server = city.Server()
        c = city.City(server)
        done = {}
        try:
            for seed in SEEDS:
                with self.subTest(seed=seed):
                    c.clear()
                    life = Life(c, seed)
                    for step in range(STEPS):
                        life.step()
                        if step % 8 == 0:
                            c.check()
                    c.check()
                    life.count_events()
                    for name, n in life.done.items():
                        done[name] = done.get(name, 0) + n
        finally:
            server.stop()
        if len(SEEDS) > 1:
            for name in ("create", "ride_offer", "ride_assign", "ride_accept", "ride_decline",
                         "ride_arrive", "ride_start", "ride_complete", "ride_cancel", "ride_settle",
                         "unfulfilled", "offer_timeout", "retry", "driver_dark", "inactive",
                         "ride_broadcast", "soon", "cooled_down", "pass", "driver_free", "taken"):
                self.assertGreater(done.get(name, 0), 0, "never happened: " + name)


if __name__ == "__main__":
    city.main()
