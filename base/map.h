/* map: names to pointers, for the tables of a service (sessions, drivers, subscriptions).
 *
 * Layout:      open addressing with linear probing; a slot is {hash, key, value}. Deletion
 *              shifts the run behind back, so there are no tombstones.
 * Invariants:  at most 3/4 full; keys are unique, copied in, and freed by the map.
 * Cost:        O(1) expected; a grow moves everything at once (the store's keyspace, which
 *              must not pause, uses store/ds/dict instead).
 * Owner:       keys are the map's; values are the caller's.
 */
#ifndef HANSOM_BASE_MAP_H
#define HANSOM_BASE_MAP_H

#include "base/slice.h"

struct map_slot {
    uint64_t hash;
    struct slice key; /* owned bytes; p is NULL in a free slot */
    void *value;      /* borrowed: the caller's */
};

struct map {
    struct map_slot *slots; /* owned */
    size_t count;
    size_t cap; /* 0 or a power of two */
};

/* The value under key, or NULL. */
void *map_find(const struct map *m, struct slice key);

/* Puts value (not NULL) under key; returns the value it replaces, or NULL. */
void *map_put(struct map *m, struct slice key, void *value);

/* Takes the value under key out; NULL if there is none. */
void *map_take(struct map *m, struct slice key);

/* Calls fn for each entry, in no order; the map must not change meanwhile.
 * Stops when fn gives false. */
void map_each(const struct map *m, bool (*fn)(struct slice key, void *value, void *data),
              void *data);

/* Frees the keys; the values are not touched. */
void map_fini(struct map *m);

#endif
