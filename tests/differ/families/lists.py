"""lists: both ends, the middle, moves; long ones too."""


def _rank(_words, a, b):
    """Redis 7.0.15 negates the lowest rank and overflows; ours refuses it, as Redis 7.2 does."""
    return a[1].startswith(b"ERR value is out of range, value must") if a[0] == "-" else False


RULES = {"LPOS": _rank}
FORMS = """
4: LPUSH|RPUSH k m*
LPUSHX|RPUSHX k m*
2: LPOP|RPOP k
LPOP|RPOP k s|n
LLEN k
LINDEX k s|n
LSET k s|n m
2: LRANGE k s|n s|n
3: LRANGE k 0 -1
2: LTRIM k s s
LTRIM k 0 20
LTRIM k n n
2: LREM k s|n m
2: LINSERT k BEFORE|AFTER|after|x m m
3: LPOS k m [ RANK s|n ] [ COUNT s|n ] [ MAXLEN s|n ]
2: LMOVE k k d d
RPOPLPUSH k k
2: LMPOP #k d [ COUNT s ]
BLPOP|BRPOP k 0.001|x|-1|1e30
BLMOVE k k d d 0.001
BRPOPLPUSH k k 0.001|x
BLMPOP 0.001 #k d [ COUNT s ]
RPUSH k $long
LRANGE k 100 200
"""


def _long(rng):
    return [("%d" % rng.randrange(10 ** rng.randrange(1, 12))) * rng.choice([1, 1, 1, 30])
            for _ in range(rng.choice([5, 50, 200]))]


POOLS = {"long": _long}
