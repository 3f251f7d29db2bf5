#!/usr/bin/env python3
"""differ_bits: plays random commands on bits, bit fields and HyperLogLogs at hansom-store and at
redis-server, and stops at the first reply, or the first string, that differs. Values that DUMP
gives at one are RESTOREd at the other, and must be the same there.

    differ_bits.py --store build/dev/bin/hansom-store [--seed N] [--steps N] [--resp 2|3]
"""
import argparse
import random
import shutil
import sys

from run import Connection, Error, Server, show

BITS = ["b%d" % i for i in range(5)]
COUNTS = ["h%d" % i for i in range(5)]
WORDS = ["", "a", "b", "abc", "123", "-7", "\xff\xff", "\x00\x00\x00", "x" * 50, "\x80\x01" * 30]
OFFSETS = ["0", "1", "7", "8", "9", "15", "63", "64", "100", "1000", "-1", "x", "4294967295", "4294967296"]
RANGE = ["0", "1", "-1", "2", "-2", "5", "7", "8", "-9", "20", "100", "-100", "x",
         "9223372036854775807", "-9223372036854775808"]
TYPES = ["u1", "u2", "u8", "u13", "u32", "u63", "i1", "i2", "i5", "i8", "i33", "i63", "i64", "u64", "i0",
         "U8", "x"]
PLACES = ["0", "1", "3", "8", "17", "100", "#0", "#1", "#2", "#-1", "-1", "x"]
VALUES = ["0", "1", "-1", "2", "-2", "10", "100", "-100", "255", "256", "9223372036854775807",
          "-9223372036854775808", "4611686018427387904", "x"]


def field(rng):
    kind = rng.choice(["GET", "SET", "SET", "INCRBY", "INCRBY", "OVERFLOW"])
    if kind == "OVERFLOW":
        return [kind, rng.choice(["WRAP", "SAT", "SAT", "FAIL", "FAIL", "wrap", "NO"][:rng.choice([6, 7])])]
    # Mostly what is right: a command of several operations fails as one.
    types, places, values = (TYPES, PLACES, VALUES) if rng.random() < 0.1 else (
        TYPES[:13], PLACES[:9], VALUES[:-1])
    out = [kind, rng.choice(types), rng.choice(places)]
    return out if kind == "GET" else out + [rng.choice(values)]


def bits(rng):
    key, other = rng.choice(BITS), rng.choice(BITS)
    pick = rng.randrange(14)
    if pick <= 1:
        return ["SETBIT", key, rng.choice(OFFSETS[:-3]), rng.choice(["0", "1", "1", "2", "x"])]
    if pick == 2:
        return ["GETBIT", key, rng.choice(OFFSETS)]
    if pick <= 4:
        words = ["BITCOUNT", key, rng.choice(RANGE), rng.choice(RANGE), rng.choice(["BIT", "BYTE", "bit", "no"])]
        return words[:rng.choice([2, 3, 4, 4, 5, 5])]
    if pick <= 6:
        words = ["BITPOS", key, rng.choice(["0", "1", "1", "2"]), rng.choice(RANGE), rng.choice(RANGE),
                 rng.choice(["BIT", "BYTE", "bit", "no"])]
        return words[:rng.choice([3, 4, 5, 6, 6])]
    if pick == 7:
        op = rng.choice(["AND", "OR", "XOR", "NOT", "not", "NO"])
        return ["BITOP", op, key, other] + rng.choices(BITS, k=rng.randrange(3) if op != "NOT" else 0)
    if pick == 8:
        return ["SET", key, rng.choice(WORDS + ["%064x" % rng.getrandbits(256)])]
    if pick == 9:
        return ["DEL", key]
    if pick == 10:
        return ["SETRANGE", key, str(rng.randrange(20)), rng.choice(WORDS)]
    name = "BITFIELD" if pick < 13 else "BITFIELD_RO"
    words = [name, key]
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        words += field(rng)
    return words


def counts(rng):
    key = rng.choice(COUNTS)
    pick = rng.randrange(20)
    if pick <= 6:
        top = rng.choice([10, 1000, 1000000])
        return ["PFADD", key] + [str(rng.randrange(top)) for _ in range(rng.choice([0, 1, 3, 10, 200]))]
    if pick == 7:
        return ["PFADD", key, rng.choice(WORDS)]
    if pick <= 10:
        return ["PFCOUNT"] + rng.choices(COUNTS, k=rng.choice([1, 1, 2, 3]))
    if pick <= 12:
        return ["PFMERGE"] + rng.choices(COUNTS, k=rng.choice([1, 2, 3]))
    if pick == 13:
        return ["PFDEBUG", rng.choice(["ENCODING", "DECODE", "GETREG", "TODENSE"][:rng.choice([2, 2, 4])]), key]
    if pick == 14:
        return ["DEL", key]
    if pick == 15:
        return ["SETRANGE", key, str(rng.choice([4, 5, 8, 15])),
                rng.choice(["\x00", "\x01", "\x7f", "\x80", "\xff"])] if rng.random() < 0.3 else ["GET", key]
    if pick == 16:
        return ["CONFIG", "SET", "hll-sparse-max-bytes", rng.choice(["3000", "3000", "300", "30"])]
    return ["GET", key]


def main():
    args = argparse.ArgumentParser(description="random commands on bits at both stores")
    args.add_argument("--store", required=True)
    args.add_argument("--peer", default="redis-server")
    args.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args.add_argument("--steps", type=int, default=40000)
    args.add_argument("--resp", choices=["2", "3"], default="2")
    options = args.parse_args()
    peer = shutil.which(options.peer)
    if not peer:
        print("no %s here: nothing to compare with" % options.peer)
        return 77
    flags = ["--enable-debug-command", "yes"]
    servers = [Server("hansom", options.store, []), Server("redis", peer, flags)]
    rng = random.Random(options.seed)
    failed, done = False, []

    def both(words):
        data = [word.encode("latin-1") for word in words]
        for connection in connections:
            connection.send(data)
        return [connection.read() for connection in connections]

    try:
        connections = [Connection(server.port) for server in servers]
        both(["HELLO", options.resp])
        for step in range(options.steps):
            words = bits(rng) if rng.random() < 0.6 else counts(rng)
            replies = both(words)
            done.append(words)
            same = show(replies[0]) == show(replies[1])
            if same and len(words) > 1 and words[1] in BITS + COUNTS and not isinstance(replies[0], Error):
                replies = both(["GET", words[1]])
                same = replies[0] == replies[1]
            if same:
                continue
            print("seed %d, step %d: %s" % (options.seed, step, words))
            print("  hansom  %s\n  redis   %s" % (show(replies[0])[:3000], show(replies[1])[:3000]))
            for old in [d for d in done[-400:] if words[1] in d][-8:]:
                print("  after   %s" % old[:12])
            failed = True
            break
        else:
            print("%d random commands: both stores agree (seed %d)" % (options.steps, options.seed))
    finally:
        for server in servers:
            if server.stop() is not None:
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
