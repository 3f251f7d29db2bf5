#include "store/ds/geosearch.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 100000, NAMES = 3000 };

/* The oracle: a score for each name, looked at one by one. */
struct oracle {
    struct member *m[NAMES];
    uint64_t score[NAMES];
    bool in[NAMES];
    uint32_t n;
};

struct world {
    struct geocells g;
    struct oracle o;
    struct rng r;
    struct arena arena;
};

static void world_init(struct world *w, uint64_t seed)
{
    printf("seed %lu\n", (unsigned long)seed);
    memset(w, 0, sizeof *w);
    geocells_init(&w->g);
    rng_init(&w->r, seed);
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "la-%d", i);
        w->o.m[i] = member_new(slice_make(name, (size_t)len));
    }
}

static void world_fini(struct world *w)
{
    geocells_check(&w->g);
    geocells_fini(&w->g);
    for (int i = 0; i < NAMES; i++)
        member_free(w->o.m[i]);
    arena_fini(&w->arena);
}

/* A place in one of a few cities of very different density, at the seam, or anywhere. */
static struct geo_point place(struct rng *r)
{
    static const struct geo_point city[] = {
        {-118.24, 34.05}, {13.4, 52.52}, {179.99, -17}, {25, 78}};
    uint64_t kind = rng_below(r, 6);
    if (kind == 5) return (struct geo_point){rng_unit(r) * 360 - 180, rng_unit(r) * 170 - 85};
    if (kind == 4) return city[0];
    double size = kind == 0 ? 0.3 : kind == 1 ? 0.002 : kind == 2 ? 0.05 : 1;
    double lon = city[kind].lon + (rng_unit(r) - 0.5) * size;
    return (struct geo_point){lon > 180 ? lon - 360 : lon,
                              city[kind].lat + (rng_unit(r) - 0.5) * size};
}

static bool earlier(const struct oracle *o, uint32_t a, uint32_t b)
{
    if (o->score[a] != o->score[b]) return o->score[a] < o->score[b];
    return member_cmp(o->m[a], o->m[b]) < 0;
}

static uint32_t oracle_rank(const struct oracle *o, uint32_t i)
{
    uint32_t rank = 0;
    for (uint32_t j = 0; j < NAMES; j++)
        if (o->in[j] && earlier(o, j, i)) rank++;
    return rank;
}

struct order {
    struct world *w;
    uint64_t last;
    const struct member *last_m;
    uint32_t seen;
    bool reverse;
};

static bool in_order(struct member *m, uint64_t score, void *data)
{
    struct order *o = data;
    ck_assert_uint_eq(geocells_score(&o->w->g, m), score);
    if (o->seen++ > 0) {
        int c = o->last < score ? -1 : o->last > score ? 1 : member_cmp(o->last_m, m);
        ck_assert(o->reverse ? c > 0 : c < 0);
    }
    o->last = score;
    o->last_m = m;
    return true;
}

static void compare_ranks(struct world *w)
{
    uint32_t i = (uint32_t)rng_below(&w->r, NAMES);
    if (!w->o.in[i]) return;
    uint32_t rank = oracle_rank(&w->o, i);
    ck_assert_uint_eq(geocells_rank(&w->g, w->o.m[i]), rank);
    ck_assert_uint_eq(geocells_score(&w->g, w->o.m[i]), w->o.score[i]);

    uint64_t score = rng_below(&w->r, 2) == 0 ? w->o.score[i] : geohash_encode(place(&w->r));
    uint32_t below = 0;
    uint32_t upto = 0;
    for (uint32_t j = 0; j < NAMES; j++) {
        below += w->o.in[j] && w->o.score[j] < score;
        upto += w->o.in[j] && w->o.score[j] <= score;
    }
    ck_assert_uint_eq(geocells_below(&w->g, score, false), below);
    ck_assert_uint_eq(geocells_below(&w->g, score, true), upto);

    struct order o = {w, 0, NULL, 0, rng_below(&w->r, 2) == 0};
    geocells_each(&w->g, rank, 300, o.reverse, in_order, &o);
    uint32_t most = o.reverse ? rank + 1 : w->o.n - rank;
    ck_assert_uint_eq(o.seen, most < 300 ? most : 300);
}

static int by_distance(const void *a, const void *b)
{
    const struct geo_hit *l = a;
    const struct geo_hit *r = b;
    if (l->dist_m != r->dist_m) return l->dist_m < r->dist_m ? -1 : 1;
    if (l->score != r->score) return l->score < r->score ? -1 : 1;
    return member_cmp(l->member, r->member);
}

