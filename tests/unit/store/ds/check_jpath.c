#include "store/ds/jpath.h"

#include "tests/lib/unit.h"

#include <stdio.h>

static const char store[] =
    "{\"book\":[{\"t\":\"A\",\"p\":8.95,\"tags\":[\"x\",\"y\"]},{\"t\":\"B\",\"p\":12.99,\"isbn\":"
    "\"0-1\"},"
    "{\"t\":\"C\",\"p\":8.99,\"isbn\":\"0-2\"},{\"t\":\"D\",\"p\":22.99,\"on\":false}],"
    "\"bike\":{\"p\":19.95,\"t\":null},\"a.b\":1,\"$x\":2,\"max\":10}";

/* What the path finds in the document, as text. */
static void expect(const char *path, const char *found)
{
    static const struct jdoc_format plain;
    struct arena arena = {0};
    struct buf doc = {0}, out = {0};
    struct jdoc_error bad = {0};
    struct jpath p;
    struct jpath_found f;
    const char *error = NULL;
    size_t at = 0;
    ck_assert(jdoc_parse(slice_of(store), JDOC_DEPTH_MAX, &arena, &doc, &bad));
    ck_assert_msg(jpath_compile(slice_of(path), &arena, &p, &error, &at), "%s: %s", path, error);
    ck_assert(jpath_find(&p, 0, buf_slice(&doc), &arena, &f));
    for (uint32_t i = 0; i < f.count; i++) {
        if (i > 0) buf_add_char(&out, ' ');
        jdoc_print(doc.p + f.at[i], &plain, &out);
    }
    buf_add_char(&out, '\0');
    ck_assert_msg(strcmp(out.p, found) == 0, "%s: %s", path, out.p);
    jpath_fini(&p);
    buf_fini(&doc);
    buf_fini(&out);
    arena_fini(&arena);
}

START_TEST(steps_find_what_they_name_in_order)
{
    expect("$.book[0].t", "\"A\"");
    expect("$['book'][1][\"t\"]", "\"B\"");
    expect("$.book[-1].t", "\"D\"");
    expect("$.book[0,2].t", "\"A\" \"C\"");
    expect("$.book[1:3].t", "\"B\" \"C\"");
    expect("$.book[:2].t", "\"A\" \"B\"");
    expect("$.book[-2:].t", "\"C\" \"D\"");
    expect("$.book[::2].t", "\"A\" \"C\"");
    expect("$.book[1:100:2].t", "\"B\" \"D\"");
    expect("$.book[9].t", "");
    expect("$.book[*].t", "\"A\" \"B\" \"C\" \"D\"");
    expect("$.bike.*", "19.95 null");
    expect("$..t", "\"A\" \"B\" \"C\" \"D\" null");
    expect("$..tags[1]", "\"y\"");
    expect("$..[0].t", "\"A\"");
    expect("$..['p','t']", "8.95 \"A\" 12.99 \"B\" 8.99 \"C\" 22.99 \"D\" 19.95 null");
    expect("$['a.b']", "1");
    expect("$.bike.p.deep", "");
    expect("$['bike','max']['p']", "19.95");
}
END_TEST

START_TEST(legacy_paths_have_no_dollar)
{
    expect("bike.p", "19.95");
    expect(".bike.p", "19.95");
    expect("[\"max\"]", "10");
    expect("book[1].t", "\"B\"");
    expect("$x", "2");
    struct arena arena = {0};
    struct jpath p;
    const char *error = NULL;
    size_t at = 0;
    ck_assert(jpath_compile(SLICE("."), &arena, &p, &error, &at));
    ck_assert(p.legacy && jpath_is_root(&p));
    ck_assert(jpath_compile(SLICE("$"), &arena, &p, &error, &at));
    ck_assert(!p.legacy && jpath_is_root(&p));
    arena_fini(&arena);
}
END_TEST

