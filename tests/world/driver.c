/* driver: pings, looks at what he has, and does the next thing about it; or does not. */
#include "tests/world/people.h"
#include "tests/world/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct driver {
    char id[24];
    double lat, lon;
    char offer[64]; /* the one he has made up his mind about */
    int answer;     /* of CALL_ACCEPT, CALL_DECLINE; -1: none */
    char lease[64]; /* of the ride he plans for */
    int64_t due_us; /* when his next step is due */
    enum ride_status planned;
    bool no_show; /* nobody will come */
    int64_t dark_until_us;
    int64_t lost_until_us; /* he has no phone, however patient he is */
    int64_t away_until_us; /* off the road, on purpose */
    struct answer seen;    /* the last thing he was told */
    struct event ping, next;
    bool asking;
} drivers[DRIVERS_MAX];

static void on_state(void *data, const struct answer *a);
static void on_done(void *data, const struct answer *a);

static void on_ping(void *data)
{
    struct driver *d = data;
    bool calm = people_are_calm;
    world_post(&d->ping, between(3 * SECOND, 7 * SECOND));
    if (!calm && chance(temper.goes_dark))
        d->dark_until_us = world.now_us + between(5, 200) * SECOND;
    if (d->lost_until_us > world.now_us) return;
    if (!calm && d->dark_until_us > world.now_us) return;
    d->lat += (rng_unit(&world.rng) - 0.5) * 2 * temper.roams;
    d->lon += (rng_unit(&world.rng) - 0.5) * 2 * temper.roams;
    int64_t late_ms = !calm && chance(0.05) ? between(-20000, 20000) : between(0, 300);
    struct ping p = {.at = {d->lon, d->lat},
                     .time_ms = (WORLD_EPOCH_US + world.now_us) / 1000 - late_ms,
                     .acc_m = (double)NAN,
                     .speed_mps = (double)NAN,
                     .bearing_deg = (double)NAN};
    if (!chance(0.3) || !screen_ping(d->id, &p)) call_ping(d->id, p);
}

static void tell(struct driver *d, enum call_op op, answer_fn fn)
{
    struct request q = {.op = op, .lat = d->lat, .lon = d->lon};
    (void)snprintf(q.actor, sizeof q.actor, "%s", d->id);
    (void)snprintf(q.ride, sizeof q.ride, "%s", d->seen.ride_id);
    (void)snprintf(q.lease, sizeof q.lease, "%s",
                   op == CALL_ACCEPT || op == CALL_DECLINE ? d->seen.offer : d->seen.lease);
    (void)snprintf(q.product, sizeof q.product, "economy,auto,several");
    (void)snprintf(q.code, sizeof q.code, "%s",
                   chance(people_are_calm ? 0 : 0.1) ? "x" : rider_code_of(d->seen.rider_id));
    q.n = d->seen.stops_done + 1;
    d->asking = true;
    call(&q, fn, d);
}

/* Whether he is in the mood; calm drivers never are. */
static bool whim(double p)
{
    return !people_are_calm && chance(p);
}

/* By the screen's connection, or by a request of its own. */
static void give_answer(struct driver *d, enum call_op answer)
{
    if (!chance(0.4) || !screen_answer(d->id, d->seen.offer, answer == CALL_ACCEPT))
        tell(d, answer, on_done);
}

static void answer_offer(struct driver *d)
{
    if (strcmp(d->offer, d->seen.offer) != 0) {
        (void)snprintf(d->offer, sizeof d->offer, "%s", d->seen.offer);
        d->answer = whim(temper.declines) ? CALL_DECLINE : whim(temper.ignores) ? -1 : CALL_ACCEPT;
        d->due_us = world.now_us + between(0, whim(0.2) ? 17 * SECOND : 3 * SECOND);
    }
    if (whim(temper.leaves))
        tell(d, chance(0.5) ? CALL_OFFLINE : CALL_BREAK, on_done);
    else if (world.now_us >= d->due_us && (d->answer >= 0 || people_are_calm))
        give_answer(d, d->answer >= 0 ? (enum call_op)d->answer : CALL_ACCEPT);
}

