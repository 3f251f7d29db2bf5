#include "rider.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

enum {
    CONNECT_AHEAD_MS = 3000, /* the app is opened so long before the request */
    QUOTE_AHEAD_MS = 1500,
    POLL_MS = 15000,  /* silence after which the app asks by itself */
    LINGER_MS = 1500, /* after the end, for the settled fare */
    GIVE_UP_MS = 90000,
    QUOTES_MAX = 3,
};

#define PART_CANCELLED 0.04
#define PART_TWICE     0.10

static void rider_connect(void *data);
static void rider_quote(struct rider *r);
static void rider_create(struct rider *r);
static void rider_cancel(void *data);
static void rider_poll(void *data);

void rider_init(struct rider *r, struct world *w, uint32_t index)
{
    *r = (struct rider){.world = w, .index = index, .order = &w->demand.orders[index]};
    snprintf(r->id, sizeof r->id, "%s-r%u", w->run_id, index);
    snprintf(r->key, sizeof r->key, "%s-k%u", w->run_id, index);
    rng_init(&r->rng, w->opt->seed * 1000003 + index);
    r->wants_cancel = rng_unit(&r->rng) < PART_CANCELLED;
    r->twice = rng_unit(&r->rng) < PART_TWICE;
    r->twice_at_once = rng_unit(&r->rng) < 0.5;
}

void rider_fini(struct rider *r)
{
    net_clear(&r->world->net, &r->step);
    net_clear(&r->world->net, &r->cancel);
    net_clear(&r->world->net, &r->poll);
    net_clear(&r->world->net, &r->reconnect);
    ws_close(r->ws);
    r->ws = NULL;
    buf_fini(&r->token);
    buf_fini(&r->quote_token);
}

static void call(struct rider *r, struct endpoint *to, const char *method, struct slice path,
                 struct slice body, bool may_lose, call_cb cb)
{
    struct call_spec spec = {.to = to,
                             .method = method,
                             .path = path,
                             .token = buf_slice(&r->token),
                             .body = body,
                             .give_up_ms = GIVE_UP_MS,
                             .may_lose = may_lose};
    call_start(&r->world->calls, &spec, cb, r);
}

static void on_hang_up(void *data)
{
    struct rider *r = data;
    net_clear(&r->world->net, &r->poll);
    net_clear(&r->world->net, &r->reconnect);
    ws_close(r->ws);
    r->ws = NULL;
}

static void rider_end(struct rider *r, enum rider_end end)
{
    if (r->state == RIDER_DONE) return;
    r->state = RIDER_DONE;
    r->end = end;
    net_clear(&r->world->net, &r->cancel);
    net_after(&r->world->net, &r->step, end == RIDER_END_RIDE ? LINGER_MS : 0, on_hang_up, r);
    world_rider_done(r->world);
}

/* Takes what the app was told about its ride; older news than it has changes nothing. */
static void rider_learn(struct rider *r, const struct ride_view *v)
{
    if (!slice_eq(v->look.ride_id, slice_of(r->ride_id))) return;
    if (v->start_code.len > 0) slice_cstr(v->start_code, r->start_code, sizeof r->start_code);
    if (v->look.version < r->version) return;
    r->version = v->look.version;
    r->status = v->look.status;
    if (status_terminal(r->status))
        rider_end(r, RIDER_END_RIDE);
    else
        net_after(&r->world->net, &r->poll, POLL_MS, rider_poll, r);
}

/* --- the session --- */

static void on_frame(void *data, struct slice text)
{
    struct rider *r = data;
    json_t *json = json_loadb(text.p, text.len, 0, NULL);
    struct frame_view f = view_frame(json);
    struct ride_view v;
    if (f.kind == VIEW_GAP) {
        judge_frame(r->world->judge, &r->watch, FRAME_GAP, &(struct judge_look){0});
    } else if (f.kind == VIEW_SNAPSHOT && f.ride == NULL) {
        judge_frame(r->world->judge, &r->watch, FRAME_SNAPSHOT, &(struct judge_look){0});
    } else if ((f.kind == VIEW_SNAPSHOT || f.kind == VIEW_RIDE_UPDATED) && view_ride(f.ride, &v)) {
        enum judge_frame kind = f.kind == VIEW_SNAPSHOT ? FRAME_SNAPSHOT : FRAME_UPDATE;
        judge_frame(r->world->judge, &r->watch, kind, &v.look);
        if (r->await == v.look.status && r->await != RIDE_NONE) {
            sample_add(&r->world->report.push_ms, (double)(clock_mono_us() - r->await_us) / 1000.0);
            r->await = RIDE_NONE;
        }
        rider_learn(r, &v);
    }
    json_decref(json);
}

static void on_closed(void *data, int code)
{
    struct rider *r = data;
    r->ws = NULL;
    if (r->state == RIDER_DONE || code == 4003) return;
    int64_t wait = 200 << (r->reconnects < 4 ? r->reconnects : 4);
    r->reconnects++;
    net_after(&r->world->net, &r->reconnect, wait / 2 + (int64_t)rng_below(&r->rng, 400),
              rider_connect, r);
}

