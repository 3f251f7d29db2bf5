"""Races between people, processes and deadlines, each of which some ride-hailing system gets wrong."""
import concurrent.futures
import os
import threading
import time
import unittest
import uuid

from town import Town, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")


def at_once(*calls):
    """Runs the calls in threads that start together; returns their results in order."""
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(run, c) for c in calls]]


class Races(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town(STORE)
        cls.town.__enter__()
        try:
            cls.town.start("dispatcher", "dispatcher-2")
        except BaseException:
            cls.town.__exit__(None, None, None)
            raise

    @classmethod
    def tearDownClass(cls):
        cls.town.__exit__(None, None, None)

    numbers = iter(range(100, 1000))

    def fresh_driver(self, place=0):
        return self.town.driver(next(self.numbers), place).register().online()

    def fresh_rider(self):
        return self.town.rider("r" + uuid.uuid4().hex[:10])

    def offered(self, driver, seconds=5):
        return wait_for("an offer", seconds, driver.offer)

    def retire(self, *drivers):
        """Takes drivers out, so that the next test's rides do not go to them."""
        for d in drivers:
            wait_for("the driver to be free", 20, lambda d=d: d.offline()[0] == 200)

    def test_the_same_create_at_two_dispatchers_at_once_makes_one_ride(self):
        for _ in range(10):
            rider, key = self.fresh_rider(), uuid.uuid4().hex
            body = rider.body(self.town.place(2), self.town.place(5))
            replies = at_once(*[lambda at=at: rider.create(body, key, at)
                                for at in ("dispatcher", "dispatcher-2") * 3])
            self.assertEqual({r[0] for r in replies}, {201})
            self.assertEqual(len({r[1]["ride_id"] for r in replies}), 1)
            self.assertEqual(sum("Idempotent-Replayed" in r[2] for r in replies), 5)
            bodies = {str(sorted(r[1].items())) for r in replies}
            self.assertEqual(len(bodies), 1, "a replay is the first reply, word for word")
            ride_id = replies[0][1]["ride_id"]
            other = dict(body, note="another body")
            status, problem, _ = rider.create(other, key)
            self.assertEqual((status, problem["code"]), (422, "idempotency_key_reused"))
            status, problem, _ = rider.create(body)
            self.assertEqual((status, problem["code"]), (409, "active_ride_exists"))
            self.assertEqual(problem["ride"]["ride_id"], ride_id)
            self.assertEqual(rider.cancel(ride_id)[0], 200)

    def test_accept_against_cancel_leaves_one_truth(self):
        for _ in range(8):
            driver, rider = self.fresh_driver(), self.fresh_rider()
            ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
            offer = self.offered(driver)
            accept, cancel = at_once(
                lambda: driver.act(ride_id, "accept", offer_id=offer["offer_id"]),
                lambda: rider.cancel(ride_id, "dispatcher-2"))
            self.assertEqual(cancel[0], 200)
            self.assertIn(accept[0], (200, 409))
            ride, state = rider.ride(ride_id), driver.state()
            self.assertEqual(ride["status"], "cancelled")
            self.assertEqual((state["state"], state["ride"]), ("idle", None))
            if accept[0] == 409:
                self.assertIn(accept[1]["code"], ("offer_revoked", "offer_expired"))
            self.retire(driver)

    def test_two_answers_to_one_offer_agree(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        offer = self.offered(driver)
        accept, decline = at_once(
            lambda: driver.act(ride_id, "accept", offer_id=offer["offer_id"]),
            lambda: driver.act(ride_id, "decline", "dispatcher-2", offer_id=offer["offer_id"]))
        self.assertEqual(sorted([accept[0], decline[0]]), [200, 409])
        status = rider.ride(ride_id)["status"]
        self.assertEqual(status == "assigned", accept[0] == 200)
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(driver)

    def test_accept_against_timeout_leaves_one_truth(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        offer = self.offered(driver)
        key = self.town.key("ride:%r:") + ride_id
        end = int(self.town.redis.hget(key, "offer_expires_ms")) / 1000 + 1

        def keep_fresh_until(moment):
            while time.time() < moment:
                driver.ping()
                threading.Event().wait(min(1, max(0.0, moment - time.time())))

        keep_fresh_until(end - 0.05) # the grace of a second ends, and the timer is due, just now
        accept = driver.act(ride_id, "accept", offer_id=offer["offer_id"])
        if accept[0] == 200:
            self.assertEqual(rider.ride(ride_id)["status"], "assigned")
            self.assertEqual(driver.state()["state"], "assigned")
        else:
            self.assertEqual((accept[0], accept[1]["code"]), (409, "offer_expired"))
            wait_for("the ride to be requested again", 3,
                     lambda: rider.ride(ride_id)["status"] == "requested")
            self.assertEqual(driver.state()["state"], "idle")
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(driver)

    def test_a_late_accept_is_told_that_it_is_late(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        offer = self.offered(driver)

        def timed_out():
            driver.ping()
            return rider.ride(ride_id)["status"] == "requested"

        wait_for("the offer to time out", 20, timed_out)
        status, problem, _ = driver.act(ride_id, "accept", offer_id=offer["offer_id"])
        self.assertEqual((status, problem["code"]), (409, "offer_expired"))
        self.assertEqual(rider.ride(ride_id)["attempt"], 2)
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(driver)

    def test_a_driver_silent_for_20_s_is_offered_rides_again_within_2_s_of_a_ping(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        idle = self.town.key("drivers:idle:%r:economy")
        wait_for("the silent driver to leave the idle index", 20,
                 lambda: self.town.redis.zscore(idle, driver.id) is None)
        silent = time.monotonic()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        wait_for("20 s of silence, with a ride waiting beside him", 10,
                 lambda: time.monotonic() - silent > 5)
        self.assertIsNone(driver.offer())
        self.assertEqual(driver.ping()[0], 202)
        wait_for("the offer", 2, driver.offer)
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(driver)

    def test_a_ping_after_offline_leaves_the_driver_out_of_every_index(self):
        driver = self.fresh_driver()
        self.assertEqual(driver.offline()[0], 200)
        self.assertEqual(driver.ping()[0], 202)
        indexes = ("drivers:active:%r", "drivers:idle:%r:economy", "drivers:seen:%r")
        for index in indexes:
            self.assertIsNone(self.town.redis.zscore(self.town.key(index), driver.id), index)
        self.assertEqual(driver.state()["state"], "offline")

    def test_offline_while_offered_declines_for_the_driver(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        self.offered(driver)
        self.assertEqual(driver.offline()[0], 200)
        ride = rider.ride(ride_id)
        self.assertEqual((ride["status"], ride["attempt"]), ("requested", 2))
        self.assertEqual(rider.cancel(ride_id)[0], 200)

    def test_offline_while_on_a_ride_is_refused(self):
        driver, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        offer = self.offered(driver)
        self.assertEqual(driver.act(ride_id, "accept", offer_id=offer["offer_id"])[0], 200)
        status, problem, _ = driver.offline()
        self.assertEqual((status, problem["code"]), (409, "driver_on_ride"))
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(driver)

    def test_a_driver_cancel_sends_the_ride_to_another_driver(self):
        first, second, rider = self.fresh_driver(0), self.fresh_driver(3), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5))["ride_id"]
        offer = self.offered(first)
        status, ride, _ = first.act(ride_id, "accept", offer_id=offer["offer_id"])
        self.assertEqual(status, 200)
        self.assertEqual(first.act(ride_id, "cancel", lease_id=ride["lease_id"],
                                   reason="vehicle_problem")[0], 200)
        offer = self.offered(second)
        self.assertEqual(offer["ride_id"], ride_id)
        status, problem, _ = first.act(ride_id, "arrive", lease_id=ride["lease_id"])
        self.assertEqual((status, problem["code"]), (409, "stale_lease"))
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(first, second)

    def test_constraints_keep_drivers_out(self):
        plain, rider = self.fresh_driver(), self.fresh_rider()
        ride_id = rider.request(self.town.place(0), self.town.place(5),
                                constraints={"min_rating": 4.95, "language": "es"})["ride_id"]
        good = self.town.driver(next(self.numbers), 4)
        good.register(rating=4.99, languages=["en", "es"]).online()
        offer = wait_for("the offer", 8, good.offer)
        self.assertEqual(offer["ride_id"], ride_id)
        self.assertIsNone(plain.offer())
        self.assertEqual(rider.cancel(ride_id)[0], 200)
        self.retire(plain, good)


if __name__ == "__main__":
    unittest.main()
