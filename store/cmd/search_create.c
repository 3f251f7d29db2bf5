/* search_create: FT.CREATE, FT.ALTER, FT.DROPINDEX, aliases: which indexes there are. */
#include "base/mem.h"
#include "store/cmd/search.h"
#include "store/search/expr.h"

#include <math.h>

/* --- fields --- */

static void args_failf(struct args *a, struct arena *arena, const char *what, struct slice word)
{
    if (word.len > 200) word.len = 200;
    args_fail(a, arena_printf(arena, "%s `%.*s`", what, (int)word.len, word.p).p);
}

static void vector_option(struct args *a, struct arena *arena, struct vector_options *v,
                          bool said[static 3])
{
    struct slice word = {0}, value = {0};
    args_slice(a, &word);
    if (!args_ok(a)) return;
    if (slice_word(word, "TYPE")) {
        args_slice(a, &value);
        said[0] = true;
        if (args_ok(a) && !slice_word(value, "FLOAT32"))
            args_failf(a, arena, "Bad arguments for vector similarity type: only FLOAT32, not",
                       value);
    } else if (slice_word(word, "DIM")) {
        args_u32(a, 1, 32768, &v->dim);
        said[1] = true;
    } else if (slice_word(word, "DISTANCE_METRIC")) {
        args_slice(a, &value);
        said[2] = true;
        v->metric = slice_word(value, "L2")   ? VECTOR_L2
                    : slice_word(value, "IP") ? VECTOR_IP
                                              : VECTOR_COSINE;
        if (args_ok(a) && v->metric == VECTOR_COSINE && !slice_word(value, "COSINE"))
            args_failf(a, arena,
                       "Bad arguments for vector similarity metric: L2, IP or COSINE, not", value);
    } else if (slice_word(word, "INITIAL_CAP")) {
        args_u32(a, 0, UINT32_MAX, &v->initial_cap);
    } else if (slice_word(word, "BLOCK_SIZE")) {
        args_u32(a, 0, UINT32_MAX, &v->block_size);
    } else if (v->algorithm == VECTOR_HNSW && slice_word(word, "M")) {
        args_u32(a, 2, 512, &v->m);
    } else if (v->algorithm == VECTOR_HNSW && slice_word(word, "EF_CONSTRUCTION")) {
        args_u32(a, 1, 4096, &v->ef_construction);
    } else if (v->algorithm == VECTOR_HNSW && slice_word(word, "EF_RUNTIME")) {
        args_u32(a, 1, 4096, &v->ef_runtime);
    } else if (v->algorithm == VECTOR_HNSW && slice_word(word, "EPSILON")) {
        args_double(a, &v->epsilon);
        if (args_ok(a) && !(v->epsilon >= 0 && v->epsilon <= 1000))
            args_failf(a, arena, "Bad arguments for EPSILON: expected 0 to 1000, not",
                       a->argv[a->at - 1]);
    } else {
        args_failf(a, arena, "Bad arguments for algorithm: unknown attribute", word);
    }
}

/* VECTOR FLAT|HNSW n option value … */
static void vector_options(struct args *a, struct arena *arena, struct vector_options *v)
{
    struct slice algorithm = {0};
    uint32_t n = 0;
    bool said[3] = {false, false, false};
    *v =
        (struct vector_options){.m = 16, .ef_construction = 200, .ef_runtime = 64, .epsilon = 0.01};
    args_slice(a, &algorithm);
    v->algorithm = slice_word(algorithm, "HNSW") ? VECTOR_HNSW : VECTOR_FLAT;
    if (args_ok(a) && v->algorithm == VECTOR_FLAT && !slice_word(algorithm, "FLAT"))
        args_failf(a, arena, "Bad arguments for vector similarity algorithm", algorithm);
    args_u32(a, 0, 64, &n);
    if (args_ok(a) && n % 2 != 0)
        args_fail(a, "Bad number of arguments for vector similarity index: "
                     "expected an even number of attributes");
    uint32_t end = a->at + n;
    while (args_ok(a) && a->at < end)
        vector_option(a, arena, v, said);
    static const char *const missing[] = {
        "Missing mandatory parameter: cannot create a vector index without specifying TYPE",
        "Missing mandatory parameter: cannot create a vector index without specifying DIM",
        ("Missing mandatory parameter: cannot create a vector index without specifying "
         "DISTANCE_METRIC")};
    for (int i = 0; i < 3; i++)
        if (!said[i]) args_fail(a, missing[i]);
}

