#include "store/ds/hnsw.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { COUNT = 2000, DIM = 96, LATENT = 12, ASKED = 50, K = 10, EF = 64 };

/* Vectors as models of language and pictures make them: DIM numbers that say what a few directions
 * say, in clusters, with a little noise. */
struct source {
    struct rng rng;
    float directions[LATENT][DIM];
    float centres[20][LATENT];
};

static void source_init(struct source *s, uint64_t seed)
{
    rng_init(&s->rng, seed);
    for (uint32_t i = 0; i < LATENT * DIM; i++)
        s->directions[i / DIM][i % DIM] = (float)rng_normal(&s->rng);
    for (uint32_t i = 0; i < 20 * LATENT; i++)
        s->centres[i / LATENT][i % LATENT] = (float)rng_normal(&s->rng);
}

static void source_next(struct source *s, float *out)
{
    const float *centre = s->centres[rng_below(&s->rng, 20)];
    for (uint32_t d = 0; d < DIM; d++)
        out[d] = 0.1F * (float)rng_normal(&s->rng);
    for (uint32_t i = 0; i < LATENT; i++) {
        float along = centre[i] + 0.5F * (float)rng_normal(&s->rng);
        for (uint32_t d = 0; d < DIM; d++)
            out[d] += along * s->directions[i][d];
    }
}

static struct hnsw *make(enum vecs_metric metric, uint32_t m)
{
    return hnsw_new(
        &(struct hnsw_options){.dim = DIM, .metric = metric, .m = m, .ef_construction = 100});
}

static bool allow_all(void *data, uint32_t id)
{
    (void)data;
    (void)id;
    return true;
}

/* One in data[0], so that a filter can be made rarer. */
static bool allow_some(void *data, uint32_t id)
{
    return id % *(const uint32_t *)data == 0;
}

/* The share of the K nearest that a walk finds; whatever it gives must be allowed, sorted and at its
 * exact distance. */
static double recall(struct hnsw *h, struct source *s, vecs_allows *allows, uint32_t *every)
{
    struct near want[K], got[K];
    float from[DIM];
    uint32_t hits = 0, all = 0;
    for (int i = 0; i < ASKED; i++) {
        source_next(s, from);
        struct vecs *v = hnsw_vecs(h);
        struct vecs_point p = vecs_ask(v, from);
        uint32_t n = vecs_nearest(v, p, K, allows, every, want);
        uint32_t found = hnsw_nearest(h, from, K, EF, allows, every, got);
        ck_assert_uint_le(found, n);
        for (uint32_t j = 0; j < found; j++) {
            ck_assert(allows(every, got[j].id));
            ck_assert(j == 0 || near_less(got[j - 1], got[j]));
            ck_assert(got[j].dist == vecs_exact(v, p, vecs_row(v, got[j].id)));
            for (uint32_t k = 0; k < n; k++)
                hits += want[k].id == got[j].id;
        }
        all += n;
    }
    return (double)hits / all;
}

START_TEST(a_walk_finds_nearly_all_that_a_scan_finds)
{
    static const enum vecs_metric metrics[] = {VECS_L2, VECS_IP, VECS_COSINE};
    static struct source s;
    float floats[DIM];
    for (size_t m = 0; m < 3; m++) {
        source_init(&s, 10 + m);
        struct hnsw *h = make(metrics[m], 16);
        for (uint32_t i = 0; i < COUNT; i++) {
            source_next(&s, floats);
            ck_assert(hnsw_put(h, i, floats));
        }
        ck_assert_uint_le(hnsw_check(h), COUNT / 1000);
        ck_assert_uint_gt(hnsw_top(h), 0);
        /* By inner product the nearest are the longest: a graph of directions finds fewer. */
        ck_assert_double_ge(recall(h, &s, allow_all, NULL), metrics[m] == VECS_IP ? 0.9 : 0.98);
        hnsw_free(h);
    }
}
END_TEST

START_TEST(random_steps_keep_the_graph_whole_and_the_nearest_found)
{
    static struct source s;
    float floats[DIM];
    bool there[COUNT] = {false};
    uint32_t count = 0;
    source_init(&s, 20);
    struct hnsw *h = make(VECS_L2, 8);
    for (int step = 0; step < 4 * COUNT; step++) {
        uint32_t i = (uint32_t)rng_below(&s.rng, COUNT);
        bool del = rng_below(&s.rng, 3) == 0;
        if (del) {
            ck_assert_uint_eq(hnsw_del(h, i), there[i]);
        } else {
            source_next(&s, floats);
            ck_assert(hnsw_put(h, i, floats));
        }
        count = count + !del - there[i];
        there[i] = !del;
        ck_assert_uint_eq(hnsw_count(h), count);
        if (step % (COUNT / 2) == 0) ck_assert_uint_le(hnsw_check(h), COUNT / 200);
    }
    ck_assert_double_ge(recall(h, &s, allow_all, NULL), 0.95);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i % 10 != 0) (void)hnsw_del(h, i);
    ck_assert_uint_le(hnsw_check(h), 2);
    ck_assert_double_ge(recall(h, &s, allow_all, NULL), 0.95);
    for (uint32_t i = 0; i < COUNT; i++)
        (void)hnsw_del(h, i);
    ck_assert_uint_eq(hnsw_check(h), 0);
    ck_assert_uint_eq(hnsw_count(h), 0);
    ck_assert_uint_eq(hnsw_nearest(h, floats, K, EF, NULL, NULL, &(struct near){0}), 0);
    ck_assert(hnsw_put(h, 7, floats));
    struct near only;
    ck_assert_uint_eq(hnsw_nearest(h, floats, K, EF, NULL, NULL, &only), 1);
    ck_assert_uint_eq(only.id, 7);
    hnsw_free(h);
}
END_TEST

