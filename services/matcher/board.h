/* board: what a region's outbox says about rides that wait and drivers who are coming.
 *
 * Why: a matcher sees only the entries that the group gives it. How long to gather, how long a
 * driver has stood idle, and which rides could exchange their drivers are questions about the
 * whole region. Reading rides:events answers them without a write more on the hot path, and
 * every matcher of the region gets the same answer.
 *
 * Invariants:  a ride is here while it is requested or assigned, and is known by its newest event;
 *              nothing rests on it for safety, since the store checks every version and lease.
 * Cost:        O(1) an event; at most BOARD_RIDES_MAX rides and as many drivers (~300 bytes each);
 *              what is beyond is not taken in.
 * Pure:        no I/O, no clock. Owner: loop thread only.
 */
#ifndef HANSOM_MATCHER_BOARD_H
#define HANSOM_MATCHER_BOARD_H

#include "base/list.h"
#include "services/kit/ids.h"

enum { BOARD_RIDES_MAX = 16384, BOARD_PRODUCTS_MAX = 16, BOARD_SILENT_MS = 3600 * 1000 };

struct board;

/* One entry of the outbox; all text borrowed. */
struct board_event {
    struct slice ride_id, type, to, driver_id, lease, product;
    int64_t version, at_ms;
    double lat, lon; /* the pickup */
    bool queued;     /* its driver finishes another ride first */
};

/* A ride whose driver is on his way. */
struct board_ride {
    struct list link; /* of board_coming */
    char ride_id[ID_MAX + 1];
    char driver_id[ID_MAX + 1];
    char lease[ID_MAX + 16]; /* an offer id: the ride's id and a number */
    uint32_t product;        /* of board_product */
    int64_t version;
    int64_t at_ms; /* of the newest event */
    double lat, lon;
    uint32_t swaps;
    bool coming; /* false: waits for a driver */
    bool
        held; /* not exchanged before its next event: the store refused, or its driver is on another ride */
};

struct board *board_new(void);
void board_free(struct board *b);

/* Takes one event in. An event no newer than what is known of its ride changes nothing. */
void board_take(struct board *b, const struct board_event *e);

/* Forgets rides without an event for BOARD_SILENT_MS: their end was trimmed away unread. */
void board_sweep(struct board *b, int64_t now_ms);

/* The number of a product, made when new; BOARD_PRODUCTS_MAX when there are too many. */
uint32_t board_product(struct board *b, struct slice id);

/* The name of a product by its number; borrowed from b. */
struct slice board_product_id(const struct board *b, uint32_t product);

/* Rides that wait for a driver. */
uint32_t board_waiting(const struct board *b, uint32_t product);

/* How many drivers were found idle just now. */
void board_note_idle(struct board *b, uint32_t product, uint32_t idle);

/* The longest plan_gather_ms of any product. */
int64_t board_gather_ms(const struct board *b, int64_t max_ms);

/* How long the driver has been without a ride; BOARD_SILENT_MS when nothing is known of him. */
int64_t board_idle_ms(const struct board *b, struct slice driver_id, int64_t now_ms);

/* The rides whose drivers are coming, oldest event first: of struct board_ride, borrowed until the
 * next board_take or board_sweep. */
const struct list *board_coming(const struct board *b);

/* No exchange of this ride before its next event; an unknown ride changes nothing. */
void board_hold(struct board *b, struct slice ride_id);

#endif
