#include "ranktree.h"

#include "base/mem.h"
#include "base/must.h"

enum { LEAF_MAX = 64, LEAF_MIN = 16, INNER_MAX = 32, INNER_MIN = 8 };

struct leaf {
    uint32_t n;
    uint32_t cap;
    double scores[]; /* cap of them, and behind them cap members */
};

struct inner {
    uint32_t n;
    uint32_t count[INNER_MAX];
    void *child[INNER_MAX];
    double score[INNER_MAX]; /* of the child's first member */
    struct member *first[INNER_MAX];
};

/* The node that a put split off to the right of the one it went to; child NULL when none. */
struct split {
    void *child;
    uint32_t count;
    double score;
    struct member *first;
};

/* A place in the order. */
struct bound {
    enum { BY_SCORE, BY_KEY, BY_NAME } by;
    bool or_equal;
    double score;
    struct slice name;
    const struct member *self; /* BY_KEY: the member itself if it is in; else NULL */
};

static struct member **members(const struct leaf *l)
{
    return (struct member **)(uintptr_t)(l->scores + l->cap);
}

/* How many of the n ascending scores are < s. No branch depends on the data. */
static uint32_t scores_below(const double *a, uint32_t n, double s)
{
    const double *base = a;
    if (n == 0) return 0;
    while (n > 1) {
        uint32_t half = n / 2;
        base += base[half - 1] < s ? half : 0;
        n -= half;
    }
    return (uint32_t)(base - a) + (base[0] < s ? 1 : 0);
}

static uint32_t scores_upto(const double *a, uint32_t n, double s)
{
    const double *base = a;
    if (n == 0) return 0;
    while (n > 1) {
        uint32_t half = n / 2;
        base += base[half - 1] <= s ? half : 0;
        n -= half;
    }
    return (uint32_t)(base - a) + (base[0] <= s ? 1 : 0);
}

