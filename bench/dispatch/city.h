/* city: recorded rides met by a fleet under one way of dispatching, on a virtual clock.
 *
 * Why: whether a way of matching is better shows only over hours, since a driver sent far is
 * missing elsewhere afterwards. The thinking is the matcher's own: plan.c, assign.c, swap.c.
 *
 * Rules: a rider without a driver gives up after a patience drawn from an exponential; one with
 *        a driver waits for him. Drivers take every ride they are given, drive 7 m/s along
 *        streets 1.3 times the straight line, are never sent over the cap, and stay where their
 *        last rider got off. The same demand and seed always give the same outcome.
 */
#ifndef HANSOM_BENCH_DISPATCH_CITY_H
#define HANSOM_BENCH_DISPATCH_CITY_H

#include "sim/demand.h"

enum city_way {
    CITY_FIRST_COME,   /* each ride at once to the nearest driver; who waits longest goes first */
    CITY_NEAREST_PAIR, /* assign_greedy each window */
    CITY_LEAST_COST,   /* plan_solve each window */
    CITY_MATCHER,      /* the same as the running matcher does: a window opens when a ride comes in
                          or looks again, and gathers for plan_gather_ms; swaps every 2 s */
};

struct city_policy {
    const char *name;
    enum city_way way;
    int64_t window_ms;  /* of CITY_MATCHER: the longest */
    bool swaps;         /* swap_plan after each window */
    uint32_t swaps_max; /* a ride */
    int64_t change_ms;  /* swap_rules.change_ms */
    bool spares;        /* free drivers may step into a ride too */
    int64_t soon_ms;    /* cars that are free within so long are candidates too; 0: none */
    int64_t reach_ms;   /* longer ways to a pickup are not driven; 0: as far as the cap */
};

struct city_outcome {
    size_t asked;
    size_t served;
    double wait_s; /* mean, from asking to pickup */
    double wait_p50_s;
    double wait_p95_s;
    double pickup_s; /* mean, from the first driver given to pickup */
    double pickup_p50_s;
    double pickup_p95_s;
    double swaps;        /* a served ride */
    double idle_gini;    /* of the drivers' time without a ride: 0 all alike, 1 one has it all */
    double solve_p99_ms; /* of the matching in each window that had rides, wall time */
};

/* Plays the demand, which has an order, until everyone is met or has given up. */
void city_run(const struct demand *d, const struct city_policy *policy, uint64_t seed,
              struct city_outcome *out);

#endif
