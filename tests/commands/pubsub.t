# Publish and subscribe: channels, patterns, sharded channels, keyspace events.
> PUBLISH ch hello
0
@2 > SUBSCRIBE ch ch2
["subscribe", "ch", 1]
["subscribe", "ch2", 2]
@2 > SUBSCRIBE ch
["subscribe", "ch", 2]
> PUBLISH ch hello
1
@2 <
["message", "ch", "hello"]
@2 > PSUBSCRIBE c* *2
["psubscribe", "c*", 3]
["psubscribe", "*2", 4]
> PUBLISH ch2 x
3
@2 <
["message", "ch2", "x"]
@2 <
["pmessage", *, "ch2", "x"]
@2 <
["pmessage", *, "ch2", "x"]
> PUBLISH other x
0
@2 > GET a
! ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
@2 > PING
["pong", ""]
@2 > PING hi
["pong", "hi"]
@2 > MULTI
! ERR Can't execute 'multi': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
@2 > UNSUBSCRIBE ch missing
["unsubscribe", "ch", 3]
["unsubscribe", "missing", 3]
> PUBSUB CHANNELS
unordered ["ch2"]
> PUBSUB CHANNELS c*
["ch2"]
> PUBSUB CHANNELS x*
[]
> PUBSUB NUMSUB ch ch2
["ch", 0, "ch2", 1]
> PUBSUB NUMSUB
[]
> PUBSUB NUMPAT
2
> PUBSUB NOPE
! ERR unknown subcommand 'NOPE'. Try PUBSUB HELP.
> PUBSUB CHANNELS a b
! ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.
> PUBSUB HELP
[PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, CHANNELS [<pattern>],     Return the currently active channels matching a <pattern> (default: '*')., NUMPAT,     Return number of subscriptions to patterns., NUMSUB [<channel> ...],     Return the number of subscribers for the specified channels, excluding,     pattern subscriptions(default: no channels)., SHARDCHANNELS [<pattern>],     Return the currently active shard level channels matching a <pattern> (default: '*')., SHARDNUMSUB [<shardchannel> ...],     Return the number of subscribers for the specified shard level channel(s), HELP,     Prints this help.]
@2 > PUNSUBSCRIBE c* *2
["punsubscribe", "c*", 2]
["punsubscribe", "*2", 1]
@2 > UNSUBSCRIBE
["unsubscribe", "ch2", 0]
@2 > UNSUBSCRIBE
["unsubscribe", (nil), 0]
@2 > PUNSUBSCRIBE
["punsubscribe", (nil), 0]
@2 > PING
PONG
@2 > SUNSUBSCRIBE
["sunsubscribe", (nil), 0]
# Sharded
@3 > SSUBSCRIBE s{x} t{x}
["ssubscribe", "s{x}", 1]
["ssubscribe", "t{x}", 2]
> SPUBLISH s{x} m
1
@3 <
["smessage", "s{x}", "m"]
> PUBLISH s{x} m
0
> PUBSUB SHARDCHANNELS
unordered ["s{x}", "t{x}"]
> PUBSUB SHARDCHANNELS s*
["s{x}"]
> PUBSUB SHARDNUMSUB s{x} nope
["s{x}", 1, "nope", 0]
@3 > SUBSCRIBE plain
["subscribe", "plain", 1]
@3 > GET a
! ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
@3 > SUNSUBSCRIBE s{x}
["sunsubscribe", "s{x}", 1]
@3 > SUNSUBSCRIBE
["sunsubscribe", "t{x}", 0]
@3 > UNSUBSCRIBE plain
["unsubscribe", "plain", 0]
@3 > GET a
(nil)
# RESP3: messages are pushes, and commands go on
@4 > HELLO 3
*
@4 > SUBSCRIBE ch
>["subscribe", "ch", 1]
> PUBLISH ch three
1
@4 <
>["message", "ch", "three"]
@4 > SET own 1
OK
@4 > PUBLISH ch self
>["message", "ch", "self"]
1
@4 > PSUBSCRIBE *
>["psubscribe", "*", 2]
> PUBLISH ch both
2
@4 <
>["message", "ch", "both"]
@4 <
>["pmessage", "*", "ch", "both"]
@4 > PING
PONG
@4 > UNSUBSCRIBE
>["unsubscribe", "ch", 1]
@4 > PUNSUBSCRIBE
>["punsubscribe", "*", 0]
# Keyspace events
> CONFIG SET notify-keyspace-events KEA
OK
> CONFIG GET notify-keyspace-events
["notify-keyspace-events", "AKE"]
@5 > PSUBSCRIBE __key*
["psubscribe", "__key*", 1]
> SET k v
OK
@5 <
["pmessage", "__key*", "__keyspace@0__:k", "set"]
@5 <
["pmessage", "__key*", "__keyevent@0__:set", "k"]
> LPUSH l a
1
@5 <
["pmessage", "__key*", "__keyspace@0__:l", "lpush"]
@5 <
["pmessage", "__key*", "__keyevent@0__:lpush", "l"]
> CONFIG SET notify-keyspace-events Egx$lshztn
OK
> CONFIG GET notify-keyspace-events
["notify-keyspace-events", "g$lshzxtnE"]
> LPOP l
"a"
@5 <
["pmessage", "__key*", "__keyevent@0__:lpop", "l"]
@5 <
["pmessage", "__key*", "__keyevent@0__:del", "l"]
> EXPIRE k 100
1
@5 <
["pmessage", "__key*", "__keyevent@0__:expire", "k"]
> SET k v PX 1
OK
@5 <
["pmessage", "__key*", "__keyevent@0__:set", "k"]
@5 <
["pmessage", "__key*", "__keyevent@0__:expire", "k"]
? EXISTS k
0
@5 <
["pmessage", "__key*", "__keyevent@0__:expired", "k"]
> HSET h f v
1
@5 <
["pmessage", "__key*", "__keyevent@0__:new", "h"]
@5 <
["pmessage", "__key*", "__keyevent@0__:hset", "h"]
> RENAME h h2
OK
@5 <
["pmessage", "__key*", "__keyevent@0__:new", "h2"]
@5 <
["pmessage", "__key*", "__keyevent@0__:rename_from", "h"]
@5 <
["pmessage", "__key*", "__keyevent@0__:rename_to", "h2"]
> DEL h2
1
@5 <
["pmessage", "__key*", "__keyevent@0__:del", "h2"]
> CONFIG SET notify-keyspace-events nope
! ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
> CONFIG SET notify-keyspace-events ""
OK
> SUBSCRIBE
! ERR wrong number of arguments for 'subscribe' command
> PUBLISH ch
! ERR wrong number of arguments for 'publish' command
> SPUBLISH ch
! ERR wrong number of arguments for 'spublish' command


> HELLO 3
*
> PUBSUB NUMSUB x y
["x", 0, "y", 0]
> PUBSUB SHARDNUMSUB x
["x", 0]
