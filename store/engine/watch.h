/* watch: keys that a client's EXEC depends on (WATCH).
 *
 * Owner: a watch belongs to its session; the key's node is freed with its last watch.
 */
#ifndef HANSOM_STORE_ENGINE_WATCH_H
#define HANSOM_STORE_ENGINE_WATCH_H

#include "store/engine/db.h"
#include "store/engine/session.h"

/* Watches key for s; a second time changes nothing. */
void watch_add(struct session *s, struct db *db, struct slice key);

/* Ends all watches of s and forgets that one was touched. */
void watch_clear(struct session *s);

/* Fails the EXEC of all that watch key. */
void watch_signal(struct db *db, struct slice key);

/* The same for all keys of db that are there now; a flush. */
void watch_signal_all(struct db *db);

/* Whether a key that s watches has expired since. */
bool watch_expired(const struct session *s);

extern const struct dict_kind watch_kind;

#endif