static bool is_kind(struct args *a, struct arena *arena, struct search_field *f, bool json)
{
    if (args_maybe(a, "TEXT")) {
        f->kind = FIELD_TEXT;
    } else if (args_maybe(a, "NUMERIC")) {
        f->kind = FIELD_NUMERIC;
    } else if (args_maybe(a, "GEO")) {
        f->kind = FIELD_GEO;
    } else if (args_maybe(a, "TAG")) {
        f->kind = FIELD_TAG;
        f->separator = json ? '\0' : ',';
    } else if (args_maybe(a, "VECTOR")) {
        f->kind = FIELD_VECTOR;
        vector_options(a, arena, &f->vector);
    } else {
        return false;
    }
    return true;
}

/* An option of the field; false when the next word is none. */
static bool field_option(struct args *a, struct arena *arena, struct search_field *f)
{
    struct slice word = {0};
    bool text = f->kind == FIELD_TEXT, tag = f->kind == FIELD_TAG;
    if (args_maybe(a, "SORTABLE")) {
        f->sortable = true;
        if (args_maybe(a, "UNF")) f->unf = true;
    } else if (args_maybe(a, "NOINDEX")) {
        f->noindex = true;
    } else if (text && args_maybe(a, "NOSTEM")) {
        f->nostem = true;
    } else if (text && args_maybe(a, "WEIGHT")) {
        args_double(a, &f->weight);
        if (args_ok(a) && !(f->weight >= 0 && isfinite(f->weight)))
            args_fail(a, "Bad arguments for weight: must be a positive number");
    } else if (text && args_maybe(a, "PHONETIC")) {
        args_slice(a, &word);
        args_fail(a, "PHONETIC is not supported");
    } else if ((text || tag) && args_maybe(a, "WITHSUFFIXTRIE")) {
        f->suffixes = true;
    } else if (tag && args_maybe(a, "CASESENSITIVE")) {
        f->case_sensitive = true;
    } else if (tag && args_maybe(a, "SEPARATOR")) {
        args_slice(a, &word);
        if (args_ok(a) && word.len != 1)
            args_failf(a, arena, "Tag separator must be a single character. Got", word);
        if (args_ok(a)) f->separator = word.p[0];
    } else {
        return false;
    }
    return true;
}

static void one_field(struct args *a, struct arena *arena, struct schema *s)
{
    struct search_field f = {.weight = 1};
    struct jpath path;
    const char *error = NULL;
    size_t at = 0;
    args_slice(a, &f.path);
    f.name = f.path;
    if (args_maybe(a, "AS")) args_slice(a, &f.name);
    if (!args_ok(a)) return;
    if (args_left(a) == 0 || !is_kind(a, arena, &f, s->json)) {
        args_failf(a, arena, "Invalid field type for field", f.name);
        return;
    }
    while (args_ok(a) && args_left(a) > 0 && field_option(a, arena, &f)) {
    }
    if (!args_ok(a)) return;
    if (f.kind == FIELD_VECTOR && (f.sortable || f.noindex)) {
        args_fail(a, "VECTOR fields cannot be SORTABLE or NOINDEX");
    } else if (f.name.len == 0 || f.name.len > SEARCH_NAME_MAX) {
        args_fail(a, "Invalid field name");
    } else if (schema_find(s, f.name) >= 0) {
        args_failf(a, arena, "Duplicate field in schema -", f.name);
    } else if (s->field_count == SCHEMA_FIELDS_MAX) {
        args_fail(a, "Schema is limited to 256 fields");
    } else if (s->json && !jpath_compile(f.path, arena, &path, &error, &at)) {
        args_failf(a, arena, "Invalid JSONPath", f.path);
    } else {
        if (s->json) jpath_fini(&path);
        schema_add_field(s, &f);
    }
}

