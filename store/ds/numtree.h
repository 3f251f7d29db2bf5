/* numtree: pairs of a number and an id, in order, counted.
 *
 * Why: an index of numbers must answer "how many lie between" and "the tenth of them" without
 * looking at the rest, and hand out long runs as fast as memory gives them. Numbers and ids lie
 * side by side in the leaves; nothing else is touched.
 *
 * Layout:      a B+ tree. A leaf holds up to 64 numbers and their ids; an inner node, for each of
 *              up to 32 children, its count and its first pair.
 *
 *                  inner | count 3 2 | first (1,7) (4,2) |
 *                        +----|-----------|------+
 *                  leaf  | 1 1 3 / 7 9 4 |  | 4 8 / 2 5 |
 *
 * Invariants:  pairs strictly increase by (number, id); counts and firsts are true; no node but
 *              the root is under a quarter full.
 * Cost:        put, del and below are O(log n); a run costs its leaves; about 17 bytes a pair.
 * Owner:       zeroed memory is an empty tree.
 */
#ifndef HANSOM_STORE_DS_NUMTREE_H
#define HANSOM_STORE_DS_NUMTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numtree {
    void *root; /* owned; a leaf when levels is 0; NULL when empty */
    uint32_t levels;
    uint32_t count;
};

/* A run of pairs, ascending; false stops. */
typedef bool (*numtree_fn)(const double *numbers, const uint32_t *ids, uint32_t n, void *data);

void numtree_fini(struct numtree *t);

/* Adds a pair that is not in. The number is not NaN. */
void numtree_put(struct numtree *t, double number, uint32_t id);

/* Removes a pair that is in. */
void numtree_del(struct numtree *t, double number, uint32_t id);

/* The pair will be put or removed soon: the leaf that it belongs to comes from memory meanwhile. */
void numtree_expect(const struct numtree *t, double number, uint32_t id);

/* How many numbers are < number, or <= number with or_equal. */
uint32_t numtree_below(const struct numtree *t, double number, bool or_equal);

/* Calls fn with the pairs of rank from to from + n - 1 (as far as there are), run by run. */
void numtree_each(const struct numtree *t, uint32_t from, uint32_t n, numtree_fn fn, void *data);

/* The same, copied: numbers may be NULL. Gives how many there were. */
uint32_t numtree_copy(const struct numtree *t, uint32_t from, uint32_t n, uint32_t *ids,
                      double *numbers);

/* Bytes of the nodes. O(nodes). */
size_t numtree_memory(const struct numtree *t);

/* Aborts when an invariant does not hold. O(n); for tests. */
void numtree_check(const struct numtree *t);

#endif
