/* Goal: hll.h in both forms against one register a byte. */
#include "base/must.h"
#include "base/rng.h"
#include "store/ds/hll.h"
#include "tests/lib/unit.h"

/* The registers of b, read through hll_merge. */
static void read_all(const struct buf *b, uint8_t out[static HLL_REGISTERS])
{
    memset(out, 0, HLL_REGISTERS);
    ck_assert(hll_merge(out, buf_slice(b)));
}

START_TEST(a_hundred_thousand_random_steps_agree_with_an_array_of_registers)
{
    struct rng rng = {0};
    rng_init(&rng, 5);
    static uint8_t model[HLL_REGISTERS], got[HLL_REGISTERS];
    struct buf b = {0};
    hll_init(&b);
    int64_t sparse_max = 3000;
    for (uint32_t step = 0; step < 100000; step++) {
        uint64_t dice = rng_below(&rng, 3000);
        if (dice == 0) { /* begin again, with another limit */
            buf_clear(&b);
            hll_init(&b);
            memset(model, 0, sizeof model);
            sparse_max = (int64_t)rng_below(&rng, 3) * 1500;
        }
        if (dice == 1) ck_assert(hll_to_dense(&b));
        /* Neighbours, so that runs split and join. */
        uint32_t i = (uint32_t)rng_below(&rng, rng_below(&rng, 2) == 0 ? 100 : HLL_REGISTERS);
        uint8_t count = (uint8_t)(1 + rng_below(&rng, rng_below(&rng, 2000) == 0 ? 51 : 4));
        ck_assert_int_eq(hll_raise(&b, i, count, sparse_max), count > model[i]);
        if (count > model[i]) model[i] = count;
        if (!hll_is_dense(buf_slice(&b)))
            ck_assert_uint_le(b.len, (size_t)(sparse_max > 18 ? sparse_max : 18));
        if (step % 16 != 0) continue;
        hll_check(buf_slice(&b));
        read_all(&b, got);
        ck_assert(memcmp(got, model, sizeof got) == 0);
    }
    buf_fini(&b);
}
END_TEST

START_TEST(the_estimate_is_within_three_percent)
{
    struct buf b = {0};
    static uint8_t registers[HLL_REGISTERS];
    hll_init(&b);
    for (uint32_t n = 1; n <= 200000; n++) {
        char text[24];
        (void)hll_add(&b, slice_make(text, fmt_u64(text, n)), 3000);
        if (n != 10 && n != 1000 && n % 50000 != 0) continue;
        read_all(&b, registers);
        double off = (double)hll_count(registers) / n - 1;
        ck_assert(off > -0.03 && off < 0.03);
    }
    buf_fini(&b);
}
END_TEST

START_TEST(a_count_is_cached_until_it_is_dropped)
{
    struct buf b = {0};
    uint64_t count = 1;
    hll_init(&b);
    ck_assert(hll_cached(b.p, &count) && count == 0);
    hll_cache(b.p, 0x0102030405060708ULL);
    ck_assert(hll_cached(b.p, &count) && count == 0x0102030405060708ULL);
    hll_cache_drop(b.p);
    ck_assert(!hll_cached(b.p, &count));
    buf_fini(&b);
}
END_TEST

/* Method: any bytes behind a right head, each in a block of its own length, so that the
 * sanitizer sees a step too far. */
START_TEST(runs_that_make_no_sense_are_refused_and_never_read_beyond)
{
    struct rng rng = {0};
    rng_init(&rng, 6);
    static uint8_t registers[HLL_REGISTERS];
    for (uint32_t round = 0; round < 20000; round++) {
        struct buf b = {0};
        hll_init(&b);
        b.len = HLL_HEAD;
        uint64_t n = rng_below(&rng, 12);
        for (uint64_t i = 0; i < n; i++)
            buf_add_char(&b, (char)rng_below(&rng, 256));
        char *exact = malloc(b.len);
        memcpy(exact, b.p, b.len);
        (void)hll_merge(registers, slice_make(exact, b.len));
        struct buf text = {0};
        hll_print(slice_make(exact, b.len), &text);
        buf_fini(&text);
        free(exact);
        (void)hll_raise(&b, (uint32_t)rng_below(&rng, HLL_REGISTERS), 3, 20);
        (void)hll_to_dense(&b);
        buf_fini(&b);
    }
}
END_TEST

UNIT_SUITE("hll", a_hundred_thousand_random_steps_agree_with_an_array_of_registers,
           the_estimate_is_within_three_percent, a_count_is_cached_until_it_is_dropped,
           runs_that_make_no_sense_are_refused_and_never_read_beyond)
