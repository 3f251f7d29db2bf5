/* jdoc as text: parsing, printing, and checking bytes. */
#include "store/ds/jdoc_bytes.h"

#include <stdlib.h>

/* --- the alphabet --- */

bool jdoc_is_utf8(struct slice s)
{
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.len;
    while (p < end) {
        uint8_t c = *p++;
        if (c < 0x80) continue;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || end - p < more) return false;
        uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
        uint8_t high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        if (*p < low || *p > high) return false;
        for (p++; --more > 0; p++)
            if ((*p & 0xC0) != 0x80) return false;
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the number at the front of s; 0 when there is none. */
static size_t number_length(struct slice s, bool *whole)
{
    size_t i = s.len > 0 && s.p[0] == '-', from = i;
    while (i < s.len && is_digit(s.p[i]))
        i++;
    if (i == from || (s.p[from] == '0' && i > from + 1)) return 0;
    *whole = true;
    if (i < s.len && s.p[i] == '.') {
        from = ++i;
        while (i < s.len && is_digit(s.p[i]))
            i++;
        if (i == from) return 0;
        *whole = false;
    }
    if (i < s.len && (s.p[i] | 0x20) == 'e') {
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-')) i++;
        from = i;
        while (i < s.len && is_digit(s.p[i]))
            i++;
        if (i == from) return 0;
        *whole = false;
    }
    return i;
}

bool jdoc_is_number(struct slice s, bool *whole)
{
    return s.len > 0 && number_length(s, whole) == s.len;
}

/* --- parsing --- */

struct parser {
    const char *at, *end, *begin;
    struct buf *out;
    struct arena *arena;
    uint32_t depth_left;
    const char *error; /* NULL while all is well */
};

static bool fail(struct parser *p, const char *what)
{
    if (p->error == NULL) p->error = what;
    return false;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Takes c, after spaces. */
static bool take(struct parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    return true;
}

static bool take_hex4(struct parser *p, uint32_t *out)
{
    if (p->end - p->at < 4) return fail(p, "EOF while parsing a string");
    uint32_t n = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = *p->at;
        uint32_t digit = is_digit(c)            ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return fail(p, "invalid escape");
        n = n << 4 | digit;
    }
    *out = n;
    return true;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
    } else if (c < 0x800) {
        buf_add_char(out, (char)(0xC0 | c >> 6));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_add_char(out, (char)(0xE0 | c >> 12));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_add_char(out, (char)(0xF0 | c >> 18));
        buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

/* What follows "\u": one code point, of two escapes where they are a pair. */
static bool take_unicode(struct parser *p, struct buf *out)
{
    uint32_t c = 0, low = 0;
    if (!take_hex4(p, &c)) return false;
    if (c >= 0xDC00 && c < 0xE000) return fail(p, "lone surrogate in a string");
    if (c >= 0xD800 && c < 0xDC00) {
        if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
            return fail(p, "lone surrogate in a string");
        p->at += 2;
        if (!take_hex4(p, &low)) return false;
        if (low < 0xDC00 || low >= 0xE000) return fail(p, "lone surrogate in a string");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    add_utf8(out, c);
    return true;
}

static bool take_escape(struct parser *p, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) return fail(p, "EOF while parsing a string");
    char c = *p->at++;
    if (c == 'u') return take_unicode(p, out);
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found == NULL) return fail(p, "invalid escape");
    buf_add_char(out, to[found - from]);
    return true;
}

/* Where the next byte is that does not stand for itself. */
static const char *plain_end(const char *at, const char *end, bool *high)
{
    uint64_t all = 0;
    while (end - at >= 8) {
        uint64_t w = 0;
        memcpy(&w, at, sizeof w);
        uint64_t quote = w ^ 0x2222222222222222U, slash = w ^ 0x5C5C5C5C5C5C5C5CU;
        uint64_t special = ((quote - 0x0101010101010101U) & ~quote) |
                           ((slash - 0x0101010101010101U) & ~slash) |
                           ((w - 0x2020202020202020U) & ~w);
        if ((special & 0x8080808080808080U) != 0) break;
        all |= w;
        at += 8;
    }
    for (; at < end; at++) {
        uint8_t c = (uint8_t)*at;
        if (c == '"' || c == '\\' || c < 0x20) break;
        all |= c;
    }
    *high |= (all & 0x8080808080808080U) != 0;
    return at;
}

/* The string whose opening quote was read; borrowed from the text, or the arena's. */
static bool take_string(struct parser *p, struct slice *out)
{
    bool high = false, copied = false;
    const char *from = p->at;
    struct buf text = {0};
    while (p->error == NULL) {
        const char *stop = plain_end(p->at, p->end, &high);
        if (copied) buf_add(&text, p->at, (size_t)(stop - p->at));
        p->at = stop;
        if (stop == p->end) {
            (void)fail(p, "EOF while parsing a string");
        } else if (*stop == '"') {
            p->at++;
            break;
        } else if (*stop != '\\') {
            (void)fail(p, "control character (\\u0000-\\u001F) found while parsing a string");
        } else {
            if (!copied) buf_add(&text, from, (size_t)(stop - from));
            copied = true;
            p->at++;
            (void)take_escape(p, &text);
        }
    }
    *out = copied ? arena_copy(p->arena, buf_slice(&text))
                  : slice_make(from, (size_t)(p->at - 1 - from));
    buf_fini(&text);
    if (p->error != NULL) return false;
    return !high || jdoc_is_utf8(*out) || fail(p, "invalid UTF-8 in a string");
}

static bool parse_value(struct parser *p);

static bool parse_number(struct parser *p)
{
    bool whole = false;
    int64_t n = 0;
    struct slice text = slice_make(p->at, (size_t)(p->end - p->at));
    text.len = number_length(text, &whole);
    if (text.len == 0) return fail(p, "invalid number");
    if (text.len > JDOC_NUMBER_MAX) return fail(p, "number too long");
    p->at += text.len;
    if (whole && slice_i64(text, &n)) {
        jdoc_add_i64(p->out, n);
    } else {
        buf_add_char(p->out, TAG_NUMBER);
        buf_add_char(p->out, (char)text.len);
        buf_add_slice(p->out, text);
    }
    return true;
}

static bool parse_word(struct parser *p, const char *word, enum tag tag)
{
    size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
        return fail(p, "expected value");
    p->at += n;
    buf_add_char(p->out, (char)tag);
    return true;
}

/* Begins a container; its head is filled in by container_end. */
static size_t container_begin(struct parser *p, bool object)
{
    size_t at = p->out->len;
    jdoc_add_empty(p->out, object);
    return at;
}

static bool container_end(struct parser *p, size_t at, uint32_t count)
{
    size_t bytes = p->out->len - at - CONTAINER_HEAD;
    if (bytes > JDOC_BYTES_MAX) return fail(p, "document too large");
    put_u32(p->out->p + at + 1, (uint32_t)bytes);
    put_u32(p->out->p + at + 5, count);
    return true;
}

static bool parse_array(struct parser *p)
{
    size_t at = container_begin(p, false);
    uint32_t count = 0;
    if (!take(p, ']')) {
        do {
            if (!parse_value(p)) return false;
            count++;
        } while (take(p, ','));
        if (!take(p, ']')) return fail(p, "expected `,` or `]`");
    }
    return container_end(p, at, count);
}

/* --- members that stand twice --- */

/* Members are few, as a rule: a new name is compared with the others only when a byte made of it
 * was seen before; beyond SORT_FROM they are sorted once at the end instead. */
enum { SORT_FROM = 64 };

struct names {
    uint64_t seen[4];
    uint32_t count;
    bool sort;
};

static bool maybe_twice(struct names *n, struct slice name)
{
    uint32_t h = (uint32_t)name.len;
    if (name.len > 0)
        h = h * 31 + (uint8_t)name.p[0] + (uint8_t)name.p[name.len - 1] * 7U +
            (uint8_t)name.p[name.len / 2] * 13U;
    uint64_t bit = (uint64_t)1 << (h & 63);
    uint64_t *word = &n->seen[h >> 6 & 3];
    bool was = (*word & bit) != 0;
    *word |= bit;
    return was;
}

struct entry {
    struct slice name;
    size_t from, end; /* of name and value */
};

static int by_name_and_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = slice_cmp(x->name, y->name);
    return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

static int by_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

/* Drops all but the last of equal names from the members of the object at `at`. */
static uint32_t drop_earlier(struct parser *p, size_t at, uint32_t count)
{
    struct entry *entries = arena_array(p->arena, count, struct entry);
    size_t from = at + CONTAINER_HEAD;
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = get_name(p->out->p + from);
        size_t value = (size_t)(name.p + name.len - p->out->p);
        entries[i] = (struct entry){name, from, value + jval_size(p->out->p + value)};
        from = entries[i].end;
    }
    qsort(entries, count, sizeof *entries, by_name_and_place);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i + 1 == count || !slice_eq(entries[i].name, entries[i + 1].name))
            entries[kept++] = entries[i];
    if (kept == count) return count;
    qsort(entries, kept, sizeof *entries, by_place);
    char *to = p->out->p + at + CONTAINER_HEAD;
    for (uint32_t i = 0; i < kept; i++) {
        size_t n = entries[i].end - entries[i].from;
        memmove(to, p->out->p + entries[i].from, n);
        to += n;
    }
    p->out->len = (size_t)(to - p->out->p);
    return kept;
}

