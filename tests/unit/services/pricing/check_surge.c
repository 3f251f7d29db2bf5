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

static void ask(struct surge *s, cell_id cell, int n, int64_t now_ms)
{
    for (int i = 0; i < n; i++)
        surge_count(s, SURGE_REQUEST, cell, now_ms, now_ms);
}

START_TEST(demand_over_supply_raises_the_price_step_by_step)
{
    struct surge s = fresh();
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
    cell_id around[8];
    (void)cell_neighbours(cell, around);
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
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
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
    cell_id cell = cell_at(market);
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
    cell_id base = cell_at(market);
    double shown[400];
    for (int i = 0; i < 400; i++)
        shown[i] = 1;
    for (int step = 0; step < 100000; step++) {
        cell_id cell = base + (cell_id)rng_below(&rng, 400);
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
            for (cell_id i = 0; i < 400; i++) {
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

UNIT_SUITE("surge", demand_over_supply_raises_the_price_step_by_step, enough_drivers_mean_no_surge,
           two_requests_in_an_empty_place_are_no_surge,
           when_demand_ends_the_price_comes_back_to_one_and_the_cell_is_forgotten,
           a_hot_neighbour_warms_a_cell_with_its_own_demand,
           declined_offers_make_free_drivers_count_for_less,
           a_new_leader_goes_on_from_what_was_shown, late_and_future_events_do_no_harm,
           random_events_never_break_an_invariant)
