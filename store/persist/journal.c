#include "journal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/persist/manifest.h"
#include "store/persist/recover.h"
#include "store/persist/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { RESERVE_GROWS = 8 };

/* pending, inbox and batch each begin with the place of a mark: so a whole batch is sealed
 * and written as it lies, and the mark is filled in by whoever writes. */
static void stage_clear(struct buf *b)
{
    if (b->cap > (4U << 20)) buf_fini(b);
    buf_clear(b);
    record_add_mark(b, 0);
}

static size_t stage_bytes(const struct buf *b)
{
    return b->len - MARK_BYTES;
}

/* The file that is appended to. Touched only by who holds log->busy. */
struct tail {
    int file;
    uint64_t id;
    uint64_t place;    /* where the next byte goes */
    uint64_t synced;   /* bytes before it are on the disk */
    uint64_t reserved; /* the file ends here */
    uint64_t refused;  /* the disk set nothing aside: not asked again before the file is so long */
    bool bad;          /* a sync failed: never again */
    bool listed;       /* the manifest names it; else it counts only after journal_rebase */
};

struct journal {
    struct journal_options o;
    char *dir; /* owned */
    int lock;

    /* Loop thread. */
    struct buf pending;
    uint64_t end;
    struct manifest manifest;
    uint64_t base_bytes;

    /* Under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* the writer has something to do */
    pthread_cond_t idle; /* busy became false */
    pthread_t thread;
    struct buf inbox;
    bool busy; /* someone writes: the writer thread, or journal_turn, or a rewrite's begin or end */
    bool stop;
    int64_t retry_ms; /* after a failed write: when to try again; 0: none failed */
    struct buf trash; /* paths of files to remove, each with its NUL */

    /* Whoever set busy. */
    struct tail tail;
    struct buf batch;
    uint64_t written; /* position of the last record written */
    int64_t synced_ms;

    _Atomic uint64_t taken;
    _Atomic uint64_t durable;
    _Atomic int sync;
    _Atomic int health;
    _Atomic int why;
    _Atomic bool why_sync; /* why is from a sync, not from a write */
    _Atomic uint64_t batches, syncs, sync_us, sync_us_max, written_bytes, bytes;
};

static bool path_in(const struct journal *j, char path[static PATH_MAX], enum segment_kind kind,
                    uint64_t id)
{
    char name[MANIFEST_NAME];
    manifest_name(name, kind, id);
    int n = snprintf(path, PATH_MAX, "%s/%s", j->dir, name);
    return n > 0 && n < PATH_MAX;
}

/* ---- writing; the caller holds busy ---- */

static void set_health(struct journal *j, enum journal_health health, int error, bool from_sync)
{
    atomic_store(&j->why, error);
    atomic_store(&j->why_sync, from_sync);
    atomic_store(&j->health, (int)health);
}

static void tail_sync(struct journal *j)
{
    int64_t from = clock_mono_us();
    int e = j->o.io->sync(j->o.io->data, j->tail.file);
    int64_t now = clock_mono_us();
    uint64_t took = (uint64_t)(now - from);
    atomic_fetch_add(&j->syncs, 1);
    atomic_fetch_add(&j->sync_us, took);
    if (took > atomic_load(&j->sync_us_max)) atomic_store(&j->sync_us_max, took);
    j->synced_ms = now / 1000;
    if (e != 0) {
        j->tail.bad = true;
        set_health(j, JOURNAL_BROKEN, -e, true);
        return;
    }
    j->tail.synced = j->tail.place;
    if (j->tail.listed) atomic_store(&j->durable, j->written);
}

/* The longer the file, the more is set aside: the sync behind it takes several times as long as
 * one that changes no size. */
static void tail_reserve(struct journal *j, uint64_t until)
{
    struct tail *t = &j->tail;
    if (j->o.reserve == 0 || until <= t->reserved || until < t->refused) return;
    uint64_t most = j->o.reserve * RESERVE_GROWS;
    uint64_t to = until + (t->place < j->o.reserve ? j->o.reserve
                           : t->place < most       ? t->place
                                                   : most);
    if (j->o.io->reserve(j->o.io->data, t->file, t->reserved, to) == 0) {
        t->reserved = to;
        return;
    }
    /* Some file systems keep what they found room for; others need it. */
    (void)j->o.io->cut(j->o.io->data, t->file, t->reserved);
    t->refused = until + j->o.reserve;
}

