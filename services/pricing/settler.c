#include "settler.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/pricing/pricing.h"
#include "services/pricing/settlement.h"

enum { READ_COUNT = 128, CLAIM_COUNT = 64, BLOCK_MS = 2000, RETRY_MS = 300 };

static const struct slice group = {"pricing", 7};

/* settler
 *
 *   DOWN --connected--> group made --> READING --entries--> WORKING --all done--> READING ...
 *     ^------------connection lost--------+
 *
 * Besides, a timer claims what others left behind; those entries count as work too. */
struct settler {
    struct pricing *pricing; /* borrowed */
    char region[33];         /* a region id and a NUL */
    struct key_text stream;
    struct store *reader; /* owned */
    uv_timer_t claim_timer;
    uv_timer_t retry_timer;
    size_t work;   /* entries being settled, and calls under way beside the blocking read */
    bool reading;  /* the blocking read, or the making of the group, is under way */
    bool claiming; /* a claim's entries are not all done */
    bool draining;
    bool closing;
    int handles; /* open: two timers and the reader */
    void (*drained)(void *data);
    void *drained_data;
    struct log_gate gate;
};

/* One completed ride. */
struct bill {
    struct settler *settler;
    char entry_id[48];
    char ride_id[ID_MAX + 1];
};

static void read_more(struct settler *s);
static void on_retry(uv_timer_t *timer);

static struct slice stream_of(const struct settler *s)
{
    return slice_make(s->stream.bytes, s->stream.len);
}

static void count(struct settler *s, const char *result)
{
    metric_inc(METRIC_AT(s->pricing->metric[M_SETTLED], slice_of(result)));
}

static void complain(struct settler *s, const char *event, struct slice ride, struct slice error)
{
    uint64_t missed = 0;
    if (!log_gate_open(&s->gate, clock_mono_ms(), 1000, &missed)) return;
    log_error(event, LOG_CSTR("region", s->region), LOG_STR("ride_id", ride),
              LOG_STR("error", error), LOG_INT("missed", missed));
}

/* After each thing that ended: is the drain over, may s be freed, should more be read? */
static void settle_down(struct settler *s)
{
    if (s->work == 0) {
        s->claiming = false;
        if (s->draining && s->drained != NULL) {
            void (*fn)(void *data) = s->drained;
            s->drained = NULL;
            fn(s->drained_data);
        }
        if (s->closing && s->handles == 0 && !s->reading) {
            mem_free(s);
            return;
        }
    }
    read_more(s);
}

static void work_done(struct settler *s)
{
    must(s->work > 0);
    s->work--;
    settle_down(s);
}

static void on_acked(void *data, enum store_status status, const redisReply *reply)
{
    (void)status; /* what was not acknowledged is claimed, seen to be no work, and acknowledged */
    (void)reply;
    work_done(data);
}

/* --- one bill --- */

static void on_settled(void *data, const struct life_result *r)
{
    struct bill *b = data;
    struct settler *s = b->settler;
    struct slice ride = slice_of(b->ride_id);
    switch ((unsigned)r->code) {
    case LIFE_OK:
        count(s, life_extra_i64(r, "replayed", 0) != 0 ? "replayed" : "settled");
        break;
    case LIFE_NOT_FOUND:
    case LIFE_ILLEGAL:
        count(s, "gone");
        break;
    default: /* the entry stays pending, and is claimed again */
        count(s, "failed");
        complain(s, "settlement_failed", ride, r->error);
    }
    mem_free(b);
    work_done(s);
}

static struct settlement bill_of(const struct settler *s, const struct ride *ride)
{
    struct arena arena = {0};
    struct quote quote;
    struct settlement out = {.reason = SETTLEMENT_QUOTE_HOLDS, .total_minor = ride->fare_minor};
    struct settlement_trip trip = {
        .has_end = ride->end_lat != 0 || ride->end_lon != 0,
        .end = {ride->end_lon, ride->end_lat},
        .stops_done = ride->stops_done > 0 ? (uint32_t)ride->stops_done : 0,
        .driven_ms = ride->ended_ms - ride->started_ms,
        .speed_scale = app_options(s->pricing->app)->speed_scale,
    };
    /* A ride without a quote of ours was made by hand: its fare is what it says. */
    if (quote_claims_parse(ride->quote, &arena, &quote)) out = settlement_compute(&quote, &trip);
    arena_fini(&arena);
    return out;
}

