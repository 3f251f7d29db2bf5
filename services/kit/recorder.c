#include "recorder.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app.h"
#include "services/kit/core/samples.h"
#include "services/kit/ids.h"

#define POLICY_SUM  SAMPLES_SUM
#define POLICY_MAX  SAMPLES_MAX_OF
#define POLICY_LAST SAMPLES_LAST
enum { EACH_REGION, EACH_PRODUCT };

static const struct recorded_info infos[RECORDED_COUNT] = {
#define RECORDED(id, name, each, policy, fold, what)                                               \
    [RECORDED_##id] = {(name), #policy, (fold), EACH_##each == EACH_PRODUCT},
#include "services/kit/recorded.def"
#undef RECORDED
};

static const enum samples_fold folds[RECORDED_COUNT] = {
#define RECORDED(id, name, each, policy, ...) [RECORDED_##id] = POLICY_##policy,
#include "services/kit/recorded.def"
#undef RECORDED
};

#define HOUR_MS INT64_C(3600000)
static const struct recorded_level_info levels[RECORDED_LEVELS] = {
    [RECORDED_RAW] = {"raw", 10000, 6 * HOUR_MS},
    [RECORDED_MINUTES] = {"1m", 60000, 7 * 24 * HOUR_MS},
    [RECORDED_HOURS] = {"1h", HOUR_MS, 400 * 24 * HOUR_MS},
};

const struct recorded_info *recorded_info(enum recorded what)
{
    must((unsigned)what < RECORDED_COUNT);
    return &infos[what];
}

const struct recorded_level_info *recorded_level_info(enum recorded_level level)
{
    must((unsigned)level < RECORDED_LEVELS);
    return &levels[level];
}

struct slice recorded_key(struct key_text *out, enum recorded what, struct slice region,
                          struct slice product, enum recorded_level level)
{
    char name[ID_MAX + 1];
    int n = snprintf(name, sizeof name, product.len > 0 ? "%s:%.*s" : "%s",
                     recorded_info(what)->name, (int)product.len, product.p);
    must(n > 0 && (size_t)n < sizeof name);
    return key_make(out, KEY_TS, region, slice_make(name, (size_t)n),
                    slice_of(recorded_level_info(level)->name));
}

struct recorder_series {
    struct list link;
    struct recorded_region *region;
    enum recorded what;
    char product[33];
    struct samples waiting;
    struct samples flying; /* sent and not answered */
    uint64_t made_over;    /* the store's connection over which it was made sure that it exists */
};

/* What a region is told together. */
struct recorded_region {
    struct list link;
    struct recorder *recorder; /* borrowed: it owns this */
    char id[33];
    struct list series; /* of struct recorder_series, owned */
    bool flying;
};

struct recorder {
    struct app *app;
    uv_timer_t timer;
    struct list regions;       /* of struct recorded_region, owned */
    uint64_t unsupported_over; /* the connection whose store has no TS.* */
    bool complained;
    struct log_gate gate;
    size_t calls; /* under way */
    void (*drained)(void *data);
    void *drained_data;
    bool timer_closed, closing;
};

static struct store *store_of(const struct recorder *r)
{
    return app_store(r->app);
}

static void free_when_idle(struct recorder *r)
{
    if (r->calls > 0) return;
    if (r->drained != NULL) {
        void (*fn)(void *data) = r->drained;
        r->drained = NULL;
        fn(r->drained_data);
    }
    if (!r->closing || !r->timer_closed) return;
    list_each_safe(at, &r->regions)
    {
        struct recorded_region *region = list_entry(at, struct recorded_region, link);
        list_each_safe(of, &region->series)
        {
            mem_free(list_entry(of, struct recorder_series, link));
        }
        mem_free(region);
    }
    mem_free(r);
}

static void call_end(struct recorder *r)
{
    r->calls--;
    free_when_idle(r);
}

static void call_store(struct recorder *r, struct store_cmd *c, store_cb cb, void *data)
{
    r->calls++;
    store_send(store_of(r), c, app_options(r->app)->store_timeout_ms, cb, data);
}

static void complain(struct recorder *r, struct slice error)
{
    uint64_t missed = 0;
    if (log_gate_open(&r->gate, clock_mono_ms(), 60000, &missed))
        log_warn("series_refused", LOG_STR("error", error), LOG_INT("missed", missed));
}

/* --- making the series --- */

/* Whether the error says that the store has no such command. */
static bool unknown(const redisReply *reply)
{
    return slice_starts(reply_slice(reply), SLICE("ERR unknown command"));
}

static void note_unsupported(struct recorder *r)
{
    r->unsupported_over = store_generation(store_of(r));
    if (r->complained) return;
    r->complained = true;
    log_info("series_unsupported", LOG_CSTR("what", "The store has no TS.*: no series are kept."));
}

static void on_made(void *data, enum store_status status, const redisReply *reply)
{
    struct recorder_series *s = data;
    struct recorder *r = s->region->recorder;
    if (status == STORE_ERROR && unknown(reply))
        note_unsupported(r);
    else if (status != STORE_OK && status != STORE_ERROR)
        s->made_over = 0; /* again, the next time */
    call_end(r);
}

static void create(struct recorder_series *s, enum recorded_level level)
{
    struct recorder *r = s->region->recorder;
    struct slice region = slice_of(s->region->id);
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(r), "TS.CREATE");
    store_arg(c, recorded_key(&key, s->what, region, slice_of(s->product), level));
    store_arg_cstr(c, "RETENTION");
    store_arg_i64(c, levels[level].keep_ms);
    if (level == RECORDED_RAW) {
        store_arg_cstr(c, "DUPLICATE_POLICY");
        store_arg_cstr(c, infos[s->what].policy);
    }
    store_arg_cstr(c, "LABELS");
    store_arg_cstr(c, "region");
    store_arg(c, region);
    store_arg_cstr(c, "figure");
    store_arg_cstr(c, infos[s->what].name);
    store_arg_cstr(c, "level");
    store_arg_cstr(c, levels[level].name);
    if (s->product[0] != '\0') {
        store_arg_cstr(c, "product");
        store_arg_cstr(c, s->product);
    }
    call_store(r, c, on_made, s);
}

