"""location-ingest: fixes in, index out, and every way to be refused."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness
from harness import now_ms, token, until

ACTIVE = "drivers:active:{sf}"
IDLE = "drivers:idle:{sf}:economy"
SEEN = "drivers:seen:{sf}"
LAT, LON = 37.7749, -122.4194


def point(lat=LAT, lon=LON, ts=None, **more):
    return dict({"lat": lat, "lon": lon, "ts_ms": ts if ts is not None else now_ms()}, **more)


class IngestTestCase(harness.TestCase):
    services = {"location-ingest": ["--sweep-interval", "50ms"]}
    drivers = 0

    def setUp(self):
        super().setUp()
        self.store.life("heartbeat", "sf", "run-a")
        # A driver of his own for each test: the process remembers those of the tests before.
        IngestTestCase.drivers += 1
        self.driver = "sf-%s%d" % (type(self).__name__[:4], IngestTestCase.drivers)

    def online(self, driver=None, products="economy"):
        code, _, extras = self.store.life("driver_online", "sf", driver or self.driver, LAT, LON,
                                          products, "")
        self.assertEqual((code, extras["state"]), ("ok", "idle"))

    def post(self, points, driver=None, **kw):
        driver = driver or self.driver
        body = points if isinstance(points, (str, bytes)) else {"points": points}
        kw.setdefault("bearer", token("driver", driver, "sf"))
        return self.http("location-ingest", "POST", "/v1/drivers/%s/locations" % driver, body, **kw)

    def where(self, key, driver=None):
        at = self.db.geopos(key, driver or self.driver)[0]
        return at and (round(at[1], 4), round(at[0], 4))


class Posting(IngestTestCase):
    def test_a_fix_moves_the_driver_in_all_his_indexes(self):
        self.online()
        self.assertEqual(self.post([point()]).status, 202)
        reply = self.post([point(37.7755)])
        self.assertEqual(reply.status, 202)
        self.assertEqual(reply.json, {
            "accepted": 1, "next_interval_ms": 4000,
            "dropped": {"stale": 0, "duplicate": 0, "future": 0, "inaccurate": 0, "teleport": 0}})
        self.assertEqual(self.where(ACTIVE), (37.7755, -122.4194))
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))
        self.assertLess(abs(self.db.zscore(SEEN, self.driver) - now_ms()), 5000)

    def test_of_many_points_the_newest_wins_and_all_are_judged(self):
        self.online()
        now = now_ms()
        reply = self.post([point(ts=now - 3000), point(37.775, ts=now - 2000),
                           point(37.775, ts=now - 2000), point(37.7751, ts=now - 2500),
                           point(ts=now - 60000), point(ts=now + 60000),
                           point(acc_m=5000), point(38.5, ts=now - 100),
                           point(37.7755, ts=now - 50)])
        self.assertEqual(reply.json["accepted"], 3)
        self.assertEqual(reply.json["dropped"], {"stale": 2, "duplicate": 1, "future": 1,
                                                 "inaccurate": 1, "teleport": 1})
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))

    def test_a_repeated_post_is_a_duplicate_and_changes_nothing(self):
        self.online()
        points = [point(37.7755, ts=now_ms() - 1000)]
        self.assertEqual(self.post(points).json["accepted"], 1)
        before = self.db.geopos(IDLE, self.driver)
        reply = self.post(points)
        self.assertEqual((reply.status, reply.json["accepted"]), (202, 0))
        self.assertEqual(reply.json["dropped"]["duplicate"], 1)
        self.assertEqual(self.db.geopos(IDLE, self.driver), before)

    def test_a_late_batch_after_a_tunnel_moves_nobody(self):
        self.online()
        self.assertEqual(self.post([point(37.7755)]).json["accepted"], 1)
        old = now_ms() - 120000
        reply = self.post([point(37.70, ts=old + i * 1000) for i in range(60)])
        self.assertEqual((reply.status, reply.json["dropped"]["stale"]), (202, 60))
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))
        self.assertEqual(self.post([point(37.7757)]).json["accepted"], 1)

    def test_a_future_fix_does_not_freeze_the_position(self):
        self.online()
        reply = self.post([point(ts=now_ms() + 3600000)])
        self.assertEqual(reply.json["dropped"]["future"], 1)
        self.assertEqual(self.post([point(37.7755)]).json["accepted"], 1)
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))

    def test_a_ping_after_offline_leaves_him_out_of_the_index(self):
        self.online()
        self.assertEqual(self.post([point()]).json["accepted"], 1)
        self.assertEqual(self.store.life("driver_offline", "sf", self.driver)[0], "ok")
        for i in range(3):
            self.assertEqual(self.post([point(37.775 + i / 10000)]).status, 202)
            for key in (ACTIVE, IDLE, SEEN):
                self.assertIsNone(self.db.zscore(key, self.driver), key)

    def test_a_driver_never_online_is_in_no_index(self):
        reply = self.post([point()])
        self.assertEqual((reply.status, reply.json["accepted"]), (202, 1))
        self.assertIsNone(self.db.zscore(ACTIVE, self.driver))
        self.assertFalse(self.db.exists("driver-state:{sf}:" + self.driver))

    def test_a_driver_who_was_dark_is_back_with_his_first_fix(self):
        self.online()
        self.db.zadd(SEEN, {self.driver: now_ms() - 20000})
        self.assertEqual(self.store.life("driver_dark", "sf", self.driver)[0], "ok")
        self.assertIsNone(self.db.zscore(IDLE, self.driver))
        self.assertEqual(self.post([point(37.7755)]).json["accepted"], 1)
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))

    def test_a_driver_on_break_is_moved_but_not_offered(self):
        self.online()
        self.store.life("driver_break", "sf", self.driver)
        self.assertEqual(self.post([point(37.7755)]).json["accepted"], 1)
        self.assertEqual(self.where(ACTIVE), (37.7755, -122.4194))
        self.assertIsNone(self.db.zscore(IDLE, self.driver))

    def test_positions_are_told_to_whoever_watches(self):
        self.online()
        sub = self.db.connection_pool.make_connection()
        sub.connect()
        channel = "loc:{sf}:" + self.driver
        sub.send_command("SSUBSCRIBE", channel)
        self.assertEqual(sub.read_response()[1], channel)
        self.post([point(37.7755, bearing_deg=90, speed_mps=7.26)])
        told = json.loads(sub.read_response()[2])
        sub.disconnect()
        self.assertEqual((told["driver_id"], told["lat"], told["bearing_deg"], told["speed_mps"]),
                         (self.driver, 37.7755, 90, 7.3))

    def test_metrics_count_what_became_of_pings(self):
        self.online()
        service = self.running["location-ingest"]
        before = service.metric("hansom_pings_total", result="accepted")
        self.post([point()])
        self.assertEqual(service.metric("hansom_pings_total", result="accepted"), before + 1)
        self.assertGreater(service.metric("hansom_location_freshness_seconds_count"), 0)
        self.assertGreater(service.metric("hansom_ingest_drivers"), 0)


class Refusals(IngestTestCase):
    def tearDown(self):
        for key in (ACTIVE, IDLE, SEEN):
            self.assertFalse(self.db.exists(key), key)

    def test_no_token_or_a_bad_one(self):
        for bearer in (None, "x", token("driver", self.driver, expires_s=-100),
                       token("driver", self.driver, secret="another secret of some length"),
                       token("driver", self.driver, aud="other")):
            self.refused(self.post([point()], bearer=bearer), 401, "invalid_token")

    def test_another_role_or_another_driver(self):
        for bearer in (token("rider", self.driver), token("ops", self.driver),
                       token("driver", "sf-other")):
            self.refused(self.post([point()], bearer=bearer), 403, "forbidden")

    def test_a_region_that_is_not_served(self):
        self.refused(self.post([point()], driver="xx-1"), 404, "not_found")
        self.refused(self.post([point()], driver="nodash"), 404, "not_found")

    def test_what_is_no_json(self):
        for body in ("", "{", "nonsense", '{"points":[}', '{"points":[]}x',
                     b'{"points":[{"lat":1,"lon":2,"ts_ms":3,"x":"\xff"}]}', "[" * 20000):
            self.refused(self.post(body), 400, "malformed")

    def test_values_out_of_range(self):
        for bad, where in (({"lat": 91}, "/points/0/lat"), ({"lon": -181}, "/points/0/lon"),
                           ({"lat": "x"}, "/points/0/lat"), ({"ts_ms": 1.5}, "/points/0/ts_ms"),
                           ({"ts_ms": -1}, "/points/0/ts_ms"), ({"acc_m": -1}, "/points/0/acc_m"),
                           ({"lat": None}, "/points/0/lat")):
            reply = self.post([dict(point(), **bad)])
            self.refused(reply, 422, "invalid_value")
            self.assertEqual(reply.json["errors"][0]["pointer"], where)
        self.refused(self.post([]), 422, "invalid_value")
        self.refused(self.post([point()] * 101), 422, "invalid_value")
        self.refused(self.post("[]"), 422, "invalid_value")

    def test_a_body_that_is_too_large(self):
        body = json.dumps({"points": [point()], "x": "y" * 40000})
        self.refused(self.post(body), 413, "too_large")

    def test_a_method_or_type_that_is_not_taken(self):
        path = "/v1/drivers/%s/locations" % self.driver
        reply = self.http("location-ingest", "PUT", path, {}, role="driver", sub=self.driver)
        self.refused(reply, 405, "method_not_allowed")
        reply = self.post([point()], headers={"Content-Type": "text/csv"})
        self.refused(reply, 415, "unsupported_media_type")


class Feeding(IngestTestCase):
    def feed(self, lines, **kw):
        body = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines)
        kw.setdefault("bearer", token("ops", "fleet"))
        return self.http("location-ingest", "POST", "/v1/locations:batch", body,
                         headers={"Content-Type": "application/x-ndjson"}, **kw)

    def test_each_line_is_taken_or_refused_by_its_number(self):
        self.online()
        other = self.driver + "b"
        self.online(other)
        now = now_ms()
        reply = self.feed([dict(point(37.7755, ts=now), driver_id=self.driver), "",
                           dict(point(37.7765, ts=now), driver_id=other), "{nonsense",
                           dict(point(99), driver_id=other), point(),
                           dict(point(ts=now), driver_id="xx-1"),
                           dict(point(ts=now - 60000), driver_id=other),
                           dict(point(37.7765, ts=now), driver_id=other)])
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json, {"accepted": 2, "rejected": [
            {"line": 4, "code": "malformed"}, {"line": 5, "code": "invalid_value"},
            {"line": 6, "code": "invalid_value"}, {"line": 7, "code": "not_found"},
            {"line": 8, "code": "stale"}, {"line": 9, "code": "duplicate"}]})
        self.assertEqual(self.where(IDLE), (37.7755, -122.4194))
        self.assertEqual(self.where(IDLE, other), (37.7765, -122.4194))

    def test_a_thousand_drivers_arrive(self):
        names = ["%s-%d" % (self.driver, i) for i in range(1000)]
        for name in names:
            self.db.geoadd(ACTIVE, (LON, LAT, name))
            self.db.zadd(SEEN, {name: now_ms()})
            self.db.hset("driver-state:{sf}:" + name, mapping={"state": "idle", "products": "xl"})
        reply = self.feed([dict(point(37.7755), driver_id=name) for name in names])
        self.assertEqual((reply.status, reply.json["accepted"]), (200, 1000))
        self.assertEqual(self.where(ACTIVE, names[-1]), (37.7755, -122.4194))
        self.assertEqual(self.db.zcard("drivers:idle:{sf}:xl"), 1000)

    def test_only_ops_may(self):
        self.refused(self.feed([], bearer=token("driver", "sf-1")), 403, "forbidden")
        self.refused(self.feed([], bearer=None), 401, "invalid_token")

    def test_nothing_is_nothing(self):
        self.assertEqual(self.feed([]).json, {"accepted": 0, "rejected": []})


class Nearby(IngestTestCase):
    def look(self, role="rider", sub=None, **query):
        query = dict({"lat": LAT, "lon": LON}, **query)
        text = "&".join("%s=%s" % kv for kv in query.items())
        return self.http("location-ingest", "GET", "/v1/drivers/nearby?" + text, role=role,
                         sub=sub or "r-%s" % self.id().rsplit(".")[-1][:40])

    def test_riders_see_few_idle_drivers_on_a_grid_under_changing_names(self):
        for i in range(15):
            self.online("%s-%d" % (self.driver, i))
        self.online(self.driver + "-xl", products="xl")
        reply = self.look()
        self.assertEqual(reply.status, 200)
        items = reply.json["items"]
        self.assertEqual(len(items), 10)
        for item in items:
            self.assertEqual(set(item), {"marker_id", "lat", "lon", "distance_m", "bearing_deg"})
            self.assertNotIn(self.driver, item["marker_id"])
            self.assertEqual((item["lat"], item["lon"]), (items[0]["lat"], items[0]["lon"]))
        self.assertEqual(len({i["marker_id"] for i in items}), 10)
        again = {i["marker_id"] for i in self.look().json["items"]}
        stranger = {i["marker_id"] for i in self.look(sub="r-stranger").json["items"]}
        self.assertEqual(again & {i["marker_id"] for i in items}, again)
        self.assertFalse(stranger & again)
        self.assertEqual(len(self.look(product="xl").json["items"]), 1)

    def test_ops_see_everybody_by_name(self):
        self.online()
        self.online(self.driver + "-xl", products="xl")
        reply = self.look(role="ops", limit=100, radius_m=20000)
        self.assertEqual({i["marker_id"] for i in reply.json["items"]},
                         {self.driver, self.driver + "-xl"})
        self.assertAlmostEqual(reply.json["items"][0]["lat"], LAT, 4)

    def test_bad_queries(self):
        for query in ({"lat": 91}, {"lon": "x"}, {"limit": 11}, {"limit": 0},
                      {"radius_m": 5001}, {"radius_m": -1}, {"product": "no%20such"},
                      {"product": "limousine"}, {"lat": ""}, {"lat": "nan"}):
            self.refused(self.look(**query), 422, "invalid_value")
        self.refused(self.look(lat=0, lon=0), 422, "location_not_serviceable")

    def test_only_riders_and_ops_may(self):
        self.refused(self.look(role="driver", sub="sf-1"), 403, "forbidden")

    def test_riders_are_held_to_a_rate(self):
        replies = [self.look(sub="r-greedy") for _ in range(12)]
        self.assertEqual([r.status for r in replies[:10]], [200] * 10)
        self.refused(replies[-1], 429, "rate_limited")
        self.assertGreaterEqual(int(replies[-1].headers["Retry-After"]), 1)
        self.assertEqual(self.look(sub="r-patient").status, 200)
        self.assertEqual([self.look(role="ops", sub="o").status for _ in range(12)], [200] * 12)


class Sweeping(IngestTestCase):
    def test_a_silent_driver_leaves_the_idle_index_and_comes_back(self):
        self.online()
        self.post([point()])
        self.db.zadd(SEEN, {self.driver: now_ms() - 16000})
        until(lambda: self.db.zscore(IDLE, self.driver) is None, "the sweep")
        self.assertIsNotNone(self.db.zscore(ACTIVE, self.driver))
        service = self.running["location-ingest"]
        self.assertGreaterEqual(service.metric("hansom_drivers_darkened_total", region="sf"), 1)

    def test_much_of_a_region_silent_at_once_is_held(self):
        names = ["%s-%d" % (self.driver, i) for i in range(20)]
        for name in names:
            self.online(name)
        old = now_ms() - 16000
        self.db.zadd(SEEN, {name: old for name in names})
        service = self.running["location-ingest"]
        until(lambda: service.metric("hansom_stale_sweep_held", region="sf") == 1, "the alarm")
        self.assertEqual(self.db.zcard(IDLE), 20)
        self.db.zadd(SEEN, {name: now_ms() for name in names})
        until(lambda: service.metric("hansom_stale_sweep_held", region="sf") == 0, "its end")


class TwoProcesses(harness.TestCase):
    services = {"location-ingest": []}

    def test_either_process_takes_a_driver_and_both_agree(self):
        self.store.life("heartbeat", "sf", "run-a")
        self.store.life("driver_online", "sf", "sf-two", LAT, LON, "economy", "")
        other = harness.Service("location-ingest", self.store)
        try:
            for i in range(6):
                service = other if i % 2 else self.running["location-ingest"]
                reply = service.http("POST", "/v1/drivers/sf-two/locations",
                                     {"points": [point(37.775 + i / 10000)]},
                                     bearer=token("driver", "sf-two"))
                self.assertEqual((reply.status, reply.json["accepted"]), (202, 1))
            at = self.db.geopos(IDLE, "sf-two")[0]
            self.assertAlmostEqual(at[1], 37.7755, 4)
        finally:
            self.assertEqual(other.stop(), 0)


class LostStore(harness.TestCase):
    services = {"location-ingest": ["--store-timeout", "300ms"]}

    def test_what_the_store_did_not_acknowledge_is_not_accepted(self):
        self.store.life("heartbeat", "sf", "run-a")
        self.store.life("driver_online", "sf", "sf-lost", LAT, LON, "economy", "")
        service = self.running["location-ingest"]

        def post(points):
            return service.http("POST", "/v1/drivers/sf-lost/locations", {"points": points},
                                bearer=token("driver", "sf-lost"))
        self.assertEqual(post([point()]).status, 202)
        self.store.kill()
        points = [point(37.7755)]
        self.refused(post(points), 503, "store_unavailable")

        # A new store knows nothing. The same fix, sent again, is no duplicate, and the driver is
        # asked for again, so he stands in the index as soon as he is known.
        self.store.start()
        type(self).db = self.store.db
        self.store.clear()
        self.store.life("heartbeat", "sf", "run-b")
        self.store.life("driver_online", "sf", "sf-lost", LAT, LON, "economy", "")
        self.store.db.zrem(IDLE, "sf-lost")
        points[0]["ts_ms"] = max(points[0]["ts_ms"], now_ms() - 5000)
        reply = until(lambda: (lambda r: r if r.status == 202 else None)(post(points)), "a 202")
        self.assertEqual(reply.json["accepted"], 1)
        self.assertAlmostEqual(self.store.db.geopos(IDLE, "sf-lost")[0][1], 37.7755, 4)


if __name__ == "__main__":
    harness.main()
