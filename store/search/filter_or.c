/* Filters of alternatives. */
#include "filter_inside.h"

struct or_iter {
    struct doc_iter it;
    struct iter_list of;
    bool best; /* scores by the best, not by the sum */
};

static uint32_t or_skip(struct doc_iter *it, uint32_t from)
{
    struct or_iter *o = (struct or_iter *)it;
    uint32_t least = DOC_NONE;
    for (uint32_t i = 0; i < o->of.n;) {
        struct doc_iter *c = o->of.v[i];
        uint32_t doc = c->doc != DOC_NONE && c->doc >= from ? c->doc : doc_iter_skip(c, from);
        if (doc == DOC_NONE) { /* at its end: it goes behind those that go on */
            o->of.v[i] = o->of.v[--o->of.n];
            o->of.v[o->of.n] = c;
            continue;
        }
        if (doc < least) least = doc;
        i++;
    }
    return least;
}

static bool or_test(struct doc_iter *it, uint32_t doc)
{
    const struct or_iter *o = (const struct or_iter *)it;
    for (uint32_t i = 0; i < o->of.cap; i++)
        if (doc_iter_test(o->of.v[i], doc)) return true;
    return false;
}

static double or_score(struct doc_iter *it, uint32_t doc)
{
    const struct or_iter *o = (const struct or_iter *)it;
    double sum = 0;
    for (uint32_t i = 0; i < o->of.cap; i++) {
        struct doc_iter *c = o->of.v[i];
        if (c->kind->score == NULL) continue;
        bool here = it->doc == doc ? c->doc == doc : doc_iter_test(c, doc);
        if (!here) continue;
        double score = doc_iter_score(c, doc);
        if (!o->best)
            sum += score;
        else if (score > sum)
            sum = score;
    }
    return sum * it->weight;
}

/* Of alternatives that can all be gathered. */
static uint32_t or_gather(struct doc_iter *it, struct arena *arena, uint32_t **out)
{
    const struct or_iter *o = (const struct or_iter *)it;
    uint32_t n = 0;
    size_t room = 0;
    for (uint32_t i = 0; i < o->of.cap; i++)
        room += o->of.v[i]->estimate;
    *out = arena_alloc(arena, (room + 1) * sizeof **out);
    for (uint32_t i = 0; i < o->of.cap; i++) {
        uint32_t *ids = NULL, count = o->of.v[i]->kind->gather(o->of.v[i], arena, &ids);
        if (count > 0) memcpy(*out + n, ids, count * sizeof *ids);
        n += count;
    }
    return ids_sort(*out, n, arena);
}

static uint32_t or_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n)
{
    const struct or_iter *o = (const struct or_iter *)it;
    uint32_t *some = arena_alloc(arena, (n + 1) * sizeof *some), left = 0;
    bool *has = arena_array(arena, n + 1, bool);
    for (uint32_t c = 0; c < o->of.cap; c++) {
        memcpy(some, ids, n * sizeof *ids);
        uint32_t found = doc_iter_keep(o->of.v[c], arena, some, n), at = 0;
        for (uint32_t i = 0; i < n && at < found; i++) {
            if (ids[i] != some[at]) continue;
            has[i] = true;
            at++;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        if (has[i]) ids[left++] = ids[i];
    return left;
}

static const struct doc_iter_kind or_kind = {
    .skip = or_skip, .test = or_test, .score = or_score, .keep = or_keep};
static const struct doc_iter_kind or_gather_kind = {
    .skip = or_skip, .test = or_test, .score = or_score, .gather = or_gather, .keep = or_keep};
static const struct doc_iter_kind or_columns_kind = {
    .skip = or_skip, .test = or_test, .columnar = true, .score = or_score, .keep = or_keep};

/* The one of these that an OR of such alternatives is. */
static const struct doc_iter_kind *or_kind_of(const struct iter_list *l)
{
    bool columnar = true, gathers = true;
    for (uint32_t i = 0; i < l->n; i++) {
        columnar = columnar && l->v[i]->kind->columnar;
        gathers = gathers && l->v[i]->kind->gather != NULL;
    }
    return columnar ? &or_columns_kind : gathers ? &or_gather_kind : &or_kind;
}

struct doc_iter *filter_or(struct filter *f, const struct iter_list *l, double weight)
{
    if (l->n == 0) return filter_none(f);
    if (l->n == 1 && weight == 1) return l->v[0];
    struct or_iter *o = arena_alloc(f->arena, sizeof *o);
    *o = (struct or_iter){.of = *l, .best = f->o->scorer == SCORE_DISMAX};
    o->of.cap = l->n; /* all of them; n are those that are not at their end */
    uint64_t estimate = 0;
    bool scores = false;
    for (uint32_t i = 0; i < l->n; i++) {
        estimate += l->v[i]->estimate;
        scores = scores || l->v[i]->scores;
    }
    o->it = doc_iter_head(or_kind_of(l));
    o->it.scores = scores;
    o->it.weight = weight;
    o->it.estimate = estimate < f->x->docs.count ? (uint32_t)estimate : f->x->docs.count;
    return &o->it;
}

const struct iter_list *filter_or_children(const struct doc_iter *it)
{
    return it->kind->skip == or_skip ? &((const struct or_iter *)it)->of : NULL;
}
