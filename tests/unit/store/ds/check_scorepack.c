#include "store/ds/scorepack.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

enum { STEPS = 100000, NAMES = SCOREPACK_MAX };

struct oracle {
    bool in[NAMES];
    double score[NAMES];
};

/* Words, and integers, which a pack keeps as such. */
static struct slice name_of(uint32_t i, char buf[static 80])
{
    int n = i % 3 == 0 ? snprintf(buf, 80, "%u", i * 77777) : snprintf(buf, 80, "driver-%u", i);
    if (i % 16 == 1) n += snprintf(buf + n, 80 - (size_t)n, "%054u", i);
    return slice_make(buf, (size_t)n);
}

/* Equal ones, whole ones of all widths, and others. */
static double random_score(struct rng *r)
{
    static const double odd[] = {0.0, -0.0, 0.5, -1e300, 9007199254740992.0, 9007199254740994.0};
    switch (rng_below(r, 4)) {
    case 0:
        return (double)rng_below(r, 4);
    case 1:
        return (double)(int64_t)(rng_u64(r) >> rng_below(r, 64)) - 1000;
    case 2:
        return odd[rng_below(r, sizeof odd / sizeof odd[0])];
    default:
        return rng_below(r, 50) == 0 ? -(double)INFINITY : rng_unit(r) - 0.5;
    }
}

static bool earlier(const struct oracle *o, uint32_t a, uint32_t b)
{
    char l[80], r[80];
    if (o->score[a] != o->score[b]) return o->score[a] < o->score[b];
    return slice_cmp(name_of(a, l), name_of(b, r)) < 0;
}

static uint32_t rank_of(const struct oracle *o, uint32_t i)
{
    uint32_t rank = 0;
    for (uint32_t k = 0; k < NAMES; k++)
        if (o->in[k] && earlier(o, k, i)) rank++;
    return rank;
}

struct walk {
    const struct oracle *o;
    uint32_t by_rank[NAMES];
    uint32_t rank;
    bool reverse;
};

static bool is_next(struct slice name, double score, void *data)
{
    struct walk *w = data;
    char buf[80];
    uint32_t i = w->by_rank[w->rank];
    ck_assert(slice_eq(name, name_of(i, buf)));
    ck_assert(score == w->o->score[i]);
    ck_assert(signbit(score) == signbit(w->o->score[i]));
    w->rank += w->reverse ? UINT32_MAX : 1;
    return true;
}

static void compare(const struct pack *k, const struct oracle *o, double score)
{
    struct walk w = {.o = o};
    uint32_t n = 0, below = 0, upto = 0;
    for (uint32_t i = 0; i < NAMES; i++) {
        char buf[80];
        uint32_t at = 0;
        ck_assert(scorepack_find(k, name_of(i, buf), &at) == o->in[i]);
        if (!o->in[i]) continue;
        uint32_t rank = rank_of(o, i);
        ck_assert_uint_eq(scorepack_rank(k, at), rank);
        w.by_rank[rank] = i;
        n++;
        below += o->score[i] < score;
        upto += o->score[i] <= score;
    }
    scorepack_check(k);
    ck_assert_uint_eq(scorepack_count(k), n);
    ck_assert_uint_eq(scorepack_below(k, score, false), below);
    ck_assert_uint_eq(scorepack_below(k, score, true), upto);
    scorepack_each(k, 0, n, false, is_next, &w);
    ck_assert_uint_eq(w.rank, n);
    if (n == 0) return;
    w.reverse = true;
    w.rank = n - 1;
    scorepack_each(k, n - 1, UINT32_MAX, true, is_next, &w);
    ck_assert_uint_eq(w.rank, UINT32_MAX);
}

START_TEST(random_steps_agree_with_an_array)
{
    struct rng r;
    struct pack k = {0};
    struct oracle o = {0};
    rng_init(&r, 77);
    for (uint32_t step = 0; step < STEPS; step++) {
        char buf[80];
        uint32_t i = (uint32_t)rng_below(&r, NAMES), at = 0;
        double score = random_score(&r);
        bool grow = step / 1000 % 2 == 0;
        bool there = scorepack_find(&k, name_of(i, buf), &at);
        ck_assert(there == o.in[i]);
        if (!there && (grow || rng_below(&r, 4) == 0)) {
            scorepack_add(&k, name_of(i, buf), score);
            o.in[i] = true;
            o.score[i] = score;
        } else if (there && rng_below(&r, 2) == 0) {
            scorepack_set(&k, at, score);
            o.score[i] = score;
        } else if (there && !grow) {
            scorepack_del(&k, at);
            o.in[i] = false;
        }
        if (step % 100 == 0) compare(&k, &o, rng_below(&r, 2) == 0 ? score : o.score[i]);
    }
    while (scorepack_count(&k) > 3) {
        uint32_t from = (uint32_t)rng_below(&r, scorepack_count(&k) - 2);
        for (uint32_t i = 0, gone = 0; i < NAMES && gone < 2; i++) {
            uint32_t rank = o.in[i] ? rank_of(&o, i) : 0;
            if (!o.in[i] || rank < from || rank >= from + 2 - gone) continue;
            o.in[i] = false;
            gone++;
            i = UINT32_MAX; /* ranks have changed: from the start */
        }
        scorepack_del_range(&k, from, 2);
        compare(&k, &o, 0);
    }
    pack_fini(&k);
}
END_TEST

START_TEST(ranks_by_name_count_names_below)
{
    struct pack k = {0};
    static const char *const names[] = {"10", "9", "b", "c"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scorepack_add(&k, slice_of(names[i]), 1);
    ck_assert_uint_eq(scorepack_below_name(&k, SLICE("9"), false), 1);
    ck_assert_uint_eq(scorepack_below_name(&k, SLICE("9"), true), 2);
    ck_assert_uint_eq(scorepack_below_name(&k, SLICE("bb"), true), 3);
    ck_assert_uint_eq(scorepack_below_name(&k, SLICE("z"), false), 4);
    pack_fini(&k);
}
END_TEST

UNIT_SUITE("scorepack", random_steps_agree_with_an_array, ranks_by_name_count_names_below)
