#include "ping_flow.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app.h"
#include "services/kit/core/ping_batch.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/kit/lifecycle.h"
#include "services/kit/recorder.h"

#include <math.h>

/* Members of one GEOADD or ZADD: larger commands would hold the store up. */
enum { CHUNK = 512 };

struct ping_region {
    struct ping_flow *flow; /* borrowed: it owns this */
    char id[AUTH_REGION_MAX + 1];
    struct recorder_series *recorded; /* accepted fixes; borrowed, may be NULL */
    struct ping_batch batch;
    struct list waiters;      /* of struct ping_wait, in the order of their batches */
    uint64_t flying;          /* number of the batch in flight */
    size_t unanswered;        /* commands of it */
    enum store_status status; /* the worst of its answers */
    int64_t left_ms;          /* when it left, monotonic */
};

/* A driver as this process knows him.
 *
 *     SILENT --accepted fix--> ASKING (driver_seen) --ok--> HEARD --10 s, lost store--> SILENT
 *
 * Heard is what the store has heard: a batch that was long on its way, or an answer, proves only that
 * he stood in the indexes when it was sent. Later he may have been swept out, and only ASKING brings
 * him back.
 */
struct ping_driver {
    struct list link; /* in the flow's list, least recently heard first */
    struct ping_region *region;
    struct ping_slot slot;
    struct ping_filter filter;
    int64_t heard_ms; /* monotonic; when he certainly stood in the indexes; 0: not known */
    int64_t asked_ms; /* monotonic */
    uint64_t epoch;   /* of the store's connection, when he was heard: what is ephemeral may be
                       * gone with it */
    bool asking;
    struct ping held;    /* the newest fix while asking */
    struct list waiters; /* while asking */
    size_t id_len;
    char id[ID_MAX + 1];
};

struct ping_flow {
    struct ping_flow_config config;
    struct store *store; /* borrowed */
    struct map drivers;  /* of struct ping_driver, owned */
    struct list recent;  /* the same, least recently heard first */
    struct map regions;  /* of struct ping_region, owned */
    struct metric_cell *cells[PING_VERDICTS];
    struct metric_cell *freshness;
    int64_t store_ahead_ms; /* the store's clock minus our monotonic one, as far as we can tell */
    bool clock_known;
    int64_t flight_ms; /* how long the last batch took */
    size_t pending;    /* calls under way */
    bool closed;
};

struct ping_flow *ping_flow_new(const struct ping_flow_config *config)
{
    struct ping_flow *f = mem_new(struct ping_flow);
    f->config = *config;
    f->store = app_store(config->app);
    list_init(&f->recent);
    for (int v = 0; config->pings != NULL && v < PING_VERDICTS; v++)
        f->cells[v] = METRIC_AT(config->pings, slice_of(ping_verdict_text((enum ping_verdict)v)));
    if (config->freshness != NULL) f->freshness = metric_only(config->freshness);
    return f;
}

