#include "georanges.h"

#include <math.h>

#define EARTH_M    6372797.560856
#define DEG        (3.14159265358979323846 / 180.0)
#define MERCATOR_M 20037726.37

/* Bits a coordinate for squares not much smaller than the shape; wider towards the poles. */
static int steps_for(double radius_m, double lat)
{
    if (radius_m == 0) return 26;
    int steps = -1;
    while (radius_m < MERCATOR_M) {
        radius_m *= 2;
        steps++;
    }
    if (lat > 66 || lat < -66) steps--;
    if (lat > 80 || lat < -80) steps--;
    return steps < 1 ? 1 : steps > 26 ? 26 : steps;
}

static struct geo_box box_around(const struct geo_shape *s)
{
    double north = (s->box ? s->height_m / 2 : s->radius_m) / EARTH_M / DEG;
    double half = s->box ? s->width_m / 2 : s->radius_m;
    /* The side nearer to the pole is the wider one in degrees. */
    double lat = s->at.lat < 0 ? s->at.lat - north : s->at.lat + north;
    double east = half / EARTH_M / cos(lat * DEG) / DEG;
    return (struct geo_box){s->at.lon - east, s->at.lon + east, s->at.lat - north,
                            s->at.lat + north};
}

/* The square of `steps` bits a coordinate with the middle in it, moved by dx and dy squares. */
struct square {
    uint32_t x, y;
    int steps;
};

static struct square square_at(struct geo_point p, int steps)
{
    struct square q = {0, 0, steps};
    geohash_split(geohash_encode(p) >> (GEOHASH_BITS - 2 * steps), &q.x, &q.y);
    return q;
}

static struct square moved(struct square q, int dx, int dy)
{
    uint32_t mask = (1U << q.steps) - 1;
    return (struct square){(q.x + (uint32_t)dx) & mask, (q.y + (uint32_t)dy) & mask, q.steps};
}

static struct geo_range range_of(struct square q)
{
    int shift = GEOHASH_BITS - 2 * q.steps;
    uint64_t first = geohash_join(q.x, q.y);
    return (struct geo_range){first << shift, (first + 1) << shift};
}

static struct geo_box box_of(struct square q)
{
    return geohash_box(range_of(q).min, 2 * q.steps);
}

uint32_t georanges(const struct geo_shape *s, struct geo_range out[static GEO_RANGES])
{
    static const int way[GEO_RANGES][2] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                                           {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct geo_box around = box_around(s);
    double half_w = s->width_m / 2;
    double half_h = s->height_m / 2;
    double radius = s->box ? sqrt(half_w * half_w + half_h * half_h) : s->radius_m;
    int steps = steps_for(radius, s->at.lat);
    struct square mid = square_at(s->at, steps);

    /* Near the edge of its square the shape may reach over the neighbour: then take larger ones. */
    if (steps > 1 && (box_of(moved(mid, 0, 1)).lat_max < around.lat_max ||
                      box_of(moved(mid, 0, -1)).lat_min > around.lat_min ||
                      box_of(moved(mid, 1, 0)).lon_max < around.lon_max ||
                      box_of(moved(mid, -1, 0)).lon_min > around.lon_min))
        mid = square_at(s->at, --steps);

    struct geo_box in = box_of(mid);
    uint32_t n = 0;
    for (int i = 0; i < GEO_RANGES; i++) {
        int dx = way[i][0];
        int dy = way[i][1];
        /* The middle square reaches beyond the shape on that side: nothing to find there. */
        if (steps >= 2 &&
            ((dy < 0 && in.lat_min < around.lat_min) || (dy > 0 && in.lat_max > around.lat_max) ||
             (dx < 0 && in.lon_min < around.lon_min) || (dx > 0 && in.lon_max > around.lon_max)))
            continue;
        struct geo_range r = range_of(moved(mid, dx, dy));
        if (n > 0 && out[n - 1].min == r.min) continue; /* half the world: both ways meet */
        out[n++] = r;
    }
    return n;
}
