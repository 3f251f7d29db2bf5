/* effects: what one top-level command changed, as commands that redo it.
 *
 * Why: the log keeps effects and not requests: absolute expiry times, explicit ids, no script
 * text. All effects of one command, transaction or script become one record, so recovery
 * sees all of them or none.
 *
 * Layout: commands one after the other, and a change of database wherever there is one. The
 *         first effect always says its database.
 *
 *     | argc | length | bytes | length | bytes | ...        a command, argc > 0
 *     | 0 | database |                                      what follows is about this one
 *
 *     Numbers are 7 bits a byte, the lowest first, the high bit set in all but the last: a
 *     record is little more than its text, and less is written, summed and read back.
 */
#ifndef HANSOM_STORE_ENGINE_EFFECTS_H
#define HANSOM_STORE_ENGINE_EFFECTS_H

#include "base/buf.h"

#include <stdbool.h>

struct effects {
    struct buf bytes;
    uint32_t count; /* commands in bytes, without SELECTs */
    int32_t db;     /* last database said; -1 before the first */
};

/* Empties it; capacity above 64 KiB is given back. */
void effects_reset(struct effects *e);
void effects_fini(struct effects *e);

/* Adds one whole command. */
void effects_add(struct effects *e, uint32_t db, uint32_t argc, const struct slice *argv);

/* Adds a command piece by piece: exactly argc effects_arg* must follow. Value types use this
 * in their rewrite; it does not say a database: effects_select does. */
void effects_select(struct effects *e, uint32_t db);

/* Adds "RESERVE key n", which no client can send: at recovery the value of key, or without a
 * key the database, makes room for n elements at once instead of growing step by step. */
enum { EFFECTS_RESERVE_FROM = 1024 };
void effects_reserve(struct effects *e, struct slice key, uint64_t n);
void effects_begin(struct effects *e, uint32_t argc);
void effects_arg(struct effects *e, struct slice s);
void effects_arg_cstr(struct effects *e, const char *s);
void effects_arg_i64(struct effects *e, int64_t n);
void effects_arg_double(struct effects *e, double d); /* 17 digits: reads back equal */

/* Splits the next command off *rest into *argv (an array that grows, *cap elements; free with
 * mem_free); a change of database becomes SELECT and its number. argv is borrowed from *rest.
 * False when *rest does not begin with a command. */
bool effects_next(struct slice *rest, struct slice **argv, uint32_t *cap, uint32_t *argc);

#endif
