/* ahead: fetches into the cache what the commands of a batch will look at.
 *
 * Why: with a million drivers a GEOADD waits for memory six times in a row: bucket, member,
 * cell, the cell it moves to, and the member that takes its place. The waits of different
 * commands can overlap, so each step is taken for all commands of a batch before the next one
 * is. What must be computed for that (hashes, the score of a place) is handed to the command in
 * engine->known, so it is not computed twice.
 *
 * Of commands on single members of sorted sets and geo (the last argument is the member) the
 * member is fetched; of the others the key's bucket, entry, value and what that points at. A wrong
 * guess costs a fetch.
 * Owner: the caller; nothing may run between the first ahead_start and ahead_finish.
 */
#ifndef HANSOM_STORE_CMD_AHEAD_H
#define HANSOM_STORE_CMD_AHEAD_H

#include "store/engine/session.h"
#include "store/type/zset.h"

enum { AHEAD_STEPS = ZSET_AHEAD_STEPS };

struct ahead {
    struct known known;
    struct zset_ahead member; /* z is NULL: not about a member of a sorted set */
    const struct dict *keys;  /* of the command's database */
    bool by_key;              /* the key itself is looked for */
};

/* Step 0 for one command; `before` is the one in front of it in the batch, or NULL: mostly they
 * are about the same key. */
void ahead_start(struct ahead *a, const struct ahead *before, struct session *s,
                 const struct slice *argv, uint32_t argc);

/* The further steps for n commands, each for all of them before the next. */
void ahead_finish(struct ahead *all, uint32_t n);

#endif
