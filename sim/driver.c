#include "driver.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "sim/rider.h"

enum {
    PING_MS = 4000,
    PING_MS_MIN = 250,
    PING_MS_MAX = 30000,
    GIVE_UP_MS = 60000,
    RESYNC_AGAIN_MS = 1000,
    WANDER_MS = 4000,
    WANDER_M = 300,
};

#define CITY_WAY_M    6000.0
#define FAST_MPS      20.0
#define WANDER_MPS    2.0
#define PART_DECLINED 0.10
#define PART_IGNORED  0.05

static void driver_connect(void *data);
static void on_ping_time(void *data);
static void driver_offer(struct driver *d, const struct offer_view *o);

void driver_init(struct driver *d, struct world *w, uint32_t index)
{
    *d = (struct driver){.world = w, .index = index, .ping_every_ms = PING_MS};
    snprintf(d->id, sizeof d->id, "%s-%s-d%u", w->region, w->run_id, index);
    rng_init(&d->rng, w->opt->seed * 7000003 + index);
    d->leg.from = d->leg.to = w->demand.starts[index];
    if (w->file.cab_count > 0) d->cab = &w->file.cabs[index % w->file.cab_count];
}

void driver_fini(struct driver *d)
{
    net_clear(&d->world->net, &d->step);
    net_clear(&d->world->net, &d->ping);
    net_clear(&d->world->net, &d->wander);
    net_clear(&d->world->net, &d->reconnect);
    ws_close(d->ws);
    d->ws = NULL;
    buf_fini(&d->token);
}

struct geo_point driver_at(const struct driver *d)
{
    const struct leg *l = &d->leg;
    int64_t gone_ms = world_now_ms(d->world) - l->start_ms;
    if (gone_ms >= l->took_ms) return l->to;
    double part = gone_ms <= 0 ? 0 : (double)gone_ms / (double)l->took_ms;
    return (struct geo_point){.lon = l->from.lon + (l->to.lon - l->from.lon) * part,
                              .lat = l->from.lat + (l->to.lat - l->from.lat) * part};
}

void driver_move(struct driver *d, enum driver_state state)
{
    d->state = state;
    d->epoch++;
    net_clear(&d->world->net, &d->step);
}

void driver_call(struct driver *d, struct endpoint *to, const char *method, struct slice path,
                 struct slice body, bool may_lose, call_cb cb)
{
    struct call_spec spec = {.to = to,
                             .method = method,
                             .path = path,
                             .token = buf_slice(&d->token),
                             .body = body,
                             .give_up_ms = GIVE_UP_MS,
                             .tag = d->epoch,
                             .may_lose = may_lose};
    call_start(&d->world->calls, &spec, cb, d);
}

bool driver_heard(struct driver *d, const struct call_reply *reply, struct ride_view *v,
                  bool *has_ride)
{
    *has_ride = view_reply_ride(reply->body, v);
    if (*has_ride) judge_saw(d->world->judge, &v->look);
    return reply->tag == d->epoch;
}

/* Long ways are driven on fast roads once the first kilometres are behind. */
static double way_time_s(double way_m, double mps)
{
    double slow_m = way_m < CITY_WAY_M ? way_m : CITY_WAY_M;
    return slow_m / mps + (way_m - slow_m) / FAST_MPS;
}

static void set_out(struct driver *d, struct geo_point to, double mps)
{
    struct geo_point from = driver_at(d);
    double way_s = way_time_s(geo_distance_m(from, to) * CITY_DETOUR, mps);
    d->leg = (struct leg){from, to, world_now_ms(d->world), world_scaled_ms(d->world, way_s)};
}

void driver_go(struct driver *d, struct geo_point to, void (*there)(void *data))
{
    set_out(d, to, CITY_MPS);
    net_after(&d->world->net, &d->step, d->leg.took_ms, there, d);
}

/* --- being idle --- */

/* Free drivers follow their record, or stroll about. */
static void on_wander(void *data)
{
    struct driver *d = data;
    struct world *w = d->world;
    net_after(&w->net, &d->wander, WANDER_MS, on_wander, d);
    if (d->state != DRIVER_IDLE && d->state != DRIVER_THINKING) return;
    if (d->cab != NULL) {
        double gone_ms = (double)(world_now_ms(w) + WANDER_MS) * w->opt->speedup;
        set_out(d, cab_at(d->cab, w->demand.from_ms + (int64_t)gone_ms), CITY_MPS);
    } else if (rng_unit(&d->rng) < 0.3) {
        struct geo_point to =
            geo_move(driver_at(d), 360 * rng_unit(&d->rng), WANDER_M * rng_unit(&d->rng));
        set_out(d, to, WANDER_MPS);
    }
}

