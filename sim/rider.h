/* rider: one person who wants one ride, and his app.
 *
 *   WAIT -> (connects, asks for a quote) -> CREATE -> FOLLOW -> DONE
 *
 * The create is sent at the order's own time, or when the quote is there if that is later, and
 * measured from the order's time. While it follows, the app believes the frames it is sent, and
 * asks by itself when it has heard nothing for a while.
 */
#ifndef HANSOM_SIM_RIDER_H
#define HANSOM_SIM_RIDER_H

#include "sim/world.h"

enum rider_state { RIDER_WAIT, RIDER_CREATE, RIDER_FOLLOW, RIDER_DONE };

enum rider_end { RIDER_END_NONE, RIDER_END_RIDE, RIDER_END_REFUSED, RIDER_END_UNANSWERED };

struct rider {
    struct world *world;
    const struct order *order;
    uint32_t index;
    char id[32];
    char key[40]; /* the Idempotency-Key */
    struct rng rng;
    struct buf token;
    struct buf quote_token;
    struct ws *ws;
    struct judge_watch watch;
    struct alarm step;   /* connect, quote, create; later: hang up */
    struct alarm cancel; /* the change of mind */
    struct alarm poll;
    struct alarm reconnect;
    uint32_t reconnects;
    enum rider_state state;
    enum rider_end end;
    enum ride_status status;
    uint64_t version;
    char ride_id[JUDGE_ID_CAP];
    char start_code[8]; /* "" until the app knows it */
    uint32_t creates;   /* creates on the way */
    uint32_t quotes;
    bool was_offered;
    bool wants_cancel;
    bool cancelling;
    bool gives_up; /* not in a car at the very end */
    bool twice;    /* sends the create twice */
    bool twice_at_once;
    enum ride_status await; /* the state that the driver's act will bring, for the push latency */
    int64_t await_us;
};

void rider_init(struct rider *r, struct world *w, uint32_t index);
void rider_fini(struct rider *r);

/* Begins the waiting for the order's time. */
void rider_start(struct rider *r);

/* The driver's app has just sent what will bring the ride into that state. */
void rider_await(struct rider *r, enum ride_status status);

/* At the end of the drain: a rider who is not in a car yet cancels. */
void rider_give_up(struct rider *r);

#endif
