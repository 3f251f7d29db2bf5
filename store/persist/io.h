/* io: the disk, as a table of functions.
 *
 * Why: everything the log promises is about disks that fail: a write that stops in the
 * middle, a sync that lies, a machine that loses power between any two calls. Tests give
 * the log a disk in memory that does all of that (tests/lib/disk.h); production gives it
 * io_real.
 *
 * Every function gives 0 or a count or a handle when it worked, else a negative errno.
 * Paths are borrowed for the call. Called from the loop thread and from the log's writer
 * thread, never for one handle at once.
 */
#ifndef HANSOM_STORE_PERSIST_IO_H
#define HANSOM_STORE_PERSIST_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum io_open {
    IO_READ,    /* must exist */
    IO_WRITE,   /* must exist; reads and writes */
    IO_REPLACE, /* made, or emptied when it is there; reads and writes */
};

struct io {
    void *data;
    int (*open)(void *data, const char *path, enum io_open how);
    void (*close)(void *data, int file);
    int64_t (*size)(void *data, int file);

    /* May move fewer bytes than asked for. A write of 0 bytes never happens. */
    int64_t (*read_at)(void *data, int file, uint64_t at, void *to, size_t n);
    int64_t (*write_at)(void *data, int file, uint64_t at, const void *from, size_t n);

    /* Bytes written before are on the disk once this gives 0. After a failure they may be
     * lost although a later sync succeeds. */
    int (*sync)(void *data, int file);

    /* Makes the file end at `size`. */
    int (*cut)(void *data, int file, uint64_t size);

    /* Sets aside zeroed space from `from` to `to` and moves the end there; may refuse. */
    int (*reserve)(void *data, int file, uint64_t from, uint64_t to);

    int (*make_dir)(void *data, const char *path);
    int (*rename)(void *data, const char *from, const char *to);
    int (*remove)(void *data, const char *path);

    /* Names made, changed or removed in this folder are on the disk once this gives 0. */
    int (*sync_dir)(void *data, const char *path);

    /* Calls fn with each name in the folder; fn must not change the folder. */
    int (*list)(void *data, const char *path, void (*fn)(const char *name, void *arg), void *arg);

    /* Takes the folder until close, for this process alone or shared with others that share it: a
     * handle, or -EWOULDBLOCK. */
    int (*lock)(void *data, const char *path, bool shared);
};

/* The disk of this machine. */
extern const struct io io_real;

/* Writes all n bytes: 0, or the error that stopped it; *done is how many were written. */
int io_write_all(const struct io *io, int file, uint64_t at, const void *from, size_t n,
                 size_t *done);

/* Makes path hold exactly these bytes, on the disk, or leaves what was there: writes a
 * file beside it, syncs, renames, syncs the folder. */
int io_replace(const struct io *io, const char *dir, const char *path, const void *from, size_t n);

#endif
