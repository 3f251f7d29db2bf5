#include "http.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/http_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SPARE_MAX = 256,
    BUF_KEEP = 64 * 1024,      /* larger buffers are not kept for the next request */
    SWALLOW_MAX = 1024 * 1024, /* a refused body up to this is read, so that the client sees why */
    BACKLOG = 4096,
    RUNS_AT_ONCE = 4,
    IDLE_MS = 60000,
    RECEIVE_MS = 10000,
};

static const struct metric_spec specs[] = {
    {"hansom_http_request_seconds",
     "From a request's headers to its reply.",
     METRIC_SECONDS,
     {"service", "route", "code"}},
    {"hansom_http_connections", "Open HTTP connections.", METRIC_GAUGE, {"service"}},
};

/* --- requests come and go --- */

static struct http_req *req_new(struct http *h, struct MHD_Connection *mhd)
{
    struct list *l = list_take(&h->spare);
    struct http_req *req = NULL;
    if (l != NULL) {
        h->spare_count--;
        req = list_entry(l, struct http_req, link);
        struct arena arena = req->arena;
        struct buf body = req->body;
        struct buf out = req->out;
        memset(req, 0, sizeof *req);
        req->arena = arena;
        req->body = body;
        req->out = out;
    } else {
        req = mem_new(struct http_req);
    }
    list_init(&req->link);
    req->http = h;
    req->mhd = mhd;
    req->now_ms = clock_wall_ms();
    req->began_us = clock_mono_us();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    req->conn = info == NULL ? NULL : info->socket_context;
    h->live++;
    return req;
}

static void req_memory_free(struct http_req *req)
{
    arena_fini(&req->arena);
    buf_fini(&req->body);
    buf_fini(&req->out);
    mem_free(req);
}

static void check_drained(struct http *h)
{
    if (!h->draining || h->live > 0 || h->on_drained == NULL) return;
    void (*cb)(void *data) = h->on_drained;
    h->on_drained = NULL;
    cb(h->on_drained_data);
}

static void req_free(struct http_req *req)
{
    struct http *h = req->http;
    if (req->response != NULL) MHD_destroy_response(req->response);
    req->response = NULL;
    body_fini(req->json);
    arena_reset(&req->arena);
    buf_clear(&req->body);
    buf_clear(&req->out);
    if (req->body.cap > BUF_KEEP) buf_fini(&req->body);
    if (req->out.cap > BUF_KEEP) buf_fini(&req->out);
    must(h->live > 0);
    h->live--;
    if (h->spare_count < SPARE_MAX) {
        list_add(&h->spare, &req->link);
        h->spare_count++;
    } else {
        req_memory_free(req);
    }
    if (h->draining) http_kick(h); /* check_drained runs from the loop, never from in here */
}

static void set_deadline(struct http_req *req, int64_t in_ms)
{
    if (req->conn == NULL) return;
    req->conn->deadline_ms = in_ms == 0 ? 0 : (int64_t)uv_now(req->http->loop) + in_ms;
}

/* --- the first look at a request, when its headers are there --- */

static void refuse(struct http_req *req, enum problem p, const char *detail)
{
    if (req->early) return;
    req->early = true;
    req->early_problem = p;
    req->early_detail = detail;
}

/* Whether the body's type is one that the route takes. */
static bool type_fits(const struct http_req *req)
{
    struct slice type = {0};
    const struct http_route *r = req->match.route;
    if (r->body == HTTP_BODY_RAW || r->body == HTTP_BODY_NONE) return true;
    if (!http_header(req, "Content-Type", &type)) return true;
    type.len = slice_find(type, ';');
    type = slice_trim(type);
    if (slice_word(type, "application/json")) return true;
    return r->body == HTTP_BODY_NDJSON &&
           (slice_word(type, "application/x-ndjson") || slice_word(type, "application/ndjson"));
}

