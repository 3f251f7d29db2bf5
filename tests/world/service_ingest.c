/* location-ingest, wired as its main.c does it; pings come by calls.c instead of HTTP. */
#include "base/mem.h"
#include "services/location-ingest/ingest.h"
#include "tests/world/calls.h"
#include "tests/world/host.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct ingest_options, field, __VA_ARGS__)
#include "services/location-ingest/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/location-ingest/metrics.def"
#undef METRIC
};

void ingest_start(struct host *h)
{
    static const char *const flags[] = {"", "--sweep-interval", "2s"};
    struct ingest *in = mem_new(struct ingest);
    host_options(h, specs, sizeof specs / sizeof specs[0], &in->options, 3, flags);
    metrics_add(h->app.metrics, metrics, M_COUNT, in->metric);
    in->app = &h->app;
    in->life = h->life_calls = lifecycle_new(h->app.store);
    struct ping_limits limits = ping_limits_standard();
    limits.acc_m_max = in->options.accuracy_m;
    limits.speed_mps_max = in->options.speed_mps;
    limits.speed_scale = h->app.options.speed_scale;
    in->flow = ping_flow_new(&(struct ping_flow_config){
        .app = &h->app,
        .life = in->life,
        .limits = limits,
        .drivers_max = (size_t)in->options.drivers_max,
        .pings = in->metric[M_PINGS],
        .freshness = in->metric[M_FRESHNESS],
    });
    in->sweeps[in->sweeps_count++] = sweep_new(&(struct sweep_config){
        .loop = &h->loop,
        .store = h->app.store,
        .life = in->life,
        .region = SLICE("la"),
        .interval_ms = in->options.sweep_ms,
        .darkened = METRIC_AT(in->metric[M_DARKENED], SLICE("la")),
        .held = METRIC_AT(in->metric[M_SWEEP_HELD], SLICE("la")),
    });
    h->service = in;
}

static void on_landed(void *data, enum store_status status)
{
    (void)status;
    mem_free(data);
}

void ingest_ping(struct host *h, const char *driver_id, struct ping ping)
{
    struct ingest *in = h->service;
    struct ping_wait *wait = mem_new(struct ping_wait);
    uint32_t counts[PING_VERDICTS] = {0};
    wait->cb = on_landed;
    wait->data = wait;
    int64_t now_ms = (WORLD_EPOCH_US + world.now_us + h->skew_us) / 1000;
    if (ping_flow_put(in->flow, slice_of(driver_id), &ping, 1, now_ms, counts, wait) !=
        PING_FLOW_WAITING)
        mem_free(wait);
}
