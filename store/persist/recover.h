/* recover: reads the files of the log back, at start. */
#ifndef HANSOM_STORE_PERSIST_RECOVER_H
#define HANSOM_STORE_PERSIST_RECOVER_H

#include "store/persist/journal.h"
#include "store/persist/manifest.h"

struct recovered {
    struct manifest manifest; /* all zero: the folder holds no log yet */
    uint64_t end;             /* where the last segment ends; bytes behind it are to be cut */
    uint64_t base_bytes;
    uint64_t log_bytes; /* of all segments before the last */
};

/* Who redoes the commands of the records. */
struct redo {
    journal_apply_fn apply;
    journal_ahead_fn ahead; /* may be NULL */
    void *data;
};

/* Replays everything in dir. False with found->error. Changes no file. */
bool recover(const struct io *io, const char *dir, const struct redo *redo, struct recovered *out,
             struct journal_found *found);

/* Replays an open snapshot. False with found->error, which calls it `name`. */
bool recover_snapshot(const struct io *io, int file, const char *name, journal_apply_fn apply,
                      void *data, struct journal_found *found);

#endif
