"""dumps: what DUMP gives at one server is RESTOREd at the other, in both directions."""

from families.streams import RULES as STREAMS
from same import shape

# Lag and idle times; and a payload may have any of the forms that RESTORE reads: what it holds is
# compared once the other server has read it.
RULES = {**STREAMS, "DUMP": shape}


def _element(rng):
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
    return "".join(chr(rng.randrange(256)) for _ in range(rng.choice([10, 63, 64, 200, 2000])))


def _some(rng):
    return [_element(rng) for _ in range(rng.choice([1, 2, 5, 50, 129]))]


def _pairs(rng):
    return sum(([_element(rng), _element(rng)] for _ in range(rng.choice([1, 2, 5, 50, 129]))), [])


def _scores(rng):
    def score():
        return rng.choice(["inf", "-inf", "0", "0.1", str(rng.randrange(-100, 100)), str(rng.randrange(1 << 52)),
                           repr(rng.uniform(-1e9, 1e9)), repr(rng.random() * 1e300)])
    return sum(([score(), _element(rng)] for _ in range(rng.choice([1, 2, 5, 50, 129]))), [])


def _integers(rng):
    bits = rng.choice([8, 20, 40])
    return [str(rng.getrandbits(bits) - 50) for _ in range(rng.choice([1, 3, 50]))]


def _id(rng):
    _id.last += rng.choice([1, 1, 2, 1000])
    return "%d-%d" % (_id.last, rng.choice([0, 1, 1, 5]))


_id.last = 1
KINDS = ["s1", "l1", "i1", "h1", "z1", "x1", "x2", "none"]
POOLS = {"e": _element, "l": _some, "p": _pairs, "c": _scores, "i": _integers, "v": _id, "g": ["g1", "g2"],
         "t": ["r1", "r2", "r3", "r4"], "d": ["{dump %s}" % kind for kind in KINDS], "j": lambda rng: "%d-0" % rng.randrange(_id.last),
         "x": ["0", "0", "0", "-1", "x", "100000"], "b": ["garbage", "", "\x00\xc0\x01\x0a\x00" + "x" * 8,
                                                          "\x00\xc0\x01\x0b\x00" + "\x00" * 8, "\xff" * 30]}
FORMS = """
3: SET s1 e
3: RPUSH|LPUSH l1 l
LTRIM l1 -30 -1
DEL l1
2: SADD i1 i
SADD i1 l
DEL i1
3: HSET h1 p
DEL h1
3: ZADD z1 c
DEL z1
8: XADD x1|x2 v < e e >
2: XADD x1 v f1 e f2 e
XDEL x1|x2 j
XTRIM x1|x2 MAXLEN ~|= 20
XTRIM x2 MAXLEN 2
DEL x1|x2
2: XGROUP CREATE x1|x2 g 0|$ ?MKSTREAM
XGROUP SETID x1|x2 g j
XGROUP CREATECONSUMER x1|x2 g c1|c3
3: XREADGROUP GROUP g c1|c2 COUNT 5 STREAMS x1|x2 >
XACK x1|x2 g j
XSETID x1 99999999-0
CONFIG SET list-max-listpack-size -2|3
CONFIG SET hash-max-listpack-entries 512|4
CONFIG SET zset-max-listpack-entries 128|4
CONFIG SET set-max-intset-entries 512|4
CONFIG SET stream-node-max-entries 100|3
20: RESTORE t 0|100000|-1|abc|1.5 d ?REPLACE
RESTORE t 0 d REPLACE REPLACE
RESTORE t 33000000000000 d REPLACE ABSTTL
RESTORE t 0 d REPLACE IDLETIME 100|-1|x
RESTORE t 0 d REPLACE FREQ 5|256|-1|x
RESTORE t 0 d IDLETIME 5 FREQ 5
RESTORE t 1 d REPLACE ABSTTL
2: RESTORE t x b ?REPLACE
TYPE t
XINFO STREAM t FULL COUNT 0
XRANGE t - +
XPENDING t g
XREADGROUP GROUP g c1 COUNT 5 STREAMS t >
XADD t 99999999999-* e e
LRANGE t 0 -1
GET t
HLEN t
DEL t
DUMP none
COPY x1|l1|h1 t REPLACE
"""
COMMON = False
ENCODINGS = False
