/* cuckoo: membership as in a Bloom filter, with deletion and rough counts.
 *
 * Why: a Bloom filter cannot forget. Here an item is one byte, its fingerprint, in one of two
 * buckets, and deleting takes such a byte out again.
 *
 * Layout:      a chain of filters; each is a power of two of buckets of `bucket_size` bytes, 0
 *              for a free place. The second bucket is found from the first and the fingerprint
 *              alone, so an item can be moved without knowing it. When an insert finds no
 *              place in `max_iterations` moves, a filter `expansion` times as large follows.
 * Invariants:  an item that was added and not deleted is always found; `items` is the number
 *              of bytes that are not 0.
 * Cost:        has and del look at two buckets a filter; add moves at most max_iterations.
 * From:        B. Fan et al., "Cuckoo Filter: Practically Better Than Bloom" (2014).
 */
#ifndef HANSOM_STORE_DS_CUCKOO_H
#define HANSOM_STORE_DS_CUCKOO_H

#include "base/buf.h"

enum { CUCKOO_BYTES_MAX = 256 << 20, CUCKOO_FILTERS_MAX = 32, CUCKOO_EXPANSION_MAX = 32768 };

struct cuckoo_shape {
    uint64_t capacity;       /* of the first filter; at least two buckets */
    uint32_t bucket_size;    /* 1 to 255 */
    uint32_t max_iterations; /* 1 to 65535 */
    uint32_t expansion;      /* 0 (no more filters) to CUCKOO_EXPANSION_MAX */
};

struct cuckoo;

/* NULL when the first filter would take more than CUCKOO_BYTES_MAX. */
struct cuckoo *cuckoo_new(const struct cuckoo_shape *shape);
void cuckoo_free(struct cuckoo *c);
struct cuckoo *cuckoo_copy(const struct cuckoo *c);

/* Adds the item once more; false when it is full. */
bool cuckoo_add(struct cuckoo *c, struct slice item);
bool cuckoo_has(const struct cuckoo *c, struct slice item);

/* How often it was added, and never too low; an item that shares places may raise it. */
uint64_t cuckoo_count(const struct cuckoo *c, struct slice item);

/* Takes it out once; false when it is not there. Only what was added may be deleted: else
 * another item's place may go. */
bool cuckoo_del(struct cuckoo *c, struct slice item);

/* Moves items of later filters into free places of earlier ones, and drops filters that are
 * empty then. */
void cuckoo_compact(struct cuckoo *c);

struct cuckoo_info {
    uint64_t buckets; /* of the first filter */
    uint64_t items, deleted;
    uint32_t filters;
    uint32_t bucket_size, max_iterations, expansion;
};
struct cuckoo_info cuckoo_info(const struct cuckoo *c);
size_t cuckoo_memory(const struct cuckoo *c);

/* As bytes, whole or in pieces: as in bloom.h. */
void cuckoo_save(const struct cuckoo *c, struct buf *out);
struct cuckoo *cuckoo_load(struct slice bytes);
void cuckoo_save_head(const struct cuckoo *c, struct buf *out);
struct cuckoo *cuckoo_load_head(struct slice bytes);
struct slice cuckoo_piece(const struct cuckoo *c, uint64_t at, size_t max);
bool cuckoo_put_piece(struct cuckoo *c, uint64_t at, struct slice places);

/* Aborts unless the invariants hold. For tests. */
void cuckoo_check(const struct cuckoo *c);

#endif
