"""streams: entries, groups, the pending list, claims. Ids are explicit: clocks differ."""
from same import near

FLAGS = ["--stream-node-max-entries", "5"]
COMMON = False


def _but_lag(words, a, b):
    """Redis 7.0.15 counts lag wrong after XDEL, XTRIM and made-up ENTRIESREAD; ours is right."""
    def without(item):
        if not isinstance(item[1], list):
            return item
        items, skip = [], False
        for part in item[1]:
            if not skip:
                items.append(without(part))
            skip = part == ("$", b"lag")
        return (item[0], items)
    return near(5000)(words, without(a), without(b))


RULES = {"XINFO GROUPS": _but_lag, "XINFO STREAM": _but_lag}


def _id(rng):
    return "%d-%d" % (rng.randrange(1, 40), rng.randrange(0, 4))


def _new(rng):
    x = rng.random()
    if x < 0.1:
        return rng.choice(["0-0", "0-1", "x", "1-x", "18446744073709551615-18446744073709551615", "-", "5-", "$", "0-*"])
    _new.last = 1 if x < 0.13 else _new.last + rng.choice([0, 0, 1, 2])
    return "%d-%s" % (_new.last, rng.choice(["*", "*", "*", "0", "1", "5"]))


_new.last = 1
POOLS = {"k": ["x1", "x2", "x3"], "w": ["x1", "x2", "x3", "none", "str"], "i": _id, "v": _new, "g": ["g1", "g2", "g3"], "c": ["c1", "c2", "c3", ""],
         "r": ["-", "+", "0", "5", "20", "(3", "(5-1", "x", "(", "99-1", "0-0", "-1", "18446744073709551615"],
         "t": ["0", "1", "3", "8", "-1", "x", "1000"], "o": ["0", "0", "0", "100000000", "-1", "x"],
         "h": ["0", "0-0", "$", "5-1", "10", "x", "3-0"]}
FORMS = """
12: XADD k v < m m >
2: XADD k ?NOMKSTREAM [ MAXLEN|MINID ?=|~ t ?LIMIT ] v m m
XADD k MAXLEN ~ t LIMIT t v m m
XADD w v m
XLEN w
3: XRANGE w r|i r|i [ COUNT t ]
2: XREVRANGE w r|i r|i [ COUNT t ]
2: XDEL w i*
XTRIM k MAXLEN|MINID ?=|~ t|i [ LIMIT t ]
XTRIM k MAXLEN 3
3: XREAD [ COUNT t ] STREAMS k h|i
XREAD COUNT 2 STREAMS k k h h
XREAD STREAMS k k h
XREAD BLOCK 1 STREAMS k $
3: XGROUP CREATE w g h ?MKSTREAM [ ENTRIESREAD t ]
XGROUP SETID w g h|i [ ENTRIESREAD t ]
XGROUP DESTROY w g
XGROUP CREATECONSUMER|DELCONSUMER w g c
6: XREADGROUP GROUP g c [ COUNT t ] ?NOACK STREAMS k >
2: XREADGROUP GROUP g c [ COUNT t ] STREAMS w 0|i|$
XREADGROUP GROUP g c STREAMS k k > 0
4: XACK w g i*
2: XPENDING w g
2: XPENDING w g [ IDLE o ] r|i r|i t ?c
3: XCLAIM w g c o i* ?FORCE ?JUSTID [ RETRYCOUNT t ] [ IDLE o ] [ LASTID i ]
XCLAIM k g c 0 i* ?JUSTID
XCLAIM k g c 0 i TIME 33000000000000|5
3: XAUTOCLAIM w g c o r|i [ COUNT t ] ?JUSTID
XSETID w i|v [ ENTRIESADDED t MAXDELETEDID i ]
2: XINFO STREAM w
3: XINFO STREAM w FULL [ COUNT t ]
3: XINFO GROUPS w
2: XINFO CONSUMERS w g
XINFO NOPE k
XINFO HELP
XGROUP HELP
XADD k 
DEL k
COPY k k REPLACE
RENAME k k
SET str x
TYPE k
OBJECT ENCODING k
"""
