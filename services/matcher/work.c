#include "work.h"

#include <math.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/matcher/exchange.h"
#include "services/matcher/matcher.h"
#include "services/matcher/radius.h"
#include "services/matcher/round.h"

enum { READ_COUNT = 64, CLAIM_COUNT = 32, RETRY_MS = 500, ROUNDS_MAX = 2 };

static const struct slice group = {"matchers", 8};

struct work {
    struct matcher *matcher;
    char region[33];
    struct key_text stream;
    struct store *reader; /* owned: its reads block, so it is a connection of its own */
    uv_timer_t claim_timer;
    uv_timer_t retry_timer;
    uv_timer_t window_timer;   /* runs while rides are being gathered */
    struct board *board;       /* owned */
    struct follow *follow;     /* owned: keeps the board */
    struct exchange *exchange; /* owned */
    int64_t gathering_us;      /* when the first of fresh came in; 0: none */
    struct list fresh;         /* of struct work_entry */
    struct list suspects;      /* delivered before, or unreadable */
    struct map entries;        /* stream id -> struct work_entry: all that are held */
    size_t promised;           /* places for entries that are being claimed */
    struct radius radius;
    struct recorder_series *matches, *waits_ms, *longest_ms; /* borrowed; may be NULL */
    struct list rounds;                                      /* under way; of round.c */
    uint32_t round_count;
    bool alone; /* the round under way is of a suspect, or an entry is being given up */
    bool reading;
    bool claiming; /* an XPENDING is under way */
    bool draining;
    void (*drained)(void *data);
    void *drained_data;
};

static void read_more(struct work *w);
static void begin_round(struct work *w);

struct matcher *work_matcher(struct work *w)
{
    return w->matcher;
}

struct board *work_board(struct work *w)
{
    return w->board;
}

void work_matched(struct work *w, int64_t now_ms, int64_t waited_ms)
{
    recorder_add(w->matches, now_ms, 1);
    recorder_add(w->waits_ms, now_ms, (double)waited_ms);
    recorder_add(w->longest_ms, now_ms, (double)waited_ms);
}

struct radius *work_radius(struct work *w)
{
    return &w->radius;
}

struct list *work_rounds(struct work *w)
{
    return &w->rounds;
}

struct slice work_region(const struct work *w)
{
    return slice_of(w->region);
}

static struct slice stream_of(const struct work *w)
{
    return slice_make(w->stream.bytes, w->stream.len);
}

static struct store *calls_of(const struct work *w)
{
    return app_store(w->matcher->app);
}

static int64_t timeout_of(const struct work *w)
{
    return app_options(w->matcher->app)->store_timeout_ms;
}

/* Entries held, and those that may still come of claims. */
static size_t held(const struct work *w)
{
    return w->entries.count + w->promised;
}

void work_resolved(struct work *w, struct work_entry *e)
{
    must(map_take(&w->entries, e->id) == e);
    mem_free(e->text);
    mem_free(e->raw);
    mem_free(e);
}

/* Whether it can ever be work: it names a ride of this region. */
static bool readable(const struct work *w, const struct work_entry *e)
{
    return id_valid(e->ride_id) && slice_eq(id_region(e->ride_id), work_region(w));
}

/* The fields of an entry as a JSON object, for whoever looks at a dead letter. */
static char *raw_of(const redisReply *fields)
{
    struct buf out = {0};
    struct json j = json_start(&out);
    json_object_start(&j);
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        json_key_slice(&j, reply_slice(reply_at(fields, i)));
        json_str(&j, reply_slice(reply_at(fields, i + 1)));
    }
    json_object_end(&j);
    buf_add_char(&out, '\0');
    return buf_take(&out, NULL);
}

static struct work_ride ride_of(const redisReply *fields)
{
    return (struct work_ride){
        .product = reply_field_slice(fields, "product"),
        .constraints = reply_field_slice(fields, "constraints"),
        .excluded = reply_field_slice(fields, "excluded"),
        .pickup = {.lon = reply_double(reply_field(fields, "pickup_lon"), (double)NAN),
                   .lat = reply_double(reply_field(fields, "pickup_lat"), (double)NAN)},
        .created_ms = reply_i64(reply_field(fields, "created_ms"), 0),
    };
}

/* Copies the text of the entry, which lives in the reply. */
static void keep_text(struct work_entry *e)
{
    struct slice *all[] = {&e->id, &e->ride_id, &e->ride.product, &e->ride.constraints,
                           &e->ride.excluded};
    enum { TEXTS = sizeof all / sizeof all[0] };
    size_t len = 0;
    for (size_t i = 0; i < TEXTS; i++)
        len += all[i]->len + 1;
    e->text = mem_alloc(len);
    char *at = e->text;
    for (size_t i = 0; i < TEXTS; i++) {
        struct slice s = *all[i];
        if (s.len > 0) memcpy(at, s.p, s.len);
        at[s.len] = '\0';
        *all[i] = slice_make(at, s.len);
        at += s.len + 1;
    }
}

