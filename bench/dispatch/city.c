#include "city.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "bench/dispatch/plane.h"
#include "services/matcher/plan.h"
#include "services/matcher/swap.h"

enum {
    CANDIDATES = 16,       /* the matcher's own default */
    STEPS_MAX = 1000000,   /* the same: 50 ms at its least pace */
    SWAP_EVERY_MS = 2000,  /* the same */
    RETRY_FIRST_MS = 1000, /* ride_defer's */
    RETRY_MS = 1500,
};

static const int64_t never_ms = INT64_MAX;

struct car {
    struct place from; /* where it stands, or stood when it was sent */
    int64_t sent_ms;
    int64_t free_ms; /* when its rider gets off */
    uint32_t ride;   /* on the way to this pickup, or past it; else PLAN_NOBODY */
    uint32_t next;   /* the ride after that one, under forward dispatch; else PLAN_NOBODY */
    int64_t idle_ms; /* without a ride, until the last one was given */
};

struct guest {
    struct place pickup;
    struct place dropoff;
    int64_t asks_ms;
    int64_t quits_ms;
    int64_t given_ms; /* when a driver was first given; -1 before */
    int64_t pickup_ms;
    int64_t entry_ms; /* when it is looked at next, under CITY_MATCHER */
    bool deferred;
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
    uint32_t *number;  /* owned; a car's number within this window, or PLAN_NOBODY */
    uint32_t *members; /* owned; the car of each number */
    uint32_t member_count;
    int64_t round_ms;   /* of CITY_MATCHER: when what is gathered is decided */
    int64_t swap_ms;    /* of CITY_MATCHER: when drivers are exchanged next */
    struct arena arena; /* of one window */
    double *solve_ms;   /* owned */
    size_t solves;
    size_t solves_cap;
};

static int64_t reach_ms(const struct city_policy *p)
{
    return p->reach_ms > 0 && p->reach_ms < cap_ms() ? p->reach_ms : cap_ms();
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

/* A car whose rider has got off stands at his place from now on, or goes on to its next ride. */
static void settle_cars(struct city *city, int64_t now_ms)
{
    for (uint32_t i = 0; i < city->car_count; i++) {
        struct car *c = &city->cars[i];
        while (c->ride != PLAN_NOBODY && car_idle(c, now_ms)) {
            c->from = city->guests[c->ride].dropoff;
            c->ride = c->next;
            c->next = PLAN_NOBODY;
            if (c->ride == PLAN_NOBODY) break;
            const struct guest *g = &city->guests[c->ride];
            c->sent_ms = c->free_ms;
            c->free_ms = g->pickup_ms + way_ms(g->pickup, g->dropoff);
        }
    }
}

/* Whether it drives its last rider so far, and is free in a moment. */
static bool car_soon(const struct city *city, const struct car *c, int64_t now_ms)
{
    if (car_idle(c, now_ms) || c->next != PLAN_NOBODY) return false;
    return city->guests[c->ride].pickup_ms <= now_ms &&
           c->free_ms - now_ms <= city->policy->soon_ms;
}

/* How long a car that is idle, on the way to a pickup, or free soon takes to a place. */
static int64_t car_way_ms(const struct city *city, const struct car *c, struct place to,
                          int64_t now_ms)
{
    if (!car_soon(city, c, now_ms)) return way_ms(car_at(city, c, now_ms), to);
    return c->free_ms - now_ms + way_ms(city->guests[c->ride].dropoff, to);
}

static void send_car(struct city *city, uint32_t car, uint32_t ride, struct place from,
                     int64_t now_ms)
{
    struct guest *g = &city->guests[ride];
    g->car = car;
    g->pickup_ms = now_ms + way_ms(from, g->pickup);
    if (g->given_ms < 0) g->given_ms = now_ms;
    struct car *c = &city->cars[car];
    int64_t idle_ms = c->idle_ms + (car_idle(c, now_ms) ? now_ms - c->free_ms : 0);
    int64_t free_ms = g->pickup_ms + way_ms(g->pickup, g->dropoff);
    *c = (struct car){from, now_ms, free_ms, ride, PLAN_NOBODY, idle_ms};
}

/* The same for a car that first finishes the ride it is on. */
static void send_car_next(struct city *city, uint32_t car, uint32_t ride, int64_t now_ms)
{
    struct car *c = &city->cars[car];
    struct guest *g = &city->guests[ride];
    g->car = car;
    g->pickup_ms = now_ms + car_way_ms(city, c, g->pickup, now_ms);
    g->given_ms = now_ms;
    c->next = ride;
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
        int64_t ms = car_way_ms(city, &city->cars[city->members[m]], to, now_ms);
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

/* Those of the waiting who are looked at now. */
static uint32_t due_guests(const struct city *city, int64_t now_ms, uint32_t *due)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        if (city->guests[city->waiting[i]].entry_ms <= now_ms) due[n++] = city->waiting[i];
    }
    return n;
}

