# Streams: entries, ranges, trimming, groups.
> XADD s 1-1 a 1 b 2
"1-1"
> XADD s 1-1 a 1
! ERR The ID specified in XADD is equal or smaller than the target stream top item
> XADD s 1-* a 2
"1-2"
> XADD s 0-0 a 1
! ERR The ID specified in XADD must be greater than 0-0
> XADD s 0-1 a 1
! ERR The ID specified in XADD is equal or smaller than the target stream top item
> XADD s 5 a 1 b
! ERR wrong number of arguments for 'xadd' command
> XADD s 5 a 1
"5-0"
> XADD s - a 1
! ERR Invalid stream ID specified as stream command argument
> XADD s + a 1
! ERR Invalid stream ID specified as stream command argument
> XADD s abc a 1
! ERR Invalid stream ID specified as stream command argument
> XADD s 1-2-3 a 1
! ERR Invalid stream ID specified as stream command argument
> XADD s 6-* a 1 b 2 c 3
"6-0"
> XADD s 5-* a 1
! ERR The ID specified in XADD is equal or smaller than the target stream top item
> XADD none nomkstream 1-1 a 1
(nil)
> XADD s nomkstream 7-1 a 1
"7-1"
> XADD s maxlen 3 8-1 a 1
"8-1"
> XLEN s
3
> XADD s maxlen ~ 2 9-1 a 1
"9-1"
> XADD s maxlen = 2 9-2 a 1
"9-2"
> XADD s maxlen -1 9-3 a 1
! ERR The MAXLEN argument must be >= 0.
> XADD s maxlen x 9-3 a 1
! ERR value is not an integer or out of range
> XADD s maxlen ~ 2 limit 0 9-3 a 1
"9-3"
> XADD s maxlen = 2 limit 5 9-4 a 1
! ERR syntax error, LIMIT cannot be used without the special ~ option
> XADD s maxlen 2 limit 5 9-4 a 1
! ERR syntax error, LIMIT cannot be used without the special ~ option
> XADD s maxlen ~ 2 limit -1 9-4 a 1
! ERR The LIMIT argument must be >= 0.
> XADD s limit 5 9-4 a 1
! ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
> XADD s maxlen 2 minid 3 9-4 a 1
! ERR syntax error, MAXLEN and MINID options at the same time are not compatible
> XADD s minid 9-1 9-5 a 1
"9-5"
> XADD s minid x 9-6 a 1
! ERR Invalid stream ID specified as stream command argument
> XADD s minid
! ERR wrong number of arguments for 'xadd' command
> XADD s maxlen 5
! ERR wrong number of arguments for 'xadd' command
> XADD s 10-1
! ERR wrong number of arguments for 'xadd' command
> XADD s 10-1 a
! ERR wrong number of arguments for 'xadd' command
> XADD s * a
! ERR wrong number of arguments for 'xadd' command
> XADD s 18446744073709551615-18446744073709551615 a 1
"18446744073709551615-18446744073709551615"
> XADD s * a 1
! ERR The stream has exhausted the last possible ID, unable to add more items
> XADD s 18446744073709551615-* a 1
! ERR The stream has exhausted the last possible ID, unable to add more items
> XLEN s
5
> DEL s
1
> XADD s 18446744073709551615-18446744073709551614 a 1
"18446744073709551615-18446744073709551614"
> XADD s 18446744073709551615-* a 1
"18446744073709551615-18446744073709551615"
> XADD s * a b
! ERR The stream has exhausted the last possible ID, unable to add more items
> DEL s
1
> XADD s 1-1 a 1
"1-1"
> XADD s 1-2 a 2 b 3
"1-2"
> XADD s 2-0 c 3
"2-0"
> XADD s 3-0 a 4
"3-0"
> XADD s 4-0 a 5
"4-0"
> XRANGE s - +
[["1-1", ["a", "1"]], ["1-2", ["a", "2", "b", "3"]], ["2-0", ["c", "3"]], ["3-0", ["a", "4"]], ["4-0", ["a", "5"]]]
> XRANGE s - + count 2
[["1-1", ["a", "1"]], ["1-2", ["a", "2", "b", "3"]]]
> XRANGE s - + count 0
(nil array)
> XRANGE s - + count -5
(nil array)
> XRANGE s - + count
! ERR syntax error
> XRANGE s - + foo 2
! ERR syntax error
> XRANGE s - + count 2 count 1
[["1-1", ["a", "1"]]]
> XRANGE s (1-1 (4
[["1-2", ["a", "2", "b", "3"]], ["2-0", ["c", "3"]], ["3-0", ["a", "4"]], ["4-0", ["a", "5"]]]
> XRANGE s (1-2 +
[["2-0", ["c", "3"]], ["3-0", ["a", "4"]], ["4-0", ["a", "5"]]]
> XRANGE s 1 1
[["1-1", ["a", "1"]], ["1-2", ["a", "2", "b", "3"]]]
> XRANGE s 2 3
[["2-0", ["c", "3"]], ["3-0", ["a", "4"]]]
> XRANGE s (18446744073709551615-18446744073709551615 +
! ERR invalid start ID for the interval
> XRANGE s - (0-0
! ERR invalid end ID for the interval
> XRANGE s x +
! ERR Invalid stream ID specified as stream command argument
> XRANGE s ( +
! ERR Invalid stream ID specified as stream command argument
> XRANGE nos - +
[]
> XRANGE nos - + count 0
[]
> XREVRANGE s + -
[["4-0", ["a", "5"]], ["3-0", ["a", "4"]], ["2-0", ["c", "3"]], ["1-2", ["a", "2", "b", "3"]], ["1-1", ["a", "1"]]]
> XREVRANGE s + - count 2
[["4-0", ["a", "5"]], ["3-0", ["a", "4"]]]
> XREVRANGE s 3 1-2 count 2
[["3-0", ["a", "4"]], ["2-0", ["c", "3"]]]
> XREVRANGE s (3 (1-1
[["3-0", ["a", "4"]], ["2-0", ["c", "3"]], ["1-2", ["a", "2", "b", "3"]]]
> XREVRANGE nos + -
[]
> SET str x
OK
> XRANGE str - +
! WRONGTYPE Operation against a key holding the wrong kind of value
> XLEN str
! WRONGTYPE Operation against a key holding the wrong kind of value
> XLEN nos
0
> XADD str * a b
! WRONGTYPE Operation against a key holding the wrong kind of value
> XDEL str 1-1
! WRONGTYPE Operation against a key holding the wrong kind of value
> XDEL nos 1-1
0
> XDEL s x
! ERR Invalid stream ID specified as stream command argument
> XDEL s 1-1 x
! ERR Invalid stream ID specified as stream command argument
> XDEL s 1-1 9-9
1
> XDEL s 4-0
1
> XRANGE s - +
[["1-2", ["a", "2", "b", "3"]], ["2-0", ["c", "3"]], ["3-0", ["a", "4"]]]
> XINFO stream s
["length", 3, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "4-0", "max-deleted-entry-id", "4-0", "entries-added", 5, "recorded-first-entry-id", "1-2", "groups", 0, "first-entry", ["1-2", ["a", "2", "b", "3"]], "last-entry", ["3-0", ["a", "4"]]]
> XTRIM s maxlen 2
1
> XTRIM s maxlen = 1
1
> XTRIM s maxlen ~ 0
1
> XTRIM s minid 99
0
> XTRIM s
! ERR wrong number of arguments for 'xtrim' command
> XTRIM s maxlen
! ERR wrong number of arguments for 'xtrim' command
> XTRIM s foo 2
! ERR syntax error
> XTRIM s limit 5
! ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
> XTRIM nos maxlen 2
0
> XTRIM s maxlen 1 limit 3
! ERR syntax error, LIMIT cannot be used without the special ~ option
> XLEN s
0
> XINFO stream s
["length", 0, "radix-tree-keys", 0, "radix-tree-nodes", 1, "last-generated-id", "4-0", "max-deleted-entry-id", "4-0", "entries-added", 5, "recorded-first-entry-id", "0-0", "groups", 0, "first-entry", (nil), "last-entry", (nil)]
> XADD s 4-1 x y
"4-1"
> XSETID s 3-0
! ERR The ID specified in XSETID is smaller than the target stream top item
> XSETID s 5-0
OK
> XSETID s 6-0 entriesadded 100 maxdeletedid 5-0
OK
> XSETID s 6-0 entriesadded 0
! ERR The entries_added specified in XSETID is smaller than the target stream length
> XSETID s 6-0 entriesadded -1
! ERR entries_added must be positive
> XSETID s 6-0 entriesadded x
! ERR value is not an integer or out of range
> XSETID s 6-0 maxdeletedid 9-0
! ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
> XSETID s 6-0 foo
! ERR syntax error
> XSETID s 6-0 foo bar
! ERR syntax error
> XSETID nos 1-1
! ERR no such key
> XINFO stream s
["length", 1, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "6-0", "max-deleted-entry-id", "5-0", "entries-added", 100, "recorded-first-entry-id", "4-1", "groups", 0, "first-entry", ["4-1", ["x", "y"]], "last-entry", ["4-1", ["x", "y"]]]
> TYPE s
stream
> OBJECT encoding s
"stream"
> EXISTS s
1
> XADD s 6-0 a b
! ERR The ID specified in XADD is equal or smaller than the target stream top item
> XADD s 7-0 a b
"7-0"
# groups
> DEL s
1
> XGROUP create s g 0
! ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
> XGROUP create s g 0 mkstream
OK
> XGROUP create s g 0 mkstream
! BUSYGROUP Consumer Group name already exists
> XGROUP create s g $
! BUSYGROUP Consumer Group name already exists
> XGROUP create s g2 $ entriesread 5
OK
> XGROUP create s g3 x
! ERR Invalid stream ID specified as stream command argument
> XGROUP create s g3 0 entriesread -2
! ERR value for ENTRIESREAD must be positive or -1
> XGROUP create s g3 0 entriesread x
! ERR value is not an integer or out of range
> XGROUP create s g3 0 foo
! ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.
> XGROUP create s
! ERR wrong number of arguments for 'xgroup|create' command
> XGROUP create s g
! ERR wrong number of arguments for 'xgroup|create' command
> XGROUP foo
! ERR unknown subcommand 'foo'. Try XGROUP HELP.
> XGROUP
! ERR wrong number of arguments for 'xgroup' command
> XGROUP setid s nog 0
! NOGROUP No such consumer group 'nog' for key name 's'
> XGROUP setid s g2 0 entriesread 1
OK
> XGROUP setid s g2 0 mkstream
! ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.
> XGROUP setid nos g 0
! ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
> XGROUP destroy nos g
! ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
> XGROUP destroy s nog
0
> XGROUP destroy s g2
1
> XGROUP createconsumer s g c1
1
> XGROUP createconsumer s g c1
0
> XGROUP createconsumer s nog c1
! NOGROUP No such consumer group 'nog' for key name 's'
> XGROUP delconsumer s g nope
0
> XGROUP delconsumer s nog nope
! NOGROUP No such consumer group 'nog' for key name 's'
> XGROUP create str g 0 mkstream
! WRONGTYPE Operation against a key holding the wrong kind of value
> XADD s 1-0 a 1
"1-0"
> XADD s 2-0 a 2
"2-0"
> XADD s 3-0 b 3
"3-0"
> XADD s 4-0 b 3
"4-0"
> XINFO groups s
[["name", "g", "consumers", 1, "pending", 0, "last-delivered-id", "0-0", "entries-read", (nil), "lag", 4]]
> XREADGROUP group g c1 count 2 streams s >
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]]]]]
> XREADGROUP group g c2 count 1 streams s >
[["s", [["3-0", ["b", "3"]]]]]
> XINFO groups s
[["name", "g", "consumers", 2, "pending", 3, "last-delivered-id", "3-0", "entries-read", 3, "lag", 1]]
> XREADGROUP group g c1 streams s 0
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]]]]]
> XREADGROUP group g c1 count 1 streams s 0
[["s", [["1-0", ["a", "1"]]]]]
> XREADGROUP group g c2 streams s 0
[["s", [["3-0", ["b", "3"]]]]]
> XREADGROUP group g c3 streams s 0
[["s", []]]
> XREADGROUP group g c1 streams s 1-0
[["s", [["2-0", ["a", "2"]]]]]
> XREADGROUP group g c2 noack streams s >
[["s", [["4-0", ["b", "3"]]]]]
> XREADGROUP group g c2 noack streams s >
(nil array)
> XPENDING s g
[3, "1-0", "3-0", [["c1", "2"], ["c2", "1"]]]
> XPENDING s g - + 10
[["1-0", "c1", *, 3], ["2-0", "c1", *, 3], ["3-0", "c2", *, 2]]
> XPENDING s g - + 10 c1
[["1-0", "c1", *, 3], ["2-0", "c1", *, 3]]
> XPENDING s g - + 10 c9
[]
> XPENDING s g - + 0
[]
> XPENDING s g - + -1
[]
> XPENDING s g - + x
! ERR value is not an integer or out of range
> XPENDING s g - +
! ERR syntax error
> XPENDING s g idle 0 - + 10
[["1-0", "c1", *, 3], ["2-0", "c1", *, 3], ["3-0", "c2", *, 2]]
> XPENDING s g idle 100000 - + 10
[]
> XPENDING s g idle 0 - +
! ERR syntax error
> XPENDING s g (1-0 3 10
[["2-0", "c1", *, 3], ["3-0", "c2", *, 2]]
> XPENDING s g x 3 10
! ERR Invalid stream ID specified as stream command argument
> XPENDING nos g
! NOGROUP No such key 'nos' or consumer group 'g'
> XPENDING s nog
! NOGROUP No such key 's' or consumer group 'nog'
> XPENDING str g
! WRONGTYPE Operation against a key holding the wrong kind of value
> XACK s g 1-0 9-9
1
> XACK s g 1-0
0
> XACK s nog 1-0
0
> XACK nos g 1-0
0
> XACK str g 1-0
! WRONGTYPE Operation against a key holding the wrong kind of value
> XACK s g x
! ERR Invalid stream ID specified as stream command argument
> XPENDING s g
[2, "2-0", "3-0", [["c1", "1"], ["c2", "1"]]]
> XINFO groups s
[["name", "g", "consumers", 3, "pending", 2, "last-delivered-id", "4-0", "entries-read", 4, "lag", 0]]
> XINFO consumers s nog
! NOGROUP No such consumer group 'nog' for key name 's'
> XINFO consumers nos g
! ERR no such key
> XINFO groups nos
! ERR no such key
> XINFO stream nos
! ERR no such key
> XINFO groups str
! WRONGTYPE Operation against a key holding the wrong kind of value
> XINFO foo s
! ERR unknown subcommand 'foo'. Try XINFO HELP.
> XINFO stream s full bar
! ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.
> XINFO stream s full count
! ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.
> XINFO stream s foo
! ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.
> XINFO stream s full count x
! ERR value is not an integer or out of range
> XREADGROUP group g c1 streams s
! ERR wrong number of arguments for 'xreadgroup' command
> XREADGROUP group g c1 streams s $
! ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.
> XREADGROUP group g c1 streams s x
! ERR Invalid stream ID specified as stream command argument
> XREADGROUP group g c1 count x streams s >
! ERR value is not an integer or out of range
> XREADGROUP group nog c1 streams s >
! NOGROUP No such key 's' or consumer group 'nog' in XREADGROUP with GROUP option
> XREADGROUP group g c1 streams nos >
! NOGROUP No such key 'nos' or consumer group 'g' in XREADGROUP with GROUP option
> XREADGROUP group g c1 block x streams s >
! ERR timeout is not an integer or out of range
> XREADGROUP group g c1 block -1 streams s >
! ERR timeout is negative
> XREADGROUP group g c1 foo streams s >
! ERR syntax error
> XREADGROUP streams s s s >
! ERR wrong number of arguments for 'xreadgroup' command
> XREADGROUP count 1 noack streams s >
! ERR Missing GROUP option for XREADGROUP
> XREAD streams s >
! ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
> XREAD streams s $
(nil array)
> XREAD count 2 streams s 0
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]]]]]
> XREAD count 2 streams s s 0 2-0
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]]]], ["s", [["3-0", ["b", "3"]], ["4-0", ["b", "3"]]]]]
> XREAD streams s nos 0 0
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]], ["3-0", ["b", "3"]], ["4-0", ["b", "3"]]]]]
> XREAD streams s
! ERR wrong number of arguments for 'xread' command
> XREAD streams s s 0
! ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.
> XREAD group g c streams s 0
! ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
> XREAD noack streams s 0
! ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
> XREAD count -1 streams s 0
[["s", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]], ["3-0", ["b", "3"]], ["4-0", ["b", "3"]]]]]
> XREAD foo streams s 0
! ERR syntax error
> XREAD streams str 0
! WRONGTYPE Operation against a key holding the wrong kind of value
> XREAD block 1 streams s $
(nil array)
> XREAD block 1 streams nos $
(nil array)
> XREADGROUP group g c1 block 1 streams s >
(nil array)

