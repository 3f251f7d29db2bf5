#include "surge_keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/kit/leader.h"
#include "services/pricing/pricing.h"
#include "services/pricing/tally.h"

#include <stdio.h>

/* Entries read at a time, and times in a round; what is left is read in the next one. */
enum { EVENTS_COUNT = 1000, EVENTS_ROUNDS = 100 };

/* One round of the leader, every surge_ms:
 *
 *   RESTING -> RESUME (once a leadership) -> PINS -> EVENTS (until none are left) -> SUPPLY
 *      ^                                                                                |
 *      +---------------- WRITE <---------- surge_step <---------------------------------+
 *
 * Any answer that is not one ends the round; the next one begins where this one stopped. */
enum keeper_at {
    KEEPER_RESTING,
    KEEPER_RESUME,
    KEEPER_PINS,
    KEEPER_EVENTS,
    KEEPER_SUPPLY,
    KEEPER_WRITE
};

struct surge_keeper {
    struct pricing *pricing; /* borrowed */
    char region[33];         /* a region id and a NUL */
    struct leader *leader;   /* owned */
    uv_timer_t timer;
    struct surge surge;
    struct tally *tally; /* owned */
    enum keeper_at at;
    bool resumed; /* this leadership has taken over what was shown */
    int rounds;
    char cursor[48]; /* the last entry counted */
    size_t calls;    /* of SUPPLY, under way */
    bool failed;     /* one of them */
    bool draining;
    bool closing;
    bool timer_closed;
    void (*drained)(void *data);
    void *drained_data;
    struct log_gate gate;
};

/* One count of idle drivers of a product: those of a cell, or all of them. */
struct supply {
    struct surge_keeper *keeper;
    cell_id cell;
    char product[33];
};

static void keeper_step(struct surge_keeper *k);

static struct store *store_of(const struct surge_keeper *k)
{
    return app_store(k->pricing->app);
}

static int64_t timeout_of(const struct surge_keeper *k)
{
    return app_options(k->pricing->app)->store_timeout_ms;
}

/* The round is over, well or not. */
static void rest(struct surge_keeper *k)
{
    k->at = KEEPER_RESTING;
    if (k->drained != NULL) {
        void (*fn)(void *data) = k->drained;
        k->drained = NULL;
        fn(k->drained_data);
    }
    if (!k->closing || !k->timer_closed) return;
    surge_fini(&k->surge);
    tally_free(k->tally);
    mem_free(k);
}

static void give_up(struct surge_keeper *k, enum store_status status, const redisReply *reply)
{
    uint64_t missed = 0;
    if (log_gate_open(&k->gate, clock_mono_ms(), 10000, &missed))
        log_warn("surge_round_failed", LOG_CSTR("region", k->region), LOG_INT("at", k->at),
                 LOG_CSTR("status", store_status_text(status)),
                 LOG_STR("error", reply_slice(reply)), LOG_INT("missed", missed));
    rest(k);
}

static void on_shown(void *data, enum store_status status, const redisReply *reply)
{
    struct surge_keeper *k = data;
    if (status != STORE_OK) {
        give_up(k, status, reply);
        return;
    }
    for (size_t i = 0; i + 1 < reply_count(reply); i += 2) {
        cell_id cell = 0;
        if (cell_parse(reply_slice(reply_at(reply, i)), &cell))
            surge_resume(&k->surge, cell, reply_double(reply_at(reply, i + 1), 1));
    }
    k->resumed = true;
    k->at = KEEPER_PINS;
    keeper_step(k);
}

/* Removes pins that have run out, one by one: what somebody sets meanwhile has another value,
 * but it would be lost, so only long dead ones go. */
static void on_pins(void *data, enum store_status status, const redisReply *reply)
{
    enum { DEAD_MS = 60000 };
    struct surge_keeper *k = data;
    struct key_text key;
    int64_t now_ms = clock_wall_ms();
    if (status != STORE_OK) {
        give_up(k, status, reply);
        return;
    }
    for (size_t i = 0; i + 1 < reply_count(reply); i += 2) {
        double m = 0;
        int64_t until_ms = 0;
        struct slice value = reply_slice(reply_at(reply, i + 1));
        if (surge_pin_parse(value, &m, &until_ms) && until_ms + DEAD_MS > now_ms) continue;
        STORE_CALL(store_of(k), timeout_of(k), NULL, NULL, SLICE("HDEL"),
                   key_make0(&key, KEY_SURGE_PIN, slice_of(k->region)),
                   reply_slice(reply_at(reply, i)));
    }
    k->rounds = 0;
    k->at = KEEPER_EVENTS;
    keeper_step(k);
}

