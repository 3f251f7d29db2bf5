#include "bloom.h"

#include "base/mem.h"
#include "store/ds/rdb.h"
#include "store/ds/twohash.h"

#include <math.h>

/* Halving the chance of error makes the chances of any number of filters sum to below the
 * first one's double, so the first gets half of what was asked for. */
static const double TIGHTEN = 0.5, ERROR_MAX = 0.25;

/* In fewer bits an item's own hashes fall together too often. */
enum { BITS_MIN = 512 };

struct filter {
    uint64_t capacity, items;
    uint64_t bits;
    uint32_t hashes;
    uint8_t *bytes; /* owned */
};

struct bloom {
    double error; /* of all together */
    uint32_t expansion;
    uint32_t count;
    uint64_t items;
    struct filter filters[BLOOM_FILTERS_MAX]; /* the first `count` are there */
};

static size_t bytes_of(const struct filter *f)
{
    return (f->bits + 7) / 8;
}

/* The sizes of filter i: bits an item is log2(e) * log2(1 / error), hashes log2(1 / error). */
static bool filter_size(struct filter *f, double error, uint64_t capacity, uint32_t i)
{
    double each = log2(1 / (error * pow(TIGHTEN, i + 1)));
    double bits = ceil((double)capacity * each * M_LOG2E);
    if (!(bits <= 8.0 * BLOOM_BYTES_MAX)) return false;
    *f = (struct filter){.capacity = capacity,
                         .bits = (uint64_t)fmax(bits, BITS_MIN),
                         .hashes = (uint32_t)ceil(each)};
    return true;
}

static size_t bits_memory(const struct bloom *b)
{
    size_t n = 0;
    for (uint32_t i = 0; i < b->count; i++)
        n += bytes_of(&b->filters[i]);
    return n;
}

/* Puts a filter for `capacity` items behind the others. */
static bool grow(struct bloom *b, uint64_t capacity)
{
    struct filter f = {0};
    if (b->count == BLOOM_FILTERS_MAX || !filter_size(&f, b->error, capacity, b->count))
        return false;
    if (bits_memory(b) + bytes_of(&f) > BLOOM_BYTES_MAX) return false;
    f.bytes = mem_calloc(bytes_of(&f), 1);
    b->filters[b->count++] = f;
    return true;
}

struct bloom *bloom_new(double error, uint64_t capacity, uint32_t expansion)
{
    must(error > 0 && error < 1);
    must(expansion <= BLOOM_EXPANSION_MAX);
    if (capacity == 0) return NULL;
    struct bloom *b = mem_new(struct bloom);
    b->error = error < ERROR_MAX ? error : ERROR_MAX;
    b->expansion = expansion;
    if (grow(b, capacity)) return b;
    bloom_free(b);
    return NULL;
}

void bloom_free(struct bloom *b)
{
    if (b == NULL) return;
    for (uint32_t i = 0; i < b->count; i++)
        mem_free(b->filters[i].bytes);
    mem_free(b);
}

struct bloom *bloom_copy(const struct bloom *b)
{
    struct bloom *copy = mem_dup(b, sizeof *b);
    for (uint32_t i = 0; i < b->count; i++)
        copy->filters[i].bytes = mem_dup(b->filters[i].bytes, bytes_of(&b->filters[i]));
    return copy;
}

static bool filter_has(const struct filter *f, struct twohash h)
{
    for (uint32_t i = 0; i < f->hashes; i++) {
        uint64_t bit = twohash_below(h, i, f->bits);
        if ((f->bytes[bit / 8] & 1U << bit % 8) == 0) return false;
    }
    return true;
}

static bool has(const struct bloom *b, struct twohash h)
{
    for (uint32_t i = b->count; i-- > 0;)
        if (filter_has(&b->filters[i], h)) return true;
    return false;
}

bool bloom_has(const struct bloom *b, struct slice item)
{
    return has(b, twohash_of(item));
}

enum bloom_added bloom_add(struct bloom *b, struct slice item)
{
    struct twohash h = twohash_of(item);
    if (has(b, h)) return BLOOM_OLD;
    struct filter *last = &b->filters[b->count - 1];
    if (last->items == last->capacity) {
        uint64_t next = 0;
        if (b->expansion == 0) return BLOOM_FULL;
        if (__builtin_mul_overflow(last->capacity, b->expansion, &next) || !grow(b, next))
            return BLOOM_FULL;
        last = &b->filters[b->count - 1];
    }
    for (uint32_t i = 0; i < last->hashes; i++) {
        uint64_t bit = twohash_below(h, i, last->bits);
        last->bytes[bit / 8] |= (uint8_t)(1U << bit % 8);
    }
    last->items++;
    b->items++;
    return BLOOM_NEW;
}

