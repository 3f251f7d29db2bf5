#include "schema.h"

#include "base/mem.h"
#include "base/must.h"

static struct slice own(struct slice s)
{
    return (struct slice){s.len == 0 ? NULL : mem_dup(s.p, s.len), s.len};
}

static void disown(struct slice s)
{
    mem_free((void *)(uintptr_t)s.p);
}

void schema_init(struct schema *s, struct slice name)
{
    s->name = own(name);
    s->language = own(SLICE("english"));
    s->score = 1;
}

static void disown_all(struct slice *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        disown(s[i]);
    mem_free(s);
}

void schema_fini(struct schema *s)
{
    disown(s->name);
    disown_all(s->prefixes, s->prefix_count);
    disown_all(s->stopwords, s->stopword_count);
    disown(s->filter);
    disown(s->language);
    disown(s->language_field);
    disown(s->score_field);
    disown(s->payload_field);
    synonyms_fini(&s->synonyms);
    for (uint32_t i = 0; i < s->field_count; i++) {
        disown(s->fields[i].path);
        disown(s->fields[i].name);
    }
    mem_free(s->fields);
    *s = (struct schema){0};
}

void schema_set(struct slice *owned, struct slice value)
{
    disown(*owned);
    *owned = own(value);
}

void schema_set_list(struct slice **owned, uint32_t *count, const struct slice *values, uint32_t n)
{
    disown_all(*owned, *count);
    *owned = n == 0 ? NULL : mem_array(n, struct slice);
    *count = n;
    for (uint32_t i = 0; i < n; i++)
        (*owned)[i] = own(values[i]);
}

void schema_add_field(struct schema *s, const struct search_field *f)
{
    must(s->field_count < SCHEMA_FIELDS_MAX);
    must(schema_find(s, f->name) < 0);
    s->fields = mem_realloc(s->fields, (s->field_count + 1) * sizeof s->fields[0]);
    struct search_field *to = &s->fields[s->field_count++];
    *to = *f;
    to->path = own(f->path);
    to->name = own(f->name);
}

int schema_find(const struct schema *s, struct slice name)
{
    for (uint32_t i = 0; i < s->field_count; i++)
        if (slice_eq(s->fields[i].name, name)) return (int)i;
    return -1;
}

bool schema_covers(const struct schema *s, struct slice key)
{
    if (s->prefix_count == 0) return true;
    for (uint32_t i = 0; i < s->prefix_count; i++)
        if (slice_starts(key, s->prefixes[i])) return true;
    return false;
}
