#include "host.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/script/script.h"

#include <math.h>

/* ---- Lua states ---- */

struct box *box_of(lua_State *lua)
{
    void *data = NULL;
    (void)lua_getallocf(lua, &data);
    return data;
}

static void *allocate(void *data, void *p, size_t old, size_t size)
{
    struct box *b = data;
    if (b->limited && size > old && b->bytes + (size - old) > SCRIPT_LUA_BYTES_MAX) return NULL;
    b->bytes += size - old;
    return pool_resize(&b->pool, p, old, size);
}

void box_open(struct box *b)
{
    if (b->lua != NULL) return;
    b->bytes = 0;
    b->random[0] = 0x330E;
    b->random[1] = 0xABCD; /* where Redis begins */
    b->random[2] = 0x1234;
    b->lua = lua_newstate(allocate, b);
    must(b->lua != NULL);
    sandbox_fill(b);
    (void)lua_sethook(b->lua, run_hook, LUA_MASKCOUNT, SCRIPT_HOOK_STEPS);
}

void box_close(struct box *b)
{
    if (b->lua != NULL) lua_close(b->lua);
    pool_fini(&b->pool);
    b->lua = NULL;
}

/* ---- commands ---- */

static void on_eval(struct cmd *c)
{
    eval_run(c, false, false);
}

static void on_eval_ro(struct cmd *c)
{
    eval_run(c, false, true);
}

static void on_evalsha(struct cmd *c)
{
    eval_run(c, true, false);
}

static void on_evalsha_ro(struct cmd *c)
{
    eval_run(c, true, true);
}

static void on_fcall(struct cmd *c)
{
    function_run(c, false);
}

static void on_fcall_ro(struct cmd *c)
{
    function_run(c, true);
}

static void on_kill(struct cmd *c)
{
    run_kill(c, false);
}

static void on_function_kill(struct cmd *c)
{
    run_kill(c, true);
}

/* SCRIPT DEBUG YES|SYNC|NO: there is no debugger to attach, so only NO changes nothing. */
static void on_debug(struct cmd *c)
{
    if (slice_word(c->argv[2], "NO"))
        reply_ok(c->reply);
    else if (slice_word(c->argv[2], "YES") || slice_word(c->argv[2], "SYNC"))
        reply_error(c->reply, "ERR this store has no script debugger");
    else
        reply_error(c->reply, "ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

static void (*const handlers[SCRIPT_OPS])(struct cmd *c) = {
    [SCRIPT_EVAL] = on_eval,
    [SCRIPT_EVAL_RO] = on_eval_ro,
    [SCRIPT_EVALSHA] = on_evalsha,
    [SCRIPT_EVALSHA_RO] = on_evalsha_ro,
    [SCRIPT_FCALL] = on_fcall,
    [SCRIPT_FCALL_RO] = on_fcall_ro,
    [SCRIPT_LOAD] = eval_load,
    [SCRIPT_EXISTS] = eval_exists,
    [SCRIPT_FLUSH] = eval_flush,
    [SCRIPT_KILL] = on_kill,
    [SCRIPT_DEBUG] = on_debug,
    [SCRIPT_FUNCTION_LOAD] = function_load,
    [SCRIPT_FUNCTION_DELETE] = function_delete,
    [SCRIPT_FUNCTION_FLUSH] = function_flush,
    [SCRIPT_FUNCTION_LIST] = function_list,
    [SCRIPT_FUNCTION_DUMP] = dump_functions,
    [SCRIPT_FUNCTION_RESTORE] = restore_functions,
    [SCRIPT_FUNCTION_STATS] = function_stats,
    [SCRIPT_FUNCTION_KILL] = on_function_kill,
};

void script_open(struct engine *e)
{
    struct host *h = mem_new(struct host);
    must(e->script == NULL);
    h->head.handlers = handlers;
    h->engine = e;
    h->eval.host = h;
    h->functions.host = h;
    h->functions.functions = true;
    list_init(&h->order);
    e->script = &h->head;
    e->script_rewrite = function_rewrite;
}

void script_close(struct engine *e)
{
    if (e->script == NULL) return;
    struct host *h = (struct host *)(void *)e->script;
    must(h->run == NULL);
    eval_fini(h);
    function_drop_all(h);
    box_close(&h->eval);
    box_close(&h->functions);
    buf_fini(&h->reply);
    arena_fini(&h->arena);
    mem_free(h->argv);
    mem_free(h->numbers);
    mem_free(h);
    e->script = NULL;
    e->script_rewrite = NULL;
}

struct script_stats script_stats(const struct engine *e)
{
    const struct host *h = (const struct host *)(const void *)e->script;
    if (h == NULL) return (struct script_stats){0};
    return (struct script_stats){.scripts = h->cached.count,
                                 .libraries = h->libraries.count,
                                 .functions = h->by_name.count,
                                 .eval_bytes = h->eval.bytes,
                                 .function_bytes = h->functions.bytes};
}
