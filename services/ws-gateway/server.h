/* server: WebSocket connections on libwebsockets, in our loop. The only file that knows that library.
 *
 * Writing: a frame goes straight into the socket when nothing waits before it; otherwise it stays in the
 * session's outbox until the socket takes more. The kernel's send buffer is kept small, so that a stalled
 * client is noticed here and not megabytes later.
 *
 * Owner: server_new to server_close. Loop thread only.
 */
#ifndef HANSOM_WS_GATEWAY_SERVER_H
#define HANSOM_WS_GATEWAY_SERVER_H

#include "services/ws-gateway/session.h"

/* Listens at once; port 0 is any free one. NULL and one line in *why when it cannot. */
struct server *server_new(struct gateway *g, const char *bind, uint16_t port, struct buf *why);

uint16_t server_port(const struct server *server);

/* Takes no new connections. */
void server_drain(struct server *server);

/* Closes everything; libwebsockets' handles close during the next turns of the loop. */
void server_close(struct server *server);

/* Sends what the socket takes now; the rest follows when it takes more. */
void server_flush(struct session *s);

void server_ping(struct session *s);

/* Sends a close frame with session.close_code; cuts the connection if that does not leave in time. */
void server_close_session(struct session *s, int64_t kill_ms);

#endif
