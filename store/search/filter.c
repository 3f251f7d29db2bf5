#include "filter_inside.h"

#include <stdlib.h>

void iter_list_add(struct filter *f, struct iter_list *l, struct doc_iter *it)
{
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 4 : l->cap * 2;
        struct doc_iter **v = arena_alloc(f->arena, l->cap * sizeof(struct doc_iter *));
        if (l->n > 0) memcpy(v, l->v, l->n * sizeof(struct doc_iter *));
        l->v = v;
    }
    l->v[l->n++] = it;
}

/* --- nothing --- */

static uint32_t none_skip(struct doc_iter *it, uint32_t from)
{
    (void)it;
    (void)from;
    return DOC_NONE;
}

static bool none_test(struct doc_iter *it, uint32_t doc)
{
    (void)it;
    (void)doc;
    return false;
}

static uint32_t none_page(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out)
{
    (void)it;
    (void)from;
    (void)n;
    (void)out;
    return 0;
}

static const struct doc_iter_kind none_kind = {
    .skip = none_skip, .test = none_test, .columnar = true, .page = none_page};

struct doc_iter *filter_none(struct filter *f)
{
    struct doc_iter *it = arena_alloc(f->arena, sizeof *it);
    *it = doc_iter_head(&none_kind);
    it->exact = true;
    return it;
}

struct doc_iter *filter_all(struct filter *f)
{
    return filter_set(f, &f->x->docs.live);
}

/* --- NOT --- */

struct not_iter {
    struct doc_iter it;
    struct doc_iter *of;
    const struct docs *docs;
};

static uint32_t not_skip(struct doc_iter *it, uint32_t from)
{
    const struct not_iter *n = (const struct not_iter *)it;
    for (uint32_t doc = from;; doc++) {
        doc = idset_next(&n->docs->live, doc);
        if (doc == IDSET_NONE || !doc_iter_test(n->of, doc)) return doc;
    }
}

static bool not_test(struct doc_iter *it, uint32_t doc)
{
    const struct not_iter *n = (const struct not_iter *)it;
    return docs_has(n->docs, doc) && !doc_iter_test(n->of, doc);
}

static const struct doc_iter_kind not_kind = {.skip = not_skip, .test = not_test};
static const struct doc_iter_kind not_columns_kind = {
    .skip = not_skip, .test = not_test, .columnar = true};

static struct doc_iter *filter_not(struct filter *f, struct doc_iter *of)
{
    struct not_iter *n = arena_alloc(f->arena, sizeof *n);
    *n = (struct not_iter){.it = doc_iter_head(of->kind->columnar ? &not_columns_kind : &not_kind),
                           .of = of,
                           .docs = &f->x->docs};
    n->it.estimate = f->x->docs.count - (of->exact ? of->estimate : 0);
    return &n->it;
}

/* --- OPTIONAL: all documents, some of which score --- */

struct optional_iter {
    struct doc_iter it;
    struct doc_iter *of;
    const struct docs *docs;
};

static uint32_t optional_skip(struct doc_iter *it, uint32_t from)
{
    return idset_next(&((const struct optional_iter *)it)->docs->live, from);
}

static bool optional_test(struct doc_iter *it, uint32_t doc)
{
    return docs_has(((const struct optional_iter *)it)->docs, doc);
}

static double optional_score(struct doc_iter *it, uint32_t doc)
{
    struct doc_iter *of = ((const struct optional_iter *)it)->of;
    return doc_iter_test(of, doc) ? doc_iter_score(of, doc) * it->weight : 0;
}

static const struct doc_iter_kind optional_kind = {
    .skip = optional_skip, .test = optional_test, .columnar = true, .score = optional_score};

static struct doc_iter *filter_optional(struct filter *f, struct doc_iter *of, double weight)
{
    struct optional_iter *o = arena_alloc(f->arena, sizeof *o);
    *o = (struct optional_iter){.it = doc_iter_head(&optional_kind), .of = of, .docs = &f->x->docs};
    o->it.estimate = f->x->docs.count;
    o->it.scores = of->scores;
    o->it.weight = weight;
    return &o->it;
}

