#include "settler.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/group_reader.h"
#include "services/kit/ids.h"
#include "services/pricing/pricing.h"
#include "services/pricing/settlement.h"

static const struct slice group = {"pricing", 7};

struct settler {
    struct pricing *pricing;     /* borrowed */
    char region[33];             /* a region id and a NUL */
    struct group_reader *reader; /* owned */
    struct log_gate gate;
};

/* One completed ride. */
struct bill {
    struct settler *settler;
    char entry_id[48];
    char ride_id[ID_MAX + 1];
};

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
    group_reader_done(s->reader);
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
    group_reader_done(s->reader);
}

static void bill_start(struct settler *s, struct slice entry_id, struct slice ride_id)
{
    struct bill *b = mem_new(struct bill);
    b->settler = s;
    (void)slice_cstr(entry_id, b->entry_id, sizeof b->entry_id);
    (void)slice_cstr(ride_id, b->ride_id, sizeof b->ride_id);
    life_ride_get(s->pricing->life, slice_of(b->ride_id), on_ride, b);
}

/* --- entries --- */

static bool take(void *data, struct slice entry_id, const redisReply *fields)
{
    struct settler *s = data;
    struct slice ride_id = reply_field_slice(fields, "ride_id");
    bool is_work = slice_is(reply_field_slice(fields, "type"), "complete") && id_valid(ride_id) &&
                   slice_eq(id_region(ride_id), slice_of(s->region));
    if (is_work) bill_start(s, entry_id, ride_id);
    return is_work;
}

/* --- its life --- */

struct settler *settler_new(struct pricing *p, struct slice region)
{
    struct settler *s = mem_new(struct settler);
    s->pricing = p;
    (void)slice_cstr(region, s->region, sizeof s->region);
    s->reader = group_reader_new(&(struct group_reader_config){
        .app = p->app,
        .stream = KEY_RIDES_EVENTS,
        .region = region,
        .group = group,
        .consumer = p->consumer,
        .claim_ms = p->options.claim_ms,
        .take = take,
        .data = s,
    });
    return s;
}

void settler_drain(struct settler *s, void (*cb)(void *data), void *data)
{
    group_reader_drain(s->reader, cb, data);
}

void settler_close(struct settler *s)
{
    if (s == NULL) return;
    group_reader_close(s->reader, mem_free, s);
}
