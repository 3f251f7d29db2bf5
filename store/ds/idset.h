/* idset: a set of 32-bit ids, compressed.
 *
 * Why: a tag stands in five documents or in half of them. So ids are kept by their upper 16 bits:
 * of few with the same ones the lower 16 bits are listed, of many they are a bitmap, and either
 * way a document is asked about, and the next one found, without going through the others.
 *
 * Layout:      parts[count], ascending by `high`:
 *                n <= 4096:  sorted uint16 low[n]        2 bytes an id
 *                n  > 4096:  uint64 bits[1024]           8 KiB
 * Invariants:  no part is empty; a part is a list exactly when it holds at most 4096.
 * Cost:        has is a search among parts and one in a list of 4096 at most; add and del move
 *              at most 8 KiB.
 * Owner:       zeroed memory is an empty set.
 * From:        S. Chambi, D. Lemire, O. Kaser, R. Godin, "Better bitmap performance with Roaring
 *              bitmaps" (2016).
 */
#ifndef HANSOM_STORE_DS_IDSET_H
#define HANSOM_STORE_DS_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDSET_NONE UINT32_MAX /* no id: it cannot be in a set */

struct idset_part {
    void *ids; /* owned: uint16_t list, or uint64_t bitmap */
    uint32_t n;
    uint16_t cap;  /* of a list */
    uint16_t high; /* the ids' upper 16 bits */
};

struct idset {
    struct idset_part *parts; /* owned */
    uint32_t part_count, part_cap;
    uint32_t count; /* ids */
};

void idset_fini(struct idset *s);

/* False when the id is in already; it is below IDSET_NONE. */
bool idset_add(struct idset *s, uint32_t id);

/* False when it is not in. */
bool idset_del(struct idset *s, uint32_t id);

bool idset_has(const struct idset *s, uint32_t id);

/* Leaves of n ids, which may repeat and stand in any order, those that are in; gives how many. */
uint32_t idset_keep(const struct idset *s, uint32_t *ids, uint32_t n);

/* The least id >= from, or IDSET_NONE. */
uint32_t idset_next(const struct idset *s, uint32_t from);

/* The id that `rank` others are below; rank < count. O(parts) and a walk in one. */
uint32_t idset_at(const struct idset *s, uint32_t rank);

size_t idset_memory(const struct idset *s);

/* Aborts when an invariant does not hold. O(n); for tests. */
void idset_check(const struct idset *s);

#endif
