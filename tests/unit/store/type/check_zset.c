#include "store/type/zset.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/engine/effects.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

enum { STEPS = 100000, NAMES = 700, PARTS = 3 };

struct oracle {
    bool in[NAMES];
    double score[NAMES];
    uint32_t n;
};

static struct slice name_of(uint32_t i, char buf[16])
{
    return slice_make(buf, (size_t)snprintf(buf, 16, "d-%u", i));
}

static bool earlier(const struct oracle *o, uint32_t a, uint32_t b)
{
    char l[16];
    char r[16];
    if (o->score[a] != o->score[b]) return o->score[a] < o->score[b];
    return slice_cmp(name_of(a, l), name_of(b, r)) < 0;
}

static void same_member(const struct zset *z, const struct oracle *o, uint32_t i)
{
    char buf[16];
    struct zset_at at;
    ck_assert(o->in[i] == zset_find(z, name_of(i, buf), &at));
    if (!o->in[i]) return;
    ck_assert(zset_score(z, at) == o->score[i]);
    uint32_t rank = 0;
    for (uint32_t j = 0; j < NAMES; j++)
        if (o->in[j] && earlier(o, j, i)) rank++;
    ck_assert_uint_eq(zset_rank(z, at), rank);
}

static void same_bounds(const struct zset *z, const struct oracle *o, double score)
{
    uint32_t below = 0;
    uint32_t upto = 0;
    for (uint32_t j = 0; j < NAMES; j++) {
        below += o->in[j] && o->score[j] < score;
        upto += o->in[j] && o->score[j] <= score;
    }
    ck_assert_uint_eq(zset_below(z, score, false), below);
    ck_assert_uint_eq(zset_below(z, score, true), upto);
}

/* Some more of a part is freed. */
static void drain_some(struct value **part)
{
    if (*part != NULL && !(*part)->type->drain(*part, 20)) *part = NULL;
}

struct rank_order {
    struct oracle *o;
    uint32_t gone;
};

static bool take_out(struct slice name, double score, void *data)
{
    struct rank_order *x = data;
    int64_t i = 0;
    ck_assert(slice_i64(slice_from(name, 2), &i));
    ck_assert(x->o->in[i]);
    ck_assert(x->o->score[i] == score);
    x->o->in[i] = false;
    x->gone++;
    return true;
}

/* Removes a range at once; it is freed later. */
static void cut_some(struct zset *z, struct oracle *o, struct rng *r, struct value **part)
{
    if (*part != NULL || o->n == 0) return;
    uint32_t from = (uint32_t)rng_below(r, o->n);
    uint32_t n = 1 + (uint32_t)rng_below(r, o->n - from);
    struct rank_order x = {o, 0};
    zset_each(z, from, n, false, take_out, &x);
    ck_assert_uint_eq(x.gone, n);
    o->n -= n;
    *part = zset_cut(z, from, n);
    zset_check(z);
}

static bool count_in(struct slice name, double score, void *data)
{
    struct rank_order *x = data;
    int64_t i = 0;
    ck_assert(slice_i64(slice_from(name, 2), &i));
    ck_assert(x->o->in[i]);
    ck_assert(x->o->score[i] == score);
    x->gone++;
    return true;
}

/* A whole SCAN tells of each member once and of no other. */
static void same_scan(const struct zset *z, struct oracle *o)
{
    struct rank_order x = {o, 0};
    uint64_t cursor = 0;
    do
        cursor = zset_scan(z, cursor, count_in, &x);
    while (cursor != 0);
    ck_assert_uint_eq(x.gone, o->n);
}

