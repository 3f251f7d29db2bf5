#!/usr/bin/env python3
"""differ_acl: gives users random rules at hansom-store and at redis-server, runs random commands as
these users, and stops at the first reply that differs.

Rules and commands are few and meet often; wrong rules are among them. Single commands in what ACL
LIST tells have no order. A failure prints its seed.

    differ_acl.py --store build/dev/bin/hansom-store [--seed N] [--steps N]
"""
import argparse
import random
import re
import shutil
import sys

from run import Connection, Error, Kind, Server, show

USERS = ["u1", "u2", "u3"]
KEYS = ["a1", "a2", "b1", "b2", "c"]
CHANNELS = ["news.1", "news.2", "chat", "a1"]
CATEGORIES = ["keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "geo", "stream",
              "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction",
              "scripting", "all", "bitmap", "hyperloglog", "nope"]
NAMES = ["get", "set", "GET", "del", "config", "config|get", "config|set", "config|nope", "select",
         "select|1", "select|2", "object", "object|encoding", "xgroup", "xgroup|create", "client",
         "client|id", "client|list", "acl", "acl|whoami", "multi", "exec", "publish", "subscribe",
         "eval", "sort", "cluster", "cluster|info", "migrate", "debug", "debug|object", "get|a1",
         "nope", "rename", "lpush", "sinterstore", "keys", "dbsize", "ping", "config|get|x", "select|"]
