"""One ride from the quote to the settled fare, seen by both apps, then read back."""
import os
import unittest

from town import Town, WebSocket, ride_in, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


class OneRide(unittest.TestCase):
    def test_a_ride_from_quote_to_settlement(self):
        with Town(STORE) as town:
            rider = town.rider("r1")
            driver = town.driver(1).register().online()
            screen = WebSocket(town, rider.token)
            wheel = WebSocket(town, driver.token, auth="protocol")
            self.assertEqual(screen.until_type("hello")["data"]["heartbeat_ms"], 25000)
            self.assertIsNone(screen.until_type("snapshot")["data"]["ride"])
            wheel.until_type("snapshot")

            quote = rider.quote(town.place(1), town.place(4))
            self.assertGreater(quote["fare"]["amount_minor"], 0)
            ride = rider.request(town.place(1), town.place(4))
            self.assertEqual(ride["status"], "requested")
            ride_id = ride["ride_id"]

            offer = wheel.until_type("offer.created")["data"]
            self.assertEqual(offer["ride_id"], ride_id)
            self.assertGreater(offer["expires_in_ms"], 0)
            wheel.send({"type": "accept", "offer_id": offer["offer_id"], "id": "a1"})
            ack = wheel.until("the ack", 5, lambda m: m["type"] in ("ack", "error"))
            self.assertEqual((ack["type"], ack["data"]["re"]), ("ack", "a1"), ack)
            lease = ack["data"]["ride"]["lease_id"]
            self.assertNotIn("start_code", ack["data"]["ride"])

            seen = ride_in(screen.until("assigned", 5, lambda m: (ride_in(m) or {}).get("status")
                                        == "assigned"))
            self.assertEqual(seen["driver"]["driver_id"], driver.id)
            self.assertNotIn("lease_id", seen)
            code = seen["start_code"]

            where = screen.until_type("driver.location")
            self.assertAlmostEqual(where["data"]["lat"], driver.at["lat"], 4, "where he is now")
            self.assertEqual(driver.ping(town.place(1))[0], 202)
            screen.until("his next position", 5, lambda m: m["type"] == "driver.location"
                         and abs(m["data"]["lat"] - town.place(1)["lat"]) < 1e-4)

            self.assertEqual(driver.act(ride_id, "arrive", lease_id=lease)[0], 200)
            status, body, _ = driver.act(ride_id, "start", lease_id=lease, start_code="xxxx")
            self.assertEqual((status, body["code"]), (422, "incorrect_start_code"))
            self.assertEqual(driver.act(ride_id, "start", lease_id=lease, start_code=code)[0], 200)
            status, done, _ = driver.act(ride_id, "complete", lease_id=lease)
            self.assertEqual((status, done["status"]), (200, "completed"))
            status, again, _ = driver.act(ride_id, "complete", lease_id=lease)
            self.assertEqual((status, again["status"]), (200, "completed"), "repeating is no error")

            settled = screen.until("the final fare", 10,
                                   lambda m: (ride_in(m) or {}).get("final_fare"))
            final = ride_in(settled)["final_fare"]
            self.assertEqual({k: final[k] for k in quote["fare"]}, quote["fare"])
            wait_for("the driver to be idle", 5, lambda: driver.state()["state"] == "idle")
            read = rider.ride(ride_id)
            self.assertEqual(read["status"], "completed")
            versions = [m["version"] for m in screen.frames if ride_in(m)]
            self.assertEqual(versions, sorted(set(versions)), "no version comes twice or late")
            numbers = [m["seq"] for m in screen.frames]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "seq has no hole")
            status, events, _ = town.call("dispatcher", "GET", f"/v1/rides/{ride_id}/events",
                                          rider.token)
            self.assertEqual([e["version"] for e in events["items"]],
                             [i + 1 for i in range(read["version"])])
            # as a value: its four digits may well stand in a time
            self.assertNotIn(code, [str(value) for e in events["items"] for value in e.values()])
            stranger = town.rider("r2")
            status, body, _ = town.call("dispatcher", "GET", f"/v1/rides/{ride_id}", stranger.token)
            self.assertEqual((status, body["code"]), (404, "not_found"))


if __name__ == "__main__":
    unittest.main()
