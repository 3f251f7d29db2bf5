/* options: how a store is told its settings: flags over environment over file over default.
 *
 *     hansom-store [file] --name value... --name value...
 *
 * Names and values are redis.conf's (engine/config.def is the table); several values of one
 * flag are one setting: `--save 900 1`, `--ephemeral-keys drivers:* loc:*`. In the environment
 * a setting is HANSOM_STORE_<NAME> with '_' for '-'; with _FILE behind it, it is read from the
 * file of that path, for secrets. `include` works in files; unknown names are errors.
 */
#ifndef HANSOM_STORE_SERVER_OPTIONS_H
#define HANSOM_STORE_SERVER_OPTIONS_H

#include "store/engine/config.h"

enum options_verdict {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_CHECK,     /* --check-config: all is well */
    OPTIONS_BAD_FLAG,  /* why says what; exit 64 */
    OPTIONS_BAD_VALUE, /* in a file or the environment; exit 78 */
};
enum { OPTIONS_ERROR = 512 };

/* Fills c. why has OPTIONS_ERROR bytes. */
enum options_verdict options_read(struct config *c, int argc, char *const *argv, char *const *env,
                                  char *why);

/* Reads one file's lines into c; false with a line in why. */
bool options_file(struct config *c, const char *path, char *why);

struct io;

/* `--check DIR` and `--fix DIR [--yes]`: what is wrong with the files of a store that does not
 * run, and mending it (store/persist/mend.h), told on stdout. What the process ends with: 0
 * whole, 1 a torn tail, 2 damaged, 3 unreadable or in use, 64 wrong usage; -1: not asked for. */
int options_mend(int argc, char *const *argv, const struct io *io);

/* The text of --help. */
void options_help(struct buf *out);

#endif
