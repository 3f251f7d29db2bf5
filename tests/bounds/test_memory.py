#!/usr/bin/env python3
"""What one client, and all together, can make the store hold."""

import resource
import socket
import time
import unittest

import redis
import server

MB = 1 << 20
until = server.until


class Bounds(unittest.TestCase):
    def store(self, *flags, **more):
        s = server.Server(*flags, **more)
        self.addCleanup(s.stop)
        self.port = s.port
        return s

    def db(self, **more):
        db = redis.Redis(port=self.port, decode_responses=True, socket_timeout=30, **more)
        self.addCleanup(db.close)
        return db

    def raw(self, *commands):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(s.close)
        s.sendall(b"".join(commands))
        return s

    def stat(self, db, name):
        return db.info("everything")[name]

    def used(self, db):
        return db.info("memory")["used_memory"]

    def is_closed(self, s):
        """Reads what there is; whether the store has hung up."""
        s.setblocking(False)
        try:
            while s.recv(1 << 16):
                pass
            return True
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def test_one_script_cannot_fill_a_subscriber_beyond_its_limit(self):
        self.store("--client-output-buffer-limit", "pubsub", str(8 * MB), "0", "0")
        db = self.db()
        slow = self.raw(b"SUBSCRIBE ch\r\n")
        until(lambda: db.pubsub_numsub("ch")[0][1] == 1, "the subscription")
        before = self.used(db)
        # One command: no turn of the loop comes between its messages.
        db.eval("for i = 1, 300 do redis.call('PUBLISH', 'ch', string.rep('x', 1048576)) end", 0)
        peak = db.info("memory")["used_memory_peak"]
        self.assertLess(peak - before, 40 * MB)
        self.assertEqual(self.stat(db, "client_output_buffer_limit_disconnections"), 1)
        until(lambda: self.is_closed(slow), "the end of the subscriber")

    def test_a_message_is_kept_once_for_all_who_have_not_read_it(self):
        self.store("--client-output-buffer-limit", "pubsub", str(16 * MB), "0", "0")
        db = self.db()
        script = "for i = 1, 8 do redis.call('PUBLISH', 'ch', string.rep('x', 1048576)) end"
        db.eval(script, 0)  # what Lua keeps of it is there before and after
        slow = [self.raw(b"SUBSCRIBE ch\r\n") for _ in range(20)]
        until(lambda: db.pubsub_numsub("ch")[0][1] == len(slow), "the subscriptions")
        before = self.used(db)
        db.eval(script, 0)
        peak = db.info("memory")["used_memory_peak"]
        self.assertLess(peak - before, 3 * 8 * MB)  # copies would be 20 times 8 MB
        self.assertEqual(self.stat(db, "client_output_buffer_limit_disconnections"), 0)
        head = b"*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n"
        message = b"*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1048576\r\n" + b"x" * MB + b"\r\n"
        want = head + 8 * message
        for s in slow:
            got = bytearray()
            while len(got) < len(want):
                got += s.recv(1 << 20)
            self.assertEqual(got, want)
        until(lambda: self.used(db) < before + 4 * MB, "the memory")

    def test_what_is_shared_counts_for_each_client_that_has_not_read_it(self):
        self.store("--client-output-buffer-limit", "pubsub", str(64 * MB), "0", "0",
                   "--maxmemory-clients", str(40 * MB))
        db = self.db()
        for _ in range(4):
            self.raw(b"SUBSCRIBE ch\r\n")
        until(lambda: db.pubsub_numsub("ch")[0][1] == 4, "the subscriptions")
        db.eval("for i = 1, 20 do redis.call('PUBLISH', 'ch', string.rep('x', 1048576)) end", 0)
        until(lambda: self.stat(db, "evicted_clients") > 0, "the end of a subscriber")

    def test_a_reply_over_the_limit_is_not_built(self):
        self.store("--client-output-buffer-limit", "normal", str(8 * MB), "0", "0")
        db = self.db()
        db.set("big", "x" * MB)
        self.raw(b"*2001\r\n$4\r\nMGET\r\n" + b"$3\r\nbig\r\n" * 2000)
        until(lambda: self.stat(db, "client_output_buffer_limit_disconnections") == 1, "the end")
        self.assertLess(db.info("memory")["used_memory_peak"], 60 * MB)

    def test_replies_have_a_limit_even_where_the_class_has_none(self):
        self.store("--client-output-max", str(16 * MB))
        db = self.db()
        db.set("big", "x" * MB)
        self.raw(b"*2001\r\n$4\r\nMGET\r\n" + b"$3\r\nbig\r\n" * 2000)
        until(lambda: self.stat(db, "client_output_buffer_limit_disconnections") == 1, "the end")
        self.assertLess(db.info("memory")["used_memory_peak"], 80 * MB)

    def test_commands_wait_while_their_client_does_not_read(self):
        self.store()
        db = self.db()
        db.set("big", "x" * MB)
        lazy = self.raw(b"GET big\r\n" * 1000)
        until(lambda: self.stat(db, "total_net_input_bytes") > 9000, "the commands")
        self.assertLess(self.used(db), 200 * MB)
        # And go on when it does; no reply is missing.
        want, got = 1000 * (MB + len(b"$1048576\r\n\r\n")), 0
        while got < want:
            got += len(lazy.recv(1 << 20))
        self.assertEqual(got, want)
        lazy.sendall(b"PING\r\n")
        self.assertEqual(lazy.recv(100), b"+PONG\r\n")

    def test_random_picks_that_repeat_have_a_limit(self):
        self.store()
        db = self.db()
        db.sadd("s", "a")
        db.hset("h", "a", "1")
        db.zadd("z", {"a": 1})
        for command in (["SRANDMEMBER", "s"], ["HRANDFIELD", "h"], ["ZRANDMEMBER", "z"]):
            with self.assertRaisesRegex(redis.ResponseError, "value is out of range"):
                db.execute_command(*command, "-9000000000000000000")
            self.assertEqual(len(db.execute_command(*command, "-3")), 3)

    def test_tables_of_scripts_that_hold_themselves_are_no_endless_reply(self):
        self.store()
        db = self.db()
        with self.assertRaisesRegex(redis.ResponseError, "reached lua stack limit"):
            db.eval("local t = {} t[1] = t return t", 0)
        with self.assertRaisesRegex(redis.ResponseError, "reached lua stack limit"):
            db.eval("local t = {} t[1] = t t[2] = t return t", 0)
        wide = "local t = {string.rep('x', 1048576)} for i = 1, 40 do t = {t, t} end return t"
        with self.assertRaisesRegex(redis.ResponseError, "reply is too large"):
            db.eval(wide, 0)
        with self.assertRaisesRegex(redis.ResponseError, "stack limit"):
            db.eval("local t = {map = {}} t.map.x = t return t", 0)
        self.assertEqual(db.eval("return {1, {2, {3}}}", 0), [1, [2, [3]]])

    def test_a_transaction_has_a_limit(self):
        self.store("--client-query-buffer-limit", str(4 * MB))
        db = self.db()
        s = self.raw(b"MULTI\r\n" + b"SET k " + b"x" * 60000 + b"\r\n")
        with self.assertRaises(OSError):
            for _ in range(2000):
                s.sendall(b"SET k " + b"x" * 60000 + b"\r\n")
                time.sleep(0)
        self.assertEqual(self.stat(db, "client_query_buffer_limit_disconnections"), 1)
        self.assertLess(db.info("memory")["used_memory_peak"], 40 * MB)
        # Small commands hold more than their bytes.
        s = self.raw(b"MULTI\r\n")
        with self.assertRaises(OSError):
            for _ in range(2000):
                s.sendall(b"PING\r\n" * 1000)
                time.sleep(0)
        self.assertLess(db.info("memory")["used_memory_peak"], 40 * MB)

    def test_an_unfinished_command_has_a_limit(self):
        self.store("--client-query-buffer-limit", str(2 * MB))
        db = self.db()
        s = self.raw(b"*2\r\n$4\r\nECHO\r\n$100000000\r\n")
        with self.assertRaises(OSError):
            for _ in range(200):
                s.sendall(b"x" * MB)
                time.sleep(0)
        self.assertEqual(self.stat(db, "client_query_buffer_limit_disconnections"), 1)

    def test_all_clients_together_have_a_limit_and_the_largest_goes(self):
        self.store("--maxmemory-clients", str(20 * MB))
        db = self.db()
        small = [self.raw(b"*2\r\n$4\r\nECHO\r\n$10000000\r\n" + b"x" * 100000) for _ in range(5)]
        kept = self.db()
        kept.execute_command("CLIENT", "NO-EVICT", "on")
        large = self.raw(b"*2\r\n$4\r\nECHO\r\n$30000000\r\n" + b"x" * 8 * MB)
        until(lambda: self.used(db) > 8 * MB, "the first bytes")
        try:
            large.sendall(b"x" * 16 * MB)
        except OSError:
            pass
        until(lambda: self.stat(db, "evicted_clients") == 1, "the eviction")
        until(lambda: self.is_closed(large), "the end of the largest")
        self.assertFalse(any(self.is_closed(s) for s in small))
        self.assertTrue(kept.ping())

    def test_watches_and_subscriptions_count_as_memory_of_their_client(self):
        self.store("--maxmemory-clients", str(5 * MB))
        db = self.db()
        names = [b"$100\r\n%0100d\r\n" % i for i in range(30000)]
        for command in (b"WATCH", b"SUBSCRIBE"):
            before = self.stat(db, "evicted_clients")
            s = self.raw(b"*30001\r\n$%d\r\n%s\r\n" % (len(command), command), *names)
            until(lambda: self.stat(db, "evicted_clients") == before + 1, "the eviction")
            until(lambda: self.is_closed(s), "the end")

    def test_a_client_may_watch_very_many_keys(self):
        self.store()
        s = self.raw(b"*300001\r\n$5\r\nWATCH\r\n", *(b"$6\r\n%06d\r\n" % i for i in range(300000)))
        # With a walk over all earlier ones for each this is 45 thousand million steps.
        self.assertEqual(s.recv(100), b"+OK\r\n")

    def test_a_client_without_password_is_held_short(self):
        self.store("--requirepass", "secret")
        db = self.db(password="secret")
        s = self.raw()
        with self.assertRaises(OSError):
            for _ in range(200):
                s.sendall(b"PING\r\n" * 10000)
                time.sleep(0)
        self.assertEqual(self.stat(db, "client_output_buffer_limit_disconnections"), 1)
        for command in (b"*11\r\n", b"*2\r\n$4\r\nAUTH\r\n$16385\r\n"):
            got = self.raw(command).recv(100)
            self.assertRegex(got, rb"^-ERR Protocol error: unauthenticated (multi)?bulk length")

    def test_a_lack_of_descriptors_turns_clients_away_and_the_store_lives(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))
        self.store(preexec_fn=few)
        db = self.db()
        self.assertEqual(db.config_get("maxclients")["maxclients"], "86")
        db.config_set("maxclients", 10000)
        said = []
        for _ in range(200):
            one = self.raw(b"PING\r\n")
            said.append(one.recv(100))
        self.assertIn(b"-ERR max number of clients reached\r\n", said)
        self.assertGreater(said.count(b"+PONG\r\n"), 80)
        self.assertTrue(db.ping())

    def thp_enabled(self, store):
        with open(f"/proc/{store.process.pid}/status") as f:
            return next(line.split()[1] for line in f if line.startswith("THP_enabled:"))

    def test_huge_pages_are_kept_unless_the_setting_gives_them_up(self):
        kept = self.store()
        self.assertEqual(self.thp_enabled(kept), "1")
        self.assertEqual(self.db().config_get("huge-pages"), {"huge-pages": "yes"})
        given_up = self.store("--huge-pages", "no")
        self.assertEqual(self.thp_enabled(given_up), "0")
        self.assertEqual(self.db().info("memory")["huge_pages"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
