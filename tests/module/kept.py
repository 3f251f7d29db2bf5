#!/usr/bin/python3
"""kept: redis-server with hansom-module.so. A replica, and servers that start again from a snapshot,
from a plain log and from a rewritten one, hold what the first one held, byte for byte; keys stay
findable by label whatever becomes of them; and it refuses to be loaded twice, and says why.

    kept.py --module build/dev/bin/hansom-module.so
"""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))

import families_kept
from families_kept import redis, same


running = []


class Server:
    def __init__(self, module, folder, *flags):
        os.makedirs(folder, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = os.path.join(folder, "log.txt")
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder,
             "--logfile", self.log, "--enable-debug-command", "yes", "--enable-module-command",
             "yes", "--loadmodule", module, *flags], stdout=subprocess.DEVNULL)
        running.append(self.process)
        self.client = redis.Redis(port=self.port)
        until(self.answers, "a server: " + self.tail())

    def tail(self):
        return open(self.log).read()[-2000:] if os.path.exists(self.log) else ""

    def answers(self):
        try:
            return self.client.ping()
        except redis.RedisError:
            return self.process.poll() is not None and sys.exit("it ended: " + self.tail())

    def end(self, how=signal.SIGTERM):
        self.client.close()
        self.process.send_signal(how)
        self.process.wait(60)


def until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit("waited in vain for " + what)


def equal(what, wanted, found):
    if wanted != found:
        sys.exit("%s: %r, not %r" % (what, found, wanted))


def digests(client):
    return {key: client.execute_command("DEBUG", "DIGEST-VALUE", key) for key in client.keys()}


def replica(options, primary, folder):
    """A replica that joins late, and follows."""
    copy = Server(options.module, folder, "--save", "", "--replicaof", "127.0.0.1",
                  str(primary.port))
    until(lambda: copy.client.info("replication")["master_link_status"] == "up", "the link")
    run = primary.client.execute_command
    run("TS.ADD", "ts", "*", 5)
    run("TS.INCRBY", "ts:count", 1)
    run("BF.ADD", "bf", "late")
    run("JSON.SET", "doc", "$.late", "[1,2]")
    run("SET", "unlike", "word")
    primary.client.eval("redis.call('TS.ADD', KEYS[1], '*', 1) redis.call('CMS.INCRBY', KEYS[2], 'a', 2)",
                        2, "ts:plain", "cms")
    equal("WAIT", 1, run("WAIT", 1, 30000))
    same("a replica", families_kept.contents(primary.client), families_kept.contents(copy.client))
    equal("digests", digests(primary.client), digests(copy.client))
    copy.end()


def by_label(client):
    run = client.execute_command
    find = lambda: run("TS.QUERYINDEX", "room=a")
    client.flushall()
    run("TS.CREATE", "x", "LABELS", "room", "a")
    client.rename("x", "y")
    equal("renamed", [b"y"], find())
    run("COPY", "y", "z")
    equal("copied", [b"y", b"z"], find())
    client.move("z", 1)
    equal("moved", [b"y"], find())
    run("SWAPDB", 0, 1)
    equal("swapped", [b"z"], find())
    dump = client.dump("z")
    client.unlink("z")
    equal("unlinked", [], find())
    run("RESTORE", "w", 0, dump)
    equal("restored", [b"w"], find())
    client.set("w", "word")
    equal("overwritten", [], find())
    run("TS.CREATE", "v", "LABELS", "room", "a")
    client.pexpire("v", 1)
    until(lambda: find() == [], "an expiry")
    for i in range(200):
        run("TS.ADD", "many:%d" % i, 1, 1, "LABELS", "room", "a")
    equal("many", 200, len(find()))
    run("FLUSHALL", "ASYNC")
    equal("flushed", [], find())
    run("TS.CREATE", "after", "LABELS", "room", "a")
    equal("made after", [b"after"], find())
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", 1)
    until(lambda: client.dbsize() == 0, "an eviction")
    client.config_set("maxmemory", 0)
    equal("evicted", [], find())


def as_commands(client):
    run = client.execute_command
    client.flushall()
    equal("keys of CMS.MERGE", ["d", "a", "b"],
          run("COMMAND GETKEYS", "CMS.MERGE", "d", 2, "a", "b", "WEIGHTS", 1, 2))
    equal("keys of TS.MADD", ["a", "b"],
          run("COMMAND GETKEYS", "TS.MADD", "a", 1, 2, "b", 1, 2))
    equal("keys of JSON.MGET", ["a", "b"], run("COMMAND GETKEYS", "JSON.MGET", "a", "b", "$"))
    equal("keys of TS.CREATERULE", ["a", "b"],
          run("COMMAND GETKEYS", "TS.CREATERULE", "a", "b", "AGGREGATION", "avg", 1))
    run("TS.CREATE", "a")
    if run("MEMORY", "USAGE", "a") < 100:
        sys.exit("a series takes more than it says")
    with client.pipeline() as pipe:
        pipe.watch("a")
        run("TS.GET", "a")
        pipe.multi()
        pipe.execute_command("TS.ADD", "a", 1, 1)
        equal("a read lets EXEC through", [1], pipe.execute())
        pipe.watch("a")
        run("TS.ADD", "a", 2, 1)
        pipe.multi()
        pipe.ping()
        try:
            pipe.execute()
            sys.exit("a write lets EXEC through")
        except redis.WatchError:
            pass
    damaged = bytearray(client.dump("a"))
    damaged[20] ^= 1
    try:
        run("RESTORE", "b", 0, bytes(damaged))
        sys.exit("a damaged payload was taken")
    except redis.ResponseError:
        pass


def twice(options, server):
    try:
        server.client.execute_command("MODULE", "LOAD", options.module)
        sys.exit("it is loaded twice")
    except redis.ResponseError:
        pass
    if "hansom: it is loaded already" not in open(server.log).read():
        sys.exit("it does not say why it is not loaded: " + server.tail())


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--module", required=True)
    options = args.parse_args()
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not there")
        sys.exit(77)
    top = tempfile.mkdtemp(prefix="hansom-module-")
    log = ["--save", "", "--appendonly", "yes", "--appendfsync", "always",
           "--aof-use-rdb-preamble", "no"]
    folder = os.path.join(top, "primary")
    try:
        server = Server(options.module, folder, *log)
        families_kept.fill(server.client, 1)
        wanted = families_kept.contents(server.client)
        server.end(signal.SIGKILL)
        server = Server(options.module, folder, *log)
        same("from the log", wanted, families_kept.contents(server.client))
        server.client.bgrewriteaof()
        until(lambda: not server.client.info("persistence")["aof_rewrite_in_progress"]
              and not server.client.info("persistence")["aof_rewrite_scheduled"], "the rewrite")
        server.end(signal.SIGKILL)
        server = Server(options.module, folder, *log)
        same("from a rewritten log", wanted, families_kept.contents(server.client))
        server.client.execute_command("DEBUG", "RELOAD")
        same("after DEBUG RELOAD", wanted, families_kept.contents(server.client))
        replica(options, server, os.path.join(top, "replica"))
        wanted = families_kept.contents(server.client)
        server.client.save()
        server.end()
        shutil.rmtree(os.path.join(folder, "appendonlydir"))
        server = Server(options.module, folder, "--save", "")
        same("from a snapshot", wanted, families_kept.contents(server.client))
        by_label(server.client)
        as_commands(server.client)
        twice(options, server)
        server.end()
    finally:
        for process in running:
            process.kill()
            process.wait()
        shutil.rmtree(top, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
