/* The workload of vectors: as many hashes as there are keys, each one vector under an index, and the ten
 * nearest of a vector drawn in the same way. As in bench/vectors.c they lie in clusters along some
 * directions, with noise on each number. */
#include "load.h"

#include <math.h>

enum { DIM = 512, CLUSTERS = 64, DIRECTIONS = 32 };

struct source {
    bool ready;
    float along[DIRECTIONS][DIM];
    float centre[CLUSTERS][DIRECTIONS];
};

/* The same in every run, whatever it does: vectors asked for lie where those that were filled do. */
static const struct source *source(void)
{
    static struct source s;
    struct rng rng;
    if (s.ready) return &s;
    rng_init(&rng, 7);
    for (uint32_t i = 0; i < DIRECTIONS * DIM; i++)
        s.along[i / DIM][i % DIM] = (float)rng_normal(&rng) / sqrtf(DIRECTIONS);
    for (uint32_t i = 0; i < CLUSTERS * DIRECTIONS; i++)
        s.centre[i / DIRECTIONS][i % DIRECTIONS] = (float)rng_normal(&rng);
    s.ready = true;
    return &s;
}

static void add_vector(struct maker *m, struct buf *out)
{
    const struct source *s = source();
    const float *centre = s->centre[rng_below(&m->rng, CLUSTERS)];
    float v[DIM];
    for (uint32_t d = 0; d < DIM; d++)
        v[d] = 0.1F * (float)rng_normal(&m->rng);
    for (uint32_t i = 0; i < DIRECTIONS; i++) {
        float by = centre[i] + 0.7F * (float)rng_normal(&m->rng);
        for (uint32_t d = 0; d < DIM; d++)
            v[d] += by * s->along[i][d];
    }
    buf_addf(out, "$%zu\r\n", sizeof v);
    buf_add(out, v, sizeof v);
    buf_add(out, "\r\n", 2);
}

void vectors_fill(struct maker *m, struct buf *out, uint64_t n)
{
    buf_addf(out, "*4\r\n$4\r\nHSET\r\n$12\r\nvec:%08llu\r\n$1\r\nv\r\n", (unsigned long long)n);
    add_vector(m, out);
}

uint32_t vectors_next(struct maker *m, struct turn *t)
{
    static const char command[] =
        "*12\r\n$9\r\nFT.SEARCH\r\n$11\r\nidx:vectors\r\n$24\r\n*=>[KNN 10 @v $b AS far]\r\n"
        "$6\r\nRETURN\r\n$1\r\n1\r\n$3\r\nfar\r\n$7\r\nDIALECT\r\n$1\r\n2\r\n"
        "$6\r\nPARAMS\r\n$1\r\n2\r\n$1\r\nb\r\n";
    buf_add(t->out, command, sizeof command - 1);
    add_vector(m, t->out);
    return 1;
}
