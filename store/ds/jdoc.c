#include "jdoc.h"

#include "store/ds/jdoc_bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum jdoc_kind jval_kind(jval v)
{
    static const uint8_t kinds[TAGS] = {
        [TAG_NULL] = JDOC_NULL,       [TAG_FALSE] = JDOC_BOOL,    [TAG_TRUE] = JDOC_BOOL,
        [TAG_INT8] = JDOC_INTEGER,    [TAG_INT16] = JDOC_INTEGER, [TAG_INT32] = JDOC_INTEGER,
        [TAG_INT64] = JDOC_INTEGER,   [TAG_NUMBER] = JDOC_NUMBER, [TAG_STRING8] = JDOC_STRING,
        [TAG_STRING32] = JDOC_STRING, [TAG_ARRAY] = JDOC_ARRAY,   [TAG_OBJECT] = JDOC_OBJECT};
    return (enum jdoc_kind)kinds[(uint8_t)*v];
}

size_t jval_size(jval v)
{
    switch ((enum tag)(uint8_t)*v) {
    case TAG_NULL:
    case TAG_FALSE:
    case TAG_TRUE:
        return 1;
    case TAG_INT8:
        return 2;
    case TAG_INT16:
        return 3;
    case TAG_INT32:
        return 5;
    case TAG_INT64:
        return 9;
    case TAG_NUMBER:
    case TAG_STRING8:
        return 2 + (size_t)(uint8_t)v[1];
    case TAG_STRING32:
        return 5 + (size_t)get_u32(v + 1);
    case TAG_ARRAY:
    case TAG_OBJECT:
        return CONTAINER_HEAD + (size_t)get_u32(v + 1);
    case TAGS:
        break;
    }
    must(false);
    return 0;
}

bool jval_is_true(jval v)
{
    return *v == TAG_TRUE;
}

int64_t jval_i64(jval v)
{
    int16_t i16 = 0;
    int32_t i32 = 0;
    int64_t i64 = 0;
    switch (*v) {
    case TAG_INT8:
        return (int8_t)v[1];
    case TAG_INT16:
        memcpy(&i16, v + 1, sizeof i16);
        return i16;
    case TAG_INT32:
        memcpy(&i32, v + 1, sizeof i32);
        return i32;
    default:
        must(*v == TAG_INT64);
        memcpy(&i64, v + 1, sizeof i64);
        return i64;
    }
}

struct slice jval_number(jval v)
{
    must(*v == TAG_NUMBER);
    return slice_make(v + 2, (uint8_t)v[1]);
}

double jval_double(jval v)
{
    char text[JDOC_NUMBER_MAX + 1];
    if (*v != TAG_NUMBER) return (double)jval_i64(v);
    return strtod(slice_cstr(jval_number(v), text, sizeof text), NULL);
}

struct slice jval_string(jval v)
{
    if (*v == TAG_STRING8) return slice_make(v + 2, (uint8_t)v[1]);
    must(*v == TAG_STRING32);
    return slice_make(v + 5, get_u32(v + 1));
}

static bool is_container(jval v)
{
    return *v == TAG_ARRAY || *v == TAG_OBJECT;
}

uint32_t jval_count(jval v)
{
    must(is_container(v));
    return get_u32(v + 5);
}

struct jval_iter jval_each(jval v)
{
    return (struct jval_iter){
        .at = v + CONTAINER_HEAD, .left = jval_count(v), .object = *v == TAG_OBJECT};
}

jval jval_next(struct jval_iter *it, struct slice *name)
{
    *name = (struct slice){0};
    if (it->left == 0) return NULL;
    it->left--;
    if (it->object) {
        *name = get_name(it->at);
        it->at = name->p + name->len;
    }
    jval v = it->at;
    it->at += jval_size(v);
    return v;
}

jval jval_member(jval v, struct slice name)
{
    if (*v != TAG_OBJECT) return NULL;
    const char *at = v + CONTAINER_HEAD;
    for (uint32_t left = jval_count(v); left > 0; left--) {
        struct slice its = get_name(at);
        at = its.p + its.len;
        if (slice_eq(its, name)) return at;
        at += jval_size(at);
    }
    return NULL;
}

jval jval_element(jval v, uint32_t i)
{
    if (*v != TAG_ARRAY || i >= jval_count(v)) return NULL;
    const char *at = v + CONTAINER_HEAD;
    for (; i > 0; i--)
        at += jval_size(at);
    return at;
}

static bool numbers_equal(jval a, jval b)
{
    if (*a == TAG_NUMBER && *b == TAG_NUMBER && slice_eq(jval_number(a), jval_number(b)))
        return true;
    if (*a != TAG_NUMBER && *b != TAG_NUMBER) return jval_i64(a) == jval_i64(b);
    return jval_double(a) == jval_double(b);
}

static bool is_number(jval v)
{
    return jval_kind(v) == JDOC_INTEGER || jval_kind(v) == JDOC_NUMBER;
}

