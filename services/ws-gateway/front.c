#include "front.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "services/ws-gateway/handshake.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_A_TURN = 64, SEND_BUFFER = 32768, SWEEP_MS = 500 };

struct front {
    struct front_config config;
    int fd; /* -1 once drained */
    uv_poll_t poll;
    uv_timer_t sweep;
    struct list waiting; /* of struct visitor, oldest first */
    size_t waiting_count;
    size_t handles; /* uv handles that are not closed yet, visitors' included */
    bool draining;
    bool closing;
};

/* A connection whose head has not arrived. */
struct visitor {
    struct list link;
    struct front *front;
    uv_poll_t poll;
    int fd;
    struct buf bytes;
    int64_t came_ms; /* monotonic */
    bool served;     /* hand it over when the poll handle has closed; else close it */
};

static void free_when_closed(struct front *f)
{
    if (f->closing && f->handles == 0) mem_free(f);
}

/* --- visitors --- */

static void on_visitor_closed(uv_handle_t *handle)
{
    struct visitor *v = handle->data;
    struct front *f = v->front;
    if (v->served && !f->draining) {
        size_t head = handshake_head_len(buf_slice(&v->bytes));
        struct buf rewritten = {0};
        handshake_rewrite(slice_make(v->bytes.p, head), &rewritten);
        buf_add_slice(&rewritten, slice_from(buf_slice(&v->bytes), head));
        f->config.on_request(f->config.data, v->fd, buf_slice(&rewritten));
        buf_fini(&rewritten);
    } else {
        (void)close(v->fd);
    }
    buf_fini(&v->bytes);
    mem_free(v);
    f->handles--;
    free_when_closed(f);
}

static void visitor_end(struct visitor *v, bool served)
{
    v->served = served;
    list_del(&v->link);
    v->front->waiting_count--;
    (void)uv_poll_stop(&v->poll);
    uv_close((uv_handle_t *)&v->poll, on_visitor_closed);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct visitor *v = poll->data;
    size_t max = v->front->config.head_max;
    char bytes[4096];
    ssize_t n = status == 0 ? recv(v->fd, bytes, sizeof bytes, 0) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        visitor_end(v, false);
        return;
    }
    buf_add(&v->bytes, bytes, (size_t)n);
    size_t head = handshake_head_len(buf_slice(&v->bytes));
    if (head > 0)
        visitor_end(v, head <= max);
    else if (v->bytes.len > max)
        visitor_end(v, false);
}

static void visitor_new(struct front *f, int fd)
{
    int on = 1;
    int bytes = SEND_BUFFER;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* A small send buffer, so that a stalled client is noticed here and not megabytes later. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    struct visitor *v = mem_new(struct visitor);
    v->front = f;
    v->fd = fd;
    v->came_ms = clock_mono_ms();
    (void)uv_poll_init(f->config.loop, &v->poll, fd);
    v->poll.data = v;
    f->handles++;
    list_add(&f->waiting, &v->link);
    f->waiting_count++;
    (void)uv_poll_start(&v->poll, UV_READABLE, on_readable);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct front *f = poll->data;
    for (int i = 0; status == 0 && i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(f->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            /* Out of descriptors: the poll would fire again at once, so on_sweep goes on. */
            if (errno == EMFILE || errno == ENFILE) (void)uv_poll_stop(&f->poll);
            return;
        }
        if (f->waiting_count >= f->config.waiting_max)
            (void)close(fd);
        else
            visitor_new(f, fd);
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct front *f = timer->data;
    int64_t now_ms = clock_mono_ms();
    if (!uv_is_active((uv_handle_t *)&f->poll))
        (void)uv_poll_start(&f->poll, UV_READABLE, on_connection);
    while (!list_empty(&f->waiting)) {
        struct visitor *v = list_entry(f->waiting.next, struct visitor, link);
        if (now_ms - v->came_ms < f->config.head_ms) return;
        visitor_end(v, false);
    }
}

/* --- listening --- */

static int listen_at(const char *bind_to, uint16_t port, struct buf *why)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    memset(&at, 0, sizeof at);
    if (uv_ip4_addr(bind_to, port, &at.v4) != 0 && uv_ip6_addr(bind_to, port, &at.v6) != 0) {
        buf_addf(why, "%s is no IP address", bind_to);
        return -1;
    }
    socklen_t size = at.any.sa_family == AF_INET ? sizeof at.v4 : sizeof at.v6;
    int on = 1;
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, &at.any, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    buf_addf(why, "cannot listen on %s:%u: %s", bind_to, port, strerror(errno));
    if (fd >= 0) (void)close(fd);
    return -1;
}

struct front *front_new(const struct front_config *config, struct buf *why)
{
    int fd = listen_at(config->bind, config->port, why);
    if (fd < 0) return NULL;
    struct front *f = mem_new(struct front);
    f->config = *config;
    f->fd = fd;
    f->handles = 2;
    list_init(&f->waiting);
    (void)uv_poll_init(config->loop, &f->poll, fd);
    f->poll.data = f;
    (void)uv_poll_start(&f->poll, UV_READABLE, on_connection);
    (void)uv_timer_init(config->loop, &f->sweep);
    f->sweep.data = f;
    (void)uv_timer_start(&f->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return f;
}

uint16_t front_port(const struct front *f)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    socklen_t size = sizeof at;
    if (getsockname(f->fd, &at.any, &size) != 0) return 0;
    return ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct front *f = handle->data;
    f->handles--;
    free_when_closed(f);
}

void front_drain(struct front *f)
{
    if (f->draining) return;
    f->draining = true;
    while (!list_empty(&f->waiting))
        visitor_end(list_entry(f->waiting.next, struct visitor, link), false);
    (void)uv_poll_stop(&f->poll);
    uv_close((uv_handle_t *)&f->poll, on_handle_closed);
    uv_close((uv_handle_t *)&f->sweep, on_handle_closed);
    (void)close(f->fd);
    f->fd = -1;
}

void front_close(struct front *f)
{
    if (f == NULL) return;
    front_drain(f);
    f->closing = true;
    free_when_closed(f);
}
