#include "field.h"

#include "base/mem.h"
#include "base/must.h"

#include <math.h>
#include <stdlib.h>

/* Words of one text that are indexed; what comes behind them is not. */
enum { WORDS_MAX = 1 << 20 };

static bool has_terms(const struct search_field *spec)
{
    return spec->kind == FIELD_TEXT || spec->kind == FIELD_TAG;
}

static bool has_numbers(const struct search_field *spec)
{
    return spec->kind == FIELD_NUMERIC || spec->kind == FIELD_GEO;
}

void field_init(struct field_index *f, const struct search_field *spec)
{
    *f = (struct field_index){0};
    terms_init(&f->terms, spec->kind == FIELD_TEXT);
    if (spec->kind == FIELD_VECTOR) f->vectors = vectors_new(&spec->vector);
}

static void disown(struct slice s)
{
    mem_free((void *)(uintptr_t)s.p);
}

void field_fini(struct field_index *f, const struct search_field *spec)
{
    for (uint32_t i = 0; i < f->cap; i++) {
        if (f->terms_of != NULL) mem_free(f->terms_of[i]);
        if (f->more != NULL) mem_free(f->more[i]);
        if (f->sorted != NULL) disown(f->sorted[i]);
    }
    mem_free(f->terms_of);
    mem_free(f->lengths);
    mem_free(f->more);
    mem_free(f->sorted);
    mem_free(f->column);
    terms_fini(&f->terms);
    numtree_fini(&f->tree);
    vectors_free(f->vectors);
    (void)spec;
    *f = (struct field_index){0};
}

static void *widen(void *p, uint32_t from, uint32_t to, size_t size)
{
    p = mem_realloc(p, to * size);
    memset((char *)p + from * size, 0, (to - from) * size);
    return p;
}

static void grow(struct field_index *f, const struct search_field *spec, uint32_t cap)
{
    if (cap <= f->cap) return;
    if (has_terms(spec)) {
        f->terms_of = widen(f->terms_of, f->cap, cap, sizeof f->terms_of[0]);
        if (spec->kind == FIELD_TEXT)
            f->lengths = widen(f->lengths, f->cap, cap, sizeof f->lengths[0]);
        if (spec->sortable) f->sorted = widen(f->sorted, f->cap, cap, sizeof f->sorted[0]);
    }
    if (has_numbers(spec)) {
        f->column = mem_realloc(f->column, cap * sizeof f->column[0]);
        for (uint32_t i = f->cap; i < cap; i++)
            f->column[i] = (double)NAN;
        if (f->more != NULL) f->more = widen(f->more, f->cap, cap, sizeof f->more[0]);
    }
    f->cap = cap;
}

/* --- numbers --- */

static bool same_numbers(const struct field_index *f, uint32_t id, const struct field_values *v)
{
    const struct field_more *more = f->more == NULL ? NULL : f->more[id];
    uint32_t n = isnan(f->column[id]) ? 0 : 1 + (more == NULL ? 0 : more->n);
    if (n != v->n) return false;
    for (uint32_t i = 0; i < n; i++) {
        double old = i == 0 ? f->column[id] : more->number[i - 1];
        if (old != v->numbers[i] || signbit(old) != signbit(v->numbers[i])) return false;
    }
    return true;
}

