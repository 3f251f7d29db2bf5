/* snapshot: when snapshots are written, by whom, and what failing means.
 *
 * BGSAVE and the save rules fork a child that writes beside the old snapshot; the parent
 * gives the new one its name only after the child has synced it, so a child that outlives or
 * loses its parent changes nothing. While the last one failed, and there are rules, writes
 * are refused (stop-writes-on-bgsave-error).
 */
#include "store/persist/snapshot.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/cmd/exec.h"
#include "store/server/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { RETRY_MS = 5000 };

static const char refusal[] =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";

void snapshots_settle(struct server *s)
{
    struct engine *e = s->engine;
    bool refuse = s->snapshots.failed && e->config.save_rules > 0 &&
                  e->config.stop_writes_on_bgsave_error != 0;
    e->refusal = refuse ? refusal : NULL;
}

/* ---- loading ---- */

void snapshots_init(struct server *s)
{
    s->snapshots.took_ms = -1;
    s->snapshots.saved_s = clock_wall_us() / 1000000;
    s->snapshots.saved_dirty = s->engine->dirty;
    snapshot_temp(s->snapshots.temp);
}

bool snapshots_load(struct server *s, bool *loaded, char *why)
{
    const struct config *config = &s->engine->config;
    snapshot_sweep(s->io, config->dir);
    int64_t from_ms = clock_mono_ms();
    struct journal_found found;
    enum snapshot_load how =
        snapshot_load(s->io, config->dir, config->dbfilename, durable_redo, s, &found);
    *loaded = how == SNAPSHOT_LOADED;
    if (how == SNAPSHOT_BAD) (void)snprintf(why, SERVER_ERROR, "snapshot: %s", found.error);
    if (how != SNAPSHOT_LOADED) return how == SNAPSHOT_NONE;
    for (uint32_t i = 0; i < ENGINE_DBS; i++)
        s->snapshots.loaded_keys += db_count(&s->engine->db[i]);
    log_info("snapshot_loaded", LOG_INT("keys", s->snapshots.loaded_keys),
             LOG_INT("commands", found.commands), LOG_INT("bytes", found.bytes),
             LOG_INT("ms", clock_mono_ms() - from_ms));
    return true;
}

/* ---- writing ---- */

static void add_piece(struct slice piece, void *data)
{
    base_add(data, piece);
}

static int write_file(struct server *s)
{
    struct base b;
    snapshot_begin(&b, s->io, s->engine->config.dir, s->snapshots.temp, s->snapshots.id);
    exec_rewrite(s->engine, add_piece, &b);
    return base_end(&b);
}

static void begin(struct server *s)
{
    struct snapshots *n = &s->snapshots;
    n->id = (uint64_t)clock_wall_us();
    n->dirty = s->engine->dirty;
    n->tried_ms = clock_mono_ms();
}

/* The file is written, or there is an error. */
static int end(struct server *s, int error)
{
    struct snapshots *n = &s->snapshots;
    const struct config *config = &s->engine->config;
    if (error == 0) error = -snapshot_commit(s->io, config->dir, n->temp, config->dbfilename);
    n->failed = error != 0;
    snapshots_settle(s);
    if (error != 0) {
        log_error("snapshot_failed", LOG_CSTR("why", strerror(error)));
        return error;
    }
    n->saved_dirty = n->dirty;
    n->saved_s = clock_wall_us() / 1000000;
    n->done++;
    log_info("snapshot_done", LOG_INT("ms", clock_mono_ms() - n->tried_ms));
    return 0;
}

const char *snapshots_save(struct server *s)
{
    if (s->snapshots.child.state == CHILD_RUNNING) return "ERR Background save already in progress";
    begin(s);
    return end(s, -write_file(s)) == 0 ? NULL : "ERR";
}

static void on_saved(struct server *s, int error)
{
    s->snapshots.took_ms = clock_mono_ms() - s->snapshots.child.started_ms;
    if (error != 0) snapshot_sweep(s->io, s->engine->config.dir); /* a killed one left its file */
    (void)end(s, error);
    durable_news(s);
}

