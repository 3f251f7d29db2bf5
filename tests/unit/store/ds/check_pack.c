#include "store/ds/pack.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

enum { MOST = 60, BYTES = 400 };

/* The oracle: an array of copies. */
static struct slice all[MOST];
static uint32_t count;

static struct slice random_bytes(struct rng *rng)
{
    static char bytes[20000];
    if (rng_below(rng, 3) == 0) { /* an integer, or nearly one */
        int64_t n = (int64_t)(rng_u64(rng) >> rng_below(rng, 64));
        size_t len = fmt_i64(bytes + 1, rng_below(rng, 2) == 0 ? n : 0 - n);
        if (rng_below(rng, 8) > 0) return slice_make(bytes + 1, len);
        bytes[0] = "0+- "[rng_below(rng, 4)];
        return slice_make(bytes, len + 1);
    }
    size_t len = rng_below(rng, 50) == 0 ? rng_below(rng, 20000) : rng_below(rng, BYTES);
    memset(bytes, (int)('a' + rng_below(rng, 26)), len);
    return slice_make(bytes, len);
}

static struct slice keep(struct slice s)
{
    return slice_make(mem_dup(s.p, s.len), s.len);
}

static void forget(uint32_t i)
{
    mem_free((char *)(uintptr_t)all[i].p);
    memmove(&all[i], &all[i + 1], (count - i - 1) * sizeof all[0]);
    count--;
}

static void compare(const struct pack *k)
{
    char text[PACK_TEXT];
    pack_check(k);
    ck_assert_uint_eq(pack_count(k), count);
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(pack_seek(k, i), at);
        int64_t n = 0, kept = 0;
        ck_assert_int_eq(pack_get_i64(k, at, &kept), slice_i64(all[i], &n));
        ck_assert_int_eq(kept, n);
        ck_assert(pack_is(k, at, all[i]));
        uint32_t found = pack_find(k, 1, all[i]);
        ck_assert_uint_le(found, at); /* the first of equal ones */
        ck_assert(pack_is(k, found, all[i]));
        ck_assert(slice_eq(pack_get(k, at, &at, text), all[i]));
    }
    ck_assert_uint_eq(pack_find(k, 1, SLICE("no such entry")), pack_len(k));
    ck_assert_uint_eq(pack_seek(k, count), pack_len(k));
}

START_TEST(random_steps_agree_with_an_array)
{
    struct rng rng;
    rng_init(&rng, 5);
    struct pack k = {0};
    for (int step = 0; step < 100000; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, count + 1);
        uint32_t what = (uint32_t)rng_below(&rng, 3);
        struct slice s = random_bytes(&rng);
        uint32_t at = pack_seek(&k, i);
        if ((what == 0 || count == 0) && count < MOST) {
            ck_assert_uint_eq(pack_insert(&k, at, s), at + pack_size(s));
            memmove(&all[i + 1], &all[i], (count - i) * sizeof all[0]);
            all[i] = keep(s);
            count++;
        } else if (what == 1 && i < count) {
            (void)pack_replace(&k, at, s);
            mem_free((char *)(uintptr_t)all[i].p);
            all[i] = keep(s);
        } else if (i < count) {
            pack_erase(&k, at, pack_next(&k, at), 1);
            forget(i);
        }
        if (step % 50 == 0) compare(&k);
    }
    while (count > 0)
        forget(0);
    pack_fini(&k);
}
END_TEST

START_TEST(split_moves_the_tail)
{
    struct pack a = {0}, b = {0};
    for (int i = 0; i < 10; i++)
        (void)pack_append(&a, slice_make("abcdefghij", (size_t)i));
    pack_split(&a, pack_seek(&a, 4), 6, &b);
    pack_check(&a);
    pack_check(&b);
    ck_assert_uint_eq(pack_count(&a), 4);
    ck_assert_uint_eq(pack_count(&b), 6);
    ck_assert(pack_is(&b, 0, SLICE("abcd")));
    pack_fini(&a);
    pack_fini(&b);
}
END_TEST

START_TEST(find_looks_at_each_second_entry)
{
    struct pack k = {0};
    static const char *const words[] = {"a", "7", "7", "b", "300", "a"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        (void)pack_append(&k, slice_of(words[i]));
    ck_assert_uint_eq(pack_find(&k, 2, SLICE("7")), pack_seek(&k, 2));
    ck_assert_uint_eq(pack_find(&k, 2, SLICE("300")), pack_seek(&k, 4));
    ck_assert_uint_eq(pack_find(&k, 2, SLICE("b")), pack_len(&k));
    pack_fini(&k);
}
END_TEST

START_TEST(integers_take_fewer_bytes_than_their_digits)
{
    ck_assert_uint_eq(pack_size(SLICE("7")), 2);
    ck_assert_uint_eq(pack_size(SLICE("99")), 3);
    ck_assert_uint_eq(pack_size(SLICE("-300")), 4);
    ck_assert_uint_eq(pack_size(SLICE("1763900000000")), 8);
    ck_assert_uint_eq(pack_size(SLICE("-9223372036854775808")), 10);
    ck_assert_uint_eq(pack_size(SLICE("007")), 5);
}
END_TEST

UNIT_SUITE("pack", random_steps_agree_with_an_array, split_moves_the_tail,
           find_looks_at_each_second_entry, integers_take_fewer_bytes_than_their_digits)
