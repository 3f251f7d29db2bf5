#include "services/matcher/swap.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { RIDES = 6, DRIVERS = 8 };
#define PLENTY UINT64_MAX

static const struct swap_rules usual = {60000, 60000, 0, 2};

struct round {
    struct assign_arc arcs[RIDES][DRIVERS];
    struct swap_ride rides[RIDES];
    uint32_t count;
};

static void draw(struct rng *rng, struct round *out)
{
    uint32_t who[DRIVERS];
    for (uint32_t d = 0; d < DRIVERS; d++)
        who[d] = d;
    for (uint32_t d = DRIVERS - 1; d > 0; d--) {
        uint32_t with = (uint32_t)rng_below(rng, d + 1);
        uint32_t held = who[d];
        who[d] = who[with];
        who[with] = held;
    }
    out->count = (uint32_t)rng_below(rng, RIDES + 1);
    for (uint32_t i = 0; i < out->count; i++) {
        uint32_t n = 0;
        for (uint32_t d = 0; d < DRIVERS; d++) {
            if (d == who[i] || rng_below(rng, 3) == 0) continue;
            out->arcs[i][n++] = (struct assign_arc){d, (int64_t)rng_below(rng, 600000)};
        }
        out->rides[i] = (struct swap_ride){out->arcs[i], n, who[i], (int64_t)rng_below(rng, 600000),
                                           (uint32_t)rng_below(rng, 3)};
    }
}

/* The least sum of ways over every exchange the rules allow, without the least saving. */
static int64_t brute(const struct round *r, const struct swap_rules *rules, uint32_t i, bool *taken)
{
    if (i == r->count) return 0;
    const struct swap_ride *ride = &r->rides[i];
    bool fixed = ride->left_ms <= rules->near_ms || ride->swaps >= rules->swaps_max;
    int64_t best = INT64_MAX / 4;
    if (!taken[ride->driver]) {
        taken[ride->driver] = true;
        best = ride->left_ms + brute(r, rules, i + 1, taken);
        taken[ride->driver] = false;
    }
    for (uint32_t k = 0; !fixed && k < ride->count; k++) {
        if (taken[ride->arcs[k].driver]) continue;
        taken[ride->arcs[k].driver] = true;
        int64_t cost = ride->arcs[k].cost_ms + brute(r, rules, i + 1, taken);
        taken[ride->arcs[k].driver] = false;
        if (cost < best) best = cost;
    }
    return best;
}

static int64_t sum_of(const struct round *r, const uint32_t *driver_of)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct swap_ride *ride = &r->rides[i];
        int64_t cost = ride->left_ms;
        for (uint32_t k = 0; k < ride->count; k++) {
            if (ride->arcs[k].driver == driver_of[i]) cost = ride->arcs[k].cost_ms;
        }
        sum += cost;
    }
    return sum;
}

START_TEST(two_rides_exchange_drivers_that_cross)
{
    struct assign_arc a[] = {{1, 100000}};
    struct assign_arc b[] = {{0, 120000}};
    struct swap_ride rides[] = {{a, 1, 0, 300000, 0}, {b, 1, 1, 200000, 1}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(swap_plan(rides, 2, 2, &usual, PLENTY, &arena, out), 2);
    ck_assert_uint_eq(out[0], 1);
    ck_assert_uint_eq(out[1], 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_saving_below_the_least_changes_nothing)
{
    struct assign_arc a[] = {{1, 270000}};
    struct assign_arc b[] = {{0, 170001}};
    struct swap_ride rides[] = {{a, 1, 0, 300000, 0}, {b, 1, 1, 200000, 0}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(swap_plan(rides, 2, 2, &usual, PLENTY, &arena, out), 0);
    ck_assert_uint_eq(out[0], 0);
    ck_assert_uint_eq(out[1], 1);
    b[0].cost_ms = 170000;
    ck_assert_uint_eq(swap_plan(rides, 2, 2, &usual, PLENTY, &arena, out), 2);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_ride_near_its_pickup_or_swapped_twice_keeps_its_driver)
{
    struct assign_arc a[] = {{1, 0}};
    struct assign_arc b[] = {{0, 0}};
    struct swap_ride near[] = {{a, 1, 0, 300000, 0}, {b, 1, 1, 60000, 0}};
    struct swap_ride tired[] = {{a, 1, 0, 300000, 2}, {b, 1, 1, 300000, 0}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(swap_plan(near, 2, 2, &usual, PLENTY, &arena, out), 0);
    ck_assert_uint_eq(swap_plan(tired, 2, 2, &usual, PLENTY, &arena, out), 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_free_driver_steps_in)
{
    struct assign_arc a[] = {{1, 100000}};
    struct swap_ride ride = {a, 1, 0, 160000, 0};
    struct arena arena = {0};
    uint32_t out[1];
    ck_assert_uint_eq(swap_plan(&ride, 1, 2, &usual, PLENTY, &arena, out), 1);
    ck_assert_uint_eq(out[0], 1);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_spent_budget_changes_nothing)
{
    struct assign_arc a[] = {{1, 0}};
    struct assign_arc b[] = {{0, 0}};
    struct swap_ride rides[] = {{a, 1, 0, 300000, 0}, {b, 1, 1, 300000, 0}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(swap_plan(rides, 2, 2, &usual, 1, &arena, out), 0);
    ck_assert_uint_eq(out[0], 0);
    ck_assert_uint_eq(out[1], 1);
    arena_fini(&arena);
}
END_TEST

START_TEST(random_plans_keep_the_rules_and_without_a_least_saving_are_the_best)
{
    static struct round round;
    const struct swap_rules any = {60000, 0, 0, 2};
    const struct swap_rules dear = {60000, 60000, 30000, 2};
    struct rng rng;
    rng_init(&rng, 31);
    struct arena arena = {0};
    for (int n = 0; n < 2000; n++) {
        uint32_t out[RIDES];
        bool taken[DRIVERS] = {false};
        draw(&rng, &round);
        (void)swap_plan(round.rides, round.count, DRIVERS, &any, PLENTY, &arena, out);
        swap_check(round.rides, round.count, DRIVERS, &any, out);
        ck_assert_int_eq(sum_of(&round, out), brute(&round, &any, 0, taken));
        (void)swap_plan(round.rides, round.count, DRIVERS, &usual, PLENTY, &arena, out);
        swap_check(round.rides, round.count, DRIVERS, &usual, out);
        (void)swap_plan(round.rides, round.count, DRIVERS, &dear, PLENTY, &arena, out);
        swap_check(round.rides, round.count, DRIVERS, &dear, out);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("swap", two_rides_exchange_drivers_that_cross, a_saving_below_the_least_changes_nothing,
           a_ride_near_its_pickup_or_swapped_twice_keeps_its_driver, a_free_driver_steps_in,
           a_spent_budget_changes_nothing,
           random_plans_keep_the_rules_and_without_a_least_saving_are_the_best)
