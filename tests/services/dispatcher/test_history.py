"""The history over HTTP: who sees which finished rides, page by page, and what outlives a killed dispatcher."""

import gzip
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from city import EVENTS
from harness import until
from test_deadlines import Here

QUICK = ["--chore-interval", "10ms", "--leader-lease", "300ms", "--regions", "la", "--claim-after", "200ms"]


class History(harness.TestCase):
    services = {"dispatcher": QUICK}

    def setUp(self):
        self.city = city.City(Here(self.store))

    def get(self, path, role="ops", sub="op"):
        return self.http("dispatcher", "GET", path, role=role, sub=sub)

    def ended(self, n=1, rider="rider-1", status="cancelled"):
        """So many finished rides, once they are history."""
        rides = [self.city.reach(status, rider=rider)[0] for _ in range(n)]
        until(lambda: all(self.city.history(r) for r in rides), "the history")
        return rides

    def test_each_party_sees_its_own_rides_and_ops_all(self):
        ride, driver, _ = self.city.reach("completed", rider="r-1")
        other = self.city.reach("cancelled", rider="r-2")[0]
        until(lambda: self.city.history(ride) and self.city.history(other), "the history")

        def ids(path, role, sub):
            reply = self.get(path, role, sub)
            self.assertEqual(reply.status, 200, reply)
            return [r["ride_id"] for r in reply.json["items"]]
        past = "?status=past&region=la"
        self.assertEqual(ids("/v1/riders/r-1/rides" + past, "rider", "r-1"), [ride])
        self.assertEqual(ids("/v1/riders/r-1/rides" + past, "ops", "op"), [ride])
        self.assertEqual(ids("/v1/drivers/%s/rides?status=past" % driver, "driver", driver), [ride])
        self.assertEqual(set(ids("/v1/ops/rides?region=la", "ops", "op")), {ride, other})
        self.refused(self.get("/v1/riders/r-1/rides" + past, "rider", "r-2"), 403, "forbidden")
        self.refused(self.get("/v1/drivers/la-d9/rides?status=past", "driver", driver), 403, "forbidden")
        self.refused(self.get("/v1/ops/rides?region=la", "rider", "r-1"), 403, "forbidden")
        self.refused(self.get("/v1/ops/rides?region=nowhere"), 404, "not_found")
        for bad in ("status=all", "status=past&limit=0", "status=past&limit=101", "status=past&cursor=a/b"):
            self.refused(self.get("/v1/riders/r-1/rides?region=la&" + bad), 422, "invalid_value")
        for bad in ("x", "1764.", "99999999999999999999.la-1"):
            self.assertEqual(self.get("/v1/ops/rides?region=la&cursor=" + bad).status, 200)

    def test_pages(self):
        rides = self.ended(7)
        seen, cursor = [], ""
        while cursor is not None:
            page = self.get("/v1/ops/rides?region=la&limit=3" + (cursor and "&cursor=" + cursor)).json
            seen += [r["ride_id"] for r in page["items"]]
            cursor = page["next_cursor"]
        self.assertEqual(sorted(seen), sorted(rides))

    def test_a_ride_is_found_after_its_hash_has_gone_and_by_its_parties_only(self):
        ride, driver, _ = self.city.reach("completed", rider="r-1")
        until(lambda: self.city.history(ride), "the history")
        before = self.get("/v1/rides/" + ride, "rider", "r-1").json
        self.db.delete(city.ride_key(ride))
        after = self.get("/v1/rides/" + ride, "rider", "r-1")
        self.assertEqual(after.headers["ETag"], '"v%d"' % before["version"])
        before.pop("start_code")
        self.assertEqual(after.json, before)
        self.assertEqual(self.get("/v1/rides/" + ride, "driver", driver).json["lease_id"], ride + ".1")
        self.refused(self.get("/v1/rides/" + ride, "rider", "r-2"), 404, "not_found")
        self.refused(self.get("/v1/rides/la-NEVER"), 404, "not_found")
        d = self.running["dispatcher"]
        self.assertEqual(d.metric("hansom_history_lookups_total", result="found"), 3)
        unknown = "filtered" if self.city.has_family("BF.ADD") else "absent"
        self.assertGreaterEqual(d.metric("hansom_history_lookups_total", result=unknown), 1)

    def test_a_rating_over_http(self):
        ride, driver, _ = self.city.reach("completed", rider="r-1")

        def rate(role, sub, **body):
            return self.http("dispatcher", "POST", "/v1/rides/%s/rate" % ride, body, role=role, sub=sub)
        for bad in ({"stars": 0}, {"stars": 6}, {"stars": "5"}, {}, {"stars": 5, "tags": "x"},
                    {"stars": 5, "tags": ["a,b"]}, {"stars": 5, "tags": ["x"] * 9}):
            self.refused(rate("rider", "r-1", **bad), 422, "invalid_value")
        self.refused(rate("rider", "r-2", stars=5), 404, "not_found")
        given = rate("rider", "r-1", stars=4, tags=["clean", "calm"])
        self.assertEqual((given.status, given.json["stars"]), (200, 4))
        self.assertEqual(rate("rider", "r-1", stars=4, tags=["clean", "calm"]).json, given.json)
        self.refused(rate("rider", "r-1", stars=1), 409, "illegal_transition")
        self.assertEqual(rate("driver", driver, stars=3).json["stars"], 3)
        until(lambda: (self.city.history(ride) or {}).get("rider_stars") == 3, "the history")
        (shown,) = self.get("/v1/ops/rides?region=la").json["items"]
        self.assertEqual((shown["driver_stars"], shown["rider_stars"]), (4, 3))
        live = self.city.reach("in_progress", "la-d7", "r-7")[0]
        reply = self.http("dispatcher", "POST", "/v1/rides/%s/rate" % live, {"stars": 5},
                          role="rider", sub="r-7")
        self.refused(reply, 409, "illegal_transition")

    def test_killed_in_the_middle_every_ride_counts_once(self):
        d = self.running["dispatcher"]
        self.assertEqual(d.stop(), 0)
        rides = [self.city.reach("completed", "la-d1", "r-%d" % i)[0] for i in range(60)]
        board = "leaderboard:{la}:trips:all"
        kills = 0
        while kills < 4 and self.db.zcard("rides-ended:{la}") < len(rides):
            before = self.db.zcard("rides-ended:{la}")
            d.launch()
            until(lambda: self.db.zcard("rides-ended:{la}") > before, "a document")
            d.kill()
            kills += 1
        d.launch()
        d.wait_ready()
        until(lambda: self.db.zcard("rides-ended:{la}") == len(rides), "all documents")
        until(lambda: self.db.xpending(EVENTS, "projector")["pending"] == 0, "the claims")
        self.assertEqual(self.db.zscore(board, "la-d1"), len(rides))
        self.assertGreater(kills, 0)

    def test_an_entry_that_cannot_be_counted_becomes_a_dead_letter_and_is_redriven(self):
        self.db.set("rides-ended:{la}", "planted")
        ride = self.city.reach("cancelled")[0]
        until(lambda: self.db.xlen(city.DEAD) == 1, "the dead letter")
        (letter,) = self.get("/v1/ops/dead-letters?region=la").json["items"]
        self.assertEqual((letter["reason"], letter["ride_id"]), ("projection", ride))
        self.assertIn("WRONGTYPE", letter["last_error"])
        self.assertEqual(json.loads(letter["entry"])["type"], "rider_cancel")
        redrive = "/v1/ops/dead-letters/%s/redrive?region=la" % letter["id"]
        self.assertEqual(self.http("dispatcher", "POST", redrive, role="ops").status, 500)
        self.db.delete("rides-ended:{la}")
        self.assertEqual(self.http("dispatcher", "POST", redrive, role="ops").status, 204)
        self.assertEqual(self.city.history(ride)["status"], "cancelled")
        self.refused(self.http("dispatcher", "POST", redrive, role="ops"), 404, "not_found")

    # --- what is counted ---

    def test_boards_for_all_and_earnings_for_ops_and_oneself(self):
        for i in range(3):
            ride, driver, _ = self.city.reach("completed", "la-d%d" % min(i, 1), "r-%d" % i)
            self.city.call("ride_settle", ride, '{"amount_minor":900}', 900, "", "")
        until(lambda: self.db.zscore("leaderboard:{la}:earnings:all", "la-d1") == 1800, "the earnings")

        def rows(query, role="rider", sub="r-1"):
            reply = self.get("/v1/leaderboards/drivers?region=la&" + query, role, sub)
            self.assertEqual(reply.status, 200, reply)
            return reply.json["items"]
        expected = [{"rank": 1, "driver_id": "la-d1", "trips": 2}, {"rank": 2, "driver_id": "la-d0", "trips": 1}]
        for period in ("day", "week", "all"):
            self.assertEqual(rows("period=" + period), expected)
        self.assertEqual(rows("limit=1"), expected[:1])
        self.assertEqual(rows("day=20200229"), [])
        own = [{"rank": 2, "driver_id": "la-d0", "earnings": {"amount_minor": 900, "currency": "USD"}}]
        self.assertEqual(rows("by=earnings", "driver", "la-d0"), own)
        self.assertEqual(rows("by=earnings", "driver", "la-d9"), [])
        self.assertEqual(len(rows("by=earnings", "ops", "op")), 2)
        self.refused(self.get("/v1/leaderboards/drivers?region=la&by=earnings", "rider", "r-1"), 403, "forbidden")
        for bad in ("period=year", "by=stars", "limit=0", "day=20260231", "day=x"):
            self.refused(self.get("/v1/leaderboards/drivers?region=la&" + bad), 422, "invalid_value")
        self.refused(self.get("/v1/leaderboards/drivers?region=sf"), 404, "not_found")

    def test_stats_and_trending(self):
        self.city.reach("completed", rider="r-1")
        self.city.reach("cancelled", rider="r-2")
        until(lambda: self.get("/v1/ops/stats?region=la").json["active_riders"] == 2, "the counts")
        stats = self.get("/v1/ops/stats?region=la").json
        self.assertEqual((stats["active_drivers"], stats["unique_riders"], stats["unique_riders_7_days"]), (1, 2, 2))
        self.assertEqual([r["days"] for r in stats["retention"]], [1, 7, 28])
        self.assertEqual(self.get("/v1/ops/stats?region=la&day=20200101").json["active_riders"], 0)
        trending = self.get("/v1/ops/trending?region=la")
        if not self.city.has_family("TOPK.ADD"):
            self.refused(trending, 501, "not_supported")
            return
        (cell,) = trending.json["items"]
        self.assertEqual(cell["rides"], 2)
        self.assertTrue(abs(cell["lat"] - 34.05) < 0.02 and abs(cell["lon"] + 118.24) < 0.02, cell)

    # --- hansom archive, hansom erase ---

    def hansom(self, *args, code=0, **kw):
        done = subprocess.run([os.path.join(harness.BIN, "hansom"), *args, "--store",
                               "redis://127.0.0.1:%d" % self.store.port, "--region", "la"],
                              capture_output=True, text=True, timeout=60, cwd=harness.ROOT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    @staticmethod
    def archived(folder):
        docs = []
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".part"):
                with gzip.open(os.path.join(folder, name), "rt") as f:
                    docs += [json.loads(line) for line in f]
        return docs

    def test_old_rides_go_to_files_and_young_ones_stay(self):
        rides = self.ended(7)
        for ride in rides[:5]:
            self.db.zincrby("rides-ended:{la}", -91 * 86400 * 1000, ride)
        folder = os.path.join(self.store.dir, "archive-old")
        self.assertEqual(self.hansom("archive", folder, "--batch", "2"), "la: 5 rides archived\n")
        self.assertEqual(sorted(d["ride_id"] for d in self.archived(folder)), sorted(rides[:5]))
        self.assertEqual(self.archived(folder)[0]["rider_id"], "rider-1")
        for ride in rides:
            self.assertEqual(self.city.history(ride) is None, ride in rides[:5])
        self.assertEqual(self.hansom("archive", folder), "la: 0 rides archived\n")
        self.assertIn("usage", self.hansom("archive", code=64))
        self.assertIn("/dev/null", self.hansom("archive", "/dev/null/x", code=1))

    def test_a_ride_that_changes_after_it_was_archived_costs_no_other_its_file(self):
        rides = self.ended(3, status="completed")
        folder = os.path.join(self.store.dir, "archive-changed")
        self.hansom("archive", folder, "--older-than", "0s")
        first = self.archived(folder)[0]
        self.assertEqual(self.city.call("ride_rate", first["ride_id"], "rider-1", "rider", 5, "").code, "ok")
        until(lambda: self.city.history(first["ride_id"]), "the history")
        self.assertEqual(self.hansom("archive", folder, "--older-than", "0s"), "la: 1 rides archived\n")
        there = self.archived(folder)
        self.assertEqual({d["ride_id"] for d in there}, set(rides))
        self.assertEqual([d["driver_stars"] for d in there if "driver_stars" in d], [5])

    def test_an_archive_killed_again_and_again_loses_nothing_and_repeats_nothing(self):
        rides = self.ended(40)
        folder = os.path.join(self.store.dir, "archive-killed")
        os.mkdir(folder)
        args = [os.path.join(harness.BIN, "hansom"), "archive", folder, "--older-than", "0s", "--batch",
                "3", "--store", "redis://127.0.0.1:%d" % self.store.port, "--region", "la"]
        kills = 0
        while kills < 6 and self.db.zcard("rides-ended:{la}") > 3:
            had = len(os.listdir(folder))
            p = subprocess.Popen(args, stdout=subprocess.DEVNULL, cwd=harness.ROOT)
            until(lambda: len(os.listdir(folder)) > had or p.poll() is not None, "a file")
            p.kill()
            p.wait()
            kills += 1
            left = self.db.zrange("rides-ended:{la}", 0, -1)
            there = [d["ride_id"] for d in self.archived(folder)]
            self.assertEqual(set(left) | set(there), set(rides), "lost")
        self.assertGreater(kills, 0)
        self.hansom("archive", folder, "--older-than", "0s", "--batch", "3")
        self.assertEqual(sorted(d["ride_id"] for d in self.archived(folder)), sorted(rides))
        self.assertEqual(self.db.zcard("rides-ended:{la}"), 0)

    def test_erasing_a_rider_says_what_it_did_and_again_is_harmless(self):
        self.ended(3, "r-gone")
        self.assertIn("--rider is needed", self.hansom("erase", code=64))
        out = self.hansom("erase", "--rider", "r-gone")
        self.assertIn("la: 3 rides in the history made nobody's, 3 rides of the last days deleted", out)
        self.assertIn("la: 0 rides in the history made nobody's", self.hansom("erase", "--rider", "r-gone"))
        self.assertEqual(self.get("/v1/riders/r-gone/rides?status=past&region=la").json["items"], [])
        (first, *_) = self.get("/v1/ops/rides?region=la").json["items"]
        self.assertEqual(first["rider_id"], "erased")
        self.city.reach("requested", rider="r-busy")
        self.assertIn("cancel it first", self.hansom("erase", "--rider", "r-busy", code=1))


if __name__ == "__main__":
    harness.main()
