/* plane: the flat city that cars drive on in a replay, and how patient its riders are. */
#ifndef HANSOM_BENCH_DISPATCH_PLANE_H
#define HANSOM_BENCH_DISPATCH_PLANE_H

#include <math.h>

#include "base/geohash.h"
#include "base/rng.h"

#define DRIVE_MPS       7.0
#define DRIVE_DETOUR    1.3
#define CAP_M           8000.0
#define PATIENCE_MEAN_S 240.0

struct place {
    double x_m;
    double y_m;
};

static inline struct place place_of(struct geo_point p, struct geo_point origin)
{
    double lon_m = geo_distance_m(origin, (struct geo_point){origin.lon + 0.1, origin.lat}) * 10;
    double lat_m = geo_distance_m(origin, (struct geo_point){origin.lon, origin.lat + 0.1}) * 10;
    return (struct place){(p.lon - origin.lon) * lon_m, (p.lat - origin.lat) * lat_m};
}

static inline int64_t way_ms(struct place a, struct place b)
{
    return (int64_t)(hypot(a.x_m - b.x_m, a.y_m - b.y_m) * DRIVE_DETOUR / DRIVE_MPS * 1000);
}

/* The longest way to a pickup. */
static inline int64_t cap_ms(void)
{
    return (int64_t)(CAP_M * DRIVE_DETOUR / DRIVE_MPS * 1000);
}

/* The patience of riders, one after the other, of this seed. */
static inline struct rng patience_of(uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed ^ 0x70617469656e6365U);
    return rng;
}

static inline int64_t patience_next_ms(struct rng *rng)
{
    return (int64_t)(rng_exp(rng, PATIENCE_MEAN_S) * 1000);
}

#endif
