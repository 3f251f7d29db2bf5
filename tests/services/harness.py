"""Services against a real store, from the outside: over HTTP, and by looking into the store.

    class Tests(harness.TestCase):
        services = {"pricing": ["--surge-interval", "50ms"]}
        def test_x(self):
            reply = self.http("pricing", "GET", "/v1/products?lat=1&lon=2", role="rider")

What is used comes from the environment: HANSOM_BIN (the folder of the programs),
HANSOM_LIFECYCLE_LUA (the lifecycle library as one file), HANSOM_STORE_SERVER (redis-server or
hansom-store). Everything started listens on free ports of loopback, works in a folder of its
own, and is ended by its own process id. Nothing sleeps to wait: until() polls a condition.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "a secret that only these tests know"
BIN = os.environ.get("HANSOM_BIN", "")
LIBRARY = os.environ.get("HANSOM_LIFECYCLE_LUA", "")
SERVER = os.environ.get("HANSOM_STORE_SERVER", "redis-server")
# Under sanitizers everything takes its time.
PATIENCE_S = 30


def until(condition, what="a condition", seconds=PATIENCE_S):
    """Polls until condition() gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


def now_ms():
    return int(time.time() * 1000)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token(role, sub, region=None, expires_s=3600, secret=SECRET, **more):
    """A JWT as HS256; expires_s may be negative."""
    claims = {"sub": sub, "role": role, "aud": "hansom", "iat": int(time.time()) - 60,
              "exp": int(time.time()) + expires_s, "jti": os.urandom(8).hex()}
    if region:
        claims["region"] = region
    claims.update(more)
    text = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class Store:
    """One store process on a free port of loopback."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hansom-services-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = None
        self.start()

    def start(self):
        args = [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir,
                "--save", "", "--appendonly", "no"]
        self.log = open(os.path.join(self.dir, "store.log"), "a")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        self.db = redis.Redis(port=self.port, decode_responses=True, socket_timeout=20)

        def answers():
            assert self.process.poll() is None, "the store has ended"
            try:
                return self.db.ping()
            except redis.exceptions.ConnectionError:
                return False
        until(answers, "the store")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def clear(self):
        """Empty, but for the lifecycle library."""
        self.db.flushall()
        with open(LIBRARY) as f:
            self.db.execute_command("FUNCTION", "LOAD", "REPLACE", f.read())

    def life(self, name, region, *args):
        """Calls a lifecycle function: (code, ride, extras)."""
        code, ride, extras = self.db.execute_command(
            "FCALL", name + "_v1", 1, "rides:events:{%s}" % region, *args)[:3]
        return code, dict(zip(ride[::2], ride[1::2])), dict(zip(extras[::2], extras[1::2]))


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        try:
            self.json = json.loads(self.text) if self.text else None
        except ValueError:
            self.json = None

    def __repr__(self):
        return "%d %s" % (self.status, self.text)


class Service:
    """One service process; `name` is its program without "hansom-"."""

    def __init__(self, name, store, *args):
        self.name = name
        self.args = [os.path.join(BIN, "hansom-" + name),
                     "--store", "redis://127.0.0.1:%d" % store.port, "--port", "0",
                     "--admin-port", "0", "--jwt-secret", SECRET,
                     "--regions-file", os.path.join(ROOT, "config/regions.json")] + list(args)
        self.log_path = os.path.join(store.dir, "%s-%s.log" % (name, os.urandom(3).hex()))
        self.launch()
        self.wait_ready()

    def launch(self):
        self.log = open(self.log_path, "a")
        env = {k: v for k, v in os.environ.items() if not k.startswith("HANSOM_")}
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=self.log,
                                        env=env, text=True)

    def wait_ready(self):
        line = self.process.stdout.readline()
        assert " ready " in line, "%s did not start: %r\n%s" % (self.name, line, self.logged())
        where = dict(re.findall(r"(\w+)=[\w.\[\]:]*?:(\d+)(?:\s|$)", line))
        self.port = int(where.get("http", 0))
        self.admin = int(where["admin"])

    def logged(self):
        with open(self.log_path) as f:
            return f.read()

    def http(self, method, path, body=None, role=None, sub=None, bearer=None, headers=None,
             port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port,
                                                timeout=PATIENCE_S)
        headers = dict(headers or {})
        if role:
            bearer = token(role, sub or role + "-1")
        if bearer:
            headers["Authorization"] = "Bearer " + bearer
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def metric(self, name, **labels):
        """The value of a metric's cell, or None."""
        text = self.http("GET", "/metrics", port=self.admin).text
        for line in text.splitlines():
            m = re.match(r"([a-zA-Z_:]+)(?:\{(.*)\})? ([^ ]+)$", line)
            if m and m.group(1) == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', m.group(2) or ""))
                if all(found.get(k) == v for k, v in labels.items()):
                    return float(m.group(3))
        return None

    def kill(self):
        """As a power cut would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self):
        """Drains; gives the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("%s did not drain\n%s" % (self.name, self.logged()))
        self.process.stdout.close()
        self.log.close()
        return code


class TestCase(unittest.TestCase):
    """One store and the services that the class names, shared by its tests; the store is cleared
    before each of them. At the end every service must drain and exit with 0."""

    services = {}

    @classmethod
    def setUpClass(cls):
        cls.store = Store()
        cls.db = cls.store.db
        cls.running = {}
        try:
            cls.store.clear()
            for name, args in cls.services.items():
                cls.running[name] = Service(name, cls.store, *args)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        failed = []
        for service in cls.running.values():
            if service.process.poll() is not None and service.process.returncode == -9:
                continue
            code = service.stop()
            if code != 0 or "ERROR: " in service.logged() or "runtime error" in service.logged():
                failed.append("%s: exit %d\n%s" % (service.name, code, service.logged()))
        cls.store.stop()
        assert not failed, "\n".join(failed)

    def setUp(self):
        self.store.clear()

    def http(self, service, *args, **kw):
        return self.running[service].http(*args, **kw)

    def refused(self, reply, status, code):
        """Asserts an RFC 9457 problem."""
        self.assertEqual((reply.status, (reply.json or {}).get("code")), (status, code), reply)
        self.assertTrue(reply.headers["Content-Type"].startswith("application/problem+json"))
        self.assertTrue(reply.json["request_id"])


def main():
    if not BIN or not LIBRARY:
        sys.exit("HANSOM_BIN and HANSOM_LIFECYCLE_LUA must be set; ctest does that")
    unittest.main()
