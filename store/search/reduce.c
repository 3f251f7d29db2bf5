#include "reduce.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/ds/hll.h"

#include <math.h>
#include <stdlib.h>

/* --- values as bytes --- */

void value_pack(struct search_value v, struct buf *out)
{
    double number = v.number == 0 ? 0 : v.number; /* -0 is 0 */
    buf_add_char(out, (char)('0' + (int)v.kind));
    if (v.kind == SEARCH_NUMBER) buf_add(out, &number, sizeof number);
    if (v.kind == SEARCH_TEXT) {
        buf_add(out, &v.text.len, sizeof v.text.len);
        buf_add_slice(out, v.text);
    }
    if (v.kind != SEARCH_LIST) return;
    buf_add(out, &v.count, sizeof v.count);
    for (uint32_t i = 0; i < v.count; i++)
        value_pack(v.items[i], out);
}

static void take(struct slice *in, void *to, size_t n)
{
    must(in->len >= n);
    memcpy(to, in->p, n);
    *in = slice_from(*in, n);
}

struct search_value value_unpack(struct slice *in, struct arena *arena)
{
    struct search_value v = {0};
    char kind = 0;
    take(in, &kind, 1);
    if (kind == '0' + SEARCH_NUMBER) {
        v.kind = SEARCH_NUMBER;
        take(in, &v.number, sizeof v.number);
    } else if (kind == '0' + SEARCH_TEXT) {
        v.kind = SEARCH_TEXT;
        take(in, &v.text.len, sizeof v.text.len);
        must(v.text.len <= in->len);
        v.text.p = in->p;
        *in = slice_from(*in, v.text.len);
    } else if (kind == '0' + SEARCH_LIST) {
        v.kind = SEARCH_LIST;
        take(in, &v.count, sizeof v.count);
        struct search_value *items = arena_array(arena, v.count, struct search_value);
        for (uint32_t i = 0; i < v.count; i++)
            items[i] = value_unpack(in, arena);
        v.items = items;
    }
    return v;
}

/* --- sets of hashes --- */

/* False when it is in already. */
static bool set_add(struct hash_set *s, uint64_t hash)
{
    if (hash == 0) hash = 1;
    if (4 * (s->count + 1) > 3 * s->cap) {
        struct hash_set bigger = {.cap = s->cap == 0 ? 8 : 2 * s->cap};
        bigger.slots = mem_array(bigger.cap, uint64_t);
        for (uint32_t i = 0; i < s->cap; i++)
            if (s->slots[i] != 0) (void)set_add(&bigger, s->slots[i]);
        mem_free(s->slots);
        *s = bigger;
    }
    uint32_t at = (uint32_t)hash & (s->cap - 1);
    for (; s->slots[at] != 0; at = (at + 1) & (s->cap - 1))
        if (s->slots[at] == hash) return false;
    s->slots[at] = hash;
    s->count++;
    return true;
}

/* --- words --- */

static bool fail(struct arena *arena, const char **error, struct slice name, const char *what)
{
    *error =
        arena_printf(arena, "Bad arguments for REDUCE %.*s: %s", (int)name.len, name.p, what).p;
    return false;
}

struct reducer_form {
    const char *name;
    enum reduce_kind kind;
    uint32_t min, max; /* words */
};

static const struct reducer_form forms[] = {
    {"COUNT", REDUCE_COUNT, 0, 0},
    {"COUNT_DISTINCT", REDUCE_COUNT_DISTINCT, 1, 1},
    {"COUNT_DISTINCTISH", REDUCE_COUNT_DISTINCTISH, 1, 1},
    {"SUM", REDUCE_SUM, 1, 1},
    {"MIN", REDUCE_MIN, 1, 1},
    {"MAX", REDUCE_MAX, 1, 1},
    {"AVG", REDUCE_AVG, 1, 1},
    {"STDDEV", REDUCE_STDDEV, 1, 1},
    {"QUANTILE", REDUCE_QUANTILE, 2, 2},
    {"TOLIST", REDUCE_TOLIST, 1, 1},
    {"FIRST_VALUE", REDUCE_FIRST_VALUE, 1, 4},
    {"RANDOM_SAMPLE", REDUCE_RANDOM_SAMPLE, 2, 2},
};

static bool parse_rest(struct slice name, const struct slice *argv, uint32_t n,
                       int (*column)(void *data, struct slice name, const char **error), void *data,
                       struct arena *arena, struct reducer *out, const char **error)
{
    double number = 0;
    if (out->kind == REDUCE_QUANTILE) {
        if (!slice_double(argv[1], &out->quantile) || !(out->quantile >= 0 && out->quantile <= 1))
            return fail(arena, error, name, "expected a share from 0 to 1");
    } else if (out->kind == REDUCE_RANDOM_SAMPLE) {
        if (!slice_double(argv[1], &number) ||
            !(number >= 1 && number <= REDUCE_SAMPLE_MAX && number == floor(number)))
            return fail(arena, error, name, "expected a sample of 1 to 1000");
        out->samples = (uint32_t)number;
    } else if (out->kind == REDUCE_FIRST_VALUE && n > 1) {
        bool order = n == 4;
        if (n == 2 || !slice_word(argv[1], "BY")) return fail(arena, error, name, "expected BY");
        out->by = column(data, argv[2], error);
        if (out->by < 0) return false;
        out->descending = order && slice_word(argv[3], "DESC");
        if (order && !out->descending && !slice_word(argv[3], "ASC"))
            return fail(arena, error, name, "expected ASC or DESC");
    }
    return true;
}

