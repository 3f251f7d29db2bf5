#include "fare.h"

#include "base/must.h"

#include <math.h>

static const char *const texts[FARE_LINES] = {
    [FARE_BASE] = "base",   [FARE_DISTANCE] = "distance",       [FARE_TIME] = "time",
    [FARE_SURGE] = "surge", [FARE_BOOKING_FEE] = "booking_fee", [FARE_MINIMUM] = "minimum_fare",
};

const char *fare_line_text(enum fare_line line)
{
    must(line < FARE_LINES);
    return texts[line];
}

/* A product such as 2.675 x 100 falls short of its half by the last bits of a double. The nudge
 * is far below any money and brings such values back up. */
int64_t fare_round(double x)
{
    must(fabs(x) < 1e15);
    return (int64_t)llround(x + (x < 0 ? -1e-6 : 1e-6));
}

struct fare fare_compute(const struct tariff *t, double distance_m, double duration_s,
                         double multiplier)
{
    must(distance_m >= 0);
    must(duration_s >= 0);
    must(multiplier >= 1);

    struct fare f = {0};
    f.line_minor[FARE_BASE] = t->base_minor;
    f.line_minor[FARE_DISTANCE] = fare_round(distance_m / 1000.0 * t->per_km_minor);
    f.line_minor[FARE_TIME] = fare_round(duration_s / 60.0 * t->per_min_minor);
    int64_t ridden =
        f.line_minor[FARE_BASE] + f.line_minor[FARE_DISTANCE] + f.line_minor[FARE_TIME];
    f.line_minor[FARE_SURGE] = fare_round((multiplier - 1) * (double)ridden);
    f.line_minor[FARE_BOOKING_FEE] = t->booking_fee_minor;

    int64_t sum = ridden + f.line_minor[FARE_SURGE] + f.line_minor[FARE_BOOKING_FEE];
    if (sum < t->minimum_minor) f.line_minor[FARE_MINIMUM] = t->minimum_minor - sum;
    f.total_minor = sum + f.line_minor[FARE_MINIMUM];
    return f;
}
