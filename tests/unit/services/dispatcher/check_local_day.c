#include "services/dispatcher/local_day.h"

#include "tests/lib/unit.h"

START_TEST(a_day_begins_at_midnight_where_it_is)
{
    static const struct {
        const char *zone;
        int64_t ms;
        const char *day, *week;
    } cases[] = {
        {"UTC", 1764287999999, "20251127", "2025W48"},
        {"UTC", 1764288000000, "20251128", "2025W48"},
        {"America/Los_Angeles", 1764316799000, "20251127", "2025W48"}, /* 23:59:59 */
        {"America/Los_Angeles", 1764316800000, "20251128", "2025W48"},
        {"America/New_York", 1767243600000, "20260101", "2026W01"},
        {"UTC", 1767225600000, "20260101", "2026W01"},
        {"UTC", 1798761600000, "20270101",
         "2026W53"}, /* a week belongs to the year of its Thursday */
        {"no/such_zone", 1764288000000, "20251128", "2025W48"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct local_day d = local_day_at(slice_of(cases[i].zone), cases[i].ms);
        ck_assert_str_eq(d.day, cases[i].day);
        ck_assert_str_eq(d.week, cases[i].week);
    }
}
END_TEST

START_TEST(days_before_a_day_and_what_is_no_day)
{
    struct local_day d = {.day = "x"};
    ck_assert(local_day_before(SLICE("20260301"), 1, &d));
    ck_assert_str_eq(d.day, "20260228");
    ck_assert(local_day_before(SLICE("20240301"), 1, &d));
    ck_assert_str_eq(d.day, "20240229");
    ck_assert(local_day_before(SLICE("20260105"), 7, &d));
    ck_assert_str_eq(d.day, "20251229");
    ck_assert_str_eq(d.week, "2026W01");
    static const char *const none[] = {"",         "2026010",  "202601011", "20260231", "20261301",
                                       "20260100", "2026-1-1", "-0260101",  "19691231"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_msg(!local_day_before(slice_of(none[i]), 1, &d), "%s", none[i]);
    ck_assert_str_eq(d.day, "20251229");
}
END_TEST

UNIT_SUITE("local_day", a_day_begins_at_midnight_where_it_is, days_before_a_day_and_what_is_no_day)
