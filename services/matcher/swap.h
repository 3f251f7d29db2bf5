/* swap: which rides should exchange their drivers before pickup.
 *
 * Why: a pairing is made with what is known at that moment. A minute later another ride has come
 * in or another driver has become free, and two riders may both be better off with the other's
 * driver. On recorded demand exchanging is worth more than any waiting for larger rounds.
 *
 * How: the rides that may change, and their drivers (and free ones, if any are named), are one
 * assignment problem in which no ride goes without. The difference between its answer and the
 * present pairing falls into separate chains and rings of exchanges; each is worth doing by
 * itself or not at all, and one that saves less than save_ms is left undone.
 *
 * Invariants:  no driver has two rides; a ride near its pickup, or exchanged often enough, keeps
 *              its driver; each ring done saves save_ms or more.
 * Cost:        assign_solve's.
 * Pure:        no I/O, no clock.
 */
#ifndef HANSOM_MATCHER_SWAP_H
#define HANSOM_MATCHER_SWAP_H

#include "services/matcher/assign.h"

struct swap_ride {
    const struct assign_arc *arcs; /* borrowed; what other drivers would take to the pickup */
    uint32_t count;
    uint32_t driver; /* whom it has now */
    int64_t left_ms; /* what he still takes to the pickup */
    uint32_t swaps;  /* exchanges it has been through */
};

struct swap_rules {
    int64_t near_ms;    /* a ride as near its pickup as this keeps its driver */
    int64_t save_ms;    /* least saving of a ring, in sum */
    int64_t change_ms;  /* what each change must be worth: keeps rings short */
    uint32_t swaps_max; /* exchanges a ride may go through */
};

/* Writes each ride's driver, the present one where nothing changes, to driver_of, and returns how
 * many rides change theirs. Drivers are numbered 0..drivers-1; one that no ride has is free. When
 * steps_max arcs are not enough, nothing changes. */
uint32_t swap_plan(const struct swap_ride *rides, uint32_t ride_count, uint32_t drivers,
                   const struct swap_rules *rules, uint64_t steps_max, struct arena *arena,
                   uint32_t *driver_of);

/* Stops the process unless driver_of keeps the invariants above. */
void swap_check(const struct swap_ride *rides, uint32_t ride_count, uint32_t drivers,
                const struct swap_rules *rules, const uint32_t *driver_of);

#endif
