#include "cuckoo.h"

#include "base/mem.h"
#include "store/ds/rdb.h"
#include "store/ds/twohash.h"

struct filter {
    uint64_t buckets; /* a power of two */
    uint8_t *places;  /* owned; buckets * bucket_size */
};

struct cuckoo {
    uint32_t bucket_size, max_iterations, expansion;
    uint32_t count;
    uint64_t items, deleted;
    struct filter filters[CUCKOO_FILTERS_MAX]; /* the first `count` are there */
};

/* Where an item may be, for any number of buckets. */
struct print {
    uint64_t hash;
    uint8_t byte; /* 1 to 255 */
};

static struct print print_of(struct slice item)
{
    struct twohash h = twohash_of(item);
    return (struct print){.hash = h.a, .byte = (uint8_t)(1 + (h.b >> 32) % 255)};
}

/* The other bucket of a fingerprint; doing it twice comes back. */
static uint64_t other(const struct filter *f, uint64_t bucket, uint8_t byte)
{
    return (bucket ^ (uint64_t)byte * 0x5bd1e995U) & (f->buckets - 1);
}

static size_t bytes_of(const struct cuckoo *c, const struct filter *f)
{
    return f->buckets * c->bucket_size;
}

static uint8_t *bucket_at(const struct cuckoo *c, const struct filter *f, uint64_t bucket)
{
    return f->places + bucket * c->bucket_size;
}

/* The place in the bucket that holds this byte (0: a free one), or NULL. */
static uint8_t *find_in(const struct cuckoo *c, const struct filter *f, uint64_t bucket,
                        uint8_t byte)
{
    return memchr(bucket_at(c, f, bucket), byte, c->bucket_size);
}

static uint8_t *find(const struct cuckoo *c, const struct filter *f, struct print p, uint8_t byte)
{
    uint64_t first = p.hash & (f->buckets - 1);
    uint8_t *place = find_in(c, f, first, byte);
    return place != NULL ? place : find_in(c, f, other(f, first, p.byte), byte);
}

/* Puts a filter with at least so many buckets behind the others. */
static bool grow(struct cuckoo *c, uint64_t buckets)
{
    uint64_t n = 1;
    while (n < buckets && n < (uint64_t)1 << 40)
        n *= 2;
    size_t held = 0;
    for (uint32_t i = 0; i < c->count; i++)
        held += bytes_of(c, &c->filters[i]);
    if (c->count == CUCKOO_FILTERS_MAX || n > (CUCKOO_BYTES_MAX - held) / c->bucket_size)
        return false;
    c->filters[c->count++] = (struct filter){.buckets = n, .places = mem_calloc(n, c->bucket_size)};
    return true;
}

struct cuckoo *cuckoo_new(const struct cuckoo_shape *shape)
{
    must(shape->bucket_size >= 1 && shape->bucket_size <= UINT8_MAX);
    must(shape->max_iterations >= 1 && shape->max_iterations <= UINT16_MAX);
    must(shape->expansion <= CUCKOO_EXPANSION_MAX);
    struct cuckoo *c = mem_new(struct cuckoo);
    c->bucket_size = shape->bucket_size;
    c->max_iterations = shape->max_iterations;
    c->expansion = shape->expansion;
    uint64_t buckets = shape->capacity / shape->bucket_size;
    if (grow(c, buckets < 2 ? 2 : buckets)) return c;
    cuckoo_free(c);
    return NULL;
}

void cuckoo_free(struct cuckoo *c)
{
    if (c == NULL) return;
    for (uint32_t i = 0; i < c->count; i++)
        mem_free(c->filters[i].places);
    mem_free(c);
}

struct cuckoo *cuckoo_copy(const struct cuckoo *c)
{
    struct cuckoo *copy = mem_dup(c, sizeof *c);
    for (uint32_t i = 0; i < c->count; i++)
        copy->filters[i].places = mem_dup(c->filters[i].places, bytes_of(c, &c->filters[i]));
    return copy;
}

/* The place that gives way in this step: as if drawn, and the same in a replay. */
static uint8_t *victim_at(const struct cuckoo *c, const struct filter *f, uint64_t bucket,
                          uint32_t step)
{
    return bucket_at(c, f, bucket) + (step * 2654435761U >> 16) % c->bucket_size;
}

/* Makes room by moving fingerprints to their other bucket, one after the other. When none of them
 * found a free place, they all go back. */