static const char *fork_one(struct server *s)
{
    struct snapshots *n = &s->snapshots;
    n->scheduled = false;
    begin(s);
    int error = child_start(s, &n->child, write_file, on_saved);
    if (error != 0) {
        (void)end(s, error);
        return "ERR";
    }
    log_info("snapshot_started", LOG_INT("child", n->child.pid), LOG_INT("fork_us", s->fork_us));
    return NULL;
}

const char *snapshots_begin(struct server *s, bool schedule, const char **done)
{
    if (s->snapshots.child.state != CHILD_NONE) return "ERR Background save already in progress";
    bool inside = s->engine->depth > 1;
    if (inside || s->rewrite.child.state != CHILD_NONE) {
        if (!schedule && !inside)
            return "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
                   "SCHEDULE in order to schedule a BGSAVE whenever possible.";
        s->snapshots.scheduled = true;
        *done = "Background saving scheduled";
        return NULL;
    }
    *done = "Background saving started";
    return fork_one(s);
}

/* ---- the rules ---- */

static uint64_t changes(const struct server *s)
{
    return s->engine->dirty - s->snapshots.saved_dirty;
}

static bool is_due(const struct server *s)
{
    const struct snapshots *n = &s->snapshots;
    if (n->scheduled) return true;
    if (n->failed && clock_mono_ms() - n->tried_ms <= RETRY_MS) return false;
    int64_t since_s = clock_wall_us() / 1000000 - n->saved_s;
    const struct config *config = &s->engine->config;
    for (uint32_t i = 0; i < config->save_rules; i++)
        if (changes(s) >= (uint64_t)config->save_changes[i] && since_s > config->save_s[i])
            return true;
    return false;
}

void snapshots_turn(struct server *s)
{
    if (!s->running || s->stopping || s->engine->depth > 0) return;
    if (s->snapshots.child.state != CHILD_NONE || s->rewrite.child.state != CHILD_NONE) return;
    if (is_due(s)) (void)fork_one(s);
}

/* ---- the end ---- */

bool snapshots_end(struct server *s)
{
    if (!s->running || s->end_save == END_SAVE_NO) return true;
    if (s->end_save == END_SAVE_BY_RULES && s->engine->config.save_rules == 0) return true;
    if (s->snapshots.ended && changes(s) == 0) return true;
    snapshots_close(s);
    begin(s);
    s->snapshots.ended = end(s, -write_file(s)) == 0;
    return s->snapshots.ended;
}

void snapshots_close(struct server *s)
{
    if (s->snapshots.child.state != CHILD_RUNNING) return;
    child_kill(&s->snapshots.child);
    snapshot_sweep(s->io, s->engine->config.dir);
}

/* ---- INFO ---- */

void snapshots_info(const struct server *s, struct buf *out)
{
    const struct snapshots *n = &s->snapshots;
    bool running = n->child.state == CHILD_RUNNING;
    buf_addf(out, "rdb_changes_since_last_save:%" PRIu64 "\r\nrdb_bgsave_in_progress:%d\r\n",
             changes(s), running);
    buf_addf(out, "rdb_last_save_time:%" PRId64 "\r\nrdb_last_bgsave_status:%s\r\n", n->saved_s,
             n->failed ? "err" : "ok");
    buf_addf(out,
             "rdb_last_bgsave_time_sec:%" PRId64 "\r\nrdb_current_bgsave_time_sec:%" PRId64 "\r\n",
             n->took_ms < 0 ? -1 : n->took_ms / 1000,
             running ? (clock_mono_ms() - n->child.started_ms) / 1000 : -1);
    buf_addf(out,
             "rdb_saves:%" PRIu64 "\r\nrdb_last_load_keys_expired:0\r\n"
             "rdb_last_load_keys_loaded:%" PRIu64 "\r\n",
             n->done, n->loaded_keys);
}
