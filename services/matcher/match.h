/* match: who drives whom, decided for all rides of one round at once.
 *
 * Why: taking rides one by one gives an early ride the only driver of a later one. Looking at
 * every (ride, driver) pair of the round and taking the nearest pair first is cheap and already
 * better; the pairs are sparse, since each ride names its few nearest drivers only.
 *
 * Layout:  drivers are numbered 0..drivers-1 within the round; each ride lists candidates.
 * Cost:    O(p log p) for p pairs (at most 256 rides x 64 candidates).
 * Pure:    no I/O, no clock; ties are settled by longer waiting, then by input order, so that
 *          the same round always gives the same answer.
 */
#ifndef HANSOM_MATCHER_MATCH_H
#define HANSOM_MATCHER_MATCH_H

#include "base/arena.h"

enum { MATCH_NOBODY = UINT32_MAX };

struct match_candidate {
    uint32_t driver; /* number within the round */
    double pickup_eta_s;
};

struct match_ride {
    const struct match_candidate *candidates; /* borrowed for the call */
    uint32_t count;
    int64_t waited_ms; /* since the ride was asked for */
};

/* Gives each ride a driver or MATCH_NOBODY in driver_of[ride]; no driver is given twice.
 * Scratch memory comes from the arena. Returns how many rides got a driver. */
uint32_t match_nearest_pairs(const struct match_ride *rides, uint32_t ride_count, uint32_t drivers,
                             struct arena *arena, uint32_t *driver_of);

#endif
