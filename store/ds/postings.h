/* postings: the documents that a word stands in, how often, and where.
 *
 * Why: text search walks these lists and little else. So they are small (deltas in 7 bits a
 * byte), a list is skipped in blocks without being decoded, and a document is put in or taken
 * out at once by changing one block, because indexes here are in step with every write.
 *
 * Layout:      blocks of up to 128 documents, ascending.
 *
 *                block  | first id, last id, n, bytes |
 *                bytes  | delta | times | length | positions ... | delta | ...
 *
 *              The first delta of a block is 0. Positions are deltas too, the first from 0.
 * Invariants:  ids ascend through the blocks; no block is empty; times is at least 1.
 * Cost:        put and del change one block; a skip is a search among blocks and half a block;
 *              about 3 bytes and a byte for each occurrence, a document.
 * Owner:       zeroed memory is an empty list.
 */
#ifndef HANSOM_STORE_DS_POSTINGS_H
#define HANSOM_STORE_DS_POSTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSTINGS_NONE UINT32_MAX /* no document */

struct postings_block {
    uint8_t *bytes; /* owned */
    uint32_t len, cap;
    uint32_t first, last;
    uint32_t n;
};

struct postings {
    struct postings_block *blocks; /* owned */
    uint32_t block_count, block_cap;
    uint32_t docs;
};

void postings_fini(struct postings *p);

/* Adds a document that is not in; it has the word `times` > 0 times, at these ascending
 * positions (NULL: they are not kept). */
void postings_put(struct postings *p, uint32_t doc, uint32_t times, const uint32_t *positions);

/* Removes a document that is in. */
void postings_del(struct postings *p, uint32_t doc);

size_t postings_memory(const struct postings *p);

/* Aborts when an invariant does not hold. O(n); for tests. */
void postings_check(const struct postings *p);

/* Walks a list, which must not change meanwhile. */
struct postings_iter {
    const struct postings *of;
    uint32_t block;
    uint32_t left;     /* documents of the block behind this one */
    const uint8_t *at; /* behind this one */
    uint32_t doc;      /* POSTINGS_NONE before the first and behind the last */
    uint32_t times;
    const uint8_t *positions; /* encoded */
    uint32_t positions_len;
};

/* Writes all documents, ascending, and gives how many. */
uint32_t postings_copy(const struct postings *p, uint32_t *out);

/* Leaves of n ascending ids those of documents, in their order; gives how many. The blocks that will be
 * looked at come from memory some ids ahead. */
uint32_t postings_keep(const struct postings *p, uint32_t *ids, uint32_t n);

struct postings_iter postings_begin(const struct postings *p);

/* Steps to the first document >= from and gives it. Going back begins anew. */
uint32_t postings_skip(struct postings_iter *it, uint32_t from);

/* Says how often the word stands in each document of [from, to): times[doc - from], at most 255;
 * of documents that have it not, nothing is written. Leaves the iterator at the first document
 * >= to, and gives how many had it. O(those). */
uint32_t postings_times(struct postings_iter *it, uint32_t from, uint32_t to, uint8_t *times);

/* Writes up to n positions of the present document, and gives how many there are to write. */
uint32_t postings_positions(const struct postings_iter *it, uint32_t *out, uint32_t n);

#endif
