/* twohash: as many hashes of one item as a sketch wants, from two.
 *
 * Why: a sketch looks at several places for each item; hash i is a + i * b + c * (i^3 - i) / 6,
 * which is as good as independent hashes there, also where places are few. The keys are fixed, because a sketch outlives the process that
 * made it: its bytes are logged, dumped and restored elsewhere.
 * Cost: two SipHash-1-3.
 * From: A. Kirsch, M. Mitzenmacher, "Less Hashing, Same Performance" (2006); P. Dillinger,
 *       P. Manolios, "Bloom Filters in Probabilistic Verification" (2004), for the last term.
 */
#ifndef HANSOM_STORE_DS_TWOHASH_H
#define HANSOM_STORE_DS_TWOHASH_H

#include "base/hash.h"

struct twohash {
    uint64_t a, b;
};

static inline struct twohash twohash_of(struct slice item)
{
    return (struct twohash){hash_sip13(item, 0x48616e736f6d2d31U, 0x736b657463682d61U),
                            hash_sip13(item, 0x48616e736f6d2d32U, 0x736b657463682d62U) | 1};
}

/* Hash i, reduced to [0, n) by its high bits. */
static inline uint64_t twohash_below(struct twohash h, uint64_t i, uint64_t n)
{
    uint64_t hash = h.a + i * h.b + (i * i * i - i) / 6 * 0x9e3779b97f4a7c15U;
    return (uint64_t)(((unsigned __int128)hash * n) >> 64);
}

#endif
