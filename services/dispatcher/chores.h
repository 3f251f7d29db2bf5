/* chores: what must happen in a region without anybody asking.
 *
 *   every tick, when this process leads:   heartbeat (1 s) -> timers that are due -> apply each
 *                                          a few records reconciled
 *                                          stream figures (1 s), trimming and reaping (60 s)
 *
 * A timer is only looked at here; the lifecycle removes it in the call that applies it. So a
 * process that dies between the two loses nothing, and two that apply the same one do it once.
 * After an outage of the store, no timer is applied before the heartbeat has moved the open deadlines.
 *
 * Owner: chores_new to chores_close's callback. Loop thread only. Store and lifecycle outlive it.
 */
#ifndef HANSOM_DISPATCHER_CHORES_H
#define HANSOM_DISPATCHER_CHORES_H

#include "base/metric.h"
#include "services/kit/lifecycle.h"
#include "services/kit/region.h"
#include "services/kit/store.h"

struct chores;

struct chores_config {
    uv_loop_t *loop;
    struct store *store;
    struct lifecycle *life;
    const struct region *region;  /* what is needed of it is copied */
    struct life_names registered; /* groups that streams are kept for; borrowed */
    int64_t reconcile_n;          /* keys looked over in a tick */
    int64_t reap_ms;
    int64_t trim_ms;
    int64_t interval_ms;
    int64_t leader_ms;
    int64_t timeout_ms;
    struct metric **metric; /* the dispatcher's table; borrowed */
};

struct chores *chores_new(const struct chores_config *config);

/* Begins nothing new, gives the leadership back, and frees c once all its calls have returned;
 * then calls cb. */
void chores_close(struct chores *c, void (*cb)(void *data), void *data);

#endif
