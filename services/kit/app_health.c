#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/must.h"
#include "services/kit/app_impl.h"

#include <sys/resource.h>

enum { DURABLE_TIMEOUT_MS = 2000, DURABLE_RETRY_MS = 500 };

static const struct metric_spec app_metric_specs[] = {
    {"hansom_build_info", "Always 1; the version is a label.", METRIC_GAUGE, {"version"}},
    {"process_cpu_seconds_total", "User and system time of the process.", METRIC_COUNTER, {NULL}},
    {"process_resident_memory_bytes", "Memory in RAM.", METRIC_GAUGE, {NULL}},
    {"process_start_time_seconds", "When the process began, Unix time.", METRIC_GAUGE, {NULL}},
    {"hansom_revocations", "Revoked tokens that this process knows of.", METRIC_GAUGE, {NULL}},
    {"hansom_revocations_age_seconds", "Since it last heard of them.", METRIC_GAUGE, {NULL}},
};

bool app_health_ready(struct app *a, struct buf *out)
{
    struct buf none = {0};
    struct json j = json_start(out == NULL ? &none : out);
    bool all = a->state == APP_SERVING;
    json_object_start(&j);
    json_put_cstr(&j, "state",
                  a->state == APP_WAIT_STORE ? "starting"
                  : app_draining(a)          ? "draining"
                                             : "serving");
    json_put_array(&j, "checks");
    bool up = store_is_up(a->store);
    all = all && up;
    json_object_start(&j);
    json_put_cstr(&j, "name", "store");
    json_put_bool(&j, "ok", up);
    if (!up) json_put_cstr(&j, "why", store_last_error(a->store));
    json_object_end(&j);
    json_array_end(&j);
    bool durable = a->durable_known && a->not_guaranteed.len == 0;
    if (a->options.require_durable && !durable) all = false;
    json_put_bool(&j, "durable", durable);
    if (a->durable_known && !durable)
        json_put_str(&j, "not_guaranteed", buf_slice(&a->not_guaranteed));
    json_put_bool(&j, "ready", all);
    json_object_end(&j);
    buf_fini(&none);
    return all;
}

static void get_livez(struct http_req *req)
{
    buf_add_cstr(http_out(req), "ok\n");
    http_reply(req, 200, "text/plain");
}

static void get_readyz(struct http_req *req)
{
    bool ready = app_health_ready(http_svc(req), http_out(req));
    http_reply_json(req, ready ? 200 : 503);
}

static void get_metrics(struct http_req *req)
{
    struct app *a = http_svc(req);
    metrics_render(a->metrics, http_out(req));
    http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static const struct http_route admin_routes[] = {
    HTTP_ROUTE(GET, "/livez", get_livez, ROLE_PUBLIC, BODY_NONE, "The process runs its loop.")
        HTTP_ROUTE(GET, "/readyz", get_readyz, ROLE_PUBLIC, BODY_NONE, "Whether to send requests.")
            HTTP_ROUTE(GET, "/metrics", get_metrics, ROLE_PUBLIC, BODY_NONE, "For Prometheus.")};

static void on_render(void *data)
{
    struct app *a = data;
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) == 0) {
        double cpu = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6 +
                     (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6;
        if (cpu > a->cpu_seen) metric_add(a->cpu, cpu - a->cpu_seen);
        a->cpu_seen = cpu;
    }
    size_t rss = 0;
    if (uv_resident_set_memory(&rss) == 0) metric_set(a->memory, (double)rss);
    if (a->revocations == NULL) return;
    metric_set(a->revoked_known, (double)revocations_count(a->revocations));
    metric_set(a->revoked_age, revocations_age_s(a->revocations));
}

