/* small_store: an engine with a log on any disk, in this process and without sockets: what a
 * crash test can stop anywhere and compare. */
#ifndef HANSOM_TESTS_CRASH_SMALL_STORE_H
#define HANSOM_TESTS_CRASH_SMALL_STORE_H

#include "store/cmd/exec.h"
#include "store/persist/base.h"
#include "store/persist/journal.h"

struct small_store {
    struct engine *engine;
    struct session a, b; /* two clients */
    struct journal *journal;
    struct journal_found found;
    struct log_sink sink;

    /* Called with the position of each record as soon as the engine holds what it says. */
    void (*on_record)(void *data, uint64_t position);
    void *data;
};

/* The time all of them see, in microseconds. */
extern int64_t small_now_us;

/* An empty store without a log. Keys drivers:* are ephemeral. */
void small_new(struct small_store *s);

/* Recovers from dir/log on this disk and goes on there, appendfsync always; false: see found. */
bool small_open(struct small_store *s, const struct io *io);

/* Loads dir/dump.snapshot of this disk. */
bool small_load(struct small_store *s, const struct io *io, bool *there);

/* Closes the log, if there is one, and frees everything. False: the log could not be ended. */
bool small_free(struct small_store *s);

/* One command as client a or b; words are parted by spaces, 'single quotes' keep them. */
void small_say(struct small_store *s, struct session *who, const char *line);

/* A sum of all durable keys, values, expiries and functions that does not depend on the order in
 * which tables keep them: equal stores have equal sums. */
uint64_t small_sum(const struct small_store *s);

/* Writes what the store holds now to b. */
void small_write(const struct small_store *s, struct base *b);

#endif
