/* calls: what apps ask of the services, over a network that loses, delays and repeats.
 *
 * A request goes to some dispatcher, which makes the one lifecycle call its HTTP handler would
 * make. Requests may be lost, answered too late, or arrive once more up to a minute and a half
 * later: phones and proxies repeat.
 */
#ifndef HANSOM_TESTS_WORLD_CALLS_H
#define HANSOM_TESTS_WORLD_CALLS_H

#include "services/kit/core/ping_filter.h"
#include "services/kit/lifecycle.h"
#include "tests/world/host.h"

enum call_op {
    CALL_CREATE,
    CALL_RIDE,
    CALL_ACCEPT,
    CALL_DECLINE,
    CALL_ARRIVE,
    CALL_START,
    CALL_STOP,
    CALL_COMPLETE,
    CALL_NO_SHOW,
    CALL_RIDER_CANCELS,
    CALL_DRIVER_CANCELS,
    CALL_OPS_CANCELS,
    CALL_REDRIVE,
    CALL_ONLINE,
    CALL_OFFLINE,
    CALL_BREAK,
    CALL_BLOCK,
    CALL_UNBLOCK,
    CALL_STATE, /* of a driver */
    CALL_MINE,  /* a rider's live ride, if he has one */
    CALL_OPS
};

struct request {
    enum call_op op;
    char actor[32];
    char ride[64];
    char lease[64];
    char key[24];
    char hash[24];
    char code[8];
    char product[32]; /* or products, of a driver */
    double lat, lon;
    int64_t n; /* fare of a create, number of a stop */
    int64_t pickup_at_ms;
    int64_t stops;
};

struct answer {
    bool arrived; /* false: nothing came in time */
    enum life_code code;
    char ride_id[64];
    enum ride_status status;
    int64_t version, stops, stops_done;
    char rider_id[32], driver_id[32], start_code[8];
    char state[16], offer[64], ride[64], lease[64]; /* of a driver */
};

typedef void (*answer_fn)(void *data, const struct answer *a);

/* fn is called once, later: with the answer, or after some seconds without one. */
void call(const struct request *q, answer_fn fn, void *data);

/* A fix on its way to some location-ingest. */
void call_ping(const char *driver_id, struct ping p);

/* service_ingest.c; run as the host. */
void ingest_ping(struct host *h, const char *driver_id, struct ping p);

/* No request is repeated or lost any more. */
extern bool calls_are_calm;

#endif
