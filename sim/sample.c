#include "sample.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"

void sample_add(struct sample *s, double value)
{
    must(!isnan(value));
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 256 : s->cap * 2;
        s->values = mem_realloc(s->values, s->cap * sizeof *s->values);
    }
    s->values[s->count++] = value;
    s->sorted = false;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double sample_quantile(struct sample *s, double part)
{
    must(part >= 0 && part <= 1);
    if (s->count == 0) return 0;
    if (!s->sorted) {
        qsort(s->values, s->count, sizeof *s->values, by_value);
        s->sorted = true;
    }
    double rank = ceil(part * (double)s->count);
    size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    return s->values[at];
}

double sample_max(struct sample *s)
{
    return sample_quantile(s, 1);
}

double sample_mean(const struct sample *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        sum += s->values[i];
    }
    return s->count == 0 ? 0 : sum / (double)s->count;
}

void sample_fini(struct sample *s)
{
    if (s == NULL) return;
    mem_free(s->values);
    *s = (struct sample){0};
}
