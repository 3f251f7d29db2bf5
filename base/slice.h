/* slice: borrowed bytes. Always borrowed: whoever holds a slice frees nothing.
 *
 * The bytes may hold NUL and are not NUL-terminated.
 */
#ifndef HANSOM_BASE_SLICE_H
#define HANSOM_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p; /* borrowed; may be NULL only when len is 0 */
    size_t len;
};

/* A slice of a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

static inline struct slice slice_of(const char *cstr)
{
    return (struct slice){cstr, cstr == NULL ? 0 : strlen(cstr)};
}

static inline struct slice slice_make(const void *p, size_t len)
{
    return (struct slice){p, len};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *cstr)
{
    return slice_eq(a, slice_of(cstr));
}

/* Byte order, a shorter prefix first: <0, 0 or >0, as memcmp. */
static inline int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int d = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (d != 0) return d;
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

/* The part of s from byte `from` (at most s.len) to its end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
    if (from > s.len) from = s.len;
    return (struct slice){s.p == NULL ? NULL : s.p + from, s.len - from};
}

/* Equal when ASCII case is ignored. */
bool slice_ieq(struct slice a, struct slice b);

/* Equal when ASCII case is ignored; the form used for option words. Most differ from the word
 * in the first letter already. */
static inline bool slice_word(struct slice a, const char *word)
{
    if (a.len > 0 && ((a.p[0] ^ word[0]) & ~0x20) != 0) return false;
    return slice_ieq(a, slice_of(word));
}

/* Where byte c first stands in s, or s.len. */
size_t slice_find(struct slice s, char c);

/* Cuts s at the first `sep`: *head is what was before it, the rest stays in *s.
 * Without a sep, *head is all of s and *s becomes empty. False when s was empty already. */
bool slice_cut(struct slice *s, char sep, struct slice *head);

/* Without spaces, tabs and line ends on both sides. */
struct slice slice_trim(struct slice s);

/* Strict decimal integer: an optional '-', no leading zeros, no '+', no spaces.
 * False (and *out unchanged) on anything else or out of range. */
bool slice_i64(struct slice s, int64_t *out);
bool slice_u64(struct slice s, uint64_t *out);

/* A decimal number as strtod reads it in the C locale, the whole slice, no spaces in
 * front; "inf", "+inf", "-inf", "infinity" are read, NaN is refused. */
bool slice_double(struct slice s, double *out);

/* Redis's glob: * ? [abc] [^a] [a-z] \x. Cost is bounded: linear in s for each star,
 * with one point of return, so no pattern makes it exponential. */
bool slice_glob(struct slice pattern, struct slice s, bool nocase);

/* A NUL-terminated copy in out (size bytes), cut when too long; for logs and libc. */
char *slice_cstr(struct slice s, char *out, size_t size);

/* Equal in time that depends only on the lengths; for secrets. */
bool slice_eq_secret(struct slice a, struct slice b);

#endif
