/* search_query: FT.SEARCH: a query, and its results as replies. */
#include "search_query.h"

#include "store/cmd/json.h"

bool search_query_begin(struct host *h, struct slice index, struct search_query *q)
{
    *q = (struct search_query){.h = h, .s = search_find(h), .slop = -1};
    q->e = search_entry(q->s, index);
    if (q->e == NULL) {
        search_no_index(h, index);
        return false;
    }
    struct search_index *x = q->e->index;
    if (!search_may(h, &x->schema, false)) return false;
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
        struct slice text = hit->key.text;
        char *key = arena_alloc(q->h->arena, text.len + 1);
        *key = '$';
        (void)memcpy(key + 1, text.p, text.len);
        reply_bulk(r, slice_make(key, text.len + 1));
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

static void reply_reason(struct reply *r, const struct score_reason *why)
{
    if (why->count == 0) {
        reply_bulk(r, why->text);
        return;
    }
    reply_array(r, 2);
    reply_bulk(r, why->text);
    reply_array(r, why->count);
    for (uint32_t i = 0; i < why->count; i++)
        reply_reason(r, why->child[i]);
}

static void reply_score(struct search_query *q, const struct search_hit *hit)
{
    struct reply *r = q->h->reply;
    if (q->reasons) reply_array(r, 2);
    if (r->resp == 3)
        reply_double(r, hit->score);
    else
        reply_bulk(r, number_text(q->h->arena, hit->score));
    if (q->reasons) reply_reason(r, filter_explain(q->e->index, q->explain, hit->doc, q->h->arena));
}

static void reply_hit2(struct search_query *q, const struct search_hit *hit, struct slice key,
                       const struct host_view *view)
{
    reply_bulk(q->h->reply, key);
    if (q->run.scores) reply_score(q, hit);
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
        reply_score(q, hit);
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

void search_reply_found(struct search_query *q, const struct search_result *found)
{
    struct reply *r = q->h->reply;
    const char *error = NULL;
    if (q->reasons)
        q->explain = filter_new(q->e->index, q->run.root, &q->run.filter, q->h->arena, &error);
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
    if (args_ok(a) && q->reasons && !q->run.scores)
        args_fail(a, "EXPLAINSCORE must be accompanied with WITHSCORES");
    if (!args_end(a, q->h->reply) || !search_query_parse(q, text)) return false;
    const struct schema *s = &q->e->index->schema;
    struct slice field = q->run.order.field;
    if (!q->run.order.by_value || schema_find(s, field) >= 0) return true;
    if (query_yields(q->run.root, field)) return true;
    reply_errorf(q->h->reply, "Property `%.*s` not loaded nor in schema",
                 (int)(field.len > 200 ? 200 : field.len), field.p);
    return false;
}

bool search_query_whole(struct search_query *q, struct search_result *found)
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
    if (search_query_whole(&q, &found)) search_reply_found(&q, &found);
}
