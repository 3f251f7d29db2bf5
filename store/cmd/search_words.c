/* search_words: synonyms of an index, dictionaries beside all of them, and what words may be meant:
 * FT.SYNUPDATE, FT.SYNDUMP, FT.DICTADD, FT.DICTDEL, FT.DICTDUMP, FT.SPELLCHECK. */
#include "search_query.h"

#include "base/mem.h"
#include "store/search/fuzzy.h"

#include <stdlib.h>

/* --- synonyms --- */

/* FT.SYNUPDATE index group [SKIPINITIALSCAN] word … */
void ft_synupdate(struct host *h)
{
    struct search *s = search_find(h);
    struct args *a = h->args;
    struct slice name = {0}, group = {0};
    args_slice(a, &name);
    args_slice(a, &group);
    bool skip = args_maybe(a, "SKIPINITIALSCAN"), changed = false;
    uint32_t n = (uint32_t)args_left(a);
    struct slice *words = arena_array(h->arena, n + 1, struct slice);
    for (uint32_t i = 0; i < n; i++) {
        args_slice(a, &words[i]);
        if (words[i].len > WORD_BYTES_MAX) words[i].len = WORD_BYTES_MAX;
        words[i] = text_lower(words[i], h->arena);
    }
    if (n == 0) args_fail(a, "No synonyms were given");
    if (!args_end(a, h->reply)) return;
    struct search_entry *e = search_entry(s, name);
    struct synonyms *all = e == NULL ? NULL : &e->index->schema.synonyms;
    const char *error = e == NULL ? "Unknown index name" : synonyms_refuse(all, words, n, group);
    if (e != NULL && !search_may(h, &e->index->schema, false)) return;
    if (error != NULL) {
        reply_error(h->reply, error);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        changed = synonyms_add(all, words[i], group) || changed;
    if (changed && !skip && !host_is_loading(h)) search_scan(s, e);
    if (changed) host_logged(h);
    reply_ok(h->reply);
}

static bool dump_word(struct slice word, void *value, void *data)
{
    struct reply *r = data;
    const struct synonym_groups *g = value;
    reply_bulk(r, word);
    reply_array(r, g->n);
    for (uint32_t i = 0; i < g->n; i++)
        reply_bulk(r, g->name[i]);
    return true;
}

/* FT.SYNDUMP index */
void ft_syndump(struct host *h)
{
    struct search *s = search_find(h);
    struct search_entry *e = search_entry(s, h->argv[1]);
    if (e == NULL) {
        reply_error(h->reply, "Unknown index name");
        return;
    }
    if (!search_may(h, &e->index->schema, false)) return;
    const struct synonyms *all = &e->index->schema.synonyms;
    reply_map(h->reply, all->words.count);
    map_each(&all->words, dump_word, h->reply);
}

static bool save_word(struct slice word, void *value, void *data)
{
    const struct synonym_groups *g = value;
    const struct slice *index = ((void **)data)[1];
    struct effects *out = ((void **)data)[0];
    for (uint32_t i = 0; i < g->n; i++) {
        effects_begin(out, 5);
        effects_arg_cstr(out, "FT.SYNUPDATE");
        effects_arg(out, *index);
        effects_arg(out, g->name[i]);
        effects_arg_cstr(out, "SKIPINITIALSCAN");
        effects_arg(out, word);
    }
    return true;
}

void search_rewrite_synonyms(const struct search_entry *e, struct effects *out)
{
    const struct schema *s = &e->index->schema;
    void *data[] = {out, (void *)(uintptr_t)&s->name};
    map_each(&s->synonyms.words, save_word, data);
}

/* --- dictionaries --- */

enum { DICTIONARIES_MAX = 256, DICTIONARY_WORDS_MAX = 1 << 20 }; /* words of all */

static struct terms *dictionary(const struct search *s, struct slice name)
{
    return s == NULL ? NULL : map_find(&s->dictionaries, name);
}

static void dictionary_drop(struct search *s, struct slice name)
{
    struct terms *d = map_take(&s->dictionaries, name);
    terms_fini(d);
    mem_free(d);
}

/* Why n words cannot be added, an error line; NULL when they can. */
static const char *dictionary_refuse(const struct search *s, struct slice name,
                                     const struct slice *words, uint32_t n)
{
    if (name.len == 0 || name.len > SEARCH_NAME_MAX) return "Invalid dictionary name";
    if (dictionary(s, name) == NULL && s->dictionaries.count >= DICTIONARIES_MAX)
        return "Too many dictionaries";
    if (n > DICTIONARY_WORDS_MAX - s->dictionary_words) return "Too many words in dictionaries";
    for (uint32_t i = 0; i < n; i++)
        if (words[i].len == 0 || words[i].len > WORD_BYTES_MAX) return "A word has 1 to 255 bytes";
    return NULL;
}

/* FT.DICTADD dictionary word … */
void ft_dictadd(struct host *h)
{
    struct search *s = search_of(h);
    const char *error = dictionary_refuse(s, h->argv[1], h->argv + 2, h->argc - 2);
    if (error != NULL) {
        reply_error(h->reply, error);
        return;
    }
    struct terms *d = dictionary(s, h->argv[1]);
    if (d == NULL) {
        d = mem_new(struct terms);
        terms_init(d, false);
        (void)map_put(&s->dictionaries, h->argv[1], d);
    }
    uint32_t before = terms_count(d);
    for (uint32_t i = 2; i < h->argc; i++)
        (void)terms_get(d, h->argv[i]);
    uint32_t added = terms_count(d) - before;
    s->dictionary_words += added;
    if (added > 0) host_logged(h);
    reply_int(h->reply, added);
}

/* FT.DICTDEL dictionary word … */
void ft_dictdel(struct host *h)
{
    struct search *s = search_find(h);
    struct terms *d = dictionary(s, h->argv[1]);
    int64_t gone = 0;
    for (uint32_t i = 2; i < h->argc && d != NULL; i++) {
        struct term *t = terms_find(d, h->argv[i]);
        if (t == NULL) continue;
        terms_drop(d, t);
        s->dictionary_words--;
        gone++;
    }
    if (d != NULL && terms_count(d) == 0) dictionary_drop(s, h->argv[1]);
    if (gone > 0) host_logged(h);
    reply_int(h->reply, gone);
}

static bool dump_term(struct term *t, void *data)
{
    reply_bulk(data, term_name(t));
    return !reply_is_full(data);
}

/* FT.DICTDUMP dictionary */
void ft_dictdump(struct host *h)
{
    struct terms *d = dictionary(search_find(h), h->argv[1]);
    reply_set(h->reply, d == NULL ? 0 : terms_count(d));
    if (d != NULL) terms_each(d, (struct slice){0}, dump_term, h->reply);
}

static bool save_term(struct term *t, void *data)
{
    const struct slice *name = ((void **)data)[1];
    struct effects *out = ((void **)data)[0];
    effects_begin(out, 3);
    effects_arg_cstr(out, "FT.DICTADD");
    effects_arg(out, *name);
    effects_arg(out, term_name(t));
    return true;
}

static bool save_dictionary(struct slice name, void *value, void *data)
{
    void *both[] = {data, &name};
    terms_each(value, (struct slice){0}, save_term, both);
    return true;
}

void search_rewrite_dictionaries(const struct search *s, struct effects *out)
{
    map_each(&s->dictionaries, save_dictionary, out);
}

static bool first_name(struct slice name, void *value, void *data)
{
    (void)value;
    *(struct slice *)data = name;
    return false;
}

void search_drop_dictionaries(struct search *s)
{
    for (struct slice name = {0}; s->dictionaries.count > 0; dictionary_drop(s, name))
        map_each(&s->dictionaries, first_name, &name);
    map_fini(&s->dictionaries);
    s->dictionaries = (struct map){0};
    s->dictionary_words = 0;
}

/* --- spelling --- */

enum { SUGGESTIONS_MAX = 1000, LISTS_MAX = 16, LOOKED_MAX = 1 << 20 };

struct suggestion {
    struct slice word;
    double score; /* share of documents that have it */
};

struct spelling {
    struct search_query q;
    uint32_t distance;
    struct terms *include[LISTS_MAX], *exclude[LISTS_MAX];
    uint32_t include_count, exclude_count;
    const struct query_node *word; /* that is looked at */
    struct suggestion *v;          /* the arena's */
    uint32_t n;
};

static void fail_with(struct args *a, struct arena *arena, const char *what, struct slice word)
{
    if (word.len > 200) word.len = 200;
    args_fail(a, arena_printf(arena, "%s `%.*s`", what, (int)word.len, word.p).p);
}

static void read_terms(struct spelling *s)
{
    struct args *a = s->q.h->args;
    bool include = args_maybe(a, "INCLUDE");
    if (!include && !args_maybe(a, "EXCLUDE")) {
        args_fail(a, "TERMS is followed by INCLUDE or EXCLUDE");
        return;
    }
    struct slice name = {0};
    args_slice(a, &name);
    if (!args_ok(a)) return;
    struct terms *d = dictionary(s->q.s, name);
    uint32_t *n = include ? &s->include_count : &s->exclude_count;
    if (d == NULL)
        fail_with(a, s->q.h->arena, "No such dictionary", name);
    else if (*n == LISTS_MAX)
        args_fail(a, "Too many dictionaries");
    else
        (include ? s->include : s->exclude)[(*n)++] = d;
}

static bool read_spelling(struct spelling *s)
{
    struct args *a = s->q.h->args;
    struct slice text = {0};
    s->distance = 1;
    s->q.options.verbatim = true; /* words as they are written */
    args_slice(a, &text);
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "DISTANCE"))
            args_u32(a, 1, FUZZY_EDITS_MAX, &s->distance);
        else if (args_maybe(a, "TERMS"))
            read_terms(s);
        else if (args_maybe(a, "DIALECT"))
            search_read_dialect(&s->q);
        else
            fail_with(a, s->q.h->arena, "Unknown argument", args_peek(a));
    }
    return args_end(a, s->q.h->reply) && search_query_parse(&s->q, text);
}

