/* handover: what waits for the log is handed to it together.
 *
 * Why: a sync costs the same for one record as for a hundred. Clients that were answered together
 * write again one after the other; handing over what the first of them wrote at once would have
 * the others wait for that sync and then for one of their own.
 *
 * So the loop turns without waiting while records keep coming, and hands over when none has come
 * for QUIET_US, or after LONGEST_US. Without `always` nobody waits for the log: there one turn
 * without a record is enough, and the writer is woken less often.
 */
#include "base/clock.h"
#include "base/must.h"
#include "store/server/inside.h"

enum { QUIET_US = 15, LONGEST_US = 500 };

void handover_init(struct server *s)
{
    must(uv_idle_init(&s->loop, &s->handover.idle) == 0);
}

void handover_close(struct server *s)
{
    uv_close((uv_handle_t *)&s->handover.idle, NULL);
}

/* While it runs the loop asks its sockets without waiting. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static bool goes_on(const struct server *s, bool more, int64_t now_us)
{
    const struct handover *h = &s->handover;
    if (now_us - h->first_us >= LONGEST_US) return false;
    if (s->engine->config.appendfsync != FSYNC_ALWAYS) return more;
    return now_us - h->last_us < QUIET_US;
}

bool handover_more(struct server *s)
{
    struct handover *h = &s->handover;
    uint64_t end = journal_end(s->journal);
    if (end == h->handed) return false;
    int64_t now_us = clock_mono_us();
    bool more = end != h->end;
    if (h->end == h->handed) h->first_us = now_us;
    if (more) h->last_us = now_us;
    h->end = end;
    if (goes_on(s, more, now_us)) {
        (void)uv_idle_start(&h->idle, on_idle);
        return true;
    }
    handover_end(s);
    return false;
}

void handover_end(struct server *s)
{
    s->handover.end = s->handover.handed = journal_end(s->journal);
    (void)uv_idle_stop(&s->handover.idle);
}
