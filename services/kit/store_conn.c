#include "store_conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RECV_BYTES = 64 * 1024,
    RECV_TURNS = 4,         /* so that one busy connection does not starve the loop */
    OUT_KEEP = 1024 * 1024, /* an emptied buffer larger than this is given back */
    WAIT_MIN_MS = 50,
    WAIT_MAX_MS = 2000,
    STEADY_MS = 1000, /* a connection that lived so long ends a run of failures */
    CONNECT_MS = 2000,
};

#define TO(s) (1u << CONN_##s)
static const uint32_t conn_next[CONN_STATES] = {
    [CONN_IDLE] = TO(RESOLVE) | TO(CONNECT) | TO(WAIT) | TO(CLOSED),
    [CONN_RESOLVE] = TO(CONNECT) | TO(WAIT) | TO(CLOSED),
    [CONN_CONNECT] = TO(HELLO) | TO(WAIT) | TO(CLOSED),
    [CONN_HELLO] = TO(UP) | TO(WAIT) | TO(CLOSED),
    [CONN_UP] = TO(WAIT) | TO(CLOSED),
    [CONN_WAIT] = TO(RESOLVE) | TO(CONNECT) | TO(WAIT) | TO(CLOSED),
    [CONN_CLOSED] = 0,
};
#undef TO

static void conn_move(struct store_conn *c, enum conn_state to)
{
    must((conn_next[c->state] & (1u << to)) != 0);
    c->state = to;
}

static void begin(struct store_conn *c);
static void on_poll(uv_poll_t *p, int status, int events);
static void on_timer(uv_timer_t *t);
static void on_flush(uv_prepare_t *p);

void resp_append(struct buf *out, const struct slice *argv, size_t argc)
{
    size_t need = 16;
    for (size_t i = 0; i < argc; i++)
        need += argv[i].len + 16;
    char *at = buf_reserve(out, need);
    char *from = at;
    *at++ = '*';
    at += fmt_u64(at, argc);
    *at++ = '\r';
    *at++ = '\n';
    for (size_t i = 0; i < argc; i++) {
        *at++ = '$';
        at += fmt_u64(at, argv[i].len);
        *at++ = '\r';
        *at++ = '\n';
        if (argv[i].len > 0) memcpy(at, argv[i].p, argv[i].len);
        at += argv[i].len;
        *at++ = '\r';
        *at++ = '\n';
    }
    out->len += (size_t)(at - from);
}

void store_conn_init(struct store_conn *c, uv_loop_t *loop, const struct store_config *config,
                     const struct conn_events *events, void *data)
{
    *c = (struct store_conn){
        .loop = loop, .config = config, .events = events, .data = data, .fd = -1};
    uint64_t seed = config->seed;
    if (seed == 0) rng_secret(&seed, sizeof seed);
    rng_init(&c->rng, seed);

    must(uv_timer_init(loop, &c->timer) == 0);
    must(uv_prepare_init(loop, &c->flush) == 0);
    must(uv_prepare_start(&c->flush, on_flush) == 0);
    c->timer.data = c;
    c->flush.data = c;
    c->handles = 2;
}

void store_conn_open(struct store_conn *c)
{
    must(c->state == CONN_IDLE);
    begin(c);
}

static void handle_gone(struct store_conn *c)
{
    must(c->handles > 0);
    if (--c->handles > 0 || c->state != CONN_CLOSED) return;
    buf_fini(&c->out);
    if (c->on_closed != NULL) c->on_closed(c->on_closed_data);
}

static void on_handle_closed(uv_handle_t *h)
{
    handle_gone(h->data);
}

static void on_poll_closed(uv_handle_t *h)
{
    struct store_conn *c = h->data;
    mem_free(h);
    handle_gone(c);
}

/* Ends the socket and forgets what was to be sent and parsed. */
static void drop_socket(struct store_conn *c)
{
    if (c->poll != NULL) {
        uv_close((uv_handle_t *)c->poll, on_poll_closed);
        c->poll = NULL;
    }
    if (c->fd >= 0) (void)close(c->fd);
    c->fd = -1;
    c->polls_write = false;
    if (c->reader != NULL && !c->parsing) redisReaderFree(c->reader);
    c->reader = NULL; /* while parsing, on_readable frees it */
    buf_clear(&c->out);
    c->out_at = 0;
}

void store_conn_close(struct store_conn *c, void (*cb)(void *data), void *data)
{
    bool was_up = c->state == CONN_UP;
    c->on_closed = cb;
    c->on_closed_data = data;
    conn_move(c, CONN_CLOSED);
    if (was_up) c->events->on_lost(c->data);
    drop_socket(c);
    if (c->resolving) (void)uv_cancel((uv_req_t *)&c->resolve);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
    uv_close((uv_handle_t *)&c->flush, on_handle_closed);
}

