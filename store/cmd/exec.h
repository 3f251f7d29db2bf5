/* exec: runs commands: the one road from a client's request to the keyspace and the log.
 *
 *     server --argv--> exec_command --> lookup, arity, auth, MULTI queue, memory
 *                        --> handler --> effects --> one record to the sink
 *                        --> blocked clients whose keys changed run again
 *                        --> depends_on of everyone who got bytes
 *
 * Inside EXEC and scripts commands run at depth 2: their effects join the outer record and
 * nobody wakes before the end.
 */
#ifndef HANSOM_STORE_CMD_EXEC_H
#define HANSOM_STORE_CMD_EXEC_H

#include "store/cmd/cmd.h"

/* Joins the layers (notifications, command statistics); call once for each engine_new. */
void exec_attach(struct engine *e);
void exec_detach(struct engine *e);

/* Runs one command of s; argv is borrowed for the call. The reply is appended to s->out, and
 * nothing when the client is now blocked (session_blocked) or wants none. Not for a session
 * that is blocked. */
void exec_command(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc);

/* Around the commands of one read: the clock is then read once a command instead of twice. */
void exec_batch_begin(struct engine *e);
void exec_batch_end(struct engine *e);

/* Starts fetching what the command will look at; for the commands of one batch. */
void exec_prefetch(struct engine *e, const struct session *s, const struct slice *argv,
                   uint32_t argc);

/* What a script's inner call may run into before the command itself runs. */
enum exec_verdict {
    EXEC_RAN,      /* the handler has replied (maybe with an error) */
    EXEC_UNKNOWN,  /* no such command */
    EXEC_ARITY,    /* wrong number of arguments */
    EXEC_NOSCRIPT, /* not allowed from scripts */
    EXEC_READONLY, /* a write, in a read-only script */
    EXEC_OOM,      /* over maxmemory */
    EXEC_REFUSED,  /* the log refuses writes; the reply holds the line */
};

/* Runs one inner command of a script: c is the script's own command, into a private reply.
 * Only EXEC_RAN (and EXEC_REFUSED) have written to it. */
enum exec_verdict exec_call(struct cmd *c, const struct slice *argv, uint32_t argc, bool readonly,
                            struct reply *into);

/* Runs one command of the log at recovery, in database order: SELECT included. False when its
 * reply was an error; *why is then its line, good until the next call. */
bool exec_apply(struct engine *e, const struct slice *argv, uint32_t argc, struct slice *why);

/* Starts fetching what the next n commands given to exec_apply (at most EXEC_AHEAD_MAX of them) will
 * look at; they must come in this order and with these argv. */
enum { EXEC_AHEAD_MAX = 64 };
void exec_apply_ahead(struct engine *e, const struct slice *const *argv, const uint32_t *argc,
                      uint32_t n);

/* Ends exec_apply's session; after recovery. Also drops ephemeral keys and clears loading. */
void exec_apply_end(struct engine *e);

/* Adds effects from outside any command (FUNCTION LOAD at start …) as a record of its own. */
uint64_t exec_log(struct engine *e, uint32_t db, const struct slice *argv, uint32_t argc);

/* Housekeeping: expired keys, timeouts of blocked clients, resizes, eviction, samples. Call it
 * when exec_next_ms says so, at least every 100 ms. */
void exec_tick(struct engine *e);

/* Milliseconds until exec_tick has something to do: 0 to 100. Ask after each loop turn. */
int64_t exec_next_ms(struct engine *e);

/* Counts of one command, for INFO commandstats. */
struct cmd_stats {
    uint64_t calls, usec, rejected, failed;
    uint64_t took[LATENCY_BUCKETS]; /* calls by their time */
};

/* Runs a command inside another (EXEC): depth 2, its effects join the outer record. */
void exec_inner(struct cmd *outer, const struct cmd_spec *spec, const struct slice *argv,
                uint32_t argc);

/* Frees memory until it is below maxmemory, by its policy; false when that cannot be. */
bool exec_make_room(struct engine *e);

/* Says that the running command depends on all that the log keeps (KEYS, SCAN, DBSIZE). */
static inline void exec_sees_all(struct engine *e)
{
    depends_see_all(&e->depends);
}

/* Unblocks s with its timeout reply or an error (CLIENT UNBLOCK). False if not blocked. */
bool exec_unblock(struct session *s, bool with_error);

/* The bytes that rebuild the whole keyspace, entry by entry: calls fn with pieces of some
 * 64 KiB, each whole commands. Runs in a forked child or in one go. */
void exec_rewrite(struct engine *e, void (*fn)(struct slice piece, void *data), void *data);

#endif
