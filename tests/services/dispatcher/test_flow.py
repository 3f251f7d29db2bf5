"""The dispatcher's own promises: replays, stops, who sees what in a ride's events, and a drain with traffic."""
import os
import signal
import sys
import threading
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import REGION, Town, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


class Flow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(STORE, services=("dispatcher", "pricing"), fsync="everysec",
                        extra={"pricing": ["--quote-ttl", "1s"]})
        cls.town.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.town.__exit__(None, None, None)

    def rider(self):
        return self.town.rider("r" + uuid.uuid4().hex[:10])

    def offer(self, ride, driver, n=1):
        """What the matcher would do."""
        attempt = self.town.redis.hget(self.town.key("ride:%r:") + ride, "attempt")
        reply = self.town.redis.execute_command("FCALL", "ride_offer_v1", 1,
                                                self.town.key("rides:events:%r"), ride, attempt,
                                                driver.id, "", 60)
        self.assertEqual(reply[0], "ok", reply)
        return f"{ride}.{n}"

    def ok(self, driver, ride, act, **body):
        status, reply, _ = driver.act(ride, act, **body)
        self.assertEqual(status, 200, reply)
        return reply

    def test_a_create_is_replayed_before_any_other_verdict(self):
        rider, key = self.rider(), uuid.uuid4().hex
        body = rider.body(self.town.place(0), self.town.place(5), note="blue door")
        status, first, head = rider.create(body, key)
        self.assertEqual((status, head["ETag"]), (201, '"v1"'))
        self.assertEqual(head["Location"], "/v1/rides/" + first["ride_id"])

        def expired():
            status, problem, _ = rider.create(body)
            self.assertIn((status, problem["code"]), ((409, "active_ride_exists"), (422, "quote_expired")))
            return status == 422

        wait_for("the quote to expire", 10, expired)
        self.assertEqual(rider.cancel(first["ride_id"])[0], 200)
        reordered = dict(reversed(list(body.items())))
        for same in (body, reordered):
            for quoted in (key, f'"{key}"'):
                status, again, head = rider.create(same, quoted)
                self.assertEqual((status, again, head.get("Idempotent-Replayed")), (201, first, "true"))
        status, problem, _ = rider.create({**body, "note": "red door"}, key)
        self.assertEqual((status, problem["code"]), (422, "idempotency_key_reused"))

    def test_stops_are_reached_in_order_each_once(self):
        t, rider = self.town, self.rider()
        driver = t.driver(11).register().online()
        stops = [t.place(2), t.place(3)]
        quote = rider.quote(t.place(0), t.place(5), stops=stops)
        status, ride, _ = rider.create({"quote_token": quote["quote_token"], "pickup": t.place(0),
                                        "dropoff": t.place(5), "stops": stops})
        self.assertEqual((status, len(ride["stops"])), (201, 2))
        ride, code = ride["ride_id"], ride["start_code"]
        lease = self.ok(driver, ride, "accept", offer_id=self.offer(ride, driver))["lease_id"]
        self.ok(driver, ride, "arrive", lease_id=lease)
        started = self.ok(driver, ride, "start", lease_id=lease, start_code=code)
        one = self.ok(driver, ride, "reach_stop", lease_id=lease, stop=1)
        self.assertEqual(one["version"], started["version"] + 1)
        again = self.ok(driver, ride, "reach_stop", lease_id=lease, stop=1)
        self.assertEqual(again["version"], one["version"])
        status, problem, _ = driver.act(ride, "reach_stop", lease_id=lease, stop=3)
        self.assertEqual((status, problem["code"]), (422, "invalid_value"))
        two = self.ok(driver, ride, "reach_stop", lease_id=lease) # the next one
        self.assertEqual(two["version"], one["version"] + 1)
        status, problem, _ = driver.act(ride, "reach_stop", lease_id=lease)
        self.assertEqual((status, problem["code"]), (422, "invalid_value"))
        self.ok(driver, ride, "complete", lease_id=lease, location=t.place(5))

    def test_five_wrong_codes_lock_the_start(self):
        t, rider = self.town, self.rider()
        driver = t.driver(12).register().online()
        ride = rider.request(t.place(0), t.place(5))
        ride, code = ride["ride_id"], ride["start_code"]
        lease = self.ok(driver, ride, "accept", offer_id=self.offer(ride, driver))["lease_id"]
        self.ok(driver, ride, "arrive", lease_id=lease)
        wrong = "0000" if code != "0000" else "1111"
        for _ in range(5):
            status, problem, _ = driver.act(ride, "start", lease_id=lease, start_code=wrong)
            self.assertEqual((status, problem["code"]), (422, "incorrect_start_code"))
        status, problem, head = driver.act(ride, "start", lease_id=lease, start_code=code)
        self.assertEqual((status, problem["code"]), (429, "start_locked"))
        self.assertTrue(1 <= int(head["Retry-After"]) <= 60)
        self.assertEqual(rider.cancel(ride)[0], 200)

    def test_events_tell_each_reader_what_concerns_him(self):
        t, rider = self.town, self.rider()
        first, second = t.driver(13).register().online(), t.driver(14).register().online()
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        offer = self.offer(ride, first)
        self.ok(first, ride, "decline", offer_id=offer)
        self.ok(second, ride, "accept", offer_id=self.offer(ride, second, 2))

        def events(token, after=None):
            path = f"/v1/rides/{ride}/events" + (f"?after={after}" if after else "")
            status, body, _ = t.call("dispatcher", "GET", path, token)
            self.assertEqual(status, 200)
            self.assertIsNone(body["next_cursor"])
            return body["items"]

        seen = events(rider.token)
        self.assertEqual([e["type"] for e in seen], ["create", "offer", "decline", "offer", "accept"])
        self.assertEqual([e["version"] for e in seen], [1, 2, 3, 4, 5])
        self.assertEqual([e.get("driver_id") for e in seen], [None] * 4 + [second.id])
        self.assertFalse(any("lease" in e for e in seen))
        self.assertEqual([e["version"] for e in events(rider.token, seen[2]["id"])], [4, 5])
        self.assertNotIn(first.id, str(events(second.token)))
        self.assertIn(first.id, str(events(t.token("ops", "op"))))
        self.assertEqual(t.call("dispatcher", "GET", f"/v1/rides/{ride}/events", first.token)[0], 404)
        self.assertEqual(rider.cancel(ride)[0], 200)

    def test_lists_hold_the_live_ride_of_their_person(self):
        t, rider = self.town, self.rider()
        driver = t.driver(15).register().online()
        ops = t.token("ops", "op")

        def listed(token, path):
            status, body, _ = t.call("dispatcher", "GET", path, token)
            self.assertEqual((status, body["next_cursor"]), (200, None))
            return [r["ride_id"] for r in body["items"]]

        mine, his = f"/v1/riders/{rider.sub}/rides?status=live", f"/v1/drivers/{driver.id}/rides"
        self.assertEqual((listed(rider.token, mine), listed(driver.token, his)), ([], []))
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        offer = self.offer(ride, driver)
        self.assertEqual(listed(rider.token, mine), [ride])
        self.assertEqual(listed(ops, f"/v1/riders/{rider.sub}/rides?region={REGION}"), [ride])
        self.assertEqual((listed(driver.token, his), listed(ops, his)), ([], []), "only offered")
        self.ok(driver, ride, "accept", offer_id=offer)
        self.assertEqual((listed(driver.token, his), listed(ops, his)), ([ride], [ride]))
        self.assertEqual(rider.cancel(ride)[0], 200)
        self.assertEqual((listed(rider.token, mine), listed(driver.token, his)), ([], []))

    def test_a_block_waits_for_the_end_of_the_ride(self):
        t, rider, ops = self.town, self.rider(), self.town.token("ops", "op")
        driver = t.driver(16).register().online()
        ride = rider.request(t.place(0), t.place(5))["ride_id"]
        self.ok(driver, ride, "accept", offer_id=self.offer(ride, driver))
        path = f"/v1/ops/drivers/{driver.id}/"
        self.assertEqual(t.call("dispatcher", "POST", path + "block", ops, {})[1]["state"], "assigned")
        self.assertEqual(rider.cancel(ride)[0], 200)
        self.assertEqual(driver.state()["state"], "blocked")
        status, problem, _ = t.call("dispatcher", "POST", f"/v1/drivers/{driver.id}/online",
                                    driver.token, t.place(0))
        self.assertEqual((status, problem["code"]), (403, "driver_blocked"))
        self.assertEqual(t.call("dispatcher", "POST", path + "unblock", ops)[1]["state"], "offline")
        driver.online()

    def test_a_sigterm_in_traffic_answers_what_came_and_ends_with_0(self):
        for _ in range(3):
            process = self.town.start("dispatcher", "dispatcher-2")
            rider, answers = self.rider(), []

            def ask():
                while True:
                    try:
                        answers.append(self.town.call("dispatcher-2", "GET",
                                                      f"/v1/riders/{rider.sub}/rides", rider.token)[0])
                    except OSError:
                        return # it listens no more
                    except Exception as error: # an answer cut short
                        answers.append(error)
                        return

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            wait_for("traffic", 10, lambda: len(answers) > 50)
            process.child.send_signal(signal.SIGTERM)
            self.assertEqual(process.child.wait(10), 0)
            for thread in threads:
                thread.join()
            self.assertEqual(set(answers) - {200, 503}, set())
            self.town.stop("dispatcher-2")


if __name__ == "__main__":
    unittest.main()