static uint32_t names_before(struct member *const *m, uint32_t from, uint32_t to,
                             const struct bound *b)
{
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        int c = slice_cmp(member_name(m[mid]), b->name);
        if (c < 0 || (c == 0 && b->or_equal))
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Among these equals, how many stand before b. A member that is in is known by its address: the
 * names of the others, each somewhere else in memory, are not read. */
static uint32_t equals_before(struct member *const *m, uint32_t from, uint32_t to,
                              const struct bound *b)
{
    for (uint32_t i = from; b->self != NULL && i < to; i++)
        if (m[i] == b->self) return i + (b->or_equal ? 1 : 0);
    return names_before(m, from, to, b);
}

/* How many of the n ordered entries stand before b. */
static uint32_t before(const double *scores, struct member *const *m, uint32_t n,
                       const struct bound *b)
{
    if (b->by == BY_NAME) return names_before(m, 0, n, b);
    if (b->by == BY_SCORE)
        return b->or_equal ? scores_upto(scores, n, b->score) : scores_below(scores, n, b->score);
    uint32_t lo = scores_below(scores, n, b->score);
    if (lo == n || scores[lo] > b->score) return lo;
    return equals_before(m, lo, scores_upto(scores, n, b->score), b);
}

/* The child in which the boundary b lies. */
static uint32_t inner_find(const struct inner *in, const struct bound *b)
{
    uint32_t i = before(in->score, in->first, in->n, b);
    return i == 0 ? 0 : i - 1;
}

/* Where m is, or (with or_equal) just behind it. */
static struct bound bound_at(const struct member *m, bool or_equal)
{
    return (struct bound){BY_KEY, or_equal, m->u.score, member_name(m), m};
}

/* Where m, which is not in, belongs. */
static struct bound bound_for(const struct member *m)
{
    return (struct bound){BY_KEY, false, m->u.score, member_name(m), NULL};
}

static size_t leaf_size(uint32_t cap)
{
    return sizeof(struct leaf) + cap * (sizeof(double) + sizeof(struct member *));
}

/* l (or NULL) with room for cap entries; l itself is gone. */
static struct leaf *leaf_resize(struct leaf *l, uint32_t cap)
{
    struct leaf *to = mem_alloc(leaf_size(cap));
    to->n = l == NULL ? 0 : l->n;
    to->cap = cap;
    if (to->n > 0) {
        memcpy(to->scores, l->scores, to->n * sizeof(double));
        memcpy(members(to), members(l), to->n * sizeof(struct member *));
    }
    mem_free(l);
    return to;
}

static void leaf_open(struct leaf *l, uint32_t at, double score, struct member *m)
{
    memmove(l->scores + at + 1, l->scores + at, (l->n - at) * sizeof(double));
    memmove(members(l) + at + 1, members(l) + at, (l->n - at) * sizeof(struct member *));
    l->scores[at] = score;
    members(l)[at] = m;
    l->n++;
}

static void leaf_close(struct leaf *l, uint32_t at)
{
    l->n--;
    memmove(l->scores + at, l->scores + at + 1, (l->n - at) * sizeof(double));
    memmove(members(l) + at, members(l) + at + 1, (l->n - at) * sizeof(struct member *));
}

/* Moves the entries of l from `from` on to the end of to, which has room. */
static void leaf_shift(struct leaf *l, uint32_t from, struct leaf *to)
{
    uint32_t n = l->n - from;
    memcpy(to->scores + to->n, l->scores + from, n * sizeof(double));
    memcpy(members(to) + to->n, members(l) + from, n * sizeof(struct member *));
    to->n += n;
    l->n = from;
}

static void inner_open(struct inner *in, uint32_t at, const struct split *s)
{
    uint32_t n = in->n - at;
    memmove(in->count + at + 1, in->count + at, n * sizeof in->count[0]);
    memmove(in->child + at + 1, in->child + at, n * sizeof in->child[0]);
    memmove(in->score + at + 1, in->score + at, n * sizeof in->score[0]);
    memmove(in->first + at + 1, in->first + at, n * sizeof in->first[0]);
    in->count[at] = s->count;
    in->child[at] = s->child;
    in->score[at] = s->score;
    in->first[at] = s->first;
    in->n++;
}

static void inner_close(struct inner *in, uint32_t at)
{
    uint32_t n = --in->n - at;
    memmove(in->count + at, in->count + at + 1, n * sizeof in->count[0]);
    memmove(in->child + at, in->child + at + 1, n * sizeof in->child[0]);
    memmove(in->score + at, in->score + at + 1, n * sizeof in->score[0]);
    memmove(in->first + at, in->first + at + 1, n * sizeof in->first[0]);
}

static void inner_shift(struct inner *in, uint32_t from, struct inner *to)
{
    uint32_t n = in->n - from;
    memcpy(to->count + to->n, in->count + from, n * sizeof in->count[0]);
    memcpy(to->child + to->n, in->child + from, n * sizeof in->child[0]);
    memcpy(to->score + to->n, in->score + from, n * sizeof in->score[0]);
    memcpy(to->first + to->n, in->first + from, n * sizeof in->first[0]);
    to->n += n;
    in->n = from;
}

static uint32_t inner_sum(const struct inner *in)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < in->n; i++)
        sum += in->count[i];
    return sum;
}

static struct leaf *leaf_put(struct leaf *l, struct member *m, struct split *out)
{
    struct bound b = bound_for(m);
    uint32_t at = before(l->scores, members(l), l->n, &b);
    if (l->n < LEAF_MAX) {
        if (l->n == l->cap) l = leaf_resize(l, l->cap * 2);
        leaf_open(l, at, m->u.score, m);
        return l;
    }
    /* At the right edge only the newcomer moves on: growing scores leave full leaves. */
    uint32_t half = at == l->n ? l->n : l->n / 2;
    struct leaf *right = leaf_resize(NULL, LEAF_MAX);
    leaf_shift(l, half, right);
    if (at > half || half == LEAF_MAX)
        leaf_open(right, at - half, m->u.score, m);
    else
        leaf_open(l, at, m->u.score, m);
    *out = (struct split){right, right->n, right->scores[0], members(right)[0]};
    return l;
}

