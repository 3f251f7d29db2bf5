/* Series, their ranges and their rules against arrays and plain loops. */
#include "store/ds/tsquery.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { SPAN = 3000, STEPS = 100000, BASE = 5000 };

/* The oracle: a value for each millisecond of a short time, or none. */
static struct {
    bool there[SPAN];
    double value[SPAN];
} naive;

static int64_t naive_last(void)
{
    for (int64_t i = SPAN - 1; i >= 0; i--)
        if (naive.there[i]) return i;
    return -1;
}

static void naive_put(int64_t i, double v, enum series_policy policy)
{
    double old = naive.value[i];
    if (naive.there[i]) {
        if (policy == SERIES_FIRST) v = old;
        if (policy == SERIES_MIN) v = fmin(old, v);
        if (policy == SERIES_MAX) v = fmax(old, v);
        if (policy == SERIES_SUM) v += old;
    }
    naive.there[i] = true;
    naive.value[i] = v;
}

static uint64_t naive_count(void)
{
    uint64_t n = 0;
    for (int i = 0; i < SPAN; i++)
        n += naive.there[i];
    return n;
}

struct found {
    struct tssample all[SPAN * 2];
    uint32_t count;
};
static struct found got, want;

static bool keep(void *data, struct tssample s)
{
    struct found *f = data;
    if (f->count == SPAN * 2) ck_abort_msg("too many samples");
    f->all[f->count++] = s;
    return true;
}

static void add_wanted(int64_t ms, double value)
{
    want.all[want.count++] = (struct tssample){ms, value};
}

/* Whether two numbers are the same, or as near as another order of sums comes. */
static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(1, fabs(a) + fabs(b));
}

static bool wanted(const struct tsquery *q, int64_t i)
{
    if (i < 0 || i >= SPAN || !naive.there[i]) return false;
    if (BASE + i < q->from_ms || BASE + i > q->to_ms) return false;
    if (q->by_value && (naive.value[i] < q->min || naive.value[i] > q->max)) return false;
    bool listed = q->times == NULL;
    for (uint32_t t = 0; t < q->time_count; t++)
        listed |= q->times[t] == BASE + i;
    return listed;
}

