"""One ride offered to several drivers at once: the first who accepts has it."""

import city
from city import LIMITS, TAG


class Broadcast(city.CheckedCase):
    def offered(self, n=3, rider="rider-1"):
        """A ride offered to la-d1 ... la-d<n>: (ride, offer)."""
        ride = self.c.create(rider).ride["ride_id"]
        drivers = ["la-d%d" % (i + 1) for i in range(n)]
        for d in drivers:
            self.c.online(d)
        a = self.c.broadcast(ride, drivers)
        self.assertEqual((a.code, a.extra["drivers"]), ("ok", drivers))
        return ride, a.extra["offer_id"]

    def test_all_are_offered_and_the_entry_is_acknowledged(self):
        c = self.c
        ride = c.create().ride["ride_id"]
        entry = c.read_work()[0][0]
        for d in ("la-d1", "la-d2"):
            c.online(d)
        a = c.broadcast(ride, ["la-d1", "la-d2"], entry, eta=70)
        self.assertEqual((a.code, c.pending()), ("ok", 0))
        self.assertEqual(c.ride(ride)["pickup_eta_s"], "70")
        for d in ("la-d1", "la-d2"):
            self.assertEqual((c.driver(d)["state"], c.driver(d)["offer"]), ("offered", ride + ".1"))
            self.assertFalse(c.is_idle(d))

    def test_the_first_accept_wins_and_the_others_are_free_at_once(self):
        c = self.c
        ride, offer = self.offered()
        link = self.server.connect().connection_pool.get_connection("SSUBSCRIBE")
        link.send_command("SSUBSCRIBE", "ui:%s:driver:la-d1" % TAG, "ui:%s:driver:la-d3" % TAG)
        link.read_response(), link.read_response()
        a = c.accept(ride, "la-d2", offer)
        self.assertEqual((a.code, a.ride["driver_id"], a.ride["lease"]), ("ok", "la-d2", offer))
        self.assertEqual(a.ride["pickup_eta_s"], "51", "the winner's own way")
        for _ in range(2):
            hint = __import__("json").loads(link.read_response()[2])
            self.assertEqual((hint["kind"], hint["event"], hint["offer_id"]), ("offer.revoked", "accept", offer))
        link.disconnect()
        for d in ("la-d1", "la-d3"):
            self.assertTrue(c.is_idle(d))
            self.assertEqual(c.accept(ride, d, offer).code, "ride_taken")
            self.assertEqual(c.call("ride_decline", ride, d, offer, "").code, "ride_taken")
        self.assertEqual(c.accept(ride, "la-d2", offer).extra["replayed"], "1")

    def test_a_loser_may_get_the_ride_when_it_comes_back(self):
        c = self.c
        ride, offer = self.offered(2)
        c.accept(ride, "la-d1", offer)
        c.call("ride_cancel", ride, "la-d1", offer, "", "driver", "other", "")
        self.assertEqual(c.offer(ride, "la-d1").extra["reason"], "excluded")
        self.assertEqual(c.offer(ride, "la-d2").code, "ok")

    def test_a_decline_leaves_the_offer_to_the_others(self):
        c = self.c
        ride, offer = self.offered()
        version = int(c.ride(ride)["version"])
        decline = lambda d: c.call("ride_decline", ride, d, offer, "")
        self.assertEqual(decline("la-d1").code, "ok")
        f = c.ride(ride)
        self.assertEqual((f["status"], f["offer_driver"], int(f["version"])), ("offered", "la-d2 la-d3", version + 1))
        self.assertEqual(c.events(ride)[-1]["type"], "pass")
        self.assertEqual(decline("la-d1").extra["replayed"], "1")
        self.assertEqual(c.accept(ride, "la-d1", offer).code, "offer_revoked")
        c.check()
        c.offline("la-d2")
        self.assertEqual(c.ride(ride)["offer_driver"], "la-d3")
        self.assertEqual(decline("la-d3").code, "ok")
        self.assertEqual((c.ride(ride)["status"], c.ride(ride)["attempt"]), ("requested", "2"))

    def test_one_who_goes_dark_leaves_the_offer_to_the_others(self):
        c = self.c
        ride, offer = self.offered(2)
        c.db.zadd(city.SEEN, {"la-d1": c.now() - LIMITS["DARK_MS"] - 1})
        self.assertEqual(c.call("driver_dark", "la-d1").code, "ok")
        self.assertEqual(c.ride(ride)["offer_driver"], "la-d2")
        self.assertEqual(c.accept(ride, "la-d1", offer).code, "offer_expired")
        self.assertEqual(c.accept(ride, "la-d2", offer).code, "ok")

    def test_time_is_up_for_all_of_them(self):
        c = self.c
        ride, offer = self.offered(2)
        c.later(LIMITS["OFFER_MS"] + LIMITS["OFFER_GRACE_MS"] + 1)
        self.assertEqual(c.call("timer_apply", "offer:" + ride).extra["did"], "offer_timeout")
        self.assertEqual(c.ride(ride)["status"], "requested")
        for d in ("la-d1", "la-d2"):
            self.assertEqual(c.driver(d)["state"], "idle")
            self.assertEqual(c.accept(ride, d, offer).code, "offer_expired")
            self.assertEqual(c.offer(ride, d).code, "driver_unavailable")

    def test_a_cancel_frees_all_of_them(self):
        c = self.c
        ride, offer = self.offered()
        c.call("ride_cancel", ride, "rider-1", "", "", "rider", "other", "")
        for d in ("la-d1", "la-d2", "la-d3"):
            self.assertTrue(c.is_idle(d))
            self.assertEqual(c.accept(ride, d, offer).code, "offer_revoked")

    def test_only_those_who_are_free_are_offered(self):
        c = self.c
        ride, _ = self.offered(1)
        other = c.create("rider-2").ride["ride_id"]
        c.online("la-d2")
        a = c.broadcast(other, ["la-d1", "la-d2", "la-nobody"])
        self.assertEqual((a.code, a.extra["drivers"]), ("ok", ["la-d2"]))
        third = c.create("rider-3").ride["ride_id"]
        before = c.dump()
        self.assertEqual(c.broadcast(third, ["la-d1", "la-d2"]).code, "driver_unavailable")
        self.assertEqual(c.dump(), before)

    def test_too_many_none_or_one_twice_is_an_error(self):
        ride = self.c.create().ride["ride_id"]
        for who in ([], ["la-d1"] * 2, ["la-d1", "la-d2", "la-d3", "la-d4"]):
            with self.assertRaises(Exception):
                self.c.broadcast(ride, who)


if __name__ == "__main__":
    city.main()
