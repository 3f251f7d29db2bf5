/* view: what the API's JSON says, read into plain values. Everything is borrowed from the JSON.
 *
 * An app reads what it needs and skips the rest; so does this. A member of a wrong type reads as
 * absent.
 */
#ifndef HANSOM_SIM_VIEW_H
#define HANSOM_SIM_VIEW_H

#include <jansson.h>

#include "base/geohash.h"
#include "sim/judge.h"

struct ride_view {
    struct judge_look look;
    struct slice rider_id;
    struct slice lease_id;
    struct slice start_code;
    struct geo_point pickup, dropoff;
    bool has_ends;
};

struct offer_view {
    struct slice offer_id;
    struct slice ride_id;
    int64_t expires_in_ms; /* 15 s when not told */
};

enum frame_kind {
    VIEW_OTHER,
    VIEW_HELLO,
    VIEW_SNAPSHOT,
    VIEW_RIDE_UPDATED,
    VIEW_RELEASED, /* a ride.updated to the driver who has lost the ride */
    VIEW_OFFER_CREATED,
    VIEW_OFFER_REVOKED,
    VIEW_GAP
};

struct frame_view {
    enum frame_kind kind;
    const json_t *ride;  /* of a snapshot or update; NULL when it tells of none */
    const json_t *offer; /* of a snapshot or offer.created; NULL when it tells of none */
    struct slice ride_id;
    struct slice offer_id; /* of offer.revoked */
    int64_t version;       /* the envelope's; 0 when absent */
};

/* A string member, or an empty slice. */
struct slice view_str(const json_t *object, const char *name);

/* Reads a ride object. False when it has no ride_id, status and version. */
bool view_ride(const json_t *object, struct ride_view *out);

/* The ride inside a reply: the reply itself, or its member `ride` (a problem's current ride). */
bool view_reply_ride(const json_t *reply, struct ride_view *out);

bool view_offer(const json_t *object, struct offer_view *out);

/* Reads an entry of a ride's event log into a look (numbers there come as text too). The driver
 * is told only where he holds or finished the ride: other entries name whom they are about. */
bool view_event(const json_t *object, struct slice ride_id, struct judge_look *out);

/* Reads a frame; VIEW_OTHER for what the apps do not use. */
struct frame_view view_frame(const json_t *frame);

#endif
