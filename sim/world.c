#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "sim/audit.h"
#include "sim/driver.h"
#include "sim/load.h"
#include "sim/rider.h"
#include "sim/token.h"

enum {
    TRIPS_BYTES_MAX = 1 << 30,
    SECRET_BYTES_MAX = 4096,
    SETUP_MS = 60 * 1000,
    LEAD_MS = 3500, /* between the last driver's readiness and the first order: riders connect */
    PROGRESS_MS = 5000,
    SETTLE_MS = 2500, /* between the last ride's end and the audit */
    CHECK_MS = 200,
    TOKEN_S = 24 * 3600,
    EXIT_BALANCED = 0,
    EXIT_WRONG = 1,
    EXIT_INPUT = 65,
    EXIT_UNREACHABLE = 69,
};

#define PART_LOST    0.05
#define GIVE_UP_PART 0.85 /* of the drain: then what still goes on is brought to its end */

/* --- small services for the actors --- */

int64_t world_now_ms(const struct world *w)
{
    return (clock_mono_us() - w->start_us) / 1000;
}

int64_t world_scaled_ms(const struct world *w, double simulated_s)
{
    return (int64_t)(simulated_s * 1000 / w->opt->speedup);
}

struct endpoint *world_dispatcher(struct world *w)
{
    return w->dispatchers[w->dispatcher_next++ % w->dispatchers_count];
}

struct buf world_token(struct world *w, const char *role, struct slice sub)
{
    struct buf out = {0};
    struct buf jti = {0};
    int64_t now_s = clock_wall_ms() / 1000;
    buf_addf(&jti, "%s-%.*s", role, (int)sub.len, sub.p);
    must(token_sign(buf_slice(&w->secret),
                    &(struct token_claims){.sub = sub,
                                           .role = slice_of(role),
                                           .region = slice_of(w->region),
                                           .jti = buf_slice(&jti),
                                           .iat_s = now_s,
                                           .exp_s = now_s + TOKEN_S},
                    &out));
    buf_fini(&jti);
    return out;
}

/* The driver's app may show an offer before the rider's app has read its create's answer: the
 * ride's order is then not known yet, and the time is kept for it. */
void world_offered(struct world *w, struct slice ride_id)
{
    struct rider *r = map_find(&w->rides, ride_id);
    int64_t now_us = clock_mono_us();
    if (r == NULL) {
        if (map_find(&w->early, ride_id) != NULL) return;
        map_put(&w->early, ride_id, mem_dup(&now_us, sizeof now_us));
        return;
    }
    if (r->was_offered) return;
    r->was_offered = true;
    const int64_t *early_us = map_find(&w->early, ride_id);
    if (early_us != NULL) now_us = *early_us;
    int64_t due_us = w->start_us + r->order->at_ms * 1000;
    sample_add(&w->report.request_to_offer_ms, (double)(now_us - due_us) / 1000.0);
}

/* --- opening --- */

static bool read_secret(struct world *w)
{
    if (!load_file(w->opt->secret_file, SECRET_BYTES_MAX, &w->secret)) return false;
    while (w->secret.len > 0 && strchr("\r\n", w->secret.p[w->secret.len - 1]) != NULL) {
        w->secret.len--;
    }
    if (w->secret.len > 0) return true;
    fprintf(stderr, "hansom-sim: %s is empty\n", w->opt->secret_file);
    return false;
}

static bool open_endpoints(struct world *w)
{
    const struct options *o = w->opt;
    for (size_t i = 0; i < o->dispatchers_count; i++) {
        w->dispatchers[i] = endpoint_new(&w->net, o->dispatchers[i]);
        if (w->dispatchers[i] == NULL) {
            fprintf(stderr, "hansom-sim: --dispatcher: not a valid value: %s\n", o->dispatchers[i]);
            return false;
        }
        w->dispatchers_count++;
    }
    w->ingest = endpoint_new(&w->net, o->ingest);
    w->pricing = endpoint_new(&w->net, o->pricing);
    if (w->ingest != NULL && w->pricing != NULL && net_address(o->gateway, &w->gateway)) {
        return true;
    }
    fputs("hansom-sim: --ingest, --pricing or --gateway is no http://address:port\n", stderr);
    return false;
}

