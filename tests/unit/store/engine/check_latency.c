#include "store/engine/latency.h"

#include "tests/lib/unit.h"

START_TEST(one_sample_a_second_keeps_the_worst)
{
    static struct latency l;
    latency_note(&l, LATENCY_COMMAND, 100, 7);
    latency_note(&l, LATENCY_COMMAND, 100, 9);
    latency_note(&l, LATENCY_COMMAND, 100, 8);
    const struct latency_ring *r = &l.kinds[LATENCY_COMMAND];
    ck_assert_uint_eq(latency_kept(r), 1);
    ck_assert_uint_eq(latency_at(r, 0).ms, 9);
    ck_assert_uint_eq(r->worst_ms, 9);
    ck_assert_uint_eq(l.kinds[LATENCY_FORK].count, 0);
}
END_TEST

START_TEST(the_ring_keeps_the_newest_and_the_worst_ever)
{
    static struct latency l;
    for (uint32_t i = 0; i < 3 * LATENCY_SAMPLES; i++)
        latency_note(&l, LATENCY_FORK, 1000 + i, i == 5 ? 500 : i % 50);
    const struct latency_ring *r = &l.kinds[LATENCY_FORK];
    ck_assert_uint_eq(latency_kept(r), LATENCY_SAMPLES);
    ck_assert_uint_eq(latency_at(r, 0).time_s, 1000 + 2 * LATENCY_SAMPLES);
    ck_assert_uint_eq(latency_at(r, LATENCY_SAMPLES - 1).time_s, 1000 + 3 * LATENCY_SAMPLES - 1);
    ck_assert_uint_eq(r->worst_ms, 500);
    ck_assert(latency_reset(&l, LATENCY_FORK));
    ck_assert(!latency_reset(&l, LATENCY_FORK));
    ck_assert_uint_eq(latency_kept(r), 0);
}
END_TEST

START_TEST(buckets_double_and_hold_every_time)
{
    ck_assert_uint_eq(latency_bucket(0), 0);
    ck_assert_uint_eq(latency_bucket(1), 0);
    ck_assert_uint_eq(latency_bucket(2), 1);
    ck_assert_uint_eq(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
    for (uint32_t i = 1; i < LATENCY_BUCKETS; i++)
        ck_assert_uint_ge(latency_bucket_end(i), 2 * latency_bucket_end(i - 1));
    for (uint64_t us = 0; us < 100000; us += 7) {
        uint32_t bucket = latency_bucket(us);
        ck_assert_uint_le(us, latency_bucket_end(bucket));
        if (bucket > 0) ck_assert_uint_ge(us, latency_bucket_end(bucket - 1));
    }
}
END_TEST

START_TEST(quantiles_are_ends_of_buckets)
{
    uint64_t counts[LATENCY_BUCKETS] = {0};
    ck_assert_uint_eq(latency_quantile(counts, 0.5), 0);
    counts[2] = 98;
    counts[10] = 2;
    ck_assert_uint_eq(latency_quantile(counts, 0.5), latency_bucket_end(2));
    ck_assert_uint_eq(latency_quantile(counts, 0.98), latency_bucket_end(2));
    ck_assert_uint_eq(latency_quantile(counts, 0.99), latency_bucket_end(10));
}
END_TEST

UNIT_SUITE("latency", one_sample_a_second_keeps_the_worst,
           the_ring_keeps_the_newest_and_the_worst_ever, buckets_double_and_hold_every_time,
           quantiles_are_ends_of_buckets)
