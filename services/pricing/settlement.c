#include "settlement.h"

#include "base/must.h"
#include "services/kit/core/eta.h"

#include <math.h>

static const char *const texts[] = {
    [SETTLEMENT_QUOTE_HOLDS] = "quote",
    [SETTLEMENT_OTHER_DROPOFF] = "dropoff_changed",
    [SETTLEMENT_STOPS_SKIPPED] = "stops_skipped",
};

const char *settlement_reason_text(enum settlement_reason r)
{
    must(r <= SETTLEMENT_STOPS_SKIPPED);
    return texts[r];
}

/* Road metres over the stops that were reached, to where it ended. */
static double driven_m(const struct quote *q, uint32_t stops, struct geo_point end)
{
    double m = 0;
    struct geo_point from = q->pickup;
    for (uint32_t i = 0; i < stops; i++) {
        m += eta_road_m(from, q->stops[i]);
        from = q->stops[i];
    }
    return m + eta_road_m(from, end);
}

struct settlement settlement_compute(const struct quote *q, const struct settlement_trip *trip)
{
    must(trip->speed_scale > 0);
    struct settlement s = {
        .reason = SETTLEMENT_QUOTE_HOLDS,
        .total_minor = q->fare_minor,
        .distance_m = q->distance_m,
        .duration_s = q->duration_s,
    };
    if (!trip->has_end) return s;

    double near_m = fmax(SETTLEMENT_NEAR_M, 0.1 * (double)q->distance_m);
    bool elsewhere = geo_distance_m(q->dropoff, trip->end) > near_m;
    uint32_t stops = trip->stops_done < q->stops_count ? trip->stops_done : q->stops_count;
    if (!elsewhere && stops == q->stops_count) return s;
    s.reason = elsewhere ? SETTLEMENT_OTHER_DROPOFF : SETTLEMENT_STOPS_SKIPPED;

    double m = driven_m(q, stops, trip->end);
    double driven_s = (double)(trip->driven_ms < 0 ? 0 : trip->driven_ms) / 1000.0;
    double billed_s = driven_s * trip->speed_scale;
    double multiplier = q->surge_multiplier < 1 ? 1 : q->surge_multiplier;
    s.fare = fare_compute(&q->tariff, m, billed_s, multiplier);
    s.total_minor = s.fare.total_minor;
    s.distance_m = (int64_t)ceil(m);
    s.duration_s = (int64_t)ceil(billed_s);
    return s;
}
