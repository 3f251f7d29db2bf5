#include "group_reader.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

enum { READ_COUNT = 128, CLAIM_COUNT = 64, BLOCK_MS = 2000, RETRY_MS = 300 };

struct group_reader {
    struct group_reader_config config;
    struct key_text stream;
    struct store *reader; /* owned */
    uv_timer_t claim_timer;
    uv_timer_t retry_timer;
    size_t work;   /* entries taken, and calls under way beside the blocking read */
    bool reading;  /* the blocking read, or the making of the group, is under way */
    bool claiming; /* a claim's entries are not all done */
    bool draining;
    bool closing;
    int handles; /* open: two timers and the reader */
    void (*drained)(void *data);
    void *drained_data;
    void (*closed)(void *data);
    void *closed_data;
    struct log_gate gate;
};

static void read_more(struct group_reader *r);
static void on_retry(uv_timer_t *timer);

static struct slice stream_of(const struct group_reader *r)
{
    return slice_make(r->stream.bytes, r->stream.len);
}

static int64_t timeout_of(const struct group_reader *r)
{
    return app_options(r->config.app)->store_timeout_ms;
}

static void complain(struct group_reader *r, const char *event, struct slice error)
{
    uint64_t missed = 0;
    if (!log_gate_open(&r->gate, clock_mono_ms(), 1000, &missed)) return;
    log_error(event, LOG_STR("stream", stream_of(r)), LOG_STR("group", r->config.group),
              LOG_STR("error", error), LOG_INT("missed", missed));
}

/* After each thing that ended: is the drain over, may r be freed, should more be read? */
static void settle_down(struct group_reader *r)
{
    if (r->work == 0) {
        r->claiming = false;
        if (r->draining && r->drained != NULL) {
            void (*fn)(void *data) = r->drained;
            r->drained = NULL;
            fn(r->drained_data);
        }
        if (r->closing && r->handles == 0 && !r->reading) {
            void (*fn)(void *data) = r->closed;
            void *data = r->closed_data;
            mem_free(r);
            if (fn != NULL) fn(data);
            return;
        }
    }
    read_more(r);
}

void group_reader_done(struct group_reader *r)
{
    must(r->work > 0);
    r->work--;
    settle_down(r);
}

static void on_acked(void *data, enum store_status status, const redisReply *reply)
{
    (void)status; /* what was not acknowledged is claimed, seen to be no work, and acknowledged */
    (void)reply;
    group_reader_done(data);
}

/* Hands out the entries ([[id, fields], ...]) and acknowledges those that are no work in one
 * command. */
static void take(struct group_reader *r, const redisReply *entries)
{
    struct store *store = app_store(r->config.app);
    size_t n = reply_count(entries);
    size_t others = 0;
    struct slice *idle = n == 0 ? NULL : mem_alloc(n * sizeof *idle);
    for (size_t i = 0; i < n; i++) {
        const redisReply *entry = reply_at(entries, i);
        struct slice id = reply_slice(reply_at(entry, 0));
        if (r->config.take(r->config.data, id, reply_at(entry, 1)))
            r->work++;
        else
            idle[others++] = id;
    }
    if (others > 0) {
        struct store_cmd *c = store_cmd(store, "XACK");
        store_arg(c, stream_of(r));
        store_arg(c, r->config.group);
        for (size_t i = 0; i < others; i++)
            store_arg(c, idle[i]);
        r->work++;
        store_send(store, c, timeout_of(r), on_acked, r);
    }
    mem_free(idle);
}

static void on_read(void *data, enum store_status status, const redisReply *reply)
{
    struct group_reader *r = data;
    r->reading = false;
    if (status == STORE_OK) {
        /* Nil when the wait was in vain. While draining what came is left for others to claim. */
        if (!r->draining) take(r, reply_at(reply_at(reply, 0), 1));
        settle_down(r);
        return;
    }
    /* The group is gone with a store that lost its data; anything else passes by itself. */
    if (status == STORE_ERROR) complain(r, "events_unread", reply_slice(reply));
    if (!r->draining) (void)uv_timer_start(&r->retry_timer, on_retry, RETRY_MS, 0);
    settle_down(r);
}

