#include "store/ds/bloom.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

static struct slice name(char out[24], uint64_t i)
{
    return slice_make(out, (size_t)snprintf(out, 24, "item:%llu", (unsigned long long)i));
}

/* The share of items never added that are found. */
static double errors(const struct bloom *b, uint32_t looks)
{
    char text[24];
    uint32_t wrong = 0;
    for (uint64_t i = 0; i < looks; i++)
        wrong += bloom_has(b, name(text, 1000000000 + i));
    return (double)wrong / looks;
}

START_TEST(what_was_added_is_always_found_and_errors_stay_below_the_promise)
{
    /* Goal: the promise holds for one full filter and for a chain of many.
     * Method: measured errors are binomial; four standard deviations above the promise would
     * come once in 30,000 runs of a filter that is just as good as promised. */
    static const struct {
        double error;
        uint64_t capacity;
        uint32_t expansion, items;
    } cases[] = {{0.01, 20000, 0, 20000}, {0.001, 20000, 2, 20000}, {0.01, 100, 2, 20000},
                 {0.1, 50, 1, 2000},      {0.01, 1, 2, 5000},       {0.0001, 1000, 4, 50000}};
    enum { LOOKS = 200000 };
    char text[24];
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct bloom *b = bloom_new(cases[c].error, cases[c].capacity, cases[c].expansion);
        uint64_t added = 0;
        for (uint64_t i = 0; i < cases[c].items; i++)
            added += bloom_add(b, name(text, i)) == BLOOM_NEW;
        bloom_check(b);
        ck_assert_uint_eq(bloom_items(b), added);
        for (uint64_t i = 0; i < cases[c].items; i++)
            ck_assert(bloom_has(b, name(text, i)));
        double deviation = sqrt(cases[c].error / LOOKS);
        ck_assert_double_le(errors(b, LOOKS), cases[c].error + 4 * deviation);
        bloom_free(b);
    }
}
END_TEST

START_TEST(a_filter_that_does_not_scale_says_full_and_takes_no_more)
{
    struct bloom *b = bloom_new(0.001, 3, 0);
    ck_assert_int_eq(bloom_add(b, SLICE("a")), BLOOM_NEW);
    ck_assert_int_eq(bloom_add(b, SLICE("b")), BLOOM_NEW);
    ck_assert_int_eq(bloom_add(b, SLICE("c")), BLOOM_NEW);
    ck_assert_int_eq(bloom_add(b, SLICE("a")), BLOOM_OLD);
    ck_assert_int_eq(bloom_add(b, SLICE("d")), BLOOM_FULL);
    ck_assert(!bloom_has(b, SLICE("d")));
    ck_assert_uint_eq(bloom_items(b), 3);
    bloom_free(b);
}
END_TEST

START_TEST(sizes_beyond_the_limit_are_refused)
{
    ck_assert_ptr_null(bloom_new(0.01, 0, 2));
    ck_assert_ptr_null(bloom_new(1e-9, (uint64_t)1 << 40, 2));
    /* A chain stops growing at the limit instead of passing it. */
    struct bloom *b = bloom_new(0.25, 1, BLOOM_EXPANSION_MAX);
    char text[24];
    uint64_t i = 0;
    while (bloom_filters(b) < 3 && bloom_add(b, name(text, i)) != BLOOM_FULL)
        i++;
    ck_assert_uint_eq(bloom_filters(b), 2);
    ck_assert_uint_lt(bloom_memory(b), (size_t)BLOOM_BYTES_MAX);
    bloom_free(b);
}
END_TEST

START_TEST(bytes_come_back_whole_and_in_pieces_and_torn_ones_are_refused)
{
    char text[24];
    struct bloom *b = bloom_new(0.01, 10, 2);
    for (uint64_t i = 0; i < 500; i++)
        (void)bloom_add(b, name(text, i));
    struct buf bytes = {0}, again = {0}, head = {0};
    bloom_save(b, &bytes);
    struct bloom *loaded = bloom_load(buf_slice(&bytes));
    ck_assert_ptr_nonnull(loaded);
    bloom_check(loaded);
    bloom_save(loaded, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    for (size_t cut = 0; cut < bytes.len; cut++)
        ck_assert_ptr_null(bloom_load(slice_make(bytes.p, cut)));

    bloom_save_head(b, &head);
    struct bloom *pieces = bloom_load_head(buf_slice(&head));
    uint64_t at = 0;
    for (struct slice p = bloom_piece(b, 0, 7); p.len > 0; p = bloom_piece(b, at, 7)) {
        ck_assert(bloom_put_piece(pieces, at, p));
        at += p.len;
    }
    buf_clear(&again);
    bloom_save(pieces, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    ck_assert(!bloom_put_piece(pieces, at, SLICE("x")));
    struct bloom *copy = bloom_copy(b);
    ck_assert_int_eq(bloom_add(copy, SLICE("only in the copy")), BLOOM_NEW);
    ck_assert_uint_eq(bloom_items(copy), bloom_items(b) + 1);
    bloom_free(copy);
    bloom_free(pieces);
    bloom_free(loaded);
    bloom_free(b);
    buf_fini(&bytes);
    buf_fini(&again);
    buf_fini(&head);
}
END_TEST

UNIT_SUITE("bloom", what_was_added_is_always_found_and_errors_stay_below_the_promise,
           a_filter_that_does_not_scale_says_full_and_takes_no_more,
           sizes_beyond_the_limit_are_refused,
           bytes_come_back_whole_and_in_pieces_and_torn_ones_are_refused)
