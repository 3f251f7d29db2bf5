/* pubsub: channels, patterns and sharded channels, and keyspace notifications over them.
 *
 * Why here: a changed key publishes. A message is encoded once for each protocol version and
 * shared by all who get it.
 *
 * Owner: a channel lives while someone is subscribed; a subscription belongs to its session.
 * Cost:  publish is O(subscribers + patterns); subscribe and unsubscribe are O(1).
 */
#ifndef HANSOM_STORE_ENGINE_PUBSUB_H
#define HANSOM_STORE_ENGINE_PUBSUB_H

#include "store/engine/session.h"

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD };

/* False when s is subscribed already, or is not. */
bool pubsub_subscribe(struct session *s, enum pubsub_kind kind, struct slice name);
bool pubsub_unsubscribe(struct session *s, enum pubsub_kind kind, struct slice name);

/* Ends all subscriptions, silently. */
void pubsub_leave(struct session *s);

/* Any one subscription of s of this kind, or an empty slice with p NULL. */
struct slice pubsub_any(const struct session *s, enum pubsub_kind kind);

/* Subscriptions of s of this kind. */
uint32_t pubsub_session_count(const struct session *s, enum pubsub_kind kind);

/* Sends to all subscribers (and, for channels, to patterns); returns how many got it. */
uint32_t pubsub_publish(struct engine *e, enum pubsub_kind kind, struct slice channel,
                        struct slice message);

/* Ends a batch of commands: messages from now on are not put behind those of before. */
void pubsub_batch_end(struct engine *e);

/* Whether a pattern of PSUBSCRIBE or PUBSUB fits. As in Redis, only the empty one fits the empty
 * channel: not even a star does. */
bool pubsub_fits(struct slice pattern, struct slice channel);

/* Subscribers of one channel. */
uint32_t pubsub_subscribers(const struct engine *e, enum pubsub_kind kind, struct slice name);

/* Calls fn for each channel of this kind. */
void pubsub_each(const struct engine *e, enum pubsub_kind kind,
                 bool (*fn)(struct slice name, void *channel, void *data), void *data);

#endif
