/* pricing's settlement, wired as its main.c does it. */
#include "base/mem.h"
#include "services/pricing/pricing.h"
#include "tests/world/host.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct pricing_options, field, __VA_ARGS__)
#include "services/pricing/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/pricing/metrics.def"
#undef METRIC
};

void pricing_start(struct host *h)
{
    static const char *const flags[] = {"", NULL};
    struct pricing *p = mem_new(struct pricing);
    host_options(h, specs, sizeof specs / sizeof specs[0], &p->options, 1, flags);
    metrics_add(h->app.metrics, metrics, M_COUNT, p->metric);
    p->app = &h->app;
    p->life = h->life_calls = lifecycle_new(h->app.store);
    (void)slice_cstr(slice_of(h->name), p->consumer, sizeof p->consumer);
    p->settlers[p->regions_count++] = settler_new(p, SLICE("la"));
    h->service = p;
}
