/* manifest: which files make up the log, in which order.
 *
 * Layout: a text file `manifest`, replaced as a whole and never changed in place:
 *
 *     hansom-log 1
 *     base base-000003.hlog          (absent before the first rewrite)
 *     log log-000003.hlog            (one or more; ids rise by one)
 *     log log-000004.hlog
 *     crc 1a2b3c4d                   (of the bytes above)
 */
#ifndef HANSOM_STORE_PERSIST_MANIFEST_H
#define HANSOM_STORE_PERSIST_MANIFEST_H

#include "store/persist/io.h"
#include "store/persist/segment.h"

enum { MANIFEST_NAME = 32 };

struct manifest {
    uint64_t base;  /* id of the base; 0: none */
    uint64_t first; /* id of the oldest log segment; 0: no log yet */
    uint64_t last;  /* id of the newest, which is written to */
};

/* "base-000003.hlog" or "log-000003.hlog" in out. */
void manifest_name(char out[static MANIFEST_NAME], enum segment_kind kind, uint64_t id);

/* Reads the manifest in dir: 0, -ENOENT when there is none, -EBADMSG when it is damaged. */
int manifest_read(const struct io *io, const char *dir, struct manifest *out);

/* Replaces it on the disk. 0 or -errno; then the old one is still valid. */
int manifest_write(const struct io *io, const char *dir, const struct manifest *m);

/* True when this file name belongs to the log but not to m: left over from a rewrite that did
 * not end, or replaced by one that did. */
bool manifest_leftover(const struct manifest *m, const char *name);

#endif
