/* pool: small blocks of a Lua state, kept for the next of their size.
 *
 * Why: each call of a script makes a dozen strings, tables and closures and drops them again. Lua says
 * how long a block is that it gives back, so a list a size is all there is to know, and malloc is left
 * out of it.
 *
 * Layout:      kept[i] = a list of blocks of 16 * (i + 1) bytes, linked through their first word
 * Invariants:  no more than POOL_KEPT_MAX bytes are kept.
 * Cost:        O(1).
 * Owner:       one Lua state.
 */
#ifndef HANSOM_STORE_SCRIPT_POOL_H
#define HANSOM_STORE_SCRIPT_POOL_H

#include <stddef.h>

enum { POOL_STEP = 16, POOL_CLASSES = 16, POOL_KEPT_MAX = 64 * 1024 };

struct pool {
    void *kept[POOL_CLASSES]; /* owned */
    size_t kept_bytes;
};

/* Gives the block p of `old` bytes another size, as realloc does; p is NULL for a new one, and size is
 * 0 to give it back. Never NULL for a size above 0. */
void *pool_resize(struct pool *pool, void *p, size_t old, size_t size);

/* Frees what is kept. */
void pool_fini(struct pool *pool);

#endif
