#include "city.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"
#include "services/matcher/match.h"
#include "services/matcher/swap.h"

#define DRIVE_MPS       7.0
#define DRIVE_DETOUR    1.3
#define CAP_M           8000.0
#define PATIENCE_MEAN_S 240.0

enum {
    CANDIDATES = 32,
    NONE_MS = 2 * 3600 * 1000, /* dearer than any way: as many rides as can be get a driver */
    STEPS_MAX = 20 * 1000 * 1000,
};

static const int64_t never_ms = INT64_MAX;

struct place {
    double x_m;
    double y_m;
};

struct car {
    struct place from; /* where it stands, or stood when it was sent */
    int64_t sent_ms;
    int64_t free_ms; /* when its rider gets off */
    uint32_t ride;   /* on the way to this pickup, or just past it; else MATCH_NOBODY */
};

struct guest {
    struct place pickup;
    struct place dropoff;
    int64_t asks_ms;
    int64_t quits_ms;
    int64_t given_ms; /* when a driver was first given; -1 before */
    int64_t pickup_ms;
    uint32_t car;
    uint32_t swaps;
};

struct city {
    const struct city_policy *policy;
    struct guest *guests; /* owned, by time */
    size_t guest_count;
    size_t next;       /* the first who has not asked yet */
    uint32_t *waiting; /* owned; who has no driver, by time */
    uint32_t waiting_count;
    uint32_t *coming; /* owned; who has a driver on the way */
    uint32_t coming_count;
    struct car *cars; /* owned */
    uint32_t car_count;
    uint32_t *number;  /* owned; a car's number within this window, or MATCH_NOBODY */
    uint32_t *members; /* owned; the car of each number */
    uint32_t member_count;
    struct arena arena; /* of one window */
    double *solve_ms;   /* owned */
    size_t solves;
    size_t solves_cap;
};

static struct place place_of(struct geo_point p, struct geo_point origin)
{
    double lon_m = geo_distance_m(origin, (struct geo_point){origin.lon + 0.1, origin.lat}) * 10;
    double lat_m = geo_distance_m(origin, (struct geo_point){origin.lon, origin.lat + 0.1}) * 10;
    return (struct place){(p.lon - origin.lon) * lon_m, (p.lat - origin.lat) * lat_m};
}

static int64_t way_ms(struct place a, struct place b)
{
    return (int64_t)(hypot(a.x_m - b.x_m, a.y_m - b.y_m) * DRIVE_DETOUR / DRIVE_MPS * 1000);
}

static int64_t reach_ms(const struct city_policy *p)
{
    int64_t cap_ms = (int64_t)(CAP_M * DRIVE_DETOUR / DRIVE_MPS * 1000);
    return p->reach_ms > 0 && p->reach_ms < cap_ms ? p->reach_ms : cap_ms;
}

static bool car_idle(const struct car *c, int64_t now_ms)
{
    return c->free_ms <= now_ms;
}

/* Where a car is that is idle or on the way to a pickup. */
static struct place car_at(const struct city *city, const struct car *c, int64_t now_ms)
{
    if (car_idle(c, now_ms)) return c->from;
    const struct guest *g = &city->guests[c->ride];
    must(now_ms <= g->pickup_ms);
    if (g->pickup_ms == c->sent_ms) return g->pickup;
    double part = (double)(now_ms - c->sent_ms) / (double)(g->pickup_ms - c->sent_ms);
    return (struct place){c->from.x_m + (g->pickup.x_m - c->from.x_m) * part,
                          c->from.y_m + (g->pickup.y_m - c->from.y_m) * part};
}

/* A car whose rider has got off stands at his place from now on. */
static void settle_cars(struct city *city, int64_t now_ms)
{
    for (uint32_t i = 0; i < city->car_count; i++) {
        struct car *c = &city->cars[i];
        if (c->ride == MATCH_NOBODY || !car_idle(c, now_ms)) continue;
        c->from = city->guests[c->ride].dropoff;
        c->ride = MATCH_NOBODY;
    }
}

