#include "base/json.h"

#include "tests/lib/unit.h"

#include <math.h>

static void is(struct buf *out, const char *want)
{
    ck_assert_msg(slice_is(buf_slice(out), want), "%.*s is not %s", (int)out->len, out->p, want);
    buf_clear(out);
}

START_TEST(commas_stand_between_values_and_nowhere_else)
{
    struct buf out = {0};
    struct json j = json_start(&out);
    json_object_start(&j);
    json_put_array(&j, "a");
    json_i64(&j, 1);
    json_object_start(&j);
    json_object_end(&j);
    json_array_start(&j);
    json_array_end(&j);
    json_nil(&j);
    json_array_end(&j);
    json_put_object(&j, "b");
    json_put_bool(&j, "t", true);
    json_put_bool(&j, "f", false);
    json_object_end(&j);
    json_put_raw(&j, "raw", SLICE("[1]"));
    json_put_raw(&j, "none", SLICE(""));
    json_put_time(&j, "at", 0);
    json_object_end(&j);
    ck_assert_uint_eq(j.depth, 0);
    is(&out, "{\"a\":[1,{},[],null],\"b\":{\"t\":true,\"f\":false},\"raw\":[1],\"none\":null,"
             "\"at\":\"1970-01-01T00:00:00.000Z\"}");
    buf_fini(&out);
}
END_TEST

static void string_is(struct buf *out, struct slice s, const char *want)
{
    struct json j = json_start(out);
    json_str(&j, s);
    is(out, want);
}

START_TEST(strings_are_escaped_and_broken_utf8_is_replaced)
{
    struct buf out = {0};
    string_is(&out, SLICE("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    string_is(&out, SLICE("\n\r\t\x01\x1f\x7f"), "\"\\n\\r\\t\\u0001\\u001f\x7f\"");
    string_is(&out, SLICE("\0x"), "\"\\u0000x\"");
    string_is(&out, SLICE("é€😀"), "\"é€😀\"");
    string_is(&out, SLICE("\xff"), "\"\xef\xbf\xbd\"");
    string_is(&out, SLICE("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\""); /* overlong */
    string_is(&out, SLICE("\xed\xa0\x80"),
              "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");              /* surrogate */
    string_is(&out, SLICE("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\""); /* cut short */
    string_is(&out, SLICE(""), "\"\"");
    buf_fini(&out);
}
END_TEST

static void double_is(struct buf *out, double d, const char *want)
{
    struct json j = json_start(out);
    json_double(&j, d);
    is(out, want);
}

static void fixed_is(struct buf *out, double d, int decimals, const char *want)
{
    struct json j = json_start(out);
    json_fixed(&j, d, decimals);
    is(out, want);
}

START_TEST(numbers_are_short_and_exact)
{
    struct buf out = {0};
    double_is(&out, 0.1, "0.1");
    double_is(&out, -122.4194155, "-122.4194155");
    double_is(&out, 3, "3");
    double_is(&out, 1e300, "1e+300");
    double_is(&out, 0.1 + 0.2, "0.30000000000000004");
    double_is(&out, (double)NAN, "null");
    double_is(&out, (double)INFINITY, "null");
    buf_fini(&out);
}
END_TEST

START_TEST(fixed_numbers_lose_their_trailing_zeros)
{
    struct buf out = {0};
    fixed_is(&out, 1.5, 3, "1.5");
    fixed_is(&out, 2, 3, "2");
    fixed_is(&out, -0.0004, 3, "0");
    fixed_is(&out, -0.0005, 3, "-0.001");
    fixed_is(&out, 0.999999, 2, "1");
    fixed_is(&out, -122.39, 6, "-122.39");
    fixed_is(&out, 12.34, 0, "12");
    fixed_is(&out, (double)NAN, 2, "null");
    fixed_is(&out, 1e20, 2, "1e+20");
    buf_fini(&out);
}
END_TEST

UNIT_SUITE("json", commas_stand_between_values_and_nowhere_else,
           strings_are_escaped_and_broken_utf8_is_replaced, numbers_are_short_and_exact,
           fixed_numbers_lose_their_trailing_zeros)
