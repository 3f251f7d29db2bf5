#include "store_sub.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/store_conn.h"

enum { PING_MS = 10000 };

/* The ordinary channel that keeps the connection in subscriber mode; nobody publishes to it. */
#define KEEP_CHANNEL "hansom:subscriber"

/* Somebody who waits for a confirmation: in channel.waiters, then in store_sub.due. */
struct waiter {
    struct list link;
    store_sub_cb cb;
    void *data;
    enum store_status status;
};

/* One registered channel. It stays while it has watchers, and until every confirmation of it
 * has come in, so that a late one is never taken for that of a newer subscription. */
struct channel {
    struct list link;  /* in store_sub.channels */
    struct slice name; /* owned bytes */
    uint32_t watchers;
    uint32_t unconfirmed; /* SSUBSCRIBEs sent and not confirmed */
    bool counts;          /* one of those that on_resubscribed waits for */
    struct list waiters;
};

struct store_sub {
    struct store_config config;
    struct store_conn conn;
    uv_loop_t *loop;
    const struct store_sub_events *events;
    void *data;
    struct map by_name;
    struct list channels;
    size_t count;  /* with watchers */
    size_t resubs; /* channels still to confirm before on_resubscribed */
    bool resubscribing;
    uv_idle_t idle; /* runs while due is not empty */
    struct list due;
    uv_timer_t ping;
    bool pinged;
    int handles;
    void (*on_closed)(void *data);
    void *on_closed_data;
};

/* --- callbacks that come later --- */

static void fire_due(struct store_sub *s)
{
    struct list now;
    list_init(&now);
    struct list *l = NULL;
    while ((l = list_take(&s->due)) != NULL)
        list_add(&now, l);
    while ((l = list_take(&now)) != NULL) {
        struct waiter *w = list_entry(l, struct waiter, link);
        w->cb(w->data, w->status);
        mem_free(w);
    }
}

static void on_idle(uv_idle_t *h)
{
    struct store_sub *s = h->data;
    fire_due(s);
    if (list_empty(&s->due) && !uv_is_closing((uv_handle_t *)h)) (void)uv_idle_stop(h);
}

static void make_due(struct store_sub *s, struct waiter *w, enum store_status status)
{
    w->status = status;
    list_del(&w->link);
    list_add(&s->due, &w->link);
    if (!uv_is_closing((uv_handle_t *)&s->idle)) must(uv_idle_start(&s->idle, on_idle) == 0);
}

static void release_waiters(struct store_sub *s, struct channel *c, enum store_status status)
{
    list_each_safe(l, &c->waiters) make_due(s, list_entry(l, struct waiter, link), status);
}

/* --- channels --- */

static void send_two(struct store_sub *s, struct slice word, struct slice name)
{
    struct buf *out = store_conn_out(&s->conn);
    size_t before = out->len;
    resp_append(out, (const struct slice[]){word, name}, name.len == 0 ? 1 : 2);
    store_conn_queued(&s->conn, out->len - before);
}

static void subscribe(struct store_sub *s, struct channel *c)
{
    c->unconfirmed++;
    send_two(s, SLICE("SSUBSCRIBE"), c->name);
}

static void channel_free(struct store_sub *s, struct channel *c)
{
    must(list_empty(&c->waiters));
    (void)map_take(&s->by_name, c->name);
    list_del(&c->link);
    mem_free((void *)(uintptr_t)c->name.p);
    mem_free(c);
}

static struct channel *channel_new(struct store_sub *s, struct slice name)
{
    struct channel *c = mem_new(struct channel);
    c->name = (struct slice){mem_dup(name.p, name.len), name.len};
    list_init(&c->waiters);
    list_init(&c->link);
    list_add(&s->channels, &c->link);
    (void)map_put(&s->by_name, name, c);
    return c;
}

void store_sub_add(struct store_sub *s, struct slice name, store_sub_cb cb, void *data)
{
    must(name.len > 0);
    struct channel *c = map_find(&s->by_name, name);
    if (c == NULL) c = channel_new(s, name);
    if (c->watchers++ == 0) {
        s->count++;
        if (store_sub_is_up(s)) subscribe(s, c);
    }
    if (cb == NULL) return;
    struct waiter *w = mem_new(struct waiter);
    w->cb = cb;
    w->data = data;
    list_init(&w->link);
    if (!store_sub_is_up(s))
        make_due(s, w, STORE_DOWN);
    else if (c->unconfirmed == 0)
        make_due(s, w, STORE_OK);
    else
        list_add(&c->waiters, &w->link);
}

/* c stopped being one of those that on_resubscribed waits for. */
static void resub_done(struct store_sub *s, struct channel *c)
{
    if (!c->counts) return;
    c->counts = false;
    must(s->resubs > 0);
    s->resubs--;
}

static void end_resubscribing(struct store_sub *s)
{
    if (!s->resubscribing || s->resubs > 0) return;
    s->resubscribing = false;
    if (s->events->on_resubscribed != NULL) s->events->on_resubscribed(s->data);
}

