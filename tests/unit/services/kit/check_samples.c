#include "services/kit/core/samples.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdbool.h>

static struct samples of(enum samples_fold fold)
{
    return (struct samples){.fold = fold, .bucket_ms = 10};
}

static void ck_sample(const struct samples *s, size_t i, int64_t at_ms, double value)
{
    ck_assert_uint_lt(i, s->count);
    ck_assert_int_eq(s->all[i].at_ms, at_ms);
    ck_assert_double_eq(s->all[i].value, value);
}

START_TEST(what_falls_into_one_bucket_folds)
{
    static const double expected[] = {[SAMPLES_SUM] = 9, [SAMPLES_MAX_OF] = 5, [SAMPLES_LAST] = 1};
    for (int fold = SAMPLES_SUM; fold <= SAMPLES_LAST; fold++) {
        struct samples s = of((enum samples_fold)fold);
        samples_add(&s, 20, 3);
        samples_add(&s, 29, 5);
        samples_add(&s, 25, 1);
        ck_assert_uint_eq(s.count, 1);
        ck_sample(&s, 0, 20, expected[fold]);
    }
}
END_TEST

START_TEST(late_values_find_their_bucket)
{
    struct samples s = of(SAMPLES_SUM);
    samples_add(&s, 30, 1);
    samples_add(&s, 10, 2);
    samples_add(&s, 25, 4);
    samples_add(&s, 19, 8);
    samples_add(&s, 0, 16);
    ck_assert_uint_eq(s.count, 4);
    ck_sample(&s, 0, 0, 16);
    ck_sample(&s, 1, 10, 10);
    ck_sample(&s, 2, 20, 4);
    ck_sample(&s, 3, 30, 1);
}
END_TEST

START_TEST(the_oldest_makes_room_and_nothing_older_comes_in)
{
    struct samples s = of(SAMPLES_SUM);
    for (int i = 1; i <= SAMPLES_MAX; i++)
        samples_add(&s, i * 20, i);
    samples_add(&s, 0, 99); /* older than all */
    ck_sample(&s, 0, 20, 1);
    samples_add(&s, 50, 7); /* between the second and the third */
    ck_assert_uint_eq(s.count, SAMPLES_MAX);
    ck_sample(&s, 0, 40, 2);
    ck_sample(&s, 1, 50, 7);
    ck_sample(&s, 2, 60, 3);
    ck_sample(&s, SAMPLES_MAX - 1, SAMPLES_MAX * 20, SAMPLES_MAX);
}
END_TEST

START_TEST(what_is_put_back_folds_with_what_came_since)
{
    static const double expected[] = {[SAMPLES_SUM] = 5, [SAMPLES_MAX_OF] = 3, [SAMPLES_LAST] = 2};
    for (int fold = SAMPLES_SUM; fold <= SAMPLES_LAST; fold++) {
        struct samples s = of((enum samples_fold)fold);
        samples_add(&s, 10, 8);
        samples_add(&s, 20, 3);
        struct samples taken = s;
        s.count = 0;
        samples_add(&s, 21, 2);
        samples_add(&s, 30, 1);
        samples_restore(&s, &taken);
        ck_assert_uint_eq(s.count, 3);
        ck_sample(&s, 0, 10, 8);
        ck_sample(&s, 1, 20, expected[fold]);
        ck_sample(&s, 2, 30, 1);
    }
}
END_TEST

/* Goal: random times end as in an array with a place for each bucket.
 * Method: sums, in a span short enough that none has to go. */
START_TEST(random_values_agree_with_an_array)
{
    struct rng r = {0};
    rng_init(&r, 7);
    for (int round = 0; round < 1000; round++) {
        struct samples s = of(SAMPLES_SUM);
        double oracle[SAMPLES_MAX] = {0};
        bool there[SAMPLES_MAX] = {false};
        for (int i = 0; i < 100; i++) {
            int64_t at_ms = (int64_t)rng_below(&r, (uint64_t)SAMPLES_MAX * 10);
            oracle[at_ms / 10] += i;
            there[at_ms / 10] = true;
            samples_add(&s, at_ms, i);
        }
        size_t n = 0;
        for (int b = 0; b < SAMPLES_MAX; b++)
            if (there[b]) ck_sample(&s, n++, b * 10, oracle[b]);
        ck_assert_uint_eq(n, s.count);
    }
}
END_TEST

UNIT_SUITE("samples", what_falls_into_one_bucket_folds, late_values_find_their_bucket,
           the_oldest_makes_room_and_nothing_older_comes_in,
           what_is_put_back_folds_with_what_came_since, random_values_agree_with_an_array)
