/* hansom-dispatcher: wiring only. */
#include "services/dispatcher/dispatcher.h"

static const struct http_route routes[] = {
#define ROUTE HTTP_ROUTE
#include "services/dispatcher/routes.def"
#undef ROUTE
};

static const struct option_spec options[] = {
#define OPT(field, ...) OPTION_SPEC(struct dispatcher_options, field, __VA_ARGS__)
#include "services/dispatcher/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/dispatcher/metrics.def"
#undef METRIC
};

static bool check(struct app *app, void *service, struct buf *why)
{
    struct dispatcher *d = service;
    return quote_keys_from(app_options(app), &d->quote_keys, why);
}

static bool start(struct app *app, void *service)
{
    struct dispatcher *d = service;
    d->app = app;
    for (int s = RIDE_NONE + 1; s < RIDE_STATUSES; s++) /* shown before the first of each */
        (void)METRIC_AT(d->metric[M_RIDES], slice_of(ride_status_text((enum ride_status)s)));
    d->life = lifecycle_new(app_store(app));
    const struct region *served[REGIONS_MAX];
    size_t n = app_served(app, served, REGIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        d->chores[d->chores_count++] = chores_new(&(struct chores_config){
            .loop = app_loop(app),
            .store = app_store(app),
            .life = d->life,
            .region = served[i]->id,
            .interval_ms = d->options.chore_ms,
            .leader_ms = d->options.leader_ms,
            .timeout_ms = app_options(app)->store_timeout_ms,
            .metric = d->metric,
        });
    }
    return true;
}

static void on_chores_closed(void *data)
{
    struct dispatcher *d = data;
    app_release(d->app);
}

static void drain(struct app *app, void *service)
{
    struct dispatcher *d = service;
    for (size_t i = 0; i < d->chores_count; i++) {
        app_hold(app);
        chores_close(d->chores[i], on_chores_closed, d);
    }
}

static void stop(struct app *app, void *service)
{
    (void)app;
    struct dispatcher *d = service;
    lifecycle_free(d->life);
}

int main(int argc, char **argv)
{
    static struct dispatcher d;
    return app_run(&(struct app_spec){.name = "hansom-dispatcher",
                                      .summary = "Rides, their transitions, drivers and deadlines.",
                                      .port = 8080,
                                      .admin_port = 9080,
                                      .options = options,
                                      .options_count = sizeof options / sizeof options[0],
                                      .values = &d.options,
                                      .metrics = metrics,
                                      .metrics_count = M_COUNT,
                                      .metric_out = d.metric,
                                      .routes = routes,
                                      .routes_count = sizeof routes / sizeof routes[0],
                                      .service = &d,
                                      .check = check,
                                      .start = start,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