/* A bucket of values by the books: two passes, no running sums. */
static double fold(enum tsfold_kind kind, const double *v, uint32_t n)
{
    double sum = 0, squares = 0, low = v[0], high = v[0];
    for (uint32_t i = 0; i < n; i++) {
        sum += v[i];
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        squares += (v[i] - sum / n) * (v[i] - sum / n);
    double of_one_less = n == 1 ? 0 : squares / (n - 1);
    const double results[TSFOLD_KINDS] = {
        [TSFOLD_AVG] = sum / n,
        [TSFOLD_SUM] = sum,
        [TSFOLD_MIN] = low,
        [TSFOLD_MAX] = high,
        [TSFOLD_RANGE] = high - low,
        [TSFOLD_COUNT] = n,
        [TSFOLD_FIRST] = v[0],
        [TSFOLD_LAST] = v[n - 1],
        [TSFOLD_STD_P] = sqrt(squares / n),
        [TSFOLD_STD_S] = sqrt(of_one_less),
        [TSFOLD_VAR_P] = squares / n,
        [TSFOLD_VAR_S] = of_one_less,
    };
    return results[kind];
}

/* What q should find, all buckets of the whole time looked at one by one. */
static void naive_buckets(const struct tsquery *q)
{
    static double values[SPAN];
    int64_t first = series_bucket(BASE, q->bucket_ms, q->align_ms);
    bool any = false;
    double last = (double)NAN;
    uint32_t open = 0; /* empty buckets since the last full one */
    for (int64_t b = first; b < BASE + SPAN; b += q->bucket_ms) {
        uint32_t n = 0;
        for (int64_t ms = b; ms < b + q->bucket_ms; ms++)
            if (wanted(q, ms - BASE)) values[n++] = naive.value[ms - BASE];
        int64_t stamp = (b < 0 ? 0 : b) + (q->stamp == TSQUERY_END      ? q->bucket_ms
                                           : q->stamp == TSQUERY_MIDDLE ? q->bucket_ms / 2
                                                                        : 0);
        double empty = q->kind == TSFOLD_SUM || q->kind == TSFOLD_COUNT ? 0
                       : q->kind == TSFOLD_LAST                         ? last
                                                                        : (double)NAN;
        if (n == 0 && !(q->empty && any)) continue;
        add_wanted(stamp, n > 0 ? fold(q->kind, values, n) : empty);
        open = n > 0 ? 0 : open + 1;
        any = true;
        if (n > 0) last = values[n - 1];
    }
    want.count -= open;
}

static void compare_query(const struct series *s, struct rng *rng)
{
    int64_t times[8];
    struct tsquery q = {.from_ms = BASE + (int64_t)rng_below(rng, SPAN) - 100,
                        .count = UINT64_MAX,
                        .reverse = rng_below(rng, 2) == 0,
                        .folded = rng_below(rng, 3) > 0,
                        .by_value = rng_below(rng, 4) == 0,
                        .min = -1,
                        .max = 1,
                        .kind = (enum tsfold_kind)rng_below(rng, TSFOLD_TWA),
                        .bucket_ms = 1 + (int64_t)rng_below(rng, 400),
                        .align_ms = (int64_t)rng_below(rng, 2 * BASE),
                        .stamp = (enum tsquery_stamp)rng_below(rng, 3),
                        .empty = rng_below(rng, 2) == 0};
    q.to_ms = q.from_ms + (int64_t)rng_below(rng, SPAN);
    if (rng_below(rng, 8) == 0) {
        for (int i = 0; i < 8; i++)
            times[i] = BASE + (int64_t)(i * SPAN / 8) + (int64_t)rng_below(rng, SPAN / 8);
        q.times = times;
        q.time_count = 8;
    }
    got.count = want.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    if (q.folded) {
        naive_buckets(&q);
    } else {
        for (int64_t i = 0; i < SPAN; i++)
            if (wanted(&q, i)) add_wanted(BASE + i, naive.value[i]);
    }
    ck_assert_uint_eq(got.count, want.count);
    for (uint32_t i = 0; i < got.count; i++) {
        const struct tssample *g = &got.all[q.reverse ? got.count - 1 - i : i];
        if (g->ms == want.all[i].ms && near(g->value, want.all[i].value)) continue;
        ck_abort_msg("%s: %g, not %g", tsfold_name(q.kind), g->value, want.all[i].value);
    }
    q.count = 1 + rng_below(rng, 5);
    uint32_t all = got.count;
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    ck_assert_uint_eq(got.count, all < q.count ? all : q.count);
}

static double draw_value(struct rng *rng)
{
    return rng_below(rng, 2) == 0 ? rng_normal(rng) : (double)rng_below(rng, 5) - 2;
}

static struct series *reloaded(struct series *s)
{
    struct buf bytes = {0};
    series_save(s, &bytes);
    struct series *again = series_load(buf_slice(&bytes));
    ck_assert_ptr_nonnull(again);
    buf_fini(&bytes);
    series_free(s);
    return again;
}

START_TEST(a_series_is_an_array_through_100000_steps)
{
    for (int round = 0; round < 2; round++) {
        struct rng rng;
        rng_init(&rng, 31 + (uint64_t)round);
        memset(&naive, 0, sizeof naive);
        struct series *s = series_new(round == 0, round == 0 ? 128 : 256);
        for (uint32_t step = 0; step < STEPS / 2; step++) {
            int64_t i = (int64_t)rng_below(&rng, SPAN), j = i + (int64_t)rng_below(&rng, 30);
            uint32_t pick = (uint32_t)rng_below(&rng, 100);
            if (pick < 3) {
                uint64_t before = naive_count();
                for (int64_t k = i; k <= j && k < SPAN; k++)
                    naive.there[k] = false;
                ck_assert_uint_eq(series_delete(s, BASE + i, BASE + j), before - naive_count());
            } else if (pick < 30 && naive_last() < SPAN - 5) {
                i = naive_last() + 1 + (int64_t)rng_below(&rng, 4);
                double v = draw_value(&rng);
                naive_put(i, v, SERIES_LAST);
                ck_assert_int_eq(series_put(s, (struct tssample){BASE + i, v}, 0), SERIES_OK);
            } else if (pick < 98) {
                double v = draw_value(&rng);
                enum series_policy policy = (enum series_policy)(1 + rng_below(&rng, 6));
                bool blocked = policy == SERIES_BLOCK && naive.there[i];
                enum series_put done = series_put(s, (struct tssample){BASE + i, v}, policy);
                ck_assert_int_eq(done, blocked ? SERIES_BLOCKED : SERIES_OK);
                if (!blocked) naive_put(i, v, policy);
            } else if (pick == 98) {
                s = reloaded(s);
            } else {
                ck_assert_uint_eq(series_delete(s, BASE + SPAN / 2, INT64_MAX) + naive_count(),
                                  s->samples + 2 * (naive_count() - s->samples));
                for (int64_t k = SPAN / 2; k < SPAN; k++)
                    naive.there[k] = false;
            }
            if (step % 25 == 0) compare_query(s, &rng);
            if (step % 500 == 0) series_check(s);
            if (step % 10 == 0) ck_assert_uint_eq(s->samples, naive_count());
        }
        series_free(s);
    }
}
END_TEST

START_TEST(a_rule_gives_what_a_query_of_its_buckets_gives)
{
    struct rng rng;
    rng_init(&rng, 41);
    for (int kind = 0; kind < TSFOLD_KINDS; kind++) {
        struct series *s = series_new(true, 128);
        struct tssample bucket = {0};
        int64_t ms = 20;
        labelled_name(&s->place, SLICE("source"));
        (void)series_add_rule(s, SLICE("dest"), (enum tsfold_kind)kind, 50, 7);
        got.count = 0;
        for (int i = 0; i < 1000; i++) {
            ms += 1 + (int64_t)rng_below(&rng, rng_below(&rng, 20) == 0 ? 300 : 10);
            struct tssample sample = {ms, draw_value(&rng)};
            ck_assert_int_eq(series_put(s, sample, 0), SERIES_OK);
            if (series_rule_append(s->rules, sample, &bucket)) (void)keep(&got, bucket);
            if (i % 100 == 0) s = reloaded(s); /* an open bucket goes on where it was */
        }
        ck_assert(series_rule_latest(s->rules, &bucket));
        (void)keep(&got, bucket);
        struct tsquery q = {.to_ms = INT64_MAX,
                            .count = UINT64_MAX,
                            .folded = true,
                            .kind = (enum tsfold_kind)kind,
                            .bucket_ms = 50,
                            .align_ms = 7};
        want.count = 0;
        ck_assert(tsquery_run(s, &q, keep, &want));
        ck_assert_uint_eq(got.count, want.count);
        for (uint32_t i = 0; i < got.count; i++) {
            ck_assert_int_eq(got.all[i].ms, want.all[i].ms);
            ck_assert_msg(near(got.all[i].value, want.all[i].value), "%s", tsfold_name(q.kind));
            if (i + 1 == got.count) continue;
            ck_assert(series_rule_fold(s, s->rules, series_bucket(got.all[i].ms, 50, 7), &bucket));
            ck_assert(near(bucket.value, want.all[i].value));
        }
        series_free(s);
    }
}
END_TEST

/* The mean over [from, to] of straight lines through the samples, by very small steps. */
static double mean_of_lines(const struct tssample *s, uint32_t n, double from, double to)
{
    enum { SLICES = 100000 };
    double sum = 0;
    for (int k = 0; k < SLICES; k++) {
        double t = from + (to - from) * (k + 0.5) / SLICES;
        uint32_t i = 0;
        while (i + 2 < n && (double)s[i + 1].ms <= t)
            i++;
        double share = (t - (double)s[i].ms) / (double)(s[i + 1].ms - s[i].ms);
        sum += s[i].value + share * (s[i + 1].value - s[i].value);
    }
    return sum / SLICES;
}

START_TEST(twa_is_the_mean_of_the_lines_between_samples)
{
    static const struct tssample samples[] = {{3, 1}, {14, 8}, {21, -2}, {45, 10}, {52, 10}};
    struct series *s = series_new(true, 128);
    for (int i = 0; i < 5; i++)
        (void)series_put(s, samples[i], 0);
    struct tsquery q = {.from_ms = 0,
                        .to_ms = 60,
                        .count = UINT64_MAX,
                        .folded = true,
                        .kind = TSFOLD_TWA,
                        .bucket_ms = 10,
                        .empty = true};
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    ck_assert_uint_eq(got.count, 6); /* 0 to 50; 30 is between samples */
    for (uint32_t i = 0; i < 6; i++) {
        double from = i == 0 ? 3 : i * 10.0, to = i == 5 ? 52 : i * 10.0 + 10;
        ck_assert_double_eq_tol(got.all[i].value, mean_of_lines(samples, 5, from, to), 1e-3);
    }
    q.reverse = true;
    want = got;
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_double_eq(got.all[i].value, want.all[5 - i].value);
    /* Within two samples there is a line for all of the range. */
    q = (struct tsquery){.from_ms = 25,
                         .to_ms = 40,
                         .count = UINT64_MAX,
                         .folded = true,
                         .kind = TSFOLD_TWA,
                         .bucket_ms = 10,
                         .empty = true};
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    ck_assert_uint_eq(got.count, 3);
    ck_assert_double_eq_tol(got.all[1].value, mean_of_lines(samples, 5, 30, 40), 1e-3);
    series_free(s);
}
END_TEST

START_TEST(what_the_retention_hides_is_not_read_and_goes)
{
    struct series *s = series_new(false, 48); /* three samples a chunk */
    s->retention_ms = 100;
    for (int64_t ms = 0; ms <= 1000; ms += 10)
        ck_assert_int_eq(series_put(s, (struct tssample){ms, 1}, 0), SERIES_OK);
    ck_assert_int_eq(series_put(s, (struct tssample){899, 1}, 0), SERIES_OLD);
    ck_assert_int_eq(series_put(s, (struct tssample){901, 1}, 0), SERIES_OK);
    ck_assert_uint_le(s->samples, 11 + 1 + 2 * 3);
    struct tsquery q = {.to_ms = INT64_MAX, .count = UINT64_MAX};
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    ck_assert_uint_eq(got.count, 12);
    ck_assert_int_eq(got.all[0].ms, 900);
    series_free(s);
}
END_TEST

START_TEST(too_many_empty_buckets_are_said_and_bounded)
{
    struct series *s = series_new(true, 128);
    (void)series_put(s, (struct tssample){0, 1}, 0);
    (void)series_put(s, (struct tssample){INT64_MAX, 2}, 0);
    struct tsquery q = {
        .to_ms = INT64_MAX, .count = 10, .folded = true, .bucket_ms = 1, .empty = true};
    got.count = 0;
    ck_assert(tsquery_run(s, &q, keep, &got));
    ck_assert_uint_eq(got.count, 10);
    q.bucket_ms = INT64_MAX;
    for (int reverse = 0; reverse < 2; reverse++) {
        q.reverse = reverse == 1;
        q.align_ms = 1;
        got.count = 0;
        ck_assert(tsquery_run(s, &q, keep, &got));
        ck_assert_uint_eq(got.count, 2);
    }
    series_free(s);
}
END_TEST

UNIT_SUITE("series", a_series_is_an_array_through_100000_steps,
           a_rule_gives_what_a_query_of_its_buckets_gives,
           twa_is_the_mean_of_the_lines_between_samples,
           what_the_retention_hides_is_not_read_and_goes,
           too_many_empty_buckets_are_said_and_bounded)