static bool free_value(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

static bool free_region(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    struct ping_region *r = value;
    ping_batch_fini(&r->batch);
    mem_free(r);
    return true;
}

static void free_when_quiet(struct ping_flow *f)
{
    if (!f->closed || f->pending > 0) return;
    map_each(&f->regions, free_region, NULL);
    map_each(&f->drivers, free_value, NULL);
    map_fini(&f->regions);
    map_fini(&f->drivers);
    mem_free(f);
}

void ping_flow_close(struct ping_flow *f)
{
    if (f == NULL) return;
    f->closed = true;
    free_when_quiet(f);
}

size_t ping_flow_drivers(const struct ping_flow *f)
{
    return f->drivers.count;
}

double ping_flow_bearing(const struct ping_flow *f, struct slice id)
{
    const struct ping_driver *d = map_find(&f->drivers, id);
    return d == NULL || d->slot.newest.time_ms == 0 ? (double)NAN : d->slot.newest.bearing_deg;
}

int64_t ping_flow_interval_ms(const struct ping_flow *f, int64_t standard_ms)
{
    if (f->flight_ms > 1000) return standard_ms * 4;
    if (f->flight_ms > 250) return standard_ms * 2;
    return standard_ms;
}

/* --- the batch of a region --- */

static void wake(struct list *waiters, uint64_t batch, enum store_status status)
{
    struct list ready;
    list_init(&ready);
    list_each_safe(at, waiters)
    {
        struct ping_wait *w = list_entry(at, struct ping_wait, link);
        if (w->batch > batch) break;
        list_del(at);
        list_add(&ready, at);
    }
    struct list *at = NULL;
    while ((at = list_take(&ready)) != NULL) {
        struct ping_wait *w = list_entry(at, struct ping_wait, link);
        w->cb(w->data, status);
    }
}

static struct ping_driver *driver_of_slot(struct ping_slot *slot)
{
    return list_entry(slot, struct ping_driver, slot);
}

/* Nobody knows whether the batch arrived: the phones will repeat it, and those fixes must then
 * be neither duplicates nor taken on trust. */
static void forget(struct ping_driver *d)
{
    d->filter = (struct ping_filter){0};
    d->heard_ms = 0;
}

static void region_send(struct ping_region *r);

static void region_landed(struct ping_region *r)
{
    struct ping_flow *f = r->flow;
    int64_t wall_ms = clock_wall_ms();
    for (size_t i = 0; i < r->batch.flight_count; i++) {
        const struct ping_flying *e = &r->batch.flight[i];
        struct ping_driver *d = driver_of_slot(e->slot);
        if (r->status != STORE_OK) {
            forget(d);
            continue;
        }
        if (d->heard_ms != 0 && d->heard_ms < r->left_ms) d->heard_ms = r->left_ms;
        if (f->freshness != NULL)
            metric_observe(f->freshness, (double)(wall_ms - e->ping.time_ms) / 1000.0);
    }
    f->flight_ms = clock_mono_ms() - r->left_ms;
    ping_batch_landed(&r->batch);
    wake(&r->waiters, r->flying, r->status);
    if (!f->closed) region_send(r);
}

static void on_batch_reply(void *data, enum store_status status, const redisReply *reply)
{
    struct ping_region *r = data;
    struct ping_flow *f = r->flow;
    (void)reply;
    must(r->unanswered > 0);
    if (status != STORE_OK) r->status = status;
    if (--r->unanswered == 0) region_landed(r);
    f->pending--;
    free_when_quiet(f);
}

static void region_call(struct ping_region *r, struct store_cmd *c)
{
    struct ping_flow *f = r->flow;
    r->unanswered++;
    f->pending++;
    store_send(f->store, c, app_options(f->config.app)->store_timeout_ms, on_batch_reply, r);
}

static struct slice driver_id(const struct ping_flying *e)
{
    const struct ping_driver *d = driver_of_slot(e->slot);
    return slice_make(d->id, d->id_len);
}

/* A position as text, written once for the commands of all indexes. Seven decimals are a
 * centimetre: far finer than the 0.6 m of a geo score. */
struct place {
    char lon[16], lat[16];
    size_t lon_len, lat_len;
};

static size_t write_degrees(char out[static 16], double degrees)
{
    enum { UNIT = 10000000 };
    int64_t n = llround(degrees * UNIT);
    uint64_t whole = (uint64_t)(n < 0 ? -n : n);
    size_t len = 0;
    if (n < 0) out[len++] = '-';
    char digits[21];
    size_t some = fmt_u64(digits, whole / UNIT); /* at most 180 */
    memcpy(out + len, digits, some);
    len += some;
    out[len++] = '.';
    for (uint64_t unit = UNIT / 10, rest = whole % UNIT; unit > 0; unit /= 10)
        out[len++] = (char)('0' + (char)(rest / unit % 10));
    return len;
}

static void write_place(struct place *p, struct geo_point at)
{
    p->lon_len = write_degrees(p->lon, at.lon);
    p->lat_len = write_degrees(p->lat, at.lat);
}

static void send_positions(struct ping_region *r, struct slice key, const struct ping_flying *e,
                           const struct place *places, size_t n)
{
    struct store_cmd *c = store_cmd(r->flow->store, "GEOADD");
    store_arg(c, key);
    store_arg_cstr(c, "XX");
    for (size_t i = 0; i < n; i++) {
        store_arg(c, slice_make(places[i].lon, places[i].lon_len));
        store_arg(c, slice_make(places[i].lat, places[i].lat_len));
        store_arg(c, driver_id(&e[i]));
    }
    region_call(r, c);
}

static void send_seen(struct ping_region *r, struct slice key, const struct ping_flying *e,
                      size_t n)
{
    struct store_cmd *c = store_cmd(r->flow->store, "ZADD");
    store_arg(c, key);
    store_arg_cstr(c, "XX");
    store_arg_cstr(c, "GT");
    for (size_t i = 0; i < n; i++) {
        store_arg_i64(c, e[i].heard_ms + r->flow->store_ahead_ms);
        store_arg(c, driver_id(&e[i]));
    }
    region_call(r, c);
}

static void send_hint(struct ping_region *r, const struct ping_flying *e, struct buf *text)
{
    struct key_text key;
    buf_clear(text);
    struct json j = json_start(text);
    json_object_start(&j);
    json_put_str(&j, "driver_id", driver_id(e));
    json_put_fixed(&j, "lat", e->ping.at.lat, 6);
    json_put_fixed(&j, "lon", e->ping.at.lon, 6);
    json_put_i64(&j, "ts_ms", e->ping.time_ms);
    if (!isnan(e->ping.bearing_deg)) json_put_fixed(&j, "bearing_deg", e->ping.bearing_deg, 1);
    if (!isnan(e->ping.speed_mps)) json_put_fixed(&j, "speed_mps", e->ping.speed_mps, 1);
    json_object_end(&j);

    struct store_cmd *c = store_cmd(r->flow->store, "SPUBLISH");
    store_arg(c, key_make1(&key, KEY_LOC, slice_of(r->id), driver_id(e)));
    store_arg(c, buf_slice(text));
    region_call(r, c);
}

/* Sends the filling batch, unless one flies. */
static void region_send(struct ping_region *r)
{
    const struct ping_flying *all = NULL;
    size_t n = ping_batch_take(&r->batch, &all, &r->flying);
    if (n == 0) return;
    r->status = STORE_OK;
    r->left_ms = clock_mono_ms();

    struct slice id = slice_of(r->id);
    struct key_text key;
    const struct region *region = regions_find(app_regions(r->flow->config.app), id);
    struct place places[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t some = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < some; i++)
            write_place(&places[i], all[at + i].ping.at);
        send_positions(r, key_make0(&key, KEY_DRIVERS_ACTIVE, id), all + at, places, some);
        for (uint32_t p = 0; region != NULL && p < region->products_count; p++)
            send_positions(r, key_make1(&key, KEY_DRIVERS_IDLE, id, region->products[p].id),
                           all + at, places, some);
        send_seen(r, key_make0(&key, KEY_DRIVERS_SEEN, id), all + at, some);
    }
    struct buf text = {0};
    for (size_t i = 0; i < n; i++)
        send_hint(r, &all[i], &text);
    buf_fini(&text);
}

