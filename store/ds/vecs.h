/* vecs: vectors by number, all of one dimension, and those nearest to a given one.
 *
 * Why: it is what an index of vectors holds, and by itself the exact one (FLAT): a look at all
 * of them. A graph over the vectors (hnsw.h) walks by their codes, which are a quarter as large,
 * and asks for exact distances at the end only.
 *
 * Layout:      a vector has a row; rows lie in chunks of VECS_CHUNK, so that growth moves none.
 *                floats   one after another, each `width` floats with zeros behind the last
 *                codes    head { scale, bias, sum } in one line, then `width` bytes: the vector
 *                         over its largest component, in steps of 1/127
 *              row_of[id] and ids[row] lead from one to the other.
 * Invariants:  row_of[ids[row]] == row for each live row; the free rows are in `free`.
 * Cost:        4 * width + width + 64 bytes a vector with codes (2,624 for 512 dimensions), 8 for
 *              its number; 4 bytes a number up to the highest in use. A scan reads all floats.
 * Owner:       loop thread only: a question's vector lies in the vecs until the next.
 * From:        the distances are RediSearch's: L2 is the sum of squares, without the root; IP is
 *              1 - a.b; COSINE is 1 - the cosine, so it keeps vectors at length 1.
 */
#ifndef HANSOM_STORE_DS_VECS_H
#define HANSOM_STORE_DS_VECS_H

#include "store/ds/near.h"
#include "store/ds/vecs_dist.h"

#include "base/slice.h"

enum { VECS_DIM_MAX = 32768, VECS_CHUNK = 64, VECS_ROWS_MAX = 1 << 27 };
#define VECS_NONE UINT32_MAX

enum vecs_metric { VECS_L2, VECS_IP, VECS_COSINE };

struct vecs_code; /* of one vector; see vecs.c */

struct vecs_chunk {
    void *memory; /* owned */
    float *floats;
    char *codes; /* NULL without codes */
};

struct vecs {
    uint32_t dim, width;
    enum vecs_metric metric;
    bool coded;
    const struct vecs_dist *dist;
    struct vecs_chunk *chunks; /* owned */
    uint32_t *ids;             /* owned; by row; VECS_NONE in a free one */
    uint32_t *row_of;          /* owned; by number; VECS_NONE for none */
    uint32_t *free;            /* owned; rows to use again */
    uint32_t count;            /* live rows */
    uint32_t rows;             /* rows ever used: the free ones lie below too */
    uint32_t free_count, chunk_count, chunk_cap, id_cap;
    struct vecs_chunk asked; /* one row: the question */
};

/* A vector to measure from: a row, or a question. */
struct vecs_point {
    const float *floats;
    const struct vecs_code *code;
};

/* Which numbers may be found; NULL stands for all. */
typedef bool vecs_allows(void *data, uint32_t id);

void vecs_init(struct vecs *v, uint32_t dim, enum vecs_metric metric, bool coded);
void vecs_fini(struct vecs *v);

/* Adds a vector, dim finite floats that need not be aligned, under a number that has none, and
 * returns its row; VECS_NONE, and nothing is added, when there are VECS_ROWS_MAX. Numbers should
 * be given densely: a table is as long as the highest. */
uint32_t vecs_add(struct vecs *v, uint32_t id, const void *floats);

/* Takes the vector of this row out. The row's vector may be read until the next vecs_add. */
void vecs_del(struct vecs *v, uint32_t row);

/* The row of a number, or VECS_NONE. */
uint32_t vecs_row(const struct vecs *v, uint32_t id);

static inline uint32_t vecs_id(const struct vecs *v, uint32_t row)
{
    return v->ids[row];
}

/* The vector of a row; with COSINE at length 1. */
struct vecs_point vecs_at(const struct vecs *v, uint32_t row);

/* A question's vector, as vecs_add takes it; until the next question. */
struct vecs_point vecs_ask(struct vecs *v, const void *floats);

/* The distance to a row, as replies give it. */
float vecs_exact(const struct vecs *v, struct vecs_point from, uint32_t row);

/* The distance by codes: off by about 1 % of what random vectors differ by. Without codes exact. */
float vecs_rough(const struct vecs *v, struct vecs_point from, uint32_t row);

/* How many to take by codes so that the k nearest are among them. */
static inline uint32_t vecs_wide(const struct vecs *v, uint32_t k)
{
    return !v->coded ? k : k > VECS_ROWS_MAX ? k : 2 * k + 16;
}

/* Brings the codes of a row (or its floats) into the processor's cache, for the next look. */
void vecs_fetch(const struct vecs *v, uint32_t row);

/* The k nearest that are allowed, nearest first, ties by number; returns how many. A scan. */
uint32_t vecs_nearest(const struct vecs *v, struct vecs_point from, uint32_t k, vecs_allows *allows,
                      void *data, struct near *out);

/* The same among n numbers; those without a vector are passed over. With codes it looks at the
 * floats of the best few only. */
uint32_t vecs_nearest_of(const struct vecs *v, struct vecs_point from, const uint32_t *ids,
                         uint32_t n, uint32_t k, struct near *out);

/* Calls found for each one within radius, in no order; false from it stops. A scan. */
void vecs_within(const struct vecs *v, struct vecs_point from, float radius, vecs_allows *allows,
                 void *data, bool (*found)(void *to, struct near n), void *to);

size_t vecs_memory(const struct vecs *v);

/* Aborts unless the invariants hold. For tests. */
void vecs_check(const struct vecs *v);

#endif
