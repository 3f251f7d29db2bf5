/* geocells: members at places, kept in order of their 52-bit geohash score.
 *
 * Why: a driver moves every few seconds, nearly always within the cell he is in, so a move
 * must not touch an ordered structure: it rewrites eight bytes. A search must not touch names:
 * coordinates lie side by side in the cell. And the key is still a sorted set, so the cells
 * stand in score order under counts, and rank, count and range are walks from the root.
 *
 * Layout:      a cell is a prefix of the score. It splits into four (two more bits: a quarter
 *              of the area each) when it would hold more than 64, and four are merged when
 *              they hold 24 or fewer. Inner nodes form a trie of two bits a level; the four
 *              children of a node are in score order. Within a cell there is no order. The
 *              trie begins at the smallest area that holds all members and has more than one
 *              cell: the ten levels from the world down to a city are not walked.
 *
 *                node | first bits parent | child 0..3 | count 0..3 |     48 bytes, in one array
 *                cell | first bits parent n cap | x y, x y ... | member, member ... |
 *
 *              A member holds its cell's index and its slot there; the cells' addresses are in
 *              one table, so that a cell may be reallocated without telling its members.
 * Invariants:  a node holds more than 24 members, a cell at least one; a cell of fewer than 52
 *              bits at most 64, one of 52 bits (all at one spot) at most 4096; counts are true.
 * Cost:        a move within its cell is O(1); any other move, put, del or rank is O(bits);
 *              about 20 bytes a member.
 * Owner:       borrows the members: whoever frees one takes it out first.
 */
#ifndef HANSOM_STORE_DS_GEOCELLS_H
#define HANSOM_STORE_DS_GEOCELLS_H

#include "store/ds/member.h"

#define GEO_SCORE_MAX ((UINT64_C(1) << 52) - 1)
#define GEO_NONE      UINT32_MAX          /* no child, no parent */
#define GEO_CELL      (UINT32_C(1) << 31) /* set in a reference to a cell, not to a node */

struct geo_xy {
    uint32_t x; /* column of the 2^26 by 2^26 grid, from west */
    uint32_t y; /* row, from south */
};

struct geo_cell {
    uint64_t first; /* the least score of its area */
    uint32_t parent;
    uint16_t n;
    uint16_t cap;
    uint8_t bits;                   /* length of the prefix: even, 0 to 52 */
    _Alignas(8) struct geo_xy xy[]; /* cap of them, and behind them cap members */
};

struct geo_node {
    uint64_t first;
    uint32_t child[4]; /* GEO_NONE, GEO_CELL | cell, or a node */
    uint32_t count[4];
    uint32_t parent; /* in a free node: the next free one */
    uint8_t bits;
};

struct geocells {
    struct geo_cell **cells; /* owned, by index */
    struct geo_node *nodes;  /* owned, by index */
    uint32_t *spare;         /* owned; indices of cells that are free, as a stack */
    uint32_t cells_used, cells_cap, spare_n;
    uint32_t nodes_used, nodes_cap, nodes_free;
    uint32_t root; /* as a child reference */
    uint32_t count;
};

/* Gives false to stop. */
typedef bool (*geo_fn)(struct member *m, uint64_t score, void *data);

void geocells_init(struct geocells *g);

/* Puts m, which is in none, at score <= GEO_SCORE_MAX. False, and nothing changed, when 4096
 * others have that very score. */
bool geocells_put(struct geocells *g, struct member *m, uint64_t score);

/* Gives m, which is in, this score. GEO_FULL, and nothing changed, as geocells_put. */
enum geo_moved { GEO_FULL, GEO_SAME, GEO_MOVED };
enum geo_moved geocells_move(struct geocells *g, struct member *m, uint64_t score);

/* Takes m, which is in, out. */
void geocells_del(struct geocells *g, struct member *m);

/* The score of m, which is in. */
uint64_t geocells_score(const struct geocells *g, const struct member *m);

/* How many members stand before m by (score, name). */
uint32_t geocells_rank(const struct geocells *g, const struct member *m);

/* How many members have a score < score, or <= score with or_equal. */
uint32_t geocells_below(const struct geocells *g, uint64_t score, bool or_equal);

/* Calls fn for up to n members from rank `from` on by (score, name), upwards, or downwards
 * with reverse. g must not change meanwhile. */
void geocells_each(const struct geocells *g, uint32_t from, uint32_t n, bool reverse, geo_fn fn,
                   void *data);

/* Start fetching what a move of m will read, each what the one before led to: m's cell; the
 * cell of its new score, and the last member of its own, which will take its slot; what is
 * written there. ahead_to gives NULL, and no more is to be fetched, when m will stay in its
 * cell or its new one is not made yet. */
void geocells_ahead_from(const struct geocells *g, const struct member *m);
const struct geo_cell *geocells_ahead_to(const struct geocells *g, const struct member *m,
                                         uint64_t score);
void geocells_ahead_end(const struct geocells *g, const struct member *m,
                        const struct geo_cell *to);

/* The same for a member to be put in: the cell of its score, or NULL when it is not made yet; and
 * what is written there. */
const struct geo_cell *geocells_ahead_put(const struct geocells *g, uint64_t score);
void geocells_ahead_put_end(const struct geo_cell *to);

/* Bytes of all but the members. O(cells). */
size_t geocells_memory(const struct geocells *g);

/* Frees all but the members. */
void geocells_fini(struct geocells *g);

/* Frees up to n cells of an index that will never be looked at again; false when nothing is left. */
bool geocells_drain(struct geocells *g, uint64_t n);

/* Moves the n members of rank `from` and on, which must exist, into *gone, by whole cells where it can.
 * gone can only be unloaded. O(cells). */
void geocells_cut(struct geocells *g, uint32_t from, uint32_t n, struct geocells *gone);

/* Whether m is in, or was cut out of this index; m's place is whatever it was. */
bool geocells_has(const struct geocells *g, const struct member *m);

/* Gives up to n members of an index that will never be looked at again to fn, which may free them, and
 * frees the cells; false when that was the rest. */
bool geocells_unload(struct geocells *g, uint64_t n, void (*fn)(struct member *m, void *data),
                     void *data);

/* Aborts when an invariant does not hold. O(n); for tests. */
void geocells_check(const struct geocells *g);

static inline struct member **geo_members(const struct geo_cell *c)
{
    return (struct member **)(uintptr_t)(c->xy + c->cap);
}

#endif
