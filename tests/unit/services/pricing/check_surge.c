#include "services/pricing/surge.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <string.h>

static const struct geo_point market = {-122.4194, 37.7749};

static struct surge fresh(void)
{
    struct surge s;
    struct surge_limits l = surge_limits_standard();
    surge_init(&s, &l);
    return s;
}

static void ask(struct surge *s, surge_cell cell, int n, int64_t now_ms)
{
    for (int i = 0; i < n; i++)
        surge_count(s, SURGE_REQUEST, cell, now_ms, now_ms);
}

START_TEST(a_cell_is_the_first_30_bits_of_the_score)
{
    surge_cell cell = surge_cell_at(market);
    ck_assert_uint_eq(cell, geohash_encode(market) >> 22);
    uint64_t min = 0;
    uint64_t max = 0;
    surge_cell_scores(cell, &min, &max);
    ck_assert(geohash_encode(market) >= min && geohash_encode(market) < max);
    struct geo_box b = surge_cell_box(cell);
    ck_assert(market.lon >= b.lon_min && market.lon <= b.lon_max);
    ck_assert(market.lat >= b.lat_min && market.lat <= b.lat_max);
    double w = geo_distance_m((struct geo_point){b.lon_min, market.lat},
                              (struct geo_point){b.lon_max, market.lat});
    ck_assert(w > 900 && w < 1300);
}
END_TEST

START_TEST(a_cells_name_reads_back_and_others_are_refused)
{
    char text[SURGE_CELL_HEX + 1];
    surge_cell cell = surge_cell_at(market);
    surge_cell back = 0;
    ck_assert(surge_cell_parse(slice_of(surge_cell_text(cell, text)), &back));
    ck_assert_uint_eq(back, cell);
    ck_assert(!surge_cell_parse(SLICE("4fffffff"), &back)); /* 31 bits */
    ck_assert(!surge_cell_parse(SLICE("0123456"), &back));
    ck_assert(!surge_cell_parse(SLICE("012345678"), &back));
    ck_assert(!surge_cell_parse(SLICE("0123456G"), &back));
    ck_assert(!surge_cell_parse(SLICE("0123456A"), &back));
    ck_assert(!surge_cell_parse(SLICE(""), &back));
    ck_assert_uint_eq(back, cell);
}
END_TEST

START_TEST(neighbours_touch_and_are_eight)
{
    surge_cell cell = surge_cell_at(market);
    surge_cell around[8];
    ck_assert_uint_eq(surge_cell_neighbours(cell, around), 8);
    struct geo_box b = surge_cell_box(cell);
    for (int i = 0; i < 8; i++) {
        struct geo_box o = surge_cell_box(around[i]);
        ck_assert(around[i] != cell);
        ck_assert(o.lon_min <= b.lon_max + 1e-9 && o.lon_max >= b.lon_min - 1e-9);
        ck_assert(o.lat_min <= b.lat_max + 1e-9 && o.lat_max >= b.lat_min - 1e-9);
        for (int k = 0; k < i; k++)
            ck_assert(around[k] != around[i]);
    }
    surge_cell corner = surge_cell_at((struct geo_point){-180, -85.05});
    ck_assert_uint_eq(surge_cell_neighbours(corner, around), 3);
}
END_TEST

START_TEST(demand_over_supply_raises_the_price_step_by_step)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    int64_t now = 1000000;
    ask(&s, cell, 40, now);
    surge_supply(&s, cell, 5);
    double before = 1;
    for (int i = 0; i < 20; i++) {
        (void)surge_step(&s, now);
        double shown = surge_shown(&s, cell);
        ck_assert(shown >= before);
        ck_assert(shown - before <= 0.3 + 1e-9);
        before = shown;
    }
    ck_assert(before > 2);
    ck_assert(before <= 3);
    ck_assert(surge_check(&s));
    surge_fini(&s);
}
END_TEST

START_TEST(enough_drivers_mean_no_surge)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    ask(&s, cell, 40, 1000000);
    surge_supply(&s, cell, 40);
    for (int i = 0; i < 20; i++)
        (void)surge_step(&s, 1000000);
    ck_assert(surge_shown(&s, cell) == 1);
    surge_fini(&s);
}
END_TEST

START_TEST(two_requests_in_an_empty_place_are_no_surge)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    ask(&s, cell, 2, 1000000);
    (void)surge_step(&s, 1000000);
    ck_assert(surge_shown(&s, cell) == 1);
    ck_assert_uint_eq(s.count, 1); /* but they are remembered: a third may come */
    ask(&s, cell, 20, 1010000);
    (void)surge_step(&s, 1010000);
    ck_assert(surge_shown(&s, cell) > 1);
    surge_fini(&s);
}
END_TEST

START_TEST(when_demand_ends_the_price_comes_back_to_one_and_the_cell_is_forgotten)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    int64_t now = 1000000;
    ask(&s, cell, 60, now);
    for (int i = 0; i < 10; i++)
        (void)surge_step(&s, now);
    ck_assert(surge_shown(&s, cell) == 3);
    now += 400000;
    double before = 3;
    for (int i = 0; i < 40; i++) {
        (void)surge_step(&s, now);
        ck_assert(before - surge_shown(&s, cell) <= 0.3 + 1e-9);
        before = surge_shown(&s, cell);
    }
    ck_assert(surge_shown(&s, cell) == 1);
    ck_assert_uint_eq(s.count, 0);
    surge_fini(&s);
}
END_TEST

