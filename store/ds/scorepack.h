/* scorepack: a small sorted set in one pack: name, score, name, score, in order of (score, name).
 *
 * Why: most sorted sets hold a few members. Nodes and a table for them would take several times
 * the bytes of the names, and one block of a kilobyte or two is searched as fast from end to end.
 *
 * Layout:      a whole score is an integer of the pack; any other is 9 bytes, a zero and the
 *              double as it lies in memory, which no integer can be.
 * Invariants:  members strictly increase by (score, name); no score is NaN.
 * Cost:        all is O(n), so the owner keeps it at SCOREPACK_MAX members or so.
 * Owner:       as of a pack; zeroed memory is an empty one.
 */
#ifndef HANSOM_STORE_DS_SCOREPACK_H
#define HANSOM_STORE_DS_SCOREPACK_H

#include "store/ds/pack.h"

enum { SCOREPACK_MAX = 128, SCOREPACK_NAME_MAX = 64 }; /* more, or a longer name, go elsewhere */

/* What is called with a member of a sorted set; name holds for this call. Gives false to stop. */
typedef bool (*scored_fn)(struct slice name, double score, void *data);

uint32_t scorepack_count(const struct pack *k);

/* False if name is not in. *at is its position, good until the next change. */
bool scorepack_find(const struct pack *k, struct slice name, uint32_t *at);

double scorepack_score(const struct pack *k, uint32_t at);

/* Adds a name of at most SCOREPACK_NAME_MAX bytes, which is not in. */
void scorepack_add(struct pack *k, struct slice name, double score);

/* Gives the member at `at` another score. */
void scorepack_set(struct pack *k, uint32_t at, double score);

void scorepack_del(struct pack *k, uint32_t at);

/* Deletes n members from rank `from` on; they must exist. */
void scorepack_del_range(struct pack *k, uint32_t from, uint32_t n);

/* How many members stand in front of the one at `at`. */
uint32_t scorepack_rank(const struct pack *k, uint32_t at);

/* How many have a score < score, or <= score with or_equal. */
uint32_t scorepack_below(const struct pack *k, double score, bool or_equal);

/* How many have a name < name, or <= name, if all scores are equal; else some number of them. */
uint32_t scorepack_below_name(const struct pack *k, struct slice name, bool or_equal);

/* Calls fn for up to n members from rank `from` on, upwards, or downwards with reverse. The pack
 * must not change meanwhile. */
void scorepack_each(const struct pack *k, uint32_t from, uint32_t n, bool reverse, scored_fn fn,
                    void *data);

/* Aborts when an invariant does not hold. For tests. */
void scorepack_check(const struct pack *k);

#endif
