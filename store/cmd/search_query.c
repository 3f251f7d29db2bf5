/* search_query: FT.SEARCH and FT.EXPLAIN: a query, and its results as replies. */
#include "search_query.h"

#include "store/cmd/json.h"

#include <math.h>

enum { FILTERS_MAX = 64, RETURNS_MAX = 1024, KEYS_MAX = 1 << 16, PARAMS_MAX = 1024 };

/* --- arguments --- */

static void failf(struct search_query *q, const char *what, struct slice word)
{
    if (word.len > 200) word.len = 200;
    args_fail(q->h->args, arena_printf(q->h->arena, "%s `%.*s`", what, (int)word.len, word.p).p);
}

/* A count and so many words. */
static void words(struct search_query *q, uint32_t max, const struct slice **out, uint32_t *n)
{
    struct args *a = q->h->args;
    args_u32(a, 0, max, n);
    if (args_ok(a) && args_left(a) < *n)
        args_fail(a, "Bad arguments: Expected an argument, but none provided");
    if (!args_ok(a)) return;
    *out = a->argv + a->at;
    a->at += *n;
}

static void read_params(struct search_query *q)
{
    const struct slice *said = NULL;
    uint32_t n = 0;
    words(q, 2 * PARAMS_MAX, &said, &n);
    if (args_ok(q->h->args) && n % 2 != 0)
        args_fail(q->h->args, "Parameters must be specified in PARAM VALUE pairs");
    if (!args_ok(q->h->args)) return;
    struct query_param *params = arena_array(q->h->arena, n / 2 + 1, struct query_param);
    for (uint32_t i = 0; i < n / 2; i++)
        params[i] = (struct query_param){said[2 * i], said[2 * i + 1]};
    q->options.params = params;
    q->options.param_count = n / 2;
}

/* RETURN n field [AS name] …: n counts all of these words. */
static void read_returns(struct search_query *q)
{
    const struct slice *said = NULL;
    uint32_t n = 0;
    words(q, 3 * RETURNS_MAX, &said, &n);
    if (!args_ok(q->h->args)) return;
    q->returns = arena_array(q->h->arena, n + 1, struct search_return);
    q->returns_said = true;
    if (n == 0) q->no_content = true;
    for (uint32_t i = 0; i < n; i++) {
        struct search_return *r = &q->returns[q->return_count++];
        r->name = r->as = said[i];
        if (r->name.len > 1 && r->name.p[0] == '@') r->name = r->as = slice_from(r->name, 1);
        if (i + 1 >= n || !slice_word(said[i + 1], "AS")) continue;
        if (i + 2 >= n) {
            args_fail(q->h->args, "RETURN path AS name - must be accompanied with NAME");
            return;
        }
        r->as = said[i + 2];
        i += 2;
    }
}

static double filter_bound(struct search_query *q, bool *open)
{
    struct slice word = {0};
    double d = 0;
    args_slice(q->h->args, &word);
    *open = word.len > 0 && word.p[0] == '(';
    if (args_ok(q->h->args) && !slice_double(slice_from(word, *open), &d))
        failf(q, "Bad numeric range:", word);
    return d;
}

/* The field of a FILTER or GEOFILTER; false when none of the kind has that name. */
static bool filter_field(struct search_query *q, struct slice name, enum field_kind kind,
                         struct query_node *n)
{
    const struct schema *s = q->options.schema;
    int number = schema_find(s, name);
    if (number < 0 || s->fields[number].kind != kind || s->fields[number].noindex) {
        n->kind = QUERY_NONE; /* as RediSearch: no such field, no such document */
        return false;
    }
    uint16_t *field = arena_alloc(q->h->arena, sizeof *field);
    *field = (uint16_t)number;
    n->fields = (struct query_fields){field, 1, false};
    return true;
}

static struct query_node *filter_node_new(struct search_query *q, enum query_kind kind)
{
    struct query_node *n = arena_new(q->h->arena, struct query_node);
    *n = (struct query_node){.kind = kind, .weight = 1, .slop = -1};
    q->filter = query_and(q->filter, n, q->h->arena);
    return n;
}

