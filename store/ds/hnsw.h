/* hnsw: vectors nearest to a given one, found by a walk over a graph instead of a look at all.
 *
 * Why: 512 floats of 100,000 drivers are 200 MB, and reading them takes 20 ms. The walk looks at
 * some hundreds of them, by their codes (vecs.h), and finds nearly all that a full look would.
 *
 * Layout:      level 2    a ----------------- g           each vector is on level 0, and on each
 *              level 1    a ------ d -------- g -- k      further one with chance 1/m
 *              level 0    a - b -- d - e - f- g -- k - p
 *              A search goes from the entry along the edges to the nearest on the top level, from
 *              there down, and on level 0 keeps the `ef` nearest it has seen until none of them
 *              has an edge to a nearer one.
 *              A vector's edges lead to at most m near ones that lie in different directions
 *              (2 m on level 0); each also knows the edges that lead to it.
 * Invariants:  x is in in(y) exactly if y is in out(x); nobody has an edge to himself, nor two to
 *              the same; an edge of a level joins two that are on it; the entry is on the top one.
 * Cost:        a search looks at about ef * m vectors; adding costs one of ef_construction and m
 *              choices; deleting one choice for each edge that led there. Beside the vectors
 *              16 + 24 + 8 m bytes, some 100 for the edges backwards, and 1/m of that above.
 * Owner:       loop thread only, as vecs.h.
 * From:        Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search
 *              using Hierarchical Navigable Small World graphs" (2016), with its heuristic choice
 *              of neighbours (algorithm 4). Its level comes from the number, so that an index does
 *              not depend on the order of what other documents did.
 */
#ifndef HANSOM_STORE_DS_HNSW_H
#define HANSOM_STORE_DS_HNSW_H

#include "store/ds/vecs.h"

enum { HNSW_M_MIN = 2, HNSW_M_MAX = 512, HNSW_EF_MAX = 4096 };

struct hnsw_options {
    uint32_t dim; /* 1 to VECS_DIM_MAX */
    enum vecs_metric metric;
    uint32_t m;               /* edges a vector, HNSW_M_MIN to HNSW_M_MAX; 16 is usual */
    uint32_t ef_construction; /* 1 to HNSW_EF_MAX; 200 is usual */
};

struct hnsw;

struct hnsw *hnsw_new(const struct hnsw_options *o);
void hnsw_free(struct hnsw *h);

/* Puts a vector, dim finite floats, under a number in the place of the one that is there. Numbers
 * are to be given densely. False when there are VECS_ROWS_MAX. */
bool hnsw_put(struct hnsw *h, uint32_t id, const void *floats);

/* False when the number has no vector. Those that led to it find others. */
bool hnsw_del(struct hnsw *h, uint32_t id);

/* About the k nearest of those allowed, nearest first with their exact distances; returns how many.
 * ef (1 to HNSW_EF_MAX, raised to k) trades time for exactness. A filter that allows few makes the
 * walk long: see hnsw_should_scan. */
uint32_t hnsw_nearest(struct hnsw *h, const void *floats, uint32_t k, uint32_t ef,
                      vecs_allows *allows, void *data, struct near *out);

/* Whether looking at `allowed` vectors one by one is cheaper than a walk that may only find them. */
bool hnsw_should_scan(const struct hnsw *h, uint32_t allowed, uint32_t k, uint32_t ef);

/* About all those within radius, in no order; false from found stops. The walk goes on over those
 * that are up to epsilon farther than the radius, as a share of it. */
void hnsw_within(struct hnsw *h, const void *floats, float radius, float epsilon, uint32_t ef,
                 vecs_allows *allows, void *data, bool (*found)(void *to, struct near n), void *to);

/* The vectors themselves, to scan. */
struct vecs *hnsw_vecs(struct hnsw *h);

uint32_t hnsw_count(const struct hnsw *h);
uint32_t hnsw_top(const struct hnsw *h); /* the highest level */
size_t hnsw_memory(const struct hnsw *h);

/* Aborts unless the invariants hold; returns how many cannot be reached on level 0, which the
 * choice of neighbours makes rare and cannot exclude. For tests. */
uint32_t hnsw_check(struct hnsw *h);

#endif
