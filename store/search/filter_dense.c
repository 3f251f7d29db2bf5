/* Frequent words, window by window.
 *
 * Why: two words that stand in most documents meet in most of them, and stepping through two lists,
 * one document at a time, costs more than reading both from end to end. So each list writes how
 * often its word stands in the 4096 documents of a window, and the windows are compared as a
 * whole. That also says, without a look at the document, what a match is worth at most: most
 * matches are counted and never scored.
 *
 *     documents     | 0                   4095 | 4096 ...
 *     "night" times |  2  .  1  .  3  .  ...   |
 *     "airport"     |  1  1  .  .  1  .  ...   |
 *     matches       |  x           x           |
 *
 * The bound of a match is what its words would be worth, as often as they stand in it, in the
 * shortest document of the window. A document's own score, which that is multiplied by, is 1 at most.
 */
#include "filter_inside.h"

#include <endian.h>

enum {
    WINDOW = 4096, /* documents */
    TERMS_MAX = 16,
    TIMES = 256, /* a byte's */
    TOLD = 16,   /* so many times, and more, have one bound */
    COLUMNS_MAX = 16
};

struct dense_term {
    const struct doc_iter *word;
    struct postings_iter at;
    double scale;        /* what the score of the word is multiplied by */
    uint32_t group;      /* a match has a word of every group */
    uint32_t docs;       /* of the window that have it */
    double bound[TIMES]; /* in the window */
    uint8_t times[WINDOW];
};

struct dense_iter {
    struct doc_iter it;
    struct doc_iter *of; /* the same, one document at a time */
    struct dense_term *term[TERMS_MAX];
    struct dense_term *here[TERMS_MAX]; /* those that stand in the window, their bounds computed */
    struct doc_iter *column[COLUMNS_MAX]; /* asked about what has all the words */
    uint32_t term_count, here_count, column_count, group_count;
    uint32_t rarest;  /* of a group: matches */
    uint64_t entries; /* of all lists */
    bool bounds;      /* are known */
    bool filled;
    bool bounded; /* the window's bounds are computed */
    uint32_t base;
    uint32_t docs_end; /* ids are below */
    uint64_t match[WINDOW / 64];
};

/* --- windows --- */

/* Leaves 1 where a document has a word of the group too, 0 elsewhere. */
static void keep_group(const struct dense_iter *d, uint32_t group, uint8_t *has)
{
    uint8_t any[WINDOW] = {0};
    for (uint32_t t = 0; t < d->term_count; t++) {
        if (d->term[t]->group != group || d->term[t]->docs == 0) continue;
        const uint8_t *times = d->term[t]->times;
        for (uint32_t i = 0; i < WINDOW; i += 8) {
            uint64_t a = 0, b = 0;
            memcpy(&a, any + i, sizeof a);
            memcpy(&b, times + i, sizeof b);
            a |= b;
            memcpy(any + i, &a, sizeof a);
        }
    }
    for (uint32_t i = 0; i < WINDOW; i++)
        has[i] &= any[i] != 0;
}

/* Bytes of 0 and 1 as bits. The product moves bit 0 of byte i, counted from the lowest, to bit
 * 56 + i. */
