/* reconciler: walks through everything a region keeps, a few records at a time, and has the
 * lifecycle mend what disagrees.
 *
 * Why: every change is one call, so nothing should ever disagree; this is for what no call did (a
 * restored backup, a hand in the store, a bug), and for knowing that there was none. Each repair
 * is a line in the log, an entry of repairs:{region} and a count whose target is zero.
 *
 * Cost: one call a tick, on `count` keys of the store.
 * Owner: reconciler_new to reconciler_close (which waits for a call under way). Loop thread only.
 */
#ifndef HANSOM_DISPATCHER_RECONCILER_H
#define HANSOM_DISPATCHER_RECONCILER_H

#include "base/metric.h"
#include "services/kit/lifecycle.h"
#include "services/kit/region.h"

struct reconciler;

struct reconciler_config {
    struct lifecycle *life;
    const struct region *region; /* its id and products are copied */
    int64_t count;               /* keys looked at in a call */
    struct metric **metric;      /* the dispatcher's table; borrowed */
};

struct reconciler *reconciler_new(const struct reconciler_config *config);

/* Looks at the next few records, unless the last look is still under way. */
void reconciler_step(struct reconciler *r);

void reconciler_close(struct reconciler *r);

#endif
