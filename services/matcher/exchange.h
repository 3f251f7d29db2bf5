/* exchange: drivers on their way take each other's rides where that pays, as one matcher's chore.
 *
 *   every 2 s (swap-every), while this matcher leads the region's exchanges:
 *   GEOPOS of the drivers on the board -> swap_plan, in a worker -> ride_swap for each ring -> done
 *
 * Why: a pairing was made with what was known then; swap.h says more. Rides of products with
 * "swaps" in regions.json take part, at most EXCHANGE_RIDES_MAX at once, each among its product's.
 * One matcher plans for the region, which saves work; two would do no harm, since the store
 * checks every version and lease and exchanges a whole ring or nothing.
 *
 * Owner: exchange_new to exchange_close. Loop thread only.
 */
#ifndef HANSOM_MATCHER_EXCHANGE_H
#define HANSOM_MATCHER_EXCHANGE_H

#include "services/matcher/follow.h"

enum { EXCHANGE_RIDES_MAX = 512 };

struct exchange;

/* The board and who follows it are borrowed until the closing is done. */
struct exchange *exchange_new(struct matcher *m, struct slice region, struct board *board,
                              const struct follow *follow);

/* No further round begins. */
void exchange_drain(struct exchange *x);

/* Ends; fn runs when nothing uses the board any more. */
void exchange_close(struct exchange *x, void (*fn)(void *data), void *data);

#endif
