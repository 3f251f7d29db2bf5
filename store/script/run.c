/* run: one run of a script: its arguments, its limits, its end. */
#include "host.h"

#include "base/mem.h"
#include "base/must.h"

bool run_out_of_memory(const struct engine *e)
{
    return e->config.maxmemory > 0 && mem_used() > (uint64_t)e->config.maxmemory;
}

bool run_parse(struct cmd *c, const char *not_a_number, struct call *call)
{
    int64_t n = 0;
    if (!slice_i64(c->argv[2], &n)) {
        reply_error(c->reply, not_a_number);
        return false;
    }
    if (n > (int64_t)c->argc - 3) {
        reply_error(c->reply, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    if (n < 0) {
        reply_error(c->reply, "ERR Number of keys can't be negative");
        return false;
    }
    call->keys = c->argv + 3;
    call->key_count = (uint32_t)n;
    call->args = c->argv + 3 + n;
    call->arg_count = c->argc - 3 - (uint32_t)n;
    return true;
}

static void push_list(lua_State *lua, const struct slice *items, uint32_t n)
{
    lua_createtable(lua, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        lua_pushlstring(lua, items[i].p, items[i].len);
        lua_rawseti(lua, -2, (int)i + 1);
    }
}

/* KEYS and ARGV: arguments of a function, globals of a script. */
static int push_args(struct box *b, const struct call *call)
{
    lua_State *lua = b->lua;
    if (!b->functions) lua_rawgeti(lua, LUA_REGISTRYINDEX, b->globals);
    push_list(lua, call->keys, call->key_count);
    if (!b->functions) lua_setfield(lua, -2, "KEYS");
    push_list(lua, call->args, call->arg_count);
    if (b->functions) return 2;
    lua_setfield(lua, -2, "ARGV");
    lua_pop(lua, 1);
    return 0;
}

/* What flags forbid before the script begins; false when it has replied. */
static bool admit(struct cmd *c, const struct call *call)
{
    bool writes = (call->flags & FLAG_NO_WRITES) == 0;
    if ((call->flags & FLAG_COMPAT) != 0) return true;
    if (call->ro_command && writes) {
        reply_error(c->reply, "ERR Can not execute a script with write flag using *_ro command.");
        return false;
    }
    const struct log_sink *sink = c->engine->sink;
    const char *refused =
        writes && sink != NULL && sink->refuses != NULL ? sink->refuses(sink->data) : NULL;
    if (refused != NULL) {
        reply_error(c->reply, refused);
        return false;
    }
    if (writes && (call->flags & FLAG_ALLOW_OOM) == 0 && run_out_of_memory(c->engine)) {
        reply_error(c->reply, "OOM allow-oom flag is not set on the script, can not run it when "
                              "used memory > 'maxmemory'");
        return false;
    }
    return true;
}

static struct slice field_text(lua_State *lua, const char *name)
{
    size_t len = 0;
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    const char *p = lua_tolstring(lua, -1, &len);
    lua_pop(lua, 1); /* the table keeps it */
    return slice_make(p, p == NULL ? 0 : len);
}

static void reply_failure(struct cmd *c, lua_State *lua, struct slice name)
{
    struct buf line = {0};
    if (lua_istable(lua, -1)) {
        struct slice text = field_text(lua, "err");
        struct slice source = field_text(lua, "source");
        lua_pushliteral(lua, "line");
        lua_rawget(lua, -2);
        int at = (int)lua_tointeger(lua, -1);
        bool placed = !lua_isnil(lua, -1) && source.p != NULL;
        lua_pop(lua, 1);
        buf_add_slice(&line, text.p == NULL ? SLICE("ERR unknown error") : text);
        if (placed)
            buf_addf(&line, " script: %.*s, on %.*s:%d.", (int)name.len, name.p, (int)source.len,
                     source.p, at);
    } else {
        const char *text = lua_tostring(lua, -1);
        buf_addf(&line, "ERR Error running script %.*s, %.100s", (int)name.len, name.p,
                 text == NULL ? "execution failure" : text);
    }
    reply_error_slice(c->reply, buf_slice(&line));
    buf_fini(&line);
}

void run_call(struct cmd *c, struct box *b, const struct call *call)
{
    struct host *h = b->host;
    struct engine *e = c->engine;
    struct session *s = c->session;
    cmd_no_effect(c); /* the inner commands say theirs */
    must(h->run == NULL);
    if (!admit(c, call)) return;

    struct run run = {.c = c,
                      .box = b,
                      .name = call->name,
                      .readonly = call->ro_command || (call->flags & FLAG_NO_WRITES) != 0,
                      .resp = 2,
                      .dirty = e->dirty,
                      .started_us = e->clock.mono_us(e->clock.data)};
    uint32_t flags = s->flags;
    uint8_t db = s->db;
    s->flags |= SESSION_SCRIPT | SESSION_DENY_BLOCK;
    h->run = &run;

    lua_State *lua = b->lua;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, b->on_error);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, call->ref);
    int argc = push_args(b, call);
    b->limited = true;
    int failed = lua_pcall(lua, argc, 1, 1);
    b->limited = false;

    h->run = NULL;
    s->flags = (s->flags & ~(uint32_t)(SESSION_SCRIPT | SESSION_DENY_BLOCK)) |
               (flags & (SESSION_SCRIPT | SESSION_DENY_BLOCK));
    s->db = db; /* SELECT inside a script ends with it */
    h->head.busy = NULL;
    if (run.killed) (void)lua_sethook(lua, run_hook, LUA_MASKCOUNT, SCRIPT_HOOK_STEPS);
    if (failed != 0) {
        reply_failure(c, lua, call->name);
        lua_pop(lua, 1);
    } else {
        convert_to_reply(lua, c->reply, run.resp);
    }
    lua_pop(lua, 1);
    must(lua_gettop(lua) == 0);
}

