#include "store/search/highlight.h"

#include "tests/lib/unit.h"

static struct query_node leaf(enum query_kind kind, const char *text)
{
    return (struct query_node){.kind = kind,
                               .text = slice_of(text),
                               .distance = 1,
                               .fields = {.all = true},
                               .weight = 1,
                               .slop = -1};
}

/* The text with what the tree looks for in brackets; with s as a summary. */
static struct slice shown(const struct query_node *root, const char *text, const struct summary *s,
                          struct arena *arena)
{
    static struct text_tools tools;
    const struct highlight_query q = {.root = root,
                                      .field = 0,
                                      .stems = true,
                                      .tools = &tools,
                                      .language = text_language(SLICE("english"))};
    const struct highlight_tags tags = {SLICE("["), SLICE("]")};
    struct text_words words = highlight_find(&q, slice_of(text), arena);
    struct buf out = {0};
    if (s == NULL)
        highlight_whole(slice_of(text), &words, &tags, &out);
    else
        highlight_summary(slice_of(text), &words, s, &tags, arena, &out);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_fini(&out);
    text_tools_fini(&tools);
    tools = (struct text_tools){0};
    return copy;
}

static void shows(const struct query_node *root, const char *text, const struct summary *s,
                  const char *want)
{
    struct arena arena = {0};
    struct slice got = shown(root, text, s, &arena);
    ck_assert_msg(slice_is(got, want), "%s\n gives %.*s\n not   %s", text, (int)got.len, got.p,
                  want);
    arena_fini(&arena);
}

START_TEST(what_was_found_stands_between_tags)
{
    struct query_node horse = leaf(QUERY_TERM, "horse"), stem = leaf(QUERY_TERM, "+hors"),
                      near = leaf(QUERY_FUZZY, "hrse"), begins = leaf(QUERY_PREFIX, "ho"),
                      ends = leaf(QUERY_SUFFIX, "ses"), has = leaf(QUERY_INFIX, "ors"),
                      glob = leaf(QUERY_GLOB, "h?rse"), all = leaf(QUERY_ALL, "");
    shows(&horse, "A Horse, a horse; horses!", NULL, "A [Horse], a [horse]; horses!");
    shows(&stem, "A Horse, horses!", NULL, "A [Horse], [horses]!");
    shows(&near, "(horse) house", NULL, "([horse]) house");
    shows(&begins, "house hut Hop", NULL, "[house] hut [Hop]");
    shows(&ends, "houses house", NULL, "[houses] house");
    shows(&has, "horse house", NULL, "[horse] house");
    shows(&glob, "horse house", NULL, "[horse] house");
    shows(&all, "horse house", NULL, "horse house");
    shows(&horse, "", NULL, "");
    shows(&horse, " ... ", NULL, " ... ");
    shows(&horse, "  horse  ", NULL, "  [horse]  ");
}
END_TEST

START_TEST(only_what_is_looked_for_in_the_field_counts)
{
    struct query_node a = leaf(QUERY_TERM, "a"), b = leaf(QUERY_TERM, "b"), not_b, both;
    const uint16_t other = 3;
    struct query_node *b_only[] = {&b}, *two[] = {&a, &not_b};
    not_b = (struct query_node){.kind = QUERY_NOT, .child = b_only, .child_count = 1};
    both = (struct query_node){.kind = QUERY_AND, .child = two, .child_count = 2};
    shows(&both, "a b c", NULL, "[a] b c");
    a.fields = (struct query_fields){&other, 1, false};
    shows(&both, "a b c", NULL, "a b c");
}
END_TEST

START_TEST(a_summary_is_the_words_around_what_was_found)
{
    static const char text[] =
        "one two three X five six seven eight nine ten X X thirteen fourteen";
    struct query_node x = leaf(QUERY_TERM, "x"), none = leaf(QUERY_TERM, "none");
    struct summary s = {.pieces = 3, .words = 3, .separator = SLICE("... ")};
    shows(&x, text, &s, "three [X] five... [X] [X] thirteen... ");
    s.pieces = 1;
    shows(&x, text, &s, "[X] [X] thirteen... ");
    s.words = 100;
    shows(&x, text, &s,
          "one two three [X] five six seven eight nine ten [X] [X] thirteen fourteen... ");
    s = (struct summary){.pieces = 5, .words = 1, .separator = SLICE("|")};
    shows(&x, text, &s, "[X]|[X] [X]|");
    s = (struct summary){.pieces = 3, .words = 8, .separator = SLICE("|")};
    shows(&x, text, &s, "[X] five six seven eight nine ten [X] [X] thirteen fourteen|");
    s = (struct summary){.pieces = 3, .words = 2, .separator = SLICE("...")};
    shows(&none, text, &s, "one two...");
    shows(&x, "", &s, "");
    shows(&x, "X", &s, "[X]...");
}
END_TEST

UNIT_SUITE("highlight", what_was_found_stands_between_tags,
           only_what_is_looked_for_in_the_field_counts,
           a_summary_is_the_words_around_what_was_found)
