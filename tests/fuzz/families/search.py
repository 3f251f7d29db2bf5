"""search: indexes over hashes and documents, and what is asked of them."""

COMMON = True
VECTOR = ["\x00\x00\x80?\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x80?", "\x00\x00\xc0\x7f\x00\x00\x80?", "short", ""]
POOLS = {"x": ["idx", "other", "alias", "none", ""], "k": ["d:1", "d:2", "d:3", "e:1", "d:", "j:1"],
         "t": ["hello world", "the quick brown fox", "HELLO", "", "a,b", "b", "x" * 70, "running runs"],
         "n": ["1", "2.5", "-3", "0", "1e300", "x", "inf"], "g": ["13.4,52.5", "13.5,52.6", "0,0", "200,100", "x"], "v": VECTOR,
         "j": ['{"t":"hello","n":1,"g":["a","b"]}', '{"t":"world","n":[1,2]}', "{}", "[]"],
         "q": ["*", "hello", "hello world", "hel*", "%helo%", "@t:hello", "@n:[1 3]", "@n:[(1 +inf]", "@g:{a|b}", "-hello", "hello|fox",
               "(hello", "@p:[13.4 52.5 10 km]", '"quick brown"', "~fox", "@none:x", "*=>[KNN 2 @v $b AS d]", "@v:[VECTOR_RANGE 2 $b]",
               "@t:(hello -world)", "'*llo'", "w'h?llo'", ""],
         "field": [["t", "TEXT"], ["t", "TEXT", "SORTABLE"], ["t", "TEXT", "NOSTEM", "WEIGHT", "2"], ["n", "NUMERIC", "SORTABLE"],
                   ["n", "NUMERIC", "NOINDEX"], ["g", "TAG"], ["g", "TAG", "SEPARATOR", ";", "CASESENSITIVE"], ["p", "GEO"],
                   ["v", "VECTOR", "FLAT", "6", "TYPE", "FLOAT32", "DIM", "2", "DISTANCE_METRIC", "L2"],
                   ["v", "VECTOR", "HNSW", "6", "TYPE", "FLOAT32", "DIM", "2", "DISTANCE_METRIC", "COSINE"], ["$.t", "AS", "t", "TEXT"], ["x"]],
         "value": [["t", "hello world"], ["t", "fox"], ["n", "1"], ["n", "2.5"], ["n", "x"], ["g", "a,b"], ["p", "13.4,52.5"],
                   ["v", "\x00\x00\x80?\x00\x00\x00\x00"], ["v", "\x00\x00\x00\x00\x00\x00\x80?"]],
         "c": ["0", "1", "2", "10", "-1", "x"], "a": ["COUNT", "SUM", "MIN", "MAX", "AVG", "STDDEV", "TOLIST", "COUNT_DISTINCT", "QUANTILE", "x"],
         "expression": ["@n*2", "upper(@t)", "@n>1 && exists(@t)", "1/0", "(", "format('%s', @t)", "sqrt(@n)", "''"],
         "w": ["hello", "world", "fox", "hallo", "Welt", "", "a b", "~g", "y" * 300], "id": ["1", "2", "0", "-1", "x"]}
FORMS = """
4: FT.CREATE|FT._CREATEIFNX x [ ON HASH|JSON|x ] [ PREFIX 1 d:|j:|e: ] [ FILTER $expression ] [ LANGUAGE english|german|x ] ?TEMPORARY|NOOFFSETS|NOFREQS|SKIPINITIALSCAN [ STOPWORDS 0|1|x ] SCHEMA < $field >
2: FT.ALTER x ?SKIPINITIALSCAN SCHEMA ADD $field
FT.DROPINDEX|FT.DROP x ?DD|KEEPDOCS
FT.ALIASADD|FT.ALIASUPDATE x x
FT.ALIASDEL x
FT._LIST
8: HSET k < $value >
2: HDEL k t|n|g|p|v
JSON.SET k $ j
DEL k
EXPIRE k 1
8: FT.SEARCH x q ?NOCONTENT ?VERBATIM ?WITHSCORES ?EXPLAINSCORE ?WITHSORTKEYS [ RETURN 1 t|n|x ] [ FILTER n $n $n ] [ GEOFILTER p 13.4 52.5 10 km ] [ INKEYS 1 k ] [ SORTBY n|t|x ?ASC|DESC ] [ LIMIT c c ] [ HIGHLIGHT ] [ SUMMARIZE ] [ PARAMS 2 b v ] [ DIALECT 1|2|3|9 ]
5: FT.AGGREGATE x q [ LOAD 1|* @t|@n ] [ APPLY $expression AS y ] [ GROUPBY 1 @t|@n|@g [ REDUCE a 0|1 @n ] [ AS z ] ] [ FILTER $expression ] [ SORTBY 2 @n ASC|DESC ] [ LIMIT c c ] [ WITHCURSOR [ COUNT c ] ] [ PARAMS 2 b v ] [ DIALECT 2 ]
FT.CURSOR READ|DEL x $id [ COUNT c ]
FT.EXPLAIN|FT.EXPLAINCLI x q [ DIALECT 1|2|3 ]
FT.PROFILE x SEARCH|AGGREGATE ?LIMITED QUERY q [ GROUPBY 1 @t ]
FT.SYNUPDATE x w ?SKIPINITIALSCAN < w >
FT.SYNDUMP x
FT.DICTADD|FT.DICTDEL x < w >
FT.DICTDUMP x
FT.SPELLCHECK x q [ DISTANCE c ] [ TERMS INCLUDE|EXCLUDE x ] [ DIALECT 2 ]
FT.INFO x
FT.TAGVALS x g|t|x
FT.CONFIG GET|SET|HELP *|TIMEOUT|MINPREFIX|x c
"""