static void *put_below(void *node, uint32_t level, struct member *m, struct split *out)
{
    if (level == 0) return leaf_put(node, m, out);

    struct inner *in = node;
    struct bound b = bound_for(m);
    uint32_t i = before(in->score, in->first, in->n, &b);
    if (i == 0) {
        in->score[0] = m->u.score;
        in->first[0] = m;
    } else {
        i--;
    }
    struct split s = {0};
    in->child[i] = put_below(in->child[i], level - 1, m, &s);
    in->count[i]++;
    if (s.child == NULL) return in;

    in->count[i] -= s.count;
    uint32_t at = i + 1;
    if (in->n < INNER_MAX) {
        inner_open(in, at, &s);
        return in;
    }
    uint32_t half = at == in->n ? in->n : in->n / 2;
    struct inner *right = mem_new(struct inner);
    inner_shift(in, half, right);
    if (at > half || half == INNER_MAX)
        inner_open(right, at - half, &s);
    else
        inner_open(in, at, &s);
    *out = (struct split){right, inner_sum(right), right->score[0], right->first[0]};
    return in;
}

void ranktree_put(struct ranktree *t, struct member *m)
{
    must(t->count < UINT32_MAX - 1);
    must(m->u.score == m->u.score);
    if (t->root == NULL) t->root = leaf_resize(NULL, 4);

    struct split s = {0};
    t->root = put_below(t->root, t->levels, m, &s);
    t->count++;
    if (s.child == NULL) return;

    struct inner *top = mem_new(struct inner);
    struct split left = {t->root, t->count - s.count, 0, NULL};
    if (t->levels == 0) {
        left.score = ((struct leaf *)t->root)->scores[0];
        left.first = members(t->root)[0];
    } else {
        left.score = ((struct inner *)t->root)->score[0];
        left.first = ((struct inner *)t->root)->first[0];
    }
    inner_open(top, 0, &left);
    inner_open(top, 1, &s);
    t->root = top;
    t->levels++;
}

static uint32_t entries(const void *node, uint32_t level)
{
    return level == 0 ? ((const struct leaf *)node)->n : ((const struct inner *)node)->n;
}

/* Reads the first entry of child i again, after that child changed. */
static void inner_refresh(struct inner *in, uint32_t i, uint32_t child_level)
{
    if (child_level == 0) {
        const struct leaf *l = in->child[i];
        in->score[i] = l->scores[0];
        in->first[i] = members(l)[0];
    } else {
        const struct inner *c = in->child[i];
        in->score[i] = c->score[0];
        in->first[i] = c->first[0];
    }
}

/* Joins child i + 1 to child i when both together fill at most 3/4 of a node. */
static bool inner_join(struct inner *in, uint32_t i, uint32_t child_level)
{
    uint32_t sum = entries(in->child[i], child_level) + entries(in->child[i + 1], child_level);
    if (sum > (child_level == 0 ? LEAF_MAX : INNER_MAX) / 4 * 3) return false;
    if (child_level == 0) {
        struct leaf *l = in->child[i];
        if (l->cap < LEAF_MAX) l = leaf_resize(l, LEAF_MAX);
        leaf_shift(in->child[i + 1], 0, l);
        in->child[i] = l;
    } else {
        inner_shift(in->child[i + 1], 0, in->child[i]);
    }
    mem_free(in->child[i + 1]);
    in->count[i] += in->count[i + 1];
    inner_close(in, i + 1);
    inner_refresh(in, i, child_level);
    return true;
}

/* Whether the entry at `at` could have this score where it is: between its neighbours in the leaf,
 * so that nothing else has to know. */
static bool leaf_takes(const struct leaf *l, uint32_t at, double score)
{
    return at > 0 && at + 1 < l->n && l->scores[at - 1] < score && score < l->scores[at + 1];
}

/* Takes m, which stands just before b, out; or, when it is to have another score and can where it
 * is, gives it that and is false. */
