# Keys of any type: existence, names, expiry, copies, scans.
> MSET a 1 b 2 c 3
OK
> EXISTS a b missing a
3
> DEL a missing
1
> UNLINK b
1
> EXISTS a b
0
> DEL
! ERR wrong number of arguments for 'del' command
> TYPE c
string
> TYPE missing
none
> RPUSH l 1
1
> SADD s 1
1
> ZADD z 1 m
1
> HSET h f v
1
> XADD st * f v
*
> TYPE l
list
> TYPE s
set
> TYPE z
zset
> TYPE h
hash
> TYPE st
stream
> TOUCH c l missing
2
> DBSIZE
6
> KEYS *
unordered ["c", "l", "s", "z", "h", "st"]
> KEYS s*
unordered ["s", "st"]
> KEYS [ch]
unordered ["c", "h"]
> KEYS ?
unordered ["c", "l", "s", "z", "h"]
> KEYS none*
[]
> SCAN 0 COUNT 100
["0", *]
> SCAN 0 COUNT 100 TYPE list
["0", ["l"]]
> SCAN 0 COUNT 100 MATCH c*
["0", ["c"]]
> SCAN 0 TYPE nothing COUNT 100
["0", []]
> SCAN abc
! ERR invalid cursor
> SCAN 0 COUNT 0
! ERR syntax error
> SCAN 0 COUNT abc
! ERR value is not an integer or out of range
> SCAN 0 NOPE
! ERR syntax error
> SCAN 0 MATCH
! ERR syntax error
# Expiry
> EXPIRE c 100
1
> TTL c
100
> PERSIST c
1
> PERSIST c
0
> TTL c
-1
> TTL missing
-2
> PTTL missing
-2
> EXPIRE missing 10
0
> EXPIRE c abc
! ERR value is not an integer or out of range
> EXPIRE c 9223372036854775807
! ERR invalid expire time in 'expire' command
> EXPIRE c -9223372036854775807
! ERR invalid expire time in 'expire' command
> PEXPIRE c 9223372036854775807
! ERR invalid expire time in 'pexpire' command
> EXPIRE c 100 NX
1
> EXPIRE c 200 NX
0
> EXPIRE c 50 GT
0
> TTL c
100
> EXPIRE c 150 GT
1
> TTL c
150
> EXPIRE c 500 LT
0
> EXPIRE c 120 LT
1
> TTL c
120
> EXPIRE c 10 NX XX
! ERR NX and XX, GT or LT options at the same time are not compatible
> EXPIRE c 10 GT LT
! ERR GT and LT options at the same time are not compatible
> EXPIRE c 10 NOPE
! ERR Unsupported option NOPE
> PERSIST c
1
> EXPIRE c 10 XX
0
> EXPIRE c 10 GT
0
> EXPIRE c 10 LT
1
> TTL c
10
> EXPIREAT c 33000000000
1
> EXPIRETIME c
33000000000
> PEXPIRETIME c
33000000000000
> PEXPIREAT c 33000000000001
1
> PEXPIRETIME c
33000000000001
> EXPIRETIME c
33000000000
> EXPIRETIME missing
-2
> EXPIRETIME l
-1
> PEXPIRE c 1
1
? EXISTS c
0
> SET c 1
OK
> EXPIRE c -1
1
> EXISTS c
0
> SET c 1
OK
> EXPIREAT c 1
1
> EXISTS c
0
> SET c 1
OK
> PEXPIRE c 0
1
> EXISTS c
0
# Names
> SET src v EX 100
OK
> RENAME src dst
OK
> TTL dst
100
> EXISTS src
0
> RENAME missing x
! ERR no such key
> RENAME dst dst
OK
> RENAMENX dst l
0
> RENAMENX dst fresh
1
> RENAMENX fresh fresh
0
> RENAMENX missing x
! ERR no such key
> GET fresh
"v"
> SET over old
OK
> RENAME fresh over
OK
> GET over
"v"
> TTL over
100
# Copies
> COPY over copy
1
> GET copy
"v"
> TTL copy
100
> COPY over l
0
> COPY over l REPLACE
1
> GET l
"v"
> COPY missing x
0
> COPY over over
! ERR source and destination objects are the same
> COPY over other DB 1
1
> COPY over other DB 99
! ERR DB index is out of range
> COPY over other DB x
! ERR value is not an integer or out of range
> COPY over other NOPE
! ERR syntax error
> SELECT 1
OK
> GET other
"v"
> SELECT 0
OK
> RPUSH list a b c
3
> COPY list list2
1
> RPUSH list2 d
4
> LRANGE list 0 -1
["a", "b", "c"]
> LRANGE list2 0 -1
["a", "b", "c", "d"]
> COPY h h2
1
> HSET h2 g w
1
> HGETALL h
["f", "v"]
> COPY s s2
1
> SADD s2 2
1
> SMEMBERS s
["1"]
> COPY z z2
1
> ZADD z2 5 n
1
> ZRANGE z 0 -1 WITHSCORES
["m", "1"]
# Databases
> MOVE over 2
1
> EXISTS over
0
> MOVE missing 2
0
> MOVE list 0
! ERR source and destination objects are the same
> MOVE list 99
! ERR DB index is out of range
> MOVE list x
! ERR value is not an integer or out of range
> SELECT 2
OK
> TTL over
100
> SELECT 0
OK
> SELECT 16
! ERR DB index is out of range
> SELECT -1
! ERR DB index is out of range
> SELECT x
! ERR value is not an integer or out of range
> SWAPDB 0 2
OK
> GET over
"v"
> SWAPDB 0 2
OK
> SWAPDB 0 99
! ERR DB index is out of range
> SWAPDB x 1
! ERR invalid first DB index
> SWAPDB 0 x
! ERR invalid second DB index
> OBJECT ENCODING list
"quicklist"
> OBJECT ENCODING missing
(nil)
> OBJECT REFCOUNT list
1
> OBJECT IDLETIME list
0
> OBJECT FREQ list
! ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
> OBJECT NOPE list
! ERR unknown subcommand 'NOPE'. Try OBJECT HELP.
> OBJECT
! ERR wrong number of arguments for 'object' command
> OBJECT HELP
[OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, ENCODING <key>,     Return the kind of internal representation used in order to store the value,     associated with a <key>., FREQ <key>,     Return the access frequency index of the <key>. The returned integer is,     proportional to the logarithm of the recent access frequency of the key., IDLETIME <key>,     Return the idle time of the <key>, that is the approximated number of,     seconds elapsed since the last access to the key., REFCOUNT <key>,     Return the number of references of the value associated with the specified,     <key>., HELP,     Prints this help.]
> OBJECT ENCODING h
"listpack"
> OBJECT ENCODING s
"intset"
> OBJECT ENCODING z
"listpack"
> OBJECT ENCODING st
"stream"
> RANDOMKEY
*
> FLUSHDB
OK
> DBSIZE
0
> RANDOMKEY
(nil)
> FLUSHDB ASYNC
OK
> FLUSHALL SYNC
OK
> FLUSHALL NOPE
! ERR syntax error
> SELECT 1
OK
> DBSIZE
0
> SELECT 0
OK
# SORT
> RPUSH nums 3 1 2 10
4
> SORT nums
["1", "2", "3", "10"]
> SORT nums DESC
["10", "3", "2", "1"]
> SORT nums ALPHA
["1", "10", "2", "3"]
> SORT nums LIMIT 1 2
["2", "3"]
> SORT nums LIMIT -1 2
["1", "2"]
> SORT nums LIMIT 0 0
[]
> RPUSH words b a c
3
> SORT words
! ERR One or more scores can't be converted into double
> SORT words ALPHA
["a", "b", "c"]
> SORT words ALPHA DESC
["c", "b", "a"]
> MSET w_1 30 w_2 20 w_3 10 w_10 5
OK
> SORT nums BY w_*
["10", "3", "2", "1"]
> SORT nums BY w_* GET # GET w_* GET none_*
["10", "5", (nil), "3", "10", (nil), "2", "20", (nil), "1", "30", (nil)]
> SORT nums BY nosort
["3", "1", "2", "10"]
> SORT nums BY nosort DESC
["10", "2", "1", "3"]
> HSET o_1 n one w 1
2
> HSET o_2 n two w 3
2
> HSET o_3 n three w 2
2
> SORT nums BY o_*->w GET o_*->n
[(nil), "one", "three", "two"]
# names are bytes, zeros too
> RPUSH zeros "a\x00b" "a\x00c"
2
> MSET "w_a\x00b" 2 "w_a\x00c" 1
OK
> SORT zeros BY w_* GET # GET w_*
["a\x00c", "1", "a\x00b", "2"]
> SORT nums STORE sorted
4
> LRANGE sorted 0 -1
["1", "2", "3", "10"]
> SORT missing
[]
> SORT missing STORE sorted
0
> EXISTS sorted
0
> SORT_RO nums
["1", "2", "3", "10"]
> SORT_RO nums STORE x
! ERR syntax error
> SADD set 3 2 1
3
> SORT set DESC
["3", "2", "1"]
> ZADD zs 1 30 2 20 3 10
3
> SORT zs
["10", "20", "30"]
> SORT zs BY nosort
["30", "20", "10"]
> SORT zs BY nosort DESC
["10", "20", "30"]
> SORT w_1
! WRONGTYPE Operation against a key holding the wrong kind of value
> SORT nums NOPE
! ERR syntax error
> SORT nums LIMIT 1
! ERR syntax error
> SORT nums LIMIT a b
! ERR value is not an integer or out of range

