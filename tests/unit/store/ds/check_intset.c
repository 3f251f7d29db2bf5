#include "store/ds/intset.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { NUMBERS = 300 };

/* Numbers of many widths, and edges of some. */
static int64_t number(uint64_t i)
{
    static const int64_t edges[] = {INT16_MIN,
                                    INT16_MAX,
                                    INT16_MIN - 1,
                                    INT16_MAX + 1,
                                    INT32_MIN,
                                    INT32_MAX,
                                    INT64_MIN,
                                    INT64_MAX,
                                    -1,
                                    0,
                                    1,
                                    (int64_t)INT32_MIN - 1};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    if (i < EDGES) return edges[i];
    return i < 200 ? (int64_t)i - 100 : (int64_t)i * 1234567891 - 200000000000;
}

START_TEST(random_steps_agree_with_an_array)
{
    struct rng rng;
    rng_init(&rng, 9);
    struct intset s = {0};
    bool there[NUMBERS] = {false};
    uint32_t count = 0;
    /* Small numbers first, so that the array widens with members in it. */
    for (int step = 0; step < 100000; step++) {
        uint64_t most = step < 1000 ? 100 : NUMBERS;
        uint64_t i = step < 1000 ? 12 + rng_below(&rng, most) : rng_below(&rng, most);
        if (number(i) == 0 || number(i) == 1 || number(i) == -1) continue;
        ck_assert_int_eq(intset_has(&s, number(i)), there[i]);
        if (rng_below(&rng, 2) == 0) {
            ck_assert_int_eq(intset_add(&s, number(i)), !there[i]);
            count += !there[i];
            there[i] = true;
        } else {
            ck_assert_int_eq(intset_del(&s, number(i)), there[i]);
            count -= there[i];
            there[i] = false;
        }
        ck_assert_uint_eq(intset_count(&s), count);
        if (step % 100 == 0) intset_check(&s);
    }
    intset_fini(&s);
}
END_TEST

static size_t memory_of(int64_t from, int64_t step)
{
    struct intset s = {0};
    for (int64_t i = 0; i < 100; i++)
        ck_assert(intset_add(&s, from + i * step));
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_int_eq(intset_at(&s, i), from + i * step);
    intset_check(&s);
    size_t bytes = intset_memory(&s);
    intset_fini(&s);
    return bytes;
}

START_TEST(numbers_take_as_many_bytes_as_their_distance_needs)
{
    enum { SPARE = 48 }; /* what stands before them, and rounding */
    ck_assert_uint_le(memory_of(1763900000000, 1), 100 + SPARE);
    ck_assert_uint_le(memory_of(-500, 300), 200 + SPARE);
    ck_assert_uint_le(memory_of(0, 100000), 300 + SPARE);
    ck_assert_uint_le(memory_of(INT64_MIN, 1), 100 + SPARE);
    ck_assert_uint_ge(memory_of(INT64_MIN, INT64_MAX / 100), 800);
}
END_TEST

START_TEST(a_smaller_number_moves_the_base)
{
    struct intset s = {0};
    ck_assert(intset_add(&s, INT64_MAX));
    ck_assert(intset_add(&s, 5));
    ck_assert(intset_add(&s, INT64_MIN));
    ck_assert(!intset_add(&s, 5));
    ck_assert_int_eq(intset_at(&s, 0), INT64_MIN);
    ck_assert_int_eq(intset_at(&s, 1), 5);
    ck_assert_int_eq(intset_at(&s, 2), INT64_MAX);
    ck_assert(intset_del(&s, INT64_MIN));
    ck_assert(!intset_has(&s, INT64_MIN));
    intset_fini(&s);
}
END_TEST

UNIT_SUITE("intset", random_steps_agree_with_an_array,
           numbers_take_as_many_bytes_as_their_distance_needs, a_smaller_number_moves_the_base)
