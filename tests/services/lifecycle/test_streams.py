"""How far groups are, what is trimmed, and consumers that are gone."""

import os
import threading

import redis

import city
from city import EVENTS, INCOMING, LIMITS

OWN = ("rides-incoming:matchers", "rides-events:pricing")
IS_REDIS = "redis-server" in os.path.basename(city.server_path)
DAY_MS = 86400 * 1000


class Streams(city.Case):
    def look(self, *registered):
        groups = {}
        for flat in self.c.call("streams_look", *(registered or OWN)).extra["groups"]:
            g = dict(zip(flat[::2], flat[1::2]))
            groups[g["stream"] + ":" + g["group"]] = g
        return groups

    def lag(self):
        return int(self.look()["rides-incoming:matchers"]["lag"])

    def work(self, n):
        return [self.db.xadd(INCOMING, {"ride_id": "la-x%d" % i}) for i in range(n)]

    # lag

    def test_one_waiting_message_is_a_lag_of_one_before_any_matcher_ran(self):
        """keda #6478: one waiting message never wakes the autoscaler."""
        self.db.xgroup_destroy(INCOMING, "matchers")
        self.assertEqual(self.lag(), 0)
        self.c.create()
        g = self.look()["rides-incoming:matchers"]
        self.assertEqual((g["lag"], g["exists"], g["registered"]), ("1", "0", "1"))
        self.db.xgroup_create(INCOMING, "matchers", "0")
        g = self.look()["rides-incoming:matchers"]
        self.assertEqual((g["lag"], g["exists"]), ("1", "1"))

    def test_lag_is_right_after_entries_were_deleted_or_trimmed(self):
        """redis #13337, #13957: lag is nil or wrong after XDEL and XTRIM."""
        ids = self.work(10)
        self.c.read_work()
        for id in ids:
            self.db.xack(INCOMING, "matchers", id)
        ids = self.work(10)
        self.db.xdel(INCOMING, ids[3], ids[7])
        if IS_REDIS:
            reported = self.db.xinfo_groups(INCOMING)[0]["lag"]
            self.assertNotEqual(reported, 8, "this redis-server is right by itself")
        self.assertEqual(self.lag(), 8)
        self.db.xtrim(INCOMING, minid=ids[5], approximate=False)
        self.assertEqual(self.lag(), 4)
        self.db.xadd(INCOMING, {"a": 1})
        self.assertEqual(self.lag(), 5)
        self.c.read_work()
        self.assertEqual(self.lag(), 0)

    def test_lag_never_says_less_than_is_there_beyond_what_is_counted(self):
        with self.db.pipeline() as p:
            for i in range(LIMITS["LAG_MAX"] + 500):
                p.xadd(INCOMING, {"i": i})
            p.execute()
        self.assertGreaterEqual(self.lag(), LIMITS["LAG_MAX"])

    def test_ages_and_deliveries_are_those_of_the_oldest(self):
        old = "%d-0" % (self.c.now() - 50000)
        for id in (old, "%d-0" % (self.c.now() - 20000)):
            self.db.xadd(INCOMING, {"a": 1}, id=id)
        self.db.xreadgroup("matchers", "m1", {INCOMING: ">"}, count=1)
        for _ in range(3):
            self.db.xclaim(INCOMING, "matchers", "m2", 0, [old])
        g = self.look()["rides-incoming:matchers"]
        self.assertEqual((g["pending"], g["lag"], g["deliveries_max"]), ("1", "1", "4"))
        self.assertTrue(50000 <= int(g["oldest_pending_ms"]) < 60000, g)
        self.assertTrue(20000 <= int(g["oldest_undelivered_ms"]) < 30000, g)

    def test_groups_that_nobody_registered_are_shown_as_such(self):
        self.db.xgroup_create(EVENTS, "someone", "0")
        g = self.look()["rides-events:someone"]
        self.assertEqual((g["registered"], g["exists"]), ("0", "1"))
        self.assertEqual(self.look(*OWN, "rides-events:someone")["rides-events:someone"]["registered"], "1")

    def test_a_name_that_is_none_is_an_error(self):
        for name in ("matchers", "rides-other:x", "rides-events:", ""):
            for function in ("streams_look", "streams_trim"):
                with self.assertRaises(redis.ResponseError):
                    self.c.call(function, name)

    # trimming

    def events_of(self, age_ms, n=200):
        """n events so old. Streams are trimmed by whole nodes, so some more than one node holds."""
        at = self.c.now() - age_ms
        with self.db.pipeline() as p:
            for i in range(n):
                p.xadd(EVENTS, {"i": i}, id="%d-%d" % (at, i + 1))
            p.execute()

    def read(self, group, n, ack=True):
        got = self.db.xreadgroup(group, "p1", {EVENTS: ">"}, count=n)[0][1]
        if ack:
            self.db.xack(EVENTS, group, *[id for id, _ in got])
        return [id for id, _ in got]

    def trim(self, *registered):
        a = self.c.call("streams_trim", *(registered or OWN))
        return int(a.extra["incoming"]), int(a.extra["events"])

    def test_events_go_after_a_week_when_every_registered_group_has_done_with_them(self):
        self.events_of(8 * DAY_MS)
        self.events_of(6 * DAY_MS)
        self.assertEqual(self.trim(), (0, 0), "unread")
        self.read("pricing", 200, ack=False)
        self.assertEqual(self.trim(), (0, 0), "read, not acknowledged")
        self.db.xack(EVENTS, "pricing", *[id for id, _ in self.db.xrange(EVENTS, count=200)])
        self.assertGreaterEqual(self.trim()[1], 100)
        self.assertGreaterEqual(self.db.xlen(EVENTS), 200, "the younger ones stay")

    def test_an_unacknowledged_entry_is_kept_however_old_it_is_and_whatever_came_after(self):
        self.events_of(30 * DAY_MS)
        ids = self.read("pricing", 200, ack=False)
        self.db.xack(EVENTS, "pricing", *[i for i in ids if i != ids[150]])
        self.trim()
        self.assertEqual(len(self.db.xrange(EVENTS, ids[150], ids[150])), 1)
        self.assertLess(self.db.xlen(EVENTS), 200)

    def test_a_group_that_nobody_registered_holds_nothing_back(self):
        self.db.xgroup_create(EVENTS, "someone", "0")
        self.events_of(8 * DAY_MS)
        self.read("pricing", 200)
        self.assertGreaterEqual(self.trim()[1], 100)

    def test_a_registered_group_holds_back_even_before_it_exists(self):
        self.events_of(8 * DAY_MS)
        self.read("pricing", 200)
        self.assertEqual(self.trim(*OWN, "rides-events:ledger"), (0, 0))
        self.db.xgroup_create(EVENTS, "ledger", "0")
        self.assertEqual(self.trim(*OWN, "rides-events:ledger"), (0, 0))
        self.read("ledger", 200)
        self.assertGreaterEqual(self.trim(*OWN, "rides-events:ledger")[1], 100)

    def test_a_dispatcher_that_names_no_groups_keeps_what_any_of_them_needs(self):
        self.events_of(8 * DAY_MS)
        self.assertEqual(self.c.call("streams_trim").extra["events"], "0")
        self.read("pricing", 200)
        self.assertGreaterEqual(int(self.c.call("streams_trim").extra["events"]), 100)

    def test_work_is_trimmed_behind_what_is_acknowledged_and_no_further(self):
        self.work(300)
        self.assertEqual(self.trim()[0], 0, "unread")
        got = self.c.read_work()
        self.assertEqual(self.trim()[0], 0, "read, not acknowledged")
        self.db.xack(INCOMING, "matchers", *[id for id, _ in got[:250]])
        self.assertGreaterEqual(self.trim()[0], 100)
        waiting = [p["message_id"] for p in self.db.xpending_range(INCOMING, "matchers", "-", "+", 100)]
        self.assertEqual(waiting, [id for id, _ in got[250:]])
        self.assertEqual(len(self.db.xrange(INCOMING, waiting[0], "+")), 50)

    # consumers

    def reap(self, idle_ms=0):
        a = self.c.call("consumers_reap", idle_ms, *OWN)
        return a.extra["reaped"], int(a.extra["holding"])

    def consumers(self):
        return sorted(x["name"] for x in self.db.xinfo_consumers(INCOMING, "matchers"))

    def test_pending_entries_of_a_dead_consumer_are_never_lost(self):
        """redis #7021: deleting a consumer deletes what it had not acknowledged."""
        ids = self.work(5)
        self.assertEqual(len(self.c.read_work("dead")), 5)
        self.assertEqual(self.reap(), ([], 1))
        self.assertEqual(self.c.pending(), 5)
        for id in ids:
            self.db.xclaim(INCOMING, "matchers", "alive", 0, [id])
        self.assertEqual(self.reap(), (["dead"], 1))
        self.assertEqual((self.consumers(), self.c.pending()), (["alive"], 5))
        self.db.xack(INCOMING, "matchers", *ids)
        self.assertEqual(self.reap(), (["alive"], 0))

    def test_a_consumer_that_was_heard_lately_stays(self):
        self.c.read_work("alive")
        self.work(1)
        self.db.xack(INCOMING, "matchers", self.c.read_work("alive")[0][0])
        self.assertEqual(self.reap(3600 * 1000), ([], 0))
        self.assertEqual(self.consumers(), ["alive"])

    def test_reading_and_reaping_at_once_loses_no_entry(self):
        stop = threading.Event()
        read = []

        def reader():
            db = self.server.connect()
            while not stop.is_set():
                got = db.xreadgroup("matchers", "m1", {INCOMING: ">"}, count=3)
                for id, _ in got[0][1] if got else []:
                    read.append(id)
                    if len(read) % 2:
                        db.xack(INCOMING, "matchers", id)

        thread = threading.Thread(target=reader)
        thread.start()
        ids = []
        try:
            for _ in range(150):
                ids += self.work(4)
                self.reap()
            end = [self.work(1)[0]]
            ids += end
            while end[0] not in read and thread.is_alive():
                self.reap()
        finally:
            stop.set()
            thread.join()
        self.assertEqual(sorted(read), sorted(ids))
        self.assertEqual(self.c.pending(), len([i for i in range(len(read)) if (i + 1) % 2 == 0]))


if __name__ == "__main__":
    city.main()
