# Counting different elements. The strings are Redis's, byte for byte.
> PFADD h a b c d e f g
1
> PFCOUNT h
7
> GET h
"HYLL\x01\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00Fm\x80V\x0c\x80D<\x848\x80P\xb1\x84I\x8c\x80Bm\x80BZ"
> STRLEN h
38
> PFADD h a
0
> PFADD h
0
> PFADD h z
1
> GET h
"HYLL\x01\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x80Fm\x80V\x0c\x80D<\x848\x80@\x8f\x80P \x84I\x8c\x80Bm\x80BZ"
> PFCOUNT h
8
> PFCOUNT h
8
> GET h
"HYLL\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00Fm\x80V\x0c\x80D<\x848\x80@\x8f\x80P \x84I\x8c\x80Bm\x80BZ"
> PFADD empty
1
> GET empty
"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
> PFCOUNT empty
0
> GET empty
"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
> PFADD empty
0
> PFCOUNT missing
0
> PFCOUNT missing h
8
> PFCOUNT h empty missing
8
> PFADD h2 1 2 3 a b
1
> PFCOUNT h h2
11
> PFMERGE m h h2
OK
> PFCOUNT m
11
> GET m
"HYLL\x01\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00Fm\x80V\x0c\x80@\xe9\x80CQ\x848\x80@\x8f\x80IV\x80F\xc8\x84I\x8c\x80@\xd4\x8cA\x97\x80BZ"
> PFMERGE m
OK
> PFMERGE new
OK
> GET new
"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
> PFMERGE fresh missing missing
OK
> PFCOUNT fresh
0
> PFDEBUG ENCODING h
sparse
> PFDEBUG DECODE h
"Z:1646 v:1,1 Z:5645 v:1,1 Z:1085 v:2,1 z:57 v:1,1 Z:144 v:1,1 Z:4129 v:2,1 Z:2445 v:1,1 Z:622 v:1,1 Z:603"
> PFDEBUG decode empty
"Z:16384"
> PFDEBUG TODENSE h
1
> PFDEBUG TODENSE h
0
> PFDEBUG ENCODING h
dense
> PFDEBUG DECODE h
! ERR HLL encoding is not sparse
> STRLEN h
12304
> PFCOUNT h
8
> PFADD h a
0
> PFADD h one more
1
> PFCOUNT h
10
> PFMERGE h2 h
OK
> PFDEBUG ENCODING h2
dense
> PFCOUNT h2
13
> PFDEBUG NONSENSE h2
! ERR Unknown PFDEBUG subcommand 'NONSENSE'
> PFDEBUG ENCODING missing
! ERR The specified key does not exist
> PFDEBUG ENCODING
! ERR wrong number of arguments for 'pfdebug' command
> PFADD
! ERR wrong number of arguments for 'pfadd' command
> PFCOUNT
! ERR wrong number of arguments for 'pfcount' command
> PFMERGE
! ERR wrong number of arguments for 'pfmerge' command

# What is no HyperLogLog
> SET s foo
OK
> PFADD s x
! WRONGTYPE Key is not a valid HyperLogLog string value.
> PFCOUNT s
! WRONGTYPE Key is not a valid HyperLogLog string value.
> PFCOUNT h s
! WRONGTYPE Key is not a valid HyperLogLog string value.
> PFMERGE h s
! WRONGTYPE Key is not a valid HyperLogLog string value.
> PFMERGE s h
! WRONGTYPE Key is not a valid HyperLogLog string value.
> PFDEBUG ENCODING s
! WRONGTYPE Key is not a valid HyperLogLog string value.
> SET s 123
OK
> PFADD s x
! WRONGTYPE Key is not a valid HyperLogLog string value.
> LPUSH l x
1
> PFADD l x
! WRONGTYPE Operation against a key holding the wrong kind of value
> PFCOUNT l
! WRONGTYPE Operation against a key holding the wrong kind of value
> PFCOUNT missing l
! WRONGTYPE Operation against a key holding the wrong kind of value
> PFMERGE l h
! WRONGTYPE Operation against a key holding the wrong kind of value
> PFMERGE h l
! WRONGTYPE Operation against a key holding the wrong kind of value
> SETRANGE h2 4 "\x02"
12304
> PFCOUNT h2
! WRONGTYPE Key is not a valid HyperLogLog string value.
> SETRANGE h2 4 "\x00"
12304
> APPEND h2 x
12305
> PFCOUNT h2
! WRONGTYPE Key is not a valid HyperLogLog string value.
> SET bad "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
OK
> PFCOUNT bad
! INVALIDOBJ Corrupted HLL object detected
> PFADD bad x
! INVALIDOBJ Corrupted HLL object detected
> PFCOUNT bad missing
! INVALIDOBJ Corrupted HLL object detected
> PFMERGE m bad
! INVALIDOBJ Corrupted HLL object detected
> PFDEBUG TODENSE bad
! INVALIDOBJ Corrupted HLL object detected
> SET bad "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\x00"
OK
> PFCOUNT bad missing
! INVALIDOBJ Corrupted HLL object detected
> PFMERGE m bad
! INVALIDOBJ Corrupted HLL object detected
> SET bad "HYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00"
OK
> PFCOUNT bad
5
> SET short "HYLL\x01"
OK
> PFCOUNT short
! WRONGTYPE Key is not a valid HyperLogLog string value.

# The expiry stays
> PFADD t a
1
> EXPIRE t 100
1
> PFADD t b
1
> PFMERGE t h
OK
> TTL t
100

# The sparse form ends at a size, and at a run of more than 32 zeros
> CONFIG SET hll-sparse-max-bytes 25
OK
> PFADD small a b c
1
> PFDEBUG ENCODING small
dense
> PFADD small d e f
1
> PFDEBUG ENCODING small
dense
> PFCOUNT small
6
> PFMERGE small2 small
OK
> PFDEBUG ENCODING small2
dense
> CONFIG SET hll-sparse-max-bytes 0
OK
> PFADD none
1
> PFDEBUG ENCODING none
sparse
> PFADD none a
1
> PFDEBUG ENCODING none
dense

