"""What users of other backends complain about, each shown not to happen here."""

import threading

import city
from city import CODE, LIMITS


class Complaints(city.CheckedCase):
    def at_once(self, n, call):
        """call(i, connection) for each i < n, started together; the answers in order."""
        gate, answers = threading.Barrier(n), [None] * n

        def run(i):
            db = self.server.connect()
            db.ping()
            gate.wait()
            answers[i] = call(i, db)
            db.close()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    def test_one_driver_gets_two_rides(self):
        """nammayatri 8111, 8112. Every way to a ride, for a driver in every state."""
        c = self.c
        for state in ("offered", "assigned", "arrived", "in_progress"):
            c.clear()
            c.reach(state)
            ride = c.create("rider-2").ride["ride_id"]
            before = c.dump()
            for name in ("ride_offer", "ride_assign"):
                self.assertEqual(c.call(name, ride, 1, "la-d1", "", 9).code, "driver_unavailable", (state, name))
            self.assertEqual(c.broadcast(ride, ["la-d1"]).code, "driver_unavailable")
            self.assertEqual(c.dump(), before)
        c.clear()
        c.online("la-d1")
        rides = [c.create("r%d" % i).ride["ride_id"] for i in range(16)]
        codes = [a.code for a in self.at_once(16, lambda i, db: c.call(
            "ride_offer" if i % 2 else "ride_assign", rides[i], 1, "la-d1", "", 9, db=db))]
        self.assertEqual(sorted(codes), ["driver_unavailable"] * 15 + ["ok"])

    def test_two_drivers_get_one_ride(self):
        """nammayatri 7866. All offered drivers accept in the same moment, again and again."""
        c = self.c
        for n in range(10):
            ride = c.create("r%d" % n).ride["ride_id"]
            drivers = ["la-d%d-%d" % (n, i) for i in range(3)]
            for d in drivers:
                c.online(d)
            offer = c.broadcast(ride, drivers).extra["offer_id"]
            codes = [a.code for a in self.at_once(6, lambda i, db: c.accept(ride, drivers[i % 3], offer, db=db))]
            self.assertEqual(sorted(codes), ["ok"] * 2 + ["ride_taken"] * 4, "the winner's repeat is his too")
            holder = c.ride(ride)["driver_id"]
            self.assertEqual([c.driver(d).get("ride", "") == ride for d in drivers], [d == holder for d in drivers])

    def test_duplicate_ride_on_a_double_call(self):
        """nammayatri 6691."""
        c = self.c
        answers = self.at_once(32, lambda i, db: c.create("r7", "la-X%d" % i, key="k", db=db))
        self.assertEqual({a.code for a in answers}, {"ok"})
        self.assertEqual(len({a.ride["ride_id"] for a in answers}), 1)
        self.assertEqual(sorted(a.extra["replayed"] for a in answers), ["0"] + ["1"] * 31)
        self.assertEqual(len(list(c.db.scan_iter("ride:*"))), 1)
        self.assertEqual(len(c.read_work()), 1)

    def test_offers_after_assignment(self):
        """nammayatri 1661. Whatever entry or timer comes late, a ride that is assigned is offered to nobody."""
        c = self.c
        ride = c.create().ride["ride_id"]
        c.call("ride_defer", ride, 1, "")
        for d in ("la-d1", "la-d2", "la-d3"):
            c.online(d)
        entry = c.read_work()[0][0]
        offer = c.broadcast(ride, ["la-d1", "la-d2"]).extra["offer_id"]
        c.accept(ride, "la-d1", offer)
        before = c.ride(ride)
        for timer in ("retry:", "offer:", "deadline:"):
            c.fire(timer + ride)
        for attempt in (1, 2):
            for name in ("ride_offer", "ride_assign"):
                self.assertEqual(c.call(name, ride, attempt, "la-d3", entry, 9).code, "stale_entry")
        self.assertEqual((c.ride(ride), c.read_work()), (before, []))
        self.assertEqual([c.driver(d)["offer"] if "offer" in c.driver(d) else "" for d in ("la-d2", "la-d3")], ["", ""])

    def test_reallocation_silently_off(self):
        """Each way to lose a driver before the pickup puts the ride back to work in the same call."""
        c = self.c

        def stalls(ride, driver, lease):
            c.place(driver, 34.09, -118.24)
            c.fire("pickup:" + ride)
            c.db.hset(city.ride_key(ride), "watch_still_s", 1000)
            return c.fire("pickup:" + ride).extra["did"]

        def goes_dark(ride, driver, lease):
            c.later(LIMITS["DARK_MS"] + 1)
            c.call("driver_dark", driver)
            c.later(LIMITS["PICKUP_DARK_MS"])
            return c.fire("pickup:" + ride).extra["did"]

        def cancels(ride, driver, lease):
            return c.call("ride_cancel", ride, driver, lease, "", "driver", "other", "").code

        for way in (stalls, goes_dark, cancels):
            with self.subTest(way.__name__):
                c.clear()
                ride, driver, lease = c.reach("assigned")
                c.read_work()
                way(ride, driver, lease)
                f = c.ride(ride)
                self.assertEqual((f["status"], f["attempt"]), ("requested", "2"))
                self.assertEqual([e[1]["attempt"] for e in c.read_work()], ["2"])
                self.assertIsNotNone(c.timer("deadline:" + ride))
                self.assertEqual(f["fare"], '{"amount_minor":900,"currency":"USD"}', "the quote is kept")
                c.check()

    def test_offers_already_expired_when_sent(self):
        """Work may wait in the stream for minutes; an offer has its whole time from when it is made."""
        c = self.c
        ride = c.create().ride["ride_id"]
        c.later(LIMITS["MATCH_MS"] - 5000)
        c.online("la-d1")
        a = c.offer(ride, "la-d1", c.read_work()[0][0])
        self.assertEqual(int(a.extra["expires_ms"]) - int(a.extra["now_ms"]), LIMITS["OFFER_MS"])
        c.clear()
        ride = c.create().ride["ride_id"]
        c.later(LIMITS["MATCH_MS"] + 1)
        c.online("la-d1")
        self.assertEqual(c.offer(ride, "la-d1").code, "stale_entry", "nobody is sent what is over already")

    def test_an_idempotency_key_regenerated_on_each_retry(self):
        """The key is new each time: the rider's one live ride is what protects him."""
        c = self.c
        answers = self.at_once(16, lambda i, db: c.create("r7", "la-X%d" % i, key="k%d" % i, db=db))
        self.assertEqual(sorted(a.code for a in answers), ["active_ride_exists"] * 15 + ["ok"])
        self.assertEqual(len({a.ride["ride_id"] for a in answers}), 1, "everybody is told the same ride")

    def test_a_stale_lease_writes_nothing(self):
        """Who lost the ride and does not know it yet: none of his writes count, on any later attempt."""
        c = self.c
        ride, driver, lease = c.reach("assigned")
        c.call("ride_cancel", ride, driver, lease, "", "driver", "other", "")
        c.online("la-d2")
        second = c.offer(ride, "la-d2").extra["offer_id"]
        c.accept(ride, "la-d2", second)
        self.assertNotEqual(lease, second)
        before = c.dump()
        for name, more in (("ride_arrive", ()), ("ride_start", (CODE,)), ("ride_reach_stop", (1,)),
                           ("ride_complete", ("", "")), ("ride_no_show", ())):
            for his in (lease, second):
                a = c.call(name, ride, driver, his, "", *more)
                self.assertIn(a.code, ("stale_lease", "not_found"), name)
        self.assertEqual(c.dump(), before)


if __name__ == "__main__":
    city.main()
