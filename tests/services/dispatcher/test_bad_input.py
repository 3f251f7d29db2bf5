"""What strangers may send to the dispatcher: each gets the contract's error, and nothing changes.

The store is dumped before and after; what a request must not do is seen there.
"""
import os
import re
import sys
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")
ROUTES = re.findall(r'^ROUTE\((\w+), "([^"]+)", \w+, ([\w| ]+), (BODY_\w+(?:\((\d+)\))?),',
                    open(os.path.join(ROOT, "services/dispatcher/routes.def")).read(), re.M)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(STORE, services=("dispatcher", "pricing"), fsync="everysec",
                        extra={"dispatcher": ["--chore-interval", "10s"]})
        cls.town.__enter__()
        try:
            cls.people()
        except BaseException:
            cls.town.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.town.__exit__(None, None, None)

    @classmethod
    def people(cls):
        """A rider who waits; a rider whose ride a driver has; a driver who has none."""
        t = cls.town
        cls.ops = t.token("ops", "op1")
        cls.waiting, cls.riding = t.rider("waiting"), t.rider("riding")
        cls.idle = t.driver(2, 30).register().online()
        cls.busy = t.driver(1).register().online()
        cls.request = cls.waiting.request(t.place(3), t.place(6))["ride_id"]
        cls.ride = cls.riding.request(t.place(0), t.place(5))["ride_id"]
        code, _, extras = t.redis.execute_command(
            "FCALL", "ride_offer_v1", 1, t.key("rides:events:%r"), cls.ride, 1, cls.busy.id, "", 60)
        assert code == "ok", (code, extras)
        status, ride, _ = cls.busy.act(cls.ride, "accept", offer_id=f"{cls.ride}.1")
        assert status == 200, ride
        cls.lease = ride["lease_id"]
        wait_for("chores to have come to rest", 20, lambda: t.redis.exists(t.key("clock:%r")))
        events = t.key("rides:events:%r")

        def projected():
            groups = {g["name"]: g for g in t.redis.xinfo_groups(events)}
            last = t.redis.xrevrange(events, count=1)[0][0]
            mine = groups.get("projector", {"last-delivered-id": ""})
            return mine["last-delivered-id"] == last and mine["pending"] == 0
        wait_for("the projector to have come to rest", 20, projected)

    def call(self, method, path, token, body=None, headers=None):
        return self.town.call("dispatcher", method, path, token, body, headers)

    def refused(self, expected, method, path, token, body=None, headers=None):
        """Makes the call; it must be refused so, and change nothing. Gives the problem."""
        before = self.town.dump()
        status, problem, head = self.call(method, path, token, body, headers)
        self.assertEqual((status, (problem or {}).get("code")), expected, (method, path, body, problem))
        self.assertEqual(head["Content-Type"], "application/problem+json")
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["request_id"])
        self.assertEqual(self.town.dump(), before, (method, path, body))
        return problem

    def each_route(self, bodies_only=False):
        """(method, path with ids that exist, a token that may, largest body) of each route."""
        for method, path, roles, body, size in ROUTES:
            if bodies_only and not size:
                continue
            role = next(r for r in ("RIDER", "DRIVER", "OPS", "ANY") if r in roles)
            token = {"RIDER": self.riding.token, "DRIVER": self.busy.token, "OPS": self.ops,
                     "ANY": self.riding.token}[role]
            thing = self.ride
            if "/drivers/" in path:
                thing = self.busy.id
            elif "/riders/" in path:
                thing = self.riding.sub
            elif "dead-letters" in path:
                thing = "1-1"
            path = path.replace(":id", thing)
            if path.startswith("/v1/ops") and (method == "GET" or "dead" in path):
                path += f"?region={REGION}"
            yield method, path, token, int(size or 0), roles

    def test_every_route_is_known_to_this_test(self):
        self.assertGreaterEqual(len(ROUTES), 25)

    def test_no_token_a_forged_one_an_expired_one_are_401(self):
        forged = self.busy.token[:-4] + ("AAAA" if not self.busy.token.endswith("AAAA") else "BBBB")
        unsigned = ".".join([self.busy.token.split(".")[0], self.busy.token.split(".")[1], ""])
        expired = self.town.token("driver", self.busy.id, ttl=-100)
        for method, path, _, size, _ in self.each_route():
            for token in ("", "x", forged, unsigned, expired):
                self.refused((401, "invalid_token"), method, path, token, "{}" if size else None)

    def test_another_role_is_403(self):
        tokens = {"RIDER": self.riding.token, "DRIVER": self.busy.token, "OPS": self.ops}
        for method, path, _, size, roles in self.each_route():
            for role, token in tokens.items():
                if role not in roles and "ANY" not in roles:
                    self.refused((403, "forbidden"), method, path, token, "{}" if size else None)

    def test_what_is_no_json_object_is_400(self):
        for method, path, token, _, _ in self.each_route(bodies_only=True):
            for body in (b'{"a":', b"[1]", b'"x"', b'{"a":1,"a":2}', b"{} x", b'{"a":NaN}', b"\xff\xfe"):
                headers = {"Idempotency-Key": uuid.uuid4().hex}
                self.refused((400, "malformed"), method, path, token, body, headers)

    def test_too_much_is_413_and_another_type_415(self):
        for method, path, token, size, _ in self.each_route(bodies_only=True):
            self.refused((413, "too_large"), method, path, token, b"{" + b" " * size + b"}")
            self.refused((415, "unsupported_media_type"), method, path, token, b"a=1",
                         {"Content-Type": "application/x-www-form-urlencoded"})

    def test_another_method_is_405_and_another_path_404(self):
        for _, path, token, _, _ in self.each_route():
            status, problem, head = self.call("DELETE", path, token)
            self.assertEqual((status, problem["code"]), (405, "method_not_allowed"), path)
            self.assertIn(head["Allow"].split(", ")[0], ("GET", "POST", "PUT", "PATCH"))
        for path in ("/", "/v1", "/v1/rides/a/b/c", "/v2/rides", "/v1/rides//accept"):
            self.refused((404, "not_found"), "GET", path, self.riding.token)

    def test_an_unknown_ride_and_a_foreign_ride_are_404_alike(self):
        stranger = self.town.rider("stranger")
        unknown = f"{REGION}-01M84D10B69HYT51PGFP0TPFR9"
        lease = {"lease_id": self.lease}
        acts = {"accept": {"offer_id": f"{self.ride}.1"}, "decline": {"offer_id": f"{self.ride}.1"},
                "arrive": lease, "start": {**lease, "start_code": "0000"}, "no_show": lease,
                "reach_stop": {**lease, "stop": 1}, "complete": lease, "cancel": lease}
        for ride, rider, driver in ((unknown, self.riding, self.busy), (self.ride, stranger, self.idle),
                                    ("zz-1", self.riding, self.busy), ("a b", self.riding, self.busy),
                                    ("%7B" * 20, self.riding, self.busy)):
            ride = ride.replace(" ", "%20")
            self.refused((404, "not_found"), "GET", f"/v1/rides/{ride}", rider.token)
            self.refused((404, "not_found"), "GET", f"/v1/rides/{ride}/events", rider.token)
            self.refused((404, "not_found"), "POST", f"/v1/rides/{ride}/cancel", rider.token, {})
            for act, body in acts.items():
                self.refused((404, "not_found"), "POST", f"/v1/rides/{ride}/{act}", driver.token, body)
        self.refused((404, "not_found"), "POST", f"/v1/ops/rides/{unknown}/cancel", self.ops, {})
        self.refused((404, "not_found"), "GET", f"/v1/drivers/{REGION}-999", self.ops)
        self.refused((404, "not_found"), "GET", f"/v1/drivers/{REGION}-999/state", self.ops)
        for act in ("redrive", "discard"):
            for letter in ("1-1", "zz", "99999999999999999999-1"):
                self.refused((404, "not_found"), "POST",
                             f"/v1/ops/dead-letters/{letter}/{act}?region={REGION}", self.ops)

    def test_other_people_are_403(self):
        for what in ("", "/state", "/rides"):
            self.refused((403, "forbidden"), "GET", f"/v1/drivers/{self.idle.id}{what}", self.busy.token)
        for what in ("online", "offline", "break"):
            self.refused((403, "forbidden"), "POST", f"/v1/drivers/{self.idle.id}/{what}",
                         self.busy.token, self.town.place(0))
        self.refused((403, "forbidden"), "GET", f"/v1/riders/{self.waiting.sub}/rides",
                     self.riding.token)

    def test_values_out_of_range_or_of_another_type_are_422_with_their_place(self):
        at, lease = self.town.place(0), {"lease_id": self.lease}
        fresh = self.town.rider("fresh")
        good = fresh.body(self.town.place(0), self.town.place(5))
        ride, driver = f"/v1/rides/{self.ride}", f"/v1/drivers/{self.busy.id}"
        car = {"make": "Toyota", "model": "Prius"}
        profile = {"name": "A", "vehicle": car}
        cases = [
            ("POST", "/v1/rides", fresh.token, {}, ["/quote_token", "/pickup", "/dropoff"]),
            ("POST", "/v1/rides", fresh.token, {**good, "quote_token": 5}, ["/quote_token"]),
            ("POST", "/v1/rides", fresh.token, {**good, "pickup": "here"}, ["/pickup"]),
            ("POST", "/v1/rides", fresh.token, {**good, "pickup": {"lat": 91, "lon": 0}}, ["/pickup/lat"]),
            ("POST", "/v1/rides", fresh.token, {**good, "dropoff": {"lat": "1", "lon": -181}},
             ["/dropoff/lat", "/dropoff/lon"]),
            ("POST", "/v1/rides", fresh.token, {**good, "stops": {}}, ["/stops"]),
            ("POST", "/v1/rides", fresh.token, {**good, "stops": [at] * 6}, ["/stops"]),
            ("POST", "/v1/rides", fresh.token, {**good, "stops": [at, 7]}, ["/stops/1"]),
            ("POST", "/v1/rides", fresh.token, {**good, "stops": [{"lat": 1}]}, ["/stops/0/lon"]),
            ("POST", "/v1/rides", fresh.token, {**good, "pickup_at": "soon"}, ["/pickup_at"]),
            ("POST", "/v1/rides", fresh.token, {**good, "note": "n" * 281}, ["/note"]),
            ("POST", "/v1/rides", fresh.token, {**good, "constraints": 1}, ["/constraints"]),
            ("POST", "/v1/rides", fresh.token, {**good, "constraints": {"min_rating": 5.1,
                                                                       "accessible": "yes"}},
             ["/constraints/min_rating", "/constraints/accessible"]),
            ("POST", ride + "/accept", self.busy.token, {}, ["/offer_id"]),
            ("POST", ride + "/accept", self.busy.token, {"offer_id": 1}, ["/offer_id"]),
            ("POST", ride + "/decline", self.busy.token, {"offer_id": ""}, ["/offer_id"]),
            ("POST", ride + "/arrive", self.busy.token, {}, ["/lease_id"]),
            ("POST", ride + "/arrive", self.busy.token, {"lease_id": "l" * 81}, ["/lease_id"]),
            ("POST", ride + "/start", self.busy.token, lease, ["/start_code"]),
            ("POST", ride + "/start", self.busy.token, {**lease, "start_code": "12345"}, ["/start_code"]),
            ("POST", ride + "/start", self.busy.token, {**lease, "start_code": 1234}, ["/start_code"]),
            ("POST", ride + "/reach_stop", self.busy.token, {**lease, "stop": 0}, ["/stop"]),
            ("POST", ride + "/reach_stop", self.busy.token, {**lease, "stop": 1.5}, ["/stop"]),
            ("POST", ride + "/complete", self.busy.token, {**lease, "location": {"lat": 100, "lon": 1}},
             ["/location/lat"]),
            ("POST", ride + "/cancel", self.riding.token, {"reason": "r" * 65}, ["/reason"]),
            ("POST", ride + "/cancel", self.riding.token, {"reason": "vehicle_problem"}, ["/reason"]),
            ("POST", ride + "/cancel", self.busy.token, {"reason": "other"}, ["/lease_id"]),
            ("PUT", driver, self.ops, {}, ["/name", "/vehicle"]),
            ("PUT", driver, self.ops, {**profile, "vehicle": {}}, ["/vehicle/make", "/vehicle/model"]),
            ("PUT", driver, self.ops, {**profile, "rating": 5.5}, ["/rating"]),
            ("PUT", driver, self.ops, {**profile, "products": ["submarine"]}, ["/products"]),
            ("PUT", driver, self.ops, {**profile, "languages": [5]}, ["/languages/0"]),
            ("PUT", driver, self.ops, {**profile, "languages": ["en,es"]}, ["/languages"]),
            ("PUT", driver, self.ops, {**profile, "accessible": 1}, ["/accessible"]),
            ("PATCH", driver, self.busy.token, {"name": ""}, ["/name"]),
            ("PATCH", driver, self.busy.token, {"languages": []}, ["/languages"]),
            ("POST", driver + "/online", self.busy.token, {"lat": 1}, ["/lon"]),
            ("POST", driver + "/online", self.busy.token, {"lat": 1e9, "lon": 0}, ["/lat"]),
            ("POST", driver + "/online", self.busy.token, {**at, "products": ["submarine"]}, ["/products"]),
            ("POST", f"/v1/ops/rides/{self.ride}/cancel", self.ops, {"fee_minor": -1}, ["/fee_minor"]),
            ("POST", f"/v1/ops/drivers/{self.busy.id}/block", self.ops, {"reason": ""}, ["/reason"]),
        ]
        for method, path, token, body, places in cases:
            headers = {"Idempotency-Key": uuid.uuid4().hex}
            problem = self.refused((422, "invalid_value"), method, path, token, body, headers)
            self.assertEqual([e["pointer"] for e in problem["errors"]], places, (path, body))

    def test_parameters_that_are_wrong_are_422(self):
        for path in ("/v1/ops/overview", "/v1/ops/streams", "/v1/ops/dead-letters"):
            self.refused((422, "invalid_value"), "GET", path, self.ops)
            self.refused((404, "not_found"), "GET", path + "?region=atlantis", self.ops)
        for path in (f"/v1/ops/streams?region={REGION}&stream=zz",
                     f"/v1/ops/dead-letters?region={REGION}&cursor=zz", "/v1/riders/r/rides"):
            token = self.town.token("ops", "op2")
            if "riders" in path:
                path += "?status=old"
            self.refused((422, "invalid_value"), "GET", path, token)
        for after in ("x", "5", "1-", "-1", "1-1-1"):
            self.refused((422, "invalid_value"), "GET", f"/v1/rides/{self.ride}/events?after={after}",
                         self.riding.token)

    def test_an_idempotency_key_is_needed_and_bounded(self):
        fresh = self.town.rider("fresh")
        body = fresh.body(self.town.place(0), self.town.place(5))
        for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 256},
                        {"Idempotency-Key": "a b"}):
            self.refused((400, "idempotency_key_missing"), "POST", "/v1/rides", fresh.token, body, headers)

    def test_a_quote_holds_for_its_rider_its_trip_and_its_time_only(self):
        t = self.town
        fresh, other = t.rider("fresh"), t.rider("other")
        body = fresh.body(t.place(0), t.place(5))
        token = body["quote_token"]
        cases = [(other, body), (fresh, {**body, "quote_token": token[:-2] + "AA"}),
                 (fresh, {**body, "quote_token": "q1.x.y.z"}),
                 (fresh, {**body, "pickup": t.place(1)}), (fresh, {**body, "dropoff": t.place(6)}),
                 (fresh, {**body, "stops": [t.place(2)]}),
                 (fresh, {**body, "pickup_at": "2031-01-01T00:00:00Z"})]
        for rider, wrong in cases:
            self.refused((422, "quote_mismatch"), "POST", "/v1/rides", rider.token, wrong,
                         {"Idempotency-Key": uuid.uuid4().hex})

    def test_a_driver_outside_of_the_region_is_not_taken_online(self):
        self.refused((422, "location_not_serviceable"), "POST", f"/v1/drivers/{self.idle.id}/online",
                     self.idle.token, {"lat": 0, "lon": 0})

    def test_a_version_that_is_not_the_rides_is_412_with_the_ride(self):
        for tag in ('"v99"', '"v0"', '"zz"', "v3", '""'):
            for path, token, body in (
                    (f"/v1/rides/{self.ride}/cancel", self.riding.token, {}),
                    (f"/v1/rides/{self.ride}/arrive", self.busy.token, {"lease_id": self.lease}),
                    (f"/v1/ops/rides/{self.ride}/cancel", self.ops, {})):
                problem = self.refused((412, "version_conflict"), "POST", path, token, body,
                                       {"If-Match": tag})
                self.assertEqual(problem["ride"]["ride_id"], self.ride)
                self.assertEqual("start_code" in problem["ride"], token == self.riding.token)

    def test_a_move_that_the_state_does_not_allow_is_409_with_the_ride(self):
        lease = {"lease_id": self.lease}
        for act, body in (("complete", lease), ("no_show", lease), ("reach_stop", lease),
                          ("start", {**lease, "start_code": "0000"})):
            problem = self.refused((409, "illegal_transition"), "POST",
                                   f"/v1/rides/{self.ride}/{act}", self.busy.token, body)
            self.assertEqual(problem["ride"]["status"], "assigned")
            self.assertNotIn("start_code", problem["ride"])
        problem = self.refused((409, "stale_lease"), "POST", f"/v1/rides/{self.ride}/arrive",
                               self.busy.token, {"lease_id": f"{self.ride}.7"})
        self.assertEqual(problem["ride"]["lease_id"], self.lease)
        self.refused((409, "driver_on_ride"), "POST", f"/v1/drivers/{self.busy.id}/offline",
                     self.busy.token)
        problem = self.refused((409, "active_ride_exists"), "POST", "/v1/rides", self.waiting.token,
                               self.waiting.body(self.town.place(1), self.town.place(2)),
                               {"Idempotency-Key": uuid.uuid4().hex})
        self.assertEqual(problem["ride"]["ride_id"], self.request)

    def test_repeating_ones_own_move_is_200_and_changes_nothing(self):
        before = self.town.dump()
        for _ in range(2):
            status, ride, head = self.busy.act(self.ride, "accept", offer_id=self.lease)
            self.assertEqual((status, ride["status"], head["ETag"]), (200, "assigned", '"v3"'))
        self.assertEqual(self.town.dump(), before)


if __name__ == "__main__":
    unittest.main()
