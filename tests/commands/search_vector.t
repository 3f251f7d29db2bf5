# VECTOR fields: the nearest of all, of those that match, within a radius; FLAT and HNSW, hashes and JSON.
%families
> FT.CREATE flat ON HASH PREFIX 1 v: SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2 n NUMERIC t TAG
OK
> FT.CREATE graph ON HASH PREFIX 1 v: SCHEMA v AS vec VECTOR HNSW 14 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2 M 8 EF_CONSTRUCTION 100 EF_RUNTIME 50 EPSILON 0.1 n NUMERIC t TAG
OK
> HSET v:1 v "\x00\x00\x80\x3f\x00\x00\x00\x00" n 1 t red
3
> HSET v:2 v "\x00\x00\x00\x00\x00\x00\x00\x40" n 2 t blue
3
> HSET v:3 v "\x00\x00\x40\x40\x00\x00\x00\x00" n 3 t red
3
> HSET v:4 n 4
1

# Nearest first; a distance is L2's sum of squares.
> FT.SEARCH flat "*=>[KNN 2 @v $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" DIALECT 2
[2, "v:1", ["__v_score", "1", "v", "\x00\x00\x80?\x00\x00\x00\x00", "n", "1", "t", "red"], "v:2", ["__v_score", "4", "v", "\x00\x00\x00\x00\x00\x00\x00@", "n", "2", "t", "blue"]]
> FT.SEARCH graph "*=>[KNN 2 @vec $q AS d]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" RETURN 2 d n DIALECT 2
[2, "v:1", ["d", "1", "n", "1"], "v:2", ["d", "4", "n", "2"]]
> FT.SEARCH graph "*=>[KNN 9 @vec $q AS d]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" NOCONTENT SORTBY d DESC DIALECT 2
[3, "v:3", "v:2", "v:1"]
> FT.SEARCH graph "*=>[KNN 9 @vec $q AS d]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" NOCONTENT SORTBY n DESC LIMIT 1 1 DIALECT 2
[3, "v:2"]
> FT.SEARCH graph "*=>[KNN 9 @vec $q AS d]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" NOCONTENT LIMIT 2 5 DIALECT 2
[3, "v:3"]
> FT.SEARCH flat "*=>[KNN $k @v $q EF_RUNTIME 20]=>{$yield_distance_as: far}" PARAMS 4 k 1 q "\x00\x00\x00\x00\x00\x00\x00\x00" RETURN 1 far DIALECT 2
[1, "v:1", ["far", "1"]]

# Only those that match count.
> FT.SEARCH flat "@t:{red}=>[KNN 5 @v $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x40" NOCONTENT DIALECT 2
[2, "v:1", "v:3"]
> FT.SEARCH graph "(@t:{red} @n:[2 9])=>[KNN 5 @vec $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x40" NOCONTENT DIALECT 2
[1, "v:3"]
> FT.SEARCH graph "@t:{green}=>[KNN 5 @vec $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x40" NOCONTENT DIALECT 2
[0]
> FT.SEARCH graph "*=>[KNN 5 @vec $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x40" NOCONTENT FILTER n 1 1 DIALECT 2
[1, "v:1"]

# Within a radius, also beside other conditions.
> FT.SEARCH flat "@v:[VECTOR_RANGE 4 $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" NOCONTENT DIALECT 2
[2, "v:1", "v:2"]
> FT.SEARCH graph "@vec:[VECTOR_RANGE 10 $q]=>{$YIELD_DISTANCE_AS: d} @t:{red}" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" SORTBY d DESC RETURN 1 d DIALECT 2
[2, "v:3", ["d", "9"], "v:1", ["d", "1"]]
> FT.SEARCH flat "@v:[VECTOR_RANGE 0.5 $q] | @n:[4 4]" PARAMS 2 q "\x00\x00\x80\x3f\x00\x00\x00\x00" NOCONTENT DIALECT 2
[2, "v:1", "v:4"]

