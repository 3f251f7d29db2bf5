/* ping_batch: gathers the newest fix of each driver, and lets them go a batch at a time.
 *
 * Why: the next batch leaves when the last one is acknowledged (natural batching). An idle system
 * waits for nobody; a busy one sends few large commands. No timer is involved.
 *
 *     put -> filling --take--> flying --landed--> (gone)
 *               ^                 while one batch flies, the next one fills
 *
 * Invariants:  a driver stands in the filling batch at most once, with his newest fix;
 *              at most one batch flies; a batch's number is that of no other.
 * Cost:        put is O(1); memory is two entries a driver at most. No allocation when warm.
 * Owner:       the slots live in the drivers' states and are pinned while `queued` or `flying`.
 */
#ifndef HANSOM_KIT_CORE_PING_BATCH_H
#define HANSOM_KIT_CORE_PING_BATCH_H

#include "services/kit/core/ping_filter.h"

#include <stddef.h>

/* A driver's place; embedded in his state. Zeroed to start. */
struct ping_slot {
    struct ping newest;
    int64_t heard_ms; /* when the newest one came in, by our clock */
    bool queued;      /* in the filling batch */
    bool flying;      /* in the batch that was taken */
};

struct ping_flying {
    struct ping_slot *slot; /* borrowed: pinned */
    struct ping ping;
    int64_t heard_ms;
};

struct ping_batch {
    struct ping_slot **filling; /* owned array of borrowed slots */
    size_t count, cap;
    struct ping_flying *flight; /* owned */
    size_t flight_count, flight_cap;
    uint64_t number; /* of the filling batch; starts at 0 */
    bool busy;       /* a batch flies */
};

/* Puts a fix in the filling batch; a newer one of the same driver replaces it, an older one is
 * dropped. Returns the number of the batch it leaves with. */
uint64_t ping_batch_put(struct ping_batch *b, struct ping_slot *slot, struct ping p,
                        int64_t heard_ms);

/* Starts the filling batch's flight: its entries, borrowed until ping_batch_landed, and its
 * number. 0 when there is nothing to send or a batch flies already. */
size_t ping_batch_take(struct ping_batch *b, const struct ping_flying **entries, uint64_t *number);

/* Ends the flight; a batch must fly. */
void ping_batch_landed(struct ping_batch *b);

void ping_batch_fini(struct ping_batch *b);

#endif
