#!/usr/bin/env python3
"""Scripts that do not end, and patterns that would not."""

import socket
import subprocess
import tempfile
import unittest

import redis
import server

FOREVER = "while true do end"
LIBRARY = "#!lua name=l\nredis.register_function('spin', function() while true do end end)"


class Scripts(unittest.TestCase):
    def setUp(self):
        self.server = server.Server("--lua-time-limit", "50")
        self.addCleanup(self.end)
        self.db = redis.Redis(port=self.server.port, decode_responses=True, socket_timeout=60)
        self.addCleanup(self.db.close)

    def end(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def begin(self, *words):
        """Sends a command that does not end; its socket."""
        s = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        self.addCleanup(s.close)
        s.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
        server.until(self.is_busy, "the time limit")
        return s

    def is_busy(self):
        try:
            self.db.ping()
            return False
        except redis.ResponseError as error:
            return "BUSY" in str(error)

    def test_a_script_is_killed_and_the_store_goes_on(self):
        s = self.begin("EVAL", FOREVER, "0")
        with self.assertRaisesRegex(redis.ResponseError, "BUSY.*SCRIPT KILL"):
            self.db.get("k")
        with self.assertRaisesRegex(redis.ResponseError, "BUSY"):
            self.db.function_kill()
        self.assertEqual(self.db.script_kill(), True)
        self.assertIn(b"Script killed by user", s.recv(1000))
        self.assertTrue(self.db.set("k", "v"))
        with self.assertRaisesRegex(redis.ResponseError, "NOTBUSY"):
            self.db.script_kill()

    def test_a_function_is_killed_even_when_it_catches_errors(self):
        self.db.function_load(LIBRARY.replace("while true do end", "while true do pcall(error) end"))
        s = self.begin("FCALL", "spin", "0")
        with self.assertRaisesRegex(redis.ResponseError, "BUSY.*FUNCTION KILL"):
            self.db.get("k")
        self.assertEqual(self.db.function_kill(), "OK")
        self.assertIn(b"-", s.recv(1000))
        self.assertTrue(self.db.ping())

    def test_one_that_has_written_ends_only_with_the_store(self):
        self.begin("EVAL", "redis.call('SET', 'half', '1') " + FOREVER, "0")
        with self.assertRaisesRegex(redis.ResponseError, "UNKILLABLE"):
            self.db.script_kill()
        with self.assertRaises(redis.ConnectionError):
            self.db.execute_command("SHUTDOWN", "NOSAVE")
        self.server.process.wait(30)
        self.server.start()
        self.assertIsNone(self.db.get("half"))

    def test_memory_of_scripts_ends_in_an_error(self):
        with self.assertRaisesRegex(redis.ResponseError, "not enough memory"):
            self.db.eval("local t = {} while true do t[#t + 1] = string.rep('x', 1e7) .. #t end", 0)
        self.assertTrue(self.db.ping())

    def test_patterns_of_many_stars_take_one_walk(self):
        # A matcher that goes back to each star would take longer than the sun has.
        self.db.set("a" * 50000, "v")
        self.assertEqual(self.db.keys("a*" * 1000 + "b"), [])
        listener = self.db.pubsub()
        self.addCleanup(listener.close)
        listener.psubscribe("a*" * 500 + "b")
        self.assertEqual(self.db.publish("a" * 20000, "x"), 0)

    def test_the_store_listens_on_loopback_unless_told(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
            s.close()
            with subprocess.Popen([server.PROGRAM, "--port", str(port), "--admin-port", "-1", "--dir",
                                   folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True) as process:
                self.assertIn("ready", process.stdout.readline())
                with redis.Redis(port=port, decode_responses=True) as db:
                    self.assertEqual(db.config_get("bind"), {"bind": "127.0.0.1 -::1"})
                    self.assertEqual(db.config_get("protected-mode"), {"protected-mode": "yes"})
                    addresses = subprocess.run(["ss", "-ltnH", "sport = :%d" % port],
                                               capture_output=True, text=True).stdout.split()
                    self.assertNotIn("0.0.0.0:%d" % port, addresses)
                process.terminate()


if __name__ == "__main__":
    unittest.main(verbosity=2)
