# Sorted sets: members, ranges by rank, score and name, numbers.

# ZADD: added, updated, options
> ZADD z 1 a 2 b 3 c
3
> ZADD z 1 a 5 b 4 d
1
> ZADD z CH 1 a 6 b 4 e
2
> ZADD z NX 9 a 7 f
1
> ZADD z XX 9 a 7 g
0
> ZADD z XX CH 10 a
1
> ZADD z GT CH 5 a 20 b
1
> ZADD z LT CH 5 a 30 b
1
> ZADD z INCR 2.5 a
"7.5"
> ZADD z NX INCR 1 a
(nil)
> ZADD z GT INCR -1 a
(nil)
> ZADD missing XX 1 a
0
> EXISTS missing
0
> ZADD z NX XX 1 a
! ERR XX and NX options at the same time are not compatible
> ZADD z NX GT 1 a
! ERR GT, LT, and/or NX options at the same time are not compatible
> ZADD z GT LT 1 a
! ERR GT, LT, and/or NX options at the same time are not compatible
> ZADD z INCR 1 a 2 b
! ERR INCR option supports a single increment-element pair
> ZADD z 1
! ERR wrong number of arguments for 'zadd' command
> ZADD z 1 a 2
! ERR syntax error
> ZADD z x a
! ERR value is not a valid float
> ZADD z nan a
! ERR value is not a valid float
> ZADD z (1 a
! ERR value is not a valid float
> ZADD z inf up -inf down
2
> ZADD z INCR -inf up
! ERR resulting score is not a number (NaN)
> ZADD
! ERR wrong number of arguments for 'zadd' command
> TYPE z
zset
> OBJECT ENCODING z
"listpack"
> ZRANGE z 0 -1 WITHSCORES
["down", "-inf", "c", "3", "d", "4", "e", "4", "f", "7", "a", "7.5", "b", "20", "up", "inf"]

# a wrong type changes nothing
> SET text hello
OK
> ZADD text 1 a
! WRONGTYPE Operation against a key holding the wrong kind of value
> ZSCORE text a
! WRONGTYPE Operation against a key holding the wrong kind of value
> ZRANGE text 0 -1
! WRONGTYPE Operation against a key holding the wrong kind of value
> ZREM text a
! WRONGTYPE Operation against a key holding the wrong kind of value
> GET text
"hello"

# members one by one
> ZSCORE z a
"7.5"
> ZSCORE z nobody
(nil)
> ZSCORE missing a
(nil)
> ZMSCORE z a nobody b
["7.5", (nil), "20"]
> ZMSCORE missing a
[(nil)]
> ZCARD z
8
> ZCARD missing
0
> ZRANK z down
0
> ZRANK z up
7
> ZREVRANK z up
0
> ZRANK z nobody
(nil)
> ZRANK missing a
(nil)
> ZINCRBY z 1.5 a
"9"
> ZINCRBY z 1 fresh
"1"
> ZINCRBY z x a
! ERR value is not a valid float
> ZREM z fresh nobody
1
> ZREM z nobody
0
> ZREM missing a
0

# ranges by rank
> DEL z
1
> ZADD z 1 a 2 b 2 bb 3 c 4 d
5
> ZRANGE z 0 -1
["a", "b", "bb", "c", "d"]
> ZRANGE z 0 1 WITHSCORES
["a", "1", "b", "2"]
> ZRANGE z -2 -1
["c", "d"]
> ZRANGE z 0 1 REV
["d", "c"]
> ZRANGE z 3 1
[]
> ZRANGE z 5 9
[]
> ZRANGE z 0 99
["a", "b", "bb", "c", "d"]
> ZRANGE missing 0 -1
[]
> ZRANGE z 0 x
! ERR value is not an integer or out of range
> ZRANGE z 0 1 LIMIT 0 1
! ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
> ZRANGE z 0 1 BOGUS
! ERR syntax error
> ZREVRANGE z 0 1 WITHSCORES
["d", "4", "c", "3"]
> ZREVRANGE z -1 -1
["a"]

# ranges by score
> ZRANGEBYSCORE z 2 3
["b", "bb", "c"]
> ZRANGEBYSCORE z (2 3
["c"]
> ZRANGEBYSCORE z 2 (3 WITHSCORES
["b", "2", "bb", "2"]
> ZRANGEBYSCORE z -inf +inf LIMIT 1 2
["b", "bb"]
> ZRANGEBYSCORE z -inf +inf LIMIT -1 2
[]
> ZRANGEBYSCORE z -inf +inf LIMIT 1 -1
["b", "bb", "c", "d"]
> ZRANGEBYSCORE z 3 2
[]
> ZRANGEBYSCORE z x 2
! ERR min or max is not a float
> ZRANGEBYSCORE z 1 (x
! ERR min or max is not a float
> ZRANGEBYSCORE z 1 2 LIMIT 0
! ERR syntax error
> ZREVRANGEBYSCORE z 3 2 WITHSCORES
["c", "3", "bb", "2", "b", "2"]
> ZREVRANGEBYSCORE z +inf -inf LIMIT 1 2
["c", "bb"]
> ZRANGE z 2 3 BYSCORE
["b", "bb", "c"]
> ZRANGE z 3 2 BYSCORE REV LIMIT 0 2 WITHSCORES
["c", "3", "bb", "2"]
> ZCOUNT z 2 3
3
> ZCOUNT z (2 +inf
2
> ZCOUNT z 3 2
0
> ZCOUNT z a b
! ERR min or max is not a float
> ZCOUNT missing 0 1
0

# ranges by name
> ZADD lex 0 a 0 b 0 c 0 cc 0 d
5
> ZRANGEBYLEX lex - +
["a", "b", "c", "cc", "d"]
> ZRANGEBYLEX lex [b (d
["b", "c", "cc"]
> ZRANGEBYLEX lex (b +
["c", "cc", "d"]
> ZRANGEBYLEX lex + -
[]
> ZRANGEBYLEX lex - + LIMIT 1 2
["b", "c"]
> ZRANGEBYLEX lex b d
! ERR min or max not valid string range item
> ZRANGEBYLEX lex - + WITHSCORES
! ERR syntax error, WITHSCORES not supported in combination with BYLEX
> ZREVRANGEBYLEX lex + -
["d", "cc", "c", "b", "a"]
> ZREVRANGEBYLEX lex (d [b
["cc", "c", "b"]
> ZRANGE lex [a [c BYLEX
["a", "b", "c"]
> ZRANGE lex [c [a BYLEX REV
["c", "b", "a"]
> ZRANGE lex [a [c BYLEX WITHSCORES
! ERR syntax error, WITHSCORES not supported in combination with BYLEX
> ZLEXCOUNT lex - +
5
> ZLEXCOUNT lex [b (d
3
> ZLEXCOUNT lex x y
! ERR min or max not valid string range item
> ZLEXCOUNT missing - +
0

# ranges deleted and stored
> ZREMRANGEBYLEX lex [b (cc
2
> ZRANGE lex 0 -1
["a", "cc", "d"]
> ZREMRANGEBYRANK z 0 0
1
> ZREMRANGEBYRANK z -1 -1
1
> ZREMRANGEBYSCORE z (2 3
1
> ZREMRANGEBYSCORE z x 3
! ERR min or max is not a float
> ZREMRANGEBYRANK z x 3
! ERR value is not an integer or out of range
> ZRANGE z 0 -1 WITHSCORES
["b", "2", "bb", "2"]
> ZREMRANGEBYRANK z 0 -1
2
> EXISTS z
0
> ZADD z 1 a 2 b 3 c
3
> ZRANGESTORE dst z 0 1
2
> ZRANGE dst 0 -1 WITHSCORES
["a", "1", "b", "2"]
> ZRANGESTORE dst z (1 +inf BYSCORE LIMIT 0 1
1
> ZRANGE dst 0 -1 WITHSCORES
["b", "2"]
> ZRANGESTORE dst z 5 9
0
> EXISTS dst
0
> ZRANGESTORE dst z 0 1 WITHSCORES
! ERR syntax error
> ZRANGESTORE dst text 0 1
! WRONGTYPE Operation against a key holding the wrong kind of value

# random members and scanning
> ZRANDMEMBER missing
(nil)
> ZRANDMEMBER missing 3
[]
> ZADD one 1 a
1
> ZRANDMEMBER one
"a"
> ZRANDMEMBER one 5
["a"]
> ZRANDMEMBER one -3
["a", "a", "a"]
> ZRANDMEMBER one -2 WITHSCORES
["a", "1", "a", "1"]
> ZRANDMEMBER one 0
[]
> ZRANDMEMBER one x
! ERR value is not an integer or out of range
> ZRANDMEMBER one 1 BOGUS
! ERR syntax error
> ZSCAN one 0
["0", ["a", "1"]]
> ZSCAN one 0 MATCH b* COUNT 10
["0", []]
> ZSCAN one 0 COUNT 0
! ERR syntax error
> ZSCAN one x
! ERR invalid cursor
> ZSCAN missing 0
["0", []]

# numbers as Redis writes them
> ZADD n 1.5 a 3.0e10 b 1e17 c 0.1 d 1e300 e -0 f 17179869184 g
7
> ZRANGE n 0 -1 WITHSCORES
["f", "0", "d", "0.10000000000000001", "a", "1.5", "g", "17179869184", "b", "30000000000", "c", "1e+17", "e", "1.0000000000000001e+300"]
> ZSCAN n 0
["0", ["f", "0", "d", "0.10000000000000001", "a", "1.5", "g", "17179869184", "b", "30000000000", "c", "100000000000000000", "e", "1.0000000000000001e+300"]]

# the same in RESP3
> HELLO 3
*
> ZADD r 1 a 2.5 b
2
> ZRANGE r 0 -1 WITHSCORES
[["a", ,1], ["b", ,2.5]]
> ZSCORE r b
,2.5
> ZSCORE r nobody
(nil)
> ZADD r INCR 1 a
,2
> ZPOPMIN r 1
[["a", ,2]]
> ZPOPMAX r
["b", ,2.5]
> ZMPOP 1 r MIN
(nil)
> BZPOPMIN r 0.01
(nil)
> ZADD r 1 a
1
> BZPOPMIN r 1
["r", "a", ,1]
