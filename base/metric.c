#include "metric.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"

#include <math.h>

enum { BOUNDS_MAX = 16, HOOKS_MAX = 8 };

struct bounds {
    uint32_t count;
    double at[BOUNDS_MAX];
};

static const struct bounds bounds_of[] = {
    [METRIC_COUNTER] = {.count = 0},
    [METRIC_GAUGE] = {.count = 0},
    [METRIC_SECONDS] = {15,
                        {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
                         15, 60}},
    [METRIC_BYTES] = {10, {64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216}},
    [METRIC_RATIO] = {13, {0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 10}},
    [METRIC_SIZES] = {13, {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}},
};

struct metric_cell {
    struct list link; /* in metric.cells */
    struct metric *metric;
    char *labels;   /* owned: `{result="accepted"` without the brace that ends it; "" if none */
    double value;   /* counter or gauge; the sum of a histogram */
    uint64_t count; /* histogram */
    uint64_t buckets[BOUNDS_MAX];
};

struct metric {
    struct list link;               /* in metrics.all */
    const struct metric_spec *spec; /* borrowed for ever */
    uint32_t labels;
    struct map by_labels;
    struct list cells; /* in order of appearance */
    uint32_t cells_count;
    struct buf key; /* scratch */
};

struct metrics {
    struct list all;
    struct map by_name;
    struct {
        void (*fn)(void *data);
        void *data;
    } hooks[HOOKS_MAX];
    uint32_t hooks_count;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_new(struct metrics);
    list_init(&m->all);
    return m;
}

static void cells_free(struct metric *m)
{
    struct list *l = NULL;
    while ((l = list_take(&m->cells)) != NULL) {
        struct metric_cell *c = list_entry(l, struct metric_cell, link);
        mem_free(c->labels);
        mem_free(c);
    }
    map_fini(&m->by_labels);
    m->by_labels = (struct map){0};
    m->cells_count = 0;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL) return;
    struct list *l = NULL;
    while ((l = list_take(&m->all)) != NULL) {
        struct metric *one = list_entry(l, struct metric, link);
        cells_free(one);
        buf_fini(&one->key);
        mem_free(one);
    }
    map_fini(&m->by_name);
    mem_free(m);
}

static struct metric *metric_new(const struct metric_spec *spec)
{
    struct metric *m = mem_new(struct metric);
    m->spec = spec;
    list_init(&m->cells);
    while (m->labels < METRIC_LABELS_MAX && spec->labels[m->labels] != NULL &&
           spec->labels[m->labels][0] != '\0')
        m->labels++;
    return m;
}

void metrics_add(struct metrics *m, const struct metric_spec *specs, size_t count,
                 struct metric **out)
{
    for (size_t i = 0; i < count; i++) {
        struct metric *one = map_find(&m->by_name, slice_of(specs[i].name));
        if (one == NULL) {
            one = metric_new(&specs[i]);
            map_put(&m->by_name, slice_of(specs[i].name), one);
            list_add(&m->all, &one->link);
        }
        must(one->spec->kind == specs[i].kind);
        if (out != NULL) out[i] = one;
    }
}

static void add_label_value(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c == '\\' || c == '"') buf_add_char(out, '\\');
        buf_add_char(out, c >= 0x20 && c < 0x7f ? c : '?');
    }
}

static struct metric_cell *cell_new(struct metric *m, struct slice key, const struct slice *values)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < m->labels; i++) {
        buf_addf(&text, "%c%s=\"", i == 0 ? '{' : ',', m->spec->labels[i]);
        add_label_value(&text, values[i]);
        buf_add_char(&text, '"');
    }
    buf_add_char(&text, '\0');

    struct metric_cell *c = mem_new(struct metric_cell);
    c->metric = m;
    c->labels = buf_take(&text, NULL);
    list_add(&m->cells, &c->link);
    m->cells_count++;
    map_put(&m->by_labels, key, c);
    return c;
}

struct metric_cell *metric_at(struct metric *m, const struct slice *values)
{
    struct slice key = m->labels == 1 ? values[0] : SLICE("");
    if (m->labels > 1) {
        buf_clear(&m->key);
        for (uint32_t i = 0; i < m->labels; i++) {
            uint32_t len = (uint32_t)values[i].len;
            buf_add(&m->key, &len, sizeof len); /* so that "a","bc" is not "ab","c" */
            buf_add_slice(&m->key, values[i]);
        }
        key = buf_slice(&m->key);
    }

