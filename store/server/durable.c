/* durable: the journal under the engine: recovery, what waits for it, failure, rewriting.
 *
 * A rewrite is a forked child: it sees the store as it was when the journal turned to a new
 * file, writes it as a base, and says by its exit how that went. Nothing of the parent waits.
 */
#include "base/clock.h"
#include "base/log.h"
#include "store/cmd/exec.h"
#include "store/persist/base.h"
#include "store/server/inside.h"

#include <errno.h>
#include <stdio.h>

enum { RESERVE_BYTES = 8 * 1024 * 1024, REWRITE_RETRY_MS = 5000 };

/* ---- what the engine sees of it ---- */

static uint64_t sink_append(void *data, struct slice record)
{
    struct server *s = data;
    return journal_append(s->journal, record);
}

static uint64_t sink_end(void *data)
{
    struct server *s = data;
    return journal_end(s->journal);
}

static const char *sink_refuses(void *data)
{
    struct server *s = data;
    return s->health == JOURNAL_OK ? NULL : s->refusal;
}

/* ---- recovery ---- */

bool durable_redo(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct server *s = data;
    struct slice reason = {0};
    if (exec_apply(s->engine, argv, argc, &reason)) return true;
    (void)slice_cstr(reason, why, JOURNAL_ERROR);
    return false;
}

static void look_ahead(void *data, const struct slice *const *argv, const uint32_t *argc,
                       uint32_t n)
{
    struct server *s = data;
    exec_apply_ahead(s->engine, argv, argc, n);
}

static void on_journal(void *data)
{
    struct server *s = data;
    (void)uv_async_send(&s->released);
}

static void report(const struct server *s, int64_t took_ms)
{
    const struct journal_found *f = &s->found;
    log_info("journal_loaded", LOG_INT("records", f->records), LOG_INT("commands", f->commands),
             LOG_INT("bytes", f->bytes), LOG_INT("ms", took_ms));
    if (f->cut_bytes > 0)
        log_warn("journal_torn_tail_cut", LOG_CSTR("file", f->cut_file),
                 LOG_INT("offset", f->cut_place), LOG_INT("bytes", f->cut_bytes));
}

static void rewrite_piece(struct slice piece, void *data)
{
    base_add(data, piece);
}

static int rewrite_base(struct server *s)
{
    struct base b;
    base_begin(&b, s->io, s->dir, s->rewrite.id);
    exec_rewrite(s->engine, rewrite_piece, &b);
    return base_end(&b);
}

/* Makes what was loaded the log's base, before anybody is served: from then on it needs the
 * snapshot no more. */
static bool base_now(struct server *s, char *why)
{
    int64_t e = journal_rotate(s->journal);
    if (e > 0) {
        s->rewrite.id = (uint64_t)e;
        e = rewrite_base(s);
    }
    if (e == 0) e = journal_rebase(s->journal, s->rewrite.id);
    if (e == 0) return true;
    (void)snprintf(why, SERVER_ERROR, "cannot begin the log with the snapshot: %s",
                   strerror((int)-e));
    return false;
}

/* The log wins when it holds anything; an empty one begins with the snapshot, if there is one. */
static bool load(struct server *s, const struct journal_options *o, char *why)
{
    bool loaded = false;
    if (o == NULL) return snapshots_load(s, &loaded, why);
    s->journal = journal_open(o, durable_redo, s, &s->found);
    if (s->journal == NULL) {
        (void)snprintf(why, SERVER_ERROR, "journal: %s", s->found.error);
        return false;
    }
    struct journal_stats stats;
    journal_stats(s->journal, &stats);
    if (s->found.records > 0 || stats.base_bytes > 0) return true;
    return snapshots_load(s, &loaded, why) && (!loaded || base_now(s, why));
}

static bool load_all(struct server *s, const struct journal_options *o, char *why)
{
    s->engine->loading = true;
    exec_batch_begin(s->engine);
    bool ok = load(s, o, why);
    exec_batch_end(s->engine);
    exec_apply_end(s->engine);
    snapshots_init(s);
    return ok;
}

/* Stores may share a folder, but `hansom restore` must not put files under a running one. */
static bool take_folder(struct server *s, char *why)
{
    const char *dir = s->engine->config.dir;
    s->folder = s->io->lock(s->io->data, dir, true);
    if (s->folder != -EWOULDBLOCK) return true; /* what else is wrong is told when it is used */
    (void)snprintf(why, SERVER_ERROR, "%s: a restore is under way there", dir);
    return false;
}

bool durable_open(struct server *s, char *why)
{
    const struct config *config = &s->engine->config;
    if (!take_folder(s, why)) return false;
    s->rewrite.took_ms = -1;
    if (config->appendonly == 0) return load_all(s, NULL, why);
    static const enum journal_sync syncs[] = {[FSYNC_ALWAYS] = JOURNAL_SYNC_ALWAYS,
                                              [FSYNC_EVERYSEC] = JOURNAL_SYNC_EVERYSEC,
                                              [FSYNC_NO] = JOURNAL_SYNC_NO};
    int n = snprintf(s->dir, sizeof s->dir, "%s/%s", config->dir, config->appenddirname);
    if (n < 0 || (size_t)n >= sizeof s->dir) {
        (void)snprintf(why, SERVER_ERROR, "--dir is too long");
        return false;
    }
    struct journal_options o = {.io = s->io,
                                .dir = s->dir,
                                .sync = syncs[config->appendfsync],
                                .reserve = RESERVE_BYTES,
                                .threaded = true,
                                .ahead = look_ahead,
                                .notify = on_journal,
                                .data = s};
    int64_t from_ms = clock_mono_ms();
    if (!load_all(s, &o, why)) return false;
    s->sink = (struct log_sink){
        .append = sink_append, .end = sink_end, .refuses = sink_refuses, .data = s};
    s->engine->sink = &s->sink;
    depends_set(&s->engine->depends, config->appendfsync == FSYNC_ALWAYS);
    report(s, clock_mono_ms() - from_ms);
    return true;
}

