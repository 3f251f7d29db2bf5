/* driver: one driver, his car and his app.
 *
 *   SETUP -> IDLE -> THINKING -> ANSWERING -> TO_PICKUP -> ARRIVING -> BOARDING -> STARTING
 *             ^ ^       |            |            |                                   |
 *             | +-------+--not taken-+            +--> CANCELLING --> IDLE            v
 *             +------------- COMPLETING <------------------------------------- TO_DROPOFF
 *
 * Whenever the app is told something it cannot square with what it believes (a conflict, an
 * empty snapshot), it asks the API for its state and goes on from there: RESYNC. Each change of
 * state makes a new epoch; the answer to a call of an older epoch is heard by the judge only.
 *
 * driver.c holds the app: session, pings, offers, resync. driver_ride.c drives.
 */
#ifndef HANSOM_SIM_DRIVER_H
#define HANSOM_SIM_DRIVER_H

#include "sim/world.h"

enum driver_state {
    DRIVER_SETUP,
    DRIVER_IDLE,
    DRIVER_THINKING,
    DRIVER_ANSWERING,
    DRIVER_TO_PICKUP,
    DRIVER_ARRIVING,
    DRIVER_BOARDING,
    DRIVER_STARTING,
    DRIVER_TO_DROPOFF,
    DRIVER_COMPLETING,
    DRIVER_CANCELLING,
    DRIVER_RESYNC
};

/* A way along a straight line at an even pace. */
struct leg {
    struct geo_point from, to;
    int64_t start_ms; /* of world_now_ms */
    int64_t took_ms;
};

struct driver {
    struct world *world;
    const struct cab *cab; /* replayed while idle; NULL: wanders */
    uint32_t index;
    char id[48];
    struct rng rng;
    struct buf token;
    struct ws *ws;
    struct judge_watch watch;
    struct alarm step;
    struct alarm ping;
    struct alarm wander;
    struct alarm reconnect;
    uint32_t reconnects;
    int64_t ping_due_us;
    int64_t ping_every_ms;
    enum driver_state state;
    uint32_t epoch;
    bool ready;      /* counted by the world */
    bool ignores;    /* thinks, but will not answer */
    bool asks_after; /* he may have a next ride: looks at his state when this one is over */
    bool cancels;    /* will change his mind on this way */
    struct leg leg;
    char ride_id[JUDGE_ID_CAP];  /* "" when he has none */
    char lease_id[JUDGE_ID_CAP]; /* of ride_id; while answering, the offer's id */
    uint64_t version;            /* the newest of ride_id he was told */
    struct geo_point pickup, dropoff;
};

void driver_init(struct driver *d, struct world *w, uint32_t index);
void driver_fini(struct driver *d);

/* Profile, online, session. Tells the world when done. */
void driver_start(struct driver *d);

/* The run is ending: who is driving a rider lets him out where they are. True if he does. */
bool driver_cut_short(struct driver *d);

/* Where he is now. */
struct geo_point driver_at(const struct driver *d);

/* --- between driver.c and driver_ride.c --- */

/* The only writer of d->state: a new epoch, and no step is due any more. */
void driver_move(struct driver *d, enum driver_state state);

/* Sends a call whose answer is for this epoch. */
void driver_call(struct driver *d, struct endpoint *to, const char *method, struct slice path,
                 struct slice body, bool may_lose, call_cb cb);

/* Sets out for `to` at city speed; step fires on arriving. */
void driver_go(struct driver *d, struct geo_point to, void (*there)(void *data));

void driver_send_ping(struct driver *d);

/* No ride (any more): stands where he is, ready for the next. */
void driver_idle(struct driver *d);

/* Asks the API how things stand. */
void driver_resync(struct driver *d);

/* He holds this ride: goes on from the state it is in. */
void driver_adopt(struct driver *d, const struct ride_view *v);

/* POST /v1/rides/{ride}/{verb} with the lease. */
void driver_ride_act(struct driver *d, const char *verb, const char *more, call_cb cb);

/* What an answer says about a ride goes to the judge; true when it is for this epoch. */
bool driver_heard(struct driver *d, const struct call_reply *reply, struct ride_view *v,
                  bool *has_ride);

#endif
