#include "services/matcher/assign.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { ROWS_MAX = 60, DRIVERS_MAX = 60, ARCS_MAX = 60, SMALL = 5, DENSE = ROWS_MAX + DRIVERS_MAX };
#define PLENTY UINT64_MAX

struct round {
    struct assign_arc arcs[ROWS_MAX][ARCS_MAX];
    struct assign_ride rides[ROWS_MAX];
    struct assign_problem p;
};

/* A round of up to these sizes; small costs make ties frequent. */
static void draw(struct rng *rng, uint32_t rides_max, uint32_t drivers_max, struct round *out)
{
    uint32_t drivers = (uint32_t)rng_below(rng, drivers_max) + 1;
    uint32_t rides = (uint32_t)rng_below(rng, rides_max + 1);
    uint64_t cost_max = rng_below(rng, 2) == 0 ? 8 : 1000000;
    uint32_t density = (uint32_t)rng_below(rng, 10) + 1;
    for (uint32_t i = 0; i < rides; i++) {
        uint32_t n = 0;
        for (uint32_t d = 0; d < drivers; d++) {
            if (rng_below(rng, 10) >= density) continue;
            int64_t cost = (int64_t)rng_below(rng, cost_max) - (int64_t)(cost_max / 8);
            out->arcs[i][n++] = (struct assign_arc){d, cost};
        }
        int64_t none = (int64_t)rng_below(rng, cost_max * 2);
        out->rides[i] = (struct assign_ride){out->arcs[i], n, none};
    }
    out->p = (struct assign_problem){out->rides, rides, drivers};
}

/* The least cost of all pairings of rides from `ride` on: every one is tried. */
static int64_t brute(const struct assign_problem *p, uint32_t ride, bool *taken)
{
    if (ride == p->ride_count) return 0;
    const struct assign_ride *r = &p->rides[ride];
    int64_t best = r->none_ms + brute(p, ride + 1, taken);
    for (uint32_t k = 0; k < r->count; k++) {
        if (taken[r->arcs[k].driver]) continue;
        taken[r->arcs[k].driver] = true;
        int64_t cost = r->arcs[k].cost_ms + brute(p, ride + 1, taken);
        taken[r->arcs[k].driver] = false;
        if (cost < best) best = cost;
    }
    return best;
}

/* The same by the dense Hungarian method: one more column a ride stands for nobody. Rows and
 * columns count from 1; column 0 holds the row being placed. */
static int64_t hungarian(const struct assign_problem *p)
{
    static int64_t cost[ROWS_MAX + 1][DENSE + 1];
    const int64_t far = INT64_C(1) << 50;
    uint32_t n = p->ride_count;
    uint32_t m = p->drivers + n;
    for (uint32_t i = 1; i <= n; i++) {
        const struct assign_ride *r = &p->rides[i - 1];
        for (uint32_t j = 1; j <= m; j++)
            cost[i][j] = j > p->drivers ? r->none_ms : INT64_C(1) << 40;
        for (uint32_t k = 0; k < r->count; k++)
            cost[i][r->arcs[k].driver + 1] = r->arcs[k].cost_ms;
    }
    int64_t u[ROWS_MAX + 1] = {0};
    int64_t v[DENSE + 1] = {0};
    uint32_t row_of[DENSE + 1] = {0};
    uint32_t way[DENSE + 1] = {0};
    for (uint32_t i = 1; i <= n; i++) {
        int64_t least[DENSE + 1];
        bool used[DENSE + 1] = {false};
        for (uint32_t j = 0; j <= m; j++)
            least[j] = far;
        uint32_t at = 0;
        row_of[0] = i;
        do {
            used[at] = true;
            uint32_t row = row_of[at];
            uint32_t to = 0;
            int64_t delta = far;
            for (uint32_t j = 1; j <= m; j++) {
                if (used[j]) continue;
                int64_t c = cost[row][j] - u[row] - v[j];
                if (c < least[j]) {
                    least[j] = c;
                    way[j] = at;
                }
                if (least[j] < delta) {
                    delta = least[j];
                    to = j;
                }
            }
            for (uint32_t j = 0; j <= m; j++) {
                if (used[j]) {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    least[j] -= delta;
                }
            }
            at = to;
        } while (row_of[at] != 0);
        while (at != 0) {
            row_of[at] = row_of[way[at]];
            at = way[at];
        }
    }
    int64_t sum = 0;
    for (uint32_t j = 1; j <= m; j++) {
        if (row_of[j] != 0) sum += cost[row_of[j]][j];
    }
    return sum;
}

