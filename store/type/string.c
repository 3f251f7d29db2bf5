#include "string.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"

#include <stddef.h>

struct string {
    struct value head; /* aux is the length of the bytes */
    union {
        int64_t number;
        struct {
            char *p; /* owned */
            size_t cap;
        } raw;
        char bytes[8]; /* in truth up to STRING_BLOCK_MAX */
    };
};

/* Bytes as they lie behind the head, whatever the union says of their number. */
static char *embedded(struct string *s)
{
    return (char *)s + offsetof(struct string, bytes);
}

static struct string *string_of(struct value *v)
{
    must(v->type == &string_type);
    return (struct string *)(void *)v;
}

static const struct string *string_of_const(const struct value *v)
{
    must(v->type == &string_type);
    return (const struct string *)(const void *)v;
}

struct value *string_new_i64(int64_t n)
{
    struct string *s = mem_alloc(sizeof *s);
    s->head = (struct value){.type = &string_type, .encoding = STRING_INT};
    s->number = n;
    return &s->head;
}

/* Numbers of up to 20 bytes may be kept as such; Redis does the same. */
static bool is_number(struct slice s, int64_t *n)
{
    return s.len > 0 && s.len <= 20 && (s.p[0] == '-' || (s.p[0] >= '0' && s.p[0] <= '9')) &&
           slice_i64(s, n);
}

/* What a value with len bytes behind its head takes. */
static size_t block_size(size_t len)
{
    size_t size = offsetof(struct string, bytes) + len;
    return size < sizeof(struct string) ? sizeof(struct string) : size;
}

/* Whether len bytes may take the place of those behind v's head: they fit, and leave at most a third
 * of the block unused, and a little. */
static bool block_serves(const struct string *v, size_t len)
{
    enum { LITTLE = 32 };
    size_t has = mem_size(v), needs = block_size(len);
    return needs <= has && has - needs <= needs / 2 + LITTLE;
}

static struct value *new_bytes(struct slice s)
{
    struct string *v = NULL;
    if (s.len <= STRING_BLOCK_MAX) {
        v = mem_alloc(block_size(s.len));
        v->head = (struct value){.type = &string_type, .encoding = STRING_EMBED};
        if (s.len > 0) memcpy(embedded(v), s.p, s.len);
    } else {
        v = mem_alloc(sizeof *v);
        v->head = (struct value){.type = &string_type, .encoding = STRING_RAW};
        v->raw.p = mem_dup(s.p, s.len);
        v->raw.cap = s.len;
    }
    v->head.aux = (uint32_t)s.len;
    return &v->head;
}

struct value *string_new(struct slice s)
{
    must(s.len <= UINT32_MAX);
    int64_t n = 0;
    return is_number(s, &n) ? string_new_i64(n) : new_bytes(s);
}

struct value *string_set(struct value *old, struct slice s)
{
    struct string *v = string_of(old);
    int64_t n = 0;
    if (is_number(s, &n)) return string_set_i64(old, n);
    if (v->head.encoding != STRING_RAW && block_serves(v, s.len)) {
        if (s.len > 0) memcpy(embedded(v), s.p, s.len);
        v->head.encoding = STRING_EMBED;
        v->head.aux = (uint32_t)s.len;
        return old;
    }
    if (v->head.encoding == STRING_RAW && s.len > STRING_BLOCK_MAX && s.len <= v->raw.cap &&
        s.len >= v->raw.cap / 2) {
        memcpy(v->raw.p, s.p, s.len);
        v->head.aux = (uint32_t)s.len;
        return old;
    }
    struct value *fresh = new_bytes(s);
    value_free(old);
    return fresh;
}

struct value *string_set_i64(struct value *old, int64_t n)
{
    struct string *v = string_of(old);
    if (v->head.encoding == STRING_RAW) mem_free(v->raw.p);
    if (!block_serves(v, 0)) {
        mem_free(v);
        return string_new_i64(n);
    }
    v->head.encoding = STRING_INT;
    v->head.aux = 0;
    v->number = n;
    return old;
}

