/* hints: which session watches which channel, and what a message on it means for each.
 *
 * Layout:  channel name -> channel -> its watchers (struct watch, embedded in sessions). The store's
 *          subscription is made with the first watcher and dropped with the last.
 * Owner:   the gateway. Loop thread only.
 */
#ifndef HANSOM_WS_GATEWAY_HINTS_H
#define HANSOM_WS_GATEWAY_HINTS_H

#include "services/ws-gateway/session.h"

/* Starts listening. Hooks of the subscriber are set here. */
void hints_open(struct gateway *g);
void hints_close(struct gateway *g);

/* Makes w watch the channel; confirmed(owner) follows when no hint can be missed any more (or the
 * connection is down: then a refresh of everybody follows its return). May be NULL. */
void hints_watch(struct watch *w, struct slice channel, void (*confirmed)(struct session *s));

/* Stops watching; harmless when w watches nothing. */
void hints_unwatch(struct watch *w);

/* Asks the store for the versions of live rides of every n-th session, and refreshes those that
 * missed something. */
void hints_compare(struct gateway *g, uint32_t slice, uint32_t slices);

#endif
