#include "exec.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec_inside.h"
#include "store/cmd/guard.h"
#include "store/cmd/host.h"
#include "store/cmd/monitor.h"
#include "store/cmd/script.h"
#include "store/engine/block.h"
#include "store/engine/pubsub.h"

void exec_attach(struct engine *e)
{
    uint32_t count = 0;
    families_register();
    (void)cmd_specs(&count);
    e->cmd_stats = mem_array(count, struct cmd_stats);
    acl_set_commands(&e->acl, guard_commands());
}

void exec_detach(struct engine *e)
{
    exec_apply_end(e);
    engine_observer_free(e);
    slowlog_reset(e);
    guard_log_reset(e);
    mem_free(e->cmd_stats);
    e->cmd_stats = NULL;
}

void exec_batch_begin(struct engine *e)
{
    engine_clock_update(e);
    e->next_us = 0;
    e->batch = true;
}

void exec_batch_end(struct engine *e)
{
    e->batch = false;
    pubsub_batch_end(e);
}

/* --- running --- */

/* Runs c's handler at the present depth: statistics, effects, slow log. */
static void run(struct cmd *c)
{
    struct engine *e = c->engine;
    uint64_t durable = e->durable_writes;
    size_t touched = e->touched.len;
    size_t reply_at = c->reply->out->len;
    int64_t from_us = e->batch && e->depth == 1 ? e->now_us : e->clock.wall_us(e->clock.data);

    /* Monitors see a command once it ran, but a script before the commands that it calls. */
    bool watched = !list_empty(&e->monitors) && !c->retry;
    if (watched && (c->spec->flags & CMD_SCRIPTING) != 0) monitor_feed(c);
    c->reply->failed = false;
    c->spec->run(c);
    if (watched && (c->spec->flags & (CMD_NOMONITOR | CMD_ADMIN)) == 0) monitor_feed(c);

    if (e->sink != NULL && e->durable_writes != durable && !c->explicit_effects)
        effect_verbatim(c, touched);

    int64_t took_us = e->clock.wall_us(e->clock.data) - from_us;
    if (took_us < 0) took_us = 0; /* the wall clock was set back */
    struct cmd_stats *stats = &e->cmd_stats[c->spec->index];
    stats->calls++;
    stats->usec += (uint64_t)took_us;
    stats->took[latency_bucket((uint64_t)took_us)]++;
    if (c->reply->failed && c->reply->out->len > reply_at && c->reply->out->p[reply_at] == '-') {
        stats->failed++;
        engine_count_error(
            e, slice_make(c->reply->out->p + reply_at + 1, c->reply->out->len - reply_at - 1));
    }
    slowlog_note(c, took_us);
    engine_took(e, (c->spec->flags & CMD_FAST) != 0 ? LATENCY_FAST_COMMAND : LATENCY_COMMAND,
                took_us);
    /* Within a batch the end of one command is the time of the next. */
    if (e->batch && e->depth == 1) e->next_us = from_us + took_us;
}

static void depend(struct session *s, uint64_t end)
{
    if (s->depends_on < end) s->depends_on = end;
}

void exec_finish(struct engine *e, struct session *s)
{
    const struct log_sink *sink = e->sink;
    if (e->observer != NULL) e->observer->settle(e->observer_data);
    bool logged = sink != NULL && e->effects.bytes.len > 0;
    if (logged) e->depends.end = sink->append(sink->data, buf_slice(&e->effects.bytes));
    if (e->effects.bytes.len > 0) effects_reset(&e->effects);
    uint64_t end = sink == NULL ? 0 : e->depends.saw;
    if (sink != NULL && end == DEPENDS_END) end = sink->end(sink->data);
    if (s != NULL) depend(s, end);
    for (struct list *l = list_take(&e->touched_sessions); l != NULL;
         l = list_take(&e->touched_sessions)) {
        struct session *other = list_entry(l, struct session, touched);
        depend(other, end);
        if (other != s && other->io->produced != NULL) other->io->produced(other);
    }
    buf_clear(&e->touched);
    e->depends.saw = 0;
    if (e->arena.block != NULL) arena_reset(&e->arena);
}

void exec_begin(struct engine *e)
{
    if (!e->batch)
        engine_clock_update(e);
    else if (e->next_us != 0) {
        e->now_us = e->next_us;
        e->now_ms = e->now_us / 1000;
        e->now_s = (uint32_t)(e->now_ms / 1000);
    }
}

void exec_run(struct engine *e, struct session *s, const struct cmd_spec *spec,
              const struct slice *argv, uint32_t argc, struct reply *reply, bool retry)
{
    struct args args = {.argv = argv, .argc = argc, .at = spec->parent != NULL ? 2 : 1};
    struct cmd c = {.engine = e,
                    .db = session_db(s),
                    .session = s,
                    .argv = argv,
                    .argc = argc,
                    .args = &args,
                    .reply = reply,
                    .arena = &e->arena,
                    .spec = spec,
                    .retry = retry};
    e->depth++;
    run(&c);
    e->depth--;
}

void exec_inner(struct cmd *outer, const struct cmd_spec *spec, const struct slice *argv,
                uint32_t argc)
{
    exec_run(outer->engine, outer->session, spec, argv, argc, outer->reply, false);
}

/* Keeps a command for EXEC. What is kept counts as unread input does: past the limit of that the
 * client is closed. */
