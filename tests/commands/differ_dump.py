#!/usr/bin/env python3
"""differ_dump: makes random values at hansom-store and at redis-server, RESTOREs what one DUMPs at
the other, and compares the two.

    differ_dump.py --store build/dev/bin/hansom-store [--seed N] [--steps N]
"""
import argparse
import random
import shutil
import sys

from run import Connection, Server, show

READ = {"string": ["GET", "k"], "list": ["LRANGE", "k", "0", "-1"], "set": ["SMEMBERS", "k"],
        "hash": ["HGETALL", "k"], "zset": ["ZRANGE", "k", "0", "-1", "WITHSCORES"]}


def element(rng):
    """Numbers of each width, words, and long strings that compress or do not."""
    pick = rng.randrange(8)
    if pick <= 2:
        bits = rng.choice([4, 7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 63])
        return str(rng.randrange(-(1 << bits), 1 << bits))
    if pick <= 4:
        return "word%d" % rng.randrange(1000)
    if pick == 5:
        return rng.choice(["", "a", "-0", "007", "1.5", "\x00\xff", "+1", "9223372036854775808"])
    if pick == 6:
        return rng.choice("ab ") * rng.choice([20, 63, 64, 65, 127, 128, 300, 5000]) + str(rng.randrange(10))
    return "".join(chr(rng.randrange(256)) for _ in range(rng.choice([10, 63, 64, 200, 5000])))


def score(rng):
    return rng.choice(["inf", "-inf", "0", "0.1", str(rng.randrange(-100, 100)),
                       str(rng.randrange(1 << 52)), repr(rng.uniform(-1e9, 1e9)), repr(rng.random() * 1e300)])


def value(rng):
    """A command that makes k, and its type."""
    kind = rng.choice(sorted(READ))
    n = rng.choice([1, 2, 5, 50, 127, 128, 129, 600])
    if kind == "string":
        return kind, ["SET", "k", element(rng)]
    if kind == "list":
        return kind, ["RPUSH", "k"] + [element(rng) for _ in range(n)]
    if kind == "set":
        ints = rng.random() < 0.4
        return kind, ["SADD", "k"] + [str(rng.getrandbits(rng.choice([8, 20, 40]))) if ints else element(rng)
                                      for _ in range(n)]
    if kind == "hash":
        return kind, ["HSET", "k"] + [element(rng) for _ in range(2 * n)]
    words = ["ZADD", "k"]
    for _ in range(n):
        words += [score(rng), element(rng)]
    return kind, words


def canonical(kind, reply):
    if kind == "hash":
        return sorted(zip(reply[::2], reply[1::2]))
    return sorted(reply) if kind == "set" else reply


def main():
    args = argparse.ArgumentParser(description="DUMP at one store, RESTORE at the other")
    args.add_argument("--store", required=True)
    args.add_argument("--peer", default="redis-server")
    args.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args.add_argument("--steps", type=int, default=1000)
    options = args.parse_args()
    peer = shutil.which(options.peer)
    if not peer:
        print("no %s here: nothing to compare with" % options.peer)
        return 77
    servers = [Server("hansom", options.store, []), Server("redis", peer, [])]
    rng = random.Random(options.seed)
    failed = False

    def ask(connection, words):
        connection.send([word if isinstance(word, bytes) else word.encode("latin-1") for word in words])
        return connection.read()

    try:
        connections = [Connection(server.port) for server in servers]
        for step in range(options.steps):
            kind, words = value(rng)
            maker, taker = rng.sample(connections, 2)
            for connection in connections:
                ask(connection, ["DEL", "k"])
                ask(connection, ["CONFIG", "SET", "list-max-listpack-size", rng.choice(["-2", "3"])])
            ask(maker, words)
            payload = ask(maker, ["DUMP", "k"])
            said = ask(taker, ["RESTORE", "k", "0", payload])
            made, got = [ask(c, READ[kind]) for c in (maker, taker)]
            forms = [ask(c, ["OBJECT", "ENCODING", "k"]) for c in (maker, taker)]
            same = said == "OK" and canonical(kind, made) == canonical(kind, got)
            if same and (forms[0] == forms[1] or kind == "string"):
                continue
            print("seed %d, step %d: from %s: %s" % (options.seed, step, "hansom" if maker is connections[0]
                                                     else "redis", show([w.encode("latin-1") for w in words])[:2000]))
            print("  payload %s" % show(payload)[:2000])
            print("  RESTORE %s, %s\n  made %s\n  got  %s" % (said, forms, show(made)[:2000], show(got)[:2000]))
            failed = True
            break
        else:
            print("%d random values: the same at both (seed %d)" % (options.steps, options.seed))
    finally:
        for server in servers:
            if server.stop() is not None:
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
