/* series_many: what asks for series by their labels: TS.QUERYINDEX, TS.MGET, TS.MRANGE. */
#include "series.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

enum { SELECTED_MAX = 50 };

/* What a query by labels says. */
struct many {
    struct series_words words;
    struct label_filter *filters;
    uint32_t filter_count;
    bool with_labels;
    const struct slice *selected; /* borrowed from argv */
    uint32_t selected_count;
    struct slice group; /* label; p is NULL when there is no GROUPBY */
    enum tsfold_kind reduce;
};

/* Reads filters at argv[at..end). */
static bool read_filters(struct host *h, uint32_t at, uint32_t end, struct many *m)
{
    bool seeks = false;
    if (at == end) return series_refuse(h, "ERR TSDB: missing labels for filter argument");
    m->filter_count = end - at;
    m->filters = arena_array(h->arena, m->filter_count, struct label_filter);
    for (uint32_t i = 0; i < m->filter_count; i++) {
        if (!label_filter_parse(h->argv[at + i], h->arena, &m->filters[i]))
            return series_refuse(h, "ERR TSDB: failed parsing labels");
        seeks |= label_filter_seeks(&m->filters[i]);
    }
    return seeks || series_refuse(h, "ERR TSDB: please provide at least one matcher");
}

/* The series that were found and are still there, by order of their keys. False after a reply: the
 * user may not read one of them. */
static bool find(struct host *h, const struct many *m, struct series ***out, uint32_t *count)
{
    uint32_t n = 0, kept = 0;
    const struct labelled **found =
        labels_find(host_labels(h), m->filters, m->filter_count, h->arena, &n);
    struct slice *keys = arena_array(h->arena, n, struct slice);
    struct series **all = arena_array(h->arena, n, struct series *);
    for (uint32_t i = 0; i < n; i++) { /* first: looking at one that has expired deletes it */
        keys[i] = arena_copy(h->arena, found[i]->key);
        if (!host_may_read(h, keys[i]))
            return series_refuse(h, "NOPERM the filters find keys that this user may not read");
    }
    for (uint32_t i = 0; i < n; i++) {
        all[kept] = host_peek(h, keys[i], &series_type);
        if (all[kept] != NULL) kept++;
    }
    *out = all;
    *count = kept;
    return true;
}

/* TS.QUERYINDEX filter [filter …] */
void ts_queryindex(struct host *h)
{
    struct many m = {0};
    struct series **all = NULL;
    uint32_t n = 0;
    if (!read_filters(h, 1, h->argc, &m) || !find(h, &m, &all, &n)) return;
    reply_set(h->reply, n);
    for (uint32_t i = 0; i < n; i++)
        reply_bulk(h->reply, all[i]->place.key);
}

/* --- words --- */

static bool is_word(struct slice s)
{
    static const char *const words[] = {"WITHLABELS",   "AGGREGATION", "LIMIT", "GROUPBY",
                                        "REDUCE",       "FILTER",      "COUNT", "FILTER_BY_VALUE",
                                        "FILTER_BY_TS", "LATEST",      "ALIGN"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_word(s, words[i])) return true;
    return false;
}

static bool read_selected(struct host *h, uint32_t *at, struct many *m)
{
    m->selected = h->argv + *at;
    m->selected_count = 0;
    while (*at < h->argc && !is_word(h->argv[*at])) {
        if (m->selected_count == SELECTED_MAX)
            return series_refuse(h, "ERR TSDB: reached max size for SELECT_LABELS");
        m->selected_count++;
        ++*at;
    }
    return m->selected_count > 0 ||
           series_refuse(h, "ERR TSDB: SELECT_LABELS should have at least 1 parameter");
}

static bool read_group(struct host *h, uint32_t at, struct many *m)
{
    if (h->argc - at != 4 || !slice_word(h->argv[at + 2], "REDUCE")) {
        host_wrong_arity(h);
        return false;
    }
    m->group = h->argv[at + 1];
    if (!tsfold_find(h->argv[at + 3], &m->reduce) || m->reduce == TSFOLD_FIRST ||
        m->reduce == TSFOLD_LAST || m->reduce == TSFOLD_TWA)
        return series_refuse(h, "ERR TSDB: Invalid reducer type");
    return true;
}

