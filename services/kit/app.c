#include "app.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 64,
    EXIT_CONFIG = 78,
    CHECKS_MAX = 8,
    READY_POLL_MS = 10,
    DURABLE_TIMEOUT_MS = 2000,
    DURABLE_RETRY_MS = 500,
    JWKS_MAX = 1 << 20,
};

/*
 *   WAIT_STORE --store UP, durability read--> SERVING --SIGTERM--> FINISH_REQUESTS
 *        |                                      |                        |
 *        +----------------SIGTERM---------------+--> ENDING <-- DRAIN <--+
 */
enum app_state {
    APP_WAIT_STORE,
    APP_SERVING,
    APP_FINISH_REQUESTS,
    APP_DRAIN,
    APP_ENDING,
    APP_STATES
};

#define TO(s) (1u << APP_##s)
static const uint32_t app_next[APP_STATES] = {
    [APP_WAIT_STORE] = TO(SERVING) | TO(FINISH_REQUESTS),
    [APP_SERVING] = TO(FINISH_REQUESTS),
    [APP_FINISH_REQUESTS] = TO(DRAIN),
    [APP_DRAIN] = TO(ENDING),
    [APP_ENDING] = 0,
};
#undef TO

struct check {
    const char *name;
    bool (*fn)(void *data, struct buf *why);
    void *data;
};

struct app {
    const struct app_spec *spec;
    struct kit_options options;
    struct option_spec *kit_specs; /* owned: the table with this service's default ports */
    struct option_group groups[2];
    struct option_set set;
    enum app_state state;
    int exit_code;

    uv_loop_t loop;
    uv_signal_t on_term, on_int, on_hup;
    uv_timer_t ready_timer;
    uv_timer_t durable_timer;
    uv_timer_t drain_timer;
    bool drain_late; /* half of the time is over */
    bool started; /* start() has run: drain() and stop() are due */
    bool said_ready;
    uint32_t holds;

    struct metrics *metrics;
    struct auth *auth;
    struct regions *regions;
    struct store_url url;
    struct store *store;
    struct http *http;
    struct http *admin;
    struct check checks[CHECKS_MAX];
    uint32_t checks_count;
    struct buf listens; /* " http=127.0.0.1:8082 …" */

    uint32_t durable_pending;
    bool durable_known;
    bool durable_failed;
    struct buf durable_fresh;  /* what the reading under way has found */
    struct buf not_guaranteed; /* empty: durable */

    struct metric_cell *cpu;
    struct metric_cell *memory;
    double cpu_seen;
};

static const struct option_spec kit_option_specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct kit_options, field, __VA_ARGS__)
#include "services/kit/options.def"
#undef OPT
};
enum { KIT_OPTIONS = sizeof kit_option_specs / sizeof kit_option_specs[0] };

static const struct metric_spec app_metric_specs[] = {
    {"hansom_build_info", "Always 1; the version is a label.", METRIC_GAUGE, {"version"}},
    {"process_cpu_seconds_total", "User and system time of the process.", METRIC_COUNTER, {NULL}},
    {"process_resident_memory_bytes", "Memory in RAM.", METRIC_GAUGE, {NULL}},
    {"process_start_time_seconds", "When the process began, Unix time.", METRIC_GAUGE, {NULL}},
};

static void app_move(struct app *a, enum app_state to)
{
    must((app_next[a->state] & (1u << to)) != 0);
    a->state = to;
}

/* --- what services ask --- */

uv_loop_t *app_loop(struct app *a)
{
    return &a->loop;
}

const struct kit_options *app_options(const struct app *a)
{
    return &a->options;
}

struct store *app_store(struct app *a)
{
    return a->store;
}

struct metrics *app_metrics(struct app *a)
{
    return a->metrics;
}

struct auth *app_auth(struct app *a)
{
    return a->auth;
}

const char *app_name(const struct app *a)
{
    return a->spec->name;
}

const struct regions *app_regions(const struct app *a)
{
    return a->regions;
}

