#include "services/kit/core/ping_filter.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <string.h>

enum { NOW = 1700000000 };
static const int64_t now0 = (int64_t)NOW * 1000;
static const struct geo_point home = {-122.4194, 37.7749};

static struct ping fix(struct geo_point at, int64_t time_ms)
{
    double no = (double)NAN;
    return (struct ping){at, time_ms, no, no, no};
}

static enum ping_verdict take(struct ping_filter *f, struct geo_point at, int64_t time_ms,
                              int64_t now_ms)
{
    struct ping_limits l = ping_limits_standard();
    struct ping p = fix(at, time_ms);
    return ping_filter_take(f, &l, now_ms, &p);
}

START_TEST(a_first_fresh_fix_is_accepted)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0 - 500, now0), PING_ACCEPTED);
    ck_assert_int_eq(f.time_ms, now0 - 500);
}
END_TEST

START_TEST(the_same_fix_again_is_a_duplicate)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, home, now0, now0 + 100), PING_DUPLICATE);
}
END_TEST

START_TEST(an_older_fix_is_stale_and_changes_nothing)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    struct ping_filter before = f;
    ck_assert_int_eq(take(&f, geo_move(home, 0, 50), now0 - 1, now0), PING_STALE);
    ck_assert_int_eq(f.time_ms, before.time_ms);
    ck_assert_int_eq(f.said_ms, before.said_ms);
    ck_assert_double_eq(f.at.lat, before.at.lat);
    ck_assert_double_eq(f.at.lon, before.at.lon);
    ck_assert_uint_eq(f.jumps, before.jumps);
}
END_TEST

/* A phone that was set a minute, an hour or a year ahead must not freeze its position: traccar
 * issue 3224. */
START_TEST(a_future_fix_never_freezes_the_position)
{
    static const int64_t ahead_ms[] = {5001, 60000, 3600000, 31536000000};
    for (size_t i = 0; i < sizeof ahead_ms / sizeof ahead_ms[0]; i++) {
        struct ping_filter f = {0};
        ck_assert_int_eq(take(&f, home, now0 - 1000, now0), PING_ACCEPTED);
        ck_assert_int_eq(take(&f, home, now0 + ahead_ms[i], now0), PING_FUTURE);
        ck_assert_int_eq(take(&f, geo_move(home, 0, 20), now0 + 100, now0 + 100), PING_ACCEPTED);
    }
}
END_TEST

START_TEST(a_slightly_fast_clock_is_taken_as_of_now)
{
    struct ping_filter f = {0};
    struct ping_limits l = ping_limits_standard();
    struct ping p = fix(home, now0 + 4000);
    ck_assert_int_eq(ping_filter_take(&f, &l, now0, &p), PING_ACCEPTED);
    ck_assert_int_eq(p.time_ms, now0);
    /* Then the clock is put right: the next honest fix counts at once. */
    ck_assert_int_eq(take(&f, geo_move(home, 0, 20), now0 + 1000, now0 + 1000), PING_ACCEPTED);
    /* And one that stays fast also keeps moving. */
    struct ping_filter g = {0};
    for (int64_t t = 0; t < 20000; t += 1000)
        ck_assert_int_eq(take(&g, geo_move(home, 0, (double)t / 100), now0 + t + 4000, now0 + t),
                         PING_ACCEPTED);
}
END_TEST

START_TEST(two_fast_fixes_of_one_post_keep_their_order)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0 + 1000, now0), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, geo_move(home, 0, 10), now0 + 2000, now0), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, home, now0 + 1500, now0), PING_STALE);
    ck_assert_int_eq(take(&f, home, now0 + 2000, now0), PING_DUPLICATE);
}
END_TEST

/* A phone sends its whole backlog after a tunnel, after or mixed with live fixes: traccar issue
 * 4735. The backlog is stale, and the live fixes around it are judged as ever. */
START_TEST(a_late_batch_after_a_tunnel_is_stale_and_no_poison)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    int64_t out = now0 + 300000;
    struct geo_point exit = geo_move(home, 90, 6000);
    for (int64_t t = 5000; t < 290000; t += 5000)
        ck_assert_int_eq(take(&f, geo_move(home, 90, (double)t / 50), now0 + t, out), PING_STALE);
    ck_assert_int_eq(take(&f, exit, out - 200, out), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, home, now0 + 100000, out + 500), PING_STALE);
    ck_assert_int_eq(take(&f, geo_move(exit, 90, 20), out + 800, out + 1000), PING_ACCEPTED);
}
END_TEST

START_TEST(a_fix_older_than_ten_seconds_shows_nothing)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0 - 10001, now0), PING_STALE);
    ck_assert_int_eq(f.time_ms, 0);
    ck_assert_int_eq(take(&f, home, now0 - 10000, now0), PING_ACCEPTED);
}
END_TEST

START_TEST(a_cell_tower_fix_is_inaccurate)
{
    struct ping_filter f = {0};
    struct ping_limits l = ping_limits_standard();
    struct ping p = fix(home, now0);
    p.acc_m = 1500;
    ck_assert_int_eq(ping_filter_take(&f, &l, now0, &p), PING_INACCURATE);
    p.acc_m = 200;
    ck_assert_int_eq(ping_filter_take(&f, &l, now0, &p), PING_ACCEPTED);
}
END_TEST

