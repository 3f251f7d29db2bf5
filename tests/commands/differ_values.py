#!/usr/bin/env python3
"""differ_values: plays random commands on strings, hashes, lists, sets and keys at hansom-store and
at redis-server, and stops at the first reply that differs.

Keys are few, so that types, expiries and deletions meet; arguments are numbers, words, edges of
numbers and nonsense. Replies without an order are compared sorted. A failure prints its seed.

    differ_values.py --store build/dev/bin/hansom-store [--seed N] [--steps N]
"""
import argparse
import random
import shutil
import sys

from run import Connection, Error, Kind, Server, show

KEYS = ["k%d" % i for i in range(6)]
MEMBERS = ["a", "b", "c", "1", "2", "-7", "300", "70000", "5000000000", "", "x" * 70, "1.5", "007"]
NUMBERS = ["0", "1", "-1", "2", "-2", "3", "5", "10", "-100", "9223372036854775807",
           "-9223372036854775808", "abc", "1.5", "", " 1", "1e3", "nan", "inf"]
# Times that are long past, far away, or none: nothing expires while this runs.
TIMES = ["0", "-1", "-100", "100000", "33000000000", "abc", "", "1.5", "9223372036854775807",
         "-9223372036854775808"]
SMALL = ["0", "1", "2", "3", "-1", "-2", "-3", "5", "x", "100", "-100"]
SIDES = ["LEFT", "RIGHT", "left", "UP"]

# k key, m member or word, n any number, s small number, e a time, d side, * repeats what is in front 1-3 times.
FORMS = """
SET k m|SET k n|SET k m NX|SET k m XX|SET k m GET|SET k m NX GET|SET k m EX 100|SET k m KEEPTTL
SET k m EX e|SET k m PX e|GET k|GETSET k m|GETDEL k|GETEX k PERSIST|GETEX k EX 100|GETEX k EX e|SETNX k m
SETEX k e m|APPEND k m|STRLEN k|SETRANGE k s m|GETRANGE k s s|SUBSTR k n n|INCR k|DECR k|INCRBY k n
DECRBY k n|INCRBYFLOAT k n|MGET k k k|MSET k m k m|MSETNX k m k m|LCS k k|LCS k k LEN|LCS k k IDX
DEL k k|UNLINK k|EXISTS k k k|TYPE k|RENAME k k|RENAMENX k k|COPY k k|COPY k k REPLACE|TOUCH k k
PERSIST k|EXPIRE k 100|EXPIRE k e|EXPIRE k 100 NX|EXPIRE k 200 GT|EXPIRE k 50 LT|EXPIRE k 100 XX
PEXPIREAT k 33000000000000|PEXPIRETIME k|EXPIREAT k e|OBJECT ENCODING k|SORT k ALPHA|SORT k|DBSIZE
SORT k BY nosort|SORT k ALPHA LIMIT s s|SORT k ALPHA DESC STORE k|MOVE k 0
HSET k m m|HSET k m n m m|HSETNX k m m|HGET k m|HMGET k m m|HGETALL k|HKEYS k|HVALS k|HLEN k|HSTRLEN k m
HEXISTS k m|HDEL k m m|HINCRBY k m n|HINCRBYFLOAT k m n|HMSET k m m|HRANDFIELD k 100|HRANDFIELD k 0
HSCAN k 0 COUNT 1000|HRANDFIELD k 100 WITHVALUES|HINCRBY k m s|HSET k m
LPUSH k m|RPUSH k m m m|LPUSHX k m|RPUSHX k m|LPOP k|RPOP k|LPOP k s|RPOP k n|LLEN k|LINDEX k s
LSET k s m|LRANGE k s s|LRANGE k 0 -1|LTRIM k s s|LREM k s m|LINSERT k BEFORE m m|LINSERT k AFTER m m
LPOS k m|LPOS k m RANK s|LPOS k m COUNT s|LPOS k m RANK s COUNT s MAXLEN s|LMOVE k k d d|RPOPLPUSH k k
LMPOP 2 k k d|LMPOP 1 k d COUNT s|LMPOP s k d|LRANGE k n n|LTRIM k 0 20|BLPOP k 0.001|BLMOVE k k d d 0.001
SADD k m m m|SADD k n|SADD k s s s|SREM k m|SREM k s|SISMEMBER k m|SMISMEMBER k m m|SMEMBERS k|SCARD k
SMOVE k k m|SINTER k k|SUNION k k|SDIFF k k k|SINTERSTORE k k k|SUNIONSTORE k k k|SDIFFSTORE k k k
SINTERCARD 2 k k|SINTERCARD 2 k k LIMIT s|SINTERCARD s k k|SSCAN k 0 COUNT 1000|SRANDMEMBER k 1000
SPOP k 1000|SPOP k 0|SRANDMEMBER k 0|SPOP k abc
ZADD k 1 m|ZRANGE k 0 -1|TTL k|PTTL k|SCAN 0 COUNT 1000|KEYS *|FLUSHALL
"""

