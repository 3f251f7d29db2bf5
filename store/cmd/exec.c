#include "exec.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/monitor.h"
#include "store/cmd/script.h"
#include "store/engine/block.h"
#include "store/engine/watch.h"

enum { KEYS_LOOKED_AT = 256 };

void exec_attach(struct engine *e)
{
    uint32_t count = 0;
    (void)cmd_specs(&count);
    e->cmd_stats = mem_array(count, struct cmd_stats);
}

void exec_detach(struct engine *e)
{
    exec_apply_end(e);
    slowlog_reset(e);
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
}

/* --- effects --- */

static const struct cmd_spec *resolve(const struct slice *argv, uint32_t argc)
{
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec == NULL || argc < 2 || !cmd_is_container(spec)) return spec;
    const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
    return sub != NULL || spec->run == NULL ? sub : spec;
}

/* How many of a command's keys are ephemeral, and how many there are. */
static uint32_t count_ephemeral(const struct engine *e, const struct cmd_spec *spec,
                                const struct slice *argv, uint32_t argc, uint32_t *keys)
{
    uint32_t at[KEYS_LOOKED_AT];
    int32_t n = spec == NULL ? 0 : cmd_find_keys(spec, argv, argc, at, KEYS_LOOKED_AT);
    uint32_t ephemeral = 0;
    for (int32_t i = 0; i < n; i++)
        ephemeral += db_is_ephemeral(e, argv[at[i]]);
    *keys = n > 0 ? (uint32_t)n : 0;
    return ephemeral;
}

void cmd_effect(struct cmd *c, uint32_t argc, const struct slice *argv)
{
    c->explicit_effects = true;
    if (c->engine->sink == NULL) return;
    if (c->engine->ephemeral_count > 0) {
        uint32_t keys = 0;
        uint32_t ephemeral = count_ephemeral(c->engine, resolve(argv, argc), argv, argc, &keys);
        if (keys > 0 && ephemeral == keys) return;
    }
    effects_add(&c->engine->effects, c->db->id, argc, argv);
}

void cmd_no_effect(struct cmd *c)
{
    c->explicit_effects = true;
}

/* Logs the present state of the keys changed since `from` in e->touched. */
static void log_rebuilds(struct engine *e, size_t from)
{
    while (from < e->touched.len) {
        uint32_t head[2];
        memcpy(head, e->touched.p + from, sizeof head);
        struct slice key = slice_make(e->touched.p + from + sizeof head, head[1]);
        from += sizeof head + key.len;
        struct slice del[] = {SLICE("DEL"), key};
        effects_add(&e->effects, head[0], 2, del);
        const struct entry *entry = dict_find(&e->db[head[0]].keys, key);
        if (entry != NULL) db_rewrite_entry(entry, &e->effects);
    }
}

/* The effect of a command that said none itself: as it was sent, unless it mixes durable and
 * ephemeral keys; then what became of the durable ones. */
static void log_verbatim(struct cmd *c, size_t touched_from)
{
    struct engine *e = c->engine;
    if (e->ephemeral_count > 0) {
        uint32_t keys = 0;
        if (count_ephemeral(e, c->spec, c->argv, c->argc, &keys) > 0) {
            log_rebuilds(e, touched_from);
            return;
        }
    }
    effects_add(&e->effects, c->db->id, c->argc, c->argv);
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

    c->reply->failed = false;
    c->spec->run(c);

    if (e->sink != NULL && e->durable_writes != durable && !c->explicit_effects)
        log_verbatim(c, touched);

    int64_t took_us = e->clock.wall_us(e->clock.data) - from_us;
    if (took_us < 0) took_us = 0; /* the wall clock was set back */
    struct cmd_stats *stats = &e->cmd_stats[c->spec->index];
    stats->calls++;
    stats->usec += (uint64_t)took_us;
    if (c->reply->failed && c->reply->out->len > reply_at && c->reply->out->p[reply_at] == '-') {
        stats->failed++;
        engine_count_error(
            e, slice_make(c->reply->out->p + reply_at + 1, c->reply->out->len - reply_at - 1));
    }
    slowlog_note(c, took_us);
    /* Within a batch the end of one command is the time of the next. */
    if (e->batch && e->depth == 1) e->next_us = from_us + took_us;
}

