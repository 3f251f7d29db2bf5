/* geo_kernel: the geo index alone, without protocol, network or log.
 *
 *     bench/geo_kernel [drivers] [rounds]
 *
 * Prints bytes a driver and nanoseconds a move (40 m, as between two pings; and to anywhere
 * in the city) and a search. Drivers stand in a box of 0.6 by 0.5 degrees. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/geohash.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"
#include "store/ds/geosearch.h"
#include "store/type/zset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 16, BATCH = 16 };

struct bench {
    struct zset *z;
    struct rng rng;
    uint32_t drivers;
    uint32_t rounds;
    struct geo_point *at;
    char (*name)[NAME];
};

static struct geo_point anywhere(struct rng *r)
{
    return (struct geo_point){-118.5 + rng_unit(r) * 0.6, 33.8 + rng_unit(r) * 0.5};
}

static long rss_kb(void)
{
    long kb = 0;
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0) kb = strtol(line + 6, NULL, 10);
    if (f != NULL) (void)fclose(f);
    return kb;
}

static struct slice name_of(const struct bench *b, uint32_t i)
{
    return slice_make(b->name[i], NAME - 1);
}

static void fill(struct bench *b)
{
    size_t used = mem_used();
    long rss = rss_kb();
    int64_t start = clock_mono_us();
    b->z = zset_new(true);
    for (uint32_t i = 0; i < b->drivers; i++)
        (void)zset_add(b->z, name_of(b, i), (double)geohash_encode(b->at[i]));
    double us = (double)(clock_mono_us() - start);
    printf("%u drivers: add %.0f ns, %.1f bytes each in blocks, %.1f bytes of RSS\n", b->drivers,
           us * 1000 / b->drivers, (double)(mem_used() - used) / b->drivers,
           (double)(rss_kb() - rss) * 1024 / b->drivers);
}

static void move(struct bench *b, uint32_t i, bool near)
{
    struct geo_point p = b->at[i];
    if (near) {
        p.lon += (double)((int64_t)(i % 3) - 1) * 0.0004;
        p.lat += (double)((int64_t)(i / 3 % 3) - 1) * 0.0003;
    } else {
        p = anywhere(&b->rng);
    }
    b->at[i] = p;
}

static void moves(struct bench *b, bool near, bool prefetch)
{
    uint32_t pick[BATCH];
    int64_t start = clock_mono_us();
    for (uint32_t n = 0; n < b->rounds; n += BATCH) {
        for (uint32_t j = 0; j < BATCH; j++) {
            pick[j] = (uint32_t)rng_below(&b->rng, b->drivers);
            move(b, pick[j], near);
        }
        if (prefetch) {
            struct zset_ahead ahead[BATCH];
            for (uint32_t j = 0; j < BATCH; j++)
                ahead[j] = (struct zset_ahead){.z = b->z,
                                               .hash = hash_slice(name_of(b, pick[j])),
                                               .score = geohash_encode(b->at[pick[j]]),
                                               .by = NAN};
            for (uint32_t step = 0; step < ZSET_AHEAD_STEPS; step++)
                for (uint32_t j = 0; j < BATCH; j++)
                    zset_ahead(&ahead[j], step);
        }
        for (uint32_t j = 0; j < BATCH; j++) {
            struct zset_at at;
            must(zset_find(b->z, name_of(b, pick[j]), &at));
            (void)zset_set(b->z, at, (double)geohash_encode(b->at[pick[j]]));
        }
    }
    double us = (double)(clock_mono_us() - start);
    printf("  move %-9s%-12s %6.0f ns\n", near ? "40 m" : "anywhere", prefetch ? "prefetched" : "",
           us * 1000 / b->rounds);
}

static void searches(struct bench *b, double radius_m, uint32_t k)
{
    struct arena arena = {0};
    uint64_t found = 0;
    uint32_t rounds = b->rounds / 10;
    int64_t start = clock_mono_us();
    for (uint32_t n = 0; n < rounds; n++) {
        struct geo_shape s = {.at = anywhere(&b->rng), .radius_m = radius_m};
        struct geo_hits hits = {.arena = &arena};
        geosearch_nearest(zset_cells(b->z), &s, k, &hits);
        found += hits.n;
        arena_reset(&arena);
    }
    double us = (double)(clock_mono_us() - start);
    printf("  nearest %2u within %.0f km    %6.0f ns (%.1f found)\n", k, radius_m / 1000,
           us * 1000 / rounds, (double)found / rounds);
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    struct bench b = {.drivers = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000,
                      .rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 2000000};
    rng_init(&b.rng, 1);
    b.at = mem_array(b.drivers, struct geo_point);
    b.name = mem_calloc(b.drivers, NAME);
    for (uint32_t i = 0; i < b.drivers; i++) {
        b.at[i] = anywhere(&b.rng);
        (void)snprintf(b.name[i], NAME, "driver:%08u", i % 100000000);
    }
    fill(&b);
    moves(&b, true, false);
    moves(&b, true, true);
    moves(&b, false, false);
    moves(&b, false, true);
    searches(&b, 2000, 5);
    searches(&b, 5000, 10);
    zset_free(b.z);
    mem_free(b.at);
    mem_free(b.name);
    return 0;
}
