/* fuzz_expr: an expression over a row of every kind of value. What parses must evaluate, twice to
 * the same; what does not must say where it fails. */
#include "base/must.h"
#include "store/search/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value by the first letter of its name. */
static struct search_value get(void *data, struct slice name)
{
    static const struct search_value items[] = {
        {.kind = SEARCH_NUMBER, .number = 3}, {.kind = SEARCH_TEXT, .text = {"a,b", 3}}, {0}};
    struct slice whole = *(struct slice *)data;
    if (name.p[0] == 'n') return search_number(-1.5);
    if (name.p[0] == 'b') return search_number(1.7e9);
    if (name.p[0] == 't') return search_text(whole);
    if (name.p[0] == 'p') return search_text(SLICE("2.35,48.85"));
    if (name.p[0] == 'l')
        return (struct search_value){.kind = SEARCH_LIST, .count = 3, .items = items};
    return (struct search_value){0};
}

static bool is_named(void *data, struct slice name)
{
    (void)data;
    must(name.len > 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct slice text = slice_make(data, size);
    const char *error = NULL;
    struct expr *e = expr_parse(text, &arena, &error);
    must((e == NULL) == (error != NULL));
    if (e != NULL) {
        struct expr_row row = {.get = get, .data = &text, .arena = &arena};
        struct search_value a = expr_eval(e, &row), b = expr_eval(e, &row);
        must(a.kind == b.kind);
        must(slice_eq(expr_text(a, &arena), expr_text(b, &arena)));
        must(expr_is_true(a) == expr_is_true(b));
        must(expr_names(e, is_named, NULL));
    }
    arena_fini(&arena);
    return 0;
}
