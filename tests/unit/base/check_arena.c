#include "base/arena.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

START_TEST(every_allocation_is_aligned_and_no_two_overlap)
{
    enum { N = 2000 };
    static unsigned char *at[N];
    static size_t size[N];
    struct arena a = {0};
    struct rng r;
    rng_init(&r, 1);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++) {
            size[i] = rng_below(&r, i % 100 == 0 ? 20000 : 60);
            at[i] = arena_alloc(&a, size[i]);
            ck_assert_uint_eq((uintptr_t)at[i] % 16, 0);
            memset(at[i], i & 255, size[i]);
        }
        for (int i = 0; i < N; i++)
            for (size_t b = 0; b < size[i]; b++)
                ck_assert_int_eq(at[i][b], i & 255);
        arena_reset(&a);
    }
    arena_fini(&a);
}
END_TEST

START_TEST(new_objects_are_zero_also_in_memory_used_before)
{
    struct arena a = {0};
    memset(arena_alloc(&a, 1000), 255, 1000);
    arena_reset(&a);
    const int64_t *n = arena_array(&a, 100, int64_t);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(n[i], 0);
    arena_fini(&a);
}
END_TEST

START_TEST(copies_and_formatted_text_end_with_a_nul)
{
    struct arena a = {0};
    struct slice copy = arena_copy(&a, SLICE("la-d1"));
    struct slice none = arena_copy(&a, (struct slice){0});
    struct slice made = arena_printf(&a, "%s:%d", "ride", 7);
    ck_assert_str_eq(copy.p, "la-d1");
    ck_assert_uint_eq(copy.len, 5);
    ck_assert_str_eq(none.p, "");
    ck_assert_uint_eq(none.len, 0);
    ck_assert_str_eq(made.p, "ride:7");
    ck_assert_uint_eq(made.len, 6);
    arena_fini(&a);
    arena_fini(NULL);
}
END_TEST

UNIT_SUITE("arena", every_allocation_is_aligned_and_no_two_overlap,
           new_objects_are_zero_also_in_memory_used_before,
           copies_and_formatted_text_end_with_a_nul)
