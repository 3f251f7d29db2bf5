#include "services/kit/keys.h"

#include "tests/lib/unit.h"

START_TEST(keys_carry_the_regions_hash_tag)
{
    struct key_text text;
    ck_assert(slice_is(key_make0(&text, KEY_RIDES_EVENTS, SLICE("la")), "rides:events:{la}"));
    ck_assert(slice_is(key_make1(&text, KEY_DRIVERS_IDLE, SLICE("la"), SLICE("economy")),
                       "drivers:idle:{la}:economy"));
    ck_assert(slice_is(key_make(&text, KEY_IDEM, SLICE("la"), SLICE("r7"), SLICE("a:b")),
                       "idem:{la}:r7:a:b"));
    ck_assert_str_eq(text.bytes, "idem:{la}:r7:a:b");
}
END_TEST

START_TEST(an_argument_with_a_percent_sign_stands_as_it_is)
{
    struct key_text text;
    ck_assert(slice_is(key_make(&text, KEY_IDEM, SLICE("la"), SLICE("%s%r"), SLICE("%")),
                       "idem:{la}:%s%r:%"));
}
END_TEST

START_TEST(both_formatters_agree_on_every_key)
{
    for (int k = 0; k < KEYS_N; k++) {
        struct key_text text;
        struct buf out = {0};
        struct slice made = key_make(&text, (enum key)k, SLICE("sf"), SLICE("x"), SLICE("y"));
        key_format(&out, (enum key)k, SLICE("sf"), SLICE("x"), SLICE("y"));
        ck_assert(slice_eq(made, buf_slice(&out)));
        ck_assert(memmem(made.p, made.len, "{sf}", 4) != NULL);
        ck_assert_int_le(key_args((enum key)k), 2);
        buf_fini(&out);
    }
}
END_TEST

START_TEST(every_line_of_the_table_says_what_it_is)
{
    for (int k = 0; k < KEYS_N; k++) {
        const struct key_info *info = key_info((enum key)k);
        ck_assert(info->what[0] != '\0');
        ck_assert(info->kind[0] != '\0');
        for (int other = 0; other < k; other++) {
            ck_assert_str_ne(info->pattern, key_info((enum key)other)->pattern);
        }
    }
}
END_TEST

UNIT_SUITE("keys", keys_carry_the_regions_hash_tag, an_argument_with_a_percent_sign_stands_as_it_is,
           both_formatters_agree_on_every_key, every_line_of_the_table_says_what_it_is)
