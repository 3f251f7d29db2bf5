/* pick: which elements HRANDFIELD, SRANDMEMBER and SPOP choose. */
#ifndef HANSOM_STORE_CMD_PICK_H
#define HANSOM_STORE_CMD_PICK_H

#include "base/rng.h"

enum { REPEATS_MAX = 1 << 24 }; /* members of one reply that may come more than once */

#include <stdbool.h>

/* Draws `want` of `total` elements while going through all of them once: says for each in turn
 * whether it is in; each subset is equally likely. Start with {want, total}. */
struct pick {
    uint64_t want, left;
};

static inline bool pick_next(struct pick *p, struct rng *rng)
{
    bool in = p->want > 0 && rng_below(rng, p->left) < p->want;
    p->left--;
    if (in) p->want--;
    return in;
}

#endif