void driver_idle(struct driver *d)
{
    driver_move(d, DRIVER_IDLE);
    d->ride_id[0] = '\0';
    d->lease_id[0] = '\0';
    d->version = 0;
    struct geo_point here = driver_at(d);
    d->leg = (struct leg){here, here, 0, 0};
}

/* --- pings --- */

static void on_pinged(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct report *r = &d->world->report;
    if (reply->status == 0) return;
    sample_add(&r->ping_http_ms, (double)reply->took_us / 1000.0);
    json_int_t accepted = json_integer_value(json_object_get(reply->body, "accepted"));
    if (reply->status == 202 && accepted > 0) r->pings_accepted += (uint64_t)accepted;
    json_int_t next = json_integer_value(json_object_get(reply->body, "next_interval_ms"));
    if (next >= PING_MS_MIN && next <= PING_MS_MAX) d->ping_every_ms = next;
}

static void send_ping(struct driver *d, int64_t due_us)
{
    char path[96];
    struct buf body = {0};
    struct geo_point at = driver_at(d);
    int n = snprintf(path, sizeof path, "/v1/drivers/%s/locations", d->id);
    must(n > 0 && (size_t)n < sizeof path);
    buf_addf(&body, "{\"points\":[{\"lat\":%.6f,\"lon\":%.6f,\"ts_ms\":%lld,\"acc_m\":5}]}", at.lat,
             at.lon, (long long)clock_wall_ms());
    struct call_spec spec = {.to = d->world->ingest,
                             .method = "POST",
                             .path = slice_make(path, (size_t)n),
                             .token = buf_slice(&d->token),
                             .body = buf_slice(&body),
                             .intended_us = due_us};
    d->world->report.pings_sent++;
    call_start(&d->world->calls, &spec, on_pinged, d);
    buf_fini(&body);
}

void driver_send_ping(struct driver *d)
{
    send_ping(d, clock_mono_us());
}

/* Pings keep to their own clock: a late answer does not delay the next one. */
static void on_ping_time(void *data)
{
    struct driver *d = data;
    int64_t now_us = clock_mono_us();
    send_ping(d, d->ping_due_us);
    d->ping_due_us += d->ping_every_ms * 1000;
    if (d->ping_due_us < now_us) d->ping_due_us = now_us;
    net_after(&d->world->net, &d->ping, (d->ping_due_us - now_us + 999) / 1000, on_ping_time, d);
}

/* --- resync --- */

static void on_resync_time(void *data)
{
    driver_resync(data);
}

static void on_driver_ride(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    bool has_ride = false;
    if (!driver_heard(d, reply, &v, &has_ride)) return;
    if (has_ride && status_held(v.look.status))
        driver_adopt(d, &v);
    else if (reply->status != 0)
        driver_idle(d);
    else
        net_after(&d->world->net, &d->step, RESYNC_AGAIN_MS, on_resync_time, d);
}

static void driver_get_ride(struct driver *d, struct slice ride_id)
{
    struct buf path = {0};
    buf_add_cstr(&path, "/v1/rides/");
    buf_add_slice(&path, ride_id);
    driver_call(d, world_dispatcher(d->world), "GET", buf_slice(&path), (struct slice){0}, false,
                on_driver_ride);
    buf_fini(&path);
}

static void on_state(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    struct offer_view o;
    if (reply->tag != d->epoch) return;
    if (reply->status != 200) {
        net_after(&d->world->net, &d->step, RESYNC_AGAIN_MS, on_resync_time, d);
        return;
    }
    const json_t *ride = json_object_get(reply->body, "ride");
    struct slice lease = view_str(reply->body, "lease_id");
    if (json_is_string(ride)) {
        slice_cstr(lease, d->lease_id, sizeof d->lease_id);
        driver_get_ride(d, slice_of(json_string_value(ride)));
        return;
    }
    if (view_ride(ride, &v) && status_held(v.look.status)) {
        judge_saw(d->world->judge, &v.look);
        if (v.lease_id.len == 0) v.lease_id = lease;
        driver_adopt(d, &v);
        return;
    }
    driver_idle(d);
    const json_t *offers = json_object_get(reply->body, "offers");
    if (view_offer(json_array_get(offers, 0), &o)) driver_offer(d, &o);
}