void app_health_metrics(struct app *a)
{
    enum { APP_METRICS = sizeof app_metric_specs / sizeof app_metric_specs[0] };
    struct metric *m[APP_METRICS];
    a->metrics = metrics_new();
    metrics_add(a->metrics, app_metric_specs, APP_METRICS, m);
    metric_set(METRIC_AT(m[0], SLICE(HANSOM_VERSION)), 1);
    a->cpu = metric_only(m[1]);
    a->memory = metric_only(m[2]);
    a->revoked_known = metric_only(m[4]);
    a->revoked_age = metric_only(m[5]);
    metric_set(metric_only(m[3]), (double)clock_wall_ms() / 1000.0);
    metrics_on_render(a->metrics, on_render, a);
    metrics_add(a->metrics, a->spec->metrics, a->spec->metrics_count, a->spec->metric_out);
}

bool app_health_open(struct app *a, struct buf *why)
{
    const struct kit_options *o = &a->options;
    a->admin = http_new(&a->loop,
                        &(struct http_config){.service = a->spec->name,
                                              .bind = o->admin_bind,
                                              .port = (uint16_t)o->admin_port,
                                              .routes = admin_routes,
                                              .routes_count = 3,
                                              .svc = a,
                                              .connections_max = 256},
                        why);
    return a->admin != NULL;
}

/* --- what the store keeps --- */

static void not_guaranteed(struct app *a, const char *text, struct slice value)
{
    buf_addf(&a->durable_fresh, "%s%s", a->durable_fresh.len > 0 ? "; " : "", text);
    if (value.len > 0) buf_addf(&a->durable_fresh, " (%.*s)", (int)value.len, value.p);
}

static void on_durable_retry(uv_timer_t *t)
{
    app_health_ask_durability(t->data);
}

static void on_config(void *data, enum store_status status, const redisReply *reply)
{
    struct app *a = data;
    struct slice name = reply_slice(reply_at(reply, 0));
    struct slice value = reply_slice(reply_at(reply, 1));
    must(a->durable_pending > 0);
    a->durable_pending--;

    if (status == STORE_ERROR || (status == STORE_OK && value.len == 0)) {
        if (a->durable_fresh.len == 0)
            not_guaranteed(a, "the store does not say what it keeps through a crash", SLICE(""));
    } else if (status != STORE_OK) {
        a->durable_failed = true;
    } else if (slice_is(name, "appendonly") && !slice_is(value, "yes")) {
        not_guaranteed(a,
                       "the store has no append log: a restart of it loses everything since "
                       "its last snapshot",
                       SLICE(""));
    } else if (slice_is(name, "appendfsync") && !slice_is(value, "always")) {
        not_guaranteed(a, "the store does not sync each write: a crash loses the newest", value);
    } else if (slice_is(name, "maxmemory-policy") && !slice_is(value, "noeviction")) {
        not_guaranteed(a, "the store may evict keys when its memory is full", value);
    }
    if (a->durable_pending > 0 || a->state == APP_ENDING) return;
    if (!a->durable_failed) {
        buf_fini(&a->not_guaranteed);
        a->not_guaranteed = a->durable_fresh;
        a->durable_fresh = (struct buf){0};
        a->durable_known = true;
        if (a->not_guaranteed.len > 0)
            log_warn("store_not_durable", LOG_STR("why", buf_slice(&a->not_guaranteed)));
        app_store_known(a);
        return;
    }
    if (store_is_up(a->store) && !app_draining(a))
        must(uv_timer_start(&a->durable_timer, on_durable_retry, DURABLE_RETRY_MS, 0) == 0);
}

void app_health_ask_durability(void *data)
{
    static const struct slice names[] = {
        {"appendonly", 10}, {"appendfsync", 11}, {"maxmemory-policy", 16}};
    struct app *a = data;
    if (a->durable_pending > 0 || app_draining(a)) return;
    a->durable_failed = false;
    buf_clear(&a->durable_fresh);
    for (size_t i = 0; i < 3; i++) {
        a->durable_pending++;
        STORE_CALL(a->store, DURABLE_TIMEOUT_MS, on_config, a, SLICE("CONFIG"), SLICE("GET"),
                   names[i]);
    }
}
