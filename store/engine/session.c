#include "session.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/block.h"
#include "store/engine/pubsub.h"
#include "store/engine/watch.h"

struct shared *shared_new(size_t cap)
{
    struct shared *m = mem_alloc(sizeof *m + cap);
    *m = (struct shared){.refs = 1, .cap = cap};
    return m;
}

void shared_ref(struct shared *s)
{
    must(s->refs < UINT32_MAX);
    s->refs++;
}

void shared_unref(struct shared *s)
{
    if (s == NULL) return;
    must(s->refs > 0);
    if (--s->refs == 0) mem_free(s);
}

void session_init(struct session *s, struct engine *e, const struct session_io *io)
{
    *s = (struct session){.engine = e, .io = io, .resp = 2, .fd = -1};
    s->id = ++e->session_next_id;
    s->user = e->acl.def;
    s->authenticated = acl_is_open(&e->acl);
    s->created_ms = e->now_ms;
    s->active_ms = e->now_ms;
    list_init(&s->all);
    list_init(&s->touched);
    list_init(&s->monitor);
    list_init(&s->watches);
    list_add(&e->sessions, &s->all);
    e->session_count++;
}

void session_queue_clear(struct session *s)
{
    for (uint32_t i = 0; i < s->queue_count; i++)
        mem_free(s->queue[i].argv);
    mem_free(s->queue);
    s->queue = NULL;
    s->queue_count = 0;
    s->queue_cap = 0;
    s->queue_bytes = 0;
    s->flags &= ~(uint32_t)(SESSION_MULTI | SESSION_MULTI_DIRTY);
}

void session_fini(struct session *s)
{
    if (s == NULL || s->engine == NULL) return;
    block_end(s);
    watch_clear(s);
    pubsub_leave(s);
    session_queue_clear(s);
    list_del(&s->touched);
    list_del(&s->monitor);
    list_del(&s->all);
    s->engine->session_count--;
    if (s->engine->current == s) s->engine->current = NULL;
    buf_fini(&s->out);
    mem_free((char *)(uintptr_t)s->name.p);
    s->name = (struct slice){0};
    s->engine = NULL;
}

void session_touch(struct session *s)
{
    if (list_empty(&s->touched)) list_add(&s->engine->touched_sessions, &s->touched);
}

size_t session_out_max(const struct session *s)
{
    const struct config *c = &s->engine->config;
    int64_t max = c->obuf_hard[s->subs != NULL ? 2 : 0];
    if (max <= 0) max = c->client_output_max;
    if (max <= 0) max = INT64_MAX;
    if (!s->authenticated && max > SESSION_OUT_NOAUTH) max = SESSION_OUT_NOAUTH;
    return (size_t)max;
}

size_t session_unread(struct session *s)
{
    return s->io->queued == NULL ? s->out.len : s->io->queued(s);
}

size_t session_memory(struct session *s)
{
    size_t held = s->io->held == NULL ? 0 : s->io->held(s);
    size_t lent = s->io->lent == NULL ? 0 : s->io->lent(s);
    return sizeof *s + held + lent + s->out.cap + s->queue_bytes + s->interest_bytes + s->name.len;
}

void session_overflow(struct session *s)
{
    if ((s->flags & SESSION_OVERFLOW) != 0) return;
    s->flags |= SESSION_OVERFLOW;
    s->engine->stats.output_limit_ends++;
    if (s->io->overflow != NULL) s->io->overflow(s);
}

/* Whether s can take so many bytes that it did not ask for; if not it is closed, the running
 * session after its command. */
static bool has_room(struct session *s, size_t more)
{
    if ((s->flags & SESSION_OVERFLOW) != 0) return false;
    if (session_unread(s) + more <= session_out_max(s)) return true;
    if (s != s->engine->current) session_overflow(s);
    return false;
}

char *session_push_room(struct session *s, size_t n)
{
    if (!has_room(s, n)) return NULL;
    char *to = buf_reserve(&s->out, n);
    s->out.len += n;
    session_touch(s);
    return to;
}

void session_push(struct session *s, struct slice bytes)
{
    char *to = session_push_room(s, bytes.len);
    if (to != NULL && bytes.len > 0) memcpy(to, bytes.p, bytes.len);
}

void session_push_shared(struct session *s, struct shared *m, size_t from, size_t n)
{
    if (!has_room(s, n)) return;
    if (s == s->engine->current || s->io->share == NULL)
        buf_add(&s->out, m->bytes + from, n);
    else
        s->io->share(s, m, from, n);
    session_touch(s);
}

void session_close(struct session *s, const char *why)
{
    if (s == s->engine->current) {
        s->flags |= SESSION_CLOSE_SOON;
    } else if (s->io->close != NULL) {
        s->io->close(s, why, true);
    }
}