/* Takes one [id, fields] pair in, unless it is held already: an entry that waits here long enough
 * looks abandoned, and is claimed from ourselves. */
static void hold(struct work *w, const redisReply *pair, int64_t deliveries)
{
    const redisReply *fields = reply_at(pair, 1);
    struct slice id = reply_slice(reply_at(pair, 0));
    if (map_find(&w->entries, id) != NULL) return;
    struct work_entry *e = mem_new(struct work_entry);
    *e = (struct work_entry){
        .id = id,
        .ride_id = reply_field_slice(fields, "ride_id"),
        .attempt = reply_i64(reply_field(fields, "attempt"), 0),
        .deliveries = deliveries,
        .at_ms = id_entry_ms(id),
        .ride = ride_of(fields),
    };
    e->told = e->ride.product.len > 0 && e->ride.created_ms > 0 && geohash_valid(e->ride.pickup);
    keep_text(e);
    bool suspect = deliveries > 1 || !readable(w, e);
    if (suspect) e->raw = raw_of(fields);
    list_init(&e->link);
    list_add(suspect ? &w->suspects : &w->fresh, &e->link);
    (void)map_put(&w->entries, id, e);
}

static void check_drained(struct work *w)
{
    if (!w->draining || w->reading || w->claiming || held(w) > 0 || w->drained == NULL) return;
    void (*fn)(void *data) = w->drained;
    w->drained = NULL;
    fn(w->drained_data);
}

/* An entry on its way to rides:dead. */
struct farewell {
    struct work *w;
    struct work_entry *e;
    bool named; /* the ride it names is failed with it */
};

static void farewell_send(struct farewell *f, const char *reason);

static void on_dead_letter(void *data, const struct life_result *r)
{
    struct farewell *f = data;
    struct work *w = f->w;
    if (r->code == LIFE_BROKEN && f->named) {
        /* The ride itself cannot be read: the entry goes without it, its text is kept. */
        f->named = false;
        life_work_failed(w->matcher->life, work_region(w), f->e->id, r->error, NULL, NULL);
        farewell_send(f, "unreadable_ride");
        return;
    }
    const char *result = r->code == LIFE_OK            ? "dead_letter"
                         : r->code == LIFE_STALE_ENTRY ? "stale"
                                                       : "unresolved";
    metric_inc(METRIC_AT(w->matcher->metric[M_ENTRIES], slice_of(result)));
    if (r->code == LIFE_OK)
        log_error("dead_letter", LOG_STR("ride_id", f->e->ride_id), LOG_STR("entry", f->e->id),
                  LOG_INT("deliveries", f->e->deliveries));
    work_resolved(w, f->e);
    mem_free(f);
    work_round_done(w);
}

static void farewell_send(struct farewell *f, const char *reason)
{
    const struct work_entry *e = f->e;
    struct life_entry entry = {
        .ride_id = f->named ? e->ride_id : SLICE(""), .attempt = e->attempt, .entry_id = e->id};
    life_ride_dead_letter(f->w->matcher->life, work_region(f->w), &entry, slice_of(reason),
                          e->deliveries, slice_of(e->raw), on_dead_letter, f);
}

static void give_up(struct work *w, struct work_entry *e)
{
    struct farewell *f = mem_new(struct farewell);
    *f = (struct farewell){w, e, readable(w, e)};
    farewell_send(f, f->named ? "deliveries" : "unreadable");
}

static void on_window(uv_timer_t *timer)
{
    begin_round(timer->data);
}

/* Whether the fresh entries should wait for others to join them; if so, for how long is set. */
static bool gather(struct work *w)
{
    int64_t now_us = clock_mono_us();
    if (w->gathering_us == 0) w->gathering_us = now_us;
    int64_t wait_ms = board_gather_ms(w->board, w->matcher->options.window_ms);
    int64_t left_ms = wait_ms - (now_us - w->gathering_us) / 1000;
    if (left_ms <= 0 || w->draining || held(w) >= (size_t)w->matcher->options.held) return false;
    (void)uv_timer_start(&w->window_timer, on_window, (uint64_t)left_ms, 0);
    return true;
}

/* A suspect has the process to itself, so that nothing else dies with it. */
static void begin_suspect(struct work *w)
{
    if (w->round_count > 0) return; /* the last to end comes back here */
    struct work_entry *e = list_entry(list_take(&w->suspects), struct work_entry, link);
    w->round_count = 1;
    w->alone = true;
    if (e->deliveries >= w->matcher->options.deliveries || !readable(w, e)) {
        give_up(w, e);
        return;
    }
    struct list one;
    list_init(&one);
    list_add(&one, &e->link);
    round_start(w, &one);
}

