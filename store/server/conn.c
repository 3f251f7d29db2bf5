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
    if (c->session.out.len > c->sent && !session_blocked(&c->session)) {
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

/* Lets those bytes leave whose positions are durable. */
static void pop_marks(struct conn *c, uint64_t released)
{
    uint32_t n = 0;
    while (n < c->mark_count && c->marks[n].position <= released)
        c->may = c->marks[n++].end;
    if (n == 0) return;
    c->mark_count -= n;
    memmove(c->marks, c->marks + n, c->mark_count * sizeof *c->marks);
}

/* Marks the bytes that were appended since the last call. */
static void put_mark(struct conn *c, uint64_t released)
{
    const struct session *s = &c->session;
    struct mark *last = c->mark_count == 0 ? NULL : &c->marks[c->mark_count - 1];
    if (s->out.len <= (last == NULL ? c->may : last->end)) return;
    if (last == NULL && s->depends_on <= released) {
        c->may = s->out.len;
        return;
    }
    bool join = last != NULL && (last->position >= s->depends_on || c->mark_count == MARKS_MAX ||
                                 last->position > journal_taken(c->server->journal));
    if (!join) {
        last = &c->marks[c->mark_count++];
        last->position = 0;
    }
    last->end = s->out.len;
    if (last->position < s->depends_on) last->position = s->depends_on;
}

static void out_sent(struct conn *c, size_t n)
{
    struct buf *out = &c->session.out;
    c->sent += n;
    c->session.net_out += n;
    c->server->engine->stats.net_out += n;
    if (c->sent == out->len) {
        c->sent = 0;
        c->may = 0;
        if (out->cap > OUT_KEEP)
            buf_fini(out);
        else
            buf_clear(out);
        return;
    }
    if (c->sent > OUT_KEEP && c->sent > out->len / 2) {
        buf_drop(out, c->sent);
        for (uint32_t i = 0; i < c->mark_count; i++)
            c->marks[i].end -= c->sent;
        c->may -= c->sent;
        c->sent = 0;
    }
}

static ssize_t conn_put(struct conn *c, const char *from, size_t n)
{
    if (c->tls == NULL) return send(c->fd, from, n, MSG_NOSIGNAL);
    if (tls_is_open(c->tls)) return tls_send(c->tls, from, n);
    errno = EAGAIN;
    return -1;
}

/* Sends what may leave. False when the connection is gone. */
static bool conn_send(struct conn *c)
{
    uint64_t released = durable_released(c->server);
    pop_marks(c, released);
    put_mark(c, released);
    while (c->sent < c->may) {
        ssize_t put = conn_put(c, c->session.out.p + c->sent, c->may - c->sent);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno == EAGAIN;
        out_sent(c, (size_t)put);
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
    if (c->sent < c->may) events |= UV_WRITABLE;
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
    if (!c->close_now && c->session.out.len > c->sent && !conn_send(c)) c->close_now = true;
    if (!c->close_now && limits_over_output(c)) session_overflow(&c->session);
    bool empty = c->session.out.len == c->sent;
    if (c->close_now || (empty && (c->session.flags & SESSION_CLOSE_SOON) != 0)) {
        conn_close(c);
        return;
    }
    if (c->mark_count == 0)
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
        bool withheld = s->withhold && c->mark_count > 0;
        if (!c->close_now && !withheld && c->session.out.len > c->sent) (void)conn_send(c);
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

static size_t io_queued(struct session *s)
{
    const struct conn *c = conn_of(s);
    return s->out.len - c->sent;
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
             LOG_INT("bytes", s->out.len - c->sent));
    close_later(c, "output buffer limit");
    if (s == s->engine->current) return; /* its command may still write */
    buf_fini(&s->out);
    c->sent = 0;
    c->may = 0;
    c->mark_count = 0;
}

static void io_hold(struct session *s, bool stop)
{
    struct conn *c = conn_of(s);
    c->held = stop;
    if (!stop) conn_dirty(c);
}

static const struct session_io conn_io = {
    .produced = io_produced,
    .close = io_close,
    .addr = io_addr,
    .queued = io_queued,
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