static void on_ride(void *data, const struct life_result *r)
{
    struct bill *b = data;
    struct settler *s = b->settler;
    if ((r->code == LIFE_OK && r->has_ride) || r->code == LIFE_NOT_FOUND) {
        struct settlement bill = {0};
        struct slice currency = SLICE("");
        if (r->has_ride) {
            bill = bill_of(s, &r->ride);
            currency = r->ride.currency;
        }
        struct buf fare = {0};
        struct json j = json_start(&fare);
        json_object_start(&j);
        json_put_i64(&j, "amount_minor", bill.total_minor);
        json_put_str(&j, "currency", currency);
        json_put_cstr(&j, "reason", settlement_reason_text(bill.reason));
        json_object_end(&j);
        /* Also for a ride that is gone: the call acknowledges its entry. */
        life_ride_settle(s->pricing->life, slice_of(b->ride_id), buf_slice(&fare), bill.total_minor,
                         group, slice_of(b->entry_id), on_settled, b);
        buf_fini(&fare);
        return;
    }
    count(s, "failed");
    complain(s, "settlement_unread", slice_of(b->ride_id), r->error);
    mem_free(b);
    work_done(s);
}

static void bill_start(struct settler *s, struct slice entry_id, struct slice ride_id)
{
    struct bill *b = mem_new(struct bill);
    b->settler = s;
    (void)slice_cstr(entry_id, b->entry_id, sizeof b->entry_id);
    (void)slice_cstr(ride_id, b->ride_id, sizeof b->ride_id);
    s->work++;
    life_ride_get(s->pricing->life, slice_of(b->ride_id), on_ride, b);
}

/* --- entries --- */

static bool is_work(const struct settler *s, const redisReply *fields, struct slice *ride_id)
{
    *ride_id = reply_field_slice(fields, "ride_id");
    return slice_is(reply_field_slice(fields, "type"), "complete") && id_valid(*ride_id) &&
           slice_eq(id_region(*ride_id), slice_of(s->region));
}

/* Settles the completed rides among the entries ([[id, fields], ...]) and acknowledges the rest
 * in one command. A nil in fields is an entry that was trimmed away. */
static void take(struct settler *s, const redisReply *entries)
{
    struct store *store = app_store(s->pricing->app);
    size_t n = reply_count(entries);
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        struct slice ride_id = {0};
        const redisReply *entry = reply_at(entries, i);
        if (is_work(s, reply_at(entry, 1), &ride_id))
            bill_start(s, reply_slice(reply_at(entry, 0)), ride_id);
        else
            others++;
    }
    if (others == 0) return;
    struct store_cmd *c = store_cmd(store, "XACK");
    store_arg(c, stream_of(s));
    store_arg(c, group);
    for (size_t i = 0; i < n; i++) {
        struct slice ride_id = {0};
        const redisReply *entry = reply_at(entries, i);
        if (!is_work(s, reply_at(entry, 1), &ride_id))
            store_arg(c, reply_slice(reply_at(entry, 0)));
    }
    s->work++;
    store_send(store, c, app_options(s->pricing->app)->store_timeout_ms, on_acked, s);
}

static void on_read(void *data, enum store_status status, const redisReply *reply)
{
    struct settler *s = data;
    s->reading = false;
    if (status == STORE_OK) {
        /* Nil when the wait was in vain. While draining what came is left for others to claim. */
        if (!s->draining) take(s, reply_at(reply_at(reply, 0), 1));
        settle_down(s);
        return;
    }
    /* The group is gone with a store that lost its data; anything else passes by itself. */
    if (status == STORE_ERROR) complain(s, "events_unread", SLICE(""), reply_slice(reply));
    if (!s->draining) (void)uv_timer_start(&s->retry_timer, on_retry, RETRY_MS, 0);
    settle_down(s);
}

