"""What autoscalers and operators are told of streams, and what the leader does about them."""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "lifecycle")]
import city
import harness
from city import EVENTS, INCOMING
from harness import Service, until
from test_deadlines import Here

QUICK = ["--chore-interval", "10ms", "--leader-lease", "300ms", "--regions", "la"]


class Streams(harness.TestCase):
    services = {"dispatcher": QUICK + ["--trim-interval", "50ms", "--consumer-idle", "100ms",
                                       "--registered-groups", "rides-events:ledger"]}

    def setUp(self):
        self.city = city.City(Here(self.store))
        self.d = self.running["dispatcher"]

    def figure(self, what, **labels):
        return self.d.metric("hansom_stream_" + what, region="la", **labels)

    def alarm(self, name):
        return self.d.metric("hansom_alarm", alarm=name, region="la")

    def overview(self):
        return self.http("dispatcher", "GET", "/v1/ops/overview?region=la", role="ops").json

    def test_one_ride_that_waits_is_seen_with_no_matcher_and_no_group_there(self):
        self.db.delete(INCOMING)
        self.city.create()
        until(lambda: self.figure("lag", stream="rides-incoming", group="matchers") == 1, "the lag")
        until(lambda: self.figure("oldest_undelivered_seconds", stream="rides-incoming",
                                  group="matchers") > 0, "its age")
        reply = self.http("dispatcher", "GET", "/v1/ops/streams?region=la&stream=rides-incoming",
                          role="ops")
        (group,) = reply.json["items"]
        self.assertEqual((group["name"], group["lag"], group["exists"], group["registered"]),
                         ("matchers", 1, False, True))

    def test_groups_of_both_streams_are_listed(self):
        reply = self.http("dispatcher", "GET", "/v1/ops/streams?region=la", role="ops")
        self.assertEqual(sorted((g["stream"], g["name"]) for g in reply.json["items"]),
                         [("rides-events", "ledger"), ("rides-events", "pricing"),
                          ("rides-events", "projector"), ("rides-incoming", "matchers")])

    def test_a_registered_group_a_day_behind_raises_an_alarm_until_it_has_caught_up(self):
        self.db.xgroup_create(EVENTS, "ledger", "0")
        self.db.delete(EVENTS)
        self.db.xadd(EVENTS, {"a": 1}, id="%d-0" % (self.city.now() - 86400 * 1000 - 5000))
        for group in ("pricing", "ledger"):
            self.db.xgroup_create(EVENTS, group, "0")
        self.db.xreadgroup("pricing", "p", {EVENTS: ">"}, noack=True)
        until(lambda: self.alarm("group_behind") == 1, "the alarm")
        self.assertIn("group_behind", self.overview()["alarms"])
        self.assertIn('"alarm"', self.d.logged())
        self.db.xreadgroup("ledger", "l", {EVENTS: ">"}, noack=True)
        until(lambda: self.alarm("group_behind") == 0, "the end of the alarm")

    def test_a_group_that_nobody_registered_raises_no_alarm(self):
        self.db.delete(EVENTS)
        self.db.xadd(EVENTS, {"a": 1}, id="%d-0" % (self.city.now() - 86400 * 1000 - 5000))
        for group in ("pricing", "ledger", "someone"):
            self.db.xgroup_create(EVENTS, group, "0" if group == "someone" else "$")
        until(lambda: self.figure("lag", stream="rides-events", group="someone") == 1, "the lag")
        self.assertEqual(self.alarm("group_behind"), 0)

    def test_consumers_of_dead_processes_go_once_their_work_was_claimed(self):
        id = self.db.xadd(INCOMING, {"ride_id": "la-x"})
        self.city.read_work("dead-with-work")
        self.db.xreadgroup("matchers", "dead-with-none", {INCOMING: ">"})

        def there():
            return sorted(c["name"] for c in self.db.xinfo_consumers(INCOMING, "matchers"))
        until(lambda: there() == ["dead-with-work"], "the one that holds nothing to be forgotten")
        self.assertEqual(self.city.pending(), 1)
        self.db.xack(INCOMING, "matchers", id)
        until(lambda: there() == [], "the other one to be forgotten")
        until(lambda: self.d.metric("hansom_consumers_reaped_total", region="la") >= 2, "the count")

    def test_damage_is_mended_counted_and_shown(self):
        ride, _, _ = self.city.reach("requested")
        self.db.zrem(city.TIMERS, "deadline:" + ride)
        until(lambda: self.city.timer("deadline:" + ride), "the timer to be set again")
        until(lambda: self.d.metric("hansom_reconciler_repairs_total", kind="timer") == 1, "the count")
        until(lambda: "repairs" in self.overview()["alarms"], "the alarm")
        self.assertEqual(self.d.metric("hansom_reconciler_repairs_total", kind="work"), 0)
        until(lambda: self.d.metric("hansom_reconciler_rounds_total", region="la"), "a whole round")

    def test_groups_that_are_none_are_refused_at_the_start(self):
        for value in ("pricing", "rides-events:", "rides-dead:x", "rides-events:a,,b",
                      ",".join("rides-events:g%d" % i for i in range(15))):
            with self.assertRaisesRegex(AssertionError, "--registered-groups takes"):
                Service("dispatcher", self.store, "--registered-groups", value)


if __name__ == "__main__":
    harness.main()
