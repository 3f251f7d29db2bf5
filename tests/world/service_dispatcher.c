/* The dispatcher, wired as its main.c does it; requests come by calls.c instead of HTTP. */
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/stream_stats.h"
#include "tests/world/host.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct dispatcher_options, field, __VA_ARGS__)
#include "services/dispatcher/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/dispatcher/metrics.def"
#undef METRIC
};

/* The figures of the streams are most of a quiet city's commands and change nothing: a tenth of
 * them will do. */
void __real_stream_stats_read(struct stream_stats *s);
void __wrap_stream_stats_read(struct stream_stats *s);
void __wrap_stream_stats_read(struct stream_stats *s)
{
    if (chance(0.1)) __real_stream_stats_read(s);
}

void dispatcher_start(struct host *h)
{
    static const char *const flags[] = {"", "--chore-interval", "2s", "--leader-lease", "9s"};
    struct dispatcher *d = mem_new(struct dispatcher);
    host_options(h, specs, sizeof specs / sizeof specs[0], &d->options, 5, flags);
    metrics_add(h->app.metrics, metrics, M_COUNT, d->metric);
    d->app = &h->app;
    d->registered[0] = SLICE("rides-incoming:matchers");
    d->registered[1] = SLICE("rides-events:pricing");
    d->registered_count = 2;
    d->life = h->life_calls = lifecycle_new(h->app.store);
    d->chores[d->regions_count++] = chores_new(&(struct chores_config){
        .loop = &h->loop,
        .store = h->app.store,
        .life = d->life,
        .region = regions_find(app_regions(&h->app), SLICE("la")),
        .registered = dispatcher_registered(d),
        .reconcile_n = d->options.reconcile_n,
        .reap_ms = d->options.reap_ms,
        .trim_ms = d->options.trim_ms,
        .interval_ms = d->options.chore_ms,
        .leader_ms = d->options.leader_ms,
        .timeout_ms = h->app.options.store_timeout_ms,
        .metric = d->metric,
    });
    h->service = d;
}
