#include "store/type/list.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { MOST = 800 };

static int32_t all[MOST + 1]; /* the oracle: each element is its number's text, padded */
static uint64_t count;

static struct slice text(int32_t n, char out[static 64])
{
    int len = snprintf(out, 64, "%d%.*s", n, n % 40, "........................................");
    return slice_make(out, (size_t)len);
}

static void compare(const struct deque *d)
{
    char out[64], digits[LIST_TEXT];
    deque_check(d);
    ck_assert_uint_eq(deque_count(d), count);
    if (count == 0) return;
    uint64_t i = 0;
    for (struct deque_at at = deque_seek(d, 0); at.node != NULL; at = deque_next(d, at))
        ck_assert(slice_eq(deque_get(at, digits), text(all[i++], out)));
    ck_assert_uint_eq(i, count);
    for (struct deque_at at = deque_seek(d, count - 1); at.node != NULL; at = deque_prev(d, at))
        ck_assert(slice_eq(deque_get(at, digits), text(all[--i], out)));
    ck_assert_uint_eq(i, 0);
}

static void oracle_insert(uint64_t i, int32_t n)
{
    memmove(&all[i + 1], &all[i], (count - i) * sizeof all[0]);
    all[i] = n;
    count++;
}

static void oracle_erase(uint64_t i, uint64_t n)
{
    memmove(&all[i], &all[i + n], (count - i - n) * sizeof all[0]);
    count -= n;
}

static void one_step(struct deque *d, struct rng *rng)
{
    char out[64];
    int32_t n = (int32_t)rng_below(rng, 100000);
    bool front = rng_below(rng, 2) == 0;
    uint64_t i = count == 0 ? 0 : rng_below(rng, count);
    switch (count == 0 ? 0 : rng_below(rng, 6)) {
    case 0:
    case 1:
        if (count == MOST) return;
        deque_push(d, front, text(n, out));
        oracle_insert(front ? 0 : count, n);
        break;
    case 2:
        if (count == MOST) return;
        deque_insert(d, deque_seek(d, i), front, text(n, out));
        oracle_insert(front ? i : i + 1, n);
        break;
    case 3:
        deque_replace(d, deque_seek(d, i), text(n, out));
        all[i] = n;
        break;
    case 4:
        (void)deque_erase(d, deque_seek(d, i));
        oracle_erase(i, 1);
        break;
    default:
        i = rng_below(rng, count < 5 ? count + 1 : 5);
        value_free(deque_cut(d, front, i));
        oracle_erase(front ? 0 : count - i, i);
        break;
    }
}

START_TEST(random_steps_agree_with_an_array)
{
    struct rng rng;
    static const int64_t limits[] = {-1, -2, 1, 3, 128};
    rng_init(&rng, 21);
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        value_limits.list_max_listpack_size = limits[l];
        struct deque *d = deque_new();
        count = 0;
        for (int step = 0; step < 20000; step++) {
            one_step(d, &rng);
            if (step % 50 == 0) compare(d);
        }
        struct value *copy = list_type.copy(deque_value(d));
        compare(deque_of(copy));
        value_free(copy);
        value_free(deque_value(d));
    }
}
END_TEST

START_TEST(erase_gives_the_place_behind)
{
    value_limits.list_max_listpack_size = 2;
    struct deque *d = deque_new();
    for (char c = 'a'; c <= 'e'; c++)
        deque_push(d, false, slice_make(&c, 1));
    struct deque_at at = deque_erase(d, deque_seek(d, 1));
    ck_assert(deque_is(at, SLICE("c")));
    at = deque_erase(d, deque_seek(d, 3));
    ck_assert_ptr_null(at.node);
    value_free(deque_value(d));
}
END_TEST

UNIT_SUITE("list", random_steps_agree_with_an_array, erase_gives_the_place_behind)