/* ---- time ---- */

static int64_t limit_ms(const struct engine *e)
{
    /* Two names of one setting: whichever was moved away from the default. */
    return e->config.busy_reply_threshold != 5000 ? e->config.busy_reply_threshold
                                                  : e->config.lua_time_limit;
}

static bool wrote(const struct run *run)
{
    return run->c->engine->dirty != run->dirty;
}

/* Others run commands meanwhile; this one's view of time and of the session stays. */
static void yield(struct engine *e)
{
    struct session *current = e->current;
    int64_t now_us = e->now_us, now_ms = e->now_ms;
    uint32_t now_s = e->now_s;
    bool batch = e->batch;
    int64_t next_us = e->next_us;
    e->hooks->yield(e->hooks->data);
    e->current = current;
    e->now_us = now_us;
    e->now_ms = now_ms;
    e->now_s = now_s;
    e->batch = batch;
    e->next_us = next_us;
}

/* Every SCRIPT_HOOK_STEPS steps of the VM: past the limit other clients get a turn, to be told
 * BUSY or to kill the script. */
void run_hook(lua_State *lua, lua_Debug *ar)
{
    (void)ar;
    struct host *h = box_of(lua)->host;
    struct run *run = h->run;
    struct engine *e = h->engine;
    int64_t now_us = e->clock.mono_us(e->clock.data);
    if (run == NULL) {
        if (h->loading != NULL && now_us - h->load_started_us > SCRIPT_LOAD_MS_MAX * 1000)
            (void)api_raise(lua, "FUNCTION LOAD timeout");
        return;
    }
    if (!run->killed) {
        int64_t limit = limit_ms(e);
        if (limit <= 0 || now_us - run->started_us < limit * 1000) return;
        if (e->hooks == NULL || e->hooks->yield == NULL || e->loading) return;
        if (!run->over_time) {
            run->over_time = true;
            h->head.busy =
                run->box->functions
                    ? "BUSY Redis is busy running a script. You can only call FUNCTION KILL or "
                      "SHUTDOWN NOSAVE."
                    : "BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
                      "SHUTDOWN NOSAVE.";
        }
        yield(e);
        if (!run->killed) return;
    }
    /* At every line from now on, so that no pcall of the script can hold it up. */
    (void)lua_sethook(lua, run_hook, LUA_MASKLINE | LUA_MASKCOUNT, 1);
    (void)api_raise(lua, "Script killed by user with SCRIPT KILL...");
}

void run_kill(struct cmd *c, bool function)
{
    struct run *run = host_of(c)->run;
    if (run == NULL) {
        reply_error(c->reply, "NOTBUSY No scripts in execution right now.");
    } else if (run->box->functions != function) {
        reply_error(c->reply, host_of(c)->head.busy);
    } else if (wrote(run)) {
        reply_error(c->reply,
                    "UNKILLABLE Sorry the script already executed write commands against the "
                    "dataset. You can either wait the script termination or kill the server in a "
                    "hard way using the SHUTDOWN NOSAVE command.");
    } else {
        run->killed = true;
        reply_ok(c->reply);
    }
}
