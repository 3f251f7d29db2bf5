#include "tests/world/calls.h"

#include "base/mem.h"
#include "base/must.h"
#include "tests/world/people.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool calls_are_calm;

/* One request and who waits for it; lives until its last copy is done with. */
struct exchange {
    struct request q;
    struct event timeout;
    answer_fn fn; /* NULL: answered, or given up */
    void *data;
    int refs;
    int number;
};

/* One copy of it, at a host. */
struct copy {
    struct list link; /* in host.serving, once it has arrived */
    struct exchange *x;
    struct host *host;
    struct answer answer;
};

static const char *const op_names[CALL_OPS] = {
    "create",   "ride",    "accept",        "decline",        "arrive",      "start",   "stop",
    "complete", "no_show", "rider cancels", "driver cancels", "ops cancels", "redrive", "online",
    "offline",  "break",   "block",         "unblock",        "state",       "mine"};

static void unref(struct exchange *x)
{
    if (--x->refs > 0) return;
    world_cancel(&x->timeout);
    mem_free(x);
}

static void copy_free(void *data)
{
    struct copy *c = data;
    list_del(&c->link);
    unref(c->x);
    mem_free(c);
}

void serving_drop(struct host *h)
{
    while (!list_empty(&h->serving))
        copy_free(list_entry(h->serving.next, struct copy, link));
}

static void settle(struct exchange *x, const struct answer *a)
{
    answer_fn fn = x->fn;
    x->fn = NULL;
    if (fn != NULL) fn(x->data, a);
}

static void on_timeout(void *data)
{
    struct answer none = {0};
    settle(data, &none);
    unref(data);
}

static void on_world_ended(void *data)
{
    unref(data);
}

static void on_answer(void *data)
{
    struct copy *c = data;
    settle(c->x, &c->answer);
    copy_free(c);
}

static void text(char *out, size_t size, struct slice s)
{
    (void)slice_cstr(s, out, size);
}

#define TEXT(field, s) text(field, sizeof(field), (s))

/* The dispatcher has its result: it answers. */
static void on_result(void *data, const struct life_result *r)
{
    struct copy *c = data;
    struct host *me = world_step_out();
    struct answer *a = &c->answer;
    *a = (struct answer){.arrived = true, .code = r->code};
    if (r->has_ride) {
        TEXT(a->ride_id, r->ride.ride_id);
        TEXT(a->rider_id, r->ride.rider_id);
        TEXT(a->driver_id, r->ride.driver_id);
        TEXT(a->start_code, r->ride.start_code);
        a->status = r->ride.status;
        a->version = r->ride.version;
        a->stops_done = r->ride.stops_done;
    }
    TEXT(a->state, life_extra(r, "state"));
    TEXT(a->offer, life_extra(r, "offer"));
    TEXT(a->ride, life_extra(r, "ride"));
    TEXT(a->lease, life_extra(r, "lease"));
    world_tell(c->host->name, "%s %s %s: %s%s%s", c->x->q.actor, op_names[c->x->q.op], c->x->q.ride,
               life_code_text(r->code), r->has_ride ? ", ride " : "",
               r->has_ride ? ride_status_text(r->ride.status) : "");
    if (r->code == LIFE_BROKEN)
        world_fail("%s %s: internal error: %.*s", c->x->q.actor, op_names[c->x->q.op],
                   (int)r->error.len, r->error.p);
    list_del(&c->link);
    if (c->x->fn != NULL && (calls_are_calm || !chance(0.03)))
        world_after(NULL, latency_us(), on_answer, c)->drop = copy_free;
    else
        copy_free(c);
    world_step_in(me);
}

/* Ids and start codes are drawn by the dispatcher: each copy of a request has its own. */
static void create(struct lifecycle *l, const struct request *q, struct copy *c)
{
    const struct region *la = regions_find(app_regions(NULL), SLICE("la"));
    char id[64], code[8], pickup[64];
    (void)snprintf(id, sizeof id, "la-R%d", ++world.rides_drawn);
    (void)snprintf(code, sizeof code, "%04d", (int)between(0, 9999));
    (void)snprintf(pickup, sizeof pickup, "{\"lat\":%.6f,\"lon\":%.6f}", q->lat, q->lon);
    struct life_create a = {
        .ride_id = slice_of(id),
        .rider_id = slice_of(q->actor),
        .idem_key = slice_of(q->key),
        .body_hash = slice_of(q->hash),
        .start_code = slice_of(code),
        .product = slice_of(q->product),
        .pickup_at_ms = q->pickup_at_ms,
        .pickup = slice_of(pickup),
        .dropoff = slice_of(pickup),
        .stops = SLICE("[]"),
        .stops_n = q->stops,
        .pickup_lat = q->lat,
        .pickup_lon = q->lon,
        .dropoff_lat = q->lat,
        .dropoff_lon = q->lon,
        .distance_m = 4000,
        .duration_s = 600,
        .pickup_eta_s = 60,
        .fare_minor = q->n,
        .currency = SLICE("USD"),
        .fee_cancel_minor = 500,
        .fee_no_show_minor = 700,
        .fee_free_s = 20,
        .fee_late_s = 40,
        .forward = region_product(la, slice_of(q->product))->forward,
    };
    life_ride_create(l, &a, on_result, c);
}

