/* mend: looks at the files of a store that does not run, says what is wrong, and cuts it off.
 *
 * Why: a start refuses what is damaged, because it cannot know what the operator would rather
 * lose. Here is where the operator says it.
 *
 * What can be mended is a log: it is cut before the first bad record, and what came after it,
 * in later files too, is lost. Of every file that is changed a copy is kept beside it
 * (`<name>.bak`). A base or a snapshot that is damaged is no state that ever was: it cannot
 * be mended, only replaced by a copy.
 */
#ifndef HANSOM_STORE_PERSIST_MEND_H
#define HANSOM_STORE_PERSIST_MEND_H

#include "base/buf.h"
#include "store/persist/io.h"

/* From good to bad; also what the process exits with. */
enum mend_verdict {
    MEND_WHOLE,
    MEND_TORN,    /* an unfinished end, which the next start cuts by itself */
    MEND_DAMAGED, /* a start will refuse this */
    MEND_UNKNOWN, /* it cannot be read, a running store has it, or there is nothing */
};

/* Looks at the log in dir or dir/appendonlydir and at the snapshots in dir, and adds a line for
 * each to out. The verdict is the worst of them. */
enum mend_verdict mend_check(const struct io *io, const char *dir, struct buf *out);

/* Cuts a torn or damaged log as mend_check saw it, keeping copies. The verdict is how things
 * are afterwards. */
enum mend_verdict mend_fix(const struct io *io, const char *dir, struct buf *out);

#endif