/* Writes the batch. What could not be written stays in it. */
static void batch_write(struct journal *j)
{
    struct tail *t = &j->tail;
    struct buf mark = {0};
    record_add_mark(&mark, t->synced);
    memcpy(j->batch.p, mark.p, MARK_BYTES);
    buf_fini(&mark);
    record_seal(j->batch.p, j->batch.len, t->id, t->place);

    tail_reserve(j, t->place + j->batch.len);
    size_t done = 0;
    int e = io_write_all(j->o.io, t->file, t->place, j->batch.p, j->batch.len, &done);
    size_t whole = e == 0 ? done : record_whole(j->batch.p, done);
    t->place += whole;
    if (t->reserved < t->place) t->reserved = t->place;
    if (whole > MARK_BYTES) j->written += whole - MARK_BYTES;
    atomic_fetch_add(&j->batches, 1);
    atomic_fetch_add(&j->bytes, whole);
    atomic_store(&j->written_bytes, j->written);

    if (e == 0) {
        stage_clear(&j->batch);
        if (atomic_load(&j->health) == JOURNAL_FULL) set_health(j, JOURNAL_OK, 0, false);
        return;
    }
    /* The cut may fail as well: then the next attempt overwrites the torn bytes. */
    if (j->o.io->cut(j->o.io->data, t->file, t->place) == 0) t->reserved = t->place;
    if (whole > MARK_BYTES) {
        memmove(j->batch.p + MARK_BYTES, j->batch.p + whole, j->batch.len - whole);
        j->batch.len -= whole - MARK_BYTES;
    }
    if (t->listed) set_health(j, JOURNAL_FULL, -e, false);
}

static bool sync_due(const struct journal *j, int64_t now_ms)
{
    if (j->tail.bad || j->tail.place <= j->tail.synced) return false;
    int sync = atomic_load(&j->sync);
    return sync == JOURNAL_SYNC_ALWAYS ||
           (sync == JOURNAL_SYNC_EVERYSEC && now_ms - j->synced_ms >= 1000);
}

static void commit(struct journal *j)
{
    if (j->tail.bad) return;
    if (stage_bytes(&j->batch) > 0) batch_write(j);
    if (sync_due(j, clock_mono_ms())) tail_sync(j);
}

/* ---- hand-over; the caller holds the mutex ---- */

static void stage_move(struct buf *from, struct buf *to)
{
    if (stage_bytes(from) == 0) return;
    if (stage_bytes(to) == 0) {
        struct buf was = *to;
        *to = *from;
        *from = was;
        stage_clear(from);
        return;
    }
    buf_add(to, from->p + MARK_BYTES, stage_bytes(from));
    stage_clear(from);
}

static void take_inbox(struct journal *j)
{
    stage_move(&j->inbox, &j->batch);
    atomic_store(&j->taken, j->written + stage_bytes(&j->batch));
}

static void busy_begin(struct journal *j)
{
    while (j->busy)
        (void)pthread_cond_wait(&j->idle, &j->mutex);
    j->busy = true;
}

static void busy_end(struct journal *j)
{
    j->busy = false;
    bool later = j->o.threaded && atomic_load(&j->health) == JOURNAL_FULL;
    j->retry_ms = later ? clock_mono_ms() + JOURNAL_RETRY_MS : 0;
    (void)pthread_cond_broadcast(&j->idle);
    (void)pthread_cond_signal(&j->wake);
}

/* ---- the writer thread ---- */

enum { NOTHING_DUE = INT32_MAX };

/* Milliseconds until the writer has something to do; 0: now. */
static int64_t due_in_ms(const struct journal *j)
{
    if (j->trash.len > 0) return 0;
    if (j->tail.bad) return NOTHING_DUE;
    int64_t now = clock_mono_ms();
    if (j->retry_ms != 0) return j->retry_ms > now ? j->retry_ms - now : 0;
    if (stage_bytes(&j->inbox) > 0 || stage_bytes(&j->batch) > 0 || sync_due(j, now)) return 0;
    if (j->tail.place > j->tail.synced && atomic_load(&j->sync) == JOURNAL_SYNC_EVERYSEC) {
        return j->synced_ms + 1000 - now;
    }
    return NOTHING_DUE;
}

