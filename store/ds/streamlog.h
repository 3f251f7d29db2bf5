/* streamlog: the entries of a stream, in compact blocks ordered by id.
 *
 * Why: entries of one stream mostly carry the same field names, arrive in order, and leave
 * from the front. A block says its first entry's names once, and an entry that has just
 * those names stores values only; ids are differences to the block's first. Values of one field
 * often begin alike too (ids with a region, places, times): the first entry is the model, and
 * what a value begins with in common with its model is not stored again.
 *
 * Layout:      blocks: idtable of { first id, block, live }
 *              block:  header | name ... name | entry entry entry ...
 *              entry:  size | flags | ms - first.ms | seq - first.seq | [count] | values
 *                      where [count] and names stand only if the names are not the block's.
 *              value:  0..191 bytes: length, bytes; an integer in decimal: tag, 1-8 bytes;
 *                      longer: tag, 4 bytes of length, bytes; begins as its model does: tag
 *                      that says how many bytes, 1 byte for how many follow, these.
 *                      Numbers are LEB128 unless said.
 * Invariants:  ids strictly increase; a deleted entry keeps its bytes and a flag until its
 *              block is empty; no block without a live entry; start is at a live entry; the
 *              first entry has no value with a model.
 * Cost:        append is O(bytes); finding an id is a binary search over blocks and a walk
 *              over at most STREAMLOG_BLOCK_ENTRIES sizes; about 12 bytes an entry of six
 *              fields beside its values.
 * Owner:       the log owns all bytes. An entry read from it is borrowed until the next
 *              change.
 */
#ifndef HANSOM_STORE_DS_STREAMLOG_H
#define HANSOM_STORE_DS_STREAMLOG_H

#include "store/ds/idtable.h"

enum {
    STREAMLOG_BLOCK_ENTRIES = 256, /* no block holds more, whatever the configuration */
    STREAMLOG_JOINED_MAX = 128     /* bytes of a value that is stored without its beginning */
};

struct streamblock;

struct streamlog {
    struct idtable blocks;
    uint64_t length; /* live entries */
};

/* When a block is full; 0 means no bound of this kind. */
struct streamlog_limits {
    uint32_t entries;
    uint32_t bytes;
};

/* An entry while it is read: its pairs come out one after the other. */
struct stream_entry {
    struct stream_id id;
    uint32_t fields;      /* pairs left to read */
    const uint8_t *names; /* borrowed: next name of the block; NULL when names are inline */
    const uint8_t *model; /* borrowed: next value of the block's first entry, if names is */
    const uint8_t *at;    /* borrowed: next value (or name) */
    char text[STREAMLOG_JOINED_MAX]; /* a value that does not lie in one piece is put here */
};

struct streamlog_iter {
    const struct streamlog *log; /* borrowed */
    const struct streamblock *block;
    struct stream_id from, to;
    struct idtable_at at;
    uint32_t offset; /* forward: of the next entry */
    uint32_t left;   /* backward: offsets not yet visited */
    bool reverse;
    bool done;
    uint32_t offsets[STREAMLOG_BLOCK_ENTRIES]; /* backward: of this block's entries */
};

void streamlog_init(struct streamlog *l);
void streamlog_fini(struct streamlog *l);

/* Frees up to n blocks, from the end; false when none is left. */
bool streamlog_drain(struct streamlog *l, uint64_t n);

/* A deep copy of from into the fresh *to. */
void streamlog_copy(const struct streamlog *from, struct streamlog *to);

/* Appends an entry of n pairs (name, value, name, value...). id is greater than that of
 * every live entry. */
void streamlog_append(struct streamlog *l, struct stream_id id, const struct slice *pairs,
                      uint32_t n, struct streamlog_limits limits);

/* Deletes the entry with this id; false if there is none. */
bool streamlog_del(struct streamlog *l, struct stream_id id);

/* Reads the entry with this id; false if there is none. */
bool streamlog_find(const struct streamlog *l, struct stream_id id, struct stream_entry *e);

/* The least and greatest id of a live entry; false when empty. */
bool streamlog_first(const struct streamlog *l, struct stream_id *id);
bool streamlog_last(const struct streamlog *l, struct stream_id *id);

/* Live entries whose id is greater than id. O(blocks). */
uint64_t streamlog_count_after(const struct streamlog *l, struct stream_id id);

/* What streamlog_trim keeps. */
struct streamlog_trim {
    bool by_id;
    uint64_t length_max;     /* unless by_id: how many of the newest stay */
    struct stream_id id_min; /* by_id: entries below it go */
    bool approx;             /* only whole blocks go */
    uint64_t limit;          /* stop rather than delete more than this; 0: no limit */
};

/* Deletes from the front; returns how many. */
uint64_t streamlog_trim(struct streamlog *l, const struct streamlog_trim *how);

/* Starts a walk over the entries with from <= id <= to, upwards or downwards. The log must
 * not change until the walk is over; there is nothing to end. */
void streamlog_walk(struct streamlog_iter *it, const struct streamlog *l, struct stream_id from,
                    struct stream_id to, bool reverse);

/* The next entry of a walk; false when there is none. */
bool streamlog_next(struct streamlog_iter *it, struct stream_entry *e);

/* The next pair of an entry, which has e->fields of them left; both slices hold until the
 * next call on this entry. */
void stream_entry_pair(struct stream_entry *e, struct slice *name, struct slice *value);

/* Blocks in use, and bytes held (the struct itself not counted). */
size_t streamlog_blocks(const struct streamlog *l);
size_t streamlog_memory(const struct streamlog *l);

/* Asserts all invariants; for tests. */
void streamlog_check(const struct streamlog *l);

#endif
