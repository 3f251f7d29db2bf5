#!/usr/bin/env python3
"""python3-redis, Debian's 4.3.4, synchronous and asyncio, against the store."""

import asyncio
import threading
import unittest

import redis
import redis.asyncio
import server

until = server.until


class PythonRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.db = self.client()
        self.db.flushall()

    def client(self, **more):
        db = redis.Redis(port=self.server.port, decode_responses=True, socket_timeout=30, **more)
        self.addCleanup(db.close)
        return db

    def test_pipelines_give_every_reply_in_order(self):
        with self.db.pipeline(transaction=False) as pipe:
            for i in range(5000):
                pipe.set("k%d" % i, i).get("k%d" % i)
            replies = pipe.execute()
        self.assertEqual(replies[::2], [True] * 5000)
        self.assertEqual(replies[1::2], [str(i) for i in range(5000)])
        with self.db.pipeline(transaction=False) as pipe:
            pipe.set("a", "x").incr("a").get("a")
            replies = pipe.execute(raise_on_error=False)
        self.assertEqual(replies[::2], [True, "x"])
        self.assertIsInstance(replies[1], redis.ResponseError)

    def test_a_watched_key_that_changed_undoes_the_transaction(self):
        self.db.set("balance", 10)
        with self.db.pipeline() as pipe:
            pipe.watch("balance")
            seen = int(pipe.get("balance"))
            self.client().set("balance", 11)
            pipe.multi()
            pipe.set("balance", seen + 1)
            with self.assertRaises(redis.WatchError):
                pipe.execute()
        self.assertEqual(self.db.get("balance"), "11")

        def add(pipe):
            seen = int(pipe.get("balance"))
            if seen == 11:
                self.client().set("balance", 20)
            pipe.multi()
            pipe.set("balance", seen + 1)
        self.assertEqual(self.db.transaction(add, "balance"), [True])
        self.assertEqual(self.db.get("balance"), "21")

        with self.db.pipeline() as pipe:
            pipe.set("a", "x").lpush("a", "y").set("b", "z")
            with self.assertRaisesRegex(redis.ResponseError, "WRONGTYPE"):
                pipe.execute()
        self.assertEqual(self.db.get("b"), "z")
        with self.db.pipeline() as pipe:
            pipe.set("b", "not set").execute_command("NOSUCH", "x")
            with self.assertRaisesRegex(redis.ResponseError, "unknown command"):
                pipe.execute()
        self.assertEqual(self.db.get("b"), "z")

    def test_published_messages_reach_channels_and_patterns(self):
        heard = []
        listener = self.db.pubsub()
        listener.subscribe("news")
        listener.psubscribe(**{"ride:*": lambda m: heard.append((m["channel"], m["data"]))})
        self.assertEqual([listener.get_message(timeout=10)["type"] for _ in range(2)],
                         ["subscribe", "psubscribe"])
        self.assertEqual(self.db.pubsub_channels(), ["news"])
        self.assertEqual(self.db.pubsub_numsub("news", "none"), [("news", 1), ("none", 0)])
        self.assertEqual(self.db.pubsub_numpat(), 1)
        self.assertEqual(self.db.publish("news", "hello"), 1)
        self.assertEqual(listener.get_message(timeout=10),
                         {"type": "message", "pattern": None, "channel": "news", "data": "hello"})
        listener.unsubscribe("news")
        self.assertEqual(listener.get_message(timeout=10)["data"], 1)
        thread = listener.run_in_thread(sleep_time=0.01)
        self.db.publish("ride:1", "assigned")
        until(lambda: heard, "the message of the pattern")
        self.assertEqual(heard, [("ride:1", "assigned")])
        thread.stop()
        thread.join()

    def test_streams_and_groups(self):
        db = self.db
        ids = [db.xadd("rides", {"n": i}) for i in range(10)]
        self.assertEqual(db.xlen("rides"), 10)
        self.assertEqual([i for i, _ in db.xrange("rides")], ids)
        self.assertEqual(db.xrevrange("rides", count=1), [(ids[9], {"n": "9"})])
        self.assertTrue(db.xgroup_create("rides", "matchers", id="0"))
        with self.assertRaisesRegex(redis.ResponseError, "BUSYGROUP"):
            db.xgroup_create("rides", "matchers", id="0")
        got = db.xreadgroup("matchers", "a", {"rides": ">"}, count=4)
        self.assertEqual(got, [["rides", [(i, {"n": str(n)}) for n, i in enumerate(ids[:4])]]])
        self.assertEqual(db.xack("rides", "matchers", *ids[:2]), 2)
        self.assertEqual(db.xpending("rides", "matchers"),
                         {"pending": 2, "min": ids[2], "max": ids[3],
                          "consumers": [{"name": "a", "pending": 2}]})
        detail = db.xpending_range("rides", "matchers", "-", "+", 10)
        self.assertEqual([(d["message_id"], d["consumer"], d["times_delivered"]) for d in detail],
                         [(ids[2], "a", 1), (ids[3], "a", 1)])
        self.assertEqual(db.xclaim("rides", "matchers", "b", 0, [ids[2]]), [(ids[2], {"n": "2"})])
        self.assertEqual(db.xautoclaim("rides", "matchers", "b", 0, "0-0", justid=True), ids[2:4])
        group = db.xinfo_groups("rides")[0]
        self.assertEqual((group["name"], group["consumers"], group["pending"], group["lag"],
                          group["entries-read"]), ("matchers", 2, 2, 6, 4))
        consumers = {c["name"]: c["pending"] for c in db.xinfo_consumers("rides", "matchers")}
        self.assertEqual(consumers, {"a": 0, "b": 2})
        info = db.xinfo_stream("rides")
        self.assertEqual((info["length"], info["groups"], info["first-entry"][0]), (10, 1, ids[0]))
        self.assertEqual(db.xinfo_stream("rides", full=True)["groups"][0]["pel-count"], 2)
        self.assertEqual(db.xtrim("rides", maxlen=5, approximate=False), 5)
        self.assertEqual(db.xdel("rides", ids[9]), 1)

        def add():
            until(lambda: db.info("clients")["blocked_clients"] == 1, "the reader to block")
            db.xadd("later", {"n": "x"}, id="7-7")
        db.xgroup_create("later", "g", mkstream=True)
        adding = threading.Thread(target=add)
        adding.start()
        self.assertEqual(self.client().xreadgroup("g", "c", {"later": ">"}, block=20000),
                         [["later", [("7-7", {"n": "x"})]]])
        adding.join()
        self.assertEqual(db.xread({"later": "7-7"}, block=10), [])

    def test_scripts_and_functions(self):
        move = self.db.register_script(
            "local v = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[2], v .. ARGV[1]) return v")
        self.db.set("a", "1")
        self.assertEqual(move(keys=["a", "b"], args=["2"]), "1")
        self.assertEqual(self.db.get("b"), "12")
        self.assertEqual(self.db.script_exists(move.sha), [True])
        # The client learns NOSCRIPT and loads it again.
        self.db.script_flush()
        self.assertEqual(move(keys=["b", "c"], args=["3"]), "12")
        self.db.script_flush()
        with self.db.pipeline() as pipe:
            move(keys=["c", "d"], args=["4"], client=pipe)
            pipe.get("d")
            self.assertEqual(pipe.execute(), ["123", "1234"])
        with self.assertRaises(redis.exceptions.NoScriptError):
            self.db.evalsha("0" * 40, 0)
        with self.assertRaisesRegex(redis.ResponseError, "mine"):
            self.db.eval("return redis.error_reply('MINE it is mine')".lower(), 0)
        self.assertEqual(self.db.eval("return {1, 'two', {3}, false, 3.9}", 0),
                         [1, "two", [3], None, 3])
        code = ("#!lua name=lib\nredis.register_function{function_name='get', callback=function("
                "keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}")
        self.assertEqual(self.db.function_load(code), "lib")
        with self.assertRaisesRegex(redis.ResponseError, "Library 'lib' already exists"):
            self.db.function_load(code)
        self.assertEqual(self.db.fcall("get", 1, "d"), "1234")
        self.assertEqual(self.db.fcall_ro("get", 1, "d"), "1234")
        self.assertEqual(self.db.function_list(library="lib")[0][1], "lib")
        self.assertEqual(self.db.function_delete("lib"), True)

    def test_geo(self):
        self.assertEqual(self.db.geoadd("drivers", [13.361389, 38.115556, "Palermo",
                                                    15.087269, 37.502669, "Catania"]), 2)
        self.assertAlmostEqual(self.db.geodist("drivers", "Palermo", "Catania", "km"), 166.2742)
        self.assertEqual(self.db.geohash("drivers", "Palermo", "none"), ["sqc8b49rny0", None])
        lon, lat = self.db.geopos("drivers", "Catania")[0]
        self.assertAlmostEqual(lon, 15.087269, 5)
        self.assertAlmostEqual(lat, 37.502669, 5)
        self.assertEqual(self.db.geosearch("drivers", longitude=15, latitude=37, radius=200,
                                           unit="km", sort="ASC", count=1), ["Catania"])
        found = self.db.geosearch("drivers", member="Palermo", width=400, height=400, unit="km",
                                  sort="DESC", withdist=True, withcoord=True, withhash=True)
        self.assertEqual([(f[0], f[1], f[2]) for f in found],
                         [("Catania", 166.2742, 3479447370796909),
                          ("Palermo", 0.0, 3479099956230698)])
        self.assertEqual(self.db.geosearchstore("near", "drivers", longitude=15, latitude=37,
                                                radius=200, unit="km", storedist=True), 2)
        self.assertEqual(self.db.georadius("drivers", 15, 37, 100, unit="km"), ["Catania"])
        self.assertEqual(self.db.zrange("drivers", 0, -1), ["Palermo", "Catania"])

    def test_iterators_walk_everything_once(self):
        self.db.mset({"k:%d" % i: i for i in range(2500)})
        self.db.hset("h", mapping={"f%d" % i: i for i in range(2500)})
        self.db.sadd("s", *range(2500))
        self.db.zadd("z", {"m%d" % i: i for i in range(2500)})
        self.assertEqual(sorted(self.db.scan_iter("k:*", count=100)),
                         sorted("k:%d" % i for i in range(2500)))
        self.assertEqual(set(self.db.scan_iter(_type="zset")), {"z"})
        self.assertEqual(dict(self.db.hscan_iter("h")), {"f%d" % i: str(i) for i in range(2500)})
        self.assertEqual(set(self.db.sscan_iter("s", "1*")),
                         {str(i) for i in range(2500) if str(i)[0] == "1"})
        self.assertEqual(dict(self.db.zscan_iter("z")), {"m%d" % i: i for i in range(2500)})

    def test_blocking_pops(self):
        db = self.db

        def when_blocked(action):
            def run():
                until(lambda: db.info("clients")["blocked_clients"] == 1, "the client to block")
                action()
            thread = threading.Thread(target=run)
            thread.start()
            self.addCleanup(thread.join)
        other = self.client()
        when_blocked(lambda: db.rpush("b", "x", "y"))
        self.assertEqual(other.blpop(["a", "b"], timeout=20), ("b", "x"))
        self.assertEqual(other.brpop("b", timeout=1), ("b", "y"))
        when_blocked(lambda: db.zadd("z", {"m": 1.5}))
        self.assertEqual(other.bzpopmin("z", timeout=20), ("z", "m", 1.5))
        when_blocked(lambda: db.lpush("from", "v"))
        self.assertEqual(other.blmove("from", "to", 20, "RIGHT", "LEFT"), "v")
        when_blocked(lambda: db.lpush("l", "1", "2"))
        self.assertEqual(other.blmpop(20, 2, "k", "l", direction="LEFT", count=5),
                         ["l", ["2", "1"]])
        self.assertIsNone(other.blpop("none", timeout=0.05))

    def test_every_type_keeps_what_it_is_given(self):
        db = self.db
        self.assertTrue(db.set("a", "x", px=60000, nx=True))
        self.assertIsNone(db.set("a", "y", nx=True))
        self.assertEqual(db.set("a", "y", get=True, keepttl=True), "x")
        self.assertTrue(0 < db.pttl("a") <= 60000)
        self.assertEqual(db.getex("a", persist=True), "y")
        self.assertEqual(db.ttl("a"), -1)
        self.assertEqual(db.incrbyfloat("f", "10.5"), 10.5)
        self.assertEqual(db.hset("h", mapping={"a": 1, "b": ""}), 2)
        self.assertEqual(db.hgetall("h"), {"a": "1", "b": ""})
        self.assertEqual(db.hmget("h", "b", "c"), ["", None])
        self.assertEqual(db.zadd("z", {"a": 1, "b": float("inf")}, gt=True, ch=True), 2)
        self.assertEqual(db.zrange("z", 0, -1, withscores=True, desc=True),
                         [("b", float("inf")), ("a", 1.0)])
        self.assertEqual(db.zincrby("z", 0.5, "a"), 1.5)
        self.assertEqual(db.zrank("z", "b"), 1)
        self.assertEqual(db.zpopmin("z"), [("a", 1.5)])
        db.rpush("l", *"abcabc")
        self.assertEqual(db.lpos("l", "c", rank=-1), 5)
        self.assertEqual(db.lrange("l", -2, -1), ["b", "c"])
        db.sadd("s", "a", "b")
        self.assertEqual(db.smismember("s", ["a", "c"]), [1, 0])
        self.assertEqual(db.sort("l", alpha=True, desc=True, start=0, num=2), ["c", "c"])
        binary = redis.Redis(port=self.server.port)
        blob = bytes(range(256)) * 1000
        binary.set(b"\x00\r\n", blob)
        self.assertEqual(binary.get(b"\x00\r\n"), blob)
        binary.close()
        with self.assertRaises(redis.ResponseError):
            db.set("a", "x", ex=0)

    def test_the_server_tells_about_itself(self):
        db = self.db
        info = db.info()
        self.assertEqual(info["redis_version"].split(".")[0], "7")
        self.assertEqual(info["aof_enabled"], 1)
        db.set("a", 1, ex=100)
        self.assertEqual(db.info("keyspace")["db0"]["expires"], 1)
        self.assertEqual(db.config_get("append*")["appendfsync"], "always")
        db.config_set("hz", 20)
        self.assertEqual(db.config_get("hz"), {"hz": "20"})
        self.assertTrue(db.client_setname("me"))
        mine = [c for c in db.client_list() if c["name"] == "me"]
        self.assertEqual([c["id"] for c in mine], [str(db.client_id())])
        self.assertEqual(db.client_info()["name"], "me")
        other = self.client()
        self.assertEqual(db.client_kill_filter(_id=other.client_id()), 1)
        self.assertTrue(other.ping(), "a killed client connects again")
        self.assertEqual(db.command_count(), len(db.command()))
        get = db.command()["get"]
        self.assertEqual((get["arity"], get["first_key_pos"], "readonly" in get["flags"]),
                         (2, 1, True))
        self.assertEqual(db.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
        self.assertEqual(db.object("encoding", "a"), "int")
        self.assertTrue(db.memory_usage("a") > 0)
        self.assertEqual(len(db.time()), 2)
        db.config_set("slowlog-log-slower-than", -1)  # a loaded machine makes anything slow
        db.slowlog_reset()
        self.assertEqual(db.slowlog_get(), [])
        self.assertEqual(db.acl_whoami(), "default")
        self.assertIn("default", db.acl_users())
        self.assertEqual(db.wait(0, 10), 0)
        self.assertEqual(db.execute_command("ROLE")[0], "master")
        self.assertTrue(db.lastsave() is not None)
        self.assertEqual(db.echo("x"), "x")
        self.assertEqual(db.type("a"), "string")

    def test_locks_of_the_library(self):
        held = self.db.lock("lock", timeout=30)
        self.assertTrue(held.acquire(blocking=False))
        self.assertFalse(self.client().lock("lock", timeout=30).acquire(blocking=False))
        self.assertTrue(held.extend(10))
        self.assertTrue(held.reacquire())
        held.release()
        self.assertFalse(self.db.exists("lock"))

    def test_a_monitor_sees_commands(self):
        with self.db.monitor() as monitor:
            self.client().set("seen", "1")
            for command in monitor.listen():
                if command["command"].startswith("SET"):
                    self.assertEqual(command["command"], "SET seen 1")
                    break


class Restarts(unittest.TestCase):
    def test_password_and_a_restart(self):
        with server.Server("--requirepass", "secret") as s:
            with self.assertRaises(redis.AuthenticationError):
                redis.Redis(port=s.port).ping()
            with self.assertRaisesRegex(redis.ResponseError, "WRONGPASS"):
                redis.Redis(port=s.port, password="guess").ping()
            db = redis.Redis.from_url("redis://:secret@127.0.0.1:%d/3" % s.port,
                                      decode_responses=True)
            db.set("kept", "1")
            s.kill()
            with self.assertRaises(redis.ConnectionError):
                db.ping()
            s.start()
            self.assertEqual(db.get("kept"), "1")
            by_path = redis.Redis(unix_socket_path=s.path, password="secret", db=3)
            self.assertEqual(by_path.get("kept"), b"1")
            for c in (db, by_path):
                c.close()


class Asyncio(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.server = server.Server()
        self.addCleanup(self.server.stop)

    async def asyncSetUp(self):
        self.db = redis.asyncio.Redis(port=self.server.port, decode_responses=True)

    async def asyncTearDown(self):
        await self.db.close(close_connection_pool=True)

    async def test_pipelines_and_many_at_once(self):
        async with self.db.pipeline() as pipe:
            self.assertEqual(await pipe.set("a", 1).incr("a").execute(), [True, 2])
        replies = await asyncio.gather(*(self.db.incr("n") for _ in range(200)))
        self.assertEqual(sorted(replies), list(range(1, 201)))
        async with self.db.pipeline() as pipe:
            await pipe.watch("a")
            await self.db.set("a", 5)
            pipe.multi()
            pipe.set("a", 6)
            with self.assertRaises(redis.WatchError):
                await pipe.execute()

    async def test_messages_and_blocking_reads(self):
        async with self.db.pubsub() as listener:
            await listener.subscribe("news")
            self.assertEqual((await listener.get_message(timeout=10))["type"], "subscribe")
            self.assertEqual(await self.db.publish("news", "hello"), 1)
            message = await listener.get_message(timeout=10)
            self.assertEqual(message["data"], "hello")
        await self.db.xgroup_create("rides", "g", mkstream=True)
        reading = asyncio.create_task(
            self.db.xreadgroup("g", "c", {"rides": ">"}, block=20000))
        popping = asyncio.create_task(self.db.blpop("l", timeout=20))
        while (await self.db.info("clients"))["blocked_clients"] < 2:
            await asyncio.sleep(0.01)
        await self.db.xadd("rides", {"n": "1"}, id="5-1")
        await self.db.rpush("l", "v")
        self.assertEqual(await reading, [["rides", [("5-1", {"n": "1"})]]])
        self.assertEqual(await popping, ("l", "v"))

    async def test_scripts_and_scans(self):
        double = self.db.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")
        self.assertEqual(await double(keys=["n"], args=[21]), 42)
        await self.db.mset({"k%d" % i: i for i in range(500)})
        self.assertEqual(len([k async for k in self.db.scan_iter("k*")]), 500)


if __name__ == "__main__":
    unittest.main(verbosity=2)