START_TEST(the_sum_is_least_where_the_nearest_pair_is_not_in_it)
{
    struct assign_arc a[] = {{0, 10}, {1, 20}};
    struct assign_arc b[] = {{0, 12}, {1, 90}};
    struct assign_ride rides[] = {{a, 2, 1000}, {b, 2, 1000}};
    struct assign_problem p = {rides, 2, 2};
    struct assign_answer best;
    struct assign_answer greedy;
    struct arena arena = {0};
    assign_solve(&p, PLENTY, &arena, &best);
    assign_greedy(&p, &arena, &greedy);
    ck_assert_uint_eq(best.driver_of[0], 1);
    ck_assert_uint_eq(best.driver_of[1], 0);
    ck_assert_int_eq(best.cost_ms, 32);
    ck_assert_int_eq(greedy.cost_ms, 100);
    ck_assert(best.exact && !greedy.exact);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_ride_stays_without_where_that_is_cheaper)
{
    struct assign_arc a[] = {{0, 500}};
    struct assign_arc b[] = {{0, 300}};
    struct assign_ride rides[] = {{a, 1, 400}, {b, 1, 400}, {NULL, 0, 7}};
    struct assign_problem p = {rides, 3, 1};
    struct assign_answer got;
    struct arena arena = {0};
    assign_solve(&p, PLENTY, &arena, &got);
    assign_check(&p, &got);
    ck_assert_uint_eq(got.driver_of[0], ASSIGN_NOBODY);
    ck_assert_uint_eq(got.driver_of[1], 0);
    ck_assert_uint_eq(got.driver_of[2], ASSIGN_NOBODY);
    ck_assert_uint_eq(got.matched, 1);
    ck_assert_int_eq(got.cost_ms, 707);
    arena_fini(&arena);
}
END_TEST

START_TEST(nothing_asked_and_nobody_there_are_answered)
{
    struct assign_ride ride = {NULL, 0, 5};
    struct assign_answer got;
    struct arena arena = {0};
    assign_solve(&(struct assign_problem){NULL, 0, 0}, PLENTY, &arena, &got);
    ck_assert_int_eq(got.cost_ms, 0);
    assign_solve(&(struct assign_problem){&ride, 1, 0}, PLENTY, &arena, &got);
    ck_assert_int_eq(got.cost_ms, 5);
    arena_fini(&arena);
}
END_TEST

START_TEST(small_random_rounds_cost_what_trying_everything_finds)
{
    static struct round round;
    struct rng rng;
    rng_init(&rng, 21);
    struct arena arena = {0};
    for (int n = 0; n < 30000; n++) {
        bool taken[SMALL] = {false};
        struct assign_answer got;
        draw(&rng, SMALL, SMALL, &round);
        assign_solve(&round.p, PLENTY, &arena, &got);
        assign_check(&round.p, &got);
        ck_assert(got.exact);
        ck_assert_int_eq(got.cost_ms, brute(&round.p, 0, taken));
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(random_rounds_cost_what_the_hungarian_method_finds)
{
    static struct round round;
    struct rng rng;
    rng_init(&rng, 22);
    struct arena arena = {0};
    for (int n = 0; n < 600; n++) {
        struct assign_answer got;
        struct assign_answer greedy;
        draw(&rng, ROWS_MAX, DRIVERS_MAX, &round);
        assign_solve(&round.p, PLENTY, &arena, &got);
        assign_check(&round.p, &got);
        ck_assert_int_eq(got.cost_ms, hungarian(&round.p));
        assign_greedy(&round.p, &arena, &greedy);
        assign_check(&round.p, &greedy);
        ck_assert_int_le(got.cost_ms, greedy.cost_ms);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(a_spent_budget_gives_the_greedy_answer)
{
    static struct round round;
    struct rng rng;
    rng_init(&rng, 23);
    struct arena arena = {0};
    uint32_t spent = 0;
    for (int n = 0; n < 300; n++) {
        struct assign_answer got;
        struct assign_answer greedy;
        draw(&rng, ROWS_MAX, DRIVERS_MAX, &round);
        assign_solve(&round.p, rng_below(&rng, 3000), &arena, &got);
        assign_greedy(&round.p, &arena, &greedy);
        assign_check(&round.p, &got);
        if (!got.exact) {
            spent++;
            ck_assert_int_eq(got.cost_ms, greedy.cost_ms);
        }
        arena_reset(&arena);
    }
    ck_assert_uint_gt(spent, 20);
    ck_assert_uint_lt(spent, 280);
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("assign", the_sum_is_least_where_the_nearest_pair_is_not_in_it,
           a_ride_stays_without_where_that_is_cheaper, nothing_asked_and_nobody_there_are_answered,
           small_random_rounds_cost_what_trying_everything_finds,
           random_rounds_cost_what_the_hungarian_method_finds,
           a_spent_budget_gives_the_greedy_answer)
