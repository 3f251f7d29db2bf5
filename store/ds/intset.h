/* intset: a set of integers as one sorted array, for small sets of numbers.
 *
 * Layout:      count numbers of `width` bytes (2, 4 or 8), smallest first; the width is that
 *              of the widest number that was ever in.
 * Invariants:  numbers strictly increase; width is 2, 4 or 8.
 * Cost:        find is O(log n); add and del are O(n) moves, so the owner keeps it small.
 */
#ifndef HANSOM_STORE_DS_INTSET_H
#define HANSOM_STORE_DS_INTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intset {
    char *p; /* owned; NULL when empty */
    uint32_t count;
    uint32_t width;
};

bool intset_has(const struct intset *s, int64_t n);

/* False when n was there already, or was not. */
bool intset_add(struct intset *s, int64_t n);
bool intset_del(struct intset *s, int64_t n);

/* The i-th smallest; i < count. */
int64_t intset_at(const struct intset *s, uint32_t i);

void intset_fini(struct intset *s);

/* Aborts when an invariant does not hold. For tests; O(n). */
void intset_check(const struct intset *s);

#endif
