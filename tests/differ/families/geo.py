"""geo: places, distances, searches.

Left out on purpose, because Redis promises nothing or errs there: the order of equal distances
under COUNT (an unstable partial sort; where a wrong word makes some all the same, see nearest), which of the matches COUNT … ANY gives, and searches near the poles and
from scores that are no places, where Redis's nine squares miss members.
"""
COMMON = False


def _lonlat(rng):
    x = rng.random()
    if x < 0.02:
        return rng.choice([["181", "0"], ["abc", "1"], ["1", "90"], ["nan", "1"], ["1", "x"], ["", "1"]])
    if x < 0.5:
        lon, lat = -118.24 + rng.gauss(0, 0.05), 34.05 + rng.gauss(0, 0.05)
    elif x < 0.7:
        lon, lat = rng.uniform(-180, 180), rng.uniform(-60, 60)
    elif x < 0.8:
        lon, lat = rng.choice([179.99, -179.99]) + rng.uniform(-0.005, 0.005), rng.uniform(-1, 1)
    else:
        lon, lat = 13.4 + rng.uniform(0, 0.02), 52.52 + rng.uniform(0, 0.02)
    return [repr(lon), repr(lat)]


def _unit(rng):
    return rng.choice(["m", "km", "KM", "ft", "mi"]) if rng.random() < 0.97 else "xx"


def _size(rng):
    return rng.choice(["-1", "abc", "0", "nan"]) if rng.random() < 0.02 else repr(10 ** rng.uniform(-1, 2.5))


def _name(rng):
    return "m%d" % rng.randrange(rng.choice([20, 300, 1000]))


def _shape(rng):
    if rng.random() < 0.6:
        return ["BYRADIUS", _size(rng), _unit(rng)]
    return ["BYBOX", _size(rng), _size(rng), _unit(rng)]


def _search(rng):
    start = ["FROMMEMBER", _name(rng)] if rng.random() < 0.4 else ["FROMLONLAT"] + _lonlat(rng)
    parts = [start, _shape(rng)]
    if rng.random() < 0.04:
        parts.pop(rng.randrange(2))
    parts += [[w] for w in ("WITHDIST", "WITHCOORD", "withhash") if rng.random() < 0.3]
    if rng.random() < 0.5:
        parts.append([rng.choice(["ASC", "desc"])])
    if rng.random() < 0.5:
        parts.append(["COUNT", str(rng.randrange(0 if rng.random() < 0.05 else 1, 12))])
    if rng.random() < 0.02:
        parts.append([rng.choice(["ANY", "bogus", "STOREDIST", "COUNT", "BYBOX", "FROMMEMBER"])])
    rng.shuffle(parts)
    return sum(parts, [])


POOLS = {"k": ["g1", "g1", "g2", "g2", "g3", "none"], "p": _lonlat, "m": _name, "u": _unit, "x": _size,
         "y": _shape, "q": _search, "w": ["g1", "g2", "str", "none"]}
FORMS = """
10: GEOADD g1|g2|g3 ?CH [ NX|xx ] < p m >
6: GEOADD g1|g2 < p m p m p m p m >
10: GEOSEARCH k q
GEOPOS w m*
2: GEODIST w m m ?u
GEOHASH w m*
GEOSEARCHSTORE z3 k FROMMEMBER m y ?STOREDIST ?ASC
GEOSEARCHSTORE z3 k q
2: GEORADIUS|GEORADIUS_RO k p x u ?WITHDIST ?WITHCOORD ?ASC [ COUNT 3 ]
GEORADIUS|GEORADIUS_RO k p x u STORE|STOREDIST z3
2: GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO k m x u ?WITHDIST ?WITHHASH ?DESC
GEORADIUSBYMEMBER k m x u STOREDIST z3
ZRANK|ZREVRANK|ZSCORE k m
3: ZREM g1|g2|g3 m
ZCARD k
ZRANGE k 0 -1 WITHSCORES
ZREVRANGE k 0 20
ZCOUNT k 1e15 3e15
ZRANGEBYSCORE k -inf (2e15 LIMIT 1 5
SET str x
OBJECT ENCODING g1|g2|g3|z3
DEL g3|z3
COPY g1 g3 REPLACE
"""


def nearest(words, a, b):
    """Which of equally distant members COUNT leaves; told only where the distances are."""
    upper = [word.upper() for word in words]
    if not {"COUNT", "WITHDIST"} <= set(upper) or a[0] != "*" or b[0] != "*":
        return False
    return [hit[1][1] for hit in a[1]] == [hit[1][1] for hit in b[1]]


RULES = {name: nearest for name in ("GEOSEARCH", "GEORADIUS", "GEORADIUS_RO")}
