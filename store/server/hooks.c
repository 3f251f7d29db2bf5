/* hooks: what the process does for commands: INFO's sections, SHUTDOWN, BGREWRITEAOF. */
#include "base/clock.h"
#include "store/server/inside.h"

#include <inttypes.h>
#include <unistd.h>

static void info_persistence(const struct server *s, struct buf *out)
{
    struct journal_stats stats = {0};
    if (s->journal != NULL) journal_stats(s->journal, &stats);
    bool running = s->rewrite.state == REWRITE_RUNNING;
    buf_addf(out, "rdb_changes_since_last_save:%" PRIu64 "\r\nrdb_bgsave_in_progress:0\r\n",
             s->engine->dirty);
    buf_addf(out, "rdb_last_save_time:%" PRId64 "\r\nrdb_last_bgsave_status:ok\r\n",
             s->engine->started_ms / 1000);
    buf_addf(out, "aof_enabled:%d\r\naof_rewrite_in_progress:%d\r\naof_rewrite_scheduled:0\r\n",
             s->journal != NULL ? 1 : 0, running ? 1 : 0);
    buf_addf(out, "aof_last_rewrite_time_sec:%" PRId64 "\r\n",
             s->rewrite.took_ms < 0 ? -1 : s->rewrite.took_ms / 1000);
    buf_addf(out, "aof_last_bgrewrite_status:%s\r\naof_last_write_status:%s\r\n",
             s->rewrite.failed ? "err" : "ok", s->health == JOURNAL_OK ? "ok" : "err");
    if (s->journal == NULL) return;
    buf_addf(out, "aof_current_size:%" PRIu64 "\r\naof_base_size:%" PRIu64 "\r\n", stats.bytes,
             stats.base_bytes);
    buf_addf(out, "aof_buffer_length:%" PRIu64 "\r\naof_rewrites:%" PRIu64 "\r\n",
             journal_backlog(s->journal), s->rewrite.done);
    buf_addf(out, "aof_fsyncs:%" PRIu64 "\r\naof_fsync_usec_max:%" PRIu64 "\r\n", stats.syncs,
             stats.sync_us_max);
    buf_addf(out, "aof_position:%" PRIu64 "\r\naof_durable_position:%" PRIu64 "\r\n",
             journal_end(s->journal), journal_durable(s->journal));
}

static void hook_info(void *data, const char *section, struct buf *out)
{
    const struct server *s = data;
    if (strcmp(section, "persistence") == 0) info_persistence(s, out);
}

static const char *hook_bgrewriteaof(void *data)
{
    return durable_rewrite(data);
}

static const char *hook_save(void *data, bool background)
{
    (void)data;
    (void)background;
    return "ERR this store keeps an append log (--appendonly yes) and no RDB snapshots";
}

static const char *hook_shutdown(void *data, bool save, bool now, bool force)
{
    struct server *s = data;
    (void)save;
    (void)now;
    (void)force;
    s->shutdown_wanted = true;
    return NULL;
}

static int64_t hook_lastsave_s(void *data)
{
    const struct server *s = data;
    return s->engine->started_ms / 1000;
}

static const char *hook_config_changed(void *data, const char *name)
{
    struct server *s = data;
    const struct config *config = &s->engine->config;
    if (strcmp(name, "appendfsync") == 0 && s->journal != NULL) {
        static const enum journal_sync syncs[] = {[FSYNC_ALWAYS] = JOURNAL_SYNC_ALWAYS,
                                                  [FSYNC_EVERYSEC] = JOURNAL_SYNC_EVERYSEC,
                                                  [FSYNC_NO] = JOURNAL_SYNC_NO};
        journal_set_sync(s->journal, syncs[config->appendfsync]);
    }
    return NULL;
}

static uint64_t hook_durable(void *data)
{
    return durable_released(data);
}

void hooks_attach(struct server *s)
{
    s->hooks = (struct engine_hooks){
        .data = s,
        .info = hook_info,
        .bgrewriteaof = hook_bgrewriteaof,
        .save = hook_save,
        .shutdown = hook_shutdown,
        .lastsave_s = hook_lastsave_s,
        .config_changed = hook_config_changed,
        .durable = hook_durable,
        .yield = busy_yield,
    };
    s->engine->hooks = &s->hooks;
}