bool app_serves(const struct app *a, struct slice region)
{
    struct slice rest = slice_of(a->options.regions);
    struct slice one = {0};
    if (regions_find(a->regions, region) == NULL) return false;
    if (slice_trim(rest).len == 0) return true;
    while (slice_cut(&rest, ',', &one))
        if (slice_eq(slice_trim(one), region)) return true;
    return false;
}

size_t app_served(const struct app *a, const struct region **out, size_t max)
{
    size_t n = 0;
    for (uint32_t i = 0; i < a->regions->count && n < max; i++)
        if (app_serves(a, a->regions->all[i].id)) out[n++] = &a->regions->all[i];
    return n;
}

struct store_config app_store_config(const struct app *a)
{
    return (struct store_config){.url = a->url, .name = a->spec->name, .metrics = a->metrics};
}

void app_listens(struct app *a, const char *label, const char *host, uint16_t port)
{
    bool v6 = strchr(host, ':') != NULL;
    buf_addf(&a->listens, " %s=%s%s%s:%u", label, v6 ? "[" : "", host, v6 ? "]" : "",
             (unsigned)port);
}

void app_on_ready(struct app *a, const char *name, bool (*fn)(void *data, struct buf *why),
                  void *data)
{
    must(a->checks_count < CHECKS_MAX);
    a->checks[a->checks_count++] = (struct check){name, fn, data};
}

bool app_draining(const struct app *a)
{
    return a->state >= APP_FINISH_REQUESTS;
}

bool app_store_durable(const struct app *a, struct slice *why)
{
    *why = buf_slice(&a->not_guaranteed);
    return a->durable_known && why->len == 0;
}

bool app_reload_option(struct app *a, const char *name)
{
    struct buf why = {0};
    bool ok = option_reload(&a->set, name, &why);
    if (!ok) log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    buf_fini(&why);
    return ok;
}

/* --- configuration --- */

static int complain(const struct app *a, int exit_code, const struct buf *why)
{
    (void)fprintf(stderr, "%s: %.*s\n", a->spec->name, (int)why->len, why->p);
    return exit_code;
}

static bool add_jwks_file(struct auth *to, const char *path, struct buf *why)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        buf_add_cstr(why, strerror(errno));
        return false;
    }
    struct buf text = {0};
    text.len = fread(buf_reserve(&text, JWKS_MAX), 1, JWKS_MAX, f);
    (void)fclose(f);
    bool ok = auth_add_jwks(to, buf_slice(&text), why);
    buf_fini(&text);
    return ok;
}

/* Adds the keys that the options name. */
static bool add_keys(const struct kit_options *o, struct auth *to, struct buf *why)
{
    struct buf cause = {0};
    bool ok = true;
    if (o->jwt_secret[0] != '\0') {
        ok = auth_add_secret(to, slice_of(o->jwt_secret), &cause);
        if (!ok) buf_addf(why, "--jwt-secret: %.*s", (int)cause.len, cause.p);
    }
    if (ok && o->jwks[0] != '\0') {
        ok = add_jwks_file(to, o->jwks, &cause);
        if (!ok) buf_addf(why, "--jwks %s: %.*s", o->jwks, (int)cause.len, cause.p);
    }
    buf_fini(&cause);
    return ok;
}

/* Tries the keys on an object of their own first: others hold a->auth, which must not lose its
 * keys to a broken file. */
static bool load_keys(struct app *a, struct buf *why)
{
    struct auth *trial = auth_new();
    bool ok = add_keys(&a->options, trial, why);
    auth_free(trial);
    if (!ok) return false;
    if (a->auth == NULL) a->auth = auth_new();
    auth_clear(a->auth);
    return add_keys(&a->options, a->auth, why);
}

static bool needs_keys(const struct app_spec *s)
{
    for (size_t i = 0; i < s->routes_count; i++)
        if (s->routes[i].roles != ROLE_PUBLIC) return true;
    return false;
}

static bool is_loopback(const char *address)
{
    struct slice s = slice_of(address);
    return slice_starts(s, SLICE("127.")) || slice_is(s, "::1");
}

