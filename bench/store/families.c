#include "base/clock.h"
#include "load.h"
#include "words.h"

#include <stdio.h>

enum { SAMPLES_EACH = 10000 }; /* of a series that is loaded */

/* ---- time series ---- */

static void add_sample(struct buf *out, uint64_t series, uint64_t ms, uint64_t value)
{
    add_raw(out, "*4\r\n$6\r\nTS.ADD\r\n");
    add_member(out, series);
    add_number(out, ms);
    add_number(out, value);
}

/* One sample a second, whole numbers near each other. */
static void fill_series(struct maker *m, struct buf *out, uint64_t n)
{
    add_sample(out, n / SAMPLES_EACH, 1700000000000 + n % SAMPLES_EACH * 1000,
               100 + rng_below(&m->rng, 3));
}

/* Each connection has series of its own, so that their times come in order; and later ones than
 * those of any load before. */
static uint32_t next_ts_add(struct maker *m, struct turn *t)
{
    static uint64_t begin; /* no connection sends a million a second */
    if (begin == 0) begin = (uint64_t)clock_wall_us();
    uint64_t each = m->o->keys / m->o->conns + 1;
    add_sample(t->out, t->conn * each + rng_below(&m->rng, each), begin + t->step,
               100 + rng_below(&m->rng, 3));
    return 1;
}

/* ---- JSON ---- */

/* A driver's profile of some 450 bytes. */
static void fill_profile(struct maker *m, struct buf *out, uint64_t n)
{
    char text[640];
    int len = snprintf(
        text, sizeof text,
        "{\"id\":\"driver-%08llu\",\"name\":\"Driver number %llu of the town\",\"rating\":%u.%02u,"
        "\"trips\":%u,\"vehicle\":{\"make\":\"Toyota\",\"model\":\"Prius\",\"year\":%u,"
        "\"plate\":\"SF%05u\",\"color\":\"white\",\"seats\":4},"
        "\"languages\":[\"en\",\"es\",\"de\"],\"products\":[\"standard\",\"xl\",\"green\"],"
        "\"phone\":\"+1415555%04u\",\"email\":\"driver%llu@example.com\","
        "\"home\":{\"lat\":37.%06u,\"lon\":-122.%06u},\"accessible\":%s,\"since\":\"2021-03-%02u\","
        "\"documents\":{\"license\":\"valid\",\"insurance\":\"valid\"}}",
        (unsigned long long)n, (unsigned long long)n, 3 + (unsigned)rng_below(&m->rng, 2),
        (unsigned)rng_below(&m->rng, 100), (unsigned)rng_below(&m->rng, 10000),
        2010 + (unsigned)rng_below(&m->rng, 15), (unsigned)rng_below(&m->rng, 100000),
        (unsigned)rng_below(&m->rng, 10000), (unsigned long long)n,
        (unsigned)rng_below(&m->rng, 1000000), (unsigned)rng_below(&m->rng, 1000000),
        rng_below(&m->rng, 5) == 0 ? "true" : "false", 1 + (unsigned)rng_below(&m->rng, 28));
    add_raw(out, "*4\r\n$8\r\nJSON.SET\r\n");
    add_member(out, n);
    add_raw(out, "$1\r\n$\r\n");
    add_arg(out, text, (size_t)len);
}

static uint32_t next_json_set(struct maker *m, struct turn *t)
{
    fill_profile(m, t->out, any_key(m));
    return 1;
}

static uint32_t next_json_get(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*3\r\n$8\r\nJSON.GET\r\n");
    add_member(t->out, any_key(m));
    add_raw(t->out, "$8\r\n$.rating\r\n");
    return 1;
}

/* ---- Bloom filters ---- */

static uint32_t setup_bloom(struct maker *m, struct buf *out)
{
    (void)m;
    add_raw(out, "*4\r\n$10\r\nBF.RESERVE\r\n$5\r\nbloom\r\n$4\r\n0.01\r\n$7\r\n1000000\r\n");
    return 1;
}

static uint32_t next_bf_add(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*3\r\n$6\r\nBF.ADD\r\n$5\r\nbloom\r\n");
    add_member(t->out, any_key(m));
    return 1;
}

const struct workload *workload_find_family(const char *name)
{
    static const struct workload all[] = {
        /* name      setup        fill          next */
        {"ts-add", NULL, fill_series, next_ts_add, false},
        {"json-set", NULL, fill_profile, next_json_set, false},
        {"json-get", NULL, fill_profile, next_json_get, false},
        {"bf-add", setup_bloom, NULL, next_bf_add, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return NULL;
}
