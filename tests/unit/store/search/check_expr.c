#include "store/search/expr.h"

#include "tests/lib/unit.h"

#include <math.h>

/* One row: some names, and "missing" is none of them. */
static struct search_value get(void *data, struct slice name)
{
    if (slice_is(name, "n")) return search_number(7);
    if (slice_is(name, "zero")) return search_number(0);
    if (slice_is(name, "text")) return search_text(SLICE("Hello, World"));
    if (slice_is(name, "digits")) return search_text(SLICE("42"));
    if (slice_is(name, "place")) return search_text(SLICE("-122.41,37.77"));
    if (slice_is(name, "a b")) return search_number(5);
    if (slice_is(name, "long")) return search_text(*(const struct slice *)data);
    return (struct search_value){0};
}

/* What an expression comes to as text; "null" for null, "!" and the error for one that is none. */
static struct slice result(const char *text, struct arena *arena)
{
    const char *error = NULL;
    struct expr *e = expr_parse(slice_of(text), arena, &error);
    if (e == NULL) return arena_printf(arena, "!%s", error);
    struct search_value v = expr_eval(e, &(struct expr_row){.get = get, .arena = arena});
    return v.kind == SEARCH_NULL ? SLICE("null") : expr_text(v, arena);
}

struct example {
    const char *text, *want;
};

static void check_all(const struct example *e, size_t n)
{
    struct arena arena = {0};
    for (size_t i = 0; i < n; i++) {
        struct slice got = result(e[i].text, &arena);
        ck_assert_msg(slice_is(got, e[i].want), "%s gives %.*s, not %s", e[i].text, (int)got.len,
                      got.p, e[i].want);
    }
    arena_fini(&arena);
}

#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof(examples)[0])

START_TEST(operators_bind_as_in_arithmetic)
{
    static const struct example examples[] = {
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"2 ^ 3 ^ 2", "512"},
        {"-2 ^ 2", "4"},
        {"10 - 4 - 3", "3"},
        {"17 % 5", "2"},
        {"1 / 4", "0.25"},
        {"1/3", "0.333333333333"},
        {"1 / 0", "inf"},
        {".5 + 1e3", "1000.5"},
        {"1700000000123 + 0", "1700000000123"},
        {"@n*2-1", "13"},
        {"@n-1", "6"},
        {"- - 3", "3"},
        {"@digits + 1", "43"},
        {"@text + 1", "null"},
        {"@missing * 2", "null"},
        {"-@missing", "null"},
        {"@a\\ b + 1", "6"},
        {"inf", "inf"},
    };
    CHECK_ALL(examples);
}
END_TEST

START_TEST(comparisons_and_logic_give_one_or_zero)
{
    static const struct example examples[] = {
        {"1 < 2 && 2 <= 2", "1"},
        {"1 > 2 || 3 >= 4", "0"},
        {"0 || 1 && 0", "0"},
        {"@n == 7", "1"},
        {"@n != 7", "0"},
        {"@digits == 42", "1"},
        {"@digits > 5", "1"},
        {"@text == 'Hello, World'", "1"},
        {"@text == \"hello\"", "0"},
        {"'abc' < 'abd'", "1"},
        {"@text > 5", "1"},
        {"!@zero", "1"},
        {"!@text", "0"},
        {"!!@n", "1"},
        {"@missing == NULL", "1"},
        {"@n != NULL", "1"},
        {"@missing < 3", "0"},
        {"@missing > 3", "0"},
        {"@missing && 1", "0"},
        {"sqrt(-1) == sqrt(-1)", "0"},
        {"sqrt(-1) != 1", "1"},
        {"@n==7&&@zero==0", "1"},
    };
    CHECK_ALL(examples);
}
END_TEST

