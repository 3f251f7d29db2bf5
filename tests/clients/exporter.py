#!/usr/bin/env python3
"""prometheus-redis-exporter, Debian's: everything that it asks for is answered."""

import shutil
import socket
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import redis
import server

EXPORTER = shutil.which("prometheus-redis-exporter")
if EXPORTER is None:
    print("SKIPPED: prometheus-redis-exporter is not installed (scripts/install-packages --tests)")
    sys.exit(77)


class Exporter(unittest.TestCase):
    def setUp(self):
        self.server = server.Server()
        self.addCleanup(self.server.stop)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d/metrics" % s.getsockname()[1]
        address = self.url[len("http://"):-len("/metrics")]
        self.exporter = subprocess.Popen(
            [EXPORTER, "-redis.addr", "redis://127.0.0.1:%d" % self.server.port,
             "-web.listen-address", address, "-check-single-keys", "db0=drivers,db0=rides",
             "-check-streams", "db0=rides", "-include-system-metrics", "-export-client-list"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(self.end)
        self.db = redis.Redis(port=self.server.port)
        self.addCleanup(self.db.close)

    def end(self):
        self.exporter.terminate()
        self.exporter.communicate(timeout=30)

    def scrape(self):
        try:
            with urllib.request.urlopen(self.url, timeout=30) as page:
                text = page.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return None
        rows = [line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#"]
        return {name: float(value) for name, value in rows}

    def test_metrics_say_what_the_store_holds(self):
        self.db.execute_command("GEOADD", "drivers", 13.4, 52.5, "d1", 13.5, 52.5, "d2")
        for i in range(5):
            self.db.xadd("rides", {"n": i})
        self.db.xgroup_create("rides", "matchers", 0)
        self.db.xreadgroup("matchers", "m1", {"rides": ">"}, count=2)
        self.db.set("k", "v", ex=1000)
        self.db.config_set("maxmemory", 1 << 30)
        got = server.until(self.scrape, "the exporter")
        self.assertEqual(got["redis_up"], 1)
        self.assertEqual(got['redis_exporter_last_scrape_error{err=""}'], 0)
        self.assertEqual(got['redis_db_keys{db="db0"}'], 3)
        self.assertEqual(got['redis_db_keys_expiring{db="db0"}'], 1)
        self.assertEqual(got['redis_key_size{db="db0",key="drivers"}'], 2)
        self.assertEqual(got['redis_stream_length{db="db0",stream="rides"}'], 5)
        self.assertEqual(
            got['redis_stream_group_messages_pending{db="db0",group="matchers",stream="rides"}'], 2)
        self.assertEqual(got["redis_memory_max_bytes"], 1 << 30)
        self.assertGreater(got["redis_memory_used_bytes"], 0)
        self.assertGreater(got["redis_connected_clients"], 0)
        self.assertGreater(got["redis_commands_processed_total"], 8)
        self.assertEqual(got['redis_commands_total{cmd="xadd"}'], 5)
        self.assertEqual(got["redis_slowlog_last_id"] >= 0, True)
        self.assertTrue(any(name.startswith("redis_instance_info{") for name in got))


if __name__ == "__main__":
    unittest.main(verbosity=2)
