/* stream: a log of entries with its consumer groups.
 *
 * Why: XADD..XINFO need three things: the entries (ds/streamlog), what each group was given
 * and has not acknowledged, and which of its consumers holds what.
 *
 * Layout:      stream -> groups by name -> pending: idtable of struct pending
 *                                       -> consumers by name -> pending: idtable of ids
 * Invariants:  an id is in a group's pending exactly once, and in the pending of exactly the
 *              consumer it names; last_id >= the id of every entry.
 * Cost:        groups and consumers are sorted arrays (binary search); a delivery is two
 *              appends, an acknowledgement two binary searches; 56 bytes a pending entry.
 * Owner:       the stream owns its groups, they own their consumers.
 */
#ifndef HANSOM_STORE_TYPE_STREAM_H
#define HANSOM_STORE_TYPE_STREAM_H

#include "store/ds/streamlog.h"
#include "store/engine/value.h"

/* Entries read by a group are not counted when no number would be right. */
#define STREAM_READ_UNKNOWN ((int64_t)-1)

struct consumer {
    struct slice name;      /* owned */
    int64_t seen_ms;        /* when it last asked */
    struct idtable pending; /* of struct stream_id */
};

/* An entry that was delivered and not acknowledged. */
struct pending {
    struct stream_id id;
    struct consumer *consumer; /* borrowed: the group's */
    int64_t delivered_ms;
    uint64_t deliveries;
};

struct group {
    struct slice name;           /* owned */
    struct stream_id last_id;    /* last delivered */
    int64_t entries_read;        /* as Redis counts them, or STREAM_READ_UNKNOWN */
    struct idtable pending;      /* of struct pending */
    struct consumer **consumers; /* owned, by name */
    uint32_t consumer_count;
    uint32_t consumer_cap;
};

struct stream {
    struct value head;
    struct streamlog log;
    struct stream_id last_id;     /* greatest id ever used */
    struct stream_id deleted_max; /* greatest id deleted by XDEL; 0-0 for none */
    uint64_t entries_added;       /* ever */
    struct group **groups;        /* owned, by name */
    uint32_t group_count;
    uint32_t group_cap;
};

extern const struct value_type stream_type;

struct stream *stream_new(void);
struct stream *stream_of(struct value *v); /* NULL stays NULL */

/* Appends an entry; id is greater than s->last_id. */
void stream_add(struct stream *s, struct stream_id id, const struct slice *pairs, uint32_t n);

/* Deletes one entry and remembers it as a hole; false if there is none. */
bool stream_del(struct stream *s, struct stream_id id);

/* Whether XDEL ever made a hole at or above id. */
bool stream_holes_from(const struct stream *s, struct stream_id id);

/* How many entries had been added up to and with id, or STREAM_READ_UNKNOWN. */
int64_t stream_read_estimate(const struct stream *s, struct stream_id id);

/* Entries that the group has yet to be given; always exact. */
uint64_t stream_lag(const struct stream *s, const struct group *g);

struct group *stream_group_find(const struct stream *s, struct slice name);

/* Adds a group; NULL when the name is taken. */
struct group *stream_group_add(struct stream *s, struct slice name, struct stream_id last_id,
                               int64_t entries_read);

/* Takes a group out, with its consumers and what they hold: a value of its own, the caller's, to be
 * thrown away. NULL if there is none. */
struct value *stream_group_cut(struct stream *s, struct slice name);

/* Moves the group on to an entry that is being delivered, which is above its last. */
void stream_group_read(const struct stream *s, struct group *g, struct stream_id id);

struct consumer *group_consumer_find(const struct group *g, struct slice name);

/* Adds a consumer; NULL when the name is taken. */
struct consumer *group_consumer_add(struct group *g, struct slice name, int64_t now_ms);

/* Takes a consumer out, with what it holds: a value of its own, the caller's, to be thrown away. O(1)
 * when it holds all that is pending, else at most a pass over that. */
struct value *group_consumer_cut(struct group *g, struct consumer *c);

/* The pending entry, or NULL. */
struct pending *group_pending_find(const struct group *g, struct stream_id id);

/* Puts id under this consumer, as delivered now for the first time, whoever held it before. */
struct pending *group_pending_put(struct group *g, struct stream_id id, struct consumer *c,
                                  int64_t now_ms);

/* Gives p to another consumer. */
void group_pending_move(struct pending *p, struct consumer *to);

/* Forgets a pending entry; false if there is none. */
bool group_ack(struct group *g, struct stream_id id);

/* Asserts all invariants; for tests. */
void stream_check(const struct stream *s);

#endif
