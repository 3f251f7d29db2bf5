/* metric: counters, gauges and histograms of one process, as Prometheus reads them.
 *
 * A part declares its metrics in a table, metrics.def, one line each:
 *
 *     METRIC(PINGS, COUNTER, "hansom_pings_total", "Pings, by what became of them.", "result")
 *     METRIC(MATCH, SECONDS, "hansom_match_seconds", "From request to offer.")
 *
 * and makes from it an enum of ids and a table of specs:
 *
 *     enum {
 *     #define METRIC METRIC_ID
 *     #include "services/x/metrics.def"
 *     #undef METRIC
 *         M_COUNT
 *     };
 *     static const struct metric_spec specs[] = {
 *     #define METRIC METRIC_SPEC
 *     #include "services/x/metrics.def"
 *     #undef METRIC
 *     };
 *
 * Layout:      registry -> metrics -> cells, one cell for each set of label values.
 * Invariants:  a metric has at most METRIC_CELLS_MAX cells; further label values share one
 *              cell whose labels are all "other", so strangers cannot grow memory.
 * Cost:        metric_at is a hash lookup; keep the cell where it matters. Changing a cell
 *              is an add. A cell lives as long as its registry.
 * Owner:       the registry owns all. Loop thread only.
 */
#ifndef HANSOM_BASE_METRIC_H
#define HANSOM_BASE_METRIC_H

#include "base/buf.h"

enum { METRIC_LABELS_MAX = 4, METRIC_CELLS_MAX = 1000 };

/* What a metric is, and for histograms which bucket bounds it has:
 * SECONDS 0.5 ms to 60 s, BYTES 64 to 16 Mi, RATIO 0.1 to 10, COUNT 1 to 10,000. */
enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_SECONDS,
    METRIC_BYTES,
    METRIC_RATIO,
    METRIC_SIZES
};

struct metric_spec {
    const char *name;
    const char *help;
    enum metric_kind kind;
    const char *labels[METRIC_LABELS_MAX]; /* names; the first NULL or "" ends them */
};

#define METRIC_ID(id, ...)                     M_##id,
#define METRIC_SPEC(id, kind, name, help, ...) {(name), (help), METRIC_##kind, {"" __VA_ARGS__}},

struct metrics;     /* the registry */
struct metric;      /* one metric of it */
struct metric_cell; /* one metric with one set of label values */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* Adds `count` metrics; out[i] (if out is not NULL) becomes the i-th. Specs are borrowed for
 * ever. A name that is there already with the same kind gives the one that is there. */
void metrics_add(struct metrics *m, const struct metric_spec *specs, size_t count,
                 struct metric **out);

/* The cell with these label values, as many as the metric has labels; made when new. */
struct metric_cell *metric_at(struct metric *m, const struct slice *values);

/* The cell of a metric without labels. */
struct metric_cell *metric_only(struct metric *m);

/* METRIC_AT(m, SLICE("accepted"), region): as metric_at. */
#define METRIC_AT(m, ...) metric_at((m), (const struct slice[]){__VA_ARGS__})

/* Adds to a counter (by >= 0) or a gauge. */
void metric_add(struct metric_cell *c, double by);
static inline void metric_inc(struct metric_cell *c)
{
    metric_add(c, 1.0);
}

/* Sets a gauge. */
void metric_set(struct metric_cell *c, double value);

/* Counts one value (seconds, bytes, ...) in a histogram. */
void metric_observe(struct metric_cell *c, double value);

/* The value of a counter or gauge, or the count of a histogram; for tests. */
double metric_value(const struct metric_cell *c);

/* Removes all cells of a gauge whose label values come and go, before a scrape fills them
 * again. Cells handed out earlier are gone. */
void metric_clear(struct metric *m);

/* fn runs before each rendering, to set gauges that are read, not kept. */
void metrics_on_render(struct metrics *m, void (*fn)(void *data), void *data);

/* Appends the text exposition format, version 0.0.4: what `promtool check metrics` accepts. */
void metrics_render(struct metrics *m, struct buf *out);

#endif