static bool del_below(void *node, uint32_t level, const struct bound *b, const struct member *m,
                      const double *other)
{
    if (level == 0) {
        struct leaf *l = node;
        uint32_t at = before(l->scores, members(l), l->n, b);
        must(at > 0);
        at--;
        must(members(l)[at] == m);
        if (other != NULL && leaf_takes(l, at, *other)) {
            l->scores[at] = *other;
            return false;
        }
        leaf_close(l, at);
        return true;
    }
    struct inner *in = node;
    uint32_t i = inner_find(in, b);
    if (!del_below(in->child[i], level - 1, b, m, other)) return false;
    in->count[i]--;
    uint32_t left = entries(in->child[i], level - 1);
    if (left == 0) {
        mem_free(in->child[i]);
        inner_close(in, i);
        return true;
    }
    inner_refresh(in, i, level - 1);
    if (left >= (level == 1 ? LEAF_MIN : INNER_MIN)) return true;
    if (i + 1 < in->n && inner_join(in, i, level - 1)) return true;
    if (i > 0) (void)inner_join(in, i - 1, level - 1);
    return true;
}

/* Takes away root nodes that lead to one child only. */
static void lower_root(struct ranktree *t)
{
    while (t->levels > 0 && ((struct inner *)t->root)->n <= 1) {
        struct inner *top = t->root;
        must(top->n == 1 || t->count == 0);
        t->root = top->n == 1 ? top->child[0] : NULL;
        t->levels = top->n == 1 ? t->levels - 1 : 0;
        mem_free(top);
    }
}

/* As del_below, from the root. */
static bool take(struct ranktree *t, const struct member *m, const double *other)
{
    must(t->count > 0);
    struct bound b = bound_at(m, true);
    if (!del_below(t->root, t->levels, &b, m, other)) return false;
    t->count--;
    lower_root(t);
    return true;
}

void ranktree_del(struct ranktree *t, struct member *m)
{
    (void)take(t, m, NULL);
}

/* ---- cutting ---- */

static struct leaf *cut_leaf(struct leaf *l, uint32_t from, uint32_t n)
{
    struct leaf *gone = leaf_resize(NULL, n);
    memcpy(gone->scores, l->scores + from, n * sizeof(double));
    memcpy(members(gone), members(l) + from, n * sizeof(struct member *));
    gone->n = n;
    uint32_t rest = l->n - from - n;
    memmove(l->scores + from, l->scores + from + n, rest * sizeof(double));
    memmove(members(l) + from, members(l) + from + n, rest * sizeof(struct member *));
    l->n -= n;
    return gone;
}

/* Takes n of the members below node, not all, and gives a node of the same level that holds them. */
static void *cut_below(void *node, uint32_t level, uint32_t from, uint32_t n)
{
    if (level == 0) return cut_leaf(node, from, n);
    struct inner *in = node, *gone = mem_new(struct inner);
    uint32_t kept = 0, left = 0; /* children that stay; those of them that stand before the cut */
    for (uint32_t i = 0; i < in->n; i++) {
        uint32_t have = in->count[i];
        uint32_t skip = from < have ? from : have;
        uint32_t take = n < have - skip ? n : have - skip;
        from -= skip;
        n -= take;
        void *child = in->child[i];
        if (take > 0) {
            gone->child[gone->n] = take < have ? cut_below(child, level - 1, skip, take) : child;
            gone->count[gone->n] = take;
            inner_refresh(gone, gone->n++, level - 1);
        }
        if (take == have) continue;
        in->child[kept] = child;
        in->count[kept] = have - take;
        inner_refresh(in, kept++, level - 1);
        if (skip > 0) left = kept;
    }
    in->n = kept;
    if (left > 0 && left < kept) (void)inner_join(in, left - 1, level - 1);
    return gone;
}

