/* journal: the append log. A record is what one command, transaction or script changed.
 *
 * Why: with `always`, nothing computed from a write may leave the process before that write
 * is on the disk, yet commands must not wait for disks. So a record only gets a *position*
 * when it is appended; whoever produced bytes from it remembers the position, and lets them
 * out once journal_released has passed it. One sync covers all records that waited.
 *
 *     loop thread:   append, append, ... -> pending --journal_turn--> inbox
 *     writer thread: inbox -> batch -> one write, one sync -> released, notify
 *
 *     When all clients wait, nobody's commands could go on meanwhile, and the hand-over to the
 *     other thread would only cost: journal_turn writes and syncs itself (here).
 *
 * Failure:  a write that fails or stops short cuts the file back to the last whole record,
 *           keeps the rest, and is tried again every JOURNAL_RETRY_MS (JOURNAL_FULL). A sync that
 *           fails is never repeated on that file: the kernel may have thrown the bytes away
 *           (JOURNAL_BROKEN). Only a rewrite makes the log whole again: journal_rotate, a base
 *           written from memory, journal_rebase. While not JOURNAL_OK, writes must be refused.
 *
 * Positions count bytes of records since the process started; they are not file offsets.
 *
 * Invariants:  released <= taken <= end. Files named by the manifest are never changed but by
 *              appending to the last of them.
 * Owner:       the loop thread calls everything; notify comes from the writer thread.
 */
#ifndef HANSOM_STORE_PERSIST_JOURNAL_H
#define HANSOM_STORE_PERSIST_JOURNAL_H

#include "base/slice.h"
#include "store/persist/io.h"

struct journal;

enum journal_sync { JOURNAL_SYNC_NO, JOURNAL_SYNC_EVERYSEC, JOURNAL_SYNC_ALWAYS };
enum journal_health { JOURNAL_OK, JOURNAL_FULL, JOURNAL_BROKEN };
enum { JOURNAL_RETRY_MS = 100, JOURNAL_ERROR = 512 };

/* Redoes one command of a record; false with a reason in why (JOURNAL_ERROR bytes) ends the
 * recovery. A SELECT of the database that is selected already is left out. argv is borrowed for the
 * call. */
typedef bool (*journal_apply_fn)(void *data, const struct slice *argv, uint32_t argc, char *why);

/* Is told of the next n commands that apply will get, in that order and with these very argv: it may
 * start fetching what they will look at. Not told of a command that comes alone. */
typedef void (*journal_ahead_fn)(void *data, const struct slice *const *argv, const uint32_t *argc,
                                 uint32_t n);

struct journal_options {
    const struct io *io; /* borrowed */
    const char *dir;     /* borrowed until journal_close; made when it is missing */
    enum journal_sync sync;
    uint64_t reserve; /* bytes set aside ahead of the writes; 0: none */
    bool threaded;    /* false: journal_turn does all the work; for tests */

    journal_ahead_fn ahead; /* with the data of journal_open; may be NULL */

    /* Released or health changed. Called from the writer thread. May be NULL. */
    void (*notify)(void *data);
    void *data;
};

/* What journal_open found. */
struct journal_found {
    uint64_t records;
    uint64_t commands;
    uint64_t bytes;
    uint64_t cut_bytes; /* of a torn tail that was cut; 0: none */
    uint64_t cut_place;
    char cut_file[32];
    char bad_file[32]; /* with error: the file that is damaged, if that is why */
    uint64_t bad_place;
    char error[JOURNAL_ERROR]; /* why journal_open gave NULL */
};

/* Replays what is in o->dir through apply, cuts a torn tail, and opens the log for appending.
 * NULL with found->error when that is impossible: another process has the folder, the disk
 * fails, or something that was once synced is damaged. Then nothing has been changed. */
struct journal *journal_open(const struct journal_options *o, journal_apply_fn apply, void *data,
                             struct journal_found *found);

/* Writes and syncs everything, and closes. NULL is fine. False when something could not be
 * written. */
bool journal_close(struct journal *j);

/* Adds one record (1 byte to RECORD_MAX) and returns the position that covers it. */
uint64_t journal_append(struct journal *j, struct slice record);

/* The position that covers all records so far. */
uint64_t journal_end(const struct journal *j);

/* Bytes that depend on this position or an earlier one may leave. */
uint64_t journal_released(const struct journal *j);

/* Everything up to this position is on the disk, whatever the mode. */
uint64_t journal_durable(const struct journal *j);

/* Records behind this position will be synced together: their waiters are one group. */
uint64_t journal_taken(const struct journal *j);

/* Passes what was appended on to the writer. With here, writes and syncs it itself when the
 * writer has nothing to do. Does nothing when there is nothing. */
void journal_turn(struct journal *j, bool here);

void journal_set_sync(struct journal *j, enum journal_sync sync);

/* How the log fares; why gets the reason (JOURNAL_ERROR bytes, may be NULL). */
enum journal_health journal_health(const struct journal *j, char *why);

/* Begins a rewrite: records from here on go to a new file. Returns the id under which the
 * base must be written (base_write), or a negative errno; then nothing has changed. */
int64_t journal_rotate(struct journal *j);

/* Ends a rewrite: base and the files since journal_rotate are the log now; the files before go.
 * Makes a broken log whole. 0 or a negative errno; then the old files are still the log. */
int journal_rebase(struct journal *j, uint64_t id);

/* Bytes appended and not yet written. */
uint64_t journal_backlog(const struct journal *j);

struct journal_stats {
    uint64_t base_bytes; /* size of the base when it became the log */
    uint64_t bytes;      /* base and everything appended since */
    uint64_t batches;    /* writes */
    uint64_t syncs;
    uint64_t sync_us; /* spent in them */
    uint64_t sync_us_max;
};
void journal_stats(const struct journal *j, struct journal_stats *out);

#endif
