/* cmd: one running command, and the line of commands.def that describes it.
 *
 * A handler reads c->args, calls the engine, and writes to c->reply: exactly one reply. Memory
 * it needs until then is c->arena's. What the log keeps is the command as it was sent, unless
 * the handler says something else (cmd_effect, cmd_no_effect); a handler that changed nothing
 * (no db_changed) leaves no effect anyway.
 */
#ifndef HANSOM_STORE_CMD_CMD_H
#define HANSOM_STORE_CMD_CMD_H

#include "base/arena.h"
#include "store/cmd/args.h"
#include "store/cmd/reply.h"
#include "store/engine/block.h"
#include "store/engine/db.h"
#include "store/engine/session.h"

enum cmd_flag {
    CMD_WRITE = 1 << 0,
    CMD_READ = 1 << 1, /* "readonly" */
    CMD_DENYOOM = 1 << 2,
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7,
    CMD_STALE = 1 << 8,
    CMD_FAST = 1 << 9,
    CMD_NOAUTH = 1 << 10,
    CMD_NOMULTI = 1 << 11,
    CMD_MAYREPLICATE = 1 << 12, /* "may_replicate": PUBLISH, EVAL, PFCOUNT */
    CMD_NOMONITOR = 1 << 13,    /* "skip_monitor" */
    CMD_NOSLOWLOG = 1 << 14,    /* "skip_slowlog" */
    CMD_MOVABLE = 1 << 15,      /* "movablekeys" */
    CMD_ALLOWBUSY = 1 << 16,    /* "allow_busy": runs while a script is over its time */
    CMD_NOASYNC = 1 << 17,      /* "no_async_loading" */
    CMD_DANGEROUS = 1 << 18,    /* only an ACL category */
    CMD_SCRIPTING = 1 << 19,    /* EVAL, FCALL: inner commands do the effects */
    CMD_NOMANDATORY = 1 << 20,  /* "no_mandatory_keys" */
    CMD_ASKING = 1 << 21,       /* "asking" */
};

struct cmd;
struct cmd_spec;
struct host;

/* Finds the positions of keys: writes up to cap of them and returns their number, or -1 when
 * the arguments make no sense. */
typedef int32_t (*cmd_keys_fn)(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap);

struct cmd_keys {
    enum { KEYS_KIND_NONE, KEYS_KIND_RANGE, KEYS_KIND_NUM, KEYS_KIND_FN } kind;
    int first, last, step; /* RANGE: last < 0 counts from the end */
    int num;               /* NUM: index of numkeys; its keys start at first */
    int dest;              /* NUM: index of a destination key, or 0 */
    cmd_keys_fn fn;
};

struct cmd_spec {
    const char *name;               /* lower case; of a subcommand "xgroup|create" */
    void (*run)(struct cmd *c);     /* NULL for a container of subcommands only */
    void (*family)(struct host *h); /* of a module family: what cmd_family runs; else NULL */
    int arity;                      /* as Redis: negative is a minimum; counts the name(s) */
    uint32_t flags;
    struct cmd_keys keys;
    const char *group, *complexity, *since, *summary;
    const char *parent; /* of a subcommand, upper case; NULL */
    uint32_t index;     /* of its statistics */
};

/* The forms of the KEYS column of commands.def. */
#define KEYS_NONE                                                                                  \
    {                                                                                              \
        .kind = KEYS_KIND_NONE                                                                     \
    }
#define KEYS(first_, last_, step_)                                                                 \
    {                                                                                              \
        .kind = KEYS_KIND_RANGE, .first = (first_), .last = (last_), .step = (step_)               \
    }
/* argv[at] is the number of keys, which start at argv[first_] (LMPOP, ZUNION, EVAL, FCALL). */
#define KEYS_NUM(at_, first_)                                                                      \
    {                                                                                              \
        .kind = KEYS_KIND_NUM, .num = (at_), .first = (first_)                                     \
    }
/* The same with a destination key before (ZUNIONSTORE). */
#define KEYS_DEST_NUM(dest_, at_, first_)                                                          \
    {                                                                                              \
        .kind = KEYS_KIND_NUM, .num = (at_), .first = (first_), .dest = (dest_)                    \
    }