static void depend(struct session *s, uint64_t end)
{
    if (s->depends_on < end) s->depends_on = end;
}

/* Ends a top-level command of s (NULL: none): one record for the log, and everyone who got
 * bytes waits for it. */
static void finish(struct engine *e, struct session *s)
{
    const struct log_sink *sink = e->sink;
    bool logged = sink != NULL && e->effects.bytes.len > 0;
    if (logged) (void)sink->append(sink->data, buf_slice(&e->effects.bytes));
    if (e->effects.bytes.len > 0) effects_reset(&e->effects);
    bool depends = sink != NULL && (logged || e->saw_durable);
    uint64_t end = depends ? sink->end(sink->data) : 0;
    if (depends && s != NULL) depend(s, end);
    for (struct list *l = list_take(&e->touched_sessions); l != NULL;
         l = list_take(&e->touched_sessions)) {
        struct session *other = list_entry(l, struct session, touched);
        if (depends) depend(other, end);
        if (other != s && other->io->produced != NULL) other->io->produced(other);
    }
    buf_clear(&e->touched);
    e->saw_durable = false;
    if (e->arena.block != NULL) arena_reset(&e->arena);
}

static void begin(struct engine *e)
{
    if (!e->batch)
        engine_clock_update(e);
    else if (e->next_us != 0) {
        e->now_us = e->next_us;
        e->now_ms = e->now_us / 1000;
        e->now_s = (uint32_t)(e->now_ms / 1000);
    }
}

static void run_top(struct engine *e, struct session *s, const struct cmd_spec *spec,
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
    run_top(outer->engine, outer->session, spec, argv, argc, outer->reply, false);
}

/* --- guards before a command runs --- */

static void reply_unknown(struct reply *r, const struct slice *argv, uint32_t argc)
{
    struct buf line = {0};
    buf_addf(&line, "ERR unknown command '%.*s', with args beginning with: ",
             (int)(argv[0].len < 128 ? argv[0].len : 128), argv[0].p);
    size_t shown = 0;
    for (uint32_t i = 1; i < argc && shown < 128; i++) {
        size_t left = 128 - shown;
        size_t n = argv[i].len < left ? argv[i].len : left;
        size_t before = line.len;
        buf_add_char(&line, '\'');
        buf_add(&line, argv[i].p, n);
        buf_add_cstr(&line, "' ");
        shown += line.len - before;
    }
    reply_error_slice(r, buf_slice(&line));
    buf_fini(&line);
}

static void reply_unknown_sub(struct reply *r, const struct cmd_spec *container, struct slice name)
{
    char upper[64];
    size_t n = 0;
    for (; container->name[n] != '\0' && n < sizeof upper - 1; n++)
        upper[n] =
            (char)(container->name[n] >= 'a' && container->name[n] <= 'z' ? container->name[n] - 32
                                                                          : container->name[n]);
    upper[n] = '\0';
    reply_errorf(r, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                 (int)(name.len < 128 ? name.len : 128), name.p, upper);
}

static bool arity_fits(const struct cmd_spec *spec, uint32_t argc)
{
    return spec->arity >= 0 ? argc == (uint32_t)spec->arity : argc >= (uint32_t)-spec->arity;
}

static bool is_named(const struct cmd_spec *spec, const char *name)
{
    return strcmp(spec->name, name) == 0;
}

/* In RESP2 a subscriber can tell replies from messages only if few commands are allowed. */
static bool allowed_while_subscribed(const struct cmd_spec *spec)
{
    static const char *const names[] = {"ping",         "subscribe",   "ssubscribe",
                                        "psubscribe",   "unsubscribe", "sunsubscribe",
                                        "punsubscribe", "quit",        "reset"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_named(spec, names[i])) return true;
    return false;
}

