/* ranktree: members in order of (score, name), counted.
 *
 * Why: ranks, ranges by rank and ranges by score all become one thing, a pair of ranks, and
 * each costs one walk from the root. Scores lie together in the leaves, so a search touches
 * names only where scores are equal.
 *
 * Layout:      a B+ tree. A leaf holds scores[cap], then members[cap]; an inner node holds,
 *              for each child, its count and its first (score, member).
 *
 *                  inner | count 5 3 | first a f |
 *                        +----|------------|-----+
 *                  leaf  | a b c d e |   | f g h |
 *
 * Invariants:  members strictly increase by (score, name); a child's count and first are
 *              true; no node is empty except the root leaf of an empty tree.
 * Cost:        put, del, rank, at are O(log n); 16 bytes a member over the fill of a leaf
 *              (0.7 at random, nearly 1 when scores only grow).
 * Owner:       borrows the members: whoever frees one takes it out first. A member's score
 *              is changed only by ranktree_move while it is in.
 */
#ifndef HANSOM_STORE_DS_RANKTREE_H
#define HANSOM_STORE_DS_RANKTREE_H

#include "store/ds/member.h"

struct ranktree {
    void *root;      /* owned; leaf when levels is 0; NULL when never used */
    uint32_t levels; /* inner levels above the leaves */
    uint32_t count;
};

/* Gives false to stop. */
typedef bool (*rank_fn)(struct member *m, double score, void *data);

/* Puts m, which is in no tree, at m->u.score. No member of that score and name is in. */
void ranktree_put(struct ranktree *t, struct member *m);

/* Takes m, which is in, out. */
void ranktree_del(struct ranktree *t, struct member *m);

/* Gives m, which is in, another score. */
void ranktree_move(struct ranktree *t, struct member *m, double score);

/* How many members stand before m, which is in. */
uint32_t ranktree_rank(const struct ranktree *t, const struct member *m);

/* How many members have a score < score, or <= score with or_equal. */
uint32_t ranktree_below(const struct ranktree *t, double score, bool or_equal);

/* How many members have a name < name (<= with or_equal), if all scores are equal; otherwise
 * some rank between 0 and count. */
uint32_t ranktree_below_name(const struct ranktree *t, struct slice name, bool or_equal);

/* The member of rank < count. */
struct member *ranktree_at(const struct ranktree *t, uint32_t rank);

/* Calls fn for up to n members from rank `from` on, upwards, or downwards with reverse.
 * The tree must not change meanwhile. */
void ranktree_each(const struct ranktree *t, uint32_t from, uint32_t n, bool reverse, rank_fn fn,
                   void *data);

struct leaf;

/* Looks ahead for a batch: starts fetching the leaf where members of this score stand. It may be a
 * neighbour of the right one when scores are equal. NULL when all is in one leaf. Borrowed until the
 * tree changes. O(log n). */
const struct leaf *ranktree_ahead(const struct ranktree *t, double score);

/* One step later: starts fetching the place of that score in the leaf. The place, if a member of this
 * score is there, whose name a newcomer will be compared with; else NULL. */
struct member *const *ranktree_ahead_place(const struct leaf *l, double score);

/* Bytes of the nodes, without the members. O(nodes). */
size_t ranktree_memory(const struct ranktree *t);

/* Frees the nodes, not the members; t is then an empty tree. */
void ranktree_fini(struct ranktree *t);

/* Frees up to n nodes of a tree that will never be looked at again; false when none is left. */
bool ranktree_drain(struct ranktree *t, uint64_t n);

/* Moves the n members of rank `from` and on, which must exist, into *gone, by whole nodes and without
 * a look at most of them. gone can only be unloaded. O(log n). */
void ranktree_cut(struct ranktree *t, uint32_t from, uint32_t n, struct ranktree *gone);

/* Whether m is in, or was cut out of this tree; m's score is whatever it was. */
bool ranktree_has(const struct ranktree *t, const struct member *m);

/* Gives up to n members of a tree that will never be looked at again to fn, which may free them, and
 * frees the nodes; false when that was the rest. */
bool ranktree_unload(struct ranktree *t, uint64_t n, void (*fn)(struct member *m, void *data),
                     void *data);

/* Aborts when an invariant does not hold. O(n); for tests. */
void ranktree_check(const struct ranktree *t);

#endif
