#include "services/matcher/plan.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { RIDES = 40, DRIVERS = 30, WAYS = 8, REACH_MS = 900 * 1000, STEPS = 1000000 };

static const struct plan_rules rules = {REACH_MS, STEPS};

static void solve(const struct plan_window *w, struct arena *arena, struct plan_answer *out)
{
    plan_solve(w, &rules, arena, out);
}

START_TEST(the_sum_is_least_though_the_nearest_pair_is_not_in_it)
{
    struct assign_arc a[] = {{0, 100000}, {1, 120000}};
    struct assign_arc b[] = {{0, 90000}, {1, 400000}};
    struct plan_ride rides[] = {{a, 2, 5000, 0}, {b, 2, 0, 0}};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){rides, 2, NULL, 2}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], 1);
    ck_assert_uint_eq(out.driver_of[1], 0);
    ck_assert(out.exact);
    ck_assert_uint_eq(out.matched, 2);
    ck_assert_int_eq(out.price_ms, 210000);
    arena_fini(&arena);
}
END_TEST

START_TEST(greedys_price_is_of_the_same_window)
{
    /* Nearest first takes 10 + 400; exchanging gives 20 + 30. */
    struct assign_arc a[] = {{0, 10000}, {1, 20000}};
    struct assign_arc b[] = {{0, 30000}, {1, 400000}};
    struct plan_ride rides[] = {{a, 2, 0, 0}, {b, 2, 0, 0}};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){rides, 2, NULL, 2}, &arena, &out);
    ck_assert_int_eq(out.price_ms, 50000);
    ck_assert_int_eq(out.greedy_ms, 410000);
    arena_fini(&arena);
}
END_TEST

START_TEST(who_has_waited_longer_or_was_passed_over_gets_the_only_driver)
{
    struct assign_arc near[] = {{0, 60000}};
    struct assign_arc far[] = {{0, 70000}};
    struct plan_ride waited[] = {{near, 1, 1000, 0}, {far, 1, 90000, 0}};
    struct plan_ride passed[] = {{near, 1, 1000, 0}, {far, 1, 1000, 3}};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){waited, 2, NULL, 1}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], PLAN_NOBODY);
    ck_assert_uint_eq(out.driver_of[1], 0);
    solve(&(struct plan_window){passed, 2, NULL, 1}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[1], 0);
    ck_assert_int_eq(out.price_ms, 70000 + PLAN_LEFT_MS);
    arena_fini(&arena);
}
END_TEST

START_TEST(of_drivers_nearly_alike_the_one_idle_longer_goes_and_never_far_for_that)
{
    struct assign_arc ways[] = {{0, 60000}, {1, 65000}};
    struct plan_ride ride = {ways, 2, 0, 0};
    int64_t idle_ms[] = {1000, 3600 * 1000};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){&ride, 1, idle_ms, 2}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], 1);
    ck_assert_int_eq(out.price_ms, 65000);
    ways[1].cost_ms = 75000;
    solve(&(struct plan_window){&ride, 1, idle_ms, 2}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(nobody_is_sent_beyond_reach)
{
    struct assign_arc ways[] = {{0, REACH_MS + 1}};
    struct plan_ride ride = {ways, 1, 500000, 5};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){&ride, 1, NULL, 1}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], PLAN_NOBODY);
    ck_assert_uint_eq(out.arcs, 0);
    ways[0].cost_ms = REACH_MS;
    solve(&(struct plan_window){&ride, 1, NULL, 1}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(an_empty_window_and_a_ride_nobody_can_reach_are_answered)
{
    struct plan_ride ride = {NULL, 0, 0, 0};
    struct arena arena = {0};
    struct plan_answer out;
    solve(&(struct plan_window){NULL, 0, NULL, 0}, &arena, &out);
    ck_assert_int_eq(out.price_ms, 0);
    solve(&(struct plan_window){&ride, 1, NULL, 0}, &arena, &out);
    ck_assert_uint_eq(out.driver_of[0], PLAN_NOBODY);
    ck_assert_uint_eq(out.matched, 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(random_windows_serve_as_many_as_greedy_does_and_never_share_a_driver)
{
    struct rng rng;
    struct arena arena = {0};
    rng_init(&rng, 11);
    for (int round = 0; round < 2000; round++) {
        struct assign_arc ways[RIDES][WAYS];
        struct plan_ride rides[RIDES];
        int64_t idle_ms[DRIVERS];
        for (int d = 0; d < DRIVERS; d++)
            idle_ms[d] = (int64_t)rng_below(&rng, 3600000);
        for (int i = 0; i < RIDES; i++) {
            uint32_t n = (uint32_t)rng_below(&rng, WAYS + 1);
            for (uint32_t k = 0; k < n; k++)
                ways[i][k] = (struct assign_arc){(uint32_t)rng_below(&rng, DRIVERS),
                                                 (int64_t)rng_below(&rng, REACH_MS * 2)};
            rides[i] = (struct plan_ride){ways[i], n, (int64_t)rng_below(&rng, 200000), 0};
        }
        struct plan_answer out;
        struct plan_answer greedy;
        const struct plan_window w = {rides, RIDES, idle_ms, DRIVERS};
        solve(&w, &arena, &out);
        plan_solve(&w, &(struct plan_rules){REACH_MS, 0}, &arena, &greedy);
        ck_assert(out.exact);
        ck_assert(!greedy.exact); /* the budget was spent */
        ck_assert_int_eq(greedy.price_ms, out.greedy_ms);
        ck_assert_uint_ge(out.matched, greedy.matched);
        bool taken[DRIVERS] = {false};
        for (int i = 0; i < RIDES; i++) {
            if (out.driver_of[i] == PLAN_NOBODY) continue;
            ck_assert(!taken[out.driver_of[i]]);
            taken[out.driver_of[i]] = true;
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(nothing_is_waited_for_while_drivers_are_plenty)
{
    ck_assert_int_eq(plan_gather_ms(0, 0, 2000), 0);
    ck_assert_int_eq(plan_gather_ms(1, 0, 2000), 0); /* it competes with nobody */
    ck_assert_int_eq(plan_gather_ms(10, 20, 2000), 0);
    ck_assert_int_eq(plan_gather_ms(10, 4000000000U, 2000), 0);
}
END_TEST

START_TEST(the_scarcer_drivers_are_the_longer_rides_are_gathered_up_to_the_limit)
{
    int64_t before = 0;
    for (uint32_t idle = 20; idle-- > 0;) {
        int64_t ms = plan_gather_ms(10, idle, 2000);
        ck_assert_int_gt(ms, before);
        before = ms;
    }
    ck_assert_int_eq(plan_gather_ms(10, 0, 2000), 2000);
    ck_assert_int_eq(plan_gather_ms(UINT32_MAX, UINT32_MAX, 2000), 1000);
    ck_assert_int_eq(plan_gather_ms(10, 0, 0), 0);
}
END_TEST

UNIT_SUITE("plan", the_sum_is_least_though_the_nearest_pair_is_not_in_it,
           greedys_price_is_of_the_same_window,
           who_has_waited_longer_or_was_passed_over_gets_the_only_driver,
           of_drivers_nearly_alike_the_one_idle_longer_goes_and_never_far_for_that,
           nobody_is_sent_beyond_reach, an_empty_window_and_a_ride_nobody_can_reach_are_answered,
           random_windows_serve_as_many_as_greedy_does_and_never_share_a_driver,
           nothing_is_waited_for_while_drivers_are_plenty,
           the_scarcer_drivers_are_the_longer_rides_are_gathered_up_to_the_limit)