static void send_car(struct city *city, uint32_t car, uint32_t ride, struct place from,
                     int64_t now_ms)
{
    struct guest *g = &city->guests[ride];
    g->car = car;
    g->pickup_ms = now_ms + way_ms(from, g->pickup);
    if (g->given_ms < 0) g->given_ms = now_ms;
    city->cars[car] =
        (struct car){from, now_ms, g->pickup_ms + way_ms(g->pickup, g->dropoff), ride};
}

/* Those who asked join the waiting, those out of patience leave; who was met leaves coming. */
static void turn_guests(struct city *city, int64_t now_ms)
{
    while (city->next < city->guest_count && city->guests[city->next].asks_ms <= now_ms) {
        city->waiting[city->waiting_count++] = (uint32_t)city->next++;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        const struct guest *g = &city->guests[city->waiting[i]];
        if (g->given_ms < 0 && g->quits_ms > now_ms) city->waiting[n++] = city->waiting[i];
    }
    city->waiting_count = n;
    n = 0;
    for (uint32_t i = 0; i < city->coming_count; i++) {
        if (city->guests[city->coming[i]].pickup_ms > now_ms) city->coming[n++] = city->coming[i];
    }
    city->coming_count = n;
}

static void number_add(struct city *city, uint32_t car)
{
    city->number[car] = city->member_count;
    city->members[city->member_count++] = car;
}

static void number_idle(struct city *city, int64_t now_ms)
{
    city->member_count = 0;
    for (uint32_t i = 0; i < city->car_count; i++) {
        if (car_idle(&city->cars[i], now_ms)) number_add(city, i);
    }
}

/* The nearest of this window's cars, nearest first; how many. */
static uint32_t nearest(const struct city *city, struct place to, int64_t now_ms, uint32_t k,
                        struct assign_arc *out)
{
    uint32_t n = 0;
    int64_t far_ms = reach_ms(city->policy) + 1;
    for (uint32_t m = 0; m < city->member_count; m++) {
        int64_t ms = way_ms(car_at(city, &city->cars[city->members[m]], now_ms), to);
        if (ms >= far_ms) continue;
        uint32_t at = n < k ? n++ : k - 1;
        for (; at > 0 && out[at - 1].cost_ms > ms; at--) {
            out[at] = out[at - 1];
        }
        out[at] = (struct assign_arc){m, ms};
        if (n == k) far_ms = out[k - 1].cost_ms;
    }
    return n;
}

static void note_solve(struct city *city, int64_t from_us)
{
    if (city->solves == city->solves_cap) {
        city->solves_cap = city->solves_cap == 0 ? 4096 : city->solves_cap * 2;
        city->solve_ms = mem_realloc(city->solve_ms, city->solves_cap * sizeof *city->solve_ms);
    }
    city->solve_ms[city->solves++] = (double)(clock_mono_us() - from_us) / 1000;
}

static void first_come(struct city *city, int64_t now_ms)
{
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        struct assign_arc best;
        number_idle(city, now_ms);
        uint32_t ride = city->waiting[i];
        if (nearest(city, city->guests[ride].pickup, now_ms, 1, &best) == 0) continue;
        uint32_t car = city->members[best.driver];
        send_car(city, car, ride, city->cars[car].from, now_ms);
    }
}

static void solve_nearest_pair(struct city *city, const struct assign_ride *rows, int64_t now_ms,
                               uint32_t *driver_of)
{
    struct match_ride *rides = arena_array(&city->arena, city->waiting_count, struct match_ride);
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        struct match_candidate *c =
            arena_array(&city->arena, rows[i].count, struct match_candidate);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            c[k] = (struct match_candidate){rows[i].arcs[k].driver,
                                            (double)rows[i].arcs[k].cost_ms / 1000};
        }
        int64_t waited_ms = now_ms - city->guests[city->waiting[i]].asks_ms;
        rides[i] = (struct match_ride){c, rows[i].count, waited_ms};
    }
    (void)match_nearest_pairs(rides, city->waiting_count, city->member_count, &city->arena,
                              driver_of);
}

