/* script: Lua 5.1 inside the store: EVAL, SCRIPT, FCALL and FUNCTION.
 *
 * Why: a change of several keys that must be one, and one record in the log, is a script. The
 * log never holds a script's text, only what it did; libraries of functions are logged as
 * they were loaded, so that they are there after a restart.
 *
 * Owner: one host an engine, from script_open to script_close.
 */
#ifndef HANSOM_STORE_SCRIPT_SCRIPT_H
#define HANSOM_STORE_SCRIPT_SCRIPT_H

#include "store/engine/engine.h"

/* Gives e a host; its commands work from now on. */
void script_open(struct engine *e);

/* Takes it away again and frees it. */
void script_close(struct engine *e);

/* Cached scripts and libraries, and the bytes that Lua holds: for INFO. */
struct script_stats {
    uint64_t scripts, libraries, functions;
    uint64_t eval_bytes, function_bytes;
};
struct script_stats script_stats(const struct engine *e);

#endif
