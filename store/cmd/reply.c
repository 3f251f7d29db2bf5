#include "reply.h"

#include "base/must.h"

#include <math.h>
#include <stdio.h>

static inline void crlf(struct buf *b)
{
    buf_add(b, "\r\n", 2);
}

static inline void head(struct reply *r, char kind, int64_t n)
{
    if (__builtin_expect(reply_is_full(r), 0)) return;
    char *p = r->out->cap - r->out->len >= 24 ? r->out->p + r->out->len : buf_reserve(r->out, 24);
    char *from = p;
    *p++ = kind;
    if (n >= 0 && n < 10)
        *p++ = (char)('0' + n);
    else
        p += fmt_i64(p, n);
    *p++ = '\r';
    *p++ = '\n';
    r->out->len += (size_t)(p - from);
}

void reply_ok(struct reply *r)
{
    buf_add(r->out, "+OK\r\n", 5);
}

void reply_status(struct reply *r, const char *text)
{
    buf_add_char(r->out, '+');
    buf_add_cstr(r->out, text);
    crlf(r->out);
}

void reply_error_slice(struct reply *r, struct slice line)
{
    r->failed = true;
    (void)buf_reserve(r->out, line.len + 3);
    buf_add_char(r->out, '-');
    for (size_t i = 0; i < line.len; i++) {
        char c = line.p[i];
        buf_add_char(r->out, c == '\r' || c == '\n' ? ' ' : c);
    }
    crlf(r->out);
}

void reply_error(struct reply *r, const char *line)
{
    reply_error_slice(r, slice_of(line));
}

void reply_err(struct reply *r, enum err e)
{
    reply_error(r, err_text(e));
}

void reply_errorf(struct reply *r, const char *format, ...)
{
    struct buf line = {0};
    va_list args;
    va_start(args, format);
    buf_addv(&line, format, args);
    va_end(args);
    reply_error_slice(r, buf_slice(&line));
    buf_fini(&line);
}

void reply_int(struct reply *r, int64_t n)
{
    head(r, ':', n);
}

void reply_bool(struct reply *r, bool b)
{
    if (r->resp < 3)
        head(r, ':', b);
    else
        buf_add(r->out, b ? "#t\r\n" : "#f\r\n", 4);
}

void reply_bulk(struct reply *r, struct slice s)
{
    if (__builtin_expect(reply_is_full(r), 0)) return;
    head(r, '$', (int64_t)s.len);
    (void)buf_reserve(r->out, s.len + 2);
    buf_add_slice(r->out, s);
    crlf(r->out);
}

void reply_cstr(struct reply *r, const char *s)
{
    reply_bulk(r, slice_of(s));
}

void reply_bulk_i64(struct reply *r, int64_t n)
{
    char text[24];
    reply_bulk(r, slice_make(text, fmt_i64(text, n)));
}

void reply_bulkf(struct reply *r, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    reply_bulk(r, buf_slice(&text));
    buf_fini(&text);
}

void reply_null(struct reply *r)
{
    if (r->resp < 3)
        buf_add(r->out, "$-1\r\n", 5);
    else
        buf_add(r->out, "_\r\n", 3);
}

void reply_null_array(struct reply *r)
{
    if (r->resp < 3)
        buf_add(r->out, "*-1\r\n", 5);
    else
        buf_add(r->out, "_\r\n", 3);
}

size_t fmt_double(char *out, double d)
{
    if (isinf(d)) return (size_t)snprintf(out, 40, d > 0 ? "inf" : "-inf");
    if (isnan(d)) return (size_t)snprintf(out, 40, "nan");
    /* Whole numbers of moderate size are the common scores: printed without libc. */
    if (d > -4503599627370496.0 && d < 4503599627370496.0) {
        int64_t whole = (int64_t)d;
        if ((double)whole == d && (whole != 0 || !signbit(d))) return fmt_i64(out, whole);
    }
    return (size_t)snprintf(out, 40, "%.17g", d);
}

