"""`hansom dlq` and `hansom lag`, at a real dispatcher."""
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from test_deadlines import Here

QUICK = ["--chore-interval", "10ms", "--leader-lease", "300ms", "--regions", "la,sf"]


class Operator(harness.TestCase):
    services = {"dispatcher": QUICK}

    def setUp(self):
        self.city = city.City(Here(self.store))

    def hansom(self, *args, code=0, token=None, url=None):
        url = url or "http://127.0.0.1:%d" % self.running["dispatcher"].port
        done = subprocess.run([os.path.join(harness.BIN, "hansom"), *args, "--url", url, "--token",
                               token or harness.token("ops", "op-1")], capture_output=True,
                              text=True, timeout=60, cwd=harness.ROOT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def letters(self, n):
        ids = []
        for i in range(n):
            ride = self.city.create("rider-%d" % i).ride["ride_id"]
            ids.append((ride, self.city.call("ride_dead_letter", ride, 1, "", "deliveries", 5,
                                             '{"ride_id":"%s"}' % ride).extra["dead_id"]))
        return ids

    def test_list_shows_every_letter_of_every_page_and_region(self):
        letters = self.letters(230)
        out = self.hansom("dlq", "list")
        lines = out.splitlines()[1:]
        self.assertEqual([line.split()[1] for line in lines], [id for _, id in reversed(letters)])
        self.assertEqual({line.split()[0] for line in lines}, {"la"})
        self.assertEqual(len(self.hansom("dlq", "list", "--region", "sf").splitlines()), 1)

    def test_show_redrive_and_discard(self):
        (ride, first), (_, second) = self.letters(2)
        shown = json.loads(self.hansom("dlq", "show", first, "--region", "la"))
        self.assertEqual((shown["id"], shown["ride_id"], shown["reason"], shown["deliveries"]),
                         (first, ride, "deliveries", "5"))
        self.assertEqual(json.loads(shown["entry"]), {"ride_id": ride})
        again = json.loads(self.hansom("dlq", "redrive", first, "--region", "la"))
        self.assertEqual((again["ride_id"], again["status"]), (ride, "requested"))
        self.hansom("dlq", "discard", second, "--region", "la")
        self.assertEqual(self.db.xlen(city.DEAD), 0)
        for act in ("show", "redrive", "discard"):
            self.assertIn("404 not_found", self.hansom("dlq", act, first, "--region", "la", code=1))

    def test_wrong_use_is_said_and_changes_nothing(self):
        (_, id), = self.letters(1)
        for args in ((), ("list", "x"), ("show",), ("bury", id), ("show", id, id)):
            self.assertIn("list, or show", self.hansom("dlq", *args, "--region", "la", code=64))
        self.assertIn("--region is needed", self.hansom("dlq", "discard", id, code=64))
        for bad in ("x", "../../rides", id + "/x", "1" * 60):
            self.assertIn("is no id", self.hansom("dlq", "discard", bad, "--region", "la", code=64))
        self.assertIn("not_found", self.hansom("dlq", "list", "--region", "atlantis", code=1))
        self.assertIn("403 forbidden", self.hansom("dlq", "list", "--region", "la", code=1,
                                                   token=harness.token("rider", "r1")))
        self.assertIn("401 invalid_token", self.hansom("lag", "--region", "la", code=1, token="x"))
        self.assertIn("--url takes", self.hansom("lag", code=1, url="https://example.org"))
        self.assertIn("does not answer", self.hansom("lag", "--region", "la", code=1,
                                                     url="http://127.0.0.1:1"))
        self.assertEqual(self.db.xlen(city.DEAD), 1)

    def test_lag_shows_each_group(self):
        self.city.create()
        self.db.xgroup_create(city.EVENTS, "someone", "0")
        rows = {tuple(line.split()[:3]): line.split() for line in self.hansom("lag").splitlines()[1:]}
        self.assertEqual(rows["la", "rides-incoming", "matchers"][3:6], ["registered", "0", "1"])
        self.assertEqual(rows["la", "rides-events", "someone"][3], "unregistered")
        self.assertEqual(rows["sf", "rides-incoming", "matchers"][3], "missing")


if __name__ == "__main__":
    harness.main()
