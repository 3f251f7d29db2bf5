/* Filters of text: words, phrases, beginnings of words; and what they are worth. */
#include "filter_inside.h"

#include "base/must.h"
#include "store/search/fuzzy.h"

#include <math.h>
#include <stdlib.h>

struct term_iter {
    struct doc_iter it;
    struct postings_iter at;    /* where the iterator stands */
    struct postings_iter probe; /* where it was last asked about a document */
    const struct field_index *field;
    enum search_scorer scorer;
    struct slice name;
    double idf, length_avg;
};

static uint32_t term_skip(struct doc_iter *it, uint32_t from)
{
    return postings_skip(&((struct term_iter *)it)->at, from);
}

static bool term_test(struct doc_iter *it, uint32_t doc)
{
    return postings_skip(&((struct term_iter *)it)->probe, doc) == doc;
}

/* The entry of a document that has the word. */
static const struct postings_iter *entry_of(struct term_iter *t, uint32_t doc)
{
    if (t->at.doc == doc) return &t->at;
    (void)postings_skip(&t->probe, doc);
    return t->probe.doc == doc ? &t->probe : NULL;
}

#define K1 1.2

static inline double term_bm25(const struct term_iter *t, double times, double length)
{
    return t->it.weight * t->idf * times * (K1 + 1) /
           (times + K1 * (0.25 + 0.75 * length / t->length_avg));
}

static double term_score(struct doc_iter *it, uint32_t doc)
{
    struct term_iter *t = (struct term_iter *)it;
    const struct postings_iter *e = entry_of(t, doc);
    if (e == NULL) return 0;
    double times = e->times;
    switch (t->scorer) {
    case SCORE_BM25STD:
        return term_bm25(t, times, t->field->lengths[doc]);
    case SCORE_BM25:
        return it->weight * t->idf * times / (times + K1 * (0.5 + 0.5 * t->length_avg));
    case SCORE_TFIDF:
        return it->weight * t->idf * times / t->field->terms_of[doc]->most;
    case SCORE_TFIDF_DOCNORM:
        return it->weight * t->idf * times / t->field->lengths[doc];
    case SCORE_DISMAX:
        return it->weight * times;
    case SCORE_DOCSCORE:
        return 1;
    }
    return 0;
}

static uint32_t term_gather(struct doc_iter *it, struct arena *arena, uint32_t **out)
{
    const struct postings *p = ((const struct term_iter *)it)->at.of;
    *out = arena_alloc(arena, (p->docs + 1) * sizeof **out);
    return postings_copy(p, *out);
}

static uint32_t term_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n)
{
    (void)arena;
    return postings_keep(((const struct term_iter *)it)->at.of, ids, n);
}

static const struct doc_iter_kind term_kind = {.skip = term_skip,
                                               .test = term_test,
                                               .score = term_score,
                                               .gather = term_gather,
                                               .keep = term_keep};

const struct postings *filter_word_postings(const struct doc_iter *it)
{
    return it->kind == &term_kind ? ((const struct term_iter *)it)->at.of : NULL;
}

const uint32_t *filter_word_lengths(const struct doc_iter *it)
{
    return ((const struct term_iter *)it)->field->lengths;
}

struct slice filter_word_explain(struct doc_iter *it, uint32_t doc, struct arena *arena)
{
    struct term_iter *t = (struct term_iter *)it;
    double score = term_score(it, doc);
    const struct postings_iter *e = entry_of(t, doc);
    uint32_t times = e == NULL ? 0 : e->times;
    if (t->scorer == SCORE_BM25STD)
        return arena_printf(
            arena,
            "%.*s: (%.2f = Weight %.2f * IDF %.2f * (F %u * (k1 1.2 + 1)) / (F %u + k1 1.2 * "
            "(1 - b 0.75 + b 0.75 * Doc Len %u / Average Doc Len %.2f)))",
            (int)t->name.len, t->name.p, score, it->weight, t->idf, times, times,
            t->field->lengths[doc], t->length_avg);
    return arena_printf(arena, "%.*s: (%.2f of Weight %.2f, TF %u, IDF %.2f)", (int)t->name.len,
                        t->name.p, score, it->weight, times, t->idf);
}

