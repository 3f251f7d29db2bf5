/* wire: kit/store.h over a network that delays, breaks and forgets.
 *
 * A connection is as TCP makes it: what arrives, arrives in order and once; when it breaks, some
 * last part of what was sent never arrives, and some of that has been carried out without its
 * replies coming back. A cut network holds everything until it heals or the connection is given up.
 * Requests of different connections overtake each other freely.
 */
#include "tests/world/wire.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"
#include "tests/world/bugs.h"
#include "tests/world/check.h"
#include "tests/world/host.h"
#include "tests/world/primary.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

enum { HOOKS_MAX = 8, ARGS_MAX = 512, STALL_US = 10 * SECOND };

struct store_cmd {
    struct buf bytes;
    size_t lens[ARGS_MAX];
    uint32_t argc;
};

struct hook {
    void (*fn)(void *data);
    void *data;
};

/* One call, in the order sent; without cb it only swallows its reply. */
struct call {
    struct list link;
    struct store *store;
    struct event deadline;
    store_cb cb;
    void *data;
    enum store_status status; /* when it fails without a reply */
    bool lifecycle;           /* its reply may show a ride */
};

/* One connection; it outlives the client's end until everything that was on its way is settled. */
struct conn {
    int refs;               /* the store's, and one for each packet */
    struct store *store;    /* NULL: the client has given it up */
    struct link *link;      /* NULL: the store has */
    int64_t cut_us;         /* what arrives later is lost */
    int64_t up_us, down_us; /* when the last packet each way arrives */
};

struct store {
    struct list link; /* in host.stores */
    struct host *host;
    struct conn *conn; /* NULL: down */
    uint64_t generation;
    struct list waiting; /* of struct call, for this connection's replies, in order */
    struct list failed;  /* of struct call, for on_failed */
    size_t waiting_count;
    redisReader *reader;
    struct store_cmd cmd;
    struct hook up[HOOKS_MAX], down[HOOKS_MAX];
    size_t up_count, down_count;
    struct event connect;
    bool opened;
    bool closing;
    void (*closed)(void *data);
    void *closed_data;
    wire_push push; /* a subscriber gets messages, not replies */
    void *push_data;
};

/* A request or bytes of a reply under way. */
struct packet {
    struct conn *conn;
    struct buf bytes;
    size_t *lens; /* owned; NULL: bytes of replies */
    uint32_t argc;
};

const char *store_status_text(enum store_status s)
{
    static const char *const names[] = {"ok", "error", "timeout", "lost", "down", "full"};
    must((size_t)s < sizeof names / sizeof names[0]);
    return names[s];
}

bool store_status_unsent(enum store_status s)
{
    return s == STORE_DOWN || s == STORE_FULL;
}

/* --- connections --- */

static void conn_unref(struct conn *c)
{
    if (--c->refs > 0) return;
    link_close(c->link);
    mem_free(c);
}

static void packet_free(void *data)
{
    struct packet *k = data;
    conn_unref(k->conn);
    buf_fini(&k->bytes);
    mem_free(k->lens);
    mem_free(k);
}

static struct packet *packet_new(struct conn *c, struct slice bytes)
{
    struct packet *k = mem_new(struct packet);
    k->conn = c;
    c->refs++;
    buf_add_slice(&k->bytes, bytes);
    return k;
}

static void call_end(struct call *c, enum store_status status, const redisReply *reply)
{
    store_cb cb = c->cb;
    void *data = c->data;
    struct store *s = c->store;
    world_cancel(&c->deadline);
    list_del(&c->link);
    s->waiting_count--;
    mem_free(c);
    if (cb == NULL) return;
    world_step_in(s->host);
    cb(data, status, reply);
    (void)world_step_out();
}

static void on_failed(void *data)
{
    struct call *c = data;
    (void)world_step_out();
    call_end(c, c->status, NULL);
}

/* Tells the caller that nothing came, when its host comes around. */
static void fail_later(struct call *c, enum store_status status)
{
    c->status = status;
    list_del(&c->link);
    list_add(&c->store->failed, &c->link);
    world_cancel(&c->deadline);
    c->deadline.fn = on_failed;
    world_post(&c->deadline, 0);
}

static void try_connect(struct store *s, int64_t delay_us)
{
    if (!s->closing && s->connect.at.at == 0) world_post(&s->connect, delay_us);
}

