/* topk: the k items seen most often, in memory that does not grow.
 *
 * Why: exact counts of all items would grow with the items. Here rare items lose what they
 * have: an item that falls into another's cell wears that one down, the less likely the more
 * often it was seen, and takes the cell over at zero. Frequent ones stay and are counted
 * nearly exactly, never too high but for equal fingerprints.
 *
 * Layout:      depth rows of width cells (fingerprint, count), and a heap of the k best, the
 *              least first, which holds their names.
 * Invariants:  the heap is in order; names in it are different.
 * Cost:        add looks at depth cells, and at the k fingerprints of the heap when it may
 *              belong there.
 * From:        J. Gong et al., "HeavyKeeper: An Accurate Algorithm for Finding Top-k Elephant
 *              Flows" (2018).
 * Chance:      comes from a generator inside, so the same commands give the same sketch.
 */
#ifndef HANSOM_STORE_DS_TOPK_H
#define HANSOM_STORE_DS_TOPK_H

#include "base/buf.h"

enum { TOPK_BYTES_MAX = 256 << 20, TOPK_DEPTH_MAX = 256, TOPK_ITEM_MAX = 64 << 10 };

struct topk;

/* decay in (0, 1]: how much harder each count makes a cell to wear down. NULL when k, width or
 * depth is 0, depth is above TOPK_DEPTH_MAX, or it would take more than TOPK_BYTES_MAX. */
struct topk *topk_new(uint32_t k, uint32_t width, uint32_t depth, double decay);
void topk_free(struct topk *t);
struct topk *topk_copy(const struct topk *t);

/* Sees the item n more times; it is at most TOPK_ITEM_MAX bytes. When another name leaves the
 * heap for it, true and *out is that name, the caller's (buf_fini). */
bool topk_add(struct topk *t, struct slice item, uint32_t n, struct buf *out);

/* Whether it is among the k best. */
bool topk_has(const struct topk *t, struct slice item);

/* About how often it was seen. */
uint32_t topk_count(const struct topk *t, struct slice item);

struct topk_item {
    struct slice name; /* borrowed until the next add */
    uint32_t count;
};
/* The best, most frequent first, equal ones by name; out has room for topk_k. Returns how many. */
uint32_t topk_list(const struct topk *t, struct topk_item *out);

uint32_t topk_k(const struct topk *t);
uint32_t topk_width(const struct topk *t);
uint32_t topk_depth(const struct topk *t);
double topk_decay(const struct topk *t);
size_t topk_memory(const struct topk *t);

void topk_save(const struct topk *t, struct buf *out);
/* NULL when the bytes make no sense. */
struct topk *topk_load(struct slice bytes);

/* Aborts unless the invariants hold. For tests. */
void topk_check(const struct topk *t);

#endif
