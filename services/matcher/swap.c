#include "swap.h"

#include "base/mem.h"
#include "base/must.h"

/* Dearer than any chain of exchanges, so that no ride is left without. */
#define NONE_MS ASSIGN_COST_MS_MAX

static bool may_change(const struct swap_ride *r, const struct swap_rules *rules)
{
    return r->left_ms > rules->near_ms && r->swaps < rules->swaps_max;
}

/* Who has each driver now; a driver of two rides is a bug. */
static void holders(const struct swap_ride *rides, uint32_t ride_count, uint32_t drivers,
                    uint32_t *ride_of)
{
    for (uint32_t d = 0; d < drivers; d++) {
        ride_of[d] = ASSIGN_NOBODY;
    }
    for (uint32_t i = 0; i < ride_count; i++) {
        must(rides[i].driver < drivers);
        must(ride_of[rides[i].driver] == ASSIGN_NOBODY);
        ride_of[rides[i].driver] = i;
    }
}

static int64_t cost_with(const struct swap_ride *r, uint32_t driver)
{
    if (driver == r->driver) return r->left_ms;
    int64_t least = INT64_MAX;
    for (uint32_t k = 0; k < r->count; k++) {
        if (r->arcs[k].driver == driver && r->arcs[k].cost_ms < least) least = r->arcs[k].cost_ms;
    }
    must(least != INT64_MAX);
    return least;
}

/* The ring a ride is in, by its first ride: a forest of rides, flattened as it is climbed. */
static uint32_t ring_of(uint32_t *ring, uint32_t i)
{
    while (ring[i] != i) {
        ring[i] = ring[ring[i]];
        i = ring[i];
    }
    return i;
}

/* Joins each ride with the one whose driver it takes, and sums what each ring saves. */
static void sum_rings(const struct swap_ride *rides, uint32_t ride_count, const uint32_t *ride_of,
                      const uint32_t *driver_of, uint32_t *ring, int64_t *saves_ms)
{
    for (uint32_t i = 0; i < ride_count; i++) {
        ring[i] = i;
    }
    for (uint32_t i = 0; i < ride_count; i++) {
        uint32_t from = ride_of[driver_of[i]];
        if (from != ASSIGN_NOBODY) ring[ring_of(ring, i)] = ring_of(ring, from);
    }
    for (uint32_t i = 0; i < ride_count; i++) {
        saves_ms[ring_of(ring, i)] += rides[i].left_ms - cost_with(&rides[i], driver_of[i]);
    }
}

/* The arcs of one ride in the problem: its own driver, and those whose ride may change too. */
static void open_arcs(const struct swap_ride *rides, uint32_t i, const struct swap_rules *rules,
                      const uint32_t *ride_of, struct arena *arena, struct assign_ride *out)
{
    const struct swap_ride *r = &rides[i];
    struct assign_arc *arcs = arena_array(arena, (size_t)r->count + 1, struct assign_arc);
    uint32_t n = 0;
    arcs[n++] = (struct assign_arc){r->driver, r->left_ms};
    for (uint32_t k = 0; may_change(r, rules) && k < r->count; k++) {
        uint32_t holder = ride_of[r->arcs[k].driver];
        if (holder == i) continue;
        if (holder != ASSIGN_NOBODY && !may_change(&rides[holder], rules)) continue;
        arcs[n++] = (struct assign_arc){r->arcs[k].driver, r->arcs[k].cost_ms + rules->change_ms};
    }
    *out = (struct assign_ride){arcs, n, NONE_MS};
}

uint32_t swap_plan(const struct swap_ride *rides, uint32_t ride_count, uint32_t drivers,
                   const struct swap_rules *rules, uint64_t steps_max, struct arena *arena,
                   uint32_t *driver_of)
{
    uint32_t *ride_of = arena_array(arena, drivers, uint32_t);
    struct assign_ride *rows = arena_array(arena, ride_count, struct assign_ride);
    holders(rides, ride_count, drivers, ride_of);
    for (uint32_t i = 0; i < ride_count; i++) {
        driver_of[i] = rides[i].driver;
        open_arcs(rides, i, rules, ride_of, arena, &rows[i]);
    }

    struct assign_answer answer;
    assign_solve(&(struct assign_problem){rows, ride_count, drivers}, steps_max, arena, &answer);
    if (!answer.exact) return 0;
    must(answer.matched == ride_count);

    uint32_t *ring = arena_array(arena, ride_count, uint32_t);
    int64_t *saves_ms = arena_array(arena, ride_count, int64_t);
    sum_rings(rides, ride_count, ride_of, answer.driver_of, ring, saves_ms);
    uint32_t changed = 0;
    for (uint32_t i = 0; i < ride_count; i++) {
        if (answer.driver_of[i] == rides[i].driver) continue;
        if (saves_ms[ring_of(ring, i)] < rules->save_ms) continue;
        driver_of[i] = answer.driver_of[i];
        changed++;
    }
    return changed;
}

void swap_check(const struct swap_ride *rides, uint32_t ride_count, uint32_t drivers,
                const struct swap_rules *rules, const uint32_t *driver_of)
{
    uint32_t *ride_of = mem_array(drivers, uint32_t);
    uint32_t *ring = mem_array(ride_count, uint32_t);
    int64_t *saves_ms = mem_array(ride_count, int64_t);
    bool *taken = mem_array(drivers, bool);
    holders(rides, ride_count, drivers, ride_of);
    sum_rings(rides, ride_count, ride_of, driver_of, ring, saves_ms);
    for (uint32_t i = 0; i < ride_count; i++) {
        must(!taken[driver_of[i]]);
        taken[driver_of[i]] = true;
        if (driver_of[i] == rides[i].driver) continue;
        must(may_change(&rides[i], rules));
        must(saves_ms[ring_of(ring, i)] >= rules->save_ms);
    }
    mem_free(taken);
    mem_free(saves_ms);
    mem_free(ring);
    mem_free(ride_of);
}