/* Reads what stands in front of FILTER, the filters, and GROUPBY behind them. */
static bool read_many(struct host *h, uint32_t at, bool ranges, struct many *m)
{
    bool known = false;
    while (at < h->argc && !slice_word(h->argv[at], "FILTER")) {
        if (slice_word(h->argv[at], "WITHLABELS")) {
            m->with_labels = true;
            at++;
        } else if (slice_word(h->argv[at], "SELECTED_LABELS")) {
            at++;
            if (!read_selected(h, &at, m)) return false;
        } else if (!ranges && slice_word(h->argv[at], "LATEST")) {
            m->words.latest = true;
            at++;
        } else if (slice_word(h->argv[at], "GROUPBY")) {
            return series_refuse(h, "ERR TSDB: GROUPBY should always come after filter");
        } else if (ranges && !series_read_word(h, &at, &m->words, &known)) {
            return false;
        } else if (!ranges || !known) {
            return series_unknown(h, h->argv[at]);
        }
    }
    if (at == h->argc) return series_refuse(h, "ERR TSDB: missing FILTER argument");
    if (m->with_labels && m->selected_count > 0)
        return series_refuse(h, "ERR TSDB: cannot accept WITHLABELS and SELECT_LABELS together");
    uint32_t first = ++at;
    while (at < h->argc && !(ranges && slice_word(h->argv[at], "GROUPBY")))
        at++;
    if (!read_filters(h, first, at, m)) return false;
    if (at < h->argc && !read_group(h, at, m)) return false;
    return !ranges || series_words_end(h, &m->words);
}

/* --- replies --- */

static void reply_selected(struct reply *r, const struct many *m, const struct labelled *l)
{
    series_reply_map(r, m->selected_count, false);
    for (uint32_t i = 0; i < m->selected_count; i++) {
        const struct slice *value = l == NULL ? NULL : labelled_get(l, m->selected[i]);
        if (r->resp != 3) reply_array(r, 2);
        reply_bulk(r, m->selected[i]);
        if (value == NULL)
            reply_null(r);
        else
            reply_bulk(r, *value);
    }
}

static void reply_its_labels(struct reply *r, const struct many *m, const struct labelled *l)
{
    if (m->with_labels)
        series_reply_labels(r, l);
    else if (m->selected_count > 0)
        reply_selected(r, m, l);
    else
        series_reply_map(r, 0, false);
}

/* TS.MGET [LATEST] [WITHLABELS | SELECTED_LABELS label …] FILTER filter [filter …] */
void ts_mget(struct host *h)
{
    struct many m = {0};
    struct series **all = NULL;
    uint32_t n = 0;
    struct reply *r = h->reply;
    if (!read_many(h, 1, false, &m) || !find(h, &m, &all, &n)) return;
    series_reply_map(r, n, false);
    for (uint32_t i = 0; i < n; i++) {
        struct tssample sample = {0};
        if (r->resp != 3) reply_array(r, 3);
        reply_bulk(r, all[i]->place.key);
        if (r->resp == 3) reply_array(r, 2);
        reply_its_labels(r, &m, &all[i]->place);
        if ((m.words.latest && series_latest(h, all[i], &sample)) || series_last(all[i], &sample))
            series_reply_sample(r, sample);
        else
            reply_array(r, 0);
    }
}

static void reply_each(struct host *h, const struct many *m, struct series **all, uint32_t n)
{
    struct reply *r = h->reply;
    series_reply_map(r, n, false);
    for (uint32_t i = 0; i < n; i++) {
        if (r->resp != 3) reply_array(r, 3);
        reply_bulk(r, all[i]->place.key);
        if (r->resp == 3) reply_array(r, 3);
        reply_its_labels(r, m, &all[i]->place);
        if (r->resp == 3) {
            reply_map(r, 1);
            reply_cstr(r, "aggregators");
            reply_array(r, m->words.query.folded ? 1 : 0);
            if (m->words.query.folded) reply_cstr(r, tsfold_name(m->words.query.kind));
        }
        series_reply_range(h, all[i], &m->words);
    }
}

