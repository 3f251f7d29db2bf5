/* pack: many small strings one after the other in one block of bytes.
 *
 * Why: a list of short elements, or a small hash, costs a few bytes of overhead an element
 * this way, and stays in the cache when it is gone through.
 *
 * Layout: an entry can be stepped over in both directions.
 *
 *     | length of the bytes, 1-5 bytes | bytes | size of the two before, 1-5 bytes |
 *       low 7 bits first, high bit: more          low 7 bits last, high bit: more in front
 *
 * Positions are byte offsets: 0 is the first entry, len is behind the last.
 * Cost: insert and erase are O(len) moves, so the owner keeps a pack at a few kilobytes.
 */
#ifndef HANSOM_STORE_DS_PACK_H
#define HANSOM_STORE_DS_PACK_H

#include "base/slice.h"

struct pack {
    char *p; /* owned */
    uint32_t len, cap;
    uint32_t count;
};

void pack_fini(struct pack *k);

/* The entry at `at`, which is below len; *next is the position behind it. Borrowed. */
struct slice pack_get(const struct pack *k, uint32_t at, uint32_t *next);

/* The position of the entry in front of `at`, which is above 0. */
uint32_t pack_before(const struct pack *k, uint32_t at);

/* The position of the i-th entry (len when i is count), found from the nearer end. */
uint32_t pack_seek(const struct pack *k, uint32_t i);

/* Puts s in front of what is at `at`; gives the position behind it. s must not lie in k. */
uint32_t pack_insert(struct pack *k, uint32_t at, struct slice s);

/* Erases the n entries that start at `at` and end at `end`. */
void pack_erase(struct pack *k, uint32_t at, uint32_t end, uint32_t n);

/* Replaces the entry at `at`; gives the position behind it. */
uint32_t pack_replace(struct pack *k, uint32_t at, struct slice s);

static inline uint32_t pack_append(struct pack *k, struct slice s)
{
    return pack_insert(k, k->len, s);
}

/* Bytes that an entry of this length takes. */
uint32_t pack_size(size_t len);

/* Moves the entries from `at` on, n of them, to the end of `to`. */
void pack_split(struct pack *k, uint32_t at, uint32_t n, struct pack *to);

void pack_check(const struct pack *k);

#endif
