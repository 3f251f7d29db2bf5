/* search_aggregate: FT.AGGREGATE and FT.CURSOR: the pipeline over what a query matches, its rows as one
 * reply or in portions. */
#include "search_query.h"

#include "base/mem.h"
#include "base/rng.h"
#include "store/cmd/json.h"
#include "store/search/aggregate.h"

enum {
    CURSORS_MAX = 128,
    CURSOR_COUNT_USUAL = 1000,
    CURSOR_COUNT_MAX = 1000000,
    CURSOR_IDLE_MS_MAX = 300000
};

/* A result that is read in portions. Its rows are those of the moment of the query. */
struct cursor {
    uint64_t id;
    struct slice index; /* the arena's, as the names of the columns */
    struct agg_result result;
    struct arena arena;
    uint32_t at, count; /* rows read; rows a portion */
    int64_t idle_ms, until_ms;
};

struct cursors {
    struct cursor *of[CURSORS_MAX]; /* owned, and each */
    uint32_t n;
};

struct aggregate {
    struct search_query q;
    struct agg_plan *plan;
    struct slice query;
    bool cursor, scores;
    uint32_t count, idle_ms; /* of the cursor */
};

/* --- cursors --- */

static void cursor_free(struct cursor *c)
{
    agg_result_fini(&c->result);
    arena_fini(&c->arena);
    mem_free(c);
}

void search_cursors_free(struct cursors *all)
{
    for (uint32_t i = 0; all != NULL && i < all->n; i++)
        cursor_free(all->of[i]);
    mem_free(all);
}

static void cursor_drop(struct cursors *all, uint32_t i)
{
    cursor_free(all->of[i]);
    all->of[i] = all->of[--all->n];
}

/* Those of this host; what nobody asked for in time is gone, and what has no index any more. */
static struct cursors *cursors_of(struct search *s, int64_t now_ms)
{
    if (s->cursors == NULL) s->cursors = mem_new(struct cursors);
    struct cursors *all = s->cursors;
    for (uint32_t i = all->n; i-- > 0;) {
        bool indexed = map_find(&s->indexes, all->of[i]->index) != NULL;
        if (!indexed || all->of[i]->until_ms <= now_ms) cursor_drop(all, i);
    }
    return all;
}

/* Numbers that nobody guesses, and that every client reads as integers. */
static uint64_t cursor_id(void)
{
    uint64_t id = 0;
    while (id == 0) {
        rng_secret(&id, sizeof id);
        id >>= 12;
    }
    return id;
}

static uint32_t cursor_find(const struct cursors *all, uint64_t id, struct slice index)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (all->of[i]->id == id && slice_eq(all->of[i]->index, index)) return i;
    return all->n;
}

/* Keeps a result for later; its memory is the cursor's then. */
static struct cursor *cursor_new(const struct aggregate *a, struct agg_result *r)
{
    struct cursor *c = mem_new(struct cursor);
    struct slice *names = arena_array(&c->arena, r->columns + 1, struct slice);
    for (uint32_t i = 0; i < r->columns; i++)
        names[i] = arena_copy(&c->arena, r->names[i]);
    c->result = *r;
    c->result.names = names;
    c->id = cursor_id();
    c->index = arena_copy(&c->arena, a->q.options.schema->name);
    c->count = a->count;
    c->idle_ms = a->idle_ms;
    c->until_ms = a->q.h->now_ms + c->idle_ms;
    return c;
}

/* --- arguments --- */

static void read_cursor(struct aggregate *a)
{
    struct args *args = a->q.h->args;
    a->cursor = true;
    for (;;) {
        if (args_maybe(args, "COUNT"))
            args_u32(args, 1, CURSOR_COUNT_MAX, &a->count);
        else if (args_maybe(args, "MAXIDLE"))
            args_u32(args, 1, UINT32_MAX, &a->idle_ms);
        else
            break;
    }
    if (a->idle_ms > CURSOR_IDLE_MS_MAX) a->idle_ms = CURSOR_IDLE_MS_MAX;
}

