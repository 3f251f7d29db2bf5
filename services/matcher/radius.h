/* radius: how far to look for a ride's drivers at first.
 *
 * Why: too small a circle costs another round trip, too large a one makes the store look at drivers
 * nobody needs. How dense drivers are changes slowly from place to place and from minute to
 * minute, so the last search nearby is the best guess.
 *
 * How: a fixed table of the radius that would have held all drivers asked for, by a hash of product
 * and cell (26 bits of the geohash, about 5 x 2.5 km). Two cells that share a place spoil each
 * other's guess and nothing else: whoever finds too few widens the circle.
 *
 * Cost: O(1); 8 kB.
 * Pure: no I/O, no clock. Owner: whoever embeds it; zeroed, it knows nothing.
 */
#ifndef HANSOM_MATCHER_RADIUS_H
#define HANSOM_MATCHER_RADIUS_H

#include "base/geohash.h"

enum { RADIUS_PLACES = 1024 };
#define RADIUS_MIN_M 200.0

struct radius {
    double m[RADIUS_PLACES]; /* 0: nothing known */
};

/* The product's number is any below 64. */
struct radius_at {
    struct geo_point pickup;
    uint32_t product;
};

/* RADIUS_MIN_M or more; `unknown` where nothing was looked for yet; never over max_m. */
double radius_first(const struct radius *r, struct radius_at at, double unknown_m, double max_m);

/* What a search for `asked` drivers within radius_m found; far_m is how far the last one was. */
void radius_learn(struct radius *r, struct radius_at at, double radius_m, uint32_t asked,
                  uint32_t found, double far_m);

#endif
