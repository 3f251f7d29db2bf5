#include "services/location-ingest/rate.h"

#include "tests/lib/unit.h"

#include <stdio.h>

static const int64_t now0 = 1700000000000;

START_TEST(a_burst_passes_and_then_one_in_a_while)
{
    struct rate r;
    int64_t wait_ms = 0;
    rate_init(&r, 60, 3);
    for (int i = 0; i < 3; i++)
        ck_assert(rate_take(&r, SLICE("a"), now0, &wait_ms));
    ck_assert(!rate_take(&r, SLICE("a"), now0, &wait_ms));
    ck_assert_int_eq(wait_ms, 1000);
    ck_assert(!rate_take(&r, SLICE("a"), now0 + 999, &wait_ms));
    ck_assert(rate_take(&r, SLICE("a"), now0 + 1000, &wait_ms));
    ck_assert(!rate_take(&r, SLICE("a"), now0 + 1000, &wait_ms));
    rate_fini(&r);
}
END_TEST

START_TEST(one_callers_uses_are_not_anothers)
{
    struct rate r;
    int64_t wait_ms = 0;
    rate_init(&r, 60, 1);
    ck_assert(rate_take(&r, SLICE("a"), now0, &wait_ms));
    ck_assert(!rate_take(&r, SLICE("a"), now0, &wait_ms));
    ck_assert(rate_take(&r, SLICE("b"), now0, &wait_ms));
    rate_fini(&r);
}
END_TEST

START_TEST(a_flood_of_names_locks_nobody_out)
{
    struct rate r;
    int64_t wait_ms = 0;
    rate_init(&r, 60, 1);
    for (int i = 0; i < 200000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        ck_assert(rate_take(&r, slice_of(name), now0, &wait_ms));
    }
    rate_fini(&r);
}
END_TEST

START_TEST(a_clock_set_back_locks_nobody_out_for_long)
{
    struct rate r;
    int64_t wait_ms = 0;
    rate_init(&r, 60, 2);
    ck_assert(rate_take(&r, SLICE("a"), now0, &wait_ms));
    ck_assert(!rate_take(&r, SLICE("a"), now0 - 3600000, &wait_ms));
    ck_assert_int_le(wait_ms, 2000);
    ck_assert(rate_take(&r, SLICE("a"), now0 - 3600000 + wait_ms, &wait_ms));
    rate_fini(&r);
}
END_TEST

UNIT_SUITE("rate", a_burst_passes_and_then_one_in_a_while, one_callers_uses_are_not_anothers,
           a_flood_of_names_locks_nobody_out, a_clock_set_back_locks_nobody_out_for_long)
