/* marker: what a rider may know of the drivers around him.
 *
 * Why: an app shows cars on a map before a ride. Exact positions under lasting names would let
 * anybody follow a driver home. So a rider sees places on a grid of MARKER_GRID_M, measured from
 * there, under names that change every MARKER_LIFE_MS and differ from rider to rider.
 *
 * Pure. The secret must be the same in all processes, or markers would flicker between them.
 */
#ifndef HANSOM_LOCATION_INGEST_MARKER_H
#define HANSOM_LOCATION_INGEST_MARKER_H

#include "base/geohash.h"
#include "base/slice.h"

enum { MARKER_GRID_M = 50, MARKER_LIFE_MS = 600000, MARKER_TEXT = 16 };

struct marker_key {
    uint8_t bytes[32];
};

/* The key of a secret of any length. */
void marker_key_init(struct marker_key *k, struct slice secret);

/* The middle of the grid field that p lies in: never further off than half its diagonal. */
struct geo_point marker_snap(struct geo_point p);

/* The driver's name for this rider at this time: 16 hex digits and a NUL. Returns out. */
char *marker_name(const struct marker_key *k, struct slice driver_id, struct slice rider_id,
                  int64_t now_ms, char out[static MARKER_TEXT + 1]);

#endif
