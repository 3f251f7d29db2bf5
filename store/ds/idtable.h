/* idtable: records of one fixed size, in the order of the stream ids they begin with.
 *
 * Why: a stream needs three such tables: its blocks by first id, a group's pending entries,
 * and the ids pending at one consumer. Nearly every insert lands at the end and most deletes
 * near the front, so records lie in sorted chunks under one sorted directory: an append is
 * a store, a scan runs through memory in order, and a tree's nodes and pointers are saved.
 *
 * Layout:      dir[head..head+chunks) -> { first id, chunk }
 *              chunk -> [start] rec rec rec ... [start+count]   at most IDTABLE_CHUNK records
 * Invariants:  ids strictly increase through a chunk and from chunk to chunk; no chunk is
 *              empty; a directory entry's id is that of its chunk's first record.
 * Cost:        find is two binary searches; add at the end O(1); add and del elsewhere move
 *              at most one chunk (2.5 KB for a record of 40 bytes), and the directory when a
 *              chunk comes or goes.
 * Owner:       the table owns the records; what they point to is the caller's. A record's
 *              address holds until the next add or del.
 */
#ifndef HANSOM_STORE_DS_IDTABLE_H
#define HANSOM_STORE_DS_IDTABLE_H

#include "store/ds/streamid.h"

enum { IDTABLE_CHUNK = 64 };

struct idtable_chunk;

struct idtable_entry {
    struct stream_id first;
    struct idtable_chunk *chunk; /* owned */
};

struct idtable {
    struct idtable_entry *dir; /* owned */
    size_t head;               /* entries in front that are no longer used */
    size_t chunks;
    size_t cap;
    size_t count;  /* records */
    uint32_t size; /* bytes of a record; it begins with its struct stream_id */
};

/* A place in a table; invalid after an add or del, but for idtable_del_at. */
struct idtable_at {
    size_t chunk; /* from head */
    uint32_t index;
};

void idtable_init(struct idtable *t, uint32_t size);

/* Frees the records. */
void idtable_fini(struct idtable *t);

/* Frees up to n chunks of a table that will never be looked at again; false when none is left. */
bool idtable_drain(struct idtable *t, uint64_t n);

/* The record with this id, or NULL. */
void *idtable_find(const struct idtable *t, struct stream_id id);

/* The record with this id, made if there is none: then all but its id is zero and *fresh
 * (may be NULL) is true. */
void *idtable_add(struct idtable *t, struct stream_id id, bool *fresh);

/* Removes the record with this id; false if there is none. */
bool idtable_del(struct idtable *t, struct stream_id id);

/* The first and the last record, or NULL. */
void *idtable_first(const struct idtable *t);
void *idtable_last(const struct idtable *t);

/* The place of the first record whose id is >= id; past the end if there is none. */
struct idtable_at idtable_seek(const struct idtable *t, struct stream_id id);

/* The place of the last record whose id is <= id; false if there is none. */
bool idtable_seek_le(const struct idtable *t, struct stream_id id, struct idtable_at *at);

/* The record at a place, or NULL past the end. */
void *idtable_get(const struct idtable *t, struct idtable_at at);

/* Moves to the next record; past the end it stays. */
void idtable_step(const struct idtable *t, struct idtable_at *at);

/* Moves to the record before; false, and no change, at the first. */
bool idtable_step_back(const struct idtable *t, struct idtable_at *at);

/* Removes the record at a place, which then names the record after it. */
void idtable_del_at(struct idtable *t, struct idtable_at *at);

/* Removes all records for which fn is true, in one pass; returns how many. fn is asked once for each,
 * in order. */
size_t idtable_sweep(struct idtable *t, bool (*fn)(const void *record, void *data), void *data);

/* Bytes held, the struct itself not counted. */
size_t idtable_memory(const struct idtable *t);

/* Asserts all invariants; for tests. */
void idtable_check(const struct idtable *t);

#endif
