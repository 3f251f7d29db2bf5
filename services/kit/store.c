#include "store.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/must.h"
#include "services/kit/store_conn.h"

#include <math.h>

enum {
    HOOKS_MAX = 4,
    CALLS_KEPT = 1024, /* freed calls kept for the next ones */
    STALL_MS = 10000,
    BYTES_MAX = 64 * 1024 * 1024,
    CALLS_MAX = 65536,
};

/* One call: in `waiting` from store_send to its reply, or in `failed` until the loop is free to
 * say so. After a time-out it stays in `waiting`, with cb NULL, to swallow its late reply. */
struct call {
    struct list link;
    struct heap_node deadline;
    store_cb cb;
    void *data;
    uint64_t end; /* position of its last byte on this connection */
    int64_t sent_us;
    struct metric_cell *seconds; /* NULL: not measured */
    enum store_status status;    /* in `failed` */
};

struct store_cmd {
    struct buf args; /* as RESP, without the array header */
    uint32_t argc;
    size_t name_at[2]; /* where the first two arguments lie in args */
    size_t name_len[2];
};

struct hook {
    void (*fn)(void *data);
    void *data;
};

struct store {
    struct store_config config;
    struct store_conn conn;
    uv_loop_t *loop;
    struct list waiting; /* calls, in the order sent */
    size_t waiting_count;
    struct list failed;
    struct list spare;
    size_t spare_count;
    struct heap deadlines;
    uv_timer_t timer; /* the least deadline, or earlier */
    int64_t timer_ms; /* when it fires; 0: off */
    uv_idle_t idle;   /* runs while `failed` is not empty */
    int handles;
    struct store_cmd cmd;
    struct hook up[HOOKS_MAX];
    struct hook down[HOOKS_MAX];
    size_t up_count, down_count;

    struct metric *seconds;
    struct metric *errors;
    struct metric_cell *is_up;
    struct metric_cell *connects;
    struct map cells; /* command name -> cell of seconds */
    size_t cells_count;

    void (*on_closed)(void *data);
    void *on_closed_data;
};

