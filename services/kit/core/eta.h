/* eta: how long a car needs, from the straight line between two places.
 *
 * Why so simple: without a road network the best honest guess is the straight line times a detour
 * factor at the city's mean speed. 1.3 and 7 m/s fit recorded trips of San Francisco and New York
 * well enough to rank drivers; a routing engine would replace this file.
 *
 * Pure.
 */
#ifndef HANSOM_KIT_CORE_ETA_H
#define HANSOM_KIT_CORE_ETA_H

#include "base/geohash.h"

#define ETA_DETOUR    1.3 /* road metres to a straight metre */
#define ETA_SPEED_MPS 7.0 /* mean over a trip, lights included */

/* Metres by road between two places. */
double eta_road_m(struct geo_point from, struct geo_point to);

/* Seconds for road_m metres of road, rounded up. speed_scale > 0 is how many times motion is
 * compressed in a replay; 1 in production. */
int64_t eta_road_s(double road_m, double speed_scale);

/* Seconds from place to place. */
int64_t eta_s(struct geo_point from, struct geo_point to, double speed_scale);

#endif
