/* Filters without text: sets of documents, ranges of numbers. */
#include "filter_inside.h"

#include <math.h>

/* --- ids in an array --- */

uint32_t id_array_skip(struct id_array *a, uint32_t from)
{
    if (a->at >= a->n || a->ids[a->at] > from) a->at = 0;
    uint32_t step = 1, lo = a->at, hi = a->at;
    while (hi < a->n && a->ids[hi] < from) {
        lo = hi + 1;
        hi += step;
        step *= 2;
    }
    if (hi > a->n) hi = a->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (a->ids[mid] < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    a->at = lo;
    return lo < a->n ? a->ids[lo] : DOC_NONE;
}

bool id_array_has(const struct id_array *a, uint32_t id)
{
    uint32_t lo = 0;
    uint32_t hi = a->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (a->ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < a->n && a->ids[lo] == id;
}

/* One pass of a radix sort over eleven bits; false when all are the same there. */
static bool radix_pass(const uint32_t *from, uint32_t *to, uint32_t n, uint32_t shift)
{
    enum { BUCKETS = 2048 };
    uint32_t start[BUCKETS] = {0};
    for (uint32_t i = 0; i < n; i++)
        start[from[i] >> shift & (BUCKETS - 1)]++;
    if (start[from[0] >> shift & (BUCKETS - 1)] == n) return false;
    uint32_t sum = 0;
    for (uint32_t b = 0; b < BUCKETS; b++) {
        uint32_t count = start[b];
        start[b] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++)
        to[start[from[i] >> shift & (BUCKETS - 1)]++] = from[i];
    return true;
}

static void insertion_sort(uint32_t *ids, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t id = ids[i], k = i;
        for (; k > 0 && ids[k - 1] > id; k--)
            ids[k] = ids[k - 1];
        ids[k] = id;
    }
}

static bool ascend(const uint32_t *ids, uint32_t n)
{
    uint32_t i = 1;
    while (i < n && ids[i - 1] < ids[i])
        i++;
    return i >= n;
}

uint32_t ids_sort(uint32_t *ids, uint32_t n, struct arena *arena)
{
    enum { FEW = 48 };
    if (ascend(ids, n)) return n;
    if (n <= FEW) {
        insertion_sort(ids, n);
    } else {
        uint32_t *a = ids, *b = arena_alloc(arena, n * sizeof *b);
        for (uint32_t shift = 0; shift < 32; shift += 11) {
            if (!radix_pass(a, b, n, shift)) continue;
            uint32_t *swap = a;
            a = b;
            b = swap;
        }
        if (a != ids) memcpy(ids, a, n * sizeof *ids);
    }
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || ids[i] != ids[i - 1]) ids[left++] = ids[i];
    return left;
}

struct ids_iter {
    struct doc_iter it;
    struct id_array of;
};

static uint32_t ids_skip(struct doc_iter *it, uint32_t from)
{
    return id_array_skip(&((struct ids_iter *)it)->of, from);
}

static bool ids_test(struct doc_iter *it, uint32_t doc)
{
    return id_array_has(&((struct ids_iter *)it)->of, doc);
}

static uint32_t ids_page(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out)
{
    const struct id_array *a = &((struct ids_iter *)it)->of;
    uint32_t count = from >= a->n ? 0 : a->n - from < n ? a->n - from : n;
    if (count > 0) memcpy(out, a->ids + from, count * sizeof *out);
    return count;
}

static const struct doc_iter_kind ids_kind = {
    .skip = ids_skip, .test = ids_test, .columnar = true, .page = ids_page};

struct doc_iter *filter_ids(struct filter *f, uint32_t *ids, uint32_t n)
{
    struct ids_iter *i = arena_alloc(f->arena, sizeof *i);
    *i = (struct ids_iter){
        .it = {.kind = &ids_kind, .doc = DOC_NONE, .weight = 1, .estimate = n, .exact = true},
        .of = {.ids = ids, .n = n}};
    return &i->it;
}

/* --- sets --- */

struct set_iter {
    struct doc_iter it;
    const struct idset *of;
};

static uint32_t set_skip(struct doc_iter *it, uint32_t from)
{
    return idset_next(((const struct set_iter *)it)->of, from);
}

static bool set_test(struct doc_iter *it, uint32_t doc)
{
    return idset_has(((const struct set_iter *)it)->of, doc);
}

static uint32_t set_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n)
{
    (void)arena;
    return idset_keep(((const struct set_iter *)it)->of, ids, n);
}

static uint32_t set_page(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out)
{
    const struct idset *s = ((const struct set_iter *)it)->of;
    if (from >= s->count) return 0;
    uint32_t count = 0;
    for (uint32_t id = idset_at(s, from); count < n && id != IDSET_NONE; id = idset_next(s, id + 1))
        out[count++] = id;
    return count;
}

static const struct doc_iter_kind set_kind = {
    .skip = set_skip, .test = set_test, .columnar = true, .keep = set_keep, .page = set_page};