/* FILTER field min max */
static void read_filter(struct search_query *q)
{
    struct slice name = {0};
    struct query_node *n = filter_node_new(q, QUERY_NUMERIC);
    args_slice(q->h->args, &name);
    n->min = filter_bound(q, &n->min_open);
    n->max = filter_bound(q, &n->max_open);
    if (args_ok(q->h->args)) (void)filter_field(q, name, FIELD_NUMERIC, n);
}

/* GEOFILTER field lon lat radius unit */
static void read_geofilter(struct search_query *q)
{
    struct args *a = q->h->args;
    struct slice name = {0}, unit = {0};
    struct query_node *n = filter_node_new(q, QUERY_GEO);
    args_slice(a, &name);
    args_double(a, &n->lon);
    args_double(a, &n->lat);
    args_double(a, &n->radius);
    args_slice(a, &unit);
    if (!args_ok(a)) return;
    n->radius_m = n->radius * query_unit_m(unit);
    n->unit = arena_copy(q->h->arena, unit).p;
    if (!(n->radius_m > 0) || fabs(n->lon) > 180 || fabs(n->lat) > 90)
        args_fail(a, "Bad arguments for GEOFILTER: Invalid radius, unit or place");
    else
        (void)filter_field(q, name, FIELD_GEO, n);
}

static void read_infields(struct search_query *q)
{
    const struct slice *said = NULL;
    uint32_t n = 0;
    words(q, SCHEMA_FIELDS_MAX, &said, &n);
    if (!args_ok(q->h->args)) return;
    uint16_t *fields = arena_array(q->h->arena, n + 1, uint16_t);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        int number = schema_find(q->options.schema, said[i]);
        if (number >= 0) fields[count++] = (uint16_t)number;
    }
    q->options.in = (struct query_fields){fields, count, false};
}

static void read_inkeys(struct search_query *q)
{
    struct query_node *n = filter_node_new(q, QUERY_KEYS);
    words(q, KEYS_MAX, &n->keys, &n->key_count);
}

static void read_sortby(struct search_query *q)
{
    struct args *a = q->h->args;
    args_slice(a, &q->run.order.field);
    q->run.order.by_value = true;
    if (args_maybe(a, "DESC"))
        q->run.order.descending = true;
    else
        (void)args_maybe(a, "ASC");
    struct slice *field = &q->run.order.field;
    if (field->len > 1 && field->p[0] == '@') *field = slice_from(*field, 1);
}

static void read_scorer(struct search_query *q)
{
    static const struct {
        const char *name;
        enum search_scorer scorer;
    } scorers[] = {{"BM25STD", SCORE_BM25STD}, {"BM25", SCORE_BM25},
                   {"TFIDF", SCORE_TFIDF},     {"TFIDF.DOCNORM", SCORE_TFIDF_DOCNORM},
                   {"DISMAX", SCORE_DISMAX},   {"DOCSCORE", SCORE_DOCSCORE}};
    struct slice name = {0};
    args_slice(q->h->args, &name);
    if (!args_ok(q->h->args)) return;
    for (size_t i = 0; i < sizeof scorers / sizeof scorers[0]; i++) {
        if (!slice_word(name, scorers[i].name)) continue;
        q->run.filter.scorer = scorers[i].scorer;
        return;
    }
    failf(q, "No such scorer", name);
}

static void read_language(struct search_query *q)
{
    struct slice name = {0};
    args_slice(q->h->args, &name);
    if (!args_ok(q->h->args)) return;
    q->options.language = text_language(name);
    if (q->options.language < 0) failf(q, "No such language", name);
}

static void read_limit(struct search_query *q)
{
    struct args *a = q->h->args;
    int64_t offset = 0, count = 0;
    args_i64(a, &offset);
    args_i64(a, &count);
    if (!args_ok(a)) return;
    int64_t most = q->s->settings.max_search_results;
    if (offset < 0 || count < 0)
        args_fail(a, "LIMIT needs two numbers that are not negative");
    else if (count > most)
        args_fail(a, arena_printf(q->h->arena, "LIMIT exceeds maximum of %lld", (long long)most).p);
    else if (offset > most)
        args_fail(a,
                  arena_printf(q->h->arena, "OFFSET exceeds maximum of %lld", (long long)most).p);
    q->run.offset = (uint32_t)(offset > most ? 0 : offset);
    q->run.count = (uint32_t)(count > most ? 0 : count);
}

