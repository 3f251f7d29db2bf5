/* histogram: how often each size of value was seen, for percentiles of latencies.
 *
 * Layout:      log-linear. Values below 128 have a slot each; above, each power of two is cut
 *              into 64 slots, so a slot is at most 1/64 (1.6 %) wide of its value.
 * Invariants:  count is the sum of slots; min <= max when count > 0.
 * Cost:        record is O(1) without memory; percentile walks 2,240 slots; 18 KB each.
 * Owner:       by value; nothing to free. Values are any unit (microseconds, usually), from 0
 *              to 2^40 - 1; larger ones count in the last slot, negative ones as 0; min, max
 *              and sum stay exact.
 *
 * After the idea of G. Tene's HdrHistogram.
 */
#ifndef HANSOM_BASE_HISTOGRAM_H
#define HANSOM_BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_SUB_BITS = 6, HISTOGRAM_VALUE_BITS = 40 };
enum { HISTOGRAM_SLOTS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS };

struct histogram {
    uint64_t slots[HISTOGRAM_SLOTS];
    uint64_t count;
    double sum;
    int64_t min;
    int64_t max;
};

void histogram_init(struct histogram *h);

void histogram_record(struct histogram *h, int64_t value);
void histogram_record_n(struct histogram *h, int64_t value, uint64_t times);

/* Adds all of `other` to h. */
void histogram_merge(struct histogram *h, const struct histogram *other);

/* The least value that at least `percent` (0 to 100) of the values do not exceed, within a
 * slot's width and never above max; 0 when empty. 100 is the exact maximum. */
int64_t histogram_percentile(const struct histogram *h, double percent);

double histogram_mean(const struct histogram *h);

#endif
