#include "revocations.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app.h"
#include "services/kit/keys.h"

enum { FOLLOW_MAX = 1000, WHOLE_MS = 60000, TIMEOUT_MS = 2000, ID_TEXT = 48, COMPLAIN_MS = 10000 };

/* What is known of one region. */
struct copy {
    struct revocations *of;
    char region[33];
    struct map revoked;    /* jti -> itself */
    char newest[ID_TEXT];  /* the last entry of revocations:{r} that is known */
    char reading[ID_TEXT]; /* the same, of the copy that is being read */
    bool warm;             /* was read as a whole once */
    bool asking;
    uint64_t generation;   /* of the connection that the whole was read over */
    uint64_t reading_over; /* the same, of the copy that is being read */
    int64_t whole_ms;      /* monotonic: when that was */
    int64_t heard_ms;      /* monotonic: the last good answer */
};

struct revocations {
    struct app *app;
    uv_timer_t timer;
    void (*on_change)(void *data);
    void *data;
    struct copy copies[REGIONS_MAX];
    size_t count;
    size_t calls; /* under way */
    bool timer_closed, closing;
    struct log_gate gate;
};

static void free_when_idle(struct revocations *r)
{
    if (!r->closing || !r->timer_closed || r->calls > 0) return;
    for (size_t i = 0; i < r->count; i++)
        map_fini(&r->copies[i].revoked);
    mem_free(r);
}

/* One call of a copy has ended, well or not. */
static void call_end(struct copy *c)
{
    struct revocations *r = c->of;
    r->calls--;
    free_when_idle(r);
}

/* Sends what was built for a copy. */
static void call_send(struct copy *c, struct store_cmd *cmd, store_cb cb)
{
    c->of->calls++;
    c->asking = true;
    store_send(app_store(c->of->app), cmd, TIMEOUT_MS, cb, c);
}

static struct store_cmd *command(struct copy *c, const char *name, enum key key)
{
    struct key_text text;
    struct store_cmd *cmd = store_cmd(app_store(c->of->app), name);
    store_arg(cmd, key_make0(&text, key, slice_of(c->region)));
    return cmd;
}

/* Whether the answer is one; says so once in a while when the store has something else there. */
static bool answered(struct copy *c, enum store_status status, const redisReply *reply)
{
    uint64_t missed = 0;
    c->asking = false;
    if (status == STORE_OK) c->heard_ms = clock_mono_ms();
    if (status == STORE_ERROR && log_gate_open(&c->of->gate, clock_mono_ms(), COMPLAIN_MS, &missed))
        log_error("revocations_unread", LOG_CSTR("region", c->region),
                  LOG_STR("error", reply_slice(reply)), LOG_INT("missed", missed));
    return status == STORE_OK && !c->of->closing;
}

static void know(struct copy *c, struct slice jti)
{
    if (jti.len > 0) (void)map_put(&c->revoked, jti, c);
}

/* --- following --- */

static void on_newer(void *data, enum store_status status, const redisReply *reply)
{
    struct copy *c = data;
    size_t n = answered(c, status, reply) ? reply_count(reply) : 0;
    for (size_t i = 0; i < n; i++) {
        const redisReply *entry = reply_at(reply, i);
        know(c, reply_field_slice(reply_at(entry, 1), "jti"));
        (void)slice_cstr(reply_slice(reply_at(entry, 0)), c->newest, sizeof c->newest);
    }
    if (n > 0) c->of->on_change(c->of->data);
    call_end(c);
}

static void follow(struct copy *c)
{
    char after[ID_TEXT + 1];
    (void)snprintf(after, sizeof after, "(%s", c->newest);
    struct store_cmd *cmd = command(c, "XRANGE", KEY_REVOCATIONS);
    store_arg_cstr(cmd, after);
    store_arg_cstr(cmd, "+");
    store_arg_cstr(cmd, "COUNT");
    store_arg_i64(cmd, FOLLOW_MAX);
    call_send(c, cmd, on_newer);
}

/* --- the whole --- */