/* Whether a word begins an option that FT.AGGREGATE shares with FT.SEARCH. */
static bool is_shared(struct slice word)
{
    static const char *const words[] = {"PARAMS",   "DIALECT", "TIMEOUT", "VERBATIM", "LANGUAGE",
                                        "INFIELDS", "INKEYS",  "SLOP",    "INORDER",  "SCORER"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_word(word, words[i])) return true;
    return false;
}

static void read_part(struct aggregate *a)
{
    struct args *args = a->q.h->args;
    const char *error = NULL;
    uint32_t at = args->at;
    if (agg_plan_read(a->plan, args->argv, args->argc, &at, &error))
        args->at = at;
    else if (error != NULL)
        args_fail(args, error);
    else if (args_maybe(args, "WITHCURSOR"))
        read_cursor(a);
    else if (args_maybe(args, "ADDSCORES"))
        a->scores = true;
    else if (is_shared(args_peek(args)))
        search_read_option(&a->q);
    else
        args_fail(args,
                  arena_printf(a->q.h->arena, "Unknown argument `%.*s` at position %u for <main>",
                               (int)(args_peek(args).len > 200 ? 200 : args_peek(args).len),
                               args_peek(args).p, args->at - 2)
                      .p);
}

/* Whether documents have a value of this name besides their fields. */
static bool is_value(const struct aggregate *a, struct slice name)
{
    return slice_is(name, "__key") || (a->scores && slice_is(name, "__score")) ||
           query_yields(a->q.run.root, name);
}

static bool aggregate_read(struct aggregate *a)
{
    struct args *args = a->q.h->args;
    struct slice name = {0};
    a->count = CURSOR_COUNT_USUAL;
    a->idle_ms = CURSOR_IDLE_MS_MAX;
    a->plan = agg_plan_new(a->q.options.schema, a->q.h->arena);
    args_slice(args, &a->query);
    while (args_ok(args) && args_left(args) > 0)
        read_part(a);
    if (!args_end(args, a->q.h->reply) || !search_query_parse(&a->q, a->query)) return false;
    for (uint32_t i = 0; (name = agg_plan_unknown(a->plan, i)).len > 0; i++) {
        if (is_value(a, name)) continue;
        reply_errorf(a->q.h->reply, "Property `%.*s` not loaded nor in pipeline",
                     (int)(name.len > 200 ? 200 : name.len), name.p);
        return false;
    }
    return true;
}

/* --- rows --- */

struct rows {
    struct aggregate *a;
    struct doc_iter *it;
    uint32_t *ids; /* those of nearest neighbours, nearest first; or NULL */
    uint32_t n, at;
    uint32_t doc;
    int64_t until_us;
};

static bool next_row(void *data)
{
    struct rows *r = data;
    if (r->ids != NULL) {
        r->doc = r->at < r->n ? r->ids[r->at++] : DOC_NONE;
    } else {
        r->doc = doc_iter_next(r->it);
    }
    return r->doc != DOC_NONE;
}

static struct search_value read_row(void *data, struct slice name, struct arena *arena)
{
    struct rows *r = data;
    const struct search_query *q = &r->a->q;
    const struct search_index *x = q->e->index;
    double distance = 0;
    if (vector_hits_find(q->vectors, name, r->doc, &distance)) return search_number(distance);
    if (slice_is(name, "__key")) return search_text(docs_key(&x->docs, r->doc));
    if (r->a->scores && slice_is(name, "__score"))
        return search_number(filter_score(x, r->it, r->doc));
    return search_read(x, r->doc, name, &q->source, arena);
}

struct loading {
    struct arena *arena;
    void (*fn)(void *to, struct slice name, struct search_value v);
    void *to;
};

static bool load_field(struct slice field, struct slice value, void *data)
{
    const struct loading *l = data;
    l->fn(l->to, field, search_text(arena_copy(l->arena, value))); /* it is gone after this */
    return true;
}

/* LOAD *: the fields of a hash, the text of a JSON document as "$". */
static void load_row(void *data, struct arena *arena,
                     void (*fn)(void *to, struct slice name, struct search_value v), void *to)
{
    struct rows *r = data;
    const struct search_query *q = &r->a->q;
    struct slice key = docs_key(&q->e->index->docs, r->doc);
    struct host_view view = host_look(q->s->keys, key);
    struct loading l = {arena, fn, to};
    for (const struct vector_hits *v = q->vectors; v != NULL; v = v->next)
        fn(to, v->name, read_row(r, v->name, arena));
    if (view.kind == HOST_HASH) {
        host_view_each(&view, load_field, &l);
    } else {
        struct search_value v = {0};
        q->source.read(q->source.data, key, SLICE("$"), arena, &v);
        fn(to, SLICE("$"), v);
    }
}

