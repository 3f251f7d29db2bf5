/* reach: a plain connection to the store, for commands that work on what it keeps.
 *
 * Functions print one line on stderr, after "hansom COMMAND: ", when they fail.
 */
#ifndef HANSOM_CLI_REACH_H
#define HANSOM_CLI_REACH_H

#include <hiredis/hiredis.h>

#include "base/slice.h"

/* Connects to the store that `store` names or, when that is "", to the one of `hansom up` in dir. NULL
 * after it has said why it cannot; otherwise the caller's, to be freed with redisFree. */
redisContext *reach_store(const char *command, const char *dir, const char *store,
                          const char *password);

/* Calls a function of the lifecycle library (its name without _v1) for a region. The reply is the
 * caller's, to be freed with freeReplyObject; NULL after it has said what was wrong. */
redisReply *reach_call(const char *command, redisContext *c, const char *function,
                       const char *region, const struct slice *args, size_t n);

/* The code that a call answered, and one of its extras. */
struct slice reach_code(const redisReply *reply);
const redisReply *reach_extra(const redisReply *reply, const char *name);

#endif
