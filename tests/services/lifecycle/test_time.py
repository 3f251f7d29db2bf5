"""Deadlines, silence and outages."""

import city
from city import INCOMING, LIMITS, SEEN


class Time(city.CheckedCase):
    def due(self):
        return self.c.call("timers_due", 1000).extra["timers"]

    def silent(self):
        a = self.c.call("stale_due", 100)
        return a.extra["drivers"], a.extra["held"]

    # timers

    def test_peeking_removes_nothing_and_applying_removes(self):
        ride, _, _ = self.c.reach("requested")
        self.assertEqual(self.due(), [])
        self.c.later(LIMITS["MATCH_MS"] + 1)
        for _ in range(2):
            self.assertEqual(self.due(), ["deadline:" + ride])
        self.assertEqual(self.c.call("timer_apply", "deadline:" + ride).extra["did"], "unfulfilled")
        self.assertEqual(self.due(), [])
        self.assertEqual(self.c.call("timer_apply", "deadline:" + ride).extra["did"], "nothing")
        self.assertEqual(self.c.ride(ride)["version"], "2")

    def test_a_timer_before_its_time_does_nothing(self):
        ride, _, _ = self.c.reach("offered")
        before = self.c.dump()
        self.assertEqual(self.c.call("timer_apply", "offer:" + ride).extra["did"], "nothing")
        self.assertEqual(self.c.dump(), before)

    def test_a_timer_that_is_early_against_its_record_is_set_right(self):
        ride, _, _ = self.c.reach("offered")
        self.assertEqual(self.c.fire("offer:" + ride).extra["did"], "rearmed")
        self.assertEqual(self.c.fire("deadline:" + ride).extra["did"], "rearmed")

    def test_timers_of_nothing_are_removed(self):
        for name in ("offer:la-NONE", "nonsense", "kind:la-R1", "dark:la-none", "dark:x y", "offer:"):
            self.assertEqual(self.c.fire(name).extra["did"], "nothing", name)
            self.assertIsNone(self.c.timer(name), name)

    def test_a_scheduled_ride_becomes_work_at_its_lead_time(self):
        ride, _, _ = self.c.reach("scheduled")
        self.assertEqual(self.c.read_work(), [])
        self.c.later(3600 * 1000 - LIMITS["LEAD_MS"])
        self.assertEqual(self.due(), ["scheduled:" + ride])
        self.c.call("timer_apply", "scheduled:" + ride)
        self.assertEqual(self.c.ride(ride)["status"], "requested")
        self.assertEqual(self.c.read_work()[0][1]["ride_id"], ride)

    def test_a_scheduled_ride_of_a_busy_rider_is_cancelled(self):
        ride, _, _ = self.c.reach("scheduled")
        self.c.create("rider-1")
        self.c.later(3600 * 1000 - LIMITS["LEAD_MS"])
        self.c.call("timer_apply", "scheduled:" + ride)
        self.assertEqual((self.c.ride(ride)["status"], self.c.ride(ride)["reason"]), ("cancelled", "rider_busy"))

    def test_the_pickup_watchdog_leaves_a_driver_who_is_heard(self):
        ride, driver, _ = self.c.reach("assigned")
        for _ in range(3):
            self.c.later(LIMITS["PICKUP_WATCH_MS"])
            self.c.call("driver_seen", driver, "34", "-118")
            self.assertEqual(self.c.call("timer_apply", "pickup:" + ride).extra["did"], "rearmed")
        self.assertEqual(self.c.ride(ride)["version"], "3")

    def test_a_driver_dark_on_his_way_loses_the_ride_and_is_not_idle_for_it(self):
        ride, driver, _ = self.c.reach("assigned")
        self.c.later(LIMITS["DARK_MS"] + 1)
        self.c.call("driver_dark", driver)
        self.c.later(LIMITS["PICKUP_DARK_MS"])
        self.assertEqual(self.c.call("timer_apply", "pickup:" + ride).extra["did"], "driver_dark")
        self.assertEqual(self.c.ride(ride)["status"], "requested")
        self.assertFalse(self.c.is_idle(driver))
        self.c.call("driver_seen", driver, "34", "-118")
        self.assertTrue(self.c.is_idle(driver))

    def test_silence_on_a_trip_never_frees_the_driver(self):
        ride, driver, _ = self.c.reach("in_progress")
        self.c.later(LIMITS["DARK_MS"] + 1)
        self.c.call("driver_dark", driver)
        for _ in range(3):
            self.c.later(LIMITS["GONE_MS"])
            for name in self.due():
                self.c.call("timer_apply", name)
            self.assertEqual(self.c.driver(driver)["state"], "on_trip")
            self.assertEqual(self.c.ride(ride)["status"], "in_progress")

    def test_an_endless_trip_is_marked_and_stays(self):
        ride, _, _ = self.c.reach("in_progress")
        self.c.later(LIMITS["TRIP_MIN_MS"] + 1)
        self.assertEqual(self.c.call("timer_apply", "trip:" + ride).extra["did"], "overdue")
        self.assertEqual(self.c.ride(ride)["status"], "in_progress")

    # silence

    def test_silence_takes_a_driver_out_step_by_step(self):
        self.c.online("la-d1")
        self.c.later(LIMITS["DARK_MS"] - 100)
        self.assertEqual(self.silent(), ([], "0"))
        self.assertEqual(self.c.call("driver_dark", "la-d1").code, "not_due")
        self.c.later(101)
        self.assertEqual(self.silent(), (["la-d1"], "0"))
        self.c.call("driver_dark", "la-d1")
        self.assertFalse(self.c.is_idle("la-d1"))
        self.assertEqual(self.silent(), ([], "0"))
        self.assertIsNotNone(self.c.db.zscore(city.ACTIVE, "la-d1"))
        self.c.later(LIMITS["INACTIVE_MS"] - LIMITS["DARK_MS"])
        self.assertEqual(self.due(), ["dark:la-d1"])
        self.assertEqual(self.c.call("timer_apply", "dark:la-d1").extra["did"], "inactive")
        self.assertIsNone(self.c.db.zscore(city.ACTIVE, "la-d1"))
        self.c.later(LIMITS["GONE_MS"] - LIMITS["INACTIVE_MS"])
        self.assertEqual(self.c.call("timer_apply", "dark:la-d1").extra["did"], "offline")
        self.assertEqual(self.c.driver("la-d1")["state"], "offline")

    def test_a_driver_heard_again_is_idle_at_once(self):
        self.c.online("la-d1")
        self.c.later(20 * 1000)
        self.c.call("driver_dark", "la-d1")
        self.c.call("driver_seen", "la-d1", "34", "-118")
        self.assertTrue(self.c.is_idle("la-d1"))
        self.assertIsNone(self.c.timer("dark:la-d1"))
        ride = self.c.create().ride["ride_id"]
        self.assertEqual(self.c.offer(ride, "la-d1").code, "ok")

    def test_the_offer_of_a_dark_driver_goes_to_somebody_else(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.db.zadd(SEEN, {driver: self.c.now() - LIMITS["DARK_MS"] - 1})
        self.assertEqual(self.c.call("driver_dark", driver).code, "ok")
        self.assertEqual(self.c.ride(ride)["status"], "requested")
        self.assertEqual(self.c.driver(driver)["state"], "idle")
        self.assertEqual(self.c.accept(ride, driver, offer).code, "offer_expired")
        self.assertEqual(self.c.offer(ride, driver).extra["reason"], "dark")

    def test_a_region_that_falls_silent_at_once_is_held(self):
        for i in range(40):
            self.c.online("la-d%d" % i)
        for i in range(13):
            self.c.db.zadd(SEEN, {"la-d%d" % i: self.c.now() - 16000})
        drivers, held = self.silent()
        self.assertEqual((drivers, held), ([], "1"))
        for i in range(13):
            self.c.db.zadd(SEEN, {"la-d%d" % i: self.c.now() - LIMITS["HOLD_MS"] - 1})
        self.assertEqual(len(self.silent()[0]), 13)

    def test_a_region_that_falls_silent_over_seconds_is_held_too(self):
        """Phones report every 4 s: when nobody is heard any more, a quarter comes due each second."""
        for i in range(40):
            self.c.online("la-d%d" % i)
        dark = 0
        for second in range(4):
            for i in range(second * 10, second * 10 + 10):
                self.c.db.zadd(SEEN, {"la-d%d" % i: self.c.now() - LIMITS["DARK_MS"] - 1})
            drivers, held = self.silent()
            self.assertEqual(held, "1" if second > 0 else "0")
            for driver in drivers:
                self.assertEqual(self.c.call("driver_dark", driver).code, "ok")
                dark += 1
        self.assertEqual(dark, 10)

    def test_a_handful_is_not_held_however_small_the_region(self):
        for i in range(10):
            self.c.online("la-d%d" % i)
        self.c.later(LIMITS["DARK_MS"] + 1)
        drivers, held = self.silent()
        self.assertEqual((len(drivers), held), (10, "0"))

    # outages

    def test_nothing_is_due_until_an_outage_is_accounted_for(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.outage(60 * 1000)
        before = self.c.dump()
        self.assertEqual(self.c.call("timers_due", 10).code, "heartbeat_due")
        self.assertEqual(self.c.call("timer_apply", "offer:" + ride).code, "heartbeat_due")
        self.assertEqual(self.c.call("driver_dark", driver).code, "heartbeat_due")
        self.assertEqual(self.silent()[0], [])
        self.assertEqual(self.c.dump(), before)

    def test_open_deadlines_move_by_the_gap(self):
        ride, driver, offer = self.c.reach("offered")
        left = int(self.c.ride(ride)["offer_expires_ms"]) - self.c.now()
        self.c.outage(60 * 1000)
        gap = int(self.c.call("heartbeat", "run-a").extra["gap_ms"])
        self.assertTrue(60000 <= gap < 61000, gap)
        again = int(self.c.ride(ride)["offer_expires_ms"]) - self.c.now()
        self.assertLess(abs(left - again), 1000)
        self.assertEqual(self.due(), [])
        self.assertEqual(self.silent()[0], [])
        self.c.check()
        self.assertEqual(self.c.accept(ride, driver, offer).code, "ok")

    def test_who_becomes_free_before_a_step_back_is_accounted_for_may_be_offered_rides(self):
        c = self.c
        ride, driver, _ = c.reach("assigned")
        c.outage(-60 * 1000)
        c.place(driver, 34.05, -118.24)
        self.assertEqual(c.call("ride_cancel", ride, "rider-1", "", "", "rider", "other", "").code, "ok")
        self.assertTrue(c.is_idle(driver))
        c.call("heartbeat", "run-a")
        self.assertTrue(c.is_idle(driver))

    def test_work_of_a_ride_past_its_deadline_is_kept_while_an_outage_may_move_that(self):
        c = self.c
        ride, _, _ = c.reach("requested")
        c.later(LIMITS["MATCH_MS"] - 2000)
        c.call("heartbeat", "run-a")
        c.outage(4000)  # two seconds past the deadline, and not long enough to be called an outage
        entry, fields = c.read_work()[0]
        self.assertEqual(fields["ride_id"], ride)
        c.call("work_ack", ride, 1, entry)
        self.assertEqual(c.pending(), 1)
        c.outage(60 * 1000)
        c.call("heartbeat", "run-a")
        a = c.call("reconcile", "", 100, "economy")
        self.assertEqual((a.code, a.extra["repairs"]), ("ok", []))
        self.assertEqual(c.pending(), 1)
        c.later(LIMITS["MATCH_MS"])
        c.call("heartbeat", "run-a")
        self.assertEqual(c.call("work_ack", ride, 1, entry).code, "stale_entry")
        self.assertEqual(c.pending(), 0)

    def test_what_was_due_before_an_outage_stays_due(self):
        late, _, _ = self.c.reach("requested", rider="rider-1")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        open_, _, _ = self.c.reach("requested", rider="rider-2")
        self.c.call("heartbeat", "run-a")  # which nobody's deadline was applied after
        self.c.outage(60 * 1000)
        self.c.call("heartbeat", "run-a")
        self.assertEqual(self.due(), ["deadline:" + late])
        self.c.call("timer_apply", "deadline:" + late)
        self.assertEqual(self.c.ride(late)["status"], "unfulfilled")
        self.assertEqual(self.c.ride(open_)["status"], "requested")

    def test_an_accept_right_after_an_outage_counts_before_any_heartbeat(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.outage(60 * 1000)
        self.assertEqual(self.c.accept(ride, driver, offer).code, "ok")
        self.c.call("heartbeat", "run-a")

    def test_a_driver_who_was_heard_before_the_outage_is_not_dark_after_it(self):
        self.c.online("la-d1")
        self.c.outage(600 * 1000)
        ride = self.c.create().ride["ride_id"]
        self.assertEqual(self.c.offer(ride, "la-d1").code, "ok")
        self.c.call("heartbeat", "run-a")

    def test_a_short_gap_moves_nothing(self):
        self.c.reach("offered")
        self.c.outage(LIMITS["GAP_MS"] // 2)
        before = self.c.dump(skip=(city.CLOCK,))
        self.assertEqual(self.c.call("heartbeat", "run-a").extra["gap_ms"], "0")
        self.assertEqual(self.c.dump(skip=(city.CLOCK,)), before)

    def test_a_clock_that_steps_back_moves_deadlines_back(self):
        ride, driver, offer = self.c.reach("offered")
        left = int(self.c.ride(ride)["offer_expires_ms"]) - self.c.now()
        self.c.outage(-3600 * 1000)  # everything stored lies an hour ahead
        self.assertEqual(self.c.call("heartbeat", "run-a").extra["gap_ms"][0], "-")
        again = int(self.c.ride(ride)["offer_expires_ms"]) - self.c.now()
        self.assertLess(abs(left - again), 1000)
        self.assertLessEqual(self.c.db.zscore(SEEN, driver), self.c.now())
        self.c.check()

    def test_an_hour_back_leaves_a_ride_as_it_was_to_its_driver_its_rider_and_its_matcher(self):
        offered, driver, offer = self.c.reach("offered")
        waiting = self.c.create("rider-2").ride["ride_id"]
        deferred = self.c.create("rider-3").ride["ride_id"]
        self.c.call("ride_defer", deferred, 1, "")
        self.c.outage(-3600 * 1000)
        self.c.call("heartbeat", "run-a")
        self.assertLess(self.c.timer("retry:" + deferred), self.c.now() + LIMITS["RETRY_MAX_MS"])
        self.c.online("la-d2")
        expires = int(self.c.offer(waiting, "la-d2").extra["expires_ms"])
        self.assertLess(abs(expires - self.c.now()), 2 * LIMITS["OFFER_MS"])
        self.assertEqual(self.c.accept(offered, driver, offer).code, "ok")

    def test_ninety_seconds_without_a_store_cost_nobody_his_ride(self):
        """200 assigned, 50 requested and 20 offered rides. The store's clock is stepped: all that is stored
        lies 90 s further back, its heartbeat too, as after a store that was down for so long."""
        c = self.c
        assigned = [c.reach("assigned", "la-a%d" % i, "a%d" % i) for i in range(200)]
        requested = [c.reach("requested", "", "b%d" % i) for i in range(50)]
        offered = [c.reach("offered", "la-c%d" % i, "c%d" % i) for i in range(20)]
        heard = c.now() - 10 * 1000
        c.db.zadd(SEEN, {driver: heard for driver in c.db.zrange(SEEN, 0, -1)})
        before = {ride: c.ride(ride) for ride, _, _ in assigned + requested + offered}
        c.outage(90 * 1000)
        self.assertEqual(c.call("timers_due", 1000).code, "heartbeat_due")
        self.assertEqual(self.silent()[0], [])
        self.assertGreaterEqual(int(c.call("heartbeat", "run-a").extra["gap_ms"]), 90000)
        for _ in range(3):  # what dispatchers and sweeps would do now
            self.assertEqual(self.due(), [])
            self.assertEqual(self.silent(), ([], "0"))
        for ride, was in before.items():
            now = c.ride(ride)
            self.assertEqual((now["status"], now["version"], now.get("lease")),
                             (was["status"], was["version"], was.get("lease")))
        for ride, driver, offer in offered:
            self.assertEqual(c.accept(ride, driver, offer).code, "ok")
        for ride, driver, lease in assigned:
            self.assertEqual(c.call("ride_arrive", ride, driver, lease, "").code, "ok")
        c.later(2 * LIMITS["MATCH_MS"])  # and no deadline was lost either
        self.assertEqual(set(self.due()) & {"deadline:" + r for r, _, _ in requested},
                         {"deadline:" + r for r, _, _ in requested})
        for timer in self.due():
            c.call("timer_apply", timer)
        self.assertEqual({c.ride(ride)["status"] for ride, _, _ in requested}, {"unfulfilled"})

    def test_time_never_runs_backwards_for_a_ride(self):
        ride, driver, lease = self.c.reach("assigned")
        ahead = self.c.now() + 5000
        self.c.db.hset(city.ride_key(ride), "updated_ms", ahead)
        self.c.call("ride_arrive", ride, driver, lease, "")
        self.assertEqual(int(self.c.ride(ride)["arrived_ms"]), ahead)

    def test_a_late_retry_is_simply_due_after_an_outage(self):
        ride, _, _ = self.c.reach("requested")
        self.c.call("ride_defer", ride, 1, "")
        self.c.outage(60 * 1000)
        self.c.call("heartbeat", "run-a")
        self.assertEqual(self.due(), ["retry:" + ride])

    def test_another_primary_raises_the_generation_once(self):
        self.assertEqual(self.c.call("heartbeat", "run-a").extra["generation"], "1")
        self.assertEqual(self.c.call("heartbeat", "run-b").extra["generation"], "2")
        self.assertEqual(self.c.call("heartbeat", "run-b").extra["generation"], "2")
        self.assertEqual(self.c.create().extra["generation"], "2")

    def test_an_incoming_retry_that_was_overtaken_is_only_acknowledged(self):
        ride, _, _ = self.c.reach("requested")
        self.c.online("la-d1")
        self.c.read_work()
        self.c.call("ride_defer", ride, 1, "")
        self.c.offer(ride, "la-d1")
        self.assertIsNone(self.c.timer("retry:" + ride))


if __name__ == "__main__":
    city.main()
