#include "base/geohash.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

START_TEST(known_scores_are_those_redis_gives)
{
    /* GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; ZSCORE */
    ck_assert_uint_eq(geohash_encode((struct geo_point){13.361389, 38.115556}), 3479099956230698U);
    ck_assert_uint_eq(geohash_encode((struct geo_point){15.087269, 37.502669}), 3479447370796909U);
}
END_TEST

START_TEST(decoding_lands_within_a_metre)
{
    struct rng r;
    rng_init(&r, 3);
    for (int i = 0; i < 100000; i++) {
        struct geo_point p = {rng_unit(&r) * 360 - 180, rng_unit(&r) * 170 - 85};
        struct geo_point q = geohash_decode(geohash_encode(p));
        ck_assert(geo_distance_m(p, q) < 1.0);
        ck_assert_uint_eq(geohash_encode(q), geohash_encode(p));
    }
}
END_TEST

START_TEST(edges_of_the_world_are_valid_and_nothing_beyond)
{
    ck_assert(geohash_valid((struct geo_point){180, GEOHASH_LAT_MAX}));
    ck_assert(geohash_valid((struct geo_point){-180, -GEOHASH_LAT_MAX}));
    ck_assert(!geohash_valid((struct geo_point){180.0001, 0}));
    ck_assert(!geohash_valid((struct geo_point){0, 86}));
    ck_assert(!geohash_valid((struct geo_point){(double)NAN, 0}));
    ck_assert_uint_eq(geohash_encode((struct geo_point){180, GEOHASH_LAT_MAX}), (1ULL << 52) - 1);
}
END_TEST

START_TEST(moving_away_and_measuring_agree)
{
    struct geo_point sf = {-122.42, 37.77};
    for (int deg = 0; deg < 360; deg += 15) {
        struct geo_point to = geo_move(sf, deg, 2500);
        ck_assert(fabs(geo_distance_m(sf, to) - 2500) < 0.01);
        double off = fabs(geo_bearing_deg(sf, to) - deg);
        ck_assert(off < 0.01 || off > 359.99);
    }
}
END_TEST

UNIT_SUITE("geohash", known_scores_are_those_redis_gives, decoding_lands_within_a_metre,
           edges_of_the_world_are_valid_and_nothing_beyond, moving_away_and_measuring_agree)
