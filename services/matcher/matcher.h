/* matcher: finds each requested ride a driver.
 *
 *   rides:incoming --work.c--> entries --round.c--> rides, candidates, pairs --lifecycle--> offers
 *   rides:events --follow.c--> board --work.c--> how long to gather
 *                                board --exchange.c--> drivers on their way swap rides
 *
 * Any number of matchers may share a region: the group gives each entry to one of them, and the
 * lifecycle lets only one offer win.
 */
#ifndef HANSOM_MATCHER_H
#define HANSOM_MATCHER_H

#include "services/kit/app.h"
#include "services/kit/lifecycle.h"
#include "services/kit/recorder.h"
#include "services/matcher/work.h"

struct matcher_options {
#define OPT OPTION_FIELD
#include "services/matcher/options.def"
#undef OPT
};

enum {
#define METRIC METRIC_ID
#include "services/matcher/metrics.def"
#undef METRIC
    M_COUNT
};

struct matcher {
    struct app *app;
    struct matcher_options options;
    struct metric *metric[M_COUNT];
    struct lifecycle *life;          /* owned */
    struct recorder *recorder;       /* owned */
    struct work *works[REGIONS_MAX]; /* owned, one a region */
    size_t works_count;
    char consumer[APP_CONSUMER_MAX + 1];
    double cost_s, greedy_s; /* of recent windows, fading */
    int64_t trace_second;    /* of the monotonic clock */
    int64_t traces;          /* written in it */
};

/* Counts what a window's pairing cost, and what nearest pair first would have. */
void matcher_note_cost(struct matcher *m, double cost_s, double greedy_s);

#endif
