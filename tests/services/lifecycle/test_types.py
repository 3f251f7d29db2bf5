"""A key of the wrong type, planted at each key that each function writes or reads.

Goal: a function that meets one gives an error that names the key, and has changed nothing.
Method: each call runs once in a clean world, which tells the keys it writes; then, for every key of
the world before and after, the world is built again, that key replaced, and the call repeated.
"""

import unittest

import redis

import city
from city import LIMITS, TAG

FAULTS = "timer-faults:" + TAG


def at(state, then):
    """A scene that starts with a ride in this state."""
    def scene(c):
        ride, driver, lease = c.reach(state)
        return then(c, ride, driver, lease)
    return scene


def act(name, *more):
    return lambda c, ride, driver, lease: lambda: c.call(name, ride, driver, lease, "", *more)


def worked(call):
    """A scene of the matcher: the ride's entry is read, and a driver is there."""
    def then(c, ride, driver, lease):
        c.online("la-d2")
        entry = c.read_work()[0][0]
        return lambda: call(c, ride, entry)
    return at("requested", then)


def timer(state, kind, after):
    def then(c, ride, driver, lease):
        c.later(after)
        return lambda: c.fire(kind + ":" + ride)
    return at(state, then)


def darkened(c):
    c.reach("offered")
    c.later(LIMITS["DARK_MS"] + 1)
    return lambda: c.call("driver_dark", "la-d1")


def dark_timer(after):
    def scene(c):
        c.online("la-d1")
        c.later(LIMITS["DARK_MS"] + 1)
        c.call("driver_dark", "la-d1")
        c.later(after)
        return lambda: c.fire("dark:la-d1")
    return scene


def forsaken(c):
    ride, driver, lease = c.reach("assigned")
    c.later(LIMITS["DARK_MS"] + 1)
    c.call("driver_dark", driver)
    c.later(LIMITS["PICKUP_DARK_MS"])
    return lambda: c.fire("pickup:" + ride)


def driver(state, name, *more):
    def scene(c):
        c.online("la-d1")
        if state == "offered":
            c.offer(c.create().ride["ride_id"], "la-d1")
        return lambda: c.call(name, "la-d1", *more)
    return scene


def redriven(c):
    ride, _, _ = c.reach("failed")
    dead = c.db.xrange(city.DEAD)[0][0]
    return lambda: c.call("ride_redrive", ride, dead)


def discarded(c):
    c.reach("failed")
    dead = c.db.xrange(city.DEAD)[0][0]
    return lambda: c.call("dead_discard", dead)


def settled(c):
    ride, _, _ = c.reach("completed")
    entry = c.db.xreadgroup("pricing", "p1", {city.EVENTS: ">"}, count=100)[0][1][-1][0]
    return lambda: c.call("ride_settle", ride, '{"amount_minor":9}', 9, "pricing", entry)


def deferred(c):
    ride, _, _ = c.reach("requested")
    c.call("ride_defer", ride, 1, c.read_work()[0][0])
    c.later(LIMITS["RETRY_MIN_MS"] + 1)
    return lambda: c.fire("retry:" + ride)


def outage(c):
    c.reach("offered")
    c.outage(60 * 1000)
    return lambda: c.call("heartbeat", "run-b")


def broadcasted(c):
    ride, _, _ = c.reach("requested")
    c.online("la-d1")
    c.online("la-d2")
    return ride, c.broadcast(ride, ["la-d1", "la-d2"]).extra["offer_id"]


def both(name):
    def scene(c):
        ride, offer = broadcasted(c)
        return lambda: c.call(name, ride, "la-d1", offer, "")
    return scene


def queued(c):
    """A ride in progress, and the one that its driver has next."""
    now, driver, lease = c.nearly_done()
    ride = c.create("rider-2").ride["ride_id"]
    next_lease = c.offer(ride, driver).extra["offer_id"]
    c.accept(ride, driver, next_lease)
    return now, lease, ride, next_lease


def promoted(c):
    now, lease, _, _ = queued(c)
    return lambda: c.call("ride_complete", now, "la-d1", lease, "", "", "")


def offered_on_trip(c):
    c.nearly_done()
    ride = c.create("rider-2").ride["ride_id"]
    return lambda: c.call("ride_offer", ride, 1, "la-d1", "", 5)


def handed_back(c):
    _, _, ride, lease = queued(c)
    return lambda: c.call("ride_cancel", ride, "la-d1", lease, "", "driver", "other", "")


def blocked_on_trip(c):
    queued(c)
    return lambda: c.call("driver_block", "la-d1", "papers")