static void check_auth(struct http_req *req)
{
    const struct http_route *r = req->match.route;
    struct slice header = {0};
    if (r->roles == ROLE_PUBLIC || req->http->config.auth == NULL) return;

    if (!http_header(req, "Authorization", &header)) {
        refuse(req, PROBLEM_INVALID_TOKEN, "an Authorization header with a bearer token is needed");
        return;
    }
    struct slice scheme = {header.p, slice_find(header, ' ')};
    if (!slice_word(scheme, "Bearer")) {
        refuse(req, PROBLEM_INVALID_TOKEN, "the authorization scheme is not Bearer");
        return;
    }
    struct slice token = slice_trim(slice_from(header, scheme.len));
    enum auth_result e = auth_verify(req->http->config.auth, token, req->now_ms, &req->claims);
    if (e != AUTH_OK)
        refuse(req, PROBLEM_INVALID_TOKEN, auth_result_text(e));
    else if (((int)req->claims.role & r->roles) == 0)
        refuse(req, PROBLEM_FORBIDDEN, "the token's role may not call this path");
}

/* What is refused at once costs nothing; what waits until its client has given up costs the same as
 * what is served, and is asked for again: so a burst would last as long as people retry. */
static void check_load(struct http_req *req)
{
    const struct http_config *config = &req->http->config;
    if (req->early || config->overloaded == NULL) return;
    if (req->match.route->roles == ROLE_PUBLIC || req->claims.role == ROLE_OPS) return;
    if (config->overloaded(config->overloaded_data)) refuse(req, PROBLEM_OVERLOADED, NULL);
}

static void answer_options(struct http_req *req)
{
    struct buf methods = {0};
    methods_list(req->match.methods, &methods);
    http_set_header(req, "Allow", buf_slice(&methods));
    struct slice origin = {0};
    if (http_header(req, "Origin", &origin) &&
        origin_allowed(req->http->config.cors_origins, origin)) {
        http_set_header(req, "Access-Control-Allow-Methods", buf_slice(&methods));
        http_set_header(req, "Access-Control-Allow-Headers",
                        SLICE("authorization, content-type, idempotency-key, if-match, "
                              "traceparent, x-request-id"));
        http_set_header(req, "Access-Control-Max-Age", SLICE("600"));
    }
    buf_fini(&methods);
    req->state = REQ_WORK;
    req->http->in_work++;
    http_reply(req, 204, NULL);
}

/* Decides what can be decided before the body. Returns the announced length, or -1 if none. */
static int64_t first_look(struct http_req *req, struct slice method)
{
    struct http *h = req->http;
    int64_t length = -1;
    struct slice text = {0};
    if (http_header(req, "Content-Length", &text) && !slice_i64(text, &length)) length = -1;

    req->is_head = slice_is(method, "HEAD");
    route_find(h->config.routes, h->config.routes_count, method_parse(method), req->path,
               &req->match);
    if (req->match.methods == 0) {
        refuse(req, PROBLEM_NOT_FOUND, "there is no such path");
        return length;
    }
    const struct http_route *r = req->match.route;
    if (r == NULL) {
        if (!slice_is(method, "OPTIONS")) refuse(req, PROBLEM_METHOD_NOT_ALLOWED, NULL);
        return length;
    }
    check_auth(req);
    check_load(req);
    if (length > 0 && !type_fits(req)) refuse(req, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL);
    if (length > (int64_t)r->body_max) refuse(req, PROBLEM_TOO_LARGE, NULL);
    return length;
}

static enum MHD_Result queue_response(struct http_req *req)
{
    struct MHD_Response *r = req->response;
    req->response = NULL;
    int64_t patience = req->http->config.idle_ms;
    set_deadline(req, patience);
    enum MHD_Result result = MHD_queue_response(req->mhd, (unsigned)req->status, r);
    MHD_destroy_response(r);
    return result;
}

static void early_reply(struct http_req *req)
{
    req->state = REQ_WORK;
    req->http->in_work++;
    if (req->early_problem == PROBLEM_METHOD_NOT_ALLOWED) {
        struct buf methods = {0};
        methods_list(req->match.methods, &methods);
        http_set_header(req, "Allow", buf_slice(&methods));
        buf_fini(&methods);
    }
    http_problem(req, req->early_problem, req->early_detail);
}