static bool push(const struct cuckoo *c, const struct filter *f, struct print p)
{
    uint64_t bucket = p.hash & (f->buckets - 1);
    uint8_t byte = p.byte;
    uint32_t step = 0;
    for (; step < c->max_iterations; step++) {
        uint8_t *victim = victim_at(c, f, bucket, step);
        uint8_t moved = *victim;
        *victim = byte;
        byte = moved;
        bucket = other(f, bucket, byte);
        uint8_t *place = find_in(c, f, bucket, 0);
        if (place == NULL) continue;
        *place = byte;
        return true;
    }
    while (step-- > 0) {
        bucket = other(f, bucket, byte);
        uint8_t *victim = victim_at(c, f, bucket, step);
        uint8_t moved = *victim;
        *victim = byte;
        byte = moved;
    }
    must(byte == p.byte);
    return false;
}

/* Into a free place of any filter, newest first. */
static bool settle(struct cuckoo *c, struct print p)
{
    for (uint32_t i = c->count; i-- > 0;) {
        uint8_t *place = find(c, &c->filters[i], p, 0);
        if (place == NULL) continue;
        *place = p.byte;
        return true;
    }
    return false;
}

bool cuckoo_add(struct cuckoo *c, struct slice item)
{
    struct print p = print_of(item);
    if (!settle(c, p) && !push(c, &c->filters[c->count - 1], p)) {
        uint64_t buckets = 0;
        if (c->expansion == 0) return false;
        if (__builtin_mul_overflow(c->filters[c->count - 1].buckets, c->expansion, &buckets) ||
            !grow(c, buckets))
            return false;
        must(settle(c, p));
    }
    c->items++;
    return true;
}

bool cuckoo_has(const struct cuckoo *c, struct slice item)
{
    struct print p = print_of(item);
    for (uint32_t i = c->count; i-- > 0;)
        if (find(c, &c->filters[i], p, p.byte) != NULL) return true;
    return false;
}

static uint64_t count_in(const struct cuckoo *c, const struct filter *f, uint64_t bucket,
                         uint8_t byte)
{
    uint64_t n = 0;
    const uint8_t *places = bucket_at(c, f, bucket);
    for (uint32_t i = 0; i < c->bucket_size; i++)
        n += places[i] == byte;
    return n;
}

uint64_t cuckoo_count(const struct cuckoo *c, struct slice item)
{
    struct print p = print_of(item);
    uint64_t n = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct filter *f = &c->filters[i];
        uint64_t first = p.hash & (f->buckets - 1), second = other(f, first, p.byte);
        n += count_in(c, f, first, p.byte);
        if (second != first) n += count_in(c, f, second, p.byte);
    }
    return n;
}

bool cuckoo_del(struct cuckoo *c, struct slice item)
{
    struct print p = print_of(item);
    for (uint32_t i = c->count; i-- > 0;) {
        uint8_t *place = find(c, &c->filters[i], p, p.byte);
        if (place == NULL) continue;
        *place = 0;
        if (c->items > 0) c->items--; /* a head loaded apart from its places may say less */
        c->deleted++;
        return true;
    }
    return false;
}

/* Moves one fingerprint of filter `from` into a free place of an earlier filter. Its hash is not
 * known any more, but its bucket there is: the earlier filters have fewer buckets or as many, and
 * a bucket's number is the hash's low bits, or the same for its other bucket. */
static bool move_back(const struct cuckoo *c, uint32_t from, uint64_t bucket, uint8_t byte)
{
    for (uint32_t i = 0; i < from; i++) {
        const struct filter *f = &c->filters[i];
        if (f->buckets > c->filters[from].buckets) continue;
        uint64_t first = bucket & (f->buckets - 1);
        uint8_t *place = find_in(c, f, first, 0);
        if (place == NULL) place = find_in(c, f, other(f, first, byte), 0);
        if (place == NULL) continue;
        *place = byte;
        return true;
    }
    return false;
}

void cuckoo_compact(struct cuckoo *c)
{
    for (uint32_t from = c->count; from-- > 1;) {
        struct filter *f = &c->filters[from];
        bool empty = true;
        for (size_t i = 0; i < bytes_of(c, f); i++) {
            if (f->places[i] == 0) continue;
            if (move_back(c, from, i / c->bucket_size, f->places[i]))
                f->places[i] = 0;
            else
                empty = false;
        }
        if (!empty || from + 1 != c->count) continue;
        mem_free(f->places);
        *f = (struct filter){0};
        c->count--;
    }
    c->deleted = 0;
}

struct cuckoo_info cuckoo_info(const struct cuckoo *c)
{
    return (struct cuckoo_info){.buckets = c->filters[0].buckets,
                                .items = c->items,
                                .deleted = c->deleted,
                                .filters = c->count,
                                .bucket_size = c->bucket_size,
                                .max_iterations = c->max_iterations,
                                .expansion = c->expansion};
}

