"""groups: consumer groups alone, deep: few streams, many reads, claims and acknowledgements."""
from families.streams import RULES  # noqa: F401 (lag, and idle times)

COMMON = False
FLAGS = ["--stream-node-max-entries", "4"]


def _new(rng):
    _new.last += rng.choice([0, 1, 1, 2])
    return "%d-*" % _new.last


_new.last = 10


def _id(rng):
    back = rng.randrange(0, 25)
    return "%d-%d" % (max(0, _new.last - back), rng.choice([0, 0, 0, 1, 2]))


POOLS = {"k": ["x1", "x2"], "v": _new, "i": _id, "g": ["g1", "g2", "g3", "none"], "c": ["c1", "c2", "c3", "c4"],
         "t": ["1", "2", "5", "20", "0", "-1", "x"], "o": ["0", "0", "0", "100000000", "-5", "x"],
         "h": ["0", "0-0", "$", "-", "+", "x", "1-"], "u": ["0", "1", "7", "-1", "x", "1000000"]}
FORMS = """
10: XADD k v f m
12: XREADGROUP GROUP g c [ COUNT t ] ?NOACK STREAMS k >
3: XREADGROUP GROUP g c [ COUNT t ] STREAMS k 0|i
XREADGROUP GROUP g c STREAMS x1 x2 > >
XREADGROUP GROUP g c STREAMS x1 x2 0 >
XREADGROUP GROUP g c BLOCK 1 STREAMS k >
XREADGROUP GROUP g c COUNT t STREAMS k $
8: XACK k g i i*
3: XGROUP CREATE k g h|i ?MKSTREAM [ ENTRIESREAD u ]
2: XGROUP SETID k g h|i [ ENTRIESREAD u ]
XGROUP DESTROY k g
XGROUP CREATECONSUMER k g c
XGROUP DELCONSUMER k g c
XGROUP CREATE|SETID|DESTROY k
XGROUP NOSUCH k g
5: XCLAIM k g c o i* ?JUSTID ?FORCE
2: XCLAIM k g c o i [ IDLE o ] [ RETRYCOUNT u ] ?LASTID i ?FORCE ?JUSTID
XCLAIM k g c 0 i TIME 33000000000000|5|-1|x
XCLAIM k g c 0 i LASTID i
5: XAUTOCLAIM k g c o h|i [ COUNT t ] ?JUSTID
3: XPENDING k g
4: XPENDING k g - + t ?c
XPENDING k g IDLE o h|i h|i t ?c
XPENDING k g (5-1 + 10
3: XDEL k i*
XTRIM k MAXLEN t
XTRIM k MINID i
XTRIM k MINID|MAXLEN ~ i|t LIMIT t
XSETID k i [ ENTRIESADDED u MAXDELETEDID i ]
2: XINFO GROUPS k
2: XINFO CONSUMERS k g
2: XINFO STREAM k FULL [ COUNT t ]
XINFO STREAM k
XLEN k
DEL k
RENAME x1 x2
COPY x1 x2 REPLACE
SET x2 str
"""
