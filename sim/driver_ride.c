#include <stdio.h>

#include "base/must.h"
#include "sim/driver.h"
#include "sim/rider.h"

enum { CODE_WAIT_MS = 200 };

#define PART_CANCELLED 0.02

static void on_at_pickup(void *data);
static void on_at_dropoff(void *data);
static void on_board(void *data);

void driver_ride_act(struct driver *d, const char *verb, const char *more, call_cb cb)
{
    char path[160];
    char body[256];
    int n = snprintf(path, sizeof path, "/v1/rides/%s/%s", d->ride_id, verb);
    int m = snprintf(body, sizeof body, "{\"lease_id\":\"%s\"%s}", d->lease_id, more);
    must(n > 0 && (size_t)n < sizeof path);
    must(m > 0 && (size_t)m < sizeof body);
    driver_call(d, world_dispatcher(d->world), "POST", slice_make(path, (size_t)n),
                slice_make(body, (size_t)m), true, cb);
}

static struct rider *his_rider(const struct driver *d)
{
    return map_find(&d->world->rides, slice_of(d->ride_id));
}

static void rider_expects(const struct driver *d, enum ride_status status)
{
    struct rider *r = his_rider(d);
    if (r != NULL) rider_await(r, status);
}

/* --- a change of mind on the way --- */

static void on_cancelled(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    bool has_ride = false;
    bool mine = driver_heard(d, reply, &v, &has_ride);
    if (reply->status == 200) d->world->report.behaviour.driver_cancelled++;
    if (!mine) return;
    if (reply->status == 200)
        driver_idle(d);
    else
        driver_resync(d);
}

static void on_cancel_time(void *data)
{
    struct driver *d = data;
    d->cancels = false;
    driver_move(d, DRIVER_CANCELLING);
    driver_ride_act(d, "cancel", ",\"reason\":\"vehicle_problem\"", on_cancelled);
}

/* --- the ride --- */

static void to_pickup(struct driver *d)
{
    driver_move(d, DRIVER_TO_PICKUP);
    driver_go(d, d->pickup, on_at_pickup);
    if (d->cancels) {
        int64_t part_ms = (int64_t)((0.2 + 0.6 * rng_unit(&d->rng)) * (double)d->leg.took_ms);
        net_after(&d->world->net, &d->step, part_ms, on_cancel_time, d);
    }
}

static void boarding(struct driver *d)
{
    driver_move(d, DRIVER_BOARDING);
    int64_t wait = world_scaled_ms(d->world, 15 + 15 * rng_unit(&d->rng)) + 100;
    net_after(&d->world->net, &d->step, wait, on_board, d);
}

static void to_dropoff(struct driver *d)
{
    driver_move(d, DRIVER_TO_DROPOFF);
    driver_go(d, d->dropoff, on_at_dropoff);
}

void driver_adopt(struct driver *d, const struct ride_view *v)
{
    bool another = !slice_eq(v->look.ride_id, slice_of(d->ride_id));
    bool first = another || d->state == DRIVER_ANSWERING;
    slice_cstr(v->look.ride_id, d->ride_id, sizeof d->ride_id);
    if (v->lease_id.len > 0) slice_cstr(v->lease_id, d->lease_id, sizeof d->lease_id);
    if (another || v->look.version > d->version) d->version = v->look.version;
    if (v->has_ends) {
        d->pickup = v->pickup;
        d->dropoff = v->dropoff;
    }
    if (first) d->cancels = rng_unit(&d->rng) < PART_CANCELLED;
    if (v->look.status == RIDE_ARRIVED)
        boarding(d);
    else if (v->look.status == RIDE_IN_PROGRESS)
        to_dropoff(d);
    else
        to_pickup(d);
}

/* The common end of every step: the ride as answered, or a question how things stand. */
static bool step_done(struct driver *d, const struct call_reply *reply, enum ride_status expected,
                      struct ride_view *v)
{
    bool has_ride = false;
    if (!driver_heard(d, reply, v, &has_ride)) return false;
    if (reply->status == 200 && has_ride) {
        if (v->look.version > d->version) d->version = v->look.version;
        if (v->look.status == expected) return true;
    }
    driver_resync(d);
    return false;
}

static void on_arrived(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    if (step_done(d, reply, RIDE_ARRIVED, &v)) boarding(d);
}

static void on_at_pickup(void *data)
{
    struct driver *d = data;
    driver_move(d, DRIVER_ARRIVING);
    driver_send_ping(d);
    rider_expects(d, RIDE_ARRIVED);
    driver_ride_act(d, "arrive", "", on_arrived);
}

static void on_started(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    if (step_done(d, reply, RIDE_IN_PROGRESS, &v)) to_dropoff(d);
}

/* The rider gets in and tells the code his app shows; if it shows none yet, both wait. */
static void on_board(void *data)
{
    struct driver *d = data;
    struct rider *r = his_rider(d);
    if (r == NULL || r->start_code[0] == '\0') {
        net_after(&d->world->net, &d->step, CODE_WAIT_MS, on_board, d);
        return;
    }
    char code[40];
    snprintf(code, sizeof code, ",\"start_code\":\"%s\"", r->start_code);
    driver_move(d, DRIVER_STARTING);
    rider_expects(d, RIDE_IN_PROGRESS);
    driver_ride_act(d, "start", code, on_started);
}

static void on_completed(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    if (!step_done(d, reply, RIDE_COMPLETED, &v)) return;
    bool asks = d->asks_after;
    d->asks_after = false;
    if (asks)
        driver_resync(d);
    else
        driver_idle(d);
}

static void on_at_dropoff(void *data)
{
    struct driver *d = data;
    char where[96];
    struct geo_point at = driver_at(d);
    snprintf(where, sizeof where, ",\"location\":{\"lat\":%.6f,\"lon\":%.6f}", at.lat, at.lon);
    driver_move(d, DRIVER_COMPLETING);
    driver_send_ping(d);
    rider_expects(d, RIDE_COMPLETED);
    driver_ride_act(d, "complete", where, on_completed);
}

bool driver_cut_short(struct driver *d)
{
    if (d->state != DRIVER_TO_DROPOFF) return false;
    struct geo_point here = driver_at(d);
    d->leg = (struct leg){here, here, 0, 0};
    on_at_dropoff(d);
    return true;
}
