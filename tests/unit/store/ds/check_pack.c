#include "store/ds/pack.h"

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
    pack_check(k);
    ck_assert_uint_eq(k->count, count);
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(pack_seek(k, i), at);
        ck_assert(slice_eq(pack_get(k, at, &at), all[i]));
    }
    ck_assert_uint_eq(pack_seek(k, count), k->len);
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
            ck_assert_uint_eq(pack_insert(&k, at, s), at + pack_size(s.len));
            memmove(&all[i + 1], &all[i], (count - i) * sizeof all[0]);
            all[i] = keep(s);
            count++;
        } else if (what == 1 && i < count) {
            (void)pack_replace(&k, at, s);
            mem_free((char *)(uintptr_t)all[i].p);
            all[i] = keep(s);
        } else if (i < count) {
            uint32_t end = 0;
            (void)pack_get(&k, at, &end);
            pack_erase(&k, at, end, 1);
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
        (void)pack_append(&a, slice_make("0123456789", (size_t)i));
    pack_split(&a, pack_seek(&a, 4), 6, &b);
    pack_check(&a);
    pack_check(&b);
    ck_assert_uint_eq(a.count, 4);
    ck_assert_uint_eq(b.count, 6);
    uint32_t next = 0;
    ck_assert(slice_is(pack_get(&b, 0, &next), "0123"));
    pack_fini(&a);
    pack_fini(&b);
}
END_TEST

UNIT_SUITE("pack", random_steps_agree_with_an_array, split_moves_the_tail)
