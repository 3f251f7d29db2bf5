#include "ping_scan.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* at: the next byte; everything stops at the first malformed one. invalid remembers the first
 * value that is JSON but not what was asked for; a later malformed byte outranks it. */
struct scan {
    const char *at;
    const char *end;
    const char *malformed; /* NULL while all is well */
    bool invalid;
    struct ping_scan_error first;
};

enum field_state { FIELD_ABSENT, FIELD_GOOD, FIELD_TYPE, FIELD_RANGE };

enum { FIELD_LAT, FIELD_LON, FIELD_TS, FIELD_ACC, FIELD_SPEED, FIELD_BEARING, FIELDS };

static const struct field_rule {
    const char *name;
    double min, max;
    bool needed;
} rules[FIELDS] = {
    [FIELD_LAT] = {"lat", -GEOHASH_LAT_MAX, GEOHASH_LAT_MAX, true},
    [FIELD_LON] = {"lon", -GEOHASH_LON_MAX, GEOHASH_LON_MAX, true},
    [FIELD_TS] = {"ts_ms", 1, 253402300799999.0, true}, /* to the year 9999 */
    [FIELD_ACC] = {"acc_m", 0, 1e7, false},
    [FIELD_SPEED] = {"speed_mps", -1e4, 1e4, false},
    [FIELD_BEARING] = {"bearing_deg", -360, 360, false},
};

/* A point while it is read: of a repeated member the last one counts. */
struct fields {
    double value[FIELDS];
    int64_t ts_ms;
    enum field_state state[FIELDS];
};

static bool fail(struct scan *s, const char *what)
{
    if (s->malformed == NULL) s->malformed = what;
    return false;
}

/* Remembers that member `name` of point i is wrong; i is NO_POINT for what stands at the top, and
 * an empty name is the whole point. */
enum { NO_POINT = UINT32_MAX };

static void wrong(struct scan *s, const char *what, uint32_t i, const char *name)
{
    if (s->invalid) return;
    s->invalid = true;
    s->first.what = what;
    char *where = s->first.where;
    if (i == NO_POINT)
        (void)snprintf(where, PING_WHERE, "/%s", name);
    else if (name[0] == '\0')
        (void)snprintf(where, PING_WHERE, "/points/%u", i);
    else
        (void)snprintf(where, PING_WHERE, "/points/%u/%s", i, name);
}

