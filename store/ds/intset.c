#include "intset.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

struct intset_block {
    int64_t base;
    uint32_t count;
    uint8_t width;
    char bytes[]; /* at least 8 bytes stand in front of it, which distance_at relies on */
};

static uint32_t width_of(uint64_t distance)
{
    uint32_t width = 1;
    while (width < 8 && distance >> (8 * width) != 0)
        width++;
    return width;
}

static uint64_t distance_of(const struct intset_block *b, int64_t n)
{
    return (uint64_t)n - (uint64_t)b->base;
}

/* Reads the 8 bytes that end with the i-th distance, of which it is the upper ones. */
static inline uint64_t distance_at(const struct intset_block *b, uint32_t i)
{
    uint64_t n = 0;
    const char *end =
        (const char *)b + offsetof(struct intset_block, bytes) + ((size_t)i + 1) * b->width;
    memcpy(&n, end - sizeof n, sizeof n);
    return n >> (8 * (sizeof n - b->width));
}

static void write_at(struct intset_block *b, uint32_t i, uint64_t distance)
{
    memcpy(b->bytes + (size_t)i * b->width, &distance, b->width);
}

static size_t size_of(uint32_t count, uint32_t width)
{
    return offsetof(struct intset_block, bytes) + (size_t)count * width;
}

uint32_t intset_count(const struct intset *s)
{
    return s->block == NULL ? 0 : s->block->count;
}

int64_t intset_at(const struct intset *s, uint32_t i)
{
    must(i < intset_count(s));
    return (int64_t)((uint64_t)s->block->base + distance_at(s->block, i));
}

/* The first place whose number is not below n. */
static uint32_t lower_bound(const struct intset_block *b, int64_t n)
{
    if (n < b->base) return 0;
    uint64_t distance = distance_of(b, n);
    uint32_t from = 0, to = b->count;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (distance_at(b, mid) < distance)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static bool is_at(const struct intset *s, uint32_t i, int64_t n)
{
    return i < intset_count(s) && intset_at(s, i) == n;
}

bool intset_has(const struct intset *s, int64_t n)
{
    return s->block != NULL && is_at(s, lower_bound(s->block, n), n);
}

/* Puts the numbers on another base, with room for one more that is `distance` above it. */
static void rebase(struct intset *s, int64_t base, uint64_t distance)
{
    const struct intset_block *old = s->block;
    uint32_t count = intset_count(s);
    uint64_t last = count > 0 ? (uint64_t)intset_at(s, count - 1) - (uint64_t)base : 0;
    uint32_t width = width_of(last > distance ? last : distance);
    struct intset_block *b = mem_alloc(size_of(count + 1, width));
    b->base = base;
    b->count = count;
    b->width = (uint8_t)width;
    for (uint32_t i = 0; i < count; i++)
        write_at(b, i, (uint64_t)intset_at(s, i) - (uint64_t)base);
    mem_free((void *)(uintptr_t)old);
    s->block = b;
}

/* Room for n as one more number. */
static void make_room(struct intset *s, int64_t n)
{
    struct intset_block *b = s->block;
    if (b == NULL)
        rebase(s, n, 0);
    else if (n < b->base)
        rebase(s, n, 0);
    else if (width_of(distance_of(b, n)) > b->width)
        rebase(s, intset_at(s, 0), (uint64_t)n - (uint64_t)intset_at(s, 0));
    else
        s->block = mem_realloc(b, size_of(b->count + 1, b->width));
}

bool intset_add(struct intset *s, int64_t n)
{
    uint32_t i = s->block == NULL ? 0 : lower_bound(s->block, n);
    if (is_at(s, i, n)) return false;
    must(intset_count(s) < UINT32_MAX - 1);
    make_room(s, n);
    struct intset_block *b = s->block;
    size_t w = b->width;
    memmove(b->bytes + (i + 1) * w, b->bytes + i * w, (b->count - i) * w);
    write_at(b, i, distance_of(b, n));
    b->count++;
    return true;
}

bool intset_del(struct intset *s, int64_t n)
{
    struct intset_block *b = s->block;
    if (b == NULL) return false;
    uint32_t i = lower_bound(b, n);
    if (!is_at(s, i, n)) return false;
    if (b->count == 1) {
        intset_fini(s);
        return true;
    }
    size_t w = b->width;
    memmove(b->bytes + i * w, b->bytes + (i + 1) * w, (b->count - i - 1) * w);
    b->count--;
    s->block = mem_realloc(b, size_of(b->count, b->width));
    return true;
}

size_t intset_memory(const struct intset *s)
{
    return s->block == NULL ? 0 : mem_size(s->block);
}

void intset_fini(struct intset *s)
{
    if (s == NULL) return;
    mem_free(s->block);
    *s = (struct intset){0};
}

void intset_check(const struct intset *s)
{
    const struct intset_block *b = s->block;
    if (b == NULL) return;
    must(b->count > 0);
    must(b->width >= 1 && b->width <= 8);
    must(size_of(b->count, b->width) <= mem_size(b));
    must(b->base <= intset_at(s, 0));
    for (uint32_t i = 1; i < b->count; i++)
        must(intset_at(s, i - 1) < intset_at(s, i));
}
