"""transactions: MULTI on three connections, queues that go wrong, WATCH and who touches what."""
COMMON = False
QUEUES = True
POOLS = {"k": ["k1", "k2", "k3"], "b": ["0", "1"]}
FORMS = """
4: SET k m
3: INCR k
GET k
DEL k
LPUSH k m
LRANGE k 0 -1
EXPIRE k 100|-1|0
SELECT b
GET
NOSUCH k
SET k m EX x
MULTI
WATCH k
UNWATCH
EXEC
DISCARD
2: EXEC
3: MULTI
2: WATCH k*
RENAME k k
COPY k k REPLACE
MSET k m k m
FLUSHDB
FLUSHALL
SWAPDB 0 1
BLPOP k 0.001
BLMOVE k k LEFT RIGHT 0.001
EVAL $lua 1 k
PING
PERSIST k
MOVE k b
SORT k ALPHA STORE k
SADD k m
ZADD k 1 m
XADD k 5-* a b
XREAD BLOCK 1 STREAMS k $
WAIT 0 0
OBJECT ENCODING k
AUTH x
"""
POOLS["lua"] = ["return redis.call('SET', KEYS[1], 'lua')", "return redis.call('GET', KEYS[1])",
                "return redis.call('NOSUCH')", "return {1,2,{ok='x'},{err='My error'}}"]



def scenes(draw):
    while True:
        steps = []
        for _ in range(20):
            name = draw.rng.choice([0, 0, 1, 2])
            steps += [(name, draw.one()) for _ in range(draw.rng.randrange(1, 5))]
        yield steps
