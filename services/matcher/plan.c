#include "plan.h"

#include "base/must.h"

enum {
    NONE_MS = 2 * 3600 * 1000, /* dearer than any way: as many rides as can be get a driver */
    WAIT_MS_MAX = 600 * 1000,  /* of waiting that counts */
    WAIT_WEIGHT = 2,           /* ms of cost a ms waited */
    PASSED_MS = 30 * 1000,     /* being passed over once is like having waited so much longer */
    IDLE_SHARE = 64,           /* ms idle that are worth one ms of the way */
    IDLE_MS_MAX = 8 * 1000,    /* the most that being idle is worth */
};

static int64_t left_out_ms(const struct plan_ride *r)
{
    int64_t waited_ms = (r->waited_ms > 0 ? r->waited_ms : 0) + (int64_t)r->passed * PASSED_MS;
    return NONE_MS + (waited_ms < WAIT_MS_MAX ? waited_ms : WAIT_MS_MAX) * WAIT_WEIGHT;
}

static int64_t idle_bonus_ms(const struct plan_window *w, uint32_t driver)
{
    if (w->idle_ms == NULL || w->idle_ms[driver] <= 0) return 0;
    int64_t ms = w->idle_ms[driver] / IDLE_SHARE;
    return ms < IDLE_MS_MAX ? ms : IDLE_MS_MAX;
}

/* The ride's ways within reach, at what they cost. */
static struct assign_ride row_of(const struct plan_window *w, const struct plan_ride *r,
                                 const struct plan_rules *rules, struct arena *arena)
{
    struct assign_arc *arcs = arena_array(arena, r->count, struct assign_arc);
    uint32_t n = 0;
    for (uint32_t k = 0; k < r->count; k++) {
        must(r->ways[k].driver < w->drivers);
        if (r->ways[k].cost_ms > rules->reach_ms) continue;
        arcs[n] = r->ways[k];
        arcs[n++].cost_ms -= idle_bonus_ms(w, r->ways[k].driver);
    }
    return (struct assign_ride){arcs, n, left_out_ms(r)};
}

static int64_t way_ms(const struct plan_ride *r, uint32_t driver)
{
    int64_t least = INT64_MAX;
    for (uint32_t k = 0; k < r->count; k++) {
        if (r->ways[k].driver == driver && r->ways[k].cost_ms < least) least = r->ways[k].cost_ms;
    }
    must(least != INT64_MAX);
    return least;
}

static int64_t price_of(const struct plan_window *w, const uint32_t *driver_of)
{
    int64_t price_ms = 0;
    for (uint32_t i = 0; i < w->ride_count; i++) {
        price_ms += driver_of[i] == PLAN_NOBODY ? PLAN_LEFT_MS : way_ms(&w->rides[i], driver_of[i]);
    }
    return price_ms;
}

void plan_solve(const struct plan_window *w, const struct plan_rules *rules, struct arena *arena,
                struct plan_answer *out)
{
    struct assign_ride *rows = arena_array(arena, w->ride_count, struct assign_ride);
    *out = (struct plan_answer){0};
    for (uint32_t i = 0; i < w->ride_count; i++) {
        rows[i] = row_of(w, &w->rides[i], rules, arena);
        out->arcs += rows[i].count;
    }
    const struct assign_problem p = {rows, w->ride_count, w->drivers};
    struct assign_answer greedy;
    struct assign_answer best;
    assign_greedy(&p, arena, &greedy);
    assign_solve(&p, rules->steps_max, arena, &best);
    out->driver_of = best.driver_of;
    out->matched = best.matched;
    out->steps = best.steps;
    out->exact = best.exact;
    out->price_ms = price_of(w, best.driver_of);
    out->greedy_ms = price_of(w, greedy.driver_of);
}

int64_t plan_gather_ms(uint32_t waiting, uint32_t idle, int64_t max_ms)
{
    if (waiting < 2 || idle / 2 >= waiting) return 0;
    return max_ms - max_ms * (int64_t)idle / (2 * (int64_t)waiting);
}
