/* line: one WebSocket connection between an app and a gateway; and services/ws-gateway/server.h, the
 * gateway's end of it.
 *
 * As TCP makes it: what arrives, arrives in order and once. An app may go without a word, stand in a
 * tunnel and take nothing for a while, or learn late that its gateway has died.
 *
 * Owner: line_open's; the line is gone after line_close, and after on_closed.
 */
#ifndef HANSOM_TESTS_WORLD_LINE_H
#define HANSOM_TESTS_WORLD_LINE_H

#include "services/kit/auth.h"
#include "tests/world/host.h"

struct line;

struct line_events {
    void (*on_frame)(void *data, struct slice text);
    void (*on_closed)(void *data, int code); /* of the protocol; 0: it broke */
};

/* Connects to some gateway, with a token that is good for so long; events follow, later. */
struct line *line_open(enum auth_role role, const char *sub, int64_t token_us,
                       const struct line_events *events, void *data);

/* A message to the gateway. */
void line_send(struct line *l, struct slice text);

/* The app takes nothing for so long. */
void line_tunnel(struct line *l, int64_t us);

/* The app is gone; the gateway may hear of it or not. */
void line_close(struct line *l);

#endif
