"""strings: values, numbers, ranges, expiry options of SET and GETEX."""
FLAGS = []
FORMS = """
4: SET k m|n ?NX|XX ?GET [ EX|PX|EXAT|PXAT e ] ?KEEPTTL
4: SET k m|n
GET k
GETSET k m
GETDEL k
GETEX k [ EX|PX|EXAT|PXAT e ] ?PERSIST
SETNX k m
SETEX|PSETEX k e m
2: APPEND k m
STRLEN k
2: SETRANGE k s m
SETRANGE k 536870911 ab
GETRANGE|SUBSTR k s|n s|n
2: INCR|DECR k
3: INCRBY|DECRBY k n
3: INCRBYFLOAT k n
MGET k*
MSET < k m >
MSETNX < k m >
LCS k k ?LEN
LCS k k IDX ?WITHMATCHLEN [ MINMATCHLEN s ]
TTL k
GET
nosuch k m
"""