static void plan(struct driver *d)
{
    if (strcmp(d->lease, d->seen.lease) != 0) d->no_show = whim(temper.no_shows);
    (void)snprintf(d->lease, sizeof d->lease, "%s", d->seen.lease);
    d->planned = d->seen.status;
    d->due_us =
        world.now_us + between(1, d->seen.status == RIDE_ASSIGNED ? temper.way_s : 15) * SECOND;
    if (d->seen.status == RIDE_ARRIVED && whim(temper.lost_phones))
        d->lost_until_us = world.now_us + RIDE_START_MS * (int64_t)MS + 600 * (int64_t)SECOND;
    if (d->seen.status == RIDE_ARRIVED) d->due_us = world.now_us + between(0, 10) * SECOND;
    if (whim(temper.stalls)) d->due_us += between(30, 400) * SECOND;
}

static void drive(struct driver *d)
{
    if (strcmp(d->lease, d->seen.lease) != 0 || d->planned != d->seen.status) plan(d);
    if (d->seen.status != RIDE_IN_PROGRESS && whim(temper.driver_cancels)) {
        tell(d, CALL_DRIVER_CANCELS, on_done);
        return;
    }
    if (world.now_us < d->due_us && !(people_are_calm && d->due_us - world.now_us > 60 * SECOND))
        return;
    switch ((int)d->seen.status) {
    case RIDE_ASSIGNED:
        tell(d, CALL_ARRIVE, on_done);
        break;
    case RIDE_ARRIVED:
        tell(d, d->no_show ? CALL_NO_SHOW : CALL_START, on_done);
        if (people_are_calm) d->no_show = false;
        break;
    case RIDE_IN_PROGRESS:
        tell(d, d->seen.stops_done < d->seen.stops ? CALL_STOP : CALL_COMPLETE, on_done);
        break;
    }
}

/* On the road or off it. */
static void idle_about(struct driver *d, bool online)
{
    if (!online) {
        if (people_are_calm || world.now_us >= d->away_until_us) tell(d, CALL_ONLINE, on_done);
    } else if (whim(temper.leaves)) {
        d->away_until_us = world.now_us + between(2, 60) * SECOND;
        tell(d, chance(0.5) ? CALL_OFFLINE : CALL_BREAK, on_done);
    }
}

static void act(struct driver *d)
{
    const struct answer *a = &d->seen;
    if (a->offer[0] != '\0')
        answer_offer(d);
    else if (a->ride[0] != '\0' && a->ride_id[0] != '\0')
        drive(d);
    else if (strcmp(a->state, "blocked") != 0)
        idle_about(d, strcmp(a->state, "idle") == 0);
}

static void on_state(void *data, const struct answer *a)
{
    struct driver *d = data;
    d->asking = false;
    if (!a->arrived || a->code == LIFE_UNAVAILABLE) return;
    d->seen = *a;
    act(d);
}

static void on_done(void *data, const struct answer *a)
{
    struct driver *d = data;
    (void)a; /* what came of it he sees when he looks again */
    d->asking = false;
}

static void on_next(void *data)
{
    struct driver *d = data;
    world_post(&d->next, between(SECOND, 4 * SECOND));
    if (d->asking || d->lost_until_us > world.now_us) return;
    if (!people_are_calm && d->dark_until_us > world.now_us) return;
    tell(d, CALL_STATE, on_state);
}

void drivers_begin(void)
{
    memset(drivers, 0, sizeof drivers);
    for (int i = 0; i < temper.drivers; i++) {
        struct driver *d = &drivers[i];
        (void)snprintf(d->id, sizeof d->id, "la-D%d", i + 1);
        d->lat = 34.0 + rng_unit(&world.rng) * 0.05;
        d->lon = -118.3 + rng_unit(&world.rng) * 0.05;
        d->ping = (struct event){.fn = on_ping, .data = d};
        d->next = (struct event){.fn = on_next, .data = d};
        world_post(&d->ping, between(3 * SECOND, 7 * SECOND));
        world_post(&d->next, between(SECOND, 6 * SECOND));
        screen_add(ROLE_DRIVER, d->id);
    }
}
