"""Many copies of one request at two dispatchers: one ride. And what riders and drivers may ask of it over HTTP."""
import datetime
import os
import sys
import threading
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


class Duplicates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(STORE, services=("pricing",), fsync="everysec")
        cls.town.__enter__()
        cls.town.change_products(lambda p: p.update(forward=True))
        cls.town.start("dispatcher")
        cls.town.start("dispatcher", "dispatcher-2")

    @classmethod
    def tearDownClass(cls):
        cls.town.__exit__(None, None, None)

    def rider(self):
        return self.town.rider("r" + uuid.uuid4().hex[:10])

    def at_once(self, n, call):
        gate, answers = threading.Barrier(n), [None] * n

        def run(i):
            gate.wait()
            answers[i] = call(i, ("dispatcher", "dispatcher-2")[i % 2])

        threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    def fcall(self, name, *args):
        reply = self.town.redis.execute_command("FCALL", name + "_v1", 1, self.town.key("rides:events:%r"), *args)
        self.assertEqual(reply[0], "ok", reply)
        return dict(zip(reply[2][::2], reply[2][1::2]))

    def offer(self, ride, driver):
        return self.fcall("ride_offer", ride, 1, driver.id, "", 60)["offer_id"]

    def test_32_copies_of_a_create_at_two_dispatchers_make_one_ride(self):
        t = self.town
        for _ in range(5):
            rider, key = self.rider(), uuid.uuid4().hex
            body = rider.body(t.place(0), t.place(5))
            before = t.redis.xlen(t.key("rides:incoming:%r"))
            answers = self.at_once(32, lambda i, at: rider.create(body, key, at=at))
            self.assertEqual({a[0] for a in answers}, {201})
            self.assertEqual(len({str(a[1]) for a in answers}), 1, "all are told the same")
            replayed = [a[2].get("Idempotent-Replayed") for a in answers]
            self.assertEqual((replayed.count(None), replayed.count("true")), (1, 31))
            self.assertEqual(t.redis.xlen(t.key("rides:incoming:%r")), before + 1)
            record = t.key("idem:%r:") + rider.sub + ":" + key
            self.assertTrue(0 < t.redis.pttl(record) <= 24 * 3600 * 1000)
            other = {**body, "note": "another door"}
            refused = self.at_once(4, lambda i, at: rider.create(other, key, at=at))
            self.assertEqual({(a[0], a[1]["code"]) for a in refused}, {(422, "idempotency_key_reused")})

    def test_copies_with_new_keys_make_one_ride_too(self):
        rider = self.rider()
        body = rider.body(self.town.place(0), self.town.place(5))
        answers = self.at_once(16, lambda i, at: rider.create(body, at=at))
        made = [a for a in answers if a[0] == 201]
        self.assertEqual(len(made), 1)
        for status, problem, _ in answers:
            if status != 201:
                self.assertEqual((status, problem["code"]), (409, "active_ride_exists"))
                self.assertEqual(problem["ride"]["ride_id"], made[0][1]["ride_id"])

    def test_copies_of_each_step_are_one_step(self):
        t, rider = self.town, self.rider()
        driver = t.driver(900).register().online()
        ride = rider.request(t.place(0), t.place(5))
        ride, code = ride["ride_id"], ride["start_code"]
        lease = self.offer(ride, driver)
        for version, (step, body) in enumerate((("accept", {"offer_id": lease}), ("arrive", {"lease_id": lease}),
                                                ("start", {"lease_id": lease, "start_code": code}),
                                                ("complete", {"lease_id": lease})), 3):
            answers = self.at_once(8, lambda i, at: driver.act(ride, step, at=at, **body))
            seen = {(a[0], a[1]["version"]) for a in answers}
            if step == "complete":  # which pricing settles at once, in one version more
                seen -= {(200, version + 1)}
            self.assertLessEqual(seen, {(200, version)}, step)
        self.assertEqual(driver.act(ride, "arrive", lease_id=ride + ".9")[1]["code"], "stale_lease")

    def test_if_match_names_the_version_that_must_hold(self):
        t, rider = self.town, self.rider()
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        path = f"/v1/rides/{ride}/cancel"
        status, problem, _ = t.call("dispatcher-2", "POST", path, rider.token, {}, {"If-Match": '"v9"'})
        self.assertEqual((status, problem["code"], problem["ride"]["version"]), (412, "version_conflict", 1))
        status, done, head = t.call("dispatcher", "POST", path, rider.token, {}, {"If-Match": '"v1"'})
        self.assertEqual((status, done["status"], head["ETag"]), (200, "cancelled", '"v2"'))
        self.assertEqual((done["reason"], done["fee"]["amount_minor"]), ("other", 0))

    def test_reasons_are_a_closed_list_for_each_party(self):
        t, rider = self.town, self.rider()
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        cancel = lambda path, token, reason: t.call("dispatcher", "POST", path, token, {"reason": reason})
        for path, token, reason in ((f"/v1/rides/{ride}/cancel", rider.token, "vehicle_problem"),
                                    (f"/v1/ops/rides/{ride}/cancel", t.token("ops", "op"), "changed_mind")):
            status, problem, _ = cancel(path, token, reason)
            self.assertEqual((status, problem["code"], problem["errors"][0]["pointer"]),
                             (422, "invalid_value", "/reason"))
        status, done, _ = cancel(f"/v1/rides/{ride}/cancel", rider.token, "driver_late")
        self.assertEqual((status, done["reason"]), (200, "driver_late"))

    def test_rides_to_come_are_listed_bounded_and_cancelled(self):
        t, rider = self.town, self.rider()
        soonest = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)

        def schedule(n):
            at = (soonest + datetime.timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            quote = rider.quote(t.place(0), t.place(5), pickup_at=at)
            return rider.create({"quote_token": quote["quote_token"], "pickup": t.place(0),
                                 "dropoff": t.place(5), "pickup_at": at})

        def listed():
            path = f"/v1/riders/{rider.sub}/rides?status=scheduled"
            status, body, _ = t.call("dispatcher", "GET", path, rider.token)
            self.assertEqual((status, body["next_cursor"]), (200, None))
            return [r["ride_id"] for r in body["items"]]

        self.assertEqual(listed(), [])
        rides = []
        for n in range(8):
            status, ride, _ = schedule(n)
            self.assertEqual((status, ride["status"]), (201, "scheduled"))
            rides.append(ride["ride_id"])
        self.assertEqual(listed(), rides)
        status, problem, _ = schedule(9)
        self.assertEqual((status, problem["code"]), (409, "too_many_scheduled"))
        self.assertEqual(rider.cancel(rides[0])[1]["fee"]["amount_minor"], 0)
        self.assertEqual(listed(), rides[1:])
        status, problem, _ = t.call("dispatcher", "GET", f"/v1/riders/{rider.sub}/rides?status=all", rider.token)
        self.assertEqual((status, problem["code"]), (422, "invalid_value"))

    def test_who_is_offered_the_next_ride_sees_it_beside_his_own(self):
        t, rider, other = self.town, self.rider(), self.rider()
        driver = t.driver(901).register().online()
        ride = rider.request(t.place(0), t.place(1))
        lease = self.offer(ride["ride_id"], driver)
        driver.act(ride["ride_id"], "accept", offer_id=lease)
        driver.act(ride["ride_id"], "arrive", lease_id=lease)
        driver.act(ride["ride_id"], "start", lease_id=lease, start_code=ride["start_code"])
        timer = "soon:" + ride["ride_id"]
        t.redis.zadd(t.key("timers:%r"), {timer: 1}, xx=True)
        t.redis.geoadd(t.key("drivers:active:%r"), (t.place(1)["lon"], t.place(1)["lat"], driver.id))
        self.fcall("timer_apply", timer)  # or the leader was faster
        then = other.request(t.place(1), t.place(3))["ride_id"]
        offer = self.offer(then, driver)
        state = driver.state()
        self.assertEqual((state["state"], state["ride"]["ride_id"]), ("on_trip", ride["ride_id"]))
        self.assertEqual([(o["offer_id"], o["ride_id"]) for o in state["offers"]], [(offer, then)])
        status, taken, _ = driver.act(then, "accept", offer_id=offer)
        self.assertEqual((status, taken["status"], taken["queued"]), (200, "assigned", True))
        self.assertEqual(driver.state()["next_ride"], then)
        status, problem, _ = driver.act(then, "arrive", lease_id=offer)
        self.assertEqual((status, problem["code"]), (409, "driver_on_ride"))
        self.assertEqual(driver.act(ride["ride_id"], "complete", lease_id=lease)[0], 200)
        state = driver.state()
        self.assertEqual((state["state"], state["ride"]["ride_id"], state["lease_id"], state["next_ride"]),
                         ("assigned", then, offer, None))
        self.assertEqual(driver.act(then, "arrive", lease_id=offer)[0], 200)

    def test_who_ignores_an_offer_sees_until_when_he_gets_none(self):
        t, rider = self.town, self.rider()
        driver = t.driver(902).register().online()
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        self.offer(ride, driver)
        self.assertNotIn("cooldown_until", driver.state())
        t.redis.hset(t.key("ride:%r:") + ride, "offer_expires_ms", 1)
        t.redis.zadd(t.key("timers:%r"), {"offer:" + ride: 1}, xx=True)
        self.fcall("timer_apply", "offer:" + ride)
        self.assertRegex(driver.state()["cooldown_until"], r"^20\d\d-")
        self.assertEqual(rider.cancel(ride)[0], 200)


if __name__ == "__main__":
    unittest.main()