def soon(c):
    ride, driver, _ = c.reach("in_progress")
    c.place(driver, 34.0999, -118.2999)
    return lambda: c.fire("soon:" + ride)


def cooled(c):
    ride, driver, _ = c.reach("offered")
    c.later(LIMITS["OFFER_MS"] + 1001)
    c.fire("offer:" + ride)
    c.place(driver, 34.05, -118.24)
    c.later(LIMITS["COOLDOWN_MIN_MS"])
    c.place(driver, 34.05, -118.24)
    return lambda: c.fire("cooldown:" + driver)


def warned(c):
    ride, driver, _ = c.reach("assigned")
    c.place(driver, 34.0, -118.24)
    c.fire("pickup:" + ride)
    c.db.hset(city.ride_key(ride), "watch_still_s", LIMITS["STALL_MS"] / 1000)
    return lambda: c.fire("pickup:" + ride)


def scheduled_end(c):
    ride, _, _ = c.reach("scheduled")
    return lambda: c.call("ride_cancel", ride, "rider-1", "", "", "rider", "other", "")


def projected(c):
    c.reach("completed")
    c.db.xgroup_create(city.EVENTS, "projector", "0")
    entry = c.db.xreadgroup("projector", "p1", {city.EVENTS: ">"}, count=100)[0][1][-1][0]
    return lambda: c.call("project", "projector", entry, "20261127", "2026W48", "c0ffee00")


def finished(then):
    """A scene with a ride in the history."""
    def scene(c):
        ride, _, _ = c.reach("completed")
        c.project()
        version = c.history(ride)["version"]
        return lambda: then(c, ride, version)
    return scene


# What people count by: a damaged one of these stops neither a ride nor its history.
FIGURES = ("leaderboard:", "logins:", "dense:", "riders:", "hot:", "projection:", "rides-known:")

def in_a_round(c, ride, entry):
    answer = c.call("rides_match", "offer", ride, 1, entry, "la-d2", "5")
    code, _, extras = answer.extra["results"][0]
    if code == "internal":
        raise redis.ResponseError(extras[1])
    return answer


SCENES = {
    "round": worked(in_a_round),
    "project": projected,
    "archive": finished(lambda c, ride, version: c.call("archive_drop", ride, version)),
    "erase": finished(lambda c, ride, version: c.call("erase_rider", "rider-1", 100)),
    "rate": at("completed", lambda c, ride, d, lease: lambda: c.call(
        "ride_rate", ride, "rider-1", "rider", 4, "")),
    "broadcast": worked(lambda c, ride, entry: c.call("ride_broadcast", ride, 1, entry, "la-d2", 5)),
    "broadcast accept": both("ride_accept"),
    "broadcast decline": both("ride_decline"),
    "offer on trip": offered_on_trip,
    "next ride": promoted,
    "hand back": handed_back,
    "block on trip": blocked_on_trip,
    "soon": soon,
    "cooldown": cooled,
    "warned": warned,
    "cancel scheduled": scheduled_end,
    "create": lambda c: lambda: c.create(ride="la-NEW", key="k1"),
    "create scheduled": lambda c: lambda: c.create(ride="la-NEW", key="k1", at=c.now() + 7200000),
    "offer": worked(lambda c, ride, entry: c.call("ride_offer", ride, 1, "la-d2", entry, 5)),
    "assign": worked(lambda c, ride, entry: c.call("ride_assign", ride, 1, "la-d2", entry, 5)),
    "defer": worked(lambda c, ride, entry: c.call("ride_defer", ride, 1, entry)),
    "work_ack": worked(lambda c, ride, entry: c.call("work_ack", ride, 0, entry)),
    "dead letter": worked(lambda c, ride, entry: c.call(
        "ride_dead_letter", ride, 1, entry, "crash", 5, "raw")),
    "redrive": redriven,
    "discard": discarded,
    "accept": at("offered", act("ride_accept")),
    "decline": at("offered", act("ride_decline")),
    "arrive": at("assigned", act("ride_arrive")),
    "start": at("arrived", act("ride_start", city.CODE)),
    "wrong code": at("arrived", act("ride_start", "0000")),
    "complete": at("in_progress", act("ride_complete", "34.1", "-118.3")),
    "driver cancel": at("arrived", act("ride_cancel", "driver", "flat", "")),
    "rider cancel offered": at("offered", lambda c, ride, d, lease: lambda: c.call(
        "ride_cancel", ride, "rider-1", "", "", "rider", "late", "")),
    "ops cancel": at("in_progress", lambda c, ride, d, lease: lambda: c.call(
        "ride_cancel", ride, "ops", "", "", "ops", "fraud", 10)),
    "settle": settled,
    "deadline": timer("offered", "deadline", LIMITS["MATCH_MS"] + 1),
    "offer timeout": timer("offered", "offer", LIMITS["OFFER_MS"] + 1001),
    "retry": deferred,
    "lead time": timer("scheduled", "scheduled", 3600 * 1000),
    "trip": timer("in_progress", "trip", LIMITS["TRIP_MIN_MS"] + 1),
    "pickup": forsaken,
    "dark, inactive": dark_timer(LIMITS["INACTIVE_MS"]),
    "dark, gone": dark_timer(LIMITS["GONE_MS"]),
    "online": lambda c: lambda: c.online("la-d1"),
    "online again": driver("idle", "driver_online", "34.0", "-118.0", "xl", "{}"),
    "offline": driver("offered", "driver_offline"),
    "break": driver("offered", "driver_break"),
    "block": driver("offered", "driver_block", "papers"),
    "unblock": driver("idle", "driver_unblock"),
    "seen": driver("idle", "driver_seen", "34.0", "-118.0"),
    "dark": darkened,
    "heartbeat": outage,
    "trim": lambda c: (lambda ride: lambda: c.call("streams_trim"))(c.reach("completed")),
}