/* The window as the matcher would see it: the nearest idle cars of each ride. */
static struct plan_window window_of(struct city *city, const uint32_t *due, uint32_t count,
                                    int64_t now_ms)
{
    struct plan_ride *rides = arena_array(&city->arena, count, struct plan_ride);
    int64_t *idle_ms = arena_array(&city->arena, city->member_count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        const struct guest *g = &city->guests[due[i]];
        struct assign_arc *ways = arena_array(&city->arena, CANDIDATES, struct assign_arc);
        uint32_t n = nearest(city, g->pickup, now_ms, CANDIDATES, ways);
        rides[i] = (struct plan_ride){ways, n, now_ms - g->asks_ms, 0};
    }
    for (uint32_t m = 0; m < city->member_count; m++) {
        idle_ms[m] = now_ms - city->cars[city->members[m]].free_ms; /* < 0: free soon, no bonus */
    }
    return (struct plan_window){rides, count, idle_ms, city->member_count};
}

/* Nobody this time: it looks again when ride_defer's timer fires. */
static void defer(struct city *city, struct guest *g, int64_t now_ms)
{
    if (city->policy->way != CITY_MATCHER) return;
    g->entry_ms = now_ms + (g->deferred ? RETRY_MS : RETRY_FIRST_MS);
    g->deferred = true;
}

/* One window: a driver for those who wait, of those who are idle. */
static void match_window(struct city *city, int64_t now_ms)
{
    uint32_t *due = arena_array(&city->arena, city->waiting_count, uint32_t);
    uint32_t count = due_guests(city, now_ms, due);
    if (count == 0) return;
    number_idle(city, now_ms);
    for (uint32_t i = 0; city->policy->soon_ms > 0 && i < city->car_count; i++) {
        if (car_soon(city, &city->cars[i], now_ms)) number_add(city, i);
    }
    struct plan_window w = window_of(city, due, count, now_ms);
    bool greedy = city->policy->way == CITY_NEAREST_PAIR;
    const struct plan_rules rules = {reach_ms(city->policy), greedy ? 0 : STEPS_MAX};
    if (greedy) w.idle_ms = NULL;

    struct plan_answer answer;
    int64_t from_us = clock_mono_us();
    plan_solve(&w, &rules, &city->arena, &answer);
    note_solve(city, from_us);
    must(answer.exact || greedy);
    for (uint32_t i = 0; i < count; i++) {
        if (answer.driver_of[i] == PLAN_NOBODY) {
            defer(city, &city->guests[due[i]], now_ms);
            continue;
        }
        uint32_t car = city->members[answer.driver_of[i]];
        if (car_soon(city, &city->cars[car], now_ms))
            send_car_next(city, car, due[i], now_ms);
        else
            send_car(city, car, due[i], city->cars[car].from, now_ms);
        city->coming[city->coming_count++] = due[i];
    }
}

