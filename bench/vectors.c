/* bench-vectors: how long the nearest vectors take, and how many of them are found.
 *
 *     bench-vectors [VECTORS [DIRECTIONS]]        100000 and 32 unless said
 *
 * Vectors of 512 numbers that lie, in 64 clusters, along so many directions, with noise on each
 * number: embeddings have some tens. 512 directions are the worst case, where no walk has a
 * landmark. Prints the cost of adding, the memory, and for each ef the recall at 10 against a scan
 * and the time of a search, one core, in process. */
#include "base/must.h"
#include "base/rng.h"
#include "store/ds/hnsw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DIM = 512, CLUSTERS = 64, ASKED = 200, K = 10, ROUNDS = 5 };

struct source {
    struct rng rng;
    uint32_t directions;
    float along[DIM][DIM];
    float centre[CLUSTERS][DIM];
};

static void source_init(struct source *s, uint32_t directions)
{
    rng_init(&s->rng, 7);
    s->directions = directions;
    for (uint32_t i = 0; i < directions * DIM; i++)
        s->along[i / DIM][i % DIM] = (float)rng_normal(&s->rng) / sqrtf((float)directions);
    for (uint32_t i = 0; i < CLUSTERS * directions; i++)
        s->centre[i / directions][i % directions] = (float)rng_normal(&s->rng);
}

static void source_next(struct source *s, float *out)
{
    const float *centre = s->centre[rng_below(&s->rng, CLUSTERS)];
    for (uint32_t d = 0; d < DIM; d++)
        out[d] = 0.1F * (float)rng_normal(&s->rng);
    for (uint32_t i = 0; i < s->directions; i++) {
        float by = centre[i] + 0.7F * (float)rng_normal(&s->rng);
        for (uint32_t d = 0; d < DIM; d++)
            out[d] += by * s->along[i][d];
    }
}

static double now_us(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct hnsw *build(struct source *s, uint32_t n)
{
    struct hnsw *h = hnsw_new(
        &(struct hnsw_options){.dim = DIM, .metric = VECS_COSINE, .m = 16, .ef_construction = 200});
    float floats[DIM];
    double took = 0;
    for (uint32_t i = 0; i < n; i++) {
        source_next(s, floats);
        double from = now_us();
        must(hnsw_put(h, i, floats));
        took += now_us() - from;
    }
    (void)printf("%u vectors of %u along %u directions: %.0f us each to add, %.0f bytes each\n", n,
                 DIM, s->directions, took / n, (double)hnsw_memory(h) / n);
    return h;
}

static void ask(struct hnsw *h, float (*questions)[DIM], struct near (*want)[K], uint32_t ef)
{
    double us[ASKED * ROUNDS];
    uint32_t hits = 0;
    for (uint32_t i = 0; i < ASKED * ROUNDS; i++) {
        struct near got[K];
        double from = now_us();
        uint32_t n = hnsw_nearest(h, questions[i % ASKED], K, ef, NULL, NULL, got);
        us[i] = now_us() - from;
        for (uint32_t a = 0; a < n; a++)
            for (uint32_t b = 0; b < K && i < ASKED; b++)
                hits += got[a].id == want[i][b].id;
    }
    qsort(us, ASKED * ROUNDS, sizeof *us, by_size);
    (void)printf("ef %3u: recall at 10 %.4f, p50 %.0f us, p99 %.0f us\n", ef,
                 hits / (double)(ASKED * K), us[ASKED * ROUNDS / 2], us[ASKED * ROUNDS * 99 / 100]);
}

int main(int argc, char **argv)
{
    static const uint32_t efs[] = {10, 16, 32, 64, 128, 200};
    static struct source source;
    static float questions[ASKED][DIM];
    static struct near want[ASKED][K];
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    long directions = argc > 2 ? strtol(argv[2], NULL, 10) : 32;
    if (n < K || n > 10000000 || directions < 1 || directions > DIM) {
        (void)fprintf(stderr, "usage: bench-vectors [VECTORS [DIRECTIONS]]\n");
        return 2;
    }
    source_init(&source, (uint32_t)directions);
    struct hnsw *h = build(&source, (uint32_t)n);
    struct vecs *v = hnsw_vecs(h);
    for (uint32_t i = 0; i < ASKED; i++) {
        source_next(&source, questions[i]);
        (void)vecs_nearest(v, vecs_ask(v, questions[i]), K, NULL, NULL, want[i]);
    }
    for (size_t i = 0; i < sizeof efs / sizeof efs[0]; i++)
        ask(h, questions, want, efs[i]);
    hnsw_free(h);
    return 0;
}