static void writer_wait(struct journal *j, int64_t ms)
{
    if (ms == NOTHING_DUE) {
        (void)pthread_cond_wait(&j->wake, &j->mutex);
        return;
    }
    int64_t until = clock_mono_ms() + ms;
    struct timespec at = {.tv_sec = until / 1000, .tv_nsec = (until % 1000) * 1000000};
    (void)pthread_cond_timedwait(&j->wake, &j->mutex, &at);
}

/* Removes the replaced files. The caller holds the mutex, which is let go meanwhile. */
static void empty_trash(struct journal *j)
{
    struct buf paths = j->trash;
    j->trash = (struct buf){0};
    (void)pthread_mutex_unlock(&j->mutex);
    for (size_t at = 0; at < paths.len; at += strlen(paths.p + at) + 1)
        (void)j->o.io->remove(j->o.io->data, paths.p + at);
    buf_fini(&paths);
    (void)pthread_mutex_lock(&j->mutex);
}

static void *writer(void *arg)
{
    struct journal *j = arg;
    (void)pthread_mutex_lock(&j->mutex);
    for (;;) {
        if (j->busy) {
            (void)pthread_cond_wait(&j->idle, &j->mutex);
            continue;
        }
        if (j->stop) break;
        int64_t due_ms = due_in_ms(j);
        if (due_ms > 0) {
            writer_wait(j, due_ms);
            continue;
        }
        empty_trash(j);
        if (j->busy) continue;
        j->busy = true;
        take_inbox(j);
        (void)pthread_mutex_unlock(&j->mutex);
        commit(j);
        (void)pthread_mutex_lock(&j->mutex);
        busy_end(j);
        if (j->o.notify != NULL) j->o.notify(j->o.data);
    }
    empty_trash(j);
    (void)pthread_mutex_unlock(&j->mutex);
    return NULL;
}

/* ---- opening and closing ---- */

static int tail_create(struct journal *j, uint64_t id, struct tail *out)
{
    char path[PATH_MAX];
    if (!path_in(j, path, SEGMENT_LOG, id)) return -ENAMETOOLONG;
    const struct io *io = j->o.io;
    int file = io->open(io->data, path, IO_REPLACE);
    if (file < 0) return file;
    char header[SEGMENT_HEADER];
    size_t done = 0;
    segment_header(header, SEGMENT_LOG, id);
    int e = io_write_all(io, file, 0, header, sizeof header, &done);
    if (e == 0) e = io->sync(io->data, file);
    if (e == 0) e = io->sync_dir(io->data, j->dir);
    if (e != 0) {
        io->close(io->data, file);
        (void)io->remove(io->data, path);
        return e;
    }
    *out = (struct tail){.file = file,
                         .id = id,
                         .place = SEGMENT_HEADER,
                         .synced = SEGMENT_HEADER,
                         .reserved = SEGMENT_HEADER,
                         .listed = true};
    return 0;
}

/* The first segment of an empty folder; it counts once the manifest is there. */
static int journal_create(struct journal *j)
{
    int e = tail_create(j, 1, &j->tail);
    if (e != 0) return e;
    j->manifest = (struct manifest){.first = 1, .last = 1};
    return manifest_write(j->o.io, j->dir, &j->manifest);
}

/* Goes on at the end of the last segment: what stands behind it is cut off and the rest is
 * synced, so that what was replayed will be there at the next start as well. */
static int journal_continue(struct journal *j, uint64_t end)
{
    char path[PATH_MAX];
    if (!path_in(j, path, SEGMENT_LOG, j->manifest.last)) return -ENAMETOOLONG;
    const struct io *io = j->o.io;
    int file = io->open(io->data, path, IO_WRITE);
    if (file < 0) return file;
    int e = 0;
    if (end < SEGMENT_HEADER) { /* a torn header: the machine stopped while it was made */
        char header[SEGMENT_HEADER];
        size_t done = 0;
        segment_header(header, SEGMENT_LOG, j->manifest.last);
        e = io_write_all(io, file, 0, header, sizeof header, &done);
        end = SEGMENT_HEADER;
    }
    if (e == 0) e = io->cut(io->data, file, end);
    if (e == 0) e = io->sync(io->data, file);
    if (e != 0) {
        io->close(io->data, file);
        return e;
    }
    j->tail = (struct tail){.file = file,
                            .id = j->manifest.last,
                            .place = end,
                            .synced = end,
                            .reserved = end,
                            .listed = true};
    return 0;
}

struct leftovers {
    struct journal *j;
    struct buf paths;
};