void search_read_dialect(struct search_query *q)
{
    struct args *a = q->h->args;
    int64_t dialect = 0;
    args_i64(a, &dialect);
    if (a->error != NULL || dialect < 1 || dialect > 4) {
        a->error = NULL;
        args_fail(a, "DIALECT requires a non negative integer >=1 and <= 4");
    } else {
        q->options.dialect = (int)dialect;
    }
}

static void read_timeout(struct search_query *q)
{
    args_range(q->h->args, 0, 3600000, "TIMEOUT requires a non negative integer", &q->timeout_ms);
}

/* The words that stand alone; false when the next is none of them. */
static bool read_flag(struct search_query *q)
{
    struct args *a = q->h->args;
    if (args_maybe(a, "NOCONTENT"))
        q->no_content = true;
    else if (args_maybe(a, "VERBATIM"))
        q->options.verbatim = true;
    else if (args_maybe(a, "NOSTOPWORDS"))
        q->options.stopwords = true;
    else if (args_maybe(a, "WITHSCORES"))
        q->run.scores = true;
    else if (args_maybe(a, "WITHPAYLOADS"))
        q->payloads = true;
    else if (args_maybe(a, "WITHSORTKEYS"))
        q->sort_keys = true;
    else if (args_maybe(a, "INORDER"))
        q->in_order = true;
    else
        return false;
    return true;
}

void search_read_option(struct search_query *q)
{
    struct args *a = q->h->args;
    if (read_flag(q) || search_read_marks(q)) return;
    if (args_maybe(a, "RETURN"))
        read_returns(q);
    else if (args_maybe(a, "LIMIT"))
        read_limit(q);
    else if (args_maybe(a, "SORTBY"))
        read_sortby(q);
    else if (args_maybe(a, "FILTER"))
        read_filter(q);
    else if (args_maybe(a, "GEOFILTER"))
        read_geofilter(q);
    else if (args_maybe(a, "INKEYS"))
        read_inkeys(q);
    else if (args_maybe(a, "INFIELDS"))
        read_infields(q);
    else if (args_maybe(a, "SLOP"))
        args_i64(a, &q->slop);
    else if (args_maybe(a, "LANGUAGE"))
        read_language(q);
    else if (args_maybe(a, "SCORER"))
        read_scorer(q);
    else if (args_maybe(a, "PARAMS"))
        read_params(q);
    else if (args_maybe(a, "TIMEOUT"))
        read_timeout(q);
    else if (args_maybe(a, "DIALECT"))
        search_read_dialect(q);
    else
        args_fail(a, arena_printf(q->h->arena, "Unknown argument `%.*s` at position %u for <main>",
                                  (int)(args_peek(a).len > 200 ? 200 : args_peek(a).len),
                                  args_peek(a).p, a->at - 2)
                         .p);
}

bool search_query_begin(struct host *h, struct slice index, struct search_query *q)
{
    *q = (struct search_query){.h = h, .s = search_find(h), .slop = -1};
    q->e = search_entry(q->s, index);
    if (q->e == NULL) {
        search_no_index(h, index);
        return false;
    }
    struct search_index *x = q->e->index;
    q->timeout_ms = q->s->settings.timeout_ms;
    q->options = (struct query_options){.schema = &x->schema,
                                        .tools = &x->tools,
                                        .language = text_language(x->schema.language),
                                        .dialect = (int)q->s->settings.dialect,
                                        .in = {.all = true}};
    q->run.count = 10;
    q->run.filter.expansions_max = (uint32_t)q->s->settings.max_expansions;
    return true;
}

/* Words one behind the other, as SLOP and INORDER of the command say. */
static void set_slop(struct search_query *q, struct query_node *root)
{
    if (root->kind != QUERY_AND || (q->slop < 0 && !q->in_order)) return;
    if (root->slop < 0) root->slop = q->slop < 0 ? INT32_MAX : q->slop;
    if (q->in_order) root->in_order = true;
}