void driver_resync(struct driver *d)
{
    char path[96];
    int n = snprintf(path, sizeof path, "/v1/drivers/%s/state", d->id);
    must(n > 0 && (size_t)n < sizeof path);
    driver_move(d, DRIVER_RESYNC);
    driver_call(d, world_dispatcher(d->world), "GET", slice_make(path, (size_t)n),
                (struct slice){0}, false, on_state);
}

/* --- offers --- */

static void on_forget(void *data)
{
    driver_idle(data);
}

static void on_accepted(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    bool has_ride = false;
    if (!driver_heard(d, reply, &v, &has_ride)) return;
    if (reply->status == 200 && has_ride && status_held(v.look.status)) {
        struct geo_point here = driver_at(d);
        double way_m = geo_distance_m(here, v.pickup) * CITY_DETOUR;
        sample_add(&d->world->report.pickup_distance_m, way_m);
        sample_add(&d->world->report.pickup_eta_s, way_time_s(way_m, CITY_MPS));
        if (v.lease_id.len == 0) v.lease_id = slice_of(d->lease_id);
        driver_adopt(d, &v);
        return;
    }
    if (reply->status == 0 || reply->status == 200)
        driver_resync(d);
    else
        driver_idle(d); /* taken back, too late, taken by another */
}

static void on_declined(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    bool has_ride = false;
    if (driver_heard(d, reply, &v, &has_ride)) driver_idle(d);
}

static void answer(struct driver *d, const char *verb, call_cb cb)
{
    char path[160];
    char body[128];
    int n = snprintf(path, sizeof path, "/v1/rides/%s/%s", d->ride_id, verb);
    int m = snprintf(body, sizeof body, "{\"offer_id\":\"%s\"}", d->lease_id);
    must(n > 0 && (size_t)n < sizeof path);
    must(m > 0 && (size_t)m < sizeof body);
    driver_move(d, DRIVER_ANSWERING);
    driver_call(d, world_dispatcher(d->world), "POST", slice_make(path, (size_t)n),
                slice_make(body, (size_t)m), true, cb);
}

static void on_accept_time(void *data)
{
    struct driver *d = data;
    struct rider *rider = map_find(&d->world->rides, slice_of(d->ride_id));
    if (rider != NULL) rider_await(rider, RIDE_ASSIGNED);
    answer(d, "accept", on_accepted);
}

static void on_decline_time(void *data)
{
    struct driver *d = data;
    d->world->report.behaviour.declined++;
    answer(d, "decline", on_declined);
}

/* Whatever was answered, he looks at how things stand when his ride is over. */
static void on_next_answered(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    struct ride_view v;
    bool has_ride = false;
    (void)driver_heard(d, reply, &v, &has_ride);
    d->asks_after = true;
}

/* An offer that comes while he drives: the next ride. He takes it. */
static void take_next(struct driver *d, const struct offer_view *o)
{
    char path[160];
    char body[128];
    int n = snprintf(path, sizeof path, "/v1/rides/%.*s/accept", (int)o->ride_id.len, o->ride_id.p);
    int m =
        snprintf(body, sizeof body, "{\"offer_id\":\"%.*s\"}", (int)o->offer_id.len, o->offer_id.p);
    must(n > 0 && (size_t)n < sizeof path);
    must(m > 0 && (size_t)m < sizeof body);
    d->asks_after = true;
    driver_call(d, world_dispatcher(d->world), "POST", slice_make(path, (size_t)n),
                slice_make(body, (size_t)m), true, on_next_answered);
}

