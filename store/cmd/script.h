/* script: how the command table reaches the scripting library, which lies above it.
 *
 * Why: the table names every handler, and store/script needs the executor; so the handlers
 * here only pass their command on to whatever host the engine was given.
 */
#ifndef HANSOM_STORE_CMD_SCRIPT_H
#define HANSOM_STORE_CMD_SCRIPT_H

#include "store/cmd/cmd.h"

enum script_op {
    SCRIPT_EVAL,
    SCRIPT_EVAL_RO,
    SCRIPT_EVALSHA,
    SCRIPT_EVALSHA_RO,
    SCRIPT_FCALL,
    SCRIPT_FCALL_RO,
    SCRIPT_LOAD,
    SCRIPT_EXISTS,
    SCRIPT_FLUSH,
    SCRIPT_KILL,
    SCRIPT_DEBUG,
    SCRIPT_FUNCTION_LOAD,
    SCRIPT_FUNCTION_DELETE,
    SCRIPT_FUNCTION_FLUSH,
    SCRIPT_FUNCTION_LIST,
    SCRIPT_FUNCTION_DUMP,
    SCRIPT_FUNCTION_RESTORE,
    SCRIPT_FUNCTION_STATS,
    SCRIPT_FUNCTION_KILL,
    SCRIPT_OPS
};

/* The first member of the library's own host. */
struct script_host {
    void (*const *handlers)(struct cmd *c); /* by enum script_op; borrowed, static */
    const char *busy; /* the error line for other clients while a script is over its time */
};

/* Runs a command of another client while a script is over its time: nearly all are told BUSY. */
void script_while_busy(struct engine *e, struct session *s, const struct slice *argv,
                       uint32_t argc);

#endif
