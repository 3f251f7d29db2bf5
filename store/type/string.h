/* string: bytes, or a 64-bit number that INCR counts in place.
 *
 * Layout:      a value of up to STRING_BLOCK_MAX bytes keeps them behind its head, in one
 *              allocation; a longer one, and any that was edited, in a block of its own, with
 *              room to grow.
 * Invariants:  a STRING_INT prints as exactly the bytes that were set.
 * Cost:        get and set are O(n); append is amortised O(n).
 */
#ifndef HANSOM_STORE_TYPE_STRING_H
#define HANSOM_STORE_TYPE_STRING_H

#include "base/slice.h"
#include "store/engine/value.h"

enum string_encoding { STRING_INT, STRING_EMBED, STRING_RAW };
enum {
    STRING_EMBED_MAX = 44, /* from here on OBJECT ENCODING says raw, as Redis does */
    STRING_BLOCK_MAX = 1024,
    STRING_TEXT = 24,
};

extern const struct value_type string_type;

/* A new value with a copy of s. */
struct value *string_new(struct slice s);
struct value *string_new_i64(int64_t n);

/* Makes old (a string) hold s, in place if it fits: returns old or a new value, then old is
 * freed. */
struct value *string_set(struct value *old, struct slice s);
struct value *string_set_i64(struct value *old, int64_t n);

/* The bytes; a number is printed into text. Borrowed until the next change. */
struct slice string_get(const struct value *v, char text[static STRING_TEXT]);

size_t string_len(const struct value *v);

/* The number, if the bytes are one (slice_i64). */
bool string_i64(const struct value *v, int64_t *out);

/* Gives write access to bytes [0, len) with len >= the present length; what is new is zeroed.
 * *v may move. */
char *string_edit(struct value **v, size_t len);

/* Adds s at the end; *v may move. */
void string_append(struct value **v, struct slice s);

#endif
