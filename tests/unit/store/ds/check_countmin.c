#include "store/ds/countmin.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { NAMES = 5000 };

static struct slice name(char out[24], uint64_t i)
{
    return slice_make(out, (size_t)snprintf(out, 24, "item:%llu", (unsigned long long)i));
}

START_TEST(counts_are_never_too_low_and_seldom_too_high)
{
    /* 100,000 steps against exact counts. The sketch promises that a count is more than 0.002 of
     * all too high with probability 0.01. */
    struct rng rng;
    rng_init(&rng, 3);
    uint64_t width = 0, depth = 0, exact[NAMES] = {0}, total = 0;
    countmin_size(0.002, 0.01, &width, &depth);
    ck_assert_uint_eq(width, 1000);
    ck_assert_uint_eq(depth, 7);
    struct countmin *c = countmin_new(width, depth);
    char text[24];
    for (int step = 0; step < 100000; step++) {
        uint64_t i = rng_below(&rng, NAMES), n = rng_below(&rng, 10);
        exact[i] += n;
        total += n;
        ck_assert_uint_ge(countmin_add(c, name(text, i), n), exact[i]);
    }
    ck_assert_int_eq(c->total, (int64_t)total);
    uint32_t high = 0;
    for (uint64_t i = 0; i < NAMES; i++) {
        uint32_t count = countmin_query(c, name(text, i));
        ck_assert_uint_ge(count, exact[i]);
        high += (double)(count - exact[i]) > 0.002 * (double)total;
    }
    ck_assert_uint_le(high, NAMES / 100);
    countmin_free(c);
}
END_TEST

START_TEST(a_merge_is_the_weighted_sum_or_changes_nothing)
{
    struct countmin *a = countmin_new(100, 3), *b = countmin_new(100, 3);
    (void)countmin_add(a, SLICE("x"), 5);
    (void)countmin_add(b, SLICE("x"), 7);
    (void)countmin_add(b, SLICE("y"), 1);
    const struct countmin *both[] = {a, b};
    ck_assert(countmin_merge(a, both, (const int64_t[]){2, 3}, 2));
    ck_assert_uint_eq(countmin_query(a, SLICE("x")), 31);
    ck_assert_uint_eq(countmin_query(a, SLICE("y")), 3);
    ck_assert_int_eq(a->total, 34);
    ck_assert(!countmin_merge(a, both, (const int64_t[]){-1, 0}, 2));
    ck_assert(!countmin_merge(a, both, (const int64_t[]){INT64_MAX, INT64_MAX}, 2));
    ck_assert(!countmin_merge(a, both, (const int64_t[]){UINT32_MAX, 1}, 2));
    ck_assert_uint_eq(countmin_query(a, SLICE("x")), 31);
    ck_assert_int_eq(a->total, 34);
    countmin_free(a);
    countmin_free(b);
}
END_TEST

START_TEST(cells_and_total_stop_at_their_largest)
{
    struct countmin *c = countmin_new(10, 2);
    ck_assert_uint_eq(countmin_add(c, SLICE("x"), UINT32_MAX - 1), UINT32_MAX - 1);
    ck_assert_uint_eq(countmin_add(c, SLICE("x"), 5), UINT32_MAX);
    ck_assert_uint_eq(countmin_add(c, SLICE("x"), INT64_MAX), UINT32_MAX);
    ck_assert_int_eq(c->total, INT64_MAX);
    countmin_free(c);
    ck_assert_ptr_null(countmin_new(0, 5));
    ck_assert_ptr_null(countmin_new((uint64_t)1 << 60, (uint64_t)1 << 60));
}
END_TEST

START_TEST(bytes_come_back_and_torn_ones_are_refused)
{
    char text[24];
    struct countmin *c = countmin_new(37, 4);
    for (uint64_t i = 0; i < 300; i++)
        (void)countmin_add(c, name(text, i), i * i * i * 50);
    struct buf bytes = {0}, again = {0};
    countmin_save(c, &bytes);
    struct countmin *loaded = countmin_load(buf_slice(&bytes));
    ck_assert_ptr_nonnull(loaded);
    countmin_save(loaded, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    for (size_t cut = 0; cut < bytes.len; cut++)
        ck_assert_ptr_null(countmin_load(slice_make(bytes.p, cut)));
    buf_add_char(&bytes, 'x');
    ck_assert_ptr_null(countmin_load(buf_slice(&bytes)));
    countmin_free(loaded);
    countmin_free(c);
    buf_fini(&bytes);
    buf_fini(&again);
}
END_TEST

UNIT_SUITE("countmin", counts_are_never_too_low_and_seldom_too_high,
           a_merge_is_the_weighted_sum_or_changes_nothing, cells_and_total_stop_at_their_largest,
           bytes_come_back_and_torn_ones_are_refused)