/* ---- rewriting ---- */

static void rewrite_ended(struct server *s, int error)
{
    struct rewrite *r = &s->rewrite;
    r->took_ms = clock_mono_ms() - r->child.started_ms;
    r->failed = error != 0;
    if (error != 0) {
        r->retry_ms = clock_mono_ms() + REWRITE_RETRY_MS;
        log_error("rewrite_failed", LOG_CSTR("why", strerror(error)));
    } else {
        struct journal_stats stats;
        journal_stats(s->journal, &stats);
        r->done++;
        log_info("rewrite_done", LOG_INT("bytes", stats.base_bytes), LOG_INT("ms", r->took_ms));
    }
    durable_news(s);
}

static void on_rewritten(struct server *s, int error)
{
    if (error == 0) error = -journal_rebase(s->journal, s->rewrite.id);
    rewrite_ended(s, error);
    snapshots_turn(s);
}

static const char *rewrite_fork(struct server *s)
{
    struct rewrite *r = &s->rewrite;
    int64_t from_ms = clock_mono_ms();
    r->scheduled = false;
    r->child.started_ms = from_ms;
    int64_t id = journal_rotate(s->journal);
    if (id < 0) {
        rewrite_ended(s, (int)-id);
        return "ERR the log cannot turn to a new file now";
    }
    r->id = (uint64_t)id;
    int error = child_start(s, &r->child, rewrite_base, on_rewritten);
    if (error != 0) {
        rewrite_ended(s, error);
        return "ERR cannot fork";
    }
    log_info("rewrite_started", LOG_INT("id", r->id), LOG_INT("child", r->child.pid),
             LOG_INT("ms", clock_mono_ms() - from_ms));
    return NULL;
}

const char *durable_rewrite(struct server *s, const char **done)
{
    if (s->journal == NULL) return "ERR this store keeps no append log (--appendonly yes)";
    if (s->rewrite.child.state != CHILD_NONE)
        return "ERR Background append only file rewriting already in progress";
    if (s->engine->depth > 1 || s->snapshots.child.state != CHILD_NONE) {
        s->rewrite.scheduled = true;
        *done = "Background append only file rewriting scheduled";
        return NULL;
    }
    *done = "Background append only file rewriting started";
    return rewrite_fork(s);
}

/* Whether the log has grown enough for a rewrite, or needs one to be whole again. */
static bool rewrite_due(const struct server *s)
{
    const struct config *config = &s->engine->config;
    if (s->rewrite.child.state != CHILD_NONE || s->stopping) return false;
    if (s->engine->depth > 0) return false; /* half a script must not become the base */
    if (clock_mono_ms() < s->rewrite.retry_ms) return false;
    if (s->health == JOURNAL_BROKEN) return true;
    if (s->snapshots.child.state != CHILD_NONE) return false; /* one at a time: memory */
    if (s->rewrite.scheduled) return true;
    if (s->health != JOURNAL_OK || config->auto_aof_rewrite_percentage == 0) return false;
    struct journal_stats stats;
    journal_stats(s->journal, &stats);
    if (stats.bytes < (uint64_t)config->auto_aof_rewrite_min_size) return false;
    uint64_t base = stats.base_bytes == 0 ? 1 : stats.base_bytes;
    return (stats.bytes - stats.base_bytes) / base * 100 +
               (stats.bytes - stats.base_bytes) % base * 100 / base >=
           (uint64_t)config->auto_aof_rewrite_percentage;
}

/* ---- failure ---- */

static void health_changed(struct server *s, enum journal_health now)
{
    char why[JOURNAL_ERROR] = "";
    (void)journal_health(s->journal, why);
    (void)snprintf(s->refusal, sizeof s->refusal, "MISCONF Errors writing to the AOF file: %s",
                   why);
    if (now == JOURNAL_OK) {
        log_info("journal_whole_again");
    } else if (now == JOURNAL_FULL) {
        log_error("journal_write_failed", LOG_CSTR("why", why));
    } else {
        log_error("journal_broken", LOG_CSTR("why", why));
        conns_close_gated(s);
    }
    s->health = now;
}

void durable_news(struct server *s)
{
    if (s->journal == NULL) return;
    enum journal_health now = journal_health(s->journal, NULL);
    if (now != s->health) health_changed(s, now);
    conns_released(s);
    if (s->running && rewrite_due(s)) (void)rewrite_fork(s);
}

/* ---- the turn ---- */

static void hand_over(struct server *s, bool here)
{
    journal_turn(s->journal, here);
    handover_end(s);
    if (here) durable_news(s);
}

void durable_turn(struct server *s, bool all_wait)
{
    if (s->journal == NULL || (!all_wait && handover_more(s))) return;
    hand_over(s, all_wait);
}

void durable_hand_over(struct server *s)
{
    if (s->journal != NULL) hand_over(s, false);
}

uint64_t durable_released(const struct server *s)
{
    return s->journal == NULL ? UINT64_MAX : journal_released(s->journal);
}

bool durable_behind(const struct server *s)
{
    if (s->journal == NULL) return false;
    return journal_backlog(s->journal) > BACKLOG_MAX;
}

bool durable_close(struct server *s)
{
    child_kill(&s->rewrite.child);
    s->engine->sink = NULL;
    bool ok = journal_close(s->journal);
    s->journal = NULL;
    if (s->folder >= 0) s->io->close(s->io->data, s->folder);
    s->folder = -1;
    return ok;
}
