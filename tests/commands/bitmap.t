# Bits of strings, and numbers of any width in them.
> SETBIT b 7 1
0
> SETBIT b 7 0
1
> SETBIT b 7 0
0
> SETBIT b 0 1
0
> GET b
"\x80"
> GETBIT b 0
1
> GETBIT b 1
0
> GETBIT b 100000
0
> GETBIT missing 0
0
> SETBIT b 100 0
0
> STRLEN b
13
> SETBIT b -1 0
! ERR bit offset is not an integer or out of range
> SETBIT b 4294967296 1
! ERR bit offset is not an integer or out of range
> SETBIT b 99999999999999999999 1
! ERR bit offset is not an integer or out of range
> SETBIT b abc 1
! ERR bit offset is not an integer or out of range
> SETBIT b #1 1
! ERR bit offset is not an integer or out of range
> SETBIT b 1 2
! ERR bit is not an integer or out of range
> SETBIT b 1 x
! ERR bit is not an integer or out of range
> SETBIT b 1 -1
! ERR bit is not an integer or out of range
> SETBIT b x 2
! ERR bit offset is not an integer or out of range
> SETBIT b 1
! ERR wrong number of arguments for 'setbit' command
> GETBIT b -1
! ERR bit offset is not an integer or out of range
> GETBIT b x
! ERR bit offset is not an integer or out of range
> GETBIT b 4294967295
0
> SET n 123
OK
> SETBIT n 6 0
0
> GET n
"123"
> LPUSH l a
1
> SETBIT l 1 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> GETBIT l 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> SETBIT l x 1
! ERR bit offset is not an integer or out of range
> BITCOUNT l
! WRONGTYPE Operation against a key holding the wrong kind of value
> BITCOUNT l x
! WRONGTYPE Operation against a key holding the wrong kind of value
> BITPOS l 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> BITPOS l 2
! ERR The bit argument must be 1 or 0.
> BITOP AND d l l
! WRONGTYPE Operation against a key holding the wrong kind of value
> BITFIELD l GET u8 0
! WRONGTYPE Operation against a key holding the wrong kind of value
> BITFIELD l SET u8 0 1
! WRONGTYPE Operation against a key holding the wrong kind of value

# BITCOUNT
> SET f foobar
OK
> BITCOUNT f
26
> BITCOUNT f 0 0
4
> BITCOUNT f 1 1
6
> BITCOUNT f 1 1 BYTE
6
> BITCOUNT f 5 30 BIT
17
> BITCOUNT f 5 30 bit
17
> BITCOUNT f -6 -5
10
> BITCOUNT f -5 -6
0
> BITCOUNT f -1 -2 NONSENSE
0
> BITCOUNT f 0 -1 NONSENSE
! ERR syntax error
> BITCOUNT f 0
! ERR syntax error
> BITCOUNT f 0 x
! ERR value is not an integer or out of range
> BITCOUNT f x 0
! ERR value is not an integer or out of range
> BITCOUNT f 0 -1 BIT more
! ERR syntax error
> BITCOUNT f 100 200
0
> BITCOUNT f -100 100
26
> BITCOUNT f -3 -1 BIT
1
> BITCOUNT f 47 47 BIT
0
> BITCOUNT f 9223372036854775807 9223372036854775807
0
> BITCOUNT f -9223372036854775808 9223372036854775807 BIT
26
> BITCOUNT missing
0
> BITCOUNT missing 0
0
> BITCOUNT missing 0 x
0
> SET long "abcdefghijklmnopqrstuvwxyz0123456789"
OK
> BITCOUNT long
147
> BITCOUNT long 1 -2
140
> BITCOUNT long 3 270 BIT
137
> BITCOUNT n
10

