/* search_options: the words behind a query: RETURN, LIMIT, SORTBY, PARAMS and their like. */
#include "search_query.h"

#include <math.h>

enum { FILTERS_MAX = 64, RETURNS_MAX = 1024, KEYS_MAX = 1 << 16, PARAMS_MAX = 1024 };

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
    else if (args_maybe(a, "EXPLAINSCORE"))
        q->reasons = true;
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
