/* json: writes JSON straight into a buf, in one pass.
 *
 * Why: a reply is built once and read once; a tree would only be built to be torn down.
 * Layout:      struct json holds whether the next value needs a comma before it. After an
 *              opening it does not, after a value or a closing it does, and a key clears it:
 *              so no stack of levels is needed, and any number of documents may follow.
 * Invariants:  what was opened must be closed by the caller; depth counts it.
 * Cost:        no memory but the buf's growth.
 * Owner:       the caller's, by value; the buf is borrowed.
 *
 * No name here is one of jansson's, so that one program can use both.
 */
#ifndef HANSOM_BASE_JSON_H
#define HANSOM_BASE_JSON_H

#include "base/buf.h"

struct json {
    struct buf *out; /* borrowed */
    uint32_t depth;
    bool comma;
};

/* A writer that appends one document to out. */
static inline struct json json_start(struct buf *out)
{
    return (struct json){.out = out};
}

void json_object_start(struct json *j);
void json_object_end(struct json *j);
void json_array_start(struct json *j);
void json_array_end(struct json *j);

/* The name of the next value, inside an object. */
void json_key(struct json *j, const char *name);
void json_key_slice(struct json *j, struct slice name);

/* A string, escaped. Bytes that are not UTF-8 become U+FFFD. */
void json_str(struct json *j, struct slice s);
void json_cstr(struct json *j, const char *s); /* NULL is null */
void json_i64(struct json *j, int64_t n);
void json_u64(struct json *j, uint64_t n);
void json_bool(struct json *j, bool b);
void json_nil(struct json *j);

/* The shortest decimal that reads back as d; null when d is not finite. */
void json_double(struct json *j, double d);

/* At most `decimals` (0 to 9) digits behind the point, without trailing zeros; null when d is not finite. */
void json_fixed(struct json *j, double d, int decimals);

/* RFC 3339 in UTC with milliseconds, as a string. */
void json_time(struct json *j, int64_t unix_ms);

/* One finished JSON value, as it is. An empty one is null. */
void json_raw(struct json *j, struct slice value);

/* A key and its value. */
void json_put_str(struct json *j, const char *key, struct slice s);
void json_put_cstr(struct json *j, const char *key, const char *s);
void json_put_i64(struct json *j, const char *key, int64_t n);
void json_put_u64(struct json *j, const char *key, uint64_t n);
void json_put_bool(struct json *j, const char *key, bool b);
void json_put_null(struct json *j, const char *key);
void json_put_double(struct json *j, const char *key, double d);
void json_put_fixed(struct json *j, const char *key, double d, int decimals);
void json_put_time(struct json *j, const char *key, int64_t unix_ms);
void json_put_raw(struct json *j, const char *key, struct slice value);
void json_put_object(struct json *j, const char *key); /* close with json_object_end */
void json_put_array(struct json *j, const char *key);  /* close with json_array_end */

#endif
