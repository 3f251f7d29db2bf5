#include "recover.h"

#include "base/mem.h"
#include "store/engine/effects.h"
#include "store/persist/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

/* Records are redone some at a time, so that whoever redoes them can look ahead: small ones are
 * copied out of the reader's window, one that fills the copy by itself is redone where it lies. */
enum { BATCH = 64, HELD_BYTES = 16 * 1024 };

struct waiting {
    struct slice *argv; /* owned */
    uint32_t cap, argc;
    uint64_t place; /* of its record */
};

struct recovery {
    const struct io *io;
    const char *dir;
    const struct redo *redo;
    struct journal_found *found;
    const char *name; /* borrowed: of the file that is read */
    char db[8];       /* the last SELECT; empty: none yet */
    struct buf held;  /* the small records of the commands that wait; never moves */
    struct waiting waiting[BATCH];
    uint32_t count;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct journal_found *found,
                                                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(found->error, sizeof found->error, format, args);
    va_end(args);
    return false;
}

static bool refuse_record(struct recovery *r, uint64_t place, const char *why)
{
    return refuse(r->found, "%s: the record at offset %" PRIu64 " cannot be redone: %.200s",
                  r->name, place, why);
}

static void look_ahead(const struct recovery *r)
{
    if (r->redo->ahead == NULL || r->count < 2) return;
    const struct slice *argv[BATCH];
    uint32_t argc[BATCH];
    for (uint32_t i = 0; i < r->count; i++) {
        argv[i] = r->waiting[i].argv;
        argc[i] = r->waiting[i].argc;
    }
    r->redo->ahead(r->redo->data, argv, argc, r->count);
}

/* Redoes the commands that wait. */
static bool redo_waiting(struct recovery *r)
{
    look_ahead(r);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct waiting *w = &r->waiting[i];
        char why[JOURNAL_ERROR] = "";
        if (!r->redo->apply(r->redo->data, w->argv, w->argc, why))
            return refuse_record(r, w->place, why);
        r->found->commands++;
    }
    r->count = 0;
    return true;
}

/* Each record begins with its database; mostly it is the one before's. */
static bool selects_again(struct recovery *r, const struct waiting *w)
{
    if (w->argc != 2 || !slice_is(w->argv[0], "SELECT")) return false;
    if (slice_is(w->argv[1], r->db)) return true;
    (void)slice_cstr(w->argv[1], r->db, sizeof r->db);
    return false;
}

/* Keeps the commands of a record for redo_waiting, which runs as soon as there are enough. */
static bool add_record(struct recovery *r, struct slice record, uint64_t place)
{
    if (r->held.len + record.len > HELD_BYTES && !redo_waiting(r)) return false;
    if (r->count == 0) buf_clear(&r->held);
    bool large = record.len > HELD_BYTES;
    if (!large) {
        char *copy = r->held.p + r->held.len;
        buf_add(&r->held, record.p, record.len);
        record.p = copy;
    }
    while (record.len > 0) {
        struct waiting *w = &r->waiting[r->count];
        w->place = place;
        if (!effects_next(&record, &w->argv, &w->cap, &w->argc))
            return redo_waiting(r) && refuse_record(r, place, "not a command");
        if (!selects_again(r, w)) r->count++;
        if (r->count == BATCH && !redo_waiting(r)) return false;
    }
    r->found->records++;
    return !large || redo_waiting(r);
}

static void recovery_init(struct recovery *r, const struct io *io, const struct redo *redo,
                          struct journal_found *found)
{
    *r = (struct recovery){.io = io, .redo = redo, .found = found};
    (void)buf_reserve(&r->held, HELD_BYTES);
}

static void recovery_fini(struct recovery *r)
{
    for (uint32_t i = 0; i < BATCH; i++)
        mem_free(r->waiting[i].argv);
    buf_fini(&r->held);
}

static void note_bad(struct recovery *r, const struct segment_reader *s, const char *name)
{
    (void)snprintf(r->found->bad_file, sizeof r->found->bad_file, "%s", name);
    r->found->bad_place = s->place;
}

/* How the reading of a segment ended, for a segment that may have a torn tail (`tail`) and for
 * one that may not. */
static bool judge_end(struct recovery *r, struct segment_reader *s, const char *name, bool tail)
{
    int error = 0;
    bool vouched = segment_vouched(s, &error);
    if (error != 0) return refuse(r->found, "%s: %s", name, strerror(error));
    if (vouched || !tail) {
        note_bad(r, s, name);
        return refuse(r->found,
                      "%s: the record at offset %" PRIu64
                      " is damaged although it was synced once; nothing has been changed",
                      name, s->place);
    }
    r->found->cut_bytes = s->size - s->place;
    r->found->cut_place = s->place;
    (void)snprintf(r->found->cut_file, sizeof r->found->cut_file, "%s", name);
    return true;
}