/* The client gives the connection up. */
static void conn_break(struct store *s)
{
    struct conn *c = s->conn;
    if (c == NULL) return;
    world_tell(s->host->name, "loses a connection");
    s->conn = NULL;
    c->store = NULL;
    /* The kernel still sends some of what it was given. */
    if (c->cut_us > world.now_us + 5 * MS) c->cut_us = world.now_us + between(0, 5 * MS);
    conn_unref(c);
    redisReaderFree(s->reader);
    s->reader = NULL;
    list_each_safe(at, &s->waiting)
    {
        struct call *call = list_entry(at, struct call, link);
        if (call->cb == NULL)
            call_end(call, STORE_LOST, NULL);
        else
            fail_later(call, STORE_LOST);
    }
    world_step_in(s->host);
    for (size_t i = 0; i < s->down_count; i++)
        s->down[i].fn(s->down[i].data);
    (void)world_step_out();
    try_connect(s, between(50 * MS, 1500 * MS));
}

/* The store hung up: the client sees it after a while. */
static void on_hangup(void *data)
{
    struct packet *k = data;
    (void)world_step_out();
    if (k->conn->store != NULL) conn_break(k->conn->store);
    packet_free(k);
}

int64_t wire_arrival_us(const struct host *h, int64_t *last_us)
{
    int64_t at = world.now_us + latency_us();
    if (h->cut_until_us > world.now_us) at = h->cut_until_us + latency_us();
    if (at < *last_us) at = *last_us;
    *last_us = at;
    return at - world.now_us;
}

static void on_gone(void *data)
{
    struct conn *c = data;
    c->link = NULL;
    if (c->store == NULL) return;
    struct packet *k = packet_new(c, SLICE(""));
    world_after(c->store->host, wire_arrival_us(c->store->host, &c->down_us), on_hangup, k)->drop =
        packet_free;
}

/* --- replies --- */

static void on_reply(struct store *s, const redisReply *reply)
{
    if (s->push != NULL) {
        world_step_in(s->host);
        s->push(s->push_data, reply);
        (void)world_step_out();
        return;
    }
    must(!list_empty(&s->waiting));
    struct call *c = list_entry(s->waiting.next, struct call, link);
    if (c->lifecycle) check_seen(reply);
    call_end(c, reply_is_error(reply) ? STORE_ERROR : STORE_OK, reply);
}

static void on_bytes(void *data)
{
    struct packet *k = data;
    struct conn *c = k->conn;
    (void)world_step_out();
    if (c->store != NULL) {
        must(redisReaderFeed(c->store->reader, k->bytes.p, k->bytes.len) == REDIS_OK);
        while (c->store != NULL) {
            void *reply = NULL;
            must(redisReaderGetReply(c->store->reader, &reply) == REDIS_OK);
            if (reply == NULL) break;
            on_reply(c->store, reply);
            freeReplyObject(reply);
        }
    }
    packet_free(k);
}

static void on_out(void *data, struct slice bytes)
{
    struct conn *c = data;
    if (c->store == NULL) return;
    struct host *h = c->store->host;
    world_after(h, wire_arrival_us(h, &c->down_us), on_bytes, packet_new(c, bytes))->drop =
        packet_free;
}

/* --- requests --- */

static void on_request(void *data)
{
    struct packet *k = data;
    struct slice argv[ARGS_MAX];
    size_t at = 0;
    if (primary_busy_us() > 0) {
        world_after(NULL, primary_busy_us(), on_request, k)->drop = packet_free;
        return;
    }
    if (k->conn->link != NULL && world.now_us <= k->conn->cut_us) {
        for (uint32_t i = 0; i < k->argc; i++) {
            argv[i] = slice_make(k->bytes.p + at, k->lens[i]);
            at += k->lens[i];
        }
        check_command(argv, k->argc);
        bugs_command(k->conn->link, argv, k->argc);
        check_command(NULL, 0);
    }
    packet_free(k);
}

static void on_deadline(void *data)
{
    struct call *c = data;
    struct store *s = c->store;
    store_cb cb = c->cb;
    c->cb = NULL; /* its late reply is swallowed */
    if (cb != NULL) cb(c->data, STORE_TIMEOUT, NULL);
    (void)world_step_out();
    if (s->conn != NULL && world.now_us - s->conn->down_us >= STALL_US) conn_break(s);
}

