#include "idset.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

enum { LIST_MAX = 4096, WORDS = 1024 };

static bool is_list(const struct idset_part *p)
{
    return p->n <= LIST_MAX;
}

/* The first part whose high is >= h. */
static uint32_t part_at(const struct idset *s, uint16_t h)
{
    uint32_t lo = 0;
    uint32_t hi = s->part_count;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (s->parts[mid].high < h)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Where no part is missing before it, a part stands at its own number. */
static struct idset_part *part_find(const struct idset *s, uint16_t h)
{
    uint32_t i = h < s->part_count && s->parts[h].high == h ? h : part_at(s, h);
    return i < s->part_count && s->parts[i].high == h ? &s->parts[i] : NULL;
}

/* The first place of a list that holds >= low. */
static uint32_t list_at(const uint16_t *list, uint32_t n, uint16_t low)
{
    uint32_t lo = 0;
    uint32_t hi = n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (list[mid] < low)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint64_t bit_of(uint16_t low)
{
    return UINT64_C(1) << (low & 63);
}

void idset_fini(struct idset *s)
{
    for (uint32_t i = 0; i < s->part_count; i++)
        mem_free(s->parts[i].ids);
    mem_free(s->parts);
    *s = (struct idset){0};
}

bool idset_has(const struct idset *s, uint32_t id)
{
    const struct idset_part *p = part_find(s, (uint16_t)(id >> 16));
    if (p == NULL) return false;
    uint16_t low = (uint16_t)id;
    if (!is_list(p)) return (((const uint64_t *)p->ids)[low >> 6] & bit_of(low)) != 0;
    const uint16_t *list = p->ids;
    uint32_t at = list_at(list, p->n, low);
    return at < p->n && list[at] == low;
}

uint32_t idset_keep(const struct idset *s, uint32_t *ids, uint32_t n)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = ids[i];
        ids[left] = id;
        left += idset_has(s, id);
    }
    return left;
}

static struct idset_part *part_make(struct idset *s, uint16_t high)
{
    uint32_t i = part_at(s, high);
    if (i < s->part_count && s->parts[i].high == high) return &s->parts[i];
    if (s->part_count == s->part_cap) {
        s->part_cap = s->part_cap == 0 ? 1 : s->part_cap * 2;
        s->parts = mem_realloc(s->parts, s->part_cap * sizeof s->parts[0]);
    }
    memmove(&s->parts[i + 1], &s->parts[i], (s->part_count - i) * sizeof s->parts[0]);
    s->part_count++;
    s->parts[i] = (struct idset_part){.high = high};
    return &s->parts[i];
}

static void list_to_bits(struct idset_part *p)
{
    const uint16_t *list = p->ids;
    uint64_t *bits = mem_array(WORDS, uint64_t);
    for (uint32_t i = 0; i < p->n; i++)
        bits[list[i] >> 6] |= bit_of(list[i]);
    mem_free(p->ids);
    p->ids = bits;
    p->cap = 0;
}

static void bits_to_list(struct idset_part *p)
{
    const uint64_t *bits = p->ids;
    uint16_t *list = mem_alloc(LIST_MAX * sizeof *list);
    uint32_t n = 0;
    for (uint32_t w = 0; w < WORDS; w++)
        for (uint64_t left = bits[w]; left != 0; left &= left - 1)
            list[n++] = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(left));
    must(n == p->n);
    mem_free(p->ids);
    p->ids = list;
    p->cap = LIST_MAX;
}

static bool list_add(struct idset_part *p, uint16_t low)
{
    uint16_t *list = p->ids;
    uint32_t at = p->n > 0 && list[p->n - 1] < low ? p->n : list_at(list, p->n, low);
    if (at < p->n && list[at] == low) return false;
    if (p->n == p->cap) {
        uint32_t cap = p->cap == 0 ? 4 : p->cap * 2U;
        p->cap = (uint16_t)(cap > LIST_MAX ? LIST_MAX : cap);
        p->ids = list = mem_realloc(list, p->cap * sizeof *list);
    }
    memmove(&list[at + 1], &list[at], (p->n - at) * sizeof *list);
    list[at] = low;
    p->n++;
    return true;
}

