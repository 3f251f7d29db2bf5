/* search_explain: FT.PROFILE, FT.EXPLAIN and FT.EXPLAINCLI: how a query is understood, and what it costs. */
#include "search_query.h"

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

static void reply_stage(struct reply *r, const struct search_stage *s)
{
    reply_map(r, 3);
    reply_cstr(r, "Type");
    reply_cstr(r, s->name);
    reply_cstr(r, "Time");
    milliseconds(r, s->us);
    reply_cstr(r, "Counter");
    reply_int(r, (int64_t)s->count);
}

void search_reply_profile_begin(struct reply *r)
{
    if (r->resp < 3) {
        reply_array(r, 2);
    } else {
        reply_map(r, 2);
        reply_cstr(r, "results");
    }
}

void search_reply_profile(struct search_query *q, const struct search_stage stages[static 2],
                          const int64_t at_us[static 4])
{
    struct reply *r = q->h->reply;
    if (r->resp < 3) {
        reply_array(r, 5);
    } else {
        reply_cstr(r, "profile");
        reply_map(r, 5);
    }
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
    reply_stage(r, &stages[0]);
    reply_stage(r, &stages[1]);
}

static void profile_search(struct host *h)
{
    struct search_query q;
    struct search_result found = {0};
    int64_t at_us[4];
    if (!search_query_begin(h, h->argv[1], &q)) return;
    at_us[0] = host_clock_us(q.s->keys);
    if (!search_query_read(&q)) return;
    at_us[1] = host_clock_us(q.s->keys);
    if (!search_query_whole(&q, &found)) return;
    at_us[2] = host_clock_us(q.s->keys);
    search_reply_profile_begin(h->reply);
    search_reply_found(&q, &found);
    at_us[3] = host_clock_us(q.s->keys);
    const struct search_stage stages[] = {
        {q.run.order.by_value ? "Sorter" : "Scorer", at_us[2] - at_us[1], found.total},
        {"Loader", at_us[3] - at_us[2], found.n}};
    search_reply_profile(&q, stages, at_us);
}

/* FT.PROFILE index SEARCH|AGGREGATE [LIMITED] QUERY query [option …] */
void ft_profile(struct host *h)
{
    struct args *a = h->args;
    a->at = 2;
    bool aggregate = args_maybe(a, "AGGREGATE");
    if (!aggregate && !args_maybe(a, "SEARCH")) args_fail(a, "No `SEARCH` or `AGGREGATE` provided");
    (void)args_maybe(a, "LIMITED");
    if (!args_maybe(a, "QUERY")) args_fail(a, "The QUERY keyword is expected");
    if (!args_check(a, h->reply)) return;
    if (aggregate)
        search_profile_aggregate(h);
    else
        profile_search(h);
}

/* --- FT.EXPLAIN --- */

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
