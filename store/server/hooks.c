/* hooks: what the process does for commands: INFO's sections, SHUTDOWN, SAVE, BGREWRITEAOF. */
#include "base/clock.h"
#include "store/server/config_file.h"
#include "store/server/huge.h"
#include "store/server/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void info_persistence(const struct server *s, struct buf *out)
{
    struct journal_stats stats = {0};
    if (s->journal != NULL) journal_stats(s->journal, &stats);
    bool running = s->rewrite.child.state == CHILD_RUNNING;
    snapshots_info(s, out);
    buf_addf(out, "aof_enabled:%d\r\naof_rewrite_in_progress:%d\r\naof_rewrite_scheduled:%d\r\n",
             s->journal != NULL, running, s->rewrite.scheduled);
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
    if (strcmp(section, "memory") == 0) buf_addf(out, "huge_pages:%d\r\n", huge_on());
    if (strcmp(section, "stats") == 0)
        buf_addf(out, "latest_fork_usec:%" PRId64 "\r\n", s->fork_us);
}

static const char *hook_bgrewriteaof(void *data, const char **done)
{
    return durable_rewrite(data, done);
}

static const char *hook_save(void *data, enum save_how how, const char **done)
{
    struct server *s = data;
    if (how != SAVE_NOW) return snapshots_begin(s, how == SAVE_SCHEDULE, done);
    *done = "OK";
    return snapshots_save(s);
}

/* The snapshot is written at once, so that the client learns when it fails. */
static const char *hook_shutdown(void *data, enum shutdown_save save, bool force)
{
    struct server *s = data;
    static const enum end_save saves[] = {[SHUTDOWN_BY_RULES] = END_SAVE_BY_RULES,
                                          [SHUTDOWN_SAVE] = END_SAVE_YES,
                                          [SHUTDOWN_NOSAVE] = END_SAVE_NO};
    s->end_save = saves[save];
    s->end_forced = force;
    if (s->busy == NULL && !snapshots_end(s) && !force) {
        s->end_save = END_SAVE_BY_RULES;
        return "ERR Errors trying to SHUTDOWN. Check logs.";
    }
    s->shutdown_wanted = true;
    return NULL;
}

static int64_t hook_lastsave_s(void *data)
{
    const struct server *s = data;
    return s->snapshots.saved_s;
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
        depends_set(&s->engine->depends, config->appendfsync == FSYNC_ALWAYS);
    }
    if (strcmp(name, "save") == 0 || strcmp(name, "stop-writes-on-bgsave-error") == 0)
        snapshots_settle(s);
    if (strncmp(name, "tls-", 4) == 0) return listen_reload_tls(s);
    return NULL;
}

static const char *hook_config_rewrite(void *data)
{
    static char why[200];
    struct server *s = data;
    int e = config_file_rewrite(&s->engine->config, s->io);
    if (e == 0) return NULL;
    (void)snprintf(why, sizeof why, "ERR Rewriting config file: %s", strerror(-e));
    return why;
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
        .config_rewrite = hook_config_rewrite,
        .durable = hook_durable,
        .yield = busy_yield,
    };
    s->engine->hooks = &s->hooks;
}
