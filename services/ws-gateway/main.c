/* hansom-ws-gateway: wiring, and the tick that drives every session's deadlines. */
#include "base/clock.h"
#include "base/log.h"
#include "services/ws-gateway/hints.h"
#include "services/ws-gateway/server.h"

static const struct option_spec options[] = {
#define OPT(field, ...) OPTION_SPEC(struct gateway_options, field, __VA_ARGS__)
#include "services/ws-gateway/options.def"
#undef OPT
};

static const struct metric_spec metrics[] = {
#define METRIC METRIC_SPEC
#include "services/ws-gateway/metrics.def"
#undef METRIC
};

void gateway_tick(uv_timer_t *timer)
{
    struct gateway *g = timer->data;
    int64_t mono_ms = clock_mono_ms();
    int64_t wall_ms = clock_wall_ms();
    uint32_t turns = (uint32_t)(g->options.compare_ms / GATEWAY_TICK_MS);
    list_each_safe(at, &g->sessions)
    {
        session_tick(list_entry(at, struct session, link), mono_ms, wall_ms);
    }
    metric_set(metric_only(g->metric[M_QUEUE]), (double)g->queue_bytes);
    if (turns == 0) turns = 1;
    hints_compare(g, g->tick_number++ % turns, turns);
}

/* Dashboards want to see these before anything has happened. */
static void show_zeros(struct gateway *g)
{
    static const int plain[] = {M_QUEUE, M_PUSH, M_COMPARED, M_FRESHNESS};
    static const char *const roles[] = {"rider", "driver", "ops"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        (void)metric_only(g->metric[plain[i]]);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        (void)METRIC_AT(g->metric[M_CONNECTIONS], slice_of(roles[i]));
    for (int class = 0; class < OUTBOX_CLASSES; class ++)
        (void)METRIC_AT(g->metric[M_DROPPED],
                        slice_of(outbox_class_text((enum outbox_class) class)));
}

static bool start(struct app *app, void *service)
{
    struct gateway *g = service;
    g->app = app;
    show_zeros(g);
    g->life = lifecycle_new(app_store(app));
    list_init(&g->sessions);
    (void)uv_timer_init(app_loop(app), &g->tick);
    g->tick.data = g;
    (void)uv_timer_start(&g->tick, gateway_tick, GATEWAY_TICK_MS, GATEWAY_TICK_MS);
    hints_open(g);
    struct ping_limits limits = ping_limits_standard();
    limits.speed_scale = app_options(app)->speed_scale;
    g->recorder = recorder_new(app);
    g->pings = ping_flow_new(&(struct ping_flow_config){
        .app = app,
        .life = g->life,
        .limits = limits,
        .drivers_max = (size_t)g->options.drivers_max,
        .pings = g->metric[M_PINGS],
        .freshness = g->metric[M_FRESHNESS],
        .recorder = g->recorder,
    });

    const struct kit_options *o = app_options(app);
    struct buf why = {0};
    g->server = server_new(g, o->bind, (uint16_t)o->port, &why);
    if (g->server == NULL) {
        log_error("listen_failed", LOG_STR("why", buf_slice(&why)));
        buf_fini(&why);
        return false;
    }
    app_listens(app, "ws", o->bind, server_port(g->server));
    return true;
}

static void revoked(struct app *app, void *service)
{
    struct gateway *g = service;
    list_each_safe(at, &g->sessions)
    {
        struct session *s = list_entry(at, struct session, link);
        if (session_is_open(s) && app_token_revoked(app, slice_of(s->who.jti)))
            session_close(s, WS_AUTH_FAILED);
    }
}

void gateway_end_if_empty(struct gateway *g)
{
    if (!g->draining || g->sessions_alive > 0) return;
    g->draining = false;
    app_release(g->app);
}

static void on_recorder_drained(void *data)
{
    app_release(data);
}

/* The close frames are on their way when this returns; the loop goes on until they have left, and
 * until every call that a session waits for has returned. */
static void drain(struct app *app, void *service)
{
    struct gateway *g = service;
    if (g->server == NULL) return; /* it could not listen */
    app_hold(app);
    recorder_drain(g->recorder, on_recorder_drained, app);
    server_drain(g->server);
    list_each(at, &g->sessions)
    {
        session_close(list_entry(at, struct session, link), WS_DRAIN);
    }
    app_hold(app);
    g->draining = true;
    gateway_end_if_empty(g);
}

static void stop(struct app *app, void *service)
{
    (void)app;
    struct gateway *g = service;
    (void)uv_timer_stop(&g->tick);
    uv_close((uv_handle_t *)&g->tick, NULL);
    server_close(g->server);
    g->server = NULL;
    hints_close(g);
    ping_flow_close(g->pings);
    recorder_close(g->recorder);
    lifecycle_free(g->life);
    map_fini(&g->channels);
    map_fini(&g->people);
    buf_fini(&g->scratch);
}

int main(int argc, char **argv)
{
    static struct gateway g;
    return app_run(&(struct app_spec){.name = "hansom-ws-gateway",
                                      .summary = "Brings what happens to the apps, by WebSocket.",
                                      .port = 8083,
                                      .admin_port = 9083,
                                      .options = options,
                                      .options_count = sizeof options / sizeof options[0],
                                      .values = &g.options,
                                      .metrics = metrics,
                                      .metrics_count = M_COUNT,
                                      .metric_out = g.metric,
                                      .service = &g,
                                      .start = start,
                                      .revoked = revoked,
                                      .drain = drain,
                                      .stop = stop},
                   argc, argv);
}
