#include "services/kit/reply.h"

#include "tests/lib/unit.h"

static redisReply text(const char *s)
{
    return (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)s, .len = strlen(s)};
}

START_TEST(a_reply_of_another_shape_reads_as_nothing)
{
    redisReply number = {.type = REDIS_REPLY_INTEGER, .integer = 7};
    redisReply nil = {.type = REDIS_REPLY_NIL};
    const redisReply *odd[] = {NULL, &nil, &number};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(reply_slice(odd[i]).len, 0);
        ck_assert_uint_eq(reply_count(odd[i]), 0);
        ck_assert(reply_is_nil(reply_at(odd[i], 0)));
        ck_assert(reply_is_nil(reply_field(odd[i], "x")));
        ck_assert_uint_eq(reply_field_slice(odd[i], "x").len, 0);
        ck_assert(!reply_is_error(odd[i]));
        ck_assert(!reply_is_error_code(odd[i], ""));
    }
    ck_assert(reply_is_nil(NULL));
    ck_assert(reply_is_nil(&nil));
    ck_assert(!reply_is_nil(&number));
    ck_assert_int_eq(reply_i64(NULL, -1), -1);
    ck_assert_int_eq(reply_i64(&nil, -1), -1);
    ck_assert_double_eq(reply_double(&nil, 0.5), 0.5);
}
END_TEST

START_TEST(numbers_read_from_text_and_from_integers)
{
    redisReply number = {.type = REDIS_REPLY_INTEGER, .integer = -7};
    redisReply whole = text("12");
    redisReply broken = text("12.5");
    redisReply word = text("twelve");
    ck_assert_int_eq(reply_i64(&number, 0), -7);
    ck_assert_int_eq(reply_i64(&whole, 0), 12);
    ck_assert_int_eq(reply_i64(&broken, -1), -1);
    ck_assert_int_eq(reply_i64(&word, -1), -1);
    ck_assert_double_eq(reply_double(&number, 0), -7);
    ck_assert_double_eq(reply_double(&broken, 0), 12.5);
    ck_assert_double_eq(reply_double(&word, -1), -1);
}
END_TEST

START_TEST(errors_are_known_by_their_first_word)
{
    redisReply e = text("NOSCRIPT No matching script");
    redisReply bare = text("BUSY");
    ck_assert(!reply_is_error_code(&e, "NOSCRIPT")); /* a string, yet */
    e.type = bare.type = REDIS_REPLY_ERROR;
    ck_assert(reply_is_error(&e));
    ck_assert(reply_is_error_code(&e, "NOSCRIPT"));
    ck_assert(!reply_is_error_code(&e, "NO"));
    ck_assert(reply_is_error_code(&bare, "BUSY"));
    ck_assert(slice_is(reply_slice(&e), "NOSCRIPT No matching script"));
}
END_TEST

START_TEST(fields_are_found_in_a_flat_array_and_a_name_without_a_value_is_none)
{
    redisReply parts[5] = {text("lat"), text("1.5"), text("lon"), text("lat"), text("odd")};
    redisReply *element[5] = {&parts[0], &parts[1], &parts[2], &parts[3], &parts[4]};
    redisReply flat = {.type = REDIS_REPLY_ARRAY, .elements = 5, .element = element};
    ck_assert_uint_eq(reply_count(&flat), 5);
    ck_assert(slice_is(reply_field_slice(&flat, "lat"), "1.5"));
    ck_assert(slice_is(reply_field_slice(&flat, "lon"), "lat"));
    ck_assert(reply_is_nil(reply_field(&flat, "odd")));
    ck_assert(reply_is_nil(reply_field(&flat, "1.5")));
    ck_assert_ptr_eq(reply_at(&flat, 4), &parts[4]);
    ck_assert(reply_is_nil(reply_at(&flat, 5)));
}
END_TEST

UNIT_SUITE("reply", a_reply_of_another_shape_reads_as_nothing,
           numbers_read_from_text_and_from_integers, errors_are_known_by_their_first_word,
           fields_are_found_in_a_flat_array_and_a_name_without_a_value_is_none)
