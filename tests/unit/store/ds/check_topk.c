#include "store/ds/topk.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

enum { NAMES = 10000, STEPS = 100000 };

static struct slice name(char out[24], uint64_t i)
{
    return slice_make(out, (size_t)snprintf(out, 24, "item:%llu", (unsigned long long)i));
}

static bool add(struct topk *t, struct slice item, uint32_t n)
{
    struct buf gone = {0};
    bool expelled = topk_add(t, item, n, &gone);
    buf_fini(&gone);
    return expelled;
}

START_TEST(the_best_of_a_skewed_stream_are_found_with_counts_that_are_not_too_high)
{
    /* Item i comes about 1 / (i + 1) as often as item 0. */
    static uint32_t exact[NAMES];
    struct rng rng;
    rng_init(&rng, 8);
    struct topk *t = topk_new(20, 500, 5, 0.9);
    char text[24];
    for (int step = 0; step < STEPS; step++) {
        uint64_t i = (uint64_t)(pow((double)NAMES, rng_unit(&rng)) - 1);
        exact[i]++;
        (void)add(t, name(text, i), 1);
        if (step % 5000 == 0) topk_check(t);
    }
    struct topk_item best[20];
    ck_assert_uint_eq(topk_list(t, best), 20);
    uint32_t right = 0;
    for (int k = 0; k < 20; k++) {
        ck_assert(topk_has(t, best[k].name));
        ck_assert(k == 0 || best[k].count <= best[k - 1].count);
        uint64_t i = strtoull(best[k].name.p + 5, NULL, 10);
        right += i < 20;
        ck_assert_uint_le(best[k].count, exact[i]);
        ck_assert_uint_ge(best[k].count, exact[i] * 95 / 100);
    }
    ck_assert_uint_ge(right, 18);
    topk_free(t);
}
END_TEST

START_TEST(few_items_are_counted_exactly_and_the_least_goes_first)
{
    struct topk *t = topk_new(2, 1000, 4, 0.9);
    struct buf gone = {0};
    ck_assert(!topk_add(t, SLICE("a"), 5, &gone));
    ck_assert(!topk_add(t, SLICE("b"), 3, &gone));
    ck_assert(!topk_add(t, SLICE("c"), 2, &gone));
    ck_assert(topk_add(t, SLICE("c"), 2, &gone));
    ck_assert(slice_is(buf_slice(&gone), "b"));
    ck_assert_uint_eq(topk_count(t, SLICE("b")), 3);
    ck_assert_uint_eq(topk_count(t, SLICE("c")), 4);
    ck_assert(!topk_has(t, SLICE("b")));
    ck_assert(!topk_add(t, SLICE("a"), 0, &gone) || gone.len == 0);
    topk_check(t);
    buf_fini(&gone);
    topk_free(t);
}
END_TEST

START_TEST(the_same_steps_give_the_same_bytes_also_after_a_restart)
{
    char text[24];
    struct rng rng;
    rng_init(&rng, 2);
    struct topk *t = topk_new(5, 8, 3, 0.8), *restarted = NULL;
    struct buf bytes = {0}, again = {0};
    for (int step = 0; step < 2000; step++) {
        if (step == 1000) {
            topk_save(t, &bytes);
            restarted = topk_load(buf_slice(&bytes));
            ck_assert_ptr_nonnull(restarted);
            for (size_t cut = 0; cut < bytes.len; cut++)
                ck_assert_ptr_null(topk_load(slice_make(bytes.p, cut)));
        }
        uint64_t i = rng_below(&rng, 50);
        uint32_t n = (uint32_t)rng_below(&rng, 4);
        (void)add(t, name(text, i), n);
        if (restarted != NULL) (void)add(restarted, name(text, i), n);
    }
    buf_clear(&bytes);
    topk_save(t, &bytes);
    topk_save(restarted, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    struct topk *copy = topk_copy(t);
    topk_check(copy);
    topk_free(copy);
    topk_free(restarted);
    topk_free(t);
    buf_fini(&bytes);
    buf_fini(&again);
}
END_TEST

START_TEST(sizes_beyond_the_limits_are_refused)
{
    ck_assert_ptr_null(topk_new(0, 8, 7, 0.9));
    ck_assert_ptr_null(topk_new(1, 0, 7, 0.9));
    ck_assert_ptr_null(topk_new(1, 8, TOPK_DEPTH_MAX + 1, 0.9));
    ck_assert_ptr_null(topk_new(UINT32_MAX, UINT32_MAX, 7, 0.9));
    struct topk *t = topk_new(1, 1, 1, 1); /* every other item wears the cell down */
    (void)add(t, SLICE("a"), 100000);
    (void)add(t, SLICE("b"), 99999);
    ck_assert_uint_eq(topk_count(t, SLICE("a")), 1);
    topk_free(t);
}
END_TEST

UNIT_SUITE("topk", the_best_of_a_skewed_stream_are_found_with_counts_that_are_not_too_high,
           few_items_are_counted_exactly_and_the_least_goes_first,
           the_same_steps_give_the_same_bytes_also_after_a_restart,
           sizes_beyond_the_limits_are_refused)
