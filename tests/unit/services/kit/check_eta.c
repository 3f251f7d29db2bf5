#include "services/kit/core/eta.h"

#include "tests/lib/unit.h"

START_TEST(seconds_are_rounded_up_and_scaled)
{
    ck_assert_int_eq(eta_road_s(0, 1), 0);
    ck_assert_int_eq(eta_road_s(1, 1), 1);
    ck_assert_int_eq(eta_road_s(700, 1), 100);
    ck_assert_int_eq(eta_road_s(700, 10), 10);
    ck_assert_int_eq(eta_road_s(700, 0.5), 200);
}
END_TEST

START_TEST(the_road_is_longer_than_the_straight_line)
{
    struct geo_point a = {-122.4194, 37.7749};
    struct geo_point b = geo_move(a, 45, 1000);
    ck_assert_double_eq_tol(eta_road_m(a, b), 1300, 1);
    ck_assert_int_eq(eta_s(a, b, 1), 186);
}
END_TEST

UNIT_SUITE("eta", seconds_are_rounded_up_and_scaled, the_road_is_longer_than_the_straight_line)
