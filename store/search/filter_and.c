/* Filters of conditions that must all hold. */
#include "filter_inside.h"

#include <stdlib.h>

struct and_iter {
    struct doc_iter it;
    struct iter_list of;           /* the rarest first */
    const struct iter_list *words; /* the same as they were said, for distances */
    struct filter_places *places;  /* with slop >= 0: one for each of words */
    struct arena *arena;
    int64_t slop;
    bool in_order;
    bool gathered; /* the rarest part is in `ids`, what columns refuse left out */
    struct id_array ids;
};

/* Whether a part is asked about all that was gathered at once. */
static bool is_asked_at_once(const struct doc_iter *c)
{
    return c->kind->columnar || c->kind->keep != NULL;
}

/* A rarest part that can be taken as a whole is; the others' columns are asked about all of it, what is
 * left is sorted, and then words are asked. */
static void gather(struct and_iter *a)
{
    struct doc_iter *rarest = a->of.v[0];
    uint32_t n = rarest->kind->gather(rarest, a->arena, &a->ids.ids);
    for (uint32_t i = 1; i < a->of.n; i++) {
        struct doc_iter *c = a->of.v[i];
        if (c->kind->columnar) n = doc_iter_keep(c, a->arena, a->ids.ids, n);
    }
    n = ids_sort(a->ids.ids, n, a->arena);
    for (uint32_t i = 1; i < a->of.n; i++) {
        struct doc_iter *c = a->of.v[i];
        if (!c->kind->columnar && is_asked_at_once(c))
            n = doc_iter_keep(c, a->arena, a->ids.ids, n);
    }
    a->ids.n = n;
    a->gathered = true;
}

/* Whether all parts but the rarest have doc; if not, *from is where to go on. */
static bool and_others(struct and_iter *a, uint32_t doc, uint32_t *from)
{
    for (uint32_t i = 1; i < a->of.n; i++) {
        struct doc_iter *c = a->of.v[i];
        if (a->gathered && is_asked_at_once(c)) continue;
        if (c->kind->columnar) {
            if (c->kind->test(c, doc)) continue;
            *from = doc + 1;
            return false;
        }
        uint32_t next = c->doc == doc ? doc : doc_iter_skip(c, doc);
        if (next == doc) continue;
        *from = next;
        return false;
    }
    *from = doc + 1;
    return a->slop < 0 || filter_is_near(a->arena, a->words, a->places, doc, a->slop, a->in_order);
}

static uint32_t and_skip(struct doc_iter *it, uint32_t from)
{
    struct and_iter *a = (struct and_iter *)it;
    if (!a->gathered && a->of.v[0]->kind->gather != NULL) gather(a);
    while (from != DOC_NONE) {
        uint32_t doc = a->gathered ? id_array_skip(&a->ids, from) : doc_iter_skip(a->of.v[0], from);
        if (doc == DOC_NONE || and_others(a, doc, &from)) return doc;
    }
    return DOC_NONE;
}

static bool and_test(struct doc_iter *it, uint32_t doc)
{
    const struct and_iter *a = (const struct and_iter *)it;
    for (uint32_t i = 0; i < a->of.n; i++)
        if (!doc_iter_test(a->of.v[i], doc)) return false;
    return a->slop < 0 || filter_is_near(a->arena, a->words, a->places, doc, a->slop, a->in_order);
}

static double and_score(struct doc_iter *it, uint32_t doc)
{
    const struct and_iter *a = (const struct and_iter *)it;
    double sum = 0;
    for (uint32_t i = 0; i < a->of.n; i++)
        sum += doc_iter_score(a->of.v[i], doc);
    return sum * it->weight;
}

static const struct doc_iter_kind and_kind = {
    .skip = and_skip, .test = and_test, .score = and_score};
static const struct doc_iter_kind and_columns_kind = {
    .skip = and_skip, .test = and_test, .columnar = true, .score = and_score};

static int compare_estimates(const void *a, const void *b)
{
    const struct doc_iter *x = *(struct doc_iter *const *)a, *y = *(struct doc_iter *const *)b;
    return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

struct doc_iter *filter_and(struct filter *f, const struct iter_list *l, double weight,
                            int64_t slop, bool in_order)
{
    if (l->n == 0) return filter_none(f);
    if (l->n == 1 && weight == 1) return l->v[0];
    struct and_iter *a = arena_alloc(f->arena, sizeof *a);
    *a = (struct and_iter){.arena = f->arena, .slop = slop, .in_order = in_order};
    bool columnar = slop < 0, scores = false;
    struct iter_list *words = arena_new(f->arena, struct iter_list);
    *words = *l;
    for (uint32_t i = 0; i < l->n; i++) {
        iter_list_add(f, &a->of, l->v[i]);
        columnar = columnar && l->v[i]->kind->columnar;
        scores = scores || l->v[i]->scores;
    }
    qsort(a->of.v, a->of.n, sizeof a->of.v[0], compare_estimates);
    a->words = words;
    if (slop >= 0) a->places = arena_array(f->arena, l->n, struct filter_places);
    a->it = doc_iter_head(columnar ? &and_columns_kind : &and_kind);
    a->it.estimate = a->of.v[0]->estimate;
    a->it.scores = scores;
    a->it.weight = weight;
    return &a->it;
}

const struct iter_list *filter_and_children(const struct doc_iter *it)
{
    const struct and_iter *a = (const struct and_iter *)it;
    bool joins = it->kind == &and_kind || it->kind == &and_columns_kind;
    return joins && a->slop < 0 ? &a->of : NULL;
}