static void count_entry(struct surge_keeper *k, const redisReply *entry, int64_t now_ms)
{
    const redisReply *fields = reply_at(entry, 1);
    struct slice type = reply_field_slice(fields, "type");
    struct geo_point p = {reply_double(reply_field(fields, "lon"), 999),
                          reply_double(reply_field(fields, "lat"), 999)};
    enum surge_event event = SURGE_REQUEST;
    if (slice_is(type, "offer"))
        event = SURGE_OFFER;
    else if (slice_is(type, "accept"))
        event = SURGE_ACCEPT;
    else if (!slice_is(type, "create") && !slice_is(type, "lead_time"))
        return;
    bool waits = slice_is(reply_field_slice(fields, "to"), "scheduled");
    if (waits || !geohash_valid(p)) return; /* a scheduled ride is demand when its time comes */
    int64_t at_ms = id_entry_ms(reply_slice(reply_at(entry, 0)));
    if (event == SURGE_REQUEST) tally_demand(k->tally, reply_field_slice(fields, "product"), at_ms);
    surge_count(&k->surge, event, cell_at(p), at_ms, now_ms);
}

static void on_events(void *data, enum store_status status, const redisReply *reply)
{
    struct surge_keeper *k = data;
    if (status != STORE_OK) {
        give_up(k, status, reply);
        return;
    }
    int64_t now_ms = clock_wall_ms();
    size_t n = reply_count(reply);
    for (size_t i = 0; i < n; i++)
        count_entry(k, reply_at(reply, i), now_ms);
    if (n > 0)
        (void)slice_cstr(reply_slice(reply_at(reply_at(reply, n - 1), 0)), k->cursor,
                         sizeof k->cursor);
    if (n < EVENTS_COUNT || ++k->rounds >= EVENTS_ROUNDS) k->at = KEEPER_SUPPLY;
    keeper_step(k);
}

static void send_events(struct surge_keeper *k)
{
    struct key_text key;
    struct slice parts[2] = {SLICE("("), slice_of(k->cursor)};
    struct store_cmd *c = store_cmd(store_of(k), "XRANGE");
    store_arg(c, key_make0(&key, KEY_RIDES_EVENTS, slice_of(k->region)));
    store_arg_parts(c, parts, 2);
    store_arg_cstr(c, "+");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, EVENTS_COUNT);
    store_send(store_of(k), c, timeout_of(k), on_events, k);
}

static void supply_done(struct surge_keeper *k, enum store_status status, const redisReply *reply)
{
    if (status != STORE_OK) k->failed = true;
    if (--k->calls > 0) return;
    if (k->failed) {
        give_up(k, status, reply);
        return;
    }
    k->at = KEEPER_WRITE;
    keeper_step(k);
}

static void on_supply(void *data, enum store_status status, const redisReply *reply)
{
    struct supply *s = data;
    struct surge_keeper *k = s->keeper;
    /* A driver may serve several products: the largest index is the best count of drivers. */
    if (status == STORE_OK) surge_supply_at_least(&k->surge, s->cell, reply_i64(reply, 0));
    mem_free(s);
    supply_done(k, status, reply);
}

static void on_idle(void *data, enum store_status status, const redisReply *reply)
{
    struct supply *s = data;
    struct surge_keeper *k = s->keeper;
    if (status == STORE_OK) tally_supply(k->tally, slice_of(s->product), reply_i64(reply, 0));
    mem_free(s);
    supply_done(k, status, reply);
}

/* Asks for all idle drivers of a product, for the tally. */
static void send_idle(struct surge_keeper *k, struct slice product)
{
    struct key_text key;
    struct supply *s = mem_new(struct supply);
    s->keeper = k;
    (void)slice_cstr(product, s->product, sizeof s->product);
    k->calls++;
    STORE_CALL(store_of(k), timeout_of(k), on_idle, s, SLICE("ZCARD"),
               key_make1(&key, KEY_DRIVERS_IDLE, slice_of(k->region), product));
}

static void send_supply(struct surge_keeper *k)
{
    const struct region *region = regions_find(app_regions(k->pricing->app), slice_of(k->region));
    struct key_text key;
    char min[24];
    char max[24];
    k->failed = false;
    k->calls = 1; /* ours, until all are sent */
    for (size_t i = 0; region != NULL && i < k->surge.count; i++) {
        cell_id cell = k->surge.entries[i].cell;
        uint64_t from = 0;
        uint64_t to = 0;
        cell_scores(cell, &from, &to);
        (void)snprintf(min, sizeof min, "%llu", (unsigned long long)from);
        (void)snprintf(max, sizeof max, "(%llu", (unsigned long long)to);
        surge_supply(&k->surge, cell, 0);
        for (uint32_t p = 0; p < region->products_count; p++) {
            struct supply *s = mem_new(struct supply);
            *s = (struct supply){.keeper = k, .cell = cell};
            k->calls++;
            STORE_CALL(
                store_of(k), timeout_of(k), on_supply, s, SLICE("ZCOUNT"),
                key_make1(&key, KEY_DRIVERS_IDLE, slice_of(k->region), region->products[p].id),
                slice_of(min), slice_of(max));
        }
    }
    for (uint32_t p = 0; region != NULL && p < region->products_count; p++)
        send_idle(k, region->products[p].id);
    supply_done(k, STORE_OK, NULL);
}

/* The whole snapshot replaces the one before, in one step: readers see one or the other. */
static const char replace[] = "redis.call('DEL', KEYS[1])\n"
                              "for i = 1, #ARGV, 2 do\n"
                              "  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])\n"
                              "end\n"
                              "return 1";

