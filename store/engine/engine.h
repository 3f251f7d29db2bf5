/* engine: one store: its databases, clock, configuration, statistics and clients.
 *
 * Why: everything a command may touch hangs on this struct, and nothing on globals, so a
 * test makes a store in memory with a clock of its own and runs commands against it.
 *
 * Owner: engine_new to engine_free. Loop thread only.
 */
#ifndef HANSOM_STORE_ENGINE_ENGINE_H
#define HANSOM_STORE_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "store/ds/dict.h"
#include "store/engine/acl.h"
#include "store/engine/config.h"
#include "store/engine/depends.h"
#include "store/engine/effects.h"
#include "store/engine/latency.h"
#include "store/engine/observer.h"

struct engine;
struct session;
struct script_host;
struct cmd_spec;
struct cmd_stats;

enum { ENGINE_DBS = 16, ERRSTATS_MAX = 128 };

/* One letter each in notify-keyspace-events. */
enum notify_class {
    NOTIFY_KEYSPACE = 1 << 0, /* K */
    NOTIFY_KEYEVENT = 1 << 1, /* E */
    NOTIFY_GENERIC = 1 << 2,  /* g */
    NOTIFY_STRING = 1 << 3,   /* $ */
    NOTIFY_LIST = 1 << 4,     /* l */
    NOTIFY_SET = 1 << 5,      /* s */
    NOTIFY_HASH = 1 << 6,     /* h */
    NOTIFY_ZSET = 1 << 7,     /* z */
    NOTIFY_EXPIRED = 1 << 8,  /* x */
    NOTIFY_EVICTED = 1 << 9,  /* e */
    NOTIFY_STREAM = 1 << 10,  /* t */
    NOTIFY_KEYMISS = 1 << 11, /* m */
    NOTIFY_MODULE = 1 << 12,  /* d */
    NOTIFY_NEW = 1 << 14,     /* n */
    NOTIFY_ALL = NOTIFY_GENERIC | NOTIFY_STRING | NOTIFY_LIST | NOTIFY_SET | NOTIFY_HASH |
                 NOTIFY_ZSET | NOTIFY_EXPIRED | NOTIFY_EVICTED | NOTIFY_STREAM | NOTIFY_MODULE
};

struct db {
    struct engine *engine; /* borrowed: owns this */
    uint32_t id;
    struct dict keys;    /* of struct entry; owned */
    struct dict expires; /* the same entries, those with an expiry; borrowed */
    struct dict watched; /* of struct watched_key (watch.c) */
    struct dict blocked; /* of struct blocked_key (block.c) */
    uint64_t expire_cursor;
    struct labels *labels; /* of the values in keys that have some: one reference; or NULL */
};

/* Time. The default reads base/clock.h. */
struct engine_clock {
    int64_t (*wall_us)(void *data); /* unix time */
    int64_t (*mono_us)(void *data);
    void *data;
};

/* Where records go: the append log, or NULL when nothing is logged. */
struct log_sink {
    /* Takes one record and returns the log's new end, a position that only grows. */
    uint64_t (*append)(void *data, struct slice record);
    /* The end as it is. */
    uint64_t (*end)(void *data);
    /* NULL, or the error line (without '-') that refuses writes now (MISCONF …). */
    const char *(*refuses)(void *data);
    void *data;
};

enum save_how { SAVE_NOW, SAVE_BACKGROUND, SAVE_SCHEDULE };
enum shutdown_save { SHUTDOWN_BY_RULES, SHUTDOWN_SAVE, SHUTDOWN_NOSAVE };

