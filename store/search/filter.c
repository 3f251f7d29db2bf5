#include "filter_inside.h"

#include "base/must.h"

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

static double score_of(struct doc_iter *it, uint32_t doc)
{
    return it->kind->score == NULL ? 0 : it->kind->score(it, doc);
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

static struct doc_iter head(const struct doc_iter_kind *kind)
{
    return (struct doc_iter){.kind = kind, .doc = DOC_NONE, .weight = 1};
}

struct doc_iter *filter_none(struct filter *f)
{
    struct doc_iter *it = arena_alloc(f->arena, sizeof *it);
    *it = head(&none_kind);
    it->exact = true;
    return it;
}

struct doc_iter *filter_all(struct filter *f)
{
    return filter_set(f, &f->x->docs.live);
}

/* --- OR --- */

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
        double score = score_of(c, doc);
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

/* Each alternative is asked about what the ones before have left out. */
static uint32_t or_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n)
{
    const struct or_iter *o = (const struct or_iter *)it;
    uint32_t *rest = arena_alloc(arena, (n + 1) * sizeof *rest), rest_n = n;
    uint32_t *some = arena_alloc(arena, (n + 1) * sizeof *some);
    bool *has = arena_array(arena, n + 1, bool);
    uint32_t *place = arena_alloc(arena, (n + 1) * sizeof *place); /* of each of rest, in ids */
    for (uint32_t i = 0; i < n; i++) {
        rest[i] = ids[i];
        place[i] = i;
    }
    for (uint32_t c = 0; c < o->of.cap && rest_n > 0; c++) {
        memcpy(some, rest, rest_n * sizeof *rest);
        uint32_t found = doc_iter_keep(o->of.v[c], arena, some, rest_n), at = 0, left = 0;
        for (uint32_t i = 0; i < rest_n; i++) {
            bool is = at < found && some[at] == rest[i];
            has[place[i]] = is;
            at += is;
            rest[left] = rest[i];
            place[left] = place[i];
            left += !is;
        }
        rest_n = left;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (has[i]) ids[kept++] = ids[i];
    return kept;
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
    o->it = head(or_kind_of(l));
    o->it.scores = scores;
    o->it.weight = weight;
    o->it.estimate = estimate < f->x->docs.count ? (uint32_t)estimate : f->x->docs.count;
    return &o->it;
}

const struct iter_list *filter_or_children(const struct doc_iter *it)
{
    return it->kind->skip == or_skip ? &((const struct or_iter *)it)->of : NULL;
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
    *n = (struct not_iter){.it = head(of->kind->columnar ? &not_columns_kind : &not_kind),
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
    return doc_iter_test(of, doc) ? score_of(of, doc) * it->weight : 0;
}

static const struct doc_iter_kind optional_kind = {
    .skip = optional_skip, .test = optional_test, .columnar = true, .score = optional_score};

static struct doc_iter *filter_optional(struct filter *f, struct doc_iter *of, double weight)
{
    struct optional_iter *o = arena_alloc(f->arena, sizeof *o);
    *o = (struct optional_iter){.it = head(&optional_kind), .of = of, .docs = &f->x->docs};
    o->it.estimate = f->x->docs.count;
    o->it.scores = of->scores;
    o->it.weight = weight;
    return &o->it;
}

/* --- AND --- */

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
        sum += score_of(a->of.v[i], doc);
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
    a->it = head(columnar ? &and_columns_kind : &and_kind);
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
    return it->scores ? own * score_of(it, doc) : own;
}
