# Scripts: what they see, what they return, how they fail.
> EVAL "return redis.x" 0
(nil)
> EVAL "return string.x" 0
(nil)
> EVAL "local t=nil; return t.x" 0
! ERR user_script:1: attempt to index local 't' (a nil value) script: 8a168f767e029c17e797bfba7f6372859975d27b, on @user_script:1.
> EVAL x=1 0
! ERR user_script:1: Attempt to modify a readonly table script: 7caf6056913504f0508c65faf2dc3f94ff65bcfd, on @user_script:1.
> EVAL redis.x=1 0
! ERR user_script:1: Attempt to modify a readonly table script: 5b2bc017c4ad02e0a4040b10e3482419e45c58b0, on @user_script:1.
> EVAL string.x=1 0
! ERR user_script:1: Attempt to modify a readonly table script: 0200261db1e7771c266e77366576961c8f228af1, on @user_script:1.
> EVAL rawset(_G,'x',1) 0
! ERR Attempt to modify a readonly table script: 90860ee597073785c7a12c667667abc4495e2c78, on @user_script:1.
> EVAL setmetatable(_G,{}) 0
! ERR Attempt to modify a readonly table script: e8f1b52cec0990f58c59b37010d130cfdce9e1a5, on @user_script:1.
> EVAL "return type(getmetatable(_G))" 0
"table"
> EVAL "return x" 0
! ERR user_script:1: Script attempted to access nonexistent global variable 'x' script: 03c387736bb5cc009ff35151572cee04677aa374, on @user_script:1.
> EVAL "return y y" 0
! ERR Error compiling script (new function): user_script:1: '<eof>' expected near 'y'
> EVAL error('boom') 0
! ERR user_script:1: boom script: 82903a0434f1503e152f89c03c9acd881a0e8150, on @user_script:1.
> EVAL "error({err='MY thing'})" 0
! MY thing script: 93d8b901ec4b7fd324068674dd9d7b37abbba276, on @user_script:1.
> EVAL "error({err='MY thing',x=1})" 0
! MY thing script: 35f918a4d9a20e83748ff11adec913ff3a383b48, on @user_script:1.
> EVAL "return redis.call('get')" 0
! ERR Wrong number of args calling Redis command from script script: f187dee77f607f7cff00bbabc9df38507582c78d, on @user_script:1.
> EVAL "return redis.call('nosuch')" 0
! ERR Unknown Redis command called from script script: 206396248e12c6e742fd7296250433c8d7343b74, on @user_script:1.
> EVAL "return redis.call()" 0
! ERR Please specify at least one argument for this redis lib call script: 0a907e1429221a4d85516cab7fd219a82a9439d8, on @user_script:1.
> EVAL "return redis.call({})" 0
! ERR Lua redis lib command arguments must be strings or integers script: 80747816df1f4411f7c442b928fce6a814214839, on @user_script:1.
> EVAL "return redis.call('set','a')" 0
! ERR Wrong number of args calling Redis command from script script: 68990c26510f449300ea04360b77feec1f073cc8, on @user_script:1.
> EVAL "return redis.call('lpush','a',1.5,3)" 0
2
> EVAL "return redis.call('lrange','a',0,-1)" 0
["3", "1.5"]
> EVAL "return redis.call('get','a')" 0
! WRONGTYPE Operation against a key holding the wrong kind of value script: eaeaa27fd219f13108fd9dea9f5ef7513173e803, on @user_script:1.
> EVAL "return redis.pcall('get','a')" 0
! WRONGTYPE Operation against a key holding the wrong kind of value
> EVAL "local e=redis.pcall('get','a') local r={} for k,v in pairs(e) do r[#r+1]=k..'='..tostring(v) end table.sort(r) return r" 0
["err=WRONGTYPE Operation against a key holding the wrong kind of value", "ignore_error_stats_update=true"]
> EVAL "local ok,e=pcall(redis.call,'get','a') return e" 0
"WRONGTYPE Operation against a key holding the wrong kind of value"
> EVAL "local ok,e=pcall(redis.call) return e" 0
"ERR Please specify at least one argument for this redis lib call"
> EVAL "local ok,e=pcall(error,'x') return {tostring(ok),e}" 0
["false", "x"]
> EVAL "local ok,e=pcall(error,{err='X y'}) return type(e)..tostring(e)" 0
"stringX y"
> EVAL "local ok,e=pcall(error,{a='X y'}) return type(e)" 0
"table"
> EVAL "local ok,e=xpcall(function() redis.call('incr','a') end, function(e) return e end) return type(e)" 0
"table"
> EVAL "local ok,e=xpcall(function() error('q') end, function(e) return e end) return e" 0
"user_script:1: q"
> EVAL "local ok,e=pcall(redis.call,'get','a') error(e)" 0
! ERR user_script:1: WRONGTYPE Operation against a key holding the wrong kind of value script: 64353b49f74672f1abeeb5b66691e3e54e5ca2e3, on @user_script:1.
> EVAL "local co = coroutine.create(function() return redis.call('get','zz') end) return {coroutine.resume(co)}" 0
[1, (nil)]
> EVAL "return redis.call('eval','return 1',0)" 0
! ERR This Redis command is not allowed from script script: 595931feb16e9cba240a2e4c6a852627761118e3, on @user_script:1.
> EVAL "return redis.error_reply('FOO')" 0
! ERR FOO
> EVAL "return redis.error_reply('My Err')" 0
! My Err
> EVAL "return redis.error_reply('-My Err')" 0
! My Err
> EVAL "return redis.error_reply('-FOO')" 0
! ERR FOO
> EVAL "return redis.error_reply('')" 0
! ERR 
> EVAL "return redis.error_reply()" 0
! ERR wrong number or type of arguments
> EVAL "return redis.status_reply('FOO')" 0
FOO
> EVAL "return redis.status_reply(1)" 0
! ERR wrong number or type of arguments
> EVAL "return {err='x y'}" 0
! x y
> EVAL "return {err='x'}" 0
! x
> EVAL "return {ok='x y'}" 0
x y
> EVAL "return {1,2.9,'a',true,false,nil,3}" 0
[1, 2, "a", 1, (nil)]
> EVAL "return {1,2.9,'a',true,false,{},3}" 0
[1, 2, "a", 1, (nil), [], 3]
> EVAL "return 3.99" 0
3
> EVAL "return -3.99" 0
-3
> EVAL "return 1e20" 0
-9223372036854775808
> EVAL "return 0/0" 0
-9223372036854775808
> EVAL "return {double=3.99}" 0
"3.9900000000000002"
> EVAL "return {double=1e300}" 0
"1.0000000000000001e+300"
> EVAL "return {double=1/0}" 0
"inf"
> EVAL "return {map={a=1}}" 0
["a", 1]
> EVAL "return {set={a=1}}" 0
["a"]
> EVAL "return {big_number='123'}" 0
"123"
> EVAL "return {verbatim_string={format='txt',string='abc'}}" 0
"abc"
> EVAL "return function() end" 0
(nil)
> EVAL "return nil" 0
(nil)
> EVAL return 0
(nil)
> EVAL "return redis.sha1hex('')" 0
"da39a3ee5e6b4b0d3255bfef95601890afd80709"
> EVAL "return redis.sha1hex(1)" 0
"356a192b7913b04c54574d18c28d46e6395428ab"
> EVAL "return redis.sha1hex()" 0
! ERR wrong number of arguments script: 3c7ce947ae74a835cc575b6ee87fb27503cb7ba4, on @user_script:1.
> EVAL redis.log() 0
! ERR redis.log() requires two arguments or more. script: 832b44eaff8743413d7a371df1c038871278515a, on @user_script:1.
> EVAL redis.log('a','b') 0
! ERR First argument must be a number (log level). script: 9369277607d3605674cb24c2c2b4df8d2a6497dc, on @user_script:1.
> EVAL redis.log(9,'b') 0
! ERR Invalid debug level. script: 2bc3bda169dd61e31d79e77243f34d9fd90a81d6, on @user_script:1.
> EVAL "return {redis.REDIS_VERSION,redis.REDIS_VERSION_NUM,redis.LOG_DEBUG,redis.LOG_WARNING,redis.REPL_ALL,redis.REPL_AOF,redis.REPL_SLAVE,redis.REPL_REPLICA}" 0
["7.0.15", 458767, 0, 3, 3, 1, 2, 2]
> EVAL redis.setresp(4) 0
! ERR RESP version must be 2 or 3. script: 68e72e4d8a428b9f599dce492315f2455a425a82, on @user_script:1.
> EVAL redis.setresp() 0
! ERR redis.setresp() requires one argument. script: 42aacaf580759e59c97e8b1974d08a62f960014f, on @user_script:1.
> EVAL redis.setresp('x') 0
! ERR RESP version must be 2 or 3. script: c2a797a9752572869ec889597b789377db40332b, on @user_script:1.
> EVAL "return redis.set_repl(1)" 0
(nil)
> EVAL "return redis.set_repl()" 0
! ERR redis.set_repl() requires two arguments. script: 9504533b41060c143a92eb2f8878e77d33b6dc33, on @user_script:1.
> EVAL "return redis.set_repl('a')" 0
(nil)
> EVAL "return redis.set_repl(77)" 0
! ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE. script: 1dfa6eb0d1fa2ac9fa04529637aedf1728af3d49, on @user_script:1.
> EVAL "return tostring(redis.replicate_commands())" 0
"true"
> EVAL "return tostring(redis.breakpoint())" 0
"false"
> EVAL "return loadstring('return 1')()" 0
1
> EVAL "return loadstring(string.dump(function() return 1 end))()" 0
! ERR user_script:1: attempt to call a nil value script: 5dcb142d767eb350dbcc8f0ae66433b0e227f5a2, on @user_script:1.
> EVAL "local f,e=loadstring('return 1 1') return e" 0
"[string \"return 1 1\"]:1: '<eof>' expected near '1'"
> EVAL "return load(function() return nil end)" 0
(nil)
> EVAL "local n=0 return load(function() n=n+1 if n<3 then return 'return 1 --' end end)()" 0
1
> EVAL "return print('x')" 0
! ERR user_script:1: Script attempted to access nonexistent global variable 'print' script: 2f6def963b4a1f78d3d640304d016c097195dbc7, on @user_script:1.
> EVAL "return redis.acl_check_cmd('get','a')" 0
1
> EVAL "return redis.acl_check_cmd('nosuch','a')" 0
! ERR Invalid command passed to redis.acl_check_cmd() script: 9af1508ccd546018b19d6b12156855c186fc379d, on @user_script:1.
> EVAL "return redis.acl_check_cmd()" 0
! ERR Please specify at least one argument for this redis lib call script: 1124f33ad66e7866b4e0c1499a4c20fb5eb9c180, on @user_script:1.
> EVAL "return redis.call('subscribe','a')" 0
! ERR This Redis command is not allowed from script script: fd4a0444fc6d87da49683765d56f05403bc78066, on @user_script:1.
> EVAL "return redis.call('multi')" 0
! ERR This Redis command is not allowed from script script: c329a1a294be6bf95b44144f7502610661ae925a, on @user_script:1.
> EVAL "return redis.call('xread','block',0,'streams','q','0')" 0
! ERR xread command is not allowed with BLOCK option from scripts script: 50916037e1cd076e70d3b96faeb49fa3de7f0cec, on @user_script:1.
> EVAL "return redis.call('blpop','qq',0)" 0
! ERR This Redis command is not allowed from script script: 287e00b682354453caff5606342f9bcedad601c1, on @user_script:1.
> EVAL "redis.setresp(3) return {redis.call('hgetall','h'), redis.call('get','nokey')==nil}" 0
[[], 1]
> EVAL "return {redis.call('get','nokey')==false,redis.call('ping').ok}" 0
[1, "PONG"]
> EVAL "return redis.call('select','3')" 0
OK
> EVAL "while true do local x = {} x.y.z=1 end" 0
! ERR user_script:1: attempt to index field 'y' (a nil value) script: f430b553fadbdff34b02bb720f093fa276a7dd4e, on @user_script:1.
> EVAL "local function f() return f() + 1 end return f()" 0
! ERR user_script:1: stack overflow script: 6ab18391d60e7e7bcbf4a881fd9b0c865dade0c6, on @user_script:1.
> EVAL error() 0
! ERR nil script: aca90d914519fdb9825352bdc0befb59f7c8510f, on @user_script:1.
> EVAL error(nil) 0
! ERR nil script: c402aa49952c86c38f35fb311d54977d08f3bf01, on @user_script:1.
> EVAL error('a',0) 0
! ERR a script: 5fefe55b23c553d222299351ec78d380055976a0, on @user_script:1.
> EVAL error(5) 0
! ERR user_script:1: 5 script: 007feaf5de074afe3398416376e34525ad911752, on @user_script:1.
> EVAL error(true) 0
! ERR true script: 4fafe2149f68a1618a3eef40aeef55f5af6951da, on @user_script:1.
> EVAL redis.call('incr','a') 0
! WRONGTYPE Operation against a key holding the wrong kind of value script: a4e011c1f4c6483216ac7c6771ce27e1c9dedebe, on @user_script:1.
> EVAL "return redis.pcall('incr','a')" 0
! WRONGTYPE Operation against a key holding the wrong kind of value
> EVAL "return redis.pcall('nosuch')" 0
! ERR Unknown Redis command called from script
> EVAL "return pcall(redis.call)" 0
(nil)
> EVAL "return {pcall(function() return q end)}" 0
[(nil), "user_script:1: Script attempted to access nonexistent global variable 'q'"]
> EVAL "local a = redis.call('xinfo','nosuch')" 0
! ERR Unknown Redis command called from script script: 2c2691ef6106c4aa3d0b2ef8551ece57e56adfe0, on @user_script:1.
> EVAL "return redis.call('xinfo')" 0
! ERR Wrong number of args calling Redis command from script script: 038918107189d559dbea46265be78d84a244cd57, on @user_script:1.
> EVAL "return redis.call('config','get','maxmemory')" 0
! ERR This Redis command is not allowed from script script: ce45eb79367d493e5dbe55446ef14fbdf6f8cfae, on @user_script:1.
> EVAL "return redis.call('client','nosuch')" 0
! ERR Unknown Redis command called from script script: e0bcd03cb045b05b11121beec6b6e470fb0352f6, on @user_script:1.
> EVAL "return tostring(_VERSION)" 0
"Lua 5.1"
> EVAL "return redis.call('time')[1] == redis.call('TIME')[1]" 0
1
> EVAL "return {redis.call('get', 12345678901234567890)}" 0
[(nil)]
> EVAL "return redis.call('rpush','nn', 12345678901234567890, 1e100, 0.1, -0, 1/0, 100000000000000000, 123456789012345, 1e15, 1e16,1e17)" 0
10
> EVAL "return redis.call('lrange','nn', 0,-1)" 0
["1.2345678901234567e+19", "1e+100", "0.10000000000000001", "-0", "-inf", "1e+17", "123456789012345", "1000000000000000", "10000000000000000", "1e+17"]
> EVAL "return tostring(getfenv)" 0
! ERR user_script:1: Script attempted to access nonexistent global variable 'getfenv' script: b24d013eb990a40aaa9701c85db3b582f607451d, on @user_script:1.
> EVAL "return type(getmetatable(''))" 0
"table"
> EVAL "getmetatable('').x = 1" 0
! ERR user_script:1: Attempt to modify a readonly table script: 5939f0f56971426c0d4e566316c092f3a89a501c, on @user_script:1.
> EVAL "getmetatable('').__index = {}" 0
! ERR user_script:1: Attempt to modify a readonly table script: 600bbd8170b33df355d1857b51be5ad60f77ab7b, on @user_script:1.
> EVAL "return cjson.encode({1,2,{a=1.5}})" 0
"[1,2,{\"a\":1.5}]"
> EVAL "return cjson.decode('x')" 0
! ERR user_script:1: Expected value but found invalid token at character 1 script: 5f58dd5cefb3eb0313af3534f36be4b83e79ae80, on @user_script:1.
> EVAL "return {cjson.encode(cjson.decode('{\"a\":[],\"c\":123456789012}'))}" 0
["{\"a\":{},\"c\":123456789012}"]
> EVAL "return cjson.encode(cjson.decode('[1.5,1e100,\"\\\\u00e9\",null,true]'))" 0
"[1.5,1e+100,\"\xc3\xa9\",null,true]"
> EVAL "cjson.x = 1" 0
! ERR user_script:1: Attempt to modify a readonly table script: 4b2ca7db0bf72ed85cdead5baca2fcaf0f05131c, on @user_script:1.
> EVAL "return redis.call('PING')" 0
PONG
> EVAL "return {redis.call('echo','x'), 1}" 0
["x", 1]
> EVAL "redis.call('set','foo',1) redis.call('bad')" 0
! ERR Unknown Redis command called from script script: 29028efdddaf6b8d52f4c6e0934f57d1810460a4, on @user_script:1.
> EVAL "return redis.call('get','foo')" 0
"1"
> EVAL "return table.getn({1,2})" 0
2
> EVAL "local s = string.rep('x', 10) return s:upper()" 0
"XXXXXXXXXX"
> EVAL "local r={} for k,v in pairs(_G) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"ARGV KEYS _G _VERSION __redis__err__handler assert bit cjson cmsgpack collectgarbage coroutine error gcinfo getmetatable ipairs load loadstring math next pairs pcall rawequal rawget rawset redis select setmetatable string struct table tonumber tostring type unpack xpcall"
> EVAL "local r={} for k,v in pairs(redis) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"LOG_DEBUG LOG_NOTICE LOG_VERBOSE LOG_WARNING REDIS_VERSION REDIS_VERSION_NUM REPL_ALL REPL_AOF REPL_NONE REPL_REPLICA REPL_SLAVE acl_check_cmd breakpoint call debug error_reply log pcall replicate_commands set_repl setresp sha1hex status_reply"
> EVAL "local r={} for k,v in pairs(string) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"byte char dump find format gfind gmatch gsub len lower match rep reverse sub upper"
> EVAL "local r={} for k,v in pairs(math) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min mod modf pi pow rad random randomseed sin sinh sqrt tan tanh"
> EVAL "local r={} for k,v in pairs(bit) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex"
> EVAL "local r={} for k,v in pairs(struct) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"pack size unpack"
> EVAL "local r={} for k,v in pairs(table) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"concat foreach foreachi getn insert maxn remove setn sort"
> EVAL "local r={} for k,v in pairs(coroutine) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"create resume running status wrap yield"
> EVAL "local r={} for k,v in pairs(cjson) do r[#r+1]=k end table.sort(r) return table.concat(r,' ')" 0
"_NAME _VERSION decode decode_invalid_numbers decode_max_depth encode encode_invalid_numbers encode_keep_buffer encode_max_depth encode_number_precision encode_sparse_array new null"
> EVAL "return {bit.band(255,15),bit.bor(1,2),bit.bxor(3,1),bit.bnot(0),bit.lshift(1,31),bit.rshift(-1,28),bit.arshift(-16,2),bit.rol(1,33),bit.ror(1,1),bit.bswap(1),bit.tobit(4294967295),bit.tohex(255),bit.tohex(255,4),bit.tohex(255,-4),bit.tobit(1e10)}" 0
[15, 3, 2, -1, -2147483648, 15, -4, 2, -2147483648, 16777216, -1, "000000ff", "00ff", "00FF", 1410065408]
> EVAL "return {struct.pack('>I2',258), struct.pack('<i4',-2), struct.pack('bBhHlL',1,2,3,4,5,6), struct.pack('>d',1.5), struct.pack('f',1.5), struct.pack('s','ab'), struct.pack('c0','abc'), struct.pack('c2','abc'), struct.pack('!4bi',1,2), struct.size('>I2bd')}" 0
["\x01\x02", "\xfe\xff\xff\xff", "\x01\x02\x03\x00\x04\x00\x05\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00", "?\xf8\x00\x00\x00\x00\x00\x00", "\x00\x00\xc0?", "ab\x00", "abc", "ab", "\x01\x00\x00\x00\x02\x00\x00\x00", 11]
> EVAL "return {struct.unpack('>I2','\\1\\2')}" 0
[258, 3]
> EVAL "return {struct.unpack('<i4b',struct.pack('<i4b',-2,-1))}" 0
[-2, -1, 6]
> EVAL "return {struct.unpack('>I2c0',struct.pack('>I2c0',3,'abc'))}" 0
["abc", 6]
> EVAL "return {struct.unpack('s','ab\\0cd')}" 0
["ab", 4]
> EVAL "return {struct.unpack('b','')}" 0
! ERR user_script:1: bad argument #2 to 'unpack' (data string too short) script: d92338d699fa015fee2edb7c9c7b95ecb7d5740d, on @user_script:1.
> EVAL "return tostring(struct.unpack('d',struct.pack('d',1.25)))" 0
"1.25"
> EVAL "return {cmsgpack.pack(1,-1,200,70000,-200,1.5,'abc',{1,2},{a=1},true,false,nil)}" 0
["\x01\xff\xcc\xc8\xce\x00\x01\x11p\xd1\xff8\xca?\xc0\x00\x00\xa3abc\x92\x01\x02\x81\xa1a\x01\xc3\xc2\xc0"]
> EVAL "return {cmsgpack.pack(1.1,2^40,-2^40,string.rep('x',40),-33,-32,127,128,65536,4294967296)}" 0
["\xcb?\xf1\x99\x99\x99\x99\x99\x9a\xcf\x00\x00\x01\x00\x00\x00\x00\x00\xd3\xff\xff\xff\x00\x00\x00\x00\x00\xd9(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xd0\xdf\xe0\x7f\xcc\x80\xce\x00\x01\x00\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00"]
> EVAL "return {cmsgpack.unpack(cmsgpack.pack(1,-1,200,70000,-200,'abc',{1,2,{3}},2^40))}" 0
[1, -1, 200, 70000, -200, "abc", [1, 2, [3]], 1099511627776]
> EVAL "return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3))}" 0
[1, 1]
> EVAL "return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2)}" 0
[2, 1, 2]
> EVAL "return {cmsgpack.unpack('\\147\\1')}" 0
! ERR user_script:1: Missing bytes in input. script: 5647fdad20c5c6c8a818446cb47c4743b83dacf8, on @user_script:1.
> EVAL "return tostring(cmsgpack.unpack(cmsgpack.pack(1.1)))" 0
"1.1"
> EVAL "redis.call('set','k',1) redis.call('expire','k',100) return redis.call('ttl','k')" 0
100
> EVAL "redis.call('xadd','xs','1-1','a','b') return redis.call('xrange','xs','-','+')" 0
[["1-1", ["a", "b"]]]
> EVAL "redis.call('hset','hh','f','v') return redis.call('hgetall','hh')" 0
["f", "v"]
> EVAL "return redis.call('exists','nokey','k')" 0
1
> EVAL "return redis.call('set','k','v','get')" 0
"1"
> EVAL "return redis.call('publish','c','m')" 0
0
> EVAL "return redis.call('spublish','c','m')" 0
0
> EVAL "return {redis.call('set','k2','v','nx'), redis.call('set','k2','v','nx')}" 0
[OK, (nil)]
> EVAL "return redis.call('zadd','zz',1.5,'m')" 0
1
> EVAL "return redis.call('zscore','zz','m')" 0
"1.5"
> EVAL "return redis.call('watch','a')" 0
! ERR This Redis command is not allowed from script script: 0e26049e9924b5ad074b2234aed78534505f8d44, on @user_script:1.
> EVAL "return tostring(collectgarbage('count') > 0)" 0
"true"
> EVAL "local t = setmetatable({}, {__index=function(t,k) return k end}) return t.foo" 0
"foo"
> EVAL "setmetatable({}, 1)" 0
! ERR user_script:1: bad argument #2 to 'setmetatable' (nil or table expected) script: 776d36312459124e28579bc808b73b75f7c90f53, on @user_script:1.
> EVAL "local t = setmetatable({}, {__metatable=1}) setmetatable(t, {})" 0
! ERR user_script:1: cannot change a protected metatable script: 1521091cd258d42e595ad3e2f6b71627c13b95cf, on @user_script:1.
> EVAL "return string.format('%q %d %5.2f %s','a\\\nb',3,1.5,'x')" 0
"\"a\\\nb\" 3  1.50 x"
> EVAL "return {string.find('hello','l+')}" 0
[3, 4]
> EVAL "return #KEYS" 0
0
> EVAL "return next({})" 0
(nil)
> EVAL "return {unpack({1,2,3})}" 0
[1, 2, 3]
> EVAL "return select('#',1,2,3)" 0
3
> EVAL "return tostring(tonumber('0x10'))" 0
"16"
> EVAL "return os" 0
! ERR user_script:1: Script attempted to access nonexistent global variable 'os' script: f03b5ad6e7d58786b6a5e879efbea4a4408f5c2f, on @user_script:1.
> EVAL "return require" 0
! ERR user_script:1: Script attempted to access nonexistent global variable 'require' script: 68c9d8918a98cebaec1948aff703e96c57af9fdd, on @user_script:1.
> EVAL "redis.breakpoint() return 1" 0
1
> EVAL "return 1 + nil" 0
! ERR user_script:1: attempt to perform arithmetic on a nil value script: e8f647a6e338d050a115f7d097171925636246d4, on @user_script:1.
> EVAL "return #5" 0
! ERR user_script:1: attempt to get length of a number value script: ffe83ca6101f6ad505d8608927f3d3b8a836e154, on @user_script:1.
> EVAL "for i=1,3 do local a = i end return 'ok'" 0
"ok"
> EVAL "return redis.call('function','list')" 0
! ERR This Redis command is not allowed from script script: b11690a77ce8d92f96187f0ab83077ef3b3de586, on @user_script:1.
> EVAL "return redis.call('script','exists','a')" 0
! ERR This Redis command is not allowed from script script: fc6d8035b36d7c0b89ca538db38d0bad9998d9b9, on @user_script:1.
> EVAL "return redis.call('flushall')" 0
OK

