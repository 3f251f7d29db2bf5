/* call: one thing an app wants from the API, asked until there is an answer.
 *
 * Why: a good app repeats a request whose outcome it does not know, with the same key, and backs
 * off when the server is troubled. All requests of the simulator are safe to repeat. Some
 * answers are thrown away on purpose, as a tunnel would do, and the request is made again.
 *
 *   send --2xx, 4xx--> (lost on purpose? send again) --> cb
 *    ^ |
 *    | +--no reply, 5xx, 429--> back off, until give_up_ms --> cb with status 0
 *    +------------------------------+
 *
 * Owner: a call frees itself after its callback, or at calls_drop.
 */
#ifndef HANSOM_SIM_CALL_H
#define HANSOM_SIM_CALL_H

#include <jansson.h>

#include "base/rng.h"
#include "sim/http_client.h"

struct calls {
    struct net *net;
    struct rng rng;   /* for backoff and for losing replies */
    double lose_part; /* of the replies that may be lost */
    struct list all;
    size_t count;
    uint64_t retries;
    uint64_t lost;
};

struct call_reply {
    int status;         /* 0: no answer */
    const json_t *body; /* NULL when there is none; borrowed until the callback returns */
    int64_t took_us;    /* from the intended time to the first whole answer below 500 */
    uint32_t tag;       /* as given */
};

typedef void (*call_cb)(void *data, const struct call_reply *reply);

struct call_spec {
    struct endpoint *to;
    const char *method;
    struct slice path;
    struct slice token;  /* borrowed until the callback */
    struct slice key;    /* Idempotency-Key, may be empty */
    struct slice body;   /* JSON, may be empty */
    int64_t intended_us; /* clock_mono_us when it should be sent; 0: now */
    int64_t give_up_ms;  /* from now; 0: one try */
    uint32_t tag;        /* given back, so that an actor knows a late answer */
    bool may_lose;
};

void calls_init(struct calls *all, struct net *net, uint64_t seed, double lose_part);

/* path, key and body are copied. cb never fires before this returns. */
void call_start(struct calls *all, const struct call_spec *spec, call_cb cb, void *data);

/* Forgets every call; no callback comes any more. Close the endpoints first. */
void calls_drop(struct calls *all);

#endif
