#include "services/kit/ids.h"

#include "services/kit/problem.h"
#include "tests/lib/unit.h"

START_TEST(ulids_sort_by_time_and_within_a_millisecond)
{
    char last[ULID_LEN + 1] = "";
    char now[ULID_LEN + 1];
    for (int i = 0; i < 100000; i++) {
        id_ulid(1800000000000 + i / 1000, now);
        ck_assert_uint_eq(strlen(now), ULID_LEN);
        ck_assert_int_gt(strcmp(now, last), 0);
        memcpy(last, now, sizeof last);
    }
    id_ulid(0, now);
    ck_assert_int_eq(strncmp(now, "0000000000", 10), 0);
    id_ulid(0xffffffffffff, now);
    ck_assert_int_eq(strncmp(now, "7ZZZZZZZZZ", 10), 0);
    ck_assert(id_valid(slice_of(now)));
}
END_TEST

START_TEST(rides_and_offers_carry_their_region)
{
    char ride[ID_MAX + 1];
    char offer[ID_MAX + 1];
    size_t n = id_ride(SLICE("la"), 1800000000000, ride);
    ck_assert_uint_eq(n, 29);
    ck_assert(slice_is(id_region(slice_of(ride)), "la"));
    ck_assert(id_valid(slice_of(ride)));
    ck_assert_uint_eq(id_offer(slice_of(ride), 12, offer), 32);
    ck_assert(slice_is(id_offer_ride(slice_of(offer)), ride));
    ck_assert(slice_is(id_region(slice_of(offer)), "la"));
    ck_assert_uint_eq(id_ride(SLICE("a_region_whose_name_is_far_too_long_for_an_id"), 1, ride), 0);
    ck_assert_uint_eq(id_offer(SLICE("x23456789012345678901234567890123456789012345678901234567890"
                                     "1234"),
                               1, offer),
                      0);
}
END_TEST

START_TEST(ids_are_judged)
{
    ck_assert(id_valid(SLICE("la-839")));
    ck_assert(id_valid(SLICE("A.b_c-9")));
    ck_assert(!id_valid(SLICE("")));
    ck_assert(!id_valid(SLICE(".")));
    ck_assert(!id_valid(SLICE("..")));
    ck_assert(!id_valid(SLICE("a b")));
    ck_assert(!id_valid(SLICE("a{b}")));
    ck_assert(!id_valid(SLICE("a:b")));
    ck_assert(!id_valid(SLICE("a\0b")));
    ck_assert(!id_valid(SLICE("\xc3\xa9")));
    ck_assert(
        !id_valid(SLICE("0123456789012345678901234567890123456789012345678901234567890123x")));
    ck_assert(slice_is(id_region(SLICE("sf-1-2")), "sf"));
    ck_assert(slice_is(id_region(SLICE("-1")), ""));
    ck_assert(slice_is(id_region(SLICE("sf")), ""));
    ck_assert(slice_is(id_region(SLICE("SF-1")), ""));
    ck_assert(slice_is(id_offer_ride(SLICE("la-1")), ""));
    ck_assert(slice_is(id_offer_ride(SLICE(".1")), ""));
}
END_TEST

START_TEST(entries_of_streams_carry_their_time)
{
    ck_assert_int_eq(id_entry_ms(SLICE("1700000000000-3")), 1700000000000);
    ck_assert_int_eq(id_entry_ms(SLICE("0-0")), 0);
    ck_assert_int_eq(id_entry_ms(SLICE("")), -1);
    ck_assert_int_eq(id_entry_ms(SLICE("17")), -1);
    ck_assert_int_eq(id_entry_ms(SLICE("17-")), -1);
    ck_assert_int_eq(id_entry_ms(SLICE("-3")), -1);
    ck_assert_int_eq(id_entry_ms(SLICE("17-x")), -1);
    ck_assert_int_eq(id_entry_ms(SLICE("99999999999999999999-1")), -1);
}
END_TEST

START_TEST(start_codes_are_four_digits_of_all_kinds)
{
    int seen[10] = {0};
    char code[START_CODE_LEN + 1];
    for (int i = 0; i < 10000; i++) {
        id_start_code(code);
        ck_assert_uint_eq(strlen(code), 4);
        for (int k = 0; k < 4; k++) {
            ck_assert(code[k] >= '0' && code[k] <= '9');
            seen[code[k] - '0']++;
        }
    }
    for (int i = 0; i < 10; i++)
        ck_assert_int_gt(seen[i], 3500);
}
END_TEST

START_TEST(every_problem_has_a_code_of_its_own)
{
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *p = problem_info((enum problem)i);
        enum problem back = PROBLEM_COUNT;
        ck_assert(p->status >= 400 && p->status < 600);
        ck_assert(problem_of_code(slice_of(p->code), &back));
        ck_assert_int_eq((int)back, i);
    }
    enum problem none = PROBLEM_COUNT;
    ck_assert(!problem_of_code(SLICE("no_such"), &none));
}
END_TEST

UNIT_SUITE("ids", ulids_sort_by_time_and_within_a_millisecond, rides_and_offers_carry_their_region,
           ids_are_judged, entries_of_streams_carry_their_time,
           start_codes_are_four_digits_of_all_kinds, every_problem_has_a_code_of_its_own)
