/* pack: many small strings one after the other in one block of bytes.
 *
 * Why: a list of short elements, or a small hash, costs a few bytes of overhead an element
 * this way, and stays in the cache when it is gone through. Integers in decimal are kept as
 * such, in fewer bytes than their digits.
 *
 * Layout: one block that begins with the bytes in use and the number of entries. An entry can be
 * stepped over in both directions.
 *
 *     | front: head, bytes | size of the front, 1-5 bytes |
 *                            low 7 bits last, high bit: more in front
 *
 *     head 0..103    so many bytes of a string follow
 *          104..119  the integers 0..15, nothing follows
 *          120..127  an integer of 1..8 bytes, little endian, follows
 *          128..     low 7 bits of a length, the next 7 bits follow, and so on; then the string
 *
 * Positions are byte offsets: 0 is the first entry, pack_len is behind the last.
 * Invariants:  an integer is never kept as a string, so equal entries have equal fronts.
 * Cost: insert and erase are O(len) moves, so the owner keeps a pack at a few kilobytes. A block
 *       below 256 bytes has no room to spare but what the allocator rounds up to, a larger one
 *       an eighth at most.
 */
#ifndef HANSOM_STORE_DS_PACK_H
#define HANSOM_STORE_DS_PACK_H

#include "base/slice.h"

struct pack_block {
    uint32_t len, count;
    char bytes[];
};

/* Zeroed memory is an empty pack. */
struct pack {
    struct pack_block *block; /* owned; NULL when empty */
};

static inline uint32_t pack_len(const struct pack *k)
{
    return k->block == NULL ? 0 : k->block->len;
}

static inline uint32_t pack_count(const struct pack *k)
{
    return k->block == NULL ? 0 : k->block->count;
}

void pack_fini(struct pack *k);

/* A deep copy, with no room to spare. */
struct pack pack_copy(const struct pack *k);

enum { PACK_TEXT = 24 };

/* The entry at `at`, which is below len; *next is the position behind it. An integer is printed
 * into text; otherwise borrowed until the next change. */
struct slice pack_get(const struct pack *k, uint32_t at, uint32_t *next,
                      char text[static PACK_TEXT]);

/* Whether the entry at `at` is s. */
bool pack_is(const struct pack *k, uint32_t at, struct slice s);

/* The integer at `at`; false when the entry is a string. */
bool pack_get_i64(const struct pack *k, uint32_t at, int64_t *out);

/* The position behind the entry at `at`, which is below len. */
uint32_t pack_next(const struct pack *k, uint32_t at);

/* The position of the entry in front of `at`, which is above 0. */
uint32_t pack_before(const struct pack *k, uint32_t at);

/* The position of the i-th entry (len when i is count), found from the nearer end. */
uint32_t pack_seek(const struct pack *k, uint32_t i);

/* The first entry that is s among those whose index is a multiple of `step`; len if none is. */
uint32_t pack_find(const struct pack *k, uint32_t step, struct slice s);

/* Puts s in front of what is at `at`; gives the position behind it. s must not lie in k. */
uint32_t pack_insert(struct pack *k, uint32_t at, struct slice s);

/* Erases the n entries that start at `at` and end at `end`. */
void pack_erase(struct pack *k, uint32_t at, uint32_t end, uint32_t n);

/* Replaces the entry at `at`; gives the position behind it. */
uint32_t pack_replace(struct pack *k, uint32_t at, struct slice s);

static inline uint32_t pack_append(struct pack *k, struct slice s)
{
    return pack_insert(k, pack_len(k), s);
}

/* Bytes that s takes as an entry. */
uint32_t pack_size(struct slice s);

/* Moves the entries from `at` on, n of them, to the end of `to`. */
void pack_split(struct pack *k, uint32_t at, uint32_t n, struct pack *to);

/* Gives back what the block does not use. */
void pack_fit(struct pack *k);

/* Bytes held. */
size_t pack_memory(const struct pack *k);

/* Aborts when an invariant does not hold. For tests; O(len). */
void pack_check(const struct pack *k);

#endif
