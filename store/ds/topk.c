#include "topk.h"

#include "base/arena.h"
#include "base/mem.h"
#include "store/ds/rdb.h"
#include "store/ds/twohash.h"

#include <math.h>
#include <stdlib.h>

struct cell {
    uint32_t print, count; /* count 0: free */
};

struct best {
    uint32_t count, print;
    size_t len;
    char *name; /* owned; NULL of a place that is free */
};

struct topk {
    uint32_t k, width, depth;
    double decay, log_decay;
    uint64_t chance;    /* the state of splitmix64 */
    struct cell *cells; /* owned */
    struct best *heap;  /* owned; k of them, least count first */
};

/* Uniform in (0, 1]. From: S. Vigna, splitmix64. */
static double draw(struct topk *t)
{
    t->chance += 0x9e3779b97f4a7c15U;
    uint64_t z = t->chance;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return ((double)(z >> 11) + 1) * 0x1p-53;
}

struct topk *topk_new(uint32_t k, uint32_t width, uint32_t depth, double decay)
{
    must(decay > 0 && decay <= 1);
    if (k == 0 || width == 0 || depth == 0 || depth > TOPK_DEPTH_MAX) return NULL;
    uint64_t bytes =
        (uint64_t)k * sizeof(struct best) + (uint64_t)width * depth * sizeof(struct cell);
    if (bytes > TOPK_BYTES_MAX) return NULL;
    struct topk *t = mem_new(struct topk);
    t->k = k;
    t->width = width;
    t->depth = depth;
    t->decay = decay;
    t->log_decay = log(decay);
    t->cells = mem_array((size_t)width * depth, struct cell);
    t->heap = mem_array(k, struct best);
    return t;
}

void topk_free(struct topk *t)
{
    if (t == NULL) return;
    for (uint32_t i = 0; i < t->k; i++)
        mem_free(t->heap[i].name);
    mem_free(t->heap);
    mem_free(t->cells);
    mem_free(t);
}

struct topk *topk_copy(const struct topk *t)
{
    struct topk *copy = mem_dup(t, sizeof *t);
    copy->cells = mem_dup(t->cells, (size_t)t->width * t->depth * sizeof *t->cells);
    copy->heap = mem_dup(t->heap, t->k * sizeof *t->heap);
    for (uint32_t i = 0; i < t->k; i++)
        if (t->heap[i].name != NULL) copy->heap[i].name = mem_dup(t->heap[i].name, t->heap[i].len);
    return copy;
}

/* --- the heap --- */

static void sift_down(struct topk *t, uint32_t at)
{
    struct best moving = t->heap[at];
    for (uint32_t child = at; (uint64_t)at * 2 + 1 < t->k; at = child) {
        child = at * 2 + 1;
        if (child + 1 < t->k && t->heap[child + 1].count < t->heap[child].count) child++;
        if (t->heap[child].count >= moving.count) break;
        t->heap[at] = t->heap[child];
    }
    t->heap[at] = moving;
}

static void sift_up(struct topk *t, uint32_t at)
{
    struct best moving = t->heap[at];
    for (; at > 0 && t->heap[(at - 1) / 2].count > moving.count; at = (at - 1) / 2)
        t->heap[at] = t->heap[(at - 1) / 2];
    t->heap[at] = moving;
}

static struct best *heap_find(const struct topk *t, struct slice item, uint32_t print)
{
    for (uint32_t i = 0; i < t->k; i++) {
        struct best *b = &t->heap[i];
        if (b->print == print && b->name != NULL && slice_eq(slice_make(b->name, b->len), item))
            return b;
    }
    return NULL;
}

