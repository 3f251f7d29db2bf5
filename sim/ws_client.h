/* ws_client: one WebSocket connection of an app to the gateway.
 *
 * Answers pings; takes silence of more than a minute for a dead line. No callback comes after
 * ws_close, and none before the call that caused it has returned.
 *
 * Owner: ws_open gives a connection that ends in on_close or by ws_close, whichever is first;
 * after either the pointer is dead.
 */
#ifndef HANSOM_SIM_WS_CLIENT_H
#define HANSOM_SIM_WS_CLIENT_H

#include "base/slice.h"
#include "sim/net.h"

struct ws;

struct ws_events {
    void (*on_text)(void *data, struct slice text);
    /* code: the close frame's; 0 when the line was lost; else the HTTP status that refused. */
    void (*on_close)(void *data, int code);
};

/* Opens /v1/ws there with the token in the Authorization header. */
struct ws *ws_open(struct net *net, const struct sockaddr_in *address, struct slice token,
                   const struct ws_events *events, void *data);

void ws_send(struct ws *w, struct slice text);

/* Says goodbye (1000) and forgets. NULL is fine. */
void ws_close(struct ws *w);

#endif
