# Sorted sets: union, intersection and difference, also with plain sets.

# set operations, sets among them
> ZADD u1 1 a 2 b 3 c
3
> ZADD u2 10 b 20 c 30 d
3
> SADD s c d e
3
> ZUNION 2 u1 u2
["a", "b", "c", "d"]
> ZUNION 2 u1 u2 WITHSCORES
["a", "1", "b", "12", "c", "23", "d", "30"]
> ZUNION 2 u1 u2 WEIGHTS 2 0.5 WITHSCORES
["a", "2", "b", "9", "d", "15", "c", "16"]
> ZUNION 3 u1 u2 s AGGREGATE MAX WITHSCORES
["a", "1", "e", "1", "b", "10", "c", "20", "d", "30"]
> ZINTER 2 u1 u2 WITHSCORES
["b", "12", "c", "23"]
> ZINTER 3 u1 u2 s AGGREGATE MIN WITHSCORES
["c", "1"]
> ZINTER 2 u1 missing
[]
> ZDIFF 2 u1 s WITHSCORES
["a", "1", "b", "2"]
> ZDIFF 2 missing u1
[]
> ZDIFF 1 s
["c", "d", "e"]
> ZINTERCARD 2 u1 u2
2
> ZINTERCARD 2 u1 u2 LIMIT 1
1
> ZINTERCARD 2 u1 u2 LIMIT -1
! ERR LIMIT can't be negative
> ZINTERCARD 0 u1
! ERR at least 1 input key is needed for 'zintercard' command
> ZUNIONSTORE dst 2 u1 u2 WEIGHTS 1 -1
4
> ZRANGE dst 0 -1 WITHSCORES
["d", "-30", "c", "-17", "b", "-8", "a", "1"]
> ZINTERSTORE dst 2 u1 s
1
> ZRANGE dst 0 -1 WITHSCORES
["c", "4"]
> ZDIFFSTORE dst 2 u1 u2
1
> ZRANGE dst 0 -1 WITHSCORES
["a", "1"]
> ZINTERSTORE dst 2 u1 missing
0
> EXISTS dst
0
> ZUNIONSTORE dst 0 u1
! ERR at least 1 input key is needed for 'zunionstore' command
> ZUNIONSTORE dst 5 u1
! ERR syntax error
> ZUNIONSTORE dst x u1
! ERR value is not an integer or out of range
> ZUNIONSTORE dst 1 u1 WEIGHTS x
! ERR weight value is not a float
> ZUNIONSTORE dst 1 u1 AGGREGATE AVG
! ERR syntax error
> ZUNIONSTORE dst 1 u1 WITHSCORES
! ERR syntax error
> ZUNION 1 text
[]
> ZADD i 1 a -inf b inf c
3
> ZADD j inf b 0 a
2
> ZUNION 2 i j WITHSCORES
["b", "0", "a", "1", "c", "inf"]
> ZUNION 1 i WEIGHTS 0 WITHSCORES
["a", "0", "b", "0", "c", "0"]

# keyspace events
> CONFIG SET notify-keyspace-events KEA
OK
@2 > SUBSCRIBE __keyevent@0__:zadd __keyevent@0__:zunionstore __keyevent@0__:del __keyevent@0__:zrem
["subscribe", "__keyevent@0__:zadd", 1]
@2 <
["subscribe", "__keyevent@0__:zunionstore", 2]
@2 <
["subscribe", "__keyevent@0__:del", 3]
@2 <
["subscribe", "__keyevent@0__:zrem", 4]
> ZADD ev 1 a
1
@2 <
["message", "__keyevent@0__:zadd", "ev"]
> ZADD ev 1 a
0
> ZUNIONSTORE ev2 1 ev
1
@2 <
["message", "__keyevent@0__:zunionstore", "ev2"]
> ZREM ev a
1
@2 <
["message", "__keyevent@0__:zrem", "ev"]
@2 <
["message", "__keyevent@0__:del", "ev"]
> ZINTERSTORE ev2 1 ev
0
@2 <
["message", "__keyevent@0__:del", "ev2"]
