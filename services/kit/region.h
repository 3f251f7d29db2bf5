/* region: where we drive, what is offered there and what it costs: config/regions.json.
 *
 * The file is a GeoJSON FeatureCollection; each feature is a Polygon or MultiPolygon with
 * properties id, name, currency, time_zone and products.
 *
 * Cost:  looking a point up is a bounding box and a ray cast per region.
 * Owner: struct regions owns everything that its readers borrow. A reload makes a new one.
 */
#ifndef HANSOM_KIT_REGION_H
#define HANSOM_KIT_REGION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/geohash.h"

enum { REGIONS_MAX = 64, PRODUCTS_MAX = 8 };

/* Money is in the currency's minor unit (cents); rates are per unit and may be fractions of it. */
struct tariff {
    int64_t base_minor;
    double per_km_minor;
    double per_min_minor;
    int64_t minimum_minor;
    int64_t booking_fee_minor;
    int64_t cancel_fee_minor;
    int64_t no_show_fee_minor;
};

struct product {
    struct slice id;   /* "economy" */
    struct slice name; /* "Economy" */
    int32_t seats;
    bool automatic; /* a driver is assigned without being asked */
    bool swaps;     /* drivers on their way may exchange rides of this product */
    bool forward;   /* drivers who end a trip soon are offered the next ride already */
    int32_t offers; /* how many drivers are offered a ride at once: 1 to 3 */
    struct tariff tariff;
};

struct region {
    struct slice id;                       /* "sf" */
    struct slice name;                     /* "San Francisco Bay" */
    struct slice currency;                 /* "USD" */
    struct slice time_zone;                /* "America/Los_Angeles" */
    struct geo_box box;                    /* around all of it */
    struct product products[PRODUCTS_MAX]; /* the first is the standard one */
    uint32_t products_count;
    struct geo_point **rings; /* owned; each ends where it began */
    uint32_t *ring_sizes;     /* owned */
    uint32_t rings_count;
    struct arena text; /* owned: the bytes behind the slices */
};

struct regions {
    struct region *all; /* owned */
    uint32_t count;
};

/* Reads the file. NULL and one line in *why when it cannot be read or is not as said above. */
struct regions *regions_load(const char *path, struct buf *why);

/* The same from text; for tests. */
struct regions *regions_parse(struct slice json, struct buf *why);

void regions_free(struct regions *r);

/* The region with this id, or NULL. */
const struct region *regions_find(const struct regions *r, struct slice id);

/* The first region that p lies in, or NULL. */
const struct region *regions_at(const struct regions *r, struct geo_point p);

bool region_contains(const struct region *r, struct geo_point p);

/* The product with this id, or NULL; an empty id gives the standard one. */
const struct product *region_product(const struct region *r, struct slice id);

#endif