static bool check_regions(struct app *a, struct buf *why)
{
    struct slice rest = slice_of(a->options.regions);
    struct slice one = {0};
    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        if (one.len == 0 || regions_find(a->regions, one) != NULL) continue;
        buf_addf(why, "--regions: there is no region \"%.*s\" in %s", (int)one.len, one.p,
                 a->options.regions_file);
        return false;
    }
    return true;
}

/* Checks and loads all that options name. */
static bool configure(struct app *a, struct buf *why)
{
    const struct kit_options *o = &a->options;
    enum log_level level = LOG_INFO;
    if (!log_level_parse(slice_of(o->log_level), &level)) {
        buf_addf(why, "--log-level is \"%s\": debug, info, warn, error or off is needed",
                 o->log_level);
        return false;
    }
    log_init(a->spec->name, level);

    struct buf cause = {0};
    bool url_ok = store_url_parse(slice_of(o->store), &a->url, &cause);
    if (!url_ok) buf_addf(why, "--store: %.*s", (int)cause.len, cause.p);
    buf_fini(&cause);
    if (!url_ok) return false;
    if (o->store_password[0] != '\0' && a->url.password[0] == '\0')
        (void)slice_cstr(slice_of(o->store_password), a->url.password, sizeof a->url.password);

    if (o->speed_scale != 1.0 && (!is_loopback(o->bind) || !is_loopback(o->admin_bind))) {
        buf_add_cstr(why, "--speed-scale is for replays: it needs --bind and --admin-bind on "
                          "loopback");
        return false;
    }
    a->regions = regions_load(o->regions_file, why);
    if (a->regions == NULL || !check_regions(a, why)) return false;
    if (!load_keys(a, why)) return false;
    if (needs_keys(a->spec) && o->jwt_secret[0] == '\0' && o->jwks[0] == '\0') {
        buf_add_cstr(why, "no keys to verify tokens with: set --jwt-secret or --jwks");
        return false;
    }
    return a->spec->check == NULL || a->spec->check(a, a->spec->service, why);
}

/* The kit's table with the service's own default ports in it. */
static void make_specs(struct app *a, char ports[2][8])
{
    a->kit_specs = mem_array(KIT_OPTIONS, struct option_spec);
    memcpy(a->kit_specs, kit_option_specs, sizeof kit_option_specs);
    (void)snprintf(ports[0], 8, "%u", (unsigned)a->spec->port);
    (void)snprintf(ports[1], 8, "%u", (unsigned)a->spec->admin_port);
    for (size_t i = 0; i < KIT_OPTIONS; i++) {
        if (strcmp(a->kit_specs[i].name, "port") == 0) a->kit_specs[i].standard = ports[0];
        if (strcmp(a->kit_specs[i].name, "admin-port") == 0) a->kit_specs[i].standard = ports[1];
    }
    a->groups[0] = (struct option_group){"Common options", a->kit_specs, KIT_OPTIONS, &a->options};
    a->groups[1] = (struct option_group){"Options of this service", a->spec->options,
                                         a->spec->options_count, a->spec->values};
    a->set = (struct option_set){
        .program = a->spec->name,
        .summary = a->spec->summary,
        .groups = a->groups,
        .groups_count = a->spec->options_count > 0 ? 2 : 1,
    };
}

/* --- readiness and the admin port --- */

/* Writes the readyz document to out (which may be NULL); true when all conditions hold. */
static bool readiness(struct app *a, struct buf *out)
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
    for (uint32_t i = 0; i < a->checks_count; i++) {
        struct buf why = {0};
        bool ok = a->checks[i].fn(a->checks[i].data, &why);
        all = all && ok;
        json_object_start(&j);
        json_put_cstr(&j, "name", a->checks[i].name);
        json_put_bool(&j, "ok", ok);
        if (!ok) json_put_str(&j, "why", buf_slice(&why));
        json_object_end(&j);
        buf_fini(&why);
    }
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
    bool ready = readiness(http_svc(req), http_out(req));
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
}