static int by_score(const void *a, const void *b)
{
    const struct geo_hit *l = a;
    const struct geo_hit *r = b;
    if (l->score != r->score) return l->score < r->score ? -1 : 1;
    return member_cmp(l->member, r->member);
}

static void same_hits(const struct geo_hits *hits, const struct geo_hit *want, uint32_t n)
{
    ck_assert_uint_eq(hits->n, n);
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_ptr_eq(hits->v[i].member, want[i].member);
        ck_assert(hits->v[i].dist_m == want[i].dist_m);
        ck_assert_uint_eq(hits->v[i].score, want[i].score);
    }
}

static void compare_search(struct world *w)
{
    static struct geo_hit want[NAMES];
    struct geo_shape s = {.at = place(&w->r), .box = rng_below(&w->r, 3) == 0};
    s.radius_m = pow(10, rng_unit(&w->r) * 7.5);
    s.width_m = pow(10, rng_unit(&w->r) * 7.5);
    s.height_m = pow(10, rng_unit(&w->r) * 7.5);
    uint32_t n = 0;
    uint64_t min = 0;
    uint64_t max = GEO_SCORE_MAX + 1;
    if (rng_below(&w->r, 2) == 0) {
        min = geohash_encode(place(&w->r));
        max = min + (GEO_SCORE_MAX >> (2 * rng_below(&w->r, 26)));
    }
    for (uint32_t j = 0; j < NAMES; j++) {
        struct geo_hit hit = {w->o.m[j], w->o.score[j], 0};
        if (w->o.in[j] && geo_shape_has(&s, geohash_decode(hit.score), &hit.dist_m))
            want[n++] = hit;
    }
    uint32_t k = 1 + (uint32_t)rng_below(&w->r, rng_below(&w->r, 2) == 0 ? 10 : NAMES);
    struct geo_hits hits = {.arena = &w->arena};
    geosearch_nearest(&w->g, &s, k, &hits);
    qsort(want, n, sizeof want[0], by_distance);
    same_hits(&hits, want, n < k ? n : k);

    struct geo_hits walk = {.arena = &w->arena};
    geosearch_walk(&w->g, &s, min, max, UINT32_MAX, &walk);
    qsort(want, n, sizeof want[0], by_score);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (want[i].score >= min && want[i].score < max) want[kept++] = want[i];
    same_hits(&walk, want, kept);
    arena_reset(&w->arena);
}

/* The cell that is fetched is the one m moves to, and none is when it stays where it is. */
static void look_ahead(const struct world *w, const struct member *m, uint64_t score)
{
    geocells_ahead_from(&w->g, m);
    const struct geo_cell *own = w->g.cells[m->u.at.cell];
    const struct geo_cell *to = geocells_ahead_to(&w->g, m, score);
    bool stays = (score ^ own->first) >> (52 - own->bits) == 0;
    ck_assert(!stays || to == NULL);
    if (to == NULL) return;
    ck_assert((score ^ to->first) >> (52 - to->bits) == 0);
    geocells_ahead_end(&w->g, m, to);
}

/* What was cut out: not in, until it was given away. */
struct cut {
    struct geocells gone;
    bool leaving[NAMES];
    uint32_t n;
    const struct world *w;
};

static void take_back(struct member *m, void *data)
{
    struct cut *c = data;
    int64_t i = 0;
    ck_assert(slice_i64(slice_from(member_name(m), 3), &i));
    ck_assert_ptr_eq(c->w->o.m[i], m);
    ck_assert(c->leaving[i]);
    c->leaving[i] = false;
    c->n--;
}

static bool leave(struct member *m, uint64_t score, void *data)
{
    struct cut *c = data;
    int64_t i = 0;
    (void)score;
    ck_assert(slice_i64(slice_from(member_name(m), 3), &i));
    c->leaving[i] = true;
    c->n++;
    return true;
}

static void cut_some(struct world *w, struct cut *c)
{
    uint32_t from = (uint32_t)rng_below(&w->r, w->o.n);
    uint32_t n = 1 + (uint32_t)rng_below(&w->r, w->o.n - from);
    geocells_each(&w->g, from, n, false, leave, c);
    ck_assert_uint_eq(c->n, n);
    geocells_cut(&w->g, from, n, &c->gone);
    w->o.n -= n;
    for (uint32_t i = 0; i < NAMES; i++) {
        if (c->leaving[i]) w->o.in[i] = false;
        if (c->leaving[i] || w->o.in[i]) ck_assert(geocells_has(&w->g, w->o.m[i]) == w->o.in[i]);
    }
    geocells_check(&w->g);
}