# BITPOS
> SET p "\xff\xf0\x00"
OK
> BITPOS p 0
12
> BITPOS p 1
0
> SET p "\x00\xff\xf0"
OK
> BITPOS p 1 0
8
> BITPOS p 1 2
16
> BITPOS p 1 2 -1 BYTE
16
> BITPOS p 1 7 15 BIT
8
> BITPOS p 1 7 -3 BIT
8
> BITPOS p 0 9 12 BIT
-1
> BITPOS p 0 9 -1 BIT
20
> BITPOS p 1 20 23 BIT
-1
> BITPOS p 1 19 19 BIT
19
> SET p "\xff\xff\xff"
OK
> BITPOS p 0
24
> BITPOS p 0 1
24
> BITPOS p 0 0 -1
-1
> BITPOS p 0 3
-1
> BITPOS p 0 -1
24
> BITPOS p 0 5 17 BIT
-1
> BITPOS missing 0
0
> BITPOS missing 1
-1
> BITPOS missing 1 x
-1
> BITPOS p 2
! ERR The bit argument must be 1 or 0.
> BITPOS p x
! ERR value is not an integer or out of range
> BITPOS p 0 x
! ERR value is not an integer or out of range
> BITPOS p 0 0 x
! ERR value is not an integer or out of range
> BITPOS p 0 0 x NONSENSE
! ERR syntax error
> BITPOS p 0 0 -1 NONSENSE
! ERR syntax error
> BITPOS p 0 0 -1 BIT more
! ERR syntax error
> SET empty ""
OK
> BITPOS empty 0
-1
> BITPOS empty 1 0
-1
> BITPOS empty 0 0 -1
-1
> BITCOUNT empty
0

# BITOP
> SET x abc
OK
> SET y "ab\xff\x01"
OK
> BITOP AND d x y
4
> GET d
"abc\x00"
> BITOP OR d x y
4
> GET d
"ab\xff\x01"
> BITOP XOR d x y
4
> GET d
"\x00\x00\x9c\x01"
> BITOP NOT d x
3
> GET d
"\x9e\x9d\x9c"
> BITOP AND d x y x
4
> GET d
"abc\x00"
> OBJECT ENCODING d
"raw"
> SET n 7
OK
> BITOP OR d n n
1
> OBJECT ENCODING d
"raw"
> GET d
"7"
> BITOP NOT d x y
! ERR BITOP NOT must be called with a single source key.
> BITOP NOR d x
! ERR syntax error
> BITOP and d x missing
3
> GET d
"\x00\x00\x00"
> BITOP or d x missing
3
> GET d
"abc"
> SET d v EX 100
OK
> BITOP OR d x
3
> TTL d
-1
> BITOP OR d missing
0
> EXISTS d
0
> BITOP OR d missing missing2
0
> BITOP OR l x
3
> TYPE l
string
> BITOP XOR x x x
3
> GET x
"\x00\x00\x00"
> BITOP AND d
! ERR wrong number of arguments for 'bitop' command