START_TEST(a_hot_neighbour_warms_a_cell_with_its_own_demand)
{
    struct surge alone = fresh();
    struct surge beside = fresh();
    surge_cell cell = surge_cell_at(market);
    surge_cell around[8];
    (void)surge_cell_neighbours(cell, around);
    ask(&alone, cell, 12, 1000000);
    ask(&beside, cell, 12, 1000000);
    for (int i = 0; i < 8; i++)
        ask(&beside, around[i], 60, 1000000);
    surge_supply(&alone, cell, 10);
    surge_supply(&beside, cell, 10);
    for (int i = 0; i < 20; i++) {
        (void)surge_step(&alone, 1000000);
        (void)surge_step(&beside, 1000000);
    }
    ck_assert(surge_shown(&beside, cell) > surge_shown(&alone, cell));
    surge_fini(&alone);
    surge_fini(&beside);
}
END_TEST

START_TEST(declined_offers_make_free_drivers_count_for_less)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    ask(&s, cell, 10, 1000000);
    surge_supply(&s, cell, 10);
    for (int i = 0; i < 10; i++)
        (void)surge_step(&s, 1000000);
    ck_assert(surge_shown(&s, cell) == 1);
    for (int i = 0; i < 20; i++)
        surge_count(&s, SURGE_OFFER, cell, 1000000, 1000000);
    for (int i = 0; i < 4; i++)
        surge_count(&s, SURGE_ACCEPT, cell, 1000000, 1000000);
    for (int i = 0; i < 10; i++)
        (void)surge_step(&s, 1000000);
    ck_assert(surge_shown(&s, cell) > 1);
    surge_fini(&s);
}
END_TEST

START_TEST(a_new_leader_goes_on_from_what_was_shown)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    surge_resume(&s, cell, 2.4);
    surge_resume(&s, cell + 1, (double)NAN);
    ck_assert(surge_shown(&s, cell) == 2.4);
    (void)surge_step(&s, 1000000);
    ck_assert(surge_shown(&s, cell) >= 2.1 - 1e-9);
    ck_assert(surge_check(&s));
    surge_fini(&s);
}
END_TEST

START_TEST(late_and_future_events_do_no_harm)
{
    struct surge s = fresh();
    surge_cell cell = surge_cell_at(market);
    surge_count(&s, SURGE_REQUEST, cell, 1000, 10000000); /* long past the window */
    ck_assert_uint_eq(s.count, 0);
    surge_count(&s, SURGE_REQUEST, cell, -5, 10000000);
    ck_assert_uint_eq(s.count, 0);
    surge_count(&s, SURGE_REQUEST, cell, INT64_MAX, 10000000); /* counts as now */
    ck_assert_uint_eq(s.count, 1);
    ck_assert(surge_check(&s));
    surge_fini(&s);
}
END_TEST

/* Goal: whatever happens, the invariants hold: bounds, rate cap, order, number of cells.
 * Method: 100,000 random steps over a few hundred cells with few allowed. */
START_TEST(random_events_never_break_an_invariant)
{
    struct rng rng;
    rng_init(&rng, 20261123);
    struct surge s;
    struct surge_limits l = surge_limits_standard();
    l.cells_max = 150;
    surge_init(&s, &l);
    int64_t now = 1000000000;
    surge_cell base = surge_cell_at(market);
    double shown[400];
    for (int i = 0; i < 400; i++)
        shown[i] = 1;
    for (int step = 0; step < 100000; step++) {
        surge_cell cell = base + (surge_cell)rng_below(&rng, 400);
        uint64_t what = rng_below(&rng, 100);
        if (what < 70) {
            int64_t at = now - (int64_t)rng_below(&rng, 400000) + 20000;
            surge_count(&s, (enum surge_event)rng_below(&rng, 3), cell, at, now);
        } else if (what < 90) {
            surge_supply(&s, cell, (int64_t)rng_below(&rng, 12) - 1);
        } else if (what < 98) {
            now += (int64_t)rng_below(&rng, 4000);
        } else {
            (void)surge_step(&s, now);
            for (surge_cell i = 0; i < 400; i++) {
                double v = surge_shown(&s, base + i);
                ck_assert_msg(fabs(v - shown[i]) <= 0.3 + 1e-9, "step %d", step);
                shown[i] = v;
            }
        }
        ck_assert_msg(surge_check(&s), "step %d", step);
    }
    surge_fini(&s);
}
END_TEST

UNIT_SUITE("surge", a_cell_is_the_first_30_bits_of_the_score,
           a_cells_name_reads_back_and_others_are_refused, neighbours_touch_and_are_eight,
           demand_over_supply_raises_the_price_step_by_step, enough_drivers_mean_no_surge,
           two_requests_in_an_empty_place_are_no_surge,
           when_demand_ends_the_price_comes_back_to_one_and_the_cell_is_forgotten,
           a_hot_neighbour_warms_a_cell_with_its_own_demand,
           declined_offers_make_free_drivers_count_for_less,
           a_new_leader_goes_on_from_what_was_shown, late_and_future_events_do_no_harm,
           random_events_never_break_an_invariant)