/* The process dies of what it was about to send. */
static void on_poison(void *data)
{
    struct host *h = data;
    if (h->up) host_kill(h);
}

static bool is_poison(const struct store *s, const struct store_cmd *cmd)
{
    struct slice argv[ARGS_MAX];
    const char *at = cmd->bytes.p;
    if (s->host->kind != HOST_MATCHER) return false;
    for (uint32_t i = 0; i < cmd->argc; at += cmd->lens[i++])
        argv[i] = slice_make(at, cmd->lens[i]);
    return bugs_is_poison(argv, cmd->argc);
}

static void send_packet(struct store *s, const struct store_cmd *cmd)
{
    struct packet *k = packet_new(s->conn, buf_slice(&cmd->bytes));
    k->lens = mem_dup(cmd->lens, cmd->argc * sizeof *cmd->lens);
    k->argc = cmd->argc;
    world_after(NULL, wire_arrival_us(s->host, &s->conn->up_us), on_request, k)->drop = packet_free;
}

void store_send(struct store *s, struct store_cmd *cmd, int64_t timeout_ms, store_cb cb, void *data)
{
    must(cmd == &s->cmd);
    must(timeout_ms > 0);
    struct host *me = world_step_out();
    struct call *c = mem_new(struct call);
    *c = (struct call){.store = s, .cb = cb, .data = data};
    c->deadline = (struct event){.host = s->host, .fn = on_deadline, .data = c};
    list_init(&c->link);
    list_add(&s->waiting, &c->link);
    s->waiting_count++;
    if (s->conn == NULL) {
        fail_later(c, STORE_DOWN);
    } else if (is_poison(s, cmd)) {
        world_after(NULL, 0, on_poison, s->host);
    } else {
        c->lifecycle = slice_is(slice_make(cmd->bytes.p, cmd->lens[0]), "FCALL");
        world_post(&c->deadline, timeout_ms * MS);
        send_packet(s, cmd);
    }
    cmd->argc = 0;
    world_step_in(me);
}

void store_flush(struct store *s)
{
    (void)s; /* each command is a packet of its own */
}

/* --- commands --- */

struct store_cmd *store_cmd(struct store *s, const char *name)
{
    buf_clear(&s->cmd.bytes);
    s->cmd.argc = 0;
    store_arg_cstr(&s->cmd, name);
    return &s->cmd;
}

void store_arg(struct store_cmd *c, struct slice arg)
{
    must(c->argc < ARGS_MAX);
    c->lens[c->argc++] = arg.len;
    struct host *me = world_step_out();
    buf_add_slice(&c->bytes, arg);
    world_step_in(me);
}

void store_arg_cstr(struct store_cmd *c, const char *arg)
{
    store_arg(c, slice_of(arg));
}

void store_arg_i64(struct store_cmd *c, int64_t arg)
{
    char text[24];
    store_arg(c, slice_make(text, fmt_i64(text, arg)));
}

void store_arg_u64(struct store_cmd *c, uint64_t arg)
{
    char text[24];
    store_arg(c, slice_make(text, fmt_u64(text, arg)));
}

void store_arg_double(struct store_cmd *c, double arg)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.17g", arg);
    store_arg(c, slice_make(text, (size_t)n));
}

void store_arg_parts(struct store_cmd *c, const struct slice *parts, size_t count)
{
    struct buf all = {0};
    for (size_t i = 0; i < count; i++)
        buf_add_slice(&all, parts[i]);
    store_arg(c, buf_slice(&all));
    buf_fini(&all);
}

void store_call(struct store *s, const struct slice *argv, size_t argc, int64_t timeout_ms,
                store_cb cb, void *data)
{
    buf_clear(&s->cmd.bytes);
    s->cmd.argc = 0;
    for (size_t i = 0; i < argc; i++)
        store_arg(&s->cmd, argv[i]);
    store_send(s, &s->cmd, timeout_ms, cb, data);
}

/* --- life --- */