/* One window: a driver for those who wait, of those who are idle. */
static void match_window(struct city *city, int64_t now_ms)
{
    number_idle(city, now_ms);
    if (city->waiting_count == 0 || city->member_count == 0) return;
    struct assign_ride *rows = arena_array(&city->arena, city->waiting_count, struct assign_ride);
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        struct assign_arc *arcs = arena_array(&city->arena, CANDIDATES, struct assign_arc);
        struct place to = city->guests[city->waiting[i]].pickup;
        rows[i] = (struct assign_ride){arcs, nearest(city, to, now_ms, CANDIDATES, arcs), NONE_MS};
    }

    int64_t from_us = clock_mono_us();
    uint32_t *driver_of = arena_array(&city->arena, city->waiting_count, uint32_t);
    if (city->policy->way == CITY_NEAREST_PAIR) {
        solve_nearest_pair(city, rows, now_ms, driver_of);
        note_solve(city, from_us);
    } else {
        struct assign_problem p = {rows, city->waiting_count, city->member_count};
        struct assign_answer answer;
        assign_solve(&p, STEPS_MAX, &city->arena, &answer);
        note_solve(city, from_us);
        assign_check(&p, &answer);
        driver_of = answer.driver_of;
    }
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        if (driver_of[i] == MATCH_NOBODY) continue;
        uint32_t car = city->members[driver_of[i]];
        send_car(city, car, city->waiting[i], city->cars[car].from, now_ms);
        city->coming[city->coming_count++] = city->waiting[i];
    }
}

/* Gives each ride its car of driver_of; cars left over stand idle where they are. */
static void swap_apply(struct city *city, const uint32_t *driver_of, int64_t now_ms)
{
    struct place *at = arena_array(&city->arena, city->member_count, struct place);
    for (uint32_t m = 0; m < city->member_count; m++) {
        at[m] = car_at(city, &city->cars[city->members[m]], now_ms);
    }
    for (uint32_t i = 0; i < city->coming_count; i++) {
        uint32_t car = city->guests[city->coming[i]].car;
        if (city->members[driver_of[i]] == car) continue;
        city->cars[car] = (struct car){at[city->number[car]], now_ms, now_ms, MATCH_NOBODY};
    }
    for (uint32_t i = 0; i < city->coming_count; i++) {
        struct guest *g = &city->guests[city->coming[i]];
        uint32_t car = city->members[driver_of[i]];
        if (g->car == car) continue;
        if (g->given_ms < now_ms) g->swaps++; /* within one window nobody has been told yet */
        send_car(city, car, city->coming[i], at[driver_of[i]], now_ms);
    }
}

static void swap_window(struct city *city, int64_t now_ms)
{
    if (city->coming_count == 0) return;
    city->member_count = 0;
    for (uint32_t i = 0; i < city->coming_count; i++) {
        number_add(city, city->guests[city->coming[i]].car);
    }
    for (uint32_t i = 0; city->policy->spares && i < city->car_count; i++) {
        if (car_idle(&city->cars[i], now_ms)) number_add(city, i);
    }
    struct swap_ride *rides = arena_array(&city->arena, city->coming_count, struct swap_ride);
    for (uint32_t i = 0; i < city->coming_count; i++) {
        const struct guest *g = &city->guests[city->coming[i]];
        struct assign_arc *arcs = arena_array(&city->arena, CANDIDATES, struct assign_arc);
        uint32_t n = nearest(city, g->pickup, now_ms, CANDIDATES, arcs);
        rides[i] =
            (struct swap_ride){arcs, n, city->number[g->car], g->pickup_ms - now_ms, g->swaps};
    }
    const struct swap_rules rules = {60 * 1000, 60 * 1000, city->policy->change_ms,
                                     city->policy->swaps_max};
    uint32_t *driver_of = arena_array(&city->arena, city->coming_count, uint32_t);
    int64_t from_us = clock_mono_us();
    uint32_t changed = swap_plan(rides, city->coming_count, city->member_count, &rules, STEPS_MAX,
                                 &city->arena, driver_of);
    note_solve(city, from_us);
    swap_check(rides, city->coming_count, city->member_count, &rules, driver_of);
    if (changed > 0) swap_apply(city, driver_of, now_ms);
}