static void drop_numbers(struct field_index *f, const struct search_field *spec, uint32_t id)
{
    if (isnan(f->column[id])) return;
    if (!spec->noindex) numtree_del(&f->tree, f->column[id], id);
    f->column[id] = (double)NAN;
    f->docs--;
    if (f->more == NULL || f->more[id] == NULL) return;
    for (uint32_t i = 0; i < f->more[id]->n; i++)
        if (!spec->noindex) numtree_del(&f->tree, f->more[id]->number[i], id);
    mem_free(f->more[id]);
    f->more[id] = NULL;
    f->more_docs--;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void put_numbers(struct field_index *f, const struct search_field *spec, uint32_t id,
                        const struct field_values *v)
{
    /* The first stays the first, which is what is sorted by; of the rest each counts once. */
    uint32_t n = v->n;
    if (n > 1) {
        qsort(v->numbers + 1, n - 1, sizeof v->numbers[0], compare_numbers);
        n = 1;
        for (uint32_t i = 1; i < v->n; i++)
            if (v->numbers[i] != v->numbers[0] && (n == 1 || v->numbers[i] != v->numbers[n - 1]))
                v->numbers[n++] = v->numbers[i];
    }
    const struct field_values once = {.n = n, .numbers = v->numbers};
    if (same_numbers(f, id, &once)) return;
    drop_numbers(f, spec, id);
    if (n == 0) return;
    f->docs++;
    f->column[id] = v->numbers[0];
    if (!spec->noindex)
        for (uint32_t i = 0; i < n; i++)
            numtree_put(&f->tree, v->numbers[i], id);
    if (n == 1) return;
    if (f->more == NULL) f->more = mem_calloc(f->cap, sizeof f->more[0]);
    struct field_more *more = mem_alloc(sizeof *more + (n - 1) * sizeof more->number[0]);
    more->n = n - 1;
    memcpy(more->number, v->numbers + 1, (n - 1) * sizeof more->number[0]);
    f->more[id] = more;
    f->more_docs++;
}

/* --- terms --- */

/* A word as it is met. */
struct token {
    struct slice name;
    uint32_t position;
};

struct tokens {
    struct token *v; /* the arena's */
    uint32_t n, cap;
};

static void token_add(struct tokens *t, struct arena *arena, struct slice name, uint32_t position)
{
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 32 : t->cap * 2;
        struct token *v = arena_alloc(arena, t->cap * sizeof *v);
        if (t->n > 0) memcpy(v, t->v, t->n * sizeof *v);
        t->v = v;
    }
    t->v[t->n++] = (struct token){name, position};
}

static int compare_tokens(const void *a, const void *b)
{
    const struct token *x = a, *y = b;
    int d = slice_cmp(x->name, y->name);
    return d != 0 ? d : (x->position > y->position) - (x->position < y->position);
}

static uint64_t hash_of(const struct field_values *v, struct arena *arena)
{
    if (v->n == 1) return hash_slice(v->texts[0]);
    uint64_t *each = arena_alloc(arena, (v->n + 1) * sizeof *each);
    for (uint32_t i = 0; i < v->n; i++)
        each[i] = hash_slice(v->texts[i]);
    return hash_slice(slice_make(each, v->n * sizeof *each));
}

/* The words of a text and their stems. Several texts follow each other at some distance, so that
 * no phrase reaches from one into the next. */
static uint32_t tokenize(const struct schema *s, const struct search_field *spec,
                         struct text_tools *tools, int language, const struct field_values *v,
                         struct arena *arena, struct tokens *out)
{
    enum { GAP = 100 };
    uint32_t position = 0, words = 0;
    for (uint32_t i = 0; i < v->n; i++, position += GAP) {
        struct slice rest = v->texts[i], word = {0};
        while (words < WORDS_MAX && text_next_word(&rest, arena, &word, NULL)) {
            if (text_is_stopword(s, word)) continue;
            words++;
            token_add(out, arena, word, ++position);
            const struct synonym_groups *same = synonyms_find(&s->synonyms, word);
            for (uint32_t k = 0; same != NULL && k < same->n; k++)
                token_add(out, arena, synonyms_term(same->name[k], arena), position);
            if (spec->nostem) continue;
            struct slice stem = text_stem(tools, language, word);
            if (slice_eq(stem, word)) continue;
            token_add(out, arena, arena_printf(arena, "+%.*s", (int)stem.len, stem.p), position);
        }
    }
    return words;
}

/* The tags of a value: what stands between separators, without spaces around it. */
static void split_tags(const struct search_field *spec, const struct field_values *v,
                       struct arena *arena, struct tokens *out)
{
    for (uint32_t i = 0; i < v->n; i++) {
        struct slice rest = v->texts[i], tag = {0};
        while (rest.len > 0 && out->n < WORDS_MAX) {
            if (spec->separator == 0) {
                tag = rest;
                rest.len = 0;
            } else {
                (void)slice_cut(&rest, spec->separator, &tag);
            }
            tag = slice_trim(tag);
            if (tag.len == 0) continue;
            if (tag.len > TERM_BYTES_MAX) tag.len = TERM_BYTES_MAX;
            token_add(out, arena, spec->case_sensitive ? tag : text_lower(tag, arena), 0);
        }
    }
}

