/* disk: a disk in memory, for tests of what is promised about disks.
 *
 * Every operation that changes something is counted, and one of them can be made to fail, to
 * stop short, or to be the last before the power goes. After that, disk_restart gives what a
 * machine would find: names as of some moment since the last sync_dir, and of each file some
 * mixture, sector by sector, of what was synced and what was written since.
 *
 * A sync that was made to fail has lost the bytes: a later sync of the same file succeeds and
 * brings nothing back, as Linux does it.
 */
#ifndef HANSOM_TESTS_DISK_H
#define HANSOM_TESTS_DISK_H

#include "base/rng.h"
#include "store/persist/io.h"

struct disk;

enum disk_fault {
    DISK_POWER_OFF, /* this operation happens in part; all later ones fail */
    DISK_FULL,      /* writes stop halfway and then fail, until disk_mend */
    DISK_SYNC_FAILS /* the first sync from this operation on fails, once */
};

struct disk *disk_new(uint64_t seed);
void disk_free(struct disk *d);

/* The table to give away; lives as long as d. */
const struct io *disk_io(struct disk *d);

/* The fault comes with the operation of this number, counted from 0. */
void disk_plan(struct disk *d, enum disk_fault fault, uint64_t at);

/* Ends DISK_FULL. */
void disk_mend(struct disk *d);

/* Changing operations so far. */
uint64_t disk_ops(const struct disk *d);
bool disk_is_off(const struct disk *d);

/* Calls fn before each changing operation, with the bytes it would write (0: it is no write).
 * disk_found may be called then. NULL ends it. */
typedef void (*disk_watch_fn)(void *data, size_t bytes);
void disk_watch(struct disk *d, disk_watch_fn fn, void *data);

enum disk_left {
    DISK_LEFT_SYNCED, /* only what was synced, names too */
    DISK_LEFT_ALL,    /* everything written so far, and `done` bytes of the write that begins */
    DISK_LEFT_SOME,   /* any mixture, as disk_restart gives it */
};

/* While fn of disk_watch runs: a new disk, as a machine would find it had the power gone just
 * then. d goes on. */
struct disk *disk_found(const struct disk *d, enum disk_left left, size_t done, uint64_t seed);

/* Power comes back: what was not synced is there in part. All handles are closed. */
void disk_restart(struct disk *d);

/* Turns bytes of a file over, as a bad disk would. False if there is no such byte. */
bool disk_damage(struct disk *d, const char *path, uint64_t at);

/* The size of a file, or -1. */
int64_t disk_size(const struct disk *d, const char *path);

#endif
