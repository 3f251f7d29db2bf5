"""The watch over the way to the pickup, scheduled rides, and drivers who let offers pass."""

import json

import city
from city import LIMITS, TAG


class Watch(city.CheckedCase):
    # on the way to the pickup; it lies at 34.05, -118.24, and 0.001 degrees north are 111 m

    def look(self, ride, lat=None, driver="la-d1"):
        """A ping, half a minute, and what the watchdog then does."""
        if lat is not None:
            self.c.place(driver, lat, -118.24)
        self.c.later(LIMITS["PICKUP_WATCH_MS"])
        self.c.place(driver, lat, -118.24)
        return self.c.fire("pickup:" + ride).extra["did"]

    def test_who_comes_nearer_is_left_alone(self):
        ride, _, _ = self.c.reach("assigned")
        for i in range(12):
            self.assertEqual(self.look(ride, 34.09 - 0.001 * i), "rearmed")
        self.assertEqual(self.c.ride(ride)["version"], "3")

    def test_who_stands_is_warned_and_then_loses_the_ride(self):
        c = self.c
        ride, driver, lease = c.reach("assigned")
        link = self.server.connect().connection_pool.get_connection("SSUBSCRIBE")
        link.send_command("SSUBSCRIBE", "ui:%s:driver:%s" % (TAG, driver))
        link.read_response()
        did = [self.look(ride, 34.09) for _ in range(7)]
        self.assertEqual(did, ["rearmed"] * 4 + ["warned", "rearmed", "driver_stalled"])
        hint = json.loads(link.read_response()[2])
        self.assertEqual((hint["kind"], hint["reason"], hint["ride_id"]), ("warning", "driver_stalled", ride))
        link.disconnect()
        self.assertEqual((c.ride(ride)["status"], c.ride(ride)["attempt"]), ("requested", "2"))
        self.assertEqual(c.ride(ride)["fare"], '{"amount_minor":900,"currency":"USD"}')
        self.assertEqual(c.call("ride_arrive", ride, driver, lease, "").code, "stale_lease")
        self.assertTrue(c.is_idle(driver))

    def test_who_drives_away_loses_it_sooner(self):
        ride, _, _ = self.c.reach("assigned")
        self.assertEqual(self.look(ride, 34.09), "rearmed")
        did = [self.look(ride, 34.10 + 0.01 * i) for i in range(3)]
        self.assertEqual(did, ["rearmed", "warned", "driver_retreated"])

    def test_who_moves_on_after_the_warning_keeps_it(self):
        c = self.c
        ride, _, _ = c.reach("assigned")
        for _ in range(5):
            self.look(ride, 34.09)
        self.assertEqual(c.ride(ride)["warned"], "driver_stalled")
        self.assertEqual(self.look(ride, 34.088), "rearmed")
        self.assertEqual(c.ride(ride)["warned"], "")
        self.assertEqual([self.look(ride, 34.088) for _ in range(3)], ["rearmed"] * 3)

    def test_who_waits_near_the_pickup_has_come(self):
        ride, _, _ = self.c.reach("assigned")
        self.assertEqual([self.look(ride, 34.051) for _ in range(10)], ["rearmed"] * 10)

    def test_an_outage_is_nobodys_standstill(self):
        c = self.c
        ride, _, _ = c.reach("assigned")
        self.look(ride, 34.09)
        c.later(3600 * 1000)
        c.place("la-d1", 34.09, -118.24)
        self.assertEqual(c.fire("pickup:" + ride).extra["did"], "rearmed")
        self.assertLessEqual(float(c.ride(ride)["watch_still_s"]) * 1000, 2 * LIMITS["PICKUP_WATCH_MS"])

    def test_a_silent_driver_is_warned_before_he_loses_the_ride(self):
        c = self.c
        ride, driver, _ = c.reach("assigned")
        c.later(LIMITS["DARK_MS"] + 1)
        c.call("driver_dark", driver)
        self.assertEqual(c.fire("pickup:" + ride).extra["did"], "warned")
        self.assertEqual(c.fire("pickup:" + ride).extra["did"], "rearmed")
        c.later(LIMITS["PICKUP_DARK_MS"])
        self.assertEqual(c.fire("pickup:" + ride).extra["did"], "driver_dark")

    def test_three_times_the_ride_finds_another_and_the_fourth_is_the_end(self):
        c = self.c
        ride = c.create().ride["ride_id"]
        for n in range(1, LIMITS["RELEASES_MAX"] + 2):
            driver = "la-d%d" % n
            c.online(driver)
            c.accept(ride, driver, c.offer(ride, driver).extra["offer_id"])
            did = [self.look(ride, 34.09, driver) for _ in range(7)]
            self.assertEqual(did[-1], "driver_stalled")
            c.check()
            if n <= LIMITS["RELEASES_MAX"]:
                left = int(c.ride(ride)["deadline_ms"]) - c.now()
                self.assertLess(abs(left - LIMITS["MATCH_MS"]), 2000)
        f = c.ride(ride)
        self.assertEqual((f["status"], f["cancelled_by"], f["reason"], f["fee_minor"]),
                         ("cancelled", "system", "driver_stalled", "0"))

    # fees

    def cancel(self, ride, rider="rider-1"):
        return self.c.call("ride_cancel", ride, rider, "", "", "rider", "other", "").ride["fee_minor"]

    def test_the_rider_pays_nothing_when_the_driver_was_warned(self):
        c = self.c
        ride, _, _ = c.reach("assigned")
        for _ in range(5):
            self.look(ride, 34.09)
        self.assertEqual(self.cancel(ride), "0")

    def test_the_rider_pays_when_the_driver_comes_and_nothing_when_he_is_late(self):
        c = self.c
        ride, _, _ = c.reach("assigned")  # 60 s free, then 500, but nothing 300 s after 50 s
        c.later(61 * 1000)
        self.assertEqual(self.cancel(ride), "500")
        ride, _, _ = c.reach("assigned")
        c.later(351 * 1000)
        self.assertEqual(self.cancel(ride), "0")

    def test_who_lets_the_driver_wait_in_vain_pays_as_for_a_no_show(self):
        c = self.c
        ride, _, _ = c.reach("arrived")
        c.later(LIMITS["NO_SHOW_MS"] + 1)
        self.assertEqual(self.cancel(ride), "700")

    # scheduled rides

    def test_the_rides_to_come_are_listed_and_leave_the_list(self):
        c = self.c
        listed = lambda: [dict(zip(r[::2], r[1::2]))["ride_id"]
                          for r in c.call("rider_scheduled", "rider-1").extra["rides"]]
        self.assertEqual(listed(), [])
        rides = [c.create(at=c.now() + (i + 1) * 3600 * 1000).ride["ride_id"] for i in range(3)]
        self.assertEqual(listed(), rides)
        c.call("ride_cancel", rides[1], "rider-1", "", "", "rider", "other", "")
        self.assertEqual(listed(), [rides[0], rides[2]])
        c.later(3600 * 1000 - LIMITS["LEAD_MS"] + 1)
        self.assertEqual(c.call("timer_apply", "scheduled:" + rides[0]).extra["did"], "lead_time")
        self.assertEqual(listed(), [rides[2]])
        self.assertEqual(c.create().code, "active_ride_exists")
        c.check()

    def test_so_far_ahead_and_so_many_and_no_more(self):
        c = self.c
        before = c.dump()
        self.assertEqual(c.create(at=c.now() + LIMITS["SCHEDULE_MS"] + 60000).code, "invalid_value")
        self.assertEqual(c.dump(), before)
        for i in range(LIMITS["SCHEDULED_MAX"]):
            self.assertEqual(c.create(at=c.now() + (i + 1) * 3600 * 1000).code, "ok")
        before = c.dump()
        self.assertEqual(c.create(at=c.now() + 3600 * 1000).code, "too_many_scheduled")
        self.assertEqual(c.dump(), before)
        self.assertEqual(c.create("rider-2", at=c.now() + 3600 * 1000).code, "ok")

    def test_a_scheduled_ride_is_searched_for_until_its_time(self):
        c = self.c
        ride, _, _ = c.reach("scheduled")
        c.later(3600 * 1000 - LIMITS["LEAD_MS"])
        c.call("timer_apply", "scheduled:" + ride)
        self.assertEqual(c.ride(ride)["deadline_ms"], c.ride(ride)["pickup_at_ms"])

    def test_a_driver_who_is_early_waits_for_the_time_that_was_agreed(self):
        c = self.c
        ride, driver, _ = c.reach("scheduled")
        c.later(3600 * 1000 - LIMITS["LEAD_MS"])
        c.call("timer_apply", "scheduled:" + ride)
        c.online(driver)
        lease = c.offer(ride, driver).extra["offer_id"]
        c.accept(ride, driver, lease)
        c.call("ride_arrive", ride, driver, lease, "")
        c.later(LIMITS["NO_SHOW_MS"] + 1)
        a = c.call("ride_no_show", ride, driver, lease, "")
        self.assertEqual(a.code, "not_due")
        self.assertEqual(int(a.extra["due_ms"]), int(c.ride(ride)["pickup_at_ms"]) + LIMITS["NO_SHOW_MS"])
        self.assertEqual(int(c.ride(ride)["start_by_ms"]), int(c.ride(ride)["pickup_at_ms"]) + LIMITS["START_MS"])

    # at the pickup, when both phones fall silent

    def test_a_ride_that_nobody_starts_is_given_up_at_no_cost(self):
        c = self.c
        ride, driver, lease = c.reach("arrived")
        c.later(LIMITS["START_MS"] - 60 * 1000)
        self.assertEqual(c.call("timer_apply", "start:" + ride).extra["did"], "nothing")
        c.later(60 * 1000 + 1)
        self.assertEqual(c.call("timer_apply", "start:" + ride).extra["did"], "not_started")
        f = c.ride(ride)
        self.assertEqual((f["status"], f["cancelled_by"], f["reason"], f["fee_minor"]),
                         ("cancelled", "system", "not_started", "0"))
        self.assertEqual(c.driver(driver)["state"], "idle")
        self.assertEqual(c.call("ride_start", ride, driver, lease, "", city.CODE).code, "illegal_transition")
        self.assertEqual(c.create().code, "ok")

    def test_an_outage_does_not_run_down_the_time_to_start(self):
        c = self.c
        ride, driver, lease = c.reach("arrived")
        c.outage(LIMITS["START_MS"] + 1000)
        c.call("heartbeat", "run-a")
        self.assertEqual(c.call("timer_apply", "start:" + ride).extra["did"], "nothing")
        self.assertEqual(c.call("ride_start", ride, driver, lease, "", city.CODE).code, "ok")

    def test_who_hands_a_ride_back_at_the_pickup_leaves_no_time_to_start(self):
        c = self.c
        ride, driver, lease = c.reach("arrived")
        self.assertEqual(c.call("ride_cancel", ride, driver, lease, "", "driver", "other", "").code, "ok")
        self.assertIsNone(c.timer("start:" + ride))
        self.assertEqual(c.ride(ride)["start_by_ms"], "")

    # offers that nobody answers

    def ignore(self, driver, rider):
        c = self.c
        ride = c.create(rider).ride["ride_id"]
        c.place(driver, 34.05, -118.24)
        self.assertEqual(c.offer(ride, driver).code, "ok")
        c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
        c.call("timer_apply", "offer:" + ride)
        c.place(driver, 34.05, -118.24)
        return int(c.driver(driver)["cooldown_until_ms"]) - c.now()

    def test_each_ignored_offer_costs_twice_as_long(self):
        c = self.c
        c.online("la-d1")
        waits = []
        for n in range(8):
            wait = self.ignore("la-d1", "r%d" % n)
            waits.append(round(wait / 1000))
            self.assertFalse(c.is_idle("la-d1"))
            c.check()
            c.later(wait + 1000)
            c.place("la-d1", 34.05, -118.24)
            self.assertEqual(c.call("timer_apply", "cooldown:la-d1").extra["did"], "cooled_down")
            self.assertTrue(c.is_idle("la-d1"))
        self.assertEqual(waits, [15, 30, 60, 120, 240, 480, 600, 600])

    def test_during_it_nothing_brings_him_an_offer(self):
        c = self.c
        c.online("la-d1")
        self.ignore("la-d1", "r1")
        c.call("driver_seen", "la-d1", "34.05", "-118.24")
        self.assertFalse(c.is_idle("la-d1"))
        c.offline("la-d1")
        c.online("la-d1")
        self.assertFalse(c.is_idle("la-d1"))
        ride = c.create("r2").ride["ride_id"]
        self.assertEqual(c.offer(ride, "la-d1").extra["reason"], "cooldown")
        a = c.call("snapshot_driver", "la-d1")
        self.assertGreater(int(a.extra["cooldown_until_ms"]), c.now())

    def test_an_answer_of_any_kind_clears_the_count(self):
        c = self.c
        for answer in ("ride_accept", "ride_decline"):
            c.clear()
            c.online("la-d1")
            wait = self.ignore("la-d1", "r1")
            c.later(wait + 1000)
            c.place("la-d1", 34.05, -118.24)
            c.call("timer_apply", "cooldown:la-d1")
            ride = c.create("r2").ride["ride_id"]
            offer = c.offer(ride, "la-d1").extra["offer_id"]
            self.assertEqual(c.call(answer, ride, "la-d1", offer, "").code, "ok")
            self.assertEqual(c.driver("la-d1")["ignored"], "")


if __name__ == "__main__":
    city.main()