/* Any failure comes here: notes why, tells the owner, waits, starts again. */
void store_conn_reset(struct store_conn *c, const char *why)
{
    bool was_up = c->state == CONN_UP;
    (void)snprintf(c->error, sizeof c->error, "%s", why);
    if (was_up && (int64_t)uv_now(c->loop) - c->up_since_ms >= STEADY_MS) c->failures = 0;

    conn_move(c, CONN_WAIT);
    if (was_up) c->events->on_lost(c->data);
    if (c->state != CONN_WAIT) return; /* the owner closed us in on_lost */
    drop_socket(c);

    uint32_t shift = c->failures < 6 ? c->failures : 6;
    uint64_t wait = (uint64_t)WAIT_MIN_MS << shift;
    if (wait > WAIT_MAX_MS) wait = WAIT_MAX_MS;
    wait = wait / 2 + rng_below(&c->rng, wait / 2 + 1);
    if (c->failures == 0 || c->failures % 16 == 0)
        log_warn("store_unreachable", LOG_CSTR("connection", c->config->name),
                 LOG_CSTR("why", c->error), LOG_INT("retry_ms", wait),
                 LOG_INT("failures", c->failures + 1));
    c->failures++;
    must(uv_timer_start(&c->timer, on_timer, wait, 0) == 0);
}

static void reset_errno(struct store_conn *c, const char *what, int err)
{
    char why[128];
    (void)snprintf(why, sizeof why, "%s: %s", what, strerror(err));
    store_conn_reset(c, why);
}

static void on_timer(uv_timer_t *t)
{
    struct store_conn *c = t->data;
    if (c->state == CONN_WAIT)
        begin(c);
    else if (c->state == CONN_RESOLVE)
        (void)uv_cancel((uv_req_t *)&c->resolve); /* its callback goes on; if it cannot, we wait */
    else if (c->state == CONN_CONNECT || c->state == CONN_HELLO)
        store_conn_reset(c, "connecting timed out");
}

/* --- connecting --- */

static void connect_to(struct store_conn *c, const struct sockaddr *to, socklen_t len)
{
    conn_move(c, CONN_CONNECT);
    int64_t limit = c->config->connect_ms > 0 ? c->config->connect_ms : CONNECT_MS;
    must(uv_timer_start(&c->timer, on_timer, (uint64_t)limit, 0) == 0);

    c->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        reset_errno(c, "socket", errno);
        return;
    }
    if (to->sa_family != AF_UNIX) {
        int on = 1;
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (connect(c->fd, to, len) != 0 && errno != EINPROGRESS) {
        reset_errno(c, "connect", errno);
        return;
    }
    c->poll = mem_new(uv_poll_t);
    must(uv_poll_init(c->loop, c->poll, c->fd) == 0);
    c->poll->data = c;
    c->handles++;
    must(uv_poll_start(c->poll, UV_WRITABLE, on_poll) == 0);
}

static void on_resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *found)
{
    struct store_conn *c = r->data;
    c->resolving = false;
    if (c->state == CONN_RESOLVE) {
        if (status == 0 && found != NULL)
            connect_to(c, found->ai_addr, found->ai_addrlen);
        else
            store_conn_reset(c, status == 0 ? "the host has no address" : uv_strerror(status));
    }
    if (found != NULL) uv_freeaddrinfo(found);
    handle_gone(c);
}

static void resolve(struct store_conn *c)
{
    const struct store_url *u = &c->config->url;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)u->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    conn_move(c, CONN_RESOLVE);
    must(uv_timer_start(&c->timer, on_timer, CONNECT_MS, 0) == 0);
    c->resolve.data = c;
    int e = uv_getaddrinfo(c->loop, &c->resolve, on_resolved, u->host, port, &hints);
    if (e != 0) {
        store_conn_reset(c, uv_strerror(e));
        return;
    }
    c->resolving = true;
    c->handles++;
}

static void begin(struct store_conn *c)
{
    const struct store_url *u = &c->config->url;
    if (u->path[0] != '\0') {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        memcpy(to.sun_path, u->path, sizeof to.sun_path);
        connect_to(c, (const struct sockaddr *)&to, sizeof to);
        return;
    }
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(u->host, u->port, &v4) == 0)
        connect_to(c, (const struct sockaddr *)&v4, sizeof v4);
    else if (uv_ip6_addr(u->host, u->port, &v6) == 0)
        connect_to(c, (const struct sockaddr *)&v6, sizeof v6);
    else
        resolve(c);
}

static void greet(struct store_conn *c)
{
    const struct store_url *u = &c->config->url;
    c->hello_left = 2;
    if (u->password[0] != '\0') {
        c->hello_left = 3;
        struct slice user = slice_of(u->user);
        struct slice auth[3] = {SLICE("AUTH"), user, slice_of(u->password)};
        if (user.len == 0) auth[1] = auth[2];
        resp_append(&c->out, auth, user.len == 0 ? 2 : 3);
    }
    struct slice name[3] = {SLICE("CLIENT"), SLICE("SETNAME"), slice_of(c->config->name)};
    if (name[2].len == 0) name[2] = SLICE("hansom");
    resp_append(&c->out, name, 3);
    resp_append(&c->out, (struct slice[]){SLICE("PING")}, 1);
    c->queued = c->out.len;
}