static bool has_member(const struct parser *p, size_t at, uint32_t count, struct slice name)
{
    const char *v = p->out->p + at + CONTAINER_HEAD;
    for (; count > 0; count--) {
        struct slice its = get_name(v);
        if (slice_eq(its, name)) return true;
        v = its.p + its.len;
        v += jval_size(v);
    }
    return false;
}

static bool parse_object(struct parser *p)
{
    size_t at = container_begin(p, true);
    struct names names = {0};
    if (!take(p, '}')) {
        do {
            struct slice name = {0};
            if (!take(p, '"')) return fail(p, "key must be a string");
            if (!take_string(p, &name)) return false;
            if (!names.sort && maybe_twice(&names, name))
                names.sort = names.count >= SORT_FROM || has_member(p, at, names.count, name);
            put_name(p->out, name);
            if (!take(p, ':')) return fail(p, "expected `:`");
            if (!parse_value(p)) return false;
            names.count++;
        } while (take(p, ','));
        if (!take(p, '}')) return fail(p, "expected `,` or `}`");
    }
    if (names.sort) names.count = drop_earlier(p, at, names.count);
    return container_end(p, at, names.count);
}

static bool parse_value(struct parser *p)
{
    struct slice s = {0};
    skip_space(p);
    if (p->at == p->end) return fail(p, "EOF while parsing a value");
    if (p->depth_left == 0) return fail(p, "recursion limit exceeded");
    if (p->out->len > JDOC_BYTES_MAX) return fail(p, "document too large");
    p->depth_left--;
    bool ok = false;
    switch (*p->at) {
    case '{':
        p->at++;
        ok = parse_object(p);
        break;
    case '[':
        p->at++;
        ok = parse_array(p);
        break;
    case '"':
        p->at++;
        ok = take_string(p, &s);
        if (ok) jdoc_add_string(p->out, s);
        break;
    case 't':
        ok = parse_word(p, "true", TAG_TRUE);
        break;
    case 'f':
        ok = parse_word(p, "false", TAG_FALSE);
        break;
    case 'n':
        ok = parse_word(p, "null", TAG_NULL);
        break;
    default:
        ok = *p->at == '-' || is_digit(*p->at) ? parse_number(p) : fail(p, "expected value");
    }
    p->depth_left++;
    return ok;
}