START_TEST(a_jump_is_refused_and_the_way_goes_on)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, geo_move(home, 0, 5000), now0 + 1000, now0 + 1000), PING_TELEPORT);
    ck_assert_int_eq(take(&f, geo_move(home, 0, 20), now0 + 2000, now0 + 2000), PING_ACCEPTED);
    ck_assert_uint_eq(f.jumps, 0);
}
END_TEST

START_TEST(after_three_jumps_that_agree_the_phone_is_believed)
{
    struct ping_filter f = {0};
    struct geo_point there = geo_move(home, 0, 50000);
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, there, now0 + 1000, now0 + 1000), PING_TELEPORT);
    ck_assert_int_eq(take(&f, there, now0 + 1000, now0 + 1100), PING_DUPLICATE);
    ck_assert_int_eq(take(&f, geo_move(there, 0, 10), now0 + 2000, now0 + 2000), PING_TELEPORT);
    ck_assert_int_eq(take(&f, geo_move(there, 0, 20), now0 + 3000, now0 + 3000), PING_ACCEPTED);
    ck_assert_int_eq(take(&f, geo_move(there, 0, 30), now0 + 4000, now0 + 4000), PING_ACCEPTED);
}
END_TEST

START_TEST(jumps_that_disagree_are_never_believed)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    for (int i = 1; i < 50; i++) {
        struct geo_point there = geo_move(home, i * 90, 90000);
        int64_t t = now0 + i * INT64_C(100);
        ck_assert_int_eq(take(&f, there, t, t), PING_TELEPORT);
    }
}
END_TEST

START_TEST(speed_scale_stretches_the_speed_bound)
{
    struct ping_limits l = ping_limits_standard();
    for (int scaled = 0; scaled < 2; scaled++) {
        struct ping_filter f = {0};
        l.speed_scale = scaled == 1 ? 60 : 1;
        struct ping a = fix(home, now0);
        struct ping b = fix(geo_move(home, 0, 1000), now0 + 1000);
        ck_assert_int_eq(ping_filter_take(&f, &l, now0, &a), PING_ACCEPTED);
        ck_assert_int_eq(ping_filter_take(&f, &l, now0 + 1000, &b),
                         scaled == 1 ? PING_ACCEPTED : PING_TELEPORT);
    }
}
END_TEST

START_TEST(our_own_clock_set_back_freezes_nobody)
{
    struct ping_filter f = {0};
    ck_assert_int_eq(take(&f, home, now0, now0), PING_ACCEPTED);
    int64_t back = now0 - 3600000;
    ck_assert_int_eq(take(&f, geo_move(home, 0, 10), back + 1000, back + 1000), PING_STALE);
    ck_assert_int_eq(take(&f, geo_move(home, 0, 10), back + 2000, back + 2000), PING_ACCEPTED);
}
END_TEST

/* Goal: no history of fixes, however odd, freezes a position.
 * Method: random fixes and clocks; after each burst a phone that behaves is accepted again within
 * jumps_max fixes. */
START_TEST(after_any_history_an_honest_phone_is_soon_believed)
{
    struct rng rng;
    rng_init(&rng, 42);
    struct ping_limits l = ping_limits_standard();
    for (int round = 0; round < 2000; round++) {
        struct ping_filter f = {0};
        int64_t now = now0;
        for (int i = 0; i < 50; i++) {
            now += (int64_t)rng_below(&rng, 3000);
            struct geo_point at = geo_move(home, rng_unit(&rng) * 360, rng_unit(&rng) * 200000);
            struct ping p = fix(at, now + (int64_t)rng_below(&rng, 40000) - 20000);
            int64_t was = f.time_ms;
            enum ping_verdict v = ping_filter_take(&f, &l, now, &p);
            ck_assert(f.time_ms >= was);
            ck_assert(f.time_ms <= now);
            ck_assert(v == PING_ACCEPTED || f.time_ms == was);
        }
        bool heard = false;
        for (int i = 0; i < 4; i++) {
            now += 1000;
            struct ping p = fix(geo_move(home, 10, i * 10.0), now);
            heard = ping_filter_take(&f, &l, now, &p) == PING_ACCEPTED;
        }
        ck_assert_msg(heard, "round %d", round);
    }
}
END_TEST

UNIT_SUITE("ping_filter", a_first_fresh_fix_is_accepted, the_same_fix_again_is_a_duplicate,
           an_older_fix_is_stale_and_changes_nothing, a_future_fix_never_freezes_the_position,
           a_slightly_fast_clock_is_taken_as_of_now, two_fast_fixes_of_one_post_keep_their_order,
           a_late_batch_after_a_tunnel_is_stale_and_no_poison,
           a_fix_older_than_ten_seconds_shows_nothing, a_cell_tower_fix_is_inaccurate,
           a_jump_is_refused_and_the_way_goes_on,
           after_three_jumps_that_agree_the_phone_is_believed,
           jumps_that_disagree_are_never_believed, speed_scale_stretches_the_speed_bound,
           our_own_clock_set_back_freezes_nobody,
           after_any_history_an_honest_phone_is_soon_believed)
