"""Forward dispatch: a driver who is about to finish takes the next ride already."""

import city
from city import ACTIVE, CODE, LIMITS, SOON


class NextRide(city.CheckedCase):
    def is_soon(self, driver="la-d1"):
        return self.c.db.zscore(SOON, driver) is not None

    def queued(self):
        """A ride in progress, and one that waits for its driver: (ride, lease, next, next lease)."""
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2").ride["ride_id"]
        next_lease = c.offer(then, driver, eta=200).extra["offer_id"]
        self.assertEqual(c.accept(then, driver, next_lease).code, "ok")
        return ride, lease, then, next_lease

    def complete(self, ride, lease):
        return self.c.call("ride_complete", ride, "la-d1", lease, "", "", "")

    # who is about to finish

    def test_a_driver_near_the_end_stands_where_his_trip_ends(self):
        c = self.c
        ride, driver, _ = c.reach("in_progress")
        c.place(driver, 34.05, -118.24)
        self.assertEqual(c.fire("soon:" + ride).extra["did"], "rearmed")
        self.assertFalse(self.is_soon())
        c.place(driver, 34.0999, -118.2999)
        self.assertEqual(c.fire("soon:" + ride).extra["did"], "soon")
        lon, lat = c.db.geopos(SOON, driver)[0]
        self.assertAlmostEqual(lat, 34.1, 3)
        self.assertAlmostEqual(lon, -118.3, 3)
        self.assertLess(int(c.driver(driver)["free_at_ms"]) - c.now(), LIMITS["SOON_S"] * 1000)

    def test_nobody_is_about_to_finish_with_stops_to_come_or_unseen(self):
        c = self.c
        ride, driver, lease = c.reach("in_progress")
        c.place(driver, 34.0999, -118.2999)
        c.db.hset(city.ride_key(ride), "stops_n", 1)
        self.assertEqual(c.fire("soon:" + ride).extra["did"], "rearmed")
        c.call("ride_reach_stop", ride, driver, lease, "", 1)
        c.db.zrem(ACTIVE, driver)
        self.assertEqual(c.fire("soon:" + ride).extra["did"], "rearmed")
        self.assertFalse(self.is_soon())

    def test_the_timer_waits_until_the_quote_says_so(self):
        c = self.c
        ride, _, _ = c.reach("in_progress")
        left = c.timer("soon:" + ride) - c.now()
        self.assertAlmostEqual(left / 1000, 600 - LIMITS["SOON_S"], delta=2)

    def test_silence_takes_him_out_and_a_ping_puts_him_back(self):
        c = self.c
        c.nearly_done()
        c.db.zadd(city.SEEN, {"la-d1": c.now() - LIMITS["DARK_MS"] - 1})
        c.call("driver_dark", "la-d1")
        self.assertFalse(self.is_soon())
        c.call("driver_seen", "la-d1", "34.1", "-118.3")
        self.assertTrue(self.is_soon())
        c.check()

    def test_a_driver_on_a_trip_who_is_not_near_its_end_gets_no_offer(self):
        c = self.c
        c.reach("in_progress")
        ride = c.create("rider-2").ride["ride_id"]
        self.assertEqual(c.offer(ride, "la-d1").extra["reason"], "not_idle")

    def test_a_ride_whose_product_forbids_it_waits_behind_no_trip(self):
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2", forward="").ride["ride_id"]
        before = c.driver(driver)
        for a in (c.offer(then, driver), c.broadcast(then, [driver])):
            self.assertEqual((a.code, a.extra["reason"]), ("driver_unavailable", "not_idle"))
        self.assertEqual(c.driver(driver), before)
        self.assertEqual(self.complete(ride, lease).code, "ok")
        self.assertEqual(c.offer(then, driver).code, "ok")

    # the offer

    def test_an_offer_on_the_way_leaves_the_trip_as_it_is(self):
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2").ride["ride_id"]
        offer = c.offer(then, driver).extra["offer_id"]
        d = c.driver(driver)
        self.assertEqual((d["state"], d["ride"], d["offer"]), ("on_trip", ride, offer))
        self.assertFalse(self.is_soon())
        third = c.create("rider-3").ride["ride_id"]
        self.assertEqual(c.offer(third, driver).extra["reason"], "not_idle")
        c.call("ride_decline", then, driver, offer, "")
        self.assertTrue(self.is_soon())
        self.assertEqual(c.driver(driver)["state"], "on_trip")

    def test_an_offer_that_is_open_when_the_trip_ends_stays_open(self):
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2").ride["ride_id"]
        offer = c.offer(then, driver).extra["offer_id"]
        self.assertEqual(self.complete(ride, lease).code, "ok")
        self.assertEqual(c.driver(driver)["state"], "offered")
        c.check()
        self.assertEqual(c.accept(then, driver, offer).code, "ok")
        self.assertEqual((c.driver(driver)["state"], c.driver(driver)["ride"]), ("assigned", then))
        self.assertNotIn("1", [c.ride(then).get("queued", "")])

    def test_an_offer_missed_while_driving_costs_nothing(self):
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2").ride["ride_id"]
        c.offer(then, driver)
        c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
        self.assertEqual(c.call("timer_apply", "offer:" + then).extra["did"], "offer_timeout")
        self.assertEqual(c.driver(driver).get("cooldown_until_ms", ""), "")

    # the next ride

    def test_accepting_makes_it_his_next_ride_and_never_his_second(self):
        c = self.c
        ride, lease, then, next_lease = self.queued()
        d, f = c.driver("la-d1"), c.ride(then)
        self.assertEqual((d["ride"], d["lease"], d["next_ride"], d["next_lease"]), (ride, lease, then, next_lease))
        self.assertEqual((f["status"], f["queued"], f["driver_id"]), ("assigned", "1", "la-d1"))
        third = c.create("rider-3").ride["ride_id"]
        self.assertEqual(c.offer(third, "la-d1").code, "driver_unavailable")

    def test_he_cannot_arrive_before_he_is_free(self):
        c = self.c
        ride, lease, then, next_lease = self.queued()
        before = c.dump()
        self.assertEqual(c.call("ride_arrive", then, "la-d1", next_lease, "").code, "driver_on_ride")
        self.assertEqual(c.dump(), before)

    def test_the_end_of_the_trip_makes_it_his_ride(self):
        c = self.c
        ride, lease, then, next_lease = self.queued()
        version = int(c.ride(then)["version"])
        self.assertEqual(self.complete(ride, lease).code, "ok")
        d, f = c.driver("la-d1"), c.ride(then)
        self.assertEqual((d["state"], d["ride"], d["lease"], d["next_ride"]), ("assigned", then, next_lease, ""))
        self.assertEqual((f["status"], f["queued"], int(f["version"])), ("assigned", "", version + 1))
        self.assertEqual(c.events(then)[-1]["type"], "driver_free")
        self.assertFalse(c.is_idle("la-d1"))
        c.check()
        self.assertEqual(c.call("ride_arrive", then, "la-d1", next_lease, "").code, "ok")
        self.assertEqual(c.call("ride_start", then, "la-d1", next_lease, "", CODE).code, "ok")
        self.assertEqual(c.call("ride_complete", then, "la-d1", next_lease, "", "", "").code, "ok")
        self.assertTrue(c.is_idle("la-d1"))

    def test_a_trip_that_ops_end_makes_way_too(self):
        c = self.c
        ride, lease, then, _ = self.queued()
        c.call("ride_cancel", ride, "ops", "", "", "ops", "other", "")
        self.assertEqual((c.driver("la-d1")["ride"], c.driver("la-d1")["state"]), (then, "assigned"))

    def test_the_waiting_rider_may_cancel(self):
        c = self.c
        ride, lease, then, _ = self.queued()
        self.assertEqual(c.call("ride_cancel", then, "rider-2", "", "", "rider", "other", "").code, "ok")
        self.assertEqual((c.driver("la-d1")["next_ride"], c.driver("la-d1")["state"]), ("", "on_trip"))
        self.assertTrue(self.is_soon())
        self.complete(ride, lease)
        self.assertTrue(c.is_idle("la-d1"))

    def test_he_may_hand_it_back(self):
        c = self.c
        ride, lease, then, next_lease = self.queued()
        a = c.call("ride_cancel", then, "la-d1", next_lease, "", "driver", "other", "")
        self.assertEqual((a.code, c.ride(then)["status"]), ("ok", "requested"))
        self.assertEqual((c.driver("la-d1")["ride"], c.driver("la-d1")["next_ride"]), (ride, ""))
        self.assertEqual(c.offer(then, "la-d1").extra["reason"], "excluded")

    def test_a_block_hands_it_to_somebody_else_at_once(self):
        c = self.c
        ride, lease, then, _ = self.queued()
        self.assertEqual(c.call("driver_block", "la-d1", "papers").extra["state"], "on_trip")
        self.assertEqual((c.ride(then)["status"], c.ride(ride)["status"]), ("requested", "in_progress"))
        self.assertFalse(self.is_soon())
        c.check()
        self.complete(ride, lease)
        self.assertEqual(c.driver("la-d1")["state"], "blocked")

    def test_a_block_revokes_an_offer_on_the_way(self):
        c = self.c
        ride, driver, lease = c.nearly_done()
        then = c.create("rider-2").ride["ride_id"]
        c.offer(then, driver)
        c.call("driver_block", driver, "papers")
        self.assertEqual((c.ride(then)["status"], c.driver(driver)["offer"]), ("requested", ""))

    def test_a_rider_does_not_wait_for_ever(self):
        c = self.c
        ride, lease, then, _ = self.queued()
        self.assertEqual(c.fire("pickup:" + then).extra["did"], "rearmed")
        c.later(LIMITS["QUEUED_MS"])
        self.assertEqual(c.fire("pickup:" + then).extra["did"], "driver_stalled")
        self.assertEqual((c.ride(then)["status"], c.driver("la-d1")["next_ride"]), ("requested", ""))
        self.assertEqual(c.ride(ride)["status"], "in_progress")

    def test_a_driver_who_falls_silent_loses_the_next_ride_and_keeps_his_trip(self):
        c = self.c
        ride, lease, then, _ = self.queued()
        c.db.zadd(city.SEEN, {"la-d1": c.now() - LIMITS["DARK_MS"] - 1})
        c.call("driver_dark", "la-d1")
        c.later(LIMITS["PICKUP_DARK_MS"])
        self.assertEqual(c.fire("pickup:" + then).extra["did"], "driver_dark")
        self.assertEqual((c.driver("la-d1")["ride"], c.driver("la-d1")["next_ride"]), (ride, ""))


if __name__ == "__main__":
    city.main()
