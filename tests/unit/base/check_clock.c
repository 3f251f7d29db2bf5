#include "base/clock.h"

#include "base/slice.h"
#include "tests/lib/unit.h"

static int64_t parsed(const char *text)
{
    int64_t ms = -1;
    return clock_parse(slice_of(text), &ms) == 0 ? ms : -1;
}

START_TEST(times_survive_formatting_and_reading)
{
    static const int64_t times[] = {
        0, 1, 951782400123, 1211353200000, 1795435200999, 4102444800000};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[CLOCK_TEXT];
        ck_assert_int_eq(parsed(clock_format(times[i], text)), times[i]);
    }
    char text[CLOCK_TEXT];
    ck_assert_str_eq(clock_format(1211353200000, text), "2008-05-21T07:00:00.000Z");
}
END_TEST

START_TEST(offsets_and_fractions_are_read)
{
    ck_assert_int_eq(parsed("2008-05-21T00:00:00-07:00"), 1211353200000);
    ck_assert_int_eq(parsed("2008-05-21 07:00:00Z"), 1211353200000);
    ck_assert_int_eq(parsed("2008-05-21T07:00:00.5Z"), 1211353200500);
    ck_assert_int_eq(parsed("2024-02-29T00:00:00Z"), 1709164800000);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const bad[] = {"",
                                      "2008-05-21",
                                      "2008-05-21T07:00:00",
                                      "2023-02-29T00:00:00Z",
                                      "2008-13-01T00:00:00Z",
                                      "2008-05-21T24:00:00Z",
                                      "2008-05-21T07:00:00Zx",
                                      "2008-05-21T07:00:00.Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(parsed(bad[i]), -1);
}
END_TEST

UNIT_SUITE("clock", times_survive_formatting_and_reading, offsets_and_fractions_are_read,
           what_is_no_time_is_refused)
