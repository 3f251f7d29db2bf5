/* Goal:   with appendfsync always, nothing computed from a write leaves before the write is
 *         durable, while commands go on being executed, and one sync covers all that waited.
 * Method: a server in this process on a disk whose sync can be held. While it is held, other
 *         clients read what was written, get it published and are woken by it; that the server
 *         has executed their commands is seen by INFO, which depends on no key. Then their
 *         sockets must be empty; after the release all of them get their replies.
 */
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/server/server.h"
#include "tests/crash/peer.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- a disk whose sync can be held ---- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;
    bool fails;  /* the next sync, once */
    int waiting; /* syncs that stand at the gate */
    int syncs;   /* finished */
    pid_t owner; /* a rewrite's child does not come here */
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int held_sync(void *data, int file)
{
    if (getpid() != gate.owner) return io_real.sync(data, file);
    (void)pthread_mutex_lock(&gate.mutex);
    gate.waiting++;
    (void)pthread_cond_broadcast(&gate.changed);
    while (gate.held)
        (void)pthread_cond_wait(&gate.changed, &gate.mutex);
    gate.waiting--;
    gate.syncs++;
    bool fails = gate.fails;
    gate.fails = false;
    (void)pthread_mutex_unlock(&gate.mutex);
    return fails ? -EIO : io_real.sync(data, file);
}

static void gate_hold(bool hold)
{
    (void)pthread_mutex_lock(&gate.mutex);
    gate.held = hold;
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.mutex);
}

static void gate_wait_for_sync(void)
{
    (void)pthread_mutex_lock(&gate.mutex);
    while (gate.waiting == 0)
        (void)pthread_cond_wait(&gate.changed, &gate.mutex);
    (void)pthread_mutex_unlock(&gate.mutex);
}

/* ---- the server ---- */

struct world {
    struct io io;
    struct engine *engine;
    struct server *server;
    struct peer files;
    pthread_t thread;
    int port;
    redisContext *watcher; /* asks INFO */
};

static void *serve(void *arg)
{
    struct world *w = arg;
    ck_assert_int_eq(server_run(w->server), 0);
    return NULL;
}

static void set(struct world *w, const char *name, const char *value)
{
    const char *no = config_set(&w->engine->config, slice_of(name), slice_of(value), true);
    ck_assert_msg(no == NULL, "%s: %s", name, no);
}

static void world_init(struct world *w)
{
    (void)signal(SIGPIPE, SIG_IGN);
    gate.owner = getpid();
    peer_init(&w->files);
    w->io = io_real;
    w->io.sync = held_sync;
    w->engine = engine_new();
    exec_attach(w->engine);
    set(w, "port", "0");
    set(w, "admin-port", "-1");
    set(w, "dir", w->files.dir);
    set(w, "appendonly", "yes");
    set(w, "appendfsync", "always");
    struct slice patterns[] = {SLICE("drivers:*")};
    engine_ephemeral_set(w->engine, patterns, 1);
    w->server = server_new(w->engine, &w->io);
    char why[SERVER_ERROR];
    ck_assert_msg(server_open(w->server, why), "%s", why);
    w->port = server_port(w->server);
    must(pthread_create(&w->thread, NULL, serve, w) == 0);
    w->watcher = peer_connect_port(w->port);
}

static void world_fini(struct world *w)
{
    redisFree(w->watcher);
    server_stop(w->server);
    must(pthread_join(w->thread, NULL) == 0);
    server_free(w->server);
    exec_detach(w->engine);
    engine_free(w->engine);
    peer_fini(&w->files);
}

/* ---- clients ---- */

static redisContext *client(const struct world *w)
{
    return peer_connect_port(w->port);
}

static void say(redisContext *c, const char *command)
{
    must(redisAppendCommand(c, command) == REDIS_OK);
    int done = 0;
    while (done == 0)
        must(redisBufferWrite(c, &done) == REDIS_OK);
}

