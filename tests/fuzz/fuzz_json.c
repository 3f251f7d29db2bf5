/* fuzz_json: up to the first NUL a path, behind it a document. What parses must be whole, print, and
 * parse again as the same; paths find values of it, and changing those keeps it whole. */
#include "base/must.h"
#include "store/ds/jpath.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jdoc_format plain;

static void change(void *data, uint32_t i, struct buf *value)
{
    struct arena *arena = data;
    must(jdoc_valid(buf_slice(value), arena));
    buf_clear(value);
    if (i % 3 == 0) jdoc_add_i64(value, i);
    if (i % 3 == 1) jdoc_add_string(value, SLICE("changed"));
}

static int by_offset(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void find_and_change(struct slice path, struct buf *doc, struct arena *arena)
{
    struct jpath p;
    struct jpath_found f;
    const char *error = NULL;
    size_t at = 0;
    if (!jpath_compile(path, arena, &p, &error, &at)) {
        must(error != NULL && at <= path.len);
        return;
    }
    if (jpath_find(&p, 0, buf_slice(doc), arena, &f) && f.count > 0) {
        qsort(f.at, f.count, sizeof *f.at, by_offset);
        uint32_t n = 0;
        for (uint32_t i = 0; i < f.count; i++) {
            must(f.at[i] + jval_size(doc->p + f.at[i]) <= doc->len);
            if (f.at[i] > 0 && (n == 0 || f.at[i] != f.at[n - 1])) f.at[n++] = f.at[i];
        }
        if (n > 0) jdoc_change_all(doc, f.at, n, change, arena);
        must(jdoc_valid(buf_slice(doc), arena));
    }
    jpath_fini(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_make(data, size), path = all;
    struct arena arena = {0};
    struct buf doc = {0}, text = {0}, again = {0};
    struct jdoc_error error = {0};
    path.len = slice_find(all, '\0');
    (void)jdoc_valid(all, &arena);
    if (jdoc_parse(slice_from(all, path.len + 1), JDOC_DEPTH_MAX, &arena, &doc, &error)) {
        must(jdoc_valid(buf_slice(&doc), &arena));
        jdoc_print(doc.p, &plain, &text);
        must(jdoc_parse(buf_slice(&text), JDOC_DEPTH_MAX, &arena, &again, &error));
        must(slice_eq(buf_slice(&doc), buf_slice(&again)));
        must(jval_equal(doc.p, again.p));
        find_and_change(path, &doc, &arena);
    } else {
        must(error.what != NULL);
    }
    buf_fini(&doc);
    buf_fini(&text);
    buf_fini(&again);
    arena_fini(&arena);
    return 0;
}
