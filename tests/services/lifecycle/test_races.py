"""Two who want the same thing, in both orders, and truly at once."""

import threading

import city
from city import LIMITS


class Races(city.CheckedCase):
    def at_once(self, calls):
        """Runs the calls on a connection each, started together; their answers in order."""
        gate = threading.Barrier(len(calls))
        answers = [None] * len(calls)

        def run(i):
            db = self.server.connect()
            db.ping()
            gate.wait()
            answers[i] = calls[i](db)
            db.close()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    def test_the_same_create_at_two_connections_makes_one_ride(self):
        for n in range(50):
            key = "key-%d" % n
            rider = "rider-%d" % n
            a, b = self.at_once([lambda db: self.c.create(rider, "la-A%d" % n, key, db=db),
                                 lambda db: self.c.create(rider, "la-B%d" % n, key, db=db)])
            self.assertEqual((a.code, b.code), ("ok", "ok"))
            self.assertEqual(a.ride["ride_id"], b.ride["ride_id"])
            self.assertEqual(sorted([a.extra["replayed"], b.extra["replayed"]]), ["0", "1"])

    def test_two_creates_of_one_rider_make_one_ride(self):
        for n in range(50):
            rider = "rider-%d" % n
            a, b = self.at_once([lambda db: self.c.create(rider, "la-A%d" % n, "a", db=db),
                                 lambda db: self.c.create(rider, "la-B%d" % n, "b", db=db)])
            self.assertEqual(sorted([a.code, b.code]), ["active_ride_exists", "ok"])

    def test_two_rides_offered_to_one_driver_give_him_one(self):
        c = self.c
        for n in range(30):
            driver = "la-d%d" % n
            c.online(driver)
            rides = [c.create("a%d" % n).ride["ride_id"], c.create("b%d" % n).ride["ride_id"]]
            offer = lambda ride: lambda db: c.call("ride_offer", ride, 1, driver, "", 9, db=db)
            codes = [a.code for a in self.at_once([offer(r) for r in rides])]
            self.assertEqual(sorted(codes), ["driver_unavailable", "ok"])

    def test_one_ride_offered_by_two_matchers_goes_to_one_driver(self):
        c = self.c
        for n in range(30):
            ride = c.create("r%d" % n).ride["ride_id"]
            c.online("la-a%d" % n)
            c.online("la-b%d" % n)
            offer = lambda d: lambda db: c.call("ride_offer", ride, 1, d, "", 9, db=db)
            codes = [a.code for a in self.at_once([offer("la-a%d" % n), offer("la-b%d" % n)])]
            self.assertEqual(sorted(codes), ["ok", "stale_entry"])

    def test_accept_until_a_second_after_expiry_and_not_later(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.later(LIMITS["OFFER_MS"] + 500)
        self.assertEqual(self.c.call("timer_apply", "offer:" + ride).extra["did"], "nothing")
        self.assertEqual(self.c.accept(ride, driver, offer).code, "ok")
        self.c.clear()
        ride, driver, offer = self.c.reach("offered")
        self.c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
        self.assertEqual(self.c.accept(ride, driver, offer).code, "offer_expired")
        self.assertEqual(self.c.call("timer_apply", "offer:" + ride).extra["did"], "offer_timeout")
        self.assertEqual(self.c.accept(ride, driver, offer).code, "offer_expired")

    def test_a_timeout_after_the_accept_changes_nothing(self):
        ride, driver, offer = self.c.reach("offered")
        self.c.accept(ride, driver, offer)
        before = self.c.dump()
        self.c.fire("offer:" + ride)
        self.assertEqual(self.c.dump(), before)

    def test_accept_against_cancel_in_both_orders(self):
        cancel = lambda ride: self.c.call("ride_cancel", ride, "rider-1", "", "", "rider", "x", "")
        ride, driver, offer = self.c.reach("offered")
        self.assertEqual((self.c.accept(ride, driver, offer).code, cancel(ride).code), ("ok", "ok"))
        self.assertEqual(self.c.driver(driver)["state"], "idle")
        self.c.check()
        ride, driver, offer = self.c.reach("offered")
        self.assertEqual((cancel(ride).code, self.c.accept(ride, driver, offer).code), ("ok", "offer_revoked"))

    def test_accept_and_cancel_at_once_end_cancelled_and_free(self):
        c = self.c
        for n in range(30):
            ride, driver, offer = c.reach("offered", "la-d%d" % n, "r%d" % n)
            a, b = self.at_once([lambda db: c.accept(ride, driver, offer, db=db),
                                 lambda db: c.call("ride_cancel", ride, "r%d" % n, "", "", "rider", "x",
                                                   "", db=db)])
            self.assertIn(a.code, ("ok", "offer_revoked"))
            self.assertEqual(b.code, "ok")
            self.assertEqual(c.ride(ride)["status"], "cancelled")
            self.assertEqual(c.driver(driver)["state"], "idle")

    def test_accept_and_offline_at_once_leave_no_half(self):
        c = self.c
        for n in range(30):
            ride, driver, offer = c.reach("offered", "la-d%d" % n, "r%d" % n)
            a, b = self.at_once([lambda db: c.accept(ride, driver, offer, db=db),
                                 lambda db: c.call("driver_offline", driver, db=db)])
            self.assertIn((a.code, b.code), (("ok", "driver_on_ride"), ("offer_revoked", "ok")))

    def test_one_timer_applied_by_two_happens_once(self):
        c = self.c
        for n in range(20):
            ride, driver, offer = c.reach("offered", "la-d%d" % n, "r%d" % n)
        c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
        for name in c.call("timers_due", 100).extra["timers"]:
            did = [a.extra["did"] for a in self.at_once(
                [lambda db: c.call("timer_apply", name, db=db)] * 2)]
            self.assertEqual(sorted(did), ["nothing", "offer_timeout"])


if __name__ == "__main__":
    city.main()