static bool silent(const redisContext *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

/* The reply's text; of an array its last element's. */
static void hear(redisContext *c, const char *want)
{
    redisReply *r = NULL;
    ck_assert_msg(redisGetReply(c, (void **)&r) == REDIS_OK && r != NULL, "no reply");
    const redisReply *at = r;
    while (at->type == REDIS_REPLY_ARRAY && at->elements > 0)
        at = at->element[at->elements - 1];
    char number[32];
    (void)snprintf(number, sizeof number, "%lld", at->integer);
    const char *got = at->type == REDIS_REPLY_INTEGER ? number : at->str == NULL ? "" : at->str;
    ck_assert_str_eq(got, want);
    freeReplyObject(r);
}

/* Waits until INFO commandstats has counted `calls` of a command, and one turn more. */
static void wait_calls(struct world *w, const char *command, int calls)
{
    char want[64];
    (void)snprintf(want, sizeof want, "cmdstat_%s:calls=%d,", command, calls);
    for (bool there = false; !there;) {
        redisReply *r = redisCommand(w->watcher, "INFO commandstats");
        ck_assert_ptr_nonnull(r);
        ck_assert_int_eq(r->type, REDIS_REPLY_STRING);
        there = strstr(r->str, want) != NULL;
        freeReplyObject(r);
    }
    char pong[16];
    ck_assert_str_eq(peer_text(w->watcher, pong, sizeof pong, "PING"), "PONG");
}

START_TEST(reader_subscriber_and_woken_reader_stay_silent_and_pings_go_on)
{
    struct world w;
    world_init(&w);
    redisContext *a = client(&w);
    redisContext *reader = client(&w);
    redisContext *subscriber = client(&w);
    redisContext *worker = client(&w);
    redisContext *event = client(&w);
    redisContext *popper = client(&w);
    redisContext *writer = client(&w);
    redisContext *driver = client(&w);
    redisContext *other = client(&w);

    say(other, "SET settled 1");
    hear(other, "OK");
    say(a, "XGROUP CREATE rides matchers $ MKSTREAM");
    hear(a, "OK");
    say(subscriber, "SUBSCRIBE ui");
    hear(subscriber, "1");
    say(event, "CONFIG SET notify-keyspace-events KEA");
    hear(event, "OK");
    say(event, "SUBSCRIBE __keyspace@0__:ride");
    hear(event, "1");
    say(worker, "XREADGROUP GROUP matchers m1 BLOCK 0 COUNT 1 STREAMS rides >");
    say(popper, "BLPOP todo 0");
    wait_calls(&w, "xreadgroup", 1);
    wait_calls(&w, "blpop", 1);

    gate_hold(true);
    say(writer, "MULTI");
    hear(writer, "OK");
    int before = gate.syncs;
    say(writer, "SET ride assigned");
    hear(writer, "QUEUED");
    say(writer, "PUBLISH ui hello");
    hear(writer, "QUEUED");
    say(writer, "XADD rides 1-1 ride r1");
    hear(writer, "QUEUED");
    say(writer, "LPUSH todo job");
    hear(writer, "QUEUED");
    say(writer, "EXEC");
    gate_wait_for_sync();
    say(reader, "GET ride");
    say(driver, "GEOADD drivers:idle 13.4 52.5 d1");
    wait_calls(&w, "exec", 1);
    wait_calls(&w, "get", 1);
    hear(driver, "1"); /* ephemeral: neither logged nor waited for */
    say(other, "GET settled");
    hear(other, "1"); /* what it reads was durable before */

    ck_assert(silent(writer));
    ck_assert(silent(reader));
    ck_assert(silent(subscriber));
    ck_assert(silent(event));
    ck_assert(silent(worker));
    ck_assert(silent(popper));

    gate_hold(false);
    hear(writer, "1");
    hear(reader, "assigned");
    hear(subscriber, "hello");
    hear(event, "set");
    hear(worker, "r1");
    hear(popper, "job");
    ck_assert_int_le(gate.syncs - before, 2);

    redisContext *all[] = {a, reader, subscriber, worker, event, popper, writer, driver, other};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        redisFree(all[i]);
    world_fini(&w);
}
END_TEST

START_TEST(one_sync_covers_all_writes_that_waited)
{
    struct world w;
    world_init(&w);
    enum { WRITERS = 20 };
    redisContext *a = client(&w);
    redisContext *b = client(&w);
    redisContext *writers[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        writers[i] = client(&w);
    gate_hold(true);
    say(a, "SET first 1");
    gate_wait_for_sync();
    for (int i = 0; i < WRITERS; i++)
        say(writers[i], "INCR counter");
    wait_calls(&w, "incr", WRITERS);
    for (int i = 0; i < WRITERS; i++)
        ck_assert(silent(writers[i]));
    int before = gate.syncs;
    gate_hold(false);
    hear(a, "OK");
    for (int i = 0; i < WRITERS; i++) {
        redisReply *r = NULL;
        ck_assert_int_eq(redisGetReply(writers[i], (void **)&r), REDIS_OK);
        ck_assert_int_eq(r->type, REDIS_REPLY_INTEGER);
        freeReplyObject(r);
        redisFree(writers[i]);
    }
    /* The held one, and one for the twenty. */
    ck_assert_int_eq(gate.syncs - before, 2);
    redisFree(a);
    redisFree(b);
    world_fini(&w);
}
END_TEST

START_TEST(failed_sync_disconnects_its_waiters_and_a_rewrite_takes_writes_again)
{
    struct world w;
    world_init(&w);
    redisContext *a = client(&w);
    redisContext *b = client(&w);
    ck_assert_int_eq(peer_ask(a, "SET before 1"), 2);
    gate_hold(true);
    say(a, "SET ride 1");
    gate_wait_for_sync();
    say(b, "GET ride");
    wait_calls(&w, "get", 1);
    (void)pthread_mutex_lock(&gate.mutex);
    gate.fails = true;
    (void)pthread_mutex_unlock(&gate.mutex);
    gate_hold(false);

    /* Neither the writer nor the reader of what may be lost is told anything. */
    redisReply *r = NULL;
    ck_assert_int_ne(redisGetReply(a, (void **)&r), REDIS_OK);
    ck_assert_int_ne(redisGetReply(b, (void **)&r), REDIS_OK);

    char text[256];
    while (strcmp(peer_text(w.watcher, text, sizeof text, "SET after 1"), "OK") != 0)
        ck_assert_msg(
            strncmp(text, "MISCONF Errors writing to the AOF file: fdatasync failed", 55) == 0,
            "%s", text);
    ck_assert(peer_info_has(w.watcher, "aof_last_write_status:ok"));
    ck_assert(peer_info_has(w.watcher, "aof_rewrites:1"));
    ck_assert_int_eq(peer_ask(w.watcher, "GET before"), 1);
    redisFree(a);
    redisFree(b);
    world_fini(&w);
}
END_TEST

UNIT_SUITE("held", failed_sync_disconnects_its_waiters_and_a_rewrite_takes_writes_again,
           reader_subscriber_and_woken_reader_stay_silent_and_pings_go_on,
           one_sync_covers_all_writes_that_waited)
