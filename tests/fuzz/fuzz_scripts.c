/* fuzz_scripts: any text as a script and as a library of functions.
 *
 * Goal: no script breaks the process, leaves anything behind that another script can see, or writes
 * a reply that is none. Method: the bytes choose fragments of Lua that touch what the sandbox offers
 * and forbids, with raw bytes between them; the result runs read-only, so that a killer can always
 * end it, and afterwards a canary must see the very same world. */
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/script/script.h"
#include "tests/fuzz/resp_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fragments[] = {" ",
                                        "\n",
                                        ";",
                                        ",",
                                        ".",
                                        "=",
                                        "(",
                                        ")",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "'",
                                        "..",
                                        "#",
                                        "1",
                                        "0",
                                        "-1",
                                        "2^53",
                                        "1/0",
                                        "0/0",
                                        "nil",
                                        "true",
                                        "false",
                                        "''",
                                        "'a'",
                                        "'\\0\\255'",
                                        "t",
                                        "f",
                                        "x",
                                        "KEYS",
                                        "ARGV",
                                        "KEYS[1]",
                                        "ARGV[1]",
                                        "_G",
                                        "local t = {} ",
                                        "local x = ",
                                        "local f = ",
                                        "t[1] = t ",
                                        "t.x = ",
                                        "return ",
                                        "end ",
                                        "function() ",
                                        "function f(...) return ... end ",
                                        "if x then ",
                                        "else ",
                                        "for i = 1, 50 do ",
                                        "for k, v in pairs(",
                                        ") do ",
                                        "while true do ",
                                        "repeat ",
                                        "until x ",
                                        "do ",
                                        "pcall(",
                                        "error(",
                                        "error({err='E x'}) ",
                                        "setmetatable(",
                                        "getmetatable(",
                                        "getmetatable('').__index",
                                        "rawset(",
                                        "rawget(",
                                        "rawequal(",
                                        "next(",
                                        "select('#', ",
                                        "type(",
                                        "tostring(",
                                        "tonumber(",
                                        "unpack(",
                                        "assert(",
                                        "loadstring(",
                                        "load(",
                                        "collectgarbage(",
                                        "coroutine",
                                        "debug",
                                        "os.clock()",
                                        "io",
                                        "require",
                                        "dofile",
                                        "setfenv(1, ",
                                        "getfenv(",
                                        "newproxy(",
                                        "string",
                                        "string.rep('ab', 100)",
                                        "string.format('%s %d %5.2f %q', x, 1, 2, 'a')",
                                        "string.dump(f)",
                                        "string.sub(x, 1, -1)",
                                        "string.byte(x, 1, 10)",
                                        "string.gsub('hello', 'l', ",
                                        "string.find('a', 'b')",
                                        "table.concat(t, ',')",
                                        "table.insert(t, ",
                                        "table.sort(t, ",
                                        "table.remove(t)",
                                        "math.random(10)",
                                        "math.floor(",
                                        "math.huge",
                                        "cjson.encode(",
                                        "cjson.decode(",
                                        "cjson.decode('[1,{\"a\":null}]')",
                                        "cjson.decode(string.rep('[', 900))",
                                        "cmsgpack.pack(",
                                        "cmsgpack.unpack(",
                                        "cmsgpack.unpack(cmsgpack.pack(t))",
                                        "struct.pack('>I2hlsdf', 1, 2, 3, 'x', 4, 5)",
                                        "struct.unpack(",
                                        "struct.pack(",
                                        "struct.size(",
                                        "bit.band(",
                                        "bit.lshift(",
                                        "bit.tohex(",
                                        "redis.call(",
                                        "redis.pcall(",
                                        "'GET', 'k')",
                                        "'HGETALL', 'h')",
                                        "'ZRANGE', 'z', 0, -1, 'WITHSCORES')",
                                        "'XRANGE', 'x', '-', '+')",
                                        "'LRANGE', 'l', 0, -1)",
                                        "'SET', 'k', 1)",
                                        "'NOSUCH')",
                                        "'EVAL', 'return 1', 0)",
                                        "'SMEMBERS', 's')",
                                        "redis.setresp(3) ",
                                        "redis.setresp(2) ",
                                        "redis.error_reply(",
                                        "redis.status_reply(",
                                        "redis.sha1hex(",
                                        "redis.log(redis.LOG_DEBUG, ",
                                        "redis.acl_check_cmd(",
                                        "redis.register_function('f', function(k, a) return ",
                                        "redis.register_function(",
                                        "{function_name='g', callback=f, flags={'no-writes'}}",
                                        "{ok='x'}",
                                        "{err='X y'}",
                                        "{double=1.5}",
                                        "{map={a=1}}",
                                        "{set={a=true}}",
                                        "{big_number='12'}",
                                        "{verbatim_string={format='txt',string='x'}}"};
