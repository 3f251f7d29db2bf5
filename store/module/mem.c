/* base/mem.h over the server's allocator, so that its INFO memory, maxmemory and eviction know of
 * what the families hold. */
#include "base/mem.h"

#include "base/must.h"
#include "store/module/api.h"

#include <stdint.h>
#include <string.h>

void *mem_alloc(size_t n)
{
    return rm_Alloc(n == 0 ? 1 : n);
}

void *mem_calloc(size_t n, size_t size)
{
    must(size == 0 || n <= SIZE_MAX / size);
    return n == 0 || size == 0 ? rm_Calloc(1, 1) : rm_Calloc(n, size);
}

void *mem_realloc(void *p, size_t n)
{
    return rm_Realloc(p, n == 0 ? 1 : n);
}

void *mem_dup(const void *p, size_t n)
{
    void *copy = mem_alloc(n);
    if (n > 0) memcpy(copy, p, n);
    return copy;
}

void mem_free(void *p)
{
    rm_Free(p);
}

size_t mem_size(const void *p)
{
    return p == NULL ? 0 : rm_MallocSize((void *)(uintptr_t)p);
}
