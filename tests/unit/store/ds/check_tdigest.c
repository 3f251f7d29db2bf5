#include "store/ds/tdigest.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { VALUES = 100000 };
static double values[VALUES];

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The share of values below x, by counting; values are in order. */
static double share_below(double x)
{
    uint32_t low = 0, high = VALUES;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (values[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    return (double)low / VALUES;
}

static double draw(struct rng *rng, int kind)
{
    if (kind == 0) return rng_unit(rng);
    if (kind == 1) return rng_exp(rng, 10);
    return rng_normal(rng) * 1e6;
}

START_TEST(quantiles_of_100000_values_are_near_and_nearest_at_the_ends)
{
    static const double shares[] = {0.0001, 0.001, 0.01, 0.1,   0.25,  0.5,
                                    0.75,   0.9,   0.99, 0.999, 0.9999};
    for (int kind = 0; kind < 3; kind++) {
        struct rng rng;
        rng_init(&rng, 5 + (uint64_t)kind);
        struct tdigest *t = tdigest_new(100);
        for (int i = 0; i < VALUES; i++)
            tdigest_add(t, values[i] = draw(&rng, kind));
        qsort(values, VALUES, sizeof values[0], by_size);
        tdigest_check(t);
        ck_assert_uint_eq(tdigest_count(t), VALUES);
        ck_assert_double_eq(tdigest_min(t), values[0]);
        ck_assert_double_eq(tdigest_max(t), values[VALUES - 1]);
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
            double q = shares[i];
            /* A cluster spans 2 pi sqrt(q (1 - q)) / compression of all; one cluster may err. */
            double bound = 2 * M_PI * sqrt(q * (1 - q)) / 100 + 2.0 / VALUES;
            double x = tdigest_quantile(t, q);
            ck_assert_double_le(fabs(share_below(x) - q), bound);
            ck_assert_double_le(fabs(tdigest_cdf(t, values[(int)(q * VALUES)]) - q), bound);
        }
        ck_assert_uint_le(tdigest_info(t).merged_nodes, 210);
        tdigest_check(t);
        tdigest_free(t);
    }
}
END_TEST

START_TEST(few_values_are_kept_exactly)
{
    struct tdigest *t = tdigest_new(100);
    ck_assert_double_nan(tdigest_quantile(t, 0.5));
    ck_assert_double_nan(tdigest_min(t));
    for (int i = 1; i <= 9; i++)
        tdigest_add(t, i);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq(tdigest_quantile(t, i / 9.0), i + 1);
    ck_assert_double_eq(tdigest_cdf(t, 0.5), 0);
    ck_assert_double_eq(tdigest_cdf(t, 9.5), 1);
    ck_assert_double_eq(tdigest_cdf(t, 5), 0.5);
    ck_assert_double_eq(tdigest_trimmed_mean(t, 0, 1), 5);
    tdigest_reset(t);
    ck_assert_uint_eq(tdigest_count(t), 0);
    tdigest_add(t, -3);
    ck_assert_double_eq(tdigest_min(t), -3);
    ck_assert_double_eq(tdigest_max(t), -3);
    tdigest_free(t);
}
END_TEST

START_TEST(a_merge_answers_as_one_digest_of_all)
{
    struct rng rng;
    rng_init(&rng, 77);
    struct tdigest *parts[4], *all = tdigest_new(200);
    for (int p = 0; p < 4; p++)
        parts[p] = tdigest_new(100 + 50 * (uint32_t)p);
    for (int i = 0; i < VALUES; i++)
        tdigest_add(parts[i % 4], values[i] = draw(&rng, i % 3));
    for (int p = 0; p < 4; p++)
        tdigest_merge(all, parts[p]);
    qsort(values, VALUES, sizeof values[0], by_size);
    tdigest_check(all);
    ck_assert_uint_eq(tdigest_count(all), VALUES);
    for (double q = 0.01; q < 1; q += 0.01)
        ck_assert_double_le(fabs(share_below(tdigest_quantile(all, q)) - q), 0.04);
    for (int p = 0; p < 4; p++)
        tdigest_free(parts[p]);
    tdigest_free(all);
}
END_TEST

START_TEST(edges_of_doubles_and_equal_values_keep_the_invariants)
{
    struct rng rng;
    rng_init(&rng, 1);
    struct tdigest *t = tdigest_new(10);
    static const double edges[] = {
        0, -0.0, 1, -1, 1e308, -1e308, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308};
    for (int i = 0; i < 20000; i++) {
        tdigest_add(t, edges[rng_below(&rng, 9)]);
        if (i % 1000 != 0) continue;
        tdigest_check(t);
        for (double q = 0; q <= 1; q += 0.125) {
            double x = tdigest_quantile(t, q);
            ck_assert(x >= tdigest_min(t) && x <= tdigest_max(t));
            double share = tdigest_cdf(t, x);
            ck_assert(share >= 0 && share <= 1);
        }
    }
    tdigest_free(t);
}
END_TEST

START_TEST(bytes_come_back_and_torn_ones_are_refused)
{
    struct rng rng;
    rng_init(&rng, 6);
    struct tdigest *t = tdigest_new(20);
    for (int i = 0; i < 1000; i++)
        tdigest_add(t, rng_normal(&rng));
    struct buf bytes = {0}, again = {0};
    tdigest_save(t, &bytes);
    struct tdigest *loaded = tdigest_load(buf_slice(&bytes));
    ck_assert_ptr_nonnull(loaded);
    tdigest_check(loaded);
    tdigest_save(loaded, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    for (size_t cut = 0; cut < bytes.len; cut++)
        ck_assert_ptr_null(tdigest_load(slice_make(bytes.p, cut)));
    ck_assert_double_eq(tdigest_quantile(loaded, 0.3), tdigest_quantile(t, 0.3));
    struct tdigest *copy = tdigest_copy(t);
    tdigest_add(copy, 100);
    ck_assert_double_lt(tdigest_max(t), 100);
    tdigest_free(copy);
    tdigest_free(loaded);
    tdigest_free(t);
    buf_fini(&bytes);
    buf_fini(&again);
}
END_TEST

UNIT_SUITE("tdigest", quantiles_of_100000_values_are_near_and_nearest_at_the_ends,
           few_values_are_kept_exactly, a_merge_answers_as_one_digest_of_all,
           edges_of_doubles_and_equal_values_keep_the_invariants,
           bytes_come_back_and_torn_ones_are_refused)
