/* series: a region's figures over time, for ops. Services write them (kit/recorder.h); here they are
 * read, brought to the asked steps by the store, and divided where a figure is a rate or a mean. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/recorder.h"

#include <math.h>

enum { STEPS_MAX = 1440, STEP_S = 60, STEP_S_MAX = 86400, HOUR_MS = 3600 * 1000, DECIMALS = 6 };

/* What a recorded figure is divided by before it is shown. */
enum divisor { BY_NOTHING, BY_SECONDS, BY_MATCHES };

static const struct shown {
    const char *name;
    enum recorded recorded;
    enum divisor by;
} shown[] = {
    {"demand", RECORDED_DEMAND, BY_NOTHING},
    {"supply", RECORDED_SUPPLY, BY_NOTHING},
    {"surge", RECORDED_SURGE, BY_NOTHING},
    {"ping_rate", RECORDED_PINGS, BY_SECONDS},
    {"matches", RECORDED_MATCHES, BY_NOTHING},
    {"match_ms", RECORDED_MATCH_MS, BY_MATCHES},
    {"match_ms_max", RECORDED_MATCH_MS_MAX, BY_NOTHING},
};
enum { SHOWN = sizeof shown / sizeof shown[0] };

/* A question. Lives in the request's arena. */
struct asked {
    struct http_req *req;
    struct slice region;
    const struct shown *only; /* NULL: all */
    int64_t from_ms, step_ms;
    size_t steps;
    enum recorded_level level;
    struct slice products[PRODUCTS_MAX]; /* copied: a reload may come between */
    uint32_t products_count;
    double
        *values[RECORDED_COUNT][PRODUCTS_MAX]; /* a number for each step, NAN for none; or NULL */
    size_t waiting;
    bool unsupported;
    enum store_status status; /* the last that is not STORE_OK */
};

/* One series on its way. */
struct reading {
    struct asked *of;
    double *values;
};

/* --- the answer --- */

static double divisor_at(const struct asked *a, enum divisor by, size_t step)
{
    if (by == BY_SECONDS) return (double)a->step_ms / 1000.0;
    return by == BY_MATCHES ? a->values[RECORDED_MATCHES][0][step] : 1;
}