static void begin_round(struct work *w)
{
    if (w->alone || w->round_count == ROUNDS_MAX) return;
    (void)uv_timer_stop(&w->window_timer);
    if (!list_empty(&w->suspects)) {
        begin_suspect(w);
        return;
    }
    if (list_empty(&w->fresh) || gather(w)) return;
    w->round_count++;
    metric_observe(metric_only(w->matcher->metric[M_WINDOW]),
                   (double)(clock_mono_us() - w->gathering_us) / 1e6);
    w->gathering_us = 0;
    round_start(w, &w->fresh); /* takes them all */
    must(list_empty(&w->fresh));
}

void work_round_done(struct work *w)
{
    must(w->round_count > 0);
    w->round_count--;
    w->alone = false;
    begin_round(w);
    read_more(w);
    check_drained(w);
}

/* --- reading --- */

static void on_retry(uv_timer_t *timer);

/* Begins again from the group in a moment. */
static void try_later(struct work *w)
{
    if (!w->draining) (void)uv_timer_start(&w->retry_timer, on_retry, RETRY_MS, 0);
}

static void on_group(void *data, enum store_status status, const redisReply *reply)
{
    struct work *w = data;
    w->reading = false;
    if (status == STORE_OK || reply_is_error_code(reply, "BUSYGROUP")) {
        read_more(w);
        check_drained(w);
        return;
    }
    if (status == STORE_ERROR)
        log_error("group_failed", LOG_CSTR("region", w->region),
                  LOG_STR("error", reply_slice(reply)));
    try_later(w);
    check_drained(w);
}

/* Makes the group, from the stream's beginning: nothing asked before the first matcher ran is
 * lost. Runs whenever the reader's connection comes up, since the store may be a fresh one. */
static void make_group(void *data)
{
    struct work *w = data;
    if (w->reading) return; /* its callback will read on */
    w->reading = true;
    STORE_CALL(w->reader, timeout_of(w), on_group, w, SLICE("XGROUP"), SLICE("CREATE"),
               stream_of(w), group, SLICE("0"), SLICE("MKSTREAM"));
}

static void on_retry(uv_timer_t *timer)
{
    struct work *w = timer->data;
    if (store_is_up(w->reader))
        make_group(w);
    else
        (void)uv_timer_start(timer, on_retry, RETRY_MS, 0);
}

static void on_read(void *data, enum store_status status, const redisReply *reply)
{
    struct work *w = data;
    w->reading = false;
    if (status != STORE_OK) {
        try_later(w); /* the connection broke, or the group is gone */
        check_drained(w);
        return;
    }
    const redisReply *entries = reply_at(reply_at(reply, 0), 1);
    for (size_t i = 0; i < reply_count(entries); i++)
        hold(w, reply_at(entries, i), 1);
    begin_round(w);
    read_more(w);
    check_drained(w);
}

static void read_more(struct work *w)
{
    size_t max = (size_t)w->matcher->options.held;
    if (w->reading || w->draining || held(w) >= max || !store_is_up(w->reader)) return;
    size_t room = max - held(w);
    w->reading = true;
    struct store_cmd *c = store_cmd(w->reader, "XREADGROUP");
    store_arg_cstr(c, "GROUP");
    store_arg(c, group);
    store_arg_cstr(c, w->matcher->consumer);
    store_arg_cstr(c, "COUNT");
    store_arg_u64(c, room < READ_COUNT ? room : READ_COUNT);
    store_arg_cstr(c, "BLOCK");
    store_arg_i64(c, w->matcher->options.block_ms);
    store_arg_cstr(c, "STREAMS");
    store_arg(c, stream_of(w));
    store_arg_cstr(c, ">");
    store_send(w->reader, c, w->matcher->options.block_ms + timeout_of(w), on_read, w);
}

/* --- taking over what silent readers left --- */

/* An XCLAIM under way. */
struct claim {
    struct work *w;
    int64_t deliveries; /* with ours */
};

static void on_claimed(void *data, enum store_status status, const redisReply *reply)
{
    struct claim *claim = data;
    struct work *w = claim->w;
    w->promised--;
    if (status == STORE_OK && reply_count(reply) == 1 && reply_count(reply_at(reply, 0)) == 2) {
        metric_inc(metric_only(w->matcher->metric[M_CLAIMED]));
        hold(w, reply_at(reply, 0), claim->deliveries);
    }
    mem_free(claim);
    begin_round(w);
    read_more(w);
    check_drained(w);
}

