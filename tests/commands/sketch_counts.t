# Sketches that count: CMS.*, TOPK.* and TDIGEST.*.
%families
# --- count-min ---
> CMS.INITBYDIM m 2000 5
OK
> CMS.INITBYDIM m 2000 5
! CMS: key already exists
> CMS.INITBYDIM x 0 5
! CMS: invalid width
> CMS.INITBYDIM x 5 zero
! CMS: invalid depth
> CMS.INITBYDIM x 9999999999 9999999999
! CMS: Insufficient memory to create the key
> CMS.INITBYPROB m2 0.001 0.01
OK
> CMS.INITBYPROB x 0 0.01
! CMS: invalid overestimation value
> CMS.INITBYPROB x 0.01 1
! CMS: invalid prob value
> CMS.INFO m2
[width, 2000, depth, 7, count, 0]
> CMS.INFO none
! CMS: key does not exist
> CMS.INCRBY m foo 10 bar 42
[10, 42]
> CMS.INCRBY m foo
! ERR wrong number of arguments for 'cms.incrby' command
> CMS.INCRBY m foo 1 bar
! ERR wrong number of arguments for 'cms.incrby' command
> CMS.INCRBY m foo ten
! CMS: Cannot parse number
> CMS.INCRBY m foo -1
! CMS: Number cannot be negative
> CMS.INCRBY none foo 1
! CMS: key does not exist
> CMS.QUERY m foo bar nope
[10, 42, 0]
> CMS.QUERY none foo
! CMS: key does not exist
> CMS.INCRBY m big 4294967295
[! CMS: INCRBY overflow]
> CMS.INITBYDIM d 2000 5
OK
> CMS.INCRBY d foo 1
[1]
> CMS.MERGE d 2 d m
OK
> CMS.INITBYDIM e 2000 5
OK
> CMS.INCRBY e foo 10
[10]
> CMS.MERGE d 2 d e WEIGHTS 1 3
OK
> CMS.QUERY d foo
[41]
> CMS.MERGE d 1 m2
! CMS: width/depth is not equal
> CMS.MERGE d 1 none
! CMS: key does not exist
> CMS.MERGE d 0 e
! CMS: Number of keys must be positive
> CMS.MERGE d two e
! CMS: invalid numkeys
> CMS.MERGE d 2 e
! CMS: wrong number of keys
> CMS.MERGE d 1 e WEIGHTS
! CMS: wrong number of keys/weights
> CMS.MERGE d 1 e WEIGHTS x
! CMS: invalid weight value
> CMS.MERGE d 1 e WEIGHTS -1
! CMS: MERGE overflow
> CMS.QUERY d foo
[41]
> TYPE d
CMSk-TYPE
# --- top-k ---
> TOPK.RESERVE t 3 50 4 0.9
OK
> TOPK.RESERVE t 3
! TopK: key already exists
> TOPK.RESERVE x 0
! TopK: invalid k
> TOPK.RESERVE x 3 8
! ERR wrong number of arguments for 'topk.reserve' command
> TOPK.RESERVE x 3 0 7 0.9
! TopK: invalid width
> TOPK.RESERVE x 3 8 0 0.9
! TopK: invalid depth
> TOPK.RESERVE x 3 8 1000 0.9
! TopK: invalid depth
> TOPK.RESERVE x 3 8 7 2
! TopK: invalid decay value. must be '<= 1' & '> 0'
> TOPK.RESERVE x 4294967295 4294967295 7 0.9
! ERR Insufficient memory to create topk data structure
> TOPK.INCRBY t a 5 b 4 c 3 d 10
[(nil), (nil), (nil), "c"]
> TOPK.INCRBY t a
! ERR wrong number of arguments for 'topk.incrby' command
> TOPK.INCRBY t a 1000000
! TopK: increment must be an integer greater or equal to 0 and smaller or equal to 100,000
> TOPK.ADD t a b
[(nil), (nil)]
> TOPK.QUERY t a c zz
[1, 0, 0]
> TOPK.COUNT t a d zz
[6, 10, 0]
> TOPK.LIST t
["d", "a", "b"]
> TOPK.LIST t WITHCOUNT
["d", 10, "a", 6, "b", 5]
> TOPK.LIST t COLOUR
! WITHCOUNT keyword expected
> TOPK.INFO t
[k, 3, width, 50, depth, 4, decay, "0.90000000000000002"]
> TOPK.ADD none a
! TopK: key does not exist
> TOPK.INFO none
! TopK: key does not exist
> TYPE t
TopK-TYPE
# --- t-digest ---
> TDIGEST.CREATE d1
OK
> TDIGEST.CREATE d1
! ERR T-Digest: key already exists
> TDIGEST.CREATE x COMPRESSION 0
! ERR T-Digest: compression parameter needs to be a positive integer
> TDIGEST.CREATE x COMPRESSION ten
! ERR T-Digest: error parsing compression parameter
> TDIGEST.CREATE x COMPRESSION 99999999
! ERR T-Digest: allocation failed
> TDIGEST.CREATE x COLOUR 10
! ERR T-Digest: wrong keyword
> TDIGEST.CREATE x COMPRESSION
! ERR wrong number of arguments for 'tdigest.create' command
> TDIGEST.QUANTILE d1 0.5
["nan"]
> TDIGEST.MIN d1
"nan"
> TDIGEST.MAX d1
"nan"
> TDIGEST.RANK d1 1
[-2]
> TDIGEST.BYRANK d1 0
["nan"]
> TDIGEST.TRIMMED_MEAN d1 0.1 0.9
"nan"
> TDIGEST.ADD d1 1 2 2 3 3 3 4 4 4 4 5 5 5 5 5
OK
> TDIGEST.ADD d1 6 seven
! ERR T-Digest: error parsing val parameter
> TDIGEST.ADD d1 inf
! ERR T-Digest: val parameter needs to be a finite number
> TDIGEST.ADD none 1
! ERR T-Digest: key does not exist
> TDIGEST.MIN d1
"1"
> TDIGEST.MAX d1
"5"
> TDIGEST.QUANTILE d1 0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1
["1", "2", "3", "3", "4", "4", "4", "5", "5", "5", "5"]
> TDIGEST.QUANTILE d1 1.5
! ERR T-Digest: quantile should be in [0,1]
> TDIGEST.QUANTILE d1 half
! ERR T-Digest: error parsing quantile
> TDIGEST.BYRANK d1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
["1", "2", "2", "3", "3", "3", "4", "4", "4", "4", "5", "5", "5", "5", "5", "inf"]
> TDIGEST.BYREVRANK d1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
["5", "5", "5", "5", "5", "4", "4", "4", "4", "3", "3", "3", "2", "2", "1", "-inf"]
> TDIGEST.BYRANK d1 -1
! ERR T-Digest: rank needs to be non negative
> TDIGEST.BYRANK d1 first
! ERR T-Digest: error parsing rank
> TDIGEST.RANK d1 0 1 2 3 4 5 6
[-1, 0, 2, 4, 8, 12, 15]
> TDIGEST.REVRANK d1 0 1 2 3 4 5 6
[15, 14, 13, 10, 7, 2, -1]
> TDIGEST.RANK d1 x
! ERR T-Digest: error parsing value
> TDIGEST.CDF d1 0 3 6
["0", "0.29999999999999999", "1"]
> TDIGEST.CDF d1 x
! ERR T-Digest: error parsing cdf
> TDIGEST.TRIMMED_MEAN d1 0 1
"3.6666666666666665"
> TDIGEST.TRIMMED_MEAN d1 0.5 0.5
! ERR T-Digest: low_cut_percentile should be lower than high_cut_percentile
> TDIGEST.TRIMMED_MEAN d1 x 0.5
! ERR T-Digest: error parsing low_cut_percentile
> TDIGEST.TRIMMED_MEAN d1 0 2
! ERR T-Digest: low_cut_percentile and high_cut_percentile should be in [0,1]
> TDIGEST.CREATE d2 COMPRESSION 200
OK
> TDIGEST.ADD d2 10 20
OK
> TDIGEST.MERGE d3 2 d1 d2
OK
> TDIGEST.MAX d3
"20"
> TDIGEST.MERGE d3 1 d2
OK
> TDIGEST.BYRANK d3 18
["20"]
> TDIGEST.MERGE d3 1 d2 OVERRIDE
OK
> TDIGEST.MIN d3
"10"
> TDIGEST.MERGE d3 1 d2 COMPRESSION 50 OVERRIDE
OK
> TDIGEST.INFO d3
[Compression, 50, Capacity, 310, Merged nodes, 0, Unmerged nodes, 2, Merged weight, 0, Unmerged weight, 2, Observations, 2, Total compressions, 0, Memory usage, *]
> TDIGEST.MERGE d3 0 d2
! ERR T-Digest: numkeys needs to be a positive integer
> TDIGEST.MERGE d3 x d2
! ERR T-Digest: error parsing numkeys
> TDIGEST.MERGE d3 5 d2
! ERR wrong number of arguments for 'tdigest.merge' command
> TDIGEST.MERGE d3 1 none
! ERR T-Digest: key does not exist
> TDIGEST.MERGE d3 1 d2 COLOUR
! ERR T-Digest: wrong keyword
> TDIGEST.MERGE d3 1 d2 COMPRESSION
! ERR wrong number of arguments for 'tdigest.merge' command
> TDIGEST.RESET d3
OK
> TDIGEST.MAX d3
"nan"
> TDIGEST.RESET none
! ERR T-Digest: key does not exist
> TDIGEST.INFO none
! ERR T-Digest: key does not exist
> TYPE d3
TDIS-TYPE
# One type is not another.
> CMS.INFO t
! WRONGTYPE Operation against a key holding the wrong kind of value
> TOPK.INFO d1
! WRONGTYPE Operation against a key holding the wrong kind of value
> TDIGEST.INFO m
! WRONGTYPE Operation against a key holding the wrong kind of value
> CMS.INITBYDIM t 10 2
! WRONGTYPE Operation against a key holding the wrong kind of value
> SET s text
OK
> TOPK.ADD s x
! WRONGTYPE Operation against a key holding the wrong kind of value
> TDIGEST.CREATE s
! WRONGTYPE Operation against a key holding the wrong kind of value
> CMS.QUERY s x
! WRONGTYPE Operation against a key holding the wrong kind of value
> HELLO 3
*
> TOPK.QUERY t a zz
[#t, #f]
> TDIGEST.MIN d1
,1
> CMS.INFO m
{width: 2000, depth: 5, count: 4294967347}