static void play(uint64_t seed, bool geo, bool odd_scores, uint32_t names)
{
    printf("seed %lu\n", (unsigned long)seed);
    struct rng r;
    rng_init(&r, seed);
    struct zset *z = zset_new(geo);
    struct oracle o = {0};
    char buf[16];
    struct value *parts[PARTS] = {NULL};
    for (uint32_t step = 0; step < STEPS; step++) {
        if (rng_below(&r, 500) == 0) cut_some(z, &o, &r, &parts[rng_below(&r, PARTS)]);
        if (rng_below(&r, 8) == 0) drain_some(&parts[rng_below(&r, PARTS)]);
        uint32_t i = (uint32_t)rng_below(&r, names);
        struct geo_point p = {rng_unit(&r) - 118, rng_unit(&r) + 34};
        double score = (double)geohash_encode(p);
        if (odd_scores && rng_below(&r, 3) == 0) score = rng_unit(&r) * 10 - 5;
        bool grow = step / 10000 % 2 == 0;
        struct zset_at at;
        bool there = zset_find(z, name_of(i, buf), &at);
        ck_assert(o.in[i] == there);
        if (!there && (grow || rng_below(&r, 6) == 0)) {
            zset_add(z, name_of(i, buf), score);
            o.in[i] = true;
            o.score[i] = score;
            o.n++;
        } else if (there && !grow) {
            zset_del(z, at);
            o.in[i] = false;
            o.n--;
        } else if (there) {
            ck_assert(zset_set(z, at, score) == (score != o.score[i]));
            o.score[i] = score;
        }
        ck_assert_uint_eq(zset_count(z), o.n);
        if (step % 64 == 0) same_member(z, &o, i);
        if (step % 64 == 0) same_bounds(z, &o, rng_below(&r, 2) == 0 ? score + 0.5 : o.score[i]);
        if (step % 512 == 0) zset_check(z);
        if (step % 512 == 0) same_scan(z, &o);
    }
    ck_assert((zset_cells(z) != NULL) == (geo && !odd_scores && names > SCOREPACK_MAX));
    ck_assert(zset_is_geo(z) == (geo && !odd_scores));
    zset_free(z); /* before its parts */
    for (uint32_t i = 0; i < PARTS; i++)
        while (parts[i] != NULL)
            drain_some(&parts[i]);
}

START_TEST(plain_agrees_with_an_array)
{
    play(11, false, true, NAMES);
}
END_TEST

START_TEST(geo_agrees_with_an_array)
{
    play(12, true, false, NAMES);
}
END_TEST

START_TEST(geo_that_meets_other_scores_turns_plain_and_agrees)
{
    play(13, true, true, NAMES);
}
END_TEST

START_TEST(few_members_agree_with_an_array)
{
    play(14, false, true, 40);
    play(15, true, false, SCOREPACK_MAX);
}
END_TEST

START_TEST(only_whole_scores_of_52_bits_are_geohashes)
{
    ck_assert(zset_is_geohash(0));
    ck_assert(zset_is_geohash(4503599627370495.0));
    ck_assert(!zset_is_geohash(4503599627370496.0));
    ck_assert(!zset_is_geohash(-1));
    ck_assert(!zset_is_geohash(-0.0));
    ck_assert(!zset_is_geohash(0.5));
    ck_assert(!zset_is_geohash((double)INFINITY));
}
END_TEST

START_TEST(more_than_4096_at_one_spot_turn_it_plain)
{
    struct zset *z = zset_new(true);
    for (uint32_t i = 0; i < 5000; i++) {
        char buf[16];
        zset_add(z, name_of(i, buf), 123456789);
        ck_assert((zset_cells(z) != NULL) == (i >= SCOREPACK_MAX && i < 4096));
        ck_assert(zset_is_geo(z) == (i < 4096));
    }
    zset_check(z);
    ck_assert_uint_eq(zset_count(z), 5000);
    ck_assert_uint_eq(zset_below(z, 123456789, true), 5000);
    zset_free(z);
}
END_TEST

START_TEST(encoding_follows_the_thresholds_and_stays_large)
{
    struct zset *z = zset_new(false);
    const struct value *v = zset_value(z);
    char buf[16];
    for (uint32_t i = 0; i < 128; i++)
        zset_add(z, name_of(i, buf), i);
    ck_assert_str_eq(zset_type.encoding(v), "listpack");
    struct zset_at at;
    zset_add(z, name_of(128, buf), 1);
    ck_assert_str_eq(zset_type.encoding(v), "skiplist");
    ck_assert(zset_find(z, name_of(128, buf), &at));
    zset_del(z, at);
    ck_assert_str_eq(zset_type.encoding(v), "skiplist");
    zset_free(z);

    z = zset_new(false);
    char text[65] = {0};
    zset_add(z, slice_make(text, 64), 1);
    ck_assert_str_eq(zset_type.encoding(zset_value(z)), "listpack");
    zset_add(z, slice_make(text, 65), 1);
    ck_assert_str_eq(zset_type.encoding(zset_value(z)), "skiplist");
    zset_free(z);
}
END_TEST