static void note_leftover(const char *name, void *arg)
{
    struct leftovers *a = arg;
    if (!manifest_leftover(&a->j->manifest, name)) return;
    buf_addf(&a->paths, "%s/%s", a->j->dir, name);
    buf_add_char(&a->paths, '\0');
}

static void remove_leftovers(struct journal *j)
{
    struct leftovers a = {.j = j};
    (void)j->o.io->list(j->o.io->data, j->dir, note_leftover, &a);
    for (size_t at = 0; at < a.paths.len; at += strlen(a.paths.p + at) + 1)
        (void)j->o.io->remove(j->o.io->data, a.paths.p + at);
    buf_fini(&a.paths);
}

static void journal_free(struct journal *j)
{
    if (j->tail.file >= 0) j->o.io->close(j->o.io->data, j->tail.file);
    if (j->lock >= 0) j->o.io->close(j->o.io->data, j->lock);
    (void)pthread_mutex_destroy(&j->mutex);
    (void)pthread_cond_destroy(&j->wake);
    (void)pthread_cond_destroy(&j->idle);
    buf_fini(&j->pending);
    buf_fini(&j->inbox);
    buf_fini(&j->batch);
    buf_fini(&j->trash);
    mem_free(j->dir);
    mem_free(j);
}

static struct journal *journal_new(const struct journal_options *o)
{
    struct journal *j = mem_new(struct journal);
    j->o = *o;
    j->dir = mem_dup(o->dir, strlen(o->dir) + 1);
    j->o.dir = j->dir;
    j->tail.file = -1;
    j->lock = -1;
    atomic_store(&j->sync, (int)o->sync);
    stage_clear(&j->pending);
    stage_clear(&j->inbox);
    stage_clear(&j->batch);
    pthread_condattr_t mono;
    must(pthread_condattr_init(&mono) == 0);
    must(pthread_condattr_setclock(&mono, CLOCK_MONOTONIC) == 0);
    must(pthread_mutex_init(&j->mutex, NULL) == 0);
    must(pthread_cond_init(&j->wake, &mono) == 0);
    must(pthread_cond_init(&j->idle, &mono) == 0);
    (void)pthread_condattr_destroy(&mono);
    return j;
}

static bool open_files(struct journal *j, journal_apply_fn apply, void *data,
                       struct journal_found *found)
{
    const struct io *io = j->o.io;
    int e = io->make_dir(io->data, j->dir);
    if (e == 0) {
        j->lock = io->lock(io->data, j->dir, false);
        if (j->lock == -EWOULDBLOCK) {
            (void)snprintf(found->error, sizeof found->error,
                           "%s: another process is using this folder", j->dir);
            return false;
        }
        if (j->lock < 0) e = j->lock;
    }
    if (e != 0) {
        (void)snprintf(found->error, sizeof found->error, "%s: %s", j->dir, strerror(-e));
        return false;
    }
    struct redo redo = {.apply = apply, .ahead = j->o.ahead, .data = data};
    struct recovered r;
    if (!recover(io, j->dir, &redo, &r, found)) return false;
    j->manifest = r.manifest;
    j->base_bytes = r.base_bytes;
    atomic_store(&j->bytes, r.base_bytes + r.log_bytes + r.end);
    if (r.manifest.last == 0) {
        e = journal_create(j);
    } else {
        e = journal_continue(j, r.end);
        if (e == 0) remove_leftovers(j);
    }
    if (e != 0)
        (void)snprintf(found->error, sizeof found->error,
                       "%s: cannot open the log for appending: %s", j->dir, strerror(-e));
    return e == 0;
}

struct journal *journal_open(const struct journal_options *o, journal_apply_fn apply, void *data,
                             struct journal_found *found)
{
    *found = (struct journal_found){0};
    struct journal *j = journal_new(o);
    if (!open_files(j, apply, data, found)) {
        journal_free(j);
        return NULL;
    }
    if (o->threaded) must(pthread_create(&j->thread, NULL, writer, j) == 0);
    return j;
}

