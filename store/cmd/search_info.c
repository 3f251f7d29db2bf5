/* search_info: FT.INFO, FT.TAGVALS, FT.CONFIG: what there is to know of indexes. */
#include "store/cmd/search.h"

#include "base/mem.h"

#define MB (1024.0 * 1024.0)

/* --- FT.INFO --- */

static void word(struct reply *r, const char *name, struct slice value)
{
    reply_cstr(r, name);
    reply_bulk(r, value);
}

static void number(struct reply *r, const char *name, double value)
{
    reply_cstr(r, name);
    reply_double(r, value);
}

static void info_options(struct reply *r, const struct schema *s)
{
    reply_cstr(r, "index_options");
    reply_array(r, (uint64_t)s->no_freqs + s->no_fields + s->no_offsets + s->no_highlight +
                       s->max_text_fields);
    if (s->no_freqs) reply_cstr(r, "NOFREQS");
    if (s->no_fields) reply_cstr(r, "NOFIELDS");
    if (s->no_offsets) reply_cstr(r, "NOOFFSETS");
    if (s->no_highlight) reply_cstr(r, "NOHL");
    if (s->max_text_fields) reply_cstr(r, "MAXTEXTFIELDS");
}

static void info_definition(struct reply *r, const struct schema *s)
{
    reply_cstr(r, "index_definition");
    reply_map(r, 4U + (s->filter.len > 0) + (s->language_field.len > 0) + (s->score_field.len > 0) +
                     (s->payload_field.len > 0));
    word(r, "key_type", s->json ? SLICE("JSON") : SLICE("HASH"));
    reply_cstr(r, "prefixes");
    reply_array(r, s->prefix_count == 0 ? 1 : s->prefix_count);
    for (uint32_t i = 0; i < s->prefix_count; i++)
        reply_bulk(r, s->prefixes[i]);
    if (s->prefix_count == 0) reply_cstr(r, "");
    if (s->filter.len > 0) word(r, "filter", s->filter);
    word(r, "default_language", s->language);
    if (s->language_field.len > 0) word(r, "language_field", s->language_field);
    number(r, "default_score", s->score);
    if (s->score_field.len > 0) word(r, "score_field", s->score_field);
    if (s->payload_field.len > 0) word(r, "payload_field", s->payload_field);
}

static void info_vector(struct reply *r, const struct vector_options *v)
{
    static const char *const metrics[] = {"L2", "IP", "COSINE"};
    word(r, "algorithm", v->algorithm == VECTOR_HNSW ? SLICE("HNSW") : SLICE("FLAT"));
    word(r, "data_type", SLICE("FLOAT32"));
    reply_cstr(r, "dim");
    reply_int(r, v->dim);
    word(r, "distance_metric", slice_of(metrics[v->metric]));
    if (v->algorithm != VECTOR_HNSW) return;
    reply_cstr(r, "M");
    reply_int(r, v->m);
    reply_cstr(r, "ef_construction");
    reply_int(r, v->ef_construction);
}

/* A field as RESP2 lists it: pairs, and words that stand alone; in RESP3 these are "flags". */
static void info_field(struct reply *r, const struct search_field *f)
{
    static const char *const kinds[] = {"TEXT", "NUMERIC", "TAG", "GEO", "VECTOR"};
    const char *flags[8];
    uint32_t n = 0, pairs = 3;
    if (f->kind == FIELD_TAG && f->case_sensitive) flags[n++] = "CASESENSITIVE";
    if (f->sortable) flags[n++] = "SORTABLE";
    if (f->unf) flags[n++] = "UNF";
    if (f->nostem) flags[n++] = "NOSTEM";
    if (f->noindex) flags[n++] = "NOINDEX";
    if (f->suffixes) flags[n++] = "WITHSUFFIXTRIE";
    if (f->kind == FIELD_TEXT || f->kind == FIELD_TAG) pairs++;
    if (f->kind == FIELD_VECTOR) pairs += f->vector.algorithm == VECTOR_HNSW ? 6 : 4;
    if (r->resp == 3)
        reply_map(r, pairs + 1);
    else
        reply_array(r, 2 * pairs + n);
    word(r, "identifier", f->path);
    word(r, "attribute", f->name);
    word(r, "type", slice_of(kinds[f->kind]));
    if (f->kind == FIELD_TEXT) number(r, "WEIGHT", f->weight);
    if (f->kind == FIELD_TAG) word(r, "SEPARATOR", slice_make(&f->separator, f->separator != 0));
    if (f->kind == FIELD_VECTOR) info_vector(r, &f->vector);
    if (r->resp == 3) {
        reply_cstr(r, "flags");
        reply_array(r, n);
    }
    for (uint32_t i = 0; i < n; i++)
        reply_cstr(r, flags[i]);
}

struct sizes {
    uint64_t terms, records;
    double text_mb, numbers_mb, tags_mb, places_mb, columns_mb, vectors_mb;
};

