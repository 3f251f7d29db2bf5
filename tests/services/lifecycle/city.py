"""A store with the lifecycle library in it, and a small city to try it on.

Time moves without waiting: City.later() pulls every stored time into the past.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import redis

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TAG = "{la}"
EVENTS = "rides:events:" + TAG
INCOMING = "rides:incoming:" + TAG
DEAD = "rides:dead:" + TAG
TIMERS = "timers:" + TAG
CLOCK = "clock:" + TAG
SEEN = "drivers:seen:" + TAG
ACTIVE = "drivers:active:" + TAG
IDLE = "drivers:idle:" + TAG + ":economy"
SOON = "drivers:soon:" + TAG + ":economy"
CODE = "4711"

library_path = os.environ.get("HANSOM_LIFECYCLE_LUA", "")
server_path = os.environ.get("HANSOM_STORE_SERVER", "redis-server")


def ride_key(ride):
    return "ride:%s:%s" % (TAG, ride)


def driver_key(driver):
    return "driver-state:%s:%s" % (TAG, driver)


def rider_key(rider):
    return "rider-state:%s:%s" % (TAG, rider)


def table(name):
    """The rows of one table of ride_state.def, as tuples of words."""
    path = os.path.join(ROOT, "services/kit/core/ride_state.def")
    rows = []
    with open(path) as f:
        for line in f:
            m = re.match(name + r"\((.*)\)$", line.strip())
            if m:
                rows.append(tuple(w.strip().strip('"') for w in m.group(1).split(",")))
    return rows


LIMITS = {name: int(value) for name, value in table("RIDE_LIMIT")}
MOVES = {(f.lower(), e.lower()): t.lower() for f, e, t in table("RIDE_MOVE")}
DRIVER_MOVES = {(f.lower(), e.lower()): t.lower() for f, e, t in table("DRIVER_MOVE")}


class Server:
    """One store process on a free port of loopback; ended by its own process id."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hansom-lifecycle-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        args = [server_path, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", self.dir, "--save", "", "--appendonly", "no"]
        self.log = open(os.path.join(self.dir, "log"), "w")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while True:
            try:
                self.connect().ping()
                return
            except redis.exceptions.ConnectionError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.stop()
                    raise

    def connect(self):
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=20)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Answer:
    def __init__(self, reply):
        self.code = reply[0]
        self.ride = dict(zip(reply[1][::2], reply[1][1::2]))
        self.extra = dict(zip(reply[2][::2], reply[2][1::2]))

    def __repr__(self):
        return "%s %s %s" % (self.code, self.ride, self.extra)


