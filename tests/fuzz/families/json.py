"""json: documents and parts of them, by paths of both kinds."""

COMMON = True
DOCUMENTS = ['{"a":1,"b":{"c":[1,2,{"d":null}],"e":"text"},"f":[true,false,-1.5e3]}', "[]", "{}", "[[1],[2,[3]]]",
             '"a word"', "1", "-0.5", "true", "null", '{"a":{"a":{"a":{}}}}', '[1,1,"x",{"a":"b"}]', "[" * 200,
             '{"a":', "nan", "", '"\\u00e9\\ud83d\\ude00"', "123456789012345678901234567890", '{"a":1,"a":2}']
PATHS = ["$", ".", "$.a", ".a", "$..a", "$.b.c[0]", "$.b.c[-1]", "$.b.c[*]", "$.*", "$.f[0:2]", "$['a','b']", ".b.c", "b",
         "$..[?(@.d==null)]", "$.b.c[?(@>1)]", "$[", "$..", "", "$.none", "$.a.b.c.d.e", "$[0,1]", "$[::2]"]
POOLS = {"j": DOCUMENTS, "p": PATHS, "n": ["1", "-1", "0", "2.5", "1e308", "x", "9223372036854775807"],
         "i": ["0", "1", "-1", "2", "-100", "100", "x"]}
FORMS = """
4: JSON.SET k $ j
6: JSON.SET k p j ?NX|XX
4: JSON.GET k [ INDENT x ] [ NEWLINE x ] [ SPACE x ] p*
JSON.MGET k* p
JSON.MSET < k p j >
2: JSON.MERGE k p j
2: JSON.DEL|JSON.FORGET k [ p ]
JSON.CLEAR|JSON.TYPE|JSON.STRLEN|JSON.ARRLEN|JSON.OBJKEYS|JSON.OBJLEN|JSON.RESP k [ p ]
2: JSON.NUMINCRBY|JSON.NUMMULTBY k p n
JSON.TOGGLE k p
2: JSON.STRAPPEND k [ p ] j
4: JSON.ARRAPPEND k p j*
JSON.ARRINDEX k p j [ i [ i ] ]
2: JSON.ARRINSERT k p i j*
2: JSON.ARRPOP k [ p [ i ] ]
2: JSON.ARRTRIM k p i i
JSON.DEBUG MEMORY|DEPTH|HELP|FIELDS k [ p ]
"""