bool reduce_parse(struct slice name, const struct slice *argv, uint32_t n,
                  int (*column)(void *data, struct slice name, const char **error), void *data,
                  struct arena *arena, struct reducer *out, const char **error)
{
    const struct reducer_form *f = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (slice_word(name, forms[i].name)) f = &forms[i];
    if (f == NULL) {
        int shown = name.len < 64 ? (int)name.len : 64;
        *error = arena_printf(arena, "No such reducer: %.*s", shown, name.p).p;
        return false;
    }
    *out = (struct reducer){.kind = f->kind, .column = -1, .by = -1};
    if (n < f->min || n > f->max) return fail(arena, error, name, "wrong number of arguments");
    if (f->min == 0) return true;
    out->column = column(data, argv[0], error);
    return out->column >= 0 && parse_rest(name, argv, n, column, data, arena, out, error);
}

/* --- adding --- */

static void add_number(struct reduce_state *s, double x)
{
    s->seen++;
    s->sum += x;
    double off = x - s->mean;
    s->mean += off / (double)s->seen;
    s->m2 += off * (x - s->mean);
    if (s->seen == 1 || x < s->min) s->min = x;
    if (s->seen == 1 || x > s->max) s->max = x;
}

/* The value's bytes, in a buffer of the caller's. */
static struct slice packed(struct search_value v, struct buf *to)
{
    value_pack(v, to);
    return buf_slice(to);
}

static void add_distinct(struct reduce_state *s, struct search_value v, bool keep)
{
    struct buf bytes = {0};
    if (set_add(&s->set, hash_slice(packed(v, &bytes))) && keep) {
        buf_add_slice(&s->kept, buf_slice(&bytes));
        s->kept_n++;
    }
    buf_fini(&bytes);
}

static void add_roughly(struct reduce_state *s, struct search_value v)
{
    enum { SPARSE_MAX = 3000 };
    struct buf bytes = {0};
    if (s->kept.len == 0) hll_init(&s->kept);
    (void)hll_add(&s->kept, packed(v, &bytes), SPARSE_MAX);
    buf_fini(&bytes);
}

static void add_first(const struct reducer *r, struct reduce_state *s, struct search_value v,
                      struct search_value by, struct arena *arena)
{
    if (s->kept.len > 0) {
        struct slice in = buf_slice(&s->kept);
        struct search_value best = value_unpack(&in, arena);
        int d = search_value_cmp(&by, &best);
        bool nulls = by.kind == SEARCH_NULL || best.kind == SEARCH_NULL;
        if (r->descending && !nulls) d = -d;
        if (d >= 0) return;
    }
    buf_clear(&s->kept);
    value_pack(by, &s->kept);
    value_pack(v, &s->kept);
}

/* Each value stays with the same chance (Vitter's algorithm R). */
static size_t add_sample(const struct reducer *r, struct reduce_state *s, struct search_value v,
                         struct rng *rng)
{
    uint64_t at = s->seen++;
    if (at >= r->samples) at = rng_below(rng, s->seen);
    if (at >= r->samples) return 0;
    struct buf bytes = {0};
    value_pack(v, &bytes);
    struct slice one = {0};
    one.p = buf_take(&bytes, &one.len);
    if (at < s->kept_n) {
        struct slice *old = (struct slice *)(void *)s->kept.p + at;
        mem_free((void *)(uintptr_t)old->p);
        *old = one;
    } else {
        buf_add(&s->kept, &one, sizeof one);
        s->kept_n++;
    }
    return one.len;
}

static size_t held(const struct reduce_state *s)
{
    return s->kept.cap + s->set.cap * sizeof *s->set.slots;
}

static void add_value(const struct reducer *r, struct reduce_state *s, struct search_value v)
{
    double x = 0;
    switch (r->kind) {
    case REDUCE_COUNT_DISTINCT:
        add_distinct(s, v, false);
        break;
    case REDUCE_TOLIST:
        add_distinct(s, v, true);
        break;
    case REDUCE_COUNT_DISTINCTISH:
        add_roughly(s, v);
        break;
    case REDUCE_SUM:
    case REDUCE_MIN:
    case REDUCE_MAX:
    case REDUCE_AVG:
    case REDUCE_STDDEV:
        if (search_value_number(&v, &x) && !isnan(x)) add_number(s, x);
        break;
    case REDUCE_QUANTILE:
        if (!search_value_number(&v, &x) || isnan(x)) break;
        buf_add(&s->kept, &x, sizeof x);
        s->kept_n++;
        break;
    case REDUCE_COUNT:
    case REDUCE_FIRST_VALUE:
    case REDUCE_RANDOM_SAMPLE:
        break;
    }
}