static uint64_t bits_of(const uint8_t *bytes)
{
    uint64_t bits = 0, eight = 0;
    for (uint32_t i = 0; i < 64; i += 8) {
        memcpy(&eight, bytes + i, sizeof eight);
        bits |= le64toh(eight) * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return bits;
}

static void ask_columns(struct dense_iter *d)
{
    for (uint32_t c = 0; c < d->column_count; c++)
        for (uint32_t w = 0; w < WINDOW / 64; w++)
            for (uint64_t left = d->match[w]; left != 0; left &= left - 1) {
                uint32_t doc = d->base + w * 64 + (uint32_t)__builtin_ctzll(left);
                if (!doc_iter_test(d->column[c], doc)) d->match[w] &= ~(left & -left);
            }
}

/* Fills the window that holds `from`. */
static void fill(struct dense_iter *d, uint32_t from)
{
    d->base = from & ~(uint32_t)(WINDOW - 1);
    d->filled = true;
    d->bounded = false;
    /* The last of all ids is none: no window ends behind it. */
    uint32_t end = d->base > UINT32_MAX - WINDOW ? UINT32_MAX : d->base + WINDOW;
    for (uint32_t t = 0; t < d->term_count; t++) {
        struct dense_term *term = d->term[t];
        if (term->docs > 0) memset(term->times, 0, WINDOW);
        term->docs = postings_times(&term->at, d->base, end, term->times);
    }
    uint8_t has[WINDOW];
    memset(has, 1, sizeof has);
    for (uint32_t g = 0; g < d->group_count; g++)
        keep_group(d, g, has);
    for (uint32_t w = 0; w < WINDOW / 64; w++)
        d->match[w] = bits_of(has + (size_t)64 * w);
    ask_columns(d);
}

/* Where the next window begins, if any: the first group has nothing before. */
static uint32_t behind(const struct dense_iter *d)
{
    uint32_t least = DOC_NONE;
    for (uint32_t t = 0; t < d->term_count; t++)
        if (d->term[t]->group == 0 && d->term[t]->at.doc < least) least = d->term[t]->at.doc;
    return least;
}

static bool is_in(const struct dense_iter *d, uint32_t doc)
{
    return d->filled && doc - d->base < WINDOW;
}

/* The first match >= from in the window, or DOC_NONE. */
static uint32_t next_in(const struct dense_iter *d, uint32_t from)
{
    uint32_t at = from - d->base, w = at / 64;
    uint64_t left = d->match[w] & ~UINT64_C(0) << at % 64;
    while (left == 0 && ++w < WINDOW / 64)
        left = d->match[w];
    return left == 0 ? DOC_NONE : d->base + w * 64 + (uint32_t)__builtin_ctzll(left);
}

static uint32_t dense_skip(struct doc_iter *it, uint32_t from)
{
    struct dense_iter *d = (struct dense_iter *)it;
    while (from != DOC_NONE) {
        if (!is_in(d, from)) fill(d, from);
        uint32_t doc = next_in(d, from);
        if (doc != DOC_NONE) return doc;
        from = behind(d);
    }
    return DOC_NONE;
}

static bool dense_test(struct doc_iter *it, uint32_t doc)
{
    return doc_iter_test(((struct dense_iter *)it)->of, doc);
}

static double dense_score(struct doc_iter *it, uint32_t doc)
{
    struct doc_iter *of = ((struct dense_iter *)it)->of;
    return of->kind->score(of, doc);
}

/* --- bounds --- */

static uint32_t shortest(const uint32_t *lengths, uint32_t n)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) { /* documents without the field have none */
        uint32_t length = lengths[i] - 1;
        if (length < least) least = length;
    }
    return least + 1;
}

static void set_bounds(struct dense_iter *d)
{
    uint32_t left = d->docs_end - d->base, n = left < WINDOW ? left : WINDOW;
    d->here_count = 0;
    for (uint32_t t = 0; t < d->term_count; t++) {
        struct dense_term *term = d->term[t];
        if (term->docs == 0) continue;
        d->here[d->here_count++] = term;
        double length = shortest(filter_word_lengths(term->word) + d->base, n);
        /* Sums of bounds and of scores may be rounded differently. */
        double scale = term->scale * (1 + 1e-9);
        for (int times = 1; times < TOLD; times++)
            term->bound[times] = scale * filter_word_bm25(term->word, times, length);
        double most = scale * filter_word_bm25(term->word, 1e12, 0);
        for (int times = TOLD; times < TIMES; times++)
            term->bound[times] = most;
    }
    d->bounded = true;
}

static double bound_of(const struct dense_iter *d, uint32_t at)
{
    double sum = 0;
    for (uint32_t t = 0; t < d->here_count; t++)
        sum += d->here[t]->bound[d->here[t]->times[at]];
    return sum;
}

