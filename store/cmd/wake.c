#include "base/mem.h"
#include "store/cmd/exec_inside.h"
#include "store/cmd/guard.h"
#include "store/engine/block.h"
#include "store/engine/trash.h"

/* --- waiting for keys --- */

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
    int64_t now_ms = c->engine->now_ms;
    int64_t deadline = timeout_ms == 0                   ? 0
                       : timeout_ms > INT64_MAX - now_ms ? INT64_MAX
                                                         : now_ms + timeout_ms;
    block_start(c->session, c->spec, c->argv, c->argc, keys, n, deadline, (uint32_t)kind);
    if (c->session->io->hold != NULL) c->session->io->hold(c->session, true);
}

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
    struct reply reply = exec_reply(s);
    struct session *before = e->current;
    e->current = s;
    b->again = false;
    exec_begin(e);
    if (guard_is_free(s) || guard_admits(s, b->spec, b->argv, b->argc, &reply))
        exec_run(e, s, b->spec, b->argv, b->argc, &reply, true);
    exec_reply_end(s, &reply);
    e->current = before;
    if (b->again) {
        exec_finish(e, s);
        return;
    }
    block_end(s);
    session_touch(s);
    exec_finish(e, NULL);
    if (s->io->hold != NULL) s->io->hold(s, false);
}

/* Serves the clients of one key in the order they came. A bookmark in the queue holds our place
 * and keeps the key: whoever is served leaves the queue, and may take others along. */
static void serve_key(struct engine *e, struct blocked_key *k)
{
    struct slice key = slice_make(k->key, k->len);
    struct list bookmark;
    e->serving_key = key;
    list_init(&bookmark);
    list_add(k->waiters.next, &bookmark);
    while (bookmark.next != &k->waiters) {
        struct list *at = bookmark.next;
        list_del(&bookmark);
        list_add(at->next, &bookmark);
        struct block *b = list_entry(at, struct block_wait, of_key)->block;
        if (may_serve(b, k->db, key)) run_again(e, b->session);
    }
    list_del(&bookmark);
    if (list_empty(&k->waiters)) block_forget(k);
}

void wake_ready(struct engine *e)
{
    if (list_empty(&e->ready) || e->serving) return;
    e->serving = true;
    for (struct list *l = list_take(&e->ready); l != NULL; l = list_take(&e->ready))
        serve_key(e, list_entry(l, struct blocked_key, ready));
    e->serving = false;
}

/* --- CLIENT PAUSE --- */

/* All commands, or those that may write; never the one that could end it. */
bool wake_is_paused(const struct engine *e, const struct cmd_spec *spec)
{
    if (e->pause_until_ms <= e->now_ms || cmd_is_named(spec, "client|unpause")) return false;
    if (e->pause_all) return true;
    return (spec->flags & (CMD_WRITE | CMD_MAYREPLICATE)) != 0 || cmd_is_named(spec, "exec");
}

void wake_hold(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
               uint32_t argc)
{
    block_start(s, spec, argv, argc, NULL, 0, s->engine->pause_until_ms, BLOCK_PAUSE);
    if (s->io->hold != NULL) s->io->hold(s, true);
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
    exec_begin(e);
    exec_one(e, s, argv, argc);
    e->current = NULL;
    session_touch(s);
    exec_finish(e, NULL);
    mem_free(argv);
    if (s->block == NULL && s->io->hold != NULL) s->io->hold(s, false);
}

void wake_paused(struct engine *e)
{
    e->unpaused = false;
    list_each_safe(at, &e->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (s->block != NULL && s->block->kind == BLOCK_PAUSE) resume(e, s);
    }
}

/* --- the clock --- */

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
    if (s->engine->depth == 0) exec_finish(s->engine, NULL);
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
    (void)trash_work(e, TRASH_SLICE_US);
    time_out(e);
    int64_t from_us = e->clock.mono_us(e->clock.data);
    if (db_expire_cycle(e, 2000) > 0)
        engine_took(e, LATENCY_EXPIRE_CYCLE, e->clock.mono_us(e->clock.data) - from_us);
    if (e->observer != NULL) e->observer_works = e->observer->work(e->observer_data);
    exec_finish(e, NULL);
    sample(e);
    wake_ready(e);
}

int64_t exec_next_ms(struct engine *e)
{
    if (e->trash_count > 0 || e->observer_works) return 0;
    const struct heap_node *n = heap_min(&e->deadlines);
    if (n == NULL) return 100;
    int64_t left = n->key - e->clock.wall_us(e->clock.data) / 1000;
    if (left < 0) return 0;
    return left < 100 ? left : 100;
}
