/* load: a pipelined RESP client that keeps a store busy, and says how fast it answered.
 *
 *     load --port 6379 --workload geoadd --conns 32 --pipeline 16 --seconds 5 --keys 100000
 *
 * Each connection sends `pipeline` commands at once and sends the next ones when all are
 * answered. One thread; pin it to another CPU than the store (taskset). Prints one line of
 * JSON. With --fill it only loads the data of the workload, once.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 20, READ_MAX = 256 * 1024 };

struct options {
    int port;
    const char *workload;
    uint32_t conns, pipeline, keys;
    double seconds;
    const char *radius_km;
    const char *count;
    bool fill;
};

struct client {
    int fd;
    struct buf out;
    size_t sent;
    uint32_t waiting; /* replies to come of this batch */
    int64_t sent_us;  /* when the batch was sent */
    uint64_t todo;    /* elements of the current reply not seen yet */
    uint64_t skip;    /* bytes of a bulk string not seen yet */
    char line[64];    /* of a head that came in part */
    uint32_t line_len;
};

struct bench {
    struct options o;
    struct rng rng;
    struct client *clients;
    int epoll;
    uint64_t answered, errors;
    uint64_t filled; /* keys sent by --fill */
    bool ending;
    uint32_t *samples; /* batch latency, us */
    uint32_t sample_count;
    char first_error[64];
    char *read_buf;
};

/* ---- commands ---- */

static void add_arg(struct buf *b, const char *p, size_t n)
{
    char *to = buf_reserve(b, n + 32);
    size_t at = 0;
    to[at++] = '$';
    at += fmt_u64(to + at, n);
    to[at++] = '\r';
    to[at++] = '\n';
    memcpy(to + at, p, n);
    at += n;
    to[at++] = '\r';
    to[at++] = '\n';
    b->len += at;
}

static void add_head(struct buf *b, uint32_t argc)
{
    buf_add_char(b, '*');
    buf_add_u64(b, argc);
    buf_add(b, "\r\n", 2);
}

static void add_str(struct buf *b, const char *s)
{
    add_arg(b, s, strlen(s));
}

/* "driver-00000042": 15 bytes */
static void add_member(struct buf *b, uint64_t n)
{
    char name[16] = "driver-00000000";
    for (int i = 14; i > 6; i--, n /= 10)
        name[i] = (char)('0' + n % 10);
    add_arg(b, name, 15);
}

/* Degrees with six decimals, from millionths. */
static void add_degrees(struct buf *b, int64_t micro)
{
    char text[24];
    size_t at = 0;
    if (micro < 0) {
        text[at++] = '-';
        micro = -micro;
    }
    at += fmt_u64(text + at, (uint64_t)micro / 1000000);
    text[at++] = '.';
    uint64_t rest = (uint64_t)micro % 1000000;
    for (uint64_t unit = 100000; unit > 0; unit /= 10)
        text[at++] = (char)('0' + rest / unit % 10);
    add_arg(b, text, at);
}

/* A place in a city of about 40 x 40 km. */
static void add_place(struct bench *b, struct buf *out)
{
    add_degrees(out, -122600000 + (int64_t)rng_below(&b->rng, 460000));
    add_degrees(out, 37550000 + (int64_t)rng_below(&b->rng, 360000));
}

static void add_geoadd(struct bench *b, struct buf *out, uint64_t driver)
{
    add_head(out, 5);
    add_arg(out, "GEOADD", 6);
    add_arg(out, "drivers:active:{sf}", 19);
    add_place(b, out);
    add_member(out, driver);
}

static void add_geosearch(struct bench *b, struct buf *out)
{
    add_head(out, 11);
    add_arg(out, "GEOSEARCH", 9);
    add_arg(out, "drivers:active:{sf}", 19);
    add_arg(out, "FROMLONLAT", 10);
    add_place(b, out);
    add_arg(out, "BYRADIUS", 8);
    add_str(out, b->o.radius_km);
    add_arg(out, "km", 2);
    add_arg(out, "ASC", 3);
    add_arg(out, "COUNT", 5);
    add_str(out, b->o.count);
}

