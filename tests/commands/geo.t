# Geo: places in, places found. Distances and coordinates are Redis's to the last digit.

# places in and out
> GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
2
> GEOADD g 13.361389 38.115556 Palermo 2.349 48.8647 Paris
1
> GEOADD g CH 2.35 48.8647 Paris
1
> GEOADD g NX 1 1 Paris
0
> GEOADD g XX CH 2.349 48.8647 Paris 1 1 Nowhere
1
> GEOADD missing XX 1 1 a
0
> EXISTS missing
0
> TYPE g
zset
> OBJECT ENCODING g
"listpack"
> ZCARD g
3
> GEOPOS g Palermo Catania nobody
[["13.36138933897018433", "38.11555639549629859"], ["15.08726745843887329", "37.50266842333162032"], (nil array)]
> GEOPOS missing a
[(nil array)]
> GEOPOS g
[]
> GEOHASH g Palermo Catania nobody
["sqc8b49rny0", "sqdtr74hyu0", (nil)]
> GEOHASH missing a
[(nil)]
> GEODIST g Palermo Catania
"166274.1516"
> GEODIST g Palermo Catania m
"166274.1516"
> GEODIST g Palermo Catania km
"166.2742"
> GEODIST g Palermo Catania MI
"103.3182"
> GEODIST g Palermo Catania ft
"545518.8700"
> GEODIST g Palermo Palermo
"0.0000"
> GEODIST g Palermo nobody
(nil)
> GEODIST missing a b
(nil)
> GEODIST g Palermo Catania parsec
! ERR unsupported unit provided. please use M, KM, FT, MI
> GEODIST g Palermo Catania m x
! ERR syntax error
> ZSCORE g Palermo
"3479099956230698"
> ZRANGE g 0 -1 WITHSCORES
["Palermo", "3479099956230698", "Catania", "3479447370796909", "Paris", "3663832805879778"]

# refused: nothing of the command is done
> GEOADD g 181 1 far
! ERR invalid longitude,latitude pair 181.000000,1.000000
> GEOADD g 1 86 far
! ERR invalid longitude,latitude pair 1.000000,86.000000
> GEOADD g 1 1 near 200 100 far
! ERR invalid longitude,latitude pair 200.000000,100.000000
> ZSCORE g near
(nil)
> GEOADD g x 1 far
! ERR value is not a valid float
> GEOADD g 1 x far
! ERR value is not a valid float
> GEOADD g 1 1
! ERR wrong number of arguments for 'geoadd' command
> GEOADD g 1 1 a 2 2
! ERR syntax error
> GEOADD g NX XX 1 1 a
! ERR syntax error
> GEOADD g nan 1 a
! ERR value is not a valid float
> SET text hello
OK
> GEOADD text 1 1 a
! WRONGTYPE Operation against a key holding the wrong kind of value
> GEOSEARCH text FROMLONLAT 1 1 BYRADIUS 1 m
! WRONGTYPE Operation against a key holding the wrong kind of value
> GEOPOS text a
! WRONGTYPE Operation against a key holding the wrong kind of value

# search by radius
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
["Catania", "Palermo"]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC
["Palermo", "Catania"]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 1
["Catania"]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY
["Palermo"]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST ASC
[["Catania", "56.4413"], ["Palermo", "190.4424"]]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST WITHHASH WITHCOORD ASC
[["Catania", "56.4413", 3479447370796909, ["15.08726745843887329", "37.50266842333162032"]], ["Palermo", "190.4424", 3479099956230698, ["13.36138933897018433", "38.11555639549629859"]]]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km WITHCOORD ASC COUNT 1
[["Catania", ["15.08726745843887329", "37.50266842333162032"]]]
> GEOSEARCH g FROMMEMBER Palermo BYRADIUS 170 km WITHDIST ASC
[["Palermo", "0.0000"], ["Catania", "166.2742"]]
> GEOSEARCH g FROMMEMBER Palermo BYRADIUS 103.4 mi WITHDIST ASC COUNT 9
[["Palermo", "0.0000"], ["Catania", "103.3182"]]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m
[]
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 0 m
[]
> GEOSEARCH missing FROMLONLAT 15 37 BYRADIUS 200 km
[]
> GEOSEARCH missing FROMMEMBER nobody BYRADIUS 200 km
[]

# search by box
> GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST
[["Catania", "56.4413"], ["Palermo", "190.4424"]]
> GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 100 km ASC
[]
> GEOSEARCH g FROMMEMBER Catania BYBOX 400 400 km ASC COUNT 2
["Catania", "Palermo"]

# what is not a search
> GEOSEARCH g FROMLONLAT 15 37 COUNT 1 ASC WITHDIST
! ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
> GEOSEARCH g BYRADIUS 200 km ASC WITHDIST
! ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
> GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 m
! ERR syntax error
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m BYBOX 1 1 m
! ERR syntax error
> GEOSEARCH g FROMMEMBER nobody BYRADIUS 1 m
! ERR could not decode requested zset member
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 m
! ERR radius cannot be negative
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x m
! ERR need numeric radius
> GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x m
! ERR need numeric height
> GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 m
! ERR height or width cannot be negative
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 parsec
! ERR unsupported unit provided. please use M, KM, FT, MI
> GEOSEARCH g FROMLONLAT 185 37 BYRADIUS 1 m
! ERR invalid longitude,latitude pair 185.000000,37.000000
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m COUNT 0
! ERR COUNT must be > 0
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m COUNT x
! ERR value is not an integer or out of range
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m ANY
! ERR the ANY argument requires COUNT argument
> GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m BOGUS
! ERR syntax error
> GEOSEARCH g
! ERR wrong number of arguments for 'geosearch' command