START_TEST(functions_of_texts)
{
    static const struct example examples[] = {
        {"upper(@text)", "HELLO, WORLD"},
        {"LOWER('ABC \xC3\x84')", "abc \xC3\x84"},
        {"startswith(@text, 'Hello')", "1"},
        {"startswith(@text, 'World')", "0"},
        {"contains(@text, 'l')", "3"},
        {"contains('aaaa', 'aa')", "2"},
        {"contains('abc', '')", "4"},
        {"contains('', 'a')", "0"},
        {"strlen(@text)", "12"},
        {"strlen(12345)", "5"},
        {"substr(@text, 7, 5)", "World"},
        {"substr(@text, 7, -1)", "World"},
        {"substr(@text, 7, -2)", "Worl"},
        {"substr(@text, -5, 2)", "Wo"},
        {"substr(@text, 100, 2)", ""},
        {"substr(@text, -100, 2)", "He"},
        {"substr(@text, 2, -100)", ""},
        {"format('%s is %s%%', 'x', 7)", "x is 7%"},
        {"format('%s', @missing)", "(null)"},
        {"format('%s %s', 'x')", "null"},
        {"format('%d', 1)", "null"},
        {"format('50%')", "null"},
        {"split('a, b ,,c')", "[a,b,c]"},
        {"split('a-b c', '- ')", "[a,b,c]"},
        {"split('*a*;b', ';', '*')", "[a,b]"},
        {"split(',')", "[]"},
        {"to_number('3.50')", "3.5"},
        {"to_number('x')", "null"},
        {"strlen(to_str(1.5))", "3"},
        {"upper(@missing)", "null"},
        {"exists(@missing)", "0"},
        {"exists(@n)", "1"},
        {"case(@n > 5, 'many', 'few')", "many"},
        {"case(@missing, 'many', case(1, 'x', 'y'))", "x"},
        {"'it\\'s'", "it's"},
    };
    CHECK_ALL(examples);
}
END_TEST

START_TEST(functions_of_numbers_times_and_places)
{
    static const struct example examples[] = {
        {"log(exp(2))", "2"},
        {"log2(8)", "3"},
        {"log(-1)", "nan"},
        {"ceil(1.2) + floor(1.8)", "3"},
        {"abs(-3.5)", "3.5"},
        {"sqrt(@n * @n)", "7"},
        {"abs(@text)", "null"},
        {"timefmt(0)", "1970-01-01T00:00:00Z"},
        {"timefmt(1517417144, '%Y/%m/%d')", "2018/01/31"},
        {"timefmt(-1)", "null"},
        {"timefmt(1e300)", "null"},
        {"timefmt(@text)", "null"},
        {"parsetime('2018-01-31T16:45:44Z')", "1517417144"},
        {"parsetime('31/01/2018', '%d/%m/%Y')", "1517356800"},
        {"parsetime('nonsense', '%d')", "null"},
        {"minute(1517417144)", "1517417100"},
        {"hour(1517417144)", "1517414400"},
        {"day(1517417144)", "1517356800"},
        {"month(1517417144)", "1514764800"},
        {"year(1517417144)", "2018"},
        {"dayofweek(1517417144)", "3"},
        {"dayofmonth(1517417144)", "31"},
        {"dayofyear(1517417144)", "30"},
        {"monthofyear(1517417144)", "0"},
        {"geodistance(@place, @place)", "0"},
        {"floor(geodistance(@place, '-118.24,34.05') / 1000)", "558"},
        {"floor(geodistance(-122.41, 37.77, @place))", "0"},
        {"geodistance(-122.41, 37.77, -118.24, 34.05) > 558000", "1"},
        {"geodistance(@place, @n)", "null"},
        {"geodistance(@place, '200,10')", "null"},
    };
    CHECK_ALL(examples);
}
END_TEST

START_TEST(what_makes_no_sense_is_named_with_its_place)
{
    static const struct example examples[] = {
        {"", "!Syntax error at offset 0 near '': expected a value"},
        {"1 +", "!Syntax error at offset 3 near '': expected a value"},
        {"1 2", "!Syntax error at offset 2 near '2': expected an operator"},
        {"(1", "!Syntax error at offset 2 near '': expected ')'"},
        {"@", "!Syntax error at offset 0 near '@': expected a name"},
        {"'abc", "!Syntax error at offset 0 near ''abc': a string without its end"},
        {"1.2.3", "!Syntax error at offset 0 near '1.2.3': not a number"},
        {"foo(1)", "!Syntax error at offset 0 near 'foo(1)': Unknown function name 'foo'"},
        {"1 + foo", "!Syntax error at offset 4 near 'foo': expected a value"},
        {"sqrt()", "!Syntax error at offset 0 near 'sqrt()': `sqrt` takes 1 arguments, not 0"},
        {"split(1,2,3,4)",
         "!Syntax error at offset 0 near 'split(1,2,3,4)': `split` takes 1 to 3 arguments, not 4"},
        {"case(1, 2)",
         "!Syntax error at offset 0 near 'case(1, 2)': `case` takes 3 arguments, not 2"},
        {"upper('a' 'b')", "!Syntax error at offset 10 near ''b')': expected ',' or ')'"},
        {"@n = 7", "!Syntax error at offset 3 near '= 7': expected an operator"},
    };
    CHECK_ALL(examples);
}
END_TEST

