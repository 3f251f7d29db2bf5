/* settlement: what a finished ride really costs.
 *
 * Why: the price that was promised holds, however long the driver took: traffic and detours are
 * not the rider's fault. Only when the trip itself became another one (it ended far from the
 * quoted dropoff, or before all its stops) is it computed anew, with the tariff and multiplier of
 * its own quote: from what was driven, never from today's prices.
 *
 * Pure.
 */
#ifndef HANSOM_PRICING_SETTLEMENT_H
#define HANSOM_PRICING_SETTLEMENT_H

#include "services/kit/core/quote_token.h"
#include "services/pricing/fare.h"

/* Ends nearer than this to the quoted dropoff are the same place. A tenth of the quoted distance
 * is allowed on longer trips. */
enum { SETTLEMENT_NEAR_M = 500 };

struct settlement_trip {
    bool has_end; /* the driver's app said where it ended */
    struct geo_point end;
    uint32_t stops_done;
    int64_t driven_ms;  /* from start to completion by the wall clock */
    double speed_scale; /* motion was compressed so many times: billed minutes are not */
};

enum settlement_reason {
    SETTLEMENT_QUOTE_HOLDS,
    SETTLEMENT_OTHER_DROPOFF,
    SETTLEMENT_STOPS_SKIPPED
};

/* "quote", "dropoff_changed", "stops_skipped": told with the final fare. */
const char *settlement_reason_text(enum settlement_reason r);

struct settlement {
    enum settlement_reason reason;
    int64_t total_minor;
    struct fare fare;   /* its lines; all zero when the quote holds */
    int64_t distance_m; /* billed */
    int64_t duration_s; /* billed */
};

struct settlement settlement_compute(const struct quote *q, const struct settlement_trip *trip);

#endif