/* First come acts when someone asks or a car becomes free; the others once a window. */
static int64_t next_time(const struct city *city, int64_t now_ms)
{
    bool over = city->next == city->guest_count && city->waiting_count == 0 &&
                (!city->policy->swaps || city->coming_count == 0);
    if (over) return never_ms;
    if (city->policy->way != CITY_FIRST_COME) return now_ms + city->policy->window_ms;
    int64_t at = city->next < city->guest_count ? city->guests[city->next].asks_ms : never_ms;
    for (uint32_t i = 0; city->waiting_count > 0 && i < city->car_count; i++) {
        int64_t free_ms = city->cars[i].free_ms;
        if (free_ms > now_ms && free_ms < at) at = free_ms;
    }
    return at;
}

static void city_init(struct city *city, const struct demand *d, const struct city_policy *policy,
                      uint64_t seed)
{
    must(d->count > 0);
    struct rng rng;
    rng_init(&rng, seed ^ 0x70617469656e6365U);
    *city = (struct city){.policy = policy, .guest_count = d->count};
    city->guests = mem_array(d->count, struct guest);
    city->waiting = mem_array(d->count, uint32_t);
    city->coming = mem_array(d->count, uint32_t);
    struct geo_point origin = d->orders[0].pickup;
    for (size_t i = 0; i < d->count; i++) {
        const struct order *o = &d->orders[i];
        city->guests[i] = (struct guest){
            .pickup = place_of(o->pickup, origin),
            .dropoff = place_of(o->dropoff, origin),
            .asks_ms = o->at_ms,
            .quits_ms = o->at_ms + (int64_t)(rng_exp(&rng, PATIENCE_MEAN_S) * 1000),
            .given_ms = -1,
        };
    }
    city->car_count = (uint32_t)d->drivers;
    city->cars = mem_array(d->drivers, struct car);
    city->number = mem_array(d->drivers, uint32_t);
    city->members = mem_array(d->drivers, uint32_t);
    for (uint32_t i = 0; i < city->car_count; i++) {
        city->cars[i] = (struct car){.from = place_of(d->starts[i], origin), .ride = MATCH_NOBODY};
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double q)
{
    if (count == 0) return 0;
    qsort(values, count, sizeof *values, by_value);
    return values[(size_t)(q * (double)(count - 1))];
}

static void sum_up(struct city *city, struct city_outcome *out)
{
    *out = (struct city_outcome){.asked = city->guest_count};
    double *pickups = mem_array(city->guest_count, double);
    for (size_t i = 0; i < city->guest_count; i++) {
        const struct guest *g = &city->guests[i];
        if (g->given_ms < 0) continue;
        double pickup_s = (double)(g->pickup_ms - g->given_ms) / 1000;
        pickups[out->served++] = pickup_s;
        out->pickup_s += pickup_s;
        out->wait_s += (double)(g->pickup_ms - g->asks_ms) / 1000;
        out->swaps += g->swaps;
    }
    double n = out->served > 0 ? (double)out->served : 1;
    out->pickup_s /= n;
    out->wait_s /= n;
    out->swaps /= n;
    out->pickup_p50_s = quantile(pickups, out->served, 0.5);
    out->pickup_p95_s = quantile(pickups, out->served, 0.95);
    out->solve_p99_ms = quantile(city->solve_ms, city->solves, 0.99);
    mem_free(pickups);
}

static void city_fini(struct city *city)
{
    mem_free(city->guests);
    mem_free(city->waiting);
    mem_free(city->coming);
    mem_free(city->cars);
    mem_free(city->number);
    mem_free(city->members);
    mem_free(city->solve_ms);
    arena_fini(&city->arena);
}

void city_run(const struct demand *d, const struct city_policy *policy, uint64_t seed,
              struct city_outcome *out)
{
    struct city city;
    city_init(&city, d, policy, seed);
    for (int64_t now_ms = 0; now_ms != never_ms; now_ms = next_time(&city, now_ms)) {
        settle_cars(&city, now_ms);
        turn_guests(&city, now_ms);
        if (policy->way == CITY_FIRST_COME) {
            first_come(&city, now_ms);
        } else {
            match_window(&city, now_ms);
            if (policy->swaps) swap_window(&city, now_ms);
        }
        /* Those just given a driver are not waiting any more. */
        turn_guests(&city, now_ms);
        arena_reset(&city.arena);
    }
    sum_up(&city, out);
    city_fini(&city);
}