static void read_more(struct group_reader *r)
{
    if (r->reading || r->draining || r->work > 0 || !store_is_up(r->reader)) return;
    if (uv_is_active((uv_handle_t *)&r->retry_timer)) return;
    r->reading = true;
    struct store_cmd *c = store_cmd(r->reader, "XREADGROUP");
    store_arg_cstr(c, "GROUP");
    store_arg(c, r->config.group);
    store_arg_cstr(c, r->config.consumer);
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, READ_COUNT);
    store_arg_cstr(c, "BLOCK");
    store_arg_i64(c, BLOCK_MS);
    store_arg_cstr(c, "STREAMS");
    store_arg(c, stream_of(r));
    store_arg_cstr(c, ">");
    store_send(r->reader, c, BLOCK_MS + timeout_of(r), on_read, r);
}

static void on_group(void *data, enum store_status status, const redisReply *reply)
{
    struct group_reader *r = data;
    r->reading = false;
    bool there = status == STORE_OK || reply_is_error_code(reply, "BUSYGROUP");
    if (!there) complain(r, "group_not_made", reply_slice(reply));
    if (!there && !r->draining) (void)uv_timer_start(&r->retry_timer, on_retry, RETRY_MS, 0);
    settle_down(r);
}

/* Makes the group where it is missing, from the beginning of the stream, and then reads. */
static void make_group(struct group_reader *r)
{
    if (r->reading || r->draining || !store_is_up(r->reader)) return;
    r->reading = true;
    STORE_CALL(r->reader, timeout_of(r), on_group, r, SLICE("XGROUP"), SLICE("CREATE"),
               stream_of(r), r->config.group, SLICE("0"), SLICE("MKSTREAM"));
}

static void on_up(void *data)
{
    make_group(data);
}

static void on_retry(uv_timer_t *timer)
{
    make_group(timer->data);
}

static void on_claimed(void *data, enum store_status status, const redisReply *reply)
{
    struct group_reader *r = data;
    if (status == STORE_OK) take(r, reply_at(reply, 1));
    group_reader_done(r);
}

static void on_claim_timer(uv_timer_t *timer)
{
    struct group_reader *r = timer->data;
    struct store *store = app_store(r->config.app);
    if (r->claiming || r->draining || !store_is_up(store)) return;
    r->claiming = true;
    r->work++;
    struct store_cmd *c = store_cmd(store, "XAUTOCLAIM");
    store_arg(c, stream_of(r));
    store_arg(c, r->config.group);
    store_arg_cstr(c, r->config.consumer);
    store_arg_i64(c, r->config.claim_ms);
    store_arg_cstr(c, "0");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, CLAIM_COUNT);
    store_send(store, c, timeout_of(r), on_claimed, r);
}

struct group_reader *group_reader_new(const struct group_reader_config *config)
{
    struct group_reader *r = mem_new(struct group_reader);
    r->config = *config;
    r->config.region = SLICE("");
    (void)key_make0(&r->stream, config->stream, config->region);

    uv_loop_t *loop = app_loop(config->app);
    must(uv_timer_init(loop, &r->claim_timer) == 0);
    must(uv_timer_init(loop, &r->retry_timer) == 0);
    r->claim_timer.data = r;
    r->retry_timer.data = r;
    uint64_t every = (uint64_t)config->claim_ms / 2 + 1;
    must(uv_timer_start(&r->claim_timer, on_claim_timer, every, every) == 0);

    struct store_config store = app_store_config(config->app);
    r->reader = store_new(loop, &store);
    r->handles = 3;
    store_on_up(r->reader, on_up, r);
    store_open(r->reader);
    return r;
}

void group_reader_drain(struct group_reader *r, void (*cb)(void *data), void *data)
{
    r->draining = true;
    r->drained = cb;
    r->drained_data = data;
    (void)uv_timer_stop(&r->claim_timer);
    (void)uv_timer_stop(&r->retry_timer);
    settle_down(r);
}

static void handle_closed(struct group_reader *r)
{
    r->handles--;
    settle_down(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_reader_closed(void *data)
{
    handle_closed(data);
}

void group_reader_close(struct group_reader *r, void (*cb)(void *data), void *data)
{
    r->draining = true;
    r->closing = true;
    r->drained = NULL;
    r->closed = cb;
    r->closed_data = data;
    uv_close((uv_handle_t *)&r->claim_timer, on_timer_closed);
    uv_close((uv_handle_t *)&r->retry_timer, on_timer_closed);
    store_close(r->reader, on_reader_closed, r);
}
