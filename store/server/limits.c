/* limits: what clients may make the store hold for them: each of them, and all together.
 *
 * Why: a client that reads slowly, or sends a command it never ends, costs memory and not time, so
 * nothing but a limit stops it. One over its own limit is closed; when all together are over
 * maxmemory-clients, those go that hold most.
 */
#include "conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <stdlib.h>

bool limits_over_output(struct conn *c)
{
    const struct config *config = &c->server->engine->config;
    size_t waiting = conn_unread(c);
    if (waiting > session_out_max(&c->session)) return true;
    uint32_t class = session_sub_count(&c->session) > 0 ? 2 : 0;
    int64_t soft = config->obuf_soft[class];
    if (soft <= 0 || waiting <= (uint64_t)soft) {
        c->soft_since_ms = 0;
        return false;
    }
    int64_t now_ms = clock_mono_ms();
    if (c->soft_since_ms == 0) c->soft_since_ms = now_ms;
    return now_ms - c->soft_since_ms > config->obuf_soft_s[class] * 1000;
}

void limits_weigh(struct conn *c)
{
    size_t now = session_memory(&c->session);
    c->server->clients_bytes += now - c->weighed;
    c->weighed = now;
}

/* What all clients may hold; SIZE_MAX when that has no limit. */
static size_t clients_max(const struct config *c)
{
    if (c->maxmemory_clients > 0) return (size_t)c->maxmemory_clients;
    if (c->maxmemory_clients == 0 || c->maxmemory == 0) return SIZE_MAX;
    return (size_t)((double)c->maxmemory * (double)-c->maxmemory_clients / 100);
}

static int larger_first(const void *a, const void *b)
{
    const struct conn *const *x = a, *const *y = b;
    return ((*x)->weighed < (*y)->weighed) - ((*x)->weighed > (*y)->weighed);
}

static bool may_go(const struct conn *c)
{
    return (c->session.flags & SESSION_NO_EVICT) == 0 && !c->close_now && !c->closed;
}

void limits_evict(struct server *s, void (*close)(struct conn *c, const char *why))
{
    size_t max = clients_max(&s->engine->config);
    if (s->clients_bytes <= max || s->conn_count == 0) return;
    struct conn **all = mem_array(s->engine->session_count, struct conn *);
    size_t n = 0, left = s->clients_bytes;
    list_each(at, &s->engine->sessions)
    {
        struct session *one = list_entry(at, struct session, all);
        if (one->io->held != NULL && may_go(conn_of(one))) all[n++] = conn_of(one);
    }
    qsort(all, n, sizeof(struct conn *), larger_first);
    for (size_t i = 0; i < n && left > max; i++) {
        log_warn("client_closed", LOG_INT("id", all[i]->session.id),
                 LOG_CSTR("why", "maxmemory-clients"), LOG_INT("bytes", all[i]->weighed));
        s->engine->stats.evicted_clients++;
        left -= all[i]->weighed;
        close(all[i], "maxmemory-clients");
    }
    mem_free(all);
}
