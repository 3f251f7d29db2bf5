#include "base/slice.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

START_TEST(integers_are_read_strictly)
{
    int64_t n = 7;
    ck_assert(slice_i64(SLICE("-9223372036854775808"), &n));
    ck_assert_int_eq(n, INT64_MIN);
    ck_assert(slice_i64(SLICE("9223372036854775807"), &n));
    ck_assert_int_eq(n, INT64_MAX);

    n = 7;
    ck_assert(!slice_i64(SLICE("9223372036854775808"), &n));
    ck_assert(!slice_i64(SLICE("-9223372036854775809"), &n));
    ck_assert(!slice_i64(SLICE("01"), &n));
    ck_assert(!slice_i64(SLICE("-0"), &n));
    ck_assert(!slice_i64(SLICE("+1"), &n));
    ck_assert(!slice_i64(SLICE(" 1"), &n));
    ck_assert(!slice_i64(SLICE(""), &n));
    ck_assert_int_eq(n, 7);
}
END_TEST

START_TEST(doubles_refuse_nan_and_trailing_bytes)
{
    double d = 1;
    ck_assert(slice_double(SLICE("-1.5e3"), &d));
    ck_assert(d == -1500.0);
    ck_assert(slice_double(SLICE("+inf"), &d));
    ck_assert(!slice_double(SLICE("nan"), &d));
    ck_assert(!slice_double(SLICE("1x"), &d));
    ck_assert(!slice_double(SLICE(" 1"), &d));
    ck_assert(!slice_double(SLICE(""), &d));
}
END_TEST

START_TEST(decimals_are_read_as_strtod_reads_them)
{
    struct rng r;
    rng_init(&r, 1);
    for (int i = 0; i < 100000; i++) {
        char text[40];
        int digits = (int)rng_below(&r, 14);
        int n = snprintf(text, sizeof text, "%.*f", digits, (rng_unit(&r) - 0.5) * 360);
        double d = 0;
        ck_assert(slice_double(slice_make(text, (size_t)n), &d));
        ck_assert(d == strtod(text, NULL));
    }
    double d = 7;
    ck_assert(!slice_double(SLICE("."), &d));
    ck_assert(!slice_double(SLICE("-"), &d));
    ck_assert(!slice_double(SLICE("1..2"), &d));
    ck_assert(!slice_double(SLICE("-122.41x200"), &d));
    ck_assert(!slice_double(SLICE("-122.4192:0"), &d));
    ck_assert(!slice_double(SLICE("-122.-19200"), &d));
    ck_assert(d == 7);
    ck_assert(slice_double(SLICE("-.5"), &d) && d == -0.5);
    ck_assert(slice_double(SLICE("-0"), &d) && d == 0 && signbit(d));
}
END_TEST

START_TEST(glob_matches_as_redis_does)
{
    ck_assert(slice_glob(SLICE("h?llo"), SLICE("hello"), false));
    ck_assert(slice_glob(SLICE("h*o"), SLICE("heeeello"), false));
    ck_assert(slice_glob(SLICE("h[ae]llo"), SLICE("hallo"), false));
    ck_assert(slice_glob(SLICE("h[^e]llo"), SLICE("hallo"), false));
    ck_assert(!slice_glob(SLICE("h[^e]llo"), SLICE("hello"), false));
    ck_assert(slice_glob(SLICE("h[a-c]llo"), SLICE("hbllo"), false));
    ck_assert(slice_glob(SLICE("\\*x"), SLICE("*x"), false));
    ck_assert(slice_glob(SLICE("*"), SLICE(""), false));
    ck_assert(slice_glob(SLICE("HELLO"), SLICE("hello"), true));
    ck_assert(!slice_glob(SLICE("hell"), SLICE("hello"), false));
    ck_assert(!slice_glob(SLICE("hello?"), SLICE("hello"), false));
}
END_TEST

START_TEST(glob_with_many_stars_ends_soon)
{
    char text[2001];
    memset(text, 'a', 2000);
    ck_assert(!slice_glob(SLICE("*a*a*a*a*a*a*a*a*a*a*b"), slice_make(text, 2000), false));
}
END_TEST

START_TEST(cut_splits_at_the_first_separator)
{
    struct slice s = SLICE("a,b,,c");
    struct slice head = {0};
    ck_assert(slice_cut(&s, ',', &head) && slice_is(head, "a"));
    ck_assert(slice_cut(&s, ',', &head) && slice_is(head, "b"));
    ck_assert(slice_cut(&s, ',', &head) && slice_is(head, ""));
    ck_assert(slice_cut(&s, ',', &head) && slice_is(head, "c"));
    ck_assert(!slice_cut(&s, ',', &head));
}
END_TEST

UNIT_SUITE("slice", decimals_are_read_as_strtod_reads_them, integers_are_read_strictly,
           doubles_refuse_nan_and_trailing_bytes, glob_matches_as_redis_does,
           glob_with_many_stars_ends_soon, cut_splits_at_the_first_separator)