static bool is_over(void *data)
{
    const struct rows *r = data;
    const struct search_query *q = &r->a->q;
    return q->timeout_ms > 0 && host_clock_us(q->s->keys) > r->until_us;
}

static const char *aggregate_run(struct aggregate *a, struct agg_result *out)
{
    struct search_query *q = &a->q;
    const char *error = NULL;
    struct filter_options options = q->run.filter;
    struct rows rows = {.a = a};
    rows.until_us = host_clock_us(q->s->keys) + q->timeout_ms * 1000;
    options.vectors = &q->vectors;
    rows.it = filter_new(q->e->index, q->run.root, &options, q->h->arena, &error);
    if (rows.it == NULL) return error;
    if (q->run.root->kind == QUERY_KNN) {
        rows.ids = arena_alloc(q->h->arena, ((size_t)rows.it->estimate + 1) * sizeof *rows.ids);
        rows.n = rows.it->kind->page(rows.it, 0, rows.it->estimate, rows.ids);
    }
    q->source = search_source(q->s, q->e, q->h->arena);
    const struct agg_source source = {next_row, read_row, load_row, is_over, &rows};
    size_t most = (size_t)q->s->settings.max_aggregate_mb << 20;
    if (!agg_run(a->plan, &source, most, out, &error)) return error;
    if (!out->timed_out || !q->s->settings.fail_on_timeout) return NULL;
    agg_result_fini(out);
    return "Timeout limit was reached";
}

/* --- replies --- */

static void reply_value(struct reply *r, struct search_value v, struct arena *arena)
{
    if (v.kind == SEARCH_NULL) {
        reply_null(r);
    } else if (v.kind == SEARCH_LIST) {
        reply_array(r, v.count);
        for (uint32_t i = 0; i < v.count; i++)
            reply_value(r, v.items[i], arena);
    } else {
        reply_bulk(r, expr_text(v, arena));
    }
}

static void reply_row(struct host *h, const struct agg_result *from, const struct agg_row *row)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->count; i++)
        n += agg_row_has(row, i);
    if (h->reply->resp == 3) {
        reply_map(h->reply, 2);
        reply_cstr(h->reply, "extra_attributes");
    }
    reply_map(h->reply, n);
    for (uint32_t i = 0; i < row->count; i++) {
        if (!agg_row_has(row, i)) continue;
        reply_bulk(h->reply, from->names[i]);
        reply_value(h->reply, row->values[i], h->arena);
    }
    if (h->reply->resp < 3) return;
    reply_cstr(h->reply, "values");
    reply_array(h->reply, 0);
}

static void reply_rows(struct host *h, const struct agg_result *from, uint32_t at, uint32_t n)
{
    struct reply *r = h->reply;
    if (r->resp == 3) {
        reply_map(r, 5);
        reply_cstr(r, "attributes");
        reply_array(r, 0);
        reply_cstr(r, "total_results");
        reply_int(r, (int64_t)from->total);
        reply_cstr(r, "format");
        reply_cstr(r, "STRING");
        reply_cstr(r, "results");
        reply_array(r, n);
    } else {
        reply_array(r, 1 + (uint64_t)n);
        reply_int(r, (int64_t)from->total);
    }
    for (uint32_t i = 0; i < n; i++)
        reply_row(h, from, from->rows[at + i]);
    if (r->resp < 3) return;
    reply_cstr(r, "warning");
    reply_array(r, from->timed_out ? 1 : 0);
    if (from->timed_out) reply_cstr(r, "Timeout limit was reached");
}

