"""expiry: times past, near and far, on every kind of key.

DBSIZE is not asked: it counts expired keys until they are found, and each server looks when it
likes. Nor are results stored over a key past its time: Redis deletes it (del), here it is expired.
"""
POOLS = {"a": ["33000000000", "0", "-5", "9223372036854775", "9223372036854775807", "x"],
         "f": ["NX", "XX", "GT", "LT", "nx", "QQ"]}
FORMS = """
4: EXPIRE|PEXPIRE k e ?NX|XX|nx|QQ
3: EXPIREAT k a ?f
3: PEXPIREAT k a ?f
EXPIRE k $once f f
EXPIRE k 100 NX
3: EXPIRE|PEXPIRE k $once GT|LT
2: PERSIST k
3: TTL|PTTL|EXPIRETIME|PEXPIRETIME k
SET k m EX|PX|EXAT|PXAT e|a
SET k m KEEPTTL
2: SET k m
SETEX|PSETEX k e|a m
GETEX k EX|PX|EXAT|PXAT e|a
GETEX k PERSIST
GETSET k m
APPEND k m
INCR k
RENAME k k
COPY k k ?REPLACE
MOVE k 1
LPUSH k m
LPOP k
HSET k m m
HDEL k m
SUNIONSTORE to k
ZUNIONSTORE to 1 k
SORT k ALPHA STORE to
EXPIRE to e
GETDEL k
GET k
STRLEN k
EXISTS k k k
SCAN 0 COUNT 1000
KEYS *
"""


def heard(event):
    """Whether a millisecond has passed when it is set decides between two events."""
    return b"brief" not in event


def scenes(draw):
    """Mostly plain; now and then keys of a millisecond, asked for until they are gone."""
    while True:
        steps = [(0, draw.one()) for _ in range(90)]
        if draw.rng.random() < 0.2:
            steps += [(0, ["SET", "brief", "x", "PX", "1"]), (0, ["RPUSH", "brief2", "x"]),
                      (0, ["PEXPIRE", "brief2", "1"]), (0, ["BLPOP", "none-here", "0.02"]),
                      (0, ["GET", "brief"]), (0, ["EXISTS", "brief2", "brief"]), (0, ["TTL", "brief"]),
                      (0, ["LPUSHX", "brief2", "y"]), (0, ["SET", "brief", "y", "XX"])]
        yield steps