static void make_metrics(struct app *a)
{
    struct metric *m[4];
    a->metrics = metrics_new();
    metrics_add(a->metrics, app_metric_specs, 4, m);
    metric_set(METRIC_AT(m[0], SLICE(HANSOM_VERSION)), 1);
    a->cpu = metric_only(m[1]);
    a->memory = metric_only(m[2]);
    metric_set(metric_only(m[3]), (double)clock_wall_ms() / 1000.0);
    metrics_on_render(a->metrics, on_render, a);
    metrics_add(a->metrics, a->spec->metrics, a->spec->metrics_count, a->spec->metric_out);
}

static bool open_admin(struct app *a, struct buf *why)
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

static bool open_public(struct app *a, struct buf *why)
{
    const struct kit_options *o = &a->options;
    if (a->spec->routes == NULL) return true;
    a->http = http_new(&a->loop,
                       &(struct http_config){.service = a->spec->name,
                                             .bind = o->bind,
                                             .port = (uint16_t)o->port,
                                             .routes = a->spec->routes,
                                             .routes_count = a->spec->routes_count,
                                             .svc = a->spec->service,
                                             .auth = a->auth,
                                             .metrics = a->metrics,
                                             .cors_origins = o->cors_origins,
                                             .connections_max = (uint32_t)o->http_connections,
                                             .connection_bytes = (uint32_t)o->http_memory,
                                             .idle_ms = o->http_idle_ms,
                                             .receive_ms = o->http_receive_ms,
                                             .reuse_port = o->reuse_port},
                       why);
    if (a->http != NULL) app_listens(a, "http", o->bind, http_port(a->http));
    return a->http != NULL;
}

/* --- serving --- */

static void on_ready_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    if (!readiness(a, NULL)) return;
    (void)uv_timer_stop(t);
    a->said_ready = true;
    app_listens(a, "admin", a->options.admin_bind, http_port(a->admin));
    printf("%s ready%.*s\n", a->spec->name, (int)a->listens.len, a->listens.p);
    (void)fflush(stdout);
    log_info("ready", LOG_STR("listens", slice_trim(buf_slice(&a->listens))));
}

static void begin_serving(struct app *a)
{
    struct buf why = {0};
    app_move(a, APP_SERVING);
    a->started = true;
    if (a->spec->start != NULL && !a->spec->start(a, a->spec->service)) {
        app_end(a, EXIT_FAILURE);
    } else if (!open_public(a, &why)) {
        log_error("cannot_serve", LOG_STR("why", buf_slice(&why)));
        app_end(a, EXIT_FAILURE);
    } else if (!app_draining(a)) {
        must(uv_timer_start(&a->ready_timer, on_ready_timer, 0, READY_POLL_MS) == 0);
    }
    buf_fini(&why);
}

static void refuse_to_serve(struct app *a)
{
    struct buf why = {0};
    buf_addf(&why, "--require-durable: %.*s", (int)a->not_guaranteed.len, a->not_guaranteed.p);
    app_end(a, complain(a, EXIT_CONFIG, &why));
    buf_fini(&why);
}

static void on_durability_read(struct app *a)
{
    buf_fini(&a->not_guaranteed);
    a->not_guaranteed = a->durable_fresh;
    a->durable_fresh = (struct buf){0};
    a->durable_known = true;
    if (a->not_guaranteed.len > 0)
        log_warn("store_not_durable", LOG_STR("why", buf_slice(&a->not_guaranteed)));
    if (a->state != APP_WAIT_STORE) return;
    if (a->options.require_durable && a->not_guaranteed.len > 0)
        refuse_to_serve(a);
    else
        begin_serving(a);
}

static void not_guaranteed(struct app *a, const char *text, struct slice value)
{
    buf_addf(&a->durable_fresh, "%s%s", a->durable_fresh.len > 0 ? "; " : "", text);
    if (value.len > 0) buf_addf(&a->durable_fresh, " (%.*s)", (int)value.len, value.p);
}

