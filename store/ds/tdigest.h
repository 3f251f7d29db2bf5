/* tdigest: the quantiles of any number of values, most exact at both ends.
 *
 * Why: the 99.9th percentile of a stream cannot be kept exactly in bounded memory; near the
 * ends, where it matters, a t-digest's clusters hold one value each.
 *
 * Layout:      clusters (mean, weight) in order of their means, and a buffer of values that
 *              have not been merged yet. A merge sorts both and joins neighbours while the
 *              joined one spans at most 1 on the scale k(q) = compression / (2 pi) * asin(2q - 1).
 * Invariants:  means are in order; weights are whole numbers that sum to the number of values;
 *              at most 2 * compression + 10 clusters; the first and last mean lie within
 *              [min, max].
 * Cost:        add is O(1), and a sort of 6 * compression values once in so many; so is the first
 *              read after an add, which merges a copy. A quantile or a share walks the clusters.
 * From:        T. Dunning, O. Ertl, "Computing Extremely Accurate Quantiles Using t-Digests"
 *              (2019): the merging digest, its scale k1, and the interpolation between clusters,
 *              in which a cluster of one value is that value.
 */
#ifndef HANSOM_STORE_DS_TDIGEST_H
#define HANSOM_STORE_DS_TDIGEST_H

#include "base/buf.h"

enum { TDIGEST_COMPRESSION_MAX = 100000 };

struct tdigest;

/* compression from 1 to TDIGEST_COMPRESSION_MAX: about the number of clusters. */
struct tdigest *tdigest_new(uint32_t compression);
void tdigest_free(struct tdigest *t);
struct tdigest *tdigest_copy(const struct tdigest *t);
void tdigest_reset(struct tdigest *t);

/* Adds a finite value. */
void tdigest_add(struct tdigest *t, double value);

/* Adds all that `from` holds, to within its clusters. */
void tdigest_merge(struct tdigest *t, const struct tdigest *from);

uint64_t tdigest_count(const struct tdigest *t); /* values added */
double tdigest_min(const struct tdigest *t);     /* NAN when empty, as all below */
double tdigest_max(const struct tdigest *t);

/* The value below which a share q, in [0, 1], of the values lie. */
double tdigest_quantile(struct tdigest *t, double q);

/* The share of the values below x, and half of those equal to it. */
double tdigest_cdf(struct tdigest *t, double x);

/* The mean of the values between two shares, low < high. */
double tdigest_trimmed_mean(struct tdigest *t, double low, double high);

struct tdigest_info {
    uint32_t compression, capacity;
    uint32_t merged_nodes, unmerged_nodes;
    uint64_t merged_weight, unmerged_weight;
    uint64_t compressions;
};
struct tdigest_info tdigest_info(const struct tdigest *t);
size_t tdigest_memory(const struct tdigest *t);

void tdigest_save(const struct tdigest *t, struct buf *out);
/* NULL when the bytes make no sense. */
struct tdigest *tdigest_load(struct slice bytes);

/* Aborts unless the invariants hold. For tests. */
void tdigest_check(const struct tdigest *t);

#endif
