# Sets: members, encodings, algebra, random members.
> SADD s 3 1 2
3
> SADD s 2 4
1
> SADD s 1
0
> SCARD s
4
> SMEMBERS s
["1", "2", "3", "4"]
> OBJECT ENCODING s
"intset"
> SISMEMBER s 3
1
> SISMEMBER s 9
0
> SISMEMBER s abc
0
> SMISMEMBER s 1 9 abc
[1, 0, 0]
> SMISMEMBER missing 1
[0]
> SADD s abc
1
> OBJECT ENCODING s
"hashtable"
> SMEMBERS s
unordered ["1", "2", "3", "4", "abc"]
> SREM s abc 9 1
2
> SREM missing a
0
> SREM s 2 3 4
3
> EXISTS s
0
> SADD neg -5 70000 3000000000 -3000000000 007
5
> SMEMBERS neg
unordered ["-5", "70000", "3000000000", "-3000000000", "007"]
> SADD ints -5 70000 3000000000 -3000000000 12
5
> SMEMBERS ints
["-3000000000", "-5", "12", "70000", "3000000000"]
> SREM ints 70000
1
> SMEMBERS ints
["-3000000000", "-5", "12", "3000000000"]
> SCARD missing
0
> SMEMBERS missing
[]
> SISMEMBER missing x
0
> SET str x
OK
> SADD str a
! WRONGTYPE Operation against a key holding the wrong kind of value
> SREM str a
! WRONGTYPE Operation against a key holding the wrong kind of value
> SMEMBERS str
! WRONGTYPE Operation against a key holding the wrong kind of value
> SINTER str
! WRONGTYPE Operation against a key holding the wrong kind of value
> SADD a 1 2 3 4
4
> SADD b 3 4 5
3
> SADD c 4 x
2
> SINTER a b
["3", "4"]
> SINTER a b c
["4"]
> SINTER a missing
[]
> SINTER a str
! WRONGTYPE Operation against a key holding the wrong kind of value
> SINTER missing str
! WRONGTYPE Operation against a key holding the wrong kind of value
> SUNION a b
["1", "2", "3", "4", "5"]
> SUNION a c
unordered ["1", "2", "3", "4", "x"]
> SUNION missing
[]
> SDIFF a b
["1", "2"]
> SDIFF a b c
["1", "2"]
> SDIFF missing a
[]
> SDIFF a missing
["1", "2", "3", "4"]
> SDIFF a a
[]
> SINTERSTORE d a b
2
> SMEMBERS d
["3", "4"]
> SINTERSTORE d a missing
0
> EXISTS d
0
> SUNIONSTORE d a b
5
> SMEMBERS d
["1", "2", "3", "4", "5"]
> SDIFFSTORE d a b
2
> SMEMBERS d
["1", "2"]
> SDIFFSTORE a a b
2
> SMEMBERS a
["1", "2"]
> SUNIONSTORE str a b
5
> TYPE str
set
> SUNIONSTORE d l missing
0
> EXISTS d
0
> SINTERCARD 2 b c
1
> SINTERCARD 2 b c LIMIT 1
1
> SINTERCARD 1 b LIMIT 2
2
> SINTERCARD 1 b LIMIT 0
3
> SINTERCARD 1 b LIMIT -1
! ERR LIMIT can't be negative
> SINTERCARD 0 b
! ERR numkeys should be greater than 0
> SINTERCARD abc b
! ERR numkeys should be greater than 0
> SINTERCARD 3 b c
! ERR Number of keys can't be greater than number of args
> SINTERCARD 1 b NOPE
! ERR syntax error
> SINTERCARD 1 b LIMIT
! ERR syntax error
> SINTERCARD 1 b LIMIT x
! ERR LIMIT can't be negative
> SINTERCARD 1 missing
0
> SADD m1 a b
2
> SMOVE m1 m2 a
1
> SMEMBERS m2
["a"]
> SMOVE m1 m2 zzz
0
> SMOVE m1 m1 b
1
> SMOVE m1 m1 q
0
> SMOVE missing m2 a
0
> SMOVE m1 m2 b
1
> EXISTS m1
0
> SET plain x
OK
> SMOVE m2 plain a
! WRONGTYPE Operation against a key holding the wrong kind of value
> SMOVE plain m2 a
! WRONGTYPE Operation against a key holding the wrong kind of value
> SMOVE missing plain a
0
# Random members
> SADD one x
1
> SRANDMEMBER one
"x"
> SRANDMEMBER one 5
["x"]
> SRANDMEMBER one -3
["x", "x", "x"]
> SRANDMEMBER one 0
[]
> SRANDMEMBER missing
(nil)
> SRANDMEMBER missing 3
[]
> SRANDMEMBER one abc
! ERR value is not an integer or out of range
> SRANDMEMBER one -9223372036854775808
! ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
> SRANDMEMBER one 1 2
! ERR syntax error
> SRANDMEMBER m2 10
unordered ["a", "b"]
> SPOP one
"x"
> EXISTS one
0
> SPOP missing
(nil)
> SPOP missing 2
[]
> SADD pop a b c
3
> SPOP pop 0
[]
> SPOP pop -1
! ERR value is out of range, must be positive
> SPOP pop abc
! ERR value is out of range, must be positive
> SPOP pop 10
unordered ["a", "b", "c"]
> EXISTS pop
0
> SPOP m2 1 2
! ERR syntax error
# Many at once, of a set of a thousand: each comes once, is gone, and the rest is there.
> EVAL "for i = 1, 1000 do redis.call('SADD', KEYS[1], 'm' .. i) end" 1 big
(nil)
> EVAL "local seen, n = {}, 0 for _, m in ipairs(redis.call('SRANDMEMBER', KEYS[1], 400)) do if not seen[m] \
and redis.call('SISMEMBER', KEYS[1], m) == 1 then seen[m] = true n = n + 1 end end return n" 1 big
400
> EVAL "local seen, n = {}, 0 for _, m in ipairs(redis.call('SPOP', KEYS[1], ARGV[1])) do if not seen[m] \
and redis.call('SISMEMBER', KEYS[1], m) == 0 then seen[m] = true n = n + 1 end end \
return {n, redis.call('SCARD', KEYS[1])}" 1 big 995
[995, 5]
> EVAL "return {#redis.call('SPOP', KEYS[1], 6), redis.call('EXISTS', KEYS[1])}" 1 big
[5, 0]
> EVAL "for i = 1, 1000 do redis.call('SADD', KEYS[1], 'm' .. i) end return #redis.call('SPOP', KEYS[1], 1000)" 1 big
1000
> EXISTS big
0
> SADD scan a
1
> SSCAN scan 0
["0", ["a"]]
> SSCAN scan 0 MATCH b*
["0", []]
> SSCAN missing 0
["0", []]
> SSCAN scan nope
! ERR invalid cursor
> SSCAN scan 0 COUNT abc
! ERR value is not an integer or out of range
> CONFIG SET set-max-intset-entries 3
OK
> SADD small 1 2 3
3
> OBJECT ENCODING small
"intset"
> SADD small 4
1
> OBJECT ENCODING small
"hashtable"
> SMEMBERS small
unordered ["1", "2", "3", "4"]
> CONFIG SET set-max-intset-entries 512
OK
> HELLO 3
*
> SMEMBERS scan
~["a"]
> SINTER a scan
~[]
> SPOP scan 1
~["a"]
> SRANDMEMBER m2 2
unordered ["a", "b"]
> SMISMEMBER m2 a z
[1, 0]
> SISMEMBER m2 a
1


