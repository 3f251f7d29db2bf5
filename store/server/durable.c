/* durable: the journal under the engine: recovery, what waits for it, failure, rewriting.
 *
 * A rewrite is a forked child: it sees the store as it was when the journal turned to a new
 * file, writes it as a base, and says by its exit how that went. Nothing of the parent waits.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/persist/base.h"
#include "store/server/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

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

static bool apply(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct server *s = data;
    struct slice reason = {0};
    /* Each record begins with the database it is about; mostly it is the one before's. */
    if (argc == 2 && slice_is(argv[0], "SELECT")) {
        if (slice_eq(argv[1], slice_of(s->replay_db))) return true;
        (void)slice_cstr(argv[1], s->replay_db, sizeof s->replay_db);
    }
    if (exec_apply(s->engine, argv, argc, &reason)) return true;
    (void)slice_cstr(reason, why, JOURNAL_ERROR);
    return false;
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

bool durable_open(struct server *s, char *why)
{
    const struct config *config = &s->engine->config;
    s->rewrite.took_ms = -1;
    s->rewrite.pipe = -1;
    if (config->appendonly == 0) {
        exec_apply_end(s->engine);
        return true;
    }
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
                                .notify = on_journal,
                                .data = s};
    int64_t from_ms = clock_mono_ms();
    s->engine->loading = true;
    exec_batch_begin(s->engine);
    s->journal = journal_open(&o, apply, s, &s->found);
    exec_batch_end(s->engine);
    if (s->journal == NULL) {
        (void)snprintf(why, SERVER_ERROR, "journal: %s", s->found.error);
        return false;
    }
    exec_apply_end(s->engine);
    s->sink = (struct log_sink){
        .append = sink_append, .end = sink_end, .refuses = sink_refuses, .data = s};
    s->engine->sink = &s->sink;
    report(s, clock_mono_ms() - from_ms);
    return true;
}

/* ---- the turn ---- */

void durable_turn(struct server *s, bool alone)
{
    if (s->journal != NULL) journal_turn(s->journal, alone);
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

/* ---- rewriting ---- */

static void rewrite_piece(struct slice piece, void *data)
{
    base_add(data, piece);
}

/* The child: writes the base and exits with 0 or an errno. Sockets are closed so that a client
 * which the parent closes sees it; signals must not reach the loop that is not here. */
_Noreturn static void rewrite_child(struct server *s, int pipe)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_DFL);
    (void)dup2(pipe, 3);
    (void)close_range(4, ~0U, 0);

    struct base b;
    base_begin(&b, s->io, s->dir, s->rewrite.id);
    exec_rewrite(s->engine, rewrite_piece, &b);
    int e = base_end(&b);
    _exit(e == 0 ? 0 : -e > 255 ? 255 : -e);
}

static void rewrite_ended(struct server *s, int error)
{
    struct rewrite *r = &s->rewrite;
    r->took_ms = clock_mono_ms() - r->started_ms;
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

/* Only now may the handle be used again. */
static void on_watch_closed(uv_handle_t *handle)
{
    struct server *s = handle->data;
    s->rewrite.state = REWRITE_NONE;
}

static void on_child(uv_poll_t *handle, int status, int events)
{
    struct server *s = handle->data;
    struct rewrite *r = &s->rewrite;
    (void)status;
    (void)events;
    (void)uv_poll_stop(&r->poll);
    uv_close((uv_handle_t *)&r->poll, on_watch_closed);
    (void)close(r->pipe);
    r->pipe = -1;
    r->state = REWRITE_ENDING;

    int how = 0;
    pid_t got;
    do
        got = waitpid(r->child, &how, 0);
    while (got < 0 && errno == EINTR);
    int error = got != r->child ? ECHILD : WIFEXITED(how) ? WEXITSTATUS(how) : EINTR;
    if (error == 0) error = -journal_rebase(s->journal, r->id);
    rewrite_ended(s, error);
}

static const char *rewrite_fork(struct server *s)
{
    struct rewrite *r = &s->rewrite;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return "ERR cannot make a pipe";
    int64_t id = journal_rotate(s->journal);
    if (id < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        rewrite_ended(s, (int)-id);
        return "ERR the log cannot turn to a new file now";
    }
    r->id = (uint64_t)id;
    r->started_ms = clock_mono_ms();
    r->child = fork();
    if (r->child == 0) rewrite_child(s, ends[1]);
    (void)close(ends[1]);
    if (r->child < 0) {
        (void)close(ends[0]);
        rewrite_ended(s, errno);
        return "ERR cannot fork";
    }
    r->pipe = ends[0];
    must(uv_poll_init(&s->loop, &r->poll, r->pipe) == 0);
    r->poll.data = s;
    must(uv_poll_start(&r->poll, UV_READABLE | UV_DISCONNECT, on_child) == 0);
    r->state = REWRITE_RUNNING;
    log_info("rewrite_started", LOG_INT("id", r->id), LOG_INT("child", r->child),
             LOG_INT("ms", clock_mono_ms() - r->started_ms));
    return NULL;
}

const char *durable_rewrite(struct server *s)
{
    if (s->journal == NULL) return "ERR this store keeps no append log (--appendonly yes)";
    if (s->engine->depth > 1)
        return "ERR Background append only file rewriting cannot start inside a transaction";
    if (s->rewrite.state != REWRITE_NONE)
        return "ERR Background append only file rewriting already in progress";
    return rewrite_fork(s);
}

/* Whether the log has grown enough for a rewrite, or needs one to be whole again. */
static bool rewrite_due(const struct server *s)
{
    const struct config *config = &s->engine->config;
    if (s->rewrite.state != REWRITE_NONE || s->stopping) return false;
    if (s->engine->depth > 0) return false; /* half a script must not become the base */
    if (clock_mono_ms() < s->rewrite.retry_ms) return false;
    if (s->health == JOURNAL_BROKEN) return true;
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

bool durable_close(struct server *s)
{
    struct rewrite *r = &s->rewrite;
    if (r->state == REWRITE_RUNNING) {
        (void)kill(r->child, SIGKILL);
        (void)waitpid(r->child, NULL, 0);
        (void)uv_poll_stop(&r->poll);
        uv_close((uv_handle_t *)&r->poll, NULL);
        (void)close(r->pipe);
        r->state = REWRITE_NONE;
    }
    s->engine->sink = NULL;
    bool ok = journal_close(s->journal);
    s->journal = NULL;
    return ok;
}
