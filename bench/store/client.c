#include "load.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { READ_MAX = 256 * 1024, WHOLE = -1 };

struct client {
    int fd;
    uint32_t index;
    struct buf out;
    size_t sent;
    uint32_t waiting; /* replies to come of this batch */
    int64_t sent_us;  /* when the batch was, or was to be, sent */
    uint64_t step;
    uint64_t todo;  /* elements of the current reply not seen yet */
    uint64_t skip;  /* bytes of a bulk string not seen yet */
    int64_t parent; /* length of the array head just read; WHOLE: nothing of this reply */
    bool keeping;   /* the bulk string being read is kept */
    struct kept kept[KEPT_MAX];
    uint32_t kept_count;
    char line[64]; /* of a head that came in part */
    uint32_t line_len;
};

struct bench {
    const struct options *o;
    const struct workload *w;
    struct tally *tally;
    struct maker maker;
    struct client *clients;
    int epoll;
    uint64_t filled; /* commands sent by --fill */
    bool keeps;
    bool ending;
    char *read_buf;
};

/* ---- replies ---- */

/* Kept are the first strings of arrays of two and three (an entry, the reply of XAUTOCLAIM),
 * and a string that is a whole reply. */
static bool is_kept(const struct bench *b, const struct client *c)
{
    if (!b->keeps || c->kept_count == KEPT_MAX) return false;
    return c->parent == 2 || c->parent == 3 || c->parent == WHOLE;
}

static void take_line(struct bench *b, struct client *c, const char *line)
{
    int64_t n = 0;
    if (line[1] >= '0' && line[1] <= '9' && (line[2] < '0' || line[2] > '9'))
        n = line[1] - '0';
    else
        n = strtoll(line + 1, NULL, 10);
    int64_t parent = 0;
    c->todo--;
    switch (line[0]) {
    case '$':
        if (n < 0) break;
        c->skip = (uint64_t)n + 2;
        c->keeping = is_kept(b, c) && (size_t)n < sizeof c->kept->text;
        if (c->keeping) c->kept[c->kept_count].len = 0;
        break;
    case '*':
    case '~':
    case '>':
        if (n > 0) c->todo += (uint64_t)n;
        parent = n;
        break;
    case '%':
        if (n > 0) c->todo += 2 * (uint64_t)n;
        break;
    case '-':
        if (b->tally->errors++ == 0)
            (void)snprintf(b->tally->first_error, 64, "%.*s", (int)strcspn(line + 1, "\r"),
                           line + 1);
        break;
    default:
        break;
    }
    c->parent = parent;
}

/* Takes up to n bytes of a bulk string. */
static size_t take_bulk(struct client *c, const char *p, size_t n)
{
    size_t step = c->skip < n ? (size_t)c->skip : n;
    if (c->keeping) {
        struct kept *k = &c->kept[c->kept_count];
        size_t text = c->skip > 2 ? (size_t)c->skip - 2 : 0;
        if (text > step) text = step;
        memcpy(k->text + k->len, p, text);
        k->len = (uint8_t)(k->len + text);
        if (step == c->skip) {
            c->keeping = false;
            c->kept_count++;
        }
    }
    c->skip -= step;
    return step;
}

/* Takes up to n bytes up to the end of a line. */
static size_t take_head(struct bench *b, struct client *c, const char *p, size_t n)
{
    const char *end = memchr(p, '\n', n);
    size_t step = end == NULL ? n : (size_t)(end - p) + 1;
    if (c->todo == 0) c->todo = 1;
    if (end != NULL && c->line_len == 0) {
        take_line(b, c, p);
        return step;
    }
    size_t room = sizeof c->line - 1 - c->line_len;
    size_t kept = step < room ? step : room;
    memcpy(c->line + c->line_len, p, kept);
    c->line_len += (uint32_t)kept;
    c->line[c->line_len] = '\0';
    if (end == NULL) return step;
    c->line_len = 0;
    take_line(b, c, c->line);
    return step;
}

/* Reads n bytes of replies; counts those that are complete. */
static void take_bytes(struct bench *b, struct client *c, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        at += c->skip > 0 ? take_bulk(c, p + at, n - at) : take_head(b, c, p + at, n - at);
        if (c->skip > 0 || c->todo > 0 || c->line_len > 0) continue;
        must(c->waiting > 0);
        c->waiting--;
        c->parent = WHOLE;
        if (!b->w->entries || b->o->fill) b->tally->answered++;
    }
}

/* ---- one connection ---- */

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

static bool all_filled(const struct bench *b)
{
    return b->o->fill && b->filled >= b->o->keys;
}

