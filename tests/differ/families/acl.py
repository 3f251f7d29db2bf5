"""acl: random rules for three users, and random commands as these users.

Rules and commands are few and meet often; wrong rules are among them. A user's connection may be
closed by what an administrator does; then the next step finds it closed at both servers.
"""
import re

from words import Draw

COMMON = False
EVENTS = False
USERS = ["u1", "u2", "u3"]
LOGIN = {name: "pw" for name in USERS}
KEYS = ["a1", "a2", "b1", "b2", "c"]
CATEGORIES = ["keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "geo", "stream",
              "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction",
              "scripting", "all", "bitmap", "hyperloglog", "nope"]
NAMES = ["get", "set", "GET", "del", "config", "config|get", "config|set", "config|nope", "select",
         "select|1", "select|2", "object", "object|encoding", "xgroup", "xgroup|create", "client",
         "client|id", "client|list", "acl", "acl|whoami", "multi", "exec", "publish", "subscribe",
         "eval", "sort", "cluster", "cluster|info", "migrate", "debug", "debug|object", "get|a1",
         "nope", "rename", "lpush", "sinterstore", "keys", "dbsize", "ping", "config|get|x", "select|"]
PATTERNS = ["a*", "b*", "a1", "c", "*", "?1", "", "[ab]2"]
RULE_WORDS = ["on", "on", "nopass", ">pw", ">other", "<pw", "<none", "off", "resetpass", "allkeys", "resetkeys",
              "resetkeys", "allchannels", "resetchannels", "resetchannels", "allcommands", "nocommands",
              "clearselectors", "reset", "sanitize-payload", "skip-sanitize-payload", "ON", "wrong", "",
              "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "#bad", "(on)", "()", "%Z~a"]
POOLS = {"k": KEYS, "c": ["news.1", "news.2", "chat", "a1"], "m": ["x", "1", "y"], "z": ["0", "1", "2"], "u": USERS}
FORMS = """
2: GET k
2: SET k m ?GET
SET k m NX GET
DEL|EXISTS k k
TYPE|STRLEN|INCR|GETDEL|GETEX|TOUCH|TTL|PERSIST|LPOP|LLEN|SMEMBERS|SCARD|HLEN|ZCARD|ZPOPMIN|XLEN|WATCH k
MGET k k k
MSET k m k m
APPEND k m
RENAME|COPY|SUNION|RPOPLPUSH|LCS k k
EXPIRE k 1000
OBJECT ENCODING k
LPUSH|SADD|SISMEMBER|HGET|HEXISTS|ECHO k m
LRANGE|ZRANGE k 0 -1
LMOVE k k LEFT RIGHT
LMPOP 2 k k LEFT
BLPOP k k 0.001
SINTERSTORE k k k
SMOVE k k m
SPOP k 1000
SINTERCARD|ZUNION 2 k k
HSET|ZINCRBY k m 1
HINCRBY k m 1
ZADD k 1 m
ZUNIONSTORE k 2 k k
ZRANGESTORE k k 0 -1
ZDIFF 1 k
GEOADD k 1 2 m
GEORADIUS k 1 2 3 km [ STORE k ]
GEOSEARCHSTORE k k FROMLONLAT 1 2 BYRADIUS 3 km
SORT k ALPHA [ STORE k ] [ GET # ]
SORT k BY nosort|w*
SORT_RO k ALPHA
XADD k 1-1 m m
XREAD COUNT 1 STREAMS k k 0 0
XGROUP CREATE k g $ MKSTREAM
XREADGROUP GROUP g c STREAMS k >
XRANGE k - +
XDEL k 1-1
XACK k g 1-1
XINFO GROUPS k
XTRIM k MAXLEN 0
BITFIELD k GET u8 0 [ SET u8 0 1 ]
BITOP AND k k k
PFADD k m
PFCOUNT|PFMERGE k k
UNWATCH
PING
DBSIZE
KEYS a*
SELECT z
CONFIG GET maxclients
CONFIG SET maxclients 1000
CONFIG NOPE
ACL WHOAMI|USERS
CLIENT GETNAME
PUBLISH|SPUBLISH c m
PUBSUB NUMPAT
EVAL|EVAL_RO return(1) 1 k
EVAL return(1) 0|x k
EVAL return(redis.call('get',ARGV[1])) 0 k
EVAL return(redis.call('publish',ARGV[1],'m')) 0 c
EVAL return(redis.pcall('set',ARGV[1],'1')) 0 k
EVAL return(redis.acl_check_cmd('get',ARGV[1])) 0 k
MULTI
2: EXEC
DISCARD
GET k m
NOSUCH k
FLUSHALL
OBJECT HELP
SWAPDB 0 0
SCRIPT EXISTS m
MEMORY USAGE k SAMPLES x
LASTSAVE|TIME x
WAIT x x
FCALL nofunc 1 k
CLUSTER INFO
"""
LISTEN = """
SUBSCRIBE c c
SSUBSCRIBE c
PSUBSCRIBE news.*|chat|*
"""
ADMIN = """
ACL GETUSER u
ACL LIST
ACL USERS
ACL LOG 3
ACL LOG RESET
ACL DELUSER u
ACL CAT $g
ACL GENPASS x|0|5000
ACL NOPE
CONFIG SET acllog-max-len 5
"""
POOLS["g"] = CATEGORIES


def _rule(rng):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice("++-") + rng.choice(NAMES)
    if kind < 0.45:
        return rng.choice("++-") + "@" + rng.choice(CATEGORIES)
    if kind < 0.62:
        return rng.choice(["~", "~", "%R~", "%W~", "%RW~", "%r~", "%~"]) + rng.choice(PATTERNS)
    if kind < 0.7:
        return "&" + rng.choice(["news.*", "chat", "*", "news.1"])
    if kind < 0.78:
        inner = " ".join(_rule(rng) for _ in range(rng.randrange(4)))
        return "(" + inner.replace("(", "").replace(")", "") + (")" if rng.random() < 0.95 else "")
    return rng.choice(RULE_WORDS)


def scenes(draw):
    rng = draw.rng
    listen, admin = (Draw(rng.random(), forms, POOLS, mangle=0) for forms in (LISTEN, ADMIN))
    while True:
        kind = rng.random()
        user = rng.choice(USERS)
        if kind < 0.3:
            rules = [_rule(rng) for _ in range(rng.choice([1, 1, 2, 3, 6]))]
            start = rng.choice([["reset", "on", ">pw"], [], [], ["on", ">pw"]])
            yield [(0, ["ACL", "SETUSER", user] + start + rules)]
        elif kind < 0.38:
            yield [(0, admin.one())]
        elif kind < 0.6:
            yield [(0, ["ACL", "DRYRUN", user] + rng.choice([draw, draw, draw, listen]).one())]
        elif kind < 0.62:  # on a connection of its own, for what listens can do little else
            yield [(user, None, "anew"), (user, listen.one(), "closes"), (user, None, "anew")]
        elif kind < 0.65:
            yield [(user, rng.choice([["AUTH", user, "pw"], ["AUTH", user, "none"], ["HELLO", "2", "AUTH", user, "pw"],
                                      ["RESET"]]), "closes"), (user, None, "anew")]
        else:
            yield [(user, draw.one(), "closes") for _ in range(rng.randrange(1, 4))]


def _text(tree):
    if isinstance(tree[1], list):
        return "[ " + " ".join(_text(item) for item in tree[1]) + " ]"
    return tree[1].decode("latin-1") if isinstance(tree[1], bytes) else str(tree[1])


def _telling(_words, a, b):
    """Single commands in the rules of a user have no order."""
    def ordered(tree):
        words = re.sub(r'([()\[\]])', r" \1 ", _text(tree)).split()
        out, run = [], []
        for word in words + ["end"]:
            if word[:1] in "+-" and word[1:2] != "@":
                run.append(word)
            else:
                out += sorted(run) + [word]
                run = []
        return out
    return a[0] == b[0] and ordered(a) == ordered(b)


def _log(_words, a, b):
    """All but how old it is and who the client was."""
    def known(tree):
        return [item[1][:-4] for item in tree[1]]
    return a[0] == b[0] == "*" and known(a) == known(b)


def _category(words, a, b):
    """Commands of a category that both have; their order is nobody's promise."""
    def names(tree):
        return {item[1] for item in tree[1]} - {b"migrate", b"failover", b"psync", b"replconf", b"replicaof", b"slaveof",
                                                b"sync", b"pfselftest", b"module|load", b"module|loadex", b"module|unload",
                                                b"client|caching", b"client|getredir", b"client|tracking", b"client|trackinginfo"}
    return a[0] == b[0] == "*" and names(a) == names(b)


RULES = {"ACL LIST": _telling, "ACL GETUSER": _telling, "ACL LOG": _log, "ACL CAT": _category,
         "HELLO": lambda _w, a, b: a[0] == b[0] != "-"}
