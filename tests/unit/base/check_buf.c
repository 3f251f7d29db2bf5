#include "base/buf.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

START_TEST(appends_keep_their_order_through_growth)
{
    struct buf b = {0};
    char want[4096];
    size_t len = 0;
    for (int64_t i = -80; i < 80; i++) {
        buf_add_i64(&b, i * 1000003);
        buf_addf(&b, "/%d,", (int)i);
        len += (size_t)snprintf(want + len, sizeof want - len, "%lld/%d,", (long long)i * 1000003,
                                (int)i);
    }
    ck_assert_uint_eq(b.len, len);
    ck_assert(memcmp(b.p, want, len) == 0);
    buf_fini(&b);
    ck_assert_uint_eq(mem_used(), 0);
}
END_TEST

START_TEST(extreme_integers_are_formatted)
{
    char out[21];
    ck_assert(slice_is(slice_make(out, fmt_i64(out, INT64_MIN)), "-9223372036854775808"));
    ck_assert(slice_is(slice_make(out, fmt_u64(out, UINT64_MAX)), "18446744073709551615"));
    ck_assert(slice_is(slice_make(out, fmt_i64(out, 0)), "0"));
}
END_TEST

START_TEST(drop_and_take_leave_a_usable_buffer)
{
    struct buf b = {0};
    buf_add_cstr(&b, "hello world");
    buf_drop(&b, 6);
    ck_assert(slice_is(buf_slice(&b), "world"));
    size_t len = 0;
    char *p = buf_take(&b, &len);
    ck_assert_uint_eq(len, 5);
    mem_free(p);
    buf_add_cstr(&b, "x");
    ck_assert(slice_is(buf_slice(&b), "x"));
    buf_fini(&b);
}
END_TEST

START_TEST(arena_blocks_do_not_overlap_and_reset_keeps_one)
{
    struct arena a = {0};
    for (int round = 0; round < 3; round++) {
        unsigned char *parts[300];
        for (int i = 0; i < 300; i++) {
            parts[i] = arena_alloc(&a, 100);
            memset(parts[i], i, 100);
        }
        for (int i = 0; i < 300; i++)
            ck_assert_int_eq(parts[i][99], i % 256);
        (void)arena_alloc(&a, 100000);
        arena_reset(&a);
        ck_assert_uint_lt(mem_used(), 20000);
    }
    arena_fini(&a);
    ck_assert_uint_eq(mem_used(), 0);
}
END_TEST

START_TEST(siphash_depends_on_key_and_every_byte)
{
    char text[64];
    struct rng r;
    rng_init(&r, 5);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)rng_u64(&r);
    uint64_t base = hash_sip13(slice_make(text, sizeof text), 1, 2);
    ck_assert_uint_ne(base, hash_sip13(slice_make(text, sizeof text), 1, 3));
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] ^= 1;
        ck_assert_uint_ne(base, hash_sip13(slice_make(text, sizeof text), 1, 2));
        text[i] ^= 1;
    }
    ck_assert_uint_ne(base, hash_sip13(slice_make(text, 63), 1, 2));
}
END_TEST

UNIT_SUITE("buf", appends_keep_their_order_through_growth, extreme_integers_are_formatted,
           drop_and_take_leave_a_usable_buffer, arena_blocks_do_not_overlap_and_reset_keeps_one,
           siphash_depends_on_key_and_every_byte)
