#include "arena.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_BLOCK = 8192, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next; /* owned */
    size_t size;
    _Alignas(ARENA_ALIGN) char bytes[];
};

static void grow(struct arena *a, size_t n)
{
    size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
    struct arena_block *b = mem_alloc(sizeof *b + size);
    b->size = size;
    b->next = a->block;
    a->block = b;
    a->at = b->bytes;
    a->left = size;
}

void *arena_alloc(struct arena *a, size_t n)
{
    must(n <= SIZE_MAX / 2);
    n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (a->left < n || a->block == NULL) grow(a, n);
    void *p = a->at;
    a->at += n;
    a->left -= n;
    return p;
}

void *arena_zero(struct arena *a, size_t n, size_t size)
{
    must(size == 0 || n <= SIZE_MAX / 2 / size);
    void *p = arena_alloc(a, n * size);
    memset(p, 0, n * size);
    return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.len + 1);
    if (s.len > 0) memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct slice){p, s.len};
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    must(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    (void)vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return (struct slice){p, (size_t)n};
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = NULL;
    while (a->block != NULL) {
        struct arena_block *b = a->block;
        a->block = b->next;
        if (keep == NULL && b->size == ARENA_BLOCK)
            keep = b;
        else
            mem_free(b);
    }
    a->at = NULL;
    a->left = 0;
    if (keep == NULL) return;
    keep->next = NULL;
    a->block = keep;
    a->at = keep->bytes;
    a->left = keep->size;
}

void arena_fini(struct arena *a)
{
    if (a == NULL) return;
    while (a->block != NULL) {
        struct arena_block *b = a->block;
        a->block = b->next;
        mem_free(b);
    }
    *a = (struct arena){0};
}
