/* tsfold: what some samples of a time series come to: their mean, sum, extremes, spread.
 *
 * Why: a bucket of a query, the open bucket of a rule and a group of series all fold samples one
 * by one, and what was folded so far must survive a restart.
 *
 * Cost:        O(1) a sample; 64 bytes.
 * Owner:       a plain value.
 * From:        B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and
 *              Products", Technometrics 1962, for the spreads.
 */
#ifndef HANSOM_STORE_DS_TSFOLD_H
#define HANSOM_STORE_DS_TSFOLD_H

#include "store/ds/tschunk.h"

enum tsfold_kind {
    TSFOLD_AVG,
    TSFOLD_SUM,
    TSFOLD_MIN,
    TSFOLD_MAX,
    TSFOLD_RANGE,
    TSFOLD_COUNT,
    TSFOLD_FIRST,
    TSFOLD_LAST,
    TSFOLD_STD_P,
    TSFOLD_STD_S,
    TSFOLD_VAR_P,
    TSFOLD_VAR_S,
    TSFOLD_TWA, /* the mean over time, between samples on a straight line */
    TSFOLD_KINDS
};

/* Its name, as in "std.p"; and the kind of a name in any case of letters, false if there is none. */
const char *tsfold_name(enum tsfold_kind kind);
bool tsfold_find(struct slice name, enum tsfold_kind *out);

struct tsfold {
    enum tsfold_kind kind;
    uint64_t count;
    double a, b;
    struct tssample last;      /* TWA: of all; or the one before the first */
    int64_t begin_ms, from_ms; /* TWA: where the bucket and what was folded begin */
    bool before;               /* TWA: `last` was known in front of the first */
};

/* An empty one. Of TWA the bucket begins at begin_ms, and `before` is the sample in front of it,
 * or NULL. */
void tsfold_init(struct tsfold *f, enum tsfold_kind kind, int64_t begin_ms,
                 const struct tssample *before);

void tsfold_add(struct tsfold *f, struct tssample sample);

/* What has been folded comes to; there must be something. Of TWA the bucket ends at end_ms, and
 * `after` is the sample behind it, or NULL. */
double tsfold_result(const struct tsfold *f, int64_t end_ms, const struct tssample *after);

/* The value at a time on the line through two samples. */
double tsfold_between(struct tssample x, struct tssample y, int64_t ms);

void tsfold_save(const struct tsfold *f, struct buf *out);
/* Takes one from the front of *in; false when the bytes make no sense. */
bool tsfold_load(struct slice *in, enum tsfold_kind kind, struct tsfold *out);

#endif
