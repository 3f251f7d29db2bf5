#include "intset.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

static uint32_t width_of(int64_t n)
{
    if (n >= INT16_MIN && n <= INT16_MAX) return 2;
    return n >= INT32_MIN && n <= INT32_MAX ? 4 : 8;
}

static int64_t read_at(const char *p, uint32_t width, uint32_t i)
{
    int16_t n2 = 0;
    int32_t n4 = 0;
    int64_t n8 = 0;
    switch (width) {
    case 2:
        memcpy(&n2, p + (size_t)i * 2, 2);
        return n2;
    case 4:
        memcpy(&n4, p + (size_t)i * 4, 4);
        return n4;
    default:
        memcpy(&n8, p + (size_t)i * 8, 8);
        return n8;
    }
}

static void write_at(char *p, uint32_t width, uint32_t i, int64_t n)
{
    int16_t n2 = (int16_t)n;
    int32_t n4 = (int32_t)n;
    switch (width) {
    case 2:
        memcpy(p + (size_t)i * 2, &n2, 2);
        break;
    case 4:
        memcpy(p + (size_t)i * 4, &n4, 4);
        break;
    default:
        memcpy(p + (size_t)i * 8, &n, 8);
        break;
    }
}

int64_t intset_at(const struct intset *s, uint32_t i)
{
    must(i < s->count);
    return read_at(s->p, s->width, i);
}

/* The first place whose number is not below n. */
static uint32_t lower_bound(const struct intset *s, int64_t n)
{
    uint32_t from = 0, to = s->count;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (read_at(s->p, s->width, mid) < n)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static bool is_at(const struct intset *s, uint32_t i, int64_t n)
{
    return i < s->count && read_at(s->p, s->width, i) == n;
}

bool intset_has(const struct intset *s, int64_t n)
{
    return is_at(s, lower_bound(s, n), n);
}

static void widen(struct intset *s, uint32_t width)
{
    char *p = mem_alloc((size_t)(s->count + 1) * width);
    for (uint32_t i = 0; i < s->count; i++)
        write_at(p, width, i, read_at(s->p, s->width, i));
    mem_free(s->p);
    s->p = p;
    s->width = width;
}

bool intset_add(struct intset *s, int64_t n)
{
    uint32_t i = lower_bound(s, n);
    if (is_at(s, i, n)) return false;
    must(s->count < UINT32_MAX - 1);
    if (width_of(n) > s->width)
        widen(s, width_of(n));
    else
        s->p = mem_realloc(s->p, (size_t)(s->count + 1) * s->width);
    size_t w = s->width;
    memmove(s->p + (i + 1) * w, s->p + i * w, (s->count - i) * w);
    write_at(s->p, s->width, i, n);
    s->count++;
    return true;
}

bool intset_del(struct intset *s, int64_t n)
{
    uint32_t i = lower_bound(s, n);
    if (!is_at(s, i, n)) return false;
    size_t w = s->width;
    memmove(s->p + i * w, s->p + (i + 1) * w, (s->count - i - 1) * w);
    s->count--;
    return true;
}

void intset_fini(struct intset *s)
{
    if (s == NULL) return;
    mem_free(s->p);
    *s = (struct intset){0};
}

void intset_check(const struct intset *s)
{
    must(s->count == 0 || s->p != NULL);
    must(s->count == 0 || s->width == 2 || s->width == 4 || s->width == 8);
    for (uint32_t i = 1; i < s->count; i++)
        must(intset_at(s, i - 1) < intset_at(s, i));
}