static void queue(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                  uint32_t argc, struct reply *reply)
{
    size_t bytes = sizeof s->queue[0] + argc * sizeof *argv;
    for (uint32_t i = 0; i < argc; i++)
        bytes += argv[i].len;
    if (s->queue_bytes + bytes > (uint64_t)s->engine->config.client_query_buffer_limit) {
        s->engine->stats.query_limit_ends++;
        session_queue_clear(s);
        reply_error(reply, "ERR the transaction is longer than client-query-buffer-limit");
        s->flags |= SESSION_CLOSE_SOON;
        return;
    }
    if (s->queue_count == s->queue_cap) {
        s->queue_cap = s->queue_cap == 0 ? 8 : s->queue_cap * 2;
        s->queue = mem_realloc(s->queue, s->queue_cap * sizeof s->queue[0]);
    }
    s->queue[s->queue_count++] =
        (struct queued){.spec = spec, .argv = argv_copy(argv, argc), .argc = argc};
    s->queue_bytes += bytes;
    buf_add(&s->out, "+QUEUED\r\n", 9);
}

struct reply exec_reply(struct session *s)
{
    size_t unread = session_unread(s);
    size_t max = session_out_max(s);
    size_t room = max > unread ? max - unread : 1; /* with 1 the first word is too much */
    return (struct reply){.out = &s->out,
                          .resp = s->resp,
                          .max = room > SIZE_MAX - s->out.len ? SIZE_MAX : room + s->out.len};
}

void exec_reply_end(struct session *s, const struct reply *r)
{
    if (reply_is_full(r)) session_overflow(s);
}

/* --- top level --- */

void exec_one(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc)
{
    struct reply reply = exec_reply(s);
    const struct cmd_spec *spec = admit_lookup(s, argv, argc, &reply);
    if (spec == NULL || !admit(s, spec, argv, argc, &reply)) {
        exec_reply_end(s, &reply);
        return;
    }
    s->last_cmd = spec;
    if ((s->flags & SESSION_MULTI) != 0 && !admit_runs_in_multi(spec)) {
        queue(s, spec, argv, argc, &reply);
        return;
    }
    if (wake_is_paused(e, spec)) {
        wake_hold(s, spec, argv, argc);
        return;
    }
    exec_run(e, s, spec, argv, argc, &reply, false);
    exec_reply_end(s, &reply);
}

void exec_command(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc)
{
    must(s->block == NULL);
    must(argc > 0);
    if (e->depth > 0) { /* a script let others have a turn */
        script_while_busy(e, s, argv, argc);
        return;
    }
    exec_begin(e);
    e->current = s;
    e->stats.commands++;
    s->commands++;
    s->active_ms = e->now_ms;
    size_t before = s->out.len;

    exec_one(e, s, argv, argc);

    if ((s->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0) s->out.len = before;
    s->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    if ((s->flags & SESSION_REPLY_SKIP_NEXT) != 0) {
        s->flags &= ~(uint32_t)SESSION_REPLY_SKIP_NEXT;
        s->flags |= SESSION_REPLY_SKIP;
    }
    exec_finish(e, s);
    e->current = NULL;
    wake_ready(e);
    if (e->unpaused) wake_paused(e);
}

void exec_prefetch(struct engine *e, const struct session *s, const struct slice *argv,
                   uint32_t argc)
{
    if (argc > 1) dict_prefetch(&e->db[s->db].keys, hash_slice(argv[1]));
}

/* --- inside scripts --- */

enum exec_verdict exec_call(struct cmd *c, const struct slice *argv, uint32_t argc, bool readonly,
                            struct reply *into)
{
    struct engine *e = c->engine;
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec == NULL) return EXEC_UNKNOWN;
    if (argc >= 2 && cmd_is_container(spec)) {
        const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
        if (sub == NULL && spec->run == NULL) return EXEC_UNKNOWN;
        if (sub != NULL) spec = sub;
    }
    if (!admit_arity(spec, argc) || spec->run == NULL) return EXEC_ARITY;
    if ((spec->flags & CMD_NOSCRIPT) != 0) return EXEC_NOSCRIPT;
    if (!guard_is_free(c->session) && !guard_admits_script(c->session, spec, argv, argc, into))
        return EXEC_REFUSED;
    bool writes = (spec->flags & CMD_WRITE) != 0;
    if (readonly && (writes || (spec->flags & CMD_MAYREPLICATE) != 0)) return EXEC_READONLY;
    /* Once a script has written it goes on: half a script would be worse than a little memory. */
    if (e->config.maxmemory > 0 && (spec->flags & CMD_DENYOOM) != 0 && e->effects.count == 0 &&
        !exec_make_room(e))
        return EXEC_OOM;
    if (writes && !admit_log_takes(e, spec, into)) return EXEC_REFUSED;

    struct args args = {.argv = argv, .argc = argc, .at = spec->parent != NULL ? 2 : 1};
    struct cmd inner = {.engine = e,
                        .db = session_db(c->session),
                        .session = c->session,
                        .argv = argv,
                        .argc = argc,
                        .args = &args,
                        .reply = into,
                        .arena = &e->arena,
                        .spec = spec,
                        .in_script = true};
    e->depth++;
    run(&inner);
    e->depth--;
    return EXEC_RAN;
}
