"""keys: names, kinds, copies, scans, SORT, databases.

No number too large for a double or a cursor is here: Redis 7.0.15 does not clear errno, and its
next SORT then says that good numbers cannot be converted.
"""
FLAGS = ["--hash-max-listpack-entries", "4", "--set-max-intset-entries", "5"]
POOLS = {"b": ["0", "1", "2", "15", "16", "-1", "x"], "p": ["*", "k*", "k[0-3]", "k[^1]", "?1", "\\k1", "", "[", "k[3-1]", "**1*"],
         "t": ["string", "list", "set", "zset", "hash", "stream", "STRING", "nope"],
         "w": ["w_*", "nosort", "w_*->f", "*", "*->1", "k*", "nokey"]}
FORMS = """
3: SET k m
2: RPUSH k m m m
RPUSH k 3 1 2 -5 10 1.5
2: SADD k m m m
SADD k 3 1 2
HSET k m m m m
ZADD k 1 m 2 m
SET w_1 5
SET w_2 3
HSET w_3 f 1
SET w_a x
DEL|UNLINK k*
EXISTS|TOUCH k*
TYPE k
RENAME|RENAMENX k k
COPY k k ?REPLACE [ DB b ]
MOVE k b
KEYS p
SCAN 0 COUNT 10000 [ MATCH p ] [ TYPE t ]
SCAN x
SCAN 0 COUNT 0|-1|x
RANDOMKEY
DBSIZE
2: SORT k ?ALPHA ?DESC|ASC [ LIMIT s s ] [ GET $w ]
SORT k BY $w ?DESC [ GET # ] [ GET $w ]
SORT k ?ALPHA STORE k
SORT_RO k ALPHA [ LIMIT s s ]
OBJECT REFCOUNT|ENCODING|NOSUCH k
OBJECT FREQ k
OBJECT HELP
EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT k e ?NX|XX
EXPIRE|PEXPIRE k $once GT|LT
PEXPIREAT k 33000000000000|34000000000000 GT|LT
TTL|PTTL|EXPIRETIME|PEXPIRETIME|PERSIST k
SELECT b
SELECT 0
SWAPDB b b
FLUSHDB ?ASYNC|SYNC|x
"""
