#include "services/pricing/settlement.h"

#include "services/kit/core/eta.h"
#include "tests/lib/unit.h"

static struct quote quoted(void)
{
    struct quote q = {
        .pickup = {-122.4194, 37.7749},
        .dropoff = {-122.4094, 37.7949},
        .fare_minor = 1234,
        .distance_m = 3100,
        .duration_s = 440,
        .surge_multiplier = 1.2,
        .tariff = {.base_minor = 100,
                   .per_km_minor = 100,
                   .per_min_minor = 60,
                   .minimum_minor = 300,
                   .booking_fee_minor = 50},
    };
    return q;
}

START_TEST(the_quote_holds_however_long_it_took)
{
    struct quote q = quoted();
    struct settlement_trip trip = {
        .has_end = true, .end = q.dropoff, .driven_ms = 9000000, .speed_scale = 1};
    struct settlement s = settlement_compute(&q, &trip);
    ck_assert_int_eq(s.reason, SETTLEMENT_QUOTE_HOLDS);
    ck_assert_int_eq(s.total_minor, 1234);
}
END_TEST

START_TEST(without_an_end_the_quote_holds)
{
    struct quote q = quoted();
    struct settlement_trip trip = {.driven_ms = 1000, .speed_scale = 60};
    ck_assert_int_eq(settlement_compute(&q, &trip).total_minor, 1234);
}
END_TEST

START_TEST(an_end_around_the_corner_is_the_same_place)
{
    struct quote q = quoted();
    struct settlement_trip trip = {
        .has_end = true, .end = geo_move(q.dropoff, 90, 490), .speed_scale = 1};
    ck_assert_int_eq(settlement_compute(&q, &trip).reason, SETTLEMENT_QUOTE_HOLDS);
    trip.end = geo_move(q.dropoff, 90, 510);
    ck_assert_int_eq(settlement_compute(&q, &trip).reason, SETTLEMENT_OTHER_DROPOFF);
}
END_TEST

START_TEST(another_dropoff_is_billed_as_driven_with_the_quotes_tariff)
{
    struct quote q = quoted();
    struct geo_point end = geo_move(q.pickup, 0, 10000);
    struct settlement_trip trip = {
        .has_end = true, .end = end, .driven_ms = 600000, .speed_scale = 1};
    struct settlement s = settlement_compute(&q, &trip);
    struct fare want = fare_compute(&q.tariff, eta_road_m(q.pickup, end), 600, 1.2);
    ck_assert_int_eq(s.reason, SETTLEMENT_OTHER_DROPOFF);
    ck_assert_int_eq(s.total_minor, want.total_minor);
    ck_assert_int_eq(s.duration_s, 600);
}
END_TEST

START_TEST(billed_minutes_are_not_compressed_by_a_replay)
{
    struct quote q = quoted();
    struct geo_point end = geo_move(q.pickup, 0, 10000);
    struct settlement_trip real = {
        .has_end = true, .end = end, .driven_ms = 600000, .speed_scale = 1};
    struct settlement_trip fast = {
        .has_end = true, .end = end, .driven_ms = 10000, .speed_scale = 60};
    ck_assert_int_eq(settlement_compute(&q, &real).total_minor,
                     settlement_compute(&q, &fast).total_minor);
}
END_TEST

START_TEST(skipped_stops_are_not_billed)
{
    struct quote q = quoted();
    q.stops[0] = geo_move(q.pickup, 180, 5000);
    q.stops_count = 1;
    struct settlement_trip trip = {
        .has_end = true, .end = q.dropoff, .driven_ms = 300000, .speed_scale = 1};
    struct settlement s = settlement_compute(&q, &trip);
    struct fare want = fare_compute(&q.tariff, eta_road_m(q.pickup, q.dropoff), 300, 1.2);
    ck_assert_int_eq(s.reason, SETTLEMENT_STOPS_SKIPPED);
    ck_assert_int_eq(s.total_minor, want.total_minor);
    trip.stops_done = 1;
    ck_assert_int_eq(settlement_compute(&q, &trip).reason, SETTLEMENT_QUOTE_HOLDS);
}
END_TEST

START_TEST(a_clock_that_went_back_bills_no_negative_time)
{
    struct quote q = quoted();
    struct settlement_trip trip = {
        .has_end = true, .end = geo_move(q.pickup, 0, 10000), .driven_ms = -5000, .speed_scale = 1};
    struct settlement s = settlement_compute(&q, &trip);
    ck_assert_int_eq(s.duration_s, 0);
    ck_assert_int_eq(s.fare.line_minor[FARE_TIME], 0);
}
END_TEST

UNIT_SUITE("settlement", the_quote_holds_however_long_it_took, without_an_end_the_quote_holds,
           an_end_around_the_corner_is_the_same_place,
           another_dropoff_is_billed_as_driven_with_the_quotes_tariff,
           billed_minutes_are_not_compressed_by_a_replay, skipped_stops_are_not_billed,
           a_clock_that_went_back_bills_no_negative_time)
