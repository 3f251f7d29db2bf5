#include "store/cmd/search_read.h"

#include "store/cmd/json.h"
#include "store/search/expr.h"

static const char *hash_values(const struct search_reading *r, const struct search_field *field,
                               struct arena *arena, struct search_value **out, uint32_t *n)
{
    struct slice text = {0};
    if (!host_view_field(&r->view, field->path, arena, &text)) return NULL;
    *out = arena_alloc(arena, sizeof **out);
    **out = search_text(text);
    *n = 1;
    return NULL;
}

/* A vector as the floats it is, in the arena; false when it holds something else than numbers. */
static bool json_vector(jval v, struct arena *arena, struct slice *out)
{
    uint32_t n = jval_count(v), i = 0;
    float *floats = arena_alloc(arena, (n + 1) * sizeof *floats);
    struct jval_iter it = jval_each(v);
    struct slice name = {0};
    for (jval x = jval_next(&it, &name); x != NULL; x = jval_next(&it, &name)) {
        if (jval_kind(x) != JDOC_INTEGER && jval_kind(x) != JDOC_NUMBER) return false;
        floats[i++] = (float)jval_double(x);
    }
    *out = slice_make(floats, n * sizeof *floats);
    return true;
}

/* One JSON value as a field of this kind has it; SEARCH_NULL for null. False when it does not
 * fit. */
static bool json_scalar(jval v, const struct search_field *field, struct search_value *out)
{
    *out = (struct search_value){0};
    switch (jval_kind(v)) {
    case JDOC_NULL:
        return true;
    case JDOC_BOOL:
        if (field->kind != FIELD_TAG) return false;
        *out = search_text(jval_is_true(v) ? SLICE("true") : SLICE("false"));
        return true;
    case JDOC_INTEGER:
    case JDOC_NUMBER:
        *out = search_number(jval_double(v));
        return field->kind == FIELD_NUMERIC;
    case JDOC_STRING:
        *out = search_text(jval_string(v));
        return field->kind != FIELD_NUMERIC && field->kind != FIELD_VECTOR;
    case JDOC_ARRAY:
    case JDOC_OBJECT:
        return false;
    }
    return false;
}

struct values {
    struct search_value *v; /* the arena's */
    uint32_t n, cap;
};

static bool values_add(struct values *l, struct arena *arena, struct search_value v)
{
    if (l->n == INDEX_VALUES_MAX) return false;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 4 : l->cap * 2;
        struct search_value *more = arena_alloc(arena, l->cap * sizeof *more);
        if (l->n > 0) memcpy(more, l->v, l->n * sizeof *more);
        l->v = more;
    }
    l->v[l->n++] = v;
    return true;
}

static const char *json_values(const struct search_reading *r, const struct search_field *field,
                               struct arena *arena, struct search_value **out, uint32_t *n)
{
    const struct jpath *path = &r->e->paths[field - r->e->index->schema.fields];
    struct jpath_found found = {0};
    struct values l = {0};
    if (!jpath_find(path, 0, r->json, arena, &found)) return "JSON path finds too much";
    for (uint32_t i = 0; i < found.count; i++) {
        jval v = r->json.p + found.at[i];
        struct search_value one = {0};
        bool fits = true;
        if (jval_kind(v) != JDOC_ARRAY) {
            fits = json_scalar(v, field, &one) && values_add(&l, arena, one);
        } else if (field->kind == FIELD_VECTOR) {
            fits = json_vector(v, arena, &one.text);
            one.kind = SEARCH_TEXT;
            fits = fits && values_add(&l, arena, one);
        } else {
            struct jval_iter it = jval_each(v);
            struct slice name = {0};
            for (jval x = jval_next(&it, &name); x != NULL && fits; x = jval_next(&it, &name))
                fits = json_scalar(x, field, &one) && values_add(&l, arena, one);
        }
        if (!fits) return "Invalid JSON type for the field";
    }
    *out = l.v;
    *n = l.n;
    return NULL;
}

static const char *read_values(void *data, const struct search_field *field, struct arena *arena,
                               struct search_value **out, uint32_t *n)
{
    const struct search_reading *r = data;
    return r->json.p != NULL ? json_values(r, field, arena, out, n)
                             : hash_values(r, field, arena, out, n);
}

/* What a path finds in a document, as text: a string without quotes, all else as JSON; the first
 * of several. */
static void json_read(struct slice json, struct slice path, struct arena *arena,
                      struct search_value *out)
{
    struct jpath compiled;
    struct jpath_found found = {0};
    const char *error = NULL;
    size_t at = 0;
    if (!jpath_compile(path, arena, &compiled, &error, &at)) return;
    if (jpath_find(&compiled, 0, json, arena, &found) && found.count > 0) {
        jval v = json.p + found.at[0];
        if (jval_kind(v) == JDOC_STRING) {
            *out = search_text(jval_string(v));
        } else if (jval_kind(v) != JDOC_NULL) {
            struct buf text = {0};
            jdoc_print(v, &(struct jdoc_format){0}, &text);
            *out = search_text(arena_copy(arena, buf_slice(&text)));
            buf_fini(&text);
        }
    }
    jpath_fini(&compiled);
}

static void read_view(const struct search_reading *r, struct slice path, struct arena *arena,
                      struct search_value *out)
{
    struct slice text = {0};
    if (r->json.p != NULL)
        json_read(r->json, path, arena, out);
    else if (r->view.kind == HOST_HASH && host_view_field(&r->view, path, arena, &text))
        *out = search_text(text);
}

static struct slice read_text(void *data, struct slice path, struct arena *arena)
{
    struct search_value v = {0};
    read_view(data, path, arena, &v);
    return v.text;
}

bool search_reading_begin(struct search *s, const struct search_entry *e, struct slice key,
                          struct search_reading *r)
{
    *r = (struct search_reading){.e = e, .view = host_look(s->keys, key)};
    if (!e->index->schema.json) return r->view.kind == HOST_HASH;
    const struct buf *doc = host_view_value(&r->view, &json_type);
    if (doc != NULL) r->json = buf_slice(doc);
    return doc != NULL;
}

struct index_reader search_reading_values(struct search_reading *r)
{
    return (struct index_reader){read_values, read_text, r};
}

/* --- FILTER --- */

struct filtering {
    const struct search_reading *r;
    struct arena *arena;
};

/* A name of the schema, or else a field or path of the document. */
static struct search_value filter_get(void *data, struct slice name)
{
    const struct filtering *f = data;
    const struct schema *s = &f->r->e->index->schema;
    int number = schema_find(s, name);
    struct search_value v = {0};
    read_view(f->r, number < 0 ? name : s->fields[number].path, f->arena, &v);
    return v;
}

bool search_reading_passes(const struct search_reading *r, struct arena *arena)
{
    struct filtering f = {r, arena};
    const struct expr_row row = {filter_get, &f, arena};
    return r->e->filter == NULL || expr_is_true(expr_eval(r->e->filter, &row));
}

struct source {
    struct search *s;
    const struct search_entry *e;
};

static void source_read(void *data, struct slice key, struct slice path, struct arena *arena,
                        struct search_value *out)
{
    const struct source *source = data;
    struct search_reading r;
    if (search_reading_begin(source->s, source->e, key, &r)) read_view(&r, path, arena, out);
}

struct doc_source search_source(struct search *s, const struct search_entry *e, struct arena *arena)
{
    struct source *source = arena_alloc(arena, sizeof *source);
    *source = (struct source){s, e};
    return (struct doc_source){source_read, source};
}