static void driver_offer(struct driver *d, const struct offer_view *o)
{
    struct world *w = d->world;
    judge_offered(w->judge, o->ride_id);
    world_offered(w, o->ride_id);
    if (d->state == DRIVER_TO_DROPOFF) {
        take_next(d, o);
        return;
    }
    if (d->state == DRIVER_THINKING && slice_eq(o->offer_id, slice_of(d->lease_id))) return;
    if (d->state != DRIVER_IDLE && d->state != DRIVER_THINKING) return;
    driver_move(d, DRIVER_THINKING);
    slice_cstr(o->ride_id, d->ride_id, sizeof d->ride_id);
    slice_cstr(o->offer_id, d->lease_id, sizeof d->lease_id);
    d->version = 0;
    double fate = rng_unit(&d->rng);
    int64_t think_ms =
        world_scaled_ms(w, 2 + 2 * rng_unit(&d->rng)) + 100 + (int64_t)rng_below(&d->rng, 100);
    d->ignores = fate >= PART_DECLINED && fate < PART_DECLINED + PART_IGNORED;
    if (d->ignores) {
        w->report.behaviour.ignored++;
        net_after(&w->net, &d->step, o->expires_in_ms + 3000, on_forget, d);
    } else {
        net_after(&w->net, &d->step, think_ms,
                  fate < PART_DECLINED ? on_decline_time : on_accept_time, d);
    }
}

/* --- the session --- */

/* The ride he is on, as somebody tells it. */
static void driver_learn(struct driver *d, const struct ride_view *v)
{
    bool his = v->look.driver_id.len == 0 || slice_eq(v->look.driver_id, slice_of(d->id));
    if (!slice_eq(v->look.ride_id, slice_of(d->ride_id))) {
        bool given = his && status_held(v->look.status);
        if (given && d->state == DRIVER_TO_PICKUP && v->lease_id.len > 0)
            driver_adopt(d, v); /* exchanged: another pickup is nearer */
        else if (given && d->state == DRIVER_IDLE)
            driver_resync(d);
        return;
    }
    if (d->state <= DRIVER_ANSWERING || d->state == DRIVER_RESYNC) return;
    if (v->look.version <= d->version) return;
    d->version = v->look.version;
    if (!his || !status_held(v->look.status)) {
        bool own_end = d->state == DRIVER_COMPLETING || d->state == DRIVER_CANCELLING;
        if (!own_end) driver_idle(d);
    }
}

static void on_snapshot(struct driver *d, const struct frame_view *f)
{
    struct ride_view v;
    struct offer_view o;
    if (view_ride(f->ride, &v)) {
        judge_frame(d->world->judge, &d->watch, FRAME_SNAPSHOT, &v.look);
        driver_learn(d, &v);
    } else {
        judge_frame(d->world->judge, &d->watch, FRAME_SNAPSHOT, &(struct judge_look){0});
        bool holds = d->state >= DRIVER_TO_PICKUP && d->state <= DRIVER_TO_DROPOFF;
        if (holds) driver_resync(d); /* and the gateway knows of no ride */
    }
    if (view_offer(f->offer, &o)) driver_offer(d, &o);
}

static void on_frame(void *data, struct slice text)
{
    struct driver *d = data;
    struct ride_view v;
    struct offer_view o;
    json_t *json = json_loadb(text.p, text.len, 0, NULL);
    struct frame_view f = view_frame(json);
    switch (f.kind) {
    case VIEW_HELLO:
        d->reconnects = 0;
        break;
    case VIEW_SNAPSHOT:
        on_snapshot(d, &f);
        break;
    case VIEW_GAP:
        judge_frame(d->world->judge, &d->watch, FRAME_GAP, &(struct judge_look){0});
        break;
    case VIEW_RIDE_UPDATED:
        if (view_ride(f.ride, &v)) {
            judge_frame(d->world->judge, &d->watch, FRAME_UPDATE, &v.look);
            driver_learn(d, &v);
        }
        break;
    case VIEW_RELEASED:
        d->watch.ride_id[0] = '\0'; /* should it come back, that is a new beginning */
        if (slice_eq(f.ride_id, slice_of(d->ride_id)) && d->state >= DRIVER_TO_PICKUP &&
            d->state <= DRIVER_STARTING)
            driver_resync(d);
        break;
    case VIEW_OFFER_CREATED:
        d->watch.ride_id[0] = '\0'; /* the offer takes the screen: what comes next is a new base */
        if (view_offer(f.offer, &o)) driver_offer(d, &o);
        break;
    case VIEW_OFFER_REVOKED:
        if (d->state == DRIVER_THINKING && slice_eq(f.offer_id, slice_of(d->lease_id))) {
            driver_idle(d);
        }
        break;
    case VIEW_OTHER:
        break;
    }
    json_decref(json);
}

