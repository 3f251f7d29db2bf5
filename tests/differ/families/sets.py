"""sets: of integers and of words, and what is made of several."""
FLAGS = ["--set-max-intset-entries", "8"]
POOLS = {"i": ["1", "2", "3", "-7", "300", "70000", "5000000000", "-9223372036854775808", "9223372036854775807", "12", "13", "14"]}
FORMS = """
4: SADD k i* i*
4: SADD k m*
3: SREM k m|i m|i
SISMEMBER k m|i
SMISMEMBER k m* i*
3: SMEMBERS k
SCARD k
SMOVE k k m|i
3: SINTER|SUNION|SDIFF k*
3: SINTERSTORE|SUNIONSTORE|SDIFFSTORE k k*
2: SINTERCARD #k [ LIMIT s|n ]
SSCAN k 0 COUNT 1000 [ MATCH *|1*|?|[ab] ]
SRANDMEMBER k
SRANDMEMBER k 1000|0|-5|x|-9223372036854775808|3
SPOP k 1000
SPOP k 0
SPOP k x|-1
SORT k ALPHA
"""