double filter_word_bm25(const struct doc_iter *it, double times, double length)
{
    return term_bm25((const struct term_iter *)it, times, length);
}

static double idf_of(enum search_scorer scorer, double docs, double with)
{
    if (scorer == SCORE_BM25STD) return log(1 + (docs - with + 0.5) / (with + 0.5));
    return floor(log2(1 + docs / with));
}

static struct doc_iter *filter_term(struct filter *f, uint32_t field, const struct term *term,
                                    double weight)
{
    const struct field_index *in = &f->x->fields[field];
    struct term_iter *t = arena_alloc(f->arena, sizeof *t);
    *t = (struct term_iter){.it = {.kind = &term_kind,
                                   .doc = DOC_NONE,
                                   .weight = weight * f->x->schema.fields[field].weight,
                                   .estimate = term->postings.docs,
                                   .exact = true,
                                   .scores = f->o->scorer != SCORE_DOCSCORE},
                            .at = postings_begin(&term->postings),
                            .probe = postings_begin(&term->postings),
                            .field = in,
                            .scorer = f->o->scorer,
                            .name = term_name(term),
                            .idf = idf_of(f->o->scorer, f->x->docs.count, term->postings.docs),
                            .length_avg = (double)in->length / in->docs};
    return &t->it;
}

/* --- words that stand for several --- */

struct expanding {
    const struct query_node *n;
    struct term **v;
    uint32_t count, max;
    uint32_t looked;
    struct slice prefix;
    const struct terms *terms;
};

enum { LOOKED_MAX = 1 << 20 }; /* names that one part of a query looks at */

/* Stems, and groups of synonyms. Words cannot begin so, and tags that do are few. */
static bool is_stem(struct slice name)
{
    return name.len > 0 && (name.p[0] == '+' || name.p[0] == '~');
}

static bool contains(struct slice s, struct slice part)
{
    return part.len == 0 || memmem(s.p, s.len, part.p, part.len) != NULL;
}

static bool fits(const struct query_node *n, struct slice name)
{
    struct slice t = n->text;
    if (n->kind == QUERY_PREFIX) return slice_starts(name, t);
    if (n->kind == QUERY_INFIX) return contains(name, t);
    if (n->kind == QUERY_GLOB) return slice_glob(t, name, false);
    must(n->kind == QUERY_SUFFIX);
    return name.len >= t.len && slice_starts(slice_from(name, name.len - t.len), t);
}

static bool expand_one(struct term *t, void *data)
{
    struct expanding *e = data;
    struct slice name = term_name(t);
    if (e->prefix.len > 0 && !slice_starts(name, e->prefix)) return false;
    bool stem = is_stem(name) && !is_stem(e->n->text);
    if (!stem && fits(e->n, name)) e->v[e->count++] = t;
    return e->count < e->max && ++e->looked < LOOKED_MAX;
}

static bool fuzzy_one(void *to, struct slice name)
{
    struct expanding *e = to;
    bool stem = is_stem(name) && !is_stem(e->n->text);
    if (!stem) e->v[e->count++] = terms_find(e->terms, name);
    return e->count < e->max;
}

static bool seek_term(void *data, struct slice from, struct slice *name)
{
    return terms_seek(data, from, name);
}

struct term **filter_expand(struct filter *f, const struct terms *t, const struct query_node *n,
                            uint32_t *count)
{
    struct expanding e = {.n = n, .max = f->o->expansions_max, .terms = t};
    if (e.max > terms_count(t)) e.max = terms_count(t);
    e.v = arena_alloc(f->arena, (e.max + 1) * sizeof(struct term *));
    if (n->kind == QUERY_PREFIX) e.prefix = n->text;
    if (n->kind == QUERY_GLOB) { /* what stands before the first sign */
        size_t plain = 0;
        while (plain < n->text.len && strchr("*?[\\", n->text.p[plain]) == NULL)
            plain++;
        e.prefix = slice_make(n->text.p, plain);
    }
    const struct fuzzy_dictionary d = {seek_term, (void *)(uintptr_t)t};
    if (e.max > 0 && n->kind == QUERY_FUZZY)
        (void)fuzzy_each(&d, n->text, n->distance, LOOKED_MAX, fuzzy_one, &e);
    else if (e.max > 0 && n->text.len > 0)
        terms_each(t, e.prefix, expand_one, &e);
    *count = e.count;
    return e.v;
}

