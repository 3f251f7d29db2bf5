"""hansom backup and hansom restore, end to end: what comes back is one moment of the store, bad input
changes nothing, and a running store is not written under."""
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import redis

BIN = os.environ["HANSOM_BIN"]
KEYS = 300


class Store:
    def __init__(self, folder, *flags):
        self.process = subprocess.Popen(
            [os.path.join(BIN, "hansom-store"), "--port", "0", "--admin-port", "-1", "--dir", folder,
             "--save", "", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if "ready port=" not in line:
            raise RuntimeError("the store did not start")
        self.port = int(line.split("port=")[1].split()[0])
        self.url = f"redis://127.0.0.1:{self.port}"

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=20)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


def hansom(*args):
    return subprocess.run([os.path.join(BIN, "hansom"), *args], capture_output=True, text=True)


def content(r):
    """Everything in database 0, in a form that can be compared."""
    out = {}
    for key in r.keys():
        kind = r.type(key)
        if kind == b"string":
            value = r.get(key)
        elif kind == b"hash":
            value = r.hgetall(key)
        elif kind == b"list":
            value = r.lrange(key, 0, -1)
        elif kind == b"set":
            value = r.smembers(key)
        elif kind == b"zset":
            value = r.zrange(key, 0, -1, withscores=True)
        else:
            value = (r.xrange(key), r.execute_command("XINFO", "GROUPS", key))
        out[key] = (kind, value, r.execute_command("PEXPIRETIME", key))
    return out


def fill(r):
    r.set("s", "v", px=10_000_000)
    r.hset("h", mapping={"a": 1, "b": 2})
    r.rpush("l", *range(200))
    r.sadd("set", "x", "y", 3)
    r.zadd("z", {"m": 1.5, "n": 2})
    r.geoadd("g", (13.4, 52.5, "d1"))
    r.xadd("st", {"ride": "r1"})
    r.xgroup_create("st", "grp", "0")
    r.xreadgroup("grp", "c", {"st": ">"})
    r.execute_command("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', "
                      "function(k, a) return 7 end)")


class Backup(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hansom-backup-")
        self.stores = []

    def tearDown(self):
        for store in self.stores:
            if store.process.poll() is None:
                store.end()
        shutil.rmtree(self.top)

    def folder(self, name):
        path = os.path.join(self.top, name)
        os.makedirs(path, exist_ok=True)
        return path

    def start(self, name, *flags):
        store = Store(self.folder(name), *flags)
        self.stores.append(store)
        return store

    def backed_up(self):
        """A store with something of each type, its client, and a backup of it."""
        store = self.start("one", "--appendonly", "yes")
        r = store.client()
        fill(r)
        to = os.path.join(self.top, "backup")
        done = hansom("backup", to, "--store", store.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        return store, r, to

    def refused(self, done, words):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_everything_comes_back_with_a_log_and_without(self):
        _, r, to = self.backed_up()
        want = content(r)
        self.assertEqual(sorted(os.listdir(to)), ["backup.json", "dump.snapshot"])
        for name, flags in (("two", ["--appendonly", "yes"]), ("three", [])):
            into = os.path.join(self.top, name)
            done = hansom("restore", to, "--into", into)
            self.assertEqual(done.returncode, 0, done.stderr)
            again = self.start(name, *flags).client()
            self.assertEqual(content(again), want)
            self.assertEqual(again.execute_command("FCALL", "f", "0"), 7)

    def test_a_backup_is_one_moment_while_writes_go_on(self):
        store = self.start("one", "--appendonly", "yes", "--appendfsync", "no")
        over = threading.Event()

        def write():
            r = store.client()
            n = 0
            while not over.is_set():
                n += 1
                p = r.pipeline(transaction=True)
                for k in range(KEYS):
                    p.set(f"key:{k}", n)
                p.execute()

        writer = threading.Thread(target=write)
        writer.start()
        r = store.client()
        while r.exists("key:0") == 0:
            pass
        numbers = []
        for i in range(3):
            to = os.path.join(self.top, f"backup{i}")
            done = hansom("backup", to, "--store", store.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(hansom("restore", to, "--into", os.path.join(self.top, f"r{i}"))
                             .returncode, 0)
        over.set()
        writer.join()
        for i in range(3):
            found = set(self.start(f"r{i}").client().mget([f"key:{k}" for k in range(KEYS)]))
            self.assertEqual(len(found), 1)
            numbers.append(int(found.pop()))
        self.assertEqual(numbers, sorted(numbers))

    def test_nothing_is_replaced(self):
        store, _, to = self.backed_up()
        full = self.folder("full")
        open(os.path.join(full, "other"), "w").close()
        self.refused(hansom("backup", full, "--store", store.url), "is not empty")
        self.refused(hansom("backup", to, "--store", store.url), "is not empty")
        self.refused(hansom("restore", to, "--into", full), "is not empty")
        self.assertEqual(os.listdir(full), ["other"])
        self.start("empty")
        empty = self.folder("empty")
        self.refused(hansom("restore", to, "--into", empty), "a running store is using this folder")
        self.assertEqual(os.listdir(empty), [])

    def test_a_damaged_backup_is_refused(self):
        _, _, to = self.backed_up()
        into = os.path.join(self.top, "into")
        snapshot = os.path.join(to, "dump.snapshot")
        with open(snapshot, "rb") as f:
            whole = f.read()
        for bad in (whole[:-1], whole[:40], b"", whole[:50] + bytes([whole[50] ^ 1]) + whole[51:]):
            with open(snapshot, "wb") as f:
                f.write(bad)
            self.refused(hansom("restore", to, "--into", into), "is not whole")
        with open(snapshot, "wb") as f:
            f.write(whole)
        facts = os.path.join(to, "backup.json")
        with open(facts) as f:
            text = f.read()
        with open(facts, "w") as f:
            f.write(text.replace('"crc32c": "', '"crc32c": "0').replace('",\n  "keys"', '"x'))
        self.refused(hansom("restore", to, "--into", into), "does not say what a backup must")
        with open(facts, "w") as f:
            f.write(text.replace(f'"bytes": {len(whole)}', f'"bytes": {len(whole) + 1}'))
        self.refused(hansom("restore", to, "--into", into), "is not what backup.json says")
        self.assertEqual(os.listdir(into), [])
        os.remove(facts)
        self.refused(hansom("restore", to, "--into", into), "is no backup")

    def test_what_cannot_be_reached_is_said(self):
        to = os.path.join(self.top, "backup")
        self.refused(hansom("backup", to, "--dir", self.top), "nothing runs in")
        self.refused(hansom("backup", to, "--store", "redis://127.0.0.1:1"), "Connection refused")
        self.refused(hansom("backup", to, "--store", "tcp://x"), "begins with unix://")
        self.assertEqual(hansom("backup").returncode, 64)
        self.assertEqual(hansom("restore", to).returncode, 64)
        store = self.start("locked", "--requirepass", "secret")
        self.refused(hansom("backup", to, "--store", store.url), "NOAUTH")
        self.assertFalse(os.path.exists(to))
        done = hansom("backup", to, "--store", store.url, "--store-password", "secret")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_room_for_the_snapshot_is_said_and_leaves_no_backup(self):
        store = self.start("one")
        r = store.client()
        r.set("big", b"x" * 3_000_000)
        import resource
        resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        to = os.path.join(self.top, "backup")
        self.refused(hansom("backup", to, "--store", store.url), "could not write its snapshot")
        self.assertEqual(os.listdir(to), [])


if __name__ == "__main__":
    unittest.main()