struct slice string_get(const struct value *v, char text[static STRING_TEXT])
{
    const struct string *s = string_of_const(v);
    if (v->encoding == STRING_INT) return slice_make(text, fmt_i64(text, s->number));
    if (v->encoding == STRING_EMBED)
        return slice_make((const char *)s + offsetof(struct string, bytes), v->aux);
    return slice_make(s->raw.p, v->aux);
}

size_t string_len(const struct value *v)
{
    if (v->encoding != STRING_INT) return v->aux;
    char text[STRING_TEXT];
    return string_get(v, text).len;
}

bool string_i64(const struct value *v, int64_t *out)
{
    if (v->encoding == STRING_INT) {
        *out = string_of_const(v)->number;
        return true;
    }
    char text[STRING_TEXT];
    return slice_i64(string_get(v, text), out);
}

char *string_edit(struct value **v, size_t len)
{
    must(len <= UINT32_MAX);
    struct string *s = string_of(*v);
    char text[STRING_TEXT];
    struct slice now = string_get(*v, text);
    must(len >= now.len);
    size_t cap = len < 1024 * 1024 ? len * 2 + 8 : len + 1024 * 1024;
    if (s->head.encoding == STRING_RAW) {
        if (len > s->raw.cap) {
            s->raw.cap = cap;
            s->raw.p = mem_realloc(s->raw.p, s->raw.cap);
        }
    } else {
        char *p = mem_alloc(cap);
        if (now.len > 0) memcpy(p, now.p, now.len);
        if (!block_serves(s, 0)) s = mem_realloc(s, sizeof *s);
        *v = &s->head;
        s->head.encoding = STRING_RAW;
        s->raw.p = p;
        s->raw.cap = cap;
    }
    memset(s->raw.p + now.len, 0, len - now.len);
    s->head.aux = (uint32_t)len;
    return s->raw.p;
}

void string_append(struct value **v, struct slice s)
{
    size_t at = string_len(*v);
    char *p = string_edit(v, at + s.len);
    if (s.len > 0) memcpy(p + at, s.p, s.len);
}

static void string_free(struct value *v)
{
    struct string *s = string_of(v);
    if (v->encoding == STRING_RAW) mem_free(s->raw.p);
    mem_free(s);
}

static size_t string_memory(const struct value *v, uint32_t samples)
{
    (void)samples;
    const struct string *s = string_of_const(v);
    return mem_size(s) + (v->encoding == STRING_RAW ? mem_size(s->raw.p) : 0);
}

static struct value *string_copy(const struct value *v)
{
    char text[STRING_TEXT];
    if (v->encoding == STRING_INT) return string_new_i64(string_of_const(v)->number);
    return new_bytes(string_get(v, text));
}

static const char *string_encoding(const struct value *v)
{
    switch ((enum string_encoding)v->encoding) {
    case STRING_INT:
        return "int";
    case STRING_EMBED:
        return v->aux <= STRING_EMBED_MAX ? "embstr" : "raw";
    case STRING_RAW:
        return "raw";
    }
    return "raw";
}

static uint64_t one(const struct value *v)
{
    (void)v;
    return 1;
}

static void string_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    char text[STRING_TEXT];
    effects_begin(out, 3);
    effects_arg_cstr(out, "SET");
    effects_arg(out, key);
    effects_arg(out, string_get(v, text));
}

static void string_check(const struct value *v)
{
    const struct string *s = string_of_const(v);
    must(v->encoding != STRING_EMBED || v->aux <= STRING_BLOCK_MAX);
    must(v->encoding != STRING_RAW || v->aux <= s->raw.cap);
}

const struct value_type string_type = {
    .kind = VALUE_STRING,
    .name = "string",
    .free = string_free,
    .memory = string_memory,
    .copy = string_copy,
    .encoding = string_encoding,
    .length = one,
    .effort = one,
    .rewrite = string_rewrite,
    .check = string_check,
};