/* What the process around the engine does for commands. Slots may be NULL. */
struct engine_hooks {
    void *data;
    /* Appends "field:value\r\n" lines of an INFO section ("persistence", "server", …). */
    void (*info)(void *data, const char *section, struct buf *out);
    /* Starts or schedules a background rewrite of the log. NULL on success with what was *done,
     * else an error line. */
    const char *(*bgrewriteaof)(void *data, const char **done);
    /* Writes a snapshot now or in the background. NULL on success with what was *done, else an
     * error line. */
    const char *(*save)(void *data, enum save_how how, const char **done);
    /* Ends the process in order; does not return at once. NULL on success. */
    const char *(*shutdown)(void *data, enum shutdown_save save, bool force);
    int64_t (*lastsave_s)(void *data);
    /* A setting was changed by CONFIG SET. NULL on success, else why not. */
    const char *(*config_changed)(void *data, const char *name);
    /* CONFIG REWRITE. NULL on success, else an error line. */
    const char *(*config_rewrite)(void *data);
    /* Lets other clients have a turn while a script is over its time: reads what they sent, runs
     * exec_command for it (which says BUSY or kills the script), sends replies; waits a few
     * milliseconds at most when there is nothing. The running session must stay. */
    void (*yield)(void *data);
    /* All writes so far durable locally? Position of the durable prefix of the log. */
    uint64_t (*durable)(void *data);
};

/* notify-keyspace-events' letters as bits; -1 when one is unknown. */
int notify_parse(struct slice text);

/* The bits as Redis prints them. */
void notify_format(int flags, struct buf *out);

struct engine_stats {
    uint64_t commands, connections, rejected_connections;
    uint64_t expired_keys, evicted_keys, hits, misses;
    uint64_t net_in, net_out, errors;
    uint64_t expired_time_cap_reached;
    uint64_t unexpected_errors, clients_max_seen;
    uint64_t output_limit_ends, query_limit_ends, evicted_clients;
    uint64_t pubsub_messages;
    uint64_t ops_sample[16], ops_last; /* commands/s, sampled every 100 ms */
    uint32_t ops_at;
    int64_t ops_last_us;
};

struct err_stat {
    char code[32];
    uint64_t count;
};

/* What was computed of a command's arguments before it ran (cmd/ahead.h), while its bytes are
 * where they are: no argument is hashed or read as a place twice. Empty between batches. */
struct known {
    const struct slice *argv;    /* the command's; NULL: nothing is known */
    const struct cmd_spec *spec; /* its line of the table; NULL: it has none */
    struct slice key, name;      /* arguments whose hashes these are */
    uint64_t key_hash, name_hash;
    const struct slice *place; /* two arguments of which `score` is the geohash; NULL: none */
    uint64_t score;
};

extern const struct known known_nothing;

static inline bool known_is(struct slice a, struct slice b)
{
    return a.p == b.p && a.len == b.len;
}

struct engine {
    struct db db[ENGINE_DBS];
    struct config config;
    struct engine_clock clock;
    int64_t now_ms;            /* unix time, frozen for the whole of a top-level command */
    int64_t now_us;            /* the same instant */
    uint32_t now_s;            /* now_ms / 1000 */
    int64_t next_us;           /* within a batch: the time of the next command */
    bool batch;                /* between exec_batch_begin and _end: time is read once a command */
    const struct known *known; /* borrowed: of the command that runs now */
    int64_t started_ms;
    struct rng rng;
    char run_id[41];

    /* The command that runs now. */
    uint32_t depth;              /* 0 idle, 1 top level, 2 inside EXEC or a script */
    uint64_t dirty;              /* changes since start */
    uint64_t durable_writes;     /* db_changed on keys the log wants, since start */
    struct depends depends;      /* the log that the command's reply waits for */
    bool loading;                /* the log is being replayed: nothing expires by clock */
    struct effects effects;      /* of the top-level command so far */
    struct buf touched;          /* durable keys changed by this command, when patterns exist */
    struct session *current;     /* whose command runs; NULL for none */
    struct arena arena;          /* of the top-level command */
    const struct log_sink *sink; /* borrowed; NULL: nothing is logged */
    const struct engine_hooks *hooks; /* borrowed; may be NULL */
    const char *refusal;              /* NULL, or the error line that refuses writes now; static */

