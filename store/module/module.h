/* module: the families as a module of Redis 7 and Valkey: the other host of store/cmd/host.h.
 *
 *     api        what the server gives us, by name
 *     mem        base/mem.h by the server's allocator
 *     types      values: RDB, AOF, COPY, memory, digest; where they lie
 *     reply      what a family wrote as RESP, given to the server value by value
 *     host       keys, changes and effects of one command
 *     beside     what follows the keyspace: search indexes; how they are kept
 *     module     what is registered when the module is loaded
 */
#ifndef HANSOM_STORE_MODULE_MODULE_H
#define HANSOM_STORE_MODULE_MODULE_H

#include "store/cmd/host.h"
#include "store/module/api.h"

/* --- types --- */

/* Registers all family types; false when the server refuses one. */
bool types_register(struct rm_ctx *ctx);
/* What the server calls a family's type. */
struct rm_type *types_of(const struct family_type *t);
/* Notes where values lie as keys are renamed, copied, moved, restored and loaded. */
bool types_watch(struct rm_ctx *ctx);
/* The index of labelled values of a database; *it may be NULL. */
struct labels **types_labels(int db);

/* --- reply --- */

/* Gives all that is in `resp`, one whole reply, to the client of ctx. */
void reply_give(struct rm_ctx *ctx, struct slice resp);

/* --- host --- */

typedef void (*family_handler)(struct host *h);

/* Runs one command of a family. */
int host_run(struct rm_ctx *ctx, struct rm_string **argv, int argc, const char *name,
             family_handler handler);

/* Runs a command that a file holds, in the database of ctx; false when it is none or is refused. */
bool host_redo(struct rm_ctx *ctx, const struct slice *argv, uint32_t argc);

/* Logs a command and sends it to replicas; `name` is what the server calls it. */
void host_replicate(struct rm_ctx *ctx, struct slice name, uint32_t argc, const struct slice *argv);

/* --- module --- */

/* The handler of a command, by its name in any case of letters; or NULL. */
family_handler module_find(struct slice name);

/* --- beside --- */

/* Follows the keyspace from now on; false when the server does not let it. */
bool beside_start(struct rm_ctx *ctx);
/* Database 0 was flushed, or got other keys. */
void beside_flushed(bool swapped);
/* There may be something to do between commands. */
void beside_work(void);
/* Closes what was looked at: keys may change. */
void beside_rest(void);

static inline struct slice rm_slice(const struct rm_string *s)
{
    size_t len = 0;
    const char *p = rm_StringPtrLen(s, &len);
    return (struct slice){p, len};
}

#endif
