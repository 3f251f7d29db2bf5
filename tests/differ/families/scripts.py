"""scripts: EVAL, EVALSHA, FUNCTION and FCALL: conversions both ways, errors, sandbox, libraries."""
import hashlib

from same import bag

COMMON = False
BODIES = [
    "return 1", "return 1.9", "return 'x'", "return nil", "return true", "return false", "return {1,2,nil,4}",
    "return {1,{2,{3,{}}}}", "return {ok='fine'}", "return {err='My own'}", "return {err='ERRX two words'}",
    "return {double=1.5}", "return {map={a=1}}", "return {set={a=true}}", "return {big_number='123456789012345678901234567890'}",
    "return {verbatim_string={format='txt',string='hello'}}", "return {}", "return -0.5", "return 1/0", "return 2^53",
    "return KEYS", "return ARGV", "return {KEYS[1],ARGV[1],#KEYS,#ARGV}", "return redis.call('GET',KEYS[1])",
    "return redis.call('SET',KEYS[1],ARGV[1] or 'v')", "return redis.pcall('INCR',KEYS[1])", "return redis.call('INCR',KEYS[1])",
    "return redis.call('LPUSH',KEYS[1],'a')", "return redis.call('LRANGE',KEYS[1],0,-1)", "return redis.call('NOSUCH')",
    "return redis.pcall('NOSUCH').err", "return redis.call('GET')", "return redis.call()", "return redis.pcall('GET',{})",
    "return redis.error_reply('x y')", "return redis.error_reply('-OOPS y')", "return redis.status_reply('fine')", "return redis.error_reply()", "return redis.sha1hex('abc')",
    "return redis.sha1hex()", "redis.setresp(3); return redis.call('HGETALL',KEYS[1])", "redis.setresp(4)", "redis.setresp(3); return redis.call('ZSCORE',KEYS[1],'a')",
    "redis.setresp(3); return {double=3.25}", "redis.setresp(2); return redis.call('HGETALL',KEYS[1])", "return redis.call('HSET',KEYS[1],'a','1')",
    "return redis.call('ZADD',KEYS[1],'1.5','a')", "return redis.call('ZSCORE',KEYS[1],'a')", "local t=redis.call('TYPE',KEYS[1]); return t.ok", "return type(redis.call('GET','none'))",
    "return cjson.encode({1,2,3})", "return cjson.encode({a=1.5})", "return cjson.decode('[1,2,{\"a\":null}]')[2]", "return cjson.decode('nope')", "return tostring(cjson.null)",
    "return cmsgpack.unpack(cmsgpack.pack({1,2,'x'}))", "return struct.pack('>I2s',258,'x')", "return {struct.unpack('>I2','\\1\\2')}", "return bit.band(255,15)", "return bit.tohex(-1)",
    "return bit.bxor(5,3)", "error('boom')", "error({err='MY err'})", "x = 5", "return x", "return undefined_global", "local function f() return f() end return 1", "return 1 +", "syntax error here",
    "return tostring(nil)", "return tonumber('0x10')", "return string.rep('a',10)", "return table.concat({1,2,3},',')", "return math.floor(3.7)", "return pcall(function() error('x') end)",
    "return os.clock and 1 or 0", "return os.time", "return io", "return require", "return loadstring('return 7')()", "return load", "return dofile", "return tostring(_G.redis ~= nil)",
    "redis.call = nil", "redis.x = 1", "string.x = 1", "_G.y = 1", "setmetatable(_G,nil)",
    "return #redis.call('KEYS','*') >= 0", "return redis.call('SELECT','1')", "redis.call('SELECT','1'); return redis.call('SET','x','y')", "return redis.call('EVAL','return 1','0')",
    "return redis.call('MULTI')", "return redis.call('SUBSCRIBE','x')", "return redis.call('BLPOP',KEYS[1],0)", "return redis.call('PING')", "return redis.call('DBSIZE') >= 0",
    "return redis.call('ECHO','x')", "return {1,'a',true,false,{ok='z'}}", "return redis.REDIS_VERSION", "return redis.REDIS_VERSION_NUM", "return redis.LOG_WARNING", "redis.log(redis.LOG_DEBUG,'x')",
    "redis.log()", "redis.log(9,'x')", "return redis.breakpoint()", "return redis.replicate_commands()", "return redis.set_repl(redis.REPL_ALL)", "redis.set_repl(99)", "return redis.acl_check_cmd('get','x')", "return redis.acl_check_cmd('nosuch')",
    "#!lua\nreturn redis.call('GET',KEYS[1])", "#!lua flags=no-writes\nreturn redis.call('SET',KEYS[1],'x')", "#!lua flags=no-writes\nreturn redis.call('GET',KEYS[1])", "#!lua flags=bad\nreturn 1", "#!python\nreturn 1", "#!lua name=x\nreturn 1",
    "local r = redis.pcall('LPUSH',KEYS[1]) return r", "local e = redis.pcall('GET') return e['err']", "return redis.pcall('HGET',KEYS[1],'a')", "return {err=5}", "return {ok=5}", "return function() end", "return redis",
    "local a = {} a[1]=1 a[2]=2 a[4]=4 return a", "return string.format('%5.2f|%s|%d', 3.14159, 'x', 7)", "return string.format('%q','a\\nb')", "return {redis.call('SET','a','1'), redis.call('GET','a')}", "return unpack({1,2,3})", "return select('#',1,2,3)",
    "return tostring(1e15)", "return tostring(1e100)", "return 1e100", "return -1e100", "return 0/0", "return '\\0\\255'", "return redis.call('SET',KEYS[1],1.5)", "return redis.call('GET',KEYS[1]) .. 'x'", "return redis.call('INCRBY',KEYS[1],3.0)", "return string.gsub('hello','l','L')",
    "return cjson.encode(cjson.decode('{\"a\":[1,2,{\"b\":[]}]}'))", "return cjson.encode(1e20)", "return cjson.encode('\\0/\"')", "return cjson.encode({[1]=1,[1000]=2})", "return bit.lshift(1,33)", "return struct.size('i4')"]
