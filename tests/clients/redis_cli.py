#!/usr/bin/env python3
"""redis-cli and redis-benchmark, Debian's, against the store: what people type first."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

import server


def encode(*words):
    parts = ["*%d\r\n" % len(words)] + ["$%d\r\n%s\r\n" % (len(w), w) for w in words]
    return "".join(parts)


@unittest.skipUnless(shutil.which("redis-cli"), "redis-cli is not installed")
class RedisCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.cli("FLUSHALL")

    def argv(self, *args):
        return ["redis-cli", "-p", str(self.server.port), *args]

    def cli(self, *args, stdin=""):
        done = subprocess.run(self.argv(*args), input=stdin, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def first_lines(self, count, *args, meanwhile=None):
        """The first lines that a redis-cli prints that would go on for ever."""
        with subprocess.Popen(self.argv(*args), stdout=subprocess.PIPE, text=True) as p:
            lines = []
            while len(lines) < count:
                line = p.stdout.readline()
                self.assertNotEqual(line, "", "ended after %r" % lines)
                lines.append(line.rstrip("\n"))
                if meanwhile is not None:
                    meanwhile(lines)
            p.send_signal(signal.SIGTERM)
        return lines

    def test_replies_in_both_protocols(self):
        self.cli("HSET", "h", "a", "1", "b", "2")
        self.assertEqual(self.cli("--no-raw", "HGETALL", "h"),
                         '1) "a"\n2) "1"\n3) "b"\n4) "2"\n')
        self.assertEqual(self.cli("-3", "--no-raw", "HGETALL", "h"),
                         '1# "a" => "1"\n2# "b" => "2"\n')
        self.cli("ZADD", "z", "1.5", "m")
        self.assertEqual(self.cli("--no-raw", "ZSCORE", "z", "m"), '"1.5"\n')
        self.assertEqual(self.cli("-3", "--no-raw", "ZSCORE", "z", "m"), "(double) 1.5\n")
        self.cli("SADD", "s", "x")
        self.assertEqual(self.cli("-3", "--no-raw", "SMEMBERS", "s"), '1~ "x"\n')
        self.assertEqual(self.cli("-3", "--no-raw", "GET", "none"), "(nil)\n")
        self.assertIn("proto\" => (integer) 3", self.cli("-3", "--no-raw", "HELLO", "3"))
        self.assertEqual(self.cli("--no-raw", "LPUSH", "h", "x"),
                         "(error) WRONGTYPE Operation against a key holding the wrong kind of "
                         "value\n")
        self.assertEqual(self.cli("--csv", "HGETALL", "h"), '"a","1","b","2"\n')
        self.assertEqual(json.loads(self.cli("-3", "--json", "HGETALL", "h")),
                         {"a": "1", "b": "2"})

    def test_commands_from_standard_input(self):
        out = self.cli(stdin="MULTI\nSET a 1\nINCR a\nEXEC\nSELECT 1\nDBSIZE\nNOSUCH\n")
        self.assertEqual(out, "OK\nQUEUED\nQUEUED\nOK\n2\nOK\n0\nERR unknown command 'NOSUCH', "
                              "with args beginning with: \n\n")
        self.cli("-x", "SET", "b", stdin="from a pipe")
        self.assertEqual(self.cli("GET", "b"), "from a pipe\n")
        self.assertEqual(self.cli("-r", "3", "INCR", "n"), "1\n2\n3\n")
        self.cli("-n", "2", "SET", "here", "1")
        self.assertEqual(self.cli("-n", "2", "DBSIZE"), "1\n")
        self.assertEqual(self.cli("-s", self.server.path, "GET", "n"), "3\n")
        self.assertEqual(self.cli("-u", "redis://127.0.0.1:%d/2" % self.server.port, "GET", "here"),
                         "1\n")

    def test_pipe_inserts_masses(self):
        done = self.cli("--pipe", stdin="".join(
            encode("SET", "key:%d" % i, "v" * (i % 300)) for i in range(20000)))
        self.assertIn("errors: 0, replies: 20000", done)
        self.assertEqual(self.cli("DBSIZE"), "20000\n")
        broken = subprocess.run(self.argv("--pipe"), input=encode("INCR", "key:5") + encode("PING"),
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(broken.returncode, 1)
        self.assertIn("errors: 1, replies: 2", broken.stdout)

    def test_scan(self):
        self.cli("--pipe", stdin="".join(encode("SET", "k:%d" % i, "v") for i in range(3000))
                 + encode("HSET", "h:1", "f", "v"))
        self.assertEqual(sorted(self.cli("--scan", "--pattern", "k:*").split()),
                         sorted("k:%d" % i for i in range(3000)))
        self.assertEqual(self.cli("--scan", "--pattern", "h:*"), "h:1\n")

    def test_bigkeys_and_memkeys(self):
        self.cli("SET", "text", "x" * 1000)
        self.cli("SADD", "few", "a", "b")
        self.cli("RPUSH", "list", *(str(i) for i in range(50)))
        self.cli("ZADD", "places", "1", "a", "2", "b", "3", "c")
        self.cli("XADD", "rides", "*", "f", "v")
        self.cli("HSET", "profile", "a", "1")
        out = self.cli("--bigkeys")
        for line in ('Biggest string found \'"text"\' has 1000 bytes',
                     'Biggest    set found \'"few"\' has 2 members',
                     'Biggest   list found \'"list"\' has 50 items',
                     'Biggest   zset found \'"places"\' has 3 members',
                     'Biggest stream found \'"rides"\' has 1 entries',
                     'Biggest   hash found \'"profile"\' has 1 fields'):
            self.assertIn(line, out)
        self.assertRegex(self.cli("--memkeys"), """Biggest string found '"text"' has 1[0-9]{3}""")

    def test_stat_shows_a_tick(self):
        self.cli("SET", "a", "1")
        lines = self.first_lines(3, "--stat", "-i", "0.1")
        self.assertIn("keys", lines[1])
        # keys, memory, clients, blocked, requests, connections
        self.assertRegex(lines[2], r"^1 +[0-9.]+[KMG] +[1-9][0-9]* +0 +[0-9]+ \(\+0\) +[0-9]+")

    def test_latency(self):
        least, most, mean, samples = self.cli("--latency", "--raw", "-i", "0.3").split()
        self.assertLessEqual(int(least), int(most))
        self.assertLessEqual(float(mean), float(most))
        self.assertGreater(int(samples), 1)

    def test_subscribe_and_monitor(self):
        def publish(lines):
            if len(lines) == 3:
                self.assertEqual(self.cli("PUBLISH", "news", "hello"), "1\n")
        self.assertEqual(self.first_lines(6, "SUBSCRIBE", "news", meanwhile=publish),
                         ["subscribe", "news", "1", "message", "news", "hello"])

        def spublish(lines):
            if len(lines) == 3:
                self.assertEqual(self.cli("SPUBLISH", "news", "hello"), "1\n")
        self.assertEqual(self.first_lines(6, "-3", "SSUBSCRIBE", "news", meanwhile=spublish),
                         ["ssubscribe", "news", "1", "smessage", "news", "hello"])

        def write(lines):
            if len(lines) == 1:
                self.cli("SET", "a", 'b"c')
        lines = self.first_lines(2, "MONITOR", meanwhile=write)
        self.assertEqual(lines[0], "OK")
        self.assertRegex(lines[1],
                         r'^[0-9]+\.[0-9]{6} \[0 127.0.0.1:[0-9]+\] "SET" "a" "b\\"c"$')

    def test_scripts_from_files(self):
        script = os.path.join(self.server.dir, "s.lua")
        with open(script, "w") as f:
            f.write("redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], tonumber(ARGV[1]) + 1}")
        self.assertEqual(self.cli("--eval", script, "a", ",", "41"), "a\n42\n")
        with open(script, "w") as f:
            f.write("#!lua name=lib\nredis.register_function('twice', "
                    "function(keys, args) return args[1] .. args[1] end)")
        with open(script) as f:
            self.assertEqual(self.cli("-x", "FUNCTION", "LOAD", stdin=f.read()), "lib\n")
        self.assertEqual(self.cli("FCALL", "twice", "0", "ab"), "abab\n")

    def test_passwords_and_users(self):
        with server.Server("--requirepass", "secret") as s:
            def ask(*args):
                return subprocess.run(["redis-cli", "-p", str(s.port), "--no-auth-warning", *args],
                                      capture_output=True, text=True, timeout=60)
            self.assertEqual(ask("PING").stdout, "NOAUTH Authentication required.\n\n")
            self.assertEqual(ask("-a", "secret", "PING").stdout, "PONG\n")
            self.assertEqual(ask("-3", "-a", "secret", "PING").stdout, "PONG\n")
            self.assertEqual(ask("--user", "default", "--pass", "secret", "ACL", "WHOAMI").stdout,
                             "default\n")
            wrong = ask("-a", "guess", "PING")
            self.assertIn("WRONGPASS invalid username-password pair or user is disabled.",
                          wrong.stderr)

    def test_redis_benchmark_runs(self):
        done = subprocess.run(
            ["redis-benchmark", "-p", str(self.server.port), "-q", "-n", "2000", "-c", "10",
             "-P", "8", "-t", "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,"
             "lrange_100,mset"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall("requests per second", done.stdout)), 17, done.stdout)
        self.assertNotIn("rror", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
