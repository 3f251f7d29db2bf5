"""Exchanging drivers between rides that wait for them: all of it or nothing, and the old leases end."""

import itertools
import random
import threading
import unittest

import city
from city import LIMITS


def flat(legs):
    return [x for leg in legs for x in leg]


class Swap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = city.Server()
        cls.city = city.City(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.city.clear()

    def rides(self, n):
        """n assigned rides: [(ride, driver, lease)]."""
        return [self.city.reach("assigned", f"la-d{i}", f"rider-{i}") for i in range(1, n + 1)]

    def legs(self, rides, turn=1):
        """Each ride with the driver of the one `turn` behind it."""
        drivers = [d for _, d, _ in rides]
        return [[ride, self.city.ride(ride)["version"], self.city.ride(ride)["lease"],
                 drivers[(i + turn) % len(rides)], 70 + i] for i, (ride, _, _) in enumerate(rides)]

    def swap(self, legs, db=None):
        return self.city.call("ride_swap", *flat(legs), db=db)

    def refused(self, legs, code, ride, reason=None):
        before = self.city.dump()
        answer = self.swap(legs)
        self.assertEqual((answer.code, answer.extra["ride_id"]), (code, ride), answer)
        self.assertEqual(answer.extra["reason"], reason or code)
        self.assertEqual(self.city.dump(), before)

    def test_two_rides_exchange_and_each_goes_on_under_a_new_lease(self):
        c = self.city
        rides = self.rides(2)
        was = [c.ride(r) for r, _, _ in rides]
        self.assertEqual(self.swap(self.legs(rides)).code, "ok")
        c.check()
        for (ride, driver, lease), before, (_, other, _), eta in zip(rides, was, rides[::-1], (70, 71)):
            now = c.ride(ride)
            self.assertEqual((now["status"], now["driver_id"], now["swaps"]), ("assigned", other, "1"))
            self.assertEqual(int(now["version"]), int(before["version"]) + 1)
            self.assertNotEqual(now["lease"], lease)
            self.assertEqual(now["pickup_eta_s"], str(eta))
            self.assertEqual(now["timeline"].split()[-1].split("@")[0], "assigned")
            event = c.events(ride)[-1]
            self.assertEqual((event["type"], event["from"], event["to"], event["driver_id"],
                              event["lease"], event["swap_rides"], event["was"]),
                             ("swap", "assigned", "assigned", other, now["lease"], "2", driver))
        for (ride, driver, lease), (_, other, _) in zip(rides, rides[::-1]):
            before = c.dump()
            for name in ("ride_arrive", "ride_no_show", "ride_complete"):
                self.assertEqual(c.call(name, ride, driver, lease, "", "", "").code, "stale_lease")
            self.assertEqual(c.call("ride_cancel", ride, driver, lease, "", "driver", "x", "").code,
                             "stale_lease")
            self.assertEqual(c.accept(ride, driver, lease).code, "stale_lease")
            self.assertEqual(c.dump(), before)
            new = c.ride(ride)["lease"]
            self.assertEqual(c.call("ride_arrive", ride, other, new, "").code, "ok")
            self.assertEqual(c.call("ride_start", ride, other, new, "", city.CODE).code, "ok")
            self.assertEqual(c.call("ride_complete", ride, other, new, "", "", "").code, "ok")
            c.check()

    def test_rings_of_up_to_eight_turn_and_longer_ones_do_not(self):
        c = self.city
        for n in (3, LIMITS["SWAP_RIDES"]):
            c.clear()
            rides = self.rides(n)
            self.assertEqual(self.swap(self.legs(rides)).code, "ok")
            c.check()
            self.assertEqual([c.ride(r)["driver_id"] for r, _, _ in rides],
                             [rides[(i + 1) % n][1] for i in range(n)])
        c.clear()
        with self.assertRaises(city.redis.exceptions.ResponseError):
            self.swap(self.legs(self.rides(LIMITS["SWAP_RIDES"] + 1)))
        c.check()

    def test_both_riders_and_both_drivers_are_told_once(self):
        c = self.city
        rides = self.rides(2)
        with c.db.pubsub() as heard:
            for channel in ["ui:%s:driver:%s" % (city.TAG, d) for _, d, _ in rides] + \
                           ["ui:%s:rider:rider-%d" % (city.TAG, i) for i in (1, 2)]:
                heard.execute_command("SSUBSCRIBE", channel)
                heard.connection.read_response()
            self.swap(self.legs(rides))
            said = []
            while heard.connection.can_read(0.5):
                said.append(heard.connection.read_response())
        told = sorted((channel, city.json.loads(text)) for _, channel, text in said)
        self.assertEqual([(ch.split(":", 2)[2], h["kind"], h["event"], h["ride_id"]) for ch, h in told], [
            ("driver:la-d1", "ride.updated", "swap", rides[1][0]),
            ("driver:la-d2", "ride.updated", "swap", rides[0][0]),
            ("rider:rider-1", "ride.updated", "swap", rides[0][0]),
            ("rider:rider-2", "ride.updated", "swap", rides[1][0])])

    def test_a_ride_that_is_not_as_known_refuses_the_whole(self):
        c = self.city
        rides = self.rides(3)
        first, second, third = (r for r, _, _ in rides)
        legs = self.legs(rides)
        self.refused([[first, "99", *legs[0][2:]], *legs[1:]], "version_conflict", first)
        self.refused([*legs[:2], [third, legs[2][1], "la-R.9", *legs[2][3:]]], "stale_lease", third)
        self.refused([*legs[:2], ["la-none", *legs[2][1:]]], "not_found", "la-none")
        for ride, field, value, reason in ((second, "constraints", '{"min_rating":4.8}', "constraints"),
                                           (second, "swaps", LIMITS["SWAPS_MAX"], "swaps"),
                                           (second, "excluded", " la-d3 ", "excluded"),
                                           (second, "product", "xl", "product")):
            was = c.ride(ride).get(field, "")
            c.db.hset(city.ride_key(ride), field, value)
            self.refused(legs, "driver_unavailable", ride, reason)
            c.db.hset(city.ride_key(ride), field, was)
        c.db.hset(city.driver_key("la-d1"), "dark_ms", c.now())
        self.refused(legs, "driver_unavailable", first, "not_on_his_way")
        c.db.hset(city.driver_key("la-d1"), "dark_ms", "")
        c.call("ride_arrive", *rides[0], "")
        self.refused(legs, "illegal_transition", first)
        self.refused(self.legs(rides[1:]) + [legs[0]], "illegal_transition", first)
        self.assertEqual(self.swap(self.legs(rides[1:])).code, "ok")
        c.check()

    def test_what_is_no_exchange_is_an_error_and_changes_nothing(self):
        c = self.city
        rides = self.rides(3)
        a, b, _ = self.legs(rides)
        before = c.dump()
        itself = [a[0], a[1], a[2], "la-d1", 9]
        bad = [[], [a], [a, a], [a, itself], [itself, b], [a, [*b[:3], "la-d3", 9]],
               [a, [*b[:3], "la-d2", 9]], [a, [*b[:3], "la-nobody", 9]]]
        for legs in bad:
            with self.assertRaises(city.redis.exceptions.ResponseError, msg=legs):
                self.swap(legs)
        with self.assertRaises(city.redis.exceptions.ResponseError):
            c.call("ride_swap", *flat([a, b])[:-1])
        self.assertEqual(c.dump(), before)

    def test_a_ride_is_exchanged_twice_and_no_more(self):
        c = self.city
        rides = self.rides(2)
        for _ in range(LIMITS["SWAPS_MAX"]):
            now = [(r, c.ride(r)["driver_id"], "") for r, _, _ in rides]
            self.assertEqual(self.swap(self.legs(now)).code, "ok")
        now = [(r, c.ride(r)["driver_id"], "") for r, _, _ in rides]
        self.refused(self.legs(now), "driver_unavailable", rides[0][0], "swaps")
        c.check()

    def test_the_rider_may_again_cancel_for_nothing(self):
        c = self.city
        rides = self.rides(2)
        c.later(61 * 1000) # beyond the quote's free time
        c.call("heartbeat", "run-a")
        self.assertEqual(self.swap(self.legs(rides)).code, "ok")
        ride = c.call("ride_cancel", rides[0][0], "rider-1", "", "", "rider", "late", "").ride
        self.assertEqual((ride["status"], ride["fee_minor"]), ("cancelled", "0"))
        self.assertEqual(c.driver("la-d2")["state"], "idle") # who had it last
        c.check()

    def test_whatever_comes_before_or_after_a_swap_leaves_all_in_order(self):
        """Every order of a swap and one other thing that happens to its rides."""
        c = self.city
        things = {
            "arrive": lambda r, d, l: c.call("ride_arrive", r, d, l, ""),
            "rider_cancel": lambda r, d, l: c.call("ride_cancel", r, "rider-1", "", "", "rider", "x", ""),
            "driver_cancel": lambda r, d, l: c.call("ride_cancel", r, d, l, "", "driver", "x", ""),
            "ops_cancel": lambda r, d, l: c.call("ride_cancel", r, "ops", "", "", "ops", "x", ""),
            "block": lambda r, d, l: c.call("driver_block", d, "papers"),
            "offline": lambda r, d, l: c.offline(d),
            "dark": lambda r, d, l: (c.later(LIMITS["DARK_MS"] + 1), c.call("heartbeat", "run-a"),
                                     c.call("driver_dark", d)),
        }
        for name, thing in things.items():
            for first in ("swap", "thing"):
                with self.subTest(thing=name, first=first):
                    c.clear()
                    rides = self.rides(2)
                    legs = self.legs(rides)
                    steps = [lambda: self.swap(legs), lambda: thing(*rides[0])]
                    for step in steps if first == "swap" else steps[::-1]:
                        step()
                    c.check()
                    held = [c.ride(r).get("driver_id") for r, _, _ in rides]
                    self.assertEqual(len([h for h in held if h]), len({h for h in held if h}))

    def test_swaps_racing_each_other_and_the_drivers_never_share_a_driver(self):
        c = self.city
        rng = random.Random(5)
        won = 0
        for turn in range(40):
            c.clear()
            rides = self.rides(4)
            pairs = rng.sample(list(itertools.combinations(range(4), 2)), 3)
            plans = [self.legs([rides[i] for i in p]) for p in pairs]
            jobs = [lambda db, legs=legs: self.swap(legs, db=db) for legs in plans]
            jobs.append(lambda db: c.call("ride_arrive", *rides[0], "", db=db))
            jobs.append(lambda db: c.call("ride_cancel", rides[1][0], "rider-2", "", "", "rider", "x", "",
                                          db=db))
            answers = []
            threads = [threading.Thread(target=lambda j=j: answers.append(j(self.server.connect())))
                       for j in jobs]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(len(answers), len(jobs))
            won += sum(a.code == "ok" for a in answers)
            c.check()
        self.assertGreater(won, 40)


if __name__ == "__main__":
    city.main()
