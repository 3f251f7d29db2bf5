# The connection and the server: what clients ask when they connect.
%start --enable-debug-command yes --slowlog-log-slower-than 10000000
> PING
PONG
> PING hello
"hello"
> PING a b
! ERR wrong number of arguments for 'ping' command
> ECHO hi
"hi"
> ECHO
! ERR wrong number of arguments for 'echo' command
> NOSUCH
! ERR unknown command 'NOSUCH', with args beginning with: 
> NOSUCH a b "c d"
! ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' 'c d' 
> nosuchcommand aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb
! ERR unknown command 'nosuchcommand', with args beginning with: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' 
> HELLO 2
["server", "redis", "version", "7.0.15", "proto", 2, "id", *, "mode", "standalone", "role", "master", "modules", []]
> HELLO 3
{"server": "redis", "version": "7.0.15", "proto": 3, "id": *, "mode": "standalone", "role": "master", "modules": []}
> GET missing
(nil)
> HELLO
*
> HELLO 4
! NOPROTO unsupported protocol version
> HELLO abc
! ERR Protocol version is not an integer or out of range
> HELLO 2 SETNAME me
*
> CLIENT GETNAME
"me"
> HELLO 2 NOPE
! ERR Syntax error in HELLO option 'NOPE'
> HELLO 2 AUTH default
! ERR Syntax error in HELLO option 'AUTH'
> HELLO 2 AUTH default any
*
> HELLO 2 AUTH nobody any
! WRONGPASS invalid username-password pair or user is disabled.
> HELLO 2 SETNAME "with space"
! ERR Client names cannot contain spaces, newlines or special characters.
> CLIENT SETNAME "with space"
! ERR Client names cannot contain spaces, newlines or special characters.
> CLIENT SETNAME ""
OK
> CLIENT GETNAME
(nil)
> CLIENT SETINFO lib-name redis-py
! ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.
> CLIENT SETINFO
! ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.
> CLIENT ID
*
> CLIENT NOPE
! ERR unknown subcommand 'NOPE'. Try CLIENT HELP.
> CLIENT
! ERR wrong number of arguments for 'client' command
> CLIENT REPLY NOPE
! ERR syntax error
> CLIENT REPLY ON
OK
> CLIENT REPLY OFF
(none)
> PING
(none)
> CLIENT REPLY ON
OK
> CLIENT REPLY SKIP
(none)
> PING
(none)
> PING
PONG
> CLIENT NO-EVICT ON
OK
> CLIENT NO-EVICT OFF
OK
> CLIENT NO-EVICT X
! ERR syntax error
> CLIENT KILL 1.2.3.4:5
! ERR No such client
> CLIENT KILL ID 99999
0
> CLIENT KILL ID abc
! ERR client-id should be greater than 0
> CLIENT KILL TYPE nope
! ERR Unknown client type 'nope'
> CLIENT KILL USER nobody
! ERR No such user 'nobody'
> CLIENT KILL NOPE x
! ERR syntax error
> CLIENT KILL ID
! ERR No such client
> CLIENT UNBLOCK 9999
0
> CLIENT UNBLOCK x
! ERR value is not an integer or out of range
> CLIENT UNBLOCK 1 NOPE
! ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
> CLIENT LIST TYPE nope
! ERR Unknown client type 'nope'
> CLIENT LIST ID 99999
""
> CLIENT LIST NOPE
! ERR syntax error
> CLIENT PAUSE abc
! ERR timeout is not an integer or out of range
> CLIENT PAUSE -1
! ERR timeout is negative
> CLIENT PAUSE 1 NOPE
! ERR CLIENT PAUSE mode must be WRITE or ALL
> CLIENT PAUSE 100000 WRITE
OK
> GET x
(nil)
@2 > SET x 1
(none)
> CLIENT UNPAUSE
OK
@2 <
OK
> CLIENT PAUSE 30
OK
> PING
PONG
> CLIENT UNPAUSE
OK
> AUTH x
! ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
> AUTH default x
OK
> AUTH nobody x
! WRONGPASS invalid username-password pair or user is disabled.
> AUTH a b c
! ERR syntax error
> AUTH
! ERR wrong number of arguments for 'auth' command
> COMMAND COUNT
*
> COMMAND INFO get nosuch
[*, (nil)]
> COMMAND GETKEYS SET a b
["a"]
> COMMAND GETKEYS MSET a 1 b 2
["a", "b"]
> COMMAND GETKEYS LMPOP 2 a b LEFT
["a", "b"]
> COMMAND GETKEYS SORT a STORE b
["a", "b"]
> COMMAND GETKEYS GET
! ERR wrong number of arguments for 'command|getkeys' command
> COMMAND GETKEYS PING
! ERR wrong number of arguments for 'command|getkeys' command
> COMMAND GETKEYS NOSUCH x
! ERR Invalid command specified
> COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 0 0
["a", "b"]
> COMMAND LIST FILTERBY PATTERN ge[t]
["get"]
> COMMAND LIST FILTERBY NOPE x
! ERR syntax error
> COMMAND NOPE
! ERR unknown subcommand 'NOPE'. Try COMMAND HELP.
> CONFIG GET maxmemory
["maxmemory", "0"]
> CONFIG GET maxmemory maxmemory-policy
unordered ["maxmemory", "0", "maxmemory-policy", "noeviction"]
> CONFIG GET nosuch
[]
> CONFIG GET appendonly
["appendonly", "no"]
> CONFIG SET maxmemory 100mb
OK
> CONFIG GET maxmemory
["maxmemory", "104857600"]
> CONFIG SET maxmemory 0
OK
> CONFIG SET maxmemory abc
! ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value
> CONFIG SET nosuch 1
! ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
> CONFIG SET maxmemory-policy nope
! ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction
> CONFIG SET maxmemory-policy allkeys-lru
OK
> CONFIG GET maxmemory-policy
["maxmemory-policy", "allkeys-lru"]
> CONFIG SET maxmemory-policy noeviction
OK
> CONFIG SET databases 5
! ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config
> CONFIG SET hz abc
! ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer
> CONFIG SET maxmemory
! ERR wrong number of arguments for 'config|set' command
> CONFIG SET hz 20 hz 30
! ERR CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter
> CONFIG SET hz 20 nosuch 30
! ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
> CONFIG GET hz
["hz", "10"]
> CONFIG NOPE
! ERR unknown subcommand 'NOPE'. Try CONFIG HELP.
> CONFIG
! ERR wrong number of arguments for 'config' command
> CONFIG RESETSTAT
OK
> DEBUG SLEEP 0
OK
> DEBUG PROTOCOL string
"Hello World"
> DEBUG PROTOCOL integer
12345
> DEBUG PROTOCOL double
"3.141"
> DEBUG PROTOCOL null
(nil)
> DEBUG PROTOCOL array
[0, 1, 2]
> DEBUG PROTOCOL set
[0, 1, 2]
> DEBUG PROTOCOL map
[0, 0, 1, 1, 2, 0]
> DEBUG PROTOCOL true
1
> DEBUG PROTOCOL verbatim
"This is a verbatim\nstring"
> DEBUG PROTOCOL bignum
"1234567999999999999999999999999999999"
> HELLO 3
*
> DEBUG PROTOCOL double
,3.141
> DEBUG PROTOCOL null
(nil)
> DEBUG PROTOCOL set
~[0, 1, 2]
> DEBUG PROTOCOL map
{0: #f, 1: #t, 2: #f}
> DEBUG PROTOCOL true
#t
> DEBUG PROTOCOL verbatim
=txt:"This is a verbatim\nstring"
> DEBUG PROTOCOL bignum
(1234567999999999999999999999999999999
> HELLO 2
*
> TIME
[*, *]
> ROLE
["master", 0, []]
> WAIT 0 0
0
> WAIT x 0
! ERR value is not an integer or out of range
> WAIT 0 x
! ERR timeout is not an integer or out of range
> WAIT 0 -1
! ERR timeout is negative
> LASTSAVE
*
> DBSIZE
1
> MEMORY USAGE missing
(nil)
> SET u x
OK
> MEMORY USAGE u
*
> MEMORY USAGE u SAMPLES 0
*
> MEMORY USAGE u NOPE
! ERR syntax error
> MEMORY NOPE
! ERR unknown subcommand 'NOPE'. Try MEMORY HELP.
> MEMORY DOCTOR
*
> SLOWLOG LEN
0
> SLOWLOG GET
[]
> SLOWLOG GET -2
! ERR count should be greater than or equal to -1
> SLOWLOG GET abc
! ERR count should be greater than or equal to -1
> SLOWLOG RESET
OK
> CONFIG SET slowlog-log-slower-than 0
OK
> PING
PONG
> SLOWLOG GET 1
[*]
> CONFIG SET slowlog-log-slower-than 10000
OK
> SLOWLOG RESET
OK
> LATENCY LATEST
[]
> LATENCY RESET
0
> LATENCY HISTORY command
[]
> MODULE LIST
[]
> ACL WHOAMI
"default"
> ACL USERS
["default"]
> ACL LIST
*
> ACL CAT nope
! ERR Unknown category 'nope'
> ACL GETUSER nobody
(nil)
> ACL NOPE
! ERR unknown subcommand 'NOPE'. Try ACL HELP.
> LOLWUT
*
> SELECT 3
OK
> CLIENT SETNAME x
OK
> MULTI
OK
> RESET
RESET
> CLIENT GETNAME
(nil)
> EXEC
! ERR EXEC without MULTI
> SHUTDOWN NOPE
! ERR syntax error
> SHUTDOWN ABORT
! ERR No shutdown in progress.
> INFO nosuch
""
> SWAPDB 0 0
OK
> QUIT
OK
# Passwords
@6 > CONFIG SET requirepass secret
OK
@7 > PING
! NOAUTH Authentication required.
@7 > GET a
! NOAUTH Authentication required.
@7 > NOSUCH
! ERR unknown command 'NOSUCH', with args beginning with: 
@7 > HELLO 3
! NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time
@7 > AUTH wrong
! WRONGPASS invalid username-password pair or user is disabled.
@7 > AUTH default wrong
! WRONGPASS invalid username-password pair or user is disabled.
@7 > AUTH nobody secret
! WRONGPASS invalid username-password pair or user is disabled.
@7 > AUTH secret
OK
@7 > PING
PONG
@8 > HELLO 2 AUTH default secret
*
@8 > PING
PONG
@6 > PING
PONG
@6 > CONFIG SET requirepass ""
OK
@9 > PING
PONG


