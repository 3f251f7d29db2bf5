/* geosearch: what lies near a place.
 *
 * Why: the answer must be Redis's to the last digit, and Redis computes a haversine for
 * everything in reach. Here a lower bound of the distance, two multiplications on the grid
 * coordinates, rules out cells and members first; the exact distance is computed only for what
 * may be a hit. With a limit of k the reach shrinks to the k-th best found so far, so cost
 * follows k and not the density of drivers.
 *
 * The bound: with t and s the differences of latitude and longitude,
 *     d = 2R asin sqrt(sin²(t/2) + cos·cos sin²(s/2)) >= R sqrt(f t² + f c s²),
 * where c is the least product of the two cosines within reach and f the least of
 * (sin(x/2) / (x/2))² for the differences within reach. One grid step is taken off each
 * difference, because members stand in the middle of their square.
 *
 * Unlike Redis, geosearch_nearest also finds what lies beyond Redis's nine squares (near the
 * poles, or thousands of kilometres away), and breaks ties by score and name.
 */
#ifndef HANSOM_STORE_DS_GEOSEARCH_H
#define HANSOM_STORE_DS_GEOSEARCH_H

#include "base/arena.h"
#include "base/geohash.h"
#include "store/ds/geocells.h"

struct geo_shape {
    struct geo_point at;
    bool box;
    double radius_m;          /* of a circle */
    double width_m, height_m; /* of a box */
};

struct geo_hit {
    struct member *member;
    uint64_t score;
    double dist_m;
};

/* A growing array of hits; its memory is the arena's. */
struct geo_hits {
    struct arena *arena; /* borrowed */
    struct geo_hit *v;
    uint32_t n;
    uint32_t cap;
};

/* Whether p lies in the shape, by Redis's arithmetic; *dist_m (from the middle) only then. */
bool geo_shape_has(const struct geo_shape *s, struct geo_point p, double *dist_m);

void geo_hits_add(struct geo_hits *hits, struct geo_hit hit);

/* The k nearest members within s, nearest first; of equal ones the least (score, name). */
void geosearch_nearest(const struct geocells *g, const struct geo_shape *s, uint32_t k,
                       struct geo_hits *hits);

/* All members within s with min <= score < max, by (score, name), until there are `limit`. */
void geosearch_walk(const struct geocells *g, const struct geo_shape *s, uint64_t min, uint64_t max,
                    uint32_t limit, struct geo_hits *hits);

#endif