void reply_double(struct reply *r, double d)
{
    char text[48];
    size_t n = fmt_double(text, d);
    if (r->resp < 3) {
        reply_bulk(r, slice_make(text, n));
        return;
    }
    buf_add_char(r->out, ',');
    buf_add(r->out, text, n);
    crlf(r->out);
}

size_t fmt_decimal(char *out, long double d)
{
    if (isinf(d)) return (size_t)snprintf(out, FMT_DECIMAL, d > 0 ? "inf" : "-inf");
    int n = snprintf(out, FMT_DECIMAL, "%.17Lf", d);
    must(n > 0);
    must(n < FMT_DECIMAL);
    size_t len = (size_t)n;
    if (memchr(out, '.', len) != NULL) {
        while (out[len - 1] == '0')
            len--;
        if (out[len - 1] == '.') len--;
    }
    if (len == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        len = 1;
    }
    return len;
}

void reply_bulk_decimal(struct reply *r, long double d)
{
    char text[FMT_DECIMAL];
    reply_bulk(r, slice_make(text, fmt_decimal(text, d)));
}

void reply_bignum(struct reply *r, struct slice digits)
{
    if (r->resp < 3) {
        reply_bulk(r, digits);
        return;
    }
    buf_add_char(r->out, '(');
    buf_add_slice(r->out, digits);
    crlf(r->out);
}

void reply_verbatim(struct reply *r, struct slice text, const char ext[static 4])
{
    if (r->resp < 3) {
        reply_bulk(r, text);
        return;
    }
    head(r, '=', (int64_t)text.len + 4);
    buf_add(r->out, ext, 3);
    buf_add_char(r->out, ':');
    buf_add_slice(r->out, text);
    crlf(r->out);
}

void reply_array(struct reply *r, uint64_t n)
{
    head(r, '*', (int64_t)n);
}

void reply_map(struct reply *r, uint64_t pairs)
{
    if (r->resp < 3)
        head(r, '*', (int64_t)pairs * 2);
    else
        head(r, '%', (int64_t)pairs);
}

void reply_set(struct reply *r, uint64_t n)
{
    head(r, r->resp < 3 ? '*' : '~', (int64_t)n);
}

void reply_push(struct reply *r, uint64_t n)
{
    head(r, r->resp < 3 ? '*' : '>', (int64_t)n);
}

void reply_attr(struct reply *r, uint64_t pairs)
{
    must(r->resp >= 3);
    head(r, '|', (int64_t)pairs);
}

size_t reply_later(struct reply *r)
{
    return r->out->len;
}

/* Puts the text in front of what was added behind the place. */
static void put_front(struct buf *out, size_t place, const char *text, size_t len)
{
    must(place <= out->len);
    (void)buf_reserve(out, len);
    memmove(out->p + place + len, out->p + place, out->len - place);
    memcpy(out->p + place, text, len);
    out->len += len;
}

void reply_later_end(struct reply *r, size_t place, char kind, uint64_t n)
{
    struct buf text = {0};
    struct reply one = {.out = &text, .resp = r->resp};
    switch (kind) {
    case '%':
        reply_map(&one, n);
        break;
    case '~':
        reply_set(&one, n);
        break;
    case '>':
        reply_push(&one, n);
        break;
    default:
        reply_array(&one, n);
        break;
    }
    put_front(r->out, place, text.p, text.len);
    buf_fini(&text);
}

void reply_later_bulk(struct reply *r, size_t place)
{
    if (r->max != 0 && place > r->max) { /* it was full before */
        r->out->len = place;
        return;
    }
    char front[24] = "$";
    size_t n = 1 + fmt_i64(front + 1, (int64_t)(r->out->len - place));
    front[n++] = '\r';
    front[n++] = '\n';
    put_front(r->out, place, front, n);
    crlf(r->out);
}