bool jval_equal(jval a, jval b)
{
    struct slice name = {0}, other = {0};
    if (is_number(a)) return is_number(b) && numbers_equal(a, b);
    if (jval_kind(a) != jval_kind(b)) return false;
    if (jval_kind(a) == JDOC_STRING) return slice_eq(jval_string(a), jval_string(b));
    if (!is_container(a)) return *a == *b;
    if (jval_count(a) != jval_count(b)) return false;
    struct jval_iter i = jval_each(a), k = jval_each(b);
    for (jval v = jval_next(&i, &name); v != NULL; v = jval_next(&i, &name)) {
        jval w = jval_next(&k, &other);
        if (i.object && !slice_eq(name, other)) w = jval_member(b, name);
        if (w == NULL || !jval_equal(v, w)) return false;
    }
    return true;
}

uint32_t jval_depth(jval v)
{
    if (!is_container(v)) return 1;
    struct slice name = {0};
    uint32_t most = 0;
    struct jval_iter it = jval_each(v);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        uint32_t its = jval_depth(child);
        if (its > most) most = its;
    }
    return most + 1;
}

/* --- making values --- */

void jdoc_add_i64(struct buf *out, int64_t n)
{
    int8_t i8 = (int8_t)n;
    int16_t i16 = (int16_t)n;
    int32_t i32 = (int32_t)n;
    if (i8 == n) {
        buf_add_char(out, TAG_INT8);
        buf_add(out, &i8, sizeof i8);
    } else if (i16 == n) {
        buf_add_char(out, TAG_INT16);
        buf_add(out, &i16, sizeof i16);
    } else if (i32 == n) {
        buf_add_char(out, TAG_INT32);
        buf_add(out, &i32, sizeof i32);
    } else {
        buf_add_char(out, TAG_INT64);
        buf_add(out, &n, sizeof n);
    }
}

void jdoc_add_double(struct buf *out, double d)
{
    char text[40], plain[40];
    int n = 0;
    must(isfinite(d));
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) break;
    }
    int len = 0;
    bool exponent = false, point = false;
    for (int i = 0; i < n; i++) { /* e+05 becomes e5 */
        if (exponent && (text[i] == '+' ||
                         (text[i] == '0' && (plain[len - 1] == 'e' || plain[len - 1] == '-'))))
            continue;
        exponent |= text[i] == 'e';
        point |= text[i] == '.';
        plain[len++] = text[i];
    }
    if (!exponent && !point) {
        plain[len++] = '.';
        plain[len++] = '0';
    }
    buf_add_char(out, TAG_NUMBER);
    buf_add_char(out, (char)len);
    buf_add(out, plain, (size_t)len);
}

void jdoc_add_string(struct buf *out, struct slice s)
{
    if (s.len <= UINT8_MAX) {
        buf_add_char(out, TAG_STRING8);
        buf_add_char(out, (char)s.len);
    } else {
        uint32_t len = (uint32_t)s.len;
        buf_add_char(out, TAG_STRING32);
        buf_add(out, &len, sizeof len);
    }
    buf_add_slice(out, s);
}

void jdoc_add_empty(struct buf *out, bool object)
{
    static const char zeros[CONTAINER_HEAD - 1];
    buf_add_char(out, object ? TAG_OBJECT : TAG_ARRAY);
    buf_add(out, zeros, sizeof zeros);
}

/* --- changing --- */

/* The containers around a place, outermost first. */
struct way {
    uint32_t at[JDOC_DEPTH_MAX];
    uint32_t n;
    uint32_t place; /* of the target in the last one */
};

/* Finds the value at offset `target`. */
static void find_way(const struct buf *doc, uint32_t target, struct way *way)
{
    uint32_t at = 0;
    way->n = 0;
    way->place = 0;
    while (at != target) {
        jval v = doc->p + at;
        struct slice name = {0};
        must(is_container(v) && way->n < JDOC_DEPTH_MAX);
        way->at[way->n++] = at;
        struct jval_iter it = jval_each(v);
        jval child = jval_next(&it, &name);
        uint32_t place = 0;
        while (child != NULL && child + jval_size(child) <= doc->p + target) {
            child = jval_next(&it, &name);
            place++;
        }
        must(child != NULL && child <= doc->p + target);
        at = (uint32_t)(child - doc->p);
        way->place = place;
    }
}

bool jdoc_parent(const struct buf *doc, uint32_t at, uint32_t *container, uint32_t *place)
{
    struct way way;
    find_way(doc, at, &way);
    if (way.n == 0) return false;
    *container = way.at[way.n - 1];
    *place = way.place;
    return true;
}

uint32_t jdoc_level(const struct buf *doc, uint32_t at)
{
    struct way way;
    find_way(doc, at, &way);
    return way.n;
}

