#include "services/kit/core/ping_batch.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

static struct ping fix(int64_t time_ms)
{
    return (struct ping){.at = {1, 2}, .time_ms = time_ms};
}

START_TEST(an_idle_system_waits_for_nobody)
{
    struct ping_batch b = {0};
    struct ping_slot d = {0};
    const struct ping_flying *out = NULL;
    uint64_t number = 9;
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 0);
    ck_assert_uint_eq(ping_batch_put(&b, &d, fix(10), 10), 0);
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 1);
    ck_assert_uint_eq(number, 0);
    ck_assert_ptr_eq(out[0].slot, &d);
    ping_batch_landed(&b);
    ping_batch_fini(&b);
}
END_TEST

START_TEST(the_next_batch_leaves_only_when_the_last_is_acknowledged)
{
    struct ping_batch b = {0};
    struct ping_slot d = {0};
    struct ping_slot e = {0};
    const struct ping_flying *out = NULL;
    uint64_t number = 0;
    (void)ping_batch_put(&b, &d, fix(10), 10);
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 1);
    ck_assert_uint_eq(ping_batch_put(&b, &e, fix(11), 11), 1);
    ck_assert_uint_eq(ping_batch_put(&b, &d, fix(12), 12), 1); /* flies and waits at once */
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 0);
    ping_batch_landed(&b);
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 2);
    ck_assert_uint_eq(number, 1);
    ping_batch_landed(&b);
    ping_batch_fini(&b);
}
END_TEST

START_TEST(the_newest_fix_of_a_driver_wins)
{
    struct ping_batch b = {0};
    struct ping_slot d = {0};
    const struct ping_flying *out = NULL;
    uint64_t number = 0;
    (void)ping_batch_put(&b, &d, fix(10), 10);
    (void)ping_batch_put(&b, &d, fix(30), 30);
    (void)ping_batch_put(&b, &d, fix(20), 31);
    ck_assert_uint_eq(ping_batch_take(&b, &out, &number), 1);
    ck_assert_int_eq(out[0].ping.time_ms, 30);
    ck_assert_int_eq(out[0].heard_ms, 31);
    ping_batch_landed(&b);
    ping_batch_fini(&b);
}
END_TEST

/* Against a naive model: for each driver the newest fix waiting and the one that flies. */
START_TEST(random_steps_agree_with_a_naive_model)
{
    enum { DRIVERS = 97 };
    struct rng rng;
    rng_init(&rng, 3);
    struct ping_batch b = {0};
    static struct ping_slot slots[DRIVERS];
    int64_t waiting[DRIVERS] = {0};
    size_t waits = 0;
    bool busy = false;
    for (int step = 0; step < 100000; step++) {
        const struct ping_flying *out = NULL;
        uint64_t number = 0;
        uint64_t what = rng_below(&rng, 100);
        if (what < 90) {
            size_t i = (size_t)rng_below(&rng, DRIVERS);
            int64_t t = 1 + (int64_t)rng_below(&rng, 1000);
            (void)ping_batch_put(&b, &slots[i], fix(t), t);
            if (waiting[i] == 0) waits++;
            if (t > waiting[i]) waiting[i] = t;
        } else if (what < 95) {
            size_t n = ping_batch_take(&b, &out, &number);
            ck_assert_uint_eq(n, busy ? 0 : waits);
            for (size_t k = 0; k < n; k++) {
                ptrdiff_t i = out[k].slot - slots;
                ck_assert_int_eq(out[k].ping.time_ms, waiting[i]);
                waiting[i] = 0;
            }
            if (n > 0) {
                busy = true;
                waits = 0;
            }
        } else if (busy) {
            ping_batch_landed(&b);
            busy = false;
        }
        ck_assert_uint_eq(b.count, waits);
        ck_assert(b.count <= DRIVERS);
    }
    ping_batch_fini(&b);
}
END_TEST

UNIT_SUITE("ping_batch", an_idle_system_waits_for_nobody,
           the_next_batch_leaves_only_when_the_last_is_acknowledged,
           the_newest_fix_of_a_driver_wins, random_steps_agree_with_a_naive_model)
