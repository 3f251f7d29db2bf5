/* hansom-matcher: wiring only. */
#include "services/matcher/matcher.h"

static const struct option_spec options[] = {
#define OPT(field, ...) OPTION_SPEC(struct matcher_options, field, __VA_ARGS__)
#include "services/matcher/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/matcher/metrics.def"
#undef METRIC
};

/* A window weighs a hundredth less with each that follows. */
#define FADE 0.99

void matcher_note_cost(struct matcher *m, double cost_s, double greedy_s)
{
    m->cost_s = m->cost_s * FADE + cost_s;
    m->greedy_s = m->greedy_s * FADE + greedy_s;
    if (m->greedy_s > 0) metric_set(metric_only(m->metric[M_COST_RATIO]), m->cost_s / m->greedy_s);
    metric_add(METRIC_AT(m->metric[M_COST], SLICE("paired")), cost_s);
    metric_add(METRIC_AT(m->metric[M_COST], SLICE("nearest_first")), greedy_s);
}

/* At the start, and for regions that a reload has brought. */
static void start_regions(struct app *app, void *service)
{
    struct matcher *m = service;
    const struct region *fresh[REGIONS_MAX];
    size_t n = app_served_newly(app, fresh);
    for (size_t i = 0; i < n; i++)
        m->works[m->works_count++] = work_new(m, fresh[i]->id);
}

static bool start(struct app *app, void *service)
{
    struct matcher *m = service;
    m->app = app;
    m->life = lifecycle_new(app_store(app));
    (void)metric_only(m->metric[M_MATCH]); /* shown before the first match */
    (void)metric_only(m->metric[M_CLAIMED]);
    (void)metric_only(m->metric[M_SPENT]);
    (void)metric_only(m->metric[M_SWAP_SAVED]);
    metric_set(metric_only(m->metric[M_COST_RATIO]), 1);
    (void)app_consumer(m->options.consumer, m->consumer);
    m->recorder = recorder_new(app);
    start_regions(app, m);
    return true;
}

static void on_drained(void *data)
{
    struct matcher *m = data;
    app_release(m->app);
}

static void drain(struct app *app, void *service)
{
    struct matcher *m = service;
    app_hold(app);
    recorder_drain(m->recorder, on_drained, m);
    for (size_t i = 0; i < m->works_count; i++) {
        app_hold(app);
        work_drain(m->works[i], on_drained, m);
    }
}

static void stop(struct app *app, void *service)
{
    (void)app;
    struct matcher *m = service;
    for (size_t i = 0; i < m->works_count; i++)
        work_close(m->works[i]);
    recorder_close(m->recorder);
    lifecycle_free(m->life);
}

int main(int argc, char **argv)
{
    static struct matcher m;
    return app_run(&(struct app_spec){.name = "hansom-matcher",
                                      .summary = "Finds each requested ride a driver.",
                                      .admin_port = 9084,
                                      .options = options,
                                      .options_count = sizeof options / sizeof options[0],
                                      .values = &m.options,
                                      .metrics = metrics,
                                      .metrics_count = M_COUNT,
                                      .metric_out = m.metric,
                                      .service = &m,
                                      .start = start,
                                      .reload = start_regions,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
