/* The matcher, wired as its main.c does it. */
#include "base/mem.h"
#include "services/matcher/matcher.h"
#include "tests/world/host.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct matcher_options, field, __VA_ARGS__)
#include "services/matcher/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/matcher/metrics.def"
#undef METRIC
};

void matcher_start(struct host *h)
{
    static const char *const flags[] = {"", "--read-block", "10s"};
    struct matcher *m = mem_new(struct matcher);
    host_options(h, specs, sizeof specs / sizeof specs[0], &m->options, 3, flags);
    metrics_add(h->app.metrics, metrics, M_COUNT, m->metric);
    m->app = &h->app;
    m->life = h->life_calls = lifecycle_new(h->app.store);
    (void)slice_cstr(slice_of(h->name), m->consumer, sizeof m->consumer);
    m->works[m->works_count++] = work_new(m, SLICE("la"));
    h->service = m;
}
