/* fare: what a trip costs, line by line.
 *
 *     base            tariff.base_minor
 *   + distance        km   x per_km
 *   + time            min  x per_min
 *   + surge           (multiplier - 1) x the three above
 *   + booking_fee     never surged
 *   + minimum_fare    what is missing to the minimum, if anything
 *   = total
 *
 * Invariants:  each line is whole minor units, rounded half up on its own, and the total is the
 *              sum of the lines: what the rider reads adds up. No line is negative.
 * Pure.
 */
#ifndef HANSOM_PRICING_FARE_H
#define HANSOM_PRICING_FARE_H

#include "services/kit/region.h"

enum fare_line {
    FARE_BASE,
    FARE_DISTANCE,
    FARE_TIME,
    FARE_SURGE,
    FARE_BOOKING_FEE,
    FARE_MINIMUM,
    FARE_LINES
};

struct fare {
    int64_t line_minor[FARE_LINES];
    int64_t total_minor;
};

/* "base", "distance", ...: the names in fare_breakdown. */
const char *fare_line_text(enum fare_line line);

/* The fare of distance_m metres and duration_s seconds (both >= 0) at this multiplier (>= 1). */
struct fare fare_compute(const struct tariff *tariff, double distance_m, double duration_s,
                         double multiplier);

/* Rounds to whole minor units, a half away from zero; x must fit. */
int64_t fare_round(double x);

#endif