static void series_json(struct json *j, const struct asked *a, const struct shown *s, uint32_t p)
{
    json_object_start(j);
    json_put_cstr(j, "figure", s->name);
    if (recorded_info(s->recorded)->each_product) json_put_str(j, "product", a->products[p]);
    json_put_array(j, "values");
    for (size_t i = 0; i < a->steps; i++) {
        double value = a->values[s->recorded][p][i] / divisor_at(a, s->by, i);
        if (isfinite(value))
            json_fixed(j, value, DECIMALS);
        else
            json_nil(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static uint32_t series_of(const struct asked *a, enum recorded what)
{
    return recorded_info(what)->each_product ? a->products_count : 1;
}

static void answer(struct asked *a)
{
    if (a->unsupported) {
        http_problem(a->req, PROBLEM_NOT_SUPPORTED, "The store has no time series.");
        return;
    }
    if (a->status != STORE_OK) {
        http_store_problem(a->req, (int)a->status);
        return;
    }
    struct json j = json_start(http_out(a->req));
    json_object_start(&j);
    json_put_str(&j, "region", a->region);
    json_put_time(&j, "from", a->from_ms);
    json_put_time(&j, "to", a->from_ms + (int64_t)a->steps * a->step_ms);
    json_put_i64(&j, "step_s", a->step_ms / 1000);
    json_put_array(&j, "series");
    for (size_t i = 0; i < SHOWN; i++) {
        if (a->only != NULL && a->only != &shown[i]) continue;
        for (uint32_t p = 0; p < series_of(a, shown[i].recorded); p++)
            series_json(&j, a, &shown[i], p);
    }
    json_array_end(&j);
    json_object_end(&j);
    http_reply_json(a->req, 200);
}

/* --- reading --- */

static void on_range(void *data, enum store_status status, const redisReply *reply)
{
    const struct reading *r = data;
    struct asked *a = r->of;
    struct slice error = status == STORE_ERROR ? reply_slice(reply) : SLICE("");
    if (slice_starts(error, SLICE("ERR unknown command")))
        a->unsupported = true;
    else if (status != STORE_OK && !slice_starts(error, SLICE("ERR TSDB: the key does not exist")))
        a->status = status; /* nobody has written one that is missing: nothing is known */
    for (size_t i = 0; status == STORE_OK && i < reply_count(reply); i++) {
        const redisReply *sample = reply_at(reply, i);
        int64_t step = (reply_i64(reply_at(sample, 0), -1) - a->from_ms) / a->step_ms;
        if (step >= 0 && (size_t)step < a->steps)
            r->values[step] = reply_double(reply_at(sample, 1), (double)NAN);
    }
    if (--a->waiting == 0) answer(a);
}

static void read_series(struct asked *a, enum recorded what, uint32_t p)
{
    const struct dispatcher *d = dispatcher_of(a->req);
    struct key_text key;
    struct reading *r = arena_new(http_arena(a->req), struct reading);
    r->of = a;
    r->values = arena_array(http_arena(a->req), a->steps, double);
    for (size_t i = 0; i < a->steps; i++)
        r->values[i] = (double)NAN;
    a->values[what][p] = r->values;
    struct slice product = recorded_info(what)->each_product ? a->products[p] : SLICE("");
    struct store_cmd *c = store_cmd(app_store(d->app), "TS.RANGE");
    store_arg(c, recorded_key(&key, what, a->region, product, a->level));
    store_arg_i64(c, a->from_ms);
    store_arg_i64(c, a->from_ms + (int64_t)a->steps * a->step_ms - 1);
    if (a->level != RECORDED_RAW) store_arg_cstr(c, "LATEST"); /* the bucket that is still open */
    store_arg_cstr(c, "AGGREGATION");
    store_arg_cstr(c, recorded_info(what)->fold);
    store_arg_i64(c, a->step_ms);
    a->waiting++;
    store_send(app_store(d->app), c, app_options(d->app)->store_timeout_ms, on_range, r);
}

/* Whether the answer needs the recorded figure. */
static bool needs(const struct asked *a, enum recorded what)
{
    return a->only == NULL || a->only->recorded == what ||
           (a->only->by == BY_MATCHES && what == RECORDED_MATCHES);
}

/* --- the question --- */

static bool figure_asked(struct asked *a)
{
    struct slice name = {0};
    if (!http_query(a->req, "figure", &name)) return true;
    for (size_t i = 0; i < SHOWN && a->only == NULL; i++)
        if (slice_is(name, shown[i].name)) a->only = &shown[i];
    if (a->only == NULL) http_problem(a->req, PROBLEM_INVALID_VALUE, "There is no such figure.");
    return a->only != NULL;
}

/* The longest buckets that make whole steps: they are the fewest, and are kept longest. */
static enum recorded_level level_of(int64_t step_ms)
{
    int level = RECORDED_LEVELS - 1;
    while (step_ms % recorded_level_info((enum recorded_level)level)->bucket_ms != 0)
        level--;
    return (enum recorded_level)level;
}

/* Reads from, to and step; false when it has replied. */
static bool span_asked(struct asked *a)
{
    struct http_req *req = a->req;
    int64_t now_ms = http_now_ms(req);
    int64_t to_ms = now_ms;
    int64_t step_s = STEP_S;
    if (query_maybe(req, "to")) query_time(req, "to", &to_ms);
    a->from_ms = to_ms - HOUR_MS;
    if (query_maybe(req, "from")) query_time(req, "from", &a->from_ms);
    if (query_maybe(req, "step")) query_i64(req, "step", 1, STEP_S_MAX, &step_s);
    if (!query_end(req)) return false;
    a->step_ms = step_s * 1000;
    const char *wrong = NULL;
    if (a->step_ms % recorded_level_info(RECORDED_RAW)->bucket_ms != 0)
        wrong = "step must be a multiple of 10 seconds.";
    else if (a->from_ms < 0 || a->from_ms >= to_ms)
        wrong = "from must lie before to.";
    else if ((to_ms - a->from_ms) / a->step_ms >= STEPS_MAX)
        wrong = "This is more than 1440 steps: ask for a longer step or a shorter time.";
    else if (a->from_ms < now_ms - recorded_level_info(level_of(a->step_ms))->keep_ms)
        wrong = "Steps of this length are not kept so long: whole minutes are 7 days, whole hours "
                "400 days.";
    if (wrong != NULL) {
        http_problem(req, PROBLEM_INVALID_VALUE, wrong);
        return false;
    }
    a->level = level_of(a->step_ms);
    a->from_ms -= a->from_ms % a->step_ms;
    a->steps = (size_t)((to_ms - a->from_ms + a->step_ms - 1) / a->step_ms);
    return true;
}

void ops_series(struct http_req *req)
{
    struct app *app = dispatcher_of(req)->app;
    struct asked *a = arena_new(http_arena(req), struct asked);
    struct slice id = {0};
    a->req = req;
    a->status = STORE_OK;
    if (!answer_region_asked(req, &id)) return;
    if (!figure_asked(a) || !span_asked(a)) return;
    const struct region *region = regions_find(app_regions(app), id);
    a->region = arena_copy(http_arena(req), id);
    a->products_count = region->products_count;
    for (uint32_t p = 0; p < region->products_count; p++)
        a->products[p] = arena_copy(http_arena(req), region->products[p].id);
    for (enum recorded what = 0; what < RECORDED_COUNT; what++)
        for (uint32_t p = 0; needs(a, what) && p < series_of(a, what); p++)
            read_series(a, what, p);
}