/* Commands that MULTI does not queue. */
static bool runs_in_multi(const struct cmd_spec *spec)
{
    return is_named(spec, "exec") || is_named(spec, "discard") || is_named(spec, "multi") ||
           is_named(spec, "watch") || is_named(spec, "quit") || is_named(spec, "reset");
}

static bool refuse(struct session *s, struct reply *r, const struct cmd_spec *spec)
{
    struct engine *e = s->engine;
    if (spec != NULL) e->cmd_stats[spec->index].rejected++;
    if ((s->flags & SESSION_MULTI) != 0) s->flags |= SESSION_MULTI_DIRTY;
    size_t n = 0;
    struct slice line = buf_slice(r->out);
    for (size_t i = line.len; i-- > 0 && n == 0;)
        if (line.p[i] == '-' && (i == 0 || line.p[i - 1] == '\n')) n = i + 1;
    if (r->failed) engine_count_error(e, slice_from(line, n));
    if (spec != NULL && is_named(spec, "exec")) {
        struct slice why = arena_copy(&e->arena, slice_trim(slice_from(line, n)));
        if (slice_starts(why, SLICE("ERR "))) why = slice_from(why, 4);
        r->out->len = n - 1;
        session_queue_clear(s);
        watch_clear(s);
        reply_errorf(r, "EXECABORT Transaction discarded because of: %.*s", (int)why.len, why.p);
    }
    return false;
}

/* Whether the log takes writes now; otherwise it has replied. */
static bool log_takes(const struct engine *e, const struct cmd_spec *spec, struct reply *r)
{
    if (e->sink == NULL || e->sink->refuses == NULL || (spec->flags & CMD_WRITE) == 0) return true;
    const char *why = e->sink->refuses(e->sink->data);
    if (why == NULL) return true;
    reply_error(r, why);
    return false;
}

/* Everything that may keep a known command from running. True when it may run. */
static bool admit(struct session *s, const struct cmd_spec *spec, uint32_t argc, struct reply *r)
{
    struct engine *e = s->engine;
    if (!arity_fits(spec, argc)) {
        reply_errorf(r, "ERR wrong number of arguments for '%s' command", spec->name);
        return refuse(s, r, spec);
    }
    if (!s->authenticated && (spec->flags & CMD_NOAUTH) == 0) {
        reply_error(r, "NOAUTH Authentication required.");
        return refuse(s, r, spec);
    }
    if (s->subs != NULL && s->resp == 2 && session_sub_count(s) > 0 &&
        !allowed_while_subscribed(spec)) {
        reply_errorf(r,
                     "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                     "QUIT / RESET are allowed in this context",
                     spec->name);
        return refuse(s, r, spec);
    }
    if ((s->flags & SESSION_MULTI) != 0 && (spec->flags & CMD_NOMULTI) != 0 &&
        !runs_in_multi(spec)) {
        reply_error(r, "ERR Command not allowed inside a transaction");
        return refuse(s, r, spec);
    }
    if (e->config.maxmemory > 0 && !exec_make_room(e) && (spec->flags & CMD_DENYOOM) != 0) {
        reply_err(r, ERR_OOM);
        return refuse(s, r, spec);
    }
    if ((spec->flags & CMD_WRITE) != 0 && !log_takes(e, spec, r)) return refuse(s, r, spec);
    return true;
}

static void queue(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                  uint32_t argc)
{
    if (s->queue_count == s->queue_cap) {
        s->queue_cap = s->queue_cap == 0 ? 8 : s->queue_cap * 2;
        s->queue = mem_realloc(s->queue, s->queue_cap * sizeof s->queue[0]);
    }
    s->queue[s->queue_count++] =
        (struct queued){.spec = spec, .argv = argv_copy(argv, argc), .argc = argc};
    for (uint32_t i = 0; i < argc; i++)
        s->queue_bytes += argv[i].len;
}

/* --- woken clients --- */

/* Whether a client that waits for this kind of value may look at the key again. */
static bool may_serve(const struct block *b, struct db *db, struct slice key)
{
    if (b->kind == BLOCK_STREAM) return true;
    const struct entry *entry = dict_find(&db->keys, key);
    if (entry == NULL) return false;
    enum value_kind kind = value_kind_of(entry->value);
    return kind == (b->kind == BLOCK_LIST ? VALUE_LIST : VALUE_ZSET);
}

