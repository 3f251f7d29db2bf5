#include "eta.h"

#include "base/must.h"

#include <math.h>

double eta_road_m(struct geo_point from, struct geo_point to)
{
    return geo_distance_m(from, to) * ETA_DETOUR;
}

int64_t eta_road_s(double road_m, double speed_scale)
{
    must(road_m >= 0);
    must(speed_scale > 0);
    return (int64_t)ceil(road_m / (ETA_SPEED_MPS * speed_scale));
}

int64_t eta_s(struct geo_point from, struct geo_point to, double speed_scale)
{
    return eta_road_s(eta_road_m(from, to), speed_scale);
}