static void claim_one(struct work *w, const redisReply *pending)
{
    struct claim *claim = mem_new(struct claim);
    claim->w = w;
    claim->deliveries = reply_i64(reply_at(pending, 3), 1) + 1;
    w->promised++;
    struct store_cmd *c = store_cmd(calls_of(w), "XCLAIM");
    store_arg(c, stream_of(w));
    store_arg(c, group);
    store_arg_cstr(c, w->matcher->consumer);
    store_arg_i64(c, w->matcher->options.claim_ms); /* only if nobody else was faster */
    store_arg(c, reply_slice(reply_at(pending, 0)));
    store_send(calls_of(w), c, timeout_of(w), on_claimed, claim);
}

static void on_pending(void *data, enum store_status status, const redisReply *reply)
{
    struct work *w = data;
    w->claiming = false;
    size_t n = status == STORE_OK && !w->draining ? reply_count(reply) : 0;
    for (size_t i = 0; i < n && held(w) < (size_t)w->matcher->options.held; i++) {
        const redisReply *pending = reply_at(reply, i);
        if (map_find(&w->entries, reply_slice(reply_at(pending, 0))) == NULL) claim_one(w, pending);
    }
    check_drained(w);
}

static void on_claim_timer(uv_timer_t *timer)
{
    struct work *w = timer->data;
    if (w->claiming || w->draining || !store_is_up(calls_of(w))) return;
    w->claiming = true;
    struct store_cmd *c = store_cmd(calls_of(w), "XPENDING");
    store_arg(c, stream_of(w));
    store_arg(c, group);
    store_arg_cstr(c, "IDLE");
    store_arg_i64(c, w->matcher->options.claim_ms);
    store_arg_cstr(c, "-");
    store_arg_cstr(c, "+");
    store_arg_i64(c, CLAIM_COUNT);
    store_send(calls_of(w), c, timeout_of(w), on_pending, w);
}

/* --- life --- */

struct work *work_new(struct matcher *m, struct slice region)
{
    struct work *w = mem_new(struct work);
    w->matcher = m;
    (void)slice_cstr(region, w->region, sizeof w->region);
    (void)key_make0(&w->stream, KEY_RIDES_INCOMING, region);
    list_init(&w->fresh);
    list_init(&w->suspects);
    list_init(&w->rounds);
    w->matches = recorder_series(m->recorder, region, RECORDED_MATCHES, SLICE(""));
    w->waits_ms = recorder_series(m->recorder, region, RECORDED_MATCH_MS, SLICE(""));
    w->longest_ms = recorder_series(m->recorder, region, RECORDED_MATCH_MS_MAX, SLICE(""));

    uv_loop_t *loop = app_loop(m->app);
    (void)uv_timer_init(loop, &w->retry_timer);
    w->retry_timer.data = w;
    (void)uv_timer_init(loop, &w->window_timer);
    w->window_timer.data = w;
    (void)uv_timer_init(loop, &w->claim_timer);
    w->claim_timer.data = w;
    uint64_t every_ms = (uint64_t)m->options.claim_ms / 2;
    (void)uv_timer_start(&w->claim_timer, on_claim_timer, every_ms, every_ms);

    struct store_config config = app_store_config(m->app);
    w->reader = store_new(loop, &config);
    store_on_up(w->reader, make_group, w);
    store_open(w->reader);

    w->board = board_new();
    w->follow = follow_new(m, region, w->board);
    w->exchange = exchange_new(m, region, w->board, w->follow);
    return w;
}

void work_drain(struct work *w, void (*fn)(void *data), void *data)
{
    w->draining = true;
    w->drained = fn;
    w->drained_data = data;
    (void)uv_timer_stop(&w->retry_timer);
    exchange_drain(w->exchange);
    begin_round(w); /* what is being gathered goes at once */
    check_drained(w);
}

/* The reader, what keeps the board, what uses it and the timers close at their own pace; the last one frees. */
struct closing {
    struct work *w;
    int left;
};

static void part_closed(struct closing *c)
{
    if (--c->left > 0) return;
    map_fini(&c->w->entries);
    board_free(c->w->board);
    mem_free(c->w);
    mem_free(c);
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void on_part_closed(void *data)
{
    part_closed(data);
}

void work_close(struct work *w)
{
    if (w == NULL) return;
    struct closing *c = mem_new(struct closing);
    *c = (struct closing){w, 6};
    w->draining = true;
    w->claim_timer.data = c;
    w->retry_timer.data = c;
    w->window_timer.data = c;
    uv_close((uv_handle_t *)&w->claim_timer, on_handle_closed);
    uv_close((uv_handle_t *)&w->retry_timer, on_handle_closed);
    uv_close((uv_handle_t *)&w->window_timer, on_handle_closed);
    exchange_close(w->exchange, on_part_closed, c);
    follow_close(w->follow, on_part_closed, c);
    store_close(w->reader, on_part_closed, c);
}
