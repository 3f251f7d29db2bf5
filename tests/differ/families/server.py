"""server: connections, CLIENT, CONFIG, COMMAND, HELLO, the small introspection commands."""
from same import kind, near, pairs

COMMON = False
EVENTS = False
NAMES = """GET SET MGET MSET SETNX APPEND DEL EXISTS RENAME COPY SORT SORT_RO LPUSH LMPOP BLMPOP BLPOP SADD SINTER SINTERCARD
SMOVE ZADD ZUNION ZUNIONSTORE ZMPOP ZRANGESTORE XADD XREAD XREADGROUP XGROUP XINFO XCLAIM GEOADD GEORADIUS
GEORADIUS_RO GEOSEARCHSTORE EVAL EVALSHA FCALL MULTI EXEC WATCH SUBSCRIBE PUBLISH SSUBSCRIBE PING ECHO SELECT HELLO CLIENT CONFIG
OBJECT MEMORY XGROUP|CREATE CONFIG|GET CLIENT|KILL OBJECT|ENCODING NOSUCH DEBUG FLUSHALL KEYS SCAN EXPIRE TTL HSET
HGETALL INCR LCS BRPOPLPUSH ZINTERSTORE SPUBLISH SHUTDOWN SAVE INFO MONITOR AUTH QUIT RESET COMMAND COMMAND|DOCS""".split()
POOLS = {"c": NAMES, "v": ["maxmemory", "slowlog-log-slower-than", "slowlog-max-len", "notify-keyspace-events",
                           "hash-max-listpack-entries", "set-max-intset-entries", "zset-max-listpack-entries",
                           "maxmemory-policy", "latency-monitor-threshold", "lua-time-limit", "nosuch",
                           "list-max-listpack-size", "timeout", "proto-max-bulk-len"],
         "q": ["1", "0", "100", "abc", "-1", "KEA", "allkeys-lru", "noeviction", "yes", "no", "Ex", "AKE", "volatile-ttl", "everysec", "10", "50", "5000000"],
         "y": ["a", "my-name", "", "with space", "\n", "x" * 50]}