bool jdoc_parse(struct slice text, uint32_t depth_max, struct arena *arena, struct buf *out,
                struct jdoc_error *error)
{
    size_t before = out->len;
    struct parser p = {.at = text.p,
                       .begin = text.p,
                       .end = text.p + text.len,
                       .out = out,
                       .arena = arena,
                       .depth_left = depth_max};
    bool ok = parse_value(&p);
    skip_space(&p);
    if (ok && p.at < p.end) ok = fail(&p, "trailing characters");
    if (ok && out->len - before > JDOC_BYTES_MAX) ok = fail(&p, "document too large");
    if (ok) return true;
    out->len = before;
    *error = (struct jdoc_error){p.error, (size_t)(p.at - p.begin)};
    return false;
}

/* --- printing --- */

void jdoc_print_string(struct slice s, struct buf *out)
{
    static const char short_for[] = "btn\0fr"; /* of 8 to 13; 11 has none */
    const char *at = s.p, *end = s.p + s.len;
    bool high = false;
    buf_add_char(out, '"');
    while (at < end) {
        const char *stop = plain_end(at, end, &high);
        buf_add(out, at, (size_t)(stop - at));
        at = stop;
        if (at == end) break;
        uint8_t c = (uint8_t)*at++;
        if (c == '"' || c == '\\') {
            buf_add_char(out, '\\');
            buf_add_char(out, (char)c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            buf_add_char(out, '\\');
            buf_add_char(out, short_for[c - 8]);
        } else {
            buf_addf(out, "\\u%04x", c);
        }
    }
    buf_add_char(out, '"');
}

struct printer {
    const struct jdoc_format *format;
    struct buf *out;
    uint32_t level;
};

static void break_line(const struct printer *p)
{
    buf_add_slice(p->out, p->format->newline);
    for (uint32_t i = 0; i < p->level && p->format->indent.len > 0; i++)
        buf_add_slice(p->out, p->format->indent);
}

static void print(struct printer *p, jval v);

static void open_container(struct printer *p, bool object)
{
    buf_add_char(p->out, object ? '{' : '[');
    p->level++;
}

static void next_child(const struct printer *p, bool first)
{
    if (!first) buf_add_char(p->out, ',');
    break_line(p);
}

static void close_container(struct printer *p, bool object, bool empty)
{
    p->level--;
    if (!empty) break_line(p);
    buf_add_char(p->out, object ? '}' : ']');
}

static void print_container(struct printer *p, jval v)
{
    bool object = jval_kind(v) == JDOC_OBJECT, first = true;
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    open_container(p, object);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        next_child(p, first);
        first = false;
        if (object) {
            jdoc_print_string(name, p->out);
            buf_add_char(p->out, ':');
            buf_add_slice(p->out, p->format->space);
        }
        print(p, child);
    }
    close_container(p, object, first);
}