static struct sizes sizes_of(const struct search_index *x)
{
    struct sizes z = {0};
    for (uint32_t i = 0; i < x->field_count; i++) {
        const struct field_index *f = &x->fields[i];
        enum field_kind kind = x->schema.fields[i].kind;
        if (kind == FIELD_TEXT) z.terms += terms_count(&f->terms);
        for (uint32_t k = 0; k < f->terms.end; k++)
            if (f->terms.of[k] != NULL) z.records += term_docs(&f->terms, f->terms.of[k]);
        z.records += f->tree.count;
        double terms = (double)terms_memory(&f->terms) / MB;
        if (kind == FIELD_TEXT) z.text_mb += terms;
        if (kind == FIELD_TAG) z.tags_mb += terms;
        double tree = (double)numtree_memory(&f->tree) / MB;
        if (kind == FIELD_NUMERIC) z.numbers_mb += tree;
        if (kind == FIELD_GEO) z.places_mb += tree;
        double vectors = f->vectors == NULL ? 0 : (double)vectors_memory(f->vectors) / MB;
        z.vectors_mb += vectors;
        z.columns_mb += (double)field_memory(f, &x->schema.fields[i]) / MB - terms - tree - vectors;
    }
    return z;
}

static void info_errors(struct reply *r, const struct search_index *x)
{
    bool any = x->last_error.len > 0;
    reply_cstr(r, "Index Errors");
    reply_map(r, 3);
    reply_cstr(r, "indexing failures");
    reply_int(r, (int64_t)x->failures);
    word(r, "last indexing error", any ? x->last_error : SLICE("N/A"));
    word(r, "last indexing error key", any ? x->last_error_key : SLICE("N/A"));
}

static void info_dialects(struct reply *r, const struct search_entry *e)
{
    reply_cstr(r, "dialect_stats");
    reply_map(r, 4);
    for (int i = 1; i <= 4; i++) {
        reply_bulkf(r, "dialect_%d", i);
        reply_int(r, e->dialects[i] > 0);
    }
}

static double percent_indexed(const struct search *s, const struct search_entry *e)
{
    uint64_t keys = host_key_count(s->keys);
    if (!e->scanning) return 1;
    return keys == 0 || e->scanned >= keys ? 0.99 : (double)e->scanned / (double)keys;
}

static void info_sizes(struct reply *r, const struct search_index *x)
{
    struct sizes z = sizes_of(x);
    double docs = x->docs.count == 0 ? 1 : x->docs.count;
    double records = z.records == 0 ? 1 : (double)z.records;
    reply_cstr(r, "num_docs");
    reply_int(r, x->docs.count);
    reply_cstr(r, "max_doc_id");
    reply_int(r, x->docs.end);
    reply_cstr(r, "num_terms");
    reply_int(r, (int64_t)z.terms);
    reply_cstr(r, "num_records");
    reply_int(r, (int64_t)z.records);
    number(r, "inverted_sz_mb", z.text_mb);
    number(r, "vector_index_sz_mb", z.vectors_mb);
    number(r, "numeric_index_sz_mb", z.numbers_mb);
    number(r, "tag_overhead_sz_mb", z.tags_mb);
    number(r, "geoshapes_sz_mb", z.places_mb);
    number(r, "doc_table_size_mb", (double)docs_memory(&x->docs) / MB);
    number(r, "sortable_values_size_mb", z.columns_mb);
    number(r, "records_per_doc_avg", (double)z.records / docs);
    number(r, "bytes_per_record_avg", z.text_mb * MB / records);
    reply_cstr(r, "total_index_memory_sz_mb");
    reply_double(r, (double)index_memory(x) / MB);
}

/* FT.INFO index */
void ft_info(struct host *h)
{
    struct search *s = search_find(h);
    struct search_entry *e = search_entry(s, h->argv[1]);
    struct reply *r = h->reply;
    if (e == NULL) {
        reply_error(r, "Unknown Index name");
        return;
    }
    const struct schema *schema = &e->index->schema;
    if (!search_may(h, schema, false)) return;
    reply_map(r, 26U + schema->own_stopwords);
    word(r, "index_name", schema->name);
    info_options(r, schema);
    info_definition(r, schema);
    reply_cstr(r, "attributes");
    reply_array(r, schema->field_count);
    for (uint32_t i = 0; i < schema->field_count; i++)
        info_field(r, &schema->fields[i]);
    info_sizes(r, e->index);
    reply_cstr(r, "hash_indexing_failures");
    reply_int(r, (int64_t)e->index->failures);
    number(r, "total_indexing_time", (double)e->indexing_us / 1000);
    reply_cstr(r, "indexing");
    reply_int(r, e->scanning);
    number(r, "percent_indexed", percent_indexed(s, e));
    reply_cstr(r, "number_of_uses");
    reply_int(r, (int64_t)e->uses);
    reply_cstr(r, "cleaning");
    reply_int(r, 0);
    info_dialects(r, e);
    info_errors(r, e->index);
    if (!schema->own_stopwords) return;
    reply_cstr(r, "stopwords_list");
    reply_array(r, schema->stopword_count);
    for (uint32_t i = 0; i < schema->stopword_count; i++)
        reply_bulk(r, schema->stopwords[i]);
}

