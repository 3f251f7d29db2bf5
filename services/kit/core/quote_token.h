/* quote_token: a quote that its rider carries from pricing to dispatch, signed.
 *
 * Why: the two services share no table of quotes. What was promised (price, fees, trip, rider,
 * region, until when) travels in the token; whoever holds the secret can tell that pricing said
 * it. Settlement later reads the same claims from the ride.
 *
 * Layout:  "q1." kid "." base64url(claims as JSON) "." base64url(HMAC-SHA-256)
 *          The HMAC covers everything before its own dot. kid is the first 8 hex digits of the
 *          HMAC of "kid" under the secret, so that secrets can be rotated: the first key signs,
 *          all of them verify.
 * Cost:    a few microseconds each way. The signature is compared in constant time, before
 *          anything else is looked at.
 * Pure.    Time is an argument.
 */
#ifndef HANSOM_KIT_CORE_QUOTE_TOKEN_H
#define HANSOM_KIT_CORE_QUOTE_TOKEN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/geohash.h"
#include "services/kit/region.h"

enum {
    QUOTE_KEYS_MAX = 4,
    QUOTE_SECRET_MIN = 16,
    QUOTE_SECRET_MAX = 256,
    QUOTE_STOPS_MAX = 5,
    QUOTE_TOKEN_MAX = 4096
};

struct quote {
    struct slice quote_id;
    struct slice rider_id;
    struct slice region;
    struct slice product;
    struct slice currency;

    struct geo_point pickup, dropoff;
    struct geo_point stops[QUOTE_STOPS_MAX];
    uint32_t stops_count;
    int64_t pickup_at_ms; /* 0: now */

    int64_t fare_minor;
    int64_t distance_m;   /* by road, over all stops */
    int64_t duration_s;   /* at city speed, not compressed */
    int64_t pickup_eta_s; /* -1: no idle driver was near */
    struct tariff tariff; /* what the fare was computed from */

    double surge_multiplier;
    struct slice surge_cell;
    struct slice surge_snapshot_id;

    /* The fault matrix: a rider who cancels pays nothing before a driver is assigned, nor within
     * cancel_free_s after that, nor once the driver is cancel_late_s behind his ETA; cancel_minor
     * otherwise. no_show_minor when the driver waited in vain. A driver or system cancel: nothing. */
    int64_t cancel_minor, no_show_minor, cancel_free_s, cancel_late_s;

    int64_t issued_ms, expires_ms;

    struct slice json; /* the claims as signed; set by quote_token_open and quote_claims_parse */
};

struct quote_key {
    char kid[9]; /* 8 hex digits and a NUL */
    char secret[QUOTE_SECRET_MAX];
    size_t secret_len;
};

struct quote_keys {
    struct quote_key keys[QUOTE_KEYS_MAX]; /* the first signs */
    uint32_t count;
};

/* Adds a secret (copied); false when it is shorter than QUOTE_SECRET_MIN, longer than
 * QUOTE_SECRET_MAX, or one too many. */
bool quote_keys_add(struct quote_keys *k, struct slice secret);

/* Appends the token of q to out. k holds a key. */
void quote_token_sign(const struct quote_keys *k, const struct quote *q, struct buf *out);

enum quote_verdict {
    QUOTE_OK,
    QUOTE_FORGED, /* not a token that one of these keys signed */
    QUOTE_OVER    /* ours, but expired at now_ms */
};

/* Verifies the token and reads it; texts of *out live in the arena. *out is written only with
 * QUOTE_OK. */
enum quote_verdict quote_token_open(const struct quote_keys *k, struct slice token, int64_t now_ms,
                                    struct arena *arena, struct quote *out);

/* Reads claims that were verified before (a ride keeps them); false when they are none. */
bool quote_claims_parse(struct slice json, struct arena *arena, struct quote *out);

/* Appends the claims as one JSON object. */
void quote_claims_json(struct buf *out, const struct quote *q);

/* Whether the trip asked for is the trip quoted: same rider, each end and stop within max_m. */
bool quote_covers(const struct quote *q, struct slice rider_id, struct geo_point pickup,
                  struct geo_point dropoff, const struct geo_point *stops, uint32_t stops_count,
                  double max_m);

#endif