static uint32_t dense_above(struct doc_iter *it, uint32_t from, double floor, uint64_t *passed)
{
    struct dense_iter *d = (struct dense_iter *)it;
    uint32_t doc = dense_skip(it, from);
    if (doc == DOC_NONE) return doc;
    if (!d->bounded) set_bounds(d);
    for (;;) {
        if (bound_of(d, doc - d->base) > floor) return doc;
        uint32_t next = doc - d->base == WINDOW - 1 ? DOC_NONE : next_in(d, doc + 1);
        if (next == DOC_NONE) return doc; /* so that who asks may look at the clock */
        ++*passed;
        doc = next;
    }
}

static const struct doc_iter_kind dense_kind = {
    .skip = dense_skip, .test = dense_test, .score = dense_score};
static const struct doc_iter_kind dense_bounds_kind = {
    .skip = dense_skip, .test = dense_test, .score = dense_score, .above = dense_above};

struct doc_iter *filter_sparse(struct doc_iter *it)
{
    bool dense = it->kind == &dense_kind || it->kind == &dense_bounds_kind;
    return dense ? ((struct dense_iter *)it)->of : it;
}

/* --- what can be asked so --- */

/* Takes a word, or alternatives of words, into the group; false when it is something else. */
static bool take_words(struct filter *f, struct dense_iter *d, struct doc_iter *it, double scale,
                       uint32_t group, uint64_t *entries)
{
    const struct iter_list *any = filter_or_children(it);
    for (uint32_t i = 0; any != NULL && i < any->cap; i++)
        if (!take_words(f, d, any->v[i], scale * it->weight, group, entries)) return false;
    if (any != NULL) return true;
    const struct postings *p = filter_word_postings(it);
    if (p == NULL || d->term_count == TERMS_MAX) return false;
    struct dense_term *t = arena_alloc(f->arena, sizeof *t);
    t->word = it;
    t->at = postings_begin(p);
    t->scale = scale;
    t->group = group;
    t->docs = 1; /* `times` is to be cleared */
    t->bound[0] = 0;
    d->term[d->term_count++] = t;
    d->bounds = d->bounds && scale >= 0 && it->weight >= 0;
    *entries += p->docs;
    return true;
}

/* Takes conditions that all must hold; false when there are others than words and columns. */
static bool take(struct filter *f, struct dense_iter *d, struct doc_iter *it, double scale)
{
    const struct iter_list *all = filter_and_children(it);
    for (uint32_t i = 0; all != NULL && i < all->n; i++)
        if (!take(f, d, all->v[i], scale * it->weight)) return false;
    if (all != NULL) return true;
    if (it->kind->columnar && !it->scores) {
        if (d->column_count == COLUMNS_MAX) return false;
        d->column[d->column_count++] = it;
        return true;
    }
    uint64_t entries = 0;
    if (!take_words(f, d, it, scale, d->group_count, &entries)) return false;
    d->group_count++;
    d->entries += entries;
    if (entries < d->rarest) d->rarest = (uint32_t)entries;
    return true;
}

struct doc_iter *filter_dense(struct filter *f, struct doc_iter *it)
{
    /* A step in a list costs so many entries read in order, and a window so many steps. */
    enum { STEP = 32, STEPS = 8 };
    uint32_t end = f->x->docs.end;
    if (!it->scores || it->kind->score == NULL) return it;
    struct dense_iter *d = arena_alloc(f->arena, sizeof *d);
    *d = (struct dense_iter){.it = *it, .of = it, .rarest = UINT32_MAX, .docs_end = end};
    d->bounds = f->o->scorer == SCORE_BM25STD;
    if (!take(f, d, it, 1) || d->group_count == 0) return it;
    for (uint32_t c = 0; c < d->column_count; c++)
        if (d->column[c]->estimate < d->rarest / STEPS) return it;
    if (d->entries > (uint64_t)STEP * d->rarest || d->rarest < STEPS * (end / WINDOW + 1))
        return it;
    d->it.kind = d->bounds ? &dense_bounds_kind : &dense_kind;
    return &d->it;
}