static void space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool at_char(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool expect(struct scan *s, char c, const char *what)
{
    space(s);
    if (!at_char(s, c)) return fail(s, what);
    s->at++;
    return true;
}

static bool word(struct scan *s, const char *text, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return fail(s, "not a JSON value");
    s->at += len;
    /* A longer word is no literal either. */
    if (s->at < s->end && ((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= 'A' && *s->at <= 'Z')))
        return fail(s, "not a JSON value");
    return true;
}

/* Steps over one well-formed UTF-8 sequence of two to four bytes (RFC 3629). */
static bool utf8(struct scan *s)
{
    const unsigned char *p = (const unsigned char *)s->at;
    size_t left = (size_t)(s->end - s->at);
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
               : (p[0] & 0xf0) == 0xe0        ? 3
               : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                              : 0;
    if (n == 0 || left < n) return fail(s, "a string is not UTF-8");
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return fail(s, "a string is not UTF-8");
    bool too_long = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    if (too_long || surrogate || beyond) return fail(s, "a string is not UTF-8");
    s->at += n;
    return true;
}

static bool hex4(struct scan *s, uint32_t *out)
{
    uint32_t v = 0;
    if (s->end - s->at < 4) return fail(s, "a bad escape in a string");
    for (int i = 0; i < 4; i++) {
        char c = *s->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return fail(s, "a bad escape in a string");
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}

/* Reads what follows a backslash; *c is the character when it is ASCII, else 0x80. */
static bool escape(struct scan *s, unsigned char *c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (s->at == s->end) return fail(s, "a string does not end");
    char e = *s->at++;
    if (e != 'u') {
        const char *which = e == '\0' ? NULL : strchr(from, e);
        if (which == NULL) return fail(s, "a bad escape in a string");
        *c = (unsigned char)to[which - from];
        return true;
    }
    uint32_t v = 0;
    if (!hex4(s, &v)) return false;
    if (v == 0) return fail(s, "a NUL in a string");
    if (v >= 0xdc00 && v <= 0xdfff) return fail(s, "a lone surrogate in a string");
    if (v >= 0xd800 && v <= 0xdbff) {
        uint32_t low = 0;
        if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
            return fail(s, "a lone surrogate in a string");
        s->at += 2;
        if (!hex4(s, &low)) return false;
        if (low < 0xdc00 || low > 0xdfff) return fail(s, "a lone surrogate in a string");
    }
    *c = v < 0x80 ? (unsigned char)v : 0x80;
    return true;
}

/* Reads a string; its first `size` bytes of ASCII go to out and *len counts all characters, so
 * that *len > size, or a character beyond ASCII (counted as size + 1), says it did not fit. */
static bool string(struct scan *s, char *out, size_t size, size_t *len)
{
    size_t n = 0;
    bool fits = true;
    if (!expect(s, '"', "a string was expected")) return false;
    while (true) {
        if (s->at == s->end) return fail(s, "a string does not end");
        unsigned char c = (unsigned char)*s->at;
        if (c == '"') break;
        if (c < 0x20) return fail(s, "a control character in a string");
        if (c == '\\') {
            s->at++;
            if (!escape(s, &c)) return false;
        } else if (c < 0x80) {
            s->at++;
        } else if (!utf8(s)) {
            return false;
        }
        if (c >= 0x80) fits = false;
        if (n < size) out[n] = (char)c;
        n++;
    }
    s->at++;
    *len = fits ? n : n + size + 1;
    return true;
}

static bool digits(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from ? true : fail(s, "not a number");
}

/* Reads a number: *real says whether it had a fraction or an exponent. */
static bool number(struct scan *s, bool *real, double *d, int64_t *i)
{
    const char *from = s->at;
    if (at_char(s, '-')) s->at++;
    if (at_char(s, '0'))
        s->at++;
    else if (!digits(s))
        return false;
    *real = false;
    if (at_char(s, '.')) {
        *real = true;
        s->at++;
        if (!digits(s)) return false;
    }
    if (at_char(s, 'e') || at_char(s, 'E')) {
        *real = true;
        s->at++;
        if (at_char(s, '+') || at_char(s, '-')) s->at++;
        if (!digits(s)) return false;
    }

    struct slice text = {from, (size_t)(s->at - from)};
    if (!*real) {
        if (slice_is(text, "-0")) text = SLICE("0");
        if (!slice_i64(text, i)) return fail(s, "an integer that is too large");
        *d = (double)*i;
        return true;
    }
    /* Most numbers are short: then the text is copied to end it with a NUL for strtod. */
    char small[64];
    char *heap = text.len < sizeof small ? NULL : mem_alloc(text.len + 1);
    char *z = heap == NULL ? small : heap;
    memcpy(z, text.p, text.len);
    z[text.len] = '\0';
    *d = strtod(z, NULL);
    mem_free(heap);
    if (isinf(*d)) return fail(s, "a number that is too large");
    return true;
}

static bool skip(struct scan *s, uint32_t depth);

static bool skip_object(struct scan *s, uint32_t depth)
{
    size_t len = 0;
    s->at++;
    space(s);
    if (at_char(s, '}')) {
        s->at++;
        return true;
    }
    while (true) {
        space(s);
        if (!string(s, NULL, 0, &len)) return false;
        if (!expect(s, ':', "a colon was expected")) return false;
        if (!skip(s, depth)) return false;
        space(s);
        if (!at_char(s, ',')) return expect(s, '}', "a comma or } was expected");
        s->at++;
    }
}

static bool skip_array(struct scan *s, uint32_t depth)
{
    s->at++;
    space(s);
    if (at_char(s, ']')) {
        s->at++;
        return true;
    }
    while (true) {
        if (!skip(s, depth)) return false;
        space(s);
        if (!at_char(s, ',')) return expect(s, ']', "a comma or ] was expected");
        s->at++;
    }
}

/* Steps over one value of any kind that lies `depth` levels deep. */
static bool skip(struct scan *s, uint32_t depth)
{
    bool real = false;
    double d = 0;
    int64_t i = 0;
    size_t len = 0;
    space(s);
    if (s->at == s->end) return fail(s, "a value was expected");
    switch (*s->at) {
    case '{':
        return depth >= PING_NESTING ? fail(s, "nested too deep") : skip_object(s, depth + 1);
    case '[':
        return depth >= PING_NESTING ? fail(s, "nested too deep") : skip_array(s, depth + 1);
    case '"':
        return string(s, NULL, 0, &len);
    case 't':
        return word(s, "true", 4);
    case 'f':
        return word(s, "false", 5);
    case 'n':
        return word(s, "null", 4);
    default:
        return number(s, &real, &d, &i);
    }
}

static bool is_number(const struct scan *s)
{
    return s->at < s->end && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'));
}

static bool field(struct scan *s, struct fields *f, int which, uint32_t depth)
{
    bool real = false;
    double d = 0;
    int64_t i = 0;
    space(s);
    if (!is_number(s)) {
        f->state[which] = at_char(s, 'n') ? FIELD_ABSENT : FIELD_TYPE;
        return skip(s, depth);
    }
    if (!number(s, &real, &d, &i)) return false;
    f->value[which] = d;
    f->ts_ms = which == FIELD_TS ? i : f->ts_ms;
    if (which == FIELD_TS && real)
        f->state[which] = FIELD_TYPE;
    else
        f->state[which] = d >= rules[which].min && d <= rules[which].max ? FIELD_GOOD : FIELD_RANGE;
    return true;
}

static int field_of(const char *name, size_t len)
{
    for (int i = 0; i < FIELDS; i++)
        if (len == strlen(rules[i].name) && memcmp(name, rules[i].name, len) == 0) return i;
    return FIELDS;
}

/* Makes the ping of the fields, or says what is wrong with point i (NO_POINT: the line). */
static void fields_end(struct scan *s, const struct fields *f, uint32_t i, struct ping *out)
{
    for (int k = 0; k < FIELDS; k++) {
        const char *what = NULL;
        if (f->state[k] == FIELD_ABSENT && rules[k].needed) what = "is missing";
        if (f->state[k] == FIELD_TYPE)
            what = k == FIELD_TS ? "must be an integer" : "must be a number";
        if (f->state[k] == FIELD_RANGE) what = "is out of range";
        if (what != NULL) wrong(s, what, i, rules[k].name);
    }
    double unknown = (double)NAN;
    double acc = f->state[FIELD_ACC] == FIELD_GOOD ? f->value[FIELD_ACC] : unknown;
    double speed = f->state[FIELD_SPEED] == FIELD_GOOD ? f->value[FIELD_SPEED] : unknown;
    double bearing = f->state[FIELD_BEARING] == FIELD_GOOD ? f->value[FIELD_BEARING] : unknown;
    if (bearing == 360) bearing = 0;
    *out = (struct ping){
        .at = {f->value[FIELD_LON], f->value[FIELD_LAT]},
        .time_ms = f->ts_ms,
        .acc_m = acc,
        .speed_mps = speed < 0 ? unknown : speed,
        .bearing_deg = bearing < 0 ? unknown : bearing,
    };
}

/* A string of its own for the driver's name: the last one counts. */
struct name {
    char text[PING_ID_MAX + 1];
    size_t len;
    enum field_state state;
};

static bool name_field(struct scan *s, struct name *n, uint32_t depth)
{
    space(s);
    if (!at_char(s, '"')) {
        n->state = at_char(s, 'n') ? FIELD_ABSENT : FIELD_TYPE;
        return skip(s, depth);
    }
    if (!string(s, n->text, PING_ID_MAX, &n->len)) return false;
    n->state = n->len >= 1 && n->len <= PING_ID_MAX ? FIELD_GOOD : FIELD_RANGE;
    return true;
}

/* Reads a point's object, whose '{' is next; id is NULL in a points array. */
static bool point(struct scan *s, uint32_t depth, uint32_t i, struct ping *out, struct name *id)
{
    char key[16];
    size_t len = 0;
    struct fields f = {.ts_ms = 0};
    s->at++;
    space(s);
    bool empty = at_char(s, '}');
    if (empty) s->at++;
    while (!empty) {
        space(s);
        if (!string(s, key, sizeof key, &len)) return false;
        if (!expect(s, ':', "a colon was expected")) return false;
        int which = len <= sizeof key ? field_of(key, len) : FIELDS;
        bool is_id = id != NULL && len == 9 && memcmp(key, "driver_id", 9) == 0;
        bool ok = is_id             ? name_field(s, id, depth)
                  : which == FIELDS ? skip(s, depth)
                                    : field(s, &f, which, depth);
        if (!ok) return false;
        space(s);
        if (!at_char(s, ',')) {
            if (!expect(s, '}', "a comma or } was expected")) return false;
            break;
        }
        s->at++;
    }
    fields_end(s, &f, i, out);
    return true;
}

/* Reads the value of "points". */
static bool points(struct scan *s, struct ping *out, uint32_t *count)
{
    *count = 0;
    s->invalid = false; /* an earlier "points" does not count */
    space(s);
    if (!at_char(s, '[')) {
        wrong(s, at_char(s, 'n') ? "is missing" : "must be an array", NO_POINT, "points");
        return skip(s, 1);
    }
    s->at++;
    space(s);
    if (at_char(s, ']')) {
        s->at++;
        wrong(s, "must hold 1 to 100 points", NO_POINT, "points");
        return true;
    }
    while (true) {
        struct ping beyond;
        uint32_t i = *count;
        if (i < NO_POINT - 1) (*count)++;
        space(s);
        if (!at_char(s, '{')) {
            wrong(s, "must be an object", i, "");
            if (!skip(s, 2)) return false;
        } else if (!point(s, 3, i, i < PING_POINTS_MAX ? &out[i] : &beyond, NULL)) {
            return false;
        }
        if (i == PING_POINTS_MAX) wrong(s, "must hold 1 to 100 points", NO_POINT, "points");
        space(s);
        if (!at_char(s, ',')) return expect(s, ']', "a comma or ] was expected");
        s->at++;
    }
}

static bool body(struct scan *s, struct ping *out, uint32_t *count)
{
    char key[16];
    size_t len = 0;
    bool seen = false;
    s->at++;
    space(s);
    bool empty = at_char(s, '}');
    if (empty) s->at++;
    while (!empty) {
        space(s);
        if (!string(s, key, sizeof key, &len)) return false;
        if (!expect(s, ':', "a colon was expected")) return false;
        bool is_points = len == 6 && memcmp(key, "points", 6) == 0;
        if (is_points ? !points(s, out, count) : !skip(s, 1)) return false;
        seen = seen || is_points;
        space(s);
        if (!at_char(s, ',')) {
            if (!expect(s, '}', "a comma or } was expected")) return false;
            break;
        }
        s->at++;
    }
    if (!seen) wrong(s, "is missing", NO_POINT, "points");
    return true;
}

static enum ping_scan finish(struct scan *s, struct ping_scan_error *error)
{
    space(s);
    if (s->malformed == NULL && s->at != s->end) (void)fail(s, "bytes after the end");
    if (s->malformed != NULL) {
        error->where[0] = '\0';
        error->what = s->malformed;
        return PING_SCAN_MALFORMED;
    }
    if (s->invalid) {
        *error = s->first;
        return PING_SCAN_INVALID;
    }
    return PING_SCAN_OK;
}

/* A top value that is no object: an array is JSON all the same, anything else was never a body. */
static void not_an_object(struct scan *s)
{
    if (!at_char(s, '[')) {
        (void)fail(s, "an object was expected");
        return;
    }
    if (!skip(s, 0)) return;
    s->invalid = true;
    s->first.where[0] = '\0';
    s->first.what = "must be an object";
}

enum ping_scan ping_scan_points(struct slice text, struct ping *out, uint32_t *count,
                                struct ping_scan_error *error)
{
    struct scan s = {.at = text.p, .end = text.p + text.len};
    *count = 0;
    space(&s);
    if (at_char(&s, '{'))
        (void)body(&s, out, count);
    else
        not_an_object(&s);
    return finish(&s, error);
}

enum ping_scan ping_scan_line(struct slice line, struct ping *out, char id[static PING_ID_MAX + 1],
                              struct ping_scan_error *error)
{
    struct scan s = {.at = line.p, .end = line.p + line.len};
    struct name n = {.state = FIELD_ABSENT};
    space(&s);
    if (!at_char(&s, '{')) {
        not_an_object(&s);
        return finish(&s, error);
    }
    (void)point(&s, 1, NO_POINT, out, &n);
    if (n.state == FIELD_ABSENT) wrong(&s, "is missing", NO_POINT, "driver_id");
    if (n.state == FIELD_TYPE) wrong(&s, "must be a string", NO_POINT, "driver_id");
    if (n.state == FIELD_RANGE) wrong(&s, "is out of range", NO_POINT, "driver_id");
    if (n.state == FIELD_GOOD) {
        memcpy(id, n.text, n.len);
        id[n.len] = '\0';
    }
    return finish(&s, error);
}
