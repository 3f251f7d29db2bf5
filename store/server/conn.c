#include "conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/server/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PARTS_MAX = 32 }; /* of one send */

void conn_dirty(struct conn *c)
{
    if (list_empty(&c->dirty)) list_add(&c->server->dirty, &c->dirty);
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    mem_free(c);
}

static void conn_close(struct conn *c)
{
    if (c->closed) return;
    c->closed = true;
    list_del(&c->dirty);
    list_del(&c->gated);
    (void)uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    tls_free(c->tls);
    (void)close(c->fd);
    session_fini(&c->session);
    output_fini(&c->output);
    buf_fini(&c->in);
    resp_fini(&c->resp);
    c->server->clients_bytes -= c->weighed;
    c->server->conn_count--;
}

static void close_later(struct conn *c, const char *why)
{
    log_debug("client_closed", LOG_INT("id", c->session.id), LOG_CSTR("why", why));
    c->close_now = true;
    list_del(&c->dirty);
    list_add(c->server->dirty.next, &c->dirty); /* before whoever asked for it has its reply */
}

/* ---- reading ---- */

static void conn_poll(struct conn *c);

static ssize_t conn_recv(struct conn *c, char *to, size_t n)
{
    ssize_t got;
    if (c->tls != NULL) return tls_read(c->tls, to, n);
    do
        got = recv(c->fd, to, n, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

static void conn_ended(struct conn *c)
{
    c->eof = true;
    if (conn_unread(c) > 0 && !session_blocked(&c->session)) {
        c->session.flags |= SESSION_CLOSE_SOON;
        conn_dirty(c);
        return;
    }
    close_later(c, "closed by the client");
}

/* Where to read to: commands that arrive whole are run from the shared buffer and never
 * copied; an unfinished one is completed in the connection's own. */
static void conn_read(struct conn *c)
{
    struct server *s = c->server;
    if (c->gathered) gather_run(s);
    bool own = c->in.len > 0;
    size_t room = READ_BYTES;
    if (own) {
        size_t need = resp_need(&c->resp);
        if (need > c->in.len + room) room = need - c->in.len;
        if (room > (1U << 20)) room = 1U << 20;
    }
    char *to = own ? buf_reserve(&c->in, room) : gather_room(s);
    ssize_t got = conn_recv(c, to, room);
    if (got < 0) {
        if (errno != EAGAIN) close_later(c, strerror(errno));
        return;
    }
    if (got == 0) {
        conn_ended(c);
        return;
    }
    c->session.net_in += (uint64_t)got;
    s->engine->stats.net_in += (uint64_t)got;
    if (own) {
        c->in.len += (size_t)got;
        gather_run(s);
        conn_run_waiting(c);
    } else {
        gather_add(c, to, (size_t)got);
    }
    conn_dirty(c);
}

/* ---- sending ---- */

static ssize_t conn_put(struct conn *c, struct iovec *parts, uint32_t n)
{
    if (c->tls == NULL && n == 1) return send(c->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
    if (c->tls == NULL) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
        return sendmsg(c->fd, &message, MSG_NOSIGNAL);
    }
    if (tls_is_open(c->tls)) return tls_send(c->tls, parts->iov_base, parts->iov_len);
    errno = EAGAIN;
    return -1;
}

/* Sends what may leave. False when the connection is gone. */
static bool conn_send(struct conn *c)
{
    struct server *s = c->server;
    struct output *o = &c->output;
    struct iovec parts[PARTS_MAX];
    uint64_t released = durable_released(s);
    output_release(o, released);
    output_gate(o, &c->session.out, c->session.depends_on, released,
                s->journal == NULL ? 0 : journal_taken(s->journal));
    while (o->sent < o->may) {
        ssize_t put = conn_put(c, parts, output_next(o, &c->session.out, parts, PARTS_MAX));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno == EAGAIN;
        output_sent(o, &c->session.out, (size_t)put);
        c->session.net_out += (uint64_t)put;
        s->engine->stats.net_out += (uint64_t)put;
    }
    return true;
}

/* What the socket is watched for. */
static void on_poll(uv_poll_t *handle, int status, int events);

/* In a handshake, and when a read has to write first, OpenSSL says what is waited for. */
static int tls_events(const struct conn *c, int events)
{
    if (!tls_is_open(c->tls)) return tls_wants_write(c->tls) ? UV_WRITABLE : UV_READABLE;
    return tls_wants_write(c->tls) ? events | UV_WRITABLE : events;
}

static void conn_poll(struct conn *c)
{
    int events = 0;
    bool room = c->in.len < IN_HELD_MAX || conn_may_run(c) || c->full;
    if (!c->eof && room) events |= UV_READABLE;
    if (!c->eof && !room) events |= UV_DISCONNECT;
    if (c->output.sent < c->output.may) events |= UV_WRITABLE;
    if (c->full && conn_may_run(c)) events |= UV_WRITABLE; /* comes at once, and commands go on */
    if (c->tls != NULL) events = tls_events(c, events);
    if (events == c->events) return;
    c->events = events;
    if (events == 0)
        (void)uv_poll_stop(&c->poll);
    else
        must(uv_poll_start(&c->poll, events, on_poll) == 0);
}

static void conn_flush(struct conn *c)
{
    if (c->closed) return;
    struct engine *e = c->server->engine;
    if (!c->close_now && (int64_t)c->in.len > e->config.client_query_buffer_limit) {
        e->stats.query_limit_ends++;
        close_later(c, "query buffer limit");
    }
    if (!c->close_now && conn_unread(c) > 0 && !conn_send(c)) c->close_now = true;
    if (!c->close_now && limits_over_output(c)) session_overflow(&c->session);
    if (c->close_now || (conn_unread(c) == 0 && (c->session.flags & SESSION_CLOSE_SOON) != 0)) {
        conn_close(c);
        return;
    }
    if (c->output.mark_count == 0)
        list_del(&c->gated);
    else if (list_empty(&c->gated))
        list_add(&c->server->gated, &c->gated);
    limits_weigh(c);
    conn_poll(c);
}

/* Goes on with the handshake; true when it is over and went well. */
static bool conn_shake(struct conn *c)
{
    char why[TLS_ERROR] = "";
    switch (tls_handshake(c->tls, why)) {
    case TLS_OPEN:
        return true;
    case TLS_AGAIN:
        conn_poll(c);
        return false;
    case TLS_FAILED:
        break;
    }
    log_info("tls_refused", LOG_INT("id", c->session.id), LOG_CSTR("why", why));
    c->server->engine->stats.rejected_connections++;
    close_later(c, why);
    return false;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;
    if (c->closed || &c->session == c->server->busy) return;
    if (status < 0 || (events & UV_DISCONNECT) != 0) {
        close_later(c, "closed by the client");
        return;
    }
    if (c->tls != NULL && !tls_is_open(c->tls) && !conn_shake(c)) return;
    if ((events & UV_READABLE) != 0) conn_read(c);
    if ((events & UV_WRITABLE) != 0) conn_dirty(c);
}

/* ---- the turn ---- */

/* Runs commands that waited. Each may produce bytes for others, who join the list behind. */
static void resume_all(struct server *s)
{
    list_each_safe(at, &s->dirty)
    {
        struct conn *c = list_entry(at, struct conn, dirty);
        conn_run_waiting(c);
        at_next = c->dirty.next;
    }
}

/* Whether every client waits for the log, so that a sync keeps nobody's commands from going on. */
static bool all_wait(struct server *s)
{
    uint64_t released = durable_released(s);
    uint32_t waiting = 0;
    list_each(at, &s->gated)
    {
        waiting += list_empty(&list_entry(at, struct conn, gated)->dirty);
    }
    list_each(at, &s->dirty)
    {
        waiting += list_entry(at, struct conn, dirty)->session.depends_on > released;
    }
    return waiting == s->conn_count;
}

void conns_turn(struct server *s)
{
    gather_run(s);
    resume_all(s);
    durable_turn(s, s->conn_count <= INLINE_CLIENTS_MAX && all_wait(s));
    for (struct list *at; (at = list_take(&s->dirty)) != NULL;)
        conn_flush(list_entry(at, struct conn, dirty));
    limits_evict(s, close_later);
}

void conns_turn_busy(struct server *s)
{
    struct list kept;
    list_init(&kept);
    gather_run(s);
    durable_hand_over(s);
    for (struct list *at; (at = list_take(&s->dirty)) != NULL;) {
        struct conn *c = list_entry(at, struct conn, dirty);
        if (&c->session == s->busy) {
            list_add(&kept, at);
            continue;
        }
        conn_run_waiting(c);
        conn_flush(c);
    }
    struct list *at = list_take(&kept);
    if (at != NULL) list_add(&s->dirty, at);
}

void conns_released(struct server *s)
{
    list_each(at, &s->gated)
    {
        conn_dirty(list_entry(at, struct conn, gated));
    }
}

void conns_close_gated(struct server *s)
{
    list_each(at, &s->gated)
    {
        close_later(list_entry(at, struct conn, gated), "its outcome is unknown: the log failed");
    }
}

static struct conn *conn_at(struct list *all)
{
    return conn_of(list_entry(all, struct session, all));
}

static const struct session_io conn_io;

void conns_second(struct server *s)
{
    int64_t idle_ms = s->engine->config.timeout * 1000;
    list_each(at, &s->engine->sessions)
    {
        struct session *one = list_entry(at, struct session, all);
        if (one->io != &conn_io) continue;
        struct conn *c = conn_of(one);
        if (limits_over_output(c)) conn_dirty(c);
        if (c->tls != NULL && !tls_is_open(c->tls) &&
            s->engine->now_ms - one->created_ms > s->engine->config.tls_handshake_timeout * 1000)
            close_later(c, "the TLS handshake takes too long");
        if (c->in.len > 0 && conn_may_run(c)) conn_dirty(c);
        if (idle_ms > 0 && !session_blocked(one) && session_sub_count(one) == 0 &&
            s->engine->now_ms - one->active_ms > idle_ms)
            close_later(c, "idle");
    }
}

void conns_close_all(struct server *s)
{
    list_each_safe(at, &s->engine->sessions)
    {
        if (list_entry(at, struct session, all)->io != &conn_io) continue;
        struct conn *c = conn_at(at);
        bool withheld = s->withhold && c->output.mark_count > 0;
        if (!c->close_now && !withheld && conn_unread(c) > 0) (void)conn_send(c);
        conn_close(c);
    }
}

/* ---- what the engine asks of a client's socket ---- */

static void io_produced(struct session *s)
{
    conn_dirty(conn_of(s));
}

static void io_close(struct session *s, const char *why, bool at_once)
{
    struct conn *c = conn_of(s);
    if (at_once) {
        close_later(c, why);
        return;
    }
    s->flags |= SESSION_CLOSE_SOON;
    conn_dirty(c);
}

static struct slice io_addr(struct session *s, char out[static 128], bool local)
{
    const struct conn *c = conn_of(s);
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    int e = local ? getsockname(c->fd, (struct sockaddr *)&sa, &len)
                  : getpeername(c->fd, (struct sockaddr *)&sa, &len);
    char ip[INET6_ADDRSTRLEN] = "?";
    int n = 0;
    if (e != 0) {
        n = snprintf(out, 128, "?:0");
    } else if (sa.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&sa;
        (void)inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        n = snprintf(out, 128, "%s:%u", ip, ntohs(in->sin_port));
    } else if (sa.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)&sa;
        (void)inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof ip);
        n = snprintf(out, 128, "[%s]:%u", ip, ntohs(in->sin6_port));
    } else {
        n = snprintf(out, 128, "%.100s:0", c->server->engine->config.unixsocket);
    }
    return slice_make(out, n < 0 ? 0 : (size_t)n);
}

