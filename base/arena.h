/* arena: memory for one command or one request, given back all at once.
 *
 * Why: handlers free nothing. What must outlive the reply is copied, visibly.
 *
 * Cost:  an allocation is a pointer bump; reset keeps one block for the next request.
 * Owner: whoever runs the request. Not shared between threads.
 */
#ifndef HANSOM_BASE_ARENA_H
#define HANSOM_BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *block; /* owned; newest first */
    char *at;                  /* free bytes of the newest block */
    size_t left;
};

/* n bytes aligned for any type, not zeroed; valid until arena_reset. Never NULL. */
void *arena_alloc(struct arena *a, size_t n);

/* n zeroed elements. Aborts on overflow: n must be bounded by the caller. */
void *arena_zero(struct arena *a, size_t n, size_t size);

/* A copy of s, followed by a NUL. */
struct slice arena_copy(struct arena *a, struct slice s);

/* A formatted string, followed by a NUL. */
struct slice arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets everything; keeps one block of the default size. */
void arena_reset(struct arena *a);

void arena_fini(struct arena *a);

#define arena_array(a, n, type) ((type *)arena_zero((a), (n), sizeof(type)))
#define arena_new(a, type)      arena_array((a), 1, type)

#endif
