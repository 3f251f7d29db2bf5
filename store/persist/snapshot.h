/* snapshot: one file that holds the whole store as it was at one moment.
 *
 * Why: it starts a store faster than a log does, can be copied while the store runs, and needs
 * no log at all for those who can lose the last minutes.
 *
 * Layout:      a segment (segment.h) of kind SEGMENT_SNAPSHOT with a mark of its own place at
 *              its end. Its id is the microsecond at which it was begun, and every checksum
 *              starts from it, so that no part of one snapshot passes for a part of another.
 * Invariants:  the name always means a whole snapshot, the old one or the new one: it is
 *              written under another name (base_begin_as, base_add, base_end) and renamed.
 */
#ifndef HANSOM_STORE_PERSIST_SNAPSHOT_H
#define HANSOM_STORE_PERSIST_SNAPSHOT_H

#include "store/persist/base.h"
#include "store/persist/journal.h"

enum { SNAPSHOT_TEMP = 40 };

/* The name under which this process writes: "temp-<pid>.snapshot". */
void snapshot_temp(char out[static SNAPSHOT_TEMP]);

/* Begins one under its temporary name, which is borrowed for the call. */
void snapshot_begin(struct base *b, const struct io *io, const char *dir, const char *temp,
                    uint64_t id);

/* After base_end: makes the snapshot in dir/temp the one called dir/name, on the disk. 0 or a
 * negative errno; then temp is gone and name still means a whole snapshot, if it did. */
int snapshot_commit(const struct io *io, const char *dir, const char *temp, const char *name);

/* Removes files that processes which are no more have begun. */
void snapshot_sweep(const struct io *io, const char *dir);

enum snapshot_load { SNAPSHOT_NONE, SNAPSHOT_LOADED, SNAPSHOT_BAD };

/* Redoes the commands of dir/name. SNAPSHOT_BAD: it cannot be read or is damaged, with file and
 * offset in found->error. */
enum snapshot_load snapshot_load(const struct io *io, const char *dir, const char *name,
                                 journal_apply_fn apply, void *data, struct journal_found *found);

#endif
