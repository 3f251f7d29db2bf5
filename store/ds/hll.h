/* hll: how many different elements were seen, within 0.81 %, in at most 12 KiB.
 *
 * Why: the bytes are a string that clients may GET, SET and carry elsewhere, so they are
 * exactly the ones Redis makes: the same hash, the same two forms, the same moment of
 * growing out of the small one.
 *
 * Layout:  | "HYLL" | form | 3 zeros | cached count: 8, little endian | registers ... |
 *          the highest bit of the cached count says that it is stale. A register holds the
 *          longest run of zeros seen in the hashes that fell to it.
 *            dense    16384 registers of 6 bits, lowest bits first
 *            sparse   runs: 00nnnnnn            n+1 registers of 0
 *                           01nnnnnn nnnnnnnn   n+1 registers of 0
 *                           1vvvvvnn            n+1 registers of v+1
 * From:    P. Flajolet et al., "HyperLogLog" (2007); O. Ertl, "New cardinality estimation
 *          algorithms for HyperLogLog sketches" (2017), which gives the estimate; A. Appleby,
 *          MurmurHash64A.
 * Owner:   the buf is the caller's. Strangers' bytes may stand in it: whatever does not fit
 *          the layout is refused, never read beyond.
 */
#ifndef HANSOM_STORE_DS_HLL_H
#define HANSOM_STORE_DS_HLL_H

#include "base/buf.h"

enum { HLL_REGISTERS = 16384, HLL_HEAD = 16, HLL_DENSE_SIZE = HLL_HEAD + HLL_REGISTERS * 6 / 8 };

/* Makes the empty one in b, which is empty: sparse, with a valid count of 0. */
void hll_init(struct buf *b);

/* Whether the head is right, and the length of a dense one. What lies behind the head of a
 * sparse one is only seen when it is read. */
bool hll_is_valid(struct slice s);
bool hll_is_dense(struct slice s); /* of a valid one, as everywhere below */

/* Sees an element. 1: a register changed; 0: none did; -1: the runs make no sense. A sparse
 * one that would be longer than sparse_max becomes dense. The cached count is not touched. */
int hll_add(struct buf *b, struct slice element, int64_t sparse_max);

/* Raises register i, below HLL_REGISTERS, to count, 1 to 63; returns as hll_add. */
int hll_raise(struct buf *b, uint32_t i, uint8_t count, int64_t sparse_max);

/* Makes a sparse one dense; false (and unchanged) when its runs make no sense. */
bool hll_to_dense(struct buf *b);

/* Raises each of `max` to at least the register's value; false when s makes no sense (some
 * may be raised by then). */
bool hll_merge(uint8_t max[static HLL_REGISTERS], struct slice s);

/* The estimate over these registers. */
uint64_t hll_count(const uint8_t registers[static HLL_REGISTERS]);

/* The cached count; false when it is stale. head is the first HLL_HEAD bytes. */
bool hll_cached(const char *head, uint64_t *count);
void hll_cache(char *head, uint64_t count);
void hll_cache_drop(char *head);

/* Adds the runs of a sparse one as text: "Z:100 v:3,1 z:5". */
void hll_print(struct slice s, struct buf *out);

/* Aborts unless b is a whole one with registers that can be. For tests. */
void hll_check(struct slice s);

#endif
