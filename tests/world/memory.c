/* memory: base/mem.h with an owner: what a simulated process has allocated goes with it.
 *
 * Layout: a header before each block links it to its host; nature's blocks are in no list.
 */
#include "base/mem.h"
#include "base/must.h"
#include "tests/world/host.h"

#include <stdlib.h>
#include <string.h>

struct block {
    struct list link;
    size_t size;
    size_t pad;
};
_Static_assert(sizeof(struct block) % 16 == 0, "what follows must be aligned for anything");

static size_t used;

static void *block_new(struct block *b, size_t n)
{
    must(b != NULL);
    b->size = n;
    used += n;
    list_init(&b->link);
    if (world.running != NULL) list_add(&world.running->blocks, &b->link);
    return b + 1;
}

static struct block *block_of(const void *p)
{
    return (struct block *)(uintptr_t)p - 1;
}

void *mem_alloc(size_t n)
{
    return block_new(malloc(sizeof(struct block) + n), n);
}

void *mem_calloc(size_t n, size_t size)
{
    must(size == 0 || n <= (SIZE_MAX - sizeof(struct block)) / size);
    return block_new(calloc(1, sizeof(struct block) + n * size), n * size);
}

void *mem_realloc(void *p, size_t n)
{
    if (p == NULL) return mem_alloc(n);
    struct block *b = block_of(p);
    bool linked = !list_empty(&b->link);
    struct list *before = b->link.next;
    list_del(&b->link);
    used -= b->size;
    b = realloc(b, sizeof *b + n);
    must(b != NULL);
    b->size = n;
    used += n;
    list_init(&b->link);
    if (linked) list_add(before, &b->link);
    return b + 1;
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
    struct block *b = block_of(p);
    list_del(&b->link);
    used -= b->size;
    free(b);
}

size_t mem_size(const void *p)
{
    return p == NULL ? 0 : block_of(p)->size;
}

size_t mem_used(void)
{
    return used;
}

size_t mem_peak(void)
{
    return used;
}

void memory_drop(struct host *h)
{
    struct list *l = NULL;
    while ((l = list_take(&h->blocks)) != NULL) {
        struct block *b = list_entry(l, struct block, link);
        used -= b->size;
        free(b);
    }
}
