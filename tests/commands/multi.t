# Transactions: all or nothing, seen by nobody half done.
> MULTI
OK
> SET a 1
QUEUED
> INCR a
QUEUED
> GET a
QUEUED
> EXEC
[OK, 2, "2"]
> EXEC
! ERR EXEC without MULTI
> DISCARD
! ERR DISCARD without MULTI
> MULTI
OK
> MULTI
! ERR MULTI calls can not be nested
> SET a 5
QUEUED
> DISCARD
OK
> GET a
"2"
# A wrong command spoils all
> MULTI
OK
> SET a 9
QUEUED
> NOSUCHCOMMAND x
! ERR unknown command 'NOSUCHCOMMAND', with args beginning with: 'x' 
> EXEC
! EXECABORT Transaction discarded because of previous errors.
> GET a
"2"
> MULTI
OK
> SET a
! ERR wrong number of arguments for 'set' command
> EXEC
! EXECABORT Transaction discarded because of previous errors.
> MULTI
OK
> GET a
QUEUED
> WATCH a
! ERR WATCH inside MULTI is not allowed
> EXEC
["2"]
> MULTI
OK
> CONFIG NOPE
! ERR unknown subcommand 'NOPE'. Try CONFIG HELP.
> EXEC
! EXECABORT Transaction discarded because of previous errors.
# An error while running does not
> MULTI
OK
> SET a text
QUEUED
> INCR a
QUEUED
> LPUSH a x
QUEUED
> SET b after
QUEUED
> EXEC
[OK, ! ERR value is not an integer or out of range, ! WRONGTYPE Operation against a key holding the wrong kind of value, OK]
> GET b
"after"
> MULTI
OK
> EXEC
[]
# WATCH
> WATCH w
OK
> MULTI
OK
> SET w 1
QUEUED
> EXEC
[OK]
> WATCH w
OK
@2 > SET w 2
OK
> MULTI
OK
> SET w 3
QUEUED
> EXEC
(nil array)
> GET w
"2"
> WATCH w
OK
@2 > SET w 4
OK
> UNWATCH
OK
> MULTI
OK
> GET w
QUEUED
> EXEC
["4"]
> WATCH w
OK
> SET w mine
OK
> MULTI
OK
> GET w
QUEUED
> EXEC
(nil array)
> WATCH w other
OK
@2 > SET unrelated x
OK
> MULTI
OK
> PING
QUEUED
> EXEC
[PONG]
> WATCH w
OK
@2 > DEL w
1
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> WATCH w
OK
> SET w x
OK
> DISCARD
! ERR DISCARD without MULTI
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> WATCH gone
OK
@2 > DEL gone
0
> MULTI
OK
> PING
QUEUED
> EXEC
[PONG]
> SET gone x
OK
> WATCH gone
OK
@2 > FLUSHDB
OK
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> WATCH nothing
OK
@2 > FLUSHALL
OK
> MULTI
OK
> PING
QUEUED
> EXEC
[PONG]
> SET k v
OK
> WATCH k
OK
@2 > EXPIRE k 100
1
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> SET k v
OK
> WATCH k
OK
@2 > GET k
"v"
@2 > EXPIRE k -1
1
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> SELECT 1
OK
> WATCH k
OK
@2 > SET k in-db-0
OK
> MULTI
OK
> PING
QUEUED
> EXEC
[PONG]
> SELECT 0
OK
> WATCH k
OK
> MULTI
OK
> SET k own
QUEUED
> EXEC
[OK]
> SADD set 1
1
> WATCH set
OK
@2 > SADD set 1
0
> MULTI
OK
> PING
QUEUED
> EXEC
[PONG]
> WATCH k
OK
@2 > RENAME k k2
OK
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> WATCH k
OK
@2 > COPY k2 k
1
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> WATCH k
OK
@2 > SWAPDB 0 1
OK
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
@2 > SWAPDB 0 1
OK
> SET e 1 PX 1
OK
> WATCH e
OK
? EXISTS e
0
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> SET e 1 PX 20
OK
> WATCH e
OK
@2 ? EXISTS e
0
> MULTI
OK
> PING
QUEUED
> EXEC
(nil array)
> MULTI
OK
> SELECT 3
QUEUED
> SET three 1
QUEUED
> SELECT 0
QUEUED
> EXEC
[OK, OK, OK]
> EXISTS three
0
> MULTI
OK
> MULTI nope
! ERR wrong number of arguments for 'multi' command
> EXEC
! EXECABORT Transaction discarded because of previous errors.
> MULTI
OK
> SUBSCRIBE ch
QUEUED
> PING
QUEUED
> EXEC
[["subscribe", "ch", 1], ["pong", ""]]
> UNSUBSCRIBE
["unsubscribe", "ch", 0]
> EXEC nope
! EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
> WATCH
! ERR wrong number of arguments for 'watch' command
> MULTI
OK
> RESET
RESET
> EXEC
! ERR EXEC without MULTI


