#include "mem.h"

#include "base/must.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t used;
static atomic_size_t peak;

static void *counted(void *p, size_t n)
{
    must(p != NULL || n == 0); /* out of memory */
    size_t size = malloc_usable_size(p);
    size_t now = atomic_fetch_add_explicit(&used, size, memory_order_relaxed) + size;
    if (size >= 1024 && now > atomic_load_explicit(&peak, memory_order_relaxed))
        atomic_store_explicit(&peak, now, memory_order_relaxed);
    return p;
}

static void uncount(void *p)
{
    atomic_fetch_sub_explicit(&used, malloc_usable_size(p), memory_order_relaxed);
}

void *mem_alloc(size_t n)
{
    return counted(malloc(n > 0 ? n : 1), n);
}

void *mem_calloc(size_t n, size_t size)
{
    must(size == 0 || n <= SIZE_MAX / size);
    size_t bytes = n * size;
    return counted(calloc(1, bytes > 0 ? bytes : 1), bytes);
}

void *mem_realloc(void *p, size_t n)
{
    if (p != NULL) uncount(p);
    return counted(realloc(p, n > 0 ? n : 1), n);
}

void *mem_dup(const void *p, size_t n)
{
    void *copy = mem_alloc(n);
    if (n > 0) memcpy(copy, p, n);
    return copy;
}

void mem_free(void *p)
{
    if (p == NULL) return;
    uncount(p);
    free(p);
}

size_t mem_size(const void *p)
{
    return malloc_usable_size((void *)(uintptr_t)p);
}

size_t mem_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}

size_t mem_peak(void)
{
    size_t now = mem_used();
    size_t top = atomic_load_explicit(&peak, memory_order_relaxed);
    return now > top ? now : top;
}
