"""operators: what the log says and operators ask, which tests/differ does not compare: replies that no two
processes share, and files that neither has there."""

COMMON = True
RULES = ["on", "off", ">pw", "<pw", "nopass", "resetpass", "+@all", "-@all", "+get", "-config|set", "+config|get", "~*", "~k*",
         "%R~k*", "%W~", "&*", "&c", "allkeys", "nocommands", "reset", "(+get ~k*)", "clearselectors", "#bad", "x", ""]
POOLS = {"u": ["alice", "bob", "none"], "r": RULES, "i": ["5-1", "6-0", "0", "-", "x", "18446744073709551615-18446744073709551615"],
         "g": ["g", "h"], "c": ["0", "1", "16383", "16384", "-1", "x"], "o": ["1" * 40, "x"],
         "code": ["#!lua name=l1\nredis.register_function('f1', function(k) return redis.call('INCR', k[1]) end)",
                  "#!lua name=l2\nredis.register_function{function_name='f2', callback=function() return 1 end, flags={'no-writes'}}"]}
FORMS = """
3: ACL SETUSER u r*
ACL DRYRUN u GET k
ACL DRYRUN u SET k m
ACL HELP|LOAD|SAVE|LIST|USERS
ACL GETUSER|DELUSER u
ACL LOG ?RESET|1
AUTH u pw|x
BGREWRITEAOF
CONFIG REWRITE
CONFIG SET maxmemory-policy allkeys-lru|allkeys-lfu|volatile-ttl|noeviction|x
CONFIG SET notify-keyspace-events KEA|g|x
CLIENT INFO
INFO ?memory|persistence|commandstats|everything|x
LATENCY DOCTOR
LATENCY HISTOGRAM ?GET|SET|x
LOLWUT ?VERSION|5|6
MEMORY PURGE|STATS
MEMORY USAGE k [ SAMPLES s ]
MODULE HELP
OBJECT IDLETIME|FREQ k
QUIT
SCRIPT DEBUG YES|SYNC|NO|x
SLOWLOG RESET|LEN
4: FUNCTION LOAD REPLACE $code
2: FUNCTION DUMP
FUNCTION RESTORE m ?FLUSH|APPEND|REPLACE
FUNCTION STATS
FCALL f1|f2 1 k
2: XADD k i m m
2: XGROUP CREATE k g 0 MKSTREAM
2: XREADGROUP GROUP g u STREAMS k >
3: XDELIVER k g u 1700000000000 s 0|1|x
3: XPENDINGSET k g u 1700000000000 [ < i 1700000000000 s > ]
CLUSTER ADDSLOTS|DELSLOTS|GETKEYSINSLOT|COUNTKEYSINSLOT|ADDSLOTSRANGE|DELSLOTSRANGE|SETSLOT c c
CLUSTER COUNTKEYSINSLOT|KEYSLOT c
CLUSTER BUMPEPOCH|FAILOVER|FLUSHSLOTS|LINKS|MYID|NODES|RESET|SAVECONFIG|SHARDS|SLOTS|INFO
CLUSTER COUNT-FAILURE-REPORTS|FORGET|REPLICAS|REPLICATE|SLAVES|SET-CONFIG-EPOCH o
CLUSTER MEET 127.0.0.1 c
"""
