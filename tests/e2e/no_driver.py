"""Ten rides and no driver for 100 s, two matchers: waiting is not failing, and nobody is forgotten."""
import os
import time
import unittest

from town import Town, wait_for

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")
RIDES, WAIT_S = 10, 100


class NoDriver(unittest.TestCase):
    def test_waiting_rides_are_no_dead_letters_and_all_are_matched_once_drivers_come(self):
        with Town(STORE, fsync="everysec") as town:
            town.start("matcher", "matcher-2")
            riders = [town.rider(f"r{i}") for i in range(RIDES)]
            began = time.monotonic()
            rides = [r.request(town.place(i), town.place(i + 1))["ride_id"]
                     for i, r in enumerate(riders)]
            wait_for("100 s to pass", WAIT_S + 5, lambda: time.monotonic() - began > WAIT_S)

            self.assertEqual(town.redis.xlen(town.key("rides:dead:%r")), 0)
            for rider, ride_id in zip(riders, rides):
                ride = rider.ride(ride_id)
                self.assertEqual((ride["status"], ride["attempt"]), ("requested", 1))
            group = town.redis.xinfo_groups(town.key("rides:incoming:%r"))[0]
            self.assertLessEqual(group["pending"], RIDES)

            drivers = [town.driver(i, i).register().online() for i in range(RIDES)]
            offers = [wait_for("an offer for each driver", 12, d.offer) for d in drivers]
            self.assertEqual({o["ride_id"] for o in offers}, set(rides))
            for driver, offer in zip(drivers, offers):
                status, ride, _ = driver.act(offer["ride_id"], "accept", offer_id=offer["offer_id"])
                self.assertEqual((status, ride["status"]), (200, "assigned"))
            self.assertEqual(town.redis.xlen(town.key("rides:dead:%r")), 0)


if __name__ == "__main__":
    unittest.main()
