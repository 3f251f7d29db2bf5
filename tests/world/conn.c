/* conn: kit/store_conn.h over wire.c's network, for store_sub.c, which runs as it is. */
#include "base/must.h"
#include "services/kit/store_conn.h"
#include "tests/world/host.h"
#include "tests/world/wire.h"

#include <string.h>

enum { ARGS_MAX = 4 };

/* The connection's other half; nothing here resolves. */
static struct store *store_of(const struct store_conn *c)
{
    return c->resolve.data;
}

static void on_up(void *data)
{
    struct store_conn *c = data;
    c->state = CONN_UP;
    c->generation++;
    c->events->on_up(c->data);
}

static void on_down(void *data)
{
    struct store_conn *c = data;
    bool was_up = c->state == CONN_UP;
    if (c->state != CONN_CLOSED) c->state = CONN_WAIT;
    if (was_up) c->events->on_lost(c->data);
}

static void on_push(void *data, const redisReply *reply)
{
    struct store_conn *c = data;
    c->events->on_reply(c->data, reply);
}

void store_conn_init(struct store_conn *c, uv_loop_t *loop, const struct store_config *config,
                     const struct conn_events *events, void *data)
{
    *c = (struct store_conn){
        .loop = loop, .config = config, .events = events, .data = data, .state = CONN_IDLE};
    c->resolve.data = store_new(loop, config);
    store_on_up(store_of(c), on_up, c);
    store_on_down(store_of(c), on_down, c);
    wire_subscriber(store_of(c), on_push, c);
}

void store_conn_open(struct store_conn *c)
{
    c->state = CONN_CONNECT;
    store_open(store_of(c));
}

void store_conn_close(struct store_conn *c, void (*cb)(void *data), void *data)
{
    c->state = CONN_CLOSED;
    store_close(store_of(c), cb, data);
}

void store_conn_reset(struct store_conn *c, const char *why)
{
    world_tell(((struct host *)c->loop->data)->name, "gives its subscriptions up: %s", why);
    wire_break(store_of(c));
}

struct buf *store_conn_out(struct store_conn *c)
{
    return &c->out;
}

/* Commands are not RESP here: their number of arguments, and the length of each before its bytes. */
void resp_append(struct buf *out, const struct slice *argv, size_t argc)
{
    buf_add(out, (const char *)&argc, sizeof argc);
    for (size_t i = 0; i < argc; i++) {
        buf_add(out, (const char *)&argv[i].len, sizeof argv[i].len);
        buf_add_slice(out, argv[i]);
    }
}

static size_t take_size(struct slice *rest)
{
    size_t n = 0;
    must(rest->len >= sizeof n);
    memcpy(&n, rest->p, sizeof n);
    *rest = slice_from(*rest, sizeof n);
    return n;
}

void store_conn_queued(struct store_conn *c, size_t n)
{
    struct slice rest = buf_slice(&c->out);
    must(rest.len == n);
    while (rest.len > 0) {
        struct slice argv[ARGS_MAX];
        size_t argc = take_size(&rest);
        must(argc <= ARGS_MAX);
        for (size_t i = 0; i < argc; i++) {
            size_t len = take_size(&rest);
            argv[i] = slice_make(rest.p, len);
            rest = slice_from(rest, len);
        }
        wire_send(store_of(c), argv, (uint32_t)argc);
    }
    buf_clear(&c->out);
}

size_t store_conn_unsent(const struct store_conn *c)
{
    (void)c;
    return 0;
}