/* Gives the item its count in the heap; true with the name that had to go for it. */
static bool heap_put(struct topk *t, struct slice item, uint32_t print, uint32_t count,
                     struct buf *out)
{
    struct best *b = heap_find(t, item, print);
    if (b != NULL) {
        uint32_t at = (uint32_t)(b - t->heap);
        bool more = count > b->count;
        b->count = count;
        if (more)
            sift_down(t, at);
        else
            sift_up(t, at);
        return false;
    }
    struct best old = t->heap[0];
    t->heap[0] =
        (struct best){.count = count, .print = print, .len = item.len, .name = mem_alloc(item.len)};
    if (item.len > 0) memcpy(t->heap[0].name, item.p, item.len);
    sift_down(t, 0);
    if (old.name == NULL) return false;
    *out = (struct buf){.p = old.name, .len = old.len, .cap = old.len};
    return true;
}

/* --- the cells --- */

/* Wears the cell down by n sights of another item; when it reaches zero, that item takes it with
 * what is left of n. Each sight takes one away with chance decay^count, so the number of sights
 * until the next one does is geometric and drawn at once. */
static void wear(struct topk *t, struct cell *cell, uint32_t print, uint32_t n)
{
    while (n > 0) {
        double p = exp(t->log_decay * cell->count);
        double misses = p < 1 ? floor(log(draw(t)) / log1p(-p)) : 0;
        if (!(misses < n)) return;
        n -= (uint32_t)misses;
        if (--cell->count == 0) {
            *cell = (struct cell){.print = print, .count = n};
            return;
        }
        n--;
    }
}

static struct cell *cell_at(const struct topk *t, struct twohash h, uint32_t row)
{
    return &t->cells[(size_t)row * t->width + twohash_below(h, row, t->width)];
}

static uint32_t print_of(struct twohash h)
{
    return (uint32_t)(h.b >> 16);
}

bool topk_add(struct topk *t, struct slice item, uint32_t n, struct buf *out)
{
    must(item.len <= TOPK_ITEM_MAX);
    struct twohash h = twohash_of(item);
    uint32_t print = print_of(h), most = 0;
    if (n == 0) return false;
    for (uint32_t row = 0; row < t->depth; row++) {
        struct cell *cell = cell_at(t, h, row);
        if (cell->count == 0)
            *cell = (struct cell){.print = print, .count = n};
        else if (cell->print == print)
            cell->count = n > UINT32_MAX - cell->count ? UINT32_MAX : cell->count + n;
        else
            wear(t, cell, print, n);
        if (cell->print == print && cell->count > most) most = cell->count;
    }
    if (most == 0 || most < t->heap[0].count) return false;
    return heap_put(t, item, print, most, out);
}

bool topk_has(const struct topk *t, struct slice item)
{
    return heap_find(t, item, print_of(twohash_of(item))) != NULL;
}

uint32_t topk_count(const struct topk *t, struct slice item)
{
    struct twohash h = twohash_of(item);
    uint32_t most = 0;
    for (uint32_t row = 0; row < t->depth; row++) {
        const struct cell *cell = cell_at(t, h, row);
        if (cell->print == print_of(h) && cell->count > most) most = cell->count;
    }
    return most;
}

static int by_count(const void *a, const void *b)
{
    const struct topk_item *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return slice_cmp(x->name, y->name);
}

uint32_t topk_list(const struct topk *t, struct topk_item *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->k; i++) {
        const struct best *b = &t->heap[i];
        if (b->name == NULL) continue;
        out[n++] = (struct topk_item){.name = slice_make(b->name, b->len), .count = b->count};
    }
    qsort(out, n, sizeof *out, by_count);
    return n;
}

uint32_t topk_k(const struct topk *t)
{
    return t->k;
}

uint32_t topk_width(const struct topk *t)
{
    return t->width;
}

uint32_t topk_depth(const struct topk *t)
{
    return t->depth;
}

double topk_decay(const struct topk *t)
{
    return t->decay;
}

size_t topk_memory(const struct topk *t)
{
    size_t n = mem_size(t) + mem_size(t->cells) + mem_size(t->heap);
    for (uint32_t i = 0; i < t->k; i++)
        n += mem_size(t->heap[i].name);
    return n;
}

/* --- bytes --- */

