# Filters that tell whether an item was seen: BF.* and CF.*.
%families
# --- Bloom ---
> BF.ADD b one
1
> BF.ADD b one
0
> BF.ADD b
! ERR wrong number of arguments for 'bf.add' command
> BF.MADD b one two
[0, 1]
> BF.EXISTS b two
1
> BF.EXISTS b nine
0
> BF.EXISTS none nine
0
> BF.MEXISTS b one nine
[1, 0]
> BF.MEXISTS none a b
[0, 0]
> BF.CARD b
2
> BF.CARD none
0
> BF.INFO none
! ERR not found
> BF.INFO b ITEMS
[2]
> BF.INFO b CAPACITY
[100]
> BF.INFO b FILTERS
[1]
> BF.INFO b EXPANSION
[2]
> BF.INFO b COLOUR
! Invalid information value
> BF.INFO b ITEMS x
! ERR wrong number of arguments for 'bf.info' command
> TYPE b
MBbloom--
> OBJECT ENCODING b
"raw"
# Made before use.
> BF.RESERVE b 0.01 100
! ERR item exists
> BF.RESERVE n 0.001 3 NONSCALING
OK
> BF.MADD n 1 2 3 1 4 5
[1, 1, 1, 0, ! ERR non scaling filter is full]
> BF.ADD n 1
0
> BF.ADD n 9
! ERR non scaling filter is full
> BF.INFO n EXPANSION
[(nil)]
> BF.RESERVE x abc 100
! ERR bad error rate
> BF.RESERVE x 0 100
! ERR error rate must be in the range (0.000000, 1.000000)
> BF.RESERVE x 1 100
! ERR error rate must be in the range (0.000000, 1.000000)
> BF.RESERVE x 0.01 many
! ERR bad capacity
> BF.RESERVE x 0.01 0
! ERR capacity must be in the range [1, 1073741824]
> BF.RESERVE x 0.01 99999999999
! ERR capacity must be in the range [1, 1073741824]
> BF.RESERVE x 0.000001 1073741824
! ERR Insufficient memory to create filter
> BF.RESERVE x 0.01 10 NONSCALING EXPANSION 2
! Nonscaling filters cannot expand
> BF.RESERVE x 0.01 10 EXPANSION
! ERR no expansion
> BF.RESERVE x 0.01 10 EXPANSION two
! ERR bad expansion
> BF.RESERVE x 0.01 10 EXPANSION 40000
! ERR expansion must be in the range [0, 32768]
> BF.RESERVE x 0.01 10 COLOUR
! ERR syntax error
> BF.RESERVE x 0.01 10 EXPANSION 0
OK
> BF.INFO x EXPANSION
[(nil)]
> BF.INSERT i CAPACITY 10 ERROR 0.001 EXPANSION 4 ITEMS a b
[1, 1]
> BF.INFO i CAPACITY
[10]
> BF.INSERT none NOCREATE ITEMS a b
! ERR not found
> BF.INSERT i CAPACITY 10 ITEMS
! ERR wrong number of arguments for 'bf.insert' command
> BF.INSERT i CAPACITY zero ITEMS a
! Bad capacity
> BF.INSERT i ERROR 2 ITEMS a
! Bad error rate
> BF.INSERT i EXPANSION -1 ITEMS a
! Bad expansion
> BF.INSERT i COLOUR red ITEMS a
! Unknown argument received
> BF.INSERT ns NONSCALING CAPACITY 2 ITEMS a b c d
[1, 1, ! ERR non scaling filter is full]
# In pieces.
> BF.RESERVE tiny 0.01 1
OK
> BF.ADD tiny x
1
> BF.SCANDUMP tiny 0
[1, "{\x14\xaeG\xe1z\x84?\x02\x01\x01\x01"]
> BF.SCANDUMP tiny 1
[65, "\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x80\x00\x00\x00 \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x00"]
> BF.SCANDUMP tiny 65
[0, ""]
> BF.SCANDUMP tiny minus
! Second argument must be numeric
> BF.SCANDUMP none 0
! ERR not found
> BF.LOADCHUNK t2 1 "{\x14\xaeG\xe1z\x84?\x02\x01\x01\x01"
OK
> BF.LOADCHUNK t2 1 "{\x14\xaeG\xe1z\x84?\x02\x01\x01\x01"
! received bad data
> BF.LOADCHUNK t2 2 "\xff"
OK
> BF.LOADCHUNK t2 99 "\xff"
! received bad data
> BF.LOADCHUNK t3 1 junk
! received bad data
> BF.LOADCHUNK t3 5 junk
! ERR not found
> BF.LOADCHUNK t3 no junk
! Second argument must be numeric
# They are keys like others.
> SET s text
OK
> BF.ADD s x
! WRONGTYPE Operation against a key holding the wrong kind of value
> BF.CARD s
! WRONGTYPE Operation against a key holding the wrong kind of value
> BF.RESERVE s 0.1 10
! WRONGTYPE Operation against a key holding the wrong kind of value
> GET b
! WRONGTYPE Operation against a key holding the wrong kind of value
> COPY b b2
1
> BF.ADD b2 three
1
> BF.CARD b2
3
> BF.CARD b
2
> RENAME b2 b3
OK
> PEXPIRE b3 100000
1
> BF.ADD b3 four
1
> PERSIST b3
1
> DEL b3
1
# --- cuckoo ---
> CF.ADD c a
1
> CF.ADD c a
1
> CF.ADDNX c a
0
> CF.ADDNX c b
1
> CF.COUNT c a
2
> CF.COUNT c zz
0
> CF.COUNT none a
0
> CF.EXISTS c a
1
> CF.EXISTS none a
0
> CF.MEXISTS c a b zz
[1, 1, 0]
> CF.DEL c a
1
> CF.DEL c a
1
> CF.DEL c a
0
> CF.DEL none a
! Not found
> CF.INSERT c ITEMS q r
[1, 1]
> CF.INSERT fresh CAPACITY 1000 ITEMS q r
[1, 1]
> CF.INSERTNX c ITEMS q q s
[0, 0, 1]
> CF.INSERT none NOCREATE ITEMS a
! ERR not found
> CF.INSERT c ITEMS
! ERR wrong number of arguments for 'cf.insert' command
> CF.INSERT c CAPACITY ten ITEMS a
! Bad capacity
> CF.INSERT c CAPACITY 1 ITEMS a
! Capacity must be in the range [cf-bucket-size * 2, 1073741824]
> CF.INSERT c COLOUR ITEMS a
! Unknown argument received
> TYPE c
MBbloomCF
> CF.RESERVE c 100
! ERR item exists
> CF.RESERVE c2 many
! Bad capacity
> CF.RESERVE c2 4 BUCKETSIZE 3
! Capacity must be in the range [2 * BUCKETSIZE, 1073741824]
> CF.RESERVE c2 6 BUCKETSIZE 3 MAXITERATIONS 0
! MAXITERATIONS: value must be in the range [1, 65535]
> CF.RESERVE c2 6 BUCKETSIZE 256
! BUCKETSIZE: value must be in the range [1, 255]
> CF.RESERVE c2 6 EXPANSION many
! Couldn't parse EXPANSION
> CF.RESERVE c2 6 COLOUR
! ERR syntax error
> CF.RESERVE c2 8 BUCKETSIZE 1 MAXITERATIONS 10 EXPANSION 0
OK
> CF.ADD c2 x
1
> CF.ADD c2 x
1
> CF.ADD c2 x
! Filter is full
> CF.INSERT c2 ITEMS x
[-1]
> CF.COMPACT c2
OK
> CF.COMPACT none
! Cuckoo filter was not found
> CF.SCANDUMP c2 0
[1, "\x01\n\x00\x02\x00\x01\x08"]
> CF.SCANDUMP c2 9
[0, (nil)]
> CF.SCANDUMP c2 x
! Invalid position
> CF.SCANDUMP none 0
! ERR not found
> CF.LOADCHUNK c3 1 "\x01\n\x00\x02\x00\x01\x08"
OK
> CF.LOADCHUNK c3 1 "\x01\n\x00\x02\x00\x01\x08"
! ERR item exists
> CF.LOADCHUNK c3 5 "\x01\x02\x03\x04"
OK
> CF.LOADCHUNK c3 100 "\x01\x02\x03\x04"
! Couldn't load chunk!
> CF.LOADCHUNK c4 1 junk
! Invalid header
> CF.LOADCHUNK c4 3 junk
! ERR not found
> CF.LOADCHUNK c4 0 junk
! Invalid position
> CF.INFO none
! ERR not found
> SET s text
OK
> CF.ADD s x
! WRONGTYPE Operation against a key holding the wrong kind of value
> CF.RESERVE s 100
! WRONGTYPE Operation against a key holding the wrong kind of value
> HELLO 3
*
> BF.ADD b five
#t
> BF.EXISTS b nine
#f
> BF.INFO b ITEMS
{Number of items inserted: 3}
> CF.INSERT c ITEMS v
[#t]
> CF.INSERTNX c ITEMS v w
[0, 1]
> CF.COUNT c v
1