static void on_closed(void *data, int code)
{
    struct driver *d = data;
    (void)code; /* one session at a time: 4003 can only mean his own older one */
    d->ws = NULL;
    int64_t wait = 200 << (d->reconnects < 4 ? d->reconnects : 4);
    d->reconnects++;
    net_after(&d->world->net, &d->reconnect, wait / 2 + (int64_t)rng_below(&d->rng, 400),
              driver_connect, d);
}

static void driver_connect(void *data)
{
    static const struct ws_events events = {.on_text = on_frame, .on_close = on_closed};
    struct driver *d = data;
    if (d->ws != NULL) return;
    d->watch = (struct judge_watch){0};
    d->ws = ws_open(&d->world->net, &d->world->gateway, buf_slice(&d->token), &events, d);
}

/* --- the start of the day --- */

static void driver_go_online(void *data);
static void on_start_time(void *data);

static void on_online(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    if (reply->status != 200) {
        fprintf(stderr, "driver %s cannot go online: status %d\n", d->id, reply->status);
        net_after(&d->world->net, &d->step, RESYNC_AGAIN_MS, driver_go_online, d);
        return;
    }
    driver_idle(d);
    driver_connect(d);
    int64_t first_ms = (int64_t)rng_below(&d->rng, PING_MS);
    d->ping_due_us = clock_mono_us() + first_ms * 1000;
    net_after(&d->world->net, &d->ping, first_ms, on_ping_time, d);
    net_after(&d->world->net, &d->wander, first_ms, on_wander, d);
    if (!d->ready) world_driver_ready(d->world);
    d->ready = true;
}

static void driver_go_online(void *data)
{
    struct driver *d = data;
    char path[96];
    char body[128];
    struct geo_point at = driver_at(d);
    int n = snprintf(path, sizeof path, "/v1/drivers/%s/online", d->id);
    int m = snprintf(body, sizeof body, "{\"lat\":%.6f,\"lon\":%.6f,\"products\":[\"economy\"]}",
                     at.lat, at.lon);
    must(n > 0 && (size_t)n < sizeof path);
    must(m > 0 && (size_t)m < sizeof body);
    driver_call(d, world_dispatcher(d->world), "POST", slice_make(path, (size_t)n),
                slice_make(body, (size_t)m), false, on_online);
}

static void on_profile(void *data, const struct call_reply *reply)
{
    struct driver *d = data;
    if (reply->status != 200 && reply->status != 201 && reply->status != 204) {
        char *why = json_dumps(reply->body, JSON_COMPACT | JSON_ENCODE_ANY);
        fprintf(stderr, "driver %s gets no profile: status %d %s\n", d->id, reply->status,
                why == NULL ? "" : why);
        free(why);
        net_after(&d->world->net, &d->step, RESYNC_AGAIN_MS, on_start_time, d);
        return;
    }
    driver_go_online(d);
}

static void on_start_time(void *data)
{
    struct driver *d = data;
    struct world *w = d->world;
    static const char *const cars[][2] = {
        {"Toyota", "Prius"}, {"Honda", "Fit"}, {"Tesla", "Model 3"}, {"Kia", "Niro"}};
    const char *const *car = cars[rng_below(&d->rng, 4)];
    char path[96];
    char body[320];
    int n = snprintf(path, sizeof path, "/v1/drivers/%s", d->id);
    int m = snprintf(body, sizeof body,
                     "{\"name\":\"Driver %u\",\"rating\":%.2f,\"vehicle\":{\"make\":\"%s\","
                     "\"model\":\"%s\",\"plate\":\"H%05u\",\"color\":\"white\"},"
                     "\"products\":[\"economy\"],\"languages\":[\"en\"]}",
                     d->index, 4.2 + 0.8 * rng_unit(&d->rng), car[0], car[1], d->index);
    must(n > 0 && (size_t)n < sizeof path);
    must(m > 0 && (size_t)m < sizeof body);
    struct call_spec spec = {.to = world_dispatcher(w),
                             .method = "PUT",
                             .path = slice_make(path, (size_t)n),
                             .token = buf_slice(&w->ops_token),
                             .body = slice_make(body, (size_t)m),
                             .give_up_ms = GIVE_UP_MS};
    call_start(&w->calls, &spec, on_profile, d);
}

void driver_start(struct driver *d)
{
    if (d->token.len == 0) d->token = world_token(d->world, "driver", slice_of(d->id));
    net_after(&d->world->net, &d->step, 2 * (int64_t)d->index, on_start_time, d);
}