static const struct metric_spec specs[] = {
    {"hansom_store_command_seconds",
     "From sending a command to its reply.",
     METRIC_SECONDS,
     {"command"}},
    {"hansom_store_failures_total", "Calls without a reply, by why.", METRIC_COUNTER, {"status"}},
    {"hansom_store_up",
     "Whether this connection to the store is up.",
     METRIC_GAUGE,
     {"connection"}},
    {"hansom_store_connects_total",
     "Times this connection came up.",
     METRIC_COUNTER,
     {"connection"}},
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

/* --- failing calls later --- */

static struct call *call_new(struct store *s)
{
    struct list *l = list_take(&s->spare);
    if (l == NULL) return mem_new(struct call);
    s->spare_count--;
    struct call *c = list_entry(l, struct call, link);
    memset(c, 0, sizeof *c);
    return c;
}

static void call_free(struct store *s, struct call *c)
{
    if (s->spare_count >= CALLS_KEPT) {
        mem_free(c);
        return;
    }
    list_init(&c->link);
    list_add(&s->spare, &c->link);
    s->spare_count++;
}

static void fire_failed(struct store *s)
{
    struct list now; /* what callbacks add waits for the next turn */
    list_init(&now);
    struct list *l = NULL;
    while ((l = list_take(&s->failed)) != NULL)
        list_add(&now, l);
    while ((l = list_take(&now)) != NULL) {
        struct call *c = list_entry(l, struct call, link);
        store_cb cb = c->cb;
        void *data = c->data;
        enum store_status status = c->status;
        call_free(s, c);
        if (s->errors != NULL)
            metric_inc(METRIC_AT(s->errors, slice_of(store_status_text(status))));
        if (cb != NULL) cb(data, status, NULL);
    }
}

static void on_idle(uv_idle_t *h)
{
    struct store *s = h->data;
    fire_failed(s);
    if (list_empty(&s->failed) && !uv_is_closing((uv_handle_t *)h)) (void)uv_idle_stop(h);
}

/* Puts c (in no list or heap) among the failed; its callback fires when the loop comes around. */
static void fail_later(struct store *s, struct call *c, enum store_status status)
{
    c->status = status;
    list_init(&c->link);
    list_add(&s->failed, &c->link);
    if (!uv_is_closing((uv_handle_t *)&s->idle)) must(uv_idle_start(&s->idle, on_idle) == 0);
}

/* --- time-outs --- */

static void on_timer(uv_timer_t *t);

static void arm(struct store *s)
{
    struct heap_node *first = heap_min(&s->deadlines);
    if (first == NULL || uv_is_closing((uv_handle_t *)&s->timer)) return;
    if (s->timer_ms != 0 && s->timer_ms <= first->key) return; /* it fires early enough */
    int64_t left = first->key - (int64_t)uv_now(s->loop);
    must(uv_timer_start(&s->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0) == 0);
    s->timer_ms = first->key;
}

static void on_timer(uv_timer_t *t)
{
    struct store *s = t->data;
    int64_t now = (int64_t)uv_now(s->loop);
    bool any = false;
    s->timer_ms = 0;
    for (struct heap_node *n = NULL; (n = heap_min(&s->deadlines)) != NULL && n->key <= now;) {
        struct call *c = heap_entry(n, struct call, deadline);
        heap_del(&s->deadlines, n);
        store_cb cb = c->cb;
        c->cb = NULL;
        any = true;
        if (s->errors != NULL) metric_inc(METRIC_AT(s->errors, SLICE("timeout")));
        if (cb != NULL) cb(c->data, STORE_TIMEOUT, NULL);
    }
    int64_t stall = s->config.stall_ms > 0 ? s->config.stall_ms : STALL_MS;
    if (any && s->conn.state == CONN_UP && now - s->conn.received_ms >= stall)
        store_conn_reset(&s->conn, "the store has fallen silent");
    arm(s);
}

/* --- the connection's events --- */

static void on_up(void *data)
{
    struct store *s = data;
    must(list_empty(&s->waiting));
    if (s->is_up != NULL) {
        metric_set(s->is_up, 1);
        metric_inc(s->connects);
    }
    for (size_t i = 0; i < s->up_count && store_is_up(s); i++)
        s->up[i].fn(s->up[i].data);
}

static void on_lost(void *data)
{
    struct store *s = data;
    struct list *l = NULL;
    if (s->is_up != NULL) metric_set(s->is_up, 0);
    while ((l = list_take(&s->waiting)) != NULL) {
        struct call *c = list_entry(l, struct call, link);
        s->waiting_count--;
        heap_del(&s->deadlines, &c->deadline);
        if (c->cb == NULL)
            call_free(s, c); /* nobody asks, or it timed out */
        else
            fail_later(s, c, c->end <= s->conn.written ? STORE_LOST : STORE_DOWN);
    }
    for (size_t i = 0; i < s->down_count; i++)
        s->down[i].fn(s->down[i].data);
}

static void on_reply(void *data, const redisReply *reply)
{
    struct store *s = data;
    struct list *l = list_take(&s->waiting);
    if (l == NULL) {
        store_conn_reset(&s->conn, "the store sent a reply nobody asked for");
        return;
    }
    struct call *c = list_entry(l, struct call, link);
    s->waiting_count--;
    heap_del(&s->deadlines, &c->deadline);
    if (c->seconds != NULL)
        metric_observe(c->seconds, (double)(clock_mono_us() - c->sent_us) / 1e6);
    store_cb cb = c->cb;
    void *cb_data = c->data;
    call_free(s, c);
    if (cb != NULL) cb(cb_data, reply_is_error(reply) ? STORE_ERROR : STORE_OK, reply);
}

static const struct conn_events conn_events = {
    .on_up = on_up, .on_reply = on_reply, .on_lost = on_lost};

/* --- life --- */

struct store *store_new(uv_loop_t *loop, const struct store_config *config)
{
    struct store *s = mem_new(struct store);
    s->config = *config;
    if (s->config.bytes_max == 0) s->config.bytes_max = BYTES_MAX;
    if (s->config.calls_max == 0) s->config.calls_max = CALLS_MAX;
    if (s->config.name == NULL) s->config.name = "hansom";
    s->loop = loop;
    list_init(&s->waiting);
    list_init(&s->failed);
    list_init(&s->spare);
    must(uv_timer_init(loop, &s->timer) == 0);
    must(uv_idle_init(loop, &s->idle) == 0);
    s->timer.data = s;
    s->idle.data = s;
    s->handles = 3; /* and the connection */
    store_conn_init(&s->conn, loop, &s->config, &conn_events, s);
    if (s->config.metrics != NULL) {
        struct metric *m[4];
        struct slice name = slice_of(s->config.name);
        metrics_add(s->config.metrics, specs, 4, m);
        s->seconds = m[0];
        s->errors = m[1];
        s->is_up = METRIC_AT(m[2], name);
        s->connects = METRIC_AT(m[3], name);
    }
    return s;
}

void store_open(struct store *s)
{
    store_conn_open(&s->conn);
}

static void part_closed(struct store *s)
{
    if (--s->handles > 0) return;
    while (!list_empty(&s->failed))
        fire_failed(s);
    struct list *l = NULL;
    while ((l = list_take(&s->spare)) != NULL)
        mem_free(list_entry(l, struct call, link));
    heap_fini(&s->deadlines);
    buf_fini(&s->cmd.args);
    map_fini(&s->cells);
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

void store_close(struct store *s, void (*cb)(void *data), void *data)
{
    s->on_closed = cb;
    s->on_closed_data = data;
    uv_close((uv_handle_t *)&s->timer, on_handle_closed);
    uv_close((uv_handle_t *)&s->idle, on_handle_closed);
    store_conn_close(&s->conn, on_conn_closed, s);
}

bool store_is_up(const struct store *s)
{
    return s->conn.state == CONN_UP;
}

uint64_t store_generation(const struct store *s)
{
    return s->conn.generation;
}

size_t store_in_flight(const struct store *s)
{
    return s->waiting_count;
}

int64_t store_behind_ms(const struct store *s)
{
    if (list_empty(&s->waiting)) return 0;
    const struct call *oldest = list_entry(s->waiting.next, struct call, link);
    return (clock_mono_us() - oldest->sent_us) / 1000;
}

const char *store_last_error(const struct store *s)
{
    return s->conn.error;
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

/* --- commands --- */

struct store_cmd *store_cmd(struct store *s, const char *name)
{
    buf_clear(&s->cmd.args);
    s->cmd.argc = 0;
    store_arg_cstr(&s->cmd, name);
    return &s->cmd;
}

/* Appends "$len\r\n" and gives room for len bytes and the line end; *at is where they go. */
static char *arg_begin(struct store_cmd *c, size_t len)
{
    char *at = buf_reserve(&c->args, len + 26);
    char *from = at;
    *at++ = '$';
    at += fmt_u64(at, len);
    *at++ = '\r';
    *at++ = '\n';
    if (c->argc < 2) {
        c->name_at[c->argc] = c->args.len + (size_t)(at - from);
        c->name_len[c->argc] = len;
    }
    c->args.len += (size_t)(at - from) + len + 2;
    c->argc++;
    at[len] = '\r';
    at[len + 1] = '\n';
    return at;
}

void store_arg(struct store_cmd *c, struct slice arg)
{
    char *at = arg_begin(c, arg.len);
    if (arg.len > 0) memcpy(at, arg.p, arg.len);
}

void store_arg_cstr(struct store_cmd *c, const char *arg)
{
    store_arg(c, slice_of(arg));
}

void store_arg_i64(struct store_cmd *c, int64_t arg)
{
    char text[24];
    store_arg(c, (struct slice){text, fmt_i64(text, arg)});
}

void store_arg_u64(struct store_cmd *c, uint64_t arg)
{
    char text[24];
    store_arg(c, (struct slice){text, fmt_u64(text, arg)});
}

void store_arg_double(struct store_cmd *c, double arg)
{
    must(!isnan(arg));
    if (isinf(arg)) {
        store_arg_cstr(c, arg > 0 ? "+inf" : "-inf");
        return;
    }
    struct buf text = {0};
    struct json j = json_start(&text);
    json_double(&j, arg);
    store_arg(c, buf_slice(&text));
    buf_fini(&text);
}

void store_arg_parts(struct store_cmd *c, const struct slice *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    char *at = arg_begin(c, len);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) memcpy(at, parts[i].p, parts[i].len);
        at += parts[i].len;
    }
}

/* The cell that measures this command: by its name, or for FCALL by the function's. */
static struct metric_cell *seconds_of(struct store *s, const struct store_cmd *c)
{
    if (s->seconds == NULL) return NULL;
    size_t which = 0;
    struct slice first = {c->args.p + c->name_at[0], c->name_len[0]};
    if (c->argc > 1 && (slice_word(first, "FCALL") || slice_word(first, "FCALL_RO"))) which = 1;
    struct slice name = {c->args.p + c->name_at[which], c->name_len[which]};
    struct metric_cell *cell = map_find(&s->cells, name);
    if (cell != NULL) return cell;

    char lower[64];
    size_t n = name.len < sizeof lower ? name.len : sizeof lower;
    for (size_t i = 0; i < n; i++) {
        char ch = name.p[i];
        lower[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
    }
    cell = METRIC_AT(s->seconds, slice_make(lower, n));
    if (s->cells.count < METRIC_CELLS_MAX) map_put(&s->cells, name, cell);
    return cell;
}

void store_send(struct store *s, struct store_cmd *c, int64_t timeout_ms, store_cb cb, void *data)
{
    must(c == &s->cmd);
    must(c->argc > 0);
    must(timeout_ms > 0);
    struct call *call = call_new(s);
    call->cb = cb;
    call->data = data;

    if (!store_is_up(s)) {
        fail_later(s, call, STORE_DOWN);
        return;
    }
    if (s->waiting_count >= s->config.calls_max ||
        store_conn_unsent(&s->conn) + c->args.len > s->config.bytes_max) {
        fail_later(s, call, STORE_FULL);
        return;
    }

    struct buf *out = store_conn_out(&s->conn);
    char *at = buf_reserve(out, c->args.len + 24);
    char *from = at;
    *at++ = '*';
    at += fmt_u64(at, c->argc);
    *at++ = '\r';
    *at++ = '\n';
    memcpy(at, c->args.p, c->args.len);
    size_t n = (size_t)(at - from) + c->args.len;
    out->len += n;
    store_conn_queued(&s->conn, n);

    call->end = s->conn.queued;
    call->seconds = seconds_of(s, c);
    call->sent_us = clock_mono_us();
    list_add(&s->waiting, &call->link);
    s->waiting_count++;
    heap_put(&s->deadlines, &call->deadline, (int64_t)uv_now(s->loop) + timeout_ms);
    arm(s);
    c->argc = 0; /* sent: an accidental second store_send trips the check above */
}

void store_flush(struct store *s)
{
    store_conn_flush(&s->conn);
}

void store_call(struct store *s, const struct slice *argv, size_t argc, int64_t timeout_ms,
                store_cb cb, void *data)
{
    must(argc > 0);
    struct store_cmd *c = &s->cmd;
    buf_clear(&c->args);
    c->argc = 0;
    for (size_t i = 0; i < argc; i++)
        store_arg(c, argv[i]);
    store_send(s, c, timeout_ms, cb, data);
}