START_TEST(filters_compare_and_combine)
{
    expect("$.book[?(@.p<10)].t", "\"A\" \"C\"");
    expect("$.book[?@.p>=12.99].t", "\"B\" \"D\"");
    expect("$.book[?(@.isbn)].t", "\"B\" \"C\"");
    expect("$.book[?(!@.isbn)].t", "\"A\" \"D\"");
    expect("$.book[?(@.on)].t", "\"D\"");
    expect("$.book[?(@.on==false)].t", "\"D\"");
    expect("$.book[?(@.t=='B' || @.t==\"C\")].p", "12.99 8.99");
    expect("$.book[?(@.p>8 && @.p<9 && @.isbn)].t", "\"C\"");
    expect("$.book[?(@.isbn && @.p>10 || @.t=='A')].t", "\"A\" \"B\"");
    expect("$.book[?(@.isbn && (@.p>10 || @.t=='A'))].t", "\"B\"");
    expect("$.book[?(@.p>$.max)].t", "\"B\" \"D\"");
    expect("$.book[?(@.t!='A')].t", "\"B\" \"C\" \"D\"");
    expect("$.book[?(@.isbn=~'^0-[2-9]$')].t", "\"C\"");
    expect("$.book[?(@.t=~'(?i)[ab]')].t", "\"A\" \"B\"");
    expect("$.book[?(@.tags[0]=='x')].t", "\"A\"");
    expect("$.book[?(@..isbn)].t", "\"B\" \"C\"");
    expect("$.bike[?(@==null)]", "null");
    expect("$.book[?(@.t<@.isbn)].t", "");
    expect("$..[?(@.p==19.950)].p", "19.95");
    expect("$.book[?(@.t>1)].t", ""); /* kinds that have no order */
}
END_TEST

START_TEST(what_is_no_path_is_refused_where_it_stops)
{
    static const char *const bad[] = {"",
                                      "$.",
                                      "$[",
                                      "$[]",
                                      "$[1",
                                      "$.a[?(",
                                      "$.a[?(@.b==)]",
                                      "$.a b",
                                      "$['a]",
                                      "$[1:2:0]",
                                      "$[?(@.a=~'(')]",
                                      "$...a",
                                      "$.a.",
                                      "$[?(@.a && )]",
                                      "$[?(1 2)]",
                                      "$[99999999999999999999]",
                                      "a b",
                                      "$[?(@.a=~5)]"};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct jpath p;
        const char *error = NULL;
        size_t at = SIZE_MAX;
        ck_assert_msg(!jpath_compile(slice_of(bad[i]), &arena, &p, &error, &at), "%s", bad[i]);
        ck_assert_ptr_nonnull(error);
        ck_assert_uint_le(at, strlen(bad[i]));
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(paths_that_run_away_are_stopped)
{
    /* 100 arrays inside each other; asking each for all below, again and again, finds 100^n. */
    struct arena arena = {0};
    struct buf doc = {0}, text = {0};
    struct jdoc_error bad = {0};
    struct jpath p;
    struct jpath_found f;
    const char *error = NULL;
    size_t at = 0;
    for (int i = 0; i < 100; i++)
        buf_add(&text, "[[1],", 5);
    buf_add_char(&text, '1');
    for (int i = 0; i < 100; i++)
        buf_add_char(&text, ']');
    ck_assert(jdoc_parse(buf_slice(&text), JDOC_DEPTH_MAX, &arena, &doc, &bad));
    ck_assert(jpath_compile(SLICE("$..*..*..*..*"), &arena, &p, &error, &at));
    ck_assert(!jpath_find(&p, 0, buf_slice(&doc), &arena, &f));
    ck_assert(jpath_compile(SLICE("$..[?(@..[?(@..[?(@..[?(@..[?(@..[?(@..x)])])])])])]"), &arena,
                            &p, &error, &at));
    ck_assert(!jpath_find(&p, 0, buf_slice(&doc), &arena, &f));
    buf_fini(&doc);
    buf_fini(&text);
    arena_fini(&arena);
}
END_TEST

START_TEST(static_paths_name_one_value)
{
    static const struct {
        const char *path;
        bool is_static;
    } cases[] = {{"$.a.b[3]", true},  {"$", true},         {"$.a[*]", false}, {"$..a", false},
                 {"$.a[1,2]", false}, {"$.a[0:1]", false}, {"a.b", true}};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jpath p;
        const char *error = NULL;
        size_t at = 0;
        ck_assert(jpath_compile(slice_of(cases[i].path), &arena, &p, &error, &at));
        ck_assert_int_eq(jpath_is_static(&p), cases[i].is_static);
    }
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("jpath", steps_find_what_they_name_in_order, legacy_paths_have_no_dollar,
           filters_compare_and_combine, what_is_no_path_is_refused_where_it_stops,
           paths_that_run_away_are_stopped, static_paths_name_one_value)
