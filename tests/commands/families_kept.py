#!/usr/bin/python3
"""families_kept: values of the module families survive kill -9, a rewrite of the log, a snapshot,
DUMP and RESTORE, byte for byte; and indexes answer as before.

    families_kept.py --store build/dev/bin/hansom-store
"""
import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

try:
    import redis
except ImportError:
    print("skipped: python3-redis is not there")
    sys.exit(77)


class Store:
    def __init__(self, program, folder, *flags):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--port", str(port), "--admin-port", "-1", "--dir", folder, *flags],
            stdout=subprocess.PIPE, text=True)
        if "ready" not in self.process.stdout.readline():
            sys.exit("the store does not start")
        self.client = redis.Redis(port=port)

    def end(self, how):
        self.client.close()
        self.process.send_signal(how)
        self.process.wait(60)
        self.process.stdout.close()


def fill(client, seed):
    """Some of each family, and changes of it in every way that a log must follow."""
    rng = random.Random(seed)
    run = client.execute_command
    run("BF.RESERVE", "bf", 0.01, 50)
    run("CF.RESERVE", "cf", 64, "BUCKETSIZE", 4)
    run("CMS.INITBYDIM", "cms", 50, 3)
    run("CMS.INITBYDIM", "cms2", 50, 3)
    run("TOPK.RESERVE", "topk", 5, 8, 3, 0.9)
    run("TDIGEST.CREATE", "td", "COMPRESSION", 20)
    run("JSON.SET", "doc", "$", '{"list":[],"n":{},"count":0,"flag":true,"text":"caf\\u00e9"}')
    run("TS.CREATE", "ts", "CHUNK_SIZE", 128, "DUPLICATE_POLICY", "LAST", "LABELS", "a", "1")
    run("TS.CREATE", "ts:plain", "UNCOMPRESSED", "RETENTION", 5000)
    for kind in ("sum", "twa", "std.p"):
        run("TS.CREATE", "ts:" + kind)
        run("TS.CREATERULE", "ts", "ts:" + kind, "AGGREGATION", kind, 100)
    at = 10 ** 6
    for _ in range(3000):
        at += rng.randrange(1, 60)
        run("TS.ADD", "ts", at, rng.gauss(0, 1))
        if rng.random() < 0.1:
            run("TS.ADD", "ts", at - rng.randrange(1000), rng.randrange(5))
            run("TS.MADD", "ts:plain", "*", rng.random(), "ts:none", "*", 1, "ts", at, 7)
        if rng.random() < 0.02:
            run("TS.DEL", "ts", at - 300, at - rng.randrange(300))
            run("TS.INCRBY", "ts:count", rng.randrange(5), "LABELS", "b", "2")
            run("RENAME", "ts:sum", "ts:total")
            run("RENAME", "ts:total", "ts:sum")
            run("TS.ADD", "ts:plain", "*", 3, "ON_DUPLICATE", "SUM")
        item = "item:%d" % rng.randrange(400)
        pick = rng.randrange(12)
        if pick == 0:
            run("BF.ADD", "bf", item)
        elif pick == 1:
            run("BF.INSERT", "bf2", "CAPACITY", 10, "ITEMS", item, item + "x")
        elif pick == 2:
            run("CF.ADD", "cf", item)
        elif pick == 3:
            run("CF.DEL", "cf", item)
        elif pick == 4:
            run("CMS.INCRBY", "cms", item, rng.randrange(10))
        elif pick == 5:
            run("TOPK.INCRBY", "topk", item, rng.randrange(1, 5))
        elif pick == 6:
            run("TDIGEST.ADD", "td", rng.gauss(0, 10), rng.random())
        elif pick == 7:
            run("TDIGEST.QUANTILE", "td", 0.5)  # reading changes nothing
        elif pick == 8:
            run("JSON.ARRAPPEND", "doc", "$.list", rng.randrange(10 ** 6), '"%s"' % item)
            run("JSON.SET", "doc", "$.n." + item.replace(":", "_"), rng.gauss(0, 1))
        elif pick == 9:
            run("JSON.NUMINCRBY", "doc", "$..*", rng.choice([1, 0.25, -3]))
            run("JSON.TOGGLE", "doc", "$.flag")
        elif pick == 10:
            run("JSON.ARRPOP", "doc", "$.list", rng.randrange(-3, 3))
            run("JSON.DEL", "doc", "$.n." + item.replace(":", "_"))
            run("JSON.MERGE", "doc", "$", '{"n":{"%s":null,"m":[%d]}}' % (item, rng.randrange(9)))
        elif rng.random() < 0.05:
            run("JSON.MSET", "doc2", "$", '[{"a":1},{"a":2}]', "doc", "$.text", '"%s"' % item)
            run("JSON.CLEAR", "doc2", "$..a")
            run("CMS.MERGE", "cms2", 2, "cms", "cms2", "WEIGHTS", 1, 1)
            run("TDIGEST.MERGE", "td2", 1, "td")
            run("CF.COMPACT", "cf")
            run("COPY", "bf", "bf3", "REPLACE")
    run("PEXPIRE", "bf3", 10 ** 9)


