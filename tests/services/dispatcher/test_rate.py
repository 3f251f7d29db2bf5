"""A rider who asks and cancels again and again is told to wait; his repeats and everybody else are not."""
import os
import sys
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from town import Town

STORE = os.environ.get("HANSOM_TEST_STORE", "hansom")
BURST = 2


class Rate(unittest.TestCase):
    def test_too_many_rides_are_429_until_the_bucket_fills(self):
        limits = {"dispatcher": ["--create-rate", "6", "--create-burst", str(BURST)]}
        with Town(STORE, services=("dispatcher", "pricing"), fsync="everysec", extra=limits) as t:
            rider, other = t.rider("r-often"), t.rider("r-other")
            body = rider.body(t.place(0), t.place(5))

            def ask_and_cancel(key):
                status, answer, head = rider.create(body, key)
                if status == 201:
                    path = f"/v1/rides/{answer['ride_id']}/cancel"
                    self.assertEqual(t.call("dispatcher", "POST", path, rider.token, {})[0], 200)
                return status, answer, head
            keys = [uuid.uuid4().hex for _ in range(3 * BURST)]
            answers = [ask_and_cancel(key) for key in keys]
            made = [a[0] for a in answers].count(201)
            self.assertTrue(BURST <= made <= 2 * BURST, answers)
            self.assertEqual([a[0] for a in answers], [201] * made + [429] * (len(keys) - made))
            status, problem, head = answers[-1]
            self.assertEqual(problem["code"], "rate_limited")
            self.assertTrue(1 <= int(head["Retry-After"]) <= 10, head)
            again = rider.create(body, keys[0])
            self.assertEqual((again[0], again[2]["Idempotent-Replayed"]), (201, "true"))
            self.assertEqual(other.create(other.body(t.place(0), t.place(5)), uuid.uuid4().hex)[0], 201)


if __name__ == "__main__":
    unittest.main()
