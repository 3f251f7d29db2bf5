#include "store/search/expr_inside.h"

#include <math.h>

bool expr_is_true(struct search_value v)
{
    if (v.kind == SEARCH_NUMBER) return v.number != 0 && !isnan(v.number);
    return v.kind == SEARCH_TEXT ? v.text.len > 0 : v.kind == SEARCH_LIST && v.count > 0;
}

static struct slice number_text(double d, struct arena *arena)
{
    if (isnan(d)) return SLICE("nan");
    if (fabs(d) < 0x1p53 && d == floor(d)) return arena_printf(arena, "%lld", (long long)d);
    return arena_printf(arena, "%.12g", d);
}

static struct slice list_text(struct search_value v, struct arena *arena)
{
    struct slice out = SLICE("[");
    for (uint32_t i = 0; i < v.count && out.len < EXPR_TEXT_MAX; i++) {
        struct slice item =
            v.items[i].kind == SEARCH_LIST ? SLICE("[...]") : expr_text(v.items[i], arena);
        if (item.len > EXPR_TEXT_MAX) item.len = EXPR_TEXT_MAX;
        char *to = arena_alloc(arena, out.len + item.len + 2);
        memcpy(to, out.p, out.len);
        size_t n = out.len;
        if (i > 0) to[n++] = ',';
        if (item.len > 0) memcpy(to + n, item.p, item.len);
        out = slice_make(to, n + item.len);
    }
    char *to = arena_alloc(arena, out.len + 1);
    memcpy(to, out.p, out.len);
    to[out.len] = ']';
    return slice_make(to, out.len + 1);
}

struct slice expr_text(struct search_value v, struct arena *arena)
{
    switch (v.kind) {
    case SEARCH_NUMBER:
        return number_text(v.number, arena);
    case SEARCH_TEXT:
        return v.text;
    case SEARCH_LIST:
        return list_text(v, arena);
    case SEARCH_NULL:
        break;
    }
    return SLICE("");
}

/* --- operators --- */

static double arithmetic(enum expr_kind kind, double a, double b)
{
    if (kind == EXPR_ADD) return a + b;
    if (kind == EXPR_SUB) return a - b;
    if (kind == EXPR_MUL) return a * b;
    if (kind == EXPR_DIV) return a / b;
    return kind == EXPR_MOD ? fmod(a, b) : pow(a, b);
}

static bool is_arithmetic(enum expr_kind kind)
{
    return kind >= EXPR_ADD && kind <= EXPR_POW;
}

static struct search_value truth(bool b)
{
    return search_number(b);
}

/* Below, 0 or above 0. A number and a text compare as numbers when the text is one. */
static int compare(struct search_value a, struct search_value b, struct arena *arena)
{
    double x = 0, y = 0;
    bool mixed = a.kind != b.kind;
    if (mixed && search_value_number(&a, &x) && search_value_number(&b, &y))
        return (x > y) - (x < y);
    if (mixed) return slice_cmp(expr_text(a, arena), expr_text(b, arena));
    if (a.kind == SEARCH_NUMBER) return (a.number > b.number) - (a.number < b.number);
    return slice_cmp(expr_text(a, arena), expr_text(b, arena));
}

static struct search_value compared(enum expr_kind kind, struct search_value a,
                                    struct search_value b, struct arena *arena)
{
    if (a.kind == SEARCH_NULL || b.kind == SEARCH_NULL) {
        bool both = a.kind == b.kind;
        return truth((kind == EXPR_EQ && both) || (kind == EXPR_NE && !both));
    }
    bool no_order = (a.kind == SEARCH_NUMBER && isnan(a.number)) ||
                    (b.kind == SEARCH_NUMBER && isnan(b.number));
    if (no_order) return truth(kind == EXPR_NE);
    int d = compare(a, b, arena);
    if (kind == EXPR_EQ) return truth(d == 0);
    if (kind == EXPR_NE) return truth(d != 0);
    if (kind == EXPR_LT) return truth(d < 0);
    if (kind == EXPR_LE) return truth(d <= 0);
    return truth(kind == EXPR_GT ? d > 0 : d >= 0);
}

static struct search_value call(const struct expr *e, const struct expr_row *row)
{
    struct search_value args[EXPR_ARGS_MAX];
    if (e->f == NULL) {
        bool first = expr_is_true(expr_eval(e->of[0], row));
        return expr_eval(e->of[first ? 1 : 2], row);
    }
    for (uint32_t i = 0; i < e->count; i++)
        args[i] = expr_eval(e->of[i], row);
    return e->f->run(args, e->count, row->arena);
}

static struct search_value two(const struct expr *e, const struct expr_row *row)
{
    struct search_value a = expr_eval(e->of[0], row);
    if (e->kind == EXPR_AND)
        return truth(expr_is_true(a) && expr_is_true(expr_eval(e->of[1], row)));
    if (e->kind == EXPR_OR) return truth(expr_is_true(a) || expr_is_true(expr_eval(e->of[1], row)));
    struct search_value b = expr_eval(e->of[1], row);
    if (!is_arithmetic(e->kind)) return compared(e->kind, a, b, row->arena);
    double x = 0, y = 0;
    if (!search_value_number(&a, &x) || !search_value_number(&b, &y))
        return (struct search_value){0};
    return search_number(arithmetic(e->kind, x, y));
}

struct search_value expr_eval(const struct expr *e, const struct expr_row *row)
{
    double x = 0;
    if (e->kind == EXPR_VALUE) return e->value;
    if (e->kind == EXPR_NAME) return row->get(row->data, e->name);
    if (e->kind == EXPR_CALL) return call(e, row);
    if (e->count == 2) return two(e, row);
    struct search_value v = expr_eval(e->of[0], row);
    if (e->kind == EXPR_NOT) return truth(!expr_is_true(v));
    return search_value_number(&v, &x) ? search_number(-x) : (struct search_value){0};
}

bool expr_names(const struct expr *e, bool (*fn)(void *data, struct slice name), void *data)
{
    if (e->kind == EXPR_NAME) return fn(data, e->name);
    for (uint32_t i = 0; i < e->count; i++)
        if (!expr_names(e->of[i], fn, data)) return false;
    return true;
}
