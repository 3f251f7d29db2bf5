#include "store/search/query.h"

#include "base/buf.h"
#include "tests/lib/unit.h"

static struct schema schema;
static struct text_tools tools;
static struct arena arena;

static void setup(void)
{
    static const struct search_field fields[] = {
        {.kind = FIELD_TEXT, .name = SLICE("title"), .path = SLICE("title"), .weight = 1},
        {.kind = FIELD_TEXT, .name = SLICE("body"), .path = SLICE("body"), .nostem = true},
        {.kind = FIELD_NUMERIC, .name = SLICE("num"), .path = SLICE("num")},
        {.kind = FIELD_TAG, .name = SLICE("tag"), .path = SLICE("tag"), .separator = ','},
        {.kind = FIELD_GEO, .name = SLICE("geo"), .path = SLICE("geo")},
        {.kind = FIELD_VECTOR, .name = SLICE("vec"), .path = SLICE("vec")}};
    schema_init(&schema, SLICE("idx"));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        schema_add_field(&schema, &fields[i]);
}

static void teardown(void)
{
    schema_fini(&schema);
    text_tools_fini(&tools);
    arena_fini(&arena);
}

static struct query_node *parse(const char *text, int dialect, const char **error)
{
    static const struct query_param params[] = {{SLICE("n"), SLICE("4.5")},
                                                {SLICE("v"), SLICE("abcdefgh")}};
    const struct query_options o = {.schema = &schema,
                                    .tools = &tools,
                                    .language = text_language(SLICE("english")),
                                    .dialect = dialect,
                                    .verbatim = true,
                                    .params = params,
                                    .param_count = 2,
                                    .in = {.all = true}};
    return query_parse(slice_of(text), &o, &arena, error);
}

static void explained(const char *text, int dialect, const char *expected)
{
    const char *error = NULL;
    const struct query_node *n = parse(text, dialect, &error);
    ck_assert_msg(n != NULL, "%s: %s", text, error);
    struct buf out = {0};
    query_explain(n, &schema, &out);
    ck_assert_msg(slice_is(buf_slice(&out), expected), "%s: %.*s", text, (int)out.len, out.p);
    buf_fini(&out);
}

START_TEST(trees_are_as_written)
{
    setup();
    explained("one two", 2, "INTERSECT {\n  one\n  two\n}\n");
    explained("one two|three", 2, "UNION {\n  INTERSECT {\n    one\n    two\n  }\n  three\n}\n");
    explained("one two|three", 1, "INTERSECT {\n  one\n  UNION {\n    two\n    three\n  }\n}\n");
    explained("-one", 2, "NOT {\n  one\n}\n");
    explained("~one two", 2, "INTERSECT {\n  OPTIONAL {\n    one\n  }\n  two\n}\n");
    explained("\"one the two\"", 2, "EXACT {\n  one\n  two\n}\n");
    explained("on* *ne *n* %one% %%two%%", 2,
              "INTERSECT {\n  PREFIX{on*}\n  SUFFIX{*ne}\n  INFIX{*n*}\n  FUZZY{one}\n"
              "  FUZZY{two}\n}\n");
    explained("@num:[(1 $n]", 2, "NUMERIC {1.000000 < @num <= 4.500000}\n");
    explained("@num:[-inf +inf]", 2, "NUMERIC {-inf <= @num <= inf}\n");
    explained("@tag:{ A b |c\\|d|e*}", 2, "TAG:@tag {\n  a b\n  c|d\n  PREFIX{e*}\n}\n");
    explained("@geo:[1 2 3 km]", 2, "GEO geo:{1.000000,2.000000 --> 3.000000 km}\n");
    explained("@title|body:one", 2, "@title|body:one\n");
    explained("(one)=>{$weight: 2}", 2, "one => {$weight: 2;}\n");
    explained("*", 2, "<WILDCARD>\n");
    explained("", 2, "<empty>\n");
    explained("the", 2, "<empty>\n");
    explained("on\\-e", 2, "on-e\n");
    explained("@tag:{x}=>[KNN 3 @vec $v AS far]", 2,
              "VECTOR {\n  TAG:@tag {\n    x\n  }\n} => {K=3 nearest vectors to `$v` in vector "
              "index associated with field @vec, yields distance as `far`}\n");
    teardown();
}
END_TEST

START_TEST(mistakes_say_where_they_are)
{
    static const char *const cases[][2] = {
        {"one )", "Syntax error at offset 4 near )"},
        {"@num:[1", "Syntax error at offset 6 near 1"},
        {"@num:[1 x]", "Syntax error at offset 8 near x"},
        {"@nope:one", "Unknown field at offset 1 near nope"},
        {"\"one", "Syntax error at offset 1 near one"},
        {"@num:[$m 2]", "No such parameter `m`"},
        {"one=>{$color: 2}", "Invalid attribute at offset 7 near color"},
        {"@geo:[1 2 3 parsec]", "Invalid GeoFilter unit parsec"},
        {"@geo:[1 200 3 km]", "Invalid GeoFilter lat/lon"},
        {"@tag:{}", "Syntax error at offset 6 near }"},
        {"*=>[KNN 0 @vec $v]", "Invalid value for K at offset 8 near 0"},
        {"*=>[KNN 3 @tag $v]", "Expected a VECTOR field at offset 11 near tag"},
        {"%one", "Syntax error at offset 1 near one"},
        {"|", "Syntax error at offset 0 near |"},
    };
    setup();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *error = NULL;
        ck_assert_ptr_null(parse(cases[i][0], 2, &error));
        ck_assert_msg(strcmp(error, cases[i][1]) == 0, "%s: %s", cases[i][0], error);
    }
    teardown();
}
END_TEST

START_TEST(what_strangers_write_is_bounded)
{
    setup();
    const char *error = NULL;
    struct buf text = {0};
    for (int i = 0; i < 2000; i++)
        buf_add_char(&text, '(');
    buf_add(&text, "x", 2);
    ck_assert_ptr_null(parse(text.p, 2, &error));
    ck_assert_str_eq(error, "Query is nested too deeply");
    buf_clear(&text);
    for (int i = 0; i < 10000; i++)
        buf_add(&text, "x ", 2);
    buf_add_char(&text, '\0');
    ck_assert_ptr_null(parse(text.p, 2, &error));
    ck_assert_str_eq(error, "Query has too many parts");
    buf_fini(&text);
    teardown();
}
END_TEST

UNIT_SUITE("query", trees_are_as_written, mistakes_say_where_they_are,
           what_strangers_write_is_bounded)
