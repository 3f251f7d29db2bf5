#include "numtree.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

enum { LEAF_MAX = 64, LEAF_MIN = 16, INNER_MAX = 32, INNER_MIN = 8 };

struct leaf {
    uint32_t n;
    uint32_t ids[LEAF_MAX];
    double numbers[LEAF_MAX];
};

struct inner {
    uint32_t n;
    uint32_t count[INNER_MAX];
    uint32_t first_id[INNER_MAX];
    double first[INNER_MAX];
    void *child[INNER_MAX];
};

static bool before(double a, uint32_t a_id, double b, uint32_t b_id)
{
    return a < b || (a == b && a_id < b_id);
}

/* --- places --- */

/* How many pairs of the leaf stand before (number, id). */
static uint32_t leaf_at(const struct leaf *l, double number, uint32_t id)
{
    uint32_t lo = 0;
    uint32_t hi = l->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (before(l->numbers[mid], l->ids[mid], number, id))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The child that (number, id) belongs to: the last that begins at or before it. */
static uint32_t child_at(const struct inner *in, double number, uint32_t id)
{
    uint32_t lo = 1;
    uint32_t hi = in->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (before(number, id, in->first[mid], in->first_id[mid]))
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo - 1;
}

static uint32_t node_count(const void *node, uint32_t level)
{
    if (level == 0) return ((const struct leaf *)node)->n;
    const struct inner *in = node;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in->n; i++)
        count += in->count[i];
    return count;
}

/* What a parent keeps of its child i. */
static void describe(struct inner *in, uint32_t i, uint32_t level)
{
    const void *child = in->child[i];
    in->count[i] = node_count(child, level - 1);
    if (level == 1) {
        in->first[i] = ((const struct leaf *)child)->numbers[0];
        in->first_id[i] = ((const struct leaf *)child)->ids[0];
    } else {
        in->first[i] = ((const struct inner *)child)->first[0];
        in->first_id[i] = ((const struct inner *)child)->first_id[0];
    }
}

/* Leaves lie anywhere, and are read in all of their lines: these come from memory together. */
static void leaf_prefetch(const struct leaf *l)
{
    enum { LINE = 64 };
    for (size_t at = 0; at < sizeof *l; at += LINE)
        __builtin_prefetch((const char *)l + at);
}

void numtree_expect(const struct numtree *t, double number, uint32_t id)
{
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--)
        node = ((const struct inner *)node)->child[child_at(node, number, id)];
    if (node != NULL) leaf_prefetch(node);
}

/* --- moving what nodes hold --- */

static void leaf_shift(struct leaf *l, uint32_t from, uint32_t to)
{
    memmove(&l->numbers[to], &l->numbers[from], (l->n - from) * sizeof l->numbers[0]);
    memmove(&l->ids[to], &l->ids[from], (l->n - from) * sizeof l->ids[0]);
}

static void leaf_copy(struct leaf *to, uint32_t at, const struct leaf *from, uint32_t i, uint32_t n)
{
    memcpy(&to->numbers[at], &from->numbers[i], n * sizeof to->numbers[0]);
    memcpy(&to->ids[at], &from->ids[i], n * sizeof to->ids[0]);
}

static void inner_shift(struct inner *in, uint32_t from, uint32_t to)
{
    uint32_t n = in->n - from;
    memmove(&in->count[to], &in->count[from], n * sizeof in->count[0]);
    memmove(&in->first_id[to], &in->first_id[from], n * sizeof in->first_id[0]);
    memmove(&in->first[to], &in->first[from], n * sizeof in->first[0]);
    memmove(&in->child[to], &in->child[from], n * sizeof in->child[0]);
}

static void inner_copy(struct inner *to, uint32_t at, const struct inner *from, uint32_t i,
                       uint32_t n)
{
    memcpy(&to->count[at], &from->count[i], n * sizeof to->count[0]);
    memcpy(&to->first_id[at], &from->first_id[i], n * sizeof to->first_id[0]);
    memcpy(&to->first[at], &from->first[i], n * sizeof to->first[0]);
    memcpy(&to->child[at], &from->child[i], n * sizeof to->child[0]);
}

/* Moves n entries from the front of b to the end of a. */
static void move_left(void *a, void *b, uint32_t n, uint32_t level)
{
    if (level == 0) {
        struct leaf *x = a, *y = b;
        leaf_copy(x, x->n, y, 0, n);
        leaf_shift(y, n, 0);
        x->n += n;
        y->n -= n;
        return;
    }
    struct inner *x = a, *y = b;
    inner_copy(x, x->n, y, 0, n);
    inner_shift(y, n, 0);
    x->n += n;
    y->n -= n;
}

