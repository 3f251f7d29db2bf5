/* lifecycle_call: one call of a function of the lifecycle library, on its way to the store and back.
 *
 * Why: what each function takes is lifecycle.c's; how a call travels is the same for all: it is kept
 * whole until it is answered, and where the library is missing or old, that is loaded first.
 *
 * Owner: a call belongs to its lifecycle from call_send on, and is freed once cb has run.
 */
#ifndef HANSOM_LIFECYCLE_CALL_H
#define HANSOM_LIFECYCLE_CALL_H

#include "services/kit/lifecycle.h"

struct call;

/* A call of function `name` (with its _v1) for a region; a region that is none of ours gets one
 * where nothing exists. */
struct call *call_new(struct lifecycle *l, const char *name, struct slice region, life_cb cb,
                      void *data);

/* The call is about one more ride, which gets its own part of the answer, with this data. */
void call_ride(struct call *c, void *data);

/* Adds an argument; the bytes are copied. */
void call_arg(struct call *c, struct slice s);
void call_i64(struct call *c, int64_t n);
void call_i64_or(struct call *c, int64_t n, int64_t none); /* an empty one when n is none */
void call_degrees(struct call *c, double degrees);         /* an empty one for NaN */

/* Adds two: a name and its value. */
void call_field(struct call *c, const char *name, struct slice value);
void call_field_i64(struct call *c, const char *name, int64_t value);
void call_field_degrees(struct call *c, const char *name, double value);

void call_send(struct call *c);

#endif
