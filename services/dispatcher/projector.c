#include "projector.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/local_day.h"
#include "services/kit/core/cell.h"
#include "services/kit/group_reader.h"
#include "services/kit/ids.h"

static const struct slice group = {"projector", 9};

struct projector {
    struct dispatcher *dispatcher; /* borrowed */
    char region[33];
    struct group_reader *reader; /* owned */
    struct log_gate gate;
};

static void on_projected(void *data, const struct life_result *r)
{
    struct projector *p = data;
    struct slice result = life_extra(r, "did");
    uint64_t missed = 0;
    if (r->code == LIFE_STALE_ENTRY) result = SLICE("stale");
    if (r->code != LIFE_OK && r->code != LIFE_STALE_ENTRY) result = SLICE("failed");
    metric_inc(METRIC_AT(p->dispatcher->metric[M_PROJECTIONS], result));
    bool bad = slice_is(result, "failed") || slice_is(result, "dead_letter");
    if (bad && log_gate_open(&p->gate, clock_mono_ms(), 1000, &missed))
        log_error("projection_failed", LOG_CSTR("region", p->region), LOG_STR("result", result),
                  LOG_STR("dead_id", life_extra(r, "dead_id")), LOG_STR("error", r->error),
                  LOG_INT("missed", missed));
    group_reader_done(p->reader);
}

/* Whether an entry changes anything that is projected. */
static bool counts(const redisReply *fields)
{
    static const char *const types[] = {"create", "accept", "assign", "settle", "rate", "redrive"};
    struct slice type = reply_field_slice(fields, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_is(type, types[i])) return true;
    return ride_is_over(ride_status_of(reply_field_slice(fields, "to")));
}

static bool take(void *data, struct slice entry_id, const redisReply *fields)
{
    struct projector *p = data;
    struct slice region = slice_of(p->region);
    if (!counts(fields)) return false;
    /* A region that has left the file is still worked for: then by UTC. */
    const struct region *r = regions_find(app_regions(p->dispatcher->app), region);
    int64_t at_ms = reply_i64(reply_field(fields, "at_ms"), id_entry_ms(entry_id));
    struct local_day day = local_day_at(r == NULL ? SLICE("UTC") : r->time_zone, at_ms);
    struct geo_point pickup = {reply_double(reply_field(fields, "lon"), 999),
                               reply_double(reply_field(fields, "lat"), 999)};
    char cell[CELL_HEX + 1] = "";
    if (geohash_valid(pickup)) (void)cell_text(cell_at(pickup), cell);
    life_project(p->dispatcher->life, region,
                 &(struct life_projection){.group = group,
                                           .entry_id = entry_id,
                                           .day = slice_of(day.day),
                                           .week = slice_of(day.week),
                                           .cell = slice_of(cell)},
                 on_projected, p);
    return true;
}

struct projector *projector_new(struct dispatcher *d, struct slice region)
{
    struct projector *p = mem_new(struct projector);
    p->dispatcher = d;
    (void)slice_cstr(region, p->region, sizeof p->region);
    p->reader = group_reader_new(&(struct group_reader_config){
        .app = d->app,
        .stream = KEY_RIDES_EVENTS,
        .region = region,
        .group = group,
        .consumer = d->consumer,
        .claim_ms = d->options.claim_ms,
        .take = take,
        .data = p,
    });
    return p;
}

void projector_drain(struct projector *p, void (*cb)(void *data), void *data)
{
    group_reader_drain(p->reader, cb, data);
}

void projector_close(struct projector *p)
{
    if (p == NULL) return;
    group_reader_close(p->reader, mem_free, p);
}