bool journal_close(struct journal *j)
{
    if (j == NULL) return true;
    (void)pthread_mutex_lock(&j->mutex);
    j->stop = true;
    busy_begin(j);
    stage_move(&j->pending, &j->inbox);
    take_inbox(j);
    (void)pthread_mutex_unlock(&j->mutex);

    commit(j);
    struct tail *t = &j->tail;
    if (!t->bad && t->place > t->synced) tail_sync(j);
    bool whole = !t->bad && t->listed && stage_bytes(&j->batch) == 0;
    if (whole) {
        /* A mark vouches for everything, so that at the next start no damage passes for a
         * torn tail. Nothing is lost if it does not get there. */
        struct buf mark = {0};
        size_t done = 0;
        record_add_mark(&mark, t->synced);
        record_seal(mark.p, mark.len, t->id, t->place);
        if (io_write_all(j->o.io, t->file, t->place, mark.p, mark.len, &done) == 0)
            t->place += done;
        buf_fini(&mark);
        (void)j->o.io->cut(j->o.io->data, t->file, t->place);
        (void)j->o.io->sync(j->o.io->data, t->file);
    }
    (void)pthread_mutex_lock(&j->mutex);
    busy_end(j);
    (void)pthread_mutex_unlock(&j->mutex);
    if (j->o.threaded) must(pthread_join(j->thread, NULL) == 0);
    journal_free(j);
    return whole;
}

/* ---- the loop thread's side ---- */

uint64_t journal_append(struct journal *j, struct slice record)
{
    record_add(&j->pending, record);
    j->end += RECORD_HEADER + record.len;
    return j->end;
}

uint64_t journal_end(const struct journal *j)
{
    return j->end;
}

uint64_t journal_released(const struct journal *j)
{
    if (atomic_load(&j->sync) != JOURNAL_SYNC_ALWAYS) return j->end;
    return atomic_load(&j->durable);
}

uint64_t journal_durable(const struct journal *j)
{
    return atomic_load(&j->durable);
}

uint64_t journal_taken(const struct journal *j)
{
    return atomic_load(&j->taken);
}

void journal_turn(struct journal *j, bool here)
{
    here = !j->o.threaded || (here && atomic_load(&j->sync) == JOURNAL_SYNC_ALWAYS);
    if (stage_bytes(&j->pending) == 0 && j->o.threaded) return;
    (void)pthread_mutex_lock(&j->mutex);
    stage_move(&j->pending, &j->inbox);
    if (here && !j->busy && j->retry_ms == 0) {
        j->busy = true;
        take_inbox(j);
        (void)pthread_mutex_unlock(&j->mutex);
        commit(j);
        (void)pthread_mutex_lock(&j->mutex);
        busy_end(j);
    } else if (!j->busy) {
        (void)pthread_cond_signal(&j->wake);
    }
    (void)pthread_mutex_unlock(&j->mutex);
}

void journal_set_sync(struct journal *j, enum journal_sync sync)
{
    (void)pthread_mutex_lock(&j->mutex);
    atomic_store(&j->sync, (int)sync);
    (void)pthread_cond_signal(&j->wake);
    (void)pthread_mutex_unlock(&j->mutex);
}

enum journal_health journal_health(const struct journal *j, char *why)
{
    int health = atomic_load(&j->health);
    if (why != NULL && health != JOURNAL_OK)
        (void)snprintf(why, JOURNAL_ERROR, "%s: %s",
                       atomic_load(&j->why_sync) ? "fdatasync failed" : "write failed",
                       strerror(atomic_load(&j->why)));
    return (enum journal_health)health;
}

uint64_t journal_backlog(const struct journal *j)
{
    return j->end - atomic_load(&j->written_bytes);
}

void journal_stats(const struct journal *j, struct journal_stats *out)
{
    *out = (struct journal_stats){
        .base_bytes = j->base_bytes,
        .bytes = atomic_load(&j->bytes),
        .batches = atomic_load(&j->batches),
        .syncs = atomic_load(&j->syncs),
        .sync_us = atomic_load(&j->sync_us),
        .sync_us_max = atomic_load(&j->sync_us_max),
    };
}

/* ---- rewriting ---- */

/* Everything appended so far into the old file, synced, and its reserved space given back; so
 * that a file which is not the last one has no torn tail. */
static void tail_end(struct journal *j)
{
    commit(j);
    struct tail *t = &j->tail;
    if (t->bad || atomic_load(&j->health) != JOURNAL_OK) return;
    if (t->reserved > t->place && j->o.io->cut(j->o.io->data, t->file, t->place) == 0)
        t->reserved = t->place;
    tail_sync(j);
}

/* The manifest could not be replaced with m. When the new one is there nevertheless (renamed,
 * but the folder not synced), either may be found at the next start: the old file, which is
 * whole now, must then not grow any more. */
