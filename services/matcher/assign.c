#include "assign.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/mem.h"
#include "base/must.h"

/* A driver, as the search sees him. */
struct column {
    struct heap_node node; /* key: the length of the cheapest chain found to here */
    int64_t price_ms;
    int64_t dist_ms;
    int64_t held_ms; /* cost of the arc that holds him, if ride is one */
    int64_t from_ms; /* cost of the arc the chain comes by */
    uint32_t ride;   /* who has him, or ASSIGN_NOBODY */
    uint32_t from;   /* the ride the chain comes from */
    bool seen;
    bool done;
};

struct search {
    const struct assign_problem *p;
    struct column *columns;
    struct heap open;
    uint32_t *seen; /* columns to wipe after this search */
    uint32_t seen_count;
    uint32_t *driver_of;
    uint64_t steps;
    /* The cheapest end so far: a free driver, or a ride that goes without. */
    int64_t end_ms;
    uint32_t end_driver;
    uint32_t end_ride;
};

static bool cost_sane(int64_t cost_ms)
{
    return cost_ms >= -ASSIGN_COST_MS_MAX && cost_ms <= ASSIGN_COST_MS_MAX;
}

static void relax_arc(struct search *s, uint32_t ride, const struct assign_arc *arc, int64_t base)
{
    must(arc->driver < s->p->drivers);
    must(cost_sane(arc->cost_ms));
    struct column *c = &s->columns[arc->driver];
    int64_t dist = base + arc->cost_ms - c->price_ms;
    if (c->done || (c->seen && dist >= c->dist_ms)) return;
    if (!c->seen) {
        c->seen = true;
        s->seen[s->seen_count++] = arc->driver;
    }
    c->dist_ms = dist;
    c->from = ride;
    c->from_ms = arc->cost_ms;
    if (c->ride != ASSIGN_NOBODY) {
        heap_put(&s->open, &c->node, dist);
    } else if (dist < s->end_ms) {
        s->end_ms = dist;
        s->end_driver = arc->driver;
    }
}

/* Continues all chains that have just taken this ride's driver away, at length base. */
static void relax_ride(struct search *s, uint32_t ride, int64_t base)
{
    const struct assign_ride *r = &s->p->rides[ride];
    for (uint32_t k = 0; k < r->count; k++) {
        relax_arc(s, ride, &r->arcs[k], base);
    }
    s->steps += r->count + 1;
    must(cost_sane(r->none_ms));
    if (base + r->none_ms < s->end_ms) {
        s->end_ms = base + r->none_ms;
        s->end_driver = ASSIGN_NOBODY;
        s->end_ride = ride;
    }
}

/* Hands the drivers on along the chain, from its end back to the new ride. */
static void shift_chain(struct search *s, uint32_t newcomer)
{
    uint32_t driver = s->end_driver;
    if (driver == ASSIGN_NOBODY) {
        driver = s->driver_of[s->end_ride];
        s->driver_of[s->end_ride] = ASSIGN_NOBODY;
        if (s->end_ride == newcomer) return;
    }
    for (;;) {
        struct column *c = &s->columns[driver];
        uint32_t ride = c->from;
        uint32_t before = s->driver_of[ride];
        s->driver_of[ride] = driver;
        c->ride = ride;
        c->held_ms = c->from_ms;
        if (ride == newcomer) return;
        driver = before;
    }
}

static bool add_ride(struct search *s, uint32_t newcomer, uint64_t steps_max)
{
    s->end_ms = INT64_MAX;
    s->seen_count = 0;
    relax_ride(s, newcomer, 0);
    if (s->steps > steps_max) return false;
    for (struct heap_node *n = heap_min(&s->open); n != NULL && n->key < s->end_ms;
         n = heap_min(&s->open)) {
        struct column *c = heap_entry(n, struct column, node);
        heap_del(&s->open, n);
        c->done = true;
        relax_ride(s, c->ride, c->dist_ms - (c->held_ms - c->price_ms));
        if (s->steps > steps_max) return false;
    }
    for (uint32_t i = 0; i < s->seen_count; i++) {
        struct column *c = &s->columns[s->seen[i]];
        if (c->done) c->price_ms += c->dist_ms - s->end_ms;
    }
    shift_chain(s, newcomer);
    for (uint32_t i = 0; i < s->seen_count; i++) {
        struct column *c = &s->columns[s->seen[i]];
        if (c->node.at != 0) heap_del(&s->open, &c->node);
        c->seen = false;
        c->done = false;
    }
    return true;
}

static int64_t held_cost(const struct assign_ride *r, uint32_t driver)
{
    int64_t least = INT64_MAX;
    for (uint32_t k = 0; k < r->count; k++) {
        if (r->arcs[k].driver == driver && r->arcs[k].cost_ms < least) least = r->arcs[k].cost_ms;
    }
    must(least != INT64_MAX);
    return least;
}

