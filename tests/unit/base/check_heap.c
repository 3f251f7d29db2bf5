#include "base/heap.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { NODES = 200, STEPS = 100000 };

static void heap_check(const struct heap *h)
{
    for (size_t i = 0; i < h->count; i++) {
        ck_assert_uint_eq(h->nodes[i]->at, i + 1);
        if (i > 0) ck_assert_int_le(h->nodes[(i - 1) / 2]->key, h->nodes[i]->key);
    }
}

START_TEST(random_steps_keep_the_least_on_top)
{
    struct heap h = {0};
    struct heap_node nodes[NODES] = {0};
    struct rng r;
    rng_init(&r, 2);

    for (int step = 0; step < STEPS; step++) {
        struct heap_node *n = &nodes[rng_below(&r, NODES)];
        if (rng_below(&r, 3) == 0)
            heap_del(&h, n);
        else
            heap_put(&h, n, (int64_t)rng_below(&r, 1000));

        int64_t least = INT64_MAX;
        for (int i = 0; i < NODES; i++)
            if (nodes[i].at > 0 && nodes[i].key < least) least = nodes[i].key;
        struct heap_node *min = heap_min(&h);
        ck_assert_int_eq(min == NULL ? INT64_MAX : min->key, least);
        if (step % 100 == 0) heap_check(&h);
    }
    heap_fini(&h);
}
END_TEST

UNIT_SUITE("heap", random_steps_keep_the_least_on_top)
