#include "services/location-ingest/marker.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

START_TEST(a_snapped_place_is_near_and_stays_where_it_is)
{
    struct rng rng;
    rng_init(&rng, 5);
    for (int i = 0; i < 100000; i++) {
        struct geo_point p = {rng_unit(&rng) * 359.9 - 179.95, rng_unit(&rng) * 160 - 80};
        struct geo_point s = marker_snap(p);
        ck_assert_msg(geo_distance_m(p, s) <= 36, "%f %f", p.lat, p.lon); /* half a diagonal */
        struct geo_point again = marker_snap(s);
        ck_assert(geo_distance_m(s, again) < 0.01);
    }
}
END_TEST

START_TEST(two_places_of_one_field_look_the_same)
{
    struct geo_point s = marker_snap((struct geo_point){-122.4194, 37.7749});
    struct geo_point a = marker_snap(geo_move(s, 45, 20));
    struct geo_point b = marker_snap(geo_move(s, 225, 20));
    ck_assert(a.lat == b.lat && a.lon == b.lon);
}
END_TEST

START_TEST(the_edges_of_the_map_stay_on_it)
{
    ck_assert(geohash_valid(marker_snap((struct geo_point){180, GEOHASH_LAT_MAX})));
    ck_assert(geohash_valid(marker_snap((struct geo_point){-180, -GEOHASH_LAT_MAX})));
}
END_TEST

START_TEST(a_name_lasts_ten_minutes_and_is_one_riders)
{
    struct marker_key k;
    struct marker_key other;
    char a[MARKER_TEXT + 1];
    char b[MARKER_TEXT + 1];
    marker_key_init(&k, SLICE("secret"));
    marker_key_init(&other, SLICE("another"));
    struct slice driver = SLICE("sf-7");
    struct slice rider = SLICE("r1");
    int64_t from = 1000 * (int64_t)MARKER_LIFE_MS;
    (void)marker_name(&k, driver, rider, from, a);
    ck_assert_uint_eq(strlen(a), MARKER_TEXT);
    ck_assert_str_eq(a, marker_name(&k, driver, rider, from + MARKER_LIFE_MS - 1, b));
    ck_assert_str_ne(a, marker_name(&k, driver, rider, from + MARKER_LIFE_MS, b));
    ck_assert_str_ne(a, marker_name(&k, driver, SLICE("r2"), from, b));
    ck_assert_str_ne(a, marker_name(&k, SLICE("sf-8"), rider, from, b));
    ck_assert_str_ne(a, marker_name(&other, driver, rider, from, b));
    ck_assert_str_ne(a, marker_name(&k, SLICE("sf-"), SLICE("7r1"), from, b));
}
END_TEST

UNIT_SUITE("marker", a_snapped_place_is_near_and_stays_where_it_is,
           two_places_of_one_field_look_the_same, the_edges_of_the_map_stay_on_it,
           a_name_lasts_ten_minutes_and_is_one_riders)
