/* georanges: the score ranges that cover a shape, in the order in which Redis looks at them.
 *
 * Why: a search without COUNT (or with ANY) replies in the order of Redis's walk: the square
 * that holds the middle, then its neighbours N, S, E, W, NE, NW, SE, SW, each by score. Going
 * the same way gives the same reply, also where Redis's squares leave out something far away.
 */
#ifndef HANSOM_STORE_DS_GEORANGES_H
#define HANSOM_STORE_DS_GEORANGES_H

#include "store/ds/geosearch.h"

struct geo_range {
    uint64_t min; /* first score */
    uint64_t max; /* behind the last one */
};

enum { GEO_RANGES = 9 };

/* Writes the ranges of s and returns how many there are. */
uint32_t georanges(const struct geo_shape *s, struct geo_range out[static GEO_RANGES]);

#endif
