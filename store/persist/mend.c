#include "mend.h"

#include "store/persist/manifest.h"
#include "store/persist/recover.h"
#include "store/persist/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

struct mend {
    const struct io *io;
    const char *dir;
    struct buf *out;
    enum mend_verdict worst;
    bool seen;
};

static bool path_of(char path[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

static void judge(struct mend *m, enum mend_verdict v)
{
    m->seen = true;
    if (v > m->worst) m->worst = v;
}

static bool take(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    (void)data;
    (void)argv;
    (void)argc;
    (void)why;
    return true;
}

/* ---- looking ---- */

/* The folder that holds the log: dir itself or the usual one in it. False: there is none. */
static bool log_dir(const struct mend *m, char out[static PATH_MAX])
{
    static const char *const names[] = {".", "appendonlydir"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_MAX];
        if (i == 0) (void)snprintf(out, PATH_MAX, "%s", m->dir);
        if (i > 0 && !path_of(out, m->dir, names[i])) return false;
        if (!path_of(path, out, "manifest")) return false;
        int file = m->io->open(m->io->data, path, IO_READ);
        if (file == -ENOENT) continue;
        if (file >= 0) m->io->close(m->io->data, file);
        return true;
    }
    return false;
}

static enum mend_verdict log_verdict(bool ok, const struct journal_found *f)
{
    if (ok) return f->cut_bytes > 0 ? MEND_TORN : MEND_WHOLE;
    return f->bad_file[0] != '\0' ? MEND_DAMAGED : MEND_UNKNOWN;
}

static enum mend_verdict look_at_log(struct mend *m, const char *dir, struct recovered *r,
                                     struct journal_found *f)
{
    *f = (struct journal_found){0};
    enum mend_verdict v = log_verdict(recover(m->io, dir, &(struct redo){.apply = take}, r, f), f);
    if (v == MEND_WHOLE)
        buf_addf(m->out, "%s: whole, %" PRIu64 " records, %" PRIu64 " bytes\n", dir, f->records,
                 f->bytes);
    else if (v == MEND_TORN)
        buf_addf(m->out, "%s/%s: torn tail at offset %" PRIu64 ", %" PRIu64 " bytes\n", dir,
                 f->cut_file, f->cut_place, f->cut_bytes);
    else if (v == MEND_DAMAGED)
        buf_addf(m->out, "%s/%s: damaged at offset %" PRIu64 "\n", dir, f->bad_file, f->bad_place);
    else
        buf_addf(m->out, "%s: %s\n", dir, f->error);
    return v;
}

static void look_at_snapshot(const char *name, void *arg)
{
    static const char tail[] = ".snapshot";
    struct mend *m = arg;
    size_t len = strlen(name);
    if (len < sizeof tail || strcmp(name + len - (sizeof tail - 1), tail) != 0) return;
    if (strncmp(name, "temp-", 5) == 0) return;
    struct journal_found f;
    enum snapshot_load how = snapshot_load(m->io, m->dir, name, take, NULL, &f);
    if (how == SNAPSHOT_LOADED) {
        judge(m, MEND_WHOLE);
        buf_addf(m->out, "%s/%s: whole, %" PRIu64 " records, %" PRIu64 " bytes\n", m->dir, name,
                 f.records, f.bytes);
    } else if (how == SNAPSHOT_BAD && f.bad_file[0] != '\0') {
        judge(m, MEND_DAMAGED);
        buf_addf(m->out, "%s/%s: damaged at offset %" PRIu64 "; only a copy can replace it\n",
                 m->dir, name, f.bad_place);
    } else if (how == SNAPSHOT_BAD) {
        judge(m, MEND_UNKNOWN);
        buf_addf(m->out, "%s/%s: %s\n", m->dir, name, f.error);
    }
}

/* ---- mending ---- */

static int copy_bytes(const struct io *io, int from, int to)
{
    static char piece[1 << 16];
    for (uint64_t at = 0;;) {
        int64_t got = io->read_at(io->data, from, at, piece, sizeof piece);
        if (got <= 0) return (int)got;
        size_t done = 0;
        int e = io_write_all(io, to, at, piece, (size_t)got, &done);
        if (e != 0) return e;
        at += (uint64_t)got;
    }
}

/* Keeps name as name.bak, on the disk. */
static int keep_copy(const struct io *io, const char *dir, const char *name)
{
    char path[PATH_MAX];
    char beside[PATH_MAX];
    char bak[NAME_MAX + 1];
    (void)snprintf(bak, sizeof bak, "%s.bak", name);
    if (!path_of(path, dir, name) || !path_of(beside, dir, bak)) return -ENAMETOOLONG;
    int from = io->open(io->data, path, IO_READ);
    if (from < 0) return from;
    int to = io->open(io->data, beside, IO_REPLACE);
    int e = to < 0 ? to : copy_bytes(io, from, to);
    if (e == 0) e = io->sync(io->data, to);
    if (to >= 0) io->close(io->data, to);
    io->close(io->data, from);
    return e != 0 ? e : io->sync_dir(io->data, dir);
}

static int cut_file(const struct io *io, const char *dir, const char *name, uint64_t at)
{
    char path[PATH_MAX];
    if (!path_of(path, dir, name)) return -ENAMETOOLONG;
    int file = io->open(io->data, path, IO_WRITE);
    if (file < 0) return file;
    int e = io->cut(io->data, file, at);
    if (e == 0) e = io->sync(io->data, file);
    io->close(io->data, file);
    return e;
}

/* Puts the files behind `last` aside and makes it the last. Until the manifest says so, a start
 * finds a file missing and refuses. */
static int drop_behind(const struct mend *m, const char *dir, struct manifest now, uint64_t last)
{
    const struct io *io = m->io;
    int e = keep_copy(io, dir, "manifest");
    for (uint64_t id = last + 1; e == 0 && id <= now.last; id++) {
        char name[MANIFEST_NAME];
        char bak[MANIFEST_NAME + 4];
        char from[PATH_MAX];
        char to[PATH_MAX];
        manifest_name(name, SEGMENT_LOG, id);
        (void)snprintf(bak, sizeof bak, "%s.bak", name);
        if (!path_of(from, dir, name) || !path_of(to, dir, bak)) return -ENAMETOOLONG;
        e = io->rename(io->data, from, to);
        if (e == -ENOENT) e = 0;
        buf_addf(m->out, "%s/%s: put aside as %s\n", dir, name, bak);
    }
    now.last = last;
    return e != 0 ? e : manifest_write(io, dir, &now);
}

/* The id of the log file of this name; 0: it is a base. */
static uint64_t log_id(const struct manifest *m, const char *name)
{
    for (uint64_t id = m->first; id <= m->last; id++) {
        char one[MANIFEST_NAME];
        manifest_name(one, SEGMENT_LOG, id);
        if (strcmp(one, name) == 0) return id;
    }
    return 0;
}

static void fix_log(struct mend *m, const char *dir)
{
    struct recovered r;
    struct journal_found f;
    enum mend_verdict v = look_at_log(m, dir, &r, &f);
    if (v == MEND_WHOLE || v == MEND_UNKNOWN) {
        judge(m, v);
        return;
    }
    const char *name = v == MEND_TORN ? f.cut_file : f.bad_file;
    uint64_t at = v == MEND_TORN ? f.cut_place : f.bad_place;
    uint64_t id = log_id(&r.manifest, name);
    if (id == 0) {
        buf_addf(m->out, "%s/%s: a base cannot be cut; only a copy can replace it\n", dir, name);
        judge(m, v);
        return;
    }
    int e = keep_copy(m->io, dir, name);
    if (e == 0 && id < r.manifest.last) e = drop_behind(m, dir, r.manifest, id);
    if (e == 0) e = cut_file(m->io, dir, name, at);
    if (e != 0) {
        buf_addf(m->out, "%s/%s: cannot be cut: %s\n", dir, name, strerror(-e));
        judge(m, MEND_UNKNOWN);
        return;
    }
    buf_addf(m->out, "%s/%s: cut at offset %" PRIu64 "; the file as it was is %s.bak\n", dir, name,
             at, name);
    judge(m, look_at_log(m, dir, &r, &f));
}

static void do_log(struct mend *m, bool fix)
{
    char dir[PATH_MAX];
    if (!log_dir(m, dir)) return;
    int lock = m->io->lock(m->io->data, dir, false);
    if (lock < 0) {
        buf_addf(m->out, "%s: %s\n", dir,
                 lock == -EWOULDBLOCK ? "a running store is using it" : strerror(-lock));
        judge(m, MEND_UNKNOWN);
        return;
    }
    struct recovered r;
    struct journal_found f;
    if (fix)
        fix_log(m, dir);
    else
        judge(m, look_at_log(m, dir, &r, &f));
    m->io->close(m->io->data, lock);
}

static enum mend_verdict run(const struct io *io, const char *dir, struct buf *out, bool fix)
{
    struct mend m = {.io = io, .dir = dir, .out = out};
    do_log(&m, fix);
    int e = io->list(io->data, dir, look_at_snapshot, &m);
    if (e != 0) {
        buf_addf(out, "%s: %s\n", dir, strerror(-e));
        judge(&m, MEND_UNKNOWN);
    } else if (!m.seen) {
        buf_addf(out, "%s: there is neither a log nor a snapshot\n", dir);
        judge(&m, MEND_UNKNOWN);
    }
    return m.worst;
}

enum mend_verdict mend_check(const struct io *io, const char *dir, struct buf *out)
{
    return run(io, dir, out, false);
}

enum mend_verdict mend_fix(const struct io *io, const char *dir, struct buf *out)
{
    return run(io, dir, out, true);
}
