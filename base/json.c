#include "json.h"

#include "base/clock.h"
#include "base/must.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void value_begins(struct json *j)
{
    if (j->comma) buf_add_char(j->out, ',');
    j->comma = true;
}

static void opens(struct json *j, char c)
{
    value_begins(j);
    buf_add_char(j->out, c);
    j->comma = false;
    j->depth++;
}

static void closes(struct json *j, char c)
{
    must(j->depth > 0);
    j->depth--;
    buf_add_char(j->out, c);
    j->comma = true;
}

void json_object_start(struct json *j)
{
    opens(j, '{');
}

void json_object_end(struct json *j)
{
    closes(j, '}');
}

void json_array_start(struct json *j)
{
    opens(j, '[');
}

void json_array_end(struct json *j)
{
    closes(j, ']');
}

/* The length of the UTF-8 sequence that s begins with; 0 when it begins with none (overlong
 * forms, surrogates and what lies beyond U+10FFFF are none). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xc2) return 0;
    size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || left < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
    if (p[0] == 0xed && p[1] > 0x9f) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

static void add_escaped(struct buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(out, "\\\"", 2);
        return;
    case '\\':
        buf_add(out, "\\\\", 2);
        return;
    case '\n':
        buf_add(out, "\\n", 2);
        return;
    case '\r':
        buf_add(out, "\\r", 2);
        return;
    case '\t':
        buf_add(out, "\\t", 2);
        return;
    default:
        buf_addf(out, "\\u%04x", c);
        return;
    }
}

static void add_string(struct buf *out, struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t start = 0;
    size_t i = 0;
    buf_add_char(out, '"');
    while (i < s.len) {
        if (p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\') {
            i++;
            continue;
        }
        size_t n = p[i] < 0x80 ? 0 : utf8_len(p + i, s.len - i);
        if (n > 0) {
            i += n;
            continue;
        }
        buf_add(out, s.p + start, i - start);
        if (p[i] < 0x80)
            add_escaped(out, p[i]);
        else
            buf_add(out, "\xef\xbf\xbd", 3);
        start = ++i;
    }
    if (i > start) buf_add(out, s.p + start, i - start);
    buf_add_char(out, '"');
}

void json_key_slice(struct json *j, struct slice name)
{
    must(j->depth > 0);
    if (j->comma) buf_add_char(j->out, ',');
    add_string(j->out, name);
    buf_add_char(j->out, ':');
    j->comma = false;
}

void json_key(struct json *j, const char *name)
{
    json_key_slice(j, slice_of(name));
}

void json_str(struct json *j, struct slice s)
{
    value_begins(j);
    add_string(j->out, s);
}

void json_cstr(struct json *j, const char *s)
{
    if (s == NULL)
        json_nil(j);
    else
        json_str(j, slice_of(s));
}

void json_i64(struct json *j, int64_t n)
{
    value_begins(j);
    buf_add_i64(j->out, n);
}

void json_u64(struct json *j, uint64_t n)
{
    value_begins(j);
    buf_add_u64(j->out, n);
}

void json_bool(struct json *j, bool b)
{
    value_begins(j);
    buf_add_cstr(j->out, b ? "true" : "false");
}

void json_nil(struct json *j)
{
    value_begins(j);
    buf_add(j->out, "null", 4);
}

void json_double(struct json *j, double d)
{
    if (!isfinite(d)) {
        json_nil(j);
        return;
    }
    if (d == nearbyint(d) && fabs(d) < 1e15) {
        json_i64(j, (int64_t)d);
        return;
    }
    char text[32];
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) break;
    }
    value_begins(j);
    buf_add(j->out, text, (size_t)n);
}

void json_fixed(struct json *j, double d, int decimals)
{
    static const int64_t powers[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};
    must(decimals >= 0 && decimals <= 9);
    if (!isfinite(d)) {
        json_nil(j);
        return;
    }
    double scaled = d * (double)powers[decimals];
    if (fabs(scaled) >= 9e15) {
        json_double(j, d);
        return;
    }
    int64_t n = llround(scaled);
    uint64_t magnitude = n < 0 ? (uint64_t)-n : (uint64_t)n;
    uint64_t power = (uint64_t)powers[decimals];

    value_begins(j);
    if (n < 0) buf_add_char(j->out, '-');
    buf_add_u64(j->out, magnitude / power);
    uint64_t fraction = magnitude % power;
    if (fraction == 0) return;
    must(decimals > 0);

    char digits[10];
    for (int i = decimals - 1; i >= 0; i--) {
        digits[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    size_t len = (size_t)decimals;
    while (digits[len - 1] == '0')
        len--;
    buf_add_char(j->out, '.');
    buf_add(j->out, digits, len);
}

void json_time(struct json *j, int64_t unix_ms)
{
    char text[CLOCK_TEXT];
    json_str(j, slice_of(clock_format(unix_ms, text)));
}

void json_raw(struct json *j, struct slice value)
{
    if (value.len == 0) {
        json_nil(j);
        return;
    }
    value_begins(j);
    buf_add_slice(j->out, value);
}

void json_put_str(struct json *j, const char *key, struct slice s)
{
    json_key(j, key);
    json_str(j, s);
}

void json_put_cstr(struct json *j, const char *key, const char *s)
{
    json_key(j, key);
    json_cstr(j, s);
}

void json_put_i64(struct json *j, const char *key, int64_t n)
{
    json_key(j, key);
    json_i64(j, n);
}

void json_put_u64(struct json *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_u64(j, n);
}

void json_put_bool(struct json *j, const char *key, bool b)
{
    json_key(j, key);
    json_bool(j, b);
}

void json_put_null(struct json *j, const char *key)
{
    json_key(j, key);
    json_nil(j);
}

void json_put_double(struct json *j, const char *key, double d)
{
    json_key(j, key);
    json_double(j, d);
}

void json_put_fixed(struct json *j, const char *key, double d, int decimals)
{
    json_key(j, key);
    json_fixed(j, d, decimals);
}

void json_put_time(struct json *j, const char *key, int64_t unix_ms)
{
    json_key(j, key);
    json_time(j, unix_ms);
}

void json_put_raw(struct json *j, const char *key, struct slice value)
{
    json_key(j, key);
    json_raw(j, value);
}

void json_put_object(struct json *j, const char *key)
{
    json_key(j, key);
    json_object_start(j);
}

void json_put_array(struct json *j, const char *key)
{
    json_key(j, key);
    json_array_start(j);
}
