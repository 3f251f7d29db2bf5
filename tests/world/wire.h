/* wire: what the world may ask of a connection beside kit/store.h. */
#ifndef HANSOM_TESTS_WORLD_WIRE_H
#define HANSOM_TESTS_WORLD_WIRE_H

#include "services/kit/store.h"

struct host;

typedef void (*wire_push)(void *data, const redisReply *message);

/* From now on everything that comes is a message for push, and no call waits for a reply. */
void wire_subscriber(struct store *s, wire_push push, void *data);

/* Sends a command whose reply is a message like any other; nothing when the connection is down. */
void wire_send(struct store *s, const struct slice *argv, uint32_t argc);

/* Gives the connection up, as a client does that has lost its patience. */
void wire_break(struct store *s);

/* In how many microseconds something sent by or to this host now arrives, behind what arrives there at
 * *last_us, which it moves on. */
int64_t wire_arrival_us(const struct host *h, int64_t *last_us);

#endif
