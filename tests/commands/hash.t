# Hashes: fields, counters, encodings, random fields, scans.
> HSET h a 1 b 2
2
> HSET h a 3 c 4
1
> HGET h a
"3"
> HGET h missing
(nil)
> HGET missing a
(nil)
> HMGET h a missing c
["3", (nil), "4"]
> HMGET missing a
[(nil)]
> HGETALL h
unordered ["a", "3", "b", "2", "c", "4"]
> HGETALL missing
[]
> HKEYS h
["a", "b", "c"]
> HVALS h
["3", "2", "4"]
> HLEN h
3
> HLEN missing
0
> HSTRLEN h a
1
> HSTRLEN h missing
0
> HEXISTS h a
1
> HEXISTS h z
0
> HEXISTS missing z
0
> HSETNX h a 9
0
> HSETNX h d 9
1
> HMSET h e 5
OK
> HMSET h e
! ERR wrong number of arguments for 'hmset' command
> HSET h e
! ERR wrong number of arguments for 'hset' command
> HSET h
! ERR wrong number of arguments for 'hset' command
> HSET h a 1 b
! ERR wrong number of arguments for 'hset' command
> HDEL h a missing b
2
> HDEL missing a
0
> HDEL h c d e
3
> EXISTS h
0
> HINCRBY h n 5
5
> HINCRBY h n -7
-2
> HINCRBY h n abc
! ERR value is not an integer or out of range
> HSET h s abc
1
> HINCRBY h s 1
! ERR hash value is not an integer
> HSET h big 9223372036854775807
1
> HINCRBY h big 1
! ERR increment or decrement would overflow
> HINCRBYFLOAT h f 1.5
"1.5"
> HINCRBYFLOAT h f 1.25
"2.75"
> HINCRBYFLOAT h s 1
! ERR hash value is not a float
> HINCRBYFLOAT h f abc
! ERR value is not a valid float
> HINCRBYFLOAT h f inf
! ERR value is NaN or Infinity
> HINCRBYFLOAT h f nan
! ERR value is not a valid float
> HINCRBYFLOAT h f 5.0e3
"5002.75"
> HGET h f
"5002.75"
> OBJECT ENCODING h
"listpack"
> HSET h long aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg
1
> OBJECT ENCODING h
"listpack"
> HSET h long aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg
0
> OBJECT ENCODING h
"hashtable"
> HGET h long
"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg"
> HGET h f
"5002.75"
> HSET h long short
0
> HGET h long
"short"
> HSET h "" empty
1
> HGET h ""
"empty"
> HDEL h long
1
> HLEN h
5
> SET str x
OK
> HSET str a 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> HGET str a
! WRONGTYPE Operation against a key holding the wrong kind of value
> HDEL str a
! WRONGTYPE Operation against a key holding the wrong kind of value
> HGETALL str
! WRONGTYPE Operation against a key holding the wrong kind of value
> HINCRBY str a 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> HRANDFIELD str
! WRONGTYPE Operation against a key holding the wrong kind of value
> HSCAN str 0
! WRONGTYPE Operation against a key holding the wrong kind of value
> HRANDFIELD missing
(nil)
> HRANDFIELD missing 5
[]
> HRANDFIELD missing 5 WITHVALUES
[]
> HSET one f v
1
> HRANDFIELD one
"f"
> HRANDFIELD one 1
["f"]
> HRANDFIELD one 5
["f"]
> HRANDFIELD one -3
["f", "f", "f"]
> HRANDFIELD one 2 WITHVALUES
["f", "v"]
> HRANDFIELD one -2 WITHVALUES
["f", "v", "f", "v"]
> HRANDFIELD one 0
[]
> HRANDFIELD one abc
! ERR value is not an integer or out of range
> HRANDFIELD one 1 NOPE
! ERR syntax error
> HRANDFIELD one -9223372036854775808
! ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
> HRANDFIELD one 9223372036854775807 WITHVALUES
! ERR value is out of range
> HRANDFIELD one 1 WITHVALUES x
! ERR syntax error
> HSCAN one 0
["0", ["f", "v"]]
> HSCAN one 0 MATCH f*
["0", ["f", "v"]]
> HSCAN one 0 MATCH g*
["0", []]
> HSCAN one 0 COUNT 0
! ERR syntax error
> HSCAN one x
! ERR invalid cursor
> HSCAN missing 0
["0", []]
> HSCAN one 0 TYPE hash
! ERR syntax error
> CONFIG SET hash-max-listpack-entries 2
OK
> HSET few a 1 b 2
2
> OBJECT ENCODING few
"listpack"
> HSET few c 3
1
> OBJECT ENCODING few
"hashtable"
> HGETALL few
unordered ["a", "1", "b", "2", "c", "3"]
> HSCAN few 0 COUNT 100
*
> HRANDFIELD few 3
unordered ["a", "b", "c"]
> CONFIG SET hash-max-listpack-entries 128
OK
# In RESP3 a hash is a map, and pairs are pairs
> HELLO 3
*
> HGETALL one
{"f": "v"}
> HRANDFIELD one 1 WITHVALUES
[["f", "v"]]
> HRANDFIELD one 1
["f"]
> HGET one nope
(nil)
> HGETALL missing
{}
> HSCAN one 0
["0", ["f", "v"]]


