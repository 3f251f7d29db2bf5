#include "store/ds/dict.h"

#include "base/mem.h"
#include "base/must.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { KEYS = 4000 };

struct item {
    size_t len;
    int64_t number;
    char key[16];
};

static struct slice item_key(const void *p)
{
    const struct item *i = p;
    return (struct slice){i->key, i->len};
}

static int64_t freed;

static void item_free(void *p)
{
    freed++;
    mem_free(p);
}

static const struct dict_kind kind = {item_key, item_free};

static struct item *item_new(int64_t n)
{
    struct item *i = mem_new(struct item);
    i->number = n;
    i->len = (size_t)snprintf(i->key, sizeof i->key, "k%lld", (long long)n);
    return i;
}

static struct slice name(int64_t n, char out[static 16])
{
    return slice_make(out, (size_t)snprintf(out, 16, "k%lld", (long long)n));
}

/* Goal: dict and a plain array of "is it there" agree after each of 100,000 random changes.
 * Method: phases that mostly add and phases that mostly delete, so that it grows and shrinks. */
START_TEST(random_steps_agree_with_an_array)
{
    static struct item *there[KEYS];
    struct rng rng;
    rng_init(&rng, 7);
    struct dict d;
    dict_init(&d, &kind);
    char text[16];
    for (int step = 0; step < 100000; step++) {
        int64_t n = (int64_t)rng_below(&rng, KEYS);
        bool add = rng_below(&rng, 100) < (step / 20000 % 2 == 0 ? 70U : 15U);
        struct slice key = name(n, text);
        ck_assert_ptr_eq(dict_find(&d, key), there[n]);
        if (add) {
            struct item *i = item_new(n);
            struct item *old = dict_put(&d, i);
            ck_assert_ptr_eq(old, there[n]);
            mem_free(old);
            there[n] = i;
        } else {
            ck_assert_int_eq(dict_del(&d, key), there[n] != NULL);
            there[n] = NULL;
        }
        ck_assert_ptr_eq(dict_find(&d, key), there[n]);
        if (step % 1000 == 0) dict_check(&d);
    }
    for (int64_t n = 0; n < KEYS; n++)
        ck_assert_ptr_eq(dict_find(&d, name(n, text)), there[n]);
    int64_t before = freed;
    int64_t count = (int64_t)dict_count(&d);
    dict_fini(&d);
    ck_assert_int_eq(freed - before, count);
    ck_assert_ptr_null(dict_find(&d, SLICE("k1")));
}
END_TEST

static void count_seen(void *item, void *data)
{
    uint32_t *seen = data;
    seen[((struct item *)item)->number]++;
}

/* Goal: what stays from the start to the end of a SCAN round is reported. Method: the first
 * 1,000 keys stay, others come and go between calls so that the table resizes both ways. */
START_TEST(scan_reports_all_that_stays)
{
    struct rng rng;
    rng_init(&rng, 11);
    for (int round = 0; round < 30; round++) {
        struct dict d;
        dict_init(&d, &kind);
        static uint32_t seen[300000];
        memset(seen, 0, sizeof seen);
        for (int64_t n = 0; n < 1000; n++)
            dict_put(&d, item_new(n));
        int64_t next = 1000, last = 1000;
        uint64_t cursor = 0;
        char text[16];
        do {
            cursor = dict_scan(&d, cursor, count_seen, seen);
            bool grow = rng_below(&rng, 2) == 0;
            for (int i = 0; i < 300; i++) {
                if (grow && next < 300000)
                    dict_put(&d, item_new(next++));
                else if (last < next)
                    dict_del(&d, name(last++, text));
            }
        } while (cursor != 0);
        for (int64_t n = 0; n < 1000; n++)
            ck_assert_uint_ge(seen[n], 1);
        dict_fini(&d);
    }
}
END_TEST

START_TEST(iterator_sees_each_item_once)
{
    struct dict d;
    dict_init(&d, &kind);
    for (int64_t n = 0; n < 3000; n++)
        dict_put(&d, item_new(n));
    static uint32_t seen[3000];
    struct dict_iter i;
    dict_iter_init(&i, &d);
    for (void *item = dict_iter_next(&i); item != NULL; item = dict_iter_next(&i))
        count_seen(item, seen);
    dict_iter_fini(&i);
    for (int n = 0; n < 3000; n++)
        ck_assert_uint_eq(seen[n], 1);
    dict_fini(&d);
}
END_TEST