static void serve(void *data)
{
    struct copy *c = data;
    struct host *h = c->host;
    const struct request *q = &c->x->q;
    struct lifecycle *l = h->life_calls;
    struct life_act act = {.ride_id = slice_of(q->ride),
                           .actor_id = slice_of(q->actor),
                           .lease = slice_of(q->lease),
                           .lat = (double)NAN,
                           .lon = (double)NAN};
    struct slice driver = slice_of(q->actor); /* or rider */
    list_add(&h->serving, &c->link);
    switch (q->op) {
    case CALL_CREATE:
        create(l, q, c);
        break;
    case CALL_RIDE:
        life_ride_get(l, act.ride_id, on_result, c);
        break;
    case CALL_ACCEPT:
        life_ride_accept(l, &act, on_result, c);
        break;
    case CALL_DECLINE:
        life_ride_decline(l, &act, on_result, c);
        break;
    case CALL_ARRIVE:
        life_ride_arrive(l, &act, on_result, c);
        break;
    case CALL_START:
        life_ride_start(l, &act, slice_of(q->code), on_result, c);
        break;
    case CALL_STOP:
        life_ride_reach_stop(l, &act, q->n, on_result, c);
        break;
    case CALL_COMPLETE:
        life_ride_complete(l, &act, on_result, c);
        break;
    case CALL_NO_SHOW:
        life_ride_no_show(l, &act, on_result, c);
        break;
    case CALL_RIDER_CANCELS:
        life_ride_cancel(l, &act, RIDE_BY_RIDER, SLICE("changed_mind"), -1, on_result, c);
        break;
    case CALL_DRIVER_CANCELS:
        life_ride_cancel(l, &act, RIDE_BY_DRIVER, SLICE("vehicle_problem"), -1, on_result, c);
        break;
    case CALL_OPS_CANCELS:
        life_ride_cancel(l, &act, RIDE_BY_OPS, SLICE("safety"), 0, on_result, c);
        break;
    case CALL_REDRIVE:
        life_ride_redrive(l, act.ride_id, SLICE(""), on_result, c);
        break;
    case CALL_ONLINE:
        life_driver_online(l,
                           &(struct life_online){.driver_id = driver,
                                                 .lat = q->lat,
                                                 .lon = q->lon,
                                                 .products = slice_of(q->product),
                                                 .card = SLICE("{}")},
                           on_result, c);
        break;
    case CALL_OFFLINE:
        life_driver_offline(l, driver, on_result, c);
        break;
    case CALL_BREAK:
        life_driver_break(l, driver, on_result, c);
        break;
    case CALL_BLOCK:
        life_driver_block(l, driver, SLICE("documents"), on_result, c);
        break;
    case CALL_UNBLOCK:
        life_driver_unblock(l, driver, on_result, c);
        break;
    case CALL_STATE:
        life_snapshot_driver(l, driver, on_result, c);
        break;
    case CALL_MINE:
        life_snapshot_rider(l, SLICE("la"), driver, on_result, c);
        break;
    case CALL_OPS:
        must(false);
    }
}

static void send_copy(struct exchange *x, int64_t delay_us)
{
    struct host *h = host_any(HOST_DISPATCHER);
    if (h == NULL) return;
    struct copy *c = mem_new(struct copy);
    c->x = x;
    c->host = h;
    x->refs++;
    list_init(&c->link);
    world_after(h, delay_us + latency_us(), serve, c)->drop = copy_free;
}

/* A copy that somebody kept for a while: whoever is there then gets it. */
static void on_late(void *data)
{
    struct exchange *x = data;
    send_copy(x, 0);
    unref(x);
}

void call(const struct request *q, answer_fn fn, void *data)
{
    must(world.running == NULL);
    struct exchange *x = mem_new(struct exchange);
    x->q = *q;
    x->fn = fn;
    x->data = data;
    x->refs = 1;
    x->timeout = (struct event){.fn = on_timeout, .drop = on_world_ended, .data = x};
    world_post(&x->timeout, between(2 * SECOND, 5 * SECOND));
    if (calls_are_calm || !chance(0.03)) send_copy(x, 0);
    if (q->op == CALL_STATE || q->op == CALL_RIDE || q->op == CALL_MINE || calls_are_calm) return;
    if (chance(0.04)) send_copy(x, between(0, 20 * MS));
    if (!chance(temper.late)) return;
    x->refs++;
    world_after(NULL, between(SECOND, 60 * SECOND), on_late, x)->drop = on_world_ended;
}

/* --- pings --- */

struct fix {
    struct host *host;
    char driver_id[32];
    struct ping ping;
};

static void on_fix(void *data)
{
    struct fix f = *(struct fix *)data;
    struct host *me = world_step_out();
    mem_free(data);
    world_step_in(me);
    ingest_ping(f.host, f.driver_id, f.ping);
}

void call_ping(const char *driver_id, struct ping p)
{
    struct host *h = host_any(HOST_INGEST);
    if (h == NULL || (!calls_are_calm && chance(0.03))) return;
    struct fix *f = mem_new(struct fix);
    f->host = h;
    (void)slice_cstr(slice_of(driver_id), f->driver_id, sizeof f->driver_id);
    f->ping = p;
    world_after(h, latency_us(), on_fix, f)->drop = mem_free;
}
