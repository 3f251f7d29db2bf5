"""zsets: scores, ranks, ranges of three kinds, unions; lex is a set of equal scores."""


def normal(reply):
    """Which zeros are negative depends on the form a set had meanwhile: small ones forget it."""
    return reply.replace(b"$2\r\n-0\r\n", b"$1\r\n0\r\n").replace(b",-0\r\n", b",0\r\n")


FLAGS = ["--zset-max-listpack-entries", "12"]
ODD = ["inf", "-inf", "+inf", "-0", "0", "1e17", "1e300", "3.0e-10", "123456789012345678", "0.1",
       "1e20", "12345678901.5", "nan", "abc", "", " 1", "1 ", "0x10", "1e", "(1", "1e-400"]


def _score(rng):
    x = rng.random()
    if x < 0.6:
        return str(rng.randrange(-20, 20))
    if x < 0.75:
        return repr(rng.uniform(-100, 100))
    if x < 0.85:
        return rng.choice(ODD)
    return str(rng.randrange(0, 2 ** rng.randrange(1, 63)))


def _bound(rng):
    return ("(" if rng.random() < 0.25 else "") + _score(rng)


def _name(rng):
    return "m%d" % rng.randrange(rng.choice([5, 20, 20, 200]))


def _lex(rng):
    if rng.random() < 0.25:
        return rng.choice(["-", "+", "+x", "", "m", "[", "("])
    return rng.choice("[(") + _name(rng)


POOLS = {"k": ["z1", "z2", "z3", "z4"], "w": ["z1", "z2", "z3", "z4", "s1", "s2", "none", "str"],
         "m": _name, "x": _score, "b": _bound, "l": _lex, "r": lambda rng: str(rng.randrange(-15, 15)),
         "c": ["-1", "0", "1", "2", "3", "10", "x"]}
FORMS = """
8: ZADD k [ NX|xx|GT|lt ] ?CH < x m >
ZADD k ?NX|XX ?GT|LT ?CH ?INCR x m
ZADD k NX XX x m
3: ZINCRBY k x m
2: ZREM k m*
ZCARD k
2: ZSCORE k m
ZMSCORE k m*
2: ZRANK|ZREVRANK k m
2: ZCOUNT k b b
3: ZRANGE|ZREVRANGE k r r ?WITHSCORES
ZRANGE k 0 -1 WITHSCORES
ZRANGE k r r ?REV ?WITHSCORES [ LIMIT r r ]
2: ZRANGE k b b BYSCORE ?rev ?WITHSCORES [ LIMIT r r ]
ZRANGE lex l l BYLEX ?REV [ LIMIT r r ] ?WITHSCORES
2: ZRANGEBYSCORE|ZREVRANGEBYSCORE k b b ?WITHSCORES [ LIMIT r r ]
ZRANGEBYLEX|ZREVRANGEBYLEX lex l l [ LIMIT r r ]
ZLEXCOUNT lex l l
2: ZADD lex 0 m 0 m 0 m
ZREMRANGEBYLEX lex l l
ZREMRANGEBYRANK k c c
ZREMRANGEBYSCORE k b b
2: ZPOPMIN|ZPOPMAX k ?c
ZMPOP #w MIN|MAX|bad [ COUNT c ]
BZPOPMIN|BZPOPMAX k w 0.001|-1|bad
BZMPOP 0.001|-1|bad #w MIN|MAX [ COUNT c ]
2: ZRANGESTORE k w r r ?REV
ZRANGESTORE k w b b BYSCORE ?REV [ LIMIT r r ]
ZRANGESTORE k w r r WITHSCORES|LIMIT
3: ZUNION|ZINTER|ZDIFF #w [ WEIGHTS x x ] [ AGGREGATE sum|MIN|max|bad ] ?WITHSCORES
3: ZUNION|ZINTER|ZDIFF #w ?WITHSCORES
3: ZUNIONSTORE|ZINTERSTORE k #w [ WEIGHTS x x ] [ AGGREGATE sum|MIN|max|q ]
2: ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE k #w
ZUNIONSTORE k 1 w WEIGHTS x AGGREGATE MIN
ZINTERCARD #w [ LIMIT c ]
ZRANDMEMBER k
ZRANDMEMBER k 0|5000|bad|-9223372036854775808|-4|3 ?WITHSCORES
ZSCAN k 0 COUNT 100000 [ MATCH m1* ]
SADD|SREM s1|s2 m m
SET str x
OBJECT ENCODING k
"""
