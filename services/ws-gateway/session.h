/* session: one WebSocket client, from its handshake to its close.
 *
 *   NEW --token--> OPEN --close--> CLOSED (freed when its last call has returned)
 *    +--5 s without a token, or a bad one: 4001
 *
 * Invariants:  known.version is that of the newest state frame queued for known.ride_id; a state frame
 *              that is not newer is not queued, unless it is a snapshot.
 * Owner:       the server opens and closes it; calls under way hold a reference. Loop thread only.
 */
#ifndef HANSOM_WS_GATEWAY_SESSION_H
#define HANSOM_WS_GATEWAY_SESSION_H

#include "services/kit/ids.h"
#include "services/ws-gateway/gateway.h"
#include "services/ws-gateway/outbox.h"

enum session_state { SESSION_NEW, SESSION_OPEN, SESSION_CLOSED };

/* Close codes of the protocol (see docs/api). */
enum {
    WS_DRAIN = 1001,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_AUTH_FAILED = 4001,
    WS_TOKEN_EXPIRED = 4002,
    WS_SUPERSEDED = 4003,
    WS_SLOW = 4100,
    WS_RATE = 4101,
};

/* What the client has been told of the ride it is on or is offered. A driver who is about to finish
 * one ride may be offered the next: the offer then stands beside the ride he is on. */
struct known_ride {
    char ride_id[ID_MAX + 1]; /* "": none */
    char offer_id[ID_MAX + 1];
    char driver_id[ID_MAX + 1]; /* whose positions a rider is sent */
    int64_t version;
    bool live;
    bool held; /* a driver is on his way to it, or drives it */
};

/* How far the client was told of a ride that it is not on: what is still being read of it is older. */
struct told_ride {
    char ride_id[ID_MAX + 1]; /* "": none */
    int64_t version;
};

enum { TOLD_MAX = 4 };

struct watch {
    struct list link;      /* in the channel's watchers */
    struct session *owner; /* borrowed */
    struct channel *on;    /* borrowed; NULL: watches nothing */
};

struct session {
    struct list link; /* in gateway.sessions */
    struct gateway *gateway;
    void *socket; /* the server's; NULL once it is gone */
    enum session_state state;
    uint32_t refs;
    char id[2 * 8 + 1];
    char region[AUTH_REGION_MAX + 1];
    struct auth_claims who;
    struct outbox outbox;
    uint64_t seq;
    struct known_ride known;
    struct told_ride told[TOLD_MAX]; /* the newest first */
    struct watch hints;              /* ui:… of this person */
    struct watch position;           /* loc:… of the rider's driver */
    struct list of_person;           /* in person.sessions */
    struct person *person;
    bool reading;       /* a state read is under way */
    bool read_again;    /* something changed since it was sent */
    bool overtaken;     /* what it will answer is older than what the client was told */
    bool want_snapshot; /* the next read is sent whatever the version */
    int64_t retry_ms;   /* monotonic: not before, after a read that failed */
    int64_t born_ms, ping_ms, pong_ms; /* monotonic */
    double allowance;                  /* messages that may still come: a token bucket */
    int64_t allowance_ms;
    int close_code;     /* != 0: closing with it */
    struct buf partial; /* a message of several fragments */
};

/* A client has connected; its handshake's token may be empty (then `auth` must follow). */
struct session *session_new(struct gateway *g, void *socket);

/* Verifies the token and opens the session, or renews an open one. Closes it when that fails. */
void session_auth(struct session *s, struct slice token);

/* The connection is gone. */
void session_gone(struct session *s);

/* Begins closing with a code of the protocol. */
void session_close(struct session *s, int code);

void session_ref(struct session *s);
void session_unref(struct session *s);

/* Closes a driver's session unless it is the newest one of his, at whatever gateway. */
void session_check_newest(struct session *s);

/* Queues a frame (as frame.h keeps it) and sends what can be sent. */
void session_send(struct session *s, enum outbox_class class, struct slice key, struct slice frame);

/* The socket has taken what it can of the outbox: once all that came before a gap has left, the client is
 * told of it and sent all of what is. */
void session_flushed(struct session *s);

/* Reads the ride from the store and sends it when it is newer than what the client knows. */
void session_read_ride(struct session *s, struct slice ride_id);

/* Reads the client's state from the store and sends what is new; with snapshot, all of it. */
void session_refresh(struct session *s, bool snapshot);

/* The client is on no ride, or on another from now on. */
void session_forget(struct session *s);

/* The client, which is not on this ride, was told that it came to be that version. */
void session_told(struct session *s, struct slice ride_id, int64_t version);

/* Sends the ride to the client when it is newer than what it knows: also called with the result
 * of what the client itself did. */
void session_ride(struct session *s, const struct life_result *r);

/* Sends `ack` or `error` for the client's message re: the JSON of its id, or empty. */
void session_ack(struct session *s, struct slice re, const char *status,
                 const struct life_result *r);
void session_error(struct session *s, struct slice re, const char *code,
                   const struct life_result *r);

/* Once every 100 ms: deadlines of this session. */
void session_tick(struct session *s, int64_t now_mono_ms, int64_t now_wall_ms);

/* A message of the client (inbound.c). */
void session_message(struct session *s, struct slice text);

/* Whether it authenticated and still is open. */
static inline bool session_is_open(const struct session *s)
{
    return s->state == SESSION_OPEN && s->close_code == 0;
}

#endif
