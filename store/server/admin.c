/* admin: /livez, /readyz and /metrics over HTTP, in the loop.
 *
 * libmicrohttpd's epoll descriptor is watched by the loop. It is edge-triggered inside, so
 * after every MHD_run its own timeout is asked for; 0 means to run again at once.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "store/server/inside.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>

struct admin {
    struct server *server; /* borrowed */
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    int port;
    int open_handles;
};

/* ---- what is told ---- */

static void gauge(struct buf *out, const char *name, const char *type, const char *help, double v)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, v);
}

static void add_metrics(const struct server *s, struct buf *out)
{
    const struct engine *e = s->engine;
    uint64_t keys = 0;
    for (uint32_t i = 0; i < ENGINE_DBS; i++)
        keys += dict_count(&e->db[i].keys);
    gauge(out, "hansom_store_clients", "gauge", "Connected clients.", s->conn_count);
    gauge(out, "hansom_store_blocked_clients", "gauge", "Clients in a blocking command.",
          e->blocked_count);
    gauge(out, "hansom_store_keys", "gauge", "Keys of all databases.", (double)keys);
    gauge(out, "hansom_store_memory_bytes", "gauge", "Bytes allocated.", (double)mem_used());
    gauge(out, "hansom_store_commands_total", "counter", "Commands executed.",
          (double)e->stats.commands);
    gauge(out, "hansom_store_errors_total", "counter", "Error replies.", (double)e->stats.errors);
    gauge(out, "hansom_store_received_bytes_total", "counter", "Bytes from clients.",
          (double)e->stats.net_in);
    gauge(out, "hansom_store_sent_bytes_total", "counter", "Bytes to clients.",
          (double)e->stats.net_out);
    gauge(out, "hansom_store_expired_keys_total", "counter", "Keys deleted by their expiry.",
          (double)e->stats.expired_keys);
    gauge(out, "hansom_store_evicted_keys_total", "counter", "Keys evicted for memory.",
          (double)e->stats.evicted_keys);
    gauge(out, "hansom_store_journal_enabled", "gauge", "1 when an append log is kept.",
          s->journal != NULL ? 1 : 0);
    if (s->journal == NULL) return;
    struct journal_stats stats;
    journal_stats(s->journal, &stats);
    gauge(out, "hansom_store_journal_healthy", "gauge", "1 while the log takes writes.",
          s->health == JOURNAL_OK ? 1 : 0);
    gauge(out, "hansom_store_journal_bytes", "gauge", "Size of the log.", (double)stats.bytes);
    gauge(out, "hansom_store_journal_backlog_bytes", "gauge", "Logged and not written yet.",
          (double)journal_backlog(s->journal));
    gauge(out, "hansom_store_journal_syncs_total", "counter", "Syncs of the log.",
          (double)stats.syncs);
    gauge(out, "hansom_store_journal_sync_seconds_total", "counter", "Time spent in syncs.",
          (double)stats.sync_us / 1e6);
    gauge(out, "hansom_store_journal_sync_seconds_max", "gauge", "The slowest sync.",
          (double)stats.sync_us_max / 1e6);
}

static unsigned int answer(const struct server *s, struct slice path, struct buf *out,
                           const char **type)
{
    *type = "text/plain; charset=utf-8";
    if (slice_is(path, "/livez")) {
        buf_add_cstr(out, "ok\n");
        return MHD_HTTP_OK;
    }
    if (slice_is(path, "/readyz")) {
        if (s->running && !s->stopping && s->health == JOURNAL_OK) {
            buf_add_cstr(out, "ok\n");
            return MHD_HTTP_OK;
        }
        buf_addf(out, "not ready: %s\n", s->stopping ? "stopping" : s->refusal);
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (slice_is(path, "/metrics")) {
        *type = "text/plain; version=0.0.4; charset=utf-8";
        add_metrics(s, out);
        return MHD_HTTP_OK;
    }
    buf_add_cstr(out, "not found\n");
    return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct admin *a = data;
    static int seen;
    (void)version;
    (void)upload;
    if (*state == NULL) { /* the head; the body, if any, is thrown away */
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    struct buf body = {0};
    const char *type = "text/plain";
    unsigned int status = MHD_HTTP_METHOD_NOT_ALLOWED;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        status = answer(a->server, slice_of(url), &body, &type);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, body.p, MHD_RESPMEM_MUST_COPY);
    buf_fini(&body);
    if (response == NULL) return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- in the loop ---- */

static void admin_run(struct admin *a);

static void on_timer(uv_timer_t *timer)
{
    admin_run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    admin_run(poll->data);
}

static void admin_run(struct admin *a)
{
    (void)MHD_run(a->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(a->daemon, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&a->timer, on_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&a->timer);
}

static void on_closed(uv_handle_t *handle)
{
    struct admin *a = handle->data;
    if (--a->open_handles == 0) mem_free(a);
}

static struct MHD_Daemon *start_daemon(struct admin *a, int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, a->server->engine->config.admin_bind, &in.sin_addr) != 1) return NULL;
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, a, MHD_OPTION_SOCK_ADDR, &in,
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_CONNECTION_LIMIT,
                            64U, MHD_OPTION_CONNECTION_TIMEOUT, 10U,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192, MHD_OPTION_END);
}

bool admin_open(struct server *s, char *why)
{
    int port = (int)s->engine->config.admin_port;
    if (port < 0) return true;
    struct admin *a = mem_new(struct admin);
    a->server = s;
    a->daemon = start_daemon(a, port);
    if (a->daemon == NULL) {
        mem_free(a);
        (void)snprintf(why, SERVER_ERROR, "cannot listen on admin port %s:%d",
                       s->engine->config.admin_bind, port);
        return false;
    }
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_BIND_PORT);
    a->port = bound != NULL ? bound->port : port;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    a->open_handles = 2;
    (void)uv_timer_init(&s->loop, &a->timer);
    (void)uv_poll_init(&s->loop, &a->poll, info->epoll_fd);
    a->timer.data = a;
    a->poll.data = a;
    (void)uv_poll_start(&a->poll, UV_READABLE, on_poll);
    s->admin = a;
    return true;
}

void admin_close(struct server *s)
{
    struct admin *a = s->admin;
    if (a == NULL) return;
    s->admin = NULL;
    (void)uv_poll_stop(&a->poll);
    (void)uv_timer_stop(&a->timer);
    uv_close((uv_handle_t *)&a->poll, on_closed);
    uv_close((uv_handle_t *)&a->timer, on_closed);
    MHD_stop_daemon(a->daemon);
    a->daemon = NULL;
}

int admin_port(const struct admin *a)
{
    return a->port;
}