static void drop_terms(struct field_index *f, const struct search_field *spec, uint32_t id)
{
    struct field_terms *old = f->terms_of[id];
    if (old == NULL) return;
    for (uint32_t i = 0; i < old->n; i++) {
        struct term *t = f->terms.of[old->number[i]];
        if (spec->kind == FIELD_TEXT)
            postings_del(&t->postings, id);
        else
            must(idset_del(&t->docs, id));
        if (term_docs(&f->terms, t) == 0) terms_drop(&f->terms, t);
    }
    if (f->lengths != NULL) {
        f->length -= f->lengths[id];
        f->lengths[id] = 0;
    }
    f->docs--;
    mem_free(old);
    f->terms_of[id] = NULL;
}

/* Puts the sorted tokens in: each term once, with all of its positions. */
static void put_tokens(struct field_index *f, const struct schema *s,
                       const struct search_field *spec, uint32_t id, const struct tokens *tokens,
                       struct field_terms *mine, struct arena *arena)
{
    uint32_t *positions = arena_alloc(arena, tokens->n * sizeof *positions + 1);
    for (uint32_t i = 0; i < tokens->n;) {
        uint32_t times = 0;
        struct slice name = tokens->v[i].name;
        for (; i < tokens->n && slice_eq(tokens->v[i].name, name); i++)
            positions[times++] = tokens->v[i].position;
        struct term *t = terms_get(&f->terms, name);
        if (spec->kind == FIELD_TEXT)
            postings_put(&t->postings, id, times, s->no_offsets ? NULL : positions);
        else
            (void)idset_add(&t->docs, id);
        mine->number[mine->n++] = t->number;
        if (times > mine->most) mine->most = times;
    }
}

static uint32_t count_names(const struct tokens *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++)
        n += i == 0 || !slice_eq(t->v[i].name, t->v[i - 1].name);
    return n;
}

static void put_sorted(struct field_index *f, const struct search_field *spec, uint32_t id,
                       const struct field_values *v, struct arena *arena)
{
    disown(f->sorted[id]);
    f->sorted[id] = (struct slice){0};
    if (v->n == 0) return;
    struct slice text = spec->unf ? v->texts[0] : text_lower(v->texts[0], arena);
    f->sorted[id] = (struct slice){mem_dup(text.len == 0 ? "" : text.p, text.len), text.len};
}

static void put_terms(struct field_index *f, const struct schema *s,
                      const struct search_field *spec, struct text_tools *tools, int language,
                      uint32_t id, const struct field_values *v, struct arena *arena)
{
    /* What words stand for depends on the language and on synonyms. */
    uint64_t hash = hash_of(v, arena);
    if (spec->kind == FIELD_TEXT)
        hash += (uint64_t)(language + 1) + ((uint64_t)s->synonyms.version << 32);
    const struct field_terms *old = f->terms_of[id];
    if (old == NULL ? v->n == 0 : v->n > 0 && old->hash == hash) return;
    drop_terms(f, spec, id);
    if (spec->sortable) put_sorted(f, spec, id, v, arena);
    if (v->n == 0) return;
    struct tokens tokens = {0};
    uint32_t length = 0;
    if (!spec->noindex && spec->kind == FIELD_TEXT)
        length = tokenize(s, spec, tools, language, v, arena, &tokens);
    else if (!spec->noindex)
        split_tags(spec, v, arena, &tokens);
    if (tokens.n > 0) qsort(tokens.v, tokens.n, sizeof tokens.v[0], compare_tokens);
    struct field_terms *mine =
        mem_alloc(sizeof *mine + count_names(&tokens) * sizeof mine->number[0]);
    *mine = (struct field_terms){.hash = hash};
    f->terms_of[id] = mine;
    if (f->lengths != NULL) {
        f->length += length;
        f->lengths[id] = length;
    }
    f->docs++;
    put_tokens(f, s, spec, id, &tokens, mine, arena);
}

