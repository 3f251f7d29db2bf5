# Streams: claims, counters, RESP3, clients that wait.
> XREADGROUP group g c streams a b c
! ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.
> XADD s 1-0 a 1
"1-0"
> XADD s 2-0 a 2
"2-0"
> XADD s 3-0 b 3
"3-0"
> XADD s 4-0 b 3
"4-0"
> XADD s 5-0 b 3
"5-0"
> XGROUP create s g 0
OK
> XREADGROUP group g c1 count 4 streams s >
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]], ["3-0", ["b", "3"]], ["4-0", ["b", "3"]]]]]
> XCLAIM s g c2 0 1-0
[["1-0", ["a", "1"]]]
> XCLAIM s g c2 0 1-0 2-0 9-0 justid
["1-0", "2-0"]
> XCLAIM s g c2 100000 1-0
[]
> XCLAIM s g c2 x 1-0
! ERR Invalid min-idle-time argument for XCLAIM
> XCLAIM s g c2 -5 1-0
[["1-0", ["a", "1"]]]
> XCLAIM s nog c2 0 1-0
! NOGROUP No such key 's' or consumer group 'nog'
> XCLAIM nos g c2 0 1-0
! NOGROUP No such key 'nos' or consumer group 'g'
> XCLAIM s g c2 0 1-0 foo
! ERR Unrecognized XCLAIM option 'foo'
> XCLAIM s g c2 0 foo
! ERR Unrecognized XCLAIM option 'foo'
> XCLAIM s g c2 0 1-0 idle x
! ERR Invalid IDLE option argument for XCLAIM
> XCLAIM s g c2 0 1-0 time x
! ERR Invalid TIME option argument for XCLAIM
> XCLAIM s g c2 0 1-0 retrycount x
! ERR Invalid RETRYCOUNT option argument for XCLAIM
> XCLAIM s g c2 0 1-0 lastid x
! ERR Invalid stream ID specified as stream command argument
> XCLAIM s g c2 0 1-0 idle
! ERR Unrecognized XCLAIM option 'idle'
> XCLAIM s g c2 0 1-0 idle 5000000 retrycount 7 justid
["1-0"]
> XPENDING s g - + 10
[["1-0", "c2", *, 7], ["2-0", "c2", *, 1], ["3-0", "c1", *, 1], ["4-0", "c1", *, 1]]
> XPENDING s g idle 1000000 - + 10 c9
[]
> XCLAIM s g c3 0 5-0
[]
> XCLAIM s g c3 0 5-0 force
[["5-0", ["b", "3"]]]
> XCLAIM s g c3 0 5-0 force justid
["5-0"]
> XCLAIM s g c3 0 1-0 lastid 9-0
[["1-0", ["a", "1"]]]
# The lag counts what is there; Redis 7.0 cannot tell, or counts what was deleted.
%only redis
> XINFO groups s
[["name", "g", "consumers", 3, "pending", 5, "last-delivered-id", "9-0", "entries-read", 4, "lag", 1]]
%only hansom
> XINFO groups s
[["name", "g", "consumers", 3, "pending", 5, "last-delivered-id", "9-0", "entries-read", 4, "lag", 0]]
> XCLAIM s g c4 0 99-0
[]
> XINFO consumers s nog
! NOGROUP No such consumer group 'nog' for key name 's'
> XDEL s 2-0
1
> XDEL s 3-0
1
> XCLAIM s g c4 0 2-0
[]
> XPENDING s g
[4, "1-0", "5-0", [["c1", "2"], ["c3", "2"]]]
> XAUTOCLAIM s g c5 0 0
["0-0", [["1-0", ["a", "1"]], ["4-0", ["b", "3"]], ["5-0", ["b", "3"]]], ["3-0"]]
> XPENDING s g
[3, "1-0", "5-0", [["c5", "3"]]]
> XAUTOCLAIM s g c5 0 0 count 1
["4-0", [["1-0", ["a", "1"]]], []]
> XAUTOCLAIM s g c5 0 2-0 count 1 justid
["5-0", ["4-0"], []]
> XAUTOCLAIM s g c5 0 (1-0 count 1 justid
["5-0", ["4-0"], []]
> XAUTOCLAIM s g c5 0 (18446744073709551615-18446744073709551615
! ERR invalid start ID for the interval
> XAUTOCLAIM s g c5 100000 0
["0-0", [], []]
> XAUTOCLAIM s g c5 x 0
! ERR Invalid min-idle-time argument for XAUTOCLAIM
> XAUTOCLAIM s g c5 0 x
! ERR Invalid stream ID specified as stream command argument
> XAUTOCLAIM s g c5 0 0 count 0
! ERR COUNT must be > 0
> XAUTOCLAIM s g c5 0 0 count x
! ERR COUNT must be > 0
> XAUTOCLAIM s g c5 0 0 count
! ERR syntax error
> XAUTOCLAIM s g c5 0 0 foo
! ERR syntax error
> XAUTOCLAIM s nog c5 0 0
! NOGROUP No such key 's' or consumer group 'nog'
> XAUTOCLAIM nos g c5 0 0
! NOGROUP No such key 'nos' or consumer group 'g'
> XAUTOCLAIM s g c5 0 -
["0-0", [["1-0", ["a", "1"]], ["4-0", ["b", "3"]], ["5-0", ["b", "3"]]], []]
> XAUTOCLAIM s g c5 0 +
["0-0", [], []]
> XAUTOCLAIM s g newc 100000 0
["0-0", [], []]
> XGROUP delconsumer s g c5
3
> XPENDING s g
[0, (nil), (nil), (nil array)]
> HELLO 3
*
%only redis
> XINFO groups s
[{"name": "g", "consumers": 3, "pending": 0, "last-delivered-id": "9-0", "entries-read": 4, "lag": 1}]
%only hansom
> XINFO groups s
[{"name": "g", "consumers": 3, "pending": 0, "last-delivered-id": "9-0", "entries-read": 4, "lag": 0}]
> XREAD streams s 0
{"s": [["1-0", ["a", "1"]], ["4-0", ["b", "3"]], ["5-0", ["b", "3"]]]}
> XREAD streams nos 0
(nil)
> XRANGE s - + count 0
(nil)
> XREADGROUP group g c streams s >
(nil)
> XREADGROUP group g c streams s 0
{"s": []}
> XADD s 10-0 f v
"10-0"
> XREADGROUP group g c streams s >
{"s": [["10-0", ["f", "v"]]]}
> XREADGROUP group g c streams s 0
{"s": [["10-0", ["f", "v"]]]}
> XDEL s 10-0
1
> XREADGROUP group g c streams s 0
{"s": [["10-0", (nil)]]}
> XAUTOCLAIM s g c5 0 0
["0-0", [], ["10-0"]]
> HELLO 2
*
# lag and counters
> DEL t
0
> XADD t 1-0 a 1
"1-0"
> XADD t 2-0 a 1
"2-0"
> XADD t 3-0 a 1
"3-0"
> XGROUP create t a 0
OK
> XGROUP create t b $
OK
> XGROUP create t c 2-0
OK
> XGROUP create t d 1-0 entriesread 1
OK
%only redis
> XINFO groups t
[["name", "a", "consumers", 0, "pending", 0, "last-delivered-id", "0-0", "entries-read", (nil), "lag", 3], ["name", "b", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", (nil), "lag", 0], ["name", "c", "consumers", 0, "pending", 0, "last-delivered-id", "2-0", "entries-read", (nil), "lag", (nil)], ["name", "d", "consumers", 0, "pending", 0, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2]]
%only hansom
> XINFO groups t
[["name", "a", "consumers", 0, "pending", 0, "last-delivered-id", "0-0", "entries-read", (nil), "lag", 3], ["name", "b", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", (nil), "lag", 0], ["name", "c", "consumers", 0, "pending", 0, "last-delivered-id", "2-0", "entries-read", (nil), "lag", 1], ["name", "d", "consumers", 0, "pending", 0, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2]]
> XREADGROUP group a x count 1 streams t >
[["t", [["1-0", ["a", "1"]]]]]
%only redis
> XINFO groups t
[["name", "a", "consumers", 1, "pending", 1, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2], ["name", "b", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", (nil), "lag", 0], ["name", "c", "consumers", 0, "pending", 0, "last-delivered-id", "2-0", "entries-read", (nil), "lag", (nil)], ["name", "d", "consumers", 0, "pending", 0, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2]]
%only hansom
> XINFO groups t
[["name", "a", "consumers", 1, "pending", 1, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2], ["name", "b", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", (nil), "lag", 0], ["name", "c", "consumers", 0, "pending", 0, "last-delivered-id", "2-0", "entries-read", (nil), "lag", 1], ["name", "d", "consumers", 0, "pending", 0, "last-delivered-id", "1-0", "entries-read", 1, "lag", 2]]
> XREADGROUP group a x count 1 streams t >
[["t", [["2-0", ["a", "1"]]]]]
> XREADGROUP group c x count 1 streams t >
[["t", [["3-0", ["a", "1"]]]]]
> XREADGROUP group d x count 1 streams t >
[["t", [["2-0", ["a", "1"]]]]]
> XINFO groups t
[["name", "a", "consumers", 1, "pending", 2, "last-delivered-id", "2-0", "entries-read", 2, "lag", 1], ["name", "b", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", (nil), "lag", 0], ["name", "c", "consumers", 1, "pending", 1, "last-delivered-id", "3-0", "entries-read", 3, "lag", 0], ["name", "d", "consumers", 1, "pending", 1, "last-delivered-id", "2-0", "entries-read", 2, "lag", 1]]
> XTRIM t maxlen 1
2
> XREADGROUP group d x count 1 streams t >
[["t", [["3-0", ["a", "1"]]]]]
> XADD t 9-0 a 1
"9-0"
> XREADGROUP group b x count 1 streams t >
[["t", [["9-0", ["a", "1"]]]]]
> XINFO groups t
[["name", "a", "consumers", 1, "pending", 2, "last-delivered-id", "2-0", "entries-read", 2, "lag", 2], ["name", "b", "consumers", 1, "pending", 1, "last-delivered-id", "9-0", "entries-read", 4, "lag", 0], ["name", "c", "consumers", 1, "pending", 1, "last-delivered-id", "3-0", "entries-read", 3, "lag", 1], ["name", "d", "consumers", 1, "pending", 2, "last-delivered-id", "3-0", "entries-read", 3, "lag", 1]]
> XGROUP setid t a 0
OK
> XREADGROUP group a x count 5 streams t >
[["t", [["3-0", ["a", "1"]], ["9-0", ["a", "1"]]]]]
> XPENDING t a
[4, "1-0", "9-0", [["x", "4"]]]
> XGROUP destroy t a
1
> EXISTS t
1
# copy
> COPY t t2
1
> XINFO groups t2
[["name", "b", "consumers", 1, "pending", 1, "last-delivered-id", "9-0", "entries-read", 4, "lag", 0], ["name", "c", "consumers", 1, "pending", 1, "last-delivered-id", "3-0", "entries-read", 3, "lag", 1], ["name", "d", "consumers", 1, "pending", 2, "last-delivered-id", "3-0", "entries-read", 3, "lag", 1]]
> XINFO stream t2
["length", 2, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "9-0", "max-deleted-entry-id", "0-0", "entries-added", 4, "recorded-first-entry-id", "3-0", "groups", 3, "first-entry", ["3-0", ["a", "1"]], "last-entry", ["9-0", ["a", "1"]]]
> XPENDING t2 b
[1, "9-0", "9-0", [["x", "1"]]]
> RENAME t2 t3
OK
> XLEN t3
2
# multi
> MULTI
OK
> XADD m 1-1 a b
QUEUED
> XREAD block 0 streams m $
QUEUED
> XREADGROUP group g c block 0 streams m >
QUEUED
> EXEC
["1-1", (nil array), ! NOGROUP No such key 'm' or consumer group 'g' in XREADGROUP with GROUP option]
# xread $ on missing
> XREAD count 1 block 1 streams zz $
(nil array)
> XINFO help
[XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, CONSUMERS <key> <groupname>,     Show consumers of <groupname>., GROUPS <key>,     Show the stream consumer groups., STREAM <key> [FULL [COUNT <count>],     Show information about the stream., HELP,     Prints this help.]
> XGROUP help
[XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, CREATE <key> <groupname> <id|$> [option],     Create a new consumer group. Options are:,     * MKSTREAM,       Create the empty stream if it does not exist.,     * ENTRIESREAD entries_read,       Set the group's entries_read counter (internal use)., CREATECONSUMER <key> <groupname> <consumer>,     Create a new consumer in the specified group., DELCONSUMER <key> <groupname> <consumer>,     Remove the specified consumer., DESTROY <key> <groupname>,     Remove the specified group., SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read],     Set the current group ID and entries_read counter., HELP,     Prints this help.]
# blocking
@2 > XREAD block 0 streams bs $
(blocked)
@3 > XREAD block 0 count 1 streams bs bs2 0 0
(blocked)
> XADD bs 1-0 a 1
"1-0"
@2 <
[["bs", [["1-0", ["a", "1"]]]]]
@3 <
[["bs", [["1-0", ["a", "1"]]]]]
> XGROUP create bs g $
OK
@2 > XREADGROUP group g c1 block 0 streams bs >
(blocked)
> XADD bs 2-0 a 1
"2-0"
@2 <
[["bs", [["2-0", ["a", "1"]]]]]
@2 > XREADGROUP group g c1 block 0 streams bs >
(blocked)
@3 > XREADGROUP group g c2 block 0 streams bs >
(blocked)
> XADD bs 3-0 a 1
"3-0"
@2 <
[["bs", [["3-0", ["a", "1"]]]]]
> XADD bs 4-0 a 1
"4-0"
@3 <
[["bs", [["4-0", ["a", "1"]]]]]
@2 > XREADGROUP group g c1 block 0 streams bs >
(blocked)
> XGROUP destroy bs g
1
@2 <
! NOGROUP the consumer group this client was blocked on no longer exists
> XGROUP create bs g $
OK
@2 > XREADGROUP group g c1 block 0 streams bs >
(blocked)
> DEL bs
1
@2 <
! UNBLOCKED the stream key no longer exists
> XGROUP create bs g $ mkstream
OK
@2 > XREADGROUP group g c1 block 0 streams bs >
(blocked)
> SET bs x
OK
@2 <
! UNBLOCKED the stream key no longer exists
> DEL bs
1
@2 > XREAD block 0 streams bs $
(blocked)
> SET bs x
OK
> DEL bs
1
> XADD bs 1-1 a b
"1-1"
@2 <
[["bs", [["1-1", ["a", "b"]]]]]
@2 > XREAD block 0 streams bs $
(blocked)
> XADD bs 1-2 a b
"1-2"
@2 <
[["bs", [["1-2", ["a", "b"]]]]]
@2 > XREAD block 30 streams bs $
(blocked)
@2 <
(nil array)
@2 > XREAD block 0 streams bs bs2 $ $
(blocked)
> MULTI
OK
> XADD bs 5-1 a b
QUEUED
> XADD bs2 5-1 a b
QUEUED
> EXEC
["5-1", "5-1"]
@2 <
*
# SETID takes the ends of the range, CREATE does not
> XADD ends 1-1 f v
"1-1"
> XGROUP CREATE ends g -
! ERR Invalid stream ID specified as stream command argument
> XGROUP CREATE ends g 0
OK
> XGROUP SETID ends g +
OK
> XREADGROUP GROUP g c STREAMS ends >
(nil array)
> XGROUP SETID ends g -
OK
> XREADGROUP GROUP g c STREAMS ends >
[["ends", [["1-1", ["f", "v"]]]]]
# Whatever count ENTRIESREAD gives, reading on is well
> XGROUP SETID ends g 0 ENTRIESREAD 9223372036854775807
OK
> XREADGROUP GROUP g c STREAMS ends >
[["ends", [["1-1", ["f", "v"]]]]]