static void manifest_doubt(struct journal *j, const struct manifest *m, int e)
{
    struct manifest there = {0};
    if (manifest_read(j->o.io, j->dir, &there) == 0 && there.last != m->last) return;
    j->tail.bad = true;
    set_health(j, JOURNAL_BROKEN, -e, true);
}

static int64_t rotate(struct journal *j)
{
    tail_end(j);
    if (atomic_load(&j->health) == JOURNAL_FULL) return -atomic_load(&j->why);

    struct tail next;
    int e = tail_create(j, j->tail.id + 1, &next);
    if (e != 0) return e;
    if (j->tail.bad || !j->tail.listed) {
        /* What the old file may have lost is in the base to come. Until then the manifest
         * must go on ending with the old file, whose tail may be torn. */
        next.listed = false;
        j->written += stage_bytes(&j->batch);
        atomic_store(&j->written_bytes, j->written);
        stage_clear(&j->batch);
    } else {
        struct manifest m = j->manifest;
        m.last = next.id;
        e = manifest_write(j->o.io, j->dir, &m);
        if (e != 0) {
            manifest_doubt(j, &m, e);
            j->o.io->close(j->o.io->data, next.file);
            return e;
        }
        j->manifest = m;
    }
    j->o.io->close(j->o.io->data, j->tail.file);
    j->tail = next;
    return (int64_t)next.id;
}

/* Waits for the writer and takes its place, with all that was appended. */
static void writer_replace(struct journal *j)
{
    (void)pthread_mutex_lock(&j->mutex);
    busy_begin(j);
    stage_move(&j->pending, &j->inbox);
    take_inbox(j);
    (void)pthread_mutex_unlock(&j->mutex);
}

static void writer_return(struct journal *j)
{
    (void)pthread_mutex_lock(&j->mutex);
    busy_end(j);
    (void)pthread_mutex_unlock(&j->mutex);
    if (j->o.notify != NULL) j->o.notify(j->o.data);
}

int64_t journal_rotate(struct journal *j)
{
    writer_replace(j);
    int64_t id = rotate(j);
    writer_return(j);
    return id;
}

static void throw_away(struct journal *j, enum segment_kind kind, uint64_t id)
{
    char path[PATH_MAX];
    if (path_in(j, path, kind, id)) buf_add(&j->trash, path, strlen(path) + 1);
}

static uint64_t base_size(struct journal *j, uint64_t id)
{
    char path[PATH_MAX];
    if (!path_in(j, path, SEGMENT_BASE, id)) return 0;
    int file = j->o.io->open(j->o.io->data, path, IO_READ);
    if (file < 0) return 0;
    int64_t size = j->o.io->size(j->o.io->data, file);
    j->o.io->close(j->o.io->data, file);
    return size < 0 ? 0 : (uint64_t)size;
}

static int rebase(struct journal *j, uint64_t id, struct manifest *old)
{
    if (!j->tail.listed) { /* records since journal_rotate are acknowledged by this manifest */
        commit(j);
        if (!j->tail.bad) tail_sync(j);
        if (j->tail.bad) return -EIO;
    }
    struct manifest m = {.base = id, .first = id, .last = j->tail.id};
    int e = manifest_write(j->o.io, j->dir, &m);
    if (e != 0) return e;
    *old = j->manifest;
    j->manifest = m;
    if (!j->tail.listed) {
        j->tail.listed = true;
        atomic_store(&j->durable, j->written);
        bool rest = stage_bytes(&j->batch) > 0;
        set_health(j, rest ? JOURNAL_FULL : JOURNAL_OK, rest ? ENOSPC : 0, false);
    }
    j->base_bytes = base_size(j, id);
    atomic_store(&j->bytes, j->base_bytes + j->tail.place);
    return 0;
}

int journal_rebase(struct journal *j, uint64_t id)
{
    struct manifest old = {0};
    writer_replace(j);
    int e = rebase(j, id, &old);
    writer_return(j);
    if (e != 0) return e;
    (void)pthread_mutex_lock(&j->mutex);
    if (old.base != 0) throw_away(j, SEGMENT_BASE, old.base);
    for (uint64_t i = old.first; i != 0 && i <= old.last && i < id; i++)
        throw_away(j, SEGMENT_LOG, i);
    if (j->o.threaded)
        (void)pthread_cond_signal(&j->wake);
    else
        empty_trash(j);
    (void)pthread_mutex_unlock(&j->mutex);
    return 0;
}