PATTERNS = ["a*", "b*", "a1", "c", "*", "?1", "", "[ab]2"]
RULES = (["on", "on", "nopass", ">pw", ">other", "<pw", "<none", "off", "resetpass", "allkeys", "resetkeys",
          "resetkeys", "allchannels", "resetchannels", "resetchannels", "allcommands", "nocommands",
          "clearselectors", "reset", "sanitize-payload", "skip-sanitize-payload", "ON", "wrong", "",
          "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "#bad", "(on)", "()", "%Z~a"])

# k key, c channel, p channel pattern, m word, s 1 or 2; as in differ_values.py.
FORMS = """
GET k|SET k m|SET k m GET|SET k m NX GET|DEL k k|EXISTS k k|TYPE k|STRLEN k|INCR k|MGET k k k|MSET k m k m
APPEND k m|GETDEL k|GETEX k|RENAME k k|COPY k k|TOUCH k|EXPIRE k 1000|TTL k|PERSIST k|OBJECT ENCODING k
LPUSH k m|LPOP k|LRANGE k 0 -1|LLEN k|LMOVE k k LEFT RIGHT|RPOPLPUSH k k|LMPOP 2 k k LEFT|BLPOP k k 0.001
SADD k m|SMEMBERS k|SCARD k|SISMEMBER k m|SINTERSTORE k k k|SUNION k k|SMOVE k k m|SPOP k 1000|SINTERCARD 2 k k
HSET k m m|HGET k m|HLEN k|HEXISTS k m|HINCRBY k m 1|ZADD k 1 m|ZRANGE k 0 -1|ZCARD k|ZUNIONSTORE k 2 k k
ZUNION 2 k k|ZRANGESTORE k k 0 -1|ZPOPMIN k|ZINCRBY k 1 m|ZDIFF 1 k|GEOADD k 1 2 m|GEOPOS k m
GEORADIUS k 1 2 3 km STORE k|GEORADIUS k 1 2 3 km|GEOSEARCHSTORE k k FROMLONLAT 1 2 BYRADIUS 3 km
SORT k ALPHA|SORT k BY nosort|SORT k BY w*|SORT k ALPHA GET #|SORT k ALPHA STORE k|SORT_RO k ALPHA
XLEN k|XADD k 1-1 m m|XREAD COUNT 1 STREAMS k k 0 0|XGROUP CREATE k g $ MKSTREAM|XREADGROUP GROUP g c STREAMS k >
XRANGE k - +|XDEL k 1-1|XACK k g 1-1|XINFO GROUPS k|XTRIM k MAXLEN 0|WATCH k|UNWATCH|PING|ECHO m|DBSIZE|KEYS a*
SELECT s|SELECT 0|CONFIG GET maxclients|CONFIG SET maxclients 1000|CONFIG NOPE|ACL WHOAMI|ACL USERS|CLIENT GETNAME
PUBLISH c m|SPUBLISH c m|PUBSUB NUMPAT|EVAL return(1) 1 k|EVAL return(1) 0|EVAL_RO return(1) 1 k|EVAL return(1) x k
EVAL return(redis.call('get',ARGV[1])) 0 k|EVAL return(redis.call('publish',ARGV[1],'m')) 0 c
EVAL return(redis.pcall('set',ARGV[1],'1')) 0 k|EVAL return(redis.acl_check_cmd('get',ARGV[1])) 0 k
MULTI|EXEC|DISCARD|GET k m|NOSUCH k|FLUSHALL|OBJECT HELP|SWAPDB 0 0|SCRIPT EXISTS m|LCS k k|RESET
MEMORY USAGE k SAMPLES x|LASTSAVE x|TIME x|WAIT x x|FCALL nofunc 1 k|HELLO 2 AUTH u pw|AUTH u pw|AUTH u none
"""
SUBSCRIBING = ["SUBSCRIBE c c", "SSUBSCRIBE c", "PSUBSCRIBE p"]
UNORDERED = {"SMEMBERS", "SUNION", "KEYS", "SPOP"}


def rule(rng):
    kind = rng.random()
    sign = rng.choice("++-")
    if kind < 0.25:
        return sign + rng.choice(NAMES)
    if kind < 0.45:
        return sign + "@" + rng.choice(CATEGORIES)
    if kind < 0.62:
        return rng.choice(["~", "~", "%R~", "%W~", "%RW~", "%r~", "%~"]) + rng.choice(PATTERNS)
    if kind < 0.7:
        return "&" + rng.choice(["news.*", "chat", "*", "news.1"])
    if kind < 0.78:
        inner = " ".join(rule(rng) for _ in range(rng.randrange(4)))
        return "(" + inner.replace("(", "").replace(")", "") + (")" if rng.random() < 0.95 else "")
    return rng.choice(RULES)


def fill(rng, form):
    words = []
    for word in form.split(" "):
        choices = {"k": KEYS, "c": CHANNELS, "p": ["news.*", "chat", "*"], "m": ["x", "1", "y"],
                   "s": ["1", "2"], "u": USERS}.get(word)
        words.append(rng.choice(choices) if choices else word)
    return words


def telling(text):
    """What ACL LIST tells, with the single commands sorted."""
    words = re.sub(r'([()",\[\]])', r" \1 ", text).split()
    out, run = [], []
    for word in words + ["end"]:
        if word[:1] in "+-" and word[1:2] != "@":
            run.append(word)
        else:
            out += sorted(run) + [word]
            run = []
    return " ".join(out)


def canonical(words, reply):
    name = words[0].upper()
    if isinstance(reply, Error):
        return show(reply)
    if name == "HELLO":
        return "hello"
    if name == "ACL" and words[1] in ("LIST", "GETUSER"):
        return telling(show(reply))
    if name == "ACL" and words[1] == "LOG":
        return [show(item[:-4]) for item in reply]
    if name in UNORDERED and isinstance(reply, list):
        return sorted(show(item) for item in reply)
    if name == "OBJECT" and isinstance(reply, bytes):
        return "encoding"
    return show(reply)


class Pair:
    """The same client at both."""

    def __init__(self, servers):
        self.both = [Connection(server.port) for server in servers]

    def ask(self, words):
        data = [word.encode() for word in words]
        for one in self.both:
            one.send(data)
        return [one.read() for one in self.both]

    def close(self):
        for one in self.both:
            one.socket.close()


def same_categories(admin):
    """Every command that both have must be in the same categories."""
    names = []
    for one in admin.both:
        one.send([b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN", b"*"])
        names.append(set(one.read()))
    common = names[0] & names[1]
    for category in CATEGORIES:
        if category in ("all", "nope"):
            continue
        ours, theirs = [set(reply) & common for reply in admin.ask(["ACL", "CAT", category])]
        if ours != theirs:
            print("category %s: ours alone %s, theirs alone %s" % (category, ours - theirs, theirs - ours))
            return False
    return True


def step_words(rng, forms):
    """Who speaks ("admin" or a user) and what."""
    kind = rng.random()
    if kind < 0.3:
        rules = [rule(rng) for _ in range(rng.choice([1, 1, 2, 3, 6]))]
        start = rng.choice([["reset", "on", ">pw"], [], [], ["on", ">pw"]])
        return "admin", ["ACL", "SETUSER", rng.choice(USERS)] + start + rules
    if kind < 0.36:
        return "admin", ["ACL", "GETUSER", rng.choice(USERS)]
    if kind < 0.4:
        return "admin", rng.choice([["ACL", "LIST"], ["ACL", "USERS"], ["ACL", "LOG", "3"], ["ACL", "LOG", "RESET"],
                                    ["ACL", "DELUSER", rng.choice(USERS)]])
    if kind < 0.6:
        form = rng.choice(forms + SUBSCRIBING)
        return "admin", ["ACL", "DRYRUN", rng.choice(USERS)] + fill(rng, form)
    if kind < 0.62:
        return rng.choice(USERS), fill(rng, rng.choice(SUBSCRIBING))
    return rng.choice(USERS), fill(rng, rng.choice(forms))


def play(options, servers):
    rng = random.Random(options.seed)
    forms = [form for line in FORMS.strip().split("\n") for form in line.split("|")]
    admin, clients, done = Pair(servers), {}, []
    if not same_categories(admin):
        return False
    admin.ask(["CONFIG", "SET", "acllog-max-len", "5"])
    for step in range(options.steps):
        who, words = step_words(rng, forms)
        pair = admin
        if who != "admin":
            if who in clients and words[0].endswith("SUBSCRIBE"):
                clients.pop(who).close()  # never inside MULTI, where the stores differ
            if who not in clients:
                clients[who] = Pair(servers)
                clients[who].ask(["AUTH", who, "pw"])
            pair = clients[who]
        replies = pair.ask(words)
        done.append((who, words))
        if canonical(words, replies[0]) != canonical(words, replies[1]):
            print("seed %d, step %d: %s %s" % (options.seed, step, who, words))
            print("  hansom  %s\n  redis   %s" % (show(replies[0]), show(replies[1])))
            for old in done[-8:-1]:
                print("  after   %s %s" % old)
            print("  rules   %s" % [show(reply) for reply in admin.ask(["ACL", "LIST"])])
            return False
        ended = show(replies[0]) == "(closed)"
        subscribed = isinstance(replies[0], list) and replies[0][:1] in ([b"subscribe"], [b"psubscribe"], [b"ssubscribe"])
        if who != "admin" and (ended or subscribed or words[0] in ("AUTH", "HELLO", "RESET")):
            clients.pop(who).close()
    print("%d random rules and commands: both stores agree (seed %d)" % (options.steps, options.seed))
    return True


def main():
    args = argparse.ArgumentParser(description="random rules for users at both stores")
    args.add_argument("--store", required=True)
    args.add_argument("--peer", default="redis-server")
    args.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    args.add_argument("--steps", type=int, default=20000)
    options = args.parse_args()
    peer = shutil.which(options.peer)
    if not peer:
        print("no %s here: nothing to compare with" % options.peer)
        return 77
    servers = [Server("hansom", options.store, []), Server("redis", peer, [])]
    agreed = False
    try:
        agreed = play(options, servers)
    finally:
        for server in servers:
            if server.stop() is not None:
                agreed = False
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
