# Indexes of hashes: FT.CREATE and FT.SEARCH.
%families
%start --enable-debug-command yes
> FT.CREATE idx ON HASH PREFIX 1 driver: SCHEMA name TEXT SORTABLE rating NUMERIC SORTABLE vehicle TAG location GEO
OK
> FT.CREATE idx SCHEMA a TEXT
! Index already exists
> HSET driver:1 name "Alice Adams" rating 4.9 vehicle "sedan,green" location "-122.41,37.77"
4
> HSET driver:2 name "Bob Brown" rating 4.5 vehicle "suv" location "-122.42,37.78"
4
> HSET driver:3 name "Carol Clark" rating 4.95 vehicle "Sedan" location "-122.27,37.80"
4
> HSET other:1 name "Alice elsewhere" rating 5
2
> FT.SEARCH idx "@rating:[4.8 +inf]"
[2, "driver:1", ["name", "Alice Adams", "rating", "4.9", "vehicle", "sedan,green", "location", "-122.41,37.77"], "driver:3", ["name", "Carol Clark", "rating", "4.95", "vehicle", "Sedan", "location", "-122.27,37.80"]]
> FT.SEARCH idx "@rating:[(4.9 inf]" NOCONTENT
[1, "driver:3"]
> FT.SEARCH idx "@rating:[-inf (4.9]" NOCONTENT
[1, "driver:2"]
> FT.SEARCH idx * NOCONTENT SORTBY rating DESC
[3, "driver:3", "driver:1", "driver:2"]
> FT.SEARCH idx * NOCONTENT SORTBY rating DESC LIMIT 1 1 WITHSORTKEYS
[3, "driver:1", "#4.9"]
> FT.SEARCH idx * NOCONTENT SORTBY name WITHSORTKEYS
[3, "driver:1", "$alice adams", "driver:2", "$bob brown", "driver:3", "$carol clark"]
> FT.SEARCH idx * LIMIT 0 0
[3]
> FT.SEARCH idx * RETURN 0 LIMIT 0 1
[3, "driver:1"]
> FT.SEARCH idx "@vehicle:{sedan}" NOCONTENT
[2, "driver:1", "driver:3"]
> FT.SEARCH idx "@vehicle:{suv | green}" NOCONTENT
[2, "driver:1", "driver:2"]
> FT.SEARCH idx "@vehicle:{s*}" NOCONTENT
[3, "driver:1", "driver:2", "driver:3"]
> FT.SEARCH idx "-@vehicle:{suv}" NOCONTENT
[2, "driver:1", "driver:3"]
> FT.SEARCH idx "@location:[-122.41 37.77 2 km]" NOCONTENT
[2, "driver:1", "driver:2"]
> FT.SEARCH idx "@location:[-122.41 37.77 2 km] @rating:[4.8 5] @vehicle:{sedan}" RETURN 2 name rating
[1, "driver:1", ["name", "Alice Adams", "rating", "4.9"]]
> FT.SEARCH idx "@location:[-122.41 37.77 20 km] @rating:[4.8 5] @vehicle:{sedan}" RETURN 3 rating AS stars
[2, "driver:1", ["stars", "4.9"], "driver:3", ["stars", "4.95"]]
> FT.SEARCH idx * NOCONTENT FILTER rating 4.6 (4.95
[1, "driver:1"]
> FT.SEARCH idx * NOCONTENT GEOFILTER location -122.41 37.77 2 km
[2, "driver:1", "driver:2"]
> FT.SEARCH idx "@rating:[$min $max]" NOCONTENT PARAMS 4 min 4.8 max 4.9 DIALECT 2
[1, "driver:1"]
> FT.SEARCH idx "@rating:[$min $max]" PARAMS 2 min 4.8 DIALECT 2
! No such parameter `max`
> FT.SEARCH idx * INKEYS 2 driver:3 driver:9 NOCONTENT
[1, "driver:3"]

# In step with every write, expiry, rename and deletion.
> HSET driver:2 rating 5
0
> FT.SEARCH idx "@rating:[5 5]" NOCONTENT
[1, "driver:2"]
> HDEL driver:2 rating
1
> FT.SEARCH idx "@rating:[5 5]" NOCONTENT
[0]
> RENAME driver:3 gone:3
OK
> FT.SEARCH idx * NOCONTENT
[2, "driver:1", "driver:2"]
> RENAME gone:3 driver:4
OK
> FT.SEARCH idx "@vehicle:{sedan}" NOCONTENT
[2, "driver:1", "driver:4"]
> PEXPIRE driver:4 1
1
? EXISTS driver:4
0
> FT.SEARCH idx "@vehicle:{sedan}" NOCONTENT
[1, "driver:1"]
> DEBUG SET-ACTIVE-EXPIRE 0
OK
> HSET driver:7 rating 4.2
1
> PEXPIRE driver:7 1
1
? FT.SEARCH idx "@rating:[4.2 4.2]" LIMIT 0 0
[0]
> DEBUG SET-ACTIVE-EXPIRE 1
OK
> MULTI
OK
> HSET driver:5 rating 4.7
QUEUED
> FT.SEARCH idx "@rating:[4.7 4.7]" NOCONTENT
QUEUED
> DEL driver:5
QUEUED
> FT.SEARCH idx "@rating:[4.7 4.7]" NOCONTENT
QUEUED
> EXEC
[1, [1, "driver:5"], 1, [0]]
> DEL driver:2
1
> SET driver:1 "no hash any more"
OK
> FT.SEARCH idx *
[0]
> DEL driver:1
1

# A value that does not fit keeps the document out.
> HSET driver:6 name Frank rating many
2
> FT.SEARCH idx *
[0]
> HSET driver:6 rating 3
0
> FT.SEARCH idx * RETURN 1 rating
[1, "driver:6", ["rating", "3"]]

# Malformed queries say where.
> FT.SEARCH idx "@rating:[4.8"
! Syntax error at offset *
> FT.SEARCH idx "(alice"
! Syntax error at offset 1 near alice
> FT.SEARCH idx "@nothing:alice"
! Unknown field at offset 1 near nothing
> FT.SEARCH idx "alice )"
! Syntax error at offset 6 near )
> FT.SEARCH idx * NONSENSE
! Unknown argument `NONSENSE` at position 1 for <main>
> FT.SEARCH idx * LIMIT 0 1000001
! LIMIT exceeds maximum of 1000000
> FT.SEARCH idx * SORTBY nothing
! Property `nothing` not loaded nor in schema
> FT.SEARCH none *
! none: no such index
> FT.SEARCH idx * DIALECT 9
! DIALECT requires a non negative integer >=1 and <= 4
> FT.CREATE bad SCHEMA a WHAT
! Invalid field type for field `a`
> FT.CREATE bad SCHEMA a TEXT a TAG
! Duplicate field in schema - `a`
> FT.CREATE bad ON STREAM SCHEMA a TEXT
! Bad arguments for ON: *
> FT._LIST
["idx"]
> FT._CREATEIFNX idx SCHEMA another TEXT
OK
> FT._CREATEIFNX made PREFIX 1 driver: SCHEMA name TEXT
OK
> FT.DROPINDEX made
OK
> SELECT 1
OK
> FT.CREATE other SCHEMA a TEXT
! Cannot create index on db != 0
> HSET driver:9 rating 3
1
> FT.SEARCH idx "@rating:[3 3]" NOCONTENT
[1, "driver:6"]
> SELECT 0
OK

