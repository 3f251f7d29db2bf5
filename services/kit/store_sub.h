/* store_sub: subscriptions to sharded channels, on a connection of their own.
 *
 * Each channel is counted: two watchers of one ride share one subscription. One ordinary
 * channel stays subscribed for ever, so that the connection never leaves subscriber mode; it is
 * pinged, and replaced when it falls silent.
 *
 * Why the confirmation matters: a gateway subscribes first and then reads the snapshot, over
 * another connection. Only after the confirmation is it certain that no hint falls between.
 *
 * Invariants:  after a reconnect all channels are subscribed again before on_resubscribed runs;
 *              hints sent meanwhile are lost: read fresh snapshots then.
 * Cost:        a message costs a parse and a call; no copy.
 * Owner:       store_sub_new to store_sub_close's callback. Loop thread only.
 */
#ifndef HANSOM_KIT_STORE_SUB_H
#define HANSOM_KIT_STORE_SUB_H

#include "services/kit/store.h"

struct store_sub;

struct store_sub_events {
    /* A message; both slices are borrowed until it returns. */
    void (*on_message)(void *data, struct slice channel, struct slice payload);
    /* All channels are subscribed again after the connection was lost. May be NULL. */
    void (*on_resubscribed)(void *data);
    /* The connection was lost: hints are being missed from now on. May be NULL. */
    void (*on_lost)(void *data);
};

typedef void (*store_sub_cb)(void *data, enum store_status status);

/* events is borrowed for the object's life. Connects at once. */
struct store_sub *store_sub_new(uv_loop_t *loop, const struct store_config *config,
                                const struct store_sub_events *events, void *data);
void store_sub_close(struct store_sub *s, void (*cb)(void *data), void *data);

bool store_sub_is_up(const struct store_sub *s);

/* Counts one more watcher of the channel. cb (may be NULL) fires once, later: STORE_OK when the
 * subscription is confirmed (also if it was before), STORE_DOWN when the connection is not up
 * or breaks first: the channel stays registered, and on_resubscribed will follow. */
void store_sub_add(struct store_sub *s, struct slice name, store_sub_cb cb, void *data);

/* One watcher less; the last one unsubscribes. A callback still due to this watcher fires all
 * the same. The channel must have been added. */
void store_sub_del(struct store_sub *s, struct slice name);

/* Registered channels. */
size_t store_sub_count(const struct store_sub *s);

#endif