/* Moves n entries from the end of a to the front of b. */
static void move_right(void *a, void *b, uint32_t n, uint32_t level)
{
    if (level == 0) {
        struct leaf *x = a, *y = b;
        leaf_shift(y, 0, n);
        leaf_copy(y, 0, x, x->n - n, n);
        x->n -= n;
        y->n += n;
        return;
    }
    struct inner *x = a, *y = b;
    inner_shift(y, 0, n);
    inner_copy(y, 0, x, x->n - n, n);
    x->n -= n;
    y->n += n;
}

static uint32_t fill(const void *node, uint32_t level)
{
    return level == 0 ? ((const struct leaf *)node)->n : ((const struct inner *)node)->n;
}

/* --- put --- */

/* A node that is full gives its upper part to a new one. One that only grows at its end keeps
 * nearly all, so that ascending numbers leave full leaves. */
static void *split(void *node, uint32_t level, bool at_end)
{
    uint32_t n = fill(node, level);
    void *right = level == 0 ? (void *)mem_new(struct leaf) : (void *)mem_new(struct inner);
    move_right(node, right, at_end ? n / 8 : n / 2, level);
    return right;
}

/* Puts the pair below a node that has room; true when the node is full now. */
static bool put_below(void *node, uint32_t level, double number, uint32_t id)
{
    if (level == 0) {
        struct leaf *l = node;
        uint32_t at = leaf_at(l, number, id);
        must(at == l->n || l->numbers[at] != number || l->ids[at] != id);
        leaf_shift(l, at, at + 1);
        l->numbers[at] = number;
        l->ids[at] = id;
        return ++l->n == LEAF_MAX;
    }
    struct inner *in = node;
    uint32_t i = child_at(in, number, id);
    bool full = put_below(in->child[i], level - 1, number, id);
    if (before(number, id, in->first[i], in->first_id[i])) {
        in->first[i] = number;
        in->first_id[i] = id;
    }
    in->count[i]++;
    if (!full) return false;
    inner_shift(in, i + 1, i + 2);
    in->n++;
    in->child[i + 1] = split(in->child[i], level - 1, i + 2 == in->n);
    describe(in, i, level);
    describe(in, i + 1, level);
    return in->n == INNER_MAX;
}

void numtree_put(struct numtree *t, double number, uint32_t id)
{
    must(number == number);
    if (t->root == NULL) t->root = mem_new(struct leaf);
    bool full = put_below(t->root, t->levels, number, id);
    t->count++;
    if (!full) return;
    struct inner *root = mem_new(struct inner);
    root->n = 2;
    root->child[0] = t->root;
    root->child[1] = split(t->root, t->levels, true);
    t->levels++;
    describe(root, 0, t->levels);
    describe(root, 1, t->levels);
    t->root = root;
}

/* --- del --- */

/* Child i of in is nearly empty: evens it out with a neighbour, or becomes one with it. */
static void mend(struct inner *in, uint32_t i, uint32_t level)
{
    uint32_t max = level == 1 ? LEAF_MAX : INNER_MAX;
    uint32_t l = i > 0 ? i - 1 : 0;
    void *left = in->child[l], *right = in->child[l + 1];
    uint32_t a = fill(left, level - 1), b = fill(right, level - 1);
    if (a + b < max * 3 / 4) {
        move_left(left, right, b, level - 1);
        mem_free(right);
        inner_shift(in, l + 2, l + 1);
        in->n--;
        describe(in, l, level);
        return;
    }
    if (a < b)
        move_left(left, right, (b - a) / 2, level - 1);
    else
        move_right(left, right, (a - b) / 2, level - 1);
    describe(in, l, level);
    describe(in, l + 1, level);
}

/* Removes the pair below node; true when the node is nearly empty now. */
static bool del_below(void *node, uint32_t level, double number, uint32_t id)
{
    if (level == 0) {
        struct leaf *l = node;
        uint32_t at = leaf_at(l, number, id);
        must(at < l->n && l->numbers[at] == number && l->ids[at] == id);
        leaf_shift(l, at + 1, at);
        return --l->n < LEAF_MIN;
    }
    struct inner *in = node;
    uint32_t i = child_at(in, number, id);
    bool low = del_below(in->child[i], level - 1, number, id);
    if (low && in->n > 1)
        mend(in, i, level);
    else
        describe(in, i, level);
    return in->n < INNER_MIN;
}

void numtree_del(struct numtree *t, double number, uint32_t id)
{
    must(t->root != NULL);
    (void)del_below(t->root, t->levels, number, id);
    t->count--;
    while (t->levels > 0 && ((struct inner *)t->root)->n == 1) {
        void *child = ((struct inner *)t->root)->child[0];
        mem_free(t->root);
        t->root = child;
        t->levels--;
    }
    if (t->count > 0) return;
    mem_free(t->root);
    *t = (struct numtree){0};
}

