/* buf: owned bytes that grow. Always owned: buf_fini frees them.
 *
 * Invariants:  len <= cap; p is NULL only when cap is 0.
 * Cost:        appends are amortised O(n); capacity doubles.
 */
#ifndef HANSOM_BASE_BUF_H
#define HANSOM_BASE_BUF_H

#include "base/must.h"
#include "base/slice.h"

#include <stdarg.h>

struct buf {
    char *p; /* owned */
    size_t len;
    size_t cap;
};

/* Room for n more bytes; returns where they go. The caller then adds to len. */
char *buf_reserve(struct buf *b, size_t n);

/* Frees the bytes; b is then empty and may be used again. */
void buf_fini(struct buf *b);

/* Gives the bytes away (free with mem_free); b is then empty. *len may be NULL. */
char *buf_take(struct buf *b, size_t *len);

/* Removes the first n bytes. O(len). */
void buf_drop(struct buf *b, size_t n);

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->len};
}

static inline void buf_clear(struct buf *b)
{
    b->len = 0;
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0) return;
    must(p != NULL);
    char *to = b->cap - b->len >= n ? b->p + b->len : buf_reserve(b, n);
    memcpy(to, p, n);
    b->len += n;
}

static inline void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.len);
}

static inline void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_cstr(struct buf *b, const char *s);
void buf_add_i64(struct buf *b, int64_t n);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Writes n in decimal to out (at least 21 bytes, no NUL) and returns its length. */
size_t fmt_u64(char *out, uint64_t n);
size_t fmt_i64(char *out, int64_t n);

#endif
