"""What a round of the matcher decides, for several rides in one call; each of them by itself."""

import city
from city import EVENTS, LIMITS


class Round(city.CheckedCase):
    def match(self, *rows):
        """The answers of the rides: (code, extras) of each."""
        args = [word for row in rows for word in row]
        code, _, extras = self.c.db.execute_command("FCALL", "rides_match_v1", 1, EVENTS, *args)
        self.assertEqual((code, extras[0]), ("ok", "results"))
        return [(word, dict(zip(more[::2], more[1::2]))) for word, _, more in extras[1]]

    def rides(self, n):
        """n rides and the entries that ask for them."""
        rides = [self.c.create("rider-%d" % i).ride["ride_id"] for i in range(n)]
        return list(zip(rides, [entry for entry, _ in self.c.read_work()]))

    def test_an_entry_says_what_a_matcher_must_know(self):
        c = self.c
        ride = c.create().ride["ride_id"]
        (_, fields), = c.read_work()
        self.assertEqual({k: fields.get(k) for k in ("ride_id", "attempt", "product", "excluded")},
                         {"ride_id": ride, "attempt": "1", "product": "economy", "excluded": None})
        for field in ("pickup_lat", "pickup_lon", "created_ms"):
            self.assertEqual(fields[field], c.ride(ride)[field])
        c.online("la-d1")
        offer = c.offer(ride, "la-d1").extra["offer_id"]
        self.assertEqual(c.call("ride_decline", ride, "la-d1", offer, "").code, "ok")
        (_, fields), = c.read_work()
        self.assertEqual((fields["attempt"], fields["excluded"].split()), ("2", ["la-d1"]))

    def test_offers_assignments_and_deferrals_go_together_and_acknowledge_their_entries(self):
        c = self.c
        (a, ea), (b, eb), (d, ed) = self.rides(3)
        for driver in ("la-d1", "la-d2", "la-d3"):
            c.online(driver)
        answers = self.match(("offer", a, "1", ea, "la-d1 la-d2", "50 60"), ("assign", b, "1", eb, "la-d3", "70"),
                             ("defer", d, "1", ed, "", ""))
        self.assertEqual([code for code, _ in answers], ["ok", "ok", "ok"])
        self.assertEqual(answers[0][1]["drivers"], ["la-d1", "la-d2"])
        self.assertEqual((c.ride(a)["status"], c.ride(b)["status"], c.ride(d)["status"]),
                         ("offered", "assigned", "requested"))
        self.assertEqual((c.ride(a)["pickup_eta_s"], c.ride(b)["driver_id"], c.ride(d)["defers"]),
                         ("50", "la-d3", "1"))
        self.assertEqual(c.pending(), 0)

    def test_two_rides_of_a_round_cannot_have_one_driver(self):
        c = self.c
        (a, ea), (b, eb) = self.rides(2)
        c.online("la-d1")
        answers = self.match(("offer", a, "1", ea, "la-d1", "50"), ("offer", b, "1", eb, "la-d1", "40"))
        self.assertEqual([code for code, _ in answers], ["ok", "driver_unavailable"])
        self.assertEqual((answers[1][1]["reason"], answers[1][1]["state"]), ("not_idle", "offered"))
        self.assertEqual((c.ride(b)["status"], c.pending()), ("requested", 1))

    def test_who_has_begun_or_ended_a_trip_since_is_passed_over(self):
        c = self.c
        _, driver, lease = c.nearly_done(rider="rider-9")
        c.read_work()
        (a, ea), (b, eb) = self.rides(2)
        answers = self.match(("offer", a, "1", ea, driver, "50"), ("assign", b, "1", eb, driver, "50"))
        self.assertEqual([(code, more["reason"]) for code, more in answers], [("driver_unavailable", "moved")] * 2)
        self.assertIsNotNone(c.db.zscore(city.SOON, driver), "he may still be found where his trip ends")
        (code, _), = self.match(("offer", a, "1", ea, driver, "200+"))
        self.assertEqual((code, c.ride(a)["pickup_eta_s"]), ("ok", "200"))
        c.online("la-d2")
        (code, more), = self.match(("offer", b, "1", eb, "la-d2", "200+"))
        self.assertEqual((code, more["reason"]), ("driver_unavailable", "moved"))
        self.assertTrue(c.is_idle("la-d2"))
        (code, _), = self.match(("offer", b, "1", eb, "la-d2", "20"))
        self.assertEqual(code, "ok")

    def test_a_ride_that_cannot_be_read_spoils_no_other(self):
        c = self.c
        (a, ea), (b, eb), (d, ed) = self.rides(3)
        c.online("la-d1")
        before = c.ride(b)
        c.db.delete(city.ride_key(b))
        c.db.set(city.ride_key(b), "no ride")
        answers = self.match(("offer", b, "1", eb, "la-d1", "50"), ("offer", a, "1", ea, "la-d1", "50"),
                             ("offer", d, "2", ed, "la-d1", "50"))
        self.assertEqual([code for code, _ in answers], ["internal", "ok", "stale_entry"])
        self.assertIn(city.ride_key(b), answers[0][1]["error"])
        self.assertEqual(c.ride(a)["status"], "offered")
        c.db.delete(city.ride_key(b))
        c.db.hset(city.ride_key(b), mapping=before)

    def test_what_is_no_decision_is_refused_and_changes_nothing(self):
        c = self.c
        (a, ea), = self.rides(1)
        for driver in ("la-d1", "la-d2", "la-d3", "la-d4"):
            c.online(driver)
        before = c.dump()
        for row in (("give", a, "1", ea, "la-d1", "50"), ("offer", a, "1", ea, "", ""),
                    ("offer", a, "1", ea, "la-d1 la-d1", "50 50"), ("offer", a, "1", ea, "la-d1 la-d2", "50"),
                    ("offer", a, "1", ea, "la-d1 la-d2 la-d3 la-d4", "1 2 3 4")):
            (code, extra), = self.match(row)
            self.assertEqual((code, extra["error"][:4]), ("internal", "ERR "), row)
        row = ("defer", a, "1", ea, "", "")
        for rows in ((), (row[:5],), (row,) * (LIMITS["MATCH_RIDES"] + 1)):
            with self.assertRaises(city.redis.ResponseError):
                self.match(*rows)
        self.assertEqual(c.dump(), before)


if __name__ == "__main__":
    city.main()
