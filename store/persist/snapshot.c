#include "snapshot.h"

#include "store/persist/recover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char temp_head[] = "temp-";
static const char temp_tail[] = ".snapshot";

static bool path_of(char path[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

void snapshot_temp(char out[static SNAPSHOT_TEMP])
{
    (void)snprintf(out, SNAPSHOT_TEMP, "%s%ld%s", temp_head, (long)getpid(), temp_tail);
}

void snapshot_begin(struct base *b, const struct io *io, const char *dir, const char *temp,
                    uint64_t id)
{
    base_begin_as(b, io, dir, temp, SEGMENT_SNAPSHOT, id);
}

int snapshot_commit(const struct io *io, const char *dir, const char *temp, const char *name)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    if (!path_of(from, dir, temp) || !path_of(to, dir, name)) return -ENAMETOOLONG;
    int e = io->rename(io->data, from, to);
    if (e == 0) return io->sync_dir(io->data, dir);
    (void)io->remove(io->data, from);
    return e;
}

struct sweep {
    const char *dir;
    struct buf paths; /* each with its NUL */
};

/* The process in a temporary name, or 0. */
static pid_t temp_pid(const char *name)
{
    if (strncmp(name, temp_head, sizeof temp_head - 1) != 0) return 0;
    char *end = NULL;
    long pid = strtol(name + sizeof temp_head - 1, &end, 10);
    return strcmp(end, temp_tail) == 0 && pid > 0 ? (pid_t)pid : 0;
}

static void note_left(const char *name, void *arg)
{
    struct sweep *s = arg;
    pid_t pid = temp_pid(name);
    if (pid == 0 || (pid != getpid() && (kill(pid, 0) == 0 || errno != ESRCH))) return;
    buf_addf(&s->paths, "%s/%s", s->dir, name);
    buf_add_char(&s->paths, '\0');
}

void snapshot_sweep(const struct io *io, const char *dir)
{
    struct sweep s = {.dir = dir};
    (void)io->list(io->data, dir, note_left, &s);
    for (size_t at = 0; at < s.paths.len; at += strlen(s.paths.p + at) + 1)
        (void)io->remove(io->data, s.paths.p + at);
    buf_fini(&s.paths);
}

enum snapshot_load snapshot_load(const struct io *io, const char *dir, const char *name,
                                 journal_apply_fn apply, void *data, struct journal_found *found)
{
    char path[PATH_MAX];
    *found = (struct journal_found){0};
    if (!path_of(path, dir, name)) {
        (void)snprintf(found->error, sizeof found->error, "the name of the snapshot is too long");
        return SNAPSHOT_BAD;
    }
    int file = io->open(io->data, path, IO_READ);
    if (file == -ENOENT) return SNAPSHOT_NONE;
    if (file < 0) {
        (void)snprintf(found->error, sizeof found->error, "%.200s: %s", path, strerror(-file));
        return SNAPSHOT_BAD;
    }
    bool ok = recover_snapshot(io, file, name, apply, data, found);
    io->close(io->data, file);
    return ok ? SNAPSHOT_LOADED : SNAPSHOT_BAD;
}
