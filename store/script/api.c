/* api: the redis table of scripts. */
#include "host.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/guard.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>

#define STORE_REDIS_VERSION     "7.0.15"
#define STORE_REDIS_VERSION_NUM 0x0007000f

/* ---- errors ---- */

/* Pushes {err = "CODE text", ignore_error_stats_update?}. "-CODE text" says its code; without
 * a space, or without the '-', the code is ERR. */
void api_push_error(lua_State *lua, struct slice text)
{
    bool coded = text.len > 0 && text.p[0] == '-';
    if (coded) text = slice_from(text, 1);
    coded = coded && slice_find(text, ' ') < text.len;
    while (text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
        text.len--;
    lua_createtable(lua, 0, 2);
    if (!coded) lua_pushliteral(lua, "ERR ");
    lua_pushlstring(lua, text.p, text.len);
    if (!coded) lua_concat(lua, 2);
    lua_setfield(lua, -2, "err");
}

int api_raise(lua_State *lua, const char *text)
{
    api_push_error(lua, slice_of(text));
    return lua_error(lua);
}

/* The handler of every protected call: makes any error a table and says where it arose. */
int api_error_handler(lua_State *lua)
{
    lua_Debug ar;
    bool known = lua_getstack(lua, 1, &ar) != 0 && lua_getinfo(lua, "Sl", &ar) != 0;
    if (known && strcmp(ar.what, "C") == 0)
        known = lua_getstack(lua, 2, &ar) != 0 && lua_getinfo(lua, "Sl", &ar) != 0;
    lua_settop(lua, 1);
    if (!lua_istable(lua, 1)) {
        size_t len = 0;
        const char *text = lua_tolstring(lua, 1, &len);
        if (text == NULL && lua_isboolean(lua, 1)) text = lua_toboolean(lua, 1) ? "true" : "false";
        if (text == NULL) text = luaL_typename(lua, 1);
        lua_newtable(lua);
        lua_pushfstring(lua, "ERR %s", text);
        lua_setfield(lua, 2, "err");
    }
    if (known) {
        lua_pushstring(lua, ar.source);
        lua_setfield(lua, -2, "source");
        lua_pushinteger(lua, ar.currentline);
        lua_setfield(lua, -2, "line");
    }
    return 1;
}

/* ---- redis.call and redis.pcall ---- */

static void call_room(struct host *h, uint32_t argc)
{
    if (argc <= h->argv_cap) return;
    h->argv_cap = argc < 16 ? 16 : argc * 2;
    h->argv = mem_realloc(h->argv, h->argv_cap * sizeof *h->argv);
    h->numbers = mem_realloc(h->numbers, h->argv_cap * sizeof *h->numbers);
}

static struct slice number_text(double d, char out[static 40])
{
    int64_t whole = d > -1e15 && d < 1e15 ? (int64_t)d : 0;
    if ((double)whole == d && (whole != 0 || !signbit(d)))
        return slice_make(out, fmt_i64(out, whole));
    return slice_make(out, (size_t)snprintf(out, 40, "%.17g", d));
}

/* Reads the arguments into h->argv; false when one is neither string nor number. */
static bool read_args(lua_State *lua, struct host *h, uint32_t argc)
{
    call_room(h, argc);
    for (uint32_t i = 0; i < argc; i++) {
        int type = lua_type(lua, (int)i + 1);
        if (type == LUA_TSTRING) {
            size_t len = 0;
            const char *p = lua_tolstring(lua, (int)i + 1, &len);
            h->argv[i] = slice_make(p, len);
        } else if (type == LUA_TNUMBER) {
            h->argv[i] = number_text(lua_tonumber(lua, (int)i + 1), h->numbers[i]);
        } else {
            return false;
        }
    }
    return true;
}

static const char *verdict_text(enum exec_verdict verdict, const struct buf *reply)
{
    switch (verdict) {
    case EXEC_UNKNOWN:
        return "Unknown Redis command called from script";
    case EXEC_ARITY:
        return "Wrong number of args calling Redis command from script";
    case EXEC_NOSCRIPT:
        return "This Redis command is not allowed from script";
    case EXEC_READONLY:
        return "Write commands are not allowed from read-only scripts.";
    case EXEC_OOM:
        return "-OOM command not allowed when used memory > 'maxmemory'.";
    case EXEC_REFUSED:
    case EXEC_RAN:
        break;
    }
    return reply->len > 0 && reply->p[0] == '-' ? NULL : "no reply";
}

/* Runs the command in h->argv; leaves its reply on the stack and is false when that is an
 * error. */
static bool run_inner(lua_State *lua, struct host *h, uint32_t argc)
{
    struct run *run = h->run;
    struct engine *e = h->engine;
    struct arena outer = e->arena; /* a loop of calls must not pile up what each needs */
    struct reply into = {.out = &h->reply, .resp = run->resp, .max = SCRIPT_LUA_BYTES_MAX};
    buf_clear(&h->reply);
    e->arena = h->arena;
    enum exec_verdict verdict = exec_call(run->c, h->argv, argc, run->readonly, &into);
    h->arena = e->arena;
    e->arena = outer;
    if (h->arena.block != NULL) arena_reset(&h->arena);
    if (reply_is_full(&into)) {
        buf_fini(&h->reply);
        api_push_error(lua, SLICE("-ERR the reply is too large for a script"));
        return false;
    }

    if (verdict == EXEC_RAN && h->reply.len > 0 && h->reply.p[0] != '-') {
        (void)convert_to_lua(lua, h->reply.p);
        return true;
    }
    const char *text = verdict_text(verdict, &h->reply);
    if (text != NULL)
        api_push_error(lua, slice_of(text));
    else
        (void)convert_to_lua(lua, h->reply.p);
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "ignore_error_stats_update");
    return false;
}

