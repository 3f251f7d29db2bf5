"""pricing: quotes, products and surge over HTTP."""

import datetime
import hashlib
import hmac
import math

from town import PICKUP, DROPOFF, IDLE, TestCase, cell_of, harness
from harness import b64, now_ms, token, until

CELL = cell_of(PICKUP["lat"], PICKUP["lon"])


def iso(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Quotes(TestCase):
    services = {"pricing": ["--surge-interval", "10m"]}

    def test_a_quote_says_everything_and_its_lines_add_up(self):
        reply = self.quote()
        self.assertEqual(reply.status, 201, reply)
        q = reply.json
        self.assertEqual(q["product"], "economy")
        self.assertEqual(q["fare"]["currency"], "USD")
        self.assertEqual(sum(x["amount_minor"] for x in q["fare_breakdown"]),
                         q["fare"]["amount_minor"])
        self.assertTrue(2800 < q["distance_m"] < 3400)
        self.assertEqual(q["duration_s"], math.ceil(q["distance_m"] / 7))
        self.assertEqual(q["surge"], {"multiplier": 1, "cell": CELL, "snapshot_id": "none"})
        self.assertEqual(q["fees"]["cancel"], {"amount_minor": 500, "currency": "USD"})
        self.assertIsNone(q["pickup_eta_s"])
        self.assertTrue(q["expires_at"].endswith("Z"))

    def test_the_token_is_signed_over_the_rider_the_region_and_all_of_it(self):
        reply = self.quote(sub="r-77")
        version, kid, claims, mac = reply.json["quote_token"].split(".")
        secret = hmac.new(harness.SECRET.encode(), b"hansom quote tokens", hashlib.sha256).digest()
        text = ".".join((version, kid, claims)).encode()
        self.assertEqual(mac, b64(hmac.new(secret, text, hashlib.sha256).digest()))
        c = self.claims(reply)
        self.assertEqual((c["rider_id"], c["region"]), ("r-77", "sf"))
        self.assertEqual(c["fare_minor"], reply.json["fare"]["amount_minor"])
        self.assertEqual(c["pickup"], PICKUP)
        self.assertAlmostEqual(c["expires_ms"], now_ms() + 300000, delta=20000)

    def test_stops_make_the_trip_longer(self):
        direct = self.quote().json
        round_about = self.quote(stops=[{"lat": 37.75, "lon": -122.45}]).json
        self.assertGreater(round_about["distance_m"], direct["distance_m"] + 3000)
        self.assertGreater(round_about["fare"]["amount_minor"], direct["fare"]["amount_minor"])

    def test_the_nearest_idle_driver_decides_the_pickup_eta(self):
        self.db.geoadd(IDLE, (PICKUP["lon"], PICKUP["lat"] + 0.009, "sf-1"))  # 1 km
        self.db.geoadd(IDLE, (PICKUP["lon"], PICKUP["lat"] + 0.05, "sf-2"))
        self.assertAlmostEqual(self.quote().json["pickup_eta_s"], 186, delta=2)
        self.assertIsNone(self.quote(product="xl").json["pickup_eta_s"])

    def test_a_scheduled_quote_keeps_its_time(self):
        reply = self.quote(pickup_at=iso(3600))
        self.assertAlmostEqual(self.claims(reply)["pickup_at_ms"], now_ms() + 3600000, delta=20000)

    def test_what_is_not_valid_is_refused(self):
        for bad in ({"pickup": None}, {"pickup": 7}, {"pickup": {"lat": 91, "lon": 0}},
                    {"pickup": {"lat": "x", "lon": 0}}, {"dropoff": {"lat": 1}}, {"stops": 1},
                    {"stops": [PICKUP] * 6}, {"stops": [1]}, {"product": ""}, {"product": 7},
                    {"product": "limousine"}, {"pickup_at": "soon"}, {"pickup_at": iso(-3600)},
                    {"pickup_at": iso(10 * 86400)}):
            reply = self.quote(**bad)
            self.refused(reply, 422, "invalid_value")
            self.assertTrue(reply.json["errors"][0]["pointer"].startswith("/"), reply)

    def test_places_that_we_do_not_serve(self):
        self.refused(self.quote(pickup={"lat": 0, "lon": 0}), 422, "location_not_serviceable")
        self.refused(self.quote(dropoff={"lat": 45, "lon": -122}), 422, "location_not_serviceable")

    def test_what_is_no_json_or_too_much(self):
        def post(body):
            return self.http("pricing", "POST", "/v1/quotes", body, role="rider")
        self.refused(post("{"), 400, "malformed")
        self.refused(post("[]"), 400, "malformed")
        self.refused(post('{"pickup":"' + "x" * 9000 + '"}'), 413, "too_large")

    def test_only_riders_ask_for_quotes(self):
        for bearer, status, code in (
                (None, 401, "invalid_token"), ("junk", 401, "invalid_token"),
                (token("rider", "r-1", expires_s=-100), 401, "invalid_token"),
                (token("rider", "r-1", secret="of somebody else entirely"), 401, "invalid_token"),
                (token("driver", "sf-1"), 403, "forbidden"), (token("ops", "o"), 403, "forbidden")):
            reply = self.http("pricing", "POST", "/v1/quotes",
                              {"pickup": PICKUP, "dropoff": DROPOFF}, bearer=bearer)
            self.refused(reply, status, code)

    def test_a_wrong_type_in_the_store_is_our_fault_and_no_crash(self):
        self.db.set("surge:{sf}", "not a hash")
        self.refused(self.quote(), 500, "internal")
        self.db.delete("surge:{sf}")
        self.assertEqual(self.quote().status, 201)

    def test_products_of_a_place(self):
        reply = self.http("pricing", "GET", "/v1/products?lat=37.77&lon=-122.41", role="driver")
        self.assertEqual((reply.status, reply.json["region"]), (200, "sf"))
        self.assertEqual(reply.json["items"][0]["product"], "economy")
        self.assertGreater(reply.json["items"][0]["tariff"]["per_km_minor"], 0)
        for query, code in (("lat=0&lon=0", "location_not_serviceable"),
                            ("lat=x&lon=0", "invalid_value"), ("lat=1", "invalid_value")):
            reply = self.http("pricing", "GET", "/v1/products?" + query, role="rider")
            self.refused(reply, 422, code)
        self.refused(self.http("pricing", "GET", "/v1/products?lat=1&lon=1"), 401, "invalid_token")


class SurgePins(TestCase):
    services = {"pricing": ["--surge-interval", "10m"]}

    def put(self, body, cell=CELL, role="ops"):
        return self.http("pricing", "PUT", "/v1/ops/surge/" + cell, body, role=role)

    def show(self):
        reply = self.http("pricing", "GET", "/v1/surge?region=sf", role="rider")
        self.assertEqual(reply.status, 200)
        return reply.json

    def test_what_ops_set_is_shown_and_priced_until_it_is_taken_back(self):
        before = self.quote().json["fare"]["amount_minor"]
        self.db.hset("surge:{sf}", mapping={"snapshot_id": "s7", "at_ms": "1", CELL: "1.4",
                                            "00000001": "1.1"})
        reply = self.put({"multiplier": 2.5, "until": iso(600)})
        self.assertEqual((reply.status, reply.json["multiplier"]), (200, 2.5))
        q = self.quote().json
        self.assertEqual(q["surge"], {"multiplier": 2.5, "cell": CELL, "snapshot_id": "s7"})
        self.assertGreater(q["fare"]["amount_minor"], before)

        shown = self.show()
        self.assertEqual((shown["type"], shown["snapshot_id"]), ("FeatureCollection", "s7"))
        cells = {f["properties"]["cell"]: f for f in shown["features"]}
        self.assertEqual(cells[CELL]["properties"],
                         {"cell": CELL, "multiplier": 2.5, "pinned": True})
        ring = cells[CELL]["geometry"]["coordinates"][0]
        self.assertEqual((len(ring), ring[0]), (5, ring[4]))
        self.assertTrue(ring[0][0] <= PICKUP["lon"] <= ring[2][0])
        self.assertTrue(ring[0][1] <= PICKUP["lat"] <= ring[2][1])

        path = "/v1/ops/surge/" + CELL
        self.assertEqual(self.http("pricing", "DELETE", path, role="ops").status, 204)
        self.refused(self.http("pricing", "DELETE", path, role="ops"), 404, "not_found")
        self.assertEqual(self.quote().json["surge"]["multiplier"], 1.4)

    def test_a_pin_that_ran_out_counts_for_nothing(self):
        self.db.hset("surge-pin:{sf}", CELL, "3 %d" % (now_ms() - 1000))
        self.assertEqual(self.quote().json["surge"]["multiplier"], 1)
        self.assertEqual(self.show()["features"], [])

    def test_bad_pins(self):
        for body in ({}, {"multiplier": 0.5, "until": iso(60)},
                     {"multiplier": 11, "until": iso(60)}, {"multiplier": "2", "until": iso(60)},
                     {"multiplier": 2, "until": iso(-60)}, {"multiplier": 2, "until": "x"},
                     {"multiplier": 2, "until": iso(8 * 86400)}):
            self.refused(self.put(body), 422, "invalid_value")
        good = {"multiplier": 2, "until": iso(60)}
        for cell in ("x", "ffffffff", CELL[:-1], CELL.upper() + "0", "00000000"):
            self.refused(self.put(good, cell), 404, "not_found")
        self.refused(self.put(good, role="rider"), 403, "forbidden")
        self.assertFalse(self.db.exists("surge-pin:{sf}"))

    def test_surge_of_an_unknown_region(self):
        for query, status, code in (("region=xx", 404, "not_found"), ("", 422, "invalid_value")):
            reply = self.http("pricing", "GET", "/v1/surge?" + query, role="rider")
            self.refused(reply, status, code)


class SurgeKeeping(TestCase):
    services = {"pricing": ["--surge-interval", "50ms", "--regions", "sf"]}

    def test_demand_raises_the_price_and_drivers_bring_it_down(self):
        claims = self.claims(self.quote())
        for i in range(12):
            self.create(claims, rider="r-crowd%d" % i)

        def multiplier():
            return float(self.db.hget("surge:{sf}", CELL) or 1)
        until(lambda: multiplier() > 1.5, "surge")
        q = self.quote().json
        self.assertGreater(q["surge"]["multiplier"], 1)
        self.assertNotEqual(q["surge"]["snapshot_id"], "none")
        until(lambda: (self.running["pricing"].metric("hansom_surge_multiplier", region="sf") or
                       0) > 1, "the metric")

        for i in range(40):
            self.db.geoadd(IDLE, (PICKUP["lon"], PICKUP["lat"], "sf-%d" % i))
        until(lambda: multiplier() == 1, "the end of surge")

    def test_a_second_process_counts_nothing_twice_and_takes_over(self):
        other = harness.Service("pricing", self.store, "--surge-interval", "50ms",
                                "--regions", "sf")
        try:
            leader = until(lambda: self.db.get("lock:leader:{sf}:surge"), "a leader")
            first = until(lambda: self.db.hget("surge:{sf}", "snapshot_id"), "a snapshot")
            until(lambda: self.db.hget("surge:{sf}", "snapshot_id") != first, "the next one")
            self.assertEqual(self.db.get("lock:leader:{sf}:surge"), leader)
        finally:
            self.assertEqual(other.stop(), 0)


if __name__ == "__main__":
    harness.main()