enum { FRAGMENTS = sizeof fragments / sizeof fragments[0] };

static int64_t now_us;

/* Each look takes a millisecond: a script is over its time after a few of its hooks. */
static int64_t fuzz_clock(void *data)
{
    (void)data;
    return now_us += 1000;
}

static struct engine *engine;
static struct session caller, killer;
static const struct session_io silent = {.produced = NULL};

static void run(struct session *s, const char *const *words, struct slice last, uint32_t count)
{
    struct slice argv[8];
    for (uint32_t i = 0; i < count; i++)
        argv[i] = words[i] == NULL ? last : slice_of(words[i]);
    buf_clear(&s->out);
    exec_command(engine, s, argv, count);
    must(resp_is_whole(buf_slice(&s->out)));
}

#define run_words(s, last, ...)                                                                    \
    run((s), (const char *const[]){__VA_ARGS__}, (last),                                           \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void kill_it(void *data)
{
    (void)data;
    run_words(&killer, (struct slice){0}, "SCRIPT", "KILL");
    run_words(&killer, (struct slice){0}, "FUNCTION", "KILL");
}

static const struct engine_hooks hooks = {.yield = kill_it};

static const char canary[] =
    "local n, names = 0, {} for k in pairs(_G) do names[#names + 1] = tostring(k) end "
    "for _, l in ipairs({'string', 'table', 'math', 'cjson', 'redis', 'bit', 'struct', "
    "'cmsgpack'}) do "
    "for k, v in pairs(_G[l]) do names[#names + 1] = l .. k .. type(v) end end "
    "table.sort(names) return {#names, redis.sha1hex(table.concat(names)), ('x'):rep(2), "
    "type(getmetatable('')), tostring(rawget(_G, 'x')), #KEYS, #ARGV}";

static void start(void)
{
    engine = engine_new();
    engine->clock = (struct engine_clock){fuzz_clock, fuzz_clock, NULL};
    engine->hooks = &hooks;
    engine->config.lua_time_limit = 1;
    exec_attach(engine);
    script_open(engine);
    session_init(&caller, engine, &silent);
    session_init(&killer, engine, &silent);
    run_words(&caller, (struct slice){0}, "HSET", "h", "a", "1", "b", "");
    run_words(&caller, (struct slice){0}, "ZADD", "z", "1.5", "a", "inf", "b");
    run_words(&caller, (struct slice){0}, "RPUSH", "l", "a", "1", "");
    run_words(&caller, (struct slice){0}, "SADD", "s", "a", "1");
    run_words(&caller, (struct slice){0}, "XADD", "x", "1-1", "f", "v");
}

static void stop(void)
{
    session_fini(&caller);
    session_fini(&killer);
    script_close(engine);
    exec_detach(engine);
    engine_free(engine);
}

/* A byte below FRAGMENTS is that fragment; 255 and the byte behind it are that byte itself. */
static void write_script(struct buf *to, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] < FRAGMENTS)
            buf_add_cstr(to, fragments[data[i]]);
        else if (i + 1 < size)
            buf_add_char(to, (char)data[++i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = {0}, library = {0}, world = {0};
    write_script(&text, data, size);
    buf_add_cstr(&library, "#!lua name=lib\n");
    buf_add_slice(&library, buf_slice(&text));
    start();
    run_words(&caller, slice_of(canary), "EVAL_RO", NULL, "0");
    buf_add_slice(&world, buf_slice(&caller.out));
    must(slice_starts(buf_slice(&world), SLICE("*7")));
    for (int resp = 2; resp <= 3; resp++) {
        caller.resp = (uint8_t)resp;
        run_words(&caller, buf_slice(&text), "EVAL_RO", NULL, "1", "k", "a");
        run_words(&caller, buf_slice(&library), "FUNCTION", "LOAD", "REPLACE", NULL);
        run_words(&caller, (struct slice){0}, "FCALL_RO", "f", "1", "k", "a");
        run_words(&caller, (struct slice){0}, "FCALL_RO", "g", "0");
    }
    caller.resp = 2;
    run_words(&caller, slice_of(canary), "EVAL_RO", NULL, "0");
    must(slice_eq(buf_slice(&world), buf_slice(&caller.out)));
    stop();
    buf_fini(&text);
    buf_fini(&library);
    buf_fini(&world);
    return 0;
}