struct doc_iter *filter_set(struct filter *f, const struct idset *s)
{
    struct set_iter *i = arena_alloc(f->arena, sizeof *i);
    *i = (struct set_iter){.it = {.kind = &set_kind,
                                  .doc = DOC_NONE,
                                  .weight = 1,
                                  .estimate = s->count,
                                  .exact = true},
                           .of = s};
    return &i->it;
}

struct doc_iter *filter_tags(struct filter *f, const struct query_node *n)
{
    const struct terms *t = &f->x->fields[n->fields.number[0]].terms;
    struct iter_list l = {0};
    for (uint32_t i = 0; i < n->child_count && f->error == NULL; i++) {
        const struct query_node *c = n->child[i];
        if (c->kind == QUERY_TERM) {
            const struct term *term = terms_find(t, c->text);
            if (term != NULL) iter_list_add(f, &l, filter_set(f, &term->docs));
            continue;
        }
        uint32_t count = 0;
        struct term **found = filter_expand(f, t, c, &count);
        for (uint32_t k = 0; k < count; k++)
            iter_list_add(f, &l, filter_set(f, &found[k]->docs));
    }
    return filter_or(f, &l, 1);
}

/* --- numbers --- */

struct range_iter {
    struct doc_iter it;
    const struct field_index *field;
    struct sorted_copy copy;
    double min, max;   /* both included */
    uint32_t from, to; /* ranks */
};

uint32_t sorted_copy_skip(struct sorted_copy *c, struct doc_iter *it, uint32_t from)
{
    if (!c->made) {
        uint32_t n = it->kind->gather(it, c->arena, &c->ids.ids);
        c->ids.n = ids_sort(c->ids.ids, n, c->arena);
        c->made = true;
    }
    return id_array_skip(&c->ids, from);
}

static uint32_t range_skip(struct doc_iter *it, uint32_t from)
{
    return sorted_copy_skip(&((struct range_iter *)it)->copy, it, from);
}

static uint32_t range_gather(struct doc_iter *it, struct arena *arena, uint32_t **out)
{
    const struct range_iter *t = (const struct range_iter *)it;
    uint32_t n = t->to - t->from;
    *out = arena_alloc(arena, (n + 1) * sizeof **out);
    return numtree_copy(&t->field->tree, t->from, n, *out, NULL);
}

/* Without a branch: of many documents nobody can foresee which are in the range. */
static bool in_range(const struct range_iter *t, double v)
{
    return (v >= t->min) & (v <= t->max);
}

/* Whether one of the document's numbers but the first is in the range. */
static bool has_more(const struct range_iter *t, uint32_t doc)
{
    const struct field_index *f = t->field;
    if (f->more == NULL || doc >= f->cap || f->more[doc] == NULL) return false;
    for (uint32_t i = 0; i < f->more[doc]->n; i++)
        if (in_range(t, f->more[doc]->number[i])) return true;
    return false;
}

static bool range_test(struct doc_iter *it, uint32_t doc)
{
    const struct range_iter *t = (const struct range_iter *)it;
    return (doc < t->field->cap && in_range(t, t->field->column[doc])) || has_more(t, doc);
}

static uint32_t range_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n)
{
    (void)arena;
    const struct range_iter *t = (const struct range_iter *)it;
    const struct field_index *f = t->field;
    uint32_t left = 0;
    if (f->more_docs > 0) return doc_iter_sift(it, ids, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t doc = ids[i];
        double v = doc < f->cap ? f->column[doc] : (double)NAN;
        ids[left] = doc;
        left += in_range(t, v);
    }
    return left;
}

static uint32_t range_page(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out)
{
    const struct range_iter *t = (const struct range_iter *)it;
    uint32_t count = t->to - t->from;
    if (from >= count) return 0;
    return numtree_copy(&t->field->tree, t->from + from, count - from < n ? count - from : n, out,
                        NULL);
}

static const struct doc_iter_kind range_kind = {.skip = range_skip,
                                                .test = range_test,
                                                .columnar = true,
                                                .gather = range_gather,
                                                .keep = range_keep,
                                                .page = range_page};

struct doc_iter *filter_range(struct filter *f, const struct query_node *n)
{
    const struct field_index *field = &f->x->fields[n->fields.number[0]];
    struct range_iter *t = arena_alloc(f->arena, sizeof *t);
    *t = (struct range_iter){.it = {.kind = &range_kind, .doc = DOC_NONE, .weight = 1},
                             .field = field,
                             .copy.arena = f->arena,
                             .min = n->min_open ? nextafter(n->min, (double)INFINITY) : n->min,
                             .max = n->max_open ? nextafter(n->max, -(double)INFINITY) : n->max};
    if (!(t->min <= t->max) || (n->min_open && isinf(n->min) && n->min > 0) ||
        (n->max_open && isinf(n->max) && n->max < 0))
        return filter_none(f);
    t->from = numtree_below(&field->tree, t->min, false);
    t->to = numtree_below(&field->tree, t->max, true);
    t->it.estimate = t->to - t->from;
    t->it.exact = field->more_docs == 0;
    return &t->it;
}
