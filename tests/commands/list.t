# Lists, and clients that wait for them.
> RPUSH l a b c
3
> LPUSH l z y
5
> LRANGE l 0 -1
["y", "z", "a", "b", "c"]
> LRANGE l 1 2
["z", "a"]
> LRANGE l -2 -1
["b", "c"]
> LRANGE l 5 10
[]
> LRANGE l 3 1
[]
> LRANGE l -100 100
["y", "z", "a", "b", "c"]
> LRANGE missing 0 -1
[]
> LRANGE l x 1
! ERR value is not an integer or out of range
> LLEN l
5
> LLEN missing
0
> LPUSHX missing x
0
> RPUSHX missing x
0
> LPUSHX l w
6
> RPUSHX l d
7
> LINDEX l 0
"w"
> LINDEX l -1
"d"
> LINDEX l 100
(nil)
> LINDEX l x
! ERR value is not an integer or out of range
> LINDEX missing 0
(nil)
> LSET l 0 W
OK
> LSET l -1 D
OK
> LSET l 100 x
! ERR index out of range
> LSET missing 0 x
! ERR no such key
> LSET l x x
! ERR value is not an integer or out of range
> LRANGE l 0 -1
["W", "y", "z", "a", "b", "c", "D"]
> LINSERT l BEFORE a before-a
8
> LINSERT l AFTER a after-a
9
> LINSERT l BEFORE nothing x
-1
> LINSERT missing BEFORE a x
0
> LINSERT l MIDDLE a x
! ERR syntax error
> LRANGE l 0 -1
["W", "y", "z", "before-a", "a", "after-a", "b", "c", "D"]
> LREM l 0 before-a
1
> RPUSH r x y x z x
5
> LREM r 2 x
2
> LRANGE r 0 -1
["y", "z", "x"]
> RPUSH r x y
5
> LREM r -1 x
1
> LRANGE r 0 -1
["y", "z", "x", "y"]
> LREM r 0 missing
0
> LREM missing 0 x
0
> LREM r abc x
! ERR value is not an integer or out of range
> LREM r 0 x
1
> LREM r 0 y
2
> LREM r 0 z
1
> EXISTS r
0
> LPOP l
"W"
> RPOP l
"D"
> LPOP l 2
["y", "z"]
> RPOP l 2
["c", "b"]
> LPOP l 0
[]
> LPOP l -1
! ERR value is out of range, must be positive
> LPOP l abc
! ERR value is out of range, must be positive
> LPOP l 1 2
! ERR wrong number of arguments for 'lpop' command
> LPOP missing
(nil)
> LPOP missing 2
(nil array)
> LPOP missing 0
(nil array)
> LPOP l 100
["a", "after-a"]
> EXISTS l
0
> RPUSH t a b c d e
5
> LTRIM t 1 3
OK
> LRANGE t 0 -1
["b", "c", "d"]
> LTRIM t 0 -2
OK
> LRANGE t 0 -1
["b", "c"]
> LTRIM t 5 10
OK
> EXISTS t
0
> LTRIM missing 0 1
OK
> LTRIM missing a 1
! ERR value is not an integer or out of range
> RPUSH p a b c 1 2 3 c c
8
> LPOS p c
2
> LPOS p c RANK 2
6
> LPOS p c RANK -1
7
> LPOS p c RANK -4
(nil)
> LPOS p c COUNT 2
[2, 6]
> LPOS p c COUNT 0
[2, 6, 7]
> LPOS p c RANK -1 COUNT 2
[7, 6]
> LPOS p c RANK 2 COUNT 0
[6, 7]
> LPOS p c MAXLEN 2
(nil)
> LPOS p c COUNT 0 MAXLEN 7
[2, 6]
> LPOS p nothing
(nil)
> LPOS p nothing COUNT 0
[]
> LPOS missing x
(nil)
> LPOS missing x COUNT 0
[]
> LPOS p c RANK 0
! ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
> LPOS p c COUNT -1
! ERR COUNT can't be negative
> LPOS p c MAXLEN -1
! ERR MAXLEN can't be negative
> LPOS p c RANK abc
! ERR value is not an integer or out of range
> LPOS p c NOPE 1
! ERR syntax error
> LPOS p c RANK
! ERR syntax error
> LMOVE p q LEFT RIGHT
"a"
> LMOVE p q RIGHT LEFT
"c"
> LRANGE q 0 -1
["c", "a"]
> LMOVE q q LEFT RIGHT
"c"
> LRANGE q 0 -1
["a", "c"]
> LMOVE q q LEFT LEFT
"a"
> LRANGE q 0 -1
["a", "c"]
> LMOVE missing q LEFT LEFT
(nil)
> LMOVE p q UP LEFT
! ERR syntax error
> RPOPLPUSH p q
"c"
> RPOPLPUSH q q
"c"
> RPOPLPUSH missing q
(nil)
> LRANGE q 0 -1
["c", "c", "a"]
> RPUSH single only
1
> LMOVE single single LEFT RIGHT
"only"
> RPOPLPUSH single other
"only"
> EXISTS single
0
> SET str x
OK
> LPUSH str a
! WRONGTYPE Operation against a key holding the wrong kind of value
> LPOP str
! WRONGTYPE Operation against a key holding the wrong kind of value
> LLEN str
! WRONGTYPE Operation against a key holding the wrong kind of value
> LRANGE str 0 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> LMOVE p str LEFT LEFT
! WRONGTYPE Operation against a key holding the wrong kind of value
> LMOVE str p LEFT LEFT
! WRONGTYPE Operation against a key holding the wrong kind of value
> LMPOP 2 missing p LEFT
["p", ["b"]]
> LMPOP 1 p RIGHT COUNT 2
["p", ["3", "2"]]
> LMPOP 1 missing LEFT
(nil array)
> LMPOP 0 p LEFT
! ERR numkeys should be greater than 0
> LMPOP x p LEFT
! ERR numkeys should be greater than 0
> LMPOP 4294967296 p LEFT
! ERR syntax error
> LMPOP 9223372036854775808 p LEFT
! ERR numkeys should be greater than 0
> LMPOP 1 p UP
! ERR syntax error
> LMPOP 1 p LEFT COUNT 0
! ERR count should be greater than 0
> LMPOP 1 p LEFT COUNT abc
! ERR count should be greater than 0
> LMPOP 2 p LEFT
! ERR syntax error
> LMPOP 1 str LEFT
! WRONGTYPE Operation against a key holding the wrong kind of value
> LMPOP 1 p LEFT COUNT 1 COUNT 2
! ERR syntax error
> LMPOP 1 p LEFT COUNT 100
["p", ["c", "1"]]
> OBJECT ENCODING q
"quicklist"
# Blocking
> RPUSH have x
1
> BLPOP missing have 1
["have", "x"]
> BLPOP str 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> BLPOP have -1
! ERR timeout is negative
> BLPOP have abc
! ERR timeout is not a float or out of range
> BLPOP have 0.01
(nil array)
> BRPOP have 0.01
(nil array)
> BLMOVE have q LEFT LEFT 0.01
(nil array)
> BRPOPLPUSH have q 0.01
(nil array)
> BLMPOP 0.01 1 have LEFT
(nil array)
> BLMPOP -1 1 have LEFT
! ERR timeout is negative
> BLMPOP x 1 have LEFT
! ERR timeout is not a float or out of range
> BLMPOP 1 0 have LEFT
! ERR numkeys should be greater than 0
@2 > BLPOP w1 w2 0
(blocked)
> RPUSH w2 v1 v2
2
> LRANGE w2 0 -1
["v2"]
@2 <
["w2", "v1"]
> DEL w2
1
@2 > BLPOP w 0
(blocked)
@3 > BRPOP w 0
(blocked)
@4 > BLPOP w w 0
(blocked)
> RPUSH w first second
2
@2 <
["w", "first"]
@3 <
["w", "second"]
> EXISTS w
0
> LPUSH w third
1
@4 <
["w", "third"]
@2 > BLMOVE from to LEFT RIGHT 0
(blocked)
@3 > BLPOP to 0
(blocked)
> LPUSH from chain
1
@2 <
"chain"
@3 <
["to", "chain"]
> EXISTS to from
0
@2 > BRPOPLPUSH from to 0
(blocked)
> RPUSH from a
1
@2 <
"a"
> LRANGE to 0 -1
["a"]
@2 > BLMPOP 0 2 k1 k2 RIGHT COUNT 2
(blocked)
> RPUSH k2 a b c
3
@2 <
["k2", ["c", "b"]]
> LRANGE k2 0 -1
["a"]
> DEL k2
1
@2 > BLPOP k3 0
(blocked)
> MULTI
OK
> RPUSH k3 a
QUEUED
> DEL k3
QUEUED
> RPUSH k3 b
QUEUED
> EXEC
[1, 1, 1]
@2 <
["k3", "b"]
@2 > BLPOP k4 0
(blocked)
> SET k4 not-a-list
OK
> DEL k4
1
> SADD k4 x
1
> DEL k4
1
> RPUSH k4 now
1
@2 <
["k4", "now"]
@2 > BLMOVE k5 str LEFT LEFT 0
(blocked)
> RPUSH k5 x
1
@2 <
! WRONGTYPE Operation against a key holding the wrong kind of value
> LRANGE k5 0 -1
["x"]
# Inside MULTI nothing waits
> MULTI
OK
> BLPOP none 0
QUEUED
> BLMOVE none x LEFT LEFT 0
QUEUED
> BRPOPLPUSH none x 0
QUEUED
> BLMPOP 0 1 none LEFT
QUEUED
> EXEC
[(nil array), (nil), (nil), (nil array)]
> LPUSH src a
1
@2 > BLPOP renamed 0
(blocked)
> RENAME src renamed
OK
@2 <
["renamed", "a"]
@2 > BLPOP copied 0
(blocked)
> RPUSH src b
1
> COPY src copied
1
@2 <
["copied", "b"]
@2 > CLIENT ID
*
@5 > CLIENT SETNAME waiter
OK
@5 > BLPOP never 0
(blocked)
> CLIENT LIST TYPE pubsub
""
@5 > QUIT
(none)

# What waits is served by the first key that can serve it, not by one that was only deleted.
> DEL w1 w2
0
> SADD w1 x
1
> DEL w1
1
@3 > BLPOP w1 w2 0
(blocked)
> MULTI
OK
> FLUSHALL
QUEUED
> RPUSH w2 b
QUEUED
> RPUSH w1 a
QUEUED
> EXEC
[OK, 1, 1]
@3 <
["w2", "b"]
