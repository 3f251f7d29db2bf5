/* block: clients that wait for keys (BLPOP, BZPOPMIN, XREAD …).
 *
 * A blocked session keeps its command. When one of its keys changes, the key goes to
 * engine->ready; after the running command the executor runs the kept commands again, in the
 * order the clients came. A client that still finds nothing keeps its place.
 *
 * Owner: session->block; freed by block_end. Nodes of keys are freed with their last waiter.
 */
#ifndef HANSOM_STORE_ENGINE_BLOCK_H
#define HANSOM_STORE_ENGINE_BLOCK_H

#include "store/engine/db.h"
#include "store/engine/session.h"

/* What a client waits for. */
enum block_kind {
    BLOCK_LIST = 1,
    BLOCK_ZSET,
    BLOCK_STREAM,
    BLOCK_PAUSE /* the end of CLIENT PAUSE */
};

struct blocked_key {
    struct db *db;
    struct list waiters; /* of struct block_wait.of_key, first come first */
    struct list ready;   /* in engine->ready, or in no list */
    uint32_t readers;    /* of the waiters: those that read a stream */
    size_t len;
    char key[];
};

struct block_wait {
    struct list of_key;
    struct blocked_key *key; /* borrowed: lives while it has waiters */
    struct block *block;     /* borrowed: owns this */
};

struct block {
    struct session *session;   /* borrowed: owns this */
    struct heap_node deadline; /* unix ms; in no heap when waiting for ever */
    const struct cmd_spec *spec;
    struct slice *argv; /* owned copy, one allocation with its bytes */
    uint32_t argc;
    uint32_t kind; /* enum block_kind */
    bool again;    /* the command was run again and still waits */
    uint32_t count;
    struct block_wait waits[];
};

/* Blocks s on n keys of its database. deadline_ms is absolute, 0 for never. argv is copied. */
void block_start(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                 uint32_t argc, const struct slice *keys, uint32_t n, int64_t deadline_ms,
                 uint32_t kind);

/* Ends the wait of s; nothing if it is not blocked. */
void block_end(struct session *s);

/* Puts the key on engine->ready when what it holds may serve someone who waits for it. */
void block_signal(struct db *db, struct slice key);

/* The same for all keys someone waits for: a flush. */
void block_signal_all(struct db *db);

/* The same for those of them that the database has: a swap of databases. */
void block_signal_present(struct db *db);

/* Frees a key nobody waits for any more. block_end does, unless the executor's bookmark is in
 * the queue. */
void block_forget(struct blocked_key *k);

extern const struct dict_kind block_kind_of_keys;

/* A copy of argv in one allocation, for mem_free. */
struct slice *argv_copy(const struct slice *argv, uint32_t argc);

#endif
