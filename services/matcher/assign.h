/* assign: the cheapest pairing of rides and drivers, proven so.
 *
 * Why: nearest pair first leaves the last rides of a round with the far drivers. This solver
 * looks at the whole round: the sum of all costs is least, where a ride may also stay without
 * a driver at a cost of its own.
 *
 * From: shortest augmenting paths with column prices (Jonker and Volgenant, 1987), on a sparse
 *       graph: each ride names a few drivers only. Rides come in one by one; each takes the
 *       cheapest chain of changes that ends at a free driver or leaves one ride without.
 *
 * Invariants:  a price is <= 0, and 0 while its driver is free. With worth(ride) the least of
 *              none_ms and cost - price over its arcs, each ride has a pairing of just its worth.
 *              By duality no pairing is cheaper than the sum of worths and prices: assign_check.
 * Cost:        O(rides * (arcs + drivers log drivers)) at worst, a few arcs a ride when drivers
 *              are plenty. Costs are whole numbers, so that the proof is exact.
 * Pure:        no I/O, no clock; the same problem always gives the same answer.
 */
#ifndef HANSOM_MATCHER_ASSIGN_H
#define HANSOM_MATCHER_ASSIGN_H

#include "base/arena.h"

enum { ASSIGN_NOBODY = UINT32_MAX };
#define ASSIGN_COST_MS_MAX (INT64_C(1) << 40) /* of either sign */

struct assign_arc {
    uint32_t driver; /* number within the problem */
    int64_t cost_ms;
};

struct assign_ride {
    const struct assign_arc *arcs; /* borrowed for the call */
    uint32_t count;
    int64_t none_ms; /* what it costs to leave this ride without a driver */
};

struct assign_problem {
    const struct assign_ride *rides; /* borrowed for the call */
    uint32_t ride_count;
    uint32_t drivers;
};

struct assign_answer {
    uint32_t *driver_of; /* a ride's driver or ASSIGN_NOBODY; in the arena */
    int64_t *price_ms;   /* a driver's price, the proof; in the arena, NULL unless exact */
    int64_t cost_ms;     /* the sum, rides without a driver included */
    uint32_t matched;
    uint64_t steps; /* arcs looked at */
    bool exact;     /* false when the budget ran out and the answer is assign_greedy's */
};

/* The cheapest answer within steps_max arcs looked at, else the greedy one. */
void assign_solve(const struct assign_problem *p, uint64_t steps_max, struct arena *arena,
                  struct assign_answer *out);

/* Cheapest pair first, never one that costs more than leaving the ride without. */
void assign_greedy(const struct assign_problem *p, struct arena *arena, struct assign_answer *out);

/* Stops the process unless the answer is a pairing of this problem with this cost and, where it
 * claims to be exact, its prices prove that none is cheaper. */
void assign_check(const struct assign_problem *p, const struct assign_answer *a);

#endif
