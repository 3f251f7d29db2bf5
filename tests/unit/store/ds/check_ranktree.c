#include "store/ds/ranktree.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { STEPS = 100000, NAMES = 600 };

/* The oracle: members in order, found by looking at all of them. */
struct oracle {
    struct member *m[NAMES];
    uint32_t n;
};

static bool earlier(const struct member *a, const struct member *b)
{
    if (a->u.score != b->u.score) return a->u.score < b->u.score;
    return member_cmp(a, b) < 0;
}

static void oracle_put(struct oracle *o, struct member *m)
{
    uint32_t at = o->n++;
    for (; at > 0 && earlier(m, o->m[at - 1]); at--)
        o->m[at] = o->m[at - 1];
    o->m[at] = m;
}

static uint32_t oracle_rank(const struct oracle *o, const struct member *m)
{
    uint32_t at = 0;
    while (o->m[at] != m)
        at++;
    return at;
}

static void oracle_del(struct oracle *o, const struct member *m)
{
    for (uint32_t at = oracle_rank(o, m); at + 1 < o->n; at++)
        o->m[at] = o->m[at + 1];
    o->n--;
}

struct expect {
    const struct oracle *o;
    uint32_t at;
    bool reverse;
    uint32_t seen;
};

static bool same_order(struct member *m, double score, void *data)
{
    struct expect *e = data;
    ck_assert_ptr_eq(m, e->o->m[e->at]);
    ck_assert(score == m->u.score);
    e->at += e->reverse ? UINT32_MAX : 1;
    e->seen++;
    return true;
}

/* The place that is fetched holds m's score: m itself when no other has that score. */
static void look_ahead(const struct ranktree *t, const struct member *m)
{
    const struct leaf *l = ranktree_ahead(t, m->u.score);
    ck_assert_int_eq(l == NULL, t->levels == 0);
    if (l == NULL) return;
    struct member *const *place = ranktree_ahead_place(l, m->u.score);
    ck_assert_ptr_nonnull(place);
    ck_assert((*place)->u.score == m->u.score);
}

static void compare(const struct ranktree *t, const struct oracle *o, struct rng *r, double scores)
{
    double score = (double)rng_below(r, (uint64_t)scores + 2) - 1;
    uint32_t below = 0;
    uint32_t upto = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        below += o->m[i]->u.score < score;
        upto += o->m[i]->u.score <= score;
    }
    ck_assert_uint_eq(ranktree_below(t, score, false), below);
    ck_assert_uint_eq(ranktree_below(t, score, true), upto);
    if (o->n == 0) return;
    uint32_t rank = (uint32_t)rng_below(r, o->n);
    ck_assert_ptr_eq(ranktree_at(t, rank), o->m[rank]);
    ck_assert_uint_eq(ranktree_rank(t, o->m[rank]), rank);
    look_ahead(t, o->m[rank]);
    struct expect e = {o, rank, rng_below(r, 2) == 0, 0};
    uint32_t want = (uint32_t)rng_below(r, 200);
    uint32_t most = e.reverse ? rank + 1 : o->n - rank;
    ranktree_each(t, rank, want, e.reverse, same_order, &e);
    ck_assert_uint_eq(e.seen, want < most ? want : most);
}

/* What was cut out: not in, until it was given away. */
struct cut {
    struct ranktree gone;
    struct member *m[NAMES];
    uint32_t n, given;
};

static void take_back(struct member *m, void *data)
{
    struct cut *c = data;
    bool one_of_them = false;
    for (uint32_t i = 0; i < c->n; i++)
        one_of_them |= c->m[i] == m;
    ck_assert(one_of_them);
    c->given++;
}

static void cut_some(struct ranktree *t, struct oracle *o, struct rng *r, struct cut *c)
{
    uint32_t from = (uint32_t)rng_below(r, o->n);
    c->n = 1 + (uint32_t)rng_below(r, o->n - from);
    c->given = 0;
    memcpy(c->m, o->m + from, c->n * sizeof(struct member *));
    memmove(o->m + from, o->m + from + c->n, (o->n - from - c->n) * sizeof(struct member *));
    o->n -= c->n;
    ranktree_cut(t, from, c->n, &c->gone);
    ranktree_check(t);
    ranktree_check(&c->gone);
    for (uint32_t i = 0; i < c->n; i++)
        ck_assert(!ranktree_has(t, c->m[i]));
    for (uint32_t i = 0; i < o->n; i++)
        ck_assert(ranktree_has(t, o->m[i]));
}

