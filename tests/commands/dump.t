# DUMP and RESTORE: a payload of one store is a value at the other.
> SET n 100
OK
> DUMP n
"\x00\xc0d\n\x00\x87)\x951`\x0e\x8d\xb3"
> SET s hello
OK
> DUMP s
"\x00\x05hello\n\x00cr\xdfve4 \n"
> SET i -30000
OK
> DUMP i
"\x00\xc1\xd0\x8a\n\x00\xd5|\xb0\x19\xa3\xf8]\x10"
> SET big 2147483648
OK
> DUMP big
"\x00\n2147483648\n\x00\xe7\xb1)\xa3L\x1dv\xee"
> DUMP missing
(nil)
> RESTORE n2 0 "\x00\xc0\x64\x0a\x00\x01\x02\x03\x04\x05\x06\x07\x08"
! ERR DUMP payload version or checksum are wrong
> RPUSH l a b 3
3
> RESTORE l 0 x
! BUSYKEY Target key name already exists.
> RESTORE l -1 x
! BUSYKEY Target key name already exists.
> RESTORE l x x REPLACE
! ERR value is not an integer or out of range
> RESTORE l -1 x REPLACE
! ERR Invalid TTL value, must be >= 0
> RESTORE l 0 x REPLACE
! ERR DUMP payload version or checksum are wrong
> RESTORE new 0 ""
! ERR DUMP payload version or checksum are wrong
> RESTORE new 0 x NONSENSE
! ERR syntax error
> RESTORE new 0 x IDLETIME
! ERR syntax error
> RESTORE new 0 x IDLETIME x
! ERR value is not an integer or out of range
> RESTORE new 0 x IDLETIME -1
! ERR Invalid IDLETIME value, must be >= 0
> RESTORE new 0 x FREQ 256
! ERR Invalid FREQ value, must be >= 0 and <= 255
> RESTORE new 0 x FREQ 1 IDLETIME 1
! ERR syntax error
> RESTORE new
! ERR wrong number of arguments for 'restore' command
> EXISTS new
0
# a string
> RESTORE plain 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
OK
> GET plain
"hello"
> RESTORE plain 0 x
! BUSYKEY Target key name already exists.
# a compressed string
> RESTORE lzf 0 "\x00\xc3\x0e@\xc8\x01aa\xe0Y\x00\x00b\xe0X\x00\x01bb\n\x00\xc8\xce,\x8dZ\xb2|\xb4"
OK
> GET lzf
"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
# a list, of a listpack
> RESTORE list 0 "\x12\x01\x02\xc3:@|\x1b|\x00\x00\x00\n\x00\x81a\x02\x01\x01\xdf\xf9\x02\xc1,\x02\xf2p\x11\x01\x04\xf4\x00\xf2\x05*\x01 \x1a\x03\t\xe0Fx\xe0<\x00\x01H\xf4 M@\x00\n\x80\t\xf2\x00\xee\x85\x04\xcf\xa0\x02\xff\n\x00\x0b\x02,\xbd\xc0\xb2\xa9g"
OK
> LRANGE list 0 -1
["a", "1", "-7", "300", "70000", "5000000000", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "-9223372036854775808", "-8000000", "4000"]
# a list of several nodes
> RESTORE list2 0 "\x12\x03\x02\r\r\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff\x02\x0c\x0c\x00\x00\x00\x02\x00\x81c\x02\x01\x01\xff\x02\t\t\x00\x00\x00\x01\x00\x02\x01\xff\n\x00\xde\x90\x00\xa3u\xbd\xb3H"
OK
> LRANGE list2 0 -1
["a", "b", "c", "1", "2"]
# a set of integers
> RESTORE ints 0 "\x0b\x18\x04\x00\x00\x00\x04\x00\x00\x00\xfd\xff\xff\xff\x01\x00\x00\x00\x02\x00\x00\x00p\x11\x01\x00\n\x00\x15\xefc{\x14\x0f\xcdd"
OK
> SMEMBERS ints
["-3", "1", "2", "70000"]
> OBJECT ENCODING ints
"intset"
# a set
> RESTORE words 0 "\x02\x01\x01a\n\x00b\x96\xe9~D\xd2\x1am"
OK
> SMEMBERS words
["a"]
> OBJECT ENCODING words
"hashtable"
# a small hash
> RESTORE hash 0 "\x10\x11\x11\x00\x00\x00\x04\x00\x81f\x02\x81v\x02\x02\x01\x03\x01\xff\n\x00\x12\xa0S\xa9\xfe\x08\x00\t"
OK
> HGETALL hash
["f", "v", "2", "3"]
> OBJECT ENCODING hash
"listpack"
# a large hash
> RESTORE hash2 0 "\x04\x01\x01f\xc3\t@P\x01vv\xe0C\x00\x01vv\n\x00^+\x0e\xf1x\xbf\x0c\x14"
OK
> HGETALL hash2
["f", "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"]
> OBJECT ENCODING hash2
"hashtable"
# a small sorted set
> RESTORE zset 0 "\x11\x1d\x1d\x00\x00\x00\x06\x00\x81c\x02\x84-inf\x05\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xff\n\x009\x923\x9b\xe1\x1f2="
OK
> ZRANGE zset 0 -1 WITHSCORES
["c", "-inf", "a", "1", "b", "2.5"]
> OBJECT ENCODING zset
"listpack"
# a large sorted set
> RESTORE zset2 0 "\x05\x02\x01b\x00\x00\x00\x00\x00\x00\xf0\x7f\xc3\t@P\x01aa\xe0C\x00\x01aa\x00\x00\x00\x00\x00\x00\xf8?\n\x00=\x1e\x8a\xa4\xab\x1a\x16\x93"
OK
> ZRANGE zset2 0 -1 WITHSCORES
["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1.5", "b", "inf"]
> OBJECT ENCODING zset2
"skiplist"
# what older versions wrote: a hash of a ziplist
> RESTORE oldhash 0 "\r\x10\x10\x00\x00\x00\r\x00\x00\x00\x02\x00\x00\x01a\x03\xf2\xff\n\x000Zu\x93i\x80\xde>"
OK
> HGETALL oldhash
["a", "1"]
# a list of ziplists
> RESTORE oldlist 0 "\x0e\x02\x10\x10\x00\x00\x00\r\x00\x00\x00\x02\x00\x00\x01a\x03\xf2\xff\x12\x12\x00\x00\x00\r\x00\x00\x00\x02\x00\x00\xfe\x80\x03\xc0\xff\x7f\xff\n\x00\xbc\x93]\xf2\xc3\xd2\xb7\xa3"
OK
> LRANGE oldlist 0 -1
["a", "1", "-128", "32767"]
# plain forms
> RESTORE oldset 0 "\x02\x02\x01a\x01b\n\x00\xfed!%\xeb\x03=\r"
OK
> SCARD oldset
2
# scores as text
> RESTORE oldzset 0 "\x03\x02\x01a\x031.5\x01b\xfe\n\x00\x05\xed\x07o\xe4\xd5\x08\xea"
OK
> ZRANGE oldzset 0 -1 WITHSCORES
["a", "1.5", "b", "inf"]
# what is wrong is refused: nothing in it
> RESTORE bad 0 "\x02\x00\n\x00:\xce9\x00\x9b\x899\xe8"
! ERR Bad data format
> EXISTS bad
0
# a member twice
> RESTORE bad 0 "\x02\x02\x01a\x01a\n\x00W\xbev/\xc2\xd6R:"
! ERR Bad data format
> EXISTS bad
0
# a score that is no number
> RESTORE bad 0 "\x05\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x7f\n\x00\xf0\xf9)\xa9\x06TY'"
! ERR Bad data format
> EXISTS bad
0
# cut off
> RESTORE bad 0 "\x04\x02\x01a\x01b\n\x00f\xfdB\x92\x97\x03s\x9d"
! ERR Bad data format
> EXISTS bad
0
# an unknown type
> RESTORE bad 0 "c\x01\n\x00\xd5\xb16r\x03\xb46l"
! ERR Bad data format
> EXISTS bad
0
# no type
> RESTORE bad 0 "\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
! ERR Bad data format
> EXISTS bad
0
# a newer version
> RESTORE bad 0 "\x00\x01a\x0b\x00\xd6!R\xe8r\xa9\x94="
! ERR DUMP payload version or checksum are wrong
> EXISTS bad
0
# Options
> SET k v
OK
> RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
! BUSYKEY Target key name already exists.
> RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE
OK
> GET k
"hello"
> TTL k
-1
> RESTORE k 100000 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE
OK
> TTL k
100
> RESTORE k 33000000000000 "\x00\x05hello\n\x00cr\xdfve4 \n" ABSTTL replace
OK
> PEXPIRETIME k
33000000000000
> RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE
OK
> TTL k
-1
> RESTORE k 1 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE ABSTTL
OK
> EXISTS k
0
> RESTORE k 1 "\x00\x05hello\n\x00cr\xdfve4 \n" ABSTTL
OK
> EXISTS k
0
> RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n" IDLETIME 1000
OK
> OBJECT IDLETIME k
1000
> RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE FREQ 100
OK
> GET k
"hello"

