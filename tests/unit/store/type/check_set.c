#include "store/type/set.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { MEMBERS = 1000 };

/* Numbers below 700, names above. */
static struct slice name(uint64_t i, char out[static 32])
{
    int n = i < 700 ? snprintf(out, 32, "%lld", (long long)i - 350)
                    : snprintf(out, 32, "name-%llu", (unsigned long long)i);
    return slice_make(out, (size_t)n);
}

static bool count_member(struct slice member, void *data)
{
    (void)member;
    ++*(uint64_t *)data;
    return true;
}

START_TEST(random_steps_agree_with_an_array)
{
    struct rng rng;
    rng_init(&rng, 41);
    static const uint64_t most[] = {100, 700, MEMBERS};
    for (int round = 0; round < 6; round++) {
        bool there[MEMBERS] = {false};
        uint64_t count = 0;
        struct set *s = set_new();
        for (int step = 0; step < 17000; step++) {
            char text[32];
            uint64_t i = rng_below(&rng, most[round % 3]);
            ck_assert_int_eq(set_has(s, name(i, text)), there[i]);
            if (rng_below(&rng, 5) > 1) {
                ck_assert_int_eq(set_add(s, name(i, text)), !there[i]);
                count += !there[i];
                there[i] = true;
            } else {
                ck_assert_int_eq(set_del(s, name(i, text)), there[i]);
                count -= there[i];
                there[i] = false;
            }
            ck_assert_uint_eq(set_count(s), count);
            if (step % 500 == 0 && count > 0) set_type.check(set_value(s));
        }
        uint64_t seen = 0;
        set_each(s, count_member, &seen);
        ck_assert_uint_eq(seen, count);
        struct value *copy = set_type.copy(set_value(s));
        ck_assert_uint_eq(set_count(set_of(copy)), count);
        ck_assert_str_eq(set_type.encoding(copy), set_type.encoding(set_value(s)));
        value_free(copy);
        set_free(s);
    }
}
END_TEST

START_TEST(a_number_with_other_digits_is_another_member)
{
    struct set *s = set_new();
    ck_assert(set_add(s, SLICE("7")));
    ck_assert(set_add(s, SLICE("07")));
    ck_assert(set_add(s, SLICE("+7")));
    ck_assert_uint_eq(set_count(s), 3);
    ck_assert_str_eq(set_type.encoding(set_value(s)), "hashtable");
    set_free(s);
}
END_TEST

START_TEST(ten_numbers_near_each_other_take_little_memory)
{
    struct set *s = set_new();
    for (uint64_t i = 0; i < 10; i++) {
        char text[32];
        int n = snprintf(text, sizeof text, "%llu", 4250000000 + (unsigned long long)i);
        ck_assert(set_add(s, slice_make(text, (size_t)n)));
    }
    ck_assert_uint_le(set_type.memory(set_value(s), 0), 48);
    set_free(s);
}
END_TEST

static bool every_third(const void *item, void *data)
{
    (void)item;
    return (*(uint64_t *)data)++ % 3 == 0;
}

START_TEST(what_is_cut_out_is_no_longer_there_and_the_rest_is)
{
    struct set *s = set_new();
    char text[32];
    for (uint64_t i = 0; i < MEMBERS; i++)
        ck_assert(set_add(s, name(i, text)));
    uint64_t asked = 0, n = (MEMBERS + 2) / 3;
    void *const *items = NULL;
    struct value *part = set_cut(s, n, every_third, &asked, &items);
    ck_assert_uint_eq(asked, MEMBERS);
    ck_assert_uint_eq(set_count(s), MEMBERS - n);
    set_type.check(set_value(s));
    for (uint64_t i = 0; i < n; i++) {
        ck_assert(!set_has(s, set_item_name(items[i])));
        ck_assert(set_add(s, set_item_name(items[i])));
    }
    for (uint64_t i = 0; i < MEMBERS; i++)
        ck_assert(set_has(s, name(i, text)));
    value_free(part);
    set_free(s);
}
END_TEST

UNIT_SUITE("set", what_is_cut_out_is_no_longer_there_and_the_rest_is,
           random_steps_agree_with_an_array, a_number_with_other_digits_is_another_member,
           ten_numbers_near_each_other_take_little_memory)
