#include "histogram.h"

#include "base/must.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

/* Values below 2 * SUB map to themselves. Above, the slot is named by the value's power of two
 * and the SUB_BITS bits behind its first one. */
static size_t slot_of(int64_t value)
{
    if (value < 0) return 0;
    uint64_t v = (uint64_t)value;
    if (v >= 1ULL << HISTOGRAM_VALUE_BITS) return HISTOGRAM_SLOTS - 1;
    if (v < 2ULL * SUB) return (size_t)v;
    int shift = 63 - __builtin_clzll(v) - HISTOGRAM_SUB_BITS;
    return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(v >> shift);
}

/* The greatest value that falls into the slot. */
static int64_t slot_top(size_t slot)
{
    if (slot < 2ULL * SUB) return (int64_t)slot;
    int shift = (int)(slot >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t head = (slot & (SUB - 1)) + SUB;
    return (int64_t)(((head + 1) << shift) - 1);
}

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_record(struct histogram *h, int64_t value)
{
    histogram_record_n(h, value, 1);
}

void histogram_record_n(struct histogram *h, int64_t value, uint64_t times)
{
    if (times == 0) return;
    h->slots[slot_of(value)] += times;
    if (h->count == 0 || value < h->min) h->min = value;
    if (h->count == 0 || value > h->max) h->max = value;
    h->count += times;
    h->sum += (double)value * (double)times;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    if (other->count == 0) return;
    for (size_t i = 0; i < HISTOGRAM_SLOTS; i++)
        h->slots[i] += other->slots[i];
    if (h->count == 0 || other->min < h->min) h->min = other->min;
    if (h->count == 0 || other->max > h->max) h->max = other->max;
    h->count += other->count;
    h->sum += other->sum;
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
    must(percent >= 0 && percent <= 100);
    if (h->count == 0) return 0;

    uint64_t rank = (uint64_t)ceil(percent / 100.0 * (double)h->count);
    if (rank == 0) return h->min;
    if (rank >= h->count) return h->max;

    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_SLOTS; i++) {
        seen += h->slots[i];
        if (seen < rank) continue;
        int64_t top = slot_top(i);
        if (top > h->max || i == HISTOGRAM_SLOTS - 1) return h->max;
        return top < h->min ? h->min : top;
    }
    return h->max;
}

double histogram_mean(const struct histogram *h)
{
    return h->count == 0 ? 0.0 : h->sum / (double)h->count;
}