/* --- groups: the series with one value of a label, folded into one --- */

struct gathered {
    struct tssample *all; /* owned */
    size_t count, cap;
};

static bool gather(void *data, struct tssample sample)
{
    struct gathered *g = data;
    if (g->count == g->cap) {
        g->cap = g->cap == 0 ? 64 : 2 * g->cap;
        g->all = mem_realloc(g->all, g->cap * sizeof *g->all);
    }
    g->all[g->count++] = sample;
    return true;
}

/* Merges all[0..middle) and all[middle..count), each sorted by time; of equal times the first part
 * comes first. */
static void merge(struct gathered *g, size_t middle)
{
    struct tssample *out = mem_array(g->count, struct tssample);
    size_t a = 0, b = middle;
    for (size_t i = 0; i < g->count; i++) {
        bool first = b == g->count || (a < middle && g->all[a].ms <= g->all[b].ms);
        out[i] = g->all[first ? a++ : b++];
    }
    mem_free(g->all);
    g->all = out;
    g->cap = g->count;
}

/* Gathers series i to j by halves, so that each sample is moved O(log series) times. */
static bool gather_all(struct host *h, const struct many *m, struct series **all, uint32_t n,
                       struct gathered *g)
{
    if (n == 1) {
        struct tsquery q = m->words.query;
        struct tssample open = {0};
        if (m->words.latest && series_latest(h, all[0], &open)) q.latest = &open;
        q.reverse = false;
        q.count = UINT64_MAX;
        return tsquery_run(all[0], &q, gather, g);
    }
    struct gathered second = {0};
    bool ok = gather_all(h, m, all, n / 2, g) && gather_all(h, m, all + n / 2, n - n / 2, &second);
    size_t middle = g->count;
    for (size_t i = 0; i < second.count; i++)
        (void)gather(g, second.all[i]);
    mem_free(second.all);
    if (second.count > 0 && middle > 0) merge(g, middle);
    return ok;
}

/* Folds what has the same time into one, in place. Values that are no number do not count unless
 * there are no others. */
static void reduce(struct gathered *g, enum tsfold_kind kind)
{
    size_t out = 0;
    for (size_t i = 0; i < g->count;) {
        struct tsfold f;
        int64_t ms = g->all[i].ms;
        tsfold_init(&f, kind, 0, NULL);
        for (; i < g->count && g->all[i].ms == ms; i++)
            if (!isnan(g->all[i].value)) tsfold_add(&f, g->all[i]);
        g->all[out++] =
            (struct tssample){ms, f.count == 0 ? (double)NAN : tsfold_result(&f, 0, NULL)};
    }
    g->count = out;
}

static void reply_samples(struct reply *r, const struct gathered *g, const struct tsquery *q)
{
    size_t n = g->count < q->count ? g->count : (size_t)q->count;
    reply_array(r, n);
    for (size_t i = 0; i < n && !reply_is_full(r); i++)
        series_reply_sample(r, g->all[q->reverse ? g->count - 1 - i : i]);
}

static struct slice source_keys(struct host *h, struct series **all, uint32_t n)
{
    struct buf keys = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) buf_add_char(&keys, ',');
        buf_add_slice(&keys, all[i]->place.key);
    }
    struct slice copy = arena_copy(h->arena, buf_slice(&keys));
    buf_fini(&keys);
    return copy;
}

static void reply_pair(struct reply *r, struct slice name, struct slice value)
{
    if (r->resp != 3) reply_array(r, 2);
    reply_bulk(r, name);
    reply_bulk(r, value);
}

