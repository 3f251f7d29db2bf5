/* host: what the files of the scripting library share.
 *
 * Layout: two Lua states, one for EVAL and one for functions, as their globals differ and
 *         each is flushed on its own. A script sees a global table that is empty and falls
 *         back to the real one, so reading is fast and writing is an error:
 *
 *             script's _G {} --__index--> globals --__index--> "nonexistent global variable"
 *                        \--__newindex--> "Attempt to modify a readonly table"
 *
 *         Library tables (string, redis ...) stand behind such an empty front as well.
 */
#ifndef HANSOM_STORE_SCRIPT_HOST_H
#define HANSOM_STORE_SCRIPT_HOST_H

#include "base/list.h"
#include "base/map.h"
#include "store/cmd/exec.h"
#include "store/cmd/script.h"
#include "store/script/pool.h"

#include <lauxlib.h>
#include <lua.h>

enum {
    SCRIPT_LUA_BYTES_MAX = 512 << 20, /* one state; above it scripts get "not enough memory" */
    SCRIPT_CACHE_MAX = 10000,         /* scripts kept by EVAL; the oldest goes first */
    SCRIPT_HOOK_STEPS = 100000,       /* VM steps between looks at the clock */
    SCRIPT_LOAD_MS_MAX = 500          /* FUNCTION LOAD may take no longer */
};

enum script_flag {
    FLAG_NO_WRITES = 1 << 0,
    FLAG_ALLOW_OOM = 1 << 1,
    FLAG_ALLOW_STALE = 1 << 2,
    FLAG_NO_CLUSTER = 1 << 3,
    FLAG_CROSS_SLOT = 1 << 4,
    FLAG_COMPAT = 1 << 5 /* EVAL without a shebang: no flags were stated */
};

struct host;

/* One Lua state. */
struct box {
    struct host *host;
    lua_State *lua; /* owned; NULL until first used */
    size_t bytes;   /* held by lua */
    struct pool pool;
    bool limited;   /* inside a protected call: allocations may fail */
    bool functions; /* which of the two it is */
    unsigned short random[3];
    int on_error;     /* registry: the error handler */
    int globals;      /* registry: the real global table */
    int load_globals; /* registry: what a library sees while it loads */
    int front;        /* registry: metatable of the scripts' _G */
    int scripts;      /* registry: table of compiled functions by number */
};

struct function {
    struct slice name;        /* owned */
    struct slice description; /* owned; p is NULL for none */
    struct library *library;  /* borrowed: owns this */
    uint32_t flags;
    int ref; /* in the box */
    struct list of_library;
};

struct library {
    struct slice name; /* owned */
    struct slice code; /* owned */
    struct list functions;
};

/* A script that EVAL or SCRIPT LOAD compiled. */
struct cached {
    char sha[41];
    uint32_t flags;
    int ref;
    struct list order;
};

/* The script that runs now. */
struct run {
    struct cmd *c;
    struct box *box;
    struct slice name;
    bool readonly;
    uint8_t resp;   /* of replies inside the script */
    uint64_t dirty; /* engine->dirty at the start */
    int64_t started_us;
    bool over_time, killed;
};

struct host {
    struct script_host head;
    struct engine *engine; /* borrowed: owns this */
    struct box eval, functions;
    struct map cached;       /* sha -> struct cached */
    struct list order;       /* of struct cached: oldest first */
    struct map libraries;    /* name -> struct library */
    struct map by_name;      /* name in small letters -> struct function */
    struct run *run;         /* NULL when nothing runs */
    struct library *loading; /* FUNCTION LOAD: the library being filled */
    int64_t load_started_us;
    struct buf reply;    /* of an inner command */
    struct arena arena;  /* of an inner command */
    struct slice *argv;  /* owned; of an inner command */
    char (*numbers)[40]; /* owned; texts of its numbers */
    uint32_t argv_cap;
};

static inline struct host *host_of(const struct cmd *c)
{
    return (struct host *)(void *)c->engine->script;
}

/* The box of a running Lua function. */
struct box *box_of(lua_State *lua);

/* Makes the Lua state if there is none yet; frees it. */
void box_open(struct box *b);
void box_close(struct box *b);

/* sandbox.c: fills a fresh state. */
void sandbox_fill(struct box *b);
/* Lets scripts see what a library may use while it loads, or everything. */
void sandbox_loading(struct box *b, bool loading);
int lua_front(lua_State *lua); /* replaces the table on top by a front that cannot be changed */

/* api.c: the redis table; leaves it on the stack. */
void api_push(struct box *b);
void api_push_loading(struct box *b);
int api_error_handler(lua_State *lua);
/* Raises {err = text}: text with a code in front begins with '-', another gets ERR. */
int api_raise(lua_State *lua, const char *text);
void api_push_error(lua_State *lua, struct slice text);

/* libs.c: small libraries; each leaves its table on the stack. */
void lib_push_bit(lua_State *lua);
void lib_push_struct(lua_State *lua);
void lib_push_msgpack(lua_State *lua);

/* convert.c */
const char *convert_to_lua(lua_State *lua, const char *p);
void convert_to_reply(lua_State *lua, struct reply *r, uint8_t script_resp);

/* run.c */
struct call {
    struct slice name;
    int ref;
    uint32_t flags;
    bool ro_command; /* EVAL_RO, EVALSHA_RO, FCALL_RO */
    const struct slice *keys, *args;
    uint32_t key_count, arg_count;
};
/* Reads numkeys at argv[2] and what follows; false when it has replied. */
bool run_parse(struct cmd *c, const char *not_a_number, struct call *call);
void run_call(struct cmd *c, struct box *b, const struct call *call);
void run_hook(lua_State *lua, lua_Debug *ar);
void run_kill(struct cmd *c, bool function);
/* Whether over maxmemory. */
bool run_out_of_memory(const struct engine *e);

/* eval.c */
void eval_run(struct cmd *c, bool by_sha, bool readonly);
void eval_load(struct cmd *c);
void eval_exists(struct cmd *c);
void eval_flush(struct cmd *c);
void eval_fini(struct host *h);
bool flags_add(struct slice word, uint32_t *flags);

/* function.c */
void function_run(struct cmd *c, bool readonly);
void function_load(struct cmd *c);
void function_delete(struct cmd *c);
void function_flush(struct cmd *c);
void function_list(struct cmd *c);
void function_stats(struct cmd *c);
void function_drop_all(struct host *h);
int function_register(lua_State *lua);
void function_rewrite(struct engine *e, struct effects *out);
/* Loads a library; with replace over one of its name. NULL and an error line (without '-', in
 * the arena) when it cannot. */
struct library *function_library_load(struct cmd *c, struct slice code, bool replace,
                                      struct slice *error);
/* Takes a library out with its functions, and frees it. */
void function_library_take(struct host *h, struct library *l);
void function_library_put(struct host *h, struct library *l);
void function_library_free(struct host *h, struct library *l);

/* dump.c */
void dump_functions(struct cmd *c);
void restore_functions(struct cmd *c);

#endif
