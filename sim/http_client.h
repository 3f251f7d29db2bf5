/* http_client: requests to one server over kept-alive connections.
 *
 * Why not an existing client: a run needs hundreds of requests a second at a cost that leaves
 * the two cores to the servers it measures, an open-loop schedule, and apps' behaviour when a
 * server dies between two requests.
 *
 * A connection carries one request at a time; free ones are reused, the newest first. A request
 * that finds a reused connection closed under it, before any byte of the reply, is sent once
 * more on a fresh one: that is how HTTP keep-alive works, and not the server's failure.
 *
 * Owner: endpoint_new to endpoint_close.
 */
#ifndef HANSOM_SIM_HTTP_CLIENT_H
#define HANSOM_SIM_HTTP_CLIENT_H

#include "base/list.h"
#include "sim/http_codec.h"
#include "sim/net.h"

/* Fires once a request, never before endpoint_send has returned. NULL: no whole reply came in
 * time. The reply is borrowed until the callback returns. */
typedef void (*http_cb)(void *data, const struct http_reply *reply);

struct endpoint;

/* NULL when the URL is none that net_address reads. */
struct endpoint *endpoint_new(struct net *net, const char *url);

/* Sends a request (copied). host is filled in here. */
void endpoint_send(struct endpoint *e, struct http_request r, int64_t timeout_ms, http_cb cb,
                   void *data);

/* Drops all connections without calling back, and frees e when the loop has closed them. */
void endpoint_close(struct endpoint *e);

#endif
