/* restore: puts the snapshot of a backup where a store will be started.
 *
 * Nothing is ever replaced: the folder must be empty, and no store may run in it. A store that is
 * started there, with an append log or without, begins with the snapshot.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/copy.h"

struct restore_options {
#define OPT OPTION_FIELD
#include "cli/restore.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct restore_options, field, __VA_ARGS__)
#include "cli/restore.def"
#undef OPT
};

static const char me[] = "restore";

/* A running store holds its folder shared, so that this fails. */
static int take_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    int error = errno;
    if (fd >= 0) close(fd);
    copy_fails(me, "%s: %s", dir,
               error == EWOULDBLOCK ? "a running store is using this folder" : strerror(error));
    return -1;
}

static bool copy_into(int from, const struct copy_facts *want, const char *into)
{
    struct copy_facts got = {0};
    if (!copy_write(me, from, into, COPY_SNAPSHOT, &got)) return false;
    if (got.bytes == want->bytes && got.crc == want->crc) return true;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" COPY_SNAPSHOT, into);
    unlink(path);
    return copy_fails(me,
                      "the snapshot is not what backup.json says: %" PRIu64 " bytes, crc32c %08x; "
                      "expected %" PRIu64 ", %08x",
                      got.bytes, got.crc, want->bytes, want->crc);
}

static bool restore(const char *backup, const char *into)
{
    char path[PATH_MAX];
    struct copy_facts facts;
    if (!copy_facts_read(me, backup, &facts) || !copy_check(me, backup)) return false;
    if (!copy_make_folder(me, into)) return false;
    int n = snprintf(path, sizeof path, "%s/" COPY_SNAPSHOT, backup);
    int from = n < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (from < 0) return copy_fails(me, "%s: %s", backup, strerror(errno));
    int folder = take_folder(into);
    bool good = folder >= 0 && copy_into(from, &facts, into);
    if (folder >= 0) close(folder);
    close(from);
    if (good)
        printf("%s: %" PRIu64 " keys, %" PRIu64 " bytes, as of %" PRId64 "\n", into, facts.keys,
               facts.bytes, facts.taken_s);
    return good;
}

int command_restore(int argc, char **argv)
{
    struct restore_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom restore BACKUP",
                             .summary = "Puts a backup where a store will be started.",
                             .groups = &group,
                             .groups_count = 1};
    const char *backup = command_take_word(&argc, &argv);
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && (backup == NULL || o.into[0] == '\0')) {
        fputs("usage: hansom restore BACKUP --into DIR\n", stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = restore(backup, o.into) ? 0 : 1;
    option_fini(&set);
    return status;
}
