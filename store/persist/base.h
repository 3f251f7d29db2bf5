/* base: the file that a rewrite makes, holding the whole store as commands.
 *
 * Written beside the running log, normally in a forked child that sees the store as it was at
 * journal_rotate. It counts only once journal_rebase has named it in the manifest.
 */
#ifndef HANSOM_STORE_PERSIST_BASE_H
#define HANSOM_STORE_PERSIST_BASE_H

#include "base/buf.h"
#include "store/persist/io.h"

struct base {
    const struct io *io; /* borrowed */
    const char *dir;     /* borrowed until base_end */
    int file;
    int error; /* the first -errno; later calls do nothing */
    uint64_t id;
    uint64_t place;
    struct buf batch; /* owned; unsealed records */
};

/* Makes the file for this id (what journal_rotate gave). Errors are kept until base_end. */
void base_begin(struct base *b, const struct io *io, const char *dir, uint64_t id);

/* Adds one record, which must be redone as a whole. */
void base_add(struct base *b, struct slice record);

/* Ends, syncs and closes the file: 0, or the first error as a negative errno; then the file
 * has been removed. */
int base_end(struct base *b);

#endif
