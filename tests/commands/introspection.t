# What the server says of itself: COMMAND's tables, memory, and what only tools ask for.
> COMMAND DOCS get
["get", *]
> COMMAND DOCS nosuch
[]
> COMMAND DOCS nosuch config|get
["config|get", *]
> COMMAND GETKEYSANDFLAGS GET k
[["k", [RO, access]]]
> COMMAND GETKEYSANDFLAGS SINTERSTORE d a b
[["d", [RW, update]], ["a", [RO, access]], ["b", [RO, access]]]
> COMMAND GETKEYSANDFLAGS SORT a STORE d
[["a", [RO, access]], ["d", [OW, update]]]
> COMMAND GETKEYSANDFLAGS XREAD STREAMS a b 1 2
[["a", [RO, access]], ["b", [RO, access]]]
> COMMAND GETKEYSANDFLAGS NOSUCH a
! ERR Invalid command specified
> COMMAND INFO asking
[["asking", 1, [fast], 0, 0, 0, [@fast, @connection], [], [], []]]
> COMMAND INFO mset
[["mset", -3, [write, denyoom], 1, -1, 2, [@write, @string, @slow], ["request_policy:multi_shard", "response_policy:all_succeeded"], [["flags", [OW, update], "begin_search", ["type", "index", "spec", ["index", 1]], "find_keys", ["type", "range", "spec", ["lastkey", -1, "keystep", 2, "limit", 0]]]], []]]
> COMMAND INFO evalsha_ro
*
> HELLO 3
*
> CONFIG SET notify-keyspace-events 10 proto-max-bulk-len x
! ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
> CONFIG SET timeout 5 notify-keyspace-events 10
! ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
> CONFIG GET timeout
{"timeout": "0"}
> COMMAND INFO module|list slowlog
[["module|list", *, *, *, *, *, *, *, *, *], ["slowlog", *, *, *, *, *, *, *, *, [*, *, *, *]]]
> COMMAND INFO sort_ro
[["sort_ro", -2, ~[readonly, movablekeys], 1, 1, 1, ~[@read, @set, @sortedset, @list, @slow, @dangerous], ~[], ~[{"flags": ~[RO, access], "begin_search": {"type": "index", "spec": {"index": 1}}, "find_keys": {"type": "range", "spec": {"lastkey": 0, "keystep": 1, "limit": 0}}}, {"notes": "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort", "flags": ~[RO, access], "begin_search": {"type": "unknown", "spec": {}}, "find_keys": {"type": "unknown", "spec": {}}}], ~[]]]
> HELLO 2
*
> CONFIG REWRITE
! ERR The server is running without a config file
> BGREWRITEAOF x
! ERR wrong number of arguments for 'bgrewriteaof' command
> CLIENT HELP
*
> MODULE HELP
*
> MODULE LIST x
! ERR wrong number of arguments for 'module|list' command
> MEMORY MALLOC-STATS
*
> MEMORY MALLOC-STATS x
! ERR wrong number of arguments for 'memory|malloc-stats' command
> MEMORY PURGE
OK
> MEMORY STATS
*
> MEMORY STATS x
! ERR wrong number of arguments for 'memory|stats' command
# MONITOR shows what others run, not itself
@2 > MONITOR
OK
> ECHO hello
"hello"
@2 <
*
@2 > RESET
RESET
# What the log alone says is nobody else's to say
%only hansom
> XDELIVER s g c 1 1 0
! ERR*
%only hansom
> XPENDINGSET s g c 1
! ERR*

