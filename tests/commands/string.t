# Strings: what is set is read, in every form SET has.
> SET a 1
OK
> GET a
"1"
> GET missing
(nil)
> SET a 2 NX
(nil)
> SET b 2 NX
OK
> SET b 3 XX
OK
> SET c 3 XX
(nil)
> SET a new GET
"1"
> SET n 1 GET
(nil)
> SET a v EX 100
OK
> TTL a
100
> SET a v KEEPTTL
OK
> TTL a
100
> SET a v
OK
> TTL a
-1
> SET a v PX 100000
OK
> TTL a
100
> SET a v EX 0
! ERR invalid expire time in 'set' command
> SET a v EX -1
! ERR invalid expire time in 'set' command
> SET a v EX abc
! ERR value is not an integer or out of range
> SET a v EX 10 PX 10
! ERR syntax error
> SET a v EX 10 KEEPTTL
! ERR syntax error
> SET a v NX XX
! ERR syntax error
> SET a v NX GET
"v"
> SET a v EX
! ERR syntax error
> SET a v NONSENSE
! ERR syntax error
> SET a
! ERR wrong number of arguments for 'set' command
> SET a v EX 9223372036854775807
! ERR invalid expire time in 'set' command
> SET a v EXAT 33000000000
OK
> EXPIRETIME a
33000000000
> SET a v PXAT 33000000000000
OK
> PEXPIRETIME a
33000000000000
> SET a v PXAT 1
OK
> EXISTS a
0
> LPUSH l x
1
> GET l
! WRONGTYPE Operation against a key holding the wrong kind of value
> SET l x GET
! WRONGTYPE Operation against a key holding the wrong kind of value
> SET l now-a-string
OK
> GET l
"now-a-string"
> SETNX a first
1
> SETNX a second
0
> GET a
"first"
> SETEX a 100 v
OK
> TTL a
100
> SETEX a 0 v
! ERR invalid expire time in 'setex' command
> SETEX a x v
! ERR value is not an integer or out of range
> PSETEX a 100000 v
OK
> PTTL missing
-2
> GETSET a w
"v"
> TTL a
-1
> GETSET fresh w
(nil)
> GETDEL fresh
"w"
> GETDEL fresh
(nil)
> SET a v
OK
> GETEX a EX 50
"v"
> TTL a
50
> GETEX a PERSIST
"v"
> TTL a
-1
> GETEX a
"v"
> GETEX missing EX 5
(nil)
> GETEX a EX 5 PERSIST
! ERR syntax error
> GETEX a PERSIST EX 5
! ERR syntax error
> GETEX a NOPE
! ERR syntax error
> GETEX a EX 0
! ERR invalid expire time in 'getex' command
> GETEX a PXAT 1
"v"
> EXISTS a
0
> MSET x 1 y 2 z 3
OK
> MGET x y missing z
["1", "2", (nil), "3"]
> RPUSH list e
1
> MGET x list
["1", (nil)]
> MSET x
! ERR wrong number of arguments for 'mset' command
> MSET x 1 y
! ERR wrong number of arguments for 'mset' command
> MSETNX x 1 q 2
0
> EXISTS q
0
> MSETNX q 1 r 2
1
> MGET q r
["1", "2"]
# Counting
> SET n 10
OK
> INCR n
11
> DECR n
10
> INCRBY n 5
15
> DECRBY n 3
12
> INCR fresh-counter
1
> DECR fresh-down
-1
> INCRBY n abc
! ERR value is not an integer or out of range
> INCRBY n 1.5
! ERR value is not an integer or out of range
> SET s abc
OK
> INCR s
! ERR value is not an integer or out of range
> SET n 9223372036854775807
OK
> INCR n
! ERR increment or decrement would overflow
> SET n -9223372036854775808
OK
> DECR n
! ERR increment or decrement would overflow
> DECRBY n -9223372036854775808
! ERR decrement would overflow
> DECRBY n 5
! ERR increment or decrement would overflow
> SET n " 1"
OK
> INCR n
! ERR value is not an integer or out of range
> SET n 007
OK
> INCR n
! ERR value is not an integer or out of range
> INCR list
! WRONGTYPE Operation against a key holding the wrong kind of value
> SET n 12
OK
> OBJECT ENCODING n
"int"
> INCR n
13
> OBJECT ENCODING n
"int"
> SET n 10.5
OK
> INCRBYFLOAT n 0.1
"10.6"
> INCRBYFLOAT n -5
"5.6"
> SET n 5.0e3
OK
> INCRBYFLOAT n 2.0e2
"5200"
> INCRBYFLOAT n abc
! ERR value is not a valid float
> SET n 3
OK
> INCRBYFLOAT n 1
"4"
> INCRBYFLOAT n 1e-17
"4.00000000000000001"
> INCRBYFLOAT n inf
! ERR increment would produce NaN or Infinity
> INCRBYFLOAT s 1
! ERR value is not a valid float
> INCRBYFLOAT newf 3.25
"3.25"
> INCRBYFLOAT newf -3.25
"0"
> SET n 0.1
OK
> INCRBYFLOAT n 0.2
"0.3"
# Parts
> SET p "Hello World"
OK
> GETRANGE p 0 4
"Hello"
> GETRANGE p -5 -1
"World"
> GETRANGE p 0 -1
"Hello World"
> GETRANGE p 5 3
""
> GETRANGE p 100 200
""
> GETRANGE p -100 2
"Hel"
> GETRANGE p -1 -5
""
> GETRANGE missing 0 -1
""
> GETRANGE p a 1
! ERR value is not an integer or out of range
> SUBSTR p 0 1
"He"
> SETRANGE p 6 Redis
11
> GET p
"Hello Redis"
> SETRANGE p 20 x
21
> GET p
"Hello Redis\x00\x00\x00\x00\x00\x00\x00\x00\x00x"
> SETRANGE p -1 x
! ERR offset is out of range
> SETRANGE none 0 ""
0
> EXISTS none
0
> SETRANGE none 3 abc
6
> GET none
"\x00\x00\x00abc"
> SETRANGE p 536870912 x
! ERR string exceeds maximum allowed size (proto-max-bulk-len)
> SETRANGE list 0 x
! WRONGTYPE Operation against a key holding the wrong kind of value
> APPEND p2 foo
3
> APPEND p2 bar
6
> GET p2
"foobar"
> APPEND list x
! WRONGTYPE Operation against a key holding the wrong kind of value
> STRLEN p2
6
> STRLEN missing
0
> STRLEN list
! WRONGTYPE Operation against a key holding the wrong kind of value
> SET num 12345
OK
> STRLEN num
5
> APPEND num 6
6
> GET num
"123456"
> GETRANGE num 1 2
"23"
> SETRANGE num 0 9
6
> GET num
"923456"
# Encodings
> SET e 12345678901234567890
OK
> OBJECT ENCODING e
"embstr"
> SET e 1234567890123456789
OK
> OBJECT ENCODING e
"int"
> SET e aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee
OK
> OBJECT ENCODING e
"embstr"
> SET e aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee
OK
> OBJECT ENCODING e
"raw"
> SET e ""
OK
> GET e
""
> STRLEN e
0
> SET bin "\x00\x01\xff\r\n"
OK
> GET bin
"\x00\x01\xff\r\n"
# LCS
> MSET key1 ohmytext key2 mynewtext
OK
> LCS key1 key2
"mytext"
> LCS key1 key2 LEN
6
> LCS key1 key2 IDX
["matches", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], "len", 6]
> LCS key1 key2 IDX MINMATCHLEN 4
["matches", [[[4, 7], [5, 8]]], "len", 6]
> LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN
["matches", [[[4, 7], [5, 8], 4]], "len", 6]
> LCS key1 key2 IDX LEN
! ERR If you want both the length and indexes, please just use IDX.
> LCS key1 list
! ERR The specified keys must contain string values
> LCS key1 missing
""
> LCS key1 missing LEN
0
> LCS key1 key2 NOPE
! ERR syntax error
> GET
! ERR wrong number of arguments for 'get' command
> GET a b
! ERR wrong number of arguments for 'get' command
> INCR
! ERR wrong number of arguments for 'incr' command
> HSET h f v
1
> GET h
! WRONGTYPE Operation against a key holding the wrong kind of value
> INCR h
! WRONGTYPE Operation against a key holding the wrong kind of value