void store_sub_del(struct store_sub *s, struct slice name)
{
    struct channel *c = map_find(&s->by_name, name);
    must(c != NULL);
    must(c->watchers > 0);
    if (--c->watchers > 0) return;
    s->count--;
    if (!store_sub_is_up(s)) {
        channel_free(s, c);
        return;
    }
    send_two(s, SLICE("SUNSUBSCRIBE"), c->name);
    if (c->unconfirmed == 0) channel_free(s, c);
}

/* --- the connection's events --- */

static void on_up(void *data)
{
    struct store_sub *s = data;
    s->pinged = false;
    send_two(s, SLICE("SUBSCRIBE"), SLICE(KEEP_CHANNEL));
    s->resubs = 0;
    s->resubscribing = s->conn.generation > 1 || s->count > 0;
    list_each(l, &s->channels)
    {
        struct channel *c = list_entry(l, struct channel, link);
        c->counts = true;
        s->resubs++;
        subscribe(s, c);
    }
}

static void on_lost(void *data)
{
    struct store_sub *s = data;
    s->resubs = 0;
    list_each_safe(l, &s->channels)
    {
        struct channel *c = list_entry(l, struct channel, link);
        c->unconfirmed = 0;
        c->counts = false;
        release_waiters(s, c, STORE_DOWN);
        if (c->watchers == 0) channel_free(s, c);
    }
    if (s->events->on_lost != NULL) s->events->on_lost(s->data);
}

static void on_confirmed(struct store_sub *s, struct slice name)
{
    struct channel *c = map_find(&s->by_name, name);
    if (c == NULL || c->unconfirmed == 0) return;
    if (--c->unconfirmed > 0) return;
    release_waiters(s, c, STORE_OK);
    resub_done(s, c);
    if (c->watchers == 0) channel_free(s, c);
    end_resubscribing(s);
}

static void on_reply(void *data, const redisReply *r)
{
    struct store_sub *s = data;
    struct slice kind = reply_slice(reply_at(r, 0));
    s->pinged = false; /* any sign of life will do */
    if (slice_is(kind, "smessage")) {
        s->events->on_message(s->data, reply_slice(reply_at(r, 1)), reply_slice(reply_at(r, 2)));
    } else if (slice_is(kind, "ssubscribe")) {
        on_confirmed(s, reply_slice(reply_at(r, 1)));
    } else if (slice_is(kind, "subscribe")) {
        end_resubscribing(s); /* for when there was no channel to wait for */
    } else if (reply_is_error(r)) {
        char why[128];
        store_conn_reset(&s->conn, slice_cstr(reply_slice(r), why, sizeof why));
    }
}

static void on_ping(uv_timer_t *t)
{
    struct store_sub *s = t->data;
    if (!store_sub_is_up(s)) return;
    if (s->pinged) {
        store_conn_reset(&s->conn, "the store has fallen silent");
        return;
    }
    s->pinged = true;
    send_two(s, SLICE("PING"), SLICE(""));
}

static const struct conn_events conn_events = {
    .on_up = on_up, .on_reply = on_reply, .on_lost = on_lost};

/* --- life --- */

struct store_sub *store_sub_new(uv_loop_t *loop, const struct store_config *config,
                                const struct store_sub_events *events, void *data)
{
    struct store_sub *s = mem_new(struct store_sub);
    s->config = *config;
    if (s->config.name == NULL) s->config.name = "hansom-sub";
    s->loop = loop;
    s->events = events;
    s->data = data;
    list_init(&s->channels);
    list_init(&s->due);
    must(uv_idle_init(loop, &s->idle) == 0);
    must(uv_timer_init(loop, &s->ping) == 0);
    s->idle.data = s;
    s->ping.data = s;
    s->handles = 3; /* and the connection */
    must(uv_timer_start(&s->ping, on_ping, PING_MS, PING_MS) == 0);
    store_conn_init(&s->conn, loop, &s->config, &conn_events, s);
    store_conn_open(&s->conn);
    return s;
}

static void part_closed(struct store_sub *s)
{
    if (--s->handles > 0) return;
    list_each_safe(l, &s->channels)
    {
        struct channel *c = list_entry(l, struct channel, link);
        release_waiters(s, c, STORE_DOWN);
        channel_free(s, c);
    }
    while (!list_empty(&s->due))
        fire_due(s);
    map_fini(&s->by_name);
    void (*cb)(void *data) = s->on_closed;
    void *data = s->on_closed_data;
    mem_free(s);
    if (cb != NULL) cb(data);
}

static void on_handle_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

static void on_conn_closed(void *data)
{
    part_closed(data);
}

void store_sub_close(struct store_sub *s, void (*cb)(void *data), void *data)
{
    s->on_closed = cb;
    s->on_closed_data = data;
    uv_close((uv_handle_t *)&s->idle, on_handle_closed);
    uv_close((uv_handle_t *)&s->ping, on_handle_closed);
    store_conn_close(&s->conn, on_conn_closed, s);
}

bool store_sub_is_up(const struct store_sub *s)
{
    return s->conn.state == CONN_UP;
}

size_t store_sub_count(const struct store_sub *s)
{
    return s->count;
}
