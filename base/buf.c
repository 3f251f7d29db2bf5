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

/* The number of decimal digits of n, from its bits: 1233 / 4096 is about log10(2). */
static size_t digits_of(uint64_t n)
{
    static const uint64_t least[20] = {0,
                                       10U,
                                       100U,
                                       1000U,
                                       10000U,
                                       100000U,
                                       1000000U,
                                       10000000U,
                                       100000000U,
                                       1000000000U,
                                       10000000000U,
                                       100000000000U,
                                       1000000000000U,
                                       10000000000000U,
                                       100000000000000U,
                                       1000000000000000U,
                                       10000000000000000U,
                                       100000000000000000U,
                                       1000000000000000000U,
                                       10000000000000000000U};
    size_t about = (size_t)(64 - __builtin_clzll(n | 1)) * 1233 >> 12;
    return about + (n >= least[about] ? 1 : 0);
}

size_t fmt_u64(char *out, uint64_t n)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    size_t count = digits_of(n);
    char *p = out + count;
    for (; n >= 100; n /= 100) {
        p -= 2;
        memcpy(p, pairs + 2 * (n % 100), 2);
    }
    if (n >= 10)
        memcpy(p - 2, pairs + 2 * n, 2);
    else
        p[-1] = (char)('0' + n);
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