START_TEST(random_item_is_about_uniform)
{
    struct dict d;
    dict_init(&d, &kind);
    struct rng rng;
    rng_init(&rng, 3);
    for (int64_t n = 0; n < 100; n++)
        dict_put(&d, item_new(n));
    uint32_t seen[100] = {0};
    for (int i = 0; i < 100000; i++)
        count_seen(dict_random(&d, &rng), seen);
    for (int n = 0; n < 100; n++) {
        ck_assert_uint_gt(seen[n], 850);
        ck_assert_uint_lt(seen[n], 1150);
    }
    dict_fini(&d);
    ck_assert_ptr_null(dict_random(&d, &rng));
}
END_TEST

struct taking {
    int64_t every; /* takes all but the multiples of it; 1: nothing */
    uint64_t asked;
};

static bool take_but_every(void *item, void *data)
{
    struct taking *t = data;
    t->asked++;
    if (((const struct item *)item)->number % t->every == 0) return false;
    mem_free(item);
    return true;
}

START_TEST(sweep_takes_what_the_caller_says_and_asks_once)
{
    char text[16];
    static const int64_t counts[] = {1, 7, 8, 100, 449, 5000}; /* 449: in the middle of a resize */
    static const int64_t every[] = {1, 2, 3, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        for (size_t m = 0; m < sizeof every / sizeof every[0]; m++) {
            struct taking t = {every[m], 0};
            uint64_t stay = (uint64_t)((counts[k] - 1) / every[m] + 1);
            struct dict d;
            dict_init(&d, &kind);
            for (int64_t n = 0; n < counts[k]; n++)
                dict_put(&d, item_new(n));
            ck_assert_uint_eq(dict_sweep(&d, take_but_every, &t), (uint64_t)counts[k] - stay);
            ck_assert_uint_eq(t.asked, (uint64_t)counts[k]);
            ck_assert_uint_eq(dict_count(&d), stay);
            dict_check(&d);
            for (int64_t n = 0; n < counts[k]; n++)
                ck_assert_int_eq(dict_find(&d, name(n, text)) != NULL, n % every[m] == 0);
            dict_fini(&d);
        }
    }
}
END_TEST

START_TEST(what_a_sweep_leaves_of_a_large_table_is_small_at_once)
{
    struct taking t = {1000, 0};
    struct dict d;
    dict_init(&d, &kind);
    for (int64_t n = 0; n < 10000; n++)
        dict_put(&d, item_new(n));
    size_t full = dict_memory(&d);
    ck_assert_uint_eq(dict_sweep(&d, take_but_every, &t), 9990);
    dict_check(&d);
    ck_assert_uint_lt(dict_memory(&d), full / 30);
    dict_fini(&d);
}
END_TEST

START_TEST(shrinks_when_nearly_empty)
{
    struct dict d;
    dict_init(&d, &kind);
    char text[16];
    for (int64_t n = 0; n < 10000; n++)
        dict_put(&d, item_new(n));
    size_t full = dict_memory(&d);
    for (int64_t n = 10; n < 10000; n++)
        dict_del(&d, name(n, text));
    while (dict_step(&d, 100)) {
    }
    dict_check(&d);
    ck_assert_uint_lt(dict_memory(&d), full / 30);
    dict_fini(&d);
}
END_TEST

START_TEST(counts_the_bytes_of_its_items_by_some_or_all)
{
    struct dict d;
    dict_init(&d, &kind);
    ck_assert_uint_eq(dict_items_memory(&d, 5), 0);
    size_t all = 0;
    for (int64_t n = 0; n < 1000; n++) {
        struct item *it = item_new(n);
        all += mem_size(it);
        dict_put(&d, it);
    }
    ck_assert_uint_eq(dict_items_memory(&d, 0), all);
    ck_assert_uint_eq(dict_items_memory(&d, 5), all); /* all are of one size */
    while (dict_drain(&d, 10, dict_free_item, NULL)) {
    }
    ck_assert_uint_eq(dict_count(&d), 0);
    dict_fini(&d);
}
END_TEST

UNIT_SUITE("dict", random_steps_agree_with_an_array, scan_reports_all_that_stays,
           iterator_sees_each_item_once, random_item_is_about_uniform,
           sweep_takes_what_the_caller_says_and_asks_once,
           what_a_sweep_leaves_of_a_large_table_is_small_at_once, shrinks_when_nearly_empty,
           counts_the_bytes_of_its_items_by_some_or_all)
