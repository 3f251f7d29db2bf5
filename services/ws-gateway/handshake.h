/* handshake: makes a WebSocket request that libwebsockets can read out of what a browser sends.
 *
 * Why: a browser cannot set an Authorization header on a WebSocket, so its token comes as a
 * subprotocol: `Sec-WebSocket-Protocol: hansom.v1, bearer.<jwt>`. libwebsockets refuses a list of
 * more than 128 bytes. So the head of the request is read before the library sees it, and the token is
 * moved to the header where the other clients put it.
 *
 * Pure.
 */
#ifndef HANSOM_WS_GATEWAY_HANDSHAKE_H
#define HANSOM_WS_GATEWAY_HANDSHAKE_H

#include "base/buf.h"

/* Where the head of a request ends, with its empty line; 0 while it is incomplete. */
size_t handshake_head_len(struct slice bytes);

/* Appends the head to out with every bearer.<jwt> taken from its subprotocols; the first one becomes
 * an Authorization header unless there is one. Other lines stay as they came. */
void handshake_rewrite(struct slice head, struct buf *out);

#endif