LIBS = [
    "#!lua name=lib1\nredis.register_function('f1', function(keys,args) return {keys,args} end)",
    "#!lua name=lib1\nredis.register_function('f1', function(keys,args) return redis.call('INCR',keys[1]) end)\nredis.register_function('f2', function() return 'two' end)",
    "#!lua name=lib2\nredis.register_function{function_name='ro', callback=function(keys,args) return redis.call('GET',keys[1]) end, flags={'no-writes'}, description='reads'}",
    "#!lua name=lib2\nredis.register_function{function_name='bad', callback=function(keys) return redis.call('SET',keys[1],'x') end, flags={'no-writes'}}",
    "#!lua name=lib3\nredis.register_function('f1', function() return 3 end)", "#!lua name=lib3\nreturn 1", "#!lua\nreturn 1", "no shebang", "#!lua name=a-b\nredis.register_function('x',function() end)",
    "#!lua name=lib3\nredis.register_function('e', function() error('boom') end)", "#!lua name=lib3\nredis.call('GET','x')", "#!lua name=lib3\nredis.register_function('a b', function() end)", "#!lua name=lib3\nredis.register_function('x')",
    "#!lua name=lib3\nredis.register_function{function_name='x', callback=function() end, flags={'nope'}}", "#!lua name=lib3\nredis.register_function{callback=function() end}", "#!lua name=lib3\nsyntax error", "#!lua name=lib4\nlocal n=0\nredis.register_function('count', function() n=n+1 return n end)",
    "#!lua name=lib4 engine=x\nredis.register_function('x',function() end)", "#!ruby name=lib4\nx", "#!lua name=lib5\nredis.register_function('err', function(k) return redis.call('NOSUCH') end)\nredis.register_function('perr', function(k) return redis.pcall('LPUSH',k[1]) end)",
    "#!lua name=lib5\nlocal x = redis.setresp\nredis.register_function('r3', function(k) redis.setresp(3) return redis.call('HGETALL',k[1]) end)", "#!lua name=lib6\nx = 5", "#!lua name=lib6\nredis.register_function('f6', function() y = 5 end)"]
SHAS = [hashlib.sha1(b.encode("latin-1")).hexdigest() for b in BODIES] + ["f" * 40, "short", ""]
POOLS = {"k": ["k1", "k2", "k3"], "o": BODIES, "h": SHAS, "l": LIBS, "a": ["x", "1", "", "\x00\xff"], "f": ["f1", "f2", "ro", "bad", "e", "count", "err", "perr", "r3", "f6", "none"],
         "b": ["lib1", "lib2", "lib3", "lib4", "lib5", "none"], "p": ["*", "lib*", "lib1", "x"], "z": ["1", "0", "-1", "2", "x", "5"]}
FORMS = """
12: EVAL o 1 k a*
3: EVAL o 0
EVAL o z k
3: EVAL_RO o 1 k
EVALSHA h 1 k
EVALSHA_RO h 1 k
2: SCRIPT LOAD o
SCRIPT EXISTS h h
SCRIPT FLUSH ?ASYNC|SYNC|x
SCRIPT KILL
SCRIPT NOPE
SCRIPT HELP
5: FUNCTION LOAD ?REPLACE l
FUNCTION LIST [ LIBRARYNAME p ] ?WITHCODE
FUNCTION DELETE b
FUNCTION FLUSH ?ASYNC|SYNC|x
FUNCTION KILL
FUNCTION HELP
FUNCTION NOPE
5: FCALL f 1 k a
FCALL f 0
FCALL f z k
2: FCALL_RO f 1 k
SET k m
LPUSH k a
HSET k a 1
ZADD k 1.5 a
DEL k
"""


def _libraries(_words, a, b):
    """Libraries come in any order, and so do the functions of one and the flags of those."""
    def order(item):
        return sorted((order(i) for i in item[1]), key=repr) if isinstance(item[1], list) else item
    return order(a) == order(b)


RULES = {"FUNCTION LIST": _libraries, "EVAL": bag, "EVAL_RO": bag, "EVALSHA": bag,
         "EVALSHA_RO": bag, "FCALL": bag, "FCALL_RO": bag}  # HGETALL inside has no order
