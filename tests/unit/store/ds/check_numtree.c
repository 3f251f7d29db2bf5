#include "store/ds/numtree.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { STEPS = 100000, MOST = 900 };

/* The oracle: pairs in order, found by looking at all of them. */
struct pair {
    double number;
    uint32_t id;
};
static struct pair all[MOST];
static uint32_t count;

static uint32_t place(double number, uint32_t id)
{
    uint32_t at = 0;
    while (at < count && (all[at].number < number || (all[at].number == number && all[at].id < id)))
        at++;
    return at;
}

static bool is_in(uint32_t at, double number, uint32_t id)
{
    return at < count && all[at].number == number && all[at].id == id;
}

static void step(struct numtree *t, struct rng *r, uint32_t numbers, bool grow)
{
    double number = (double)rng_below(r, numbers) - 5;
    uint32_t id = (uint32_t)rng_below(r, 50);
    uint32_t at = place(number, id);
    if (is_in(at, number, id)) {
        if (grow && rng_below(r, 3) > 0) return;
        numtree_del(t, number, id);
        for (count--; at < count; at++)
            all[at] = all[at + 1];
    } else if (count < MOST && (grow || rng_below(r, 4) == 0)) {
        numtree_put(t, number, id);
        for (uint32_t i = count++; i > at; i--)
            all[i] = all[i - 1];
        all[at] = (struct pair){number, id};
    } else if (count > 0) {
        at = (uint32_t)rng_below(r, count);
        numtree_del(t, all[at].number, all[at].id);
        for (count--; at < count; at++)
            all[at] = all[at + 1];
    }
}

static void compare(const struct numtree *t, struct rng *r, uint32_t numbers)
{
    static uint32_t ids[MOST];
    static double found[MOST];
    double number = (double)rng_below(r, numbers) - 5 + (rng_below(r, 2) == 0 ? 0.5 : 0);
    uint32_t below = 0, upto = 0;
    for (uint32_t i = 0; i < count; i++) {
        below += all[i].number < number;
        upto += all[i].number <= number;
    }
    ck_assert_uint_eq(t->count, count);
    ck_assert_uint_eq(numtree_below(t, number, false), below);
    ck_assert_uint_eq(numtree_below(t, number, true), upto);
    uint32_t from = (uint32_t)rng_below(r, count + 1), want = (uint32_t)rng_below(r, MOST);
    uint32_t most = count - from < want ? count - from : want;
    ck_assert_uint_eq(numtree_copy(t, from, want, ids, found), most);
    for (uint32_t i = 0; i < most; i++) {
        ck_assert_uint_eq(ids[i], all[from + i].id);
        ck_assert(found[i] == all[from + i].number);
    }
}

static void random_steps(uint32_t numbers)
{
    struct numtree t = {0};
    struct rng r;
    rng_init(&r, numbers);
    count = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        step(&t, &r, numbers, i / 10000 % 2 == 0);
        if (i % 50 == 0) compare(&t, &r, numbers);
        if (i % 1000 == 0) numtree_check(&t);
    }
    numtree_fini(&t);
}

START_TEST(random_steps_agree_with_a_sorted_array)
{
    random_steps(400);
}
END_TEST

START_TEST(random_steps_with_many_equal_numbers_agree)
{
    random_steps(60);
}
END_TEST

START_TEST(infinities_have_their_place)
{
    struct numtree t = {0};
    uint32_t ids[3];
    ck_assert_uint_eq(numtree_below(&t, 0, true), 0);
    numtree_put(&t, (double)INFINITY, 1);
    numtree_put(&t, -(double)INFINITY, 2);
    numtree_put(&t, 0.0, 3);
    ck_assert_uint_eq(numtree_below(&t, -(double)INFINITY, false), 0);
    ck_assert_uint_eq(numtree_below(&t, (double)INFINITY, true), 3);
    ck_assert_uint_eq(numtree_below(&t, (double)INFINITY, false), 2);
    ck_assert_uint_eq(numtree_copy(&t, 0, 3, ids, NULL), 3);
    ck_assert_uint_eq(ids[0], 2);
    ck_assert_uint_eq(ids[1], 3);
    numtree_del(&t, -0.0, 3); /* is 0.0 */
    numtree_fini(&t);
}
END_TEST

START_TEST(ascending_numbers_leave_full_leaves)
{
    struct numtree t = {0};
    for (uint32_t i = 0; i < 100000; i++)
        numtree_put(&t, i, i);
    numtree_check(&t);
    ck_assert_uint_lt(numtree_memory(&t), 100000 * 16);
    for (uint32_t i = 0; i < 100000; i++)
        numtree_del(&t, i, i);
    ck_assert_ptr_null(t.root);
}
END_TEST

UNIT_SUITE("numtree", random_steps_agree_with_a_sorted_array,
           random_steps_with_many_equal_numbers_agree, infinities_have_their_place,
           ascending_numbers_leave_full_leaves)