static void add_xadd(struct bench *b, struct buf *out)
{
    static const char *const fields[] = {"ride_id", "rider", "lat", "lon", "product", "attempt"};
    add_head(out, 18);
    add_arg(out, "XADD", 4);
    add_arg(out, "rides:incoming:{sf}", 19);
    add_arg(out, "MAXLEN", 6);
    add_arg(out, "~", 1);
    add_arg(out, "1000000", 7);
    add_arg(out, "*", 1);
    for (int i = 0; i < 6; i++) {
        add_str(out, fields[i]);
        add_member(out, rng_below(&b->rng, b->o.keys));
    }
}

static void add_command(struct bench *b, struct buf *out)
{
    const char *w = b->o.workload;
    uint64_t key = b->o.fill ? b->filled++ : rng_below(&b->rng, b->o.keys);
    if (strcmp(w, "set") == 0 || (strcmp(w, "get") == 0 && b->o.fill)) {
        add_head(out, 3);
        add_arg(out, "SET", 3);
        add_member(out, key);
        add_arg(out, "0123456789abcdef", 16);
    } else if (strcmp(w, "get") == 0) {
        add_head(out, 2);
        add_arg(out, "GET", 3);
        add_member(out, key);
    } else if (strcmp(w, "ping") == 0) {
        add_head(out, 1);
        add_arg(out, "PING", 4);
    } else if (strcmp(w, "xadd") == 0) {
        add_xadd(b, out);
    } else if (strcmp(w, "geoadd") == 0 || b->o.fill) {
        add_geoadd(b, out, key);
    } else if (strcmp(w, "geomix") == 0 && rng_below(&b->rng, 100) < 95) {
        add_geoadd(b, out, key);
    } else {
        add_geosearch(b, out);
    }
}

/* ---- replies ---- */

static void take_line(struct bench *b, struct client *c)
{
    int64_t n = strtoll(c->line + 1, NULL, 10);
    c->todo--;
    switch (c->line[0]) {
    case '$':
        if (n >= 0) c->skip = (uint64_t)n + 2;
        break;
    case '*':
    case '~':
    case '>':
        if (n > 0) c->todo += (uint64_t)n;
        break;
    case '%':
        if (n > 0) c->todo += 2 * (uint64_t)n;
        break;
    case '-':
        if (b->errors++ == 0) (void)snprintf(b->first_error, 64, "%.60s", c->line + 1);
        break;
    default:
        break;
    }
}

/* Reads n bytes of replies; counts those that are complete. */
static void take_bytes(struct bench *b, struct client *c, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        if (c->skip > 0) {
            size_t step = c->skip < n - at ? (size_t)c->skip : n - at;
            c->skip -= step;
            at += step;
        } else {
            if (c->todo == 0) c->todo = 1;
            char ch = p[at++];
            if (ch != '\n') {
                if (c->line_len < sizeof c->line - 1) c->line[c->line_len++] = ch;
                continue;
            }
            c->line[c->line_len] = '\0';
            c->line_len = 0;
            take_line(b, c);
        }
        if (c->skip == 0 && c->todo == 0) {
            must(c->waiting > 0);
            c->waiting--;
            b->answered++;
        }
    }
}

/* ---- the loop ---- */

static void client_poll(struct bench *b, struct client *c, bool write)
{
    struct epoll_event e = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    must(epoll_ctl(b->epoll, EPOLL_CTL_MOD, c->fd, &e) == 0);
}

static void client_write(struct bench *b, struct client *c)
{
    while (c->sent < c->out.len) {
        ssize_t put = send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (put < 0 && errno == EAGAIN) {
            client_poll(b, c, true);
            return;
        }
        must(put > 0);
        c->sent += (size_t)put;
    }
}

static void client_start(struct bench *b, struct client *c)
{
    if (b->ending) return;
    if (b->o.fill && b->filled >= b->o.keys) return;
    buf_clear(&c->out);
    c->sent = 0;
    for (uint32_t i = 0; i < b->o.pipeline; i++)
        add_command(b, &c->out);
    c->waiting = b->o.pipeline;
    c->sent_us = clock_mono_us();
    client_write(b, c);
}

static void client_read(struct bench *b, struct client *c)
{
    ssize_t got = recv(c->fd, b->read_buf, READ_MAX, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        (void)fprintf(stderr, "load: the store closed a connection\n");
        exit(EXIT_FAILURE);
    }
    take_bytes(b, c, b->read_buf, (size_t)got);
    if (c->waiting > 0) return;
    if (b->sample_count < SAMPLES_MAX)
        b->samples[b->sample_count++] = (uint32_t)(clock_mono_us() - c->sent_us);
    client_start(b, c);
}