bool idset_add(struct idset *s, uint32_t id)
{
    must(id != IDSET_NONE);
    struct idset_part *p = part_make(s, (uint16_t)(id >> 16));
    uint16_t low = (uint16_t)id;
    if (p->n < LIST_MAX) {
        if (!list_add(p, low)) return false;
    } else {
        if (idset_has(s, id)) return false;
        if (p->n == LIST_MAX) list_to_bits(p);
        ((uint64_t *)p->ids)[low >> 6] |= bit_of(low);
        p->n++;
    }
    s->count++;
    return true;
}

bool idset_del(struct idset *s, uint32_t id)
{
    if (!idset_has(s, id)) return false;
    uint32_t i = part_at(s, (uint16_t)(id >> 16));
    struct idset_part *p = &s->parts[i];
    uint16_t low = (uint16_t)id;
    if (is_list(p)) {
        uint16_t *list = p->ids;
        uint32_t at = list_at(list, p->n, low);
        memmove(&list[at], &list[at + 1], (p->n - at - 1) * sizeof *list);
        p->n--;
    } else {
        ((uint64_t *)p->ids)[low >> 6] &= ~bit_of(low);
        p->n--;
        if (p->n == LIST_MAX) bits_to_list(p);
    }
    s->count--;
    if (p->n > 0) return true;
    mem_free(p->ids);
    s->part_count--;
    memmove(&s->parts[i], &s->parts[i + 1], (s->part_count - i) * sizeof s->parts[0]);
    return true;
}

/* The least of the part's low bits >= from; 65536 when there is none. */
static uint32_t part_next(const struct idset_part *p, uint32_t from)
{
    if (is_list(p)) {
        const uint16_t *list = p->ids;
        uint32_t at = list_at(list, p->n, (uint16_t)from);
        return at < p->n ? list[at] : 65536;
    }
    const uint64_t *bits = p->ids;
    uint32_t w = from >> 6;
    uint64_t left = bits[w] & ~(bit_of((uint16_t)from) - 1);
    while (left == 0) {
        if (++w == WORDS) return 65536;
        left = bits[w];
    }
    return w * 64 + (uint32_t)__builtin_ctzll(left);
}

uint32_t idset_next(const struct idset *s, uint32_t from)
{
    uint16_t high = (uint16_t)(from >> 16);
    uint32_t low = from & 0xffff;
    for (uint32_t i = part_at(s, high); i < s->part_count; i++, low = 0) {
        const struct idset_part *p = &s->parts[i];
        uint32_t found = part_next(p, p->high == high ? low : 0);
        if (found < 65536) return (uint32_t)p->high << 16 | found;
    }
    return IDSET_NONE;
}

uint32_t idset_at(const struct idset *s, uint32_t rank)
{
    must(rank < s->count);
    uint32_t i = 0;
    for (; rank >= s->parts[i].n; i++)
        rank -= s->parts[i].n;
    const struct idset_part *p = &s->parts[i];
    uint32_t high = (uint32_t)p->high << 16;
    if (is_list(p)) return high | ((const uint16_t *)p->ids)[rank];
    const uint64_t *bits = p->ids;
    uint32_t w = 0;
    for (uint32_t n = 0; (n = (uint32_t)__builtin_popcountll(bits[w])) <= rank; w++)
        rank -= n;
    uint64_t left = bits[w];
    for (; rank > 0; rank--)
        left &= left - 1;
    return high | (w * 64 + (uint32_t)__builtin_ctzll(left));
}

size_t idset_memory(const struct idset *s)
{
    size_t bytes = mem_size(s->parts);
    for (uint32_t i = 0; i < s->part_count; i++)
        bytes += mem_size(s->parts[i].ids);
    return bytes;
}

void idset_check(const struct idset *s)
{
    uint64_t count = 0;
    must(s->part_count <= s->part_cap || s->parts == NULL);
    for (uint32_t i = 0; i < s->part_count; i++) {
        const struct idset_part *p = &s->parts[i];
        must(p->n > 0);
        must(i == 0 || s->parts[i - 1].high < p->high);
        count += p->n;
        if (is_list(p)) {
            const uint16_t *list = p->ids;
            must(p->n <= p->cap);
            for (uint32_t k = 1; k < p->n; k++)
                must(list[k - 1] < list[k]);
            continue;
        }
        uint32_t n = 0;
        for (uint32_t w = 0; w < WORDS; w++)
            n += (uint32_t)__builtin_popcountll(((const uint64_t *)p->ids)[w]);
        must(n == p->n);
    }
    must(count == s->count);
}
