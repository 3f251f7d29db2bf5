/* plan: who drives whom in one window, and what deciding it together was worth.
 *
 * Why: one place for what a pairing costs, so that the running matcher and the replay of recorded
 * demand (bench/dispatch) think the same.
 *
 * Costs:  a pair costs the driver's way to the pickup, less a little of how long he has stood idle
 *         (fairness to drivers; it settles near ties only). A ride that stays without costs more
 *         than any way, and the more the longer its rider has waited and the more drivers have
 *         passed it over (fairness to riders). A way longer than reach_ms is not driven at all: a
 *         driver sent far is missing where he came from.
 * Pure:   no I/O, no clock; the same window always gives the same answer.
 */
#ifndef HANSOM_MATCHER_PLAN_H
#define HANSOM_MATCHER_PLAN_H

#include "services/matcher/assign.h"

enum { PLAN_NOBODY = ASSIGN_NOBODY };

struct plan_ride {
    const struct assign_arc *ways; /* borrowed; cost_ms is the pickup time, unweighted */
    uint32_t count;
    int64_t waited_ms; /* since its rider asked */
    uint32_t passed;   /* drivers who had it offered and did not take it */
};

struct plan_window {
    const struct plan_ride *rides; /* borrowed for the call */
    uint32_t ride_count;
    const int64_t *idle_ms; /* a driver's time without a ride; borrowed; NULL: not known */
    uint32_t drivers;
};

struct plan_rules {
    int64_t reach_ms;   /* longest way to a pickup */
    uint64_t steps_max; /* what the solver may look at before the greedy answer is taken */
};

/* Both answers at one price: the ways to the pickups, and PLAN_LEFT_MS for each ride left out. */
#define PLAN_LEFT_MS INT64_C(600000)

struct plan_answer {
    uint32_t *driver_of; /* a ride's driver or PLAN_NOBODY; in the arena */
    uint32_t matched;
    uint64_t arcs;     /* pairs considered */
    uint64_t steps;    /* looked at by the solver */
    bool exact;        /* false: the budget was spent, and the answer is the greedy one */
    int64_t price_ms;  /* of this answer */
    int64_t greedy_ms; /* of nearest pair first, in the same window */
};

/* Decides a window; scratch memory and the answer are in the arena. */
void plan_solve(const struct plan_window *w, const struct plan_rules *rules, struct arena *arena,
                struct plan_answer *out);

/* How long to gather rides before deciding, 0 to max_ms. Waiting pays only where rides compete for
 * drivers: nothing while there are two idle drivers or more to a waiting ride, all of it when
 * there is none. */
int64_t plan_gather_ms(uint32_t waiting, uint32_t idle, int64_t max_ms);

#endif
