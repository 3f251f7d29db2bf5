/* geo: what the commands on places share. */
#ifndef HANSOM_STORE_CMD_GEO_H
#define HANSOM_STORE_CMD_GEO_H

#include "base/geohash.h"
#include "store/cmd/zset.h"

/* Reads longitude and latitude and refuses what is not on the map. */
void geo_args_point(struct cmd *c, struct geo_point *out);

/* Reads m, km, ft or mi; *out in metres. */
void geo_args_unit(struct cmd *c, double *out);

/* The place a score stands for; any score stands for one. */
struct geo_point geo_place(double score);

/* A distance as Redis writes it: four decimals. */
void geo_reply_distance(struct cmd *c, double d);

/* [longitude, latitude] */
void geo_reply_point(struct cmd *c, struct geo_point p);

#endif