static void sum_up(const struct assign_problem *p, struct assign_answer *out)
{
    out->cost_ms = 0;
    out->matched = 0;
    for (uint32_t i = 0; i < p->ride_count; i++) {
        if (out->driver_of[i] == ASSIGN_NOBODY) {
            out->cost_ms += p->rides[i].none_ms;
        } else {
            out->cost_ms += held_cost(&p->rides[i], out->driver_of[i]);
            out->matched++;
        }
    }
}

void assign_solve(const struct assign_problem *p, uint64_t steps_max, struct arena *arena,
                  struct assign_answer *out)
{
    struct search s = {.p = p};
    s.columns = arena_array(arena, p->drivers, struct column);
    s.seen = arena_array(arena, p->drivers, uint32_t);
    s.driver_of = arena_array(arena, p->ride_count, uint32_t);
    for (uint32_t d = 0; d < p->drivers; d++) {
        s.columns[d].ride = ASSIGN_NOBODY;
    }
    for (uint32_t i = 0; i < p->ride_count; i++) {
        s.driver_of[i] = ASSIGN_NOBODY;
    }
    bool exact = true;
    for (uint32_t i = 0; i < p->ride_count && exact; i++) {
        exact = add_ride(&s, i, steps_max);
    }
    heap_fini(&s.open);
    if (!exact) {
        assign_greedy(p, arena, out);
        out->steps += s.steps;
        return;
    }

    int64_t *prices = arena_array(arena, p->drivers, int64_t);
    for (uint32_t d = 0; d < p->drivers; d++) {
        prices[d] = s.columns[d].price_ms;
    }
    *out = (struct assign_answer){
        .driver_of = s.driver_of, .price_ms = prices, .steps = s.steps, .exact = true};
    sum_up(p, out);
}

struct pair {
    int64_t cost_ms;
    uint32_t ride;
    uint32_t driver;
};

static int pair_order(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->cost_ms != y->cost_ms) return x->cost_ms < y->cost_ms ? -1 : 1;
    if (x->ride != y->ride) return x->ride < y->ride ? -1 : 1;
    return (x->driver > y->driver) - (x->driver < y->driver);
}

void assign_greedy(const struct assign_problem *p, struct arena *arena, struct assign_answer *out)
{
    *out = (struct assign_answer){.driver_of = arena_array(arena, p->ride_count, uint32_t)};
    size_t total = 0;
    for (uint32_t i = 0; i < p->ride_count; i++) {
        total += p->rides[i].count;
        out->driver_of[i] = ASSIGN_NOBODY;
    }
    struct pair *pairs = arena_array(arena, total, struct pair);
    size_t n = 0;
    for (uint32_t i = 0; i < p->ride_count; i++) {
        const struct assign_ride *r = &p->rides[i];
        for (uint32_t k = 0; k < r->count; k++) {
            must(r->arcs[k].driver < p->drivers);
            if (r->arcs[k].cost_ms > r->none_ms) continue;
            pairs[n++] = (struct pair){r->arcs[k].cost_ms, i, r->arcs[k].driver};
        }
    }
    if (n > 0) qsort(pairs, n, sizeof *pairs, pair_order);

    bool *taken = arena_array(arena, p->drivers, bool);
    for (size_t i = 0; i < n; i++) {
        if (taken[pairs[i].driver] || out->driver_of[pairs[i].ride] != ASSIGN_NOBODY) continue;
        taken[pairs[i].driver] = true;
        out->driver_of[pairs[i].ride] = pairs[i].driver;
    }
    out->steps = total;
    sum_up(p, out);
}

void assign_check(const struct assign_problem *p, const struct assign_answer *a)
{
    bool *taken = mem_array(p->drivers, bool);
    int64_t bound = 0; /* what no pairing can be cheaper than */
    int64_t cost = 0;
    for (uint32_t i = 0; i < p->ride_count; i++) {
        const struct assign_ride *r = &p->rides[i];
        uint32_t mine = a->driver_of[i];
        int64_t paid = mine == ASSIGN_NOBODY ? r->none_ms : held_cost(r, mine);
        if (mine != ASSIGN_NOBODY) {
            must(mine < p->drivers);
            must(!taken[mine]);
            taken[mine] = true;
        }
        cost += paid;
        if (!a->exact) continue;
        int64_t worth = r->none_ms;
        for (uint32_t k = 0; k < r->count; k++) {
            int64_t w = r->arcs[k].cost_ms - a->price_ms[r->arcs[k].driver];
            if (w < worth) worth = w;
        }
        must(worth == paid - (mine == ASSIGN_NOBODY ? 0 : a->price_ms[mine]));
        bound += worth;
    }
    must(cost == a->cost_ms);
    for (uint32_t d = 0; a->exact && d < p->drivers; d++) {
        must(a->price_ms[d] <= 0);
        must(taken[d] || a->price_ms[d] == 0);
        bound += a->price_ms[d];
    }
    must(!a->exact || bound == cost);
    mem_free(taken);
}