static void read_durability(void *data);

static void on_durable_retry(uv_timer_t *t)
{
    read_durability(t->data);
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
        on_durability_read(a);
        return;
    }
    if (store_is_up(a->store) && !app_draining(a))
        must(uv_timer_start(&a->durable_timer, on_durable_retry, DURABLE_RETRY_MS, 0) == 0);
}

static void read_durability(void *data)
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

/* --- the end --- */

static void end_if_free(struct app *a)
{
    if (a->state != APP_DRAIN || a->holds > 0) return;
    if (a->http != NULL && http_in_work(a->http) > 0) return;
    app_move(a, APP_ENDING);
    uv_stop(&a->loop);
}

void app_hold(struct app *a)
{
    a->holds++;
}

void app_release(struct app *a)
{
    must(a->holds > 0);
    a->holds--;
    end_if_free(a);
}

static void begin_drain(struct app *a)
{
    if (a->state != APP_FINISH_REQUESTS) return;
    app_move(a, APP_DRAIN);
    app_hold(a);
    if (a->started && a->spec->drain != NULL) a->spec->drain(a, a->spec->service);
    app_release(a);
}

static void on_requests_finished(void *data)
{
    struct app *a = data;
    if (a->state == APP_FINISH_REQUESTS)
        begin_drain(a);
    else
        end_if_free(a);
}

/* Half-way the service drains even if requests are stuck; at the end it ends. */
static void on_drain_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    if (!a->drain_late) {
        a->drain_late = true;
        int64_t rest = a->options.drain_ms - a->options.drain_ms / 2;
        must(uv_timer_start(t, on_drain_timer, (uint64_t)rest, 0) == 0);
        begin_drain(a);
        return;
    }
    log_warn("drain_timed_out", LOG_INT("holds", a->holds),
             LOG_INT("requests", a->http == NULL ? 0 : http_in_work(a->http)));
    _exit(EXIT_FAILURE);
}

void app_end(struct app *a, int exit_code)
{
    if (app_draining(a)) return;
    if (a->exit_code == 0) a->exit_code = exit_code;
    log_info("draining", LOG_INT("exit_code", exit_code));
    app_move(a, APP_FINISH_REQUESTS);
    (void)uv_timer_stop(&a->ready_timer);
    (void)uv_timer_stop(&a->durable_timer);
    must(uv_timer_start(&a->drain_timer, on_drain_timer, (uint64_t)(a->options.drain_ms / 2), 0) ==
         0);
    if (a->http != NULL)
        http_drain(a->http, on_requests_finished, a);
    else
        begin_drain(a);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    if (app_draining(a)) {
        log_warn("ended_by_second_signal", LOG_INT("signal", number));
        _exit(EXIT_FAILURE);
    }
    app_end(a, EXIT_SUCCESS);
}

static void reload_regions(struct app *a)
{
    struct buf why = {0};
    struct regions *fresh = regions_load(a->options.regions_file, &why);
    if (fresh == NULL) {
        log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    } else {
        struct regions *old = a->regions;
        a->regions = fresh;
        if (check_regions(a, &why)) {
            regions_free(old);
        } else {
            log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
            a->regions = old;
            regions_free(fresh);
        }
    }
    buf_fini(&why);
}

static void on_sighup(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    (void)number;
    if (app_draining(a)) return;
    enum log_level level = LOG_INFO;
    if (app_reload_option(a, "log-level") &&
        log_level_parse(slice_of(a->options.log_level), &level))
        log_set_level(level);
    struct buf why = {0};
    if (app_reload_option(a, "jwt-secret") && app_reload_option(a, "jwks") && !load_keys(a, &why))
        log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    buf_fini(&why);
    if (app_reload_option(a, "regions-file")) reload_regions(a);
    if (a->spec->reload != NULL && a->state == APP_SERVING) a->spec->reload(a, a->spec->service);
    log_info("reloaded");
}

/* --- the whole --- */

static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

