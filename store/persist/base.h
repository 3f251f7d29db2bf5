/* base: a file that holds the whole store as commands: what a rewrite makes, or a snapshot.
 *
 * Normally written in a forked child that sees the store as it was at journal_rotate. A base
 * counts only once journal_rebase has named it in the manifest, a snapshot once
 * snapshot_commit has given it its name.
 */
#ifndef HANSOM_STORE_PERSIST_BASE_H
#define HANSOM_STORE_PERSIST_BASE_H

#include "base/buf.h"
#include "store/persist/io.h"
#include "store/persist/segment.h"

struct base {
    const struct io *io; /* borrowed */
    const char *dir;     /* borrowed until base_end */
    struct buf path;     /* owned */
    int file;
    int error; /* the first -errno; later calls do nothing */
    uint64_t id;
    uint64_t place;
    struct buf batch; /* owned; unsealed records */
};

/* Makes the file for this id (what journal_rotate gave). Errors are kept until base_end. */
void base_begin(struct base *b, const struct io *io, const char *dir, uint64_t id);

/* The same for a file of any kind and name in dir. */
void base_begin_as(struct base *b, const struct io *io, const char *dir, const char *name,
                   enum segment_kind kind, uint64_t id);

/* Adds whole commands. A long piece becomes several records: the file counts as a whole or not
 * at all. */
void base_add(struct base *b, struct slice commands);

/* Ends, syncs and closes the file: 0, or the first error as a negative errno; then the file
 * has been removed. */
int base_end(struct base *b);

#endif
