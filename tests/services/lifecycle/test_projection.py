"""History and figures: applied once whatever is redelivered, the same in any order, gone when asked."""

import json

import redis

import city
from city import DEAD, EVENTS, LIMITS, TAG

ENDED = "rides-ended:" + TAG
DAY = "20261127"


def history_key(ride):
    return "history:%s:%s" % (TAG, ride)


def board(what, period="all"):
    return "leaderboard:%s:%s:%s" % (TAG, what, period)


class Projection(city.CheckedCase):
    def finished(self, n=1, rider="rider-1"):
        rides = [self.c.reach("completed", "la-d%d" % (i % 3), rider)[0] for i in range(n)]
        self.c.project()
        return rides

    def listed(self, *a):
        answer = self.c.call("history_list", *a)
        return [json.loads(d)["ride_id"] for d in answer.extra["documents"]], answer.extra["next"]

    def figures(self):
        return {k: self.c.value(k) for k in self.db.scan_iter()
                if k.startswith(("leaderboard:", "logins:", "dense:", "projection:", "hot:"))}

    # --- the document ---

    def test_every_end_becomes_a_document_without_secrets(self):
        for status in ("completed", "cancelled", "unfulfilled", "failed"):
            ride = self.c.reach(status, rider="r-" + status)[0]
            self.c.project()
            doc = self.c.history(ride)
            self.assertEqual((doc["status"], doc["rider_id"]), (status, "r-" + status))
            self.assertEqual(doc["version"], int(self.c.ride(ride)["version"]))
            self.assertEqual(doc["pickup"], {"lat": 34.05, "lon": -118.24})
            self.assertFalse({"start_code", "quote", "excluded", "traceparent"} & set(doc))
            self.assertEqual(self.listed("rider", "r-" + status, "", 10)[0], [ride])
        self.assertEqual(len(self.listed("all", "", "", 10)[0]), 4)

    def test_settlement_and_rating_change_the_document(self):
        ride = self.finished()[0]
        self.c.call("ride_settle", ride, '{"amount_minor":950,"currency":"USD"}', 950, "", "")
        self.c.call("ride_rate", ride, "rider-1", "rider", 4, "clean,calm")
        self.c.project()
        doc = self.c.history(ride)
        self.assertEqual((doc["final_minor"], doc["driver_stars"], doc["driver_tags"]),
                         (950, 4, "clean,calm"))
        self.assertEqual(len(self.listed("rider", "rider-1", "", 10)[0]), 1)

    def test_the_ride_stays_a_week_or_a_day_once_it_is_history(self):
        ride = self.c.reach("completed")[0]
        self.assertGreater(self.db.pttl(city.ride_key(ride)), LIMITS["KEEP_MS"])
        self.c.project()
        self.assertTrue(0 < self.db.pttl(city.ride_key(ride)) <= LIMITS["KEEP_MS"])

    def test_notes_with_quotes_and_umlauts_come_back_whole(self):
        ride = self.c.reach("completed")[0]
        note = 'tür "links"\n\\ ☂'
        self.db.hset(city.ride_key(ride), "note", note)
        self.c.project()
        self.assertEqual(self.c.history(ride)["note"], note)

    def test_a_redriven_ride_leaves_the_history_until_it_ends_again(self):
        ride = self.c.reach("failed")[0]
        self.c.project()
        self.assertEqual(self.c.history(ride)["status"], "failed")
        self.c.call("ride_redrive", ride, "")
        self.c.project()
        self.assertIsNone(self.c.history(ride))
        self.assertEqual(self.listed("rider", "rider-1", "", 10)[0], [])
        self.assertEqual(self.db.zcard(ENDED), 0)
        self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "other", "")
        self.c.project()
        self.assertEqual(self.c.history(ride)["status"], "cancelled")

    # --- once ---

    def test_an_entry_read_twice_counts_once(self):
        ride = self.c.reach("completed", "la-d1")[0]
        self.db.xgroup_create(EVENTS, "projector", "0")
        entries = [id for id, _ in self.db.xreadgroup("projector", "p1", {EVENTS: ">"})[0][1]]

        def apply():
            return [self.c.call("project", "projector", id, DAY, "2026W48", "c0ffee00").code
                    for id in entries]
        self.assertEqual(set(apply()), {"ok"})
        before = self.figures(), self.c.history(ride)
        self.assertEqual(set(apply()), {"stale_entry"})
        self.assertEqual((self.figures(), self.c.history(ride)), before)
        self.assertEqual(self.db.zscore(board("trips"), "la-d1"), 1)
        self.assertEqual(self.db.xpending(EVENTS, "projector")["pending"], 0)

    def test_any_order_of_entries_comes_to_the_same_end(self):
        ends = []
        for backwards in (False, True):
            self.c.clear()
            self.c.rides = 0
            ride = self.c.reach("completed", "la-d1")[0]
            self.c.call("ride_settle", ride, '{"amount_minor":950}', 950, "", "")
            self.c.call("ride_rate", ride, "rider-1", "rider", 5, "")
            self.db.xgroup_create(EVENTS, "projector", "0")
            entries = [id for id, _ in self.db.xreadgroup("projector", "p1", {EVENTS: ">"})[0][1]]
            for id in reversed(entries) if backwards else entries:
                self.c.call("project", "projector", id, DAY, "2026W48", "")
            doc = self.c.history(ride)
            ends.append((doc["version"], doc["final_minor"], doc["driver_stars"],
                         self.db.zrange(board("earnings"), 0, -1, withscores=True),
                         self.db.zrange(board("trips"), 0, -1, withscores=True)))
        self.assertEqual(ends[0], ends[1])
        self.assertEqual(ends[0][3:], ([("la-d1", 950.0)], [("la-d1", 1.0)]))

    def test_an_entry_that_was_trimmed_away_is_acknowledged(self):
        self.c.reach("requested")
        self.db.xgroup_create(EVENTS, "projector", "0")
        (id, _), = self.db.xreadgroup("projector", "p1", {EVENTS: ">"})[0][1]
        self.db.xdel(EVENTS, id)
        self.assertEqual(self.c.call("project", "projector", id, DAY, "2026W48", "").code, "stale_entry")
        self.assertEqual(self.db.xpending(EVENTS, "projector")["pending"], 0)

    # --- what cannot be applied ---

    def test_the_fifth_delivery_is_a_dead_letter_that_can_be_applied_again(self):
        ride = self.c.reach("completed", "la-d1")[0]
        self.db.set(ENDED, "planted")
        self.db.xgroup_create(EVENTS, "projector", "0")
        id = self.db.xreadgroup("projector", "p1", {EVENTS: ">"})[0][1][-1][0]

        def apply():
            return self.c.call("project", "projector", id, DAY, "2026W48", "")
        for _ in range(4):
            with self.assertRaisesRegex(redis.ResponseError, "^WRONGTYPE .*rides-ended"):
                apply()
            self.assertEqual(self.db.xlen(DEAD), 0)
            self.db.xclaim(EVENTS, "projector", "p2", 0, [id])
        self.assertEqual(apply().extra["did"], "dead_letter")
        self.assertEqual(apply().code, "stale_entry")
        (dead, letter), = self.db.xrange(DEAD)
        self.assertEqual((letter["reason"], letter["ride_id"], letter["deliveries"], letter["group"]),
                         ("projection", ride, "5", "projector"))
        self.assertIn("WRONGTYPE", letter["last_error"])
        with self.assertRaises(redis.ResponseError):
            self.c.call("project_again", dead)
        self.assertEqual(self.db.xlen(DEAD), 1, "kept while its cause is there")
        self.db.delete(ENDED)
        self.assertEqual(self.c.call("project_again", dead).code, "ok")
        self.assertEqual(self.c.call("project_again", dead).code, "not_found")
        self.assertEqual(self.c.history(ride)["status"], "completed")
        self.assertEqual(self.db.zscore(board("trips"), "la-d1"), 1)

    # --- lists ---

    def test_pages_show_every_ride_once_newest_first_while_old_ones_are_dropped(self):
        rides = []
        for i in range(25):
            ride = self.c.reach("cancelled")[0]
            self.db.hset(city.ride_key(ride), "ended_ms", self.c.now() - 1000 * (i // 2))
            rides.append(ride)
        self.c.project()
        seen, cursor = [], ""
        while True:
            page, cursor = self.listed("rider", "rider-1", cursor, 7)
            seen += page
            if not cursor:
                break
            if len(seen) == 7: # the last ride shown leaves the list
                last = seen[-1]
                self.assertEqual(self.c.call("archive_drop", last, self.c.history(last)["version"])
                                 .extra["dropped"], "1")
        self.assertEqual(sorted(seen), sorted(rides))
        with self.assertRaises(redis.ResponseError):
            self.c.call("history_list", "anybody", "x", "", 5)

    def test_the_filter_denies_only_what_was_never_there(self):
        ride = self.finished()[0]
        bloom = self.c.has_family("BF.ADD")
        self.assertEqual(self.c.call("history_get", "la-NEVER").extra.get("filtered"), "1" if bloom else None)
        self.assertEqual(self.c.call("history_get", ride).code, "ok")
        if not bloom:
            self.skipTest("the store has no Bloom filters")
        # A filter that was lost and begun anew by somebody is not believed.
        self.db.delete("rides-known:" + TAG)
        self.assertEqual(self.c.call("history_get", ride).code, "ok")
        self.db.execute_command("BF.ADD", "rides-known:" + TAG, "something")
        self.assertEqual(self.c.call("history_get", ride).code, "ok")
        other = self.finished()[0]
        for id in (ride, other):
            self.assertEqual(self.c.call("history_get", id).code, "ok")
        self.assertIsNone(self.c.call("history_get", "la-NEVER").extra.get("filtered"))

    # --- archive and erase ---

    def test_archiving_takes_the_oldest_and_only_what_has_not_changed(self):
        rides = self.finished(3)
        for i, ride in enumerate(rides):
            self.db.zadd(ENDED, {ride: 1000 + i})
        due = self.c.call("archive_due", 1002, 10).extra
        self.assertEqual((due["rides"], due["due"]), (rides[:2], "2"))
        first = json.loads(due["documents"][0])
        self.assertEqual(self.c.call("archive_drop", rides[0], first["version"] - 1).extra["dropped"], "0")
        self.assertEqual(self.c.call("archive_drop", rides[0], first["version"]).extra["dropped"], "1")
        self.assertEqual(self.c.call("archive_drop", rides[0], first["version"]).extra["dropped"], "1",
                         "again is harmless")
        self.assertIsNone(self.c.history(rides[0]))
        self.assertEqual(sorted(self.listed("rider", "rider-1", "", 10)[0]), sorted(rides[1:]))

    def test_erasing_a_rider_leaves_the_drivers_their_rides_and_nothing_of_him(self):
        rides = self.finished(5, "r-secret") + self.finished(1, "r-other")
        self.assertEqual(self.c.call("erase_rider", "r-secret", 2).extra["left"], "3")
        answer = self.c.call("erase_rider", "r-secret", 100).extra
        self.assertEqual((answer["rides"], answer["live"], answer["left"]), ("3", "3", "0"))
        again = self.c.call("erase_rider", "r-secret", 100).extra
        self.assertEqual((again["rides"], again["live"], again["keys"], again["left"]), ("0",) * 4)
        doc = self.c.history(rides[0])
        self.assertEqual((doc["rider_id"], doc["pickup"]), ("erased", {"lat": 34.05, "lon": -118.24}))
        self.assertIn(rides[0], self.listed("driver", doc["driver_id"], "", 10)[0])
        self.db.delete(EVENTS) # the outbox forgets by itself, after its 7 days
        for key in self.db.scan_iter():
            self.assertNotIn("r-secret", key)
            if self.db.type(key) in ("string", "hash", "zset", "ReJSON-RL"):
                self.assertNotIn("r-secret", str(self.c.value(key)), key)
        self.assertEqual(self.listed("rider", "r-other", "", 10)[0], rides[5:])

    def test_a_rider_on_the_road_is_not_erased(self):
        self.c.reach("requested", rider="rider-1")
        before = self.c.dump()
        self.assertEqual(self.c.call("erase_rider", "rider-1", 10).code, "active_ride_exists")
        for bad in ("", "erased", "a b"):
            self.assertEqual(self.c.call("erase_rider", bad, 10).code, "invalid_value")
        self.assertEqual(self.c.dump(), before)

    # --- ratings ---

    def test_each_party_rates_once(self):
        ride, driver, _ = self.c.reach("completed")
        for stars in ("0", "6", "4.5", "x"):
            self.assertEqual(self.c.call("ride_rate", ride, "rider-1", "rider", stars, "").code,
                             "invalid_value")
        self.assertEqual(self.c.call("ride_rate", ride, "rider-2", "rider", 5, "").code, "not_found")
        self.assertEqual(self.c.call("ride_rate", ride, "rider-1", "rider", 5, "").code, "ok")
        again = self.c.call("ride_rate", ride, "rider-1", "rider", 5, "")
        self.assertEqual((again.code, again.extra["replayed"]), ("ok", "1"))
        self.assertEqual(self.c.call("ride_rate", ride, "rider-1", "rider", 1, "").code,
                         "illegal_transition")
        self.assertEqual(self.c.call("ride_rate", ride, driver, "driver", 3, "late").code, "ok")
        f = self.c.ride(ride)
        self.assertEqual((f["driver_stars"], f["rider_stars"], f["rider_tags"]), ("5", "3", "late"))

    def test_a_rating_moves_the_drivers_profile_once_and_never_tips_it(self):
        ride, driver, _ = self.c.reach("completed")
        key = "driver:%s:%s" % (TAG, driver)
        self.db.hset(key, mapping={"name": "Bo", "rating": "5"})
        self.c.call("ride_rate", ride, "rider-1", "rider", 1, "")
        self.c.call("ride_rate", ride, driver, "driver", 1, "") # of the rider: not the driver's
        self.c.project()
        f = self.db.hgetall(key)
        self.assertEqual((f["rating"], f["ratings"], f["completed_trips"], f["name"]),
                         ("%.4f" % (51 / 11), "1", "1", "Bo"))
        for id, _ in self.db.xrange(EVENTS):
            self.c.call("project", "projector", id, DAY, "2026W48", "")
        self.assertEqual(self.db.hgetall(key), f, "read again")
        self.db.hset(key, mapping={"rating": "4", "ratings": "100000"})
        other = self.c.reach("completed")[0]
        self.c.call("ride_rate", other, "rider-1", "rider", 5, "")
        self.c.project()
        self.assertEqual(self.db.hget(key, "rating"), "%.4f" % (2005 / 501))

    def test_a_driver_without_a_profile_and_a_damaged_one_stop_nothing(self):
        ride, driver, _ = self.c.reach("completed")
        self.c.call("ride_rate", ride, "rider-1", "rider", 1, "")
        self.c.project()
        key = "driver:%s:%s" % (TAG, driver)
        self.assertFalse(self.db.exists(key))
        self.db.set(key, "planted")
        other = self.c.reach("completed")[0]
        self.c.call("ride_rate", other, "rider-1", "rider", 1, "")
        self.c.project()
        self.assertEqual(self.c.history(other)["driver_stars"], 1)
        self.assertEqual(self.db.get(key), "planted")

    # --- figures ---

    def test_boards_days_and_cells(self):
        self.finished(7)
        self.c.reach("requested", rider="rider-2")
        self.c.project(day="20261128", week="2026W48")
        trips = self.c.call("leaderboard", "trips", "day:" + DAY, 2).extra["board"]
        self.assertEqual((trips[0], trips[1], len(trips)), ("la-d0", "3", 4))
        mine = self.c.call("leaderboard_of", "trips", "week:2026W48", "la-d2").extra
        self.assertEqual((mine["rank"], mine["value"]), ("2", "2"))
        self.assertEqual(self.c.call("leaderboard_of", "trips", "all", "la-d9").extra["rank"], "0")
        self.assertGreater(self.db.ttl(board("trips", "day:" + DAY)), 0)
        stats = self.c.call("stats", "20261128", 1, DAY, DAY).extra
        self.assertEqual((stats["active"], stats["unique_day"], stats["unique_all"]),
                         (["1", "0"], "1", "2"))
        self.assertEqual(stats["retained"], ["1", "0", "3", "0"])
        hot = self.c.call("hot_cells").extra
        if self.c.has_family("TOPK.ADD"):
            self.assertEqual((hot["supported"], hot["cells"]), ("1", ["c0ffee00", "8"]))
        else:
            self.assertEqual((hot["supported"], hot["cells"]), ("0", []))

    def test_who_comes_back_is_counted_as_retained(self):
        for day, riders in ((DAY, ("r-a", "r-b")), ("20261128", ("r-b", "r-c"))):
            for rider in riders:
                self.c.reach("cancelled", rider=rider)
            self.c.project(day=day)
        stats = self.c.call("stats", "20261128", 1, DAY, DAY).extra
        self.assertEqual((stats["active"], stats["retained"]), (["2", "0"], ["2", "1", "0", "0"]))
        self.assertEqual((stats["unique_day"], stats["unique_all"]), ("2", "3"))


if __name__ == "__main__":
    city.main()