static void rider_connect(void *data)
{
    static const struct ws_events events = {.on_text = on_frame, .on_close = on_closed};
    struct rider *r = data;
    if (r->ws != NULL || r->state == RIDER_DONE) return;
    r->watch = (struct judge_watch){0};
    r->ws = ws_open(&r->world->net, &r->world->gateway, buf_slice(&r->token), &events, r);
}

/* --- asking --- */

static void point_json(struct buf *out, const char *name, struct geo_point p)
{
    buf_addf(out, "\"%s\":{\"lat\":%.6f,\"lon\":%.6f}", name, p.lat, p.lon);
}

static int64_t until_order_ms(const struct rider *r)
{
    return r->order->at_ms - world_now_ms(r->world);
}

static void on_order_time(void *data)
{
    struct rider *r = data;
    r->state = RIDER_CREATE;
    if (r->quote_token.len > 0) rider_create(r);
}

static void on_quote(void *data, const struct call_reply *reply)
{
    struct rider *r = data;
    struct slice token = view_str(reply->body, "quote_token");
    if (r->state == RIDER_DONE) return;
    if (reply->status != 201 || token.len == 0) {
        rider_end(r, reply->status == 0 ? RIDER_END_UNANSWERED : RIDER_END_REFUSED);
        return;
    }
    buf_clear(&r->quote_token);
    buf_add_slice(&r->quote_token, token);
    if (r->state == RIDER_CREATE) rider_create(r);
}

static void rider_quote(struct rider *r)
{
    struct buf body = {0};
    r->quotes++;
    buf_add_char(&body, '{');
    point_json(&body, "pickup", r->order->pickup);
    buf_add_char(&body, ',');
    point_json(&body, "dropoff", r->order->dropoff);
    buf_add_char(&body, '}');
    call(r, r->world->pricing, "POST", SLICE("/v1/quotes"), buf_slice(&body), false, on_quote);
    buf_fini(&body);
}

static void on_quote_time(void *data)
{
    struct rider *r = data;
    net_after(&r->world->net, &r->step, until_order_ms(r), on_order_time, r);
    rider_quote(r);
}

static void on_open_time(void *data)
{
    struct rider *r = data;
    r->token = world_token(r->world, "rider", slice_of(r->id));
    net_after(&r->world->net, &r->step, until_order_ms(r) - QUOTE_AHEAD_MS, on_quote_time, r);
    rider_connect(r);
}

void rider_start(struct rider *r)
{
    net_after(&r->world->net, &r->step, until_order_ms(r) - CONNECT_AHEAD_MS, on_open_time, r);
}

/* The app knows its ride: from now on it follows it. */
static void rider_follow(struct rider *r, const struct ride_view *v)
{
    struct world *w = r->world;
    slice_cstr(v->look.ride_id, r->ride_id, sizeof r->ride_id);
    map_put(&w->rides, v->look.ride_id, r);
    r->state = RIDER_FOLLOW;
    int64_t *offered_us = map_take(&w->early, v->look.ride_id);
    if (offered_us != NULL) {
        world_offered(w, v->look.ride_id);
        mem_free(offered_us);
    }
    if (r->wants_cancel) {
        int64_t wait = world_scaled_ms(w, 60) + 1000;
        net_after(&w->net, &r->cancel, 1 + (int64_t)rng_below(&r->rng, (uint64_t)wait),
                  rider_cancel, r);
    }
    rider_learn(r, v);
}

static void rider_look(struct rider *r);

/* The app that never heard what became of its request looks whether it has a ride. */
static void on_looked(void *data, const struct call_reply *reply)
{
    struct rider *r = data;
    struct ride_view v;
    if (r->state != RIDER_CREATE || r->world->phase >= WORLD_AUDIT) return;
    const json_t *items = json_object_get(reply->body, "items");
    if (view_ride(json_array_get(items, 0), &v)) {
        judge_created(r->world->judge, r->index, v.look.ride_id);
        judge_saw(r->world->judge, &v.look);
        rider_follow(r, &v);
    } else if (reply->status == 0) {
        rider_look(r);
    } else {
        rider_end(r, RIDER_END_UNANSWERED);
    }
}

static void rider_look(struct rider *r)
{
    char path[96];
    int n = snprintf(path, sizeof path, "/v1/riders/%s/rides?status=live", r->id);
    must(n > 0 && (size_t)n < sizeof path);
    call(r, world_dispatcher(r->world), "GET", slice_make(path, (size_t)n), (struct slice){0},
         false, on_looked);
}

static void rider_create_call(struct rider *r, struct endpoint *to);

static void on_repeat(void *data)
{
    struct rider *r = data;
    r->world->report.behaviour.duplicate_creates++;
    r->creates++;
    rider_create_call(r, world_dispatcher(r->world));
}

