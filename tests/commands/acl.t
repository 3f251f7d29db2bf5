# Users and what they may do: rules, refusals, logins, MULTI, scripts, channels, the log.
> ACL WHOAMI
"default"
> ACL USERS
["default"]
> ACL LIST
["user default on nopass ~* &* +@all"]
> ACL GETUSER default
["flags", ["on", "nopass"], "passwords", [], "commands", "+@all", "keys", "~*", "channels", "&*", "selectors", []]
> ACL GETUSER nobody
(nil)
> ACL CAT
["keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"]
> ACL CAT nope
! ERR Unknown category 'nope'
> ACL CAT read x
! ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.
> ACL HELP
[ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, CAT [<category>],     List all commands that belong to <category>, or all command categories,     when no category is specified., DELUSER <username> [<username> ...],     Delete a list of users., DRYRUN <username> <command> [<arg> ...],     Returns whether the user can execute the given command without executing the command., GETUSER <username>,     Get the user's details., GENPASS [<bits>],     Generate a secure 256-bit user password. The optional `bits` argument can,     be used to specify a different size., LIST,     Show users details in config file format., LOAD,     Reload users from the ACL file., LOG [<count> | RESET],     Show the ACL log entries., SAVE,     Save the current config to the ACL file., SETUSER <username> <attribute> [<attribute> ...],     Create or modify a user with the specified attributes., USERS,     List all the registered usernames., WHOAMI,     Return the current connection username., HELP,     Prints this help.]

# Rules and their mistakes; a mistake changes nothing.
> ACL SETUSER "a b" on
! ERR Usernames can't contain spaces or null characters
> ACL SETUSER u +nope
! ERR Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL
> ACL SETUSER u +@nope
! ERR Error in ACL SETUSER modifier '+@nope': Unknown command or category name in ACL
> ACL SETUSER u -nope
! ERR Error in ACL SETUSER modifier '-nope': Unknown command or category name in ACL
> ACL SETUSER u select
! ERR Error in ACL SETUSER modifier 'select': Syntax error
> ACL SETUSER u +config|nope
! ERR Error in ACL SETUSER modifier '+config|nope': Unknown command or category name in ACL
> ACL SETUSER u +config|get|x
! ERR Error in ACL SETUSER modifier '+config|get|x': Allowing first-arg of a subcommand is not supported
> ACL SETUSER u +select|
! ERR Error in ACL SETUSER modifier '+select|': Syntax error
> ACL SETUSER u -select|1
! ERR Error in ACL SETUSER modifier '-select|1': Unknown command or category name in ACL
> ACL SETUSER u %Z~a
! ERR Error in ACL SETUSER modifier '%Z~a': Syntax error
> ACL SETUSER u %~a
! ERR Error in ACL SETUSER modifier '%~a': Syntax error
> ACL SETUSER u %RR~a
! ERR Error in ACL SETUSER modifier '%RR~a': Syntax error
> ACL SETUSER u "~a b"
! ERR Error in ACL SETUSER modifier '~a b': Syntax error
> ACL SETUSER u "&a b"
! ERR Error in ACL SETUSER modifier '&a b': Syntax error
> ACL SETUSER u allkeys ~a
! ERR Error in ACL SETUSER modifier '~a': Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns
> ACL SETUSER u allchannels &a
! ERR Error in ACL SETUSER modifier '&a': Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels
> ACL SETUSER u <none
! ERR Error in ACL SETUSER modifier '<none': The password you are trying to remove from the user does not exist
> ACL SETUSER u !abc
! ERR Error in ACL SETUSER modifier '!abc': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters
> ACL SETUSER u #abc
! ERR Error in ACL SETUSER modifier '#abc': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters
> ACL SETUSER u #C3AB8FF13720E8AD9047DD39466B3C8974E592C2FA383D4A3960714CAEF0C4F2
! ERR Error in ACL SETUSER modifier '#C3AB8FF13720E8AD9047DD39466B3C8974E592C2FA383D4A3960714CAEF0C4F2': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters
> ACL SETUSER u !c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2
! ERR Error in ACL SETUSER modifier '!c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2': The password you are trying to remove from the user does not exist
> ACL SETUSER u (+get
! ERR Unmatched parenthesis in acl selector starting at '(+get'.
> ACL SETUSER u (+get ~a* +nope)
! ERR Error in ACL SETUSER modifier '(+get ~a* +nope)': Unknown command or category name in ACL
> ACL SETUSER u (on)
! ERR Error in ACL SETUSER modifier '(on)': Syntax error
> ACL USERS
["default"]
> ACL SETUSER u
OK
> ACL GETUSER u
["flags", ["off"], "passwords", [], "commands", "-@all", "keys", "", "channels", "", "selectors", []]
> ACL SETUSER u on >secret >secret >other ~a* ~b ~a* %R~ro %W~ro %W~wo &news.* +@read +set
OK
> ACL GETUSER u
["flags", ["on"], "passwords", ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"], "commands", "-@all +@read +set", "keys", "~a* ~b ~ro %W~wo", "channels", "&news.*", "selectors", []]
> ACL SETUSER u <other
OK
> ACL SETUSER u #c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2
OK
> ACL SETUSER u !c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2
OK
> ACL LIST
["user default on nopass ~* &* +@all", "user u on #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~a* ~b ~ro %W~wo resetchannels &news.* -@all +@read +set"]
> ACL SETUSER u (+get %R~x*) (+set ~y* &z)
OK
> ACL SETUSER u "(+del ~del*)" ( +incr ~n* )
OK
> ACL GETUSER u
["flags", ["on"], "passwords", ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"], "commands", "-@all +@read +set", "keys", "~a* ~b ~ro %W~wo", "channels", "&news.*", "selectors", [["commands", "-@all +get", "keys", "%R~x*", "channels", ""], ["commands", "-@all +set", "keys", "~y*", "channels", "&z"], ["commands", "-@all +del", "keys", "~del*", "channels", ""], ["commands", "-@all +incr", "keys", "~n*", "channels", ""]]]
> ACL SETUSER u clearselectors
OK
> ACL SETUSER u nopass resetkeys resetchannels nocommands
OK
> ACL LIST
["user default on nopass ~* &* +@all", "user u on nopass resetchannels -@all"]
> ACL SETUSER u resetpass reset
OK
> ACL LIST
["user default on nopass ~* &* +@all", "user u off sanitize-payload resetchannels -@all"]
> ACL SETUSER u +@all -@dangerous +debug +config -config|set
OK
> ACL SETUSER v allcommands allkeys allchannels skip-sanitize-payload
OK
> ACL SETUSER v -set
OK
> ACL GETUSER v
["flags", ["off", "skip-sanitize-payload"], "passwords", [], "commands", "+@all -set", "keys", "~*", "channels", "&*", "selectors", []]
> ACL SETUSER w +select|1 +select|2 +select|1
OK
> ACL GETUSER w
["flags", ["off"], "passwords", [], "commands", "-@all +select|1 +select|2", "keys", "", "channels", "", "selectors", []]
> ACL SETUSER w +select
OK
> ACL GETUSER w
["flags", ["off"], "passwords", [], "commands", "-@all +select", "keys", "", "channels", "", "selectors", []]
> ACL DELUSER w v nobody
2
> ACL DELUSER u default
! ERR The 'default' user cannot be removed
> ACL USERS
["default", "u"]

# Logins.
> AUTH x
! ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
> AUTH u x
! WRONGPASS invalid username-password pair or user is disabled.
> AUTH nobody x
! WRONGPASS invalid username-password pair or user is disabled.
> AUTH default anything
OK
> AUTH a b c
! ERR syntax error
> ACL SETUSER u reset on >pw ~k* &c* +@all -@admin -@dangerous +acl|whoami +multi +exec
OK
@2 > AUTH u wrong
! WRONGPASS invalid username-password pair or user is disabled.
@2 > AUTH u pw
OK
@2 > ACL WHOAMI
"u"
@2 > HELLO 3 AUTH u wrong
! WRONGPASS invalid username-password pair or user is disabled.
@2 > HELLO 2 AUTH u pw
["server", "redis", "version", "7.0.15", "proto", 2, "id", *, "mode", "standalone", "role", "master", "modules", []]
@2 > CLIENT INFO
*
@2 > ACL LIST
! NOPERM this user has no permissions to run the 'acl|list' command
@2 > CONFIG GET maxmemory
! NOPERM this user has no permissions to run the 'config|get' command
@2 > GET other
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > SET k1 v
OK
@2 > GET k1
"v"
@2 > MSET k1 v other w
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > MGET k1 other
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > RENAME k1 other
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > PUBLISH other m
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > PUBLISH c1 m
0
@2 > SPUBLISH other m
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > SUBSCRIBE other
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > SUBSCRIBE c1 other
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > PSUBSCRIBE c1
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > SSUBSCRIBE other
! NOPERM this user has no permissions to access one of the channels used as arguments
@2 > EVAL "return redis.call('get', 'other')" 0
! ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: 51c16fd9e83aad88324dbcdf6b1984449c17ff29, on @user_script:1.
@2 > EVAL "return redis.call('get', 'k1')" 1 other
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > EVAL "return redis.pcall('publish', 'other', 'm').err" 0
"ERR The user executing the script can't publish to the channel mentioned in the command"
@2 > EVAL "return redis.call('keys', '*')" 0
! ERR The user executing the script can't run this command or subcommand script: 92d4272c970261ed930e4323577fac4df05f5573, on @user_script:1.
@2 > EVAL "return {redis.acl_check_cmd('get', 'k'), redis.acl_check_cmd('get', 'x'), redis.acl_check_cmd('keys', '*')}" 0
[1, (nil), (nil)]
@2 > EVAL "return redis.acl_check_cmd('nosuch')" 0
! ERR Invalid command passed to redis.acl_check_cmd() script: d2491587bab5149c93be0dce4426f7a06ba9e1a1, on @user_script:1.
@2 > SORT k1 BY w*
! NOPERM this user has no permissions to run the 'sort' command
@2 > PING
PONG
@2 > RESET
RESET
@2 > ACL WHOAMI
"default"

# MULTI: at queue time and again at EXEC.
@2 > AUTH u pw
OK
@2 > MULTI
OK
@2 > GET other
! NOPERM this user has no permissions to access one of the keys used as arguments
@2 > EXEC
! EXECABORT Transaction discarded because of previous errors.
@2 > MULTI
OK
@2 > GET k1
QUEUED
@2 > SET k1 w
QUEUED
@2 > PUBLISH c1 m
QUEUED
> ACL SETUSER u -get resetkeys ~z* resetchannels
OK
@2 > EXEC
[! NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand, ! NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to touch the specified keys, ! NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to access one of the channels used as arguments]
> ACL SETUSER u +get ~k* -exec
OK
@2 > MULTI
OK
@2 > GET k1
QUEUED
@2 > EXEC
! EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the 'exec' command
@2 > PING
PONG
> ACL SETUSER u off
OK
@2 > PING
PONG
@3 > AUTH u pw
! WRONGPASS invalid username-password pair or user is disabled.
> ACL SETUSER u on
OK

# Rights to read and to write; selectors.
> ACL SETUSER u reset on nopass +@all %R~r* %W~w* ~b*
OK
@3 > AUTH u anything
OK
@3 > GET r
(nil)
@3 > GET w
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > SET r v
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > SET w v
OK
@3 > SET w v GET
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > SET b v GET
(nil)
@3 > EXISTS r w b x
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > STRLEN w
1
@3 > COPY r w
0
@3 > COPY w r
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > LPUSH w1 a
1
@3 > LPOP w1
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > RENAME w r
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > RENAME b w
OK
@3 > SINTERSTORE w r r
0
@3 > SINTERSTORE r w
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > ZUNIONSTORE w 1 r
0
@3 > ZUNIONSTORE w 1 w
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > EVAL "return 1" 1 r
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > EVAL "return 1" 1 b
1
@3 > EVAL_RO "return 1" 1 r
1
@3 > WATCH x
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > WATCH w
OK
@3 > XREAD COUNT 1 STREAMS r w 0 0
! NOPERM this user has no permissions to access one of the keys used as arguments
> ACL SETUSER u reset on nopass (+get ~a*) (+set ~b*) (+select|1)
OK
@3 > GET a
(nil)
@3 > GET b
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > SET b 1
OK
@3 > SET a 1
! NOPERM this user has no permissions to access one of the keys used as arguments
@3 > SELECT 1
OK
@3 > SELECT 2
! NOPERM this user has no permissions to run the 'select' command
@3 > DEL a
! NOPERM this user has no permissions to run the 'del' command

# What a user could do, without doing it.
> ACL DRYRUN nobody get a
! ERR User 'nobody' not found
> ACL DRYRUN u nope
! ERR Command 'nope' not found
> ACL DRYRUN u get
! ERR wrong number of arguments for 'get' command
> ACL DRYRUN u get a
OK
> ACL DRYRUN u get b
"This user has no permissions to access the 'b' key"
> ACL DRYRUN u config nope
! ERR Command 'config' not found
> ACL DRYRUN u config get x
"This user has no permissions to run the 'config|get' command"
> ACL DRYRUN default config get x
OK
> ACL DRYRUN u ping
"This user has no permissions to run the 'ping' command"
> ACL SETUSER u +publish &ok
OK
> ACL DRYRUN u publish no m
"This user has no permissions to access the 'no' channel"
> ACL DRYRUN u publish ok m
OK

# Those who listen go when they may no longer; those whose user is gone, too.
> ACL SETUSER s on nopass +@all ~* &news.* &*
OK
> ACL SETUSER s resetchannels &news.*
OK
@4 > AUTH s x
OK
@4 > SUBSCRIBE news.1
["subscribe", "news.1", 1]
@4 > PSUBSCRIBE news.*
["psubscribe", "news.*", 2]
@5 > AUTH s x
OK
@5 > SUBSCRIBE news.2
["subscribe", "news.2", 1]
> ACL SETUSER s &more
OK
@5 > PING
["pong", ""]
> ACL SETUSER s resetchannels &news.1 &news.*
OK
@5 > PING
["pong", ""]
> ACL SETUSER s resetchannels &news.1
OK
@4 <
(closed)
@6 > AUTH s x
OK
@6 > BLPOP nokey 0
(blocked)
> ACL DELUSER s
1
@6 <
(closed)
> ACL DELUSER u
1
@3 > PING
(closed)

# The log.
> ACL LOG RESET
OK
> ACL LOG
[]
> ACL LOG x
! ERR value is not an integer or out of range
> ACL LOG 1 2
! ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.
> ACL SETUSER l on >pw +get +multi +exec ~k
OK
@7 > AUTH l bad
! WRONGPASS invalid username-password pair or user is disabled.
@7 > AUTH l pw
OK
@7 > GET x
! NOPERM this user has no permissions to access one of the keys used as arguments
@7 > GET x
! NOPERM this user has no permissions to access one of the keys used as arguments
@7 > SET k v
! NOPERM this user has no permissions to run the 'set' command
@7 > MULTI
OK
@7 > GET x
! NOPERM this user has no permissions to access one of the keys used as arguments
> ACL LOG 1
[["count", 1, "reason", "key", "context", "multi", "object", "x", "username", "l", "age-seconds", *, "client-info", *]]
> ACL LOG
[["count", 1, "reason", "key", "context", "multi", "object", "x", "username", "l", "age-seconds", *, "client-info", *], ["count", 1, "reason", "command", "context", "toplevel", "object", "set", "username", "l", "age-seconds", *, "client-info", *], ["count", 2, "reason", "key", "context", "toplevel", "object", "x", "username", "l", "age-seconds", *, "client-info", *], ["count", 1, "reason", "auth", "context", "toplevel", "object", "AUTH", "username", "l", "age-seconds", *, "client-info", *]]
> CONFIG SET acllog-max-len 1
OK
@7 > SET k v
! NOPERM this user has no permissions to run the 'set' command
> ACL LOG 5
[["count", 1, "reason", "command", "context", "multi", "object", "set", "username", "l", "age-seconds", *, "client-info", *]]
> ACL LOG -1
[]
> ACL LOG RESET
OK
> ACL LOG
[]

# Passwords made here.
> ACL GENPASS
*
> ACL GENPASS 5
*
> ACL GENPASS 0
! ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096
> ACL GENPASS 4097
! ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096
> ACL GENPASS x
! ERR value is not an integer or out of range
> ACL GENPASS 1 2
! ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.

# Without a file there is nothing to load.
> ACL LOAD
! ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.
> ACL SAVE
! ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.

# requirepass is the default user's password.
> CONFIG SET requirepass sesame
OK
> ACL GETUSER default
["flags", ["on"], "passwords", ["d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272"], "commands", "+@all", "keys", "~*", "channels", "&*", "selectors", []]
@8 > PING
! NOAUTH Authentication required.
@8 > HELLO 3
! NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time
@8 > AUTH bad
! WRONGPASS invalid username-password pair or user is disabled.
@8 > AUTH sesame
OK
@8 > PING
PONG
> CONFIG SET requirepass ""
OK
@9 > PING
PONG
> ACL SETUSER default resetpass
OK
@10 > PING
! NOAUTH Authentication required.
@10 > AUTH x
! WRONGPASS invalid username-password pair or user is disabled.
> ACL SETUSER default nopass off
OK
@11 > PING
! NOAUTH Authentication required.
> ACL SETUSER default on
OK
@11 > PING
PONG
> ACL SETUSER default -set
OK
> SET k v
! NOPERM this user has no permissions to run the 'set' command
> ACL SETUSER default +@all
OK
> SET k v
OK
> COMMAND LIST FILTERBY ACLCAT transaction
unordered ["watch", "exec", "multi", "unwatch", "discard"]

# Secrets are shown to nobody.
> CONFIG SET slowlog-log-slower-than 0
OK
> ACL SETUSER secret on +hello +auth >swordfish
OK
> CONFIG SET requirepass sesame
OK
> AUTH default sesame
OK
> CONFIG SET requirepass ""
OK
> HELLO 2 AUTH secret swordfish
*
> AUTH default x
OK
> SLOWLOG GET 6
[[*, *, *, ["AUTH", "(redacted)", "(redacted)"], *, *], [*, *, *, ["HELLO", "2", "AUTH", "(redacted)", "(redacted)"], *, *], [*, *, *, ["CONFIG", "SET", "requirepass", "(redacted)"], *, *], [*, *, *, ["AUTH", "(redacted)", "(redacted)"], *, *], [*, *, *, ["CONFIG", "SET", "requirepass", "(redacted)"], *, *], [*, *, *, ["ACL", "SETUSER", "(redacted)", "(redacted)", "(redacted)", "(redacted)", "(redacted)"], *, *]]