# Replies whose order is nobody's promise.
UNORDERED = {"HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HRANDFIELD",
             "SRANDMEMBER", "SPOP", "SSCAN", "HSCAN", "SCAN", "KEYS", "SORT"}
RANDOM = {"SPOP", "SRANDMEMBER", "HRANDFIELD"}  # without a count one reply is as good as another
ABOUT = {"TTL", "PTTL", "PEXPIRETIME"}


def fill(rng, form):
    words = []
    for word in form.split(" "):
        choices = {"k": KEYS, "m": MEMBERS, "n": NUMBERS, "s": SMALL, "e": TIMES, "d": SIDES}.get(word)
        words.append(rng.choice(choices) if choices else word)
    if rng.random() < 0.01 and len(words) > 1 and words[0] not in RANDOM:
        words = words[:-1]
    if rng.random() < 0.01 and words[0] != "BLPOP":
        words.append(rng.choice(MEMBERS))
    return words


def canonical(words, reply):
    name = words[0].upper()
    if isinstance(reply, Error):
        return show(reply)
    if name in ABOUT and isinstance(reply, int) and reply > 0 and (
            name != "PEXPIRETIME" or reply != 33000000000000):
        return "some time"
    if name == "OBJECT" and reply in (b"int", b"embstr", b"raw"):
        return "string"  # Redis keeps the form of some commands: text of INCRBYFLOAT, raw of COPY
    if name == "OBJECT" and reply in (b"skiplist", b"listpack"):
        return "sorted set or hash"  # differ_zset.py is about sorted sets
    if name in UNORDERED and isinstance(reply, list):
        flat = []

        def walk(item):
            if isinstance(item, list):
                for part in item:
                    walk(part)
            else:
                flat.append(show(item))
        walk(reply)
        return (isinstance(reply, Kind) and reply.kind, sorted(flat))
    return show(reply)


def main():
    args = argparse.ArgumentParser(description="random commands at both stores")
    args.add_argument("--store", required=True)
    args.add_argument("--peer", default="redis-server")
    args.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args.add_argument("--steps", type=int, default=40000)
    options = args.parse_args()
    peer = shutil.which(options.peer)
    if not peer:
        print("no %s here: nothing to compare with" % options.peer)
        return 0
    flags = ["--hash-max-listpack-entries", "4", "--set-max-intset-entries", "5"]
    servers = [Server("hansom", options.store, flags), Server("redis", peer, flags)]
    rng = random.Random(options.seed)
    forms = [form for line in FORMS.strip().split("\n") for form in line.split("|")]
    failed, done = False, []
    try:
        ours, theirs = [Connection(server.port) for server in servers]
        for step in range(options.steps):
            if step % 5000 == 2500:
                words = ["HELLO", "3" if step % 10000 == 2500 else "2"]
            else:
                words = fill(rng, rng.choice(forms))
            if words[0] == "FLUSHALL" and rng.random() < 0.7:
                continue
            data = [word.encode() for word in words]
            replies = []
            for connection in (ours, theirs):
                connection.send(data)
            for connection in (ours, theirs):
                replies.append(connection.read())
            done.append(words)
            if words[0] == "HELLO" or canonical(words, replies[0]) == canonical(words, replies[1]):
                continue
            print("seed %d, step %d: %s" % (options.seed, step, words))
            print("  hansom  %s\n  redis   %s" % (show(replies[0]), show(replies[1])))
            last = [word for word in words[1:] if word in KEYS]
            for old in [d for d in done[-400:] if any(key in d for key in last)][-12:]:
                print("  after   %s" % old)
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