static bool make_demand(struct world *w)
{
    const struct options *o = w->opt;
    struct demand_spec spec = {.from_ms = o->from_ms,
                               .seconds = o->seconds,
                               .speedup = o->speedup,
                               .seed = o->seed,
                               .drivers = o->drivers};
    const char *id = o->region;
    if (o->trips == NULL) {
        const struct sim_region *r = region_find(slice_of(id == NULL ? "la" : id));
        if (r == NULL) {
            fprintf(stderr, "hansom-sim: --region: no demand is known for %s\n", id);
            return false;
        }
        id = r->id;
        demand_generate(r, &spec, &w->demand);
    } else {
        struct buf text = {0};
        if (!load_file(o->trips, TRIPS_BYTES_MAX, &text)) return false;
        const char *why = trip_file_read(buf_slice(&text), &w->file);
        buf_fini(&text);
        if (why != NULL) {
            fprintf(stderr, "hansom-sim: %s: %s\n", o->trips, why);
            return false;
        }
        const struct sim_region *r = region_of(&w->file);
        if (id == NULL && r == NULL) {
            fprintf(stderr, "hansom-sim: %s lies in no known region: give --region\n", o->trips);
            return false;
        }
        if (id == NULL) id = r->id;
        demand_replay(&w->file, &spec, &w->demand);
        if (w->file.skipped > 0) {
            fprintf(stderr, "%s: %zu rows could not be read and are left out\n", o->trips,
                    w->file.skipped);
        }
    }
    slice_cstr(slice_of(id), w->region, sizeof w->region);
    if (w->demand.count > 0) return true;
    fputs("hansom-sim: there is no request in that window\n", stderr);
    return false;
}

bool world_open(struct world *w, const struct options *opt, uv_loop_t *loop)
{
    *w = (struct world){.opt = opt, .status = EXIT_INPUT};
    net_init(&w->net, loop);
    calls_init(&w->calls, &w->net, opt->seed + 77, PART_LOST);
    w->judge = judge_new();
    if (!read_secret(w) || !open_endpoints(w) || !make_demand(w)) return false;

    unsigned char tag[3];
    rng_secret(tag, sizeof tag);
    snprintf(w->run_id, sizeof w->run_id, "s%02x%02x%02x", tag[0], tag[1], tag[2]);
    w->ops_token = world_token(w, "ops", SLICE("sim-ops"));
    w->report.trips_file = opt->trips;
    w->report.from_ms = w->demand.from_ms;
    w->report.rows = opt->trips == NULL ? 0 : w->demand.count;
    w->report.region = w->region;
    w->report.run_id = w->run_id;
    w->report.drivers = w->demand.drivers;
    w->report.speedup = opt->speedup;
    w->report.seed = opt->seed;
    w->report.seconds = opt->seconds;
    w->report.requested = w->demand.count;

    w->start_us = clock_mono_us();
    w->riders = mem_array(w->demand.count, struct rider);
    w->drivers = mem_array(w->demand.drivers, struct driver);
    for (size_t i = 0; i < w->demand.count; i++) {
        rider_init(&w->riders[i], w, (uint32_t)i);
    }
    for (size_t i = 0; i < w->demand.drivers; i++) {
        driver_init(&w->drivers[i], w, (uint32_t)i);
    }
    return true;
}

/* --- the phases --- */

static void world_end(struct world *w)
{
    w->phase = WORLD_OVER;
    net_clear(&w->net, &w->progress);
    net_clear(&w->net, &w->phase_alarm);
    for (size_t i = 0; i < w->dispatchers_count; i++) {
        endpoint_close(w->dispatchers[i]);
        w->dispatchers[i] = NULL;
    }
    endpoint_close(w->ingest);
    endpoint_close(w->pricing);
    w->ingest = w->pricing = NULL;
    calls_drop(&w->calls);
    if (w->riders == NULL) return; /* it was not opened */
    for (size_t i = 0; i < w->demand.count; i++) {
        rider_fini(&w->riders[i]);
    }
    for (size_t i = 0; i < w->demand.drivers; i++) {
        driver_fini(&w->drivers[i]);
    }
}

static void on_progress(void *data)
{
    struct world *w = data;
    size_t by[RIDE_STATUSES] = {0};
    size_t asked = 0;
    for (size_t i = 0; i < w->demand.count; i++) {
        if (w->riders[i].ride_id[0] == '\0') continue;
        asked++;
        by[w->riders[i].status]++;
    }
    static const char *const phases[] = {"setup", "run", "drain", "audit", "over"};
    fprintf(stderr,
            "%5.0f s %-5s  rides %zu: waiting %zu, driven %zu, completed %zu, ended otherwise "
            "%zu   pings %" PRIu64 "   retries %" PRIu64 "\n",
            (double)(clock_mono_us() - w->start_us) / 1e6, phases[w->phase], asked,
            by[RIDE_REQUESTED] + by[RIDE_OFFERED],
            by[RIDE_ASSIGNED] + by[RIDE_ARRIVED] + by[RIDE_IN_PROGRESS], by[RIDE_COMPLETED],
            by[RIDE_CANCELLED] + by[RIDE_UNFULFILLED] + by[RIDE_FAILED], w->report.pings_sent,
            w->calls.retries);
    net_after(&w->net, &w->progress, PROGRESS_MS, on_progress, w);
}