bool search_parse_fields(struct args *a, struct arena *arena, struct schema *s)
{
    if (args_left(a) == 0) args_fail(a, "Fields arguments are missing");
    while (args_ok(a) && args_left(a) > 0)
        one_field(a, arena, s);
    return args_ok(a);
}

/* --- FT.CREATE --- */

/* PREFIX and STOPWORDS: a count and so many words. */
static void word_list(struct args *a, struct slice **owned, uint32_t *count)
{
    uint32_t n = 0;
    args_u32(a, 0, 1024, &n);
    if (args_ok(a) && args_left(a) < n)
        args_fail(a, "Bad arguments: Expected an argument, but none provided");
    if (!args_ok(a)) return;
    schema_set_list(owned, count, a->argv + a->at, n);
    a->at += n;
}

static void text_option(struct args *a, struct slice *owned)
{
    struct slice word = {0};
    args_slice(a, &word);
    if (args_ok(a)) schema_set(owned, word);
}

/* An option in front of SCHEMA; false when the next word is none. */
static bool create_option(struct args *a, struct arena *arena, struct schema *s)
{
    int64_t seconds = 0;
    const char *error = NULL;
    if (args_maybe(a, "ON")) {
        if (args_maybe(a, "JSON"))
            s->json = true;
        else if (!args_maybe(a, "HASH"))
            args_fail(a, "Bad arguments for ON: only HASH and JSON can be indexed");
    } else if (args_maybe(a, "PREFIX")) {
        word_list(a, &s->prefixes, &s->prefix_count);
        if (args_ok(a) && s->prefix_count == 0)
            args_fail(a, "Bad arguments for PREFIX: at least one");
    } else if (args_maybe(a, "FILTER")) {
        text_option(a, &s->filter);
        (void)(args_ok(a) && expr_parse(s->filter, arena, &error) == NULL);
        if (error != NULL) args_fail(a, error);
    } else if (args_maybe(a, "LANGUAGE")) {
        text_option(a, &s->language);
        if (args_ok(a) && text_language(s->language) < 0) args_fail(a, "Invalid language");
    } else if (args_maybe(a, "LANGUAGE_FIELD")) {
        text_option(a, &s->language_field);
    } else if (args_maybe(a, "SCORE")) {
        args_double(a, &s->score);
        if (args_ok(a) && !(s->score >= 0 && s->score <= 1))
            args_fail(a, "Invalid score: must be between 0 and 1");
    } else if (args_maybe(a, "SCORE_FIELD")) {
        text_option(a, &s->score_field);
    } else if (args_maybe(a, "PAYLOAD_FIELD")) {
        text_option(a, &s->payload_field);
    } else if (args_maybe(a, "STOPWORDS")) {
        word_list(a, &s->stopwords, &s->stopword_count);
        s->own_stopwords = true;
    } else if (args_maybe(a, "TEMPORARY")) {
        args_i64(a, &seconds);
        args_fail(a, "TEMPORARY is not supported");
    } else if (args_maybe(a, "NOOFFSETS")) {
        s->no_offsets = s->no_highlight = true;
    } else if (args_maybe(a, "NOHL")) {
        s->no_highlight = true;
    } else if (args_maybe(a, "NOFIELDS")) {
        s->no_fields = true;
    } else if (args_maybe(a, "NOFREQS")) {
        s->no_freqs = true;
    } else if (args_maybe(a, "MAXTEXTFIELDS")) {
        s->max_text_fields = true;
    } else if (args_maybe(a, "SKIPINITIALSCAN")) {
        s->skip_initial_scan = true;
    } else {
        return false;
    }
    return true;
}

static bool parse_create(struct host *h, struct schema *s)
{
    struct args *a = h->args;
    while (args_ok(a) && args_left(a) > 0 && !args_maybe(a, "SCHEMA"))
        if (!create_option(a, h->arena, s))
            args_failf(a, h->arena, "Unknown argument", args_peek(a));
    if (args_ok(a) && !slice_word(a->argv[a->at - 1], "SCHEMA")) args_fail(a, "No schema found");
    (void)(args_ok(a) && search_parse_fields(a, h->arena, s));
    return args_end(a, h->reply);
}