bool search_query_parse(struct search_query *q, struct slice text)
{
    const char *error = NULL;
    struct query_node *root = query_parse(text, &q->options, q->h->arena, &error);
    if (root == NULL) {
        reply_error_slice(q->h->reply, slice_of(error));
        return false;
    }
    set_slop(q, root);
    q->e->dialects[q->options.dialect]++;
    q->run.root = query_and(root, q->filter, q->h->arena);
    return true;
}

/* --- the clock --- */

struct deadline {
    struct host_keys *keys;
    int64_t at_us;
};

static bool is_over(void *data)
{
    const struct deadline *d = data;
    return host_clock_us(d->keys) > d->at_us;
}

bool search_query_run(struct search_query *q, struct search_result *out)
{
    struct deadline d = {q->s->keys, host_clock_us(q->s->keys) + q->timeout_ms * 1000};
    q->source = search_source(q->s, q->e, q->h->arena);
    q->run.source = &q->source;
    if (q->timeout_ms > 0) q->run.is_over = is_over;
    q->run.data = &d;
    const char *error = search_run(q->e->index, &q->run, q->h->arena, out);
    if (error == NULL && out->timed_out && q->s->settings.fail_on_timeout)
        error = "Timeout limit was reached";
    if (error != NULL) reply_error(q->h->reply, error);
    q->vectors = out->vectors;
    return error == NULL;
}

/* --- replies --- */

static bool add_field(struct slice field, struct slice value, void *data)
{
    struct search_query *q = data;
    reply_bulk(q->h->reply, field);
    reply_bulk(q->h->reply, search_marked(q, field, value));
    return true;
}

static void reply_value(struct reply *r, const struct search_value *v)
{
    if (v->kind == SEARCH_NUMBER)
        reply_bulkf(r, "%.*g", 17, v->number);
    else
        reply_bulk(r, v->text);
}

/* The number as the fewest digits that say it. */
static struct slice number_text(struct arena *arena, double d)
{
    for (int digits = 15;; digits++) {
        struct slice s = arena_printf(arena, "%.*g", digits, d);
        double back = 0;
        if (digits == 17 || (slice_double(s, &back) && back == d)) return s;
    }
}

/* Says the distances of a document, and under which names; returns how many there are. */
static uint32_t reply_distances(struct search_query *q, uint32_t doc, bool say)
{
    uint32_t n = 0;
    for (const struct vector_hits *v = q->vectors; v != NULL; v = v->next) {
        double distance = 0;
        if (!vector_hits_find(v, v->name, doc, &distance)) continue;
        n++;
        if (!say) continue;
        reply_bulk(q->h->reply, v->name);
        reply_bulkf(q->h->reply, "%.12g", distance);
    }
    return n;
}

static void reply_document(struct search_query *q, const struct search_hit *hit,
                           const struct host_view *view)
{
    struct reply *r = q->h->reply;
    const struct buf *json = host_view_value(view, &json_type);
    if (json == NULL) {
        reply_map(r, reply_distances(q, hit->doc, false) +
                         (view->kind == HOST_HASH ? host_view_count(view) : 0));
        (void)reply_distances(q, hit->doc, true);
        if (view->kind == HOST_HASH) host_view_each(view, add_field, q);
        return;
    }
    struct slice by = q->run.order.field;
    bool sorted =
        q->run.order.by_value && hit->key.kind != SEARCH_NULL && !query_yields(q->run.root, by);
    reply_map(r, reply_distances(q, hit->doc, false) + (sorted ? 2 : 1));
    (void)reply_distances(q, hit->doc, true);
    if (sorted) {
        reply_bulk(r, q->run.order.field);
        reply_bulk(r, hit->key.kind == SEARCH_NUMBER ? number_text(q->h->arena, hit->key.number)
                                                     : hit->key.text);
    }
    struct buf text = {0};
    jdoc_print(json->p, &(struct jdoc_format){0}, &text);
    reply_bulk(r, SLICE("$"));
    reply_bulk(r, buf_slice(&text));
    buf_fini(&text);
}

