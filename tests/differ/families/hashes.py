"""hashes: fields, counters, scans; small and large."""
FLAGS = ["--hash-max-listpack-entries", "6"]
FORMS = """
6: HSET k < m m|n >
HMSET k < m m >
HSETNX k m m
2: HGET k m
HMGET k m*
2: HGETALL k
HKEYS|HVALS|HLEN k
HSTRLEN|HEXISTS k m
2: HDEL k m*
3: HINCRBY k m n|s
3: HINCRBYFLOAT k m n|s
HRANDFIELD k
HRANDFIELD k 1000|0|-5|3|x ?WITHVALUES
HRANDFIELD k 1000 nope
HSCAN k 0 COUNT 1000 [ MATCH *|a*|[1-5]*|\\* ]
HSCAN k x
HSET k m
"""
