#include "geohash.h"

#include <math.h>

#define EARTH_RADIUS_M 6372797.560856
#define DEG            (3.14159265358979323846 / 180.0)

bool geohash_valid(struct geo_point p)
{
    return p.lon >= -GEOHASH_LON_MAX && p.lon <= GEOHASH_LON_MAX && p.lat >= -GEOHASH_LAT_MAX &&
           p.lat <= GEOHASH_LAT_MAX;
}

/* Spreads the 32 bits of x to the even bits of the result (Morton order; the masks are those
 * of "Bit Twiddling Hacks", S. E. Anderson). */
static uint64_t spread(uint32_t x)
{
    uint64_t v = x;
    v = (v | (v << 16)) & 0x0000ffff0000ffffU;
    v = (v | (v << 8)) & 0x00ff00ff00ff00ffU;
    v = (v | (v << 4)) & 0x0f0f0f0f0f0f0f0fU;
    v = (v | (v << 2)) & 0x3333333333333333U;
    v = (v | (v << 1)) & 0x5555555555555555U;
    return v;
}

static uint32_t squash(uint64_t v)
{
    v &= 0x5555555555555555U;
    v = (v | (v >> 1)) & 0x3333333333333333U;
    v = (v | (v >> 2)) & 0x0f0f0f0f0f0f0f0fU;
    v = (v | (v >> 4)) & 0x00ff00ff00ff00ffU;
    v = (v | (v >> 8)) & 0x0000ffff0000ffffU;
    v = (v | (v >> 16)) & 0x00000000ffffffffU;
    return (uint32_t)v;
}

static uint32_t grid(double at, double max)
{
    double steps = (at + max) / (2 * max) * (double)(1U << 26);
    return steps >= (double)(1U << 26) ? (1U << 26) - 1 : (uint32_t)steps;
}

uint64_t geohash_join(uint32_t x, uint32_t y)
{
    return spread(y) | spread(x) << 1;
}

void geohash_split(uint64_t score, uint32_t *x, uint32_t *y)
{
    *x = squash(score >> 1);
    *y = squash(score);
}

uint64_t geohash_encode(struct geo_point p)
{
    return geohash_join(grid(p.lon, GEOHASH_LON_MAX), grid(p.lat, GEOHASH_LAT_MAX));
}

struct geo_box geohash_box(uint64_t score, int bits)
{
    int drop = (GEOHASH_BITS - bits) / 2;
    uint32_t lat = squash(score) >> drop;
    uint32_t lon = squash(score >> 1) >> drop;
    double n = (double)(1U << (26 - drop));
    return (struct geo_box){
        .lon_min = -GEOHASH_LON_MAX + (double)lon / n * (2 * GEOHASH_LON_MAX),
        .lon_max = -GEOHASH_LON_MAX + (double)(lon + 1) / n * (2 * GEOHASH_LON_MAX),
        .lat_min = -GEOHASH_LAT_MAX + (double)lat / n * (2 * GEOHASH_LAT_MAX),
        .lat_max = -GEOHASH_LAT_MAX + (double)(lat + 1) / n * (2 * GEOHASH_LAT_MAX),
    };
}

static double clamp(double v, double max)
{
    return v > max ? max : v < -max ? -max : v;
}

struct geo_point geohash_decode(uint64_t score)
{
    struct geo_box b = geohash_box(score, GEOHASH_BITS);
    return (struct geo_point){clamp((b.lon_min + b.lon_max) / 2, GEOHASH_LON_MAX),
                              clamp((b.lat_min + b.lat_max) / 2, GEOHASH_LAT_MAX)};
}

double geo_distance_m(struct geo_point a, struct geo_point b)
{
    double lat1 = a.lat * DEG;
    double lat2 = b.lat * DEG;
    double v = sin((b.lon * DEG - a.lon * DEG) / 2);
    double u = sin((lat2 - lat1) / 2);
    if (v == 0.0) return EARTH_RADIUS_M * fabs(lat2 - lat1);
    double h = u * u + cos(lat1) * cos(lat2) * v * v;
    return 2.0 * EARTH_RADIUS_M * asin(sqrt(h));
}

double geo_bearing_deg(struct geo_point a, struct geo_point b)
{
    double d = (b.lon - a.lon) * DEG;
    double y = sin(d) * cos(b.lat * DEG);
    double x = cos(a.lat * DEG) * sin(b.lat * DEG) - sin(a.lat * DEG) * cos(b.lat * DEG) * cos(d);
    double deg = atan2(y, x) / DEG;
    return deg < 0 ? deg + 360.0 : deg;
}

struct geo_point geo_move(struct geo_point from, double bearing_deg, double metres)
{
    double arc = metres / EARTH_RADIUS_M;
    double lat = from.lat * DEG;
    double way = bearing_deg * DEG;
    double to = asin(sin(lat) * cos(arc) + cos(lat) * sin(arc) * cos(way));
    double east = atan2(sin(way) * sin(arc) * cos(lat), cos(arc) - sin(lat) * sin(to));
    double lon = from.lon + east / DEG;
    if (lon > 180.0) lon -= 360.0;
    if (lon < -180.0) lon += 360.0;
    return (struct geo_point){lon, to / DEG};
}
