"""A small town for tests: a store, the services, riders and drivers, all over real sockets.

    with Town(store="redis") as town:
        rider = town.rider("r1")
        ride = rider.request(town.place(0), town.place(1))

Everything binds to loopback on free ports, lives in a temporary folder, and is ended by pid.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

import redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HANSOM_BIN", os.path.join(ROOT, "build", "dev", "bin"))
REGION = "sf"
CENTER = (37.7749, -122.4194)
SERVICES = ("dispatcher", "location-ingest", "pricing", "ws-gateway", "matcher")
EPHEMERAL = "drivers:*"


def wait_for(what, seconds, check):
    """Polls check until it gives something true, and returns it; fails the test otherwise."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """One child process with its log, and the addresses of its ready line."""

    def __init__(self, town, name, argv, ready):
        self.name = name
        self.argv = argv
        self.log = open(os.path.join(town.dir, f"{name}.log"), "ab")
        self.child = subprocess.Popen(argv, stdout=subprocess.PIPE if ready else self.log,
                                      stderr=self.log, cwd=ROOT)
        self.at = {}
        self.ended_by_test = False
        if ready:
            line = self.child.stdout.readline().decode()
            if " ready" not in line:
                self.stop()
                raise AssertionError(f"{name} did not start: {town.tail(name)}")
            self.at = dict(word.split("=", 1) for word in line.split() if "=" in word)

    def port(self, what="http"):
        return int(self.at[what].rsplit(":", 1)[-1])

    def kill(self, how=signal.SIGKILL):
        self.ended_by_test = how == signal.SIGKILL
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.child.wait(30)

    def ended_well(self):
        """Whether it drained and ended with 0: a sanitizer's complaint is another code."""
        return self.ended_by_test or self.child.returncode == 0

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(10)
        if self.child.stdout:
            self.child.stdout.close()
        self.log.close()