def fill_indexes(client, seed):
    """Indexes made before and after their documents, altered, named anew and dropped."""
    rng = random.Random(seed)
    run = client.execute_command
    run("FT.CREATE", "idx:early", "PREFIX", 1, "driver:", "STOPWORDS", 1, "cab",
        "SCHEMA", "name", "TEXT", "SORTABLE", "rating", "NUMERIC", "SORTABLE")
    for _ in range(2000):
        i = rng.randrange(300)
        name = " ".join(rng.choice(["quick", "red", "cab", "driver", "of", "night"])
                        for _ in range(rng.randrange(1, 5)))
        pick = rng.randrange(10)
        if pick == 0:
            client.delete("driver:%d" % i)
        elif pick == 1:
            run("JSON.SET", "trip:%d" % i, "$",
                '{"fare":%d,"tags":["a%d","b%d"],"to":"%.3f,%.3f"}'
                % (i % 40, i % 3, i % 5, rng.uniform(13, 14), rng.uniform(52, 53)))
        else:
            client.hset("driver:%d" % i, mapping={
                "name": name, "rating": rng.randrange(30, 50) / 10,
                "vehicle": rng.choice(["suv", "sedan,green"])})
    run("FT.ALTER", "idx:early", "SCHEMA", "ADD", "vehicle", "TAG")
    run("FT.CREATE", "idx:late", "ON", "JSON", "PREFIX", 1, "trip:", "SCHEMA", "$.fare", "AS",
        "fare", "NUMERIC", "$.tags[*]", "AS", "tags", "TAG", "$.to", "AS", "to", "GEO")
    run("FT.CREATE", "idx:gone", "PREFIX", 1, "gone:", "SCHEMA", "a", "TEXT")
    client.hset("gone:1", "a", "x")
    run("FT.DROPINDEX", "idx:gone", "DD")
    run("FT.ALIASADD", "drivers", "idx:late")
    run("FT.ALIASUPDATE", "drivers", "idx:early")
    run("FT.SYNUPDATE", "idx:early", "colours", "red", "crimson")
    run("FT.SYNUPDATE", "idx:early", "dark", "Night", "black")
    run("FT.DICTADD", "slang", "limo", "cabbie", "gone")
    run("FT.DICTDEL", "slang", "gone")


def until_indexed(client, name):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        info = client.execute_command("FT.INFO", name)
        if info[info.index(b"indexing") + 1] == 0:
            return
    sys.exit("%s is never done" % name)


def dump_of(flat):
    return {word: sorted(groups) for word, groups in zip(flat[::2], flat[1::2])}


