/* dispatcher: rides, their transitions, drivers' states and the deadlines of it all.
 *
 * A handler reads and checks the request, calls one function of the lifecycle, and answers what it
 * returned. The chores of a region (chores.h) are done by whichever dispatcher leads it.
 */
#ifndef HANSOM_DISPATCHER_H
#define HANSOM_DISPATCHER_H

#include "services/dispatcher/chores.h"
#include "services/dispatcher/projector.h"
#include "services/kit/app.h"
#include "services/kit/driver_index.h"
#include "services/kit/lifecycle.h"
#include "services/kit/quote_keys.h"

struct dispatcher_options {
#define OPT OPTION_FIELD
#include "services/dispatcher/options.def"
#undef OPT
};

enum {
#define METRIC METRIC_ID
#include "services/dispatcher/metrics.def"
#undef METRIC
    M_COUNT
};

struct dispatcher {
    struct app *app;
    struct dispatcher_options options;
    struct metric *metric[M_COUNT];
    struct quote_keys quote_keys;
    struct slice registered[LIFE_GROUPS_MAX]; /* groups; borrowed from the options */
    size_t registered_count;
    struct lifecycle *life;                    /* owned */
    struct chores *chores[REGIONS_MAX];        /* owned */
    struct projector *projectors[REGIONS_MAX]; /* owned */
    size_t regions_count;
    char consumer[APP_CONSUMER_MAX + 1];
};

#define ROUTE HTTP_ROUTE_PROTOTYPE
#include "services/dispatcher/routes.def"
#undef ROUTE

/* The groups that streams are kept for. */
static inline struct life_names dispatcher_registered(const struct dispatcher *d)
{
    return (struct life_names){d->registered, d->registered_count};
}

/* The dispatcher behind a request. */
static inline struct dispatcher *dispatcher_of(const struct http_req *req)
{
    return http_svc(req);
}

#endif