static enum MHD_Result on_body(struct http_req *req, const char *data, size_t n)
{
    const struct http_route *r = req->match.route;
    if (!req->early && (r == NULL || req->body.len + n > r->body_max)) {
        refuse(req, PROBLEM_TOO_LARGE, NULL);
        req->swallowed = req->body.len;
        buf_clear(&req->body);
    }
    if (!req->early) {
        buf_add(&req->body, data, n);
        return MHD_YES;
    }
    req->swallowed += n;
    return req->swallowed <= SWALLOW_MAX ? MHD_YES : MHD_NO;
}

/* Everything has arrived: runs the handler, or answers what was decided before. */
static enum MHD_Result on_complete(struct http_req *req)
{
    set_deadline(req, 0);
    if (req->early) {
        early_reply(req);
    } else if (req->match.route == NULL) {
        answer_options(req);
    } else {
        (void)buf_reserve(&req->body, 1);
        req->body.p[req->body.len] = '\0';
        req->state = REQ_WORK;
        req->http->in_work++;
        req->match.route->handler(req);
    }
    if (req->state == REQ_REPLIED) return queue_response(req);
    req->suspended = true;
    MHD_suspend_connection(req->mhd);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **con_cls)
{
    struct http *h = cls;
    struct http_req *req = *con_cls;
    (void)version;
    if (req == NULL) {
        req = req_new(h, mhd);
        *con_cls = req;
        req->path = arena_copy(&req->arena, slice_of(url));
        set_deadline(req, h->config.receive_ms);
        int64_t length = first_look(req, slice_of(method));
        if (req->early && length > SWALLOW_MAX) return on_complete(req);
        if (!req->early && length > 0) (void)buf_reserve(&req->body, (size_t)length + 1);
        return MHD_YES;
    }
    if (*size > 0) {
        size_t n = *size;
        *size = 0;
        return on_body(req, data, n);
    }
    if (req->state == REQ_REPLIED) return queue_response(req);
    if (req->state == REQ_WORK) return MHD_YES; /* suspended a moment ago */
    return on_complete(req);
}

/* The request is over: answered and sent, or its client is gone. */
static void on_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
                         enum MHD_RequestTerminationCode toe)
{
    struct http_req *req = *con_cls;
    (void)cls;
    (void)mhd;
    (void)toe;
    if (req == NULL) return;
    *con_cls = NULL;
    set_deadline(req, req->http->config.idle_ms);
    if (req->state == REQ_WORK) {
        req->mhd = NULL; /* its operation still runs; the reply will free it */
        req->conn = NULL;
        return;
    }
    req_free(req);
}

static struct metric_cell *cell_of(struct http *h, const struct http_route *r, int status)
{
    struct route_cell *kept = r == NULL ? NULL : &h->cells[r - h->config.routes];
    if (kept != NULL && kept->status == status) return kept->cell;

    char code[8];
    char route[160] = "none";
    if (r != NULL) (void)snprintf(route, sizeof route, "%s %s", method_name(r->method), r->path);
    (void)snprintf(code, sizeof code, "%d", status);
    struct metric_cell *cell =
        METRIC_AT(h->seconds, slice_of(h->config.service), slice_of(route), slice_of(code));
    if (kept != NULL) *kept = (struct route_cell){status, cell};
    return cell;
}

void http_req_answered(struct http_req *req)
{
    struct http *h = req->http;
    must(req->state == REQ_WORK);
    must(h->in_work > 0);
    h->in_work--;
    req->state = REQ_REPLIED;
    if (h->seconds != NULL)
        metric_observe(cell_of(h, req->match.route, req->status),
                       (double)(clock_mono_us() - req->began_us) / 1e6);
    if (req->mhd == NULL) {
        req_free(req);
        return;
    }
    if (!req->suspended) return; /* on_complete queues it */
    req->suspended = false;
    MHD_resume_connection(req->mhd);
    http_kick(h);
}

