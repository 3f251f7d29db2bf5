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

enum { OWN_GROUPS = 3 };

/* The groups of our own services, then those of the option. */
static bool read_registered(struct dispatcher *d, struct buf *why)
{
    struct slice rest = slice_of(d->options.registered);
    struct slice word = {0};
    d->registered[0] = SLICE("rides-incoming:matchers");
    d->registered[1] = SLICE("rides-events:pricing");
    d->registered[2] = SLICE("rides-events:projector");
    d->registered_count = OWN_GROUPS;
    while (slice_cut(&rest, ',', &word)) {
        bool named = (slice_starts(word, SLICE("rides-events:")) && word.len > 13) ||
                     (slice_starts(word, SLICE("rides-incoming:")) && word.len > 15);
        if (!named || d->registered_count == LIFE_GROUPS_MAX) {
            buf_addf(why,
                     "--registered-groups takes up to %d of rides-events:NAME and "
                     "rides-incoming:NAME, between commas; this is none: %.*s",
                     LIFE_GROUPS_MAX - OWN_GROUPS, (int)word.len, word.p);
            return false;
        }
        d->registered[d->registered_count++] = word;
    }
    return true;
}

static bool check(struct app *app, void *service, struct buf *why)
{
    struct dispatcher *d = service;
    return read_registered(d, why) && quote_keys_from(app_options(app), &d->quote_keys, why);
}

/* At the start, and for regions that a reload has brought. */
static void start_regions(struct app *app, void *service)
{
    struct dispatcher *d = service;
    const struct region *fresh[REGIONS_MAX];
    size_t n = app_served_newly(app, fresh);
    for (size_t i = 0; i < n; i++, d->regions_count++) {
        driver_index_make(app_store(app), fresh[i]->id, app_options(app)->store_timeout_ms, NULL,
                          NULL);
        d->projectors[d->regions_count] = projector_new(d, fresh[i]->id);
        d->chores[d->regions_count] = chores_new(&(struct chores_config){
            .loop = app_loop(app),
            .store = app_store(app),
            .life = d->life,
            .region = fresh[i],
            .registered = dispatcher_registered(d),
            .reconcile_n = d->options.reconcile_n,
            .reap_ms = d->options.reap_ms,
            .trim_ms = d->options.trim_ms,
            .interval_ms = d->options.chore_ms,
            .leader_ms = d->options.leader_ms,
            .timeout_ms = app_options(app)->store_timeout_ms,
            .metric = d->metric,
        });
    }
}

static bool start(struct app *app, void *service)
{
    struct dispatcher *d = service;
    d->app = app;
    for (int s = RIDE_NONE + 1; s < RIDE_STATUSES; s++) /* shown before the first of each */
        (void)METRIC_AT(d->metric[M_RIDES], slice_of(ride_status_text((enum ride_status)s)));
    d->life = lifecycle_new(app_store(app));
    (void)app_consumer(d->options.consumer, d->consumer);
    start_regions(app, d);
    return true;
}

static void on_drained(void *data)
{
    struct dispatcher *d = data;
    app_release(d->app);
}

static void drain(struct app *app, void *service)
{
    struct dispatcher *d = service;
    for (size_t i = 0; i < d->regions_count; i++) {
        app_hold(app);
        chores_close(d->chores[i], on_drained, d);
        app_hold(app);
        projector_drain(d->projectors[i], on_drained, d);
    }
}

static void stop(struct app *app, void *service)
{
    (void)app;
    struct dispatcher *d = service;
    for (size_t i = 0; i < d->regions_count; i++)
        projector_close(d->projectors[i]);
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
                                      .reload = start_regions,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
