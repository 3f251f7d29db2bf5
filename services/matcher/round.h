/* round: decides one batch of entries of a region, from the stream to committed offers.
 *
 *   LOAD (rides their entries do not tell of) -> SEARCH (wider while drivers are too few)
 *        -> PROFILE (of candidates for rides with constraints; when those on a trip are free)
 *        -> SOLVE (plan.h) -> COMMIT (offer, assign or defer; a refused driver is replaced) -> done
 *
 * A ride alone is a search and a commit: two round trips. Of two rounds under way, neither plans with a
 * driver the other has chosen; that the store refuses a driver twice is what safety rests on.
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
