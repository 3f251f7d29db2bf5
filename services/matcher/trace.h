/* trace: writes down why a ride got the driver it got, or nobody, in one window.
 *
 * One entry of match-trace:{r}:<ride> a window, at most TRACE_ENTRIES (the newest) a ride, gone some
 * time after the ride. Sent when the window's outcome is known, and nobody waits for it; beyond
 * TRACE_RATE entries a second none are written, so that a backlog is not slowed by its own story.
 */
#ifndef HANSOM_MATCHER_TRACE_H
#define HANSOM_MATCHER_TRACE_H

#include "base/buf.h"
#include "services/matcher/matcher.h"

enum { TRACE_ENTRIES = 50, TRACE_RATE = 500 };

/* Candidates as they are told: a JSON array under construction. Zero is an empty one. */
struct trace {
    struct buf candidates; /* owned */
};

/* One driver, how far he was, and the gate that dropped him. */
void trace_add(struct trace *t, struct slice driver_id, double eta_s, const char *gate);

/* What the window was and what came of it. */
struct trace_window {
    struct slice region, ride_id;
    int64_t attempt;
    int64_t rides; /* in the window */
    double radius_m;
    const char *result;     /* offered, assigned, deferred, ... */
    struct slice driver_id; /* whom it was given; empty: nobody */
};

/* Sends it, or not when there were too many this second. Empties t. */
void trace_write(struct trace *t, struct matcher *m, const struct trace_window *w);

#endif