# In step with writes.
> HSET v:1 v "\x00\x00\x40\x40\x00\x00\x00\x00"
0
> FT.SEARCH graph "*=>[KNN 1 @vec $q]" PARAMS 2 q "\x00\x00\x80\x3f\x00\x00\x00\x00" NOCONTENT DIALECT 2
[1, "v:1"]
> HSET v:4 v "\x00\x00\x80\x3f\x00\x00\x80\x3f"
1
> FT.SEARCH graph "*=>[KNN 1 @vec $q]" PARAMS 2 q "\x00\x00\x80\x3f\x00\x00\x00\x00" NOCONTENT DIALECT 2
[1, "v:4"]
> HDEL v:4 v
1
> DEL v:2
1
> FT.SEARCH graph "*=>[KNN 9 @vec $q]" PARAMS 2 q "\x00\x00\x80\x3f\x00\x00\x00\x00" NOCONTENT DIALECT 2
[2, "v:1", "v:3"]
> FT.SEARCH flat "*=>[KNN 9 @v $q]" PARAMS 2 q "\x00\x00\x80\x3f\x00\x00\x00\x00" NOCONTENT DIALECT 2
[2, "v:1", "v:3"]

# Bad vectors keep a document out, and a query says what is wrong.
> HSET v:5 v short
1
> HSET v:6 v "\x00\x00\xc0\x7f\x00\x00\x80\x3f"
1
> FT.SEARCH flat * NOCONTENT
[3, "v:1", "v:3", "v:4"]
> FT.SEARCH flat "*=>[KNN 2 @v $q]" PARAMS 2 q abc DIALECT 2
! Error parsing vector similarity query: query vector blob size (3) does not match index's expected size (8).
> FT.SEARCH flat "*=>[KNN 2 @n $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" DIALECT 2
! Expected a VECTOR field at offset 11 near n
> FT.SEARCH flat "*=>[KNN 2 @v $q]" DIALECT 2
! No such parameter `q`
> FT.SEARCH flat "*=>[KNN 0 @v $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" DIALECT 2
! Invalid value for K at offset 8 near 0
> FT.SEARCH flat "@v:[VECTOR_RANGE -1 $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" DIALECT 2
! Error parsing vector similarity query: negative radius given in a range query
> FT.SEARCH flat "*=>[KNN 2 @v $q AS d]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x00" SORTBY e DIALECT 2
! Property `e` not loaded nor in schema

# JSON: an array of numbers. The cosine's distance is 0 for the same direction, 1 for a right angle.
> FT.CREATE cars ON JSON PREFIX 1 car: SCHEMA $.at AS at VECTOR HNSW 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC COSINE $.name AS name TEXT
OK
> JSON.SET car:1 $ "{\"name\":\"one\",\"at\":[2,0]}"
OK
> JSON.SET car:2 $ "{\"name\":\"two\",\"at\":[0,0.5]}"
OK
> JSON.SET car:3 $ "{\"name\":\"three\",\"at\":[1,2,3]}"
OK
> FT.SEARCH cars "*=>[KNN 3 @at $q AS d]" PARAMS 2 q "\x00\x00\x40\x40\x00\x00\x00\x00" RETURN 2 d name DIALECT 2
[2, "car:1", ["d", "0", "name", "one"], "car:2", ["d", "1", "name", "two"]]
> FT.SEARCH cars "*=>[KNN 1 @at $q]" PARAMS 2 q "\x00\x00\x00\x00\x00\x00\x00\x40" DIALECT 2
[1, "car:2", ["__at_score", "0", "$", "{\"name\":\"two\",\"at\":[0,0.5]}"]]
> FT.CREATE ip SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC IP
OK
> FT.SEARCH ip "*=>[KNN 1 @v $q]" PARAMS 2 q "\x00\x00\x40\x40\x00\x00\x00\x00" RETURN 1 __v_score DIALECT 2
[1, *, ["__v_score", "-8"]]

# What makes no index.
> FT.CREATE bad SCHEMA v VECTOR TREE 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2
! *
> FT.CREATE bad SCHEMA v VECTOR FLAT 4 TYPE FLOAT32 DIM 2
! Missing mandatory parameter: cannot create a vector index without specifying DISTANCE_METRIC
> FT.CREATE bad SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 0 DISTANCE_METRIC L2
! *
> FT.CREATE bad SCHEMA v VECTOR HNSW 8 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2 M 100000
! *
> FT.CREATE bad SCHEMA v VECTOR HNSW 8 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2 EPSILON -1
! Bad arguments for EPSILON: *
> FT.CREATE bad SCHEMA v VECTOR FLAT 6 TYPE FLOAT16 DIM 2 DISTANCE_METRIC L2
! *
> FT.CREATE bad SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC MANHATTAN
! *
