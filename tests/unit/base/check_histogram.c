#include "base/histogram.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(an_empty_histogram_says_zero)
{
    struct histogram h;
    histogram_init(&h);
    ck_assert_int_eq(histogram_percentile(&h, 50), 0);
    ck_assert(histogram_mean(&h) == 0.0);
}
END_TEST

START_TEST(small_values_are_exact)
{
    struct histogram h;
    histogram_init(&h);
    for (int i = 1; i <= 100; i++)
        histogram_record(&h, i);
    ck_assert_int_eq(histogram_percentile(&h, 0), 1);
    ck_assert_int_eq(histogram_percentile(&h, 1), 1);
    ck_assert_int_eq(histogram_percentile(&h, 50), 50);
    ck_assert_int_eq(histogram_percentile(&h, 99), 99);
    ck_assert_int_eq(histogram_percentile(&h, 99.1), 100);
    ck_assert_int_eq(histogram_percentile(&h, 100), 100);
    ck_assert(histogram_mean(&h) == 50.5);
}
END_TEST

START_TEST(extremes_stay_in_range_and_are_remembered)
{
    struct histogram h;
    histogram_init(&h);
    histogram_record(&h, -5);
    histogram_record(&h, INT64_MAX / 2);
    histogram_record_n(&h, 7, 0);
    ck_assert_uint_eq(h.count, 2);
    ck_assert_int_eq(histogram_percentile(&h, 100), INT64_MAX / 2);
    ck_assert_int_eq(h.min, -5);
    ck_assert_int_eq(histogram_percentile(&h, 0), -5);
}
END_TEST

/* Goal: every percentile is within a slot (1/64) above the exact one.
 * Method: 100,000 values of several sizes, sorted, against the histogram; merged from two. */
START_TEST(percentiles_are_within_a_slot_of_the_exact_ones)
{
    enum { N = 100000 };
    struct rng r;
    rng_init(&r, 42);
    int64_t *values = mem_array(N, int64_t);
    struct histogram *h = mem_new(struct histogram);
    struct histogram *half = mem_new(struct histogram);
    histogram_init(h);
    histogram_init(half);
    for (int i = 0; i < N; i++) {
        values[i] = (int64_t)rng_exp(&r, pow(10.0, 1.0 + (double)rng_below(&r, 8)));
        histogram_record(i % 2 == 0 ? h : half, values[i]);
    }
    histogram_merge(h, half);
    ck_assert_uint_eq(h->count, N);
    qsort(values, N, sizeof *values, by_value);
    for (int hundredths = 1; hundredths <= 10000; hundredths++) {
        double p = hundredths / 100.0;
        double rank = ceil(p / 100.0 * N);
        int64_t exact = values[(size_t)rank - 1];
        int64_t got = histogram_percentile(h, p);
        ck_assert_int_ge(got, exact);
        ck_assert_int_le(got, exact + exact / 64 + 1);
    }
    ck_assert_int_eq(histogram_percentile(h, 100), values[N - 1]);
    ck_assert_int_eq(histogram_percentile(h, 0), values[0]);
    mem_free(values);
    mem_free(h);
    mem_free(half);
}
END_TEST

UNIT_SUITE("histogram", an_empty_histogram_says_zero, small_values_are_exact,
           extremes_stay_in_range_and_are_remembered,
           percentiles_are_within_a_slot_of_the_exact_ones)