/* Calls fn with the words of each field that the word is looked for in, until it gives true. */
static bool any_field(struct spelling *s, bool (*fn)(struct spelling *s, const struct terms *t))
{
    const struct search_index *x = s->q.e->index;
    const struct query_fields *in = &s->word->fields;
    for (uint32_t i = 0; i < (in->all ? x->field_count : in->n); i++) {
        uint32_t field = in->all ? i : in->number[i];
        if (x->schema.fields[field].kind == FIELD_TEXT && fn(s, &x->fields[field].terms))
            return true;
    }
    return false;
}

static bool is_known(struct spelling *s, const struct terms *t)
{
    return terms_find(t, s->word->text) != NULL;
}

static double share(struct spelling *s, struct slice word)
{
    struct search_index *x = s->q.e->index;
    struct query_node n = *s->word;
    const char *error = NULL;
    n.text = word;
    struct doc_iter *it = filter_new(x, &n, &s->q.run.filter, s->q.h->arena, &error);
    if (it == NULL || x->docs.count == 0) return 0;
    uint32_t docs = it->exact ? it->estimate : 0;
    for (uint32_t doc = it->exact ? DOC_NONE : doc_iter_next(it); doc != DOC_NONE;
         doc = doc_iter_next(it))
        docs++;
    return (double)docs / x->docs.count;
}

