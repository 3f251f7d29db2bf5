#include "demand.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"

enum {
    SPOTS = 12,
    CYCLE_S = 700,    /* a typical ride with its way to the pickup, unscaled */
    OVERHEAD_S = 3,   /* wall time of offers and answers a ride */
    TRIP_M_MIN = 500, /* shorter draws are drawn again */
    START_JITTER_M = 150,
};

static const struct sim_region regions[] = {
    {"sf", {-122.43, 37.77}, 3500, {-122.60, -122.15, 37.40, 37.95}},
    {"nyc", {-73.975, 40.745}, 4500, {-74.35, -73.55, 40.40, 41.10}},
    {"la", {-118.27, 34.05}, 6000, {-118.90, -117.60, 33.55, 34.45}},
};
enum { REGIONS = sizeof regions / sizeof regions[0] };

static bool in_box(const struct geo_box *b, struct geo_point p)
{
    return p.lon >= b->lon_min && p.lon <= b->lon_max && p.lat >= b->lat_min && p.lat <= b->lat_max;
}

const struct sim_region *region_find(struct slice id)
{
    for (size_t i = 0; i < REGIONS; i++) {
        if (slice_is(id, regions[i].id)) return &regions[i];
    }
    return NULL;
}

const struct sim_region *region_of(const struct trip_file *f)
{
    for (size_t i = 0; i < REGIONS; i++) {
        size_t inside = 0;
        for (size_t t = 0; t < f->count; t++) {
            if (in_box(&regions[i].box, f->trips[t].pickup)) inside++;
        }
        if (inside * 2 >= f->count) return &regions[i];
    }
    return NULL;
}

int64_t demand_busiest(const struct trip_file *f, int64_t length_ms)
{
    must(f->count > 0);
    size_t first = 0;
    size_t best = 0;
    int64_t best_at = f->trips[0].at_ms;
    for (size_t last = 0; last < f->count; last++) {
        while (f->trips[last].at_ms - f->trips[first].at_ms >= length_ms)
            first++;
        if (last - first + 1 > best) {
            best = last - first + 1;
            best_at = f->trips[first].at_ms;
        }
    }
    return best_at;
}

static struct geo_point jitter(struct rng *r, struct geo_point p, double metres)
{
    return geo_move(p, 360 * rng_unit(r), fabs(rng_normal(r)) * metres);
}

static int by_order_time(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;
    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static void place_drivers(const struct trip_file *f, const struct demand_spec *spec, struct rng *r,
                          struct demand *out)
{
    out->drivers = spec->drivers;
    out->starts = mem_array(spec->drivers, struct geo_point);
    for (size_t i = 0; i < spec->drivers; i++) {
        if (f->cab_count > 0) {
            out->starts[i] = cab_at(&f->cabs[i % f->cab_count], out->from_ms);
        } else if (out->count > 0) {
            out->starts[i] =
                jitter(r, out->orders[rng_below(r, out->count)].pickup, START_JITTER_M);
        } else {
            out->starts[i] = jitter(r, f->trips[rng_below(r, f->count)].pickup, START_JITTER_M);
        }
    }
}

/* Where another trip of the window begins, far enough away where there is such a place. */
static struct geo_point draw_dropoff(const struct trip_file *f, size_t first, size_t end,
                                     struct geo_point pickup, struct rng *r)
{
    struct geo_point farthest = pickup;
    for (int tries = 0; tries < 20; tries++) {
        struct geo_point p = f->trips[first + rng_below(r, end - first)].pickup;
        if (geo_distance_m(pickup, p) > geo_distance_m(pickup, farthest)) farthest = p;
        if (geo_distance_m(pickup, farthest) >= TRIP_M_MIN) break;
    }
    return farthest;
}

void demand_replay(const struct trip_file *f, const struct demand_spec *spec, struct demand *out)
{
    must(f->count > 0);
    must(spec->speedup > 0);
    struct rng r;
    rng_init(&r, spec->seed);
    *out = (struct demand){0};
    int64_t length_ms = (int64_t)(spec->seconds * spec->speedup * 1000);
    out->from_ms = spec->from_ms >= 0 ? spec->from_ms : demand_busiest(f, length_ms);

    size_t first = 0;
    while (first < f->count && f->trips[first].at_ms < out->from_ms)
        first++;
    size_t end = first;
    while (end < f->count && f->trips[end].at_ms < out->from_ms + length_ms)
        end++;

    out->orders = mem_array(end - first, struct order);
    for (size_t i = first; i < end; i++) {
        const struct trip *t = &f->trips[i];
        double after_ms = (double)(t->at_ms - out->from_ms);
        if (f->by_minute) after_ms += rng_unit(&r) * fmin(60000, (double)length_ms - after_ms);
        struct order *o = &out->orders[out->count++];
        o->at_ms = (int64_t)(after_ms / spec->speedup);
        o->pickup = t->pickup;
        o->dropoff = t->has_dropoff ? t->dropoff : draw_dropoff(f, first, end, o->pickup, &r);
    }
    qsort(out->orders, out->count, sizeof *out->orders, by_order_time);
    place_drivers(f, spec, &r, out);
}

void demand_generate(const struct sim_region *region, const struct demand_spec *spec,
                     struct demand *out)
{
    must(spec->speedup > 0);
    struct rng r;
    rng_init(&r, spec->seed);
    *out = (struct demand){.drivers = spec->drivers};

    struct geo_point spots[SPOTS];
    for (size_t i = 0; i < SPOTS; i++) {
        spots[i] = geo_move(region->centre, 360 * rng_unit(&r),
                            region->spread_m * sqrt(rng_unit(&r)) * 0.8);
    }
    double spot_m = region->spread_m / 8;
    double per_ms = (double)spec->drivers * 0.5 / (CYCLE_S / spec->speedup + OVERHEAD_S) / 1000.0;
    size_t cap = 0;
    for (double at = rng_exp(&r, 1 / per_ms); at < spec->seconds * 1000;
         at += rng_exp(&r, 1 / per_ms)) {
        if (out->count == cap) {
            cap = cap == 0 ? 256 : cap * 2;
            out->orders = mem_realloc(out->orders, cap * sizeof *out->orders);
        }
        struct order *o = &out->orders[out->count++];
        o->at_ms = (int64_t)at;
        do {
            o->pickup = jitter(&r, spots[rng_below(&r, SPOTS)], spot_m);
            o->dropoff = jitter(&r, spots[rng_below(&r, SPOTS)], spot_m);
        } while (geo_distance_m(o->pickup, o->dropoff) < TRIP_M_MIN);
    }
    out->starts = mem_array(spec->drivers, struct geo_point);
    for (size_t i = 0; i < spec->drivers; i++) {
        out->starts[i] = jitter(&r, spots[rng_below(&r, SPOTS)], spot_m);
    }
}

void demand_fini(struct demand *d)
{
    if (d == NULL) return;
    mem_free(d->orders);
    mem_free(d->starts);
    *d = (struct demand){0};
}