    uint32_t notify_flags;      /* of notify-keyspace-events, parsed */
    bool counts_uses;           /* maxmemory-policy is an LFU one */
    struct script_host *script; /* borrowed: store/script's */
    void (*script_rewrite)(struct engine *e, struct effects *out); /* FUNCTION LOADs; NULL */
    const struct observer *observer; /* NULL while nothing stands beside the keyspace */
    void *observer_data;             /* owned: freed by the observer */
    bool observer_works;             /* it has more to do between commands */
    struct session *replay;          /* owned by cmd/exec.c: runs the log's commands at recovery */
    int64_t pause_until_ms;          /* CLIENT PAUSE; 0: none */
    bool pause_all;                  /* reads too */
    bool unpaused;                   /* CLIENT UNPAUSE just ran */
    bool passive_expire;      /* DEBUG SET-ACTIVE-EXPIRE 0: expired keys go only when looked at */
    bool serving;             /* woken clients are being served */
    struct slice serving_key; /* borrowed: the key whose waiters are served just now */

    /* Clients. */
    struct list sessions; /* of struct session.all */
    uint32_t session_count;
    uint64_t session_next_id;
    struct list touched_sessions; /* of struct session.touched: got bytes in this command */
    struct heap deadlines;        /* of struct block.deadline: timeouts of blocked clients */
    uint32_t blocked_count;
    uint64_t watch_count;
    struct list ready;    /* of struct blocked_key.ready: keys that may wake someone */
    struct list monitors; /* of struct session.monitor */
    struct list trash;    /* of trash.c: deleted, and not yet free */
    uint64_t trash_count;

    /* Publish and subscribe: channel -> struct channel (pubsub.c). */
    struct map channels, patterns, shard_channels;
    struct list open_channels; /* of struct channel.open: published to in this batch */

    /* Keys that are neither logged nor waited for. */
    struct slice *ephemeral; /* owned patterns */
    uint32_t ephemeral_count;

    struct engine_stats stats;
    struct err_stat errors[ERRSTATS_MAX];
    uint32_t error_count;
    struct cmd_stats *cmd_stats; /* owned by cmd/table.c: one a command */
    struct acl acl;              /* users and what they may do */
    struct list acl_log;         /* of cmd/guard.c: refusals */
    uint64_t acl_log_count;
    struct latency latency; /* what took longer than latency-monitor-threshold */
    struct list slowlog;    /* of cmd/slowlog.c */
    uint64_t slowlog_next_id;
    uint32_t slowlog_count;
};

/* A new engine with defaults and the system's clock. */
struct engine *engine_new(void);
void engine_free(struct engine *e);

/* Reads the clock into now_ms and now_us. The executor does it before each top-level command. */
void engine_clock_update(struct engine *e);

/* Takes over what the engine derives from its settings, after any was set. NULL on success, or
 * static words why a value is not possible; then nothing was taken over. */
const char *engine_settle(struct engine *e);

/* Replaces the patterns of ephemeral keys (copied). */
void engine_ephemeral_set(struct engine *e, const struct slice *patterns, uint32_t n);

/* Deletes all ephemeral keys; recovery ends with it. */
void engine_ephemeral_drop(struct engine *e);

/* Lets two databases change their contents; their clients, watches and waits stay by number. */
void engine_swap(struct engine *e, uint32_t a, uint32_t b);

/* Work of this kind took so long: noted when that is at least latency-monitor-threshold. */
static inline void engine_took(struct engine *e, enum latency_kind kind, int64_t us)
{
    int64_t threshold_ms = e->config.latency_monitor_threshold;
    if (threshold_ms == 0 || us < threshold_ms * 1000) return;
    latency_note(&e->latency, kind, e->now_s, (uint32_t)(us / 1000));
}

/* Ends the observer, if there is one. */
void engine_observer_free(struct engine *e);

/* Adds one to the statistics of an error reply (its first word). */
void engine_count_error(struct engine *e, struct slice line);

#endif
