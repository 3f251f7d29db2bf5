#include "marker.h"

#include "base/buf.h"
#include "services/kit/auth.h"

#include <math.h>
#include <stdio.h>

/* Metres of one degree of latitude, on the sphere that all our distances use. */
#define DEGREE_M (6372797.560856 * 3.14159265358979323846 / 180.0)

void marker_key_init(struct marker_key *k, struct slice secret)
{
    auth_hmac_sha256(secret, SLICE("hansom markers"), k->bytes);
}

static double snap(double x, double step)
{
    return (floor(x / step) + 0.5) * step;
}

struct geo_point marker_snap(struct geo_point p)
{
    double lat_step = MARKER_GRID_M / DEGREE_M;
    double lat = snap(p.lat, lat_step);
    /* All fields of a row are as wide as its middle says, so that they tile. */
    double lon_step = lat_step / fmax(0.05, cos(lat * 3.14159265358979323846 / 180.0));
    double lon = snap(p.lon, lon_step);
    return (struct geo_point){fmin(fmax(lon, -GEOHASH_LON_MAX), GEOHASH_LON_MAX),
                              fmin(fmax(lat, -GEOHASH_LAT_MAX), GEOHASH_LAT_MAX)};
}

char *marker_name(const struct marker_key *k, struct slice driver_id, struct slice rider_id,
                  int64_t now_ms, char out[static MARKER_TEXT + 1])
{
    struct buf text = {0};
    uint8_t mac[32];
    buf_add_slice(&text, driver_id);
    buf_add_char(&text, '\0'); /* no id holds one, so no two triples look alike */
    buf_add_slice(&text, rider_id);
    buf_add_char(&text, '\0');
    buf_add_i64(&text, now_ms / MARKER_LIFE_MS);
    auth_hmac_sha256(slice_make(k->bytes, sizeof k->bytes), buf_slice(&text), mac);
    buf_fini(&text);
    for (size_t i = 0; i < MARKER_TEXT / 2; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", mac[i]);
    return out;
}
