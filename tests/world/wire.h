/* wire: what the world may ask of a connection beside kit/store.h. */
#ifndef HANSOM_TESTS_WORLD_WIRE_H
#define HANSOM_TESTS_WORLD_WIRE_H

#include "services/kit/store.h"

typedef void (*wire_push)(void *data, const redisReply *message);

/* From now on everything that comes is a message for push, and no call waits for a reply. */
void wire_subscriber(struct store *s, wire_push push, void *data);

#endif