/* --- drivers --- */

static struct ping_region *region_of(struct ping_flow *f, struct slice id)
{
    struct ping_region *r = map_find(&f->regions, id);
    if (r != NULL) return r;
    r = mem_new(struct ping_region);
    r->flow = f;
    (void)slice_cstr(id, r->id, sizeof r->id);
    r->recorded = recorder_series(f->config.recorder, id, RECORDED_PINGS, SLICE(""));
    list_init(&r->waiters);
    (void)map_put(&f->regions, id, r);
    return r;
}

static bool pinned(const struct ping_driver *d)
{
    return d->asking || d->slot.queued || d->slot.flying;
}

/* Frees the driver heard least recently, if he has been silent long enough to be asked for again
 * anyway. Only the first few are looked at: pinned ones are near the end. */
static bool make_room(struct ping_flow *f, int64_t mono_ms)
{
    int looked = 0;
    list_each(at, &f->recent)
    {
        struct ping_driver *d = list_entry(at, struct ping_driver, link);
        if (++looked > 8) return false;
        if (pinned(d) || mono_ms - d->heard_ms < PING_FLOW_SILENT_MS) continue;
        list_del(&d->link);
        (void)map_take(&f->drivers, slice_make(d->id, d->id_len));
        mem_free(d);
        return true;
    }
    return false;
}

static struct ping_driver *driver_of(struct ping_flow *f, struct slice id, int64_t mono_ms)
{
    struct ping_driver *d = map_find(&f->drivers, id);
    if (d != NULL) {
        list_del(&d->link);
        list_add(&f->recent, &d->link);
        return d;
    }
    must(id.len <= ID_MAX);
    if (f->drivers.count >= f->config.drivers_max && !make_room(f, mono_ms)) return NULL;
    d = mem_new(struct ping_driver);
    d->region = region_of(f, id_region(id));
    list_init(&d->waiters);
    memcpy(d->id, id.p, id.len);
    d->id_len = id.len;
    list_add(&f->recent, &d->link);
    (void)map_put(&f->drivers, id, d);
    return d;
}