static void on_connect(void *data)
{
    struct store *s = data;
    struct host *me = world_step_out();
    bool reached = s->host->cut_until_us <= world.now_us && primary_is_up();
    struct conn *c = reached ? mem_new(struct conn) : NULL;
    if (c != NULL) c->link = link_open(on_out, c);
    if (c == NULL || c->link == NULL) {
        mem_free(c);
        try_connect(s, between(50 * MS, 2 * SECOND));
        world_step_in(me);
        return;
    }
    link_on_gone(c->link, on_gone);
    c->refs = 1;
    c->store = s;
    c->cut_us = INT64_MAX;
    c->down_us = world.now_us;
    s->conn = c;
    s->generation++;
    s->reader = redisReaderCreate();
    world_step_in(me);
    for (size_t i = 0; i < s->up_count && s->conn != NULL; i++)
        s->up[i].fn(s->up[i].data);
}

struct store *store_new(uv_loop_t *loop, const struct store_config *config)
{
    (void)config;
    struct host *me = world_step_out();
    struct store *s = mem_new(struct store);
    s->host = loop->data;
    s->connect = (struct event){.host = s->host, .fn = on_connect, .data = s};
    list_init(&s->waiting);
    list_init(&s->failed);
    list_init(&s->link);
    list_add(&s->host->stores, &s->link);
    world_step_in(me);
    return s;
}

void store_open(struct store *s)
{
    s->opened = true;
    try_connect(s, between(0, 20 * MS));
}

/* Ends all calls, telling their callers or not. */
static void calls_end(struct store *s, bool tell)
{
    while (!list_empty(&s->waiting) || !list_empty(&s->failed)) {
        struct list *at = list_empty(&s->failed) ? s->waiting.next : s->failed.next;
        struct call *c = list_entry(at, struct call, link);
        if (!tell) c->cb = NULL;
        call_end(c, STORE_LOST, NULL);
    }
}

static void store_free(struct store *s)
{
    world_cancel(&s->connect);
    if (s->conn != NULL) {
        s->conn->store = NULL;
        if (s->conn->cut_us > world.now_us + 5 * MS)
            s->conn->cut_us = world.now_us + between(0, 5 * MS);
        conn_unref(s->conn);
        redisReaderFree(s->reader);
    }
    calls_end(s, false);
    list_del(&s->link);
    buf_fini(&s->cmd.bytes);
    mem_free(s);
}

static void on_closed(void *data)
{
    struct store *s = data;
    void (*closed)(void *data) = s->closed;
    void *closed_data = s->closed_data;
    struct host *me = world_step_out();
    calls_end(s, true);
    store_free(s);
    world_step_in(me);
    if (closed != NULL) closed(closed_data);
}

void store_close(struct store *s, void (*cb)(void *data), void *data)
{
    s->closing = true;
    s->closed = cb;
    s->closed_data = data;
    struct host *me = world_step_out();
    conn_break(s);
    world_step_in(me);
    (void)world_after(s->host, MS, on_closed, s);
}

bool store_is_up(const struct store *s)
{
    return s->conn != NULL;
}

uint64_t store_generation(const struct store *s)
{
    return s->generation;
}

size_t store_in_flight(const struct store *s)
{
    return s->waiting_count;
}

const char *store_last_error(const struct store *s)
{
    return s->conn == NULL ? "not connected" : "";
}

void store_on_up(struct store *s, void (*fn)(void *data), void *data)
{
    must(s->up_count < HOOKS_MAX);
    s->up[s->up_count++] = (struct hook){fn, data};
}

void store_on_down(struct store *s, void (*fn)(void *data), void *data)
{
    must(s->down_count < HOOKS_MAX);
    s->down[s->down_count++] = (struct hook){fn, data};
}

void wire_subscriber(struct store *s, wire_push push, void *data)
{
    s->push = push;
    s->push_data = data;
}

void wire_send(struct store *s, const struct slice *argv, uint32_t argc)
{
    if (s->conn == NULL) return;
    (void)store_cmd(s, "");
    s->cmd.argc = 0;
    for (uint32_t i = 0; i < argc; i++)
        store_arg(&s->cmd, argv[i]);
    struct host *me = world_step_out();
    send_packet(s, &s->cmd);
    world_step_in(me);
}

void wire_break(struct store *s)
{
    struct host *me = world_step_out();
    conn_break(s);
    world_step_in(me);
}

void stores_drop(struct host *h)
{
    while (!list_empty(&h->stores))
        store_free(list_entry(h->stores.next, struct store, link));
}
