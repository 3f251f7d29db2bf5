/* round: decides one batch of entries of a region, from the stream to committed offers.
 *
 *   LOAD (the rides) -> SEARCH (1, 2, 4, 8 km) -> PROFILE (of those with constraints)
 *        -> SOLVE (plan.h) -> COMMIT (offer, assign or defer; a refused driver is replaced) -> done
 *
 * Each phase sends what it has at once and goes on when the last answer is in. What does not work
 * (no answer, an error) leaves its entry pending, for the next claim. A large window is solved by
 * a worker thread, which has the round's arena to itself meanwhile; a small one is solved before
 * a worker would have woken.
 *
 * Owner: the round owns its entries and frees itself after work_round_done.
 */
#ifndef HANSOM_MATCHER_ROUND_H
#define HANSOM_MATCHER_ROUND_H

#include "services/matcher/work.h"

/* Takes all entries of the list (at least one) and starts. */
void round_start(struct work *w, struct list *entries);

#endif
