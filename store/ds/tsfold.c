#include "tsfold.h"

#include "store/ds/rdb.h"

#include <math.h>

static const char *const names[TSFOLD_KINDS] = {
    [TSFOLD_AVG] = "avg",     [TSFOLD_SUM] = "sum",     [TSFOLD_MIN] = "min",
    [TSFOLD_MAX] = "max",     [TSFOLD_RANGE] = "range", [TSFOLD_COUNT] = "count",
    [TSFOLD_FIRST] = "first", [TSFOLD_LAST] = "last",   [TSFOLD_STD_P] = "std.p",
    [TSFOLD_STD_S] = "std.s", [TSFOLD_VAR_P] = "var.p", [TSFOLD_VAR_S] = "var.s",
    [TSFOLD_TWA] = "twa",
};

const char *tsfold_name(enum tsfold_kind kind)
{
    return names[kind];
}

bool tsfold_find(struct slice name, enum tsfold_kind *out)
{
    for (uint32_t k = 0; k < TSFOLD_KINDS; k++) {
        if (!slice_word(name, names[k])) continue;
        *out = (enum tsfold_kind)k;
        return true;
    }
    return false;
}

double tsfold_between(struct tssample x, struct tssample y, int64_t ms)
{
    double share = (double)(ms - x.ms) / (double)(y.ms - x.ms);
    return x.value + share * (y.value - x.value);
}

void tsfold_init(struct tsfold *f, enum tsfold_kind kind, int64_t begin_ms,
                 const struct tssample *before)
{
    *f = (struct tsfold){.kind = kind, .begin_ms = begin_ms, .before = before != NULL};
    if (before != NULL) f->last = *before;
}

/* The area under the line from x to y. */
static double area(struct tssample x, struct tssample y)
{
    return (x.value + y.value) / 2 * (double)(y.ms - x.ms);
}

static void add_to_area(struct tsfold *f, struct tssample sample)
{
    if (f->count > 0) {
        f->a += area(f->last, sample);
    } else if (f->before) {
        struct tssample at = {f->begin_ms, tsfold_between(f->last, sample, f->begin_ms)};
        f->from_ms = f->begin_ms;
        f->a = area(at, sample);
    } else {
        f->from_ms = sample.ms;
    }
    f->last = sample;
}

void tsfold_add(struct tsfold *f, struct tssample sample)
{
    double v = sample.value, n = (double)(f->count + 1);
    bool first = f->count == 0;
    switch (f->kind) {
    case TSFOLD_AVG: /* b is a mean that does not overflow where the sum does */
        f->a += v;
        f->b += v / n - f->b / n;
        break;
    case TSFOLD_SUM:
        f->a += v;
        break;
    case TSFOLD_MIN:
    case TSFOLD_MAX:
    case TSFOLD_RANGE:
        f->a = first ? v : fmin(f->a, v);
        f->b = first ? v : fmax(f->b, v);
        break;
    case TSFOLD_FIRST:
        if (first) f->a = v;
        break;
    case TSFOLD_LAST:
        f->a = v;
        break;
    case TSFOLD_STD_P:
    case TSFOLD_STD_S:
    case TSFOLD_VAR_P:
    case TSFOLD_VAR_S: { /* a is the mean, b the sum of squares around it */
        double from_mean = v - f->a;
        f->a += from_mean / n;
        f->b += from_mean * (v - f->a);
        break;
    }
    case TSFOLD_TWA:
        add_to_area(f, sample);
        break;
    case TSFOLD_COUNT:
    case TSFOLD_KINDS:
        break;
    }
    f->count++;
}

static double mean_over_time(const struct tsfold *f, int64_t end_ms, const struct tssample *after)
{
    double sum = f->a;
    int64_t to_ms = f->last.ms;
    if (after != NULL && end_ms > to_ms) {
        struct tssample at = {end_ms, tsfold_between(f->last, *after, end_ms)};
        sum += area(f->last, at);
        to_ms = end_ms;
    }
    return to_ms == f->from_ms ? f->last.value : sum / (double)(to_ms - f->from_ms);
}

double tsfold_result(const struct tsfold *f, int64_t end_ms, const struct tssample *after)
{
    must(f->count > 0);
    double n = (double)f->count;
    switch (f->kind) {
    case TSFOLD_AVG:
        return isfinite(f->a) ? f->a / n : f->b;
    case TSFOLD_SUM:
    case TSFOLD_MIN:
    case TSFOLD_FIRST:
    case TSFOLD_LAST:
        return f->a;
    case TSFOLD_MAX:
        return f->b;
    case TSFOLD_RANGE:
        return f->b - f->a;
    case TSFOLD_COUNT:
        return n;
    case TSFOLD_VAR_P:
        return f->b / n;
    case TSFOLD_STD_P:
        return sqrt(f->b / n);
    case TSFOLD_VAR_S:
        return f->count == 1 ? 0 : f->b / (n - 1);
    case TSFOLD_STD_S:
        return f->count == 1 ? 0 : sqrt(f->b / (n - 1));
    case TSFOLD_TWA:
        return mean_over_time(f, end_ms, after);
    case TSFOLD_KINDS:
        break;
    }
    must(false);
    return 0;
}

void tsfold_save(const struct tsfold *f, struct buf *out)
{
    rdb_add_length(out, f->count);
    rdb_add_length(out, f->before);
    rdb_add_double(out, f->a);
    rdb_add_double(out, f->b);
    rdb_add_length(out, (uint64_t)f->begin_ms);
    rdb_add_length(out, (uint64_t)f->from_ms);
    rdb_add_length(out, (uint64_t)f->last.ms);
    rdb_add_double(out, f->last.value);
}

bool tsfold_load(struct slice *in, enum tsfold_kind kind, struct tsfold *out)
{
    enum { COUNT_BITS = 52 }; /* what a double counts exactly */
    struct tsfold f = {.kind = kind};
    uint64_t before = 0, begin = 0, from = 0, last = 0;
    if (!rdb_length(in, &f.count) || !rdb_length(in, &before) || !rdb_double(in, &f.a) ||
        !rdb_double(in, &f.b) || !rdb_length(in, &begin) || !rdb_length(in, &from) ||
        !rdb_length(in, &last) || !rdb_double(in, &f.last.value))
        return false;
    if (before > 1 || begin > INT64_MAX || from > INT64_MAX || last > INT64_MAX) return false;
    if (f.count >> COUNT_BITS != 0) return false;
    f.before = before == 1;
    f.begin_ms = (int64_t)begin;
    f.from_ms = (int64_t)from;
    f.last.ms = (int64_t)last;
    *out = f;
    return true;
}
