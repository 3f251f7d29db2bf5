/* transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"
#include "store/engine/watch.h"

/* MULTI */
void cmd_multi(struct cmd *c)
{
    if ((c->session->flags & SESSION_MULTI) != 0) {
        reply_error(c->reply, "ERR MULTI calls can not be nested");
        return;
    }
    c->session->flags |= SESSION_MULTI;
    reply_ok(c->reply);
}

/* DISCARD */
void cmd_discard(struct cmd *c)
{
    if ((c->session->flags & SESSION_MULTI) == 0) {
        reply_error(c->reply, "ERR DISCARD without MULTI");
        return;
    }
    session_queue_clear(c->session);
    watch_clear(c->session);
    reply_ok(c->reply);
}

/* Refuses the whole transaction when one of its writes could not be kept. */
static const char *why_not(struct cmd *c)
{
    const struct log_sink *sink = c->engine->sink;
    bool writes = false, needs_room = false;
    for (uint32_t i = 0; i < c->session->queue_count; i++) {
        writes |= (c->session->queue[i].spec->flags & CMD_WRITE) != 0;
        needs_room |= (c->session->queue[i].spec->flags & CMD_DENYOOM) != 0;
    }
    if (needs_room && c->engine->config.maxmemory > 0 && !exec_make_room(c->engine))
        return err_text(ERR_OOM);
    if (!writes || sink == NULL || sink->refuses == NULL) return NULL;
    return sink->refuses(sink->data);
}

/* EXEC: the queue runs as one command; its effects are one record. */
void cmd_exec(struct cmd *c)
{
    struct session *s = c->session;
    cmd_no_effect(c); /* the inner commands say theirs */
    if ((s->flags & SESSION_MULTI) == 0) {
        reply_error(c->reply, "ERR EXEC without MULTI");
        return;
    }
    const char *why = why_not(c);
    bool touched = (s->flags & SESSION_CAS_DIRTY) != 0 || watch_expired(s);
    if ((s->flags & SESSION_MULTI_DIRTY) != 0)
        reply_error(c->reply, "EXECABORT Transaction discarded because of previous errors.");
    else if (touched)
        reply_null_array(c->reply);
    else if (why != NULL)
        reply_errorf(c->reply, "EXECABORT Transaction discarded because of: %s", why);
    if ((s->flags & SESSION_MULTI_DIRTY) != 0 || touched || why != NULL) {
        if (touched) exec_sees_all(c->engine); /* by a write that may be lost yet */
        session_queue_clear(s);
        watch_clear(s);
        return;
    }
    watch_clear(s); /* our own writes are no reason to fail */
    reply_array(c->reply, s->queue_count);
    uint32_t denied = s->flags & SESSION_DENY_BLOCK;
    s->flags |= SESSION_DENY_BLOCK;
    for (uint32_t i = 0; i < s->queue_count; i++) {
        const struct queued *q = &s->queue[i];
        if (guard_is_free(s) || guard_admits_queued(s, q->spec, q->argv, q->argc, c->reply))
            exec_inner(c, q->spec, q->argv, q->argc);
    }
    s->flags = (s->flags & ~(uint32_t)SESSION_DENY_BLOCK) | denied;
    session_queue_clear(s);
}

/* WATCH key [key …] */
void cmd_watch(struct cmd *c)
{
    if ((c->session->flags & SESSION_MULTI) != 0) {
        reply_error(c->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    if ((c->session->flags & SESSION_CAS_DIRTY) == 0)
        for (uint32_t i = 1; i < c->argc; i++)
            watch_add(c->session, c->db, c->argv[i]);
    reply_ok(c->reply);
}

/* UNWATCH */
void cmd_unwatch(struct cmd *c)
{
    watch_clear(c->session);
    reply_ok(c->reply);
}