static void condense(struct recorder_series *s, enum recorded_level level)
{
    struct recorder *r = s->region->recorder;
    struct slice region = slice_of(s->region->id);
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(r), "TS.CREATERULE");
    store_arg(c, recorded_key(&key, s->what, region, slice_of(s->product), RECORDED_RAW));
    store_arg(c, recorded_key(&key, s->what, region, slice_of(s->product), level));
    store_arg_cstr(c, "AGGREGATION");
    store_arg_cstr(c, infos[s->what].fold);
    store_arg_i64(c, levels[level].bucket_ms);
    call_store(r, c, on_made, s);
}

/* Makes sure that the series is there, once a connection: what exists already is refused, which is
 * as good. */
static void make(struct recorder_series *s)
{
    s->made_over = store_generation(store_of(s->region->recorder));
    for (int level = 0; level < RECORDED_LEVELS; level++)
        create(s, (enum recorded_level)level);
    for (int level = RECORDED_RAW + 1; level < RECORDED_LEVELS; level++)
        condense(s, (enum recorded_level)level);
}

/* --- writing samples --- */

/* The samples of one series were answered, from reply `at` on. One that is missing is made again, and
 * keeps its samples; what the store refuses otherwise is dropped. */
static void series_told(struct recorder_series *s, const redisReply *reply, size_t at)
{
    for (size_t i = 0; i < s->flying.count; i++) {
        const redisReply *one = reply_at(reply, at + i);
        if (!reply_is_error(one)) continue;
        if (slice_starts(reply_slice(one), SLICE("ERR TSDB: the key"))) {
            s->made_over = 0;
            samples_restore(&s->waiting, &s->flying);
            return;
        }
        complain(s->region->recorder, reply_slice(one));
    }
}

static void on_told(void *data, enum store_status status, const redisReply *reply)
{
    struct recorded_region *region = data;
    struct recorder *r = region->recorder;
    size_t at = 0;
    if (status == STORE_ERROR && unknown(reply))
        note_unsupported(r);
    else if (status == STORE_ERROR)
        complain(r, reply_slice(reply));
    list_each(of, &region->series)
    {
        struct recorder_series *s = list_entry(of, struct recorder_series, link);
        if (status == STORE_OK)
            series_told(s, reply, at);
        else if (store_status_unsent(status))
            samples_restore(&s->waiting, &s->flying);
        at += s->flying.count;
        s->flying.count = 0;
    }
    region->flying = false;
    call_end(r);
}

