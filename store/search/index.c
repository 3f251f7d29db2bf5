#include "index.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/must.h"

struct search_index *index_new(struct schema *schema)
{
    struct search_index *x = mem_new(struct search_index);
    x->schema = *schema;
    *schema = (struct schema){0};
    docs_init(&x->docs);
    index_grow(x);
    return x;
}

static void disown(struct slice *s)
{
    mem_free((void *)(uintptr_t)s->p);
    *s = (struct slice){0};
}

static void fields_fini(struct search_index *x)
{
    for (uint32_t i = 0; i < x->field_count; i++)
        field_fini(&x->fields[i], &x->schema.fields[i]);
    mem_free(x->fields);
    x->fields = NULL;
    x->field_count = 0;
}

void index_free(struct search_index *x)
{
    if (x == NULL) return;
    fields_fini(x);
    docs_fini(&x->docs);
    text_tools_fini(&x->tools);
    disown(&x->last_error);
    disown(&x->last_error_key);
    schema_fini(&x->schema);
    mem_free(x);
}

void index_grow(struct search_index *x)
{
    uint32_t n = x->schema.field_count;
    x->fields = mem_realloc(x->fields, (n + 1) * sizeof x->fields[0]);
    for (; x->field_count < n; x->field_count++)
        field_init(&x->fields[x->field_count], &x->schema.fields[x->field_count]);
}

void index_clear(struct search_index *x)
{
    fields_fini(x);
    docs_fini(&x->docs);
    docs_init(&x->docs);
    index_grow(x);
}

/* --- values --- */

bool index_parse_place(struct slice text, double *score)
{
    struct slice lat = slice_trim(text), lon = {0};
    char separator = slice_find(lat, ',') < lat.len ? ',' : ' ';
    struct geo_point p;
    if (!slice_cut(&lat, separator, &lon)) return false;
    if (!slice_double(slice_trim(lon), &p.lon) || !slice_double(slice_trim(lat), &p.lat))
        return false;
    if (!geohash_valid(p)) return false;
    *score = (double)geohash_encode(p);
    return true;
}

/* The values as what the field holds; NULL, or why not. */
static const char *parse(const struct search_field *spec, const struct search_value *v, uint32_t n,
                         struct arena *arena, struct field_values *out)
{
    *out = (struct field_values){0};
    if (n == 0) return NULL;
    bool numbers = spec->kind == FIELD_NUMERIC || spec->kind == FIELD_GEO;
    if (numbers)
        out->numbers = arena_alloc(arena, n * sizeof(double));
    else
        out->texts = arena_alloc(arena, n * sizeof(struct slice));
    for (uint32_t i = 0; i < n; i++) {
        if (v[i].kind == SEARCH_NULL) continue;
        double number = v[i].number;
        switch (spec->kind) {
        case FIELD_NUMERIC:
            if (v[i].kind == SEARCH_TEXT && !slice_double(slice_trim(v[i].text), &number))
                return "Invalid numeric value";
            out->numbers[out->n++] = number;
            break;
        case FIELD_GEO:
            if (v[i].kind != SEARCH_TEXT || !index_parse_place(v[i].text, &number))
                return "Invalid geo string";
            out->numbers[out->n++] = number;
            break;
        case FIELD_VECTOR:
            if (v[i].kind != SEARCH_TEXT || v[i].text.len != spec->vector.dim * sizeof(float))
                return "Could not add vector with blob size that does not match the field's";
            if (!vectors_fits(&spec->vector, v[i].text))
                return "Could not add vector with a number that is not finite";
            out->texts[out->n++] = v[i].text;
            break;
        case FIELD_TEXT:
        case FIELD_TAG:
            if (v[i].kind != SEARCH_TEXT) return "Invalid text value";
            out->texts[out->n++] = v[i].text;
            break;
        }
    }
    return NULL;
}

/* What a document is put with. */
struct incoming {
    struct field_values *fields; /* by number; the arena's */
    int language;
    double score;
};

static const char *read_all(const struct search_index *x, const struct index_reader *r,
                            struct arena *arena, struct incoming *in)
{
    const struct schema *s = &x->schema;
    in->fields = arena_array(arena, s->field_count + 1, struct field_values);
    for (uint32_t i = 0; i < s->field_count; i++) {
        struct search_value *v = NULL;
        uint32_t n = 0;
        const char *why = r->values(r->data, &s->fields[i], arena, &v, &n);
        if (why == NULL) why = parse(&s->fields[i], v, n, arena, &in->fields[i]);
        if (why != NULL) return why;
    }
    in->language = text_language(s->language);
    if (s->language_field.len > 0) {
        struct slice name = r->text(r->data, s->language_field, arena);
        int language = name.len == 0 ? in->language : text_language(name);
        if (language < 0) return "Unsupported language";
        in->language = language;
    }
    in->score = s->score;
    if (s->score_field.len > 0) {
        struct slice text = r->text(r->data, s->score_field, arena);
        double score = s->score;
        if (text.len > 0 && (!slice_double(text, &score) || score < 0 || score > 1))
            return "Invalid score";
        in->score = score;
    }
    return NULL;
}

static void fail(struct search_index *x, struct slice key, const char *why)
{
    x->failures++;
    schema_set(&x->last_error, slice_of(why));
    schema_set(&x->last_error_key, key);
    (void)index_del(x, key);
}

uint32_t index_expect(const struct search_index *x, struct slice key)
{
    uint32_t id = docs_find(&x->docs, key);
    for (uint32_t i = 0; id != DOC_NONE && i < x->field_count; i++)
        field_expect(&x->fields[i], id);
    return id;
}

uint32_t index_put(struct search_index *x, struct slice key, const struct index_reader *r,
                   struct arena *arena)
{
    struct incoming in = {0};
    const char *why = read_all(x, r, arena, &in);
    if (why != NULL) {
        fail(x, key, why);
        return DOC_NONE;
    }
    bool fresh = false;
    uint32_t id = docs_put(&x->docs, key, &fresh);
    for (uint32_t i = 0; i < x->field_count; i++)
        field_expect_change(&x->fields[i], &x->schema.fields[i], id, &in.fields[i]);
    x->docs.of[id].score = in.score;
    for (uint32_t i = 0; i < x->field_count; i++)
        field_put(&x->fields[i], &x->schema, &x->schema.fields[i], &x->tools, in.language, id,
                  x->docs.cap, &in.fields[i], arena);
    return id;
}

bool index_del(struct search_index *x, struct slice key)
{
    uint32_t id = docs_find(&x->docs, key);
    if (id == DOC_NONE) return false;
    const struct field_values nothing = {0};
    struct arena none = {0};
    for (uint32_t i = 0; i < x->field_count; i++)
        field_put(&x->fields[i], &x->schema, &x->schema.fields[i], &x->tools, 0, id, x->docs.cap,
                  &nothing, &none);
    arena_fini(&none);
    docs_del(&x->docs, id);
    return true;
}

size_t index_memory(const struct search_index *x)
{
    size_t bytes = mem_size(x) + mem_size(x->fields) + docs_memory(&x->docs);
    for (uint32_t i = 0; i < x->field_count; i++)
        bytes += field_memory(&x->fields[i], &x->schema.fields[i]);
    return bytes;
}

void index_check(const struct search_index *x)
{
    docs_check(&x->docs);
    for (uint32_t i = 0; i < x->field_count; i++)
        field_check(&x->fields[i], &x->schema.fields[i]);
}
