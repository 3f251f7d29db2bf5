/* Documents by their vectors: the nearest, and those within a radius. They are found when the filter is
 * made; what is left is a list. */
#include "filter_inside.h"

#include "store/search/vectors.h"

#include <stdlib.h>

struct near_iter {
    struct doc_iter it;
    const struct near *by_id;
    const struct near *by_distance;
    uint32_t n;
};

/* The place of the first id >= from. */
static uint32_t place_of(const struct near *by_id, uint32_t n, uint32_t from)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (by_id[mid].id < from)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static uint32_t near_skip(struct doc_iter *it, uint32_t from)
{
    const struct near_iter *near = (const struct near_iter *)it;
    uint32_t at = place_of(near->by_id, near->n, from);
    return at < near->n ? near->by_id[at].id : DOC_NONE;
}

static bool near_test(struct doc_iter *it, uint32_t doc)
{
    return near_skip(it, doc) == doc;
}

/* Nearest first. */
static uint32_t near_page(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out)
{
    const struct near_iter *near = (const struct near_iter *)it;
    uint32_t i = 0;
    for (; i < n && from + i < near->n; i++)
        out[i] = near->by_distance[from + i].id;
    return i;
}

static const struct doc_iter_kind near_kind = {
    .skip = near_skip, .test = near_test, .columnar = true, .page = near_page};

static int by_id(const void *a, const void *b)
{
    const struct near *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

bool vector_hits_find(const struct vector_hits *hits, struct slice name, uint32_t doc, double *out)
{
    for (; hits != NULL; hits = hits->next) {
        uint32_t at = place_of(hits->by_id, hits->n, doc);
        if (!slice_eq(hits->name, name) || at == hits->n || hits->by_id[at].id != doc) continue;
        *out = (double)hits->by_id[at].dist;
        return true;
    }
    return false;
}

/* Makes the distances known under the name that the query gives them. */
static void tell(struct filter *f, const struct query_node *n, const struct near_iter *near)
{
    if (n->distance_as.len == 0 || f->o->vectors == NULL) return;
    struct vector_hits *hits = arena_new(f->arena, struct vector_hits);
    *hits = (struct vector_hits){n->distance_as, near->by_id, near->n, *f->o->vectors};
    *f->o->vectors = hits;
}

static uint32_t find(struct filter *f, const struct query_node *n, struct vectors *v,
                     struct near **out)
{
    if (n->kind == QUERY_VECTOR_RANGE)
        return vectors_within(v, n->vector, (float)n->radius, n->epsilon, f->arena, out);
    const struct query_node *which = n->child[0];
    struct doc_iter *among = which->kind == QUERY_ALL ? NULL : filter_node(f, which, -1);
    uint32_t k = n->k < UINT32_MAX ? (uint32_t)n->k : UINT32_MAX;
    return vectors_nearest(v, n->vector, k, (uint32_t)n->ef_runtime, among, f->arena, out);
}

struct doc_iter *filter_vector(struct filter *f, const struct query_node *n)
{
    const struct search_field *spec = &f->x->schema.fields[n->fields.number[0]];
    size_t size = spec->vector.dim * sizeof(float);
    if (n->vector.len != size) {
        f->error = arena_printf(f->arena,
                                "Error parsing vector similarity query: query vector blob size "
                                "(%zu) does not match index's expected size (%zu).",
                                n->vector.len, size)
                       .p;
    } else if (!vectors_fits(&spec->vector, n->vector)) {
        f->error = "Error parsing vector similarity query: a number in the vector is not finite";
    } else if (n->kind == QUERY_VECTOR_RANGE && !(n->radius >= 0)) {
        f->error = "Error parsing vector similarity query: negative radius given in a range query";
    }
    if (f->error != NULL) return filter_none(f);
    struct near *list = NULL;
    uint32_t count = find(f, n, f->x->fields[n->fields.number[0]].vectors, &list);
    struct near *ids = arena_alloc(f->arena, (count + 1) * sizeof *ids);
    near_sort(list, count);
    if (count > 0) memcpy(ids, list, count * sizeof *ids);
    if (count > 1) qsort(ids, count, sizeof *ids, by_id);
    struct near_iter *near = arena_new(f->arena, struct near_iter);
    *near = (struct near_iter){.it = {.kind = &near_kind, .doc = DOC_NONE, .weight = 1},
                               .by_id = ids,
                               .by_distance = list,
                               .n = count};
    near->it.estimate = count;
    near->it.exact = true;
    tell(f, n, near);
    return &near->it;
}