static bool read_records(struct recovery *r, struct segment_reader *s, const char *name, bool tail)
{
    int error = 0;
    enum segment_step step = segment_open(s, &error);
    r->name = name;
    while (step == SEGMENT_RECORD) {
        struct slice record = {0};
        step = segment_next(s, &record, &error);
        if (step != SEGMENT_RECORD) break;
        /* Marks may stand in front of it. */
        if (!add_record(r, record, s->place - RECORD_HEADER - record.len)) return false;
    }
    if (!redo_waiting(r)) return false;
    if (step == SEGMENT_IO) return refuse(r->found, "%s: %s", name, strerror(error));
    if (step == SEGMENT_OTHER)
        return refuse(r->found,
                      "%s: is of version %d of the format, which this store does not read", name,
                      error);
    if (step == SEGMENT_BAD) return judge_end(r, s, name, tail);
    if (s->kind != SEGMENT_LOG && s->mark != s->place - MARK_BYTES) {
        note_bad(r, s, name);
        return refuse(r->found, "%s: the file ends at offset %" PRIu64 ", before its end mark",
                      name, s->place);
    }
    return true;
}

static bool read_segment(struct recovery *r, enum segment_kind kind, uint64_t id, bool tail,
                         uint64_t *end)
{
    char name[MANIFEST_NAME];
    char path[PATH_MAX];
    manifest_name(name, kind, id);
    if (snprintf(path, sizeof path, "%s/%s", r->dir, name) >= (int)sizeof path)
        return refuse(r->found, "%s: the path is too long", name);
    struct segment_reader s = {.io = r->io, .kind = kind, .id = id};
    s.file = r->io->open(r->io->data, path, IO_READ);
    if (s.file < 0)
        return refuse(r->found, "%s: %s, although the manifest names it", name, strerror(-s.file));
    bool ok = read_records(r, &s, name, tail);
    *end = s.place;
    r->found->bytes += s.place;
    segment_fini(&s);
    r->io->close(r->io->data, s.file);
    return ok;
}

bool recover_snapshot(const struct io *io, int file, const char *name, journal_apply_fn apply,
                      void *data, struct journal_found *found)
{
    struct redo redo = {.apply = apply, .data = data};
    struct recovery r;
    recovery_init(&r, io, &redo, found);
    struct segment_reader s = {.io = io, .file = file, .kind = SEGMENT_SNAPSHOT};
    bool ok = read_records(&r, &s, name, false);
    found->bytes = s.place;
    segment_fini(&s);
    recovery_fini(&r);
    return ok;
}

/* Without a manifest there must be no log: the first segment is made before the manifest, so
 * an empty one may be there, but nothing that was ever acknowledged. */
struct orphan {
    const struct io *io;
    const char *dir;
    char name[MANIFEST_NAME]; /* the first log file that has content */
};

static void look_for_orphan(const char *name, void *arg)
{
    struct orphan *o = arg;
    struct manifest none = {0};
    char path[PATH_MAX];
    if (o->name[0] != '\0' || !manifest_leftover(&none, name)) return;
    if (snprintf(path, sizeof path, "%s/%s", o->dir, name) >= (int)sizeof path) return;
    int file = o->io->open(o->io->data, path, IO_READ);
    if (file < 0) return;
    if (o->io->size(o->io->data, file) > SEGMENT_HEADER)
        (void)snprintf(o->name, sizeof o->name, "%s", name);
    o->io->close(o->io->data, file);
}

static bool recover_nothing(const struct io *io, const char *dir, struct journal_found *found)
{
    struct orphan o = {.io = io, .dir = dir};
    int e = io->list(io->data, dir, look_for_orphan, &o);
    if (e != 0) return refuse(found, "%s: %s", dir, strerror(-e));
    if (o.name[0] != '\0')
        return refuse(found, "%s: there is a %s but no manifest; the log is left as it is", dir,
                      o.name);
    return true;
}

bool recover(const struct io *io, const char *dir, const struct redo *redo, struct recovered *out,
             struct journal_found *found)
{
    *out = (struct recovered){0};
    int e = manifest_read(io, dir, &out->manifest);
    if (e == -ENOENT) return recover_nothing(io, dir, found);
    if (e == -EBADMSG) return refuse(found, "manifest: damaged; the log is left as it is");
    if (e != 0) return refuse(found, "manifest: %s", strerror(-e));

    struct recovery r;
    recovery_init(&r, io, redo, found);
    r.dir = dir;
    const struct manifest *m = &out->manifest;
    bool ok = m->base == 0 || read_segment(&r, SEGMENT_BASE, m->base, false, &out->base_bytes);
    for (uint64_t id = m->first; ok && id <= m->last; id++) {
        out->log_bytes += out->end;
        ok = read_segment(&r, SEGMENT_LOG, id, id == m->last, &out->end);
    }
    recovery_fini(&r);
    return ok;
}