/* --- FT.TAGVALS --- */

static bool tag_one(struct term *t, void *data)
{
    reply_bulk(data, term_name(t));
    return !reply_is_full(data);
}

/* FT.TAGVALS index field */
void ft_tagvals(struct host *h)
{
    struct search_entry *e = search_entry(search_find(h), h->argv[1]);
    if (e == NULL) {
        reply_error(h->reply, "Unknown Index name");
        return;
    }
    if (!search_may(h, &e->index->schema, false)) return;
    int number_of = schema_find(&e->index->schema, h->argv[2]);
    if (number_of < 0) {
        reply_error(h->reply, "No such field");
        return;
    }
    if (e->index->schema.fields[number_of].kind != FIELD_TAG) {
        reply_error(h->reply, "Not a tag field");
        return;
    }
    const struct terms *t = &e->index->fields[number_of].terms;
    reply_set(h->reply, terms_count(t));
    terms_each(t, (struct slice){0}, tag_one, h->reply);
}

/* --- FT.CONFIG --- */

struct setting {
    const char *name;
    size_t at; /* in struct search_settings: an int64_t */
    int64_t min, max;
};

#define SETTING(name, field, min, max)                                                             \
    {                                                                                              \
        (name), offsetof(struct search_settings, field), (min), (max)                              \
    }
static const struct setting settings[] = {
    SETTING("DEFAULT_DIALECT", dialect, 1, 4),
    SETTING("TIMEOUT", timeout_ms, 0, 3600000),
    SETTING("MAXEXPANSIONS", max_expansions, 1, 100000),
    SETTING("MAXPREFIXEXPANSIONS", max_expansions, 1, 100000),
    SETTING("MAXSEARCHRESULTS", max_search_results, 0, 1000000),
    SETTING("MAXAGGREGATEMB", max_aggregate_mb, 1, 65536),
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static int64_t *setting_of(struct search *s, const struct setting *x)
{
    return (int64_t *)(void *)((char *)&s->settings + x->at);
}

static const char *on_timeout(const struct search *s)
{
    return s->settings.fail_on_timeout ? "fail" : "return";
}

/* FT.CONFIG GET name|* */
static void config_get(struct host *h, struct search *s, struct slice name)
{
    bool all = slice_is(name, "*");
    size_t place = reply_later(h->reply);
    uint32_t n = 0;
    for (uint32_t i = 0; i < SETTINGS; i++) {
        if (!all && !slice_word(name, settings[i].name)) continue;
        reply_array(h->reply, 2);
        reply_cstr(h->reply, settings[i].name);
        reply_bulk_i64(h->reply, *setting_of(s, &settings[i]));
        n++;
    }
    if (all || slice_word(name, "ON_TIMEOUT")) {
        reply_array(h->reply, 2);
        reply_cstr(h->reply, "ON_TIMEOUT");
        reply_cstr(h->reply, on_timeout(s));
        n++;
    }
    reply_later_end(h->reply, place, '*', n);
}

/* FT.CONFIG SET name value */
static void config_set(struct host *h, struct search *s, struct slice name, struct slice value)
{
    int64_t number_of = 0;
    if (slice_word(name, "ON_TIMEOUT")) {
        bool fails = slice_word(value, "fail");
        if (!fails && !slice_word(value, "return")) {
            reply_error(h->reply, "Invalid ON_TIMEOUT value");
            return;
        }
        s->settings.fail_on_timeout = fails;
        reply_ok(h->reply);
        return;
    }
    for (uint32_t i = 0; i < SETTINGS; i++) {
        const struct setting *x = &settings[i];
        if (!slice_word(name, x->name)) continue;
        if (!slice_i64(value, &number_of) || number_of < x->min || number_of > x->max) {
            reply_errorf(h->reply, "Value is outside acceptable bounds");
            return;
        }
        *setting_of(s, x) = number_of;
        reply_ok(h->reply);
        return;
    }
    reply_error(h->reply, "Invalid option");
}

/* FT.CONFIG GET|SET name [value]: until the process ends */
void ft_config(struct host *h)
{
    struct search *s = search_of(h);
    if (h->argc == 3 && slice_word(h->argv[1], "GET"))
        config_get(h, s, h->argv[2]);
    else if (h->argc == 4 && slice_word(h->argv[1], "SET"))
        config_set(h, s, h->argv[2], h->argv[3]);
    else
        host_wrong_arity(h);
}