/* What RETURN names, read from the document itself: a column may hold it in lower case. */
static void reply_returns(struct search_query *q, uint32_t doc, struct slice key)
{
    struct reply *r = q->h->reply;
    size_t place = reply_later(r);
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->return_count; i++) {
        struct slice path = q->returns[i].name;
        int number = schema_find(&q->e->index->schema, path);
        struct search_value v = {0};
        double distance = 0;
        if (number >= 0) path = q->e->index->schema.fields[number].path;
        if (vector_hits_find(q->vectors, path, doc, &distance))
            v = search_text(arena_printf(q->h->arena, "%.12g", distance));
        else
            q->source.read(q->source.data, key, path, q->h->arena, &v);
        if (v.kind == SEARCH_NULL) continue;
        if (v.kind == SEARCH_TEXT) v.text = search_marked(q, q->returns[i].name, v.text);
        reply_bulk(r, q->returns[i].as);
        reply_value(r, &v);
        n++;
    }
    reply_later_end(r, place, r->resp == 3 ? '%' : '*', r->resp == 3 ? n : 2 * n);
}

static void reply_sort_key(struct search_query *q, const struct search_hit *hit)
{
    struct reply *r = q->h->reply;
    if (!q->run.order.by_value || hit->key.kind == SEARCH_NULL) {
        reply_null(r);
    } else if (hit->key.kind == SEARCH_NUMBER) {
        struct slice s = number_text(q->h->arena, hit->key.number);
        reply_bulkf(r, "#%.*s", (int)s.len, s.p);
    } else {
        reply_bulk(r, arena_printf(q->h->arena, "$%.*s", (int)hit->key.text.len, hit->key.text.p));
    }
}

static void reply_payload(struct search_query *q, struct slice key)
{
    struct search_value v = {0};
    struct slice path = q->e->index->schema.payload_field;
    if (path.len > 0) q->source.read(q->source.data, key, path, q->h->arena, &v);
    if (v.kind == SEARCH_NULL)
        reply_null(q->h->reply);
    else
        reply_value(q->h->reply, &v);
}

/* The contents of a hit: all of it, or what RETURN names. */
static void reply_contents(struct search_query *q, const struct search_hit *hit, struct slice key,
                           const struct host_view *view)
{
    if (q->returns_said)
        reply_returns(q, hit->doc, key);
    else
        reply_document(q, hit, view);
}

static void reply_hit2(struct search_query *q, const struct search_hit *hit, struct slice key,
                       const struct host_view *view)
{
    reply_bulk(q->h->reply, key);
    if (q->run.scores) reply_bulk(q->h->reply, number_text(q->h->arena, hit->score));
    if (q->payloads) reply_payload(q, key);
    if (q->sort_keys) reply_sort_key(q, hit);
    if (!q->no_content) reply_contents(q, hit, key, view);
}

static void reply_hit3(struct search_query *q, const struct search_hit *hit, struct slice key,
                       const struct host_view *view)
{
    struct reply *r = q->h->reply;
    reply_map(r, 2U + !q->no_content + q->run.scores + q->payloads + q->sort_keys);
    reply_cstr(r, "id");
    reply_bulk(r, key);
    if (q->run.scores) {
        reply_cstr(r, "score");
        reply_double(r, hit->score);
    }
    if (q->payloads) {
        reply_cstr(r, "payload");
        reply_payload(q, key);
    }
    if (q->sort_keys) {
        reply_cstr(r, "sortkey");
        reply_sort_key(q, hit);
    }
    if (!q->no_content) {
        reply_cstr(r, "extra_attributes");
        reply_contents(q, hit, key, view);
    }
    reply_cstr(r, "values");
    reply_array(r, 0);
}

/* Whether all hits are there still: looking at a key may find that its time has come. Then it is
 * out of the index when this returns. */
static bool all_there(struct search_query *q, const struct search_result *found)
{
    bool there = true;
    for (uint32_t i = 0; i < found->n; i++) {
        struct slice key = docs_key(&q->e->index->docs, found->hits[i].doc);
        there = host_look(q->s->keys, key).kind != HOST_NOTHING && there;
    }
    if (!there) (void)search_find(q->h);
    return there;
}