START_TEST(random_steps_agree_with_looking_at_all)
{
    struct world w;
    world_init(&w, 7);
    struct cut cut = {.w = &w};
    geocells_init(&cut.gone);
    for (uint32_t step = 0; step < STEPS; step++) {
        if (cut.n == 0 && w.o.n > 0 && rng_below(&w.r, 1000) == 0) cut_some(&w, &cut);
        bool more = geocells_unload(&cut.gone, 5, take_back, &cut);
        ck_assert(more || cut.n == 0);
        uint32_t i = (uint32_t)rng_below(&w.r, NAMES);
        if (cut.leaving[i]) {
            ck_assert(!geocells_has(&w.g, w.o.m[i]));
            continue;
        }
        uint64_t score = geohash_encode(place(&w.r));
        bool grow = step / 12500 % 2 == 0;
        if (!w.o.in[i] && (grow || rng_below(&w.r, 4) == 0)) {
            ck_assert(geocells_put(&w.g, w.o.m[i], score));
            w.o.in[i] = true;
            w.o.score[i] = score;
            w.o.n++;
        } else if (w.o.in[i] && !grow) {
            geocells_del(&w.g, w.o.m[i]);
            w.o.in[i] = false;
            w.o.n--;
        } else if (w.o.in[i]) {
            if (rng_below(&w.r, 2) == 0) { /* a small step, as a driver makes */
                struct geo_point p = geohash_decode(w.o.score[i]);
                score =
                    geohash_encode((struct geo_point){p.lon, p.lat + (p.lat > 0 ? -2e-4 : 2e-4)});
            }
            look_ahead(&w, w.o.m[i], score);
            bool same = score == w.o.score[i];
            ck_assert_int_eq(geocells_move(&w.g, w.o.m[i], score), same ? GEO_SAME : GEO_MOVED);
            w.o.score[i] = score;
        }
        ck_assert_uint_eq(w.g.count, w.o.n);
        if (step % 64 == 0) compare_ranks(&w);
        if (step % 32 == 0) compare_search(&w);
        if (step % 512 == 0) geocells_check(&w.g);
    }
    geocells_fini(&cut.gone);
    world_fini(&w);
}
END_TEST

START_TEST(a_spot_that_is_full_refuses_and_changes_nothing)
{
    struct geocells g;
    geocells_init(&g);
    static struct member *m[4200];
    uint32_t in = 0;
    for (uint32_t i = 0; i < 4200; i++) {
        m[i] = member_new(SLICE("x"));
        m[i]->len = 0; /* names need not differ here */
        if (!geocells_put(&g, m[i], 12345678901234)) break;
        in++;
    }
    ck_assert_uint_eq(in, 4096);
    geocells_check(&g);
    ck_assert(geocells_put(&g, m[in], 12345678901235));
    ck_assert_int_eq(geocells_move(&g, m[in], 12345678901234), GEO_FULL);
    ck_assert_uint_eq(geocells_score(&g, m[in]), 12345678901235);
    geocells_check(&g);
    for (uint32_t i = 0; i <= in; i++) {
        geocells_del(&g, m[i]);
        member_free(m[i]);
        if (i % 100 == 0) geocells_check(&g);
    }
    ck_assert_uint_eq(g.count, 0);
    geocells_check(&g);
    geocells_fini(&g);
}
END_TEST

START_TEST(a_cell_of_one_member_finds_it_from_everywhere)
{
    struct world w;
    world_init(&w, 3);
    for (int i = 0; i < 2000; i++) {
        uint64_t score = geohash_encode(place(&w.r));
        ck_assert(geocells_put(&w.g, w.o.m[0], score));
        struct geo_shape s = {.at = place(&w.r), .radius_m = 3e7};
        struct geo_hits hits = {.arena = &w.arena};
        geosearch_nearest(&w.g, &s, 1, &hits);
        ck_assert_uint_eq(hits.n, 1);
        s.radius_m = hits.v[0].dist_m;
        hits.n = 0;
        geosearch_nearest(&w.g, &s, 1, &hits);
        ck_assert_uint_eq(hits.n, 1);
        s.radius_m = nextafter(s.radius_m, 0);
        hits.n = 0;
        geosearch_nearest(&w.g, &s, 1, &hits);
        ck_assert_uint_eq(hits.n, 0);
        geocells_del(&w.g, w.o.m[0]);
        arena_reset(&w.arena);
    }
    world_fini(&w);
}
END_TEST

UNIT_SUITE("geocells", random_steps_agree_with_looking_at_all,
           a_spot_that_is_full_refuses_and_changes_nothing,
           a_cell_of_one_member_finds_it_from_everywhere)