static void client_open(struct bench *b, struct client *c)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->o.port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (const struct sockaddr *)&in, sizeof in) != 0) {
        (void)fprintf(stderr, "load: port %d: %s\n", b->o.port, strerror(errno));
        exit(EXIT_FAILURE);
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    must(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    must(epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0);
}

static bool all_quiet(const struct bench *b)
{
    for (uint32_t i = 0; i < b->o.conns; i++)
        if (b->clients[i].waiting > 0) return false;
    return true;
}

static void loop(struct bench *b)
{
    int64_t until_us = clock_mono_us() + (int64_t)(b->o.seconds * 1e6);
    struct epoll_event events[256];
    for (;;) {
        if (!b->o.fill && clock_mono_us() >= until_us) b->ending = true;
        if ((b->ending || (b->o.fill && b->filled >= b->o.keys)) && all_quiet(b)) return;
        int n = epoll_wait(b->epoll, events, 256, 100);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0) {
                client_poll(b, c, false);
                client_write(b, c);
            }
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) client_read(b, c);
        }
    }
}

/* ---- the report ---- */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(const struct bench *b, double q)
{
    if (b->sample_count == 0) return 0;
    return b->samples[(uint32_t)(q * (b->sample_count - 1))];
}

static void report(struct bench *b, double seconds)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    qsort(b->samples, b->sample_count, sizeof *b->samples, by_size);
    (void)printf("{\"workload\":\"%s\",\"conns\":%u,\"pipeline\":%u,\"keys\":%u,\"ops\":%" PRIu64
                 ",\"seconds\":%.3f,\"ops_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%" PRIu64
                 ",\"first_error\":\"%s\",\"client_cpu_s\":%.2f}\n",
                 b->o.workload, b->o.conns, b->o.pipeline, b->o.keys, b->answered, seconds,
                 (double)b->answered / seconds, quantile(b, 0.5), quantile(b, 0.99), b->errors,
                 b->first_error,
                 (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static bool read_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){.port = 7379,
                          .workload = "set",
                          .conns = 32,
                          .pipeline = 16,
                          .keys = 100000,
                          .seconds = 5,
                          .radius_km = "2",
                          .count = "5"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--fill") == 0) {
            o->fill = true;
            continue;
        }
        if (i + 1 >= argc) return false;
        const char *name = argv[i];
        const char *value = argv[++i];
        if (strcmp(name, "--port") == 0)
            o->port = atoi(value);
        else if (strcmp(name, "--workload") == 0)
            o->workload = value;
        else if (strcmp(name, "--conns") == 0)
            o->conns = (uint32_t)atoi(value);
        else if (strcmp(name, "--pipeline") == 0)
            o->pipeline = (uint32_t)atoi(value);
        else if (strcmp(name, "--keys") == 0)
            o->keys = (uint32_t)atoi(value);
        else if (strcmp(name, "--seconds") == 0)
            o->seconds = atof(value);
        else if (strcmp(name, "--radius-km") == 0)
            o->radius_km = value;
        else if (strcmp(name, "--count") == 0)
            o->count = value;
        else
            return false;
    }
    return o->conns > 0 && o->pipeline > 0 && o->keys > 0;
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    if (!read_options(&b.o, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: load --port N --workload "
                      "ping|set|get|geoadd|geosearch|geomix|xadd [--conns N] [--pipeline N]\n"
                      "            [--seconds S] [--keys N] [--radius-km R] [--count N] "
                      "[--fill]\n");
        return 64;
    }
    rng_init(&b.rng, 1);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    b.clients = mem_array(b.o.conns, struct client);
    b.samples = mem_array(SAMPLES_MAX, uint32_t);
    b.read_buf = mem_alloc(READ_MAX);
    for (uint32_t i = 0; i < b.o.conns; i++)
        client_open(&b, &b.clients[i]);
    int64_t from_us = clock_mono_us();
    for (uint32_t i = 0; i < b.o.conns; i++)
        client_start(&b, &b.clients[i]);
    loop(&b);
    report(&b, (double)(clock_mono_us() - from_us) / 1e6);
    return b.errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
