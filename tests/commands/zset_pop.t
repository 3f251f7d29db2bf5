# Sorted sets: taking the least and the greatest, at once or when there are some.

# pops
> ZADD p 1 a 2 b 3 c 4 d 5 e
5
> ZPOPMIN p
["a", "1"]
> ZPOPMAX p
["e", "5"]
> ZPOPMIN p 0
[]
> ZPOPMIN p 2
["b", "2", "c", "3"]
> ZPOPMAX p 9
["d", "4"]
> EXISTS p
0
> ZPOPMIN p
[]
> ZPOPMIN p 1
[]
> ZPOPMIN p -1
! ERR value is out of range, must be positive
> ZPOPMIN p x
! ERR value is out of range, must be positive
> ZPOPMIN p 1 2
! ERR syntax error
> ZADD p 1 a 2 b 3 c
3
> ZMPOP 2 missing p MIN
["p", [["a", "1"]]]
> ZMPOP 1 p MAX COUNT 5
["p", [["c", "3"], ["b", "2"]]]
> ZMPOP 1 p MIN
(nil array)
> ZMPOP 0 p MIN
! ERR numkeys should be greater than 0
> ZMPOP 2 p MIN
! ERR syntax error
> ZMPOP 1 p SIDE
! ERR syntax error
> ZMPOP 1 p MIN COUNT 0
! ERR count should be greater than 0
> ZMPOP 1 p MIN COUNT 1 COUNT 2
! ERR syntax error
> ZADD p 1 a 2 b 3 c
3
> BZPOPMIN missing p 0
["p", "a", "1"]
> BZPOPMAX p 0.5
["p", "c", "3"]
> BZMPOP 0.5 2 missing p MIN COUNT 9
["p", [["b", "2"]]]
> BZPOPMIN p 0.01
(nil array)
> BZMPOP 0.01 1 p MAX
(nil array)
> BZPOPMIN p x
! ERR timeout is not a float or out of range
> BZPOPMIN p -1
! ERR timeout is negative
> BZMPOP x 1 p MIN
! ERR timeout is not a float or out of range
> BZMPOP 0 0 p MIN
! ERR numkeys should be greater than 0

# a waiting client gets what comes, in its turn
@2 > BZPOPMIN q 0
(blocked)
@3 > BZPOPMAX other q 0
(blocked)
> ZADD q 1 a 2 b 3 c
3
@2 <
["q", "a", "1"]
@3 <
["q", "c", "3"]
> ZRANGE q 0 -1
["b"]
@2 > BZMPOP 0 2 other none MAX COUNT 2
(blocked)
> SET q2 x
OK
> ZADD other 1 x 2 y 3 z
3
@2 <
["other", [["z", "3"], ["y", "2"]]]
> ZRANGE other 0 -1
["x"]
# a client that waits is not disturbed by another type
@2 > BZPOPMIN w 0
(blocked)
> SET w text
OK
> DEL w
1
> ZADD w 5 e
1
@2 <
["w", "e", "5"]
# in a transaction nothing waits
> MULTI
OK
> BZPOPMIN empty 0
QUEUED
> BZMPOP 0 1 empty MIN
QUEUED
> EXEC
[(nil array), (nil array)]
# what a transaction adds and takes again wakes nobody
@2 > BZPOPMIN tx 0
(blocked)
> MULTI
OK
> ZADD tx 1 a
QUEUED
> ZREM tx a
QUEUED
> EXEC
[1, 1]
> ZADD tx 2 b
1
@2 <
["tx", "b", "2"]
# a stored result wakes, too
@2 > BZPOPMIN st 0
(blocked)
> ZADD src 1 a
1
> ZUNIONSTORE st 1 src
1
@2 <
["st", "a", "1"]
