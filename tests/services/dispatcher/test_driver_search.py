"""Profiles in the store's own form, and GET /v1/drivers: what finds whom, what is shown, and what is refused."""

import json
import os
import subprocess
import sys
from urllib.parse import urlencode

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from harness import until
from test_deadlines import Here

ALIAS = "idx:drivers:{la}"
PEOPLE = {
    "la-ann": {"name": "Ann Lee", "rating": 4.9, "vehicle": {"make": "Toyota", "model": "Prius", "plate": "7ABC123", "color": "blue"},
               "languages": ["en", "es"]},
    "la-bob": {"name": "Bob Lee", "rating": 4.2, "vehicle": {"make": "Toyota", "model": "Camry", "plate": "6XYZ", "color": "black"},
               "accessible": True},
    "la-cid": {"name": "Cid Toyota", "rating": 4.8, "vehicle": {"make": "Honda", "model": "Fit", "color": "blue"}, "languages": ["es"]},
}


class Drivers(harness.TestCase):
    services = {"dispatcher": ["--regions", "la", "--chore-interval", "10ms", "--leader-lease", "300ms"]}

    def setUp(self):
        super().setUp()
        self.city = city.City(Here(self.store))
        self.json = self.city.has_family("JSON.SET")
        for driver, profile in PEOPLE.items():
            self.put(driver, profile)

    def put(self, driver, profile):
        reply = self.http("dispatcher", "PUT", "/v1/drivers/" + driver, profile, role="ops")
        self.assertEqual(reply.status, 200, reply)
        return reply.json

    def profile(self, driver):
        return self.http("dispatcher", "GET", "/v1/drivers/" + driver, role="ops").json

    def search(self, role="ops", **query):
        return self.http("dispatcher", "GET", "/v1/drivers?" + urlencode(dict({"region": "la"}, **query)), role=role)

    def found(self, **query):
        reply = self.search(**query)
        self.assertEqual(reply.status, 200, reply)
        return sorted(d["driver_id"] for d in reply.json["items"])

    def indexed(self):
        """Once all are found, the index has caught up."""
        if not self.city.has_family("FT.SEARCH"):
            self.skipTest("this store has no search")
        until(lambda: len(self.found()) == len(PEOPLE), "the index")

    # --- profiles ---

    def test_a_profile_is_kept_by_paths(self):
        key = "driver:{la}:la-ann"
        before = self.profile("la-ann")
        self.assertEqual((before["name"], before["rating"], before["languages"], before["completed_trips"]),
                         ("Ann Lee", 4.9, ["en", "es"], 0))
        if self.json:
            self.assertEqual(self.db.type(key), "ReJSON-RL")
            self.db.execute_command("JSON.SET", key, "$.badge", '"gold"')
        else:
            self.assertEqual(self.db.type(key), "hash")
        ride, driver, _ = self.city.reach("completed", "la-ann", "r-1")
        self.assertEqual(self.city.call("ride_rate", ride, "r-1", "rider", 1, "").code, "ok")
        until(lambda: self.profile("la-ann")["rating"] != 4.9, "the rating")
        after = self.profile("la-ann")
        self.assertEqual((after["rating"], after["completed_trips"], after["vehicle"]), (4.55, 1, before["vehicle"]))
        patched = self.http("dispatcher", "PATCH", "/v1/drivers/la-ann", {"name": "Ann B"}, role="driver", sub="la-ann")
        self.assertEqual(patched.status, 200, patched)
        again = self.profile("la-ann")
        self.assertEqual((again["name"], again["rating"], again["languages"]), ("Ann B", 4.55, ["en", "es"]))
        if self.json:
            kept = json.loads(self.db.execute_command("JSON.GET", key))
            self.assertEqual((kept["badge"], kept["ratings"]), ("gold", 1))

    def test_a_hash_of_before_becomes_a_document_and_loses_nothing(self):
        key = "driver:{la}:la-old"
        self.db.hset(key, mapping={"name": "Old", "rating": "4.7", "ratings": "12", "completed_trips": "30", "make": "VW",
                                   "model": "Golf", "products": "economy", "languages": "de", "accessible": "1"})
        before = self.profile("la-old")
        self.assertEqual((before["languages"], before["accessible"], before["rating"]), (["de"], True, 4.7))
        self.http("dispatcher", "PATCH", "/v1/drivers/la-old", {"name": "Older"}, role="driver", sub="la-old")
        self.assertEqual(self.profile("la-old"), dict(before, name="Older"))
        self.assertEqual(self.db.type(key), "ReJSON-RL" if self.json else "hash")

    def test_a_damaged_profile_is_an_error_and_stays(self):
        self.db.set("driver:{la}:la-ann", "planted")
        self.assertEqual(self.http("dispatcher", "GET", "/v1/drivers/la-ann", role="ops").status, 500)
        self.assertEqual(self.http("dispatcher", "PUT", "/v1/drivers/la-ann", PEOPLE["la-ann"], role="ops").status, 500)
        self.assertEqual(self.db.get("driver:{la}:la-ann"), "planted")

    # --- searching ---

    def test_words_fields_and_numbers_find(self):
        self.indexed()
        self.assertEqual(self.found(q="lee"), ["la-ann", "la-bob"])
        self.assertEqual(self.found(q="toyota"), ["la-ann", "la-bob", "la-cid"])
        self.assertEqual(self.found(q="@make:toyota blue"), ["la-ann"])
        self.assertEqual(self.found(q="@rating:[4.8 +inf]"), ["la-ann", "la-cid"])
        self.assertEqual(self.found(q="@language:{es} -@make:honda"), ["la-ann"])
        self.assertEqual(self.found(q="@accessible:{true}"), ["la-bob"])
        self.assertEqual(self.found(q="7abc123"), ["la-ann"])
        self.assertEqual(self.found(q="nobody"), [])
        (row,) = self.search(q="@name:bob").json["items"]
        expected = dict(self.profile("la-bob"), state="offline")
        self.assertEqual(row, expected)
        self.city.online("la-bob")
        (row,) = self.search(q="@name:bob").json["items"]
        self.assertEqual((row["state"], round(row["lat"], 3), round(row["lon"], 3)), ("idle", 34.05, -118.24))
        self.db.delete("driver:{la}:la-bob")
        self.assertEqual(self.found(q="lee"), ["la-ann"])

    def test_a_place_narrows_to_who_is_there(self):
        self.indexed()
        self.city.online("la-ann")
        self.city.online("la-cid", lat="34.10", lon="-118.30")
        self.assertEqual(self.found(lat=34.05, lon=-118.24), ["la-ann"])
        self.assertEqual(self.found(lat=34.05, lon=-118.24, radius_m=20000), ["la-ann", "la-cid"])
        self.assertEqual(self.found(lat=34.05, lon=-118.24, radius_m=20000, q="@make:honda"), ["la-cid"])
        self.assertEqual(self.found(lat=33.0, lon=-118.24), [])
        self.refused(self.search(lat=33.0, lon=-118.24, q="("), 422, "invalid_value")

    def test_pages(self):
        for i in range(5):
            self.put("la-p%d" % i, {"name": "Page", "vehicle": {"make": "A", "model": "B"}})
        self.indexed_all(len(PEOPLE) + 5)
        seen, cursor = [], None
        while True:
            page = self.search(limit=3, **({"cursor": cursor} if cursor else {})).json
            self.assertEqual(page["total"], 8)
            seen += [d["driver_id"] for d in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        self.assertEqual((len(seen), len(set(seen))), (8, 8))

    def indexed_all(self, n):
        if not self.city.has_family("FT.SEARCH"):
            self.skipTest("this store has no search")
        until(lambda: self.search().json["total"] == n, "the index")

    def test_a_malformed_query_says_where_and_strangers_see_nothing(self):
        for role in ("rider", "driver"):
            self.refused(self.search(role=role), 403, "forbidden")
        self.refused(self.search(region="nowhere"), 404, "not_found")
        for bad in ({"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"cursor": 10000}, {"lat": 34}, {"radius_m": 5},
                    {"lat": 34, "lon": -118, "radius_m": 50001}, {"q": "x" * 513}):
            self.refused(self.search(**bad), 422, "invalid_value")
        if not self.city.has_family("FT.SEARCH"):
            self.refused(self.search(q="lee"), 501, "not_supported")
            return
        for bad in ("@rating:[4.8", "lee (", "@name:(a|"):
            reply = self.search(q=bad)
            self.refused(reply, 422, "invalid_value")
            self.assertEqual(reply.json["errors"][0]["parameter"], "q")
            self.assertRegex(reply.json["errors"][0]["detail"], r"at offset \d+")

    def test_a_lost_index_is_made_again(self):
        self.indexed()
        self.assertEqual(dict(zip(*[iter(self.db.execute_command("FT.INFO", ALIAS))] * 2))["index_name"], ALIAS + ":v1")
        self.db.execute_command("FT.DROPINDEX", ALIAS + ":v1")
        self.indexed()

    # --- hansom index upgrade ---

    def upgrade(self, code=0):
        done = subprocess.run(self.upgrade_argv(), capture_output=True, text=True, timeout=60, cwd=harness.ROOT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def upgrade_argv(self):
        return [os.path.join(harness.BIN, "hansom"), "index", "upgrade", "--region", "la",
                "--store", "redis://127.0.0.1:%d" % self.store.port]

    def use_version(self, version, instead_of):
        """An index of another release: it knows names only."""
        name = "%s:v%d" % (ALIAS, version)
        self.db.execute_command("FT.CREATE", name, "ON", "JSON", "PREFIX", "1", "driver:{la}:",
                                "SCHEMA", "$.name", "AS", "name", "TEXT")
        self.db.execute_command("FT.ALIASUPDATE", ALIAS, name)
        self.db.execute_command("FT.DROPINDEX", "%s:v%d" % (ALIAS, instead_of))

    def test_an_index_upgrade_goes_on_under_searches(self):
        self.indexed()
        self.use_version(0, instead_of=1)
        pipe = self.db.pipeline(transaction=False)
        for i in range(5000):
            pipe.execute_command("JSON.SET", "driver:{la}:la-x%d" % i, "$", '{"name": "Xu", "vehicle": {"make": "Ford"}}')
        pipe.execute()
        until(lambda: self.found(q="ann") == ["la-ann"], "the old index")
        self.assertEqual(self.found(q="ford"), [])
        with subprocess.Popen(self.upgrade_argv(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=harness.ROOT) as running:
            while running.poll() is None:
                self.assertEqual(self.found(q="ann"), ["la-ann"])
            said = running.stdout.read()
        self.assertEqual(running.returncode, 0, said)
        self.assertIn("la: version 1 is in use, 5003 profiles", said)
        self.assertEqual(self.search(q="ford").json["total"], 5000)
        names = [name.decode() if isinstance(name, bytes) else name for name in self.db.execute_command("FT._LIST")]
        self.assertEqual(names, [ALIAS + ":v1"])
        self.assertIn("la: version 1 is in use already", self.upgrade())

    def test_a_store_without_search_says_so(self):
        if self.city.has_family("FT.SEARCH"):
            self.skipTest("this store has search")
        self.assertIn("unknown command", self.upgrade(code=1))

    def test_an_index_of_a_newer_release_is_left_alone(self):
        self.indexed()
        self.use_version(2, instead_of=1)
        self.assertIn("la: version 2 is in use, newer than this program's 1", self.upgrade(code=1))
        until(lambda: self.found(q="ann") == ["la-ann"], "the newer index")


if __name__ == "__main__":
    harness.main()
