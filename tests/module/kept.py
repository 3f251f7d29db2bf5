#!/usr/bin/python3
"""kept: redis-server with hansom-module.so. A replica, and servers that start again from a snapshot,
from a plain log and from rewritten ones, hold what the first one held, byte for byte, and their
indexes answer the same; keys stay findable by label whatever becomes of them; and it refuses to be
loaded twice, and says why.

    kept.py --module build/dev/bin/hansom-module.so
"""
import os
import shutil
import signal
import sys

from hosts import Server, equal, play, redis, until
import families_kept
from families_kept import same


def digests(client):
    return {key: client.execute_command("DEBUG", "DIGEST-VALUE", key) for key in client.keys()}


def replica(module, primary, folder):
    """A replica that joins late, and follows."""
    copy = Server(module, folder, "--save", "", "--replicaof", "127.0.0.1",
                  str(primary.port))
    until(lambda: copy.client.info("replication")["master_link_status"] == "up", "the link")
    run = primary.client.execute_command
    run("TS.ADD", "ts", "*", 5)
    run("TS.INCRBY", "ts:count", 1)
    run("BF.ADD", "bf", "late")
    run("JSON.SET", "doc", "$.late", "[1,2]")
    run("SET", "unlike", "word")
    run("HSET", "driver:late", "name", "night red", "rating", 4.75, "vehicle", "suv")
    run("JSON.SET", "trip:late", "$", '{"fare":5,"tags":["a1"],"to":"13.5,52.5"}')
    primary.client.eval("redis.call('TS.ADD', KEYS[1], '*', 1) redis.call('CMS.INCRBY', KEYS[2], 'a', 2)",
                        2, "ts:plain", "cms")
    equal("WAIT", 1, run("WAIT", 1, 30000))
    same("a replica", everything(primary.client), everything(copy.client))
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


def twice(module, server):
    try:
        server.client.execute_command("MODULE", "LOAD", module)
        sys.exit("it is loaded twice")
    except redis.ResponseError:
        pass
    if "hansom: it is loaded already" not in open(server.log).read():
        sys.exit("it does not say why it is not loaded: " + server.tail())


def everything(client):
    """All values, and what indexes find of them."""
    found = families_kept.contents(client)
    found.update(families_kept.answers(client))
    return found


def until_rewritten(client):
    client.bgrewriteaof()
    until(lambda: not client.info("persistence")["aof_rewrite_in_progress"]
          and not client.info("persistence")["aof_rewrite_scheduled"], "the rewrite")


def test(module, top):
    log = ["--save", "", "--appendonly", "yes", "--appendfsync", "always",
           "--aof-use-rdb-preamble", "no", "--auto-aof-rewrite-percentage", "0"]
    folder = os.path.join(top, "primary")
    server = Server(module, folder, *log)
    families_kept.fill(server.client, 1)
    families_kept.fill_indexes(server.client, 1)
    wanted = everything(server.client)
    if not wanted["drivers *"][0] or not wanted["idx:late @fare:[3 9]"][0]:
        sys.exit("queries find nothing: %r" % wanted)
    server.end(signal.SIGKILL)
    server = Server(module, folder, *log)
    same("from the log", wanted, everything(server.client))
    until_rewritten(server.client)
    server.end(signal.SIGKILL)
    server = Server(module, folder, *log)
    same("from a rewritten log", wanted, everything(server.client))
    server.client.config_set("aof-use-rdb-preamble", "yes")
    until_rewritten(server.client)
    server.end(signal.SIGKILL)
    server = Server(module, folder, *log)
    same("from a log that begins with a snapshot", wanted, everything(server.client))
    server.client.execute_command("DEBUG", "RELOAD")
    same("after DEBUG RELOAD", wanted, everything(server.client))
    replica(module, server, os.path.join(top, "replica"))
    wanted = everything(server.client)
    server.client.save()
    server.end()
    shutil.rmtree(os.path.join(folder, "appendonlydir"))
    server = Server(module, folder, "--save", "")
    same("from a snapshot", wanted, everything(server.client))
    by_label(server.client)
    as_commands(server.client)
    twice(module, server)
    server.end()


if __name__ == "__main__":
    play(test)
