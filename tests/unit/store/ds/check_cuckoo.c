#include "store/ds/cuckoo.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { NAMES = 3000, STEPS = 100000 };

static struct slice name(char out[24], uint64_t i)
{
    return slice_make(out, (size_t)snprintf(out, 24, "item:%llu", (unsigned long long)i));
}

START_TEST(random_steps_never_lose_an_item_and_counts_are_never_too_low)
{
    static const struct cuckoo_shape shapes[] = {
        {.capacity = 512, .bucket_size = 2, .max_iterations = 20, .expansion = 1},
        {.capacity = 64, .bucket_size = 4, .max_iterations = 50, .expansion = 2},
        {.capacity = 8192, .bucket_size = 1, .max_iterations = 500, .expansion = 2}};
    char text[24];
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        struct rng rng;
        rng_init(&rng, 4 + s);
        uint32_t there[NAMES] = {0};
        uint64_t items = 0, refused = 0;
        struct cuckoo *c = cuckoo_new(&shapes[s]);
        for (int step = 0; step < STEPS; step++) {
            uint64_t i = rng_below(&rng, NAMES);
            bool add = there[i] == 0 || (there[i] < 3 && rng_below(&rng, 2) == 0);
            if (add) {
                bool added = cuckoo_add(c, name(text, i));
                refused += !added;
                there[i] += added;
                items += added;
            } else {
                ck_assert(cuckoo_del(c, name(text, i)));
                there[i]--;
                items--;
            }
            ck_assert_uint_ge(cuckoo_count(c, name(text, i)), there[i]);
            ck_assert(there[i] == 0 || cuckoo_has(c, name(text, i)));
            ck_assert_uint_eq(cuckoo_info(c).items, items);
            if (step % 5000 != 0) continue;
            if (step % 10000 == 0) cuckoo_compact(c);
            cuckoo_check(c);
            for (uint64_t k = 0; k < NAMES; k++)
                ck_assert(there[k] == 0 || cuckoo_has(c, name(text, k)));
        }
        ck_assert_uint_lt(refused, STEPS / 10);
        cuckoo_free(c);
    }
}
END_TEST

START_TEST(errors_are_as_rare_as_a_byte_and_two_buckets_make_them)
{
    /* Each look compares with at most 2 * bucket_size places a filter; a fingerprint has 255
     * values. Two filters would double it. */
    char text[24];
    struct cuckoo *c = cuckoo_new(&(struct cuckoo_shape){
        .capacity = 32768, .bucket_size = 2, .max_iterations = 500, .expansion = 1});
    for (uint64_t i = 0; i < 20000; i++)
        ck_assert(cuckoo_add(c, name(text, i)));
    ck_assert_uint_eq(cuckoo_info(c).filters, 1);
    uint32_t wrong = 0;
    for (uint64_t i = 0; i < 100000; i++)
        wrong += cuckoo_has(c, name(text, 1000000 + i));
    ck_assert_uint_gt(wrong, 0);
    ck_assert_double_le(wrong / 100000.0, 4.0 / 255 + 0.002);
    cuckoo_free(c);
}
END_TEST

START_TEST(a_full_filter_that_may_not_grow_refuses_and_keeps_what_it_has)
{
    char text[24];
    struct cuckoo *c =
        cuckoo_new(&(struct cuckoo_shape){.capacity = 8, .bucket_size = 2, .max_iterations = 10});
    bool there[100] = {false};
    uint32_t held = 0;
    for (uint64_t i = 0; i < 100; i++)
        held += there[i] = cuckoo_add(c, name(text, i));
    ck_assert_uint_le(held, 8);
    ck_assert_uint_eq(cuckoo_info(c).items, held);
    for (uint64_t i = 0; i < 100; i++)
        ck_assert(!there[i] || cuckoo_has(c, name(text, i)));
    cuckoo_check(c);
    cuckoo_free(c);
}
END_TEST

START_TEST(bytes_come_back_whole_and_in_pieces_and_torn_ones_are_refused)
{
    char text[24];
    struct cuckoo *c = cuckoo_new(&(struct cuckoo_shape){
        .capacity = 16, .bucket_size = 2, .max_iterations = 20, .expansion = 2});
    for (uint64_t i = 0; i < 200; i++)
        (void)cuckoo_add(c, name(text, i));
    struct buf bytes = {0}, again = {0}, head = {0};
    cuckoo_save(c, &bytes);
    struct cuckoo *loaded = cuckoo_load(buf_slice(&bytes));
    ck_assert_ptr_nonnull(loaded);
    cuckoo_check(loaded);
    cuckoo_save(loaded, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    for (size_t cut = 0; cut < bytes.len; cut++)
        ck_assert_ptr_null(cuckoo_load(slice_make(bytes.p, cut)));

    cuckoo_save_head(c, &head);
    struct cuckoo *pieces = cuckoo_load_head(buf_slice(&head));
    uint64_t at = 0;
    for (struct slice p = cuckoo_piece(c, 0, 5); p.len > 0; p = cuckoo_piece(c, at, 5)) {
        ck_assert(cuckoo_put_piece(pieces, at, p));
        at += p.len;
    }
    buf_clear(&again);
    cuckoo_save(pieces, &again);
    ck_assert(slice_eq(buf_slice(&bytes), buf_slice(&again)));
    cuckoo_free(pieces);
    cuckoo_free(loaded);
    cuckoo_free(c);
    buf_fini(&bytes);
    buf_fini(&again);
    buf_fini(&head);
}
END_TEST

UNIT_SUITE("cuckoo", random_steps_never_lose_an_item_and_counts_are_never_too_low,
           errors_are_as_rare_as_a_byte_and_two_buckets_make_them,
           a_full_filter_that_may_not_grow_refuses_and_keeps_what_it_has,
           bytes_come_back_whole_and_in_pieces_and_torn_ones_are_refused)
