#include "base/map.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { NAMES = 500, STEPS = 100000 };

START_TEST(random_steps_agree_with_an_array)
{
    /* Goal: put, take and find behave as a table indexed by name, through grows and the
     * backward shifts of deletion. Method: 500 names, so that chains often collide. */
    struct map m = {0};
    void *oracle[NAMES] = {0};
    int values[NAMES];
    size_t count = 0;
    struct rng r;
    rng_init(&r, 1);

    for (int step = 0; step < STEPS; step++) {
        size_t i = rng_below(&r, NAMES);
        char name[16];
        struct slice key = {name, (size_t)snprintf(name, sizeof name, "n%zu", i)};
        switch (rng_below(&r, 3)) {
        case 0:
            ck_assert_ptr_eq(map_put(&m, key, &values[i]), oracle[i]);
            count += oracle[i] == NULL;
            oracle[i] = &values[i];
            break;
        case 1:
            ck_assert_ptr_eq(map_take(&m, key), oracle[i]);
            count -= oracle[i] != NULL;
            oracle[i] = NULL;
            break;
        default:
            ck_assert_ptr_eq(map_find(&m, key), oracle[i]);
        }
        ck_assert_uint_eq(m.count, count);
    }
    map_fini(&m);
    ck_assert_uint_eq(mem_used(), 0);
}
END_TEST

static bool count_entry(struct slice key, void *value, void *data)
{
    ck_assert(key.len > 0);
    ck_assert_ptr_nonnull(value);
    int *left = data;
    return --*left > 0;
}

START_TEST(each_stops_when_told)
{
    struct map m = {0};
    int value = 0;
    (void)map_put(&m, SLICE("a"), &value);
    (void)map_put(&m, SLICE("b"), &value);
    (void)map_put(&m, SLICE("c"), &value);
    int left = 2;
    map_each(&m, count_entry, &left);
    ck_assert_int_eq(left, 0);
    map_fini(&m);
}
END_TEST

UNIT_SUITE("map", random_steps_agree_with_an_array, each_stops_when_told)