/* The labels of a group: the one it is by and, for RESP2, how it was made. */
static void reply_group_labels(struct host *h, const struct many *m, struct slice value,
                               struct series **all, uint32_t n)
{
    struct reply *r = h->reply;
    if (m->with_labels) {
        series_reply_map(r, r->resp == 3 ? 1 : 3, false);
        reply_pair(r, m->group, value);
        if (r->resp != 3) {
            reply_pair(r, SLICE("__reducer__"), slice_of(tsfold_name(m->reduce)));
            reply_pair(r, SLICE("__source__"), source_keys(h, all, n));
        }
        return;
    }
    struct labelled l = {0};
    const struct slice pair[] = {m->group, value};
    labelled_set(&l, pair, 1);
    reply_its_labels(r, m, &l);
    labelled_fini(&l);
}

static void reply_group(struct host *h, const struct many *m, struct series **all, uint32_t n,
                        const struct gathered *samples)
{
    struct reply *r = h->reply;
    struct slice value = *labelled_get(&all[0]->place, m->group);
    struct buf name = {0};
    buf_add_slice(&name, m->group);
    buf_add_char(&name, '=');
    buf_add_slice(&name, value);
    if (r->resp != 3) reply_array(r, 3);
    reply_bulk(r, buf_slice(&name));
    buf_fini(&name);
    if (r->resp == 3) reply_array(r, 4);
    reply_group_labels(h, m, value, all, n);
    if (r->resp == 3) {
        reply_map(r, 1);
        reply_cstr(r, "reducers");
        reply_array(r, 1);
        reply_cstr(r, tsfold_name(m->reduce));
        reply_map(r, 1);
        reply_cstr(r, "sources");
        reply_array(r, n);
        for (uint32_t i = 0; i < n; i++)
            reply_bulk(r, all[i]->place.key);
    }
    reply_samples(r, samples, &m->words.query);
}

/* A series and the value of the label it is grouped by. */
struct of_group {
    struct slice value;
    struct series *series;
};

static int by_group(const void *a, const void *b)
{
    const struct of_group *x = a, *y = b;
    int d = slice_cmp(x->value, y->value);
    return d != 0 ? d : slice_cmp(x->series->place.key, y->series->place.key);
}

static void reply_groups(struct host *h, const struct many *m, struct series **all, uint32_t n)
{
    struct of_group *of = arena_array(h->arena, n, struct of_group);
    uint32_t have = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct slice *value = labelled_get(&all[i]->place, m->group);
        if (value != NULL) of[have++] = (struct of_group){*value, all[i]};
    }
    if (have > 1) qsort(of, have, sizeof *of, by_group);
    for (uint32_t i = 0; i < have; i++)
        all[i] = of[i].series;
    size_t start = h->reply->out->len, place = reply_later(h->reply);
    uint64_t groups = 0;
    for (uint32_t first = 0, end = 0; first < have; first = end) {
        while (end < have && slice_eq(of[end].value, of[first].value))
            end++;
        struct gathered g = {0};
        bool ok = gather_all(h, m, all + first, end - first, &g);
        if (ok) {
            reduce(&g, m->reduce);
            reply_group(h, m, all + first, end - first, &g);
        }
        mem_free(g.all);
        groups++;
        if (ok) continue;
        h->reply->out->len = start;
        reply_errorf(h->reply, "ERR TSDB: EMPTY would fill in more than %d buckets",
                     TSQUERY_EMPTY_MAX);
        return;
    }
    reply_later_end(h->reply, place, h->reply->resp == 3 ? '%' : '*', groups);
}

static void mrange(struct host *h, bool reverse)
{
    struct many m = {0};
    uint32_t at = 1, n = 0;
    if (!series_read_span(h, &at, &m.words) || !read_many(h, at, true, &m)) return;
    m.words.query.reverse = reverse;
    struct series **all = NULL;
    if (!find(h, &m, &all, &n)) return;
    if (m.group.p != NULL)
        reply_groups(h, &m, all, n);
    else
        reply_each(h, &m, all, n);
}

/* TS.MRANGE from to [words of TS.RANGE] [WITHLABELS | SELECTED_LABELS label …]
 *     FILTER filter [filter …] [GROUPBY label REDUCE kind] */
void ts_mrange(struct host *h)
{
    mrange(h, false);
}

/* TS.MREVRANGE: the same, the last first */
void ts_mrevrange(struct host *h)
{
    mrange(h, true);
}
