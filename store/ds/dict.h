/* dict: the hash table of the store: keyspace, hashes, sets, members of sorted sets.
 *
 * Why: every command starts with a lookup, and at a million keys each lookup is a cache miss.
 * So one bucket is one cache line, seven items share it, and one byte of each item's hash is
 * kept beside the pointers: a miss costs one line, a hit one line and the item itself.
 *
 * Layout: a bucket is 64 bytes; items keep their key inside themselves.
 *
 *     | used:7 chained:1 | tag 0 .. tag 6 | item 0 | item 1 | ... | item 6 |
 *       1 byte             7 bytes          7 x 8 bytes
 *
 *     When an eighth item comes, item 6 becomes the pointer to a further bucket ("chained").
 *     While the table is resized there are two of them: buckets of the old one below
 *     `moved` have gone to the new one, so each hash still has exactly one home.
 *
 * Invariants:  an item is in the bucket its hash names; only the last bucket of a chain has
 *              free places; keys are unique.
 * Cost:        find, put and take are O(1); 9 to 18 bytes an item. A resize is spread over
 *              later changes (two buckets each) and dict_step.
 * Owner:       the dict owns its items: kind->free is called for those that are deleted or
 *              replaced, never for those that are taken. Zeroed memory plus dict_init is ready.
 * From:        the bucket idea of Valkey 8.1's hashtable; the scan order is Pieter Noordhuis's.
 */
#ifndef HANSOM_STORE_DS_DICT_H
#define HANSOM_STORE_DS_DICT_H

#include "base/hash.h"
#include "base/rng.h"
#include "base/slice.h"

struct dict_kind {
    struct slice (*key)(const void *item); /* borrowed from the item */
    void (*free)(void *item);              /* may be NULL: items are someone else's */
};

struct dict_bucket;

struct dict {
    const struct dict_kind *kind;
    struct dict_bucket *table[2]; /* owned; [1] only during a resize */
    uint64_t count;
    uint64_t moved;  /* buckets of table[0] already moved to table[1] */
    uint8_t bits[2]; /* log2 of the number of buckets */
    uint8_t skew[2]; /* bytes between the allocation and table[i], for alignment */
    uint16_t paused; /* > 0: no resize steps (an iterator is out) */
};

void dict_init(struct dict *d, const struct dict_kind *kind);

/* Frees all items and the tables; d is then empty and may be used again. */
void dict_fini(struct dict *d);

static inline uint64_t dict_count(const struct dict *d)
{
    return d->count;
}

/* The item with this key, or NULL. Borrowed until it is deleted or replaced. */
void *dict_find(const struct dict *d, struct slice key);

/* As dict_find, when hash_slice(key) is known already. */
void *dict_find_hash(const struct dict *d, struct slice key, uint64_t hash);

/* Where the item with this key is kept, or NULL: lets the owner reallocate an item. Good
 * until the next change. What is put there must have the same key. */
void **dict_place(const struct dict *d, struct slice key, uint64_t hash);

/* Puts item in. An item with an equal key is replaced and given back: the caller frees it. */
void *dict_put(struct dict *d, void *item);

/* Puts in an item whose key is known to be missing: a lookup and its insertion hash once. */
void dict_add_hash(struct dict *d, void *item, uint64_t hash);

/* Takes the item with this key out; the caller owns it now. NULL if there is none. */
void *dict_take(struct dict *d, struct slice key);
void *dict_take_hash(struct dict *d, struct slice key, uint64_t hash);

/* Deletes the item with this key; false if there is none. */
bool dict_del(struct dict *d, struct slice key);

/* Starts fetching the bucket of this hash into the cache; for batches of commands. */
void dict_prefetch(const struct dict *d, uint64_t hash);

/* The first item whose tag matches, without looking at it: to prefetch the item itself. */
const void *dict_guess(const struct dict *d, uint64_t hash);

/* Redis's SCAN: calls fn for the items of one or a few buckets and returns the next cursor, 0
 * at the end; start with 0. What stays in d for a whole round is reported at least once,
 * whatever resizing happens between calls. fn must not change d. */
uint64_t dict_scan(const struct dict *d, uint64_t cursor, void (*fn)(void *item, void *data),
                   void *data);

/* A random item, each about equally likely; NULL when empty. */
void *dict_random(const struct dict *d, struct rng *rng);

/* Goes through all items. Between dict_iter_init and dict_iter_fini d may be read, and the
 * item last returned may be freed if the whole dict is thrown away without its kind->free;
 * nothing else may change. */
struct dict_iter {
    struct dict *dict;
    const struct dict_bucket *bucket;
    uint64_t index;
    uint8_t table, slot;
};
void dict_iter_init(struct dict_iter *i, struct dict *d);
void *dict_iter_next(struct dict_iter *i);
void dict_iter_fini(struct dict_iter *i);

/* Moves up to n buckets of a running resize, or begins to shrink a table that has become too
 * large; false when there is nothing (more) to do. */
bool dict_step(struct dict *d, uint32_t n);

/* Makes room for n items at once, so that filling it does not resize. */
void dict_reserve(struct dict *d, uint64_t n);

/* Takes out all items for which fn is true, in one pass that looks at none of them itself; returns
 * how many. fn is asked once for each, and what it takes is fn's to free. */
uint64_t dict_sweep(struct dict *d, bool (*fn)(void *item, void *data), void *data);

/* Gives up to about n items of a dict that will never be looked at again to fn, which may free
 * them. False when that was the rest: the tables are freed too, and d is empty. */
bool dict_drain(struct dict *d, uint64_t n, void (*fn)(void *item, void *data), void *data);

/* For dict_drain: frees an item that is one block of mem.h. */
void dict_free_item(void *item, void *data);

/* Bytes of tables and chained buckets, without the items. */
size_t dict_memory(const struct dict *d);

/* Bytes of the items when each is one block of mem.h: of the first `samples`, and as much for each
 * of the others; 0 samples count all. */
size_t dict_items_memory(struct dict *d, uint64_t samples);

/* Aborts when an invariant does not hold. For tests; O(n). */
void dict_check(const struct dict *d);

#endif