# BITFIELD
> BITFIELD bf
[]
> EXISTS bf
0
> BITFIELD bf GET u8 0
[0]
> EXISTS bf
0
> BITFIELD bf SET u8 0 200 GET u8 0 GET i8 0
[0, 200, -56]
> BITFIELD bf SET i8 #1 -3 GET u8 #1 GET u4 9
[0, 253, 15]
> BITFIELD bf INCRBY u8 0 100
[44]
> BITFIELD bf OVERFLOW SAT INCRBY u8 0 1000 INCRBY u8 0 -1000
[255, 0]
> BITFIELD bf OVERFLOW FAIL INCRBY u8 0 256 INCRBY u8 0 1
[(nil), 1]
> BITFIELD bf OVERFLOW FAIL SET u8 0 256 OVERFLOW SAT SET u8 0 256 OVERFLOW WRAP SET u8 0 256
[(nil), 1, 255]
> BITFIELD bf SET i8 0 127 INCRBY i8 0 1 INCRBY i8 0 -1
[0, -128, 127]
> BITFIELD bf OVERFLOW SAT SET i8 0 127 INCRBY i8 0 1 SET i8 0 -128 INCRBY i8 0 -1
[127, 127, 127, -128]
> BITFIELD bf SET i64 3 9223372036854775807 INCRBY i64 3 1 GET i64 3
[569705352862367744, -9223372036854775808, -9223372036854775808]
> BITFIELD bf OVERFLOW SAT INCRBY i64 3 -1 INCRBY i64 3 -9223372036854775808
[-9223372036854775808, -9223372036854775808]
> BITFIELD bf SET u63 1 9223372036854775807 INCRBY u63 1 1
[1152921504606846976, 0]
> BITFIELD bf SET u63 1 -1 GET u63 1
[0, 9223372036854775807]
> BITFIELD bf OVERFLOW SAT SET u63 1 -5 GET u63 1
[9223372036854775807, 9223372036854775807]
> BITFIELD bf SET u1 1001 1 GET u1 1001 GET u3 1000
[0, 1, 2]
> STRLEN bf
126
> BITFIELD bf GET u64 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET i65 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET i0 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET x8 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET I8 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET i 0
! ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD bf GET u8 -1
! ERR bit offset is not an integer or out of range
> BITFIELD bf GET u8 #-1
! ERR bit offset is not an integer or out of range
> BITFIELD bf GET u8 x
! ERR bit offset is not an integer or out of range
> BITFIELD bf GET u8 #x
! ERR bit offset is not an integer or out of range
> BITFIELD bf SET u8 0 x
! ERR value is not an integer or out of range
> BITFIELD bf SET u8 0
! ERR syntax error
> BITFIELD bf GET u8
! ERR syntax error
> BITFIELD bf OVERFLOW NEVER
! ERR Invalid OVERFLOW type specified
> BITFIELD bf OVERFLOW
! ERR syntax error
> BITFIELD bf OVERFLOW SAT
[]
> BITFIELD bf NONSENSE u8 0
! ERR syntax error
> BITFIELD bf SET u8 4294967296 1
! ERR bit offset is not an integer or out of range
> BITFIELD bf GET u8 9000000
[0]
> BITFIELD grown OVERFLOW FAIL INCRBY u2 100 5
[(nil)]
> STRLEN grown
13
> BITFIELD_RO bf GET u8 0 GET i5 3
[255, -1]
> BITFIELD_RO bf SET u8 0 1
! ERR BITFIELD_RO only supports the GET subcommand
> BITFIELD_RO bf OVERFLOW SAT GET u8 0
[255]
> BITFIELD_RO missing GET u8 0
[0]
> BITFIELD_RO missing SET u8 0 1
! ERR BITFIELD_RO only supports the GET subcommand
> EXISTS missing
0
> DEL bf
1
> BITFIELD bf SET u8 8388600 7
[0]
> STRLEN bf
1048576
> DEL bf
1

> BITFIELD low OVERFLOW SAT SET i33 0 -9223372036854775808 GET i33 0
[0, 4294967295]
> BITFIELD low OVERFLOW SAT SET i33 0 -9223372000000000000 GET i33 0 SET i33 0 -9223372036854775 GET i33 0
[4294967295, -4294967296, -4294967296, -4294967296]

# Events
> CONFIG SET notify-keyspace-events KA
OK
@2 > SUBSCRIBE __keyspace@0__:e
["subscribe", "__keyspace@0__:e", 1]
> SETBIT e 1 1
0
@2 <
["message", "__keyspace@0__:e", "setbit"]
> BITFIELD e SET u8 0 255
[64]
@2 <
["message", "__keyspace@0__:e", "setbit"]
> SETBIT e 1 1
1
> BITFIELD e SET u8 0 255
[255]
> BITFIELD e OVERFLOW FAIL SET u8 100 1000
[(nil)]
> BITOP NOT e e
14
@2 <
["message", "__keyspace@0__:e", "set"]
> BITOP NOT e nothing
0
@2 <
["message", "__keyspace@0__:e", "del"]
# Too many words come before any other mistake
> SET words a
OK
> BITPOS words 1 "" 3.14 BIT 2
! ERR syntax error