/* --- trees --- */

static struct doc_iter *node_and(struct filter *f, const struct query_node *n, int only)
{
    struct iter_list l = {0};
    for (uint32_t i = 0; i < n->child_count && f->error == NULL; i++)
        iter_list_add(f, &l, filter_node(f, n->child[i], only));
    return filter_and(f, &l, n->weight, n->kind == QUERY_EXACT ? 0 : n->slop,
                      n->kind == QUERY_EXACT || n->in_order);
}

/* Words with a distance between them are asked of each field by itself. */
static struct doc_iter *node_near(struct filter *f, const struct query_node *n)
{
    struct iter_list l = {0};
    const struct schema *s = &f->x->schema;
    for (uint32_t i = 0; i < (n->fields.all ? s->field_count : n->fields.n); i++) {
        uint32_t field = n->fields.all ? i : n->fields.number[i];
        if (s->fields[field].kind == FIELD_TEXT && !s->fields[field].noindex)
            iter_list_add(f, &l, node_and(f, n, (int)field));
    }
    return filter_or(f, &l, 1);
}

static struct doc_iter *node_or(struct filter *f, const struct query_node *n, int only)
{
    struct iter_list l = {0};
    for (uint32_t i = 0; i < n->child_count && f->error == NULL; i++) {
        struct doc_iter *it = filter_node(f, n->child[i], only);
        if (it->kind != &none_kind) iter_list_add(f, &l, it);
    }
    return filter_or(f, &l, n->weight);
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static struct doc_iter *node_keys(struct filter *f, const struct query_node *n)
{
    uint32_t *ids = arena_alloc(f->arena, (n->key_count + 1) * sizeof *ids), count = 0;
    for (uint32_t i = 0; i < n->key_count; i++) {
        uint32_t id = docs_find(&f->x->docs, n->keys[i]);
        if (id != DOC_NONE) ids[count++] = id;
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    return filter_ids(f, ids, ids_sort(ids, count, f->arena));
}

struct doc_iter *filter_node(struct filter *f, const struct query_node *n, int only)
{
    switch (n->kind) {
    case QUERY_NONE:
        break;
    case QUERY_ALL:
        return filter_all(f);
    case QUERY_AND:
        if (n->slop >= 0 && only < 0) return node_near(f, n);
        return node_and(f, n, only);
    case QUERY_EXACT:
        return only < 0 ? node_near(f, n) : node_and(f, n, only);
    case QUERY_OR:
        return node_or(f, n, only);
    case QUERY_NOT:
        return filter_not(f, filter_node(f, n->child[0], only));
    case QUERY_OPTIONAL:
        return filter_optional(f, filter_node(f, n->child[0], only), n->weight);
    case QUERY_TERM:
    case QUERY_PREFIX:
    case QUERY_SUFFIX:
    case QUERY_INFIX:
    case QUERY_FUZZY:
    case QUERY_GLOB:
        return filter_word(f, n, only);
    case QUERY_NUMERIC:
        return filter_range(f, n);
    case QUERY_TAG:
        return filter_tags(f, n);
    case QUERY_GEO:
        return filter_place(f, n);
    case QUERY_KEYS:
        return node_keys(f, n);
    case QUERY_KNN:
    case QUERY_VECTOR_RANGE:
        return filter_vector(f, n);
    }
    return filter_none(f);
}

struct doc_iter *filter_new(const struct search_index *x, const struct query_node *root,
                            const struct filter_options *o, struct arena *arena, const char **error)
{
    struct filter f = {.x = x, .o = o, .arena = arena};
    struct doc_iter *it = filter_node(&f, root, -1);
    *error = f.error;
    return f.error == NULL ? filter_dense(&f, it) : NULL;
}

double filter_score(const struct search_index *x, struct doc_iter *it, uint32_t doc)
{
    double own = index_score(x, doc);
    return it->scores ? own * doc_iter_score(it, doc) : own;
}