void ranktree_cut(struct ranktree *t, uint32_t from, uint32_t n, struct ranktree *gone)
{
    must(n > 0);
    must(from <= t->count && n <= t->count - from);
    *gone = *t;
    if (n == t->count) {
        *t = (struct ranktree){0};
        return;
    }
    gone->root = cut_below(t->root, t->levels, from, n);
    gone->count = n;
    t->count -= n;
    lower_root(t);
}

bool ranktree_has(const struct ranktree *t, const struct member *m)
{
    if (t->count == 0) return false;
    struct bound b = bound_at(m, true);
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--)
        node = ((const struct inner *)node)->child[inner_find(node, &b)];
    const struct leaf *l = node;
    uint32_t at = before(l->scores, members(l), l->n, &b);
    return at > 0 && members(l)[at - 1] == m;
}

void ranktree_move(struct ranktree *t, struct member *m, double score)
{
    must(score == score);
    bool gone = take(t, m, &score);
    m->u.score = score;
    if (gone) ranktree_put(t, m);
}

static uint32_t rank_of(const struct ranktree *t, const struct bound *b)
{
    if (t->count == 0) return 0;
    uint32_t rank = 0;
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--) {
        const struct inner *in = node;
        uint32_t at = inner_find(in, b);
        for (uint32_t i = 0; i < at; i++)
            rank += in->count[i];
        node = in->child[at];
    }
    const struct leaf *l = node;
    return rank + before(l->scores, members(l), l->n, b);
}

uint32_t ranktree_rank(const struct ranktree *t, const struct member *m)
{
    struct bound b = bound_at(m, false);
    return rank_of(t, &b);
}

uint32_t ranktree_below(const struct ranktree *t, double score, bool or_equal)
{
    return rank_of(t, &(struct bound){BY_SCORE, or_equal, score, {NULL, 0}, NULL});
}

uint32_t ranktree_below_name(const struct ranktree *t, struct slice name, bool or_equal)
{
    return rank_of(t, &(struct bound){BY_NAME, or_equal, 0, name, NULL});
}

/* ---- a look ahead ---- */

const struct leaf *ranktree_ahead(const struct ranktree *t, double score)
{
    enum { LINE = 64, SCORES = LEAF_MAX * sizeof(double) };
    if (t->levels == 0) return NULL;
    struct bound b = {BY_SCORE, true, score, {NULL, 0}, NULL};
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--)
        node = ((const struct inner *)node)->child[inner_find(node, &b)];
    const char *p = node;
    for (uint32_t i = 0; i < SCORES; i += LINE)
        __builtin_prefetch(p + i);
    return node;
}

struct member *const *ranktree_ahead_place(const struct leaf *l, double score)
{
    uint32_t at = scores_below(l->scores, l->n, score);
    struct member *const *place = members(l) + at;
    __builtin_prefetch(place);
    return at < l->n && l->scores[at] == score ? place : NULL;
}

/* The leaf that holds rank, and in *at the entry there. */
static const struct leaf *leaf_of_rank(const struct ranktree *t, uint32_t rank, uint32_t *at)
{
    must(rank < t->count);
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--) {
        const struct inner *in = node;
        uint32_t i = 0;
        while (rank >= in->count[i])
            rank -= in->count[i++];
        node = in->child[i];
    }
    *at = rank;
    return node;
}

struct member *ranktree_at(const struct ranktree *t, uint32_t rank)
{
    uint32_t at = 0;
    const struct leaf *l = leaf_of_rank(t, rank, &at);
    return members(l)[at];
}

void ranktree_each(const struct ranktree *t, uint32_t from, uint32_t n, bool reverse, rank_fn fn,
                   void *data)
{
    if (from >= t->count) return;
    uint32_t most = reverse ? from + 1 : t->count - from;
    if (n > most) n = most;
    while (n > 0) {
        uint32_t at = 0;
        const struct leaf *l = leaf_of_rank(t, from, &at);
        uint32_t run = reverse ? at + 1 : l->n - at;
        if (run > n) run = n;
        for (uint32_t i = 0; i < run; i++)
            __builtin_prefetch(members(l)[reverse ? at - i : at + i]);
        for (uint32_t i = 0; i < run; i++) {
            uint32_t j = reverse ? at - i : at + i;
            if (!fn(members(l)[j], l->scores[j], data)) return;
        }
        n -= run;
        from = reverse ? from - run : from + run;
    }
}

