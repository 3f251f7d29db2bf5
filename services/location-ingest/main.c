/* hansom-location-ingest: wiring only. */
#include "services/location-ingest/ingest.h"

#include "base/rng.h"
#include "services/kit/ids.h"

static const struct http_route routes[] = {
#define ROUTE HTTP_ROUTE
#include "services/location-ingest/routes.def"
#undef ROUTE
};

static const struct option_spec options[] = {
#define OPT(field, ...) OPTION_SPEC(struct ingest_options, field, __VA_ARGS__)
#include "services/location-ingest/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/location-ingest/metrics.def"
#undef METRIC
};

bool ingest_serves(const struct ingest *in, struct slice driver_id)
{
    struct slice region = id_region(driver_id);
    return region.len > 0 && id_valid(driver_id) && app_serves(in->app, region);
}

static void on_render(void *data)
{
    struct ingest *in = data;
    metric_set(metric_only(in->metric[M_DRIVERS]), (double)ping_flow_drivers(in->flow));
}

/* Without any secret the markers of this process are its own. */
static void init_marker_key(struct ingest *in)
{
    struct slice secret = slice_of(in->options.marker_secret);
    char drawn[32];
    if (secret.len == 0) secret = slice_of(app_options(in->app)->jwt_secret);
    if (secret.len == 0) {
        rng_secret(drawn, sizeof drawn);
        secret = slice_make(drawn, sizeof drawn);
    }
    marker_key_init(&in->marker_key, secret);
}

/* At the start, and for regions that a reload has brought. */
static void start_sweeps(struct app *app, void *service)
{
    struct ingest *in = service;
    const struct region *fresh[REGIONS_MAX];
    size_t n = app_served_newly(app, fresh);
    for (size_t i = 0; i < n; i++) {
        in->sweeps[in->sweeps_count++] = sweep_new(&(struct sweep_config){
            .loop = app_loop(in->app),
            .store = app_store(in->app),
            .life = in->life,
            .region = fresh[i]->id,
            .interval_ms = in->options.sweep_ms,
            .darkened = METRIC_AT(in->metric[M_DARKENED], fresh[i]->id),
            .held = METRIC_AT(in->metric[M_SWEEP_HELD], fresh[i]->id),
        });
    }
}

static bool start(struct app *app, void *service)
{
    struct ingest *in = service;
    in->app = app;
    in->life = lifecycle_new(app_store(app));
    struct ping_limits limits = ping_limits_standard();
    limits.acc_m_max = in->options.accuracy_m;
    limits.speed_mps_max = in->options.speed_mps;
    limits.speed_scale = app_options(app)->speed_scale;
    in->recorder = recorder_new(app);
    in->flow = ping_flow_new(&(struct ping_flow_config){
        .app = app,
        .life = in->life,
        .limits = limits,
        .drivers_max = (size_t)in->options.drivers_max,
        .pings = in->metric[M_PINGS],
        .freshness = in->metric[M_FRESHNESS],
        .recorder = in->recorder,
    });
    init_marker_key(in);
    rate_init(&in->nearby_rate, in->options.nearby_rate, 10);
    start_sweeps(app, in);
    metrics_on_render(app_metrics(app), on_render, in);
    return true;
}

static void on_drained(void *data)
{
    app_release(data);
}

/* Requests have been answered, so all batches have landed; only a sweep may be under way. */
static void drain(struct app *app, void *service)
{
    struct ingest *in = service;
    app_hold(app);
    recorder_drain(in->recorder, on_drained, app);
    for (size_t i = 0; i < in->sweeps_count; i++) {
        app_hold(app);
        sweep_drain(in->sweeps[i], on_drained, app);
    }
}

static void stop(struct app *app, void *service)
{
    struct ingest *in = service;
    (void)app;
    for (size_t i = 0; i < in->sweeps_count; i++)
        sweep_close(in->sweeps[i]);
    ping_flow_close(in->flow);
    recorder_close(in->recorder);
    rate_fini(&in->nearby_rate);
    lifecycle_free(in->life);
}

int main(int argc, char **argv)
{
    static struct ingest in;
    return app_run(&(struct app_spec){.name = "hansom-location-ingest",
                                      .summary = "Drivers' positions in, the geo index out.",
                                      .port = 8081,
                                      .admin_port = 9081,
                                      .options = options,
                                      .options_count = sizeof options / sizeof options[0],
                                      .values = &in.options,
                                      .metrics = metrics,
                                      .metrics_count = M_COUNT,
                                      .metric_out = in.metric,
                                      .routes = routes,
                                      .routes_count = sizeof routes / sizeof routes[0],
                                      .service = &in,
                                      .start = start,
                                      .reload = start_sweeps,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