class Town:
    def __init__(self, store="hansom", services=SERVICES, fsync="always", speed_scale=1, extra=None):
        self.kind = store
        self.fsync = fsync
        self.speed_scale = speed_scale
        self.extra = extra or {}
        self.wanted = services
        self.holder = tempfile.TemporaryDirectory(prefix="hansom-town-")
        self.dir = self.holder.name
        self.secret = "a secret of the town, long enough"
        self.regions = os.path.join(ROOT, "config", "regions.json")
        self.store_port = free_port()
        self.store = None
        self.processes = {}

    def __enter__(self):
        try:
            self.start_store()
            for name in self.wanted:
                self.start(name)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        for p in reversed(list(self.processes.values())):
            p.stop()
        if self.store:
            self.store.stop()
        bad = [name for name, p in self.processes.items() if not p.ended_well()]
        for name in ("store", *self.processes) if error is not None else bad:
            print(f"--- {name} ---\n{self.tail(name)}", file=sys.stderr)
        self.holder.cleanup()
        if error is None and bad:
            raise AssertionError(f"did not end with 0: {bad}")

    def tail(self, name, size=3000):
        try:
            with open(os.path.join(self.dir, f"{name}.log"), "rb") as f:
                return f.read()[-size:].decode(errors="replace")
        except OSError:
            return ""

    def start_store(self):
        data = os.path.join(self.dir, "data")
        os.makedirs(data, exist_ok=True)
        common = ["--port", str(self.store_port), "--dir", data, "--appendonly", "yes",
                  "--appendfsync", self.fsync]
        if self.kind == "redis":
            self.store = Process(self, "store", ["redis-server", "--save", "", "--bind", "127.0.0.1",
                                                 *common], False)
        else:
            self.store = Process(self, "store", [os.path.join(BIN, "hansom-store"), *common,
                                                 "--admin-port", "0", "--ephemeral-keys",
                                                 EPHEMERAL], True)
        self.redis = redis.Redis(port=self.store_port, decode_responses=True)

        def answers():
            try:
                return self.redis.ping()
            except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
                return False

        wait_for("the store", 20, answers)

    def start(self, name, as_name=None):
        """Starts one service; as_name tells two of a kind apart."""
        as_name = as_name or name
        secret = os.path.join(self.dir, "secret")
        if not os.path.exists(secret):
            with open(secret, "w", encoding="ascii") as f:
                f.write(self.secret)
        argv = [os.path.join(BIN, f"hansom-{name}"), "--store",
                f"redis://127.0.0.1:{self.store_port}", "--admin-port", "0",
                "--jwt-secret-file", secret, "--regions", REGION,
                "--regions-file", self.regions, "--speed-scale", str(self.speed_scale)]
        argv += ["--port", "0"] if name != "matcher" else []
        argv += self.extra.get(name, [])
        self.processes[as_name] = Process(self, as_name, argv, True)
        return self.processes[as_name]

    def change_products(self, change):
        """Whatever starts from now on has the regions as shipped, but for what is changed in each product."""
        with open(self.regions, encoding="utf-8") as f:
            regions = json.load(f)
        for region in regions["features"]:
            for product in region["properties"]["products"]:
                change(product)
        self.regions = os.path.join(self.dir, "regions.json")
        with open(self.regions, "w", encoding="utf-8") as f:
            json.dump(regions, f)

    def stop(self, name):
        p = self.processes.pop(name)
        p.stop()
        assert p.ended_well(), (p.child.returncode, self.tail(name))

    def metrics(self, name):
        """The text of a service's metrics page."""
        port = self.processes[name].port("admin")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
            return reply.read().decode()

    def dump(self, skip=("clock:", "lock:", "surge:", "riders:", "logins:", "hot:", "rides-known:", "ts:", "abuse:", "bucket:")):
        """All that the store holds, but for what changes by itself and what is no text: key -> contents."""
        readers = {"string": self.redis.get, "hash": self.redis.hgetall,
                   "list": lambda k: self.redis.lrange(k, 0, -1), "set": self.redis.smembers,
                   "zset": lambda k: self.redis.zrange(k, 0, -1, withscores=True),
                   "stream": lambda k: (self.redis.xrange(k), self.redis.xinfo_groups(k)),
                   "ReJSON-RL": lambda k: self.redis.execute_command("JSON.GET", k)}
        return {key: readers[self.redis.type(key)](key) for key in sorted(self.redis.scan_iter())
                if not key.startswith(skip)}

    # --- people ---

    def token(self, role, sub, ttl=3600):
        def part(value):
            raw = value if isinstance(value, bytes) else json.dumps(value).encode()
            return base64.urlsafe_b64encode(raw).rstrip(b"=")

        now = int(time.time())
        head = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({
            "sub": sub, "role": role, "region": REGION, "aud": "hansom", "iat": now,
            "exp": now + ttl, "jti": uuid.uuid4().hex})
        mac = hmac.new(self.secret.encode(), head, hashlib.sha256).digest()
        return (head + b"." + part(mac)).decode()

    def call(self, service, method, path, token, body=None, headers=None):
        """One HTTP request: (status, parsed body, headers)."""
        at = http.client.HTTPConnection("127.0.0.1", self.processes[service].port(), timeout=20)
        try:
            head = {"Authorization": f"Bearer {token}", **(headers or {})}
            raw = None
            if body is not None:
                raw = body if isinstance(body, (bytes, str)) else json.dumps(body)
                head.setdefault("Content-Type", "application/json")
            at.request(method, path, raw, head)
            reply = at.getresponse()
            text = reply.read()
            return reply.status, json.loads(text) if text else None, dict(reply.getheaders())
        finally:
            at.close()

    def place(self, i):
        """The i-th of some places a few hundred metres apart."""
        return {"lat": round(CENTER[0] + 0.003 * (i % 7), 6),
                "lon": round(CENTER[1] + 0.004 * (i // 7), 6)}

    def rider(self, sub):
        return Rider(self, sub)

    def driver(self, number, place=0):
        return Driver(self, f"{REGION}-{number}", self.place(place))

    def key(self, pattern):
        return pattern.replace("%r", "{" + REGION + "}")


def ride_in(message):
    """The ride that a frame brings: ride.updated, or a snapshot where versions were skipped."""
    if message["type"] == "ride.updated":
        return message["data"]
    return message["data"]["ride"] if message["type"] == "snapshot" else None


class Rider:
    def __init__(self, town, sub):
        self.town, self.sub = town, sub
        self.token = town.token("rider", sub)

    def quote(self, pickup, dropoff, **more):
        status, quote, _ = self.town.call("pricing", "POST", "/v1/quotes", self.token,
                                          {"pickup": pickup, "dropoff": dropoff, **more})
        assert status == 201, (status, quote)
        return quote

    def body(self, pickup, dropoff, **more):
        return {"quote_token": self.quote(pickup, dropoff)["quote_token"], "pickup": pickup,
                "dropoff": dropoff, **more}

    def create(self, body, key=None, at="dispatcher"):
        return self.town.call(at, "POST", "/v1/rides", self.token, body,
                              {"Idempotency-Key": key or uuid.uuid4().hex})

    def request(self, pickup, dropoff, **more):
        status, ride, _ = self.create(self.body(pickup, dropoff, **more))
        assert status == 201, (status, ride)
        return ride

    def ride(self, ride_id):
        status, ride, _ = self.town.call("dispatcher", "GET", f"/v1/rides/{ride_id}", self.token)
        assert status == 200, (status, ride)
        return ride

    def cancel(self, ride_id, at="dispatcher"):
        return self.town.call(at, "POST", f"/v1/rides/{ride_id}/cancel", self.token,
                              {"reason": "changed_mind"})


class Driver:
    def __init__(self, town, driver_id, at):
        self.town, self.id, self.at = town, driver_id, at
        self.token = town.token("driver", driver_id)

    def register(self, **more):
        status, body, _ = self.town.call(
            "dispatcher", "PUT", f"/v1/drivers/{self.id}", self.town.token("ops", "ops"),
            {"name": "Alicia", "rating": 4.9, "vehicle": {"make": "Toyota", "model": "Prius"},
             "products": ["economy"], **more})
        assert status == 200, (status, body)
        return self

    def online(self):
        status, body, _ = self.town.call("dispatcher", "POST", f"/v1/drivers/{self.id}/online",
                                         self.token, self.at)
        assert status == 200, (status, body)
        return self

    def offline(self):
        return self.town.call("dispatcher", "POST", f"/v1/drivers/{self.id}/offline", self.token, {})

    def ping(self, at=None):
        self.at = at or self.at
        return self.town.call("location-ingest", "POST", f"/v1/drivers/{self.id}/locations",
                              self.token, {"points": [{**self.at, "ts_ms": int(time.time() * 1000)}]})

    def state(self):
        status, body, _ = self.town.call("dispatcher", "GET", f"/v1/drivers/{self.id}/state",
                                         self.token)
        assert status == 200, (status, body)
        return body

    def offer(self):
        offers = self.state()["offers"]
        return offers[0] if offers else None

    def act(self, ride_id, what, at="dispatcher", **body):
        return self.town.call(at, "POST", f"/v1/rides/{ride_id}/{what}", self.token, body)


class WebSocket:
    """A plain RFC 6455 client: text frames, and what the server says when it closes."""

    def __init__(self, town, token, gateway="ws-gateway", auth="header", receive_buffer=0):
        port = town.processes[gateway].port("ws")
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(20)
        self.buffer = b""
        self.frames = []
        self.closed = None
        protocols = "hansom.v1" + (f", bearer.{token}" if auth == "protocol" else "")
        lines = ["GET /v1/ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
                 "Sec-WebSocket-Protocol: " + protocols]
        if auth == "header":
            lines.append(f"Authorization: Bearer {token}")
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            more = self.sock.recv(65536)
            assert more, f"the handshake was refused: {self.buffer!r}"
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head
        if auth == "message":
            self.send({"type": "auth", "token": token})

    def send(self, message):
        self.send_raw(json.dumps(message).encode())

    def send_raw(self, payload, opcode=1):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0xFE]) + struct.pack(">H", size)
        else:
            head += bytes([0xFF]) + struct.pack(">Q", size)
        self.sock.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _take(self, seconds):
        """One frame as (opcode, payload), or None when none came in time or the socket ended."""
        end = time.monotonic() + seconds
        while True:
            if len(self.buffer) >= 2:
                size, at = self.buffer[1] & 127, 2
                if size == 126 and len(self.buffer) >= 4:
                    size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
                elif size == 127 and len(self.buffer) >= 10:
                    size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
                if size not in (126, 127) or at > 2:
                    if len(self.buffer) >= at + size:
                        frame = self.buffer[0] & 15, self.buffer[at:at + size]
                        self.buffer = self.buffer[at + size:]
                        return frame
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                more = self.sock.recv(65536)
            except socket.timeout:
                return None
            except OSError:
                more = b""
            if not more:
                self.closed = self.closed or 1006
                return None
            self.buffer += more

    def next(self, seconds=10):
        """The next text frame, parsed; None after a close or when none comes in time."""
        end = time.monotonic() + seconds
        while self.closed is None:
            frame = self._take(max(0.0, end - time.monotonic()))
            if frame is None:
                return None
            opcode, payload = frame
            if opcode == 9:
                self.send_raw(payload, 10)
            elif opcode == 8:
                self.closed = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                return None
            elif opcode == 1:
                message = json.loads(payload)
                self.frames.append(message)
                return message
        return None

    def until(self, what, seconds, check):
        """The first frame from now on that check accepts."""
        end = time.monotonic() + seconds
        while True:
            message = self.next(max(0.0, end - time.monotonic()))
            if message is None:
                raise AssertionError(f"waited {seconds} s in vain for {what}; closed={self.closed}; "
                                     f"last frames: {self.frames[-5:]}")
            if check(message):
                return message

    def until_type(self, kind, seconds=10):
        return self.until(kind, seconds, lambda m: m["type"] == kind)

    def until_closed(self, seconds=20):
        end = time.monotonic() + seconds
        while self.closed is None and time.monotonic() < end:
            self.next(end - time.monotonic())
        return self.closed

    def close(self):
        self.sock.close()
