/* hansom-pricing: wiring only. */
#include "services/pricing/pricing.h"

static const struct http_route routes[] = {
#define ROUTE HTTP_ROUTE
#include "services/pricing/routes.def"
#undef ROUTE
};

static const struct option_spec options[] = {
#define OPT(field, ...) OPTION_SPEC(struct pricing_options, field, __VA_ARGS__)
#include "services/pricing/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/pricing/metrics.def"
#undef METRIC
};

static bool check(struct app *app, void *service, struct buf *why)
{
    struct pricing *p = service;
    return quote_keys_from(app_options(app), &p->keys, why);
}

/* At the start, and for regions that a reload has brought. */
static void start_regions(struct app *app, void *service)
{
    struct pricing *p = service;
    const struct region *fresh[REGIONS_MAX];
    size_t n = app_served_newly(app, fresh);
    for (size_t i = 0; i < n; i++, p->regions_count++) {
        p->settlers[p->regions_count] = settler_new(p, fresh[i]->id);
        p->keepers[p->regions_count] = surge_keeper_new(p, fresh[i]->id);
    }
}

static bool start(struct app *app, void *service)
{
    struct pricing *p = service;
    p->app = app;
    p->life = lifecycle_new(app_store(app));
    (void)app_consumer(p->options.consumer, p->consumer);
    p->recorder = recorder_new(app);
    start_regions(app, p);
    return true;
}

static void on_drained(void *data)
{
    app_release(data);
}

static void drain(struct app *app, void *service)
{
    struct pricing *p = service;
    app_hold(app);
    recorder_drain(p->recorder, on_drained, app);
    for (size_t i = 0; i < p->regions_count; i++) {
        app_hold(app);
        settler_drain(p->settlers[i], on_drained, app);
        app_hold(app);
        surge_keeper_drain(p->keepers[i], on_drained, app);
    }
}

static void stop(struct app *app, void *service)
{
    struct pricing *p = service;
    (void)app;
    for (size_t i = 0; i < p->regions_count; i++) {
        settler_close(p->settlers[i]);
        surge_keeper_close(p->keepers[i]);
    }
    recorder_close(p->recorder);
    lifecycle_free(p->life);
}

int main(int argc, char **argv)
{
    static struct pricing p;
    return app_run(&(struct app_spec){.name = "hansom-pricing",
                                      .summary = "Quotes, fares, settlement and surge.",
                                      .port = 8082,
                                      .admin_port = 9082,
                                      .options = options,
                                      .options_count = sizeof options / sizeof options[0],
                                      .values = &p.options,
                                      .metrics = metrics,
                                      .metrics_count = M_COUNT,
                                      .metric_out = p.metric,
                                      .routes = routes,
                                      .routes_count = sizeof routes / sizeof routes[0],
                                      .service = &p,
                                      .check = check,
                                      .start = start,
                                      .reload = start_regions,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