/* The next portion, and the number to go on with: 0 when it was the last. */
static void reply_portion(struct host *h, struct cursors *all, uint32_t i, uint32_t count)
{
    struct cursor *c = all->of[i];
    uint32_t left = c->result.n - c->at, n = left < count ? left : count;
    reply_array(h->reply, 2);
    reply_rows(h, &c->result, c->at, n);
    c->at += n;
    c->until_ms = h->now_ms + c->idle_ms;
    bool more = c->at < c->result.n;
    reply_int(h->reply, more ? (int64_t)c->id : 0);
    if (!more) cursor_drop(all, i);
}

/* --- commands --- */

/* FT.AGGREGATE index query [clause …] [WITHCURSOR [COUNT n] [MAXIDLE ms]] [option …] */
void ft_aggregate(struct host *h)
{
    struct aggregate a = {0};
    struct agg_result result = {0};
    h->args->at = 2;
    if (!search_query_begin(h, h->argv[1], &a.q) || !aggregate_read(&a)) return;
    struct cursors *all = cursors_of(a.q.s, h->now_ms);
    if (a.cursor && all->n == CURSORS_MAX) {
        reply_error(h->reply, "Too many cursors: read or delete some first");
        return;
    }
    const char *error = aggregate_run(&a, &result);
    if (error != NULL) {
        reply_error(h->reply, error);
    } else if (a.cursor) {
        all->of[all->n++] = cursor_new(&a, &result);
        reply_portion(h, all, all->n - 1, a.count);
    } else {
        reply_rows(h, &result, 0, result.n);
        agg_result_fini(&result);
    }
}

void search_profile_aggregate(struct host *h)
{
    struct aggregate a = {0};
    struct agg_result result = {0};
    int64_t at_us[4];
    if (!search_query_begin(h, h->argv[1], &a.q)) return;
    at_us[0] = host_clock_us(a.q.s->keys);
    if (!aggregate_read(&a)) return;
    at_us[1] = host_clock_us(a.q.s->keys);
    const char *error = a.cursor ? "FT.PROFILE makes no cursors" : aggregate_run(&a, &result);
    if (error != NULL) {
        reply_error(h->reply, error);
        return;
    }
    at_us[2] = host_clock_us(a.q.s->keys);
    search_reply_profile_begin(h->reply);
    reply_rows(h, &result, 0, result.n);
    at_us[3] = host_clock_us(a.q.s->keys);
    const struct search_stage stages[] = {{"Pipeline", at_us[2] - at_us[1], result.total},
                                          {"Loader", at_us[3] - at_us[2], result.n}};
    search_reply_profile(&a.q, stages, at_us);
    agg_result_fini(&result);
}

static void cursor_read(struct host *h, struct cursors *all, uint32_t i, int64_t id)
{
    uint32_t count = 0;
    if (args_maybe(h->args, "COUNT")) args_u32(h->args, 1, CURSOR_COUNT_MAX, &count);
    if (!args_end(h->args, h->reply)) return;
    if (i == all->n) {
        reply_errorf(h->reply, "Cursor not found, id: %lld", (long long)id);
        return;
    }
    reply_portion(h, all, i, count > 0 ? count : all->of[i]->count);
}

static void cursor_del(struct host *h, struct cursors *all, uint32_t i)
{
    if (!args_end(h->args, h->reply)) return;
    if (i == all->n) {
        reply_error(h->reply, "Cursor does not exist");
        return;
    }
    cursor_drop(all, i);
    reply_ok(h->reply);
}

/* FT.CURSOR READ index cursor [COUNT n]
 * FT.CURSOR DEL index cursor */
void ft_cursor(struct host *h)
{
    int64_t id = 0;
    struct search *s = search_find(h);
    struct search_entry *e = search_entry(s, h->argv[2]);
    bool read = slice_word(h->argv[1], "READ");
    if (!read && !slice_word(h->argv[1], "DEL")) {
        reply_error(h->reply, "Unknown subcommand");
        return;
    }
    if (e == NULL) {
        search_no_index(h, h->argv[2]);
        return;
    }
    if (!search_may(h, &e->index->schema, false)) return;
    h->args->at = 3;
    args_i64(h->args, &id);
    if (!args_check(h->args, h->reply)) return;
    struct cursors *all = cursors_of(s, h->now_ms);
    uint32_t i = cursor_find(all, (uint64_t)id, e->index->schema.name);
    if (read)
        cursor_read(h, all, i, id);
    else
        cursor_del(h, all, i);
}
