/* ws-gateway: brings what happens in the store to the apps, over WebSocket.
 *
 *   store --hints (sharded pub/sub)--> hints.c --ride read anew--> session outbox --> server.c --> app
 *   app --frames--> server.c --> inbound.c --lifecycle--> ack or error
 *
 * A hint only says that something changed. What a client is sent is read from the store after the
 * hint came, and carries the ride's version; what is not newer is not sent again.
 */
#ifndef HANSOM_WS_GATEWAY_H
#define HANSOM_WS_GATEWAY_H

#include "base/list.h"
#include "base/map.h"
#include "services/kit/app.h"
#include "services/kit/lifecycle.h"
#include "services/kit/ping_flow.h"
#include "services/kit/recorder.h"
#include "services/kit/store_sub.h"

struct server;

struct gateway_options {
#define OPT OPTION_FIELD
#include "services/ws-gateway/options.def"
#undef OPT
};

enum {
#define METRIC METRIC_ID
#include "services/ws-gateway/metrics.def"
#undef METRIC
    M_COUNT
};

struct gateway {
    struct app *app;
    struct gateway_options options;
    struct metric *metric[M_COUNT];
    struct recorder *recorder; /* owned */
    struct ping_flow *pings;   /* owned */
    struct lifecycle *life;    /* owned */
    struct store_sub *hints;   /* owned */
    struct server *server;     /* owned */
    struct list sessions;      /* of struct session: all that are connected */
    size_t sessions_count;
    size_t sessions_alive; /* also those whose calls have not returned */
    bool draining;         /* the process is held until no session is alive */
    size_t queue_bytes;    /* of all outboxes */
    struct map channels;   /* channel -> struct channel (hints.c) */
    struct map people;     /* "rider:<id>", "driver:<id>" -> struct person (session.c) */
    uv_timer_t tick;       /* every GATEWAY_TICK_MS */
    uint32_t tick_number;
    int64_t generation; /* the last one heard of */
    struct buf scratch; /* for building frames */
};

enum { GATEWAY_TICK_MS = 100 };

/* Every session's deadlines; and a share of the live rides is compared with the store, so that each is
 * once every compare-interval and they never come all at once. timer->data is the gateway. */
void gateway_tick(uv_timer_t *timer);

/* While draining: lets the process end once no session is alive. */
void gateway_end_if_empty(struct gateway *g);

/* A client was sent what changed in the store at that wall time (0: unknown). */
void gateway_pushed(struct gateway *g, int64_t changed_ms);

/* A primary of this generation has spoken. If it is another than before, what clients hold may be ahead
 * of it: each is sent all of it anew. */
void gateway_note_generation(struct gateway *g, int64_t generation);

#endif