static void run_again(struct engine *e, struct session *s)
{
    struct block *b = s->block;
    struct reply reply = {.out = &s->out, .resp = s->resp};
    struct session *before = e->current;
    e->current = s;
    b->again = false;
    begin(e);
    run_top(e, s, b->spec, b->argv, b->argc, &reply, true);
    e->current = before;
    if (b->again) {
        finish(e, s);
        return;
    }
    block_end(s);
    session_touch(s);
    finish(e, NULL);
    if (s->io->hold != NULL) s->io->hold(s, false);
}

/* Serves the clients of one key in the order they came. Their ids are noted first: serving one
 * may end others. */
static void serve_key(struct engine *e, struct blocked_key *k)
{
    uint32_t n = 0, count = 0;
    list_each(at, &k->waiters) count++;
    struct session **waiting = mem_array(count, struct session *);
    uint64_t *ids = mem_array(count, uint64_t);
    list_each(at, &k->waiters)
    {
        waiting[n] = list_entry(at, struct block_wait, of_key)->block->session;
        ids[n] = waiting[n]->id;
        n++;
    }
    struct db *db = k->db;
    struct slice key = slice_make(mem_dup(k->key, k->len), k->len);
    for (uint32_t i = 0; i < n; i++) {
        bool there = false;
        k = dict_find(&db->blocked, key);
        if (k == NULL) break;
        /* The first is most often still the next in the queue. */
        list_each(at, &k->waiters)
        {
            struct session *s = list_entry(at, struct block_wait, of_key)->block->session;
            if (s == waiting[i] && s->id == ids[i]) there = true;
            if (there) break;
        }
        if (!there || !may_serve(waiting[i]->block, db, key)) continue;
        run_again(e, waiting[i]);
    }
    mem_free((char *)(uintptr_t)key.p);
    mem_free(ids);
    mem_free(waiting);
}

static void serve_ready(struct engine *e)
{
    if (list_empty(&e->ready) || e->serving) return;
    e->serving = true;
    for (struct list *l = list_take(&e->ready); l != NULL; l = list_take(&e->ready))
        serve_key(e, list_entry(l, struct blocked_key, ready));
    e->serving = false;
}

/* --- top level --- */

static const struct cmd_spec *lookup(struct session *s, const struct slice *argv, uint32_t argc,
                                     struct reply *r)
{
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec == NULL) {
        reply_unknown(r, argv, argc);
        (void)refuse(s, r, NULL);
        return NULL;
    }
    if (argc < 2 || !cmd_is_container(spec)) return spec;
    const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
    if (sub != NULL) return sub;
    reply_unknown_sub(r, spec, argv[1]);
    (void)refuse(s, r, NULL);
    return NULL;
}

/* CLIENT PAUSE holds all commands, or those that may write; never those that could end it. */
static bool is_paused(const struct engine *e, const struct cmd_spec *spec)
{
    if (e->pause_until_ms <= e->now_ms || is_named(spec, "client|unpause")) return false;
    if (e->pause_all) return true;
    return (spec->flags & (CMD_WRITE | CMD_MAYREPLICATE)) != 0 || is_named(spec, "exec");
}

static void exec_one(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc)
{
    struct reply reply = {.out = &s->out, .resp = s->resp};
    const struct cmd_spec *spec = lookup(s, argv, argc, &reply);
    if (spec == NULL || !admit(s, spec, argc, &reply)) return;
    if (spec->run == NULL) { /* a container without its subcommand */
        reply_errorf(&reply, "ERR wrong number of arguments for '%s' command", spec->name);
        (void)refuse(s, &reply, spec);
        return;
    }
    s->last_cmd = spec;
    if ((s->flags & SESSION_MULTI) != 0 && !runs_in_multi(spec)) {
        queue(s, spec, argv, argc);
        buf_add(&s->out, "+QUEUED\r\n", 9);
        return;
    }
    if (is_paused(e, spec)) {
        block_start(s, spec, argv, argc, NULL, 0, e->pause_until_ms, BLOCK_PAUSE);
        if (s->io->hold != NULL) s->io->hold(s, true);
        return;
    }
    if (!list_empty(&e->monitors)) monitor_feed(e, s, spec, argv, argc);
    run_top(e, s, spec, argv, argc, &reply, false);
}

