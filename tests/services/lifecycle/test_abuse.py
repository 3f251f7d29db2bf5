"""Who asks for rides too often: the sketch lets pass, the bucket is exact, and what is refused changes nothing."""

import city
from city import CODE, EVENTS, INCOMING

BURST, PER_MIN = 4, 6


class Abuse(city.CheckedCase):
    def ask(self, rider="r-1", limit="%d %d" % (PER_MIN, BURST), key="", ride=None):
        ride = ride or self.c.fresh_id()
        answer = self.c.call("ride_create", rider, key, "h", ride, CODE, "economy", "", "tp", "pickup_lat", "34.05",
                             "pickup_lon", "-118.24", "limit", limit, "note", "n")
        if answer.code == "ok" and answer.extra["replayed"] == "0":
            self.assertNotIn("limit", self.c.ride(ride))
            self.assertEqual(self.c.ride(ride)["note"], "n")
            self.assertEqual(self.c.call("ride_cancel", ride, rider, "", "", "rider", "changed_mind", "").code, "ok")
        return answer

    def asked(self, n, **more):
        return [self.ask(**more).code for _ in range(n)]

    def bucket(self, rider="r-1"):
        return "bucket:{la}:create:" + rider

    def known(self):
        return self.c.has_family("CMS.INCRBY")

    def test_who_asks_seldom_leaves_no_key(self):
        self.assertEqual(self.asked(BURST), ["ok"] * BURST)
        self.assertEqual(self.db.exists(self.bucket()), 0 if self.known() else 1)

    def test_a_bucket_is_exact_and_fills_again(self):
        if self.known():
            self.asked(BURST)  # from here on he stands out
        self.assertEqual(self.asked(BURST), ["ok"] * BURST)
        before = self.c.dump(skip={self.bucket()})
        refused = self.ask()
        self.assertEqual((refused.code, refused.ride), ("rate_limited", {}))
        self.assertTrue(0 < int(refused.extra["wait_ms"]) <= 60000 // PER_MIN, refused)
        after = self.c.dump(skip={self.bucket()})
        counted = [k for k in before if k.startswith("abuse:")]
        for k in counted:
            before.pop(k), after.pop(k)
        self.assertEqual(before, after)
        ttl = self.db.pttl(self.bucket())
        self.assertTrue(0 < ttl <= BURST * 60000 // PER_MIN, ttl)
        self.db.set(self.bucket(), int(self.db.get(self.bucket())) - 60000 // PER_MIN, keepttl=True)
        self.assertEqual(self.asked(2), ["ok", "rate_limited"], "one came back, and one only")
        self.assertEqual(self.asked(1, rider="r-2"), ["ok"], "nobody else is meant")

    def test_repeats_and_no_limit_count_nothing(self):
        first = self.ask(key="k")
        self.assertEqual(first.code, "ok")
        for _ in range(3 * BURST):
            self.assertEqual(self.ask(key="k").extra["replayed"], "1")
        self.assertEqual(self.asked(3 * BURST, rider="r-9", limit=""), ["ok"] * 3 * BURST)
        self.assertEqual(self.asked(BURST - 1), ["ok"] * (BURST - 1))
        self.assertEqual(self.db.exists(self.bucket("r-9")), 0)

    def test_a_refused_rider_is_refused_by_a_live_ride_first(self):
        self.asked(2 * BURST)
        self.assertEqual(self.ask().code, "rate_limited")
        self.c.create("r-1")
        self.assertEqual(self.ask().code, "active_ride_exists")

    def test_damage_is_named_or_passed_over_and_half_done_never(self):
        self.asked(2 * BURST)
        self.db.set(self.bucket(), "not a time")
        self.assertEqual(self.ask().code, "ok")
        self.db.delete(self.bucket())
        self.db.rpush(self.bucket(), "x")
        lengths = self.db.xlen(EVENTS), self.db.xlen(INCOMING)
        with self.assertRaisesRegex(Exception, "WRONGTYPE.*" + self.bucket().replace("{", r"\{")):
            self.ask()
        self.assertEqual((self.db.xlen(EVENTS), self.db.xlen(INCOMING)), lengths)


if __name__ == "__main__":
    city.main()