static void on_written(void *data, enum store_status status, const redisReply *reply)
{
    struct surge_keeper *k = data;
    if (status != STORE_OK)
        give_up(k, status, reply);
    else
        rest(k);
}

static void send_snapshot(struct surge_keeper *k)
{
    struct store *store = store_of(k);
    struct key_text key;
    char text[CELL_HEX + 1];
    char ulid[ULID_LEN + 1];
    int64_t now_ms = clock_wall_ms();
    (void)surge_step(&k->surge, now_ms);
    double highest = 1;

    struct store_cmd *c = store_cmd(store, "EVAL");
    store_arg_cstr(c, replace);
    store_arg_i64(c, 1);
    store_arg(c, key_make0(&key, KEY_SURGE, slice_of(k->region)));
    store_arg_cstr(c, "snapshot_id");
    store_arg_cstr(c, id_ulid(now_ms, ulid));
    store_arg_cstr(c, "at_ms");
    store_arg_i64(c, now_ms);
    for (size_t i = 0; i < k->surge.count; i++) {
        const struct surge_entry *e = &k->surge.entries[i];
        if (e->shown > highest) highest = e->shown;
        if (e->shown <= 1) continue;
        store_arg_cstr(c, cell_text(e->cell, text));
        store_arg_double(c, e->shown);
    }
    store_send(store, c, timeout_of(k), on_written, k);
    metric_set(METRIC_AT(k->pricing->metric[M_SURGE], slice_of(k->region)), highest);
    tally_tell(k->tally, now_ms, highest);
}

/* Does what the round is at. */
static void keeper_step(struct surge_keeper *k)
{
    struct key_text key;
    struct slice region = slice_of(k->region);
    switch (k->at) {
    case KEEPER_RESTING:
        break;
    case KEEPER_RESUME:
        STORE_CALL(store_of(k), timeout_of(k), on_shown, k, SLICE("HGETALL"),
                   key_make0(&key, KEY_SURGE, region));
        break;
    case KEEPER_PINS:
        STORE_CALL(store_of(k), timeout_of(k), on_pins, k, SLICE("HGETALL"),
                   key_make0(&key, KEY_SURGE_PIN, region));
        break;
    case KEEPER_EVENTS:
        send_events(k);
        break;
    case KEEPER_SUPPLY:
        send_supply(k);
        break;
    case KEEPER_WRITE:
        send_snapshot(k);
        break;
    }
}

/* Begins anew with the window before now. */
static void begin_leadership(struct surge_keeper *k)
{
    struct surge_limits limits = k->surge.limits;
    int64_t from_ms = clock_wall_ms() - limits.window_ms;
    surge_fini(&k->surge);
    surge_init(&k->surge, &limits);
    tally_begin(k->tally, from_ms);
    (void)snprintf(k->cursor, sizeof k->cursor, "%lld-0", (long long)from_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct surge_keeper *k = timer->data;
    if (k->at != KEEPER_RESTING || k->draining) return;
    if (!leader_is(k->leader)) {
        if (k->resumed) metric_clear(k->pricing->metric[M_SURGE]);
        k->resumed = false;
        return;
    }
    if (!k->resumed) begin_leadership(k);
    tally_know(k->tally, regions_find(app_regions(k->pricing->app), slice_of(k->region)));
    k->at = k->resumed ? KEEPER_PINS : KEEPER_RESUME;
    keeper_step(k);
}

struct surge_keeper *surge_keeper_new(struct pricing *p, struct slice region)
{
    struct surge_keeper *k = mem_new(struct surge_keeper);
    struct surge_limits limits = surge_limits_standard();
    limits.window_ms = p->options.surge_window_ms;
    limits.multiplier_max = p->options.surge_max;
    surge_init(&k->surge, &limits);
    k->tally = tally_new(p->recorder, region);
    k->pricing = p;
    (void)slice_cstr(region, k->region, sizeof k->region);
    int64_t every_ms = p->options.surge_ms;
    k->leader = leader_new(app_loop(p->app), app_store(p->app), region, "surge",
                           every_ms * 3 > 3000 ? every_ms * 3 : 3000);
    must(uv_timer_init(app_loop(p->app), &k->timer) == 0);
    k->timer.data = k;
    must(uv_timer_start(&k->timer, on_timer, (uint64_t)every_ms, (uint64_t)every_ms) == 0);
    return k;
}

void surge_keeper_drain(struct surge_keeper *k, void (*cb)(void *data), void *data)
{
    k->draining = true;
    (void)uv_timer_stop(&k->timer);
    k->drained = cb;
    k->drained_data = data;
    if (k->at == KEEPER_RESTING) rest(k);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct surge_keeper *k = handle->data;
    k->timer_closed = true;
    if (k->at == KEEPER_RESTING) rest(k);
}

void surge_keeper_close(struct surge_keeper *k)
{
    if (k == NULL) return;
    k->draining = true;
    k->closing = true;
    k->drained = NULL;
    leader_close(k->leader);
    uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}