static void on_connected(struct store_conn *c)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0) err = errno;
    if (err != 0) {
        reset_errno(c, "connect", err);
        return;
    }
    conn_move(c, CONN_HELLO);
    c->reader = redisReaderCreate();
    must(c->reader != NULL);
    c->queued = 0;
    c->written = 0;
    c->received_ms = (int64_t)uv_now(c->loop);
    greet(c);
    must(uv_poll_start(c->poll, UV_READABLE, on_poll) == 0);
}

/* One reply of the greeting. The name may be refused (an ACL); the rest may not. */
static void on_hello_reply(struct store_conn *c, const redisReply *r)
{
    c->hello_left--;
    bool is_name = c->hello_left == 1;
    if (!is_name && reply_is_error(r)) {
        char why[128];
        store_conn_reset(c, slice_cstr(reply_slice(r), why, sizeof why));
        return;
    }
    if (c->hello_left > 0) return;

    (void)uv_timer_stop(&c->timer);
    conn_move(c, CONN_UP);
    c->generation++;
    c->up_since_ms = (int64_t)uv_now(c->loop);
    if (c->failures > 0 || c->generation > 1)
        log_info("store_reached", LOG_CSTR("connection", c->config->name),
                 LOG_INT("failures", c->failures));
    c->events->on_up(c->data);
}

/* --- reading --- */

/* Hands out all whole replies. A callback may close or reset the connection: then c->reader
 * is no longer ours. */
static bool parse(struct store_conn *c)
{
    redisReader *reader = c->reader;
    c->parsing = true;
    while (c->reader == reader) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            char why[192];
            (void)snprintf(why, sizeof why, "the store does not speak RESP: %s", reader->errstr);
            c->parsing = false;
            store_conn_reset(c, why);
            return false;
        }
        if (reply == NULL) break;
        if (c->state == CONN_UP)
            c->events->on_reply(c->data, reply);
        else if (c->state == CONN_HELLO)
            on_hello_reply(c, reply);
        freeReplyObject(reply);
    }
    c->parsing = false;
    if (c->reader == reader) return true;
    redisReaderFree(reader);
    return false;
}

static void on_readable(struct store_conn *c)
{
    static _Thread_local char bytes[RECV_BYTES];
    for (int turn = 0; turn < RECV_TURNS; turn++) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) {
            if (n == 0)
                store_conn_reset(c, "the store closed the connection");
            else
                reset_errno(c, "recv", errno);
            return;
        }
        c->received_ms = (int64_t)uv_now(c->loop);
        must(redisReaderFeed(c->reader, bytes, (size_t)n) == REDIS_OK);
        if (!parse(c)) return;
        if ((size_t)n < sizeof bytes) return;
    }
}

/* --- writing --- */

static void watch_writable(struct store_conn *c, bool on)
{
    if (c->polls_write == on) return;
    c->polls_write = on;
    must(uv_poll_start(c->poll, on ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_poll) == 0);
}

/* Writes what the kernel takes. False, with errno, when the socket has failed. */
static bool write_some(struct store_conn *c)
{
    while (c->out_at < c->out.len) {
        ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            if (c->out_at > c->out.len / 2) {
                buf_drop(&c->out, c->out_at);
                c->out_at = 0;
            }
            watch_writable(c, true);
            return true;
        }
        if (n < 0) return false;
        c->out_at += (size_t)n;
        c->written += (uint64_t)n;
    }
    buf_clear(&c->out);
    c->out_at = 0;
    if (c->out.cap > OUT_KEEP) buf_fini(&c->out);
    watch_writable(c, false);
    return true;
}

static void write_out(struct store_conn *c)
{
    if (!write_some(c)) reset_errno(c, "send", errno);
}

static bool has_to_write(const struct store_conn *c)
{
    bool open = c->state == CONN_HELLO || c->state == CONN_UP;
    return open && c->out.len > c->out_at && !c->polls_write;
}

static void on_flush(uv_prepare_t *p)
{
    struct store_conn *c = p->data;
    if (has_to_write(c)) write_out(c);
}

void store_conn_flush(struct store_conn *c)
{
    if (has_to_write(c)) (void)write_some(c); /* on_flush meets a failure again, and says so */
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct store_conn *c = p->data;
    if (c->state == CONN_CONNECT) {
        on_connected(c);
        return;
    }
    uv_poll_t *mine = c->poll;
    if (status < 0) events = UV_READABLE; /* recv tells what is wrong */
    if ((events & UV_READABLE) != 0) on_readable(c);
    if (c->poll != mine || mine == NULL) return; /* reset meanwhile */
    if ((events & UV_WRITABLE) != 0) write_out(c);
}

struct buf *store_conn_out(struct store_conn *c)
{
    must(c->state == CONN_UP);
    return &c->out;
}

void store_conn_queued(struct store_conn *c, size_t n)
{
    c->queued += n;
}

size_t store_conn_unsent(const struct store_conn *c)
{
    return c->out.len - c->out_at;
}
