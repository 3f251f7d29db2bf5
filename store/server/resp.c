#include "resp.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/words.h"

#include <ctype.h>
#include <stdio.h>

static enum resp_step fail(char why[static 64], const char *text)
{
    (void)snprintf(why, 64, "ERR Protocol error: %s", text);
    return RESP_ERROR;
}

static void add_span(struct resp *r, uint32_t at, uint32_t len)
{
    if (r->argc == r->cap) {
        r->cap = r->cap == 0 ? 8 : r->cap * 2;
        r->spans = mem_realloc(r->spans, r->cap * sizeof *r->spans);
    }
    r->spans[r->argc++] = (struct resp_span){at, len};
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads a decimal number that ends in "\r\n" from p. The number of bytes, 0 when the line is
 * not complete, -1 when it is no number. */
static int32_t read_number(const char *p, size_t n, int64_t *out)
{
    if (n >= 4 && is_digit(p[0])) { /* nearly all have one or two digits */
        if (p[1] == '\r' && p[2] == '\n') {
            *out = p[0] - '0';
            return 3;
        }
        if (is_digit(p[1]) && p[2] == '\r' && p[3] == '\n') {
            *out = (p[0] - '0') * 10 + (p[1] - '0');
            return 4;
        }
    }
    size_t i = 0;
    bool minus = n > 0 && p[0] == '-';
    if (minus) i = 1;
    size_t from = i;
    int64_t value = 0;
    for (; i < n && p[i] >= '0' && p[i] <= '9' && i - from < 18; i++)
        value = value * 10 + (p[i] - '0');
    if (i == n || (i + 1 == n && p[i] == '\r')) return n > 32 ? -1 : 0;
    if (i == from || p[i] != '\r' || p[i + 1] != '\n') return -1;
    *out = minus ? -value : value;
    return (int32_t)i + 2;
}

/* ---- inline commands ---- */

static bool is_space(char c)
{
    return isspace((unsigned char)c) != 0;
}

/* Splits the line of `end` bytes into words, unquoting in place: a word only gets shorter. */
static bool split_words(struct resp *r, char *p, size_t end)
{
    size_t i = 0;
    for (;;) {
        while (i < end && is_space(p[i]))
            i++;
        if (i >= end) return true;
        size_t from = i;
        size_t to = i;
        while (i < end && !is_space(p[i])) {
            if (p[i] == '"' || p[i] == '\'') {
                if (!words_unquote(p, end, &i, p, &to)) return false;
            } else {
                p[to++] = p[i++];
            }
        }
        add_span(r, (uint32_t)from, (uint32_t)(to - from));
    }
}

static enum resp_step read_inline(struct resp *r, char *p, size_t n, size_t *used,
                                  char why[static 64])
{
    char *end = memchr(p, '\n', n);
    if (end == NULL) {
        if (n > RESP_LINE_MAX) return fail(why, "too big inline request");
        return RESP_MORE;
    }
    size_t line = (size_t)(end - p);
    *used = line + 1;
    if (line > RESP_LINE_MAX) return fail(why, "too big inline request");
    if (line > 0 && p[line - 1] == '\r') line--;
    if (!split_words(r, p, line)) return fail(why, "unbalanced quotes in request");
    return r->argc == 0 ? RESP_NOTHING : RESP_COMMAND;
}

/* ---- arrays ---- */

static enum resp_step read_head(struct resp *r, const struct resp_limits *limits, const char *p,
                                size_t n, size_t *used, char why[static 64])
{
    int64_t count = 0;
    int32_t len = read_number(p + 1, n - 1, &count);
    if (len == 0) return RESP_MORE;
    if (len < 0 || count > (int64_t)limits->args_max) return fail(why, "invalid multibulk length");
    if (count > RESP_ARGS_NOAUTH && !limits->authenticated)
        return fail(why, "unauthenticated multibulk length");
    r->at = (uint32_t)len + 1;
    if (count <= 0) {
        *used = r->at;
        return RESP_NOTHING;
    }
    r->want = (uint32_t)count;
    return RESP_COMMAND;
}

static enum resp_step read_bulk_head(struct resp *r, const struct resp_limits *limits,
                                     const char *p, size_t n, char why[static 64])
{
    if (r->at >= n) return RESP_MORE;
    if (p[r->at] != '$') {
        char text[32];
        (void)snprintf(text, sizeof text, "expected '$', got '%c'",
                       isprint((unsigned char)p[r->at]) != 0 ? p[r->at] : ' ');
        return fail(why, text);
    }
    int64_t len = 0;
    int32_t took = read_number(p + r->at + 1, n - r->at - 1, &len);
    if (took == 0) return RESP_MORE;
    if (took < 0 || len < 0 || (uint64_t)len > limits->bulk_max || len > INT32_MAX)
        return fail(why, "invalid bulk length");
    if (len > RESP_BULK_NOAUTH && !limits->authenticated)
        return fail(why, "unauthenticated bulk length");
    r->at += (uint32_t)took + 1;
    r->bulk = (uint32_t)len;
    r->in_bulk = true;
    return RESP_COMMAND;
}

enum resp_step resp_next(struct resp *r, const struct resp_limits *limits, char *p, size_t n,
                         size_t *used, char why[static 64])
{
    *used = 0;
    if (n > UINT32_MAX / 2) return fail(why, "too big request");
    if (r->want == 0) {
        if (n == 0) return RESP_MORE;
        if (p[0] != '*') return read_inline(r, p, n, used, why);
        enum resp_step step = read_head(r, limits, p, n, used, why);
        if (step != RESP_COMMAND) return step;
    }
    while (r->argc < r->want) {
        if (!r->in_bulk) {
            enum resp_step step = read_bulk_head(r, limits, p, n, why);
            if (step != RESP_COMMAND) return step;
        }
        if (n < (size_t)r->at + r->bulk + 2) return RESP_MORE;
        add_span(r, r->at, r->bulk);
        r->at += r->bulk + 2;
        r->in_bulk = false;
    }
    *used = r->at;
    return RESP_COMMAND;
}

/* A number of one to three digits and its line end, with at least five bytes at p; NULL: none. */
static inline const char *short_number(const char *p, uint32_t *out)
{
    uint32_t n = (uint32_t)(unsigned char)p[0] - '0';
    if (n > 9) return NULL;
    for (int i = 0; i < 2 && is_digit(p[1]); i++, p++)
        n = n * 10 + (uint32_t)(p[1] - '0');
    *out = n;
    return p[1] == '\r' && p[2] == '\n' ? p + 3 : NULL;
}

uint32_t resp_whole(const struct resp_limits *limits, const char *p, size_t n, struct slice *argv,
                    uint32_t room, size_t *used)
{
    enum { HEAD_MAX = 6 }; /* "$999\r\n", and an empty argument is no shorter */
    const char *at = p;
    const char *end = p + n;
    uint32_t want = 0;
    if (n < HEAD_MAX || *at != '*') return 0;
    at = short_number(at + 1, &want);
    if (at == NULL || want > room || want > limits->args_max) return 0;
    for (uint32_t i = 0; i < want; i++) {
        uint32_t len = 0;
        if (end - at < HEAD_MAX || *at != '$') return 0;
        at = short_number(at + 1, &len);
        if (at == NULL || len > limits->bulk_max || end - at < (ptrdiff_t)len + 2) return 0;
        argv[i] = (struct slice){at, len};
        at += len + 2;
    }
    *used = (size_t)(at - p);
    return want;
}

void resp_args(const struct resp *r, const char *p, struct slice *argv)
{
    for (uint32_t i = 0; i < r->argc; i++)
        argv[i] = (struct slice){p + r->spans[i].at, r->spans[i].len};
}

size_t resp_need(const struct resp *r)
{
    return r->in_bulk ? (size_t)r->at + r->bulk + 2 : (size_t)r->at + 1;
}

void resp_reset(struct resp *r)
{
    if (r->cap > 1024) resp_fini(r);
    r->argc = 0;
    r->want = 0;
    r->at = 0;
    r->in_bulk = false;
}

void resp_fini(struct resp *r)
{
    mem_free(r->spans);
    *r = (struct resp){0};
}
