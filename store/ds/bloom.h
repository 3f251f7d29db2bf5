/* bloom: whether an item was seen: "surely not", or "yes" with a bounded chance of error.
 *
 * Why: a set of which only membership matters costs about ten bits an item. It need not be
 * sized ahead: when a filter is full, a larger one with half the chance of error is put behind
 * it, so that the chances of all together stay below the one that was asked for.
 *
 * Layout:      a chain of filters, the newest last; each is `hashes` places an item in an array
 *              of bits. Items go to the last one; a look asks from the newest back.
 * Invariants:  an item that was added is always found; a filter's `items` <= its `capacity`.
 * Cost:        add and has are `hashes` cache misses a filter, most often of the last only.
 * From:        B. Bloom (1970); P. Almeida et al., "Scalable Bloom Filters" (2007).
 */
#ifndef HANSOM_STORE_DS_BLOOM_H
#define HANSOM_STORE_DS_BLOOM_H

#include "base/buf.h"

enum { BLOOM_BYTES_MAX = 256 << 20, BLOOM_FILTERS_MAX = 64, BLOOM_EXPANSION_MAX = 32768 };

struct bloom;

/* capacity items at first with this chance of error, in (0, 1) and taken as at most 0.25; each
 * next filter is `expansion` times as large, or with 0 there is none. NULL when capacity is 0 or
 * the first filter would take more than BLOOM_BYTES_MAX. */
struct bloom *bloom_new(double error, uint64_t capacity, uint32_t expansion);
void bloom_free(struct bloom *b);
struct bloom *bloom_copy(const struct bloom *b);

enum bloom_added {
    BLOOM_OLD,  /* it was there, or seems so */
    BLOOM_NEW,  /* added */
    BLOOM_FULL, /* not added: it does not scale, or has as many filters or bytes as may be */
};
enum bloom_added bloom_add(struct bloom *b, struct slice item);
bool bloom_has(const struct bloom *b, struct slice item);

uint64_t bloom_items(const struct bloom *b);    /* added so far */
uint64_t bloom_capacity(const struct bloom *b); /* of all filters */
uint32_t bloom_filters(const struct bloom *b);
uint32_t bloom_expansion(const struct bloom *b); /* 0: does not scale */
size_t bloom_memory(const struct bloom *b);

/* As bytes, and back: NULL when they make no sense. The bytes are a head and then each filter's
 * bits; bloom_piece hands them out in pieces. */
void bloom_save(const struct bloom *b, struct buf *out);
struct bloom *bloom_load(struct slice bytes);

/* The head alone: all but the bits. bloom_load_head makes an empty filter of that shape. */
void bloom_save_head(const struct bloom *b, struct buf *out);
struct bloom *bloom_load_head(struct slice bytes);

/* Up to `max` bytes of bits from offset `at` on over all filters, borrowed; empty behind the
 * last. A piece does not reach over two filters. */
struct slice bloom_piece(const struct bloom *b, uint64_t at, size_t max);

/* Writes bits at that offset; false when they do not lie within one filter. */
bool bloom_put_piece(struct bloom *b, uint64_t at, struct slice bits);

/* Aborts unless the invariants hold. For tests. */
void bloom_check(const struct bloom *b);

#endif
