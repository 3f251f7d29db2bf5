/* ride: one ride as the store holds it, read into a plain value, and its JSON for each reader.
 *
 * Why: five processes look at rides; what a field is called in the store, and what each party
 * may see of it, is said here once. Only the lifecycle library writes rides.
 *
 * Owner: the slices of a struct ride are borrowed from the reply it was parsed from; whoever
 * keeps a ride longer copies it with ride_copy.
 */
#ifndef HANSOM_KIT_RIDE_H
#define HANSOM_KIT_RIDE_H

#include "base/arena.h"
#include "base/buf.h"
#include "services/kit/core/ride_state.h"

struct redisReply;

struct ride {
    struct slice ride_id;
    struct slice region;
    struct slice rider_id;
    struct slice product;
    enum ride_status status;
    enum ride_status created_status; /* requested or scheduled */
    int64_t version;
    int64_t attempt; /* counts searches for a driver, from 1 */
    int64_t created_ms;
    int64_t updated_ms;
    int64_t deadline_ms;  /* of the search for a driver; 0 outside of it */
    int64_t pickup_at_ms; /* 0: now */

    /* The trip, as JSON text, and its ends as numbers. */
    struct slice pickup;
    struct slice dropoff;
    struct slice stops; /* "[]" when there are none */
    double pickup_lat, pickup_lon;
    double dropoff_lat, dropoff_lon;
    struct slice constraints; /* JSON object or empty */
    struct slice note;        /* plain text of the rider */
    int64_t distance_m;
    int64_t duration_s;

    /* What was promised. */
    struct slice fare; /* JSON {amount_minor, currency} */
    int64_t fare_minor;
    struct slice currency;
    struct slice quote; /* JSON of the quote's claims */
    struct slice quote_id;

    /* The offer that is open (status offered); otherwise empty. */
    struct slice offer_id;
    struct slice offer_driver; /* to several drivers at once: their ids, between spaces */
    int64_t offer_expires_ms;
    int64_t pickup_eta_s;  /* of the offered or assigned driver, else the quote's; -1 unknown */
    int64_t quote_eta_s;   /* what the quote said; -1 unknown */
    struct slice excluded; /* driver ids between spaces: " la-1 la-2 " */

    /* The driver who holds or completed the lease; otherwise empty. */
    struct slice driver_id;
    struct slice lease;       /* named by its offer_id */
    int64_t queued;           /* 1: he finishes another ride first */
    struct slice driver_card; /* JSON of name, rating, vehicle as of going online, or empty */
    int64_t assigned_ms, arrived_ms, started_ms, ended_ms; /* 0: not yet */
    int64_t stops_n, stops_done;
    double end_lat, end_lon; /* where complete said it ended; both 0: not said */

    struct slice start_code;
    struct slice timeline; /* "requested@ms offered@ms ..." */
    struct slice cancelled_by;
    struct slice reason;
    int64_t fee_minor;       /* -1: none was decided */
    struct slice final_fare; /* JSON, empty until settled */
    int64_t driver_stars;    /* what the rider gave the driver, 1 to 5; 0: nothing yet */
    int64_t rider_stars;     /* what the driver gave the rider */
    struct slice traceparent;
};

/* Reads a flat array of fields and values (HGETALL). False when the array is empty or holds no
 * ride: *out is then untouched. Unknown fields are skipped, so that a newer library may add. */
bool ride_parse(const struct redisReply *flat, struct ride *out);

/* Reads a document of the history, an object of the same fields (lifecycle/history.lua); its texts
 * live in the arena. False when it is no such object: *out is then untouched. */
bool ride_parse_document(struct slice json, struct arena *a, struct ride *out);

/* A copy whose bytes live in the arena. */
struct ride ride_copy(struct arena *a, const struct ride *r);

/* The ride as it was when it was created, rebuilt from what never changes: the body of the first
 * reply to its Idempotency-Key. Borrowed from r. */
struct ride ride_as_created(const struct ride *r);

/* Whether the driver is one of the ids between spaces: those ruled out for a ride (declined, timed out,
 * dark, cancelled). */
bool ride_is_excluded(struct slice excluded, struct slice driver_id);

enum ride_audience {
    RIDE_FOR_RIDER,  /* with the start code, without the lease */
    RIDE_FOR_DRIVER, /* with lease_id, without the start code */
    RIDE_FOR_OPS,    /* with both parties, without the start code */
};

/* What the ride's hash does not hold. Zeroed: nothing known. */
struct ride_extra {
    int64_t generation; /* of the store; see the lifecycle's clock */
    bool has_position;  /* of the driver, shown from assigned to in_progress */
    double lat, lon;
};

/* Appends the ride as the JSON object of the API. extra may be NULL. */
void ride_json(struct buf *out, const struct ride *r, enum ride_audience audience,
               const struct ride_extra *extra);

/* The open offer as its driver sees it: the data of offer.created. now_ms gives expires_in_ms. */
void ride_offer_json(struct buf *out, const struct ride *r, int64_t now_ms);

/* The audience of a party, if it is one: the rider, the driver who holds or completed the lease.
 * False for everyone else, the offered driver included, who sees the offer only. */
bool ride_party_rider(const struct ride *r, struct slice rider_id);
bool ride_party_driver(const struct ride *r, struct slice driver_id);

#endif
