/* client: how a client is told of. */
#ifndef HANSOM_STORE_CMD_CLIENT_H
#define HANSOM_STORE_CMD_CLIENT_H

#include "store/engine/session.h"

/* Appends the line of CLIENT LIST, without its end. */
void client_describe(struct buf *out, struct session *s);

#endif
