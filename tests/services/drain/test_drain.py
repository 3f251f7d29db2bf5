"""Every service ends in the middle of traffic, with its store well, killed or frozen meanwhile.

Goal: no call, timer or request outlives what it points to. Method: run under ASan; clients keep
their connections and post without pause; SIGTERM comes while they do. Whatever happens to the
store, the process ends by itself, and a sanitizer has nothing to say.
"""

import http.client
import os
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import Service, Store, token, until  # noqa: E402

LA = {"lat": 34.05, "lon": -118.25}
TO = {"lat": 34.06, "lon": -118.30}
CLIENTS = 6


def fix(n):
    return {"points": [{"lat": 34.05 + n % 100 / 1e4, "lon": -118.25, "ts_ms": harness.now_ms()}]}


# What a client of each service asks in turn: (role, subject, method, path, body).
TRAFFIC = {
    "dispatcher": lambda i, n: [
        ("driver", "la-d%d" % i, "POST", "/v1/drivers/la-d%d/online" % i,
         dict(LA, products=["economy"])),
        ("rider", "r%d" % i, "GET", "/v1/rides/current", None),
        ("driver", "la-d%d" % i, "POST", "/v1/drivers/la-d%d/offline" % i, {}),
        ("ops", "o", "GET", "/v1/ops/overview?region=la", None)],
    "location-ingest": lambda i, n: [
        ("driver", "la-d%d" % i, "POST", "/v1/drivers/la-d%d/locations" % i, fix(n)),
        ("ops", "o", "GET", "/v1/drivers/nearby?lat=34.05&lon=-118.25", None)],
    "pricing": lambda i, n: [
        ("rider", "r%d" % i, "POST", "/v1/quotes", {"pickup": LA, "dropoff": TO}),
        ("rider", "r%d" % i, "GET", "/v1/surge?region=la", None)],
    "matcher": lambda i, n: [],
    "ws-gateway": lambda i, n: [],
}
ARGS = {
    "location-ingest": ["--sweep-interval", "20ms"],
    "pricing": ["--surge-interval", "50ms", "--claim-after", "50ms"],
}


class Client(threading.Thread):
    """Asks without pause over one connection, until it is refused."""

    def __init__(self, service, number):
        super().__init__(daemon=True)
        self.service, self.number, self.answers = service, number, 0

    def run(self):
        tokens = {}
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        try:
            n = 0
            while True:
                for role, sub, method, path, body in TRAFFIC[self.service.name](self.number, n):
                    bearer = tokens.setdefault(role + sub, token(role, sub))
                    text = None if body is None else harness.json.dumps(body)
                    connection.request(method, path, text, {
                        "Authorization": "Bearer " + bearer, "Content-Type": "application/json"})
                    connection.getresponse().read()
                    self.answers += 1
                    n += 1
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


class Drain(unittest.TestCase):
    def end(self, name, meanwhile, *args):
        """Starts the service and its traffic, sends SIGTERM, does `meanwhile` to the store; gives
        the exit code."""
        store = Store()
        store.clear()
        service = Service(name, store, *ARGS.get(name, []), *args)
        clients = []
        try:
            if TRAFFIC[name](0, 0):
                clients = [Client(service, i) for i in range(CLIENTS)]
                for c in clients:
                    c.start()
                until(lambda: all(c.answers > 5 for c in clients), "traffic")
            service.process.terminate()
            meanwhile(store)
            code = service.process.wait(60)
        finally:
            if store.process.poll() is None:
                store.process.send_signal(signal.SIGCONT)
            service.kill()
            for c in clients:
                c.join(60)
            logged = service.logged()
            store.stop()
        self.assertNotIn("Sanitizer", logged)
        self.assertNotIn("runtime error", logged)
        self.assertNotIn("does not hold", logged)
        self.assertGreaterEqual(code, 0, logged)
        return code


def well(store):
    pass


def killed(store):
    store.process.kill()
    store.process.wait()


def frozen(store):
    store.process.send_signal(signal.SIGSTOP)


def add(name):
    ident = name.replace("-", "_")

    def test_well(self):
        for _ in range(3):
            self.assertEqual(self.end(name, well), 0)

    def test_killed(self):
        for _ in range(3):
            self.assertEqual(self.end(name, killed), 0)

    def test_frozen(self):
        self.assertIn(self.end(name, frozen, "--drain-timeout", "1s"), (0, 1))

    def test_frozen_long(self):
        self.assertEqual(self.end(name, frozen, "--drain-timeout", "30s"), 0)

    setattr(Drain, "test_%s_drains_in_the_middle_of_traffic" % ident, test_well)
    setattr(Drain, "test_%s_ends_when_its_store_dies_meanwhile" % ident, test_killed)
    setattr(Drain, "test_%s_ends_at_the_time_limit_when_its_store_hangs" % ident, test_frozen)
    setattr(Drain, "test_%s_drains_when_calls_to_a_hanging_store_time_out" % ident, test_frozen_long)


for each in TRAFFIC:
    add(each)

if __name__ == "__main__":
    harness.main()
