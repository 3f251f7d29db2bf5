#include "buf.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdio.h>

char *buf_reserve(struct buf *b, size_t n)
{
    must(n <= SIZE_MAX / 4 - b->len);
    if (b->cap - b->len < n) {
        size_t cap = b->cap < 64 ? 64 : b->cap;
        while (cap - b->len < n)
            cap *= 2;
        b->p = mem_realloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->len;
}

void buf_fini(struct buf *b)
{
    if (b == NULL) return;
    mem_free(b->p);
    *b = (struct buf){0};
}

char *buf_take(struct buf *b, size_t *len)
{
    char *p = b->p;
    if (len != NULL) *len = b->len;
    *b = (struct buf){0};
    return p;
}

void buf_drop(struct buf *b, size_t n)
{
    must(n <= b->len);
    b->len -= n;
    if (b->len > 0) memmove(b->p, b->p + n, b->len);
}

void buf_add_cstr(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

size_t fmt_u64(char *out, uint64_t n)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

size_t fmt_i64(char *out, int64_t n)
{
    if (n >= 0) return fmt_u64(out, (uint64_t)n);
    out[0] = '-';
    return 1 + fmt_u64(out + 1, 0 - (uint64_t)n);
}

void buf_add_i64(struct buf *b, int64_t n)
{
    (void)buf_reserve(b, 21);
    b->len += fmt_i64(b->p + b->len, n);
}

void buf_add_u64(struct buf *b, uint64_t n)
{
    (void)buf_reserve(b, 21);
    b->len += fmt_u64(b->p + b->len, n);
}

void buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    must(n >= 0);
    char *to = buf_reserve(b, (size_t)n + 1);
    (void)vsnprintf(to, (size_t)n + 1, format, again);
    va_end(again);
    b->len += (size_t)n;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}
