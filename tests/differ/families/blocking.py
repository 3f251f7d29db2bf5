"""blocking: who waits on which keys, who is woken in what order and with what."""
COMMON = False
QUEUES = True
POOLS = {"k": ["b1", "b2", "b3", "b4"], "v": ["a", "b", "c", "", "x" * 80]}
FORMS = """
6: RPUSH|LPUSH k v*
4: ZADD k 1|2|3 v
3: XADD k * f v
XADD k 5-1 f v
2: SADD k v
SET k v
3: DEL k
RENAME k k
LMOVE k k LEFT RIGHT
LPOP k
ZPOPMIN k
LRANGE k 0 -1
ZRANGE k 0 -1
LLEN k
TYPE k
COPY k k REPLACE
SORT k ALPHA STORE k
ZUNIONSTORE k 1 k
XGROUP DESTROY k g
XGROUP CREATE k g $ MKSTREAM
MULTI
EXEC
EVAL $push 1 k
SWAPDB 0 1
RPUSHX k v
LINSERT k BEFORE a v
EXPIRE k 100|-1
PERSIST k
FLUSHALL
BLPOP|BRPOP k* 0.002
BZPOPMIN k* 0.002
BLMPOP 0.002 #k LEFT
"""
POOLS["push"] = ["redis.call('RPUSH',KEYS[1],'p1','p2') return 1",
                 "redis.call('RPUSH',KEYS[1],'p1') redis.call('DEL',KEYS[1]) return 2"]
WAITS = """
4: BLPOP|BRPOP k* 0
2: BLMOVE k k LEFT|RIGHT LEFT|RIGHT 0
BRPOPLPUSH k k 0
2: BLMPOP 0 #k LEFT|RIGHT [ COUNT 2 ]
3: BZPOPMIN|BZPOPMAX k* 0
BZMPOP 0 #k MIN|MAX [ COUNT 2 ]
2: XREAD BLOCK 0 STREAMS k $
XREAD BLOCK 0 COUNT 1 STREAMS k k $ 0
2: XREADGROUP GROUP g c BLOCK 0 STREAMS k >
"""


def _plain(words):
    return [w.replace("XADDSTAR", "*") for w in words]


def scenes(draw):
    from words import Draw
    waits = Draw(draw.rng.random(), WAITS, POOLS, mangle=0)
    number = [10]
    rng = draw.rng
    while True:
        steps, waiting, keys = [], [], set()
        if rng.random() < 0.5:
            steps.append((0, ["DEL"] + POOLS["k"]))
        for name in (1, 2, 3, 4)[:rng.randrange(1, 5)]:
            steps.append((name, waits.one(), "waits"))
            waiting.append(name)
            keys.update(word for word in steps[-1][1] if word in POOLS["k"])
            for _ in range(rng.randrange(0, 3)):
                steps += _some(draw, number, keys)
        for _ in range(rng.randrange(0, 4)):
            steps += _some(draw, number, keys)
        steps.append((0, ["EXEC"]))
        for name in waiting:
            how = rng.choice([[], ["TIMEOUT"], ["ERROR"], ["nope"]])
            command = ["CLIENT", "UNBLOCK", "{id%d}" % name]
            steps.append((0, command + how))
            steps.append((0, command))
            steps.append((name, None))
        yield steps


def _some(draw, number, keys):
    """One command more; `keys` are waited for."""
    command = draw.one()
    if command[0] == "SWAPDB" and len(keys) > 1:
        return []  # which of several keys that come at once is looked at first is nobody's promise
    if command[0] == "XADD" and "*" in command:
        number[0] += 1
        command = ["%d-1" % number[0] if w == "*" else w for w in command]
    if "STORE" in command or command[0] == "ZUNIONSTORE":
        # A value put in the place of one of another kind wakes nobody in Redis 7.0.
        return [(0, ["DEL", command[-1] if "STORE" in command else command[1]]), (0, command)]
    return [(0, command)]
