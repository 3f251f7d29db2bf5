"""A region that the file has gained is worked for after SIGHUP, without a restart, by every service."""
import json
import os
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import ROOT, Service, Store, until  # noqa: E402


class Regions(unittest.TestCase):
    def setUp(self):
        self.store = Store()
        self.store.clear()
        self.running = []
        with open(os.path.join(ROOT, "config/regions.json"), encoding="utf-8") as f:
            self.all = json.load(f)
        handle, self.path = tempfile.mkstemp(suffix=".json", dir=self.store.dir)
        os.close(handle)

    def tearDown(self):
        codes = [(s.name, s.stop(), "ERROR: " in s.logged()) for s in self.running]
        self.store.stop()
        self.assertEqual(codes, [(s.name, 0, False) for s in self.running])

    def write(self, *wanted):
        """The regions file with these regions alone."""
        features = [f for f in self.all["features"]
                    if f.get("id", f["properties"].get("id")) in wanted]
        self.assertEqual(len(features), len(wanted))
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump({**self.all, "features": features}, f)

    def start(self, name, *args):
        self.running.append(Service(name, self.store, "--regions-file", self.path, *args))
        return self.running[-1]

    def test_a_gained_region_gets_its_chores_its_readers_and_its_sweeps(self):
        db = self.store.db
        self.write("sf")
        dispatcher = self.start("dispatcher", "--chore-interval", "10ms", "--leader-lease", "300ms")
        ingest = self.start("location-ingest", "--sweep-interval", "20ms")
        self.start("matcher")
        self.start("pricing")
        until(lambda: db.exists("clock:{sf}"), "the heartbeat of sf")
        self.assertFalse(db.exists("clock:{la}"))
        self.assertEqual(dispatcher.http("GET", "/v1/ops/overview?region=la", role="ops").status, 404)

        self.write("sf", "la")
        for _ in range(2):  # the second time nothing is new
            for service in self.running:
                service.process.send_signal(signal.SIGHUP)
        until(lambda: db.exists("clock:{la}"), "the heartbeat of la")
        until(lambda: dispatcher.metric("hansom_stream_length", region="la") is not None, "its figures")
        until(lambda: ingest.metric("hansom_stale_sweep_held", region="la") == 0, "its sweep")

        def groups(stream):
            try:
                return [g["name"] for g in db.xinfo_groups(stream)]
            except Exception:  # no such stream yet
                return []
        until(lambda: groups("rides:incoming:{la}") == ["matchers"], "the matcher")
        until(lambda: sorted(groups("rides:events:{la}")) == ["pricing", "projector"], "settler and projector")
        self.assertEqual(dispatcher.http("GET", "/v1/ops/overview?region=la", role="ops").status, 200)
        self.assertLessEqual(len(db.xinfo_consumers("rides:incoming:{la}", "matchers")), 1)

    def test_a_region_that_left_the_file_is_worked_for_to_the_end(self):
        self.write("sf", "la")
        dispatcher = self.start("dispatcher", "--chore-interval", "10ms", "--leader-lease", "300ms")
        until(lambda: self.store.db.exists("clock:{la}"), "the heartbeat of la")
        self.write("sf")
        dispatcher.process.send_signal(signal.SIGHUP)
        until(lambda: '"reloaded"' in dispatcher.logged(), "the reload")
        self.store.db.delete("clock:{la}")
        until(lambda: self.store.db.exists("clock:{la}"), "its heartbeat all the same")


if __name__ == "__main__":
    harness.main()