static void play(uint64_t seed, double scores)
{
    printf("seed %lu\n", (unsigned long)seed);
    struct rng r;
    rng_init(&r, seed);
    struct ranktree t = {0};
    struct oracle o = {0};
    struct member *all[NAMES];
    bool in[NAMES] = {0};
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "m%d", i);
        all[i] = member_new(slice_make(name, (size_t)len));
    }
    struct cut cut = {.n = 0};
    for (uint32_t step = 0; step < STEPS; step++) {
        if (cut.n == 0 && o.n > 0 && rng_below(&r, 500) == 0) cut_some(&t, &o, &r, &cut);
        if (cut.n > 0 && !ranktree_unload(&cut.gone, 5, take_back, &cut)) {
            ck_assert_uint_eq(cut.given, cut.n);
            for (int k = 0; k < NAMES; k++)
                for (uint32_t g = 0; in[k] && g < cut.n; g++)
                    in[k] = all[k] != cut.m[g];
            cut.n = 0;
        }
        uint32_t i = (uint32_t)rng_below(&r, NAMES);
        bool leaving = false;
        for (uint32_t g = 0; g < cut.n; g++)
            leaving |= all[i] == cut.m[g];
        if (leaving) continue;
        bool grow = step / 5000 % 2 == 0;
        double score = (double)rng_below(&r, (uint64_t)scores);
        if (!in[i] && (grow || rng_below(&r, 3) == 0)) {
            all[i]->u.score = score;
            ranktree_put(&t, all[i]);
            oracle_put(&o, all[i]);
            in[i] = true;
        } else if (in[i] && !grow) {
            ranktree_del(&t, all[i]);
            oracle_del(&o, all[i]);
            in[i] = false;
        } else if (in[i]) {
            if (rng_below(&r, 2) == 0) score = all[i]->u.score + (rng_unit(&r) - 0.5) / 4;
            oracle_del(&o, all[i]);
            ranktree_move(&t, all[i], score);
            oracle_put(&o, all[i]);
        }
        ck_assert_uint_eq(t.count, o.n);
        if (step % 16 == 0) compare(&t, &o, &r, scores);
        if (step % 256 == 0) ranktree_check(&t);
    }
    ranktree_check(&t);
    ranktree_fini(&t);
    ranktree_fini(&cut.gone);
    for (int i = 0; i < NAMES; i++)
        member_free(all[i]);
}

START_TEST(random_steps_agree_with_a_sorted_array)
{
    play(1, 1000000);
}
END_TEST

START_TEST(random_steps_with_many_equal_scores_agree)
{
    play(2, 5);
}
END_TEST

START_TEST(names_of_one_score_are_found_by_name)
{
    struct ranktree t = {0};
    struct member *m[1000];
    for (int i = 0; i < 1000; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "%04d", i * 2);
        m[i] = member_new(slice_make(name, (size_t)len));
        ranktree_put(&t, m[i]);
    }
    for (int i = 0; i < 2000; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "%04d", i);
        struct slice s = slice_make(name, (size_t)len);
        ck_assert_uint_eq(ranktree_below_name(&t, s, false), (uint32_t)(i + 1) / 2);
        ck_assert_uint_eq(ranktree_below_name(&t, s, true), (uint32_t)i / 2 + 1);
    }
    ranktree_fini(&t);
    for (int i = 0; i < 1000; i++)
        member_free(m[i]);
}
END_TEST

START_TEST(growing_scores_leave_full_leaves)
{
    struct ranktree t = {0};
    static struct member *m[64000];
    for (int i = 0; i < 64000; i++) {
        m[i] = member_new(SLICE("x"));
        m[i]->u.score = i;
        ranktree_put(&t, m[i]);
    }
    ranktree_check(&t);
    ck_assert_uint_lt(ranktree_memory(&t), 64000 * 18);
    for (int i = 0; i < 64000; i++) {
        ranktree_del(&t, m[i]);
        member_free(m[i]);
    }
    ranktree_check(&t);
    ranktree_fini(&t);
}
END_TEST

START_TEST(long_names_keep_their_length)
{
    char text[70000];
    memset(text, 'q', sizeof text);
    const size_t lens[] = {0, 1, 254, 255, 256, 70000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct member *m = member_new(slice_make(text, lens[i]));
        ck_assert(slice_eq(member_name(m), slice_make(text, lens[i])));
        member_free(m);
    }
}
END_TEST

UNIT_SUITE("ranktree", random_steps_agree_with_a_sorted_array,
           random_steps_with_many_equal_scores_agree, names_of_one_score_are_found_by_name,
           growing_scores_leave_full_leaves, long_names_keep_their_length)