/* The rides whose cars are on their way to them, not still on another ride. */
static uint32_t under_way(const struct city *city, uint32_t *legs)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < city->coming_count; i++) {
        uint32_t ride = city->coming[i];
        if (city->cars[city->guests[ride].car].ride == ride) legs[n++] = ride;
    }
    return n;
}

/* Gives each ride its car of driver_of; cars left over stand idle where they are. */
static void swap_apply(struct city *city, const uint32_t *legs, uint32_t count,
                       const uint32_t *driver_of, int64_t now_ms)
{
    struct place *at = arena_array(&city->arena, city->member_count, struct place);
    for (uint32_t m = 0; m < city->member_count; m++) {
        at[m] = car_at(city, &city->cars[city->members[m]], now_ms);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t car = city->guests[legs[i]].car;
        if (city->members[driver_of[i]] == car) continue;
        struct car *c = &city->cars[car];
        *c = (struct car){at[city->number[car]], now_ms,      now_ms,
                          PLAN_NOBODY,           PLAN_NOBODY, c->idle_ms};
    }
    for (uint32_t i = 0; i < count; i++) {
        struct guest *g = &city->guests[legs[i]];
        uint32_t car = city->members[driver_of[i]];
        if (g->car == car) continue;
        if (g->given_ms < now_ms) g->swaps++; /* within one window nobody has been told yet */
        send_car(city, car, legs[i], at[driver_of[i]], now_ms);
    }
}

static void swap_window(struct city *city, int64_t now_ms)
{
    uint32_t *legs = arena_array(&city->arena, city->coming_count, uint32_t);
    uint32_t count = under_way(city, legs);
    if (count == 0) return;
    city->member_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        number_add(city, city->guests[legs[i]].car);
    }
    for (uint32_t i = 0; city->policy->spares && i < city->car_count; i++) {
        if (car_idle(&city->cars[i], now_ms)) number_add(city, i);
    }
    struct swap_ride *rides = arena_array(&city->arena, count, struct swap_ride);
    for (uint32_t i = 0; i < count; i++) {
        const struct guest *g = &city->guests[legs[i]];
        struct assign_arc *arcs = arena_array(&city->arena, CANDIDATES, struct assign_arc);
        uint32_t n = nearest(city, g->pickup, now_ms, CANDIDATES, arcs);
        rides[i] =
            (struct swap_ride){arcs, n, city->number[g->car], g->pickup_ms - now_ms, g->swaps};
    }
    const struct swap_rules rules = {60 * 1000, 60 * 1000, city->policy->change_ms,
                                     city->policy->swaps_max};
    uint32_t *driver_of = arena_array(&city->arena, count, uint32_t);
    int64_t from_us = clock_mono_us();
    uint32_t changed =
        swap_plan(rides, count, city->member_count, &rules, STEPS_MAX, &city->arena, driver_of);
    note_solve(city, from_us);
    swap_check(rides, count, city->member_count, &rules, driver_of);
    if (changed > 0) swap_apply(city, legs, count, driver_of, now_ms);
}

/* When the next ride is looked at: one that comes in, or one that looks again. */
static int64_t first_entry(const struct city *city)
{
    int64_t at = city->next < city->guest_count ? city->guests[city->next].asks_ms : never_ms;
    for (uint32_t i = 0; i < city->waiting_count; i++) {
        int64_t entry_ms = city->guests[city->waiting[i]].entry_ms;
        if (entry_ms < at) at = entry_ms;
    }
    return at;
}

/* What the running matcher does at this moment. */
static void matcher_step(struct city *city, int64_t now_ms)
{
    if (city->round_ms == never_ms && first_entry(city) <= now_ms) {
        number_idle(city, now_ms);
        city->round_ms = now_ms + plan_gather_ms(city->waiting_count, city->member_count,
                                                 city->policy->window_ms);
    }
    if (city->round_ms <= now_ms) {
        match_window(city, now_ms);
        city->round_ms = never_ms;
    }
    if (city->policy->swaps && city->swap_ms <= now_ms) {
        swap_window(city, now_ms);
        city->swap_ms = now_ms + SWAP_EVERY_MS;
    }
}

