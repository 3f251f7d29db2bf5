#include "load.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A position of a driver as the gateway sends it. */
enum { MESSAGE = 200, READ_MAX = 64 * 1024 };

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        must(put > 0);
        p += put;
        n -= (size_t)put;
    }
}

/* Reads exactly n bytes. */
static void read_all(int fd, char *p, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(fd, p, n, 0);
        if (got <= 0) {
            (void)fprintf(stderr, "load: the store closed a connection\n");
            exit(EXIT_FAILURE);
        }
        p += got;
        n -= (size_t)got;
    }
}

static int subscribe(const struct options *o, int epoll)
{
    static const char ask[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$12\r\ndriver:{sf}1\r\n";
    static const char answer[] = "*3\r\n$9\r\nsubscribe\r\n$12\r\ndriver:{sf}1\r\n:1\r\n";
    char got[sizeof answer];
    int fd = load_connect(o);
    send_all(fd, ask, sizeof ask - 1);
    read_all(fd, got, sizeof answer - 1);
    must(memcmp(got, answer, sizeof answer - 1) == 0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    return fd;
}

void load_fanout(const struct options *o, struct tally *t)
{
    char payload[MESSAGE];
    memset(payload, 'x', sizeof payload);
    struct buf ask = {0};
    for (uint32_t i = 0; i < o->pipeline; i++) {
        buf_addf(&ask, "*3\r\n$7\r\nPUBLISH\r\n$12\r\ndriver:{sf}1\r\n$%d\r\n", MESSAGE);
        buf_add(&ask, payload, sizeof payload);
        buf_add(&ask, "\r\n", 2);
    }
    struct buf one = {0};
    buf_addf(&one, "*3\r\n$7\r\nmessage\r\n$12\r\ndriver:{sf}1\r\n$%d\r\n", MESSAGE);
    size_t message = one.len + MESSAGE + 2;
    buf_fini(&one);

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int *fds = mem_array(o->keys, int);
    for (uint32_t i = 0; i < o->keys; i++)
        fds[i] = subscribe(o, epoll);
    int publisher = load_connect(o);
    char *bytes = mem_alloc(READ_MAX);
    int64_t from_us = clock_mono_us();
    int64_t now_us = from_us;
    uint64_t round = (uint64_t)message * o->keys * o->pipeline;
    while (now_us - from_us < (int64_t)(o->seconds * 1e6)) {
        send_all(publisher, ask.p, ask.len);
        for (uint64_t left = round; left > 0;) {
            struct epoll_event events[256];
            int n = epoll_wait(epoll, events, 256, -1);
            for (int i = 0; i < n; i++) {
                ssize_t got = recv(events[i].data.fd, bytes, READ_MAX, 0);
                must(got > 0);
                left -= (uint64_t)got;
            }
        }
        for (uint32_t i = 0; i < o->pipeline; i++)
            read_all(publisher, bytes, strlen(":1000\r\n"));
        must(bytes[0] == ':');
        t->answered += (uint64_t)o->keys * o->pipeline;
        int64_t then_us = now_us;
        now_us = clock_mono_us();
        tally_sample(t, now_us - then_us);
    }
    t->seconds = (double)(now_us - from_us) / 1e6;
    buf_fini(&ask);
    mem_free(bytes);
    mem_free(fds);
}
