/* db: the keyspace. What commands and scripts do to keys goes through here.
 *
 * Why: expiry, WATCH, blocked clients, notifications, the log and the ephemeral keys all hang
 * on "this key changed". A handler looks up, changes the value, and says db_changed once.
 *
 * Invariants:  a key with an expiry is in db->expires as well, as the same entry; an empty
 *              collection is never left behind (db_drop_if_empty).
 * Cost:        lookups are one hash and one bucket; watchers, blocked clients, notifications
 *              and patterns cost nothing while there are none.
 * Owner:       entries and their values belong to the db. Loop thread only.
 */
#ifndef HANSOM_STORE_ENGINE_DB_H
#define HANSOM_STORE_ENGINE_DB_H

#include "store/engine/engine.h"
#include "store/engine/err.h"
#include "store/engine/lfu.h"
#include "store/engine/value.h"

#define EXPIRE_NEVER INT64_MAX

struct entry {
    struct value *value; /* owned */
    int64_t expire_ms;   /* unix time, or EXPIRE_NEVER */
    uint32_t touched_s;  /* when last used: engine->now_s, or a stamp (lfu.h) under an LFU policy */
    uint32_t key_len;
    char key[];
};

static inline struct slice entry_key(const struct entry *e)
{
    return (struct slice){e->key, e->key_len};
}

/* Notes that the key was used, by time or by frequency as maxmemory-policy wants it. */
static inline void entry_touch(struct engine *g, struct entry *e)
{
    e->touched_s = g->counts_uses ? lfu_used(e->touched_s, g->now_s, g->config.lfu_decay_time,
                                             g->config.lfu_log_factor, &g->rng)
                                  : g->now_s;
}

/* What a new key begins with. */
static inline uint32_t entry_fresh(const struct engine *g)
{
    return g->counts_uses ? lfu_stamp(g->now_s, LFU_NEW) : g->now_s;
}

/* Seconds since the last use; 0 of a key that was counted by frequency until now. */
static inline uint32_t entry_idle_s(const struct engine *g, const struct entry *e)
{
    return lfu_is_stamp(e->touched_s) || e->touched_s > g->now_s ? 0 : g->now_s - e->touched_s;
}

/* Looks a key up for reading. *out is NULL when it is missing; ERR_WRONGTYPE when it holds
 * another kind (then *out is not written). An expired key is deleted on the way. */
enum err db_find(struct db *db, struct slice key, enum value_kind kind, struct value **out);

/* The same for a command that may change the value; does not count as a hit or a miss. */
enum err db_find_write(struct db *db, struct slice key, enum value_kind kind, struct value **out);

/* The value of any kind, or NULL. */
struct value *db_any(struct db *db, struct slice key);

/* The entry, or NULL; expires as db_find does, but does not count nor touch. */
struct entry *db_entry(struct db *db, struct slice key);

/* Puts value under key: adds it, or frees the old value and clears its expiry. value is now
 * the db's. Says nothing to watchers: call db_changed afterwards. */
struct entry *db_put(struct db *db, struct slice key, struct value *value);

/* Puts another value in the place of one that the caller has freed or taken apart (a type
 * that had to move). Keeps the expiry. The key must exist. */
void db_swap(struct db *db, struct slice key, struct value *value);

/* Deletes a key and its expiry. False if it was missing. Says nothing: call db_changed. */
bool db_del(struct db *db, struct slice key);

/* Takes the value out of the keyspace; the caller owns it. NULL if missing. */
struct value *db_take(struct db *db, struct slice key);

/* Sets, reads (EXPIRE_NEVER when none or missing) and clears an expiry. Neither set nor clear
 * says anything; set needs the key, clear is false when there was no expiry. */
void db_expire_set(struct db *db, struct slice key, int64_t at_ms);
int64_t db_expire_get(struct db *db, struct slice key);
bool db_expire_clear(struct db *db, struct slice key);

/* The key was changed, added or deleted: counts it as dirty, fails WATCHes, wakes clients that
 * wait for it, publishes the event ("lpush", NULL: none), and remembers whether the log wants
 * it. class is a NOTIFY_ letter. */
void db_changed(struct db *db, struct slice key, enum notify_class class, const char *event);

/* The key's value changed in a way that only the log needs to know: no WATCH fails and nobody
 * wakes (acknowledgements and deliveries of a stream's group). */
void db_log(struct db *db, struct slice key);

/* Only publishes an event, without a change (a second event of one change). */
void db_notify(struct db *db, struct slice key, enum notify_class class, const char *event);

/* When value has no elements left: deletes key, publishes "del" and is true. Call it after
 * db_changed; value is gone then. */
bool db_drop_if_empty(struct db *db, struct slice key, const struct value *value);

/* Deletes everything in it. */
void db_flush(struct db *db);

uint64_t db_count(const struct db *db);

/* Whether the key matches a pattern of --ephemeral-keys. */
bool db_is_ephemeral(const struct engine *e, struct slice key);

/* Deletes up to `budget` expired keys of all databases, with their effects, and moves
 * resizes on. Returns the number deleted. */
uint32_t db_expire_cycle(struct engine *e, uint32_t budget);

/* Adds a rebuild of one entry to out: its value and expiry. Nothing for a key that has
 * expired. For log rewrite and for effects that cannot be said verbatim. */
void db_rewrite_entry(const struct entry *e, struct effects *out);

#endif