static void on_create(void *data, const struct call_reply *reply)
{
    struct rider *r = data;
    struct world *w = r->world;
    struct ride_view v;
    r->creates--;
    bool created = (reply->status == 201 || reply->status == 200) && view_ride(reply->body, &v);
    if (created) {
        judge_created(w->judge, r->index, v.look.ride_id);
        judge_saw(w->judge, &v.look);
        if (r->state == RIDER_CREATE) {
            sample_add(&w->report.create_http_ms, (double)reply->took_us / 1000.0);
            rider_follow(r, &v);
            if (r->twice && !r->twice_at_once && r->state == RIDER_FOLLOW) {
                net_after(&w->net, &r->step, (int64_t)rng_below(&r->rng, 300), on_repeat, r);
            }
        }
        return;
    }
    if (r->state != RIDER_CREATE || r->creates > 0) return;
    struct slice code = view_str(reply->body, "code");
    if (slice_is(code, "active_ride_exists") && view_reply_ride(reply->body, &v)) {
        judge_created(w->judge, r->index, v.look.ride_id);
        rider_follow(r, &v);
        return;
    }
    if (slice_is(code, "quote_expired") && r->quotes < QUOTES_MAX) {
        snprintf(r->key, sizeof r->key, "%s-k%u-%u", w->run_id, r->index, r->quotes);
        buf_clear(&r->quote_token);
        rider_quote(r);
        return;
    }
    if (reply->status == 0)
        rider_look(r);
    else
        rider_end(r, RIDER_END_REFUSED);
}

/* The caller has counted this create in r->creates. */
static void rider_create_call(struct rider *r, struct endpoint *to)
{
    struct buf body = {0};
    buf_add_cstr(&body, "{\"quote_token\":\"");
    buf_add_slice(&body, buf_slice(&r->quote_token));
    buf_add_cstr(&body, "\",");
    point_json(&body, "pickup", r->order->pickup);
    buf_add_char(&body, ',');
    point_json(&body, "dropoff", r->order->dropoff);
    buf_add_char(&body, '}');
    struct call_spec spec = {.to = to,
                             .method = "POST",
                             .path = SLICE("/v1/rides"),
                             .token = buf_slice(&r->token),
                             .key = slice_of(r->key),
                             .body = buf_slice(&body),
                             .intended_us = r->world->start_us + r->order->at_ms * 1000,
                             .give_up_ms = GIVE_UP_MS,
                             .may_lose = true};
    call_start(&r->world->calls, &spec, on_create, r);
    buf_fini(&body);
}

static void rider_create(struct rider *r)
{
    r->creates++;
    rider_create_call(r, world_dispatcher(r->world));
    if (r->twice && r->twice_at_once && r->quotes == 1) {
        r->world->report.behaviour.duplicate_creates++;
        r->creates++;
        rider_create_call(r, world_dispatcher(r->world));
    }
}

/* --- following --- */

static struct slice ride_path(const struct rider *r, const char *end, char *out, size_t size)
{
    int n = snprintf(out, size, "/v1/rides/%s%s", r->ride_id, end);
    must(n > 0 && (size_t)n < size);
    return slice_make(out, (size_t)n);
}

static void on_polled(void *data, const struct call_reply *reply)
{
    struct rider *r = data;
    struct ride_view v;
    if (r->state != RIDER_FOLLOW) return;
    if (reply->status == 404) { /* gone for good: the audit will say whether it was lost */
        rider_end(r, RIDER_END_RIDE);
        return;
    }
    net_after(&r->world->net, &r->poll, POLL_MS, rider_poll, r);
    if (reply->status != 200 || !view_ride(reply->body, &v)) return;
    judge_saw(r->world->judge, &v.look);
    rider_learn(r, &v);
}

static void rider_poll(void *data)
{
    struct rider *r = data;
    char path[128];
    if (r->state != RIDER_FOLLOW) return;
    call(r, world_dispatcher(r->world), "GET", ride_path(r, "", path, sizeof path),
         (struct slice){0}, false, on_polled);
}

static void on_cancel(void *data, const struct call_reply *reply)
{
    struct rider *r = data;
    struct ride_view v;
    r->cancelling = false;
    if (!view_reply_ride(reply->body, &v)) return;
    judge_saw(r->world->judge, &v.look);
    if (reply->status == 200 && v.look.status == RIDE_CANCELLED) {
        if (r->gives_up)
            r->world->report.gave_up++;
        else
            r->world->report.behaviour.rider_cancelled++;
    }
    rider_learn(r, &v);
}

static void rider_cancel(void *data)
{
    struct rider *r = data;
    char path[128];
    if (r->state != RIDER_FOLLOW || r->cancelling || r->status == RIDE_IN_PROGRESS) return;
    r->cancelling = true;
    call(r, world_dispatcher(r->world), "POST", ride_path(r, "/cancel", path, sizeof path),
         SLICE("{\"reason\":\"changed_mind\"}"), true, on_cancel);
}

void rider_give_up(struct rider *r)
{
    if (r->state != RIDER_FOLLOW || r->cancelling || r->status == RIDE_IN_PROGRESS) return;
    r->gives_up = true;
    rider_cancel(r); /* and again, when no answer came */
}

void rider_await(struct rider *r, enum ride_status status)
{
    if (r->state != RIDER_FOLLOW || r->ws == NULL) return;
    r->await = status;
    r->await_us = clock_mono_us();
}
