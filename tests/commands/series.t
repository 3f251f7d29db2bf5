# Time series: TS.*, one by one, by labels, and condensed by rules.
%families
# --- one series ---
> TS.CREATE temp RETENTION 0 DUPLICATE_POLICY MAX LABELS area north kind temp
OK
> TS.CREATE temp
! ERR TSDB: key already exists
> TS.ADD temp 1000 20.5
1000
> TS.ADD temp 2000 21
2000
> TS.ADD temp 3000 nan
! ERR TSDB: invalid value
> TS.ADD temp x 1
! ERR TSDB: invalid timestamp
> TS.ADD temp -5 1
! ERR TSDB: invalid timestamp, must be a nonnegative integer
> TS.GET temp
[2000, 21]
> TS.GET none
! ERR TSDB: the key does not exist
> TS.GET temp LATER
! ERR TSDB: wrong 3rd argument
> TS.ADD temp 2000 20
2000
> TS.GET temp
[2000, 21]
> TS.ADD temp 2000 25 ON_DUPLICATE BLOCK
! ERR TSDB: Error at upsert, update is not supported when DUPLICATE_POLICY is set to BLOCK mode
> TS.ADD temp 2000 25 ON_DUPLICATE LAST
2000
> TS.ADD temp 1500 0.1
1500
> TS.RANGE temp - +
[[1000, 20.5], [1500, 0.1], [2000, 25]]
> TS.REVRANGE temp - + COUNT 2
[[2000, 25], [1500, 0.1]]
> TS.ADD fresh 5 1 ENCODING UNCOMPRESSED CHUNK_SIZE 128 LABELS area south
5
> TS.INFO fresh
[totalSamples, 1, memoryUsage, *, firstTimestamp, 5, lastTimestamp, 5, retentionTime, 0, chunkCount, 1, chunkSize, 128, chunkType, uncompressed, duplicatePolicy, (nil), labels, [["area", "south"]], sourceKey, (nil), rules, []]
> TS.INFO temp DEBUG
[totalSamples, 3, memoryUsage, *, firstTimestamp, 1000, lastTimestamp, 2000, retentionTime, 0, chunkCount, 1, chunkSize, 4096, chunkType, compressed, duplicatePolicy, max, labels, [["area", "north"], ["kind", "temp"]], sourceKey, (nil), rules, [], keySelfName, "temp", Chunks, [[startTimestamp, 1000, endTimestamp, 2000, samples, 3, size, *, bytesPerSample, *]]]
> TS.ALTER fresh RETENTION 100 DUPLICATE_POLICY SUM CHUNK_SIZE 256 LABELS area south kind x
OK
> TS.ADD fresh 500 1
500
> TS.ADD fresh 350 1
! ERR TSDB: Timestamp is older than retention
> TS.ADD fresh 500 2
500
> TS.RANGE fresh - +
[[500, 3]]
> TS.INFO fresh
[totalSamples, 1, memoryUsage, *, firstTimestamp, 500, lastTimestamp, 500, retentionTime, 100, chunkCount, 1, chunkSize, 256, chunkType, uncompressed, duplicatePolicy, sum, labels, [["area", "south"], ["kind", "x"]], sourceKey, (nil), rules, []]
> TS.INFO none
! ERR TSDB: the key does not exist
> TS.ALTER none
! ERR TSDB: the key does not exist
> SET word x
OK
> TS.ADD word 1 1
! WRONGTYPE Operation against a key holding the wrong kind of value
> TS.RANGE word - +
! WRONGTYPE Operation against a key holding the wrong kind of value
> TS.CREATE word
! WRONGTYPE Operation against a key holding the wrong kind of value
> TS.CREATE x RETENTION -1
! ERR TSDB: Couldn't parse RETENTION
> TS.CREATE x CHUNK_SIZE 50
! ERR TSDB: CHUNK_SIZE value must be a multiple of 8 in the range [48 .. 1048576]
> TS.CREATE x CHUNK_SIZE ten
! ERR TSDB: Couldn't parse CHUNK_SIZE
> TS.CREATE x DUPLICATE_POLICY never
! ERR TSDB: Unknown DUPLICATE_POLICY
> TS.CREATE x ENCODING zip
! ERR TSDB: unknown ENCODING parameter
> TS.CREATE x LABELS a
! ERR TSDB: Couldn't parse LABELS
> TS.CREATE x LABELS a (b)
! ERR TSDB: Couldn't parse LABELS
> TS.CREATE x COLOUR red
! ERR TSDB: unknown argument 'COLOUR'
> EXISTS x
0
# --- several at once, and counters ---
> TS.MADD temp 4000 1 fresh 600 2 none 1 1 temp 4000 x
[4000, 600, ! ERR TSDB: the key is not a TSDB key, ! ERR TSDB: invalid value]
> TS.MADD temp 1
! ERR wrong number of arguments for 'ts.madd' command
> TS.INCRBY hits 2 TIMESTAMP 100 LABELS kind hits
100
> TS.INCRBY hits 3 TIMESTAMP 100
100
> TS.DECRBY hits 1 TIMESTAMP 200
200
> TS.RANGE hits - +
[[100, 5], [200, 4]]
> TS.INCRBY hits 1 TIMESTAMP 150
! TSDB: timestamp must be equal to or higher than the maximum existing timestamp
> TS.INCRBY hits one
! ERR TSDB: invalid increase/decrease value
> TS.DEL hits 0 100
1
> TS.DEL hits 0 100
0
> TS.DEL none 0 1
! ERR TSDB: the key does not exist
> TS.DEL hits a 1
! ERR TSDB: wrong fromTimestamp
> TS.RANGE hits - +
[[200, 4]]
# --- buckets ---
> TS.MADD b 0 0
[! ERR TSDB: the key is not a TSDB key]
> TS.CREATE b
OK
> TS.MADD b 0 1 b 5 3 b 10 10 b 12 20 b 19 30 b 45 7
[0, 5, 10, 12, 19, 45]
> TS.RANGE b - + AGGREGATION avg 10
[[0, 2], [10, 20], [40, 7]]
> TS.RANGE b - + AGGREGATION sum 10 EMPTY
[[0, 4], [10, 60], [20, 0], [30, 0], [40, 7]]
> TS.RANGE b - + AGGREGATION last 10 EMPTY
[[0, 3], [10, 30], [20, 30], [30, 30], [40, 7]]
> TS.RANGE b - + AGGREGATION min 10 EMPTY
[[0, 1], [10, 10], [20, NaN], [30, NaN], [40, 7]]
> TS.REVRANGE b - + AGGREGATION max 10 COUNT 2
[[40, 7], [10, 30]]
> TS.RANGE b - + AGGREGATION range 20
[[0, 29], [40, 0]]
> TS.RANGE b - + AGGREGATION count 10 BUCKETTIMESTAMP end
[[10, 2], [20, 3], [50, 1]]
> TS.RANGE b - + AGGREGATION first 10 BUCKETTIMESTAMP mid
[[5, 1], [15, 10], [45, 7]]
> TS.RANGE b - + AGGREGATION std.p 20
[[0, 10.870142593360953], [40, 0]]
> TS.RANGE b - + AGGREGATION std.s 20
[[0, 12.153188881935472], [40, 0]]
> TS.RANGE b - + AGGREGATION var.p 20
[[0, 118.16], [40, 0]]
> TS.RANGE b - + AGGREGATION var.s 20
[[0, 147.7], [40, 0]]
> TS.RANGE b - + AGGREGATION twa 20
[[0, 13.852884615384616], [40, 9.211538461538462]]
> TS.RANGE b 5 20 ALIGN start AGGREGATION count 10
[[5, 3], [15, 1]]
> TS.RANGE b 5 20 ALIGN end AGGREGATION count 10
[[0, 1], [10, 3]]
> TS.RANGE b - + ALIGN 2 AGGREGATION count 10
[[0, 1], [2, 2], [12, 2], [42, 1]]
> TS.RANGE b - + ALIGN start AGGREGATION count 10
! ERR TSDB: start alignment can only be used with explicit start timestamp
> TS.RANGE b 0 + ALIGN end AGGREGATION count 10
! ERR TSDB: end alignment can only be used with explicit end timestamp
> TS.RANGE b - + ALIGN start
! ERR TSDB: ALIGN parameter can only be used with AGGREGATION
> TS.RANGE b - + ALIGN never AGGREGATION avg 10
! ERR TSDB: unknown ALIGN parameter
> TS.RANGE b - + FILTER_BY_TS 5 12 13
[[5, 3], [12, 20]]
> TS.RANGE b - + FILTER_BY_VALUE 3 20
[[5, 3], [10, 10], [12, 20], [45, 7]]
> TS.RANGE b - + FILTER_BY_VALUE 3 20 AGGREGATION count 10
[[0, 1], [10, 2], [40, 1]]
> TS.RANGE b - + AGGREGATION mean 10
! ERR TSDB: Unknown aggregation type
> TS.RANGE b - + AGGREGATION avg 0
! ERR TSDB: bucketDuration must be greater than zero
> TS.RANGE b - + AGGREGATION avg
! ERR TSDB: Couldn't parse AGGREGATION
> TS.RANGE b - + COUNT 0
! ERR TSDB: Invalid COUNT value
> TS.RANGE b - + COUNT
! ERR TSDB: COUNT argument is missing
> TS.RANGE b - + FILTER_BY_TS
! ERR TSDB: FILTER_BY_TS one or more arguments are missing
> TS.RANGE b - + FILTER_BY_VALUE 1
! ERR TSDB: FILTER_BY_VALUE one or more arguments are missing
> TS.RANGE b - + EMPTY
! ERR TSDB: EMPTY flag should be the 3rd or 5th flag after AGGREGATION flag
> TS.RANGE b x +
! ERR TSDB: wrong fromTimestamp
> TS.RANGE b - x
! ERR TSDB: wrong toTimestamp
> TS.RANGE b - + SOON
! ERR TSDB: unknown argument 'SOON'
> TS.RANGE b 10 + AGGREGATION avg 3 EMPTY
[[9, 10], [12, 20], [15, NaN], [18, 30], [21, NaN], [24, NaN], [27, NaN], [30, NaN], [33, NaN], [36, NaN], [39, NaN], [42, NaN], [45, 7]]
> TS.ADD wide 0 1
0
> TS.ADD wide 9223372036854775807 1
9223372036854775807
> TS.RANGE wide - + AGGREGATION avg 1 EMPTY
! ERR TSDB: EMPTY would fill in more than 2097152 buckets
# --- labels ---
> TS.QUERYINDEX area=north
["temp"]
> TS.QUERYINDEX area=(north,south)
["fresh", "temp"]
> TS.QUERYINDEX area=(north,south) kind=
[]
> TS.QUERYINDEX area=(north,south) kind!=x
["temp"]
> TS.QUERYINDEX area=(north,south) kind!=
["fresh", "temp"]
> TS.QUERYINDEX area=(north,south) kind!=(x,y)
["temp"]
> TS.QUERYINDEX area!=north
! ERR TSDB: please provide at least one matcher
> TS.QUERYINDEX area
! ERR TSDB: failed parsing labels
> TS.MGET FILTER area=(north,south)
[["fresh", [], [600, 2]], ["temp", [], [4000, 1]]]
> TS.MGET WITHLABELS FILTER area=north
[["temp", [["area", "north"], ["kind", "temp"]], [4000, 1]]]
> TS.MGET SELECTED_LABELS kind nope FILTER area=north
[["temp", [["kind", "temp"], ["nope", (nil)]], [4000, 1]]]
> TS.MGET WITHLABELS SELECTED_LABELS kind FILTER area=north
! ERR TSDB: cannot accept WITHLABELS and SELECT_LABELS together
> TS.MGET WITHLABELS area=north
! ERR TSDB: unknown argument 'area=north'
> TS.MGET FILTER area!=north
! ERR TSDB: please provide at least one matcher
> TS.MRANGE - + COUNT 1 FILTER area=(north,south)
[["fresh", [], [[500, 3]]], ["temp", [], [[1000, 20.5]]]]
> TS.MREVRANGE - + COUNT 1 WITHLABELS FILTER area=(north,south)
[["fresh", [["area", "south"], ["kind", "x"]], [[600, 2]]], ["temp", [["area", "north"], ["kind", "temp"]], [[4000, 1]]]]
> TS.MRANGE - + AGGREGATION sum 1000 SELECTED_LABELS area FILTER kind!= area=(north,south)
[["fresh", [["area", "south"]], [[0, 5]]], ["temp", [["area", "north"]], [[1000, 20.6], [2000, 25], [4000, 1]]]]
> TS.MRANGE - + COUNT 1
! ERR TSDB: missing FILTER argument
> TS.MRANGE - + GROUPBY area REDUCE max FILTER area=north
! ERR TSDB: GROUPBY should always come after filter
> TS.MADD temp 5000 5 fresh 5000 7
[5000, 5000]
> TS.ALTER fresh LABELS area south kind temp
OK
> TS.MRANGE 5000 5000 FILTER kind=temp GROUPBY kind REDUCE sum
[["kind=temp", [], [[5000, 12]]]]
> TS.MRANGE 4000 5000 WITHLABELS FILTER kind=temp GROUPBY kind REDUCE max
[["kind=temp", [["kind", "temp"], ["__reducer__", "max"], ["__source__", "fresh,temp"]], [[4000, 1], [5000, 7]]]]
> TS.MREVRANGE 4000 5000 WITHLABELS FILTER kind=temp GROUPBY area REDUCE avg
[["area=north", [["area", "north"], ["__reducer__", "avg"], ["__source__", "temp"]], [[5000, 5], [4000, 1]]], ["area=south", [["area", "south"], ["__reducer__", "avg"], ["__source__", "fresh"]], [[5000, 7]]]]
> TS.MRANGE - + FILTER kind=temp GROUPBY kind REDUCE twa
! ERR TSDB: Invalid reducer type
> TS.MRANGE - + FILTER kind=temp GROUPBY kind
! ERR wrong number of arguments for 'ts.mrange' command
# --- the index follows keys ---
> RENAME temp t2
OK
> TS.QUERYINDEX area=north
["t2"]
> COPY t2 t3
1
> TS.QUERYINDEX area=north
["t2", "t3"]
> DEL t2
1
> TS.QUERYINDEX area=north
["t3"]
> PEXPIRE t3 1
1
? TS.QUERYINDEX area=north
[]
> MOVE fresh 1
1
> TS.QUERYINDEX area=south
[]
> SWAPDB 0 1
OK
> TS.QUERYINDEX area=south
["fresh"]
> SWAPDB 0 1
OK
> SELECT 1
OK
> TS.QUERYINDEX area=south
["fresh"]
> FLUSHDB
OK
> TS.QUERYINDEX area=south
[]
> TS.CREATE fresh LABELS area south
OK
> SET fresh word
OK
> TS.QUERYINDEX area=south
[]
> SELECT 0
OK
# --- a user sees no more by labels than by name ---
> ACL SETUSER reader on nopass ~s* +@all
OK
> TS.CREATE s1 LABELS room a
OK
> TS.CREATE t1 LABELS room a
OK
@2 > AUTH reader x
OK
@2 > TS.QUERYINDEX room=a
! NOPERM the filters find keys that this user may not read
> DEL t1
1
@2 > TS.QUERYINDEX room=a
["s1"]
# --- rules ---
> TS.CREATE raw
OK
> TS.CREATE sums
OK
> TS.CREATE other
OK
> TS.CREATERULE raw sums AGGREGATION sum 10
OK
> TS.CREATERULE raw other AGGREGATION twa 10 3
OK
> TS.CREATERULE raw raw AGGREGATION sum 10
! ERR TSDB: the source key and destination key should be different
> TS.CREATERULE raw sums AGGREGATION sum 10
! ERR TSDB: the destination key already has a src rule
> TS.CREATERULE sums other AGGREGATION sum 10
! ERR TSDB: the source key already has a source rule
> TS.CREATERULE b raw AGGREGATION sum 10
! ERR TSDB: the destination key already has a dst rule
> TS.CREATERULE raw none AGGREGATION sum 10
! ERR TSDB: the key does not exist
> TS.CREATERULE raw sums AGGREGATION total 10
! ERR TSDB: Unknown aggregation type
> TS.CREATERULE raw sums AGGREGATION sum 0
! ERR TSDB: bucketDuration must be greater than zero
> TS.CREATERULE raw sums AGGREGATION sum ten
! ERR TSDB: Couldn't parse AGGREGATION
> TS.CREATERULE raw sums AGGREGATION sum
! ERR wrong number of arguments for 'ts.createrule' command
> TS.MADD raw 1 1 raw 5 2 raw 12 3 raw 25 4
[1, 5, 12, 25]
> TS.RANGE sums - +
[[0, 3], [10, 3]]
> TS.RANGE sums - + LATEST
[[0, 3], [10, 3], [20, 4]]
> TS.GET sums
[10, 3]
> TS.GET sums LATEST
[20, 4]
> TS.ADD raw 7 10
7
> TS.RANGE sums - +
[[0, 13], [10, 3]]
> TS.ADD raw 21 1
21
> TS.GET sums LATEST
[20, 5]
> TS.DEL raw 5 12
3
> TS.RANGE sums - +
[[0, 1]]
> TS.DEL raw 20 30
2
> TS.RANGE sums - +
[[0, 1]]
> TS.MADD raw 3 5 raw 40 1
[3, 40]
> TS.RANGE sums - +
[[0, 6]]
> TS.INFO sums
[totalSamples, 1, memoryUsage, *, firstTimestamp, 0, lastTimestamp, 0, retentionTime, 0, chunkCount, 1, chunkSize, 4096, chunkType, compressed, duplicatePolicy, (nil), labels, [], sourceKey, "raw", rules, []]
> RENAME sums totals
OK
> RENAME raw source
OK
> TS.MADD source 50 1 source 60 1
[50, 60]
> TS.RANGE totals - +
[[0, 6], [40, 1], [50, 1]]
> TS.INFO source
[totalSamples, 5, memoryUsage, *, firstTimestamp, 1, lastTimestamp, 60, retentionTime, 0, chunkCount, 1, chunkSize, 4096, chunkType, compressed, duplicatePolicy, (nil), labels, [], sourceKey, (nil), rules, [["totals", 10, SUM, 0], ["other", 10, TWA, 3]]]
> TS.DELETERULE source sums
! ERR TSDB: compaction rule does not exist
> TS.DELETERULE source totals
OK
> TS.DELETERULE none totals
! ERR TSDB: the key does not exist
> DEL other
1
> TS.ADD source 70 1
70
> TS.INFO source
[totalSamples, 6, memoryUsage, *, firstTimestamp, 1, lastTimestamp, 70, retentionTime, 0, chunkCount, 1, chunkSize, 4096, chunkType, compressed, duplicatePolicy, (nil), labels, [], sourceKey, (nil), rules, []]
> HELLO 3
*
> TS.INFO source
{totalSamples: 6, memoryUsage: *, firstTimestamp: 1, lastTimestamp: 70, retentionTime: 0, chunkCount: 1, chunkSize: 4096, chunkType: compressed, duplicatePolicy: (nil), labels: {}, sourceKey: (nil), rules: {}}
> TS.GET totals
[50, ,1]
> TS.QUERYINDEX kind=hits
~["hits"]
> TS.MGET WITHLABELS FILTER kind=hits
{"hits": [{"kind": "hits"}, [200, ,4]]}
> TS.MRANGE - + AGGREGATION sum 10 FILTER kind=hits
{"hits": [{}, {"aggregators": ["sum"]}, [[200, ,4]]]}
> TS.MRANGE - + SELECTED_LABELS kind no FILTER kind=hits
{"hits": [{"kind": "hits", "no": (nil)}, {"aggregators": []}, [[200, ,4]]]}
> TS.MRANGE - + WITHLABELS FILTER kind=hits GROUPBY kind REDUCE max
{"kind=hits": [{"kind": "hits"}, {"reducers": ["max"]}, {"sources": ["hits"]}, [[200, ,4]]]}
