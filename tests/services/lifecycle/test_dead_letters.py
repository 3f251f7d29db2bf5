"""Work that was given up: what is told of it, how much is kept, and who may move it."""

import redis

import city
from city import DEAD, INCOMING, LIMITS

ERRORS = "work-errors:" + city.TAG


class DeadLetters(city.CheckedCase):
    def given_up(self):
        """A requested ride whose entry was read: (ride, entry)."""
        ride, _, _ = self.c.reach("requested")
        return ride, self.c.read_work()[0][0]

    def bury(self, ride, entry):
        return self.c.call("ride_dead_letter", ride, 1, entry, "deliveries", 5, '{"ride_id":"x"}')

    def letter(self):
        (_, fields), = self.db.xrange(DEAD)
        return fields

    def test_a_letter_tells_the_first_and_the_last_error(self):
        ride, entry = self.given_up()
        for words in ("WRONGTYPE first", "second", "the last\nof them"):
            self.assertEqual(self.c.call("work_failed", entry, words).code, "ok")
        self.assertEqual(self.bury(ride, entry).code, "ok")
        f = self.letter()
        self.assertEqual((f["first_error"], f["last_error"]), ("WRONGTYPE first", "the last of them"))
        self.assertLessEqual(int(f["first_error_ms"]), int(f["last_error_ms"]))
        self.assertEqual((f["reason"], f["deliveries"], f["attempt"], f["entry"]),
                         ("deliveries", "5", "1", '{"ride_id":"x"}'))
        self.assertFalse(self.db.exists(ERRORS), "told, and forgotten")

    def test_readers_that_died_without_a_word_leave_no_error(self):
        self.bury(*self.given_up())
        self.assertEqual((self.letter()["first_error"], self.letter()["last_error"]), ("", ""))

    def test_errors_are_bounded_short_and_go_by_themselves(self):
        _, entry = self.given_up()
        self.c.call("work_failed", entry, "x" * 5000)
        self.assertLess(len(self.db.hget(ERRORS, entry)), 1000)
        self.assertTrue(0 < self.db.pttl(ERRORS) <= LIMITS["ERRORS_KEEP_MS"])
        with self.db.pipeline() as p:
            for i in range(LIMITS["ERRORS_MAX"]):
                p.hset(ERRORS, "%d-0" % i, "1 x\n1 x")
            p.execute()
        before = self.db.hlen(ERRORS)
        self.c.call("work_failed", "999999-9", "one too many")
        self.assertEqual(self.db.hlen(ERRORS), before)
        for bad in ("", "x", "1"):
            with self.assertRaises(redis.ResponseError):
                self.c.call("work_failed", bad, "words")

    def test_two_readers_that_give_up_one_entry_make_one_letter(self):
        ride, entry = self.given_up()
        self.assertEqual([self.bury(ride, entry).code for _ in range(2)], ["ok", "stale_entry"])
        entry = self.db.xadd(INCOMING, {"what": "is this"})
        self.c.read_work()
        codes = [self.c.call("ride_dead_letter", "", 0, entry, "unreadable", 1, "{}").code
                 for _ in range(2)]
        self.assertEqual(codes, ["ok", "stale_entry"])
        self.assertEqual(self.db.xlen(DEAD), 2)

    def test_the_newest_ten_thousand_are_kept(self):
        with self.db.pipeline() as p:
            for i in range(LIMITS["DEAD_MAX"]):
                p.xadd(DEAD, {"ride_id": "", "i": i})
            p.execute()
        oldest = self.db.xrange(DEAD, count=1)[0][0]
        id = self.bury(*self.given_up()).extra["dead_id"]
        self.assertEqual(self.db.xlen(DEAD), LIMITS["DEAD_MAX"])
        self.assertEqual(self.db.xrange(DEAD, oldest, oldest), [])
        self.assertEqual(self.db.xrevrange(DEAD, count=1)[0][0], id)

    def test_a_redrive_is_possible_for_a_quarter_of_an_hour_and_while_the_rider_has_no_other(self):
        ride, entry = self.given_up()
        dead = self.bury(ride, entry).extra["dead_id"]
        other = self.c.create("rider-1").ride["ride_id"]
        self.assertEqual(self.c.call("ride_redrive", ride, dead).code, "active_ride_exists")
        self.c.call("ride_cancel", other, "rider-1", "", "", "rider", "changed_mind", "")
        self.c.later(LIMITS["REDRIVE_MS"] - 5000)
        self.assertEqual(self.c.call("ride_redrive", ride, dead).code, "ok")
        self.assertEqual(self.db.xlen(DEAD), 0)
        self.assertEqual((self.c.ride(ride)["status"], self.c.ride(ride)["attempt"]), ("requested", "2"))
        self.c.call("ride_dead_letter", ride, 2, "", "again", 5, "{}")
        self.c.later(LIMITS["REDRIVE_MS"] + 1)
        self.assertEqual(self.c.call("ride_redrive", ride, "").code, "illegal_transition")


if __name__ == "__main__":
    city.main()