static void add_samples(struct recorder_series *s, struct store_cmd *c)
{
    struct key_text text;
    struct slice key =
        recorded_key(&text, s->what, slice_of(s->region->id), slice_of(s->product), RECORDED_RAW);
    s->flying = s->waiting;
    s->waiting.count = 0;
    for (size_t i = 0; i < s->flying.count; i++) {
        store_arg(c, key);
        store_arg_i64(c, s->flying.all[i].at_ms);
        store_arg_double(c, s->flying.all[i].value);
    }
}

static void tell(struct recorded_region *region)
{
    struct recorder *r = region->recorder;
    size_t waiting = 0;
    list_each(at, &region->series)
    {
        struct recorder_series *s = list_entry(at, struct recorder_series, link);
        if (s->waiting.count > 0 && s->made_over != store_generation(store_of(r))) make(s);
        waiting += s->waiting.count;
    }
    if (waiting == 0) return;
    struct store_cmd *c = store_cmd(store_of(r), "TS.MADD");
    list_each(at, &region->series)
    {
        add_samples(list_entry(at, struct recorder_series, link), c);
    }
    region->flying = true;
    call_store(r, c, on_told, region);
}

static void on_timer(uv_timer_t *timer)
{
    struct recorder *r = timer->data;
    if (!store_is_up(store_of(r))) return;
    if (r->unsupported_over == store_generation(store_of(r))) return;
    list_each(at, &r->regions)
    {
        struct recorded_region *region = list_entry(at, struct recorded_region, link);
        if (!region->flying) tell(region);
    }
}

/* --- life --- */

struct recorder *recorder_new(struct app *a)
{
    struct recorder *r = mem_new(struct recorder);
    uint64_t every_ms = (uint64_t)app_options(a)->series_ms;
    r->app = a;
    list_init(&r->regions);
    must(uv_timer_init(app_loop(a), &r->timer) == 0);
    r->timer.data = r;
    must(uv_timer_start(&r->timer, on_timer, every_ms, every_ms) == 0);
    return r;
}

void recorder_drain(struct recorder *r, void (*cb)(void *data), void *data)
{
    (void)uv_timer_stop(&r->timer);
    on_timer(&r->timer);
    r->drained = cb;
    r->drained_data = data;
    free_when_idle(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct recorder *r = handle->data;
    r->timer_closed = true;
    free_when_idle(r);
}

void recorder_close(struct recorder *r)
{
    if (r == NULL) return;
    r->closing = true;
    r->drained = NULL;
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

static struct recorded_region *region_of(struct recorder *r, struct slice id)
{
    list_each(at, &r->regions)
    {
        struct recorded_region *region = list_entry(at, struct recorded_region, link);
        if (slice_is(id, region->id)) return region;
    }
    struct recorded_region *region = mem_new(struct recorded_region);
    region->recorder = r;
    (void)slice_cstr(id, region->id, sizeof region->id);
    list_init(&region->series);
    list_add(&r->regions, &region->link);
    return region;
}

struct recorder_series *recorder_series(struct recorder *r, struct slice region, enum recorded what,
                                        struct slice product)
{
    if (r == NULL) return NULL;
    must(recorded_info(what)->each_product == (product.len > 0));
    struct recorded_region *of = region_of(r, region);
    list_each(at, &of->series)
    {
        struct recorder_series *s = list_entry(at, struct recorder_series, link);
        if (s->what == what && slice_is(product, s->product)) return s;
    }
    struct recorder_series *s = mem_new(struct recorder_series);
    s->region = of;
    s->what = what;
    must(slice_cstr(product, s->product, sizeof s->product));
    s->waiting.fold = folds[what];
    s->waiting.bucket_ms = levels[RECORDED_RAW].bucket_ms;
    list_add(&of->series, &s->link);
    return s;
}

void recorder_add(struct recorder_series *s, int64_t at_ms, double value)
{
    if (s != NULL) samples_add(&s->waiting, at_ms, value);
}
