/* mem: heap memory that is counted and never NULL.
 *
 * Why: an allocation that fails in the middle of a write would leave half a
 * write behind, so running out of memory aborts. What strangers can grow is
 * bounded by limits above this layer instead; the store's maxmemory reads the
 * count kept here.
 *
 * Cost: malloc plus one relaxed atomic add of the block's usable size.
 */
#ifndef HANSOM_BASE_MEM_H
#define HANSOM_BASE_MEM_H

#include <stddef.h>

/* n bytes, not zeroed. n may be 0. Never NULL. */
void *mem_alloc(size_t n);

/* n * size bytes, zeroed. Aborts on overflow. */
void *mem_calloc(size_t n, size_t size);

/* Grows or shrinks p (which may be NULL) to n bytes. */
void *mem_realloc(void *p, size_t n);

/* A copy of n bytes at p. */
void *mem_dup(const void *p, size_t n);

/* Frees p; NULL is fine. */
void mem_free(void *p);

/* What the allocator really set aside for p, in bytes; 0 for NULL. */
size_t mem_size(const void *p);

/* Bytes in use by all blocks of this process, as the allocator rounds them. */
size_t mem_used(void);

/* The highest mem_used() seen so far (sampled when blocks of 1 KiB or more are made). */
size_t mem_peak(void);

#define mem_new(type)      ((type *)mem_calloc(1, sizeof(type)))
#define mem_array(n, type) ((type *)mem_calloc((n), sizeof(type)))

#endif