def answers(client):
    """What indexes say to queries of every kind, by key."""
    found = {}
    for index, query in [("drivers", "*"), ("drivers", "quick -red"), ("drivers", '"red night"'),
                         ("drivers", "driv*"), ("drivers", "cab"), ("drivers", "crimson black"),
                         ("drivers", "@rating:[3.5 (4]"),
                         ("drivers", "@vehicle:{green} night"), ("idx:late", "@fare:[3 9]"),
                         ("idx:late", "@tags:{a1} @to:[13.5 52.5 30 km]")]:
        until_indexed(client, index)
        reply = client.execute_command("FT.SEARCH", index, query, "NOCONTENT", "WITHSCORES",
                                       "LIMIT", 0, 1000)
        # Of equal scores any order is right.
        found[index + " " + query] = (reply[0], sorted(zip(reply[1::2], reply[2::2])))
    found["synonyms"] = dump_of(client.execute_command("FT.SYNDUMP", "idx:early"))
    found["slang"] = sorted(client.execute_command("FT.DICTDUMP", "slang"))
    found["names"] = sorted(client.execute_command("FT._LIST"))
    return found


def contents(client):
    found = client.execute_command("TS.QUERYINDEX", "a=1"), client.execute_command("TS.QUERYINDEX", "b=2")
    if found != ([b"ts"], [b"ts:count"]):
        sys.exit("by labels %r are found" % (found,))
    return {key: (client.execute_command("TYPE", key), client.execute_command("DUMP", key),
                  client.pexpiretime(key) if hasattr(client, "pexpiretime")
                  else client.execute_command("PEXPIRETIME", key))
            for key in sorted(client.keys())}


def same(what, wanted, found):
    if wanted == found:
        print("%s: %d are the same" % (what, len(found)))
        return
    for key in sorted(set(wanted) | set(found)):
        if wanted.get(key) != found.get(key):
            print("%s: %r differs: %r, then %r" % (what, key, wanted.get(key), found.get(key)))
    sys.exit(1)


def until_rewritten(client):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        info = client.info("persistence")
        if not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]:
            return
    sys.exit("the rewrite does not end")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--store", required=True)
    args.add_argument("--seed", type=int, default=1)
    options = args.parse_args()
    log = ["--appendonly", "yes", "--appendfsync", "always"]
    folder = tempfile.mkdtemp(prefix="hansom-families-")
    try:
        store = Store(options.store, folder, *log)
        fill(store.client, options.seed)
        fill_indexes(store.client, options.seed)
        wanted = contents(store.client)
        if len(wanted) < 8:
            sys.exit("only %r are there" % list(wanted))
        asked = answers(store.client)
        if not all(asked.values()) or not asked["drivers *"][0]:
            sys.exit("queries find nothing: %r" % asked)
        store.end(signal.SIGKILL)

        store = Store(options.store, folder, *log)
        same("after kill -9", wanted, contents(store.client))
        same("after kill -9, queries", asked, answers(store.client))
        store.client.bgrewriteaof()
        until_rewritten(store.client)
        store.end(signal.SIGKILL)

        store = Store(options.store, folder, *log)
        same("after a rewrite", wanted, contents(store.client))
        same("after a rewrite, queries", asked, answers(store.client))
        for key, (_, dump, at) in wanted.items():
            store.client.delete(key)
            store.client.execute_command("RESTORE", key, max(at, 0), dump, "ABSTTL")
        same("after DUMP and RESTORE", wanted, contents(store.client))
        same("after DUMP and RESTORE, queries", asked, answers(store.client))
        for key, (_, dump, _) in wanted.items():
            damaged = bytearray(dump)
            damaged[len(damaged) // 2] ^= 1
            try:
                store.client.execute_command("RESTORE", key, 0, bytes(damaged), "REPLACE")
                sys.exit("a damaged payload of %r was taken" % key)
            except redis.ResponseError:
                pass
        same("after damaged payloads", wanted, contents(store.client))
        store.client.save()
        store.end(signal.SIGTERM)

        shutil.rmtree(os.path.join(folder, "appendonlydir"))
        store = Store(options.store, folder)
        same("from a snapshot", wanted, contents(store.client))
        same("from a snapshot, queries", asked, answers(store.client))
        store.end(signal.SIGTERM)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