FORMS = """
2: PING ?m
ECHO m
ECHO
SELECT 0|1|15|16|-1|x
CLIENT SETNAME y
CLIENT GETNAME
CLIENT NOPE
CLIENT HELP
CLIENT ID x
CLIENT NO-EVICT ON|off|x
CLIENT KILL 1.2.3.4:5
CLIENT KILL ID 99999999
CLIENT KILL TYPE nope
CLIENT KILL TYPE master
CLIENT KILL ADDR 1.2.3.4:5 SKIPME maybe
CLIENT KILL LADDR 1.2.3.4:5
CLIENT KILL USER nobody
CLIENT KILL ID x
CLIENT LIST TYPE pubsub
CLIENT LIST TYPE nope
CLIENT LIST ID x
CLIENT LIST ID 99999999
CLIENT UNBLOCK 99999999 ?ERROR|TIMEOUT
CLIENT UNBLOCK x
CLIENT PAUSE x
CLIENT PAUSE -1
CLIENT PAUSE 0
CLIENT UNPAUSE
CLIENT REPLY ON|x
3: CONFIG SET v q
4: CONFIG GET v
CONFIG GET v v
CONFIG SET v q v q
CONFIG SET v
CONFIG GET
CONFIG RESETSTAT
CONFIG HELP
CONFIG NOPE
COMMAND COUNT x
4: COMMAND INFO c
COMMAND GETKEYS GET k
COMMAND GETKEYS MSET k m k m
COMMAND GETKEYS $call
COMMAND GETKEYSANDFLAGS $call
COMMAND LIST FILTERBY PATTERN xg*|get|nosuch
COMMAND LIST FILTERBY NOPE x
COMMAND DOCS nosuch
COMMAND HELP
COMMAND NOPE
HELLO 2 AUTH default x SETNAME y
HELLO 9
HELLO x
HELLO 2 NOPE
AUTH x
AUTH default x
AUTH nobody x
AUTH a b c
DBSIZE
SLOWLOG LEN|HELP|NOPE
SLOWLOG GET x
SLOWLOG GET -2
LATENCY LATEST|HELP|RESET|NOPE
LATENCY HISTORY x
MEMORY HELP|NOPE
MEMORY USAGE none ?SAMPLES
MEMORY USAGE none SAMPLES s
MEMORY DOCTOR x
OBJECT HELP
ROLE
WAIT 0 0
WAIT x 0
WAIT 0 x
DEBUG SLEEP 0
ASKING|READONLY|READWRITE ?x
CLUSTER INFO|SLOTS|NOPE|HELP
CLUSTER KEYSLOT ?a
RESTORE-ASKING none 0 x
LATENCY GRAPH|HISTORY nosuch
LATENCY RESET nosuch
LATENCY GRAPH
MEMORY MALLOC-STATS x
DEBUG NOPE
DEBUG
MODULE LIST
LASTSAVE x
RESET
SHUTDOWN x
SAVE x
BGSAVE x
FLUSHALL x|SYNC|ASYNC
FLUSHDB x
SWAPDB 0 x
SWAPDB x 0
SWAPDB 0 99
TIME
TIME x
MONITOR x
XGROUP
nosuch
nosuch a b c
$huge x
get
"""
POOLS["huge"] = ["N" * 300, "a b", "\x00", "get\r\n", ""]
POOLS["call"] = [["EVAL", "x", "2", "a", "b", "c"], ["EVAL", "x", "0"], ["XREAD", "COUNT", "2", "STREAMS", "a", "b", "1", "2"], ["ZUNIONSTORE", "d", "2", "a", "b"], ["SORT", "a", "STORE", "b"],
                 ["GEORADIUS", "a", "1", "1", "1", "m", "STORE", "b"], ["LMPOP", "2", "a", "b", "LEFT"], ["SET", "a", "b", "GET"], ["PING"], ["nosuch", "x"], ["GET"], ["BLPOP", "a", "b", "0"],
                 ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", ">"], ["OBJECT", "ENCODING", "k"], ["XGROUP", "CREATE", "k", "g", "$"], ["FCALL", "f", "1", "k"], ["RENAME", "a", "b"], ["COPY", "a", "b"],
                 ["ZDIFF", "2", "a", "b"], ["MEMORY", "USAGE", "k"], ["SINTERCARD", "1", "k"], ["LMOVE", "a", "b", "LEFT", "LEFT"], ["PUBLISH", "a", "b"], ["EVAL", "x", "9", "a"], ["BZMPOP", "0", "1", "k", "MIN"]]
ENCODINGS = False


ABSENT = [b"client|caching", b"client|getredir", b"client|tracking", b"client|trackinginfo",
          b"module|load", b"module|loadex", b"module|unload"]


def _ordered(item):
    """Sets have no order, and RESP2 does not say which arrays are sets. Without the subcommands
    that docs/store.md names as left out."""
    if not isinstance(item[1], list):
        return item
    return item[0], sorted((_ordered(i) for i in item[1]
                            if not (isinstance(i[1], list) and i[1] and i[1][0][1] in ABSENT)), key=repr)


def _info(words, a, b):
    return kind(words, a, b) if len(words) == 2 else _ordered(a) == _ordered(b)


def _keys_only(_words, a, b):
    return _ordered(a) == _ordered(b) if a[0] == b[0] == "*" else _no_keys(_words, a, b)


def _no_keys(_words, a, b):
    """Words that are no such command: an error, where Redis tells what may be keys."""
    return a[0] == "-" and b[0] == "*"


def _help(_words, a, b):
    """Each names the subcommands it has."""
    return a[0] == b[0] == "*" and a[1][0] == b[1][0]


RULES = {"COMMAND INFO": _info, "CONFIG GET": pairs,
         "HELLO": near(1000), "SLOWLOG LEN": kind, "SLOWLOG GET": kind, "LATENCY LATEST": kind,
         "LATENCY RESET": kind, "LATENCY HELP": _help, "MEMORY HELP": _help, "MODULE HELP": _help, "CLIENT HELP": _help,
         "COMMAND GETKEYSANDFLAGS": _keys_only, "COMMAND GETKEYS": _no_keys, "COMMAND": kind}