def plant(c, key):
    kind = c.db.type(key)
    c.db.delete(key)
    if kind == "string" or kind == "none":
        c.db.rpush(key, "planted")
    else:
        c.db.set(key, "planted")


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = city.Server()
        cls.city = city.City(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def build(self, name):
        c = self.city
        c.clear()
        c.rides = 0
        return SCENES[name](c)

    def test_a_wrong_type_at_each_key_of_each_function_changes_nothing(self):
        planted = 0
        for name in SCENES:
            go = self.build(name)
            before = self.city.dump()
            answer = go()
            self.assertIn(answer.code, ("ok", "incorrect_start_code", "stale_entry"), name)
            after = self.city.dump()
            written = {k for k in set(before) | set(after) if before.get(k) != after.get(k)}
            for key in sorted(set(before) | set(after)):
                with self.subTest(function=name, key=key):
                    self.one(name, key, key in written)
                    planted += 1
        self.assertGreater(planted, 300)

    def one(self, name, key, is_written):
        go = self.build(name)
        plant(self.city, key)
        if key == city.TIMERS and name in ("deadline", "offer timeout", "retry", "lead time", "trip",
                                           "pickup", "dark, inactive", "dark, gone", "soon", "cooldown",
                                           "warned"):
            timer = {"deadline": "deadline:la-R00001"}.get(name, "x:y")
            before = self.city.dump()
            with self.assertRaisesRegex(redis.ResponseError, "^WRONGTYPE .*timers"):
                self.city.call("timer_apply", timer)
            self.assertEqual(self.city.dump(), before)
            return
        timers = (city.TIMERS, FAULTS)
        before = self.city.dump(skip=timers)
        try:
            answer = go()
            if answer.extra.get("did") == "failed":  # a timer is put off, and nothing else
                raise redis.ResponseError(answer.extra["error"])
        except redis.ResponseError as e:
            self.assertRegex(str(e), "^WRONGTYPE ")
            self.assertIn(key, str(e))
            self.assertEqual(self.city.dump(skip=timers), before)
            return
        if name == "heartbeat" and key.startswith(("ride:", "driver-state:")):
            return  # one damaged record does not keep the region from accounting for an outage
        if key.startswith(FIGURES + ("history:",)) or name == "erase" and key.startswith("ride"):
            return  # replaced or deleted, of whatever type it is
        self.assertFalse(is_written, answer)
        self.assertIn(self.city.value(key), ("planted", ["planted"]))

    def test_the_timers_too_are_unchanged_by_an_error(self):
        for name in ("accept", "offer", "decline", "complete", "offline", "dark", "heartbeat"):
            go = self.build(name)
            plant(self.city, city.EVENTS if name != "heartbeat" else city.SEEN)
            before = self.city.dump()
            try:
                go()
            except redis.ResponseError:
                pass
            self.assertEqual(self.city.dump(), before, name)

    def test_a_ride_that_lost_its_version_is_an_error_and_stays_as_it_is(self):
        c = self.city
        c.clear()
        ride, driver, lease = c.reach("offered")
        c.db.hdel(city.ride_key(ride), "version")
        before = c.dump()
        with self.assertRaisesRegex(redis.ResponseError, "not whole"):
            c.accept(ride, driver, lease)
        self.assertEqual(c.dump(), before)


if __name__ == "__main__":
    city.main()
