/* ahead: fetches into the cache what the commands of a batch will look at.
 *
 * Why: with a million drivers a GEOADD waits for memory four times in a row: bucket, member,
 * cell, and the cell it moves to. The waits of different commands can overlap, so each step is
 * taken for all commands of a pipeline before the next one is: a move costs a third less.
 *
 * Of commands on single members of sorted sets and geo (the last argument is the member) the
 * member is fetched; of the others the key's bucket, entry and value. A wrong guess costs a
 * fetch.
 * Owner: the caller; nothing may run between ahead_start and the last ahead_next.
 */
#ifndef HANSOM_STORE_CMD_AHEAD_H
#define HANSOM_STORE_CMD_AHEAD_H

#include "store/engine/session.h"

enum { AHEAD_STEPS = 3 };

struct ahead {
    const struct value *value; /* a sorted set, whose member is looked for */
    const struct dict *keys;   /* else: where the key itself is looked for; NULL: nothing */
    uint64_t hash;             /* of the member or key */
    struct slice key;          /* of value */
};

/* Step 0 for one command; `before` is the one in front of it in the batch, or NULL: mostly they
 * are about the same key. */
void ahead_start(struct ahead *a, const struct ahead *before, struct session *s,
                 const struct slice *argv, uint32_t argc);

/* Steps 1 and 2. */
void ahead_next(const struct ahead *a, uint32_t step);

#endif