static void reply_found(struct search_query *q, const struct search_result *found)
{
    struct reply *r = q->h->reply;
    uint32_t each = 1U + q->run.scores + q->payloads + q->sort_keys + !q->no_content;
    if (r->resp == 3) {
        reply_map(r, 5);
        reply_cstr(r, "attributes");
        reply_array(r, 0);
        reply_cstr(r, "total_results");
        reply_int(r, (int64_t)found->total);
        reply_cstr(r, "format");
        reply_cstr(r, "STRING");
        reply_cstr(r, "results");
        reply_array(r, found->n);
    } else {
        reply_array(r, 1 + (uint64_t)found->n * each);
        reply_int(r, (int64_t)found->total);
    }
    for (uint32_t i = 0; i < found->n && !reply_is_full(r); i++) {
        const struct search_hit *hit = &found->hits[i];
        struct slice key = docs_key(&q->e->index->docs, hit->doc);
        struct host_view view = {0};
        if (!q->no_content) view = host_look(q->s->keys, key);
        (r->resp == 3 ? reply_hit3 : reply_hit2)(q, hit, key, &view);
    }
    if (r->resp < 3) return;
    reply_cstr(r, "warning");
    reply_array(r, found->timed_out ? 1 : 0);
    if (found->timed_out) reply_cstr(r, "Timeout limit was reached");
}

/* --- commands --- */

bool search_query_read(struct search_query *q)
{
    struct args *a = q->h->args;
    struct slice text = {0};
    args_slice(a, &text);
    while (args_ok(a) && args_left(a) > 0)
        search_read_option(q);
    if (!args_end(a, q->h->reply) || !search_query_parse(q, text)) return false;
    const struct schema *s = &q->e->index->schema;
    struct slice field = q->run.order.field;
    if (!q->run.order.by_value || schema_find(s, field) >= 0) return true;
    if (query_yields(q->run.root, field)) return true;
    reply_errorf(q->h->reply, "Property `%.*s` not loaded nor in schema",
                 (int)(field.len > 200 ? 200 : field.len), field.p);
    return false;
}

/* Runs the query until none of the page has gone meanwhile. */
static bool run_whole(struct search_query *q, struct search_result *found)
{
    enum { TRIES = 8 };
    for (int i = 0; i < TRIES; i++) {
        if (!search_query_run(q, found)) return false;
        if (all_there(q, found)) break;
    }
    return true;
}

/* FT.SEARCH index query [option …] */
void ft_search(struct host *h)
{
    struct search_query q;
    struct search_result found = {0};
    h->args->at = 2;
    if (!search_query_begin(h, h->argv[1], &q) || !search_query_read(&q)) return;
    if (run_whole(&q, &found)) reply_found(&q, &found);
}

/* --- FT.PROFILE --- */

static void pair(struct reply *r, const char *name)
{
    if (r->resp < 3) reply_array(r, 2);
    reply_cstr(r, name);
}

static void milliseconds(struct reply *r, int64_t us)
{
    if (r->resp < 3)
        reply_bulkf(r, "%.3f", (double)us / 1000);
    else
        reply_double(r, (double)us / 1000);
}

/* A part of the tree, and what it may match at most, as the planner sees it. */
static void reply_part(struct search_query *q, const struct query_node *n)
{
    static const char *const kinds[] = {"EMPTY",    "WILDCARD", "INTERSECT", "UNION",   "NOT",
                                        "OPTIONAL", "EXACT",    "TEXT",      "PREFIX",  "SUFFIX",
                                        "INFIX",    "FUZZY",    "WILDCARD",  "NUMERIC", "TAG",
                                        "GEO",      "VECTOR",   "VECTOR",    "ID-LIST"};
    struct reply *r = q->h->reply;
    const char *error = NULL;
    struct doc_iter *it = filter_new(q->e->index, n, &q->run.filter, q->h->arena, &error);
    bool inner = n->child_count > 0 && n->kind != QUERY_TAG;
    reply_map(r, 2U + (n->kind == QUERY_TERM) + inner);
    reply_cstr(r, "Type");
    reply_cstr(r, kinds[n->kind]);
    if (n->kind == QUERY_TERM) {
        reply_cstr(r, "Term");
        reply_bulk(r, n->text);
    }
    reply_cstr(r, "Size");
    reply_int(r, it == NULL ? 0 : it->estimate);
    if (!inner) return;
    reply_cstr(r, "Child iterators");
    reply_array(r, n->child_count);
    for (uint32_t i = 0; i < n->child_count; i++)
        reply_part(q, n->child[i]);
}

