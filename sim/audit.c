#include "audit.h"

#include "base/mem.h"
#include "base/must.h"
#include "sim/driver.h"
#include "sim/rider.h"

enum { LANES = 24, GIVE_UP_MS = 30000 };

/* One lane works through the jobs: all rides, then all drivers, a few calls each.
 *
 *   RIDE -> EVENTS -> LIVE -> (next ride) ... -> STATE -> OFFLINE -> (next driver) ... */
enum job { JOB_RIDE, JOB_EVENTS, JOB_LIVE, JOB_STATE, JOB_OFFLINE };

struct lane {
    struct audit *audit;
    enum job job;
    size_t item; /* of riders or drivers */
};

struct audit {
    struct world *world;
    size_t next_rider;
    size_t next_driver;
    size_t busy; /* lanes still at work */
    struct lane lanes[LANES];
};

static void lane_next(struct lane *l);

static struct rider *lane_rider(const struct lane *l)
{
    return &l->audit->world->riders[l->item];
}

static struct driver *lane_driver(const struct lane *l)
{
    return &l->audit->world->drivers[l->item];
}

static void ask(struct lane *l, const char *method, struct slice token, call_cb cb,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

static void ask(struct lane *l, const char *method, struct slice token, call_cb cb,
                const char *format, ...)
{
    struct buf path = {0};
    va_list args;
    va_start(args, format);
    buf_addv(&path, format, args);
    va_end(args);
    struct world *w = l->audit->world;
    struct call_spec spec = {.to = world_dispatcher(w),
                             .method = method,
                             .path = buf_slice(&path),
                             .token = token,
                             .give_up_ms = GIVE_UP_MS};
    call_start(&w->calls, &spec, cb, l);
    buf_fini(&path);
}

static void on_offline(void *data, const struct call_reply *reply)
{
    (void)reply;
    lane_next(data);
}

static void on_state(void *data, const struct call_reply *reply)
{
    struct lane *l = data;
    struct world *w = l->audit->world;
    struct driver *d = lane_driver(l);
    if (reply->status == 200) {
        const json_t *ride = json_object_get(reply->body, "ride");
        struct slice id =
            json_is_string(ride) ? slice_of(json_string_value(ride)) : view_str(ride, "ride_id");
        judge_read_driver(w->judge, slice_of(d->id), id);
    } else {
        w->report.unread++;
    }
    l->job = JOB_OFFLINE;
    ask(l, "POST", buf_slice(&d->token), on_offline, "/v1/drivers/%s/offline", d->id);
}

/* A rider has one order: whatever ride he has besides it is a duplicate. */
static void on_live(void *data, const struct call_reply *reply)
{
    struct lane *l = data;
    struct world *w = l->audit->world;
    struct rider *r = lane_rider(l);
    const json_t *items = json_object_get(reply->body, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        struct slice id = view_str(json_array_get(items, i), "ride_id");
        if (id.len > 0) judge_created(w->judge, r->index, id);
    }
    lane_next(l);
}

static void on_events(void *data, const struct call_reply *reply)
{
    struct lane *l = data;
    struct world *w = l->audit->world;
    struct rider *r = lane_rider(l);
    const json_t *items = json_object_get(reply->body, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        struct judge_look look;
        if (!view_event(json_array_get(items, i), slice_of(r->ride_id), &look)) continue;
        judge_read_event(w->judge, &look);
    }
    l->job = JOB_LIVE;
    ask(l, "GET", buf_slice(&r->token), on_live, "/v1/riders/%s/rides?status=live", r->id);
}

static void on_ride(void *data, const struct call_reply *reply)
{
    struct lane *l = data;
    struct world *w = l->audit->world;
    struct rider *r = lane_rider(l);
    struct ride_view v;
    if (reply->status == 200 && view_ride(reply->body, &v)) {
        judge_read_ride(w->judge, slice_of(r->ride_id), &v.look);
    } else if (reply->status == 404) {
        judge_read_ride(w->judge, slice_of(r->ride_id), NULL);
        lane_next(l);
        return;
    } else {
        w->report.unread++;
    }
    l->job = JOB_EVENTS;
    ask(l, "GET", buf_slice(&r->token), on_events, "/v1/rides/%s/events", r->ride_id);
}

/* Rides come before drivers: what a driver's state says is weighed against his ride. */
static void lane_next(struct lane *l)
{
    struct audit *a = l->audit;
    struct world *w = a->world;
    while (a->next_rider < w->demand.count) {
        l->item = a->next_rider++;
        struct rider *r = lane_rider(l);
        if (r->ride_id[0] == '\0') continue;
        l->job = JOB_RIDE;
        ask(l, "GET", buf_slice(&r->token), on_ride, "/v1/rides/%s", r->ride_id);
        return;
    }
    if (a->next_driver < w->demand.drivers) {
        l->item = a->next_driver++;
        struct driver *d = lane_driver(l);
        l->job = JOB_STATE;
        ask(l, "GET", buf_slice(&d->token), on_state, "/v1/drivers/%s/state", d->id);
        return;
    }
    if (--a->busy == 0) world_audited(w);
}

struct audit *audit_start(struct world *w)
{
    struct audit *a = mem_new(struct audit);
    a->world = w;
    a->busy = LANES;
    for (size_t i = 0; i < LANES; i++) {
        a->lanes[i].audit = a;
        lane_next(&a->lanes[i]);
    }
    return a;
}

void audit_free(struct audit *a)
{
    mem_free(a);
}
