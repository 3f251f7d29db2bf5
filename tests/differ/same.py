"""same: when two replies that are not the same bytes still say the same.

Only four things excuse a difference: an order that nobody promises, a draw at random, a clock that
ran on between the two servers, and a form that tells how a value came about. Each is named here by its
command.
"""
from wire import tree


def near(slack):
    """The same, but integers may lie `slack` apart: times are read at two moments."""
    def same(_words, a, b):
        if a[0] == ":" and b[0] == ":":
            return abs(a[1] - b[1]) <= slack and (a[1] < 0) == (b[1] < 0)
        if a[0] != b[0] or isinstance(a[1], list) != isinstance(b[1], list):
            return False
        if not isinstance(a[1], list):
            return a[1] == b[1]
        return len(a[1]) == len(b[1]) and all(same(None, x, y) for x, y in zip(a[1], b[1]))
    return same


def bag(_words, a, b):
    return (a[0] == b[0] and isinstance(a[1], list) and isinstance(b[1], list)
            and sorted(map(repr, a[1])) == sorted(map(repr, b[1])))


def pairs(_words, a, b):
    def paired(items):
        return sorted(repr(items[i:i + 2]) for i in range(0, len(items), 2))
    return (a[0] == b[0] and isinstance(a[1], list) and isinstance(b[1], list)
            and paired(a[1]) == paired(b[1]))


def shape(_words, a, b):
    """A draw at random: as many of the same kind."""
    if a[0] != b[0] or (a[1] is None) != (b[1] is None) or a[0] == "-":
        return False
    return not isinstance(a[1], list) or len(a[1]) == len(b[1])


def kind(_words, a, b):
    return a[0] == b[0] != "-"


def drawn(words, a, b):
    """All of it in any order when the count covers it, else a draw."""
    try:
        all_of_it = len(words) > 2 and int(words[2]) >= 1000
    except ValueError:
        return False
    if not all_of_it:
        return shape(words, a, b)
    return pairs(words, a, b) if len(words) > 3 and a[1] and a[1][0][0] != "*" else bag(words, a, b)


def scored(reply):
    """Members and scores as numbers: Redis writes large ones with an exponent when it holds a small set in
    its large form, as it does after a SORT."""
    return reply[0], [("$", float(item[1])) if i % 2 else item for i, item in enumerate(reply[1])]


def scanned(words, a, b):
    if a[0] != "*" or b[0] != "*" or len(a[1]) != 2 or a[1][0] != b[1][0]:
        return False
    name, ours, theirs = words[0].upper(), a[1][1], b[1][1]
    if name == "ZSCAN":
        return pairs(words, scored(ours), scored(theirs))
    return (pairs if name == "HSCAN" else bag)(words, ours, theirs)


def unsorted(words, a, b):
    """BY leaves elements of equal weights in any order, and those of a set when it names no weight; the locale's
    order ends at a zero byte."""
    upper = [word.upper() for word in words]
    if not ("BY" in upper or ("ALPHA" in upper and "\\x00" in repr((a, b)))):
        return False
    return shape(words, a, b) if "LIMIT" in upper or "GET" in upper else bag(words, a, b)


def encoding(_words, a, b):
    """Of a string Redis remembers how it came about: the sum of INCRBYFLOAT stays text, a copy of
    what grew stays raw; ours only looks at the bytes, and keeps the smaller form. SORT makes Redis
    turn a small sorted set into a large one; ours only reads it."""
    forms = [b"int", b"embstr", b"raw"]
    if a[1] in forms and b[1] in forms:
        return forms.index(a[1]) < forms.index(b[1])
    return (a[1], b[1]) == (b"listpack", b"skiplist")


def executed(_words, a, b):
    """What a transaction answers, where only the encoding of a string may differ."""
    if a[0] != "*" or b[0] != "*" or a[1] is None or b[1] is None or len(a[1]) != len(b[1]):
        return False
    return all(x == y or (x[0] == y[0] == "$" and encoding(None, x, y)) for x, y in zip(a[1], b[1]))


RULES = {
    "EXEC": executed,
    "OBJECT ENCODING": encoding, "OBJECT REFCOUNT": kind,  # Redis shares small numbers
    "TTL": near(2), "PTTL": near(3000), "EXPIRETIME": near(2), "PEXPIRETIME": near(3000),
    "TIME": kind, "LASTSAVE": kind,
    "HGETALL": pairs, "HKEYS": bag, "HVALS": bag, "SMEMBERS": bag, "SINTER": bag, "SUNION": bag,
    "SDIFF": bag, "KEYS": bag, "PUBSUB": bag,
    "HRANDFIELD": drawn, "SRANDMEMBER": drawn, "ZRANDMEMBER": drawn, "SPOP": drawn,
    "RANDOMKEY": shape, "SCAN": scanned, "SSCAN": scanned, "HSCAN": scanned, "ZSCAN": scanned,
    "SORT": unsorted, "SORT_RO": unsorted,
    "XPENDING": near(5000), "XINFO": near(5000),
}


def same(words, ours, theirs, rules):
    if ours == theirs:
        return True
    name = words[0].upper()
    rule = rules.get(" ".join(w.upper() for w in words[:2])) or rules.get(name) or (
        RULES.get(" ".join(w.upper() for w in words[:2])) or RULES.get(name))
    return rule is not None and rule(words, tree(ours), tree(theirs))


def messages(replies):
    """What a listening connection got, without the orders that are nobody's promise: a message
    that fits several patterns comes once for each, and leaving all channels names them in any."""
    events, left = [], []
    for reply in replies:
        kind, value = tree(reply)
        if kind in "*>" and value and value[0][1] in (b"unsubscribe", b"punsubscribe", b"sunsubscribe"):
            left.append(repr(value[1]))
            value = [value[0]] + value[2:]
        events.append(repr((kind, value)))
    return sorted(events), sorted(left)
