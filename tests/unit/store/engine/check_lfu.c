#include "store/engine/lfu.h"

#include "tests/lib/unit.h"

enum { NOW = 1800000000 };

START_TEST(uses_count_up_ever_more_slowly)
{
    struct rng rng;
    rng_init(&rng, 1);
    uint32_t stamp = lfu_stamp(NOW, LFU_NEW), at[3] = {0};
    for (uint32_t i = 1; i <= 100000; i++) {
        stamp = lfu_used(stamp, NOW, 1, 10, &rng);
        if (i == 100) at[0] = lfu_counter(stamp, NOW, 1);
        if (i == 1000) at[1] = lfu_counter(stamp, NOW, 1);
        if (i == 100000) at[2] = lfu_counter(stamp, NOW, 1);
    }
    ck_assert_uint_gt(at[0], LFU_NEW);
    ck_assert_uint_lt(at[0], 20); /* 10 after 100 uses, says the model */
    ck_assert_uint_gt(at[1], at[0]);
    ck_assert_uint_lt(at[1], 40); /* 18 after 1000 */
    ck_assert_uint_gt(at[2], 100);
    ck_assert_uint_lt(at[2], 200); /* 142 after 100000 */
}
END_TEST

START_TEST(factor_zero_counts_every_use_up_to_the_most)
{
    struct rng rng;
    rng_init(&rng, 1);
    uint32_t stamp = lfu_stamp(NOW, LFU_NEW);
    for (int i = 0; i < 300; i++)
        stamp = lfu_used(stamp, NOW, 1, 0, &rng);
    ck_assert_uint_eq(lfu_counter(stamp, NOW, 1), LFU_MAX);
}
END_TEST

START_TEST(time_without_use_takes_it_away)
{
    uint32_t stamp = lfu_stamp(NOW, 100);
    ck_assert_uint_eq(lfu_counter(stamp, NOW + 59, 1), 100);
    ck_assert_uint_eq(lfu_counter(stamp, NOW + 10 * 60, 1), 90);
    ck_assert_uint_eq(lfu_counter(stamp, NOW + 10 * 60, 5), 98);
    ck_assert_uint_eq(lfu_counter(stamp, NOW + 10 * 60, 0), 100);
    ck_assert_uint_eq(lfu_counter(stamp, NOW + 1000 * 60, 1), 0);
}
END_TEST

START_TEST(minutes_wrap_and_unix_times_count_as_new)
{
    uint32_t before = (1U << 16) * 60 * 400; /* the minute is 0 here */
    uint32_t stamp = lfu_stamp(before - 60, 100);
    ck_assert_uint_eq(lfu_counter(stamp, before + 60, 1), 98);
    ck_assert(lfu_is_stamp(stamp));
    ck_assert(!lfu_is_stamp(NOW));
    ck_assert_uint_eq(lfu_counter(NOW, NOW, 1), LFU_NEW);
}
END_TEST

UNIT_SUITE("lfu", uses_count_up_ever_more_slowly, factor_zero_counts_every_use_up_to_the_most,
           time_without_use_takes_it_away, minutes_wrap_and_unix_times_count_as_new)
