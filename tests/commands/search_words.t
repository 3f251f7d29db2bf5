# Synonyms, dictionaries and spelling; profiles of aggregations.
%families
> FT.CREATE cars ON HASH PREFIX 1 car: SCHEMA title TEXT body TEXT kind TAG
OK
> HSET car:1 title "A yellow taxi" kind van
2
> HSET car:2 title "The cab drivers" body "nothing"
2
> HSET car:3 title "One cab" body "taxi"
2

# A group of words that mean the same: those written before are indexed anew.
> FT.SEARCH cars "cab" NOCONTENT
[2, "car:2", "car:3"]
> FT.SYNUPDATE cars hired CAB taxi
OK
> FT.SEARCH cars "cab" NOCONTENT
[3, "car:3", "car:2", "car:1"]
> FT.SEARCH cars "@body:cab" NOCONTENT
[1, "car:3"]
> FT.SEARCH cars "cab" NOCONTENT VERBATIM
[2, "car:2", "car:3"]
> FT.SEARCH cars "\"one cab\"" NOCONTENT
[1, "car:3"]
> FT.SEARCH cars "hired" NOCONTENT
[0]
> FT.SEARCH cars "~hired*" NOCONTENT
[3, "car:1", "car:2", "car:3"]
> HSET car:4 title "Taxi stand"
1
> FT.SEARCH cars "cab stand" NOCONTENT
[1, "car:4"]
> FT.EXPLAIN cars "@title:cab"
"@title:UNION {\n  @title:cab\n  @title:+cab(expanded)\n  @title:~hired(expanded)\n}\n"
> FT.SYNUPDATE cars other taxi
OK
> FT.SYNDUMP cars
unordered ["cab", ["hired"], "taxi", ["hired", "other"]]
> FT.SYNUPDATE cars hired
! ERR wrong number of arguments *
> FT.SYNUPDATE cars "" a
! Invalid synonym group
> FT.SYNUPDATE none g a
! Unknown index name
> FT.SYNDUMP none
! Unknown index name
> FT.SYNUPDATE cars late SKIPINITIALSCAN stand place
OK
> FT.SEARCH cars "place" NOCONTENT
[0]
> HSET car:4 title "Taxi stand, free"
0
> FT.SEARCH cars "place" NOCONTENT
[1, "car:4"]

# Dictionaries stand beside all indexes.
> FT.DICTADD slang yello limo limo
2
> FT.DICTADD slang limo
0
> FT.DICTDUMP slang
["limo", "yello"]
> FT.DICTDUMP none
[]
> FT.DICTADD "" a
! Invalid dictionary name
> FT.DICTADD slang ""
! A word has 1 to 255 bytes
> FT.DICTDEL slang limo none
1
> FT.DICTDEL none limo
0

# What may have been meant.
> FT.SPELLCHECK cars "yelow taxi"
[["TERM", "yelow", [["0.25", "yellow"]]]]
> FT.SPELLCHECK cars "@title:(cav|tax)"
[["TERM", "cav", [["0.5", "cab"]]], ["TERM", "tax", [["0.5", "taxi"]]]]
> FT.SPELLCHECK cars "@body:tax"
[["TERM", "tax", [["0.25", "taxi"]]]]
> FT.SPELLCHECK cars "tax"
[["TERM", "tax", [["0.75", "taxi"]]]]
> FT.SPELLCHECK cars "yelow" TERMS INCLUDE slang
[["TERM", "yelow", [["0.25", "yellow"]]]]
> FT.SPELLCHECK cars "yelow" DISTANCE 2 TERMS INCLUDE slang
[["TERM", "yelow", [["0.25", "yellow"], ["0", "yello"]]]]
> FT.SPELLCHECK cars "yello" TERMS EXCLUDE slang
[]
> FT.SPELLCHECK cars "zzzz @kind:{vam}"
[["TERM", "zzzz", []]]
> FT.SPELLCHECK cars "the cab"
[]
> FT.SPELLCHECK cars "x" DISTANCE 5
! *
> FT.SPELLCHECK cars "x" TERMS INCLUDE none
! No such dictionary `none`
> FT.SPELLCHECK cars "x" TERMS OVER slang
! TERMS is followed by INCLUDE or EXCLUDE
> FT.SPELLCHECK cars "(x"
! Syntax error at offset 1 near x
> FT.SPELLCHECK none x
! none: no such index
> FT.DICTDEL slang yello
1
> FT.SPELLCHECK cars "x" TERMS INCLUDE slang
! No such dictionary `slang`

# Signs that mean nothing between words.
> FT.SEARCH cars "'cab', 'stand'!" NOCONTENT
[1, "car:4"]
> FT.SEARCH cars "@title:'yellow'" NOCONTENT
[1, "car:1"]
> FT.SEARCH cars "one'cab" NOCONTENT
[1, "car:3"]

# Why a match has its score.
> FT.SEARCH cars "yellow" NOCONTENT WITHSCORES EXPLAINSCORE
[1, "car:1", [*, ["Final score 1.26 : words 1.26 * document score 1.00", ["yellow: (1.26 = Weight 1.00 * IDF 1.20 * (F 1 * (k1 1.2 + 1)) / (F 1 + k1 1.2 * (1 - b 0.75 + b 0.75 * Doc Len 2 / Average Doc Len 2.25)))"]]]]
> FT.SEARCH cars "yellow taxi" NOCONTENT VERBATIM SCORER TFIDF WITHSCORES EXPLAINSCORE
[1, "car:1", [*, ["Final score 3.00 : words 3.00 * document score 1.00", [["(Weight 1.00 * total children score 3.00)", ["yellow: (2.00 of Weight 1.00, TF 1, IDF 2.00)", *]]]]]]
> FT.SEARCH cars "*" NOCONTENT WITHSCORES EXPLAINSCORE LIMIT 0 1
[4, "car:1", ["1", "Document score 1.00"]]
> FT.SEARCH cars "yellow" NOCONTENT EXPLAINSCORE
! EXPLAINSCORE must be accompanied with WITHSCORES

# What an aggregation costs.
> FT.PROFILE cars AGGREGATE QUERY "@title:cab" VERBATIM GROUPBY 1 @kind REDUCE COUNT 0 AS n
[[1, ["kind", (nil), "n", "2"]], [["Total profile time", *], ["Parsing time", *], ["Pipeline creation time", *], ["Iterators profile", ["Type", "TEXT", "Term", "cab", "Size", 2]], ["Result processors profile", [["Type", "Pipeline", "Time", *, "Counter", 1], ["Type", "Loader", "Time", *, "Counter", 1]]]]]
> FT.PROFILE cars AGGREGATE QUERY * WITHCURSOR
! FT.PROFILE makes no cursors
> FT.PROFILE cars OTHER QUERY *
! No `SEARCH` or `AGGREGATE` provided

# A flush drops dictionaries, too.
> FT.DICTADD slang limo
1
> FLUSHALL
OK
> FT.DICTDUMP slang
[]
> FT.SYNDUMP cars
! Unknown index name
