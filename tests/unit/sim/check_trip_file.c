#include "sim/trip_file.h"

#include "tests/lib/unit.h"

START_TEST(trips_are_read_by_column_name_and_sorted)
{
    struct trip_file f = {0};
    const char *why = trip_file_read(SLICE("pickup_lon,extra,pickup_lat,pickup_at\r\n"
                                           "-122.4,x,37.7,2008-05-19T07:10:01Z\r\n"
                                           "-122.5,y,37.8,2008-05-19 07:00:27\r\n"
                                           "\r\n"),
                                     &f);
    ck_assert_ptr_null(why);
    ck_assert_uint_eq(f.count, 2);
    ck_assert_uint_eq(f.skipped + f.rows, 2 + f.skipped);
    ck_assert(f.trips[0].at_ms <= f.trips[1].at_ms);
    ck_assert(!f.trips[0].has_dropoff);
    ck_assert(!f.by_minute);
    trip_file_fini(&f);
}
END_TEST

START_TEST(bad_rows_are_left_out_and_counted)
{
    struct trip_file f = {0};
    const char *why = trip_file_read(
        SLICE("pickup_at,pickup_lat,pickup_lon,dropoff_at,dropoff_lat,dropoff_lon\n"
              "2014-04-01T04:00:00Z,40.7188,-73.9863,2014-04-01T04:10:00Z,40.73,-73.99\n"
              "2014-04-01T04:01:00Z,400,-73.9863\n"
              "2014-04-01T04:01:00Z,nan,-73.9863\n"
              "yesterday,40.7188,-73.9863\n"
              "2014-04-01T04:02:00Z,40.7188\n"
              "2014-04-01T04:03:00Z,40.7188,-73.9863,,,"),
        &f);
    ck_assert_ptr_null(why);
    ck_assert_uint_eq(f.rows, 2);
    ck_assert_uint_eq(f.skipped, 4);
    ck_assert(f.trips[0].has_dropoff);
    ck_assert(!f.trips[1].has_dropoff);
    ck_assert(f.by_minute);
    trip_file_fini(&f);
}
END_TEST

START_TEST(unusable_files_are_refused_and_leave_nothing)
{
    struct trip_file f = {0};
    ck_assert_ptr_nonnull(trip_file_read(SLICE(""), &f));
    ck_assert_ptr_nonnull(trip_file_read(SLICE("a,b,c\n1,2,3\n"), &f));
    ck_assert_ptr_nonnull(trip_file_read(SLICE("pickup_at,pickup_lat,pickup_lon\n"), &f));
    ck_assert_ptr_nonnull(trip_file_read(SLICE("ts,driver_id,lat,lon\n1,c1,1,1\n"), &f));
    ck_assert_ptr_null(f.trips);
    ck_assert_uint_eq(f.count, 0);
}
END_TEST

START_TEST(occupied_runs_of_a_trace_become_trips)
{
    struct trip_file f = {0};
    const char *why = trip_file_read(SLICE("ts,driver_id,lat,lon,occupied\n"
                                           "1000,c1,37.70,-122.40,0\n"
                                           "1060,c1,37.70,-122.40,1\n"
                                           "1120,c1,37.72,-122.40,1\n"
                                           "1180,c1,37.74,-122.40,0\n"
                                           "1240,c1,37.74,-122.40,1\n" /* too short */
                                           "1250,c1,37.75,-122.40,0\n"
                                           "1300,c1,37.70,-122.40,1\n" /* silent too long */
                                           "9000,c1,37.75,-122.40,0\n"
                                           "1000,c2,37.70,-122.40,1\n" /* never ends */
                                           "1060,c2,37.75,-122.40,1\n"),
                                     &f);
    ck_assert_ptr_null(why);
    ck_assert_uint_eq(f.cab_count, 2);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_int_eq(f.trips[0].at_ms, 1060000);
    ck_assert(f.trips[0].dropoff.lat > 37.739);
    trip_file_fini(&f);
}
END_TEST

START_TEST(a_cab_is_between_its_fixes)
{
    struct cab_fix fixes[] = {{1000, {.lon = 0, .lat = 0}, false},
                              {3000, {.lon = 2, .lat = 4}, false}};
    struct cab c = {.fixes = fixes, .count = 2};
    ck_assert_double_eq(cab_at(&c, 0).lat, 0);
    ck_assert_double_eq(cab_at(&c, 2000).lat, 2);
    ck_assert_double_eq(cab_at(&c, 2000).lon, 1);
    ck_assert_double_eq(cab_at(&c, 3000).lat, 4);
    ck_assert_double_eq(cab_at(&c, 99000).lat, 4);
}
END_TEST

UNIT_SUITE("trip_file", trips_are_read_by_column_name_and_sorted, bad_rows_are_left_out_and_counted,
           unusable_files_are_refused_and_leave_nothing, occupied_runs_of_a_trace_become_trips,
           a_cab_is_between_its_fixes)