/* --- reading --- */

uint32_t numtree_below(const struct numtree *t, double number, bool or_equal)
{
    if (t->root == NULL) return 0;
    /* Ids end below UINT32_MAX, so a place between any pair of this number and the next is
     * (number, UINT32_MAX), and one before all of them (number, 0). */
    uint32_t id = or_equal ? UINT32_MAX : 0;
    uint32_t rank = 0;
    const void *node = t->root;
    for (uint32_t level = t->levels; level > 0; level--) {
        const struct inner *in = node;
        uint32_t i = child_at(in, number, id);
        for (uint32_t k = 0; k < i; k++)
            rank += in->count[k];
        node = in->child[i];
    }
    return rank + leaf_at(node, number, id);
}

struct walk {
    uint32_t skip, left;
    numtree_fn fn;
    void *data;
};

static bool walk(const void *node, uint32_t level, struct walk *w)
{
    if (level == 0) {
        const struct leaf *l = node;
        uint32_t n = l->n - w->skip;
        if (n > w->left) n = w->left;
        w->left -= n;
        bool more = w->fn(&l->numbers[w->skip], &l->ids[w->skip], n, w->data);
        w->skip = 0;
        return more && w->left > 0;
    }
    const struct inner *in = node;
    for (uint32_t i = 0; i < in->n; i++) {
        if (w->skip >= in->count[i]) {
            w->skip -= in->count[i];
            continue;
        }
        bool goes_on = w->left > in->count[i] - w->skip && i + 1 < in->n;
        if (level == 1 && goes_on) leaf_prefetch(in->child[i + 1]);
        if (!walk(in->child[i], level - 1, w)) return false;
    }
    return true;
}

void numtree_each(const struct numtree *t, uint32_t from, uint32_t n, numtree_fn fn, void *data)
{
    struct walk w = {from, n, fn, data};
    if (n > 0 && from < t->count) (void)walk(t->root, t->levels, &w);
}

struct copy {
    uint32_t *ids;
    double *numbers;
    uint32_t n;
};

static bool copy_run(const double *numbers, const uint32_t *ids, uint32_t n, void *data)
{
    struct copy *c = data;
    memcpy(&c->ids[c->n], ids, n * sizeof *ids);
    if (c->numbers != NULL) memcpy(&c->numbers[c->n], numbers, n * sizeof *numbers);
    c->n += n;
    return true;
}

uint32_t numtree_copy(const struct numtree *t, uint32_t from, uint32_t n, uint32_t *ids,
                      double *numbers)
{
    struct copy c = {ids, numbers, 0};
    numtree_each(t, from, n, copy_run, &c);
    return c.n;
}

/* --- all of it --- */

static size_t each_node(void *node, uint32_t level, bool free)
{
    size_t bytes = mem_size(node);
    if (level > 0) {
        const struct inner *in = node;
        for (uint32_t i = 0; i < in->n; i++)
            bytes += each_node(in->child[i], level - 1, free);
    }
    if (free) mem_free(node);
    return bytes;
}

void numtree_fini(struct numtree *t)
{
    if (t->root != NULL) (void)each_node(t->root, t->levels, true);
    *t = (struct numtree){0};
}

size_t numtree_memory(const struct numtree *t)
{
    return t->root == NULL ? 0 : each_node(t->root, t->levels, false);
}

static uint32_t check(const void *node, uint32_t level, bool root, double *last, uint32_t *last_id,
                      bool *any)
{
    if (level == 0) {
        const struct leaf *l = node;
        must(l->n > 0 && l->n < LEAF_MAX);
        must(root || l->n >= LEAF_MAX / 8);
        for (uint32_t i = 0; i < l->n; i++) {
            must(!*any || before(*last, *last_id, l->numbers[i], l->ids[i]));
            *last = l->numbers[i];
            *last_id = l->ids[i];
            *any = true;
        }
        return l->n;
    }
    const struct inner *in = node;
    must(in->n >= (root ? 2 : INNER_MAX / 8) && in->n < INNER_MAX);
    uint32_t count = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        const void *leftmost = in->child[i];
        for (uint32_t k = level - 1; k > 0; k--)
            leftmost = ((const struct inner *)leftmost)->child[0];
        must(((const struct leaf *)leftmost)->numbers[0] == in->first[i]);
        must(((const struct leaf *)leftmost)->ids[0] == in->first_id[i]);
        must(check(in->child[i], level - 1, false, last, last_id, any) == in->count[i]);
        count += in->count[i];
    }
    return count;
}

void numtree_check(const struct numtree *t)
{
    double last = 0;
    uint32_t last_id = 0;
    bool any = false;
    uint32_t count = t->root == NULL ? 0 : check(t->root, t->levels, true, &last, &last_id, &any);
    must(count == t->count);
}