/* `text` n times, then `end`, then `close` n times. */
static struct slice nested(struct arena *arena, const char *text, const char *end,
                           const char *close, size_t n)
{
    size_t open_len = strlen(text), close_len = strlen(close), at = 0;
    char *out = arena_alloc(arena, n * (open_len + close_len) + strlen(end) + 1);
    for (size_t i = 0; i < n; i++, at += open_len)
        memcpy(out + at, text, open_len);
    memcpy(out + at, end, strlen(end));
    at += strlen(end);
    for (size_t i = 0; i < n; i++, at += close_len)
        memcpy(out + at, close, close_len);
    return slice_make(out, at);
}

START_TEST(depth_length_and_made_texts_are_limited)
{
    struct arena arena = {0};
    const char *error = NULL;
    ck_assert_ptr_null(expr_parse(nested(&arena, "(", "1", ")", 100), &arena, &error));
    ck_assert_ptr_null(expr_parse(nested(&arena, "!", "1", "", 100), &arena, &error));
    ck_assert_ptr_null(expr_parse(nested(&arena, "1^", "1", "", 100), &arena, &error));
    ck_assert_ptr_null(expr_parse(nested(&arena, "abs(", "1", ")", 100), &arena, &error));
    ck_assert_ptr_null(expr_parse(nested(&arena, "1+", "1", "", 2000), &arena, &error));
    ck_assert_ptr_null(expr_parse(nested(&arena, " ", "1", "", EXPR_BYTES_MAX), &arena, &error));
    ck_assert_ptr_nonnull(expr_parse(nested(&arena, "1+", "1", "", 400), &arena, &error));
    ck_assert_ptr_nonnull(expr_parse(nested(&arena, "(", "1", ")", 40), &arena, &error));

    char *big = arena_alloc(&arena, EXPR_TEXT_MAX / 2 + 1);
    memset(big, 'x', EXPR_TEXT_MAX / 2 + 1);
    struct slice text = slice_make(big, EXPR_TEXT_MAX / 2 + 1);
    struct expr_row row = {.get = get, .data = &text, .arena = &arena};
    struct expr *e = expr_parse(SLICE("format('%s%s', @long, @long)"), &arena, &error);
    ck_assert_int_eq(expr_eval(e, &row).kind, SEARCH_NULL);
    e = expr_parse(SLICE("split(@long, 'x')"), &arena, &error);
    ck_assert_int_eq(expr_eval(e, &row).kind, SEARCH_NULL);
    arena_fini(&arena);
}
END_TEST

static bool count_name(void *data, struct slice name)
{
    (void)name;
    return ++*(int *)data < 3;
}

START_TEST(names_are_told_until_told_to_stop)
{
    struct arena arena = {0};
    const char *error = NULL;
    int n = 0;
    struct expr *e = expr_parse(SLICE("@a + abs(@b)"), &arena, &error);
    ck_assert(expr_names(e, count_name, &n));
    ck_assert_int_eq(n, 2);
    ck_assert(!expr_names(e, count_name, &n));
    ck_assert_int_eq(n, 3);
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("expr", operators_bind_as_in_arithmetic, comparisons_and_logic_give_one_or_zero,
           functions_of_texts, functions_of_numbers_times_and_places,
           what_makes_no_sense_is_named_with_its_place, depth_length_and_made_texts_are_limited,
           names_are_told_until_told_to_stop)