size_t cuckoo_memory(const struct cuckoo *c)
{
    size_t n = mem_size(c);
    for (uint32_t i = 0; i < c->count; i++)
        n += mem_size(c->filters[i].places);
    return n;
}

/* --- bytes --- */

void cuckoo_save_head(const struct cuckoo *c, struct buf *out)
{
    rdb_add_length(out, c->bucket_size);
    rdb_add_length(out, c->max_iterations);
    rdb_add_length(out, c->expansion);
    rdb_add_length(out, c->items);
    rdb_add_length(out, c->deleted);
    rdb_add_length(out, c->count);
    for (uint32_t i = 0; i < c->count; i++)
        rdb_add_length(out, c->filters[i].buckets);
}

static struct cuckoo *load_head(struct slice *in)
{
    uint64_t size = 0, iterations = 0, expansion = 0, items = 0, deleted = 0, count = 0, n = 0;
    if (!rdb_length(in, &size) || size == 0 || size > UINT8_MAX) return NULL;
    if (!rdb_length(in, &iterations) || iterations == 0 || iterations > UINT16_MAX) return NULL;
    if (!rdb_length(in, &expansion) || expansion > CUCKOO_EXPANSION_MAX) return NULL;
    if (!rdb_length(in, &items) || !rdb_length(in, &deleted)) return NULL;
    if (!rdb_length(in, &count) || count == 0 || count > CUCKOO_FILTERS_MAX) return NULL;
    struct cuckoo *c = mem_new(struct cuckoo);
    c->bucket_size = (uint32_t)size;
    c->max_iterations = (uint32_t)iterations;
    c->expansion = (uint32_t)expansion;
    c->items = items;
    c->deleted = deleted;
    for (uint64_t i = 0; i < count; i++) {
        if (rdb_length(in, &n) && n > 0 && (n & (n - 1)) == 0 && grow(c, n)) continue;
        cuckoo_free(c);
        return NULL;
    }
    return c;
}

struct cuckoo *cuckoo_load_head(struct slice bytes)
{
    struct cuckoo *c = load_head(&bytes);
    if (c == NULL || bytes.len == 0) return c;
    cuckoo_free(c);
    return NULL;
}

void cuckoo_save(const struct cuckoo *c, struct buf *out)
{
    cuckoo_save_head(c, out);
    for (uint32_t i = 0; i < c->count; i++)
        buf_add(out, c->filters[i].places, bytes_of(c, &c->filters[i]));
}

static uint64_t count_places(const struct cuckoo *c)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < bytes_of(c, &c->filters[i]); k++)
            n += c->filters[i].places[k] != 0;
    return n;
}

struct cuckoo *cuckoo_load(struct slice bytes)
{
    struct cuckoo *c = load_head(&bytes);
    if (c == NULL) return NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        size_t n = bytes_of(c, &c->filters[i]);
        if (bytes.len < n) break;
        memcpy(c->filters[i].places, bytes.p, n);
        bytes = slice_from(bytes, n);
        if (i + 1 == c->count && bytes.len == 0 && count_places(c) == c->items) return c;
    }
    cuckoo_free(c);
    return NULL;
}

static const struct filter *filter_at(const struct cuckoo *c, uint64_t *at)
{
    for (uint32_t i = 0; i < c->count; i++) {
        size_t n = bytes_of(c, &c->filters[i]);
        if (*at < n) return &c->filters[i];
        *at -= n;
    }
    return NULL;
}

struct slice cuckoo_piece(const struct cuckoo *c, uint64_t at, size_t max)
{
    const struct filter *f = filter_at(c, &at);
    if (f == NULL) return (struct slice){0};
    size_t rest = bytes_of(c, f) - at;
    return slice_make(f->places + at, rest < max ? rest : max);
}

bool cuckoo_put_piece(struct cuckoo *c, uint64_t at, struct slice places)
{
    const struct filter *f = filter_at(c, &at);
    if (f == NULL || places.len > bytes_of(c, f) - at) return false;
    if (places.len > 0) memcpy(f->places + at, places.p, places.len);
    return true;
}

void cuckoo_check(const struct cuckoo *c)
{
    must(c->count > 0 && c->count <= CUCKOO_FILTERS_MAX);
    for (uint32_t i = 0; i < c->count; i++)
        must((c->filters[i].buckets & (c->filters[i].buckets - 1)) == 0);
    must(count_places(c) == c->items);
}
