"""pubsub: channels, patterns, shard channels and keyspace events on four connections."""
MARKED = True
COMMON = False
FLAGS = ["--notify-keyspace-events", "KEA"]
POOLS = {"h": ["a", "b", "ab", "", "\x00\xff", "news.1"], "p": ["*", "a*", "?", "[ab]", "news.*", "\\a", ""],
         "y": ["__keyspace@0__:*", "__keyevent@0__:*", "__keyspace@0__:k1", "__keyevent@0__:del"]}
FORMS = """
8: PUBLISH h m
2: SPUBLISH h m
PUBSUB CHANNELS ?p
PUBSUB NUMSUB h*
PUBSUB NUMPAT
PUBSUB SHARDCHANNELS ?p
PUBSUB SHARDNUMSUB h*
PUBSUB NOPE
PUBSUB HELP
SET k1|k2 m ?XX|NX
INCR|APPEND|LPUSH|SADD|PERSIST k1|k2|k3 m
LPUSH|RPUSH|SADD|SREM k3 a|b
LPOP|RPOP|SPOP k3
HSET|HINCRBY|HDEL k4 f 1
ZADD k5 1 a|b
ZREM|ZINCRBY k5 a
DEL k1|k2|k3|k4|k5
RENAME k1 k2
COPY k1 k2 REPLACE
MOVE k1 0
EXPIRE k1|k2|k3 100|-1
SINTERSTORE k3 k3 k3
XADD k6 0-* f v
XTRIM k6 MAXLEN 0
XGROUP CREATE k6 g $ MKSTREAM
XGROUP DESTROY k6 g
SORT k3 ALPHA STORE k7
GETEX k1 EX 100
GETEX k1 PERSIST
GETDEL k1
SETRANGE k1 1 x
INCRBYFLOAT k2 1
ZPOPMIN k5
LTRIM k3 0 0
LINSERT k3 BEFORE a b
LSET k3 0 a
LREM k3 0 a
LMOVE k3 k8 LEFT RIGHT
RPOPLPUSH k8 k3
SMOVE k3 k9 a
GEOADD k5 1 1 a
ZUNIONSTORE k5 1 k5
ZREMRANGEBYRANK k5 0 0
FLUSHDB
"""
LISTEN = """
2: SUBSCRIBE h*
2: UNSUBSCRIBE h*
UNSUBSCRIBE
2: PSUBSCRIBE p*
PSUBSCRIBE y
PUNSUBSCRIBE p*
PUNSUBSCRIBE
SSUBSCRIBE h*
SUNSUBSCRIBE h*
SUNSUBSCRIBE
PING
PING m
GET k1
PUBLISH h m
RESET
"""


def scenes(draw):
    from words import Draw
    listen = Draw(draw.rng.random(), LISTEN, POOLS, mangle=0)
    while True:
        steps = []
        for _ in range(8):
            if draw.rng.random() < 0.4:
                name = draw.rng.choice([1, 2, 3])
                steps.append((name, listen.one()))
            else:
                steps += [(0, command) for command in
                          (draw.one() for _ in range(draw.rng.randrange(1, 6)))
                          if command[0].upper() != "SPOP"]
        yield steps
