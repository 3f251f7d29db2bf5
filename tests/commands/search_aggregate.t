# FT.AGGREGATE and FT.CURSOR: what a query matches, computed, grouped, sorted and read in portions.
%families
> FT.CREATE rides ON HASH PREFIX 1 ride: SCHEMA city TAG SORTABLE driver TEXT fare NUMERIC SORTABLE km NUMERIC at NUMERIC
OK
> HSET ride:1 city Paris driver ana fare 10 km 4 at 1517417144
5
> HSET ride:2 city Paris driver bob fare 30 km 10 at 1517417200
5
> HSET ride:3 city Rome driver ana fare 5 km 2 at 1517500000
5
> HSET ride:4 city Rome driver cem fare 50 km 20 at 1517503600 note late
6
> HSET ride:5 city Oslo driver ana km 1
3

> FT.AGGREGATE rides * GROUPBY 1 @city REDUCE COUNT 0 AS n REDUCE SUM 1 @fare AS total SORTBY 2 @city ASC
[3, ["city", "oslo", "n", "1", "total", "0"], ["city", "paris", "n", "2", "total", "40"], ["city", "rome", "n", "2", "total", "55"]]
> FT.AGGREGATE rides "@city:{Paris|Rome}" GROUPBY 1 @city REDUCE AVG 1 @fare REDUCE MAX 1 @km AS far SORTBY 2 @far DESC LIMIT 0 1
[2, ["city", "rome", "__generated_aliasavgfare", "27.5", "far", "20"]]
> FT.AGGREGATE rides * APPLY "@fare / @km" AS rate FILTER "@rate > 2.5" SORTBY 2 @rate DESC
[1, ["fare", "30", "km", "10", "rate", "3"]]
> FT.AGGREGATE rides "@city:{paris}" LOAD 3 @driver AS who APPLY "format('%s (%s)', upper(@who), @fare)" AS text SORTBY 1 @text
[2, ["who", "ana", "fare", "10", "text", "ANA (10)"], ["who", "bob", "fare", "30", "text", "BOB (30)"]]
> FT.AGGREGATE rides "@fare:[50 50]" LOAD *
[1, ["city", "Rome", "driver", "cem", "fare", "50", "km", "20", "at", "1517503600", "note", "late"]]
> FT.AGGREGATE rides "@fare:[50 50]" LOAD 3 @__key @note @missing
[1, ["__key", "ride:4", "note", "late"]]
> FT.AGGREGATE rides * APPLY "timefmt(day(@at), '%F')" AS day GROUPBY 1 @day REDUCE COUNT_DISTINCT 1 @driver AS drivers SORTBY 1 @day
[3, ["day", "2018-01-31", "drivers", "2"], ["day", "2018-02-01", "drivers", "2"], ["day", (nil), "drivers", "1"]]
> FT.AGGREGATE rides * GROUPBY 1 @driver REDUCE TOLIST 1 @fare AS fares SORTBY 1 @driver
[3, ["driver", "ana", "fares", ["10", "5"]], ["driver", "bob", "fares", ["30"]], ["driver", "cem", "fares", ["50"]]]
> FT.AGGREGATE rides * GROUPBY 0 REDUCE QUANTILE 2 @fare 0.5 AS half REDUCE STDDEV 1 @km AS dev REDUCE COUNT_DISTINCTISH 1 @city AS cities REDUCE FIRST_VALUE 4 @driver BY @fare DESC AS best
[1, ["half", "10", "dev", "7.86129760281", "cities", "3", "best", "cem"]]
> FT.AGGREGATE rides * GROUPBY 1 @city REDUCE MIN 1 @fare AS least FILTER "@city == 'oslo'"
[1, ["city", "oslo", "least", (nil)]]
> FT.AGGREGATE rides * SORTBY 2 @fare DESC MAX 2
[5, ["fare", "50"], ["fare", "30"]]
> FT.AGGREGATE rides * SORTBY 2 @fare ASC LIMIT 1 2
[5, ["fare", "10"], ["fare", "30"]]
> FT.AGGREGATE rides "@fare:[$low +inf]" GROUPBY 0 REDUCE COUNT 0 AS n PARAMS 2 low 20 DIALECT 2
[1, ["n", "2"]]
> FT.AGGREGATE rides "@city:{nowhere}" GROUPBY 1 @city REDUCE COUNT 0 AS n
[0]

# Portions of a result, which stays what it was.
> FT.AGGREGATE rides * GROUPBY 1 @city REDUCE COUNT 0 AS n SORTBY 1 @city WITHCURSOR COUNT 2
[[3, ["city", "oslo", "n", "1"], ["city", "paris", "n", "2"]], *]
> FT.AGGREGATE rides * LOAD 1 @__key WITHCURSOR COUNT 10 MAXIDLE 1000
[[5, ["__key", "ride:1"], ["__key", "ride:2"], ["__key", "ride:3"], ["__key", "ride:4"], ["__key", "ride:5"]], 0]
> FT.CURSOR READ rides 12345
! Cursor not found, id: 12345
> FT.CURSOR DEL rides 12345
! Cursor does not exist
> FT.CURSOR READ nowhere 1
! *
> FT.CURSOR PEEK rides 1
! Unknown subcommand
> FT.CURSOR READ rides x
! ERR value is not an integer or out of range

# RESP3.
@3 > HELLO 3
*
@3 > FT.AGGREGATE rides "@city:{oslo}" GROUPBY 1 @city REDUCE COUNT 0 AS n
{"attributes": [], "total_results": 1, "format": "STRING", "results": [{"extra_attributes": {"city": "oslo", "n": "1"}, "values": []}], "warning": []}

# What makes no sense changes nothing and is named.
> FT.AGGREGATE rides * SORTBY 1 @nope
! Property `nope` not loaded nor in pipeline
> FT.AGGREGATE rides * GROUPBY 1 @city REDUCE COUNT 0 AS n SORTBY 1 @fare
! Property `fare` not loaded nor in pipeline
> FT.AGGREGATE rides * APPLY "1 + " AS x
! Syntax error at offset 4 near '': expected a value
> FT.AGGREGATE rides * APPLY "nofunc(1)" AS x
! Syntax error at offset 0 near 'nofunc(1)': Unknown function name 'nofunc'
> FT.AGGREGATE rides * GROUPBY 1 @city REDUCE NOPE 0
! No such reducer: NOPE
> FT.AGGREGATE rides * HIGHLIGHT
! Unknown argument `HIGHLIGHT` at position 1 for <main>
> FT.AGGREGATE rides "@fare:[1" LIMIT 0 1
! *
> FT.AGGREGATE nowhere *
! *

# The distance of neighbours is a value of their rows.
> FT.CREATE places ON HASH PREFIX 1 place: SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 1 DISTANCE_METRIC L2
OK
> HSET place:1 v "\x00\x00\x00\x00"
1
> HSET place:2 v "\x00\x00\x80\x3f"
1
> FT.AGGREGATE places "*=>[KNN 2 @v $q AS d]" LOAD 2 @__key @d APPLY "@d * 2" AS twice PARAMS 2 q "\x00\x00\x80\x3f" DIALECT 2
[2, ["__key", "place:2", "d", "0", "twice", "0"], ["__key", "place:1", "d", "1", "twice", "2"]]
