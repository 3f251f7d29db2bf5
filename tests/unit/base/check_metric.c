#include "base/metric.h"

#include "tests/lib/unit.h"

#include <stdio.h>

enum { M_PINGS, M_DEPTH, M_WAIT, M_LAG, M_COUNT };

static const struct metric_spec specs[] = {
    METRIC_SPEC(PINGS, COUNTER, "hansom_pings_total", "Pings, by result.", "result")
        METRIC_SPEC(DEPTH, GAUGE, "hansom_depth", "Depth.")
            METRIC_SPEC(WAIT, SECONDS, "hansom_wait_seconds", "Wait.", "service", "route")
                METRIC_SPEC(LAG, GAUGE, "hansom_lag", "Lag.", "region")};

static bool holds(const struct buf *b, const char *text)
{
    return memmem(b->p, b->len, text, strlen(text)) != NULL;
}

START_TEST(what_was_counted_is_rendered)
{
    struct metrics *r = metrics_new();
    struct metric *m[M_COUNT];
    struct buf out = {0};
    metrics_add(r, specs, M_COUNT, m);
    metric_inc(METRIC_AT(m[M_PINGS], SLICE("accepted")));
    metric_add(METRIC_AT(m[M_PINGS], SLICE("accepted")), 2);
    metric_inc(METRIC_AT(m[M_PINGS], SLICE("stale")));
    metric_set(metric_only(m[M_DEPTH]), -1.5);
    struct metric_cell *wait = METRIC_AT(m[M_WAIT], SLICE("s"), SLICE("GET /x"));
    metric_observe(wait, 0.0004);
    metric_observe(wait, 0.0005);
    metric_observe(wait, 3);
    metric_observe(wait, 1000);
    ck_assert(metric_value(wait) == 4);
    metrics_render(r, &out);
    ck_assert(holds(&out, "# HELP hansom_pings_total Pings, by result.\n"
                          "# TYPE hansom_pings_total counter\n"
                          "hansom_pings_total{result=\"accepted\"} 3\n"
                          "hansom_pings_total{result=\"stale\"} 1\n"));
    ck_assert(holds(&out, "# TYPE hansom_depth gauge\nhansom_depth -1.5\n"));
    ck_assert(holds(
        &out, "hansom_wait_seconds_bucket{service=\"s\",route=\"GET /x\",le=\"0.0005\"} 2\n"));
    ck_assert(holds(&out, "le=\"2.5\"} 2\n"));
    ck_assert(holds(&out, "le=\"5\"} 3\n"));
    ck_assert(holds(&out, "le=\"60\"} 3\n"));
    ck_assert(holds(&out, "le=\"+Inf\"} 4\n"));
    ck_assert(holds(&out, "hansom_wait_seconds_sum{service=\"s\",route=\"GET /x\"} 1003.0009\n"));
    ck_assert(holds(&out, "hansom_wait_seconds_count{service=\"s\",route=\"GET /x\"} 4\n"));
    ck_assert(!holds(&out, "hansom_lag")); /* nobody set it */
    buf_fini(&out);
    metrics_free(r);
}
END_TEST

START_TEST(label_values_are_made_harmless)
{
    struct metrics *r = metrics_new();
    struct metric *m[M_COUNT];
    struct buf out = {0};
    metrics_add(r, specs, M_COUNT, m);
    metric_inc(METRIC_AT(m[M_PINGS], SLICE("a\"b\\c\nd\xff")));
    metrics_render(r, &out);
    ck_assert(holds(&out, "{result=\"a\\\"b\\\\c?d?\"} 1\n"));
    buf_fini(&out);
    metrics_free(r);
}
END_TEST

START_TEST(label_values_that_join_to_one_text_stay_apart)
{
    struct metrics *r = metrics_new();
    struct metric *m[M_COUNT];
    metrics_add(r, specs, M_COUNT, m);
    ck_assert_ptr_ne(METRIC_AT(m[M_WAIT], SLICE("a"), SLICE("bc")),
                     METRIC_AT(m[M_WAIT], SLICE("ab"), SLICE("c")));
    ck_assert_ptr_eq(METRIC_AT(m[M_WAIT], SLICE("a"), SLICE("bc")),
                     METRIC_AT(m[M_WAIT], SLICE("a"), SLICE("bc")));
    metrics_free(r);
}
END_TEST

START_TEST(strangers_cannot_grow_the_number_of_cells)
{
    struct metrics *r = metrics_new();
    struct metric *m[M_COUNT];
    struct buf out = {0};
    metrics_add(r, specs, M_COUNT, m);
    for (int i = 0; i < 5000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        metric_inc(METRIC_AT(m[M_PINGS], slice_of(name)));
    }
    metrics_render(r, &out);
    ck_assert(holds(&out, "hansom_pings_total{result=\"other\"} 4001\n"));
    ck_assert(holds(&out, "hansom_pings_total{result=\"n998\"} 1\n"));
    ck_assert(!holds(&out, "\"n999\""));
    buf_fini(&out);
    metrics_free(r);
}
END_TEST

static void set_lag(void *data)
{
    struct metric *m = data;
    metric_clear(m);
    metric_set(METRIC_AT(m, SLICE("la")), 5);
}

START_TEST(gauges_can_be_read_at_each_rendering)
{
    struct metrics *r = metrics_new();
    struct metric *m[M_COUNT];
    struct metric *again[M_COUNT];
    struct buf out = {0};
    metrics_add(r, specs, M_COUNT, m);
    metrics_add(r, specs, M_COUNT, again);
    ck_assert_ptr_eq(m[M_LAG], again[M_LAG]);
    metric_set(METRIC_AT(m[M_LAG], SLICE("gone")), 1);
    metrics_on_render(r, set_lag, m[M_LAG]);
    metrics_render(r, &out);
    buf_clear(&out);
    metrics_render(r, &out);
    ck_assert(holds(&out, "hansom_lag{region=\"la\"} 5\n"));
    ck_assert(!holds(&out, "gone"));
    buf_fini(&out);
    metrics_free(r);
}
END_TEST

UNIT_SUITE("metric", what_was_counted_is_rendered, label_values_are_made_harmless,
           label_values_that_join_to_one_text_stay_apart, strangers_cannot_grow_the_number_of_cells,
           gauges_can_be_read_at_each_rendering)
