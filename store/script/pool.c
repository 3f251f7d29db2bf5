#include "pool.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdbool.h>
#include <string.h>

static bool is_small(size_t size)
{
    return size > 0 && size <= (size_t)POOL_STEP * POOL_CLASSES;
}

static size_t class_of(size_t size)
{
    return (size - 1) / POOL_STEP;
}

static size_t class_bytes(size_t class)
{
    return (class + 1) * POOL_STEP;
}

static void *take(struct pool *pool, size_t size)
{
    if (!is_small(size)) return mem_alloc(size);
    size_t class = class_of(size);
    void *p = pool->kept[class];
    if (p == NULL) return mem_alloc(class_bytes(class));
    memcpy(&pool->kept[class], p, sizeof(void *));
    pool->kept_bytes -= class_bytes(class);
    return p;
}

static void give(struct pool *pool, void *p, size_t size)
{
    if (p == NULL) return;
    size_t class = class_of(size);
    if (!is_small(size) || pool->kept_bytes + class_bytes(class) > POOL_KEPT_MAX) {
        mem_free(p);
        return;
    }
    memcpy(p, &pool->kept[class], sizeof(void *));
    pool->kept[class] = p;
    pool->kept_bytes += class_bytes(class);
}

void *pool_resize(struct pool *pool, void *p, size_t old, size_t size)
{
    must(p == NULL || old > 0);
    if (size == 0) {
        give(pool, p, old);
        return NULL;
    }
    if (p == NULL) return take(pool, size);
    if (is_small(old) && is_small(size) && class_of(old) == class_of(size)) return p;
    if (!is_small(old) && !is_small(size)) return mem_realloc(p, size);
    void *to = take(pool, size);
    memcpy(to, p, old < size ? old : size);
    give(pool, p, old);
    return to;
}

void pool_fini(struct pool *pool)
{
    for (size_t i = 0; i < POOL_CLASSES; i++) {
        for (void *p = pool->kept[i], *next; p != NULL; p = next) {
            memcpy(&next, p, sizeof next);
            mem_free(p);
        }
    }
    *pool = (struct pool){0};
}