static int generic_call(lua_State *lua, bool raise)
{
    struct host *h = box_of(lua)->host;
    uint32_t argc = (uint32_t)lua_gettop(lua);
    const char *wrong = NULL;
    if (argc == 0)
        wrong = "Please specify at least one argument for this redis lib call";
    else if (h->run == NULL)
        wrong = "redis.call cannot be used while a library is loaded";
    else if (!read_args(lua, h, argc))
        wrong = "Lua redis lib command arguments must be strings or integers";
    bool ok = false;
    if (wrong != NULL)
        api_push_error(lua, slice_of(wrong));
    else
        ok = run_inner(lua, h, argc);
    if (!ok && raise) return lua_error(lua);
    return 1;
}

static int on_call(lua_State *lua)
{
    return generic_call(lua, true);
}

static int on_pcall(lua_State *lua)
{
    return generic_call(lua, false);
}

/* ---- the rest of the table ---- */

static int one_text(lua_State *lua, bool *ok)
{
    *ok = lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING;
    if (!*ok) api_push_error(lua, SLICE("wrong number or type of arguments"));
    return 1;
}

static int on_error_reply(lua_State *lua)
{
    bool ok = false;
    if (one_text(lua, &ok), !ok) return 1;
    size_t len = 0;
    const char *text = lua_tolstring(lua, 1, &len);
    if (len == 0 || text[0] != '-') {
        lua_pushliteral(lua, "-");
        lua_insert(lua, 1);
        lua_concat(lua, 2);
        text = lua_tolstring(lua, 1, &len);
    }
    api_push_error(lua, slice_make(text, len));
    return 1;
}

static int on_status_reply(lua_State *lua)
{
    bool ok = false;
    if (one_text(lua, &ok), !ok) return 1;
    lua_createtable(lua, 0, 1);
    lua_insert(lua, 1);
    lua_setfield(lua, 1, "ok");
    return 1;
}