struct doc_iter *filter_word(struct filter *f, const struct query_node *n, int only)
{
    const struct schema *s = &f->x->schema;
    struct iter_list l = {0};
    uint16_t one = (uint16_t)only;
    const struct query_fields in = only < 0 ? n->fields : (struct query_fields){&one, 1, false};
    for (uint32_t i = 0; i < (in.all ? s->field_count : in.n); i++) {
        uint32_t field = in.all ? i : in.number[i];
        if (s->fields[field].kind != FIELD_TEXT || field >= f->x->field_count) continue;
        const struct terms *t = &f->x->fields[field].terms;
        if (n->kind == QUERY_TERM) {
            const struct term *term = terms_find(t, n->text);
            if (term != NULL) iter_list_add(f, &l, filter_term(f, field, term, n->weight));
            continue;
        }
        uint32_t count = 0;
        struct term **found = filter_expand(f, t, n, &count);
        for (uint32_t k = 0; k < count; k++)
            iter_list_add(f, &l, filter_term(f, field, found[k], n->weight));
    }
    return filter_or(f, &l, 1);
}

/* --- distances --- */

enum { PLACES_MAX = 1 << 16 };

static void add_places(struct doc_iter *it, uint32_t doc, struct arena *arena,
                       struct filter_places *p)
{
    const struct iter_list *alternatives = filter_or_children(it);
    if (alternatives != NULL) {
        for (uint32_t i = 0; i < alternatives->cap; i++)
            if (doc_iter_test(alternatives->v[i], doc))
                add_places(alternatives->v[i], doc, arena, p);
        return;
    }
    if (it->kind != &term_kind) return;
    const struct postings_iter *e = entry_of((struct term_iter *)it, doc);
    if (e == NULL) return;
    uint32_t room = e->times < PLACES_MAX ? e->times : PLACES_MAX;
    if (p->n + room > p->cap) {
        p->cap = 2 * (p->n + room);
        uint32_t *at = arena_alloc(arena, p->cap * sizeof *at);
        if (p->n > 0) memcpy(at, p->at, p->n * sizeof *at);
        p->at = at;
    }
    p->n += postings_positions(e, p->at + p->n, room);
}

/* Each place of the first, and the next of each other behind it. */
static bool near_in_order(struct filter_places *p, uint32_t n, int64_t slop)
{
    for (; p[0].i < p[0].n; p[0].i++) {
        uint32_t first = p[0].at[p[0].i], last = first;
        for (uint32_t k = 1; k < n; k++) {
            while (p[k].i < p[k].n && p[k].at[p[k].i] <= last)
                p[k].i++;
            if (p[k].i == p[k].n) return false;
            last = p[k].at[p[k].i];
        }
        if ((int64_t)last - first - (n - 1) <= slop) return true;
    }
    return false;
}

/* The least window with one place of each: the first of them moves on until one has none. */
static bool near_anyhow(struct filter_places *p, uint32_t n, int64_t slop)
{
    for (;;) {
        uint32_t first = 0, last = 0;
        for (uint32_t k = 0; k < n; k++) {
            if (p[k].at[p[k].i] < p[first].at[p[first].i]) first = k;
            if (p[k].at[p[k].i] > p[last].at[p[last].i]) last = k;
        }
        if ((int64_t)p[last].at[p[last].i] - p[first].at[p[first].i] - (n - 1) <= slop) return true;
        if (++p[first].i == p[first].n) return false;
    }
}

bool filter_is_near(struct arena *arena, const struct iter_list *l, struct filter_places *p,
                    uint32_t doc, int64_t slop, bool in_order)
{
    for (uint32_t k = 0; k < l->n; k++) {
        p[k].n = p[k].i = 0;
        add_places(l->v[k], doc, arena, &p[k]);
        p[k].n = ids_sort(p[k].at, p[k].n, arena);
        if (p[k].n == 0) return false;
    }
    return in_order ? near_in_order(p, l->n, slop) : near_anyhow(p, l->n, slop);
}
