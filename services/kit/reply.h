/* reply: reading what the store answered, without fear of its shape.
 *
 * Each reader takes any reply, NULL too, and gives "nothing" (an empty slice, the number given,
 * a nil reply) when it is of another shape: so a handler reads straight down and then checks
 * what it needs. What comes back is borrowed from the reply.
 */
#ifndef HANSOM_KIT_REPLY_H
#define HANSOM_KIT_REPLY_H

#include "base/slice.h"

#include <hiredis/hiredis.h>

/* Whether r is nil (or NULL). */
bool reply_is_nil(const redisReply *r);

/* Whether r is an error. */
bool reply_is_error(const redisReply *r);

/* Whether r is an error whose text begins with this word, e.g. "NOSCRIPT". */
bool reply_is_error_code(const redisReply *r, const char *code);

/* The bytes of a string, status or error; empty for anything else. */
struct slice reply_slice(const redisReply *r);

/* An integer, also when it comes as text; `otherwise` for anything else. */
int64_t reply_i64(const redisReply *r, int64_t otherwise);

/* A number that comes as text (scores, coordinates) or an integer. */
double reply_double(const redisReply *r, double otherwise);

/* How many elements an array has; 0 for anything else. */
size_t reply_count(const redisReply *r);

/* The i-th element; a nil reply if there is none. Never NULL. */
const redisReply *reply_at(const redisReply *r, size_t i);

/* The value behind `name` in a flat array of names and values (HGETALL, XREADGROUP fields);
 * a nil reply if it is not there. O(n). */
const redisReply *reply_field(const redisReply *r, const char *name);

/* The same as a slice; empty if it is not there. */
struct slice reply_field_slice(const redisReply *r, const char *name);

#endif