# Text.
> FT.CREATE txt PREFIX 1 book: SCHEMA title TEXT WEIGHT 2 body TEXT
OK
> HSET book:1 title "The running horses" body "They run across the wide plain, and the horses never tire"
2
> HSET book:2 title "A horse" body "This horse stands still in the rain"
2
> HSET book:3 title "Rain" body "Wide rivers and wide plains"
2
> FT.SEARCH txt horse NOCONTENT
[2, "book:2", "book:1"]
> FT.SEARCH txt horses NOCONTENT VERBATIM
[1, "book:1"]
> FT.SEARCH txt "runs rain" NOCONTENT
[0]
> FT.SEARCH txt "runs|rain" NOCONTENT SORTBY title
[3, "book:2", "book:3", "book:1"]
> FT.SEARCH txt "@title:rain" NOCONTENT
[1, "book:3"]
> FT.SEARCH txt "@title|body:(horse still)" NOCONTENT
[1, "book:2"]
> FT.SEARCH txt "\"wide plain\"" NOCONTENT
[1, "book:1"]
> FT.SEARCH txt "\"plain wide\"" NOCONTENT
[0]
> FT.SEARCH txt "wide rivers" NOCONTENT SLOP 0 INORDER
[1, "book:3"]
> FT.SEARCH txt "rivers wide" NOCONTENT SLOP 0
[1, "book:3"]
> FT.SEARCH txt "plains rivers" NOCONTENT SLOP 0
[0]
> FT.SEARCH txt "plains rivers" NOCONTENT SLOP 1
[1, "book:3"]
> FT.SEARCH txt "ra*" NOCONTENT
[2, "book:3", "book:2"]
> FT.SEARCH txt "*iver*" NOCONTENT
[1, "book:3"]
> FT.SEARCH txt "%rivet%" NOCONTENT
[0]
> FT.SEARCH txt "%%rivet%% %stil%" NOCONTENT
[0]
> FT.SEARCH txt "%hrse% %stil%" NOCONTENT
[1, "book:2"]
> FT.SEARCH txt "%%rivet%%" NOCONTENT
[1, "book:3"]
> FT.SEARCH txt "horse -rain" NOCONTENT
[1, "book:1"]
> FT.SEARCH txt "horse ~still" NOCONTENT
[2, "book:2", "book:1"]
> FT.SEARCH txt "the" NOCONTENT
[0]
> FT.SEARCH txt "w'r?in'" NOCONTENT
[2, "book:3", "book:2"]
> FT.SEARCH txt "(horse)=>{$weight: 2.0; $nonsense: 1}" NOCONTENT
! Invalid attribute at offset 25 near nonsense
> FT.SEARCH txt "rain" NOCONTENT INFIELDS 1 body
[1, "book:2"]
> HSET book:2 body "Nothing"
0
> FT.SEARCH txt "still" NOCONTENT
[0]
> FT.EXPLAIN txt "@title:horses (rain|@body:wide)"
"INTERSECT {\n  @title:UNION {\n    @title:horses\n    @title:+hors(expanded)\n    @title:hors(expanded)\n  }\n  UNION {\n    UNION {\n      rain\n      +rain(expanded)\n    }\n    @body:UNION {\n      @body:wide\n      @body:+wide(expanded)\n    }\n  }\n}\n"

