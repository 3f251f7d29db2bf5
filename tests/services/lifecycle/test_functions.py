"""What each function promises: its effects, its codes, and what a repeat gets."""

import redis

import city
from city import CODE, DEAD, EVENTS, INCOMING, LIMITS, TAG


class Functions(city.CheckedCase):
    def unchanged(self, go):
        before = self.c.dump()
        answer = go()
        self.assertEqual(self.c.dump(), before, answer)
        return answer

    # create

    def test_create_writes_ride_claim_timer_event_work_and_key(self):
        a = self.c.create("r7", key="k")
        ride = a.ride["ride_id"]
        self.assertEqual((a.code, a.ride["status"], a.ride["version"]), ("ok", "requested", "1"))
        self.assertEqual(self.c.ride(ride), a.ride)
        self.assertEqual(self.c.db.hget(city.rider_key("r7"), "ride"), ride)
        self.assertEqual(self.c.db.get("idem:%s:r7:k" % TAG), "h " + ride)
        entry = self.c.read_work()[0][1]
        self.assertEqual((entry["ride_id"], entry["attempt"], entry["traceparent"]), (ride, "1", "tp"))
        event = self.c.db.xrange(EVENTS)[0][1]
        self.assertEqual((event["type"], event["from"], event["to"]), ("create", "none", "requested"))
        self.assertNotIn(CODE, event.values())

    def test_same_key_and_body_replays_and_another_body_is_refused(self):
        first = self.c.create("r7", key="k")
        self.c.call("ride_cancel", first.ride["ride_id"], "r7", "", "", "rider", "x", "")
        again = self.unchanged(lambda: self.c.create("r7", key="k"))
        self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))
        self.assertEqual(again.ride["ride_id"], first.ride["ride_id"])
        other = self.unchanged(lambda: self.c.create("r7", key="k", body="other"))
        self.assertEqual(other.code, "idempotency_key_reused")

    def test_replay_looks_up_without_writing(self):
        ask = lambda body: self.unchanged(lambda: self.c.call("ride_replay", "r7", "k", body))
        self.assertEqual(ask("h").code, "not_found")
        ride = self.c.create("r7", key="k").ride["ride_id"]
        self.assertEqual(ask("h").ride["ride_id"], ride)
        self.assertEqual(ask("x").code, "idempotency_key_reused")

    def test_a_rider_has_one_live_ride_but_may_schedule_more(self):
        ride = self.c.create("r7").ride["ride_id"]
        second = self.unchanged(lambda: self.c.create("r7"))
        self.assertEqual((second.code, second.ride["ride_id"]), ("active_ride_exists", ride))
        later = self.c.create("r7", at=self.c.now() + 3600 * 1000)
        self.assertEqual((later.code, later.ride["status"]), ("ok", "scheduled"))

    def test_an_id_of_another_region_or_a_used_one_is_an_error(self):
        ride = self.c.create("r7").ride["ride_id"]
        for bad in (ride, "sf-R1", "R1", "la-a b", "la-" + "x" * 80):
            with self.assertRaises(redis.ResponseError):
                self.c.create("r8", ride=bad)

    # matching

    def test_offer_takes_the_driver_out_of_the_index_and_acknowledges(self):
        ride = self.c.create().ride["ride_id"]
        self.c.online("la-d1")
        self.assertTrue(self.c.is_idle("la-d1"))
        entry = self.c.read_work()[0][0]
        a = self.c.offer(ride, "la-d1", entry)
        self.assertEqual((a.code, a.extra["offer_id"]), ("ok", ride + ".1"))
        self.assertFalse(self.c.is_idle("la-d1"))
        self.assertEqual(self.c.pending(), 0)
        self.assertEqual(int(a.extra["expires_ms"]), int(self.c.ride(ride)["offer_expires_ms"]))

    def test_offer_tells_rider_and_driver_at_once(self):
        sub = redis.Redis(port=self.server.port)
        link = sub.connection_pool.get_connection("SSUBSCRIBE")
        ride = self.c.create("r7").ride["ride_id"]
        self.c.online("la-d1")
        link.send_command("SSUBSCRIBE", "ui:%s:rider:r7" % TAG, "ui:%s:driver:la-d1" % TAG)
        link.read_response(), link.read_response()
        self.c.offer(ride, "la-d1")
        hints = {}
        for _ in range(2):
            kind, channel, text = link.read_response()
            self.assertEqual(kind, b"smessage")
            hints[channel.decode()] = __import__("json").loads(text)
        rider, driver = hints["ui:%s:rider:r7" % TAG], hints["ui:%s:driver:la-d1" % TAG]
        self.assertEqual((rider["kind"], rider["version"], rider["status"]), ("ride.updated", 2, "offered"))
        self.assertEqual((driver["kind"], driver["offer_id"]), ("offer.created", ride + ".1"))
        self.assertEqual(driver["pickup"], {"lat": 34.05, "lon": -118.24})
        self.assertEqual(driver["fare"]["amount_minor"], 900)
        link.disconnect()

    def test_offer_to_a_driver_who_cannot_changes_nothing_but_a_stale_index(self):
        ride = self.c.create().ride["ride_id"]
        self.c.online("la-d1", products="xl")
        offer = lambda: self.unchanged(lambda: self.c.offer(ride, "la-d1"))
        self.assertEqual(offer().extra["reason"], "product")
        self.c.online("la-d1")
        self.c.db.zadd(city.SEEN, {"la-d1": self.c.now() - LIMITS["DARK_MS"] - 1})
        self.assertEqual(offer().extra["reason"], "dark")
        self.c.online("la-d1")
        self.c.call("driver_break", "la-d1")
        self.assertEqual(offer().extra["reason"], "not_idle")
        self.c.db.geoadd(city.IDLE, (-118.24, 34.05, "la-d1"))
        self.assertEqual(self.c.offer(ride, "la-d1").code, "driver_unavailable")
        self.assertFalse(self.c.is_idle("la-d1"))
        self.assertEqual(self.c.offer(ride, "la-unknown").extra["reason"], "not_idle")

    def test_an_entry_of_an_older_attempt_is_only_acknowledged(self):
        ride, driver, lease = self.c.reach("offered")
        entry = self.c.read_work()[0][0]
        self.assertEqual(self.c.pending(), 1)
        for name, args in (("ride_offer", ("la-d1", entry, 1)), ("ride_defer", (entry,))):
            self.assertEqual(self.c.call(name, ride, 1, *args).code, "stale_entry")
            self.assertEqual(self.c.pending(), 0)
        self.assertEqual(self.c.ride(ride)["version"], "2")

    def test_an_entry_of_no_ride_at_all_is_acknowledged(self):
        entry = self.c.db.xadd(INCOMING, {"ride_id": "la-NONE", "attempt": "1"})
        self.c.read_work()
        self.assertEqual(self.c.call("work_ack", "la-NONE", 1, entry).code, "stale_entry")
        self.assertEqual(self.c.pending(), 0)

    def test_work_that_is_still_work_is_not_acknowledged(self):
        ride, _, _ = self.c.reach("requested")
        entry = self.c.read_work()[0][0]
        self.assertEqual(self.unchanged(lambda: self.c.call("work_ack", ride, 1, entry)).code, "ok")

    def test_an_entry_id_that_is_none_is_an_error_before_anything(self):
        ride, _, _ = self.c.reach("requested")
        before = self.c.dump()
        for bad in ("x", "1", "99999999999999999999-1", "1-99999999999999999999"):
            with self.assertRaises(redis.ResponseError):
                self.c.call("ride_defer", ride, 1, bad)
        self.assertEqual(self.c.dump(), before)

    def test_defer_waits_one_two_four_four_seconds_and_keeps_the_version(self):
        ride = self.c.create().ride["ride_id"]
        waits = []
        for _ in range(4):
            entry = self.c.read_work()[0][0]
            a = self.c.call("ride_defer", ride, 1, entry)
            waits.append(int(a.extra["retry_ms"]) - int(a.extra["now_ms"]))
            self.c.check()
            self.c.later(waits[-1])
            self.assertEqual(self.c.fire("retry:" + ride).extra["did"], "retry")
        self.assertEqual(waits, [1000, 1500, 1500, 1500])
        self.assertEqual(self.c.ride(ride)["version"], "1")
        self.assertEqual(self.c.pending(), 0)

    def test_assign_skips_the_offer(self):
        ride = self.c.create().ride["ride_id"]
        self.c.online("la-d1")
        a = self.c.call("ride_assign", ride, 1, "la-d1", "", 70)
        f = self.c.ride(ride)
        self.assertEqual((f["status"], f["lease"], f["driver_id"]), ("assigned", a.extra["lease"], "la-d1"))

    def test_dead_letter_and_redrive(self):
        ride = self.c.create("r7").ride["ride_id"]
        entry = self.c.read_work()[0][0]
        a = self.c.call("ride_dead_letter", ride, 1, entry, "crash", 5, "raw")
        self.assertEqual((a.code, a.ride["status"], self.c.pending()), ("ok", "failed", 0))
        self.assertEqual(self.c.db.xrange(DEAD)[0][1]["entry_id"], entry)
        self.c.check()
        b = self.c.call("ride_redrive", ride, a.extra["dead_id"])
        self.assertEqual((b.code, b.ride["status"], b.ride["attempt"]), ("ok", "requested", "2"))
        self.assertEqual(self.c.db.xlen(DEAD), 0)
        self.assertEqual(self.c.read_work()[0][1]["attempt"], "2")

    def test_redrive_is_refused_late_or_when_the_rider_has_another(self):
        ride, _, _ = self.c.reach("failed")
        self.c.create("rider-1")
        self.assertEqual(self.unchanged(lambda: self.c.call("ride_redrive", ride, "")).code, "active_ride_exists")
        self.c.clear()
        ride, _, _ = self.c.reach("failed")
        self.c.later(LIMITS["REDRIVE_MS"] + 1)
        self.assertEqual(self.unchanged(lambda: self.c.call("ride_redrive", ride, "")).code, "illegal_transition")

    def test_an_unreadable_entry_goes_to_the_dead_letters_with_its_text(self):
        entry = self.c.db.xadd(INCOMING, {"junk": "1"})
        self.c.read_work()
        a = self.c.call("ride_dead_letter", "", 0, entry, "malformed", 1, "junk=1")
        self.assertEqual((a.code, self.c.pending()), ("ok", 0))
        self.assertEqual(self.c.call("dead_discard", a.extra["dead_id"]).code, "ok")
        self.assertEqual(self.c.call("dead_discard", a.extra["dead_id"]).code, "not_found")

    # answers

    def test_accept_gives_the_lease_and_a_repeat_gives_the_ride(self):
        ride, driver, offer = self.c.reach("offered")
        a = self.c.accept(ride, driver, offer)
        self.assertEqual((a.code, a.ride["status"], a.ride["lease"]), ("ok", "assigned", offer))
        self.assertEqual(__import__("json").loads(a.ride["driver_card"])["name"], "Bo")
        again = self.unchanged(lambda: self.c.accept(ride, driver, offer))
        self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))

    def test_a_stranger_gets_not_found(self):
        ride, driver, lease = self.c.reach("assigned")
        self.c.online("la-d9")
        for name in ("ride_accept", "ride_decline", "ride_arrive", "ride_complete", "ride_no_show"):
            a = self.unchanged(lambda: self.c.call(name, ride, "la-d9", lease, "", "", ""))
            self.assertEqual((a.code, a.ride), ("not_found", {}), name)
        a = self.unchanged(lambda: self.c.call("ride_cancel", ride, "r9", "", "", "rider", "x", ""))
        self.assertEqual(a.code, "not_found")

    def test_late_answers_are_told_why(self):
        c = self.c
        ride, driver, offer = c.reach("offered")
        c.call("ride_decline", ride, driver, offer, "")
        self.assertEqual(self.unchanged(lambda: c.accept(ride, driver, offer)).code, "offer_revoked")
        again = self.unchanged(lambda: c.call("ride_decline", ride, driver, offer, ""))
        self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))
        c.online("la-d2")
        second = c.offer(ride, "la-d2").extra["offer_id"]
        self.assertEqual(second, ride + ".2")
        c.accept(ride, "la-d2", second)
        self.assertEqual(self.unchanged(lambda: c.accept(ride, driver, offer)).code, "ride_taken")

    def test_a_driver_who_declined_is_not_offered_the_ride_again(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.call("ride_decline", ride, driver, offer, "")
        self.assertTrue(self.c.is_idle(driver))
        self.assertEqual(self.c.ride(ride)["attempt"], "2")
        self.assertEqual(self.unchanged(lambda: self.c.offer(ride, driver)).extra["reason"], "excluded")

    def test_if_version_must_hold(self):
        ride, driver, offer = self.c.reach("offered")
        a = self.unchanged(lambda: self.c.call("ride_accept", ride, driver, offer, 1))
        self.assertEqual((a.code, a.ride["version"]), ("version_conflict", "2"))
        self.assertEqual(self.c.call("ride_accept", ride, driver, offer, 2).code, "ok")
        for name, more in (("ride_arrive", ()), ("ride_cancel", ("driver", "flat", ""))):
            a = self.unchanged(lambda: self.c.call(name, ride, driver, offer, 2, *more))
            self.assertEqual((a.code, a.ride["version"]), ("version_conflict", "3"), name)
        a = self.unchanged(lambda: self.c.call("ride_cancel", ride, "rider-1", "", 2, "rider", "x", ""))
        self.assertEqual(a.code, "version_conflict")
        self.assertEqual(self.c.call("ride_arrive", ride, driver, offer, 3).code, "ok")

    # the trip

    def test_repeats_of_each_step_give_the_current_ride(self):
        ride, driver, lease = self.c.reach("completed")
        for name, more in (("ride_accept", ()), ("ride_arrive", ()), ("ride_start", (CODE,)),
                           ("ride_complete", ("", ""))):
            a = self.unchanged(lambda: self.c.call(name, ride, driver, lease, "", *more))
            self.assertEqual((a.code, a.ride["status"]), ("ok", "completed"), name)

    def test_a_lease_that_is_not_the_rides_is_stale(self):
        ride, driver, lease = self.c.reach("assigned")
        a = self.unchanged(lambda: self.c.call("ride_arrive", ride, driver, ride + ".9", ""))
        self.assertEqual((a.code, a.ride["status"]), ("stale_lease", "assigned"))
        self.c.call("ride_cancel", ride, driver, lease, "", "driver", "flat", "")
        a = self.unchanged(lambda: self.c.call("ride_arrive", ride, driver, lease, ""))
        self.assertEqual(a.code, "stale_lease")

    def test_five_wrong_codes_lock_for_a_minute(self):
        ride, driver, lease = self.c.reach("arrived")
        start = lambda code: self.c.call("ride_start", ride, driver, lease, "", code)
        left = [start("0000").extra["tries_left"] for _ in range(5)]
        self.assertEqual(left, ["4", "3", "2", "1", "0"])
        a = self.unchanged(lambda: start(CODE))
        self.assertEqual((a.code, a.extra["retry_after_s"]), ("start_locked", "60"))
        self.c.later(LIMITS["CODE_LOCK_MS"])
        self.assertEqual(start(CODE).code, "ok")
        self.assertEqual(self.c.ride(ride)["version"], "5")

    def test_complete_frees_the_driver_and_the_rider(self):
        ride, driver, lease = self.c.reach("completed")
        self.assertEqual(self.c.driver(driver)["state"], "idle")
        self.assertTrue(self.c.is_idle(driver))
        self.assertEqual(self.c.create("rider-1").code, "ok")

    def test_stops_are_reached_in_order(self):
        c = self.c
        ride = c.create(stops=2).ride["ride_id"]
        c.online("la-d1")
        lease = c.call("ride_assign", ride, 1, "la-d1", "", 1).extra["lease"]
        c.call("ride_arrive", ride, "la-d1", lease, "")
        c.call("ride_start", ride, "la-d1", lease, "", CODE)
        stop = lambda n: c.call("ride_reach_stop", ride, "la-d1", lease, "", n)
        self.assertEqual([stop(2).code, stop(1).code, stop(1).extra.get("replayed"), stop(2).code,
                          stop(3).code, stop("x").code],
                         ["invalid_value", "ok", "1", "ok", "invalid_value", "invalid_value"])

    def test_no_show_waits_and_then_costs(self):
        ride, driver, lease = self.c.reach("arrived")
        a = self.unchanged(lambda: self.c.call("ride_no_show", ride, driver, lease, ""))
        self.assertEqual(a.code, "not_due")
        self.c.later(LIMITS["NO_SHOW_MS"])
        a = self.c.call("ride_no_show", ride, driver, lease, "")
        self.assertEqual((a.ride["status"], a.ride["reason"], a.ride["fee_minor"]), ("cancelled", "no_show", "700"))
        self.assertTrue(self.c.ride(ride)["cancelled_by"])

    # cancels

    def fee_of(self, state, later):
        self.c.clear()
        ride, _, _ = self.c.reach(state)
        self.c.later(later)
        return self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "x", "").ride["fee_minor"]

    def test_a_riders_cancel_costs_what_the_fault_matrix_says(self):
        self.assertEqual(self.fee_of("requested", 60001), "0")
        self.assertEqual(self.fee_of("offered", 10000), "0")
        self.assertEqual(self.fee_of("assigned", 50000), "0")
        self.assertEqual(self.fee_of("assigned", 61000), "500")
        self.assertEqual(self.fee_of("assigned", (50 + 300) * 1000 + 1000), "0")
        self.assertEqual(self.fee_of("arrived", 61000), "500")
        self.assertEqual(self.fee_of("arrived", LIMITS["NO_SHOW_MS"]), "700")

    def test_a_drivers_cancel_goes_back_to_matching_and_the_fourth_ends_it(self):
        c = self.c
        ride = c.create().ride["ride_id"]
        for n in range(1, 5):
            driver = "la-d%d" % n
            c.online(driver)
            offer = c.offer(ride, driver).extra["offer_id"]
            c.accept(ride, driver, offer)
            a = c.call("ride_cancel", ride, driver, offer, "", "driver", "flat", "")
            self.assertEqual((a.code, a.extra["released"]), ("ok", "1"))
            self.assertEqual(a.ride["status"], "requested" if n < 4 else "cancelled")
            self.assertTrue(c.is_idle(driver))
            again = self.unchanged(lambda: c.call("ride_cancel", ride, driver, offer, "", "driver", "flat", ""))
            self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))
            c.check()
        self.assertEqual(c.ride(ride)["cancelled_by"], "system")

    def test_a_cancelled_offer_frees_its_driver(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "x", "")
        self.assertTrue(self.c.is_idle(driver))
        self.assertEqual(self.c.accept(ride, driver, offer).code, "offer_revoked")

    def test_ops_cancel_in_progress_carries_the_fare_so_far(self):
        ride, driver, lease = self.c.reach("in_progress")
        a = self.c.call("ride_cancel", ride, "ops-1", "", "", "ops", "accident", 420)
        self.assertEqual((a.ride["fee_minor"], a.ride["cancelled_by"]), ("420", "system"))

    def test_settle_once_and_acknowledge(self):
        ride, _, _ = self.c.reach("completed")
        entries = self.c.db.xreadgroup("pricing", "p1", {EVENTS: ">"})[0][1]
        for entry, _ in entries[:-1]:
            self.c.db.xack(EVENTS, "pricing", entry)
        settle = lambda: self.c.call("ride_settle", ride, '{"amount_minor":950}', 950, "pricing", entries[-1][0])
        a = settle()
        self.assertEqual((a.code, a.extra["replayed"], a.ride["version"]), ("ok", "0", "7"))
        self.assertEqual(self.c.db.xpending(EVENTS, "pricing")["pending"], 0)
        again = self.unchanged(settle)
        self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))

    # drivers

    def test_online_writes_the_indexes_and_a_change_of_products_moves_him(self):
        self.c.online("la-d1", products="economy,xl")
        self.assertIsNotNone(self.c.db.zscore("drivers:idle:%s:xl" % TAG, "la-d1"))
        self.c.online("la-d1", products="xl")
        self.assertFalse(self.c.is_idle("la-d1"))
        self.assertIsNotNone(self.c.db.zscore("drivers:idle:%s:xl" % TAG, "la-d1"))

    def test_bad_values_are_refused_and_change_nothing(self):
        for args in (("la-d1", "91", "0", "economy"), ("la-d1", "x", "0", "economy"),
                     ("la-d1", "nan", "0", "economy"), ("la-d1", "1", "181", "economy"),
                     ("d1", "1", "1", "economy"), ("la-d 1", "1", "1", "economy"),
                     ("la-d1", "1", "1", ""), ("la-d1", "1", "1", "Economy"),
                     ("la-d1", "1", "1", ",".join("p%d" % i for i in range(9)))):
            a = self.unchanged(lambda: self.c.call("driver_online", *args, "{}"))
            self.assertEqual(a.code, "invalid_value", args)

    def test_offline_while_offered_declines_first(self):
        ride, driver, offer = self.c.reach("offered")
        a = self.c.offline(driver)
        self.assertEqual((a.code, a.extra["state"]), ("ok", "offline"))
        self.assertEqual((self.c.ride(ride)["status"], self.c.ride(ride)["attempt"]), ("requested", "2"))
        self.assertEqual(self.c.events(ride)[-1]["type"], "decline")

    def test_offline_and_break_on_a_ride_are_refused(self):
        ride, driver, lease = self.c.reach("assigned")
        for name in ("driver_offline", "driver_break"):
            a = self.unchanged(lambda: self.c.call(name, driver))
            self.assertEqual((a.code, a.ride["ride_id"]), ("driver_on_ride", ride))

    def test_a_block_on_a_trip_takes_effect_after_it(self):
        ride, driver, lease = self.c.reach("in_progress")
        a = self.c.call("driver_block", driver, "papers")
        self.assertEqual((a.extra["state"], a.extra["block_pending"]), ("on_trip", "1"))
        self.c.call("ride_complete", ride, driver, lease, "", "", "")
        d = self.c.driver(driver)
        self.assertEqual((d["state"], d["block_pending"], d["ride"]), ("blocked", "", ""))
        self.assertEqual(self.c.online(driver).code, "driver_blocked")
        self.c.call("driver_unblock", driver)
        self.assertEqual(self.c.online(driver).code, "ok")

    def test_a_ping_after_offline_leaves_him_out(self):
        self.c.online("la-d1")
        self.c.offline("la-d1")
        a = self.unchanged(lambda: self.c.call("driver_seen", "la-d1", "34", "-118"))
        self.assertEqual((a.code, a.extra["state"]), ("ok", "offline"))

    def test_seen_puts_back_only_whom_his_state_allows(self):
        ride, driver, lease = self.c.reach("assigned")
        self.c.db.delete(city.SEEN, city.ACTIVE, city.IDLE)
        a = self.c.call("driver_seen", driver, "34.1", "-118.2")
        self.assertEqual((a.extra["state"], a.extra["ride"], a.extra["lease"]), ("assigned", ride, lease))
        self.assertIsNotNone(self.c.db.zscore(city.ACTIVE, driver))
        self.assertFalse(self.c.is_idle(driver))
        self.c.online("la-d2")
        self.c.db.delete(city.SEEN, city.ACTIVE, city.IDLE)
        self.c.call("driver_seen", "la-d2", "34.1", "-118.2")
        self.assertTrue(self.c.is_idle("la-d2"))

    # readers

    def test_readers_write_nothing_and_work_on_replicas(self):
        ride, driver, lease = self.c.reach("offered")
        ro = lambda name, *args: city.Answer(self.c.db.execute_command("FCALL_RO", name + "_v1", 1, EVENTS, *args))
        before = self.c.dump()
        self.assertEqual(ro("ride_get", ride).ride["status"], "offered")
        self.assertEqual(ro("ride_get", "la-NONE").code, "not_found")
        self.assertEqual(ro("snapshot_rider", "rider-1").ride["ride_id"], ride)
        self.assertEqual(ro("snapshot_rider", "nobody").ride, {})
        a = ro("snapshot_driver", driver)
        self.assertEqual((a.extra["state"], a.extra["offer"], a.ride["ride_id"]), ("offered", lease, ride))
        self.assertEqual(ro("snapshot_driver", "la-none").code, "not_found")
        self.assertEqual(ro("versions", ride, "la-NONE").extra["versions"], ["2", "0"])
        self.assertEqual(ro("revision").code, "ok")
        self.assertEqual(self.c.dump(), before)

    def test_only_an_outbox_is_a_key(self):
        for key in ("rides:events:la", "rides:events:{}", "rides:events:{l}a", "x"):
            with self.assertRaises(redis.ResponseError):
                self.c.db.execute_command("FCALL", "ride_get_v1", 1, key, "la-1")


if __name__ == "__main__":
    city.main()