static void print(struct printer *p, jval v)
{
    switch (jval_kind(v)) {
    case JDOC_NULL:
        buf_add(p->out, "null", 4);
        break;
    case JDOC_BOOL:
        buf_add_cstr(p->out, jval_is_true(v) ? "true" : "false");
        break;
    case JDOC_INTEGER:
        buf_add_i64(p->out, jval_i64(v));
        break;
    case JDOC_NUMBER:
        buf_add_slice(p->out, jval_number(v));
        break;
    case JDOC_STRING:
        jdoc_print_string(jval_string(v), p->out);
        break;
    case JDOC_ARRAY:
    case JDOC_OBJECT:
        print_container(p, v);
        break;
    }
}

void jdoc_print(jval v, const struct jdoc_format *format, struct buf *out)
{
    struct printer p = {.format = format, .out = out, .level = format->level};
    print(&p, v);
}

void jdoc_print_all(const char *doc, const uint32_t *at, uint32_t n,
                    const struct jdoc_format *format, struct buf *out)
{
    struct printer p = {.format = format, .out = out, .level = format->level};
    open_container(&p, false);
    for (uint32_t i = 0; i < n; i++) {
        next_child(&p, i == 0);
        print(&p, doc + at[i]);
    }
    close_container(&p, false, n == 0);
}

/* --- checking bytes --- */

static bool check_value(struct slice *in, uint32_t depth_left, struct arena *arena);

static bool check_bytes(struct slice *in, size_t n, struct slice *out)
{
    if (in->len < n) return false;
    *out = slice_make(in->p, n);
    *in = slice_from(*in, n);
    return true;
}

static bool check_u32(struct slice *in, uint32_t *out)
{
    struct slice s = {0};
    if (!check_bytes(in, 4, &s)) return false;
    *out = get_u32(s.p);
    return true;
}

/* A length of one byte, or of four behind `escape` (none: 256), and so much UTF-8. */
static bool check_text(struct slice *in, uint32_t escape, struct slice *out)
{
    struct slice head = {0};
    if (!check_bytes(in, 1, &head)) return false;
    uint32_t len = (uint8_t)*head.p;
    if (len == escape && !check_u32(in, &len)) return false;
    return check_bytes(in, len, out) && jdoc_is_utf8(*out);
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool check_container(struct slice *in, bool object, uint32_t depth_left, struct arena *arena)
{
    uint32_t bytes = 0, count = 0;
    struct slice body = {0};
    if (!check_u32(in, &bytes) || !check_u32(in, &count) || !check_bytes(in, bytes, &body))
        return false;
    if (count > body.len) return false; /* a value is a byte at the least */
    struct slice *names = object ? arena_array(arena, count, struct slice) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (object && !check_text(&body, NAME_LONG, &names[i])) return false;
        if (!check_value(&body, depth_left, arena)) return false;
    }
    if (object) qsort(names, count, sizeof *names, by_name);
    for (uint32_t i = 1; object && i < count; i++)
        if (slice_eq(names[i - 1], names[i])) return false;
    return body.len == 0;
}

static bool check_value(struct slice *in, uint32_t depth_left, struct arena *arena)
{
    struct slice tag = {0}, s = {0};
    bool whole = false;
    int64_t n = 0;
    if (depth_left == 0 || !check_bytes(in, 1, &tag)) return false;
    switch ((uint8_t)*tag.p) {
    case TAG_NULL:
    case TAG_FALSE:
    case TAG_TRUE:
        return true;
    case TAG_INT8:
        return check_bytes(in, 1, &s);
    case TAG_INT16:
        return check_bytes(in, 2, &s);
    case TAG_INT32:
        return check_bytes(in, 4, &s);
    case TAG_INT64:
        return check_bytes(in, 8, &s);
    case TAG_NUMBER:
        return check_text(in, 256, &s) && jdoc_is_number(s, &whole) && !(whole && slice_i64(s, &n));
    case TAG_STRING8:
        return check_text(in, 256, &s);
    case TAG_STRING32: {
        uint32_t len = 0;
        return check_u32(in, &len) && check_bytes(in, len, &s) && jdoc_is_utf8(s);
    }
    case TAG_ARRAY:
    case TAG_OBJECT:
        return check_container(in, *tag.p == TAG_OBJECT, depth_left - 1, arena);
    default:
        return false;
    }
}

bool jdoc_valid(struct slice bytes, struct arena *arena)
{
    if (bytes.len > JDOC_BYTES_MAX) return false;
    return check_value(&bytes, JDOC_DEPTH_MAX, arena) && bytes.len == 0;
}
