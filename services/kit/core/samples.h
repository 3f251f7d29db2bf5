/* samples: what one series is still to be told, by buckets of time.
 *
 * Why: figures are counted as they happen and written every few seconds. What happens in the same
 * bucket folds into one sample, in the process by these functions and in the store by the series'
 * duplicate policy, so that several processes write to one series.
 *
 * Invariants:  at_ms is a multiple of bucket_ms; times strictly increase; count <= SAMPLES_MAX. The
 *              oldest makes room: what nobody could be told for minutes is lost.
 * Cost:        add is a comparison while time goes on in the same bucket. No heap.
 * Pure:        time is an argument.
 */
#ifndef HANSOM_KIT_CORE_SAMPLES_H
#define HANSOM_KIT_CORE_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

enum { SAMPLES_MAX = 64 };

/* What two values of one bucket make. */
enum samples_fold { SAMPLES_SUM, SAMPLES_MAX_OF, SAMPLES_LAST };

struct sample {
    int64_t at_ms; /* where its bucket begins */
    double value;
};

struct samples {
    enum samples_fold fold;
    int64_t bucket_ms; /* > 0 */
    size_t count;
    struct sample all[SAMPLES_MAX]; /* oldest first */
};

/* Folds a value into the bucket of at_ms (>= 0). */
void samples_add(struct samples *s, int64_t at_ms, double value);

/* Puts back what was taken from s and could not be told; what came since then is newer. */
void samples_restore(struct samples *s, const struct samples *taken);

#endif