static void reply_processor(struct reply *r, const char *type, int64_t us, uint64_t count)
{
    reply_map(r, 3);
    reply_cstr(r, "Type");
    reply_cstr(r, type);
    reply_cstr(r, "Time");
    milliseconds(r, us);
    reply_cstr(r, "Counter");
    reply_int(r, (int64_t)count);
}

static void reply_profile(struct search_query *q, const struct search_result *found,
                          const int64_t at_us[static 4])
{
    struct reply *r = q->h->reply;
    if (r->resp < 3)
        reply_array(r, 5);
    else
        reply_map(r, 5);
    pair(r, "Total profile time");
    milliseconds(r, at_us[3] - at_us[0]);
    pair(r, "Parsing time");
    milliseconds(r, at_us[1] - at_us[0]);
    pair(r, "Pipeline creation time");
    milliseconds(r, 0);
    pair(r, "Iterators profile");
    reply_part(q, q->run.root);
    pair(r, "Result processors profile");
    reply_array(r, 2);
    reply_processor(r, q->run.order.by_value ? "Sorter" : "Scorer", at_us[2] - at_us[1],
                    found->total);
    reply_processor(r, "Loader", at_us[3] - at_us[2], found->n);
}

/* FT.PROFILE index SEARCH [LIMITED] QUERY query [option …] */
void ft_profile(struct host *h)
{
    struct search_query q;
    struct search_result found = {0};
    struct args *a = h->args;
    int64_t at_us[4];
    a->at = 2;
    if (!args_maybe(a, "SEARCH")) args_fail(a, "No `SEARCH` provided");
    (void)args_maybe(a, "LIMITED");
    if (!args_maybe(a, "QUERY")) args_fail(a, "The QUERY keyword is expected");
    if (!args_check(a, h->reply) || !search_query_begin(h, h->argv[1], &q)) return;
    at_us[0] = host_clock_us(q.s->keys);
    if (!search_query_read(&q)) return;
    at_us[1] = host_clock_us(q.s->keys);
    if (!run_whole(&q, &found)) return;
    at_us[2] = host_clock_us(q.s->keys);
    if (h->reply->resp < 3) {
        reply_array(h->reply, 2);
    } else {
        reply_map(h->reply, 2);
        reply_cstr(h->reply, "results");
    }
    reply_found(&q, &found);
    at_us[3] = host_clock_us(q.s->keys);
    if (h->reply->resp == 3) reply_cstr(h->reply, "profile");
    reply_profile(&q, &found, at_us);
}

/* FT.EXPLAIN index query [DIALECT n] */
static void explain(struct host *h, bool lines)
{
    struct search_query q;
    h->args->at = 2;
    if (!search_query_begin(h, h->argv[1], &q) || !search_query_read(&q)) return;
    struct buf text = {0};
    query_explain(q.run.root, q.options.schema, &text);
    if (lines) {
        struct slice rest = buf_slice(&text), line = {0};
        size_t place = reply_later(h->reply);
        uint32_t n = 0;
        for (; slice_cut(&rest, '\n', &line); n++)
            reply_bulk(h->reply, line);
        reply_later_end(h->reply, place, '*', n);
    } else {
        reply_bulk(h->reply, buf_slice(&text));
    }
    buf_fini(&text);
}

void ft_explain(struct host *h)
{
    explain(h, false);
}

/* FT.EXPLAINCLI index query: line by line */
void ft_explaincli(struct host *h)
{
    explain(h, true);
}