size_t reduce_add(const struct reducer *r, struct reduce_state *s, const struct search_value *row,
                  struct rng *rng, struct arena *arena)
{
    static const struct search_value none;
    size_t before = held(s), more = 0;
    struct search_value v = r->column < 0 ? none : row[r->column];
    if (r->kind == REDUCE_COUNT) {
        s->seen++;
    } else if (v.kind == SEARCH_LIST && r->kind != REDUCE_FIRST_VALUE) {
        for (uint32_t i = 0; i < v.count; i++)
            add_value(r, s, v.items[i]);
    } else if (v.kind == SEARCH_NULL) {
        return 0;
    } else if (r->kind == REDUCE_FIRST_VALUE) {
        add_first(r, s, v, r->by < 0 ? none : row[r->by], arena);
    } else if (r->kind == REDUCE_RANDOM_SAMPLE) {
        more = add_sample(r, s, v, rng);
    } else {
        add_value(r, s, v);
    }
    return held(s) - before + more;
}

/* --- outcomes --- */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest number that at least a share q of them do not exceed. */
static struct search_value quantile(struct reduce_state *s, double q)
{
    double *numbers = (double *)(void *)s->kept.p;
    if (s->kept_n == 0) return (struct search_value){0};
    qsort(numbers, s->kept_n, sizeof *numbers, by_number);
    double rank = ceil(q * s->kept_n);
    return search_number(numbers[rank < 1 ? 0 : (uint32_t)rank - 1]);
}

static struct search_value roughly(const struct reduce_state *s)
{
    uint8_t registers[HLL_REGISTERS] = {0};
    if (s->kept.len > 0) must(hll_merge(registers, buf_slice(&s->kept)));
    return search_number((double)hll_count(registers));
}

static struct search_value list(const struct reduce_state *s, struct arena *arena)
{
    struct search_value *items = arena_array(arena, s->kept_n + 1, struct search_value);
    struct slice in = buf_slice(&s->kept);
    for (uint32_t i = 0; i < s->kept_n; i++)
        items[i] = value_unpack(&in, arena);
    return (struct search_value){.kind = SEARCH_LIST, .count = s->kept_n, .items = items};
}

static struct search_value sample(const struct reduce_state *s, struct arena *arena)
{
    struct search_value *items = arena_array(arena, s->kept_n + 1, struct search_value);
    for (uint32_t i = 0; i < s->kept_n; i++) {
        struct slice in = ((struct slice *)(void *)s->kept.p)[i];
        items[i] = value_unpack(&in, arena);
    }
    return (struct search_value){.kind = SEARCH_LIST, .count = s->kept_n, .items = items};
}

static struct search_value first_value(const struct reduce_state *s, struct arena *arena)
{
    if (s->kept.len == 0) return (struct search_value){0};
    struct slice in = buf_slice(&s->kept);
    (void)value_unpack(&in, arena);
    return value_unpack(&in, arena);
}

/* Of the sample: divided by one less than there are. */
static double deviation(const struct reduce_state *s)
{
    return s->seen < 2 ? 0 : sqrt(s->m2 / (double)(s->seen - 1));
}

struct search_value reduce_value(const struct reducer *r, struct reduce_state *s,
                                 struct arena *arena)
{
    bool none = s->seen == 0;
    struct search_value null = {0};
    switch (r->kind) {
    case REDUCE_COUNT:
        return search_number((double)s->seen);
    case REDUCE_COUNT_DISTINCT:
        return search_number(s->set.count);
    case REDUCE_COUNT_DISTINCTISH:
        return roughly(s);
    case REDUCE_SUM:
        return search_number(s->sum);
    case REDUCE_MIN:
        return none ? null : search_number(s->min);
    case REDUCE_MAX:
        return none ? null : search_number(s->max);
    case REDUCE_AVG:
        return none ? null : search_number(s->sum / (double)s->seen);
    case REDUCE_STDDEV:
        return search_number(deviation(s));
    case REDUCE_QUANTILE:
        return quantile(s, r->quantile);
    case REDUCE_TOLIST:
        return list(s, arena);
    case REDUCE_FIRST_VALUE:
        return first_value(s, arena);
    case REDUCE_RANDOM_SAMPLE:
        return sample(s, arena);
    }
    return null;
}

void reduce_fini(const struct reducer *r, struct reduce_state *s)
{
    for (uint32_t i = 0; r->kind == REDUCE_RANDOM_SAMPLE && i < s->kept_n; i++)
        mem_free((void *)(uintptr_t)((struct slice *)(void *)s->kept.p)[i].p);
    buf_fini(&s->kept);
    mem_free(s->set.slots);
    *s = (struct reduce_state){0};
}
