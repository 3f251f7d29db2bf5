#include "countmin.h"

#include "base/mem.h"
#include "store/ds/rdb.h"
#include "store/ds/twohash.h"

#include <math.h>

static const uint64_t TOTALS = UINT64_MAX;

void countmin_size(double error, double probability, uint64_t *width, uint64_t *depth)
{
    must(error > 0 && error < 1);
    must(probability > 0 && probability < 1);
    double w = ceil(2 / error), d = ceil(log(probability) / log(0.5));
    *width = w < 0x1p62 ? (uint64_t)w : (uint64_t)1 << 62;
    *depth = d < 1 ? 1 : (uint64_t)d;
}

static uint64_t cells_of(const struct countmin *c)
{
    return c->width * c->depth;
}

struct countmin *countmin_new(uint64_t width, uint64_t depth)
{
    enum { CELLS_MAX = COUNTMIN_BYTES_MAX / sizeof(uint32_t) };
    if (width == 0 || depth == 0 || width > CELLS_MAX / depth) return NULL;
    struct countmin *c = mem_new(struct countmin);
    c->width = width;
    c->depth = depth;
    c->cells = mem_array(width * depth, uint32_t);
    return c;
}

void countmin_free(struct countmin *c)
{
    if (c == NULL) return;
    mem_free(c->cells);
    mem_free(c);
}

struct countmin *countmin_copy(const struct countmin *c)
{
    struct countmin *copy = mem_dup(c, sizeof *c);
    copy->cells = mem_dup(c->cells, cells_of(c) * sizeof *c->cells);
    return copy;
}

size_t countmin_memory(const struct countmin *c)
{
    return mem_size(c) + mem_size(c->cells);
}

uint32_t countmin_add(struct countmin *c, struct slice item, uint64_t n)
{
    struct twohash h = twohash_of(item);
    uint32_t least = UINT32_MAX;
    for (uint64_t row = 0; row < c->depth; row++) {
        uint32_t *cell = &c->cells[row * c->width + twohash_below(h, row, c->width)];
        *cell = n > UINT32_MAX - *cell ? UINT32_MAX : *cell + (uint32_t)n;
        if (*cell < least) least = *cell;
    }
    c->total = n > (uint64_t)(INT64_MAX - c->total) ? INT64_MAX : c->total + (int64_t)n;
    return least;
}

uint32_t countmin_query(const struct countmin *c, struct slice item)
{
    struct twohash h = twohash_of(item);
    uint32_t least = UINT32_MAX;
    for (uint64_t row = 0; row < c->depth; row++) {
        uint32_t cell = c->cells[row * c->width + twohash_below(h, row, c->width)];
        if (cell < least) least = cell;
    }
    return least;
}

/* The weighted sum of one cell of each table, or of their totals (cell is TOTALS); false outside
 * [0, max]. */
static bool weigh(const struct countmin *const *from, const int64_t *weights, uint32_t n,
                  uint64_t cell, int64_t max, int64_t *out)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t part = cell == TOTALS ? from[i]->total : from[i]->cells[cell];
        if (__builtin_mul_overflow(part, weights[i], &part)) return false;
        if (__builtin_add_overflow(sum, part, &sum)) return false;
    }
    *out = sum;
    return sum >= 0 && sum <= max;
}

bool countmin_merge(struct countmin *to, const struct countmin *const *from, const int64_t *weights,
                    uint32_t n)
{
    int64_t total = 0, sum = 0;
    if (!weigh(from, weights, n, TOTALS, INT64_MAX, &total)) return false;
    uint64_t cells = cells_of(to);
    uint32_t *merged = mem_alloc(cells * sizeof *merged);
    for (uint64_t i = 0; i < cells; i++) {
        if (!weigh(from, weights, n, i, UINT32_MAX, &sum)) {
            mem_free(merged);
            return false;
        }
        merged[i] = (uint32_t)sum;
    }
    mem_free(to->cells);
    to->cells = merged;
    to->total = total;
    return true;
}

void countmin_save(const struct countmin *c, struct buf *out)
{
    rdb_add_length(out, c->width);
    rdb_add_length(out, c->depth);
    rdb_add_length(out, (uint64_t)c->total);
    for (uint64_t i = 0; i < cells_of(c); i++)
        rdb_add_length(out, c->cells[i]); /* most are small: a byte or two */
}

struct countmin *countmin_load(struct slice bytes)
{
    uint64_t width = 0, depth = 0, total = 0, cell = 0;
    if (!rdb_length(&bytes, &width) || !rdb_length(&bytes, &depth) || !rdb_length(&bytes, &total))
        return NULL;
    if (total > INT64_MAX || depth == 0 || width > bytes.len / depth) return NULL;
    struct countmin *c = countmin_new(width, depth);
    if (c == NULL) return NULL;
    c->total = (int64_t)total;
    for (uint64_t i = 0; i < cells_of(c); i++) {
        if (!rdb_length(&bytes, &cell) || cell > UINT32_MAX) {
            countmin_free(c);
            return NULL;
        }
        c->cells[i] = (uint32_t)cell;
    }
    if (bytes.len == 0) return c;
    countmin_free(c);
    return NULL;
}