/* --- connections --- */

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *h = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct http_conn *c = mem_new(struct http_conn);
        c->fd = info == NULL ? -1 : info->connect_fd;
        c->deadline_ms = (int64_t)uv_now(h->loop) + h->config.receive_ms;
        list_init(&c->link);
        list_add(&h->conns, &c->link);
        *context = c;
        if (h->connections != NULL) metric_add(h->connections, 1);
        return;
    }
    struct http_conn *c = *context;
    if (c == NULL) return;
    list_del(&c->link);
    mem_free(c);
    *context = NULL;
    if (h->connections != NULL) metric_add(h->connections, -1);
}

/* A connection past its deadline is shut down: the library then sees its end and closes it. */
static void on_sweep(uv_timer_t *t)
{
    struct http *h = t->data;
    int64_t now = (int64_t)uv_now(h->loop);
    list_each(l, &h->conns)
    {
        struct http_conn *c = list_entry(l, struct http_conn, link);
        if (c->deadline_ms == 0 || c->deadline_ms > now || c->fd < 0) continue;
        (void)shutdown(c->fd, SHUT_RDWR);
        c->deadline_ms = 0;
    }
}

/* --- driving the library --- */

static void on_again(uv_idle_t *i);
static void on_timer(uv_timer_t *t);

/* Runs the library, then arms what it asks for: its epoll is edge-triggered, so a connection
 * that it calls ready and that nobody runs again would stall. */
static void run(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG wait = 1;
    enum MHD_Result wants = MHD_NO;
    for (int i = 0; i < RUNS_AT_ONCE; i++) {
        must(MHD_run(h->daemon) == MHD_YES);
        wants = MHD_get_timeout(h->daemon, &wait);
        if (wants != MHD_YES || wait > 0) break;
    }
    bool again = wants == MHD_YES && wait == 0;
    if (again != h->again_on) {
        h->again_on = again;
        if (again)
            must(uv_idle_start(&h->again, on_again) == 0);
        else
            (void)uv_idle_stop(&h->again);
    }
    if (wants == MHD_YES && wait > 0)
        must(uv_timer_start(&h->timer, on_timer, wait, 0) == 0);
    else
        (void)uv_timer_stop(&h->timer);
    check_drained(h); /* last: its callback may close h */
}

static void on_again(uv_idle_t *i)
{
    run(i->data);
}

static void on_timer(uv_timer_t *t)
{
    run(t->data);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    (void)status;
    (void)events;
    run(p->data);
}

/* Replies come from callbacks of the store; all of one turn are then sent by one run, which an
 * idle handle does early in the next turn, before the store client writes what handlers send. */
void http_kick(struct http *h)
{
    if (h->again_on || uv_is_closing((uv_handle_t *)&h->again)) return;
    h->again_on = true;
    must(uv_idle_start(&h->again, on_again) == 0);
}

/* --- life --- */

static bool address_of(const char *bind_to, uint16_t port, struct sockaddr_storage *out,
                       socklen_t *len)
{
    if (uv_ip4_addr(bind_to, port, (struct sockaddr_in *)out) == 0) {
        *len = sizeof(struct sockaddr_in);
        return true;
    }
    *len = sizeof(struct sockaddr_in6);
    return uv_ip6_addr(bind_to, port, (struct sockaddr_in6 *)out) == 0;
}

static int listen_on(const struct http_config *c, uint16_t *port, struct buf *why)
{
    struct sockaddr_storage at = {0};
    socklen_t len = 0;
    if (!address_of(c->bind, c->port, &at, &len)) {
        buf_addf(why, "%s is not an IP address to listen on", c->bind);
        return -1;
    }
    int on = 1;
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (c->reuse_port) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        buf_addf(why, "cannot listen on %s:%u: %s", c->bind, (unsigned)c->port, strerror(errno));
        if (fd >= 0) (void)close(fd);
        return -1;
    }
    *port = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
                                          : ((struct sockaddr_in6 *)&at)->sin6_port);
    return fd;
}

