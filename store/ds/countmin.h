/* countmin: about how often each item was seen, never too low.
 *
 * Why: the counts of any number of items in a table of fixed size. An item's count is the least
 * of its cells, one a row: others may have added to a cell, nobody takes away from it.
 *
 * Layout:      depth rows of width cells of 32 bits, which stay at their largest once there.
 * Invariants:  every row of an unsaturated table sums to `total`.
 * Cost:        add and query look at depth cells; a merge at all.
 * From:        G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min
 *              sketch" (2005).
 */
#ifndef HANSOM_STORE_DS_COUNTMIN_H
#define HANSOM_STORE_DS_COUNTMIN_H

#include "base/buf.h"

enum { COUNTMIN_BYTES_MAX = 256 << 20 };

struct countmin {
    uint64_t width, depth;
    int64_t total;   /* of all that was added; stays at its largest */
    uint32_t *cells; /* owned */
};

/* The size for which a count is more than error * total too high only with this probability;
 * both in (0, 1). */
void countmin_size(double error, double probability, uint64_t *width, uint64_t *depth);

/* NULL when the table would be empty or take more than COUNTMIN_BYTES_MAX. */
struct countmin *countmin_new(uint64_t width, uint64_t depth);
void countmin_free(struct countmin *c);
struct countmin *countmin_copy(const struct countmin *c);
size_t countmin_memory(const struct countmin *c);

/* Adds n to the item; returns its count, UINT32_MAX when that is as far as it goes. */
uint32_t countmin_add(struct countmin *c, struct slice item, uint64_t n);

uint32_t countmin_query(const struct countmin *c, struct slice item);

/* Makes `to` the weighted sum of n tables of its size; `to` may be among them. False, and `to`
 * unchanged, when a cell would be negative or above 32 bits, or the total negative or above
 * 63 bits. */
bool countmin_merge(struct countmin *to, const struct countmin *const *from, const int64_t *weights,
                    uint32_t n);

void countmin_save(const struct countmin *c, struct buf *out);
/* NULL when the bytes make no sense. */
struct countmin *countmin_load(struct slice bytes);

#endif
