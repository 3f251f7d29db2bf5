#include "services/pricing/fare.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

static const struct tariff city = {
    .base_minor = 250,
    .per_km_minor = 110,
    .per_min_minor = 32.5,
    .minimum_minor = 700,
    .booking_fee_minor = 195,
};

START_TEST(lines_add_up_to_the_total)
{
    struct fare f = fare_compute(&city, 3000, 600, 1);
    ck_assert_int_eq(f.line_minor[FARE_BASE], 250);
    ck_assert_int_eq(f.line_minor[FARE_DISTANCE], 330);
    ck_assert_int_eq(f.line_minor[FARE_TIME], 325);
    ck_assert_int_eq(f.line_minor[FARE_SURGE], 0);
    ck_assert_int_eq(f.line_minor[FARE_BOOKING_FEE], 195);
    ck_assert_int_eq(f.line_minor[FARE_MINIMUM], 0);
    ck_assert_int_eq(f.total_minor, 1100);
}
END_TEST

START_TEST(a_short_trip_costs_the_minimum)
{
    struct fare f = fare_compute(&city, 0, 0, 1);
    ck_assert_int_eq(f.line_minor[FARE_MINIMUM], 700 - 250 - 195);
    ck_assert_int_eq(f.total_minor, 700);
}
END_TEST

START_TEST(surge_leaves_the_booking_fee_alone)
{
    struct fare f = fare_compute(&city, 3000, 600, 1.5);
    ck_assert_int_eq(f.line_minor[FARE_SURGE], 453); /* 905 / 2, half up */
    ck_assert_int_eq(f.line_minor[FARE_BOOKING_FEE], 195);
    ck_assert_int_eq(f.total_minor, 1553);
}
END_TEST

START_TEST(halves_are_rounded_up_even_where_doubles_fall_short)
{
    ck_assert_int_eq(fare_round(0.5), 1);
    ck_assert_int_eq(fare_round(2.5), 3);
    ck_assert_int_eq(fare_round(2.4999), 2);
    ck_assert_int_eq(fare_round(1.005 * 100 * 5), 503); /* 502.49999999999994 */
    ck_assert_int_eq(fare_round(-2.5), -3);
    ck_assert_int_eq(fare_round(0), 0);
}
END_TEST

START_TEST(no_trip_is_cheaper_for_being_longer)
{
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < 100000; i++) {
        double m = rng_unit(&rng) * 50000;
        double s = rng_unit(&rng) * 7200;
        double x = 1 + (double)rng_below(&rng, 21) / 10;
        struct fare a = fare_compute(&city, m, s, x);
        struct fare b = fare_compute(&city, m + 100, s + 10, x);
        int64_t sum = 0;
        for (int line = 0; line < FARE_LINES; line++) {
            ck_assert_int_ge(a.line_minor[line], 0);
            sum += a.line_minor[line];
        }
        ck_assert_int_eq(sum, a.total_minor);
        ck_assert_int_ge(a.total_minor, city.minimum_minor);
        ck_assert_int_ge(b.total_minor, a.total_minor);
    }
}
END_TEST

UNIT_SUITE("fare", lines_add_up_to_the_total, a_short_trip_costs_the_minimum,
           surge_leaves_the_booking_fee_alone, halves_are_rounded_up_even_where_doubles_fall_short,
           no_trip_is_cheaper_for_being_longer)