static void on_drain_over(void *data)
{
    struct world *w = data;
    w->phase = WORLD_AUDIT;
    w->report.drain_s = (double)(w->ended_us - w->start_us) / 1e6 - w->opt->seconds;
    w->report.pings_s = (double)(clock_mono_us() - w->start_us) / 1e6;
    for (size_t i = 0; i < w->demand.drivers; i++) {
        net_clear(&w->net, &w->drivers[i].ping);
        net_clear(&w->net, &w->drivers[i].wander);
    }
    w->audit = audit_start(w);
}

/* Waits for the last ride, or for the end of patience. */
static void on_drain_check(void *data)
{
    struct world *w = data;
    double gone_s = (double)(clock_mono_us() - w->start_us) / 1e6 - w->opt->seconds;
    bool all = w->riders_done == w->demand.count;
    if (gone_s >= w->opt->drain_s * GIVE_UP_PART) {
        for (size_t i = 0; i < w->demand.count; i++) {
            rider_give_up(&w->riders[i]);
        }
        for (size_t i = 0; i < w->demand.drivers; i++) {
            if (driver_cut_short(&w->drivers[i])) w->report.cut_short++;
        }
    }
    if (all || gone_s >= w->opt->drain_s) {
        w->ended_us = clock_mono_us();
        net_after(&w->net, &w->phase_alarm, SETTLE_MS, on_drain_over, w);
        return;
    }
    net_after(&w->net, &w->phase_alarm, CHECK_MS, on_drain_check, w);
}

static void on_window_over(void *data)
{
    struct world *w = data;
    w->phase = WORLD_DRAIN;
    on_drain_check(w);
}

static void world_begin(struct world *w)
{
    w->phase = WORLD_RUN;
    w->start_us = clock_mono_us() + LEAD_MS * 1000;
    for (size_t i = 0; i < w->demand.drivers; i++) {
        w->drivers[i].leg.start_ms = 0;
        w->drivers[i].leg.took_ms = 0;
    }
    for (size_t i = 0; i < w->demand.count; i++) {
        rider_start(&w->riders[i]);
    }
    net_after(&w->net, &w->phase_alarm, LEAD_MS + (int64_t)(w->opt->seconds * 1000), on_window_over,
              w);
}

static void on_setup_late(void *data)
{
    struct world *w = data;
    fprintf(stderr, "hansom-sim: only %zu of %zu drivers could go online in %d s\n",
            w->drivers_ready, w->demand.drivers, SETUP_MS / 1000);
    w->status = EXIT_UNREACHABLE;
    world_end(w);
}

void world_driver_ready(struct world *w)
{
    w->drivers_ready++;
    if (w->phase == WORLD_SETUP && w->drivers_ready == w->demand.drivers) world_begin(w);
}

void world_rider_done(struct world *w)
{
    w->riders_done++;
}

static void on_finish(void *data)
{
    struct world *w = data;
    struct report *r = &w->report;
    for (size_t i = 0; i < w->demand.count; i++) {
        const struct rider *one = &w->riders[i];
        if (one->end == RIDER_END_REFUSED)
            r->refused++;
        else if (one->ride_id[0] == '\0')
            r->unanswered++;
    }
    r->behaviour.lost_replies = w->calls.lost;
    r->retries = w->calls.retries;
    judge_finish(w->judge, &r->violations, &r->totals);
    w->status = report_ok(r) ? EXIT_BALANCED : EXIT_WRONG;
    world_end(w);
}

void world_audited(struct world *w)
{
    net_after(&w->net, &w->phase_alarm, 0, on_finish, w);
}

int world_run(struct world *w)
{
    fprintf(stderr, "region %s, %zu requests in %g s, %zu drivers, speed-up %g, seed %" PRIu64 "\n",
            w->region, w->demand.count, w->opt->seconds, w->demand.drivers, w->opt->speedup,
            w->opt->seed);
    for (size_t i = 0; i < w->demand.drivers; i++) {
        driver_start(&w->drivers[i]);
    }
    net_after(&w->net, &w->phase_alarm, SETUP_MS, on_setup_late, w);
    net_after(&w->net, &w->progress, PROGRESS_MS, on_progress, w);
    uv_run(w->net.loop, UV_RUN_DEFAULT);
    return w->status;
}

static bool free_early(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

void world_close(struct world *w)
{
    if (w->phase != WORLD_OVER) world_end(w);
    net_stop(&w->net);
    uv_run(w->net.loop, UV_RUN_DEFAULT);
    net_fini(&w->net);
    map_each(&w->early, free_early, NULL);
    map_fini(&w->early);
    map_fini(&w->rides);
    mem_free(w->riders);
    mem_free(w->drivers);
    audit_free(w->audit);
    judge_free(w->judge);
    demand_fini(&w->demand);
    trip_file_fini(&w->file);
    report_fini(&w->report);
    buf_fini(&w->secret);
    buf_fini(&w->ops_token);
}