static void create(struct host *h)
{
    struct search *s = search_of(h);
    struct schema schema = {0};
    struct slice name = {0};
    args_slice(h->args, &name);
    schema_init(&schema, name);
    if (!parse_create(h, &schema) || !search_may(h, &schema, false)) {
        schema_fini(&schema);
        return;
    }
    const char *error = host_db(h) != 0 ? "Cannot create index on db != 0"
                        : name.len == 0 || name.len > SEARCH_NAME_MAX ? "Invalid index name"
                        : map_find(&s->indexes, name) != NULL         ? "Index already exists"
                        : map_find(&s->aliases, name) != NULL
                            ? "Index name already exists as an alias"
                        : s->indexes.count >= SEARCH_INDEXES_MAX ? "Too many indexes"
                                                                 : NULL;
    if (error != NULL) {
        schema_fini(&schema);
        reply_error(h->reply, error);
        return;
    }
    (void)search_add(s, index_new(&schema), h->argv, h->argc, host_is_loading(h));
    host_logged(h);
    reply_ok(h->reply);
}

/* FT.CREATE index [ON HASH|JSON] [PREFIX n prefix …] [LANGUAGE …] … SCHEMA field [AS name] kind … */
void ft_create(struct host *h)
{
    create(h);
}

/* FT._CREATEIFNX, as FT.CREATE: an index that is there is left as it is. So logs make indexes. */
void ft_createifnx(struct host *h)
{
    const struct search *s = search_find(h);
    if (s != NULL && map_find(&s->indexes, h->argv[1]) != NULL)
        reply_ok(h->reply);
    else
        create(h);
}

/* --- FT.ALTER --- */

/* FT.ALTER index [SKIPINITIALSCAN] SCHEMA ADD field kind … */
void ft_alter(struct host *h)
{
    struct search *s = search_find(h);
    struct args *a = h->args;
    struct slice name = {0};
    args_slice(a, &name);
    bool skip = args_maybe(a, "SKIPINITIALSCAN");
    args_word(a, "SCHEMA");
    args_word(a, "ADD");
    if (!args_check(a, h->reply)) return;
    struct search_entry *e = search_entry(s, name);
    if (e == NULL) {
        reply_error(h->reply, "Unknown index name");
        return;
    }
    if (!search_may(h, &e->index->schema, false)) return;
    /* Parsed into a schema of its own first: a mistake in the last field adds none. */
    struct schema more = {.json = e->index->schema.json};
    uint32_t from = a->at;
    bool ok = search_parse_fields(a, h->arena, &more);
    for (uint32_t i = 0; i < more.field_count && ok; i++) {
        ok = schema_find(&e->index->schema, more.fields[i].name) < 0;
        if (!ok) args_failf(a, h->arena, "Duplicate field in schema -", more.fields[i].name);
    }
    if (ok && e->index->schema.field_count + more.field_count > SCHEMA_FIELDS_MAX)
        args_fail(a, "Schema is limited to 256 fields");
    if (args_end(a, h->reply)) {
        for (uint32_t i = 0; i < more.field_count; i++)
            schema_add_field(&e->index->schema, &more.fields[i]);
        index_grow(e->index);
        search_compile(e);
        search_remember(e, h->argv + from, h->argc - from);
        if (!skip && !host_is_loading(h)) search_scan(s, e);
        host_logged(h);
        reply_ok(h->reply);
    }
    schema_fini(&more);
}

/* --- FT.DROPINDEX --- */

struct doomed {
    struct slice *keys;
    uint32_t n;
};