void topk_save(const struct topk *t, struct buf *out)
{
    rdb_add_length(out, t->k);
    rdb_add_length(out, t->width);
    rdb_add_length(out, t->depth);
    rdb_add_double(out, t->decay);
    rdb_add_length(out, t->chance);
    for (size_t i = 0; i < (size_t)t->width * t->depth; i++) {
        rdb_add_length(out, t->cells[i].count);
        if (t->cells[i].count > 0) rdb_add_length(out, t->cells[i].print);
    }
    for (uint32_t i = 0; i < t->k; i++) { /* in the heap's order */
        rdb_add_length(out, t->heap[i].count);
        if (t->heap[i].name != NULL)
            rdb_add_string(out, slice_make(t->heap[i].name, t->heap[i].len));
    }
}

static bool load_cells(struct topk *t, struct slice *in)
{
    for (size_t i = 0; i < (size_t)t->width * t->depth; i++) {
        uint64_t count = 0, print = 0;
        if (!rdb_length(in, &count) || count > UINT32_MAX) return false;
        if (count > 0 && (!rdb_length(in, &print) || print > UINT32_MAX)) return false;
        t->cells[i] = (struct cell){.print = (uint32_t)print, .count = (uint32_t)count};
    }
    return true;
}

static int by_print(const void *a, const void *b)
{
    const struct best *x = *(const struct best *const *)a, *y = *(const struct best *const *)b;
    if (x->print != y->print) return x->print < y->print ? -1 : 1;
    return slice_cmp(slice_make(x->name, x->len), slice_make(y->name, y->len));
}

static bool names_differ(const struct topk *t, struct arena *arena)
{
    const struct best **sorted = arena_array(arena, t->k, const struct best *);
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->k; i++)
        if (t->heap[i].name != NULL) sorted[n++] = &t->heap[i];
    qsort(sorted, n, sizeof *sorted, by_print);
    for (uint32_t i = 1; i < n; i++)
        if (by_print(&sorted[i - 1], &sorted[i]) == 0) return false;
    return true;
}

static bool load_heap(struct topk *t, struct slice *in, struct arena *arena)
{
    for (uint32_t i = 0; i < t->k; i++) {
        uint64_t count = 0;
        struct slice name = {0};
        if (!rdb_length(in, &count) || count > UINT32_MAX) return false;
        if (i > 0 && count < t->heap[(i - 1) / 2].count) return false;
        if (count == 0) continue;
        if (!rdb_string(in, arena, &name) || name.len > TOPK_ITEM_MAX) return false;
        t->heap[i] = (struct best){.count = (uint32_t)count,
                                   .print = print_of(twohash_of(name)),
                                   .len = name.len,
                                   .name = mem_alloc(name.len)};
        if (name.len > 0) memcpy(t->heap[i].name, name.p, name.len);
    }
    return names_differ(t, arena);
}

struct topk *topk_load(struct slice bytes)
{
    uint64_t k = 0, width = 0, depth = 0, chance = 0;
    double decay = 0;
    if (!rdb_length(&bytes, &k) || !rdb_length(&bytes, &width) || !rdb_length(&bytes, &depth) ||
        !rdb_double(&bytes, &decay) || !rdb_length(&bytes, &chance))
        return NULL;
    if (!(decay > 0 && decay <= 1) || k > bytes.len || width > bytes.len || depth > bytes.len)
        return NULL;
    struct topk *t = topk_new((uint32_t)k, (uint32_t)width, (uint32_t)depth, decay);
    if (t == NULL) return NULL;
    t->chance = chance;
    struct arena arena = {0};
    bool ok = load_cells(t, &bytes) && load_heap(t, &bytes, &arena) && bytes.len == 0;
    arena_fini(&arena);
    if (ok) return t;
    topk_free(t);
    return NULL;
}

void topk_check(const struct topk *t)
{
    for (uint32_t i = 0; i < t->k; i++) {
        const struct best *b = &t->heap[i];
        must(i == 0 || b->count >= t->heap[(i - 1) / 2].count);
        must((b->name == NULL) == (b->count == 0));
        if (b->name != NULL) must(heap_find(t, slice_make(b->name, b->len), b->print) == b);
    }
}