START_TEST(a_filter_lets_only_its_own_be_found_and_few_are_better_scanned)
{
    static struct source s;
    float floats[DIM];
    source_init(&s, 30);
    struct hnsw *h = make(VECS_COSINE, 16);
    for (uint32_t i = 0; i < COUNT; i++) {
        source_next(&s, floats);
        ck_assert(hnsw_put(h, i, floats));
    }
    for (uint32_t every = 2; every <= 500; every *= 5)
        ck_assert_double_ge(recall(h, &s, allow_some, &every), 0.98);
    ck_assert(hnsw_should_scan(h, 10, K, EF));
    ck_assert(!hnsw_should_scan(h, COUNT, K, EF));
    hnsw_free(h);
}
END_TEST

START_TEST(a_crowd_of_equal_vectors_stays_joined)
{
    float same[DIM] = {1};
    struct near got[40];
    struct hnsw *h = make(VECS_L2, 4);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert(hnsw_put(h, i, same));
    ck_assert_uint_eq(hnsw_check(h), 0);
    ck_assert_uint_eq(hnsw_nearest(h, same, 40, EF, NULL, NULL, got), 40);
    ck_assert(got[39].dist <= 0);
    hnsw_free(h);
}
END_TEST

struct hits {
    uint32_t count, most;
    float farthest;
};

static bool count_hit(void *to, struct near n)
{
    struct hits *hits = to;
    hits->farthest = fmaxf(hits->farthest, n.dist);
    return ++hits->count < hits->most;
}

START_TEST(a_radius_gives_nearly_all_within_and_none_beyond)
{
    static struct source s;
    float floats[DIM];
    source_init(&s, 40);
    struct hnsw *h = make(VECS_COSINE, 16);
    for (uint32_t i = 0; i < COUNT; i++) {
        source_next(&s, floats);
        ck_assert(hnsw_put(h, i, floats));
    }
    uint32_t want = 0, got = 0, every = 3;
    for (int i = 0; i < ASKED; i++) {
        struct hits exact = {.most = UINT32_MAX}, walked = exact, few = {.most = 2};
        source_next(&s, floats);
        struct vecs *v = hnsw_vecs(h);
        float radius = 0.1F * (float)(i % 5);
        vecs_within(v, vecs_ask(v, floats), radius, allow_some, &every, count_hit, &exact);
        hnsw_within(h, floats, radius, 0.01F, 10, allow_some, &every, count_hit, &walked);
        hnsw_within(h, floats, radius, 0.01F, 10, allow_some, &every, count_hit, &few);
        ck_assert_uint_le(walked.count, exact.count);
        ck_assert_uint_le(few.count, 2);
        ck_assert(walked.farthest <= radius);
        want += exact.count;
        got += walked.count;
    }
    ck_assert_uint_gt(want, 1000);
    ck_assert_double_ge((double)got / want, 0.98);
    hnsw_free(h);
}
END_TEST

START_TEST(the_same_steps_make_the_same_graph)
{
    static struct source s;
    float floats[DIM], from[DIM];
    struct near a[K], b[K];
    struct hnsw *h[2] = {make(VECS_L2, 6), make(VECS_L2, 6)};
    source_init(&s, 50);
    for (uint32_t i = 0; i < 500; i++) {
        source_next(&s, floats);
        for (int j = 0; j < 2; j++)
            ck_assert(hnsw_put(h[j], i * 7 % 400, floats));
    }
    for (int i = 0; i < ASKED; i++) {
        source_next(&s, from);
        uint32_t n = hnsw_nearest(h[0], from, K, 10, NULL, NULL, a);
        ck_assert_uint_eq(n, hnsw_nearest(h[1], from, K, 10, NULL, NULL, b));
        ck_assert_mem_eq(a, b, n * sizeof *a);
    }
    ck_assert_uint_eq(hnsw_top(h[0]), hnsw_top(h[1]));
    ck_assert_uint_eq(hnsw_memory(h[0]), hnsw_memory(h[1]));
    for (int j = 0; j < 2; j++)
        hnsw_free(h[j]);
}
END_TEST

UNIT_SUITE("hnsw", a_walk_finds_nearly_all_that_a_scan_finds,
           random_steps_keep_the_graph_whole_and_the_nearest_found,
           a_filter_lets_only_its_own_be_found_and_few_are_better_scanned,
           a_crowd_of_equal_vectors_stays_joined, a_radius_gives_nearly_all_within_and_none_beyond,
           the_same_steps_make_the_same_graph)
