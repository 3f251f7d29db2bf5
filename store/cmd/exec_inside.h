/* exec_inside: what the parts of the executor tell each other.
 *
 *     exec.c    one command from its arguments to the record of its effects
 *     admit.c   what may keep a command from running
 *     effect.c  what the log is told of a command
 *     wake.c    clients that wait: for keys, for the end of a pause, for the clock
 *     replay.c  the log's commands at recovery, and the rewrite that replaces them
 */
#ifndef HANSOM_STORE_CMD_EXEC_INSIDE_H
#define HANSOM_STORE_CMD_EXEC_INSIDE_H

#include "store/cmd/exec.h"

/* --- exec.c --- */

/* Takes the time of a new top-level command. */
void exec_begin(struct engine *e);

/* Runs spec's handler one level deeper: statistics, effects, slow log. */
void exec_run(struct engine *e, struct session *s, const struct cmd_spec *spec,
              const struct slice *argv, uint32_t argc, struct reply *reply, bool retry);

/* Looks a command up, and runs, queues, holds or refuses it. */
void exec_one(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc);

/* Ends a top-level command of s (NULL: none): one record for the log, and everyone who got
 * bytes waits for it. */
void exec_finish(struct engine *e, struct session *s);

/* A reply of s: more than s may leave unread is left out, and exec_reply_end closes s then. */
struct reply exec_reply(struct session *s);
void exec_reply_end(struct session *s, const struct reply *r);

/* --- admit.c --- */

static inline bool cmd_is_named(const struct cmd_spec *spec, const char *name)
{
    return strcmp(spec->name, name) == 0;
}

/* The command or subcommand, or NULL: then it has replied. */
const struct cmd_spec *admit_lookup(struct session *s, const struct slice *argv, uint32_t argc,
                                    struct reply *r);

/* Everything that may keep a known command from running. True when it may run; else it has
 * replied. */
bool admit(struct session *s, const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
           struct reply *r);

bool admit_arity(const struct cmd_spec *spec, uint32_t argc);

/* Commands that MULTI does not queue. */
bool admit_runs_in_multi(const struct cmd_spec *spec);

/* Whether the log takes writes now; otherwise it has replied. */
bool admit_log_takes(const struct engine *e, const struct cmd_spec *spec, struct reply *r);

/* --- effect.c --- */

/* Logs a command that said no effect itself: as it was sent, unless it mixes durable and
 * ephemeral keys; then what became of the durable ones (in e->touched from `from` on). */
void effect_verbatim(struct cmd *c, size_t from);

/* The spec that argv names, subcommands included, or NULL. */
const struct cmd_spec *effect_resolve(const struct slice *argv, uint32_t argc);

/* --- wake.c --- */

/* Serves the clients whose keys have changed. */
void wake_ready(struct engine *e);

/* Whether CLIENT PAUSE holds this command. */
bool wake_is_paused(const struct engine *e, const struct cmd_spec *spec);

/* Holds the command of s until the pause ends. */
void wake_hold(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
               uint32_t argc);

/* After CLIENT UNPAUSE: runs what was held. */
void wake_paused(struct engine *e);

#endif