static void start_signals(struct app *a)
{
    must(uv_signal_init(&a->loop, &a->on_term) == 0);
    must(uv_signal_init(&a->loop, &a->on_int) == 0);
    must(uv_signal_init(&a->loop, &a->on_hup) == 0);
    a->on_term.data = a->on_int.data = a->on_hup.data = a;
    must(uv_signal_start(&a->on_term, on_signal, SIGTERM) == 0);
    must(uv_signal_start(&a->on_int, on_signal, SIGINT) == 0);
    must(uv_signal_start(&a->on_hup, on_sighup, SIGHUP) == 0);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void close_left_over(uv_handle_t *h, void *data)
{
    (void)data;
    if (!uv_is_closing(h)) uv_close(h, NULL);
}

static void on_store_closed(void *data)
{
    struct app *a = data;
    a->store = NULL;
}

/* Runs the loop from the first connection to the end of the drain. */
static void run(struct app *a)
{
    raise_file_limit();
    start_signals(a);
    must(uv_timer_init(&a->loop, &a->ready_timer) == 0);
    must(uv_timer_init(&a->loop, &a->durable_timer) == 0);
    must(uv_timer_init(&a->loop, &a->drain_timer) == 0);
    a->ready_timer.data = a->durable_timer.data = a->drain_timer.data = a;

    struct store_config config = app_store_config(a);
    a->store = store_new(&a->loop, &config);
    store_on_up(a->store, read_durability, a);
    store_open(a->store);

    struct buf where = {0};
    store_url_show(&a->url, &where);
    log_info("starting", LOG_CSTR("version", HANSOM_VERSION), LOG_STR("store", buf_slice(&where)),
             LOG_INT("admin_port", http_port(a->admin)));
    buf_fini(&where);

    while (a->state != APP_ENDING)
        (void)uv_run(&a->loop, UV_RUN_DEFAULT);

    if (a->started && a->spec->stop != NULL) a->spec->stop(a, a->spec->service);
    store_close(a->store, on_store_closed, a);
    while (a->store != NULL)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
    if (a->http != NULL) http_close(a->http, NULL, NULL);
    http_close(a->admin, NULL, NULL);
    (void)uv_run(&a->loop, UV_RUN_NOWAIT);
    uv_walk(&a->loop, close_left_over, NULL);
    while (uv_loop_alive(&a->loop) != 0)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
    log_info("ended", LOG_INT("exit_code", a->exit_code));
}

static void app_free(struct app *a)
{
    auth_free(a->auth);
    regions_free(a->regions);
    metrics_free(a->metrics);
    option_fini(&a->set);
    buf_fini(&a->listens);
    buf_fini(&a->durable_fresh);
    buf_fini(&a->not_guaranteed);
    mem_free(a->kit_specs);
    mem_free(a);
}

int app_run(const struct app_spec *spec, int argc, char **argv)
{
    char ports[2][8];
    struct buf why = {0};
    struct app *a = mem_new(struct app);
    a->spec = spec;
    make_specs(a, ports);

    enum option_result parsed = option_parse(&a->set, argc, argv, &why);
    if (parsed == OPTION_BAD_USAGE) {
        a->exit_code = complain(a, EXIT_USAGE, &why);
    } else if (parsed == OPTION_BAD_CONFIG) {
        a->exit_code = complain(a, EXIT_CONFIG, &why);
    } else if (parsed != OPTION_DONE) {
        if (!configure(a, &why)) {
            a->exit_code = complain(a, EXIT_CONFIG, &why);
        } else if (parsed == OPTION_CHECK) {
            printf("%s: the configuration is fine\n", spec->name);
        } else {
            must(uv_loop_init(&a->loop) == 0);
            make_metrics(a);
            if (open_admin(a, &why))
                run(a);
            else
                a->exit_code = complain(a, EXIT_FAILURE, &why);
            (void)uv_loop_close(&a->loop);
        }
    }
    int exit_code = a->exit_code;
    buf_fini(&why);
    app_free(a);
    return exit_code;
}
