#include "sim/status.h"

#include "tests/lib/unit.h"

START_TEST(names_and_statuses_are_each_other)
{
    for (int i = RIDE_SCHEDULED; i < RIDE_STATUSES; i++) {
        enum ride_status s = (enum ride_status)i;
        ck_assert_int_eq(status_parse(slice_of(status_name(s))), s);
    }
    ck_assert_int_eq(status_parse(SLICE("none")), RIDE_NONE);
    ck_assert_int_eq(status_parse(SLICE("Requested")), RIDE_NONE);
    ck_assert_int_eq(status_parse(SLICE("")), RIDE_NONE);
}
END_TEST

START_TEST(one_step_is_the_table_of_moves)
{
    ck_assert(status_reaches(RIDE_REQUESTED, RIDE_OFFERED, 1));
    ck_assert(status_reaches(RIDE_OFFERED, RIDE_REQUESTED, 1));
    ck_assert(status_reaches(RIDE_ASSIGNED, RIDE_REQUESTED, 1));
    ck_assert(status_reaches(RIDE_COMPLETED, RIDE_COMPLETED, 1));
    ck_assert(status_reaches(RIDE_FAILED, RIDE_REQUESTED, 1));
    ck_assert(!status_reaches(RIDE_REQUESTED, RIDE_IN_PROGRESS, 1));
    ck_assert(!status_reaches(RIDE_COMPLETED, RIDE_CANCELLED, 1));
    ck_assert(!status_reaches(RIDE_CANCELLED, RIDE_CANCELLED, 1));
    ck_assert(!status_reaches(RIDE_IN_PROGRESS, RIDE_REQUESTED, 1));
}
END_TEST

START_TEST(missed_versions_are_bridged_only_by_a_path_of_that_length)
{
    ck_assert(status_reaches(RIDE_REQUESTED, RIDE_REQUESTED, 0));
    ck_assert(!status_reaches(RIDE_REQUESTED, RIDE_OFFERED, 0));
    ck_assert(status_reaches(RIDE_REQUESTED, RIDE_COMPLETED, 5));
    ck_assert(!status_reaches(RIDE_REQUESTED, RIDE_COMPLETED, 3));
    ck_assert(status_reaches(RIDE_REQUESTED, RIDE_REQUESTED, 2)); /* offered and declined */
    ck_assert(status_reaches(RIDE_REQUESTED, RIDE_COMPLETED, 1000000007));
    ck_assert(!status_reaches(RIDE_CANCELLED, RIDE_REQUESTED, 1000000007));
}
END_TEST

UNIT_SUITE("status", names_and_statuses_are_each_other, one_step_is_the_table_of_moves,
           missed_versions_are_bridged_only_by_a_path_of_that_length)