static size_t memory_below(const void *node, uint32_t level)
{
    size_t sum = mem_size(node);
    if (level == 0) return sum;
    const struct inner *in = node;
    for (uint32_t i = 0; i < in->n; i++)
        sum += memory_below(in->child[i], level - 1);
    return sum;
}

size_t ranktree_memory(const struct ranktree *t)
{
    return t->root == NULL ? 0 : memory_below(t->root, t->levels);
}

static void free_below(void *node, uint32_t level)
{
    if (level > 0) {
        struct inner *in = node;
        for (uint32_t i = 0; i < in->n; i++)
            free_below(in->child[i], level - 1);
    }
    mem_free(node);
}

/* Frees what is below node, last child first, and node. False when *n ran out before. */
static bool drain_below(void *node, uint32_t level, uint64_t *n)
{
    if (level > 0) {
        struct inner *in = node;
        for (; in->n > 0; in->n--)
            if (!drain_below(in->child[in->n - 1], level - 1, n)) return false;
    }
    if (*n == 0) return false;
    --*n;
    mem_free(node);
    return true;
}

bool ranktree_drain(struct ranktree *t, uint64_t n)
{
    if (t->root != NULL && !drain_below(t->root, t->levels, &n)) return true;
    *t = (struct ranktree){0};
    return false;
}

/* Gives away what is below node, last first, and frees it. False when *n ran out before. */
static bool unload_below(void *node, uint32_t level, uint64_t *n,
                         void (*fn)(struct member *m, void *data), void *data)
{
    if (level > 0) {
        struct inner *in = node;
        for (; in->n > 0; in->n--)
            if (!unload_below(in->child[in->n - 1], level - 1, n, fn, data)) return false;
    } else {
        for (struct leaf *l = node; l->n > 0; --*n) {
            if (*n == 0) return false;
            l->n--;
            fn(members(l)[l->n], data);
        }
    }
    mem_free(node);
    return true;
}

bool ranktree_unload(struct ranktree *t, uint64_t n, void (*fn)(struct member *m, void *data),
                     void *data)
{
    if (t->root != NULL && !unload_below(t->root, t->levels, &n, fn, data)) return true;
    *t = (struct ranktree){0};
    return false;
}

void ranktree_fini(struct ranktree *t)
{
    if (t == NULL) return;
    if (t->root != NULL) free_below(t->root, t->levels);
    *t = (struct ranktree){0};
}

static uint32_t check_below(const void *node, uint32_t level, const struct member **last)
{
    if (level == 0) {
        const struct leaf *l = node;
        must(l->n <= l->cap);
        must(l->cap <= LEAF_MAX);
        for (uint32_t i = 0; i < l->n; i++) {
            const struct member *m = members(l)[i];
            must(m->u.score == l->scores[i]);
            must(*last == NULL || (*last)->u.score < m->u.score ||
                 ((*last)->u.score == m->u.score && member_cmp(*last, m) < 0));
            *last = m;
        }
        return l->n;
    }
    const struct inner *in = node;
    must(in->n > 0);
    must(in->n <= INNER_MAX);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        const void *child = in->child[i];
        must(entries(child, level - 1) > 0);
        must(in->first[i] ==
             (level == 1 ? members(child)[0] : ((const struct inner *)child)->first[0]));
        must(in->score[i] == in->first[i]->u.score);
        must(check_below(child, level - 1, last) == in->count[i]);
        sum += in->count[i];
    }
    return sum;
}

void ranktree_check(const struct ranktree *t)
{
    const struct member *last = NULL;
    must(t->root != NULL || (t->count == 0 && t->levels == 0));
    if (t->root != NULL) must(check_below(t->root, t->levels, &last) == t->count);
}