static int on_sha1hex(lua_State *lua)
{
    if (lua_gettop(lua) != 1) return api_raise(lua, "wrong number of arguments");
    size_t len = 0;
    const char *text = lua_tolstring(lua, 1, &len);
    unsigned char digest[20];
    char hex[41];
    must(EVP_Digest(text == NULL ? "" : text, len, digest, NULL, EVP_sha1(), NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    lua_pushlstring(lua, hex, 40);
    return 1;
}

/* redis.log(level, text ...): libraries of the store do not log, so it goes to stderr, marked. */
static int on_log(lua_State *lua)
{
    int argc = lua_gettop(lua);
    if (argc < 2) return api_raise(lua, "redis.log() requires two arguments or more.");
    if (!lua_isnumber(lua, 1))
        return api_raise(lua, "First argument must be a number (log level).");
    int level = (int)lua_tonumber(lua, 1);
    if (level < 0 || level > 3) return api_raise(lua, "Invalid debug level.");
    if (level < 2) return 0; /* as a server at its default level */
    struct buf line = {0};
    for (int i = 2; i <= argc; i++) {
        size_t len = 0;
        const char *text = lua_tolstring(lua, i, &len);
        if (text == NULL) continue;
        if (line.len > 0) buf_add_char(&line, ' ');
        buf_add(&line, text, len);
    }
    (void)fprintf(stderr, "script: %.*s\n", (int)(line.len < 1024 ? line.len : 1024),
                  line.p == NULL ? "" : line.p);
    buf_fini(&line);
    return 0;
}

static int on_setresp(lua_State *lua)
{
    struct host *h = box_of(lua)->host;
    if (lua_gettop(lua) != 1) return api_raise(lua, "redis.setresp() requires one argument.");
    int version = (int)lua_tonumber(lua, 1);
    if (version != 2 && version != 3) return api_raise(lua, "RESP version must be 2 or 3.");
    if (h->run != NULL) h->run->resp = (uint8_t)version;
    return 0;
}

/* Effects are what is logged, always: choosing otherwise is checked and has no effect. */
static int on_set_repl(lua_State *lua)
{
    if (lua_gettop(lua) != 1) return api_raise(lua, "redis.set_repl() requires two arguments.");
    int flags = (int)lua_tonumber(lua, 1);
    if ((flags & ~3) != 0)
        return api_raise(lua, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                              "REPL_NONE.");
    return 0;
}

static int on_replicate_commands(lua_State *lua)
{
    lua_pushboolean(lua, 1);
    return 1;
}

static int on_breakpoint(lua_State *lua)
{
    lua_pushboolean(lua, 0);
    return 1;
}

static int on_debug(lua_State *lua)
{
    (void)lua;
    return 0;
}

/* redis.acl_check_cmd(command ...): whether the caller's user may run it. */
static int on_acl_check_cmd(lua_State *lua)
{
    struct host *h = box_of(lua)->host;
    uint32_t argc = (uint32_t)lua_gettop(lua);
    if (argc == 0)
        return api_raise(lua, "Please specify at least one argument for this redis lib call");
    if (!read_args(lua, h, argc))
        return api_raise(lua, "Lua redis lib command arguments must be strings or integers");
    const struct cmd_spec *spec = cmd_find(h->argv[0]);
    if (spec != NULL && argc >= 2 && cmd_is_container(spec)) {
        const struct cmd_spec *sub = cmd_find_sub(spec, h->argv[1]);
        if (sub != NULL || spec->run == NULL) spec = sub;
    }
    if (spec == NULL) return api_raise(lua, "Invalid command passed to redis.acl_check_cmd()");
    uint32_t at = 0;
    const struct acl_user *u = h->run == NULL ? NULL : h->run->c->session->user;
    bool may =
        u == NULL || u->all || guard_check(h->engine, u, spec, h->argv, argc, &at) == ACL_ALLOWED;
    lua_pushboolean(lua, may);
    return 1;
}

static void set_functions(lua_State *lua, const struct luaL_Reg *all)
{
    for (; all->name != NULL; all++) {
        lua_pushcfunction(lua, all->func);
        lua_setfield(lua, -2, all->name);
    }
}

static void set_constants(lua_State *lua)
{
    static const struct {
        const char *name;
        int value;
    } all[] = {{"LOG_DEBUG", 0},  {"LOG_VERBOSE", 1},
               {"LOG_NOTICE", 2}, {"LOG_WARNING", 3},
               {"REPL_NONE", 0},  {"REPL_AOF", 1},
               {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2},
               {"REPL_ALL", 3},   {"REDIS_VERSION_NUM", STORE_REDIS_VERSION_NUM}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        lua_pushinteger(lua, all[i].value);
        lua_setfield(lua, -2, all[i].name);
    }
    lua_pushliteral(lua, STORE_REDIS_VERSION);
    lua_setfield(lua, -2, "REDIS_VERSION");
}

void api_push(struct box *b)
{
    static const struct luaL_Reg all[] = {{"call", on_call},
                                          {"pcall", on_pcall},
                                          {"error_reply", on_error_reply},
                                          {"status_reply", on_status_reply},
                                          {"sha1hex", on_sha1hex},
                                          {"log", on_log},
                                          {"setresp", on_setresp},
                                          {"set_repl", on_set_repl},
                                          {"acl_check_cmd", on_acl_check_cmd},
                                          {NULL, NULL}};
    static const struct luaL_Reg eval_only[] = {{"replicate_commands", on_replicate_commands},
                                                {"breakpoint", on_breakpoint},
                                                {"debug", on_debug},
                                                {NULL, NULL}};
    lua_newtable(b->lua);
    set_functions(b->lua, all);
    if (!b->functions) set_functions(b->lua, eval_only);
    set_constants(b->lua);
}

void api_push_loading(struct box *b)
{
    static const struct luaL_Reg all[] = {
        {"register_function", function_register}, {"log", on_log}, {NULL, NULL}};
    lua_newtable(b->lua);
    set_functions(b->lua, all);
    set_constants(b->lua);
}
