# JSON documents: JSON.*.
%families
> JSON.SET d $ "{\"a\":1,\"b\":{\"c\":[1,2,3]},\"s\":\"x\",\"t\":true,\"n\":null,\"f\":1.5}"
OK
> JSON.GET d
"{\"a\":1,\"b\":{\"c\":[1,2,3]},\"s\":\"x\",\"t\":true,\"n\":null,\"f\":1.5}"
> JSON.GET d $
"[{\"a\":1,\"b\":{\"c\":[1,2,3]},\"s\":\"x\",\"t\":true,\"n\":null,\"f\":1.5}]"
> JSON.GET d .
"{\"a\":1,\"b\":{\"c\":[1,2,3]},\"s\":\"x\",\"t\":true,\"n\":null,\"f\":1.5}"
> JSON.GET d $.b.c
"[[1,2,3]]"
> JSON.GET d .b.c
"[1,2,3]"
> JSON.GET d b.c[1]
"2"
> JSON.GET d $.a $.f
"{\"$.a\":[1],\"$.f\":[1.5]}"
> JSON.GET d a f
"{\"a\":1,\"f\":1.5}"
> JSON.GET d $..c
"[[1,2,3]]"
> JSON.GET d $.nope
"[]"
> JSON.GET d .nope
! ERR Path does not exist
> JSON.GET none $
(nil)
> JSON.GET d INDENT "  " NEWLINE "\n" SPACE " " $
"[\n  {\n    \"a\": 1,\n    \"b\": {\n      \"c\": [\n        1,\n        2,\n        3\n      ]\n    },\n    \"s\": \"x\",\n    \"t\": true,\n    \"n\": null,\n    \"f\": 1.5\n  }\n]"
> JSON.GET d INDENT "  " NEWLINE "\n" SPACE " " $.b $.a
"{\n  \"$.b\": [\n    {\n      \"c\": [\n        1,\n        2,\n        3\n      ]\n    }\n  ],\n  \"$.a\": [\n    1\n  ]\n}"
> JSON.SET d $.b.d "\"new\""
OK
> JSON.SET d $.x.y 1
(nil)
> JSON.SET d $.b.c[5] 1
! ERR array index out of range
> JSON.SET d $.b.c[-1] 99
OK
> JSON.SET d $..z 1
! ERR wrong static path
> JSON.SET d $.a 2 NX
(nil)
> JSON.SET d $.q 2 XX
(nil)
> JSON.SET d $.a 2 XX
OK
> JSON.SET e $.a 1
! ERR new objects must be created at the root
> JSON.SET e $ "{\"a\":1"
! ERR expected `,` or `}` at line 1 column 7
> JSON.SET e $ "{\"a\":01}"
! ERR invalid number at line 1 column 6
> JSON.SET e $ ""
! ERR EOF while parsing a value at line 1 column 1
> JSON.NUMINCRBY d $.a 5
"[7]"
> JSON.NUMINCRBY d a 0.5
"7.5"
> JSON.NUMINCRBY d $.* 1
"[8.5,null,null,null,null,2.5]"
> JSON.NUMMULTBY d $.f 2
"[5.0]"
> JSON.NUMINCRBY d $.s 1
"[null]"
> JSON.NUMINCRBY d .s 1
! ERR Path does not exist or does not contains a number
> JSON.NUMINCRBY none $ 1
! ERR could not perform this operation on a key that doesn't exist
> JSON.STRAPPEND d $.s "\"yz\""
[3]
> JSON.STRLEN d $.s
[3]
> JSON.STRLEN d s
3
> JSON.TOGGLE d $.t
[0]
> JSON.TOGGLE d t
"true"
> JSON.ARRAPPEND d $.b.c 4 "\"five\""
[5]
> JSON.ARRINDEX d $.b.c 4
[3]
> JSON.ARRINSERT d $.b.c 0 0
[6]
> JSON.ARRLEN d $.b.c
[6]
> JSON.ARRPOP d $.b.c
["\"five\""]
> JSON.ARRPOP d $.b.c 0
["0"]
> JSON.ARRTRIM d $.b.c 0 1
[2]
> JSON.OBJKEYS d $
[["a", "b", "s", "t", "n", "f"]]
> JSON.OBJLEN d .
6
> JSON.TYPE d $.*
["number", "object", "string", "boolean", "null", "number"]
> JSON.TYPE d .b
"object"
> JSON.MERGE d $ "{\"b\":null,\"m\":{\"k\":1,\"z\":null}}"
OK
> JSON.GET d $
"[{\"a\":8.5,\"s\":\"xyz\",\"t\":true,\"n\":null,\"f\":5.0,\"m\":{\"k\":1}}]"
> JSON.DEL d $.m
1
> JSON.CLEAR d $.*
2
> JSON.GET d
"{\"a\":0,\"s\":\"xyz\",\"t\":true,\"n\":null,\"f\":0}"
> JSON.RESP d $
[[{, "a", 0, "s", "xyz", "t", true, "n", (nil), "f", 0]]
> JSON.MSET d $.a 1 f $ "[1,2]"
OK
> JSON.MGET d f none $
["[{\"a\":1,\"s\":\"xyz\",\"t\":true,\"n\":null,\"f\":0}]", "[[1,2]]", (nil)]
%only hansom
> JSON.DEBUG MEMORY d
88
> JSON.DEL d
1
> JSON.SET g $ "{\"r\":[{\"n\":\"ann\",\"age\":30},{\"n\":\"bob\",\"age\":20},{\"n\":\"cy\"}],\"lim\":25}"
OK
> JSON.GET g "$.r[?(@.age>=20)].n"
"[\"ann\",\"bob\"]"
> JSON.GET g "$.r[?(@.age>$.lim && @.n==\"ann\")].n"
"[\"ann\"]"
> JSON.GET g "$.r[?(@.n=~\"^[ab]\")].n"
"[\"ann\",\"bob\"]"
> JSON.GET g "$.r[?(!@.age)].n"
"[\"cy\"]"
> JSON.GET g "$.r[0:2].n"
"[\"ann\",\"bob\"]"
> JSON.GET g "$.r[-1:].n"
"[\"cy\"]"
> JSON.GET g "$['lim','r'][0]"
"[{\"n\":\"ann\",\"age\":30}]"
> JSON.GET g "$..n"
"[\"ann\",\"bob\",\"cy\"]"
> JSON.GET g "$.r[*].age"
"[30,20]"
> JSON.GET g "$.r[?(@.age>"
! ERR invalid path at byte 12: expected a path, a number, a string, true, false or null
> JSON.DEL g $.r[?(@.age<25)]
1
> JSON.GET g $.r
"[[{\"n\":\"ann\",\"age\":30},{\"n\":\"cy\"}]]"
> JSON.SET g $.r[*].seen true
! ERR wrong static path
> JSON.SET g $.r[*] 0
OK
> JSON.GET g
"{\"r\":[0,0],\"lim\":25}"
> JSON.SET h $ "\"caf\\u00e9 \\ud83d\\ude00 \\n\\u0001\""
OK
> JSON.GET h
"\"caf\xc3\xa9 \xf0\x9f\x98\x80 \\n\\u0001\""

