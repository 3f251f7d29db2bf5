#include "family.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/ds/rdb.h"
#include "store/engine/effects.h"
#include "store/type/dump.h"

enum { FAMILIES_MAX = 16 };

struct family_value {
    struct value head;
    void *contents; /* owned, by the family's rules */
};

static const struct family_type *families[FAMILIES_MAX];
static uint32_t family_count;

static const struct family_type *family_type_of(const struct value *v)
{
    const char *p = (const char *)v->type - offsetof(struct family_type, type);
    return (const struct family_type *)(const void *)p;
}

static void *contents_of(const struct value *v)
{
    return ((const struct family_value *)(const void *)v)->contents;
}

/* --- what the keyspace asks of every value --- */

static void value_free_family(struct value *v)
{
    family_type_of(v)->free(contents_of(v));
    mem_free(v);
}

static size_t value_memory(const struct value *v, uint32_t samples)
{
    (void)samples;
    return mem_size(v) + family_type_of(v)->memory(contents_of(v));
}

static struct value *value_copy(const struct value *v)
{
    const struct family_type *t = family_type_of(v);
    return family_value(t, t->copy(contents_of(v)));
}

static const char *value_encoding(const struct value *v)
{
    (void)v;
    return "raw";
}

/* Never empty: only its own commands and DEL take a family's value away. */
static uint64_t value_length(const struct value *v)
{
    (void)v;
    return 1;
}

static uint64_t value_effort(const struct value *v)
{
    return family_type_of(v)->effort(contents_of(v));
}

static void value_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    struct buf payload = {0};
    (void)dump_write(v, &payload);
    rdb_seal(&payload);
    effects_begin(out, 5);
    effects_arg_cstr(out, "RESTORE");
    effects_arg(out, key);
    effects_arg_i64(out, 0);
    effects_arg(out, buf_slice(&payload));
    effects_arg_cstr(out, "REPLACE");
    buf_fini(&payload);
}

static void value_placed(struct value *v, struct labels **labels, struct slice key)
{
    family_type_of(v)->placed(contents_of(v), labels, key);
}

static const void *inside_family(const struct value *v, uint32_t step)
{
    const struct family_type *t = family_type_of(v);
    if (step == 0) return contents_of(v);
    return t->inside == NULL ? NULL : t->inside(contents_of(v));
}

/* --- types --- */

void family_register(struct family_type *t)
{
    must(strlen(t->name) == FAMILY_NAME_LEN);
    must(t->version < 1U << FAMILY_VERSION_BITS);
    t->type = (struct value_type){
        .kind = VALUE_MODULE,
        .name = t->name,
        .free = value_free_family,
        .memory = value_memory,
        .copy = value_copy,
        .encoding = value_encoding,
        .length = value_length,
        .effort = value_effort,
        .rewrite = value_rewrite,
        .inside = inside_family,
        .placed = t->placed == NULL ? NULL : value_placed,
    };
    for (uint32_t i = 0; i < family_count; i++)
        if (families[i] == t) return;
    must(family_count < FAMILIES_MAX);
    families[family_count++] = t;
}

struct value *family_value(const struct family_type *t, void *v)
{
    must(t->type.free != NULL); /* it was registered */
    struct family_value *f = mem_new(struct family_value);
    f->head.type = &t->type;
    f->contents = v;
    return &f->head;
}

void *family_of(struct value *v, const struct family_type *t)
{
    return v->type == &t->type ? contents_of(v) : NULL;
}

void family_set(struct value *v, void *contents)
{
    ((struct family_value *)(void *)v)->contents = contents;
}

/* --- DUMP --- */

void family_dump(const struct value *v, struct buf *out)
{
    family_add(family_type_of(v), contents_of(v), out);
}

struct value *family_restore(struct slice in, struct arena *arena)
{
    uint64_t number = 0, part = 0, end = 0;
    struct slice bytes = {0};
    if (!rdb_length(&in, &number) || !rdb_length(&in, &part) || part != FAMILY_PART_STRING)
        return NULL;
    if (!rdb_string(&in, arena, &bytes) || !rdb_length(&in, &end) || end != FAMILY_PART_END)
        return NULL;
    uint32_t version = number & ((1U << FAMILY_VERSION_BITS) - 1);
    for (uint32_t i = 0; i < family_count; i++) {
        const struct family_type *t = families[i];
        if (family_number(t) >> FAMILY_VERSION_BITS != number >> FAMILY_VERSION_BITS) continue;
        void *contents = version <= t->version ? t->load(bytes, version) : NULL;
        return contents == NULL ? NULL : family_value(t, contents);
    }
    return NULL;
}
