#include "radius.h"

#include <math.h>

/* A circle with 1.6 times the radius holds 2.5 times as many drivers: enough for most of the cell. */
#define ROOM 1.6
#define GROW 1.5 /* what a circle with too few of them grows by */

static uint32_t place_of(struct radius_at at)
{
    uint64_t cell = geohash_encode(at.pickup) >> (52 - 26);
    uint64_t mixed = (cell << 6 | (at.product & 63)) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 54);
}

_Static_assert(RADIUS_PLACES == 1 << (64 - 54), "a place is the top bits of the product");

double radius_first(const struct radius *r, struct radius_at at, double unknown_m, double max_m)
{
    double m = r->m[place_of(at)];
    return fmin(m > 0 ? m : unknown_m, max_m);
}

void radius_learn(struct radius *r, struct radius_at at, double radius_m, uint32_t asked,
                  uint32_t found, double far_m)
{
    double m = found >= asked ? far_m * ROOM : radius_m * GROW;
    r->m[place_of(at)] = fmax(m, RADIUS_MIN_M);
}