    struct metric_cell *c = map_find(&m->by_labels, key);
    if (c != NULL) return c;
    if (m->cells_count < METRIC_CELLS_MAX - 1) return cell_new(m, key, values);

    struct slice other[METRIC_LABELS_MAX] = {SLICE("other"), SLICE("other"), SLICE("other"),
                                             SLICE("other")};
    c = map_find(&m->by_labels, SLICE("\0other"));
    return c != NULL ? c : cell_new(m, SLICE("\0other"), other);
}

struct metric_cell *metric_only(struct metric *m)
{
    must(m->labels == 0);
    return metric_at(m, NULL);
}

static bool is_histogram(const struct metric *m)
{
    return bounds_of[m->spec->kind].count > 0;
}

void metric_add(struct metric_cell *c, double by)
{
    must(!is_histogram(c->metric));
    must(by >= 0 || c->metric->spec->kind == METRIC_GAUGE);
    c->value += by;
}

void metric_set(struct metric_cell *c, double value)
{
    must(c->metric->spec->kind == METRIC_GAUGE);
    c->value = value;
}

void metric_observe(struct metric_cell *c, double value)
{
    const struct bounds *b = &bounds_of[c->metric->spec->kind];
    must(b->count > 0);
    c->count++;
    c->value += value;
    for (uint32_t i = 0; i < b->count; i++) {
        if (value > b->at[i]) continue;
        c->buckets[i]++;
        return;
    }
}

double metric_value(const struct metric_cell *c)
{
    return is_histogram(c->metric) ? (double)c->count : c->value;
}

void metric_clear(struct metric *m)
{
    must(m->spec->kind == METRIC_GAUGE);
    cells_free(m);
}

void metrics_on_render(struct metrics *m, void (*fn)(void *data), void *data)
{
    must(m->hooks_count < HOOKS_MAX);
    m->hooks[m->hooks_count].fn = fn;
    m->hooks[m->hooks_count].data = data;
    m->hooks_count++;
}

static void add_number(struct buf *out, double d)
{
    if (isnan(d))
        buf_add_cstr(out, "NaN");
    else if (isinf(d))
        buf_add_cstr(out, d > 0 ? "+Inf" : "-Inf");
    else if (d == nearbyint(d) && fabs(d) < 1e15)
        buf_add_i64(out, (int64_t)d);
    else
        buf_addf(out, "%.12g", d);
}

static void render_simple(const struct metric_cell *c, struct buf *out)
{
    buf_addf(out, "%s%s%s ", c->metric->spec->name, c->labels, c->labels[0] == '\0' ? "" : "}");
    add_number(out, c->value);
    buf_add_char(out, '\n');
}

static void render_histogram(const struct metric_cell *c, struct buf *out)
{
    const char *name = c->metric->spec->name;
    const char *open = c->labels[0] == '\0' ? "{" : c->labels;
    const char *comma = c->labels[0] == '\0' ? "" : ",";
    const char *close = c->labels[0] == '\0' ? "" : "}";
    const struct bounds *b = &bounds_of[c->metric->spec->kind];
    uint64_t below = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        below += c->buckets[i];
        buf_addf(out, "%s_bucket%s%sle=\"%.12g\"} %llu\n", name, open, comma, b->at[i],
                 (unsigned long long)below);
    }
    buf_addf(out, "%s_bucket%s%sle=\"+Inf\"} %llu\n", name, open, comma,
             (unsigned long long)c->count);
    buf_addf(out, "%s_sum%s%s ", name, c->labels, close);
    add_number(out, c->value);
    buf_addf(out, "\n%s_count%s%s %llu\n", name, c->labels, close, (unsigned long long)c->count);
}

void metrics_render(struct metrics *m, struct buf *out)
{
    for (uint32_t i = 0; i < m->hooks_count; i++)
        m->hooks[i].fn(m->hooks[i].data);

    list_each(l, &m->all)
    {
        const struct metric *one = list_entry(l, struct metric, link);
        if (list_empty(&one->cells)) continue;
        const char *type = one->spec->kind == METRIC_COUNTER ? "counter"
                           : one->spec->kind == METRIC_GAUGE ? "gauge"
                                                             : "histogram";
        buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", one->spec->name, one->spec->help,
                 one->spec->name, type);
        list_each(k, &one->cells)
        {
            const struct metric_cell *c = list_entry(k, struct metric_cell, link);
            if (is_histogram(one))
                render_histogram(c, out);
            else
                render_simple(c, out);
        }
    }
}