static void driver_enqueue(struct ping_driver *d, struct ping p, int64_t mono_ms,
                           struct ping_wait *w)
{
    w->batch = ping_batch_put(&d->region->batch, &d->slot, p, mono_ms);
    list_add(&d->region->waiters, &w->link);
}

/* The store's clock stood there at some moment between the question and its answer. What we knew stays
 * where that leaves it possible: an answer that was long on its way says little. */
static void note_clock(struct ping_flow *f, int64_t now_ms, int64_t asked_ms, int64_t answered_ms)
{
    int64_t least_ms = now_ms - answered_ms;
    int64_t most_ms = now_ms - asked_ms;
    if (!f->clock_known) f->store_ahead_ms = least_ms + (most_ms - least_ms) / 2;
    f->clock_known = true;
    if (f->store_ahead_ms < least_ms) f->store_ahead_ms = least_ms;
    if (f->store_ahead_ms > most_ms) f->store_ahead_ms = most_ms;
}

/* The lifecycle has put the driver back where his state allows, or left him out. */
static void on_seen(void *data, const struct life_result *result)
{
    struct ping_driver *d = data;
    struct ping_flow *f = d->region->flow;
    int64_t mono_ms = clock_mono_ms();
    d->asking = false;
    if (result->code != LIFE_OK) {
        forget(d);
        wake(&d->waiters, UINT64_MAX,
             result->code == LIFE_UNAVAILABLE ? STORE_TIMEOUT : STORE_ERROR);
    } else {
        if (result->now_ms != 0) note_clock(f, result->now_ms, d->asked_ms, mono_ms);
        struct slice state = life_extra(result, "state");
        if (slice_is(state, "offline") || slice_is(state, "blocked")) {
            /* He stands in no index; the next fix asks again, for he may come online. */
            d->heard_ms = 0;
            wake(&d->waiters, UINT64_MAX, STORE_OK);
        } else {
            d->heard_ms = d->asked_ms;
            d->epoch = store_generation(f->store);
            struct list *at = NULL;
            while ((at = list_take(&d->waiters)) != NULL)
                driver_enqueue(d, d->held, mono_ms, list_entry(at, struct ping_wait, link));
            if (!f->closed) region_send(d->region);
        }
    }
    f->pending--;
    free_when_quiet(f);
}

static void driver_ask(struct ping_flow *f, struct ping_driver *d)
{
    d->asking = true;
    d->asked_ms = clock_mono_ms();
    f->pending++;
    life_driver_seen(f->config.life, slice_make(d->id, d->id_len), d->held.at.lat, d->held.at.lon,
                     on_seen, d);
}

enum ping_flow_took ping_flow_put(struct ping_flow *f, struct slice id, struct ping *points,
                                  uint32_t n, int64_t now_ms, uint32_t counts[static PING_VERDICTS],
                                  struct ping_wait *wait)
{
    int64_t mono_ms = clock_mono_ms();
    struct ping_driver *d = driver_of(f, id, mono_ms);
    if (d == NULL) return PING_FLOW_FULL;

    const struct ping *newest = NULL;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < n; i++) {
        enum ping_verdict v = ping_filter_take(&d->filter, &f->config.limits, now_ms, &points[i]);
        counts[v]++;
        if (f->cells[v] != NULL) metric_inc(f->cells[v]);
        if (v != PING_ACCEPTED) continue;
        newest = &points[i];
        accepted++;
    }
    if (newest == NULL) return PING_FLOW_NOTHING;
    recorder_add(d->region->recorded, now_ms, accepted);

    bool silent = d->heard_ms == 0 || d->epoch != store_generation(f->store) ||
                  mono_ms - d->heard_ms >= PING_FLOW_SILENT_MS;
    if (d->asking || silent) {
        d->held = *newest;
        wait->batch = 0;
        list_add(&d->waiters, &wait->link);
        if (!d->asking) driver_ask(f, d);
        return PING_FLOW_WAITING;
    }
    driver_enqueue(d, *newest, mono_ms, wait);
    region_send(d->region);
    return PING_FLOW_WAITING;
}