/* argv after the word STREAMS: the first half of the rest. */
#define KEYS_STREAMS                                                                               \
    {                                                                                              \
        .kind = KEYS_KIND_FN, .fn = cmd_keys_streams                                               \
    }
/* argv[1] is a key, and more follow from what else is said. */
#define KEYS_FN(fn_)                                                                               \
    {                                                                                              \
        .kind = KEYS_KIND_FN, .fn = (fn_), .dest = 1                                               \
    }

int32_t cmd_keys_streams(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap);
int32_t cmd_keys_sort(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap);
int32_t cmd_keys_georadius(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap);

struct cmd {
    struct engine *engine;
    struct db *db;
    struct session *session;
    const struct slice *argv; /* borrowed for the command */
    uint32_t argc;
    struct args *args; /* starts behind the command's name(s) */
    struct reply *reply;
    struct arena *arena; /* of the top-level command */
    const struct cmd_spec *spec;
    bool retry;            /* a blocked command that is run again */
    bool explicit_effects; /* cmd_effect or cmd_no_effect was called */
    bool in_script;        /* called by a script */
};

/* Logs this command instead of the one that was sent; may be called several times. */
void cmd_effect(struct cmd *c, uint32_t argc, const struct slice *argv);

/* The same for a command about this key that may be huge: exactly argc effects_arg* must follow,
 * its name the first. NULL when nothing is to be logged. */
struct effects *cmd_effect_begin(struct cmd *c, struct slice key, uint32_t argc);

/* Logs nothing for this command, whatever it changed. */
void cmd_no_effect(struct cmd *c);

/* Whether anything is logged at all; else cmd_effect need not be called. */
static inline bool cmd_logs(const struct cmd *c)
{
    return c->engine->sink != NULL;
}

/* Whether the command may block: not inside MULTI nor a script. */
bool cmd_may_block(const struct cmd *c);

/* The client waits until one of the keys is changed, and then runs the same command again
 * with c->retry set; clients of one key are served in the order they came. timeout_ms counts
 * from the first call; 0 waits for ever. When it runs out the client gets a null array (a
 * null for those commands that say so: BLMOVE, BRPOPLPUSH). The handler writes no reply. */
void cmd_block(struct cmd *c, const struct slice *keys, uint32_t n, int64_t timeout_ms,
               enum block_kind kind);

/* The type error for a handler that looked a key up: replies and is true when e is an error. */
static inline bool cmd_failed(struct cmd *c, enum err e)
{
    if (e == ERR_OK) return false;
    reply_err(c->reply, e);
    return true;
}

/* The hash of an argument, which may be known already. */
static inline uint64_t cmd_hash(const struct cmd *c, struct slice name)
{
    const struct known *k = c->engine->known;
    return known_is(name, k->name) ? k->name_hash : hash_slice(name);
}

/* Replies "wrong number of arguments for '<name>' command". */
void cmd_wrong_arity(struct cmd *c);

/* Replies with a subcommand's HELP: lines end with NULL; "HELP" and its line are added. */
void cmd_help(struct cmd *c, const char *const *lines);

/* Every handler of the table. */
#define CMD(name, handler, arity, flags, keys, group, complexity, since, summary)                  \
    void handler(struct cmd *c);
#define SUB(parent, name, handler, arity, flags, keys, group, complexity, since, summary)          \
    void handler(struct cmd *c);
#define CONTAINER(name, arity, flags, group, complexity, since, summary)
#include "store/cmd/commands.def"
#undef CMD
#undef SUB
#undef CONTAINER

/* The handler of every command of families.def: lends the command to its family (host.h). */
void cmd_family(struct cmd *c);

/* The command of this name (any case), or NULL. */
const struct cmd_spec *cmd_find(struct slice name);

/* The subcommand of a container; NULL if there is none. */
const struct cmd_spec *cmd_find_sub(const struct cmd_spec *container, struct slice name);

/* A command by "name" or "container|sub", or NULL. */
const struct cmd_spec *cmd_find_full(struct slice name);

/* Whether the spec is a container of subcommands. */
bool cmd_is_container(const struct cmd_spec *spec);

/* All specs, subcommands included, in the table's order. */
const struct cmd_spec *cmd_specs(uint32_t *count);

/* Positions of the keys among argv, at most cap; -1 when they cannot be told. */
int32_t cmd_find_keys(const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                      uint32_t *at, uint32_t cap);

#endif
