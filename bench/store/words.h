/* words: writes commands as the wire has them. */
#ifndef HANSOM_BENCH_STORE_WORDS_H
#define HANSOM_BENCH_STORE_WORDS_H

#include "base/buf.h"

static inline void add_arg(struct buf *b, const char *p, size_t n)
{
    char *to = buf_reserve(b, n + 32);
    size_t at = 0;
    to[at++] = '$';
    at += fmt_u64(to + at, n);
    to[at++] = '\r';
    to[at++] = '\n';
    memcpy(to + at, p, n);
    at += n;
    to[at++] = '\r';
    to[at++] = '\n';
    b->len += at;
}

static inline void add_raw(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

static inline void add_str(struct buf *b, const char *s)
{
    add_arg(b, s, strlen(s));
}

static inline void add_head(struct buf *b, uint32_t argc)
{
    buf_add_char(b, '*');
    buf_add_u64(b, argc);
    buf_add(b, "\r\n", 2);
}

static inline void add_number(struct buf *b, uint64_t n)
{
    char text[24];
    add_arg(b, text, fmt_u64(text, n));
}

/* Writes the last `count` digits of n; count is even. */
static inline void put_digits(char *to, uint64_t n, uint32_t count)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    for (uint32_t i = count; i > 0; i -= 2, n /= 100)
        memcpy(to + i - 2, pairs + 2 * (n % 100), 2);
}

/* "driver-00000042": 15 bytes */
static inline void add_member(struct buf *b, uint64_t n)
{
    static const char form[] = "$15\r\ndriver-00000000\r\n";
    char *to = buf_reserve(b, sizeof form);
    memcpy(to, form, sizeof form - 1);
    put_digits(to + 12, n, 8);
    b->len += sizeof form - 1;
}

#endif
