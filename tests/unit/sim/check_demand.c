#include "sim/demand.h"

#include "tests/lib/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"

/* A file of one pickup each given second of a day, as text and read. */
static struct trip_file file_of(const int *seconds, size_t n)
{
    struct trip_file f = {0};
    struct buf text = {0};
    buf_add_cstr(&text, "pickup_at,pickup_lat,pickup_lon\n");
    for (size_t i = 0; i < n; i++) {
        char at[CLOCK_TEXT];
        buf_addf(&text, "%s,%f,%f\n", clock_format((int64_t)seconds[i] * 1000, at),
                 37.70 + 0.001 * (double)i, -122.43);
    }
    ck_assert_ptr_null(trip_file_read(buf_slice(&text), &f));
    buf_fini(&text);
    return f;
}

START_TEST(the_busiest_window_is_found_as_by_trying_all)
{
    struct rng r;
    rng_init(&r, 9);
    for (int round = 0; round < 50; round++) {
        int seconds[200];
        for (size_t i = 0; i < 200; i++) {
            seconds[i] = (int)rng_below(&r, 5000);
        }
        struct trip_file f = file_of(seconds, 200);
        int64_t length_ms = 1 + (int64_t)rng_below(&r, 600000);
        size_t best = 0;
        size_t found = 0;
        int64_t from_ms = demand_busiest(&f, length_ms);
        for (size_t i = 0; i < 200; i++) {
            size_t inside = 0;
            for (size_t k = 0; k < 200; k++) {
                int64_t after = f.trips[k].at_ms - f.trips[i].at_ms;
                if (after >= 0 && after < length_ms) inside++;
            }
            if (inside > best) best = inside;
            int64_t after = f.trips[i].at_ms - from_ms;
            if (after >= 0 && after < length_ms) found++;
        }
        ck_assert_uint_eq(found, best);
        trip_file_fini(&f);
    }
}
END_TEST

START_TEST(a_replay_is_compressed_complete_and_repeatable)
{
    int seconds[] = {5, 3601, 3602, 3660, 3700, 9000};
    struct trip_file f = file_of(seconds, 6);
    struct demand_spec spec = {
        .from_ms = -1, .seconds = 10, .speedup = 20, .seed = 3, .drivers = 7};
    struct demand a;
    struct demand b;
    demand_replay(&f, &spec, &a);
    demand_replay(&f, &spec, &b);
    ck_assert_int_eq(a.from_ms, 3601000);
    ck_assert_uint_eq(a.count, 4);
    ck_assert_int_eq(a.orders[1].at_ms, 50);
    ck_assert_uint_eq(a.drivers, 7);
    for (size_t i = 0; i < a.count; i++) {
        ck_assert(geo_distance_m(a.orders[i].pickup, a.orders[i].dropoff) >= 50);
        ck_assert_mem_eq(&a.orders[i], &b.orders[i], sizeof a.orders[i]);
    }
    demand_fini(&a);
    demand_fini(&b);
    trip_file_fini(&f);
}
END_TEST

START_TEST(times_known_to_the_minute_are_spread_over_it)
{
    int seconds[64];
    for (size_t i = 0; i < 64; i++) {
        seconds[i] = 600;
    }
    struct trip_file f = file_of(seconds, 64);
    struct demand_spec spec = {
        .from_ms = 600000, .seconds = 60, .speedup = 1, .seed = 3, .drivers = 1};
    struct demand d;
    demand_replay(&f, &spec, &d);
    ck_assert_uint_eq(d.count, 64);
    ck_assert_int_lt(d.orders[0].at_ms, 10000);
    ck_assert_int_gt(d.orders[63].at_ms, 50000);
    ck_assert_int_lt(d.orders[63].at_ms, 60000);
    demand_fini(&d);
    trip_file_fini(&f);
}
END_TEST

START_TEST(an_empty_window_has_no_orders)
{
    int seconds[] = {5, 6};
    struct trip_file f = file_of(seconds, 2);
    struct demand_spec spec = {
        .from_ms = 99000, .seconds = 10, .speedup = 1, .seed = 3, .drivers = 2};
    struct demand d;
    demand_replay(&f, &spec, &d);
    ck_assert_uint_eq(d.count, 0);
    ck_assert_uint_eq(d.drivers, 2);
    demand_fini(&d);
    trip_file_fini(&f);
}
END_TEST

START_TEST(the_region_comes_from_the_places)
{
    int seconds[] = {5, 6, 7};
    struct trip_file f = file_of(seconds, 3);
    ck_assert_str_eq(region_of(&f)->id, "sf");
    for (size_t i = 0; i < f.count; i++) {
        f.trips[i].pickup = (struct geo_point){.lon = 0, .lat = 0};
    }
    ck_assert_ptr_null(region_of(&f));
    ck_assert_ptr_null(region_find(SLICE("atlantis")));
    trip_file_fini(&f);
}
END_TEST

START_TEST(generated_demand_is_sorted_inside_and_repeatable)
{
    struct demand_spec spec = {
        .from_ms = -1, .seconds = 60, .speedup = 30, .seed = 1, .drivers = 200};
    struct demand a;
    struct demand b;
    const struct sim_region *la = region_find(SLICE("la"));
    demand_generate(la, &spec, &a);
    demand_generate(la, &spec, &b);
    ck_assert_uint_gt(a.count, 100);
    ck_assert_uint_eq(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        ck_assert_mem_eq(&a.orders[i], &b.orders[i], sizeof a.orders[i]);
        ck_assert_int_lt(a.orders[i].at_ms, 60000);
        if (i > 0) ck_assert_int_ge(a.orders[i].at_ms, a.orders[i - 1].at_ms);
        ck_assert(geo_distance_m(a.orders[i].pickup, la->centre) < 3 * la->spread_m);
    }
    demand_fini(&a);
    demand_fini(&b);
}
END_TEST

UNIT_SUITE("demand", the_busiest_window_is_found_as_by_trying_all,
           a_replay_is_compressed_complete_and_repeatable,
           times_known_to_the_minute_are_spread_over_it, an_empty_window_has_no_orders,
           the_region_comes_from_the_places, generated_demand_is_sorted_inside_and_repeatable)
