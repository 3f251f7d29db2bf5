#include "match.h"

#include "base/must.h"

#include <stdlib.h>

struct pair {
    double eta_s;
    int64_t waited_ms;
    uint32_t ride;
    uint32_t driver;
};

static int pair_order(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->eta_s != y->eta_s) return x->eta_s < y->eta_s ? -1 : 1;
    if (x->waited_ms != y->waited_ms) return x->waited_ms > y->waited_ms ? -1 : 1;
    if (x->ride != y->ride) return x->ride < y->ride ? -1 : 1;
    return (x->driver > y->driver) - (x->driver < y->driver);
}

uint32_t match_nearest_pairs(const struct match_ride *rides, uint32_t ride_count, uint32_t drivers,
                             struct arena *arena, uint32_t *driver_of)
{
    size_t total = 0;
    for (uint32_t i = 0; i < ride_count; i++) {
        total += rides[i].count;
        driver_of[i] = MATCH_NOBODY;
    }
    if (total == 0) return 0;

    struct pair *pairs = arena_array(arena, total, struct pair);
    size_t n = 0;
    for (uint32_t i = 0; i < ride_count; i++) {
        for (uint32_t k = 0; k < rides[i].count; k++) {
            const struct match_candidate *c = &rides[i].candidates[k];
            must(c->driver < drivers);
            pairs[n++] = (struct pair){c->pickup_eta_s, rides[i].waited_ms, i, c->driver};
        }
    }
    qsort(pairs, n, sizeof *pairs, pair_order);

    bool *taken = arena_array(arena, drivers, bool);
    uint32_t matched = 0;
    for (size_t i = 0; i < n && matched < ride_count; i++) {
        if (taken[pairs[i].driver] || driver_of[pairs[i].ride] != MATCH_NOBODY) continue;
        taken[pairs[i].driver] = true;
        driver_of[pairs[i].ride] = pairs[i].driver;
        matched++;
    }
    return matched;
}