/* Drops the index, and its documents too, then replies. */
static void drop(struct host *h, struct slice name, bool documents)
{
    struct search *s = search_find(h);
    struct search_entry *e = s == NULL ? NULL : map_find(&s->indexes, name);
    if (e == NULL) {
        reply_error(h->reply, "Unknown Index name");
        return;
    }
    if (!search_may(h, &e->index->schema, documents)) return;
    struct doomed d = {0};
    if (documents) {
        const struct docs *docs = &e->index->docs;
        d.keys = arena_alloc(h->arena, (docs->count + 1) * sizeof *d.keys);
        for (uint32_t id = idset_next(&docs->live, 0); id != IDSET_NONE;
             id = idset_next(&docs->live, id + 1))
            d.keys[d.n++] = arena_copy(h->arena, docs_key(docs, id));
    }
    search_drop(s, e);
    host_logged(h);
    for (uint32_t i = 0; i < d.n; i++) {
        if (!host_del(h, d.keys[i])) continue;
        host_changed(h, d.keys[i], "del");
        const struct slice del[] = {SLICE("DEL"), d.keys[i]};
        host_effect(h, 2, del);
    }
    reply_ok(h->reply);
}

static void drop_with(struct host *h, struct slice name, bool documents)
{
    if (documents && host_db(h) != 0) args_fail(h->args, "Cannot drop documents from db != 0");
    if (args_end(h->args, h->reply)) drop(h, name, documents);
}

/* FT.DROPINDEX index [DD] */
void ft_dropindex(struct host *h)
{
    struct slice name = {0};
    args_slice(h->args, &name);
    drop_with(h, name, args_maybe(h->args, "DD"));
}

/* FT.DROP index [KEEPDOCS]: as older clients say it; some say "" where they could say nothing */
void ft_drop(struct host *h)
{
    struct slice name = {0};
    args_slice(h->args, &name);
    bool keep = args_maybe(h->args, "KEEPDOCS");
    if (!keep) (void)args_maybe(h->args, "");
    drop_with(h, name, !keep);
}

/* --- aliases --- */

/* The index that an alias is to name; NULL after a reply. */
static struct search_entry *alias_target(struct host *h, struct search *s)
{
    struct search_entry *e = s == NULL ? NULL : map_find(&s->indexes, h->argv[2]);
    if (e == NULL)
        reply_error(h->reply, "Unknown index name (or name is an alias itself)");
    else if (h->argv[1].len == 0 || h->argv[1].len > SEARCH_NAME_MAX)
        reply_error(h->reply, "Invalid alias name");
    else if (map_find(&s->indexes, h->argv[1]) != NULL)
        reply_error(h->reply, "Alias conflicts with an existing index name");
    else if (search_may(h, &e->index->schema, false))
        return e;
    return NULL;
}

static void alias_put(struct host *h, struct search *s, struct search_entry *e)
{
    if (map_find(&s->aliases, h->argv[1]) == NULL && s->aliases.count >= SEARCH_ALIASES_MAX) {
        reply_error(h->reply, "Too many aliases");
        return;
    }
    (void)map_put(&s->aliases, h->argv[1], e);
    host_logged(h);
    reply_ok(h->reply);
}

/* FT.ALIASADD alias index */
void ft_aliasadd(struct host *h)
{
    struct search *s = search_find(h);
    struct search_entry *e = alias_target(h, s);
    if (e == NULL) return;
    if (map_find(&s->aliases, h->argv[1]) != NULL)
        reply_error(h->reply, "Alias already exists");
    else
        alias_put(h, s, e);
}

/* FT.ALIASUPDATE alias index */
void ft_aliasupdate(struct host *h)
{
    struct search *s = search_find(h);
    struct search_entry *e = alias_target(h, s);
    if (e != NULL) alias_put(h, s, e);
}

/* FT.ALIASDEL alias */
void ft_aliasdel(struct host *h)
{
    struct search *s = search_find(h);
    const struct search_entry *e = s == NULL ? NULL : map_find(&s->aliases, h->argv[1]);
    if (e == NULL) {
        reply_error(h->reply, "Alias does not exist");
        return;
    }
    if (!search_may(h, &e->index->schema, false)) return;
    (void)map_take(&s->aliases, h->argv[1]);
    host_logged(h);
    reply_ok(h->reply);
}

/* --- FT._LIST --- */

static bool list_one(struct slice name, void *value, void *data)
{
    (void)value;
    reply_bulk(data, name);
    return true;
}

/* FT._LIST */
void ft_list(struct host *h)
{
    struct search *s = search_find(h);
    reply_set(h->reply, s == NULL ? 0 : s->indexes.count);
    if (s != NULL) map_each(&s->indexes, list_one, h->reply);
}
