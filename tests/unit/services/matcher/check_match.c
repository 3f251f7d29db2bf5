#include "services/matcher/match.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { RIDES = 40, DRIVERS = 30, CANDIDATES = 8 };

START_TEST(the_nearest_pair_goes_first)
{
    /* Ride 0 came first and could take driver 0, but ride 1 stands next to him. */
    struct match_candidate a[] = {{0, 100}, {1, 120}};
    struct match_candidate b[] = {{0, 10}, {1, 400}};
    struct match_ride rides[] = {{a, 2, 5000}, {b, 2, 0}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(match_nearest_pairs(rides, 2, 2, &arena, out), 2);
    ck_assert_uint_eq(out[0], 1);
    ck_assert_uint_eq(out[1], 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(of_equal_pairs_the_longer_waiting_ride_wins)
{
    struct match_candidate a[] = {{0, 60}};
    struct match_ride rides[] = {{a, 1, 1000}, {a, 1, 9000}};
    struct arena arena = {0};
    uint32_t out[2];
    ck_assert_uint_eq(match_nearest_pairs(rides, 2, 1, &arena, out), 1);
    ck_assert_uint_eq(out[0], MATCH_NOBODY);
    ck_assert_uint_eq(out[1], 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_ride_without_candidates_gets_nobody)
{
    struct match_ride rides[] = {{NULL, 0, 0}};
    struct arena arena = {0};
    uint32_t out[1];
    ck_assert_uint_eq(match_nearest_pairs(rides, 1, 0, &arena, out), 0);
    ck_assert_uint_eq(out[0], MATCH_NOBODY);
    arena_fini(&arena);
}
END_TEST

/* Whether the pairing leaves no ride and driver that both would rather have had each other. */
static bool stable(const struct match_ride *rides, const uint32_t *out)
{
    double eta_of_driver[DRIVERS];
    double eta_of_ride[RIDES];
    for (int d = 0; d < DRIVERS; d++)
        eta_of_driver[d] = 1e9;
    for (int r = 0; r < RIDES; r++) {
        eta_of_ride[r] = 1e9;
        for (uint32_t k = 0; k < rides[r].count; k++) {
            if (rides[r].candidates[k].driver != out[r]) continue;
            eta_of_ride[r] = rides[r].candidates[k].pickup_eta_s;
            eta_of_driver[out[r]] = eta_of_ride[r];
        }
    }
    for (int r = 0; r < RIDES; r++) {
        for (uint32_t k = 0; k < rides[r].count; k++) {
            const struct match_candidate *c = &rides[r].candidates[k];
            if (c->pickup_eta_s < eta_of_ride[r] && c->pickup_eta_s < eta_of_driver[c->driver])
                return false;
        }
    }
    return true;
}

START_TEST(random_rounds_are_stable_and_never_share_a_driver)
{
    struct rng rng;
    rng_init(&rng, 11);
    struct arena arena = {0};
    for (int round = 0; round < 2000; round++) {
        struct match_candidate c[RIDES][CANDIDATES];
        struct match_ride rides[RIDES];
        for (int r = 0; r < RIDES; r++) {
            uint32_t n = (uint32_t)rng_below(&rng, CANDIDATES + 1);
            for (uint32_t k = 0; k < n; k++)
                c[r][k] =
                    (struct match_candidate){(uint32_t)((rng_below(&rng, DRIVERS / CANDIDATES) +
                                                         (size_t)k * (DRIVERS / CANDIDATES))),
                                             rng_unit(&rng) * 900};
            rides[r] = (struct match_ride){c[r], n, (int64_t)rng_below(&rng, 60000)};
        }
        uint32_t out[RIDES];
        uint32_t matched = match_nearest_pairs(rides, RIDES, DRIVERS, &arena, out);
        uint32_t seen = 0;
        bool taken[DRIVERS] = {false};
        for (int r = 0; r < RIDES; r++) {
            if (out[r] == MATCH_NOBODY) continue;
            ck_assert(!taken[out[r]]);
            taken[out[r]] = true;
            seen++;
        }
        ck_assert_uint_eq(seen, matched);
        ck_assert(stable(rides, out));
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("match", the_nearest_pair_goes_first, of_equal_pairs_the_longer_waiting_ride_wins,
           a_ride_without_candidates_gets_nobody, random_rounds_are_stable_and_never_share_a_driver)