static void on_whole(void *data, enum store_status status, const redisReply *reply)
{
    struct copy *c = data;
    if (answered(c, status, reply)) {
        map_fini(&c->revoked);
        c->revoked = (struct map){0};
        for (size_t i = 0; i < reply_count(reply); i++)
            know(c, reply_slice(reply_at(reply, i)));
        memcpy(c->newest, c->reading, sizeof c->newest);
        c->warm = true;
        c->generation = c->reading_over;
        c->whole_ms = c->heard_ms;
        c->of->on_change(c->of->data);
    }
    call_end(c);
}

/* The newest entry is known before the whole is read: what comes in between is read twice, not
 * missed. */
static void on_newest(void *data, enum store_status status, const redisReply *reply)
{
    struct copy *c = data;
    if (answered(c, status, reply)) {
        struct slice id = reply_slice(reply_at(reply_at(reply, 0), 0));
        (void)slice_cstr(id.len > 0 ? id : SLICE("0-0"), c->reading, sizeof c->reading);
        struct store_cmd *cmd = command(c, "ZRANGEBYSCORE", KEY_REVOKED);
        store_arg_i64(cmd, clock_wall_ms() - 60000); /* clocks differ a little */
        store_arg_cstr(cmd, "+inf");
        call_send(c, cmd, on_whole);
    }
    call_end(c);
}

static void read_whole(struct copy *c)
{
    c->reading_over = store_generation(app_store(c->of->app));
    struct store_cmd *cmd = command(c, "XREVRANGE", KEY_REVOCATIONS);
    store_arg_cstr(cmd, "+");
    store_arg_cstr(cmd, "-");
    store_arg_cstr(cmd, "COUNT");
    store_arg_i64(cmd, 1);
    call_send(c, cmd, on_newest);
}

/* --- regions and time --- */

/* Adds the regions that a reload has brought. */
static void meet_regions(struct revocations *r)
{
    const struct region *served[REGIONS_MAX];
    size_t n = app_served(r->app, served, REGIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < r->count && !slice_is(served[i]->id, r->copies[at].region))
            at++;
        if (at < r->count || r->count == REGIONS_MAX) continue;
        struct copy *c = &r->copies[r->count++];
        c->of = r;
        (void)slice_cstr(served[i]->id, c->region, sizeof c->region);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct revocations *r = timer->data;
    struct store *store = app_store(r->app);
    meet_regions(r);
    for (size_t i = 0; i < r->count && store_is_up(store); i++) {
        struct copy *c = &r->copies[i];
        if (c->asking) continue;
        bool whole = !c->warm || c->generation != store_generation(store) ||
                     clock_mono_ms() - c->whole_ms >= WHOLE_MS;
        if (whole)
            read_whole(c);
        else
            follow(c);
    }
}

struct revocations *revocations_new(struct app *a, int64_t interval_ms,
                                    void (*on_change)(void *data), void *data)
{
    struct revocations *r = mem_new(struct revocations);
    r->app = a;
    r->on_change = on_change;
    r->data = data;
    meet_regions(r);
    must(uv_timer_init(app_loop(a), &r->timer) == 0);
    r->timer.data = r;
    must(uv_timer_start(&r->timer, on_timer, 1, (uint64_t)interval_ms) == 0);
    return r;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct revocations *r = handle->data;
    r->timer_closed = true;
    free_when_idle(r);
}

void revocations_close(struct revocations *r)
{
    if (r == NULL) return;
    r->closing = true;
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

bool revocations_has(const struct revocations *r, struct slice jti)
{
    for (size_t i = 0; i < r->count; i++)
        if (map_find(&r->copies[i].revoked, jti) != NULL) return true;
    return false;
}

bool revocations_loaded(const struct revocations *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->copies[i].warm) return false;
    return true;
}

size_t revocations_count(const struct revocations *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        n += r->copies[i].revoked.count;
    return n;
}

double revocations_age_s(const struct revocations *r)
{
    int64_t oldest_ms = clock_mono_ms();
    for (size_t i = 0; i < r->count; i++) {
        int64_t heard_ms = r->copies[i].heard_ms;
        if (heard_ms > 0 && heard_ms < oldest_ms) oldest_ms = heard_ms;
    }
    return (double)(clock_mono_ms() - oldest_ms) / 1000.0;
}