/* Sends the next batch. */
static void client_start(struct bench *b, struct client *c, int64_t now_us)
{
    if (b->ending || all_filled(b)) return;
    struct turn t = {.out = &c->out, .conn = c->index, .kept = c->kept};
    buf_clear(&c->out);
    c->sent = 0;
    for (uint32_t i = 0; i < b->o->pipeline && !all_filled(b); i++) {
        t.step = c->step++;
        t.kept_count = c->kept_count;
        if (b->o->fill) {
            b->w->fill(&b->maker, t.out, b->filled++);
            c->waiting++;
        } else {
            c->waiting += b->w->next(&b->maker, &t);
        }
        c->kept_count = 0;
    }
    c->sent_us = now_us;
    client_write(b, c);
}

/* Reads what has come. True when that ended the batch. */
static bool client_read(struct bench *b, struct client *c)
{
    ssize_t got = recv(c->fd, b->read_buf, READ_MAX, 0);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
        (void)fprintf(stderr, "load: the store closed a connection\n");
        exit(EXIT_FAILURE);
    }
    take_bytes(b, c, b->read_buf, (size_t)got);
    if (c->waiting > 0) return false;
    if (b->w->entries && c->kept_count > 1) b->tally->answered += c->kept_count - 1;
    tally_sample(b->tally, clock_mono_us() - c->sent_us);
    return true;
}

/* ---- the loop ---- */

/* Waits for events, at most ms milliseconds. Connections whose batch has ended go on at once,
 * unless commands have set times. */
static void turn(struct bench *b, int ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(b->epoll, events, 256, ms);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if ((events[i].events & EPOLLOUT) != 0) {
            client_poll(b, c, false);
            client_write(b, c);
        }
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) continue;
        if (client_read(b, c) && b->o->rate == 0) client_start(b, c, clock_mono_us());
    }
}

static bool all_quiet(const struct bench *b)
{
    for (uint32_t i = 0; i < b->o->conns; i++)
        if (b->clients[i].waiting > 0) return false;
    return true;
}

static void run_closed(struct bench *b, int64_t until_us)
{
    for (uint32_t i = 0; i < b->o->conns; i++)
        client_start(b, &b->clients[i], clock_mono_us());
    for (;;) {
        if (!b->o->fill && clock_mono_us() >= until_us) b->ending = true;
        if ((b->ending || all_filled(b)) && all_quiet(b)) return;
        turn(b, 100);
    }
}

/* Each batch has a time, and its latency counts from then, also when no connection was free. */
static void run_at_times(struct bench *b, int64_t from_us, int64_t until_us)
{
    double gap_us = 1e6 * b->o->pipeline / b->o->rate;
    double at_us = (double)from_us;
    uint32_t next = 0;
    while (at_us < (double)until_us) {
        double now_us = (double)clock_mono_us();
        for (uint32_t i = 0; i < b->o->conns && at_us <= now_us; i++) {
            struct client *c = &b->clients[next++ % b->o->conns];
            if (c->waiting > 0) continue;
            client_start(b, c, (int64_t)at_us);
            at_us += gap_us;
        }
        turn(b, 0);
    }
    while (!all_quiet(b))
        turn(b, 100);
}

/* What a workload needs done before. Its errors are expected: a group that is not there. */
static void run_setup(struct bench *b)
{
    if (b->w->setup == NULL || b->o->fill) return;
    struct client *c = &b->clients[0];
    c->waiting = b->w->setup(&b->maker, &c->out);
    client_write(b, c);
    while (c->waiting > 0)
        turn(b, -1);
    if (c->kept_count > 0 && c->kept[0].len == SHA) memcpy(b->maker.sha, c->kept[0].text, SHA);
    c->kept_count = 0;
    b->tally->errors = 0;
    b->tally->answered = 0;
    b->tally->sample_count = 0;
}

static void client_open(struct bench *b, uint32_t index)
{
    struct client *c = &b->clients[index];
    c->index = index;
    c->parent = WHOLE;
    c->fd = load_connect(b->o);
    must(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    must(epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0);
}

void load_run(const struct options *o, const struct workload *w, struct tally *t)
{
    struct bench b = {.o = o, .w = w, .tally = t};
    b.keeps = w->setup != NULL;
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    b.clients = mem_array(o->conns, struct client);
    b.read_buf = mem_alloc(READ_MAX);
    maker_init(&b.maker, o);
    for (uint32_t i = 0; i < o->conns; i++)
        client_open(&b, i);
    b.ending = true; /* the first connection does not go on by itself behind the setup */
    run_setup(&b);
    b.ending = false;

    int64_t from_us = clock_mono_us();
    int64_t until_us = from_us + (int64_t)(o->seconds * 1e6);
    if (o->rate > 0)
        run_at_times(&b, from_us, until_us);
    else
        run_closed(&b, until_us);
    t->seconds = (double)(clock_mono_us() - from_us) / 1e6;

    for (uint32_t i = 0; i < o->conns; i++)
        buf_fini(&b.clients[i].out);
    maker_fini(&b.maker);
    mem_free(b.clients);
    mem_free(b.read_buf);
}
