"""Damage of every kind, planted by hand: mended once, noted, and never seen where there is none."""

import city
from city import ACTIVE, CLOCK, IDLE, INCOMING, LIMITS, SEEN, TIMERS
import test_random

REPAIRS = "repairs:" + city.TAG


class Reconcile(city.Case):
    def setUp(self):
        super().setUp()
        self.settled()

    def settled(self):
        """Long after the last outage: phones have had time to be heard again."""
        self.c.db.hset(CLOCK, "moved_ms", self.c.now() - 10 * LIMITS["INACTIVE_MS"])

    def round(self, count=100):
        """One round over everything: the repairs as (kind, id), and unreadable records."""
        repairs, unreadable, cursor, calls = [], 0, "", 0
        while True:
            a = self.c.call("reconcile", cursor, count, "economy", "xl")
            self.assertEqual(a.code, "ok")
            flat = a.extra["repairs"]
            repairs += list(zip(flat[::2], flat[1::2]))
            unreadable += int(a.extra["unreadable"])
            cursor, calls = a.extra["cursor"], calls + 1
            if cursor == "":
                return repairs, unreadable
            self.assertLess(calls, 1000)

    def mended(self, *expected):
        """Exactly these repairs, once; noted; and the books balance afterwards."""
        repairs, unreadable = self.round()
        self.assertEqual(sorted(repairs), sorted(expected))
        self.assertEqual(unreadable, 0)
        noted = [(e["kind"], e["id"]) for _, e in self.c.db.xrange(REPAIRS)]
        self.assertEqual(sorted(noted), sorted(expected))
        self.assertEqual(self.round(), ([], 0))
        self.c.check()

    # rides

    def test_each_timer_that_a_ride_must_have_is_set_again(self):
        for state, kind in (("requested", "deadline"), ("offered", "deadline"), ("offered", "offer"),
                            ("assigned", "pickup"), ("arrived", "start"), ("in_progress", "trip"),
                            ("scheduled", "scheduled")):
            with self.subTest(state=state, kind=kind):
                self.c.clear()
                self.settled()
                ride, _, _ = self.c.reach(state)
                self.c.db.zrem(TIMERS, kind + ":" + ride)
                if kind in ("pickup", "trip"):
                    repairs, _ = self.round()
                    self.assertEqual(repairs, [("timer", kind + ":" + ride)])
                    self.assertIsNotNone(self.c.timer(kind + ":" + ride))
                else:
                    self.mended(("timer", kind + ":" + ride))

    def test_a_retry_without_its_timer_is_set_again(self):
        ride, _, _ = self.c.reach("requested")
        self.c.call("ride_defer", ride, 1, self.c.read_work()[0][0])
        self.c.db.zrem(TIMERS, "retry:" + ride)
        repairs, _ = self.round()
        self.assertEqual(repairs, [("timer", "retry:" + ride)])

    def test_a_ride_long_past_its_deadline_ends_though_its_timer_was_set_for_tomorrow(self):
        ride, _, _ = self.c.reach("requested")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        self.c.db.zadd(TIMERS, {"deadline:" + ride: self.c.now() + 86400000})
        self.assertEqual(self.round()[0], [("timer", "deadline:" + ride)])
        self.assertEqual(self.c.fire("deadline:" + ride).extra["did"], "unfulfilled")

    def test_a_timer_that_was_put_off_because_it_fails_is_left_alone(self):
        ride, _, _ = self.c.reach("requested")
        self.c.later(LIMITS["MATCH_MS"] + 1)
        version = self.c.ride(ride)["version"]
        self.c.db.hdel(city.ride_key(ride), "version")
        for _ in range(6):
            self.c.fire("deadline:" + ride)
        repairs, unreadable = self.round()
        self.assertEqual(repairs, [])
        self.assertGreater(unreadable, 0)
        self.c.db.hset(city.ride_key(ride), "version", version)
        self.assertEqual(self.round(), ([], 0))

    def test_a_ride_whose_work_is_gone_is_asked_for_again(self):
        lost = {"trimmed": lambda id: self.c.db.xdel(INCOMING, id),
                "acknowledged": lambda id: (self.c.read_work(),
                                            self.c.db.xack(INCOMING, "matchers", id))}
        for name, lose in lost.items():
            with self.subTest(name):
                self.c.clear()
                self.settled()
                ride, _, _ = self.c.reach("requested")
                lose(self.c.ride(ride)["work"])
                self.mended(("work", ride))
                self.assertEqual([f["ride_id"] for _, f in self.c.read_work("m2")], [ride])

    def test_work_that_waits_is_held_or_is_nobodys_yet_is_left_alone(self):
        self.c.reach("requested", rider="r1")
        self.c.read_work()
        self.c.reach("requested", rider="r2")
        self.assertEqual(self.round(), ([], 0))
        self.c.db.xgroup_destroy(INCOMING, "matchers")
        self.assertEqual(self.round(), ([], 0))

    def test_a_driver_who_forgot_his_ride_gets_it_back(self):
        for state in ("assigned", "arrived", "in_progress"):
            with self.subTest(state):
                self.c.clear()
                self.settled()
                ride, driver, lease = self.c.reach(state)
                self.c.db.hset(city.driver_key(driver), mapping={"state": "idle", "ride": "", "lease": ""})
                self.c.db.geoadd(IDLE, (-118.24, 34.05, driver))
                self.mended(("ride_holder", ride))
                self.assertEqual(self.c.driver(driver)["lease"], lease)

    def test_a_ride_whose_driver_is_gone_is_matched_again(self):
        for state in ("assigned", "arrived"):
            with self.subTest(state):
                self.c.clear()
                self.settled()
                ride, driver, _ = self.c.reach(state)
                self.c.db.hset(city.driver_key(driver), mapping={"state": "offline", "ride": "", "lease": ""})
                for key in (ACTIVE, SEEN):
                    self.c.db.zrem(key, driver)
                self.mended(("ride_holder", ride))
                self.assertEqual(self.c.ride(ride)["status"], "requested")
                self.assertEqual(self.c.ride(ride)["attempt"], "2")

    def test_a_trip_is_never_taken_from_its_driver(self):
        ride, driver, _ = self.c.reach("in_progress")
        self.c.db.hset(city.driver_key(driver), mapping={"state": "offline", "ride": "", "lease": ""})
        self.mended(("ride_holder", ride))
        self.assertEqual(self.c.driver(driver)["state"], "on_trip")

    def test_an_ended_ride_that_would_stay_for_ever_is_given_its_day(self):
        ride, _, _ = self.c.reach("completed")
        self.c.db.persist(city.ride_key(ride))
        self.mended(("kept", ride))

    def test_times_that_a_clock_left_ahead_are_set_to_now(self):
        ride, driver, lease = self.c.reach("arrived")
        ahead = self.c.now() + 3600 * 1000
        self.c.db.hset(city.ride_key(ride), mapping={"updated_ms": ahead, "arrived_ms": ahead,
                                                     "start_locked_ms": ahead})
        self.mended(("time", ride))
        self.c.later(LIMITS["NO_SHOW_MS"] + 1000)
        self.assertEqual(self.c.call("ride_no_show", ride, driver, lease, "").code, "ok")

    # drivers and riders

    def test_an_offer_whose_ride_is_gone_or_offered_to_somebody_else_frees_its_driver(self):
        for name in ("gone", "other"):
            with self.subTest(name):
                self.c.clear()
                self.settled()
                ride, driver, offer = self.c.reach("offered")
                if name == "gone":
                    self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "x", "")
                    self.c.db.delete(city.ride_key(ride))
                else:
                    self.c.call("ride_decline", ride, driver, offer, "")
                    self.c.online("la-d2")
                    self.c.offer(ride, "la-d2")
                self.c.db.hset(city.driver_key(driver), mapping={"state": "offered", "offer": offer})
                self.c.db.zrem(IDLE, driver)
                self.mended(("driver_offer", driver))
                self.assertTrue(self.c.is_idle(driver))

    def test_a_lease_whose_ride_is_gone_ended_or_anothers_frees_its_driver(self):
        for name in ("gone", "ended", "other"):
            with self.subTest(name):
                self.c.clear()
                self.settled()
                ride, driver, lease = self.c.reach("completed" if name == "ended" else "assigned")
                if name == "gone":
                    self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "x", "")
                    self.c.db.delete(city.ride_key(ride))
                elif name == "other":
                    self.c.call("ride_cancel", ride, driver, lease, "", "driver", "x", "")
                    self.c.online("la-d2")
                    self.c.accept(ride, "la-d2", self.c.offer(ride, "la-d2").extra["offer_id"])
                self.c.db.hset(city.driver_key(driver), mapping={"state": "assigned", "ride": ride,
                                                                 "lease": lease})
                self.c.db.zrem(IDLE, driver)
                self.mended(("driver_ride", driver))
                self.assertTrue(self.c.is_idle(driver))

    def test_an_idle_driver_with_remains_of_a_ride_is_cleared(self):
        self.c.online("la-d1")
        self.c.db.hset(city.driver_key("la-d1"), mapping={"ride": "la-GONE", "lease": "la-GONE.1"})
        self.mended(("driver_ride", "la-d1"))

    def test_an_idle_driver_whom_no_index_knows_is_found_again(self):
        self.c.online("la-d1")
        self.c.db.zrem(IDLE, "la-d1")
        self.mended(("idle", "la-d1"))
        self.assertTrue(self.c.is_idle("la-d1"))

    def test_members_of_indexes_that_do_not_belong_there_are_removed(self):
        ride, driver, _ = self.c.reach("assigned")
        self.c.online("la-off")
        self.c.offline("la-off")
        self.c.db.geoadd(IDLE, (-118.24, 34.05, driver))
        self.c.db.geoadd(IDLE, (-118.24, 34.05, "nobody of ours"))
        self.c.db.geoadd(IDLE + "x", (-118.24, 34.05, driver))  # no index that anybody reads
        self.c.db.geoadd("drivers:idle:{la}:xl", (-118.24, 34.05, driver))
        self.c.db.geoadd(ACTIVE, (-118.24, 34.05, "la-off"))
        self.c.db.zadd(SEEN, {"la-off": self.c.now()})
        self.mended(("index", driver), ("index", driver), ("index", "nobody of ours"),
                    ("index", "la-off"), ("index", "la-off"))

    def test_a_silent_driver_without_a_timer_goes_offline_after_all(self):
        self.c.online("la-d1")
        self.c.later(LIMITS["DARK_MS"] + 1)
        self.c.call("driver_dark", "la-d1")
        self.c.db.zrem(TIMERS, "dark:la-d1")
        self.mended(("silence", "la-d1"))

    def test_a_driver_nobody_has_heard_since_a_restart_goes_offline_after_all(self):
        self.c.online("la-d1")
        for key in (SEEN, ACTIVE, IDLE):
            self.c.db.delete(key)
        self.c.db.hset(CLOCK, "moved_ms", self.c.now())
        self.assertEqual(self.round(), ([], 0), "his phone gets a moment")
        self.settled()
        self.mended(("silence", "la-d1"))
        self.c.later(LIMITS["GONE_MS"] + 1)
        self.assertEqual(self.c.fire("dark:la-d1").extra["did"], "offline")

    def test_a_rider_who_is_said_to_have_an_ended_ride_may_ask_again(self):
        for name in ("ended", "gone", "another's"):
            with self.subTest(name):
                self.c.clear()
                self.settled()
                ride, _, _ = self.c.reach("cancelled")
                if name == "gone":
                    ride = "la-GONE"
                elif name == "another's":
                    ride = self.c.create("rider-2").ride["ride_id"]
                self.c.db.hset(city.rider_key("rider-1"), "ride", ride)
                self.mended(("rider", "rider-1"))
                self.assertEqual(self.c.create("rider-1").code, "ok")

    def test_a_rider_whose_live_ride_was_forgotten_is_told_of_it(self):
        ride, _, _ = self.c.reach("assigned")
        self.c.db.delete(city.rider_key("rider-1"))
        self.mended(("rider", "rider-1"))
        self.assertEqual(self.c.call("snapshot_rider", "rider-1").ride["ride_id"], ride)

    def queued(self):
        """A ride in progress, and one that waits for its driver. (ride after it, driver)"""
        _, driver, _ = self.c.nearly_done()
        after = self.c.create("rider-2").ride["ride_id"]
        offer = self.c.offer(after, driver).extra["offer_id"]
        self.assertEqual(self.c.accept(after, driver, offer).code, "ok")
        return after, driver

    def test_a_next_ride_that_its_driver_forgot_is_matched_again(self):
        after, driver = self.queued()
        self.assertEqual(self.round(), ([], 0))
        self.c.db.hset(city.driver_key(driver), mapping={"next_ride": "", "next_lease": ""})
        self.mended(("ride_holder", after))
        self.assertEqual(self.c.ride(after)["status"], "requested")

    def test_a_next_ride_or_an_offer_on_a_trip_that_is_not_his_is_taken_from_a_driver(self):
        _, driver, _ = self.c.nearly_done()
        self.c.db.hset(city.driver_key(driver), mapping={"next_ride": "la-GONE", "next_lease": "la-GONE.1"})
        self.c.db.zrem(city.SOON, driver)
        self.mended(("driver_ride", driver))
        self.assertIsNotNone(self.c.db.zscore(city.SOON, driver))
        self.c.db.delete(REPAIRS)
        self.c.db.hset(city.driver_key(driver), "offer", "la-GONE.1")
        self.mended(("driver_offer", driver))

    def test_who_is_not_about_to_finish_is_taken_out_of_the_soon_index(self):
        self.c.online("la-d1")
        self.c.db.geoadd(city.SOON, (-118.24, 34.05, "la-d1"))
        self.mended(("index", "la-d1"))

    def test_a_driver_whose_cooldown_nobody_would_end_gets_its_timer(self):
        self.c.online("la-d1")
        self.c.db.hset(city.driver_key("la-d1"), "cooldown_until_ms", self.c.now() + 60000)
        self.c.db.zrem(IDLE, "la-d1")
        self.mended(("timer", "cooldown:la-d1"))
        self.c.later(60001)
        self.c.fire("cooldown:la-d1")
        self.c.call("driver_seen", "la-d1", "34.05", "-118.24")
        self.assertTrue(self.c.is_idle("la-d1"))

    def test_a_scheduled_ride_that_is_none_leaves_the_riders_list(self):
        ride, _, _ = self.c.reach("scheduled")
        key = city.rider_key("rider-1")
        self.c.db.hset(key, "scheduled", " la-GONE" + self.c.db.hget(key, "scheduled"))
        self.mended(("rider", "rider-1"))
        self.assertEqual(self.c.db.hget(key, "scheduled"), " %s " % ride)

    # what it leaves alone

    def test_records_that_cannot_be_read_are_counted_and_stop_nothing(self):
        self.c.db.set(city.ride_key("la-BAD"), "no hash")
        self.c.db.set(city.driver_key("la-BAD"), "no hash")
        self.c.db.set(city.rider_key("bad"), "no hash")
        self.c.db.hset(city.ride_key("la-HALF"), "status", "requested")
        ride, _, _ = self.c.reach("requested")
        self.c.db.zrem(TIMERS, "deadline:" + ride)
        self.assertEqual(self.round(), ([("timer", "deadline:" + ride)], 4))

    def test_nothing_is_mended_before_an_outage_is_accounted_for(self):
        self.c.reach("offered")
        self.c.outage(60 * 1000)
        before = self.c.dump()
        self.assertEqual(self.c.call("reconcile", "", 100, "economy").code, "heartbeat_due")
        self.assertEqual(self.c.dump(), before)

    def test_a_wrong_cursor_begins_a_round(self):
        for cursor in ("x", "1:", "99:0", "-1:0", "1:18446744073709551615"):
            self.assertEqual(self.c.call("reconcile", cursor, 10, "economy").code, "ok", cursor)

    def test_a_healthy_busy_region_needs_no_repair(self):
        """Anything may happen (test_random), with a sweep going on all the while."""
        done, repairs = {}, []
        for seed in range(101, 111):
            self.c.clear()
            self.settled()
            life = test_random.Life(self.c, seed)
            cursor = ""
            for step in range(400):
                life.step()
                a = self.c.call("reconcile", cursor, 20, "economy")
                if a.code == "ok":
                    cursor = a.extra["cursor"]
                    flat = a.extra["repairs"]
                    repairs += [(seed, step) + x for x in zip(flat[::2], flat[1::2])]
            for name, n in life.done.items():
                done[name] = done.get(name, 0) + n
        self.assertEqual(repairs, [])
        for name in ("ride_offer", "ride_accept", "ride_complete", "ride_cancel"):
            self.assertGreater(done.get(name, 0), 0, "never happened: " + name)

    def test_a_call_looks_at_a_bounded_number_of_records(self):
        for i in range(300):
            self.c.db.hset(city.rider_key("r%d" % i), "ride", "la-GONE")
        a = self.c.call("reconcile", "", 10, "economy")
        first = len(a.extra["repairs"]) // 2
        self.assertLess(first, 100)
        self.assertNotEqual(a.extra["cursor"], "")
        self.assertEqual(len(self.round(10)[0]) + first, 300)


if __name__ == "__main__":
    city.main()