static void fill_defaults(struct http_config *c)
{
    if (c->connections_max == 0) c->connections_max = 10000;
    if (c->connection_bytes == 0) c->connection_bytes = 8192;
    if (c->idle_ms == 0) c->idle_ms = IDLE_MS;
    if (c->receive_ms == 0) c->receive_ms = RECEIVE_MS;
    if (c->cors_origins == NULL) c->cors_origins = "";
}

static void start_handles(struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    must(info != NULL);
    must(uv_poll_init(h->loop, &h->poll, info->epoll_fd) == 0);
    must(uv_timer_init(h->loop, &h->timer) == 0);
    must(uv_timer_init(h->loop, &h->sweep) == 0);
    must(uv_idle_init(h->loop, &h->again) == 0);
    h->handles = 4;
    h->poll.data = h;
    h->timer.data = h;
    h->sweep.data = h;
    h->again.data = h;
    int64_t least =
        h->config.idle_ms < h->config.receive_ms ? h->config.idle_ms : h->config.receive_ms;
    uint64_t every = least / 4 > 1000 ? 1000 : least / 4 < 10 ? 10 : (uint64_t)least / 4;
    must(uv_timer_start(&h->sweep, on_sweep, every, every) == 0);
    must(uv_poll_start(&h->poll, UV_READABLE, on_poll) == 0);
    http_kick(h);
}

struct http *http_new(uv_loop_t *loop, const struct http_config *config, struct buf *why)
{
    (void)signal(SIGPIPE, SIG_IGN); /* the library writes with writev, which has no flag for it */
    struct http *h = mem_new(struct http);
    h->config = *config;
    h->loop = loop;
    list_init(&h->conns);
    list_init(&h->spare);
    fill_defaults(&h->config);

    h->listen_fd = listen_on(&h->config, &h->port, why);
    if (h->listen_fd < 0) {
        mem_free(h);
        return NULL;
    }
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, h->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)h->config.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)h->config.connection_bytes, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (h->daemon == NULL) {
        buf_addf(why, "the HTTP server on port %u cannot start", (unsigned)h->port);
        (void)close(h->listen_fd);
        mem_free(h);
        return NULL;
    }
    if (h->config.metrics != NULL) {
        struct metric *m[2];
        metrics_add(h->config.metrics, specs, 2, m);
        h->seconds = m[0];
        h->cells = mem_array(h->config.routes_count, struct route_cell);
        h->connections = METRIC_AT(m[1], slice_of(h->config.service));
    }
    start_handles(h);
    return h;
}

uint16_t http_port(const struct http *h)
{
    return h->port;
}

uint32_t http_in_work(const struct http *h)
{
    return h->in_work;
}

static void stop_listening(struct http *h)
{
    if (h->listen_fd < 0) return;
    (void)MHD_quiesce_daemon(h->daemon);
    (void)close(h->listen_fd);
    h->listen_fd = -1;
}

void http_drain(struct http *h, void (*cb)(void *data), void *data)
{
    stop_listening(h);
    h->draining = true;
    h->on_drained = cb;
    h->on_drained_data = data;
    http_kick(h);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;
    if (--h->handles > 0) return;
    void (*cb)(void *data) = h->on_closed;
    void *data = h->on_closed_data;
    mem_free(h->cells);
    mem_free(h);
    if (cb != NULL) cb(data);
}

void http_close(struct http *h, void (*cb)(void *data), void *data)
{
    must(h->in_work == 0);
    h->on_closed = cb;
    h->on_closed_data = data;
    h->draining = false;
    uv_close((uv_handle_t *)&h->poll, on_handle_closed);
    uv_close((uv_handle_t *)&h->timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&h->again, on_handle_closed);
    stop_listening(h);
    MHD_stop_daemon(h->daemon); /* ends every connection, which frees their requests */
    must(h->live == 0);
    struct list *l = NULL;
    while ((l = list_take(&h->spare)) != NULL)
        req_memory_free(list_entry(l, struct http_req, link));
}
