/* zset: a sorted set, and a geo index, which is one whose scores are places.
 *
 * Why: to clients both are one type; inside, few members lie in one block, a key that GEOADD
 * made keeps more of them in cells, where moves and searches are cheap, and any other keeps them
 * in a counted tree. Ranges of all sorts are pairs of ranks, so each form answers every command.
 *
 * Layout:      up to SCOREPACK_MAX members with short names are a scorepack; more, or a long
 *              name, are a dict (name -> member) + ranktree or geocells over the same members.
 *              It never turns back.
 *              A large range that is removed leaves the ordered structure at once and the dict later,
 *              in slices: while parts of it are in the dict still, what the dict finds counts only if
 *              the ordered structure has it.
 * Invariants:  a geo zset holds only scores that are geohashes: whole, 0 to 2^52 - 1, at most
 *              4096 of one score. What breaks that turns it into a plain one, for good.
 * Cost:        find O(1), change O(log n), a move within a geo cell O(1); O(n) while it is a
 *              scorepack. A geo member with a name of 15 bytes takes about 65 bytes, in a
 *              scorepack 26.
 * Owner:       the zset owns its members; a place in it is good until it changes.
 */
#ifndef HANSOM_STORE_TYPE_ZSET_H
#define HANSOM_STORE_TYPE_ZSET_H

#include "store/ds/geocells.h"
#include "store/ds/ranktree.h"
#include "store/ds/scorepack.h"
#include "store/engine/value.h"

struct zset;

extern const struct value_type zset_type;

/* An empty one; geo: made for places. */
struct zset *zset_new(bool geo);

/* A plain one that counts as large from the start: for results that no key will hold. */
struct zset *zset_new_large(void);
void zset_free(struct zset *z);

struct zset *zset_of(struct value *v); /* v's kind is VALUE_ZSET */
struct value *zset_value(struct zset *z);

uint32_t zset_count(const struct zset *z);

/* Where a member stands. Good until the next change. */
struct zset_at {
    struct member *member; /* borrowed; NULL while it is a scorepack */
    uint32_t at;           /* position in the scorepack */
};

/* False if name is not in. */
bool zset_find(const struct zset *z, struct slice name, struct zset_at *at);
/* The same when hash_slice(name) is known already. */
bool zset_find_hash(const struct zset *z, struct slice name, uint64_t hash, struct zset_at *at);

double zset_score(const struct zset *z, struct zset_at at);

/* Adds a name that is not in. score is not NaN. */
void zset_add(struct zset *z, struct slice name, double score);
/* The same when hash_slice(name) is known already. */
void zset_add_hash(struct zset *z, struct slice name, uint64_t hash, double score);

/* Gives a member this score; false when it had it already. */
bool zset_set(struct zset *z, struct zset_at at, double score);

void zset_del(struct zset *z, struct zset_at at);

/* Deletes n members from rank `from` on; they must exist. */
void zset_del_range(struct zset *z, uint32_t from, uint32_t n);

/* The same, in O(log n) (O(cells) of a geo zset) when they are many: then what is to be freed of them
 * is given back, the caller's, to be thrown away. Else NULL. */
struct value *zset_cut(struct zset *z, uint32_t from, uint32_t n);

/* Number of members before a member; before (with or_equal: at, too) a score or a name. By name is
 * defined while all scores are equal, as in Redis; otherwise it is some rank. */
uint32_t zset_rank(const struct zset *z, struct zset_at at);
uint32_t zset_below(const struct zset *z, double score, bool or_equal);
uint32_t zset_below_name(const struct zset *z, struct slice name, bool or_equal);

/* Calls fn for up to n members from rank `from` on, upwards, or downwards with reverse. The
 * zset must not change meanwhile. */
void zset_each(const struct zset *z, uint32_t from, uint32_t n, bool reverse, scored_fn fn,
               void *data);

/* As dict_scan, whatever fn gives back; a small one reports all its members at once, in order. */
uint64_t zset_scan(const struct zset *z, uint64_t cursor, scored_fn fn, void *data);

/* Whether OBJECT ENCODING calls it a listpack. */
bool zset_is_small(const struct zset *z);

/* The cells of a geo zset; NULL of a plain one and of a scorepack. */
const struct geocells *zset_cells(const struct zset *z);

/* Whether it was made for places and has met no other scores. */
bool zset_is_geo(const struct zset *z);

/* Whether score can be kept in cells. */
bool zset_is_geohash(double score);

enum { ZSET_AHEAD_STEPS = 5 };

/* A look ahead at one member, for a batch. */
struct zset_ahead {
    const struct zset *z; /* borrowed for the batch */
    uint64_t hash;        /* of the member's name */
    uint64_t score;       /* where it will move to, as a geohash; UINT64_MAX: not known */
    double by;            /* what is added to its score in a plain zset; NaN: not known */
    const struct member *m;
    const struct geo_cell *to;
    const struct leaf *old_leaf, *new_leaf;
    struct member *const *equal;
};

/* Starts fetching what a change of the member will read, one step further down each time: 0 the
 * bucket, 1 the member, 2 its cell or leaf, 3 and 4 the place it moves to and the members that matter
 * there. Batches take each step for all before the next. */
void zset_ahead(struct zset_ahead *a, uint32_t step);

/* Aborts when an invariant does not hold. For tests. */
void zset_check(const struct zset *z);

#endif
