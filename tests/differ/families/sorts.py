"""sorts: SORT and SORT_RO of lists, sets and sorted sets; BY, GET, LIMIT, STORE, ALPHA."""
from families.zsets import normal  # noqa: F401 (which zeros are negative)
from same import unsorted

COMMON = False
POOLS = {"k": ["l1", "l2", "s1", "z1", "i1", "none", "str"], "d": ["d1", "d2", "l2", "s1"],
         "v": ["1", "2", "3", "-5", "10", "1.5", "07", "1e2", "-0", "100", "3.5", "-inf", "inf"],
         "q": ["a", "b", "", "B", "x" * 70, "\xff", "nan", " 1", "0x10"],
         "w": ["w_*", "nosort", "w_*->f", "*", "*->1", "nokey", "w_*->", "h_*->a*b", "->", "w_*->g", "#"],
         "n": ["0", "1", "-1", "2", "5", "100", "-100", "x"]}
FORMS = """
3: RPUSH l1|l2 v v v
RPUSH l1|l2 v q
2: SADD s1 v v
SADD s1 q
SADD i1 1 2 3 -5 10 100
2: ZADD z1 v v v v
DEL k
DEL d1|d2
SET str x
2: SET w_1|w_2|w_3|w_10|w_-5 v
SET w_1|w_2|w_a q
HSET w_3|w_07 f v g q
HSET h_1b|h_2b a1b v
DEL w_1|w_2|w_3|w_10
4: SORT k ?DESC|ASC|asc [ LIMIT n n ]
4: SORT k ALPHA ?DESC|ASC [ LIMIT n n ]
3: SORT k BY w ?ALPHA ?DESC [ LIMIT n n ]
3: SORT k ALPHA < GET w >
3: SORT k BY w < GET w >
2: SORT k BY w ALPHA < GET w >
SORT k BY nosort ?DESC [ LIMIT n n ] [ GET # ]
3: SORT k ALPHA [ LIMIT n n ] STORE d
2: SORT k BY w < GET w > STORE d
SORT l1|l2 BY nosort < GET w > STORE d
SORT z1 BY nosort ?DESC [ LIMIT n n ] STORE d
SORT k BY w ?DESC STORE d
SORT k BY w BY w ALPHA
SORT k LIMIT n
SORT k STORE
SORT k GET
SORT k nope
2: SORT_RO k ALPHA ?DESC [ LIMIT n n ]
2: SORT_RO k BY w ?ALPHA < GET w >
SORT_RO k STORE d
LRANGE d 0 -1
TYPE d
EXPIRE d1 100
"""


def unpromised(words, a, b):
    """BY of another pool's key tells whether it may be unsorted: a list's order is a promise."""
    upper = [word.upper() for word in words]
    if "BY" in upper and "ALPHA" not in upper and not {"s1", "i1"} & set(words):
        return False
    return unsorted(words, a, b)


RULES = {"SORT": unpromised, "SORT_RO": unpromised}
