#include "store/ds/vecs.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

enum { DIM = 37, NUMBERS = 300, STEPS = 100000, K = 10 };

static void fill(struct rng *rng, float *to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = (float)rng_normal(rng);
}

/* What the definitions say, in doubles. */
static double plainly(enum vecs_metric metric, const float *a, const float *b, uint32_t n)
{
    double dot = 0, gap = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i];
        dot += x * y;
        gap += (x - y) * (x - y);
        aa += x * x;
        bb += y * y;
    }
    if (metric == VECS_L2) return gap;
    return metric == VECS_IP ? 1 - dot : 1 - dot / sqrt(aa * bb);
}

START_TEST(every_form_of_the_sums_gives_what_the_plain_one_gives)
{
    _Alignas(64) float a[256], b[256];
    _Alignas(64) int8_t c[256], d[256];
    struct rng rng;
    rng_init(&rng, 1);
    for (int round = 0; round < 200; round++) {
        fill(&rng, a, 256);
        fill(&rng, b, 256);
        int32_t sum = 0;
        for (uint32_t i = 0; i < 256; i++) {
            c[i] = (int8_t)((int)rng_below(&rng, 255) - 127);
            d[i] = (int8_t)((int)rng_below(&rng, 255) - 127);
            if (round == 0) c[i] = d[i] = -127;
            sum += c[i];
        }
        const struct vecs_dist *plain = vecs_dist_form(0);
        uint32_t width = VECS_LANES * (1 + (uint32_t)round % 4);
        sum = 0;
        for (uint32_t i = 0; i < width; i++)
            sum += c[i];
        for (uint32_t i = 1; i < VECS_DIST_FORMS_MAX && vecs_dist_form(i) != NULL; i++) {
            const struct vecs_dist *form = vecs_dist_form(i);
            ck_assert(fabsf(form->dot(a, b, width) - plain->dot(a, b, width)) < 1e-3F);
            ck_assert(fabsf(form->gap(a, b, width) - plain->gap(a, b, width)) < 1e-3F);
            ck_assert_int_eq(form->code_dot(c, sum, d, width), plain->code_dot(c, sum, d, width));
        }
    }
}
END_TEST

START_TEST(distances_are_as_defined_exactly_and_by_codes)
{
    static const enum vecs_metric metrics[] = {VECS_L2, VECS_IP, VECS_COSINE};
    float a[DIM], b[DIM];
    struct rng rng;
    rng_init(&rng, 2);
    for (size_t m = 0; m < 3; m++) {
        struct vecs v;
        vecs_init(&v, DIM, metrics[m], true);
        for (uint32_t i = 0; i < 200; i++) {
            fill(&rng, a, DIM);
            fill(&rng, b, DIM);
            uint32_t row = vecs_add(&v, i, b);
            struct vecs_point p = vecs_ask(&v, a);
            double want = plainly(metrics[m], a, b, DIM),
                   unit = metrics[m] == VECS_COSINE ? 1 : DIM;
            ck_assert_double_eq_tol((double)vecs_exact(&v, p, row), want, 1e-4);
            ck_assert_double_eq_tol((double)vecs_rough(&v, p, row), want, 0.02 * unit);
            ck_assert_double_eq_tol((double)vecs_exact(&v, vecs_at(&v, row), row),
                                    plainly(metrics[m], b, b, DIM), 1e-4);
        }
        vecs_check(&v);
        vecs_fini(&v);
    }
}
END_TEST

START_TEST(a_vector_without_direction_is_at_cosine_distance_one_and_a_huge_one_has_one)
{
    float zero[3] = {0}, one[3] = {0, 2, 0}, huge[3] = {0, 3e38F, 3e38F};
    struct vecs v;
    vecs_init(&v, 3, VECS_COSINE, true);
    uint32_t a = vecs_add(&v, 0, zero), b = vecs_add(&v, 1, huge);
    struct vecs_point p = vecs_ask(&v, one);
    ck_assert(vecs_exact(&v, p, a) == 1);
    ck_assert(fabsf(vecs_exact(&v, p, b) - (1 - (float)M_SQRT1_2)) < 1e-6F);
    vecs_fini(&v);
}
END_TEST

struct oracle {
    float floats[NUMBERS][DIM];
    bool there[NUMBERS];
};

static bool is_even(void *data, uint32_t id)
{
    (void)data;
    return id % 2 == 0;
}

static uint32_t oracle_nearest(const struct oracle *o, enum vecs_metric metric, const float *from,
                               vecs_allows *allows, struct near out[static NUMBERS])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < NUMBERS; i++)
        if (o->there[i] && (allows == NULL || allows(NULL, i)))
            out[n++] = (struct near){(float)plainly(metric, from, o->floats[i], DIM), i};
    near_sort(out, n);
    return n;
}

static bool add_id(void *to, struct near n)
{
    uint64_t *bits = to;
    bits[n.id / 64] |= 1ULL << n.id % 64;
    return true;
}

static void ask(struct vecs *v, const struct oracle *o, const float *from)
{
    struct near want[NUMBERS], got[K], among[K];
    uint32_t n = oracle_nearest(o, v->metric, from, is_even, want), ids[NUMBERS];
    uint32_t k = vecs_nearest(v, vecs_ask(v, from), K, is_even, NULL, got);
    ck_assert_uint_eq(k, n < K ? n : K);
    for (uint32_t i = 0; i < k; i++)
        ck_assert(fabsf(got[i].dist - want[i].dist) < 1e-3F);
    for (uint32_t i = 0; i < NUMBERS; i++)
        ids[i] = 2 * i; /* the half of them above all that are there */
    ck_assert_uint_eq(vecs_nearest_of(v, vecs_ask(v, from), ids, NUMBERS, K, among), k);
    ck_assert_mem_eq(among, got, k * sizeof *got);
    if (k == 0) return;
    uint64_t bits[NUMBERS / 64 + 1] = {0};
    vecs_within(v, vecs_ask(v, from), got[k - 1].dist, is_even, NULL, add_id, bits);
    for (uint32_t i = 0; i < k; i++)
        ck_assert(bits[got[i].id / 64] >> got[i].id % 64 & 1);
    uint32_t within = 0;
    for (uint32_t i = 0; i < NUMBERS; i++)
        within += (uint32_t)(bits[i / 64] >> i % 64 & 1);
    ck_assert_uint_eq(within, k);
}

START_TEST(random_steps_find_what_an_array_finds)
{
    static struct oracle o;
    struct rng rng;
    rng_init(&rng, 3);
    struct vecs v;
    vecs_init(&v, DIM, VECS_L2, false);
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, NUMBERS);
        if (o.there[i]) {
            vecs_del(&v, vecs_row(&v, i));
        } else {
            fill(&rng, o.floats[i], DIM);
            (void)vecs_add(&v, i, o.floats[i]);
        }
        o.there[i] = !o.there[i];
        ck_assert_uint_eq(vecs_row(&v, i) != VECS_NONE, o.there[i]);
        if (step % 1000 != 0) continue;
        float from[DIM];
        fill(&rng, from, DIM);
        vecs_check(&v);
        ask(&v, &o, from);
    }
    ck_assert_uint_le(v.rows, NUMBERS); /* rows are used again */
    vecs_fini(&v);
}
END_TEST

UNIT_SUITE("vecs", every_form_of_the_sums_gives_what_the_plain_one_gives,
           distances_are_as_defined_exactly_and_by_codes,
           a_vector_without_direction_is_at_cosine_distance_one_and_a_huge_one_has_one,
           random_steps_find_what_an_array_finds)