uint64_t bloom_items(const struct bloom *b)
{
    return b->items;
}

uint64_t bloom_capacity(const struct bloom *b)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < b->count; i++)
        all += b->filters[i].capacity;
    return all;
}

uint32_t bloom_filters(const struct bloom *b)
{
    return b->count;
}

uint32_t bloom_expansion(const struct bloom *b)
{
    return b->expansion;
}

size_t bloom_memory(const struct bloom *b)
{
    size_t n = mem_size(b);
    for (uint32_t i = 0; i < b->count; i++)
        n += mem_size(b->filters[i].bytes);
    return n;
}

/* --- bytes --- */

void bloom_save_head(const struct bloom *b, struct buf *out)
{
    rdb_add_double(out, b->error);
    rdb_add_length(out, b->expansion);
    rdb_add_length(out, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        rdb_add_length(out, b->filters[i].capacity);
        rdb_add_length(out, b->filters[i].items);
    }
}

/* What bloom_save_head wrote, from the front of *in. Sizes follow from capacities, so a head
 * cannot ask for more than the limits allow. */
static struct bloom *load_head(struct slice *in)
{
    double error = 0;
    uint64_t expansion = 0, count = 0, capacity = 0, items = 0;
    if (!rdb_double(in, &error) || !(error > 0 && error <= ERROR_MAX)) return NULL;
    if (!rdb_length(in, &expansion) || expansion > BLOOM_EXPANSION_MAX) return NULL;
    if (!rdb_length(in, &count) || count == 0 || count > BLOOM_FILTERS_MAX) return NULL;
    struct bloom *b = mem_new(struct bloom);
    b->error = error;
    b->expansion = (uint32_t)expansion;
    for (uint64_t i = 0; i < count; i++) {
        if (!rdb_length(in, &capacity) || !rdb_length(in, &items) || capacity == 0 ||
            items > capacity || !grow(b, capacity)) {
            bloom_free(b);
            return NULL;
        }
        b->filters[i].items = items;
        b->items += items;
    }
    return b;
}

struct bloom *bloom_load_head(struct slice bytes)
{
    struct bloom *b = load_head(&bytes);
    if (b == NULL || bytes.len == 0) return b;
    bloom_free(b);
    return NULL;
}

void bloom_save(const struct bloom *b, struct buf *out)
{
    bloom_save_head(b, out);
    for (uint32_t i = 0; i < b->count; i++)
        buf_add(out, b->filters[i].bytes, bytes_of(&b->filters[i]));
}

struct bloom *bloom_load(struct slice bytes)
{
    struct bloom *b = load_head(&bytes);
    if (b == NULL) return NULL;
    for (uint32_t i = 0; i < b->count; i++) {
        size_t n = bytes_of(&b->filters[i]);
        if (bytes.len < n) break;
        memcpy(b->filters[i].bytes, bytes.p, n);
        bytes = slice_from(bytes, n);
        if (i + 1 == b->count && bytes.len == 0) return b;
    }
    bloom_free(b);
    return NULL;
}

/* The filter that holds offset *at of all bits, and *at within it; NULL behind the last. */
static const struct filter *filter_at(const struct bloom *b, uint64_t *at)
{
    for (uint32_t i = 0; i < b->count; i++) {
        size_t n = bytes_of(&b->filters[i]);
        if (*at < n) return &b->filters[i];
        *at -= n;
    }
    return NULL;
}

struct slice bloom_piece(const struct bloom *b, uint64_t at, size_t max)
{
    const struct filter *f = filter_at(b, &at);
    if (f == NULL) return (struct slice){0};
    size_t rest = bytes_of(f) - at;
    return slice_make(f->bytes + at, rest < max ? rest : max);
}

bool bloom_put_piece(struct bloom *b, uint64_t at, struct slice bits)
{
    const struct filter *f = filter_at(b, &at);
    if (f == NULL || bits.len > bytes_of(f) - at) return false;
    if (bits.len > 0) memcpy(f->bytes + at, bits.p, bits.len);
    return true;
}

void bloom_check(const struct bloom *b)
{
    uint64_t items = 0;
    must(b->count > 0 && b->count <= BLOOM_FILTERS_MAX);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct filter *f = &b->filters[i];
        must(f->items <= f->capacity);
        must(i + 1 == b->count || f->items == f->capacity);
        must(f->hashes > 0);
        items += f->items;
    }
    must(items == b->items);
}
