# Script cache, libraries of functions, and scripts that take too long.
> EVAL "#!lua\\nreturn 1" 0
! ERR Invalid script shebang
> EVAL #!lua 0
! ERR Invalid script shebang
> EVAL "#!foo\\nreturn 1" 0
! ERR Invalid script shebang
> EVAL "#!lua flags=no-writes\\nreturn redis.call(\"set\",\"q\",1)" 0
! ERR Invalid script shebang
> EVAL "#!lua flags=no-writes,allow-oom\\nreturn 5" 0
! ERR Invalid script shebang
> EVAL "#!lua flags=bad\\nreturn 1" 0
! ERR Invalid script shebang
> EVAL "#!lua name=bad\\nreturn 1" 0
! ERR Invalid script shebang
> EVAL "#!lua bad\\nreturn 1" 0
! ERR Invalid script shebang
> EVAL "#!lua\\nreturn redis.call(\"set\",\"q\",1)" 0
! ERR Invalid script shebang
> EVAL "#!lua\\n\\nerror(1)" 0
! ERR Invalid script shebang
> EVAL_RO "#!lua\\nreturn redis.call(\"get\",\"q\")" 0
! ERR Invalid script shebang
> EVAL_RO "#!lua flags=no-writes\\nreturn redis.call(\"get\",\"q\")" 0
! ERR Invalid script shebang
> EVAL_RO "return redis.call(\"get\",\"q\")" 0
(nil)
> EVAL_RO "return redis.call(\"set\",\"q\",1)" 0
! ERR Write commands are not allowed from read-only scripts. script: 0958f5d93a85040c17a3da899f09191e99fc0591, on @user_script:1.
> SCRIPT load "return 1 1"
! ERR Error compiling script (new function): user_script:1: '<eof>' expected near '1'
> SCRIPT load "return 1"
"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
> SCRIPT load "#!lua\\nreturn 1"
! ERR Invalid script shebang
> SCRIPT exists e0e1f9fabfc9d4800c877a703b823ac0578ff8db abc
[1, 0]
> EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
1
> EVALSHA E0E1f9fabfc9d4800c877a703b823ac0578ff8db 0
1
> EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
1
> EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
! NOSCRIPT No matching script. Please use EVAL.
> EVALSHA fff 0
! NOSCRIPT No matching script. Please use EVAL.
> SCRIPT flush x
! ERR SCRIPT FLUSH only support SYNC|ASYNC option
> SCRIPT flush async x
! ERR SCRIPT FLUSH only support SYNC|ASYNC option
> SCRIPT flush async
OK
> EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
! NOSCRIPT No matching script. Please use EVAL.
> SCRIPT kill
! NOTBUSY No scripts in execution right now.
> FUNCTION kill
! NOTBUSY No scripts in execution right now.
> SCRIPT debug x
! ERR Use SCRIPT DEBUG YES/SYNC/NO
> SCRIPT debug no
OK
> SCRIPT nosuch
! ERR unknown subcommand 'nosuch'. Try SCRIPT HELP.
> FUNCTION nosuch
! ERR unknown subcommand 'nosuch'. Try FUNCTION HELP.
> FUNCTION stats
["running_script", (nil), "engines", ["LUA", ["libraries_count", 0, "functions_count", 0]]]
> EVAL "return 1" a
! ERR value is not an integer or out of range
> EVAL "return 1" -1
! ERR Number of keys can't be negative
> EVAL "return 1" 3
! ERR Number of keys can't be greater than number of args
> EVAL "return {KEYS[1],ARGV[1],#KEYS,#ARGV}" 1 k v
["k", "v", 1, 1]
> EVAL "return KEYS" 2 k v
["k", "v"]
> EVAL "return ARGV" 0
[]
> EVAL
! ERR wrong number of arguments for 'eval' command
> EVAL "return 1"
! ERR wrong number of arguments for 'eval' command
> FUNCTION load "return 1"
! ERR Missing library metadata
> FUNCTION load #!lua
! ERR Invalid library metadata
> FUNCTION load "#!lua\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!foo name=a\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!LUA name=a\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a-b\\nredis.register_function(\"f\",function() end)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=\\nredis.register_function(\"f\",function() end)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a name=b\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua nme=a\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua NAME=a\\nreturn 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f-b\",function() end)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f\")"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(1,2)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function({},2)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f\",2)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\"}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{callback=function() end}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, bad=1}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, 1}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name={}, callback=function() end}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=1}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, flags={\"bad\"}}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, flags={1}}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, flags=1}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function{function_name=\"f\", callback=function() end, description={}}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function()"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(1)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(1,2,3)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f\",function() end) redis.register_function(\"f\",function() end)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.call(\"get\",\"x\")"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nx=1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.x=1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nreturn y"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nreturn 1 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nlocal t = nil; t.x = 1"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nlocal x = cjson.encode({})"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f\",function(k,a) return {k[1],a[1]} end)\\nredis.register_function{function_name=\"ro\", callback=function() return redis.call(\"set\",\"q\",1) end, flags={\"no-writes\"}, description=\"desc\"}\\nredis.register_function{function_name=\"er\", callback=function() error(\"x\") end}\\nredis.register_function{function_name=\"gl\", callback=function() y=1 end}\\nredis.register_function{function_name=\"g2\", callback=function() return y end}\\nredis.register_function{function_name=\"g3\", callback=function() return KEYS end}\\nredis.register_function{function_name=\"g4\", callback=function() return redis.register_function(\"a\",function() end) end}\\nredis.register_function{function_name=\"g5\", callback=function() local q={} for k,v in pairs(redis) do q[#q+1]=k end table.sort(q) local r={} for k,v in pairs(_G) do r[#r+1]=k end table.sort(r) return table.concat(r,\" \")..\" | \"..table.concat(q, \" \") end}\\nredis.register_function{function_name=\"g6\", callback=function() return redis.call(\"nosuch\") end}\\nredis.register_function{function_name=\"g7\", callback=function() return error({err=\"X y\"}) end}\\nredis.register_function{function_name=\"g9\", callback=function() return redis.pcall(\"set\",\"a\") end, flags={\"no-writes\",\"allow-oom\",\"allow-stale\",\"no-cluster\"}}\\nredis.register_function{function_name=\"w\", callback=function(k,a) return redis.call(\"set\",k[1],a[1]) end}\\nlocal n=0\\nredis.register_function{function_name=\"n\", callback=function(k,a) n=n+1 return n end}"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=a\\nredis.register_function(\"f\",function(k,a) return {k[1],a[1]} end)"
! ERR Invalid library metadata
> FUNCTION load "#!lua name=b\\nredis.register_function(\"f\",function(k,a) return {k[1],a[1]} end)"
! ERR Invalid library metadata
> FCALL f 1 k v
! ERR Function not found
> FCALL ro 0
! ERR Function not found
> FCALL er 0
! ERR Function not found
> FCALL gl 0
! ERR Function not found
> FCALL g2 0
! ERR Function not found
> FCALL g3 0
! ERR Function not found
> FCALL g4 0
! ERR Function not found
> FCALL g5 0
! ERR Function not found
> FCALL g6 0
! ERR Function not found
> FCALL g7 0
! ERR Function not found
> FCALL g9 0
! ERR Function not found
> FCALL w 1 k v
! ERR Function not found
> FCALL_RO w 1 k v
! ERR Function not found
> FCALL n 0
! ERR Function not found
> FCALL n 0
! ERR Function not found
> GET k
(nil)
> FCALL nosuch 0
! ERR Function not found
> FCALL f a
! ERR Function not found
> FCALL f -1
! ERR Function not found
> FCALL f 5
! ERR Function not found
> FCALL F 0
! ERR Function not found
> FCALL_RO ro 0
! ERR Function not found
> FCALL_RO f 1 k v
! ERR Function not found
> FUNCTION load replace "#!lua name=a\\nbad bad"
! ERR Invalid library metadata
> FCALL n 0
! ERR Function not found
> FUNCTION load "#!lua name=b\\nredis.register_function(\"zz\",function(k,a) return 7 end)"
! ERR Invalid library metadata
> FUNCTION load replace "#!lua name=b\\nredis.register_function(\"f\",function(k,a) return 8 end)"
! ERR Invalid library metadata
> FCALL zz 0
! ERR Function not found
> FUNCTION load replace "#!lua name=b\\nredis.register_function(\"zy\",function(k,a) return 8 end)"
! ERR Invalid library metadata
> FCALL zz 0
! ERR Function not found
> FCALL zy 0
! ERR Function not found
> FUNCTION list libraryname B withcode
[]
> FUNCTION list libraryname [b] withcode
[]
> FUNCTION list libraryname x
[]
> FUNCTION list bad
! ERR Unknown argument bad
> FUNCTION list withcode libraryname
! ERR library name argument was not given
> FUNCTION list withcode withcode
! ERR Unknown argument withcode
> FUNCTION list libraryname a libraryname b
! ERR Unknown argument libraryname
> FUNCTION stats
["running_script", (nil), "engines", ["LUA", ["libraries_count", 0, "functions_count", 0]]]
> FUNCTION delete nosuch
! ERR Library not found
> FUNCTION delete a
! ERR Library not found
> FCALL f 0
! ERR Function not found
> FUNCTION dump
"\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
> FUNCTION restore abc
! ERR DUMP payload version or checksum are wrong
> FUNCTION restore abc bad
! ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
> FUNCTION load replace
! ERR Missing library metadata
> FUNCTION load bad x
! ERR Unknown option given: bad
> FUNCTION load replace bad x
! ERR Unknown option given: bad
> FUNCTION load
! ERR wrong number of arguments for 'function|load' command
> FUNCTION flush x
! ERR FUNCTION FLUSH only supports SYNC|ASYNC option
> FUNCTION flush async
OK
> FUNCTION dump
"\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
> FUNCTION list
[]
> MULTI
OK
> FUNCTION load "#!lua name=m\\nredis.register_function(\"mm\",function(k,a) return 7 end)"
QUEUED
> FCALL mm 0
QUEUED
> EVAL "return redis.call(\"incr\",KEYS[1])" 1 cnt
QUEUED
> EXEC
[! ERR Invalid library metadata, ! ERR Function not found, 1]
> COMMAND getkeys eval x 2 a b c
["a", "b"]
> COMMAND getkeys fcall x 1 a b c
["a"]
> COMMAND getkeys xreadgroup group g c streams a b 0 0
["a", "b"]
> FCALL mm 0 x
! ERR Function not found
# A script over its time: others are told so, and may end it.
> CONFIG SET busy-reply-threshold 50
OK
> FUNCTION LOAD REPLACE "#!lua name=m\nredis.register_function('loop', function() while true do end end)\nredis.register_function('wloop', function() redis.call('set','x',1) while true do end end)\nredis.register_function('ploop', function() while true do pcall(function() while true do end end) end end)"
"m"
@2 > EVAL "while true do end" 0
(none)
? GET x
! BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.
> FUNCTION STATS
! BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.
> FUNCTION KILL
! BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.
> SCRIPT KILL
OK
@2 <
! ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1.
> GET x
(nil)
@2 > FCALL loop 1 k x
(none)
? GET x
! BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.
> SCRIPT KILL
! BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.
> FUNCTION KILL
OK
@2 <
! ERR Script killed by user with SCRIPT KILL... script: loop, on @user_function:2.
@2 > FCALL ploop 0
(none)
? GET x
! BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.
> FUNCTION KILL
OK
@2 <
! ERR Script killed by user with SCRIPT KILL... script: ploop, on @user_function:4.
> GET x
(nil)
> SCRIPT KILL
! NOTBUSY No scripts in execution right now.
> FUNCTION KILL
! NOTBUSY No scripts in execution right now.

# Functions are found in letters of any case, and may not share them.
> FUNCTION FLUSH
OK
> FUNCTION LOAD "#!lua name=case\nredis.register_function('GetIt', function() return 1 end)"
"case"
> FCALL GETIT 0
1
> FUNCTION LOAD "#!lua name=other\nredis.register_function('getit', function() return 2 end)"
! ERR Function getit already exists
> FUNCTION DELETE case
OK
> FCALL getit 0
! ERR Function not found
