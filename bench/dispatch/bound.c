#include "bound.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/must.h"
#include "bench/dispatch/plane.h"
#include "services/matcher/assign.h"

enum { WAYS = 256, STEPS_MAX = INT32_MAX };

/* A place a car can come from, and the first moment it can leave. */
struct origin {
    struct place at;
    int64_t from_ms;
};

struct hindsight {
    struct arena arena;
    struct origin *origins; /* the cars' first places, then where riders got off */
    uint32_t origin_count;
    size_t riders;
    struct assign_ride
        *rows; /* the waits each origin allows; none_ms is the dearest arc left out */
    int64_t *rest_ms;
};

/* The least wait of an order whose car comes from o, or INT64_MAX when it would give up first. */
static int64_t wait_ms(const struct origin *o, struct place pickup, int64_t asks_ms,
                       int64_t quits_ms)
{
    int64_t way = way_ms(o->at, pickup);
    int64_t given_ms = o->from_ms > asks_ms ? o->from_ms : asks_ms;
    if (given_ms >= quits_ms || way > cap_ms()) return INT64_MAX;
    return given_ms + way - asks_ms;
}

/* The WAYS cheapest origins of a rider; the next one's wait in *rest_ms: whoever uses an origin that
 * was left out waits that long or longer. */
static struct assign_ride row_of(struct hindsight *h, const struct demand *d, size_t rider,
                                 int64_t quits_ms, int64_t *rest_ms)
{
    struct place pickup = place_of(d->orders[rider].pickup, d->orders[0].pickup);
    struct assign_arc *arcs = arena_array(&h->arena, WAYS + 1, struct assign_arc);
    uint32_t n = 0;
    for (uint32_t o = 0; o < h->origin_count; o++) {
        if (o == d->drivers + rider) continue; /* nobody drives himself */
        int64_t ms = wait_ms(&h->origins[o], pickup, d->orders[rider].at_ms, quits_ms);
        if (ms == INT64_MAX || (n == WAYS + 1 && ms >= arcs[WAYS].cost_ms)) continue;
        uint32_t at = n <= WAYS ? n++ : WAYS;
        for (; at > 0 && arcs[at - 1].cost_ms > ms; at--) {
            arcs[at] = arcs[at - 1];
        }
        arcs[at] = (struct assign_arc){o, ms};
    }
    *rest_ms = n == WAYS + 1 ? arcs[WAYS].cost_ms : INT64_MAX;
    return (struct assign_ride){arcs, n == WAYS + 1 ? WAYS : n, 0};
}

static void hindsight_init(struct hindsight *h, const struct demand *d, uint64_t seed)
{
    struct rng rng = patience_of(seed);
    *h = (struct hindsight){.riders = d->count};
    h->origin_count = (uint32_t)(d->drivers + d->count);
    h->origins = arena_array(&h->arena, h->origin_count, struct origin);
    h->rows = arena_array(&h->arena, d->count, struct assign_ride);
    h->rest_ms = arena_array(&h->arena, d->count, int64_t);
    struct geo_point zero = d->orders[0].pickup;
    for (size_t i = 0; i < d->drivers; i++) {
        h->origins[i] = (struct origin){place_of(d->starts[i], zero), 0};
    }
    for (size_t i = 0; i < d->count; i++) {
        const struct order *o = &d->orders[i];
        struct place off = place_of(o->dropoff, zero);
        int64_t ride_ms = way_ms(place_of(o->pickup, zero), off);
        h->origins[d->drivers + i] = (struct origin){off, o->at_ms + ride_ms};
    }
    for (size_t i = 0; i < d->count; i++) {
        int64_t quits_ms = d->orders[i].at_ms + patience_next_ms(&rng);
        h->rows[i] = row_of(h, d, i, quits_ms, &h->rest_ms[i]);
    }
}

/* The cheapest pairing when going without costs left_ms; an origin that was left out is taken to be
 * free for whoever would use it, at the least it could cost. */
static void solve(struct hindsight *h, int64_t left_ms, struct assign_answer *out)
{
    for (size_t i = 0; i < h->riders; i++) {
        h->rows[i].none_ms = h->rest_ms[i] < left_ms ? h->rest_ms[i] : left_ms;
    }
    const struct assign_problem p = {h->rows, (uint32_t)h->riders, h->origin_count};
    assign_solve(&p, STEPS_MAX, &h->arena, out);
    must(out->exact);
}

double bound_wait_s(const struct demand *d, uint64_t seed, size_t served)
{
    static const int64_t prices_s[] = {120, 240, 480, 960, 1920};
    struct hindsight h;
    double best_ms = 0;
    must(served > 0);
    hindsight_init(&h, d, seed);
    for (size_t i = 0; i < sizeof prices_s / sizeof prices_s[0]; i++) {
        struct assign_answer a;
        solve(&h, prices_s[i] * 1000, &a);
        double left_ms = (double)(d->count - served) * (double)prices_s[i] * 1000;
        double ms = ((double)a.cost_ms - left_ms) / (double)served;
        if (ms > best_ms) best_ms = ms;
    }
    arena_fini(&h.arena);
    return best_ms / 1000;
}