# stored results
> GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 200 km
2
> ZRANGE s 0 -1 WITHSCORES
["Palermo", "3479099956230698", "Catania", "3479447370796909"]
> GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST ASC COUNT 1
1
> ZRANGE s 0 -1 WITHSCORES
["Catania", "56.441257870158204"]
> GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST
! ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
> GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 1 m
0
> EXISTS s
0
> GEOSEARCHSTORE s missing FROMLONLAT 15 37 BYRADIUS 1 m
0

# the older forms
> GEORADIUS g 15 37 200 km WITHDIST ASC
[["Catania", "56.4413"], ["Palermo", "190.4424"]]
> GEORADIUS g 15 37 200 km COUNT 1
["Catania"]
> GEORADIUS g 15 37 200 km STORE s
2
> ZRANGE s 0 -1
["Palermo", "Catania"]
> GEORADIUS g 15 37 200 km STOREDIST s COUNT 1
1
> ZRANGE s 0 -1 WITHSCORES
["Catania", "56.441257870158204"]
> GEORADIUS g 15 37 200 km STORE s WITHDIST
! ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
> GEORADIUS_RO g 15 37 200 km DESC
["Palermo", "Catania"]
> GEORADIUS_RO g 15 37 200 km STORE s
! ERR syntax error
> GEORADIUSBYMEMBER g Palermo 170 km ASC
["Palermo", "Catania"]
> GEORADIUSBYMEMBER g nobody 170 km
! ERR could not decode requested zset member
> GEORADIUSBYMEMBER_RO g Palermo 170 km WITHHASH ASC
[["Palermo", 3479099956230698], ["Catania", 3479447370796909]]
> GEORADIUSBYMEMBER missing nobody x parsec
[]

# across the 180th meridian
> GEOADD line 179.999 0 west -179.999 0 east
2
> GEOSEARCH line FROMLONLAT 179.9995 0 BYRADIUS 1 km ASC WITHDIST
[["west", "0.0557"], ["east", "0.1669"]]
> GEOSEARCH line FROMLONLAT -179.9995 0 BYRADIUS 1 km ASC COUNT 2 WITHDIST
[["east", "0.0557"], ["west", "0.1669"]]

# every command of sorted sets works on places
> ZRANK g Paris
2
> ZREVRANGE g 0 0
["Paris"]
> ZCOUNT g 3479447370796909 3479447370796909
1
> ZRANGEBYSCORE g (3479099956230698 +inf
["Catania", "Paris"]
> ZINCRBY g 1 Paris
"3663832805879779"
> ZREM g Catania
1
> ZPOPMIN g
["Palermo", "3479099956230698"]

# a score that is no place: still a sorted set, and the search goes on
> ZADD g 0.5 half -7 minus
2
> ZRANGE g 0 -1 WITHSCORES
["minus", "-7", "half", "0.5", "Paris", "3663832805879779"]
> GEOSEARCH g FROMLONLAT 2.349 48.8647 BYRADIUS 1 km ASC WITHDIST
[["Paris", "0.0003"]]
> GEOADD g 2.3491 48.8647 Louvre
1
> GEOSEARCH g FROMLONLAT 2.349 48.8647 BYRADIUS 1 km ASC COUNT 1
["Paris"]
> GEOPOS g half
[["-179.99999731779098511", "-85.05112751263942528"]]

# RESP3: coordinates are doubles, distances stay text
> HELLO 3
*
> GEOPOS g Louvre nobody
[[,2.34909743070602417, ,48.86470049917454617], (nil)]
> GEODIST g Paris Louvre
"7.0708"
> GEODIST g Paris nobody
(nil)
> GEOSEARCH g FROMLONLAT 2.349 48.8647 BYRADIUS 1 km ASC COUNT 1 WITHDIST WITHCOORD WITHHASH
[["Paris", "0.0003", 3663832805879779, [,2.34900087118148804, ,48.86470303389570802]]]

> HELLO 2
*
# keyspace events
> CONFIG SET notify-keyspace-events KEA
OK
@2 > SUBSCRIBE __keyevent@0__:zadd __keyevent@0__:geosearchstore __keyevent@0__:georadiusstore __keyevent@0__:del
["subscribe", "__keyevent@0__:zadd", 1]
@2 <
["subscribe", "__keyevent@0__:geosearchstore", 2]
@2 <
["subscribe", "__keyevent@0__:georadiusstore", 3]
@2 <
["subscribe", "__keyevent@0__:del", 4]
> GEOADD ev 1 1 a
1
@2 <
["message", "__keyevent@0__:zadd", "ev"]
> GEOADD ev 1 1 a
0
> GEOSEARCHSTORE ev2 ev FROMLONLAT 1 1 BYRADIUS 1 km
1
@2 <
["message", "__keyevent@0__:geosearchstore", "ev2"]
> GEORADIUS ev 1 1 1 km STORE ev2
1
@2 <
["message", "__keyevent@0__:georadiusstore", "ev2"]
> GEOSEARCHSTORE ev2 ev FROMLONLAT 50 50 BYRADIUS 1 km
0
@2 <
["message", "__keyevent@0__:del", "ev2"]