# Events
> CONFIG SET notify-keyspace-events KA
OK
@2 > SUBSCRIBE __keyspace@0__:e
["subscribe", "__keyspace@0__:e", 1]
> RESTORE e 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
OK
@2 <
["message", "__keyspace@0__:e", "restore"]
> RESTORE e 1 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE ABSTTL
OK
@2 <
["message", "__keyspace@0__:e", "del"]


# A stream with its groups and what they hold, as Redis 7.0 writes it (LZF inside)
> RESTORE s2 0 "\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xc3@P@W\x07W\x00\x00\x00\x1d\x00\x03\x01@\x00\x07\x81f\x02\x00\x01\x02\x01\x00 \x01\x05\x82v1\x03\x04\x01@\x16@\x0b\x002 \x0b\x00\x02 \x01@\x0b\x003 \x0b\x00\x00 \x19@)\x19\x85other\x06\x84name\x05\x83and\x04\x83two\x04\x08\x01\xff\x03\x04\x01\x01\x01\x02\x01\x04\x01\x01g\x03\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x82\x11\xdd\x1c\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x82\x11\xdd\x1c\xa2\x01\x00\x00\x01\x01\x02c1\x82\x11\xdd\x1c\xa2\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x0a\x00\x18[E\xd0\xab{Iq"
OK
> XRANGE s2 - +
[["1-1", ["f", "v1"]], ["3-1", ["f", "v3"]], ["4-1", ["other", "name", "and", "two"]]]
> XINFO STREAM s2
*
> XPENDING s2 g
[2, "1-1", "3-1", [["c1", "2"]]]
> XPENDING s2 g - + 10 c1
*
> XREADGROUP GROUP g c2 STREAMS s2 >
[["s2", [["4-1", ["other", "name", "and", "two"]]]]]
# and as Redis 5 and 6 did
> RESTORE s1 0 "\x0f\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xc3@P@W\x07W\x00\x00\x00\x1d\x00\x03\x01@\x00\x07\x81f\x02\x00\x01\x02\x01\x00 \x01\x05\x82v1\x03\x04\x01@\x16@\x0b\x002 \x0b\x00\x02 \x01@\x0b\x003 \x0b\x00\x00 \x19@)\x19\x85other\x06\x84name\x05\x83and\x04\x83two\x04\x08\x01\xff\x03\x04\x01\x01\x01g\x03\x01\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x82\x11\xdd\x1c\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x82\x11\xdd\x1c\xa2\x01\x00\x00\x01\x01\x02c1\x82\x11\xdd\x1c\xa2\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x09\x00CeKyu-\xa0\xf7"
OK
> XRANGE s1 - +
[["1-1", ["f", "v1"]], ["3-1", ["f", "v3"]], ["4-1", ["other", "name", "and", "two"]]]
> XPENDING s1 g
[2, "1-1", "3-1", [["c1", "2"]]]
> XADD s1 4-1 f v
! ERR The ID specified in XADD is equal or smaller than the target stream top item
> XADD s1 5-1 f v
"5-1"
> XREADGROUP GROUP g c2 STREAMS s1 >
[["s1", [["4-1", ["other", "name", "and", "two"]], ["5-1", ["f", "v"]]]]]
# A stream whose checksum is wrong
> RESTORE s3 0 "\x13\x00\x00\x05\x05\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"
! ERR DUMP payload version or checksum are wrong

