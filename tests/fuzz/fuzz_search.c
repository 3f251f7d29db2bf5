/* fuzz_search: up to the first NUL a query, behind it the text of documents. A query that parses must
 * explain itself, run, say of each document the same by walking and by asking, and rank them by score. */
#include "base/must.h"
#include "store/search/run.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct search_index *make_index(void)
{
    struct schema s = {0};
    schema_init(&s, SLICE("idx"));
    const struct search_field fields[] = {
        {.kind = FIELD_TEXT, .name = SLICE("t"), .path = SLICE("t"), .weight = 1},
        {.kind = FIELD_NUMERIC, .name = SLICE("n"), .path = SLICE("n")},
        {.kind = FIELD_TAG, .name = SLICE("g"), .path = SLICE("g"), .separator = ','},
        {.kind = FIELD_GEO, .name = SLICE("p"), .path = SLICE("p")},
        {.kind = FIELD_VECTOR, .name = SLICE("v"), .path = SLICE("v"), .vector = {.dim = 2}}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        schema_add_field(&s, &fields[i]);
    return index_new(&s);
}

/* The whole text is words and tags, and its length a number and a place. */
static const char *read_values(void *data, const struct search_field *field, struct arena *arena,
                               struct search_value **out, uint32_t *n)
{
    const struct slice *text = data;
    if (field->kind == FIELD_VECTOR) return NULL;
    *out = arena_alloc(arena, sizeof **out);
    *n = 1;
    double size = (double)(text->len % 50);
    **out = field->kind == FIELD_NUMERIC ? search_number(size)
            : field->kind == FIELD_GEO   ? search_text(arena_printf(arena, "%g,%g", size, size / 2))
                                         : search_text(*text);
    return NULL;
}

static void put(struct search_index *x, struct slice key, struct slice text, struct arena *arena)
{
    const struct index_reader r = {read_values, NULL, &text};
    must(index_put(x, key, &r, arena) != DOC_NONE);
}

static void ask(struct search_index *x, struct slice query, int dialect, struct arena *arena)
{
    static const struct query_param params[] = {{SLICE("a"), SLICE("1")},
                                                {SLICE("b"), SLICE("12345678")}};
    const struct query_options o = {.schema = &x->schema,
                                    .tools = &x->tools,
                                    .language = text_language(SLICE("english")),
                                    .dialect = dialect,
                                    .params = params,
                                    .param_count = 2,
                                    .in = {.all = true}};
    const char *error = NULL;
    const struct query_node *root = query_parse(query, &o, arena, &error);
    must((root == NULL) == (error != NULL));
    if (root == NULL) return;
    struct buf text = {0};
    query_explain(root, &x->schema, &text);
    must(text.len > 0);
    buf_fini(&text);
    const struct filter_options f = {.scorer = (enum search_scorer)(query.len % 6),
                                     .expansions_max = 20};
    struct doc_iter *walked = filter_new(x, root, &f, arena, &error);
    if (walked == NULL) return;
    struct doc_iter *asked = filter_new(x, root, &f, arena, &error);
    uint32_t next = doc_iter_next(walked), count = 0;
    double best = -(double)INFINITY, second = best;
    for (uint32_t doc = 0; doc < x->docs.end; doc++) {
        must(doc_iter_test(asked, doc) == (next == doc));
        if (next != doc) continue;
        count++;
        double score = filter_score(x, walked, doc);
        must(filter_explain(x, walked, doc, arena)->text.len > 0);
        second = score > best ? best : score > second ? score : second;
        best = score > best ? score : best;
        next = doc_iter_next(walked);
    }
    must(next == DOC_NONE);
    must(count <= walked->estimate);
    must(!walked->exact || count == walked->estimate);
    struct search_request r = {.root = root, .filter = f, .count = 2, .offset = 1};
    struct search_result found = {0};
    must(search_run(x, &r, arena, &found) == NULL);
    must(found.total == count);
    if (found.n > 0 && root->kind != QUERY_NUMERIC) must(found.hits[0].score == second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    struct slice all = slice_make(data + 1, size - 1), query = all;
    struct arena arena = {0};
    query.len = slice_find(all, '\0');
    struct slice text = slice_from(all, query.len + 1);
    struct search_index *x = make_index();
    put(x, SLICE("a"), text, &arena);
    put(x, SLICE("b"), SLICE("one two three, one"), &arena);
    put(x, SLICE("c"), query, &arena);
    for (uint32_t i = 0; i < 16; i++) { /* so that words become frequent */
        struct slice each = i % 4 == 0 ? SLICE("one two two three") : i % 4 == 1 ? query : text;
        put(x, arena_printf(&arena, "d%u", i), slice_from(each, i % 3 * (each.len / 4)), &arena);
    }
    ask(x, query, 1 + data[0] % 2, &arena);
    put(x, SLICE("a"), query, &arena);
    must(index_del(x, SLICE("c")));
    index_check(x);
    ask(x, query, 2, &arena);
    index_free(x);
    arena_fini(&arena);
    return 0;
}
