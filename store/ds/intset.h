/* intset: a set of integers as one sorted array, for small sets of numbers.
 *
 * Why: the numbers of a small set are mostly near each other (ids, places in a list), so each
 * is kept as its distance to a common base, in as few bytes as the greatest distance needs.
 *
 * Layout:      one block: | base 8 | count 4 | width 1 | distance, width bytes | ... |
 *              distances are unsigned, little endian, smallest first.
 * Invariants:  numbers strictly increase; base is at most the smallest; width is 1 to 8.
 * Cost:        find is O(log n); add and del are O(n) moves, so the owner keeps it small. The
 *              block is never larger than its numbers, but for what the allocator rounds up to.
 */
#ifndef HANSOM_STORE_DS_INTSET_H
#define HANSOM_STORE_DS_INTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intset_block;

/* Zeroed memory is an empty set. */
struct intset {
    struct intset_block *block; /* owned; NULL when empty */
};

uint32_t intset_count(const struct intset *s);

bool intset_has(const struct intset *s, int64_t n);

/* False when n was there already, or was not. */
bool intset_add(struct intset *s, int64_t n);
bool intset_del(struct intset *s, int64_t n);

/* The i-th smallest; i < count. */
int64_t intset_at(const struct intset *s, uint32_t i);

/* Bytes held. */
size_t intset_memory(const struct intset *s);

void intset_fini(struct intset *s);

/* Aborts when an invariant does not hold. For tests; O(n). */
void intset_check(const struct intset *s);

#endif