/* --- --- */

void field_expect(const struct field_index *f, uint32_t id)
{
    if (id >= f->cap) return;
    if (f->column != NULL) __builtin_prefetch(&f->column[id]);
    if (f->terms_of != NULL) __builtin_prefetch(&f->terms_of[id]);
}

void field_expect_change(const struct field_index *f, const struct search_field *spec, uint32_t id,
                         const struct field_values *v)
{
    if (id >= f->cap) return;
    if (f->terms_of != NULL) __builtin_prefetch(f->terms_of[id]);
    if (f->column == NULL || v->n == 0 || spec->noindex || f->column[id] == v->numbers[0]) return;
    if (!isnan(f->column[id])) numtree_expect(&f->tree, f->column[id], id);
    numtree_expect(&f->tree, v->numbers[0], id);
}

void field_put(struct field_index *f, const struct schema *s, const struct search_field *spec,
               struct text_tools *tools, int language, uint32_t id, uint32_t cap,
               const struct field_values *v, struct arena *arena)
{
    must(id < cap);
    grow(f, spec, cap);
    if (has_numbers(spec))
        put_numbers(f, spec, id, v);
    else if (has_terms(spec))
        put_terms(f, s, spec, tools, language, id, v, arena);
    else if (f->vectors != NULL)
        vectors_put(f->vectors, id, v->n == 0 ? (struct slice){0} : v->texts[0]);
}

size_t field_memory(const struct field_index *f, const struct search_field *spec)
{
    size_t bytes = terms_memory(&f->terms) + numtree_memory(&f->tree);
    bytes += mem_size(f->terms_of) + mem_size(f->lengths) + mem_size(f->column) +
             mem_size(f->more) + mem_size(f->sorted);
    for (uint32_t i = 0; i < f->cap; i++) {
        if (f->terms_of != NULL) bytes += mem_size(f->terms_of[i]);
        if (f->more != NULL) bytes += mem_size(f->more[i]);
        if (f->sorted != NULL) bytes += mem_size(f->sorted[i].p);
    }
    if (f->vectors != NULL) bytes += vectors_memory(f->vectors);
    (void)spec;
    return bytes;
}

static void check_terms_of(const struct field_index *f, const struct search_field *spec,
                           uint32_t id, uint64_t *pairs)
{
    const struct field_terms *mine = f->terms_of[id];
    *pairs += mine->n;
    for (uint32_t k = 0; k < mine->n; k++) {
        const struct term *t = f->terms.of[mine->number[k]];
        must(t != NULL);
        if (spec->kind == FIELD_TAG) {
            must(idset_has(&t->docs, id));
            continue;
        }
        struct postings_iter it = postings_begin(&t->postings);
        must(postings_skip(&it, id) == id);
    }
}

void field_check(const struct field_index *f, const struct search_field *spec)
{
    terms_check(&f->terms);
    numtree_check(&f->tree);
    if (f->vectors != NULL) vectors_check(f->vectors);
    uint64_t pairs = 0, wanted = 0, length = 0;
    uint32_t docs = 0;
    for (uint32_t i = 0; i < f->cap; i++) {
        if (f->terms_of != NULL && f->terms_of[i] != NULL) {
            docs++;
            check_terms_of(f, spec, i, &pairs);
        }
        if (f->lengths != NULL) length += f->lengths[i];
        if (f->column == NULL || isnan(f->column[i])) continue;
        docs++;
        wanted += 1 + (f->more == NULL || f->more[i] == NULL ? 0 : f->more[i]->n);
    }
    must(docs == f->docs);
    must(length == f->length);
    if (!spec->noindex) must(wanted == f->tree.count);
    wanted = 0;
    for (uint32_t i = 0; i < f->terms.end; i++)
        if (f->terms.of[i] != NULL) wanted += term_docs(&f->terms, f->terms.of[i]);
    must(pairs == wanted);
}
