#include "store/ds/tschunk.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { MANY = 40000 };
static struct tssample samples[MANY], read_back[TSCHUNK_SAMPLES_MAX];

/* Fills samples with one of several shapes of series. */
static void draw(struct rng *rng, int shape)
{
    int64_t ms = 1700000000000;
    double value = 100;
    for (int i = 0; i < MANY; i++) {
        samples[i] = (struct tssample){ms, value};
        if (shape == 0) { /* regular, constant */
            ms += 1000;
        } else if (shape == 1) { /* regular, a walk by whole numbers */
            ms += 1000;
            value += (double)rng_below(rng, 3) - 1;
        } else if (shape == 2) { /* jitter, noise */
            ms += 900 + (int64_t)rng_below(rng, 200);
            value = rng_normal(rng);
        } else { /* anything */
            ms += 1 + (int64_t)(rng_u64(rng) >> (20 + rng_below(rng, 44)));
            uint64_t bits = rng_u64(rng);
            memcpy(&value, &bits, sizeof value);
        }
    }
}

static bool same_value(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

START_TEST(what_was_pushed_is_read_and_survives_its_bytes_in_each_shape)
{
    struct rng rng;
    rng_init(&rng, 11);
    static const uint32_t sizes[] = {48, 128, 4096, 65536};
    for (int round = 0; round < 2 * 4 * 4; round++) {
        struct tschunk c, loaded;
        struct buf bytes = {0};
        draw(&rng, round % 4);
        tschunk_init(&c, round % 8 < 4, sizes[round / 8]);
        uint32_t n = 0;
        while (n < MANY && tschunk_push(&c, samples[n]))
            n++;
        ck_assert_uint_lt(n, MANY);
        ck_assert_uint_eq(c.count, n);
        tschunk_check(&c);
        tschunk_shrink(&c);
        tschunk_check(&c);
        tschunk_read(&c, read_back);
        for (uint32_t i = 0; i < n; i++) {
            bool same = read_back[i].ms == samples[i].ms &&
                        same_value(read_back[i].value, samples[i].value);
            if (!same) ck_abort_msg("sample %u differs", i);
        }
        tschunk_save(&c, &bytes);
        struct slice in = buf_slice(&bytes);
        ck_assert(tschunk_load(&in, c.compressed, c.bytes_max, &loaded));
        ck_assert_uint_eq(in.len, 0);
        tschunk_check(&loaded);
        ck_assert_int_eq(loaded.last_ms, c.last_ms);
        /* Both go on alike. */
        struct tssample next = {c.last_ms + 10, 1.5};
        ck_assert_int_eq(tschunk_push(&loaded, next), tschunk_push(&c, next));
        ck_assert_uint_eq(loaded.bits, c.bits);
        buf_fini(&bytes);
        tschunk_fini(&loaded);
        tschunk_fini(&c);
    }
}
END_TEST

START_TEST(regular_series_take_at_most_two_bytes_a_sample)
{
    struct rng rng;
    rng_init(&rng, 12);
    for (int shape = 0; shape < 2; shape++) {
        struct tschunk c;
        draw(&rng, shape);
        tschunk_init(&c, true, 4096);
        uint32_t n = 0;
        while (tschunk_push(&c, samples[n]))
            n++;
        ck_assert_uint_le(tschunk_memory(&c) + sizeof c, 2 * n);
        tschunk_fini(&c);
    }
}
END_TEST

START_TEST(damaged_bytes_are_refused_or_give_a_whole_chunk)
{
    struct rng rng;
    rng_init(&rng, 13);
    struct tschunk c, loaded;
    struct buf bytes = {0};
    uint32_t refused = 0;
    draw(&rng, 2);
    tschunk_init(&c, true, 256);
    for (uint32_t n = 0; tschunk_push(&c, samples[n]);)
        n++;
    tschunk_save(&c, &bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.p[bit / 8] ^= (char)(1 << bit % 8);
        struct slice in = buf_slice(&bytes);
        if (tschunk_load(&in, true, 256, &loaded)) {
            tschunk_check(&loaded);
            tschunk_fini(&loaded);
        } else {
            refused++;
        }
        bytes.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t len = 0; len < bytes.len; len++) {
        struct slice in = {bytes.p, len};
        ck_assert(!tschunk_load(&in, true, 256, &loaded));
    }
    ck_assert_uint_gt(refused, 0);
    buf_fini(&bytes);
    tschunk_fini(&c);
}
END_TEST

UNIT_SUITE("tschunk", what_was_pushed_is_read_and_survives_its_bytes_in_each_shape,
           regular_series_take_at_most_two_bytes_a_sample,
           damaged_bytes_are_refused_or_give_a_whole_chunk)