> FT.PROFILE txt SEARCH QUERY "horses @title:running" VERBATIM NOCONTENT
[[1, "book:1"], [["Total profile time", *], ["Parsing time", *], ["Pipeline creation time", *], ["Iterators profile", ["Type", "INTERSECT", "Size", 1, "Child iterators", [["Type", "TEXT", "Term", "horses", "Size", 2], ["Type", "TEXT", "Term", "running", "Size", 1]]]], ["Result processors profile", [["Type", "Scorer", "Time", *, "Counter", 1], ["Type", "Loader", "Time", *, "Counter", 1]]]]]
> FT.PROFILE txt SEARCH QUERY "(horse"
! Syntax error at offset 1 near horse

# JSON documents.
> FT.CREATE jidx ON JSON PREFIX 1 doc: SCHEMA $.name AS name TEXT $.rating AS rating NUMERIC SORTABLE $.tags[*] AS tags TAG $.scores AS scores NUMERIC
OK
> JSON.SET doc:1 $ "{\"name\":\"Alicia\",\"rating\":4.92,\"tags\":[\"a\",\"b,c\"],\"scores\":[1,10]}"
OK
> JSON.SET doc:2 $ "{\"name\":\"Bob\",\"rating\":4.5,\"tags\":[\"b\"],\"scores\":[5]}"
OK
> FT.SEARCH jidx "@rating:[4.8 +inf]"
[1, "doc:1", ["$", "{\"name\":\"Alicia\",\"rating\":4.92,\"tags\":[\"a\",\"b,c\"],\"scores\":[1,10]}"]]
> FT.SEARCH jidx "@tags:{b\\,c}" NOCONTENT
[1, "doc:1"]
> FT.SEARCH jidx "@tags:{b}" NOCONTENT
[1, "doc:2"]
> FT.SEARCH jidx "@scores:[4 20]" NOCONTENT
[2, "doc:1", "doc:2"]
> FT.SEARCH jidx "@scores:[0 20]" NOCONTENT
[2, "doc:1", "doc:2"]
> FT.SEARCH jidx alicia RETURN 4 name $.tags[1] AS second
[1, "doc:1", ["name", "Alicia", "second", "b,c"]]
> JSON.NUMINCRBY doc:2 $.rating 0.4
"[4.9]"
> FT.SEARCH jidx "@rating:[4.8 +inf]" NOCONTENT SORTBY rating ASC
[2, "doc:2", "doc:1"]
> FT.SEARCH jidx bob SORTBY rating
[1, "doc:2", ["rating", "4.9", "$", "{\"name\":\"Bob\",\"rating\":4.9,\"tags\":[\"b\"],\"scores\":[5]}"]]
> JSON.SET doc:2 $.rating "\"good\""
OK
> FT.SEARCH jidx bob NOCONTENT
[0]
> JSON.DEL doc:1
1
> FT.SEARCH jidx *
[0]
> FT.CREATE bad ON JSON SCHEMA $.[ AS x TEXT
! Invalid JSONPath `$.[`

# Altering, aliases, dropping.
> HSET book:4 title "Maps" pages 90
2
> FT.ALTER txt SCHEMA ADD pages NUMERIC
OK
> FT.SEARCH txt "@pages:[1 100]" NOCONTENT
[1, "book:4"]
> FT.ALTER txt SCHEMA ADD pages NUMERIC
! Duplicate field in schema - `pages`
> FT.ALIASADD books txt
OK
> FT.ALIASADD books txt
! Alias already exists
> FT.SEARCH books maps NOCONTENT
[1, "book:4"]
> FT.ALIASUPDATE books jidx
OK
> FT.SEARCH books maps NOCONTENT
[0]
> FT.ALIASDEL books
OK
> FT.ALIASDEL books
! Alias does not exist
> FT.ALIASADD books none
! Unknown index name (or name is an alias itself)
> FT.TAGVALS jidx tags
[]
> FT.TAGVALS idx vehicle
[]
> FT.TAGVALS idx name
! Not a tag field
> FT.DROPINDEX txt
OK
> EXISTS book:4
1
> FT.DROPINDEX txt
! Unknown Index name
> FT.DROPINDEX jidx DD
OK
> FT.CREATE old PREFIX 1 old: SCHEMA a TEXT
OK
> HSET old:1 a b
1
> FT.DROP old KEEPDOCS
OK
> FT.CREATE old PREFIX 1 old: SCHEMA a TEXT
OK
> FT.DROP old ""
OK
> EXISTS old:1
0
> FT.DROPINDEX idx DD
OK
> EXISTS driver:6
0

# Only documents that pass a FILTER.
> FT.CREATE busy PREFIX 1 driver: FILTER "@trips > 100 && startswith(@name, 'A')" SCHEMA name TEXT trips NUMERIC
OK
> HSET driver:1 name Alice trips 500
2
> HSET driver:2 name Bob trips 500
2
> HSET driver:3 name Ada trips 50
2
> FT.SEARCH busy * NOCONTENT
[1, "driver:1"]
> HINCRBY driver:3 trips 60
110
> HSET driver:1 name Zoe
0
> FT.SEARCH busy * NOCONTENT
[1, "driver:3"]
> FT.CREATE bad FILTER "@a >" SCHEMA a TEXT
! *
> FT.DROPINDEX busy DD
OK

# What was there before an index is read too.
> FT.CREATE late PREFIX 1 book: SCHEMA title TEXT
OK
> FT.SEARCH late maps NOCONTENT
[1, "book:4"]
> FLUSHALL
OK
> FT._LIST
[]

# A zero byte in what is sorted by.
> FT.CREATE zeros ON HASH PREFIX 1 zero: SCHEMA name TEXT SORTABLE
OK
> HSET zero:1 name "a\x00b"
1
> FT.SEARCH zeros * NOCONTENT SORTBY name WITHSORTKEYS
[1, "zero:1", "$a\x00b"]
> FT.DROPINDEX zeros DD
OK

# An index tells of all its keys: who asks it, or changes it, must be allowed to read them all.
> FT.CREATE open SCHEMA n NUMERIC
OK
> FT.CREATE cars PREFIX 2 car: van: SCHEMA n NUMERIC t TAG
OK
> HSET car:1 n 1 t x
2
> ACL SETUSER some on nopass +@all ~car:* ~van:?* %R~van:1
OK
> ACL SETUSER reader on nopass +@all %R~car:* %R~v[a-c]n:* %W~*
OK
> ACL SETUSER changer on nopass +@all resetkeys (~car:* ~van:* +@all)
OK
@2 > AUTH some x
OK
@2 > FT.SEARCH cars * NOCONTENT
! NOPERM this user may not read all keys of the index
@2 > FT.AGGREGATE cars *
! NOPERM this user may not read all keys of the index
@2 > FT.INFO cars
! NOPERM this user may not read all keys of the index
@2 > FT.TAGVALS cars t
! NOPERM this user may not read all keys of the index
@2 > FT.CURSOR READ cars 1
! NOPERM this user may not read all keys of the index
@2 > FT.EXPLAIN cars *
! NOPERM this user may not read all keys of the index
@2 > FT.ALTER cars SCHEMA ADD m NUMERIC
! NOPERM this user may not read all keys of the index
@2 > FT.ALIASADD a cars
! NOPERM this user may not read all keys of the index
@2 > FT.DROPINDEX cars
! NOPERM this user may not read all keys of the index
@2 > FT.CREATE mine PREFIX 1 van: SCHEMA n NUMERIC
! NOPERM this user may not read all keys of the index
@2 > FT.CREATE mine PREFIX 1 car:s: SCHEMA n NUMERIC
OK
@2 > FT.DROPINDEX mine
OK
@2 > FT.SEARCH open * NOCONTENT
! NOPERM this user may not read all keys of the index
@2 > AUTH reader x
OK
@2 > FT.SEARCH cars * NOCONTENT
[1, "car:1"]
@2 > EVAL "return redis.call('FT.SEARCH', 'cars', '*', 'NOCONTENT')" 0
[1, "car:1"]
@2 > FT.SEARCH open * NOCONTENT
! NOPERM this user may not read all keys of the index
@2 > EVAL "return redis.pcall('FT.SEARCH', 'open', '*', 'NOCONTENT')" 0
! NOPERM this user may not read all keys of the index
@2 > MULTI
OK
@2 > FT.SEARCH open * NOCONTENT
QUEUED
@2 > FT.ALIASADD c cars
QUEUED
@2 > EXEC
[! NOPERM this user may not read all keys of the index, OK]
@2 > FT.DROPINDEX cars DD
! NOPERM this user may not change all keys of the index
@2 > AUTH changer x
OK
@2 > FT.SEARCH c * NOCONTENT
[1, "car:1"]
@2 > FT.ALIASDEL c
OK
@2 > FT.DROPINDEX cars DD
OK
@2 > EXISTS car:1
0
> FT.DROPINDEX open
OK

# RESP3.
> HELLO 3
{"server": *, "version": *, "proto": 3, "id": *, "mode": "standalone", "role": "master", "modules": *}
> FT.CREATE idx SCHEMA f1 TEXT f2 NUMERIC SORTABLE
OK
> HSET doc1 f1 hello f2 3
2
> FT.SEARCH idx hello WITHSORTKEYS SORTBY f2
{"attributes": [], "total_results": 1, "format": "STRING", "results": [{"id": "doc1", "sortkey": "#3", "extra_attributes": {"f1": "hello", "f2": "3"}, "values": []}], "warning": []}
> FT.SEARCH idx nothing
{"attributes": [], "total_results": 0, "format": "STRING", "results": [], "warning": []}
> FT._LIST
~["idx"]