static void read_more(struct settler *s)
{
    if (s->reading || s->draining || s->work > 0 || !store_is_up(s->reader)) return;
    if (uv_is_active((uv_handle_t *)&s->retry_timer)) return;
    s->reading = true;
    struct store_cmd *c = store_cmd(s->reader, "XREADGROUP");
    store_arg_cstr(c, "GROUP");
    store_arg(c, group);
    store_arg_cstr(c, s->pricing->consumer);
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, READ_COUNT);
    store_arg_cstr(c, "BLOCK");
    store_arg_i64(c, BLOCK_MS);
    store_arg_cstr(c, "STREAMS");
    store_arg(c, stream_of(s));
    store_arg_cstr(c, ">");
    store_send(s->reader, c, BLOCK_MS + app_options(s->pricing->app)->store_timeout_ms, on_read, s);
}

static void on_group(void *data, enum store_status status, const redisReply *reply)
{
    struct settler *s = data;
    s->reading = false;
    bool there = status == STORE_OK || reply_is_error_code(reply, "BUSYGROUP");
    if (!there) complain(s, "group_not_made", SLICE(""), reply_slice(reply));
    if (!there && !s->draining) (void)uv_timer_start(&s->retry_timer, on_retry, RETRY_MS, 0);
    settle_down(s);
}

/* Makes the group where it is missing, from the beginning of the stream, and then reads. */
static void make_group(struct settler *s)
{
    if (s->reading || s->draining || !store_is_up(s->reader)) return;
    s->reading = true;
    STORE_CALL(s->reader, app_options(s->pricing->app)->store_timeout_ms, on_group, s,
               SLICE("XGROUP"), SLICE("CREATE"), stream_of(s), group, SLICE("0"),
               SLICE("MKSTREAM"));
}

static void on_up(void *data)
{
    make_group(data);
}

static void on_retry(uv_timer_t *timer)
{
    make_group(timer->data);
}

/* --- what others left behind --- */

static void on_claimed(void *data, enum store_status status, const redisReply *reply)
{
    struct settler *s = data;
    if (status == STORE_OK) take(s, reply_at(reply, 1));
    work_done(s);
}

static void on_claim_timer(uv_timer_t *timer)
{
    struct settler *s = timer->data;
    struct store *store = app_store(s->pricing->app);
    if (s->claiming || s->draining || !store_is_up(store)) return;
    s->claiming = true;
    s->work++;
    struct store_cmd *c = store_cmd(store, "XAUTOCLAIM");
    store_arg(c, stream_of(s));
    store_arg(c, group);
    store_arg_cstr(c, s->pricing->consumer);
    store_arg_i64(c, s->pricing->options.claim_ms);
    store_arg_cstr(c, "0");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, CLAIM_COUNT);
    store_send(store, c, app_options(s->pricing->app)->store_timeout_ms, on_claimed, s);
}

/* --- its life --- */

struct settler *settler_new(struct pricing *p, struct slice region)
{
    struct settler *s = mem_new(struct settler);
    s->pricing = p;
    (void)slice_cstr(region, s->region, sizeof s->region);
    (void)key_make0(&s->stream, KEY_RIDES_EVENTS, region);

    uv_loop_t *loop = app_loop(p->app);
    must(uv_timer_init(loop, &s->claim_timer) == 0);
    must(uv_timer_init(loop, &s->retry_timer) == 0);
    s->claim_timer.data = s;
    s->retry_timer.data = s;
    uint64_t every = (uint64_t)p->options.claim_ms / 2 + 1;
    must(uv_timer_start(&s->claim_timer, on_claim_timer, every, every) == 0);

    struct store_config config = app_store_config(p->app);
    s->reader = store_new(loop, &config);
    s->handles = 3;
    store_on_up(s->reader, on_up, s);
    store_open(s->reader);
    return s;
}

void settler_drain(struct settler *s, void (*cb)(void *data), void *data)
{
    s->draining = true;
    s->drained = cb;
    s->drained_data = data;
    (void)uv_timer_stop(&s->claim_timer);
    (void)uv_timer_stop(&s->retry_timer);
    settle_down(s);
}

static void handle_closed(struct settler *s)
{
    s->handles--;
    settle_down(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_reader_closed(void *data)
{
    handle_closed(data);
}

void settler_close(struct settler *s)
{
    if (s == NULL) return;
    s->draining = true;
    s->closing = true;
    s->drained = NULL;
    uv_close((uv_handle_t *)&s->claim_timer, on_timer_closed);
    uv_close((uv_handle_t *)&s->retry_timer, on_timer_closed);
    store_close(s->reader, on_reader_closed, s);
}
