#include "run.h"

#include "base/must.h"

#include <math.h>
#include <stdlib.h>

/* --- values --- */

static struct search_value read_document(const struct search_index *x, uint32_t doc,
                                         struct slice path, const struct doc_source *source,
                                         struct arena *arena)
{
    struct search_value v = {0};
    if (source != NULL) source->read(source->data, docs_key(&x->docs, doc), path, arena, &v);
    return v;
}

struct search_value search_read(const struct search_index *x, uint32_t doc, struct slice name,
                                const struct doc_source *source, struct arena *arena)
{
    if (name.len > 0 && name.p[0] == '@') name = slice_from(name, 1);
    int number = schema_find(&x->schema, name);
    if (number < 0) return read_document(x, doc, name, source, arena);
    const struct search_field *spec = &x->schema.fields[number];
    const struct field_index *f = &x->fields[number];
    if (spec->kind == FIELD_NUMERIC) {
        bool has = doc < f->cap && !isnan(f->column[doc]);
        return has ? search_number(f->column[doc]) : (struct search_value){0};
    }
    if (f->sorted != NULL && doc < f->cap)
        return f->sorted[doc].p == NULL ? (struct search_value){0} : search_text(f->sorted[doc]);
    return read_document(x, doc, spec->path, source, arena);
}

/* What a match is sorted by: a distance, or a value of the document. */
static struct search_value sort_key(const struct search_index *x, const struct search_request *r,
                                    const struct search_result *out, uint32_t doc,
                                    struct arena *arena)
{
    double distance = 0;
    if (vector_hits_find(out->vectors, r->order.field, doc, &distance))
        return search_number(distance);
    return search_read(x, doc, r->order.field, r->source, arena);
}

/* --- the best so far: a heap whose root is the worst of them --- */

struct best {
    const struct search_order *order;
    struct search_hit *v;
    uint32_t n, max;
};

/* Whether a comes before b in the results. */
static bool comes_first(const struct search_order *o, const struct search_hit *a,
                        const struct search_hit *b)
{
    if (o->by_value) {
        int d = search_value_cmp(&a->key, &b->key);
        bool missing = a->key.kind == SEARCH_NULL || b->key.kind == SEARCH_NULL;
        if (d != 0) return o->descending && !missing ? d > 0 : d < 0;
    } else if (a->score != b->score) {
        return a->score > b->score;
    }
    return a->doc < b->doc;
}

static void sift_down(struct best *b, uint32_t at)
{
    struct search_hit moved = b->v[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= b->n) break;
        if (child + 1 < b->n && comes_first(b->order, &b->v[child], &b->v[child + 1])) child++;
        if (!comes_first(b->order, &moved, &b->v[child])) break;
        b->v[at] = b->v[child];
        at = child;
    }
    b->v[at] = moved;
}

static void sift_up(struct best *b, uint32_t at)
{
    struct search_hit moved = b->v[at];
    for (; at > 0 && comes_first(b->order, &b->v[(at - 1) / 2], &moved); at = (at - 1) / 2)
        b->v[at] = b->v[(at - 1) / 2];
    b->v[at] = moved;
}

static void best_add(struct best *b, const struct search_hit *hit)
{
    if (b->n < b->max) {
        b->v[b->n++] = *hit;
        sift_up(b, b->n - 1);
    } else if (b->max > 0 && comes_first(b->order, hit, &b->v[0])) {
        b->v[0] = *hit;
        sift_down(b, 0);
    }
}

/* Leaves the hits in order: the worst goes to the end, again and again. */
static void best_sort(struct best *b)
{
    uint32_t n = b->n;
    while (b->n > 1) {
        struct search_hit worst = b->v[0];
        b->v[0] = b->v[--b->n];
        sift_down(b, 0);
        b->v[b->n] = worst;
    }
    b->n = n;
}

/* --- pages that need no walk --- */

static void page_of_ids(const struct search_index *x, const struct search_request *r,
                        const uint32_t *ids, uint32_t n, struct arena *arena,
                        struct search_result *out)
{
    out->hits = arena_alloc(arena, (n + 1) * sizeof out->hits[0]);
    for (uint32_t i = 0; i < n; i++) {
        out->hits[i] = (struct search_hit){.doc = ids[i], .score = index_score(x, ids[i])};
        if (r->order.by_value) out->hits[i].key = sort_key(x, r, out, ids[i], arena);
    }
    out->n = n;
}