START_TEST(a_copy_is_equal_and_apart)
{
    for (int geo = 0; geo < 2; geo++) {
        struct zset *z = zset_new(geo == 1);
        char buf[16];
        for (uint32_t i = 0; i < 300; i++)
            zset_add(z, name_of(i, buf), i * 1000003.0);
        struct zset *copy = zset_of(zset_type.copy(zset_value(z)));
        zset_check(copy);
        zset_del_range(z, 10, 290);
        ck_assert_uint_eq(zset_count(z), 10);
        ck_assert_uint_eq(zset_count(copy), 300);
        ck_assert((zset_cells(copy) != NULL) == (geo == 1));
        for (uint32_t i = 0; i < 300; i++) {
            struct zset_at at;
            ck_assert(zset_find(copy, name_of(i, buf), &at));
            ck_assert(zset_score(copy, at) == i * 1000003.0);
        }
        zset_free(z);
        zset_free(copy);
    }
}
END_TEST

static uint32_t times(struct slice text, const char *what)
{
    uint32_t n = 0;
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.p + i, what, len) == 0) n++;
    return n;
}

START_TEST(rewrite_says_every_member_and_makes_a_geo_index_again)
{
    struct zset *z = zset_new(true);
    char buf[16];
    for (uint32_t i = 0; i < 200; i++)
        zset_add(z, name_of(i, buf), 1500000000000000.0 + i);
    struct effects out = {.db = -1};
    zset_type.rewrite(zset_value(z), SLICE("k"), &out);
    struct slice text = buf_slice(&out.bytes);
    ck_assert_uint_eq(times(text, "GEOADD"), 1);
    ck_assert_uint_eq(times(text, "ZADD"), 4); /* 64 + 64 + 64 + 7 */
    ck_assert_uint_eq(times(text, "d-"), 200);
    effects_fini(&out);
    zset_free(z);
}
END_TEST

START_TEST(a_driver_takes_less_than_80_bytes)
{
    enum { DRIVERS = 200000 };
    struct rng r;
    rng_init(&r, 5);
    size_t before = mem_used();
    struct zset *z = zset_new(true);
    for (uint32_t i = 0; i < DRIVERS; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "la-driver-%05u", i % 100000);
        if (i >= 100000) name[0] = 'n';
        struct geo_point p = {-118.5 + rng_unit(&r) * 0.6, 33.8 + rng_unit(&r) * 0.5};
        zset_add(z, slice_make(name, (size_t)len), (double)geohash_encode(p));
    }
    double each = (double)(mem_used() - before) / DRIVERS;
    printf("%.1f bytes a driver in blocks, %.1f by MEMORY USAGE\n", each,
           (double)zset_type.memory(zset_value(z), 0) / DRIVERS);
    ck_assert(each < 80 - 8); /* 8: malloc's header of a member */
    zset_free(z);
}
END_TEST

START_TEST(ten_members_take_little_more_than_their_bytes)
{
    struct zset *z = zset_new(false);
    for (uint32_t i = 0; i < 10; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "driver-%08u", i * 7919);
        zset_add(z, slice_make(name, (size_t)len), i * 99991);
    }
    ck_assert_uint_le(zset_type.memory(zset_value(z), 0), 24 + 8 + 10 * (17 + 5) + 16);
    zset_free(z);
}
END_TEST

UNIT_SUITE("zset", plain_agrees_with_an_array, geo_agrees_with_an_array,
           geo_that_meets_other_scores_turns_plain_and_agrees,
           only_whole_scores_of_52_bits_are_geohashes, more_than_4096_at_one_spot_turn_it_plain,
           encoding_follows_the_thresholds_and_stays_large, a_copy_is_equal_and_apart,
           rewrite_says_every_member_and_makes_a_geo_index_again, a_driver_takes_less_than_80_bytes,
           few_members_agree_with_an_array, ten_members_take_little_more_than_their_bytes)
