/* api: the interface that Redis and Valkey give to modules, as far as the families need it.
 *
 * Why: a module gets one function, which finds the others by name. The declarations here are our
 * own, so that the build needs no header of either server.
 *
 * Owner: the pointers are set once, by rm_api_load, before anything else of the module runs.
 */
#ifndef HANSOM_STORE_MODULE_API_H
#define HANSOM_STORE_MODULE_API_H

#include <stddef.h>
#include <stdint.h>

struct rm_ctx;
struct rm_string;
struct rm_key;
struct rm_type;
struct rm_io;
struct rm_digest;
struct rm_user;
struct rm_command_handle;
struct rm_scan;
struct rm_info;

enum { RM_OK = 0, RM_ERR = 1, RM_API_VERSION = 1 };
enum { /* how a key is opened; a server that does not know one of the last two leaves it out */
       RM_READ = 1 << 0,
       RM_WRITE = 1 << 1,
       RM_NOTOUCH = 1 << 16,
       RM_NONOTIFY = 1 << 17,
       RM_NOSTATS = 1 << 18,
};
enum { RM_KEY_EMPTY = 0, RM_KEY_HASH = 3, RM_KEY_MODULE = 6 };
enum { RM_NO_EXPIRE = -1 };
enum { /* of GetContextFlags */
       RM_FLAG_LUA = 1 << 0,
       RM_FLAG_MULTI = 1 << 1,
       RM_FLAG_REPLICATED = 1 << 12, /* a primary sent the command */
       RM_FLAG_LOADING = 1 << 13,
       RM_FLAG_DENY_BLOCKING = 1 << 21,
       RM_FLAG_RESP3 = 1 << 22,
};

enum {
    RM_OPTION_IO_ERRORS = 1 << 0, /* loads say that bytes are missing, rather than end the server */
    RM_OPTION_SIGNALS = 1 << 1,   /* we say which keys changed; closing one does not */
};

enum {
    RM_NOTIFY_GENERIC = 1 << 2,
    RM_NOTIFY_LOADED = 1 << 12,
    RM_NOTIFY_MODULE = 1 << 13,
    /* All classes of changes: generic, string, list, set, hash, zset, expired, evicted, stream. */
    RM_NOTIFY_CHANGES = 0x7fc | RM_NOTIFY_MODULE,
};

enum {
    RM_EVENT_FLUSHDB = 2,
    RM_EVENT_LOADING = 3,
    RM_EVENT_SWAPDB = 11,
    RM_EVENT_FORK = 13,
    RM_EVENT_LOOP = 15,
};
enum { RM_FLUSH_BEGINS = 0, RM_LOADING_ENDED = 3, RM_LOADING_FAILED = 4 };
enum { RM_FORK_BORN = 0, RM_LOOP_BEFORE_SLEEP = 0 };

struct rm_event {
    uint64_t id, version;
};

struct rm_flush {
    uint64_t version;
    int32_t sync, db; /* -1: all */
};

struct rm_swap {
    uint64_t version;
    int32_t first, second;
};

typedef int (*rm_command)(struct rm_ctx *ctx, struct rm_string **argv, int argc);
typedef int (*rm_on_key_event)(struct rm_ctx *ctx, int class, const char *event,
                               struct rm_string *key);
typedef void (*rm_on_server_event)(struct rm_ctx *ctx, struct rm_event event, uint64_t part,
                                   void *data);
typedef void (*rm_on_timer)(struct rm_ctx *ctx, void *data);
typedef void (*rm_on_scan)(struct rm_ctx *ctx, struct rm_string *name, struct rm_key *key,
                           void *data);
typedef void (*rm_on_scan_key)(struct rm_key *key, struct rm_string *field, struct rm_string *value,
                               void *data);

/* What the server calls for values of a type; NULL where it need not. Version 5 of the struct: an
 * older server reads what it knows. */
struct rm_type_methods {
    uint64_t version;
    void *(*rdb_load)(struct rm_io *io, int version);
    void (*rdb_save)(struct rm_io *io, void *value);
    void (*aof_rewrite)(struct rm_io *io, struct rm_string *key, void *value);
    size_t (*mem_usage)(const void *value);
    void (*digest)(struct rm_digest *digest, void *value);
    void (*free)(void *value);
    int (*aux_load)(struct rm_io *io, int version, int when);
    void (*aux_save)(struct rm_io *io, int when);
    int aux_save_triggers;
    size_t (*free_effort)(struct rm_string *key, const void *value);
    void (*unlink)(struct rm_string *key, const void *value);
    void *(*copy)(struct rm_string *from, struct rm_string *to, const void *value);
    int (*defrag)(void *ctx, struct rm_string *key, void **value);
    size_t (*mem_usage2)(void *ctx, const void *value, size_t samples);
    size_t (*free_effort2)(void *ctx, const void *value);
    void (*unlink2)(void *ctx, const void *value);
    void *(*copy2)(void *ctx, const void *value);
    void (*aux_save2)(struct rm_io *io, int when); /* since 7.2: may leave no trace */
};
enum { RM_TYPE_METHODS = 5, RM_AUX_BEFORE = 1 << 0 };

/* Where keys are among a command's words, and what becomes of them. */
enum {
    RM_KEY_RO = 1 << 0,
    RM_KEY_RW = 1 << 1,
    RM_KEY_OW = 1 << 2,
    RM_KEY_ACCESS = 1 << 4,
    RM_KEY_UPDATE = 1 << 5,
};

struct rm_key_spec {
    const char *notes;
    uint64_t flags;
    enum { RM_BEGIN_END = 0, RM_BEGIN_INDEX = 2 } begin_kind; /* END: behind the last spec */
    union {
        struct {
            int at;
        } index;
        struct {
            const char *word;
            int from;
        } keyword;
    } begin;
    enum { RM_FIND_RANGE = 2, RM_FIND_COUNT = 3 } find_kind;
    union {
        struct {
            int last, step, limit;
        } range;
        struct {
            int count_at, first, step;
        } count;
    } find;
};

struct rm_info_version {
    int version;
    size_t history_size, key_spec_size, arg_size;
};

struct rm_command_info {
    const struct rm_info_version *version;
    const char *summary, *complexity, *since;
    const void *history;
    const char *tips;
    int arity;
    const struct rm_key_spec *key_specs; /* ends with a zeroed one */
    const void *args;
};

/* Finds all functions; the name of the first that the server lacks, or NULL. */
const char *rm_api_load(struct rm_ctx *ctx);

#define API(result, name, arguments) extern result(*rm_##name) arguments;
#include "store/module/api.def"
#undef API

#endif