static bool page(const struct search_index *x, const struct search_request *r, struct doc_iter *it,
                 struct arena *arena, struct search_result *out)
{
    if (!it->exact || it->kind->page == NULL || r->order.by_value) return false;
    if (it->scores || x->schema.score_field.len > 0) return false;
    uint32_t left = it->estimate > r->offset ? it->estimate - r->offset : 0;
    uint32_t n = r->count < left ? r->count : left;
    uint32_t *ids = arena_alloc(arena, (n + 1) * sizeof *ids);
    n = it->kind->page(it, r->offset, n, ids);
    page_of_ids(x, r, ids, n, arena, out);
    out->total = it->estimate;
    return true;
}

/* A page in the order of a number that every match has once: of the field that the query is a
 * single range of, or of all documents. */
static bool page_by_number(const struct search_index *x, const struct search_request *r,
                           struct doc_iter *it, struct arena *arena, struct search_result *out)
{
    const struct query_node *root = r->root;
    if (!r->order.by_value || !it->exact) return false;
    int number = schema_find(&x->schema, r->order.field);
    if (number < 0 || x->schema.fields[number].kind != FIELD_NUMERIC) return false;
    const struct field_index *f = &x->fields[number];
    if (f->more_docs > 0 || x->schema.fields[number].noindex) return false;
    bool all = root->kind == QUERY_ALL && f->docs == x->docs.count;
    bool same = root->kind == QUERY_NUMERIC && root->fields.number[0] == number;
    if (!all && !same) return false;
    uint32_t first = 0;
    if (same) {
        first = numtree_below(&f->tree, root->min, root->min_open);
    }
    uint32_t total = it->estimate, left = total > r->offset ? total - r->offset : 0;
    uint32_t n = r->count < left ? r->count : left;
    uint32_t from = r->order.descending ? first + total - r->offset - n : first + r->offset;
    uint32_t *ids = arena_alloc(arena, (n + 1) * sizeof *ids);
    if (n > 0) n = numtree_copy(&f->tree, from, n, ids, NULL);
    for (uint32_t i = 0; r->order.descending && i < n / 2; i++) {
        uint32_t swap = ids[i];
        ids[i] = ids[n - 1 - i];
        ids[n - 1 - i] = swap;
    }
    page_of_ids(x, r, ids, n, arena, out);
    out->total = total;
    return true;
}

/* --- everything else --- */

/* The next match that may come among the best. Those that cannot, by what their words are worth
 * at most, are counted only: they come behind all of the same score that were met before. */
static uint32_t next_match(struct doc_iter *it, const struct search_request *r,
                           const struct best *b, struct search_result *out)
{
    if (it->kind->above == NULL || r->order.by_value || b->n < b->max) return doc_iter_next(it);
    double floor = b->n == 0 ? (double)INFINITY : b->v[0].score;
    return it->doc = it->kind->above(it, it->doc + 1, floor, &out->total);
}

static void walk(const struct search_index *x, const struct search_request *r, struct doc_iter *it,
                 struct arena *arena, struct search_result *out)
{
    enum { LOOK_EVERY = 1024 };
    uint64_t most = (uint64_t)r->offset + r->count;
    if (most > x->docs.count) most = x->docs.count;
    struct best b = {.order = &r->order, .max = (uint32_t)most};
    b.v = arena_alloc(arena, (most + 1) * sizeof b.v[0]);
    bool scores = !r->order.by_value || r->scores;
    uint32_t steps = 0;
    for (uint32_t doc = next_match(it, r, &b, out); doc != DOC_NONE;
         doc = next_match(it, r, &b, out)) {
        out->total++;
        if (++steps % LOOK_EVERY == 0 && r->is_over != NULL && r->is_over(r->data)) {
            out->timed_out = true;
            break;
        }
        struct search_hit hit = {.doc = doc};
        if (most == 0) continue;
        if (scores) hit.score = filter_score(x, it, doc);
        if (r->order.by_value) hit.key = sort_key(x, r, out, doc, arena);
        best_add(&b, &hit);
    }
    best_sort(&b);
    out->hits = b.v + (r->offset < b.n ? r->offset : b.n);
    out->n = r->offset < b.n ? b.n - r->offset : 0;
}

const char *search_run(const struct search_index *x, const struct search_request *r,
                       struct arena *arena, struct search_result *out)
{
    const char *error = NULL;
    struct filter_options options = r->filter;
    *out = (struct search_result){0};
    options.vectors = &out->vectors;
    struct doc_iter *it = filter_new(x, r->root, &options, arena, &error);
    if (it == NULL) return error;
    if (!page(x, r, it, arena, out) && !page_by_number(x, r, it, arena, out))
        walk(x, r, it, arena, out);
    return NULL;
}
