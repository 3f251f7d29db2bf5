"""words: draws commands from forms, from a seed.

A family's FORMS has one form a line. In a form a word is

    SET          itself
    k            one lower-case letter, or $name: a draw from that pool (a list, or a function of
                 the random numbers that gives a word or a list of words); itself without one
    NX|XX|m      one of these
    m*           one to three draws
    ?NX          there half of the time
    #k           a count and as many keys; now and then the count lies
    [ … ]        all of it, half of the time
    < … >        all of it, one to three times

"3: " in front makes a form three times as likely. Now and then a word is lost, added or
replaced, so that arity and syntax go wrong in every way there is.
"""
import random

KEYS = ["k%d" % i for i in range(6)] + ["", "k\x00\xff\r\n"]
MEMBERS = ["a", "b", "c", "d", "1", "2", "-7", "300", "70000", "5000000000", "", "x" * 70, "1.5",
           "007", "\xff\x00\r\n", "+5", "-0", "3.0e3", "y" * 44, "z" * 45]
NUMBERS = ["0", "1", "-1", "2", "-2", "3", "5", "10", "-100", "9223372036854775807",
           "-9223372036854775808", "9223372036854775808", "abc", "1.5", "", " 1", "1e3", "nan",
           "inf", "-inf", "0x10", "1 ", "+1", "00", "-0", "3.14159265358979", "1e400", "1e-320"]
# Long past, far away, or none of both: nothing expires while a family plays that is not about it.
TIMES = ["0", "-1", "-100", "100000", "33000000000", "33000000000000", "abc", "", "1.5",
         "9223372036854775807", "-9223372036854775808", "9223372036854775"]
SMALL = ["0", "1", "2", "3", "-1", "-2", "-3", "5", "x", "100", "-100"]
POOLS = {"k": KEYS, "m": MEMBERS, "n": NUMBERS, "s": SMALL, "e": TIMES,
         "d": ["LEFT", "RIGHT", "left", "UP"],
         # Seconds that hardly come twice: GT and LT would compare two clocks else.
         "once": lambda rng: str(rng.randrange(100000, 500000000))}
ODD = ["", "0", "-1", "abc", "NX", "WITHSCORES", "\x00", "9223372036854775807", "COUNT"]

# What every family also plays, so that types, copies and deletions meet.
COMMON = """
DEL k
SET k m
RPUSH k m m
SADD k m
HSET k m m
ZADD k 1 m
XADD k 5-1 f v
TYPE k
3: OBJECT ENCODING k
COPY k k ?REPLACE
RENAME k k
EXPIRE k 100
PERSIST k
EXISTS k k
"""

# Never mangled: a wrong word would make them wait, or make them draw at random.
FRAGILE = {"SPOP", "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "BLPOP", "BRPOP", "BLMOVE", "BLMPOP",
           "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD", "XREADGROUP", "XADD", "HELLO",
           "SCAN", "SSCAN", "HSCAN", "ZSCAN", "SORT", "SORT_RO", "CLIENT", "CONFIG", "DEBUG", "RESET",
           "SUBSCRIBE", "MULTI", "SELECT", "SHUTDOWN", "XCLAIM", "XAUTOCLAIM", "INFO", "XINFO",
           "XPENDING", "WAIT", "RESTORE", "MONITOR", "SAVE", "BGSAVE", "MEMORY", "LATENCY", "QUIT", "FUNCTION", "SCRIPT", "XSETID"}


class Draw:
    def __init__(self, seed, forms, pools=None, mangle=0.03):
        self.rng = random.Random(seed)
        self.pools = dict(POOLS, **(pools or {}))
        self.mangle = mangle
        self.forms, self.odds = [], []
        for line in forms.strip().split("\n"):
            weight, colon, rest = line.partition(": ")
            if not (colon and weight.isdigit()):
                weight, rest = "1", line
            self.forms.append(rest.split(" "))
            self.odds.append(int(weight))

    def pool(self, name):
        source = self.pools.get(name, [name])
        got = source(self.rng) if callable(source) else self.rng.choice(source)
        return got if isinstance(got, list) else [got]

    def word(self, word):
        if "|" in word:
            word = self.rng.choice(word.split("|"))
        if word.startswith("?"):
            return self.word(word[1:]) if self.rng.random() < 0.5 else []
        if word.startswith("#"):
            count = self.rng.choice([1, 2, 2, 3])
            said = count if self.rng.random() < 0.96 else self.rng.randrange(-1, 6)
            return [str(said)] + sum((self.pool(word[1:]) for _ in range(count)), [])
        if word.endswith("*") and len(word) > 1:
            return sum((self.word(word[:-1]) for _ in range(self.rng.choice([1, 1, 2, 3]))), [])
        if word.startswith("$"):
            return self.pool(word[1:])
        if len(word) == 1 and word.islower():
            return self.pool(word)
        return [word]

    def fill(self, form):
        words, at = [], 0
        while at < len(form):
            word = form[at]
            if word in ("[", "<"):
                close = "]" if word == "[" else ">"
                depth, end = 1, at
                while depth > 0:
                    end += 1
                    depth += (form[end] == word) - (form[end] == close)
                times = (self.rng.choice([0, 1]) if word == "["
                         else self.rng.choice([1, 1, 2, 3]))
                for _ in range(times):
                    words += self.fill(form[at + 1:end])
                at = end + 1
                continue
            words += self.word(word)
            at += 1
        return words

    def one(self):
        words = self.fill(self.rng.choices(self.forms, self.odds)[0])
        steady = words[0].upper() in FRAGILE or words[:2] == ["ZADD", "lex"]  # its scores must stay equal
        if self.rng.random() >= self.mangle or steady or len(words) < 2:
            return words
        how = self.rng.randrange(4)
        if how == 0:
            return words[:-1]
        if how == 1:
            return words + self.pool("m")
        if how == 2:
            words[self.rng.randrange(1, len(words))] = self.rng.choice(ODD)
        else:
            words[0] = words[0].lower()
        return words
