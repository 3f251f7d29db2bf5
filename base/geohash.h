/* geohash: places on Earth as 52-bit numbers, exactly as Redis scores them.
 *
 * Layout: longitude over [-180, 180] and latitude over [-85.05112878, 85.05112878] become 26
 * bits each, interleaved with longitude in the odd (higher) bits. Near numbers are near
 * places, so the first bits of a score name a cell: 30 bits are about 1.2 x 0.6 km.
 * Only on the very edge of the map (longitude 180, latitude 85.05112878) does Redis's number
 * overflow its 52 bits; here it is the last square, 0.6 m away.
 */
#ifndef HANSOM_BASE_GEOHASH_H
#define HANSOM_BASE_GEOHASH_H

#include <stdbool.h>
#include <stdint.h>

#define GEOHASH_LAT_MAX 85.05112878
#define GEOHASH_LON_MAX 180.0
enum { GEOHASH_BITS = 52 };

struct geo_point {
    double lon; /* degrees */
    double lat; /* degrees */
};

struct geo_box {
    double lon_min, lon_max, lat_min, lat_max; /* degrees */
};

/* Whether p can be encoded; NaN cannot. */
bool geohash_valid(struct geo_point p);

/* The 52-bit score of p, which must be valid. */
uint64_t geohash_encode(struct geo_point p);

/* The score of column x and row y of the grid of 2^26 by 2^26, and back. */
uint64_t geohash_join(uint32_t x, uint32_t y);
void geohash_split(uint64_t score, uint32_t *x, uint32_t *y);

/* The middle of a score's cell: within 0.6 m of what was encoded. */
struct geo_point geohash_decode(uint64_t score);

/* The area of the cell named by the first `bits` (even, 2 to 52) bits of score. */
struct geo_box geohash_box(uint64_t score, int bits);

/* Great-circle distance in metres (haversine, Redis's radius of 6372797.560856 m). */
double geo_distance_m(struct geo_point a, struct geo_point b);

/* Initial bearing from a to b in degrees, 0 is north, clockwise, in [0, 360). */
double geo_bearing_deg(struct geo_point a, struct geo_point b);

/* The point `metres` away from `from` in direction `bearing_deg`. */
struct geo_point geo_move(struct geo_point from, double bearing_deg, double metres);

#endif
