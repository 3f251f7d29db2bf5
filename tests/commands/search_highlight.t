# HIGHLIGHT, SUMMARIZE, and words that are nearly right.
%families
# A hash keeps its order while it is small, at either server.
%start --hash-max-listpack-value 1000
> FT.CREATE texts ON HASH PREFIX 1 text: SCHEMA title TEXT body TEXT n NUMERIC
OK
> HSET text:1 title "Running horses" body "one two three horse five six seven eight nine ten horses ran thirteen" n 1
3
> FT.SEARCH texts "horse" RETURN 1 title HIGHLIGHT
[1, "text:1", ["title", "Running <b>horses</b>"]]
> FT.SEARCH texts "horse" HIGHLIGHT FIELDS 1 title TAGS [ ]
[1, "text:1", ["title", "Running [horses]", "body", "one two three horse five six seven eight nine ten horses ran thirteen", "n", "1"]]
> FT.SEARCH texts "@title:horse" RETURN 1 body HIGHLIGHT
[1, "text:1", ["body", "one two three horse five six seven eight nine ten horses ran thirteen"]]
> FT.SEARCH texts "horse" RETURN 3 body AS b SUMMARIZE FRAGS 2 LEN 3
[1, "text:1", ["b", "three horse five... ten horses ran... "]]
> FT.SEARCH texts "horse" RETURN 1 body SUMMARIZE FIELDS 1 body FRAGS 1 LEN 3 SEPARATOR "|" HIGHLIGHT TAGS < >
[1, "text:1", ["body", "three <horse> five|"]]
> FT.SEARCH texts "@n:[1 1]" RETURN 1 body SUMMARIZE LEN 2
[1, "text:1", ["body", "one two... "]]
> FT.SEARCH texts "hor*" RETURN 1 title HIGHLIGHT
[1, "text:1", ["title", "Running <b>horses</b>"]]
> FT.SEARCH texts "%runing% -cat" RETURN 1 title HIGHLIGHT
[1, "text:1", ["title", "<b>Running</b> horses"]]
> FT.SEARCH texts "%%hosses%%" NOCONTENT
[1, "text:1"]
> FT.SEARCH texts "%hosse%" NOCONTENT
[1, "text:1"]
> FT.SEARCH texts "%cats%" NOCONTENT
[0]
> FT.SEARCH texts "horse" HIGHLIGHT FIELDS 3 title
! Bad arguments for FIELDS: *
> FT.SEARCH texts "horse" HIGHLIGHT TAGS <
! *
> FT.SEARCH texts "horse" SUMMARIZE FRAGS 0
! *
> FT.SEARCH texts "horse" SUMMARIZE LEN 1000000
! *
