#include "follow.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "services/kit/keys.h"
#include "services/matcher/matcher.h"

enum { POLL_MS = 250, READ_COUNT = 512, LOOK_BACK_MS = 30 * 60 * 1000, SWEEP_MS = 60 * 1000 };

struct follow {
    struct matcher *matcher;
    struct board *board; /* borrowed */
    struct key_text stream;
    char last[48]; /* id of the last entry taken */
    uv_timer_t timer;
    int64_t swept_ms;
    bool reading;
    bool current;
    bool closing;
    bool timer_closed;
    void (*closed)(void *data);
    void *closed_data;
};

static void read_next(struct follow *f);

static void check_closed(struct follow *f)
{
    if (!f->timer_closed || f->reading) return;
    void (*fn)(void *data) = f->closed;
    void *data = f->closed_data;
    mem_free(f);
    fn(data);
}

static void take(struct follow *f, const redisReply *entry)
{
    struct slice id = reply_slice(reply_at(entry, 0));
    const redisReply *fields = reply_at(entry, 1);
    struct board_event e = {
        .ride_id = reply_field_slice(fields, "ride_id"),
        .type = reply_field_slice(fields, "type"),
        .to = reply_field_slice(fields, "to"),
        .driver_id = reply_field_slice(fields, "driver_id"),
        .lease = reply_field_slice(fields, "lease"),
        .product = reply_field_slice(fields, "product"),
        .version = reply_i64(reply_field(fields, "version"), 0),
        .at_ms = reply_i64(reply_field(fields, "at_ms"), 0),
        .lat = reply_double(reply_field(fields, "lat"), 0),
        .lon = reply_double(reply_field(fields, "lon"), 0),
        .queued = reply_i64(reply_field(fields, "queued"), 0) != 0,
    };
    board_take(f->board, &e);
    if (id.len < sizeof f->last) (void)slice_cstr(id, f->last, sizeof f->last);
}

static void on_events(void *data, enum store_status status, const redisReply *reply)
{
    struct follow *f = data;
    f->reading = false;
    if (f->closing) {
        check_closed(f);
        return;
    }
    /* RESP2, as in work.c: one [stream, entries] pair, or nil when there is nothing new. */
    const redisReply *entries = status == STORE_OK ? reply_at(reply_at(reply, 0), 1) : NULL;
    size_t n = reply_count(entries);
    for (size_t i = 0; i < n; i++)
        take(f, reply_at(entries, i));
    f->current = status == STORE_OK && n < READ_COUNT;
    if (n == READ_COUNT) read_next(f);
}

static void read_next(struct follow *f)
{
    struct store *store = app_store(f->matcher->app);
    if (f->reading || f->closing || !store_is_up(store)) return;
    f->reading = true;
    struct store_cmd *c = store_cmd(store, "XREAD");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, READ_COUNT);
    store_arg_cstr(c, "STREAMS");
    store_arg(c, slice_make(f->stream.bytes, f->stream.len));
    store_arg_cstr(c, f->last);
    store_send(store, c, app_options(f->matcher->app)->store_timeout_ms, on_events, f);
}

static void on_poll(uv_timer_t *timer)
{
    struct follow *f = timer->data;
    int64_t now_ms = clock_wall_ms();
    if (now_ms - f->swept_ms >= SWEEP_MS) {
        f->swept_ms = now_ms;
        board_sweep(f->board, now_ms);
    }
    read_next(f);
}

struct follow *follow_new(struct matcher *m, struct slice region, struct board *board)
{
    struct follow *f = mem_new(struct follow);
    f->matcher = m;
    f->board = board;
    (void)key_make0(&f->stream, KEY_RIDES_EVENTS, region);
    (void)snprintf(f->last, sizeof f->last, "%lld-0", (long long)(clock_wall_ms() - LOOK_BACK_MS));
    (void)uv_timer_init(app_loop(m->app), &f->timer);
    f->timer.data = f;
    (void)uv_timer_start(&f->timer, on_poll, 0, POLL_MS);
    return f;
}

bool follow_is_current(const struct follow *f)
{
    return f->current;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct follow *f = handle->data;
    f->timer_closed = true;
    check_closed(f);
}

void follow_close(struct follow *f, void (*fn)(void *data), void *data)
{
    f->closing = true;
    f->closed = fn;
    f->closed_data = data;
    uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}