static int64_t matcher_next(const struct city *city)
{
    int64_t at = city->round_ms != never_ms ? city->round_ms : first_entry(city);
    bool swaps = city->policy->swaps && city->coming_count > 1;
    return swaps && city->swap_ms < at ? city->swap_ms : at;
}

/* First come acts when someone asks or a car becomes free; the matcher when it would; the others
 * once a window. */
static int64_t next_time(const struct city *city, int64_t now_ms)
{
    bool over = city->next == city->guest_count && city->waiting_count == 0 &&
                (!city->policy->swaps || city->coming_count == 0);
    if (over) return never_ms;
    if (city->policy->way == CITY_MATCHER) return matcher_next(city);
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
    struct rng rng = patience_of(seed);
    *city = (struct city){.policy = policy, .guest_count = d->count, .round_ms = never_ms};
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
            .entry_ms = o->at_ms,
            .quits_ms = o->at_ms + patience_next_ms(&rng),
            .given_ms = -1,
        };
    }
    city->car_count = (uint32_t)d->drivers;
    city->cars = mem_array(d->drivers, struct car);
    city->number = mem_array(d->drivers, uint32_t);
    city->members = mem_array(d->drivers, uint32_t);
    for (uint32_t i = 0; i < city->car_count; i++) {
        city->cars[i] = (struct car){
            .from = place_of(d->starts[i], origin), .ride = PLAN_NOBODY, .next = PLAN_NOBODY};
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

/* How unevenly the drivers' idle time is spread. */
static double idle_gini(const struct city *city, int64_t end_ms)
{
    double *idle = mem_array(city->car_count, double);
    double sum = 0;
    double weighed = 0;
    for (uint32_t i = 0; i < city->car_count; i++) {
        const struct car *c = &city->cars[i];
        idle[i] = (double)(c->idle_ms + (c->free_ms < end_ms ? end_ms - c->free_ms : 0));
    }
    qsort(idle, city->car_count, sizeof *idle, by_value);
    for (uint32_t i = 0; i < city->car_count; i++) {
        sum += idle[i];
        weighed += idle[i] * (2.0 * i + 1 - city->car_count);
    }
    mem_free(idle);
    return sum > 0 ? weighed / (sum * city->car_count) : 0;
}

static void sum_up(struct city *city, struct city_outcome *out)
{
    *out = (struct city_outcome){.asked = city->guest_count};
    double *pickups = mem_array(city->guest_count, double);
    double *waits = mem_array(city->guest_count, double);
    for (size_t i = 0; i < city->guest_count; i++) {
        const struct guest *g = &city->guests[i];
        if (g->given_ms < 0) continue;
        pickups[out->served] = (double)(g->pickup_ms - g->given_ms) / 1000;
        waits[out->served] = (double)(g->pickup_ms - g->asks_ms) / 1000;
        out->pickup_s += pickups[out->served];
        out->wait_s += waits[out->served++];
        out->swaps += g->swaps;
    }
    double n = out->served > 0 ? (double)out->served : 1;
    out->pickup_s /= n;
    out->wait_s /= n;
    out->swaps /= n;
    out->wait_p50_s = quantile(waits, out->served, 0.5);
    out->wait_p95_s = quantile(waits, out->served, 0.95);
    out->pickup_p50_s = quantile(pickups, out->served, 0.5);
    out->pickup_p95_s = quantile(pickups, out->served, 0.95);
    out->solve_p99_ms = quantile(city->solve_ms, city->solves, 0.99);
    out->idle_gini = idle_gini(city, city->guests[city->guest_count - 1].asks_ms);
    mem_free(pickups);
    mem_free(waits);
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
        } else if (policy->way == CITY_MATCHER) {
            matcher_step(&city, now_ms);
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