/* Puts `bytes` in the place of doc[at, at + old), and tells the containers of the way. */
static void splice(struct buf *doc, const struct way *way, uint32_t at, size_t old,
                   struct slice bytes)
{
    must(doc->len - old + bytes.len <= JDOC_BYTES_MAX);
    if (bytes.len > old) (void)buf_reserve(doc, bytes.len - old);
    char *p = doc->p + at;
    memmove(p + bytes.len, p + old, doc->len - at - old);
    if (bytes.len > 0) memcpy(p, bytes.p, bytes.len);
    doc->len = doc->len - old + bytes.len;
    for (uint32_t i = 0; i < way->n; i++) {
        char *body = doc->p + way->at[i] + 1;
        put_u32(body, (uint32_t)(get_u32(body) - old + bytes.len));
    }
}

static void count_add(struct buf *doc, uint32_t container, uint32_t n)
{
    char *count = doc->p + container + 5;
    put_u32(count, get_u32(count) + n);
}

void jdoc_replace(struct buf *doc, uint32_t at, struct slice value)
{
    struct way way;
    find_way(doc, at, &way);
    splice(doc, &way, at, jval_size(doc->p + at), value);
}

/* The way to a container, with itself as the last. */
static void find_into(const struct buf *doc, uint32_t container, struct way *way)
{
    find_way(doc, container, way);
    must(way->n < JDOC_DEPTH_MAX);
    way->at[way->n++] = container;
}

void jdoc_add_member(struct buf *doc, uint32_t object, struct slice name, struct slice value)
{
    struct way way;
    struct buf both = {0};
    must(doc->p[object] == TAG_OBJECT);
    find_into(doc, object, &way);
    put_name(&both, name);
    buf_add_slice(&both, value);
    uint32_t end = object + (uint32_t)jval_size(doc->p + object);
    splice(doc, &way, end, 0, buf_slice(&both));
    count_add(doc, object, 1);
    buf_fini(&both);
}

/* The offset at which element or member i of a container begins: its name, in an object. */
static uint32_t begin_of(const struct buf *doc, uint32_t container, uint32_t i)
{
    struct slice name = {0};
    struct jval_iter it = jval_each(doc->p + container);
    must(i <= it.left);
    for (; i > 0; i--)
        (void)jval_next(&it, &name);
    return (uint32_t)(it.at - doc->p);
}

void jdoc_insert(struct buf *doc, uint32_t array, uint32_t i, struct slice values, uint32_t n)
{
    struct way way;
    must(doc->p[array] == TAG_ARRAY);
    find_into(doc, array, &way);
    splice(doc, &way, begin_of(doc, array, i), 0, values);
    count_add(doc, array, n);
}

void jdoc_remove(struct buf *doc, uint32_t container, uint32_t first, uint32_t n)
{
    struct way way;
    find_into(doc, container, &way);
    uint32_t from = begin_of(doc, container, first), to = begin_of(doc, container, first + n);
    splice(doc, &way, from, to - from, (struct slice){0});
    count_add(doc, container, 0U - n);
}

/* --- changing many --- */

struct changes {
    const char *from; /* the document as it was */
    const uint32_t *at;
    uint32_t n, next; /* offsets from `next` on are still to come */
    void (*fn)(void *data, uint32_t i, struct buf *value);
    void *data;
};

static void add_changed(struct changes *c, jval v, struct buf *out);

/* The members or elements of v, changed; what became empty is left out. */
static void add_container(struct changes *c, jval v, struct buf *out)
{
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    size_t head = out->len;
    uint32_t count = 0;
    jdoc_add_empty(out, it.object);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        size_t begin = out->len;
        if (it.object) put_name(out, name);
        size_t value = out->len;
        add_changed(c, child, out);
        if (out->len == value)
            out->len = begin;
        else
            count++;
    }
    put_u32(out->p + head + 1, (uint32_t)(out->len - head - CONTAINER_HEAD));
    put_u32(out->p + head + 5, count);
}

static void add_changed(struct changes *c, jval v, struct buf *out)
{
    uint32_t at = (uint32_t)(v - c->from);
    bool here = c->next < c->n && c->at[c->next] == at;
    uint32_t i = c->next;
    if (here) c->next++;
    size_t begin = out->len;
    if (is_container(v) && c->next < c->n && c->at[c->next] < at + jval_size(v))
        add_container(c, v, out);
    else
        buf_add(out, v, jval_size(v));
    if (!here) return;
    struct buf value = {0};
    buf_add(&value, out->p + begin, out->len - begin);
    c->fn(c->data, i, &value);
    out->len = begin;
    buf_add_slice(out, buf_slice(&value));
    buf_fini(&value);
}

void jdoc_change_all(struct buf *doc, const uint32_t *at, uint32_t n,
                     void (*fn)(void *data, uint32_t i, struct buf *value), void *data)
{
    struct changes c = {.from = doc->p, .at = at, .n = n, .fn = fn, .data = data};
    struct buf out = {0};
    (void)buf_reserve(&out, doc->len);
    add_changed(&c, doc->p, &out);
    must(c.next == n && out.len > 0);
    buf_fini(doc);
    *doc = out;
}
