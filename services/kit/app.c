#include "app.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app_impl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { READY_POLL_MS = 10 };

#define TO(s) (1u << APP_##s)
static const uint32_t app_next[APP_STATES] = {
    [APP_WAIT_STORE] = TO(SERVING) | TO(FINISH_REQUESTS),
    [APP_SERVING] = TO(FINISH_REQUESTS),
    [APP_FINISH_REQUESTS] = TO(DRAIN),
    [APP_DRAIN] = TO(ENDING),
    [APP_ENDING] = 0,
};
#undef TO

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

const struct regions *app_regions(const struct app *a)
{
    return a->regions;
}

void app_listens(struct app *a, const char *label, const char *host, uint16_t port)
{
    bool v6 = strchr(host, ':') != NULL;
    buf_addf(&a->listens, " %s=%s%s%s:%u", label, v6 ? "[" : "", host, v6 ? "]" : "",
             (unsigned)port);
}

bool app_draining(const struct app *a)
{
    return a->state >= APP_FINISH_REQUESTS;
}

static int complain(const struct app *a, int exit_code, const struct buf *why)
{
    (void)fprintf(stderr, "%s: %.*s\n", a->spec->name, (int)why->len, why->p);
    return exit_code;
}

/* --- serving --- */

static bool is_overloaded(void *data)
{
    const struct app *a = data;
    return a->options.overload_ms > 0 && store_behind_ms(a->store) > a->options.overload_ms;
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
                                             .overloaded = is_overloaded,
                                             .overloaded_data = a,
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

static void on_ready_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    if (!app_health_ready(a, NULL)) return;
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
    app_end(a, complain(a, APP_EXIT_CONFIG, &why));
    buf_fini(&why);
}

bool app_token_revoked(const struct app *a, struct slice jti)
{
    return jti.len > 0 && a->revocations != NULL && revocations_has(a->revocations, jti);
}

static bool is_revoked(void *data, struct slice jti)
{
    return app_token_revoked(data, jti);
}

static void on_revocations(void *data)
{
    struct app *a = data;
    app_store_known(a);
    if (a->started && a->spec->revoked != NULL) a->spec->revoked(a, a->spec->service);
}

void app_store_known(struct app *a)
{
    if (a->state != APP_WAIT_STORE || !a->durable_known) return;
    if (a->revocations != NULL && !revocations_loaded(a->revocations)) return;
    if (a->options.require_durable && a->not_guaranteed.len > 0)
        refuse_to_serve(a);
    else
        begin_serving(a);
}

/* --- the end --- */

static void on_requests_finished(void *data);

static void end_if_free(struct app *a)
{
    if (a->state != APP_DRAIN || a->holds > 0) return;
    if (a->http != NULL && http_in_work(a->http) > 0) {
        http_drain(a->http, on_requests_finished, a); /* one came over a connection kept alive */
        return;
    }
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

static void on_sighup(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    (void)number;
    if (app_draining(a)) return;
    app_config_reload(a);
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

/* What came over open connections in the very last turn is served too, and its replies leave.
 * These are few, for each reply closes its connection; and the drain's timer still runs. */
static void close_public(struct app *a)
{
    do {
        if (http_in_work(a->http) > 0) (void)uv_run(&a->loop, UV_RUN_ONCE);
        (void)uv_run(&a->loop, UV_RUN_NOWAIT);
    } while (http_in_work(a->http) > 0);
    http_close(a->http, NULL, NULL);
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
    store_on_up(a->store, app_health_ask_durability, a);
    store_open(a->store);
    if (a->options.jwt_secret[0] != '\0' || a->options.jwks[0] != '\0') {
        a->revocations = revocations_new(a, a->options.revoked_ms, on_revocations, a);
        auth_on_revoked(a->auth, is_revoked, a);
    }

    struct buf where = {0};
    store_url_show(&a->url, &where);
    log_info("starting", LOG_CSTR("version", HANSOM_VERSION), LOG_STR("store", buf_slice(&where)),
             LOG_INT("admin_port", http_port(a->admin)));
    buf_fini(&where);

    while (a->state != APP_ENDING)
        (void)uv_run(&a->loop, UV_RUN_DEFAULT);

    /* The servers first, so that no handler finds the service stopped; the store last, because
     * closing it ends the calls that others have under way. */
    if (a->http != NULL) close_public(a);
    http_close(a->admin, NULL, NULL);
    if (a->started && a->spec->stop != NULL) a->spec->stop(a, a->spec->service);
    revocations_close(a->revocations);
    a->revocations = NULL;
    store_close(a->store, on_store_closed, a);
    while (a->store != NULL)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
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
    app_config_tables(a, ports);

    enum option_result parsed = option_parse(&a->set, argc, argv, &why);
    if (parsed == OPTION_BAD_USAGE) {
        a->exit_code = complain(a, APP_EXIT_USAGE, &why);
    } else if (parsed == OPTION_BAD_CONFIG) {
        a->exit_code = complain(a, APP_EXIT_CONFIG, &why);
    } else if (parsed != OPTION_DONE) {
        if (!app_config_load(a, &why)) {
            a->exit_code = complain(a, APP_EXIT_CONFIG, &why);
        } else if (parsed == OPTION_CHECK) {
            printf("%s: the configuration is fine\n", spec->name);
        } else {
            must(uv_loop_init(&a->loop) == 0);
            app_health_metrics(a);
            if (app_health_open(a, &why))
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
