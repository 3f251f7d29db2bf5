/* ws-gateway, wired as its main.c does it; apps come by line.c instead of WebSocket. */
#include "base/mem.h"
#include "services/ws-gateway/hints.h"
#include "tests/world/host.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct gateway_options, field, __VA_ARGS__)
#include "services/ws-gateway/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/ws-gateway/metrics.def"
#undef METRIC
};

/* Some have outboxes that are full when a phone has missed a few frames, and patience. */
static void small_outboxes(struct gateway_options *o)
{
    if (world.stress != STRESS_TUNNELS && chance(0.5)) return;
    o->queue_bytes = world.stress == STRESS_TUNNELS ? 2000 : between(2500, 5000);
    o->stall_ms = 60 * 1000;
}

void gateway_start(struct host *h)
{
    static const char *const flags[] = {"", NULL};
    struct gateway *g = mem_new(struct gateway);
    host_options(h, specs, sizeof specs / sizeof specs[0], &g->options, 1, flags);
    metrics_add(h->app.metrics, metrics, M_COUNT, g->metric);
    small_outboxes(&g->options);
    g->app = &h->app;
    g->life = h->life_calls = lifecycle_new(h->app.store);
    list_init(&g->sessions);
    (void)uv_timer_init(&h->loop, &g->tick);
    g->tick.data = g;
    (void)uv_timer_start(&g->tick, gateway_tick, GATEWAY_TICK_MS, GATEWAY_TICK_MS);
    hints_open(g);
    g->pings = ping_flow_new(&(struct ping_flow_config){
        .app = &h->app,
        .life = g->life,
        .limits = ping_limits_standard(),
        .drivers_max = (size_t)g->options.drivers_max,
        .pings = g->metric[M_PINGS],
        .freshness = g->metric[M_FRESHNESS],
    });
    h->service = g;
}