class City:
    def __init__(self, server):
        self.db = server.connect()
        self.rides = 0
        self.clear()

    def clear(self):
        self.db.flushall()
        with open(library_path) as f:
            self.db.execute_command("FUNCTION", "LOAD", "REPLACE", f.read())
        self.db.xgroup_create(INCOMING, "matchers", "0", mkstream=True)
        self.db.xgroup_create(EVENTS, "pricing", "0", mkstream=True)
        self.call("heartbeat", "run-a")

    def call(self, name, *args, db=None):
        return Answer((db or self.db).execute_command("FCALL", name + "_v1", 1, EVENTS, *args))

    def now(self):
        s, us = self.db.time()
        return s * 1000 + us // 1000

    # Everything stored, in a form that compares.

    def dump(self, skip=()):
        out = {}
        for key in self.db.scan_iter(count=1000):
            if key not in skip:
                out[key] = (self.value(key), self.db.execute_command("PEXPIRETIME", key) > 0)
        return out

    def value(self, key):
        kind = self.db.type(key)
        if kind == "hash":
            return self.db.hgetall(key)
        if kind == "zset":
            return self.db.zrange(key, 0, -1, withscores=True)
        if kind == "string" and key.startswith(("riders:", "logins:")): # no text
            return (self.db.strlen(key), self.db.bitcount(key))
        if kind == "string":
            return self.db.get(key)
        if kind == "list":
            return self.db.lrange(key, 0, -1)
        if kind == "stream":
            groups = self.db.xinfo_groups(key)
            waiting = [self.db.xpending(key, g["name"]) for g in groups]
            return (self.db.xrange(key), groups, waiting)
        if kind == "ReJSON-RL":
            return self.db.execute_command("JSON.GET", key)
        look = {"MBbloom--": ("BF.CARD",), "TopK-TYPE": ("TOPK.LIST", "WITHCOUNT"), "CMSk-TYPE": ("CMS.INFO",)}[kind]
        return self.db.execute_command(look[0], key, *look[1:])

    # Time.

    def later(self, ms):
        """Moves everything that is stored into the past; the heartbeat goes on meanwhile."""
        for key in list(self.db.scan_iter("ride:*")) + list(self.db.scan_iter("driver-state:*")):
            if self.db.type(key) != "hash":
                continue
            fields = self.db.hgetall(key)
            moved = {k: int(v) - ms for k, v in fields.items() if k.endswith("_ms") and v}
            if moved:
                self.db.hset(key, mapping=moved)
        for key in (TIMERS, SEEN):
            for member, score in self.db.zrange(key, 0, -1, withscores=True):
                self.db.zadd(key, {member: score - ms})

    def outage(self, ms):
        """The whole region stood still for so long."""
        self.later(ms)
        self.db.hset(CLOCK, "beat_ms", int(self.db.hget(CLOCK, "beat_ms")) - ms)

    def fire(self, timer):
        """A timer that is due by now, applied."""
        self.db.zadd(TIMERS, {timer: self.now() - 1})
        return self.call("timer_apply", timer)

    def timer(self, name):
        return self.db.zscore(TIMERS, name)

    # Rides and drivers.

    def fresh_id(self):
        self.rides += 1
        return "la-R%05d" % self.rides

    def create(self, rider="rider-1", ride=None, key="", body="h", at="", stops=0, forward="1", db=None):
        ride = ride or self.fresh_id()
        return self.call("ride_create", rider, key, body, ride, CODE, "economy", at, "tp",
                         "pickup", '{"lat":34.05,"lon":-118.24}', "dropoff", '{"lat":34.1,"lon":-118.3}',
                         "stops", "[]", "stops_n", stops, "pickup_lat", "34.05",
                         "pickup_lon", "-118.24", "fare", '{"amount_minor":900,"currency":"USD"}',
                         "fee_cancel", 500, "fee_no_show", 700, "fee_free_s", 60, "fee_late_s", 300, "forward", forward,
                         "dropoff_lat", "34.1", "dropoff_lon", "-118.3", "distance_m", 10000,
                         "duration_s", 600, "trip_s", 600, "pickup_eta_s", 90, "quote_eta_s", 90, db=db)

    def online(self, driver, products="economy", lat="34.05", lon="-118.24"):
        return self.call("driver_online", driver, lat, lon, products, '{"name":"Bo","rating":4.9}')

    def offline(self, driver):
        return self.call("driver_offline", driver)

    def ride(self, ride):
        return self.db.hgetall(ride_key(ride))

    def driver(self, driver):
        return self.db.hgetall(driver_key(driver))

    def is_idle(self, driver):
        return self.db.zscore(IDLE, driver) is not None

    def read_work(self, consumer="m1"):
        """Every entry of the matchers' stream that nobody has read: [(id, fields)]."""
        got = self.db.xreadgroup("matchers", consumer, {INCOMING: ">"}, count=1000)
        return got[0][1] if got else []

    def pending(self):
        return self.db.xpending(INCOMING, "matchers")["pending"]

    def offer(self, ride, driver, entry="", eta=50):
        return self.call("ride_offer", ride, self.ride(ride)["attempt"], driver, entry, eta)

    def broadcast(self, ride, drivers, entry="", eta=50):
        pairs = [x for i, d in enumerate(drivers) for x in (d, eta + i)]
        return self.call("ride_broadcast", ride, self.ride(ride)["attempt"], entry, *pairs)

    def place(self, driver, lat, lon):
        """Where his newest ping puts him."""
        self.db.geoadd(ACTIVE, (lon, lat, driver), xx=True)
        self.db.zadd(SEEN, {driver: self.now()}, xx=True)

    def nearly_done(self, driver="la-d1", rider="rider-1"):
        """A ride in progress whose driver is about to finish: in the soon index. (ride, driver, lease)"""
        ride, driver, lease = self.reach("in_progress", driver, rider)
        self.place(driver, 34.0999, -118.2999)
        assert self.fire("soon:" + ride).extra["did"] == "soon"
        return ride, driver, lease

    def accept(self, ride, driver, offer, db=None):
        return self.call("ride_accept", ride, driver, offer, "", db=db)

    def project(self, day="20261127", week="2026W48", cell="c0ffee00"):
        """Projects what the group `projector` has not read yet: the answers of each entry."""
        try:
            self.db.xgroup_create(EVENTS, "projector", "0")
        except redis.exceptions.ResponseError:
            pass
        got = self.db.xreadgroup("projector", "p1", {EVENTS: ">"}, count=1000)
        return [self.call("project", "projector", id, day, week, cell)
                for id, _ in (got[0][1] if got else [])]

    def has_family(self, command):
        """Whether the store knows a command of a module family."""
        try:
            self.db.execute_command(command)
        except redis.exceptions.ResponseError as e:
            return "unknown command" not in str(e)

    def history(self, ride):
        """The document of a finished ride, or None."""
        answer = self.call("history_get", ride)
        return json.loads(answer.extra["document"]) if answer.code == "ok" else None

    def events(self, ride):
        return [e for _, e in self.db.xrange("ride-events:%s:%s" % (TAG, ride))]

    def reach(self, status, driver="la-d1", rider="rider-1"):
        """A ride in this status; where it has one, its driver and lease. (ride, driver, lease)"""
        if status == "scheduled":
            ride = self.create(rider, at=self.now() + 3600 * 1000).ride["ride_id"]
            return ride, driver, ""
        ride = self.create(rider).ride["ride_id"]
        if status == "requested":
            return ride, driver, ""
        if status == "unfulfilled":
            self.later(LIMITS["MATCH_MS"] + 1)
            self.fire("deadline:" + ride)
            return ride, driver, ""
        if status == "failed":
            self.call("ride_dead_letter", ride, 1, "", "crash", 5, "raw")
            return ride, driver, ""
        if status == "cancelled":
            self.call("ride_cancel", ride, rider, "", "", "rider", "changed_mind", "")
            return ride, driver, ""
        self.online(driver)
        lease = self.offer(ride, driver).extra["offer_id"]
        if status == "offered":
            return ride, driver, lease
        self.accept(ride, driver, lease)
        if status == "assigned":
            return ride, driver, lease
        self.call("ride_arrive", ride, driver, lease, "")
        if status == "arrived":
            return ride, driver, lease
        self.call("ride_start", ride, driver, lease, "", CODE)
        if status == "in_progress":
            return ride, driver, lease
        assert status == "completed", status
        self.call("ride_complete", ride, driver, lease, "", "", "")
        return ride, driver, lease

    def check(self, versions=True):
        """What must hold at every moment, whatever happened. Returns nothing or asserts."""
        rides = {k.split(":", 2)[2]: self.db.hgetall(k) for k in self.db.scan_iter("ride:*")}
        drivers = {k.split(":", 2)[2]: self.db.hgetall(k) for k in self.db.scan_iter("driver-state:*")}
        timers = dict(self.db.zrange(TIMERS, 0, -1, withscores=True))
        wanted = {}
        live, scheduled = {}, {}
        offered, held = {}, {}  # driver -> ride, as the rides say
        for ride, f in rides.items():
            status = f["status"]
            busy = status in ("assigned", "arrived", "in_progress")
            if busy and f.get("queued"):
                assert status == "assigned", f
                held[f["driver_id"], "next_ride"] = (ride, f["lease"])
            elif busy:
                d = drivers[f["driver_id"]]
                assert d["state"] == ("on_trip" if status == "in_progress" else "assigned"), (f, d)
                held[f["driver_id"], "ride"] = (ride, f["lease"])
            else:
                assert not f.get("queued"), f
            if status == "offered":
                who = f["offer_driver"].split()
                assert 1 <= len(who) <= LIMITS["BROADCAST_MAX"] and len(set(who)) == len(who), f
                for driver in who:
                    assert driver not in offered, "a driver with two offers"
                    offered[driver] = f["offer"]
                wanted["offer:" + ride] = int(f["offer_expires_ms"]) + LIMITS["OFFER_GRACE_MS"]
            else:
                assert not f.get("offer") and not f.get("offer_driver"), f
            if status in ("requested", "offered"):
                wanted["deadline:" + ride] = int(f["deadline_ms"])
            if status == "requested" and f.get("retry_ms"):
                wanted["retry:" + ride] = int(f["retry_ms"])
            if status == "assigned":
                wanted["pickup:" + ride] = None
            if status == "arrived":
                wanted["start:" + ride] = int(f["start_by_ms"])
            if status == "in_progress":
                if not f.get("overdue_ms"):
                    wanted["trip:" + ride] = None
                if not drivers[f["driver_id"]].get("soon_ms"):
                    wanted["soon:" + ride] = None
            if status == "scheduled":
                wanted["scheduled:" + ride] = int(f["pickup_at_ms"]) - LIMITS["LEAD_MS"]
                scheduled.setdefault(f["rider_id"], set()).add(ride)
            if status in ("requested", "offered") or busy:
                assert f["rider_id"] not in live, "two live rides of one rider"
                live[f["rider_id"]] = ride
            if versions:
                told = [int(e["version"]) for e in self.events(ride)]
                assert told == list(range(1, int(f["version"]) + 1)), (ride, told, f["version"])
            ttl = self.db.pttl(ride_key(ride))
            over = status in ("completed", "cancelled", "unfulfilled", "failed")
            assert (ttl > 0) == over, (ride, status, ttl)
            self.check_money(ride, f)
        mine = {k: v for k, v in timers.items() if not re.match("(dark|cooldown):", k)}
        assert set(mine) == set(wanted), (set(mine) ^ set(wanted))
        for name, due in wanted.items():
            assert due is None or abs(due - mine[name]) < 1, (name, due, mine[name])
        for rider, ride in live.items():
            assert self.db.hget(rider_key(rider), "ride") == ride
        claims = {k.split(":", 2)[2]: self.db.hgetall(k) for k in self.db.scan_iter("rider-state:*")}
        assert {r: f["ride"] for r, f in claims.items() if "ride" in f} == live, (claims, live)
        lists = {r: set(f["scheduled"].split()) for r, f in claims.items() if "scheduled" in f}
        assert lists == scheduled, (lists, scheduled)
        for driver, f in drivers.items():
            self.check_driver(driver, f, offered, held)
        assert not offered and not held, (offered, held)
        said = [(e["ride_id"], int(e["version"])) for _, e in self.db.xrange(EVENTS)]
        assert len(said) == len(set(said)), "one version said twice"

    def check_money(self, ride, f):
        """Who pays what is decided once, when a ride ends: a fare, or a fee, or nothing."""
        fee = f.get("fee_minor")
        if f["status"] == "cancelled":
            assert fee is not None and int(fee) >= 0, f
        else:
            assert fee is None, f
        if f["status"] != "completed":
            assert "final_minor" not in f, f
        told = [e["fee_minor"] for e in self.events(ride) if e["fee_minor"]]
        assert told == ([fee] if fee is not None else []), (told, f)

    def check_driver(self, driver, f, offered, held):
        """One driver's record against what the rides say: one ride, one next ride, one offer."""
        state = f["state"]
        for field, lease in (("ride", "lease"), ("next_ride", "next_lease")):
            his = held.pop((driver, field), ("", ""))
            assert (f.get(field, ""), f.get(lease, "")) == his, (driver, f, his)
        assert bool(f.get("ride")) == (state in ("assigned", "on_trip")), (driver, f)
        assert f.get("offer", "") == offered.pop(driver, ""), (driver, f)
        assert not f.get("offer") or state in ("offered", "on_trip"), (driver, f)
        assert f.get("offer") or state != "offered", (driver, f)
        if f.get("next_ride"):
            assert state == "on_trip" and not f.get("offer"), (driver, f)
        cooling = int(f.get("cooldown_until_ms") or 0)
        if cooling:
            assert self.timer("cooldown:" + driver) == cooling, (driver, f)
        if state != "idle" or cooling > self.now():
            assert not self.is_idle(driver), (driver, f)
        if self.db.zscore(SOON, driver) is not None:
            assert state == "on_trip" and f["soon_ms"], (driver, f)
            assert not f.get("offer") and not f.get("next_ride"), (driver, f)
        if state in ("offline", "blocked"):
            assert self.db.zscore(ACTIVE, driver) is None
            assert self.db.zscore(SEEN, driver) is None


class Case(unittest.TestCase):
    """Tests that share a server, each with a city of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.c = City(self.server)
        self.db = self.c.db


class CheckedCase(Case):
    """Tests that leave everything stored right."""

    def tearDown(self):
        self.c.check()


def main():
    """The tests of the calling file; the library and the server come from the environment."""
    if not library_path:
        sys.exit("HANSOM_LIFECYCLE_LUA must name the library")
    unittest.main()