/* Runs a command that CLIENT PAUSE has held. */
static void resume(struct engine *e, struct session *s)
{
    struct block *b = s->block;
    struct slice *argv = b->argv;
    uint32_t argc = b->argc;
    b->argv = NULL;
    block_end(s);
    e->current = s;
    begin(e);
    exec_one(e, s, argv, argc);
    e->current = NULL;
    session_touch(s);
    finish(e, NULL);
    mem_free(argv);
    if (s->block == NULL && s->io->hold != NULL) s->io->hold(s, false);
}

/* After CLIENT UNPAUSE, or a pause that was made longer: looks at all that are held. */
static void resume_paused(struct engine *e)
{
    e->unpaused = false;
    list_each_safe(at, &e->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (s->block != NULL && s->block->kind == BLOCK_PAUSE) resume(e, s);
    }
}

void exec_command(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc)
{
    must(s->block == NULL);
    must(argc > 0);
    if (e->depth > 0) { /* a script let others have a turn */
        script_while_busy(e, s, argv, argc);
        return;
    }
    begin(e);
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
    finish(e, s);
    e->current = NULL;
    serve_ready(e);
    if (e->unpaused) resume_paused(e);
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
    if (!arity_fits(spec, argc) || spec->run == NULL) return EXEC_ARITY;
    if ((spec->flags & CMD_NOSCRIPT) != 0) return EXEC_NOSCRIPT;
    bool writes = (spec->flags & CMD_WRITE) != 0;
    if (readonly && (writes || (spec->flags & CMD_MAYREPLICATE) != 0)) return EXEC_READONLY;
    /* Once a script has written it goes on: half a script would be worse than a little memory. */
    if (e->config.maxmemory > 0 && (spec->flags & CMD_DENYOOM) != 0 && e->effects.count == 0 &&
        !exec_make_room(e))
        return EXEC_OOM;
    if (writes && !log_takes(e, spec, into)) return EXEC_REFUSED;

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

/* --- recovery and records of our own --- */

static const struct session_io silent = {0};

bool exec_apply(struct engine *e, const struct slice *argv, uint32_t argc, struct slice *why)
{
    if (e->replay == NULL) {
        e->replay = mem_new(struct session);
        session_init(e->replay, e, &silent);
        list_del(&e->replay->all);
        e->session_count--;
        e->replay->authenticated = true;
        e->replay->flags |= SESSION_REPLAY | SESSION_DENY_BLOCK;
        e->loading = true;
    }
    struct session *s = e->replay;
    const struct log_sink *sink = e->sink;
    e->sink = NULL;
    buf_clear(&s->out);
    struct reply reply = {.out = &s->out, .resp = 2};
    const struct cmd_spec *spec = argc == 0 ? NULL : resolve(argv, argc);
    e->current = s;
    begin(e);
    if (spec == NULL || spec->run == NULL || !arity_fits(spec, argc))
        reply_error(&reply, "ERR the log holds a command this store does not know");
    else
        run_top(e, s, spec, argv, argc, &reply, false);
    finish(e, s);
    e->current = NULL;
    e->sink = sink;
    if (!reply.failed) return true;
    *why = s->out.len > 0 ? slice_from(slice_trim(buf_slice(&s->out)), 1) : SLICE("no reply");
    return false;
}

void exec_apply_end(struct engine *e)
{
    if (e->replay != NULL) {
        list_add(&e->sessions, &e->replay->all);
        e->session_count++;
        session_fini(e->replay);
        mem_free(e->replay);
        e->replay = NULL;
    }
    e->loading = false;
    engine_ephemeral_drop(e);
}

uint64_t exec_log(struct engine *e, uint32_t db, const struct slice *argv, uint32_t argc)
{
    if (e->sink == NULL) return 0;
    struct effects one = {.db = -1};
    effects_add(&one, db, argc, argv);
    uint64_t end = e->sink->append(e->sink->data, buf_slice(&one.bytes));
    effects_fini(&one);
    return end;
}

/* --- time --- */

static void time_out(struct engine *e)
{
    for (struct heap_node *n = heap_min(&e->deadlines); n != NULL && n->key <= e->now_ms;
         n = heap_min(&e->deadlines)) {
        struct session *s = heap_entry(n, struct block, deadline)->session;
        if (s->block->kind == BLOCK_PAUSE)
            resume(e, s);
        else
            (void)exec_unblock(s, false);
    }
}

bool exec_unblock(struct session *s, bool with_error)
{
    if (s->block == NULL) return false;
    struct reply reply = {.out = &s->out, .resp = s->resp};
    block_end(s);
    if (with_error)
        reply_error(&reply, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        reply_null_array(&reply);
    session_touch(s);
    if (s->io->hold != NULL) s->io->hold(s, false);
    if (s->engine->depth == 0) finish(s->engine, NULL);
    return true;
}

static void sample(struct engine *e)
{
    int64_t now = e->clock.mono_us(e->clock.data);
    if (now - e->stats.ops_last_us < 100000) return;
    if (e->stats.ops_last_us > 0) {
        uint64_t done = e->stats.commands - e->stats.ops_last;
        uint64_t us = (uint64_t)(now - e->stats.ops_last_us);
        e->stats.ops_sample[e->stats.ops_at++ % 16] = done * 1000000 / us;
    }
    e->stats.ops_last = e->stats.commands;
    e->stats.ops_last_us = now;
}

void exec_tick(struct engine *e)
{
    if (e->depth > 0) return; /* a script let others have a turn */
    engine_clock_update(e);
    time_out(e);
    (void)db_expire_cycle(e, 2000);
    finish(e, NULL);
    sample(e);
    serve_ready(e);
}

int64_t exec_next_ms(struct engine *e)
{
    const struct heap_node *n = heap_min(&e->deadlines);
    if (n == NULL) return 100;
    int64_t left = n->key - e->clock.wall_us(e->clock.data) / 1000;
    if (left < 0) return 0;
    return left < 100 ? left : 100;
}

void exec_rewrite(struct engine *e, void (*fn)(struct slice piece, void *data), void *data)
{
    struct effects out = {.db = -1};
    if (e->script_rewrite != NULL) e->script_rewrite(e, &out);
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct dict_iter at;
        dict_iter_init(&at, &e->db[i].keys);
        for (const struct entry *entry = dict_iter_next(&at); entry != NULL;
             entry = dict_iter_next(&at)) {
            if (e->ephemeral_count > 0 && db_is_ephemeral(e, entry_key(entry))) continue;
            effects_select(&out, i);
            db_rewrite_entry(entry, &out);
            if (out.bytes.len < 65536) continue;
            fn(buf_slice(&out.bytes), data);
            buf_clear(&out.bytes);
            out.count = 0;
        }
        dict_iter_fini(&at);
    }
    if (out.bytes.len > 0) fn(buf_slice(&out.bytes), data);
    effects_fini(&out);
}

/* --- blocking --- */

bool cmd_may_block(const struct cmd *c)
{
    return c->engine->depth == 1 && !c->in_script &&
           (c->session->flags & (SESSION_DENY_BLOCK | SESSION_REPLAY)) == 0;
}

void cmd_block(struct cmd *c, const struct slice *keys, uint32_t n, int64_t timeout_ms,
               enum block_kind kind)
{
    if (c->session->block != NULL) {
        c->session->block->again = true;
        return;
    }
    if (!cmd_may_block(c)) {
        reply_null_array(c->reply);
        return;
    }
    int64_t deadline = timeout_ms == 0 ? 0 : c->engine->now_ms + timeout_ms;
    block_start(c->session, c->spec, c->argv, c->argc, keys, n, deadline, (uint32_t)kind);
    if (c->session->io->hold != NULL) c->session->io->hold(c->session, true);
}
