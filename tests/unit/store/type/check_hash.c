#include "store/type/hash.h"

#include "base/mem.h"
#include "base/rng.h"
#include "store/engine/effects.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { FIELDS = 300 };

static struct slice name(uint64_t i, char out[static 32])
{
    return slice_make(out, (size_t)snprintf(out, 32, "field:%llu", (unsigned long long)i));
}

/* Values of many lengths; some too long for the small form. */
static struct slice value(uint64_t n, char out[static 128])
{
    int len = snprintf(out, 128, "%llu%.*s", (unsigned long long)n, (int)(n % 70),
                       "======================================================================");
    return slice_make(out, (size_t)len);
}

struct counting {
    const uint64_t *all;
    uint64_t n;
};

static bool check_field(struct slice field, struct slice v, void *data)
{
    struct counting *c = data;
    char text[128];
    uint64_t i = 0;
    ck_assert(slice_u64(slice_from(field, 6), &i));
    ck_assert_uint_ne(c->all[i], 0);
    ck_assert(slice_eq(v, value(c->all[i], text)));
    c->n++;
    return true;
}

/* Goal: both forms agree with an array after each of 100,000 changes. Method: rounds with few
 * fields stay small, rounds with all of them become a table. */
START_TEST(random_steps_agree_with_an_array)
{
    struct rng rng;
    rng_init(&rng, 33);
    for (int round = 0; round < 10; round++) {
        uint64_t all[FIELDS] = {0};
        uint64_t count = 0, most = round % 2 == 0 ? 40 : FIELDS;
        struct hash *h = hash_new();
        for (int step = 0; step < 10000; step++) {
            char a[32], b[128], text[HASH_TEXT];
            uint64_t i = rng_below(&rng, most);
            struct slice got = {0};
            ck_assert_int_eq(hash_get(h, name(i, a), text, &got), all[i] != 0);
            if (all[i] != 0) ck_assert(slice_eq(got, value(all[i], b)));
            if (rng_below(&rng, 3) > 0) {
                uint64_t n = 1 + rng_below(&rng, 1000000);
                if (round == 0) n -= n % 70;
                if (n == 0) n = 70;
                ck_assert_int_eq(hash_put(h, name(i, a), value(n, b)), all[i] == 0);
                count += all[i] == 0;
                all[i] = n;
            } else {
                ck_assert_int_eq(hash_del(h, name(i, a)), all[i] != 0);
                count -= all[i] != 0;
                all[i] = 0;
            }
            ck_assert_uint_eq(hash_count(h), count);
            if (step % 500 == 0 && count > 0) hash_type.check(hash_value(h));
        }
        struct counting c = {all, 0};
        hash_each(h, check_field, &c);
        ck_assert_uint_eq(c.n, count);
        struct value *copy = hash_type.copy(hash_value(h));
        c.n = 0;
        hash_each(hash_of(copy), check_field, &c);
        ck_assert_uint_eq(c.n, count);
        value_free(copy);
        value_free(hash_value(h));
    }
}
END_TEST

START_TEST(encoding_changes_at_the_limits)
{
    struct hash *h = hash_new();
    char a[32];
    for (uint64_t i = 0; i < 512; i++)
        (void)hash_put(h, name(i, a), SLICE("v"));
    ck_assert_str_eq(hash_type.encoding(hash_value(h)), "listpack");
    (void)hash_put(h, name(512, a), SLICE("v"));
    ck_assert_str_eq(hash_type.encoding(hash_value(h)), "hashtable");
    value_free(hash_value(h));
}
END_TEST

START_TEST(rewrite_says_all_fields_in_chunks)
{
    struct hash *h = hash_new();
    char a[32];
    for (uint64_t i = 0; i < 150; i++)
        (void)hash_put(h, name(i, a), SLICE("v"));
    struct effects out = {.db = -1};
    hash_type.rewrite(hash_value(h), SLICE("key"), &out);
    ck_assert_uint_eq(out.count, 3);
    struct slice *argv = NULL;
    struct slice rest = buf_slice(&out.bytes);
    uint32_t cap = 0, argc = 0;
    ck_assert(effects_next(&rest, &argv, &cap, &argc));
    ck_assert_uint_eq(argc, 130);
    ck_assert(slice_is(argv[0], "HSET"));
    ck_assert(slice_is(argv[1], "key"));
    mem_free(argv);
    effects_fini(&out);
    value_free(hash_value(h));
}
END_TEST

START_TEST(ten_short_fields_take_little_more_than_their_bytes)
{
    struct hash *h = hash_new();
    for (uint32_t i = 0; i < 10; i++) {
        char field[8], value[16];
        int n = snprintf(field, sizeof field, "%u", i);
        int k = snprintf(value, sizeof value, "driver-%08u", i);
        ck_assert(hash_put(h, slice_make(field, (size_t)n), slice_make(value, (size_t)k)));
    }
    ck_assert_uint_le(hash_type.memory(hash_value(h), 0), 24 + 8 + 10 * (2 + 17) + 16);
    value_free(hash_value(h));
}
END_TEST

UNIT_SUITE("hash", random_steps_agree_with_an_array, encoding_changes_at_the_limits,
           rewrite_says_all_fields_in_chunks, ten_short_fields_take_little_more_than_their_bytes)