static bool suggest(void *to, struct slice word)
{
    struct spelling *s = to;
    if (word.p[0] == '+' || word.p[0] == '~') return true; /* a stem, a group of synonyms */
    for (uint32_t i = 0; i < s->n; i++)
        if (slice_eq(s->v[i].word, word)) return true;
    s->v[s->n++] = (struct suggestion){word, share(s, word)};
    return s->n < SUGGESTIONS_MAX;
}

static bool seek_term(void *data, struct slice from, struct slice *name)
{
    return terms_seek(data, from, name);
}

static bool suggest_from(struct spelling *s, const struct terms *t)
{
    const struct fuzzy_dictionary d = {seek_term, (void *)(uintptr_t)t};
    if (s->n < SUGGESTIONS_MAX)
        (void)fuzzy_each(&d, s->word->text, s->distance, LOOKED_MAX, suggest, s);
    return s->n == SUGGESTIONS_MAX;
}

static int best_first(const void *a, const void *b)
{
    const struct suggestion *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? 1 : -1) : slice_cmp(x->word, y->word);
}

/* Replies what a word may have been meant to be; false when it is right. */
static bool reply_word(struct spelling *s)
{
    struct reply *r = s->q.h->reply;
    if (any_field(s, is_known)) return false;
    for (uint32_t i = 0; i < s->exclude_count; i++)
        if (terms_find(s->exclude[i], s->word->text) != NULL) return false;
    s->n = 0;
    (void)any_field(s, suggest_from);
    for (uint32_t i = 0; i < s->include_count; i++)
        (void)suggest_from(s, s->include[i]);
    qsort(s->v, s->n, sizeof s->v[0], best_first);
    if (r->resp < 3) {
        reply_array(r, 3);
        reply_cstr(r, "TERM");
    }
    reply_bulk(r, s->word->text);
    reply_array(r, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        if (r->resp < 3) {
            reply_array(r, 2);
            reply_bulkf(r, "%.17g", s->v[i].score);
            reply_bulk(r, s->v[i].word);
        } else {
            reply_map(r, 1);
            reply_bulk(r, s->v[i].word);
            reply_double(r, s->v[i].score);
        }
    }
    return true;
}

/* The words of the query, in the order in which they stand; gives how many were replied. */
static uint32_t reply_words(struct spelling *s, const struct query_node *n)
{
    if (n->kind == QUERY_TAG) return 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->child_count; i++)
        count += reply_words(s, n->child[i]);
    if (n->kind != QUERY_TERM || n->expanded) return count;
    s->word = n;
    return count + reply_word(s);
}

/* FT.SPELLCHECK index query [DISTANCE n] [TERMS INCLUDE|EXCLUDE dictionary] … [DIALECT n] */
void ft_spellcheck(struct host *h)
{
    struct spelling s = {0};
    h->args->at = 2;
    if (!search_query_begin(h, h->argv[1], &s.q) || !read_spelling(&s)) return;
    s.v = arena_alloc(h->arena, SUGGESTIONS_MAX * sizeof s.v[0]);
    if (h->reply->resp == 3) {
        reply_map(h->reply, 1);
        reply_cstr(h->reply, "results");
    }
    size_t place = reply_later(h->reply);
    uint32_t n = reply_words(&s, s.q.run.root);
    reply_later_end(h->reply, place, h->reply->resp == 3 ? '%' : '*', n);
}