/* OpenSSL writes to each client what no other can read: there the bytes are copied, so that a record
 * holds many messages. */
static void io_share(struct session *s, struct shared *m, size_t from, size_t n)
{
    struct conn *c = conn_of(s);
    if (c->tls == NULL)
        output_lend(&c->output, &s->out, m, from, n);
    else
        buf_add(&s->out, m->bytes + from, n);
}

static size_t io_queued(struct session *s)
{
    return conn_unread(conn_of(s));
}

static size_t io_lent(struct session *s)
{
    return output_lent(&conn_of(s)->output);
}

static size_t io_held(struct session *s)
{
    const struct conn *c = conn_of(s);
    return c->in.cap + c->resp.cap * sizeof *c->resp.spans;
}

static void io_overflow(struct session *s)
{
    struct conn *c = conn_of(s);
    log_warn("client_closed", LOG_INT("id", s->id), LOG_CSTR("why", "output buffer limit"),
             LOG_INT("bytes", conn_unread(c)));
    close_later(c, "output buffer limit");
    if (s == s->engine->current) return; /* its command may still write */
    output_drop(&c->output, &s->out);
    buf_fini(&s->out);
}

static void io_hold(struct session *s, bool stop)
{
    struct conn *c = conn_of(s);
    c->held = stop;
    if (!stop) conn_dirty(c);
}

static const struct session_io conn_io = {
    .produced = io_produced,
    .share = io_share,
    .close = io_close,
    .addr = io_addr,
    .queued = io_queued,
    .lent = io_lent,
    .held = io_held,
    .overflow = io_overflow,
    .hold = io_hold,
};

void conn_open(struct server *s, int fd, const struct listener *l)
{
    struct conn *c = mem_new(struct conn);
    c->server = s;
    c->tls = l->tls ? tls_new(s->tls, fd) : NULL;
    must(!l->tls || c->tls != NULL); /* it fails only without memory */
    c->fd = fd;
    list_init(&c->dirty);
    list_init(&c->gated);
    session_init(&c->session, s->engine, &conn_io);
    c->session.fd = fd;
    if (l->local) c->session.flags |= SESSION_UNIX;
    must(uv_poll_init(&s->loop, &c->poll, fd) == 0);
    c->poll.data = c;
    s->conn_count++;
    struct engine_stats *stats = &s->engine->stats;
    stats->connections++;
    if (stats->clients_max_seen < s->conn_count) stats->clients_max_seen = s->conn_count;
    conn_poll(c);
}
