/* ingest: drivers' positions in, and what riders may see of them out.
 *
 * The way of a fix into the store is kit's ping_flow. Here are the endpoints around it, and the
 * sweep that takes silent drivers out of the index.
 */
#ifndef HANSOM_LOCATION_INGEST_INGEST_H
#define HANSOM_LOCATION_INGEST_INGEST_H

#include "services/kit/app.h"
#include "services/kit/lifecycle.h"
#include "services/kit/ping_flow.h"
#include "services/kit/recorder.h"
#include "services/location-ingest/marker.h"
#include "services/location-ingest/rate.h"
#include "services/location-ingest/sweep.h"

struct ingest_options {
#define OPT OPTION_FIELD
#include "services/location-ingest/options.def"
#undef OPT
};

enum {
#define METRIC METRIC_ID
#include "services/location-ingest/metrics.def"
#undef METRIC
    M_COUNT
};

struct ingest {
    struct app *app;
    struct ingest_options options;
    struct metric *metric[M_COUNT];
    struct lifecycle *life;    /* owned */
    struct recorder *recorder; /* owned */
    struct ping_flow *flow;    /* owned */
    struct marker_key marker_key;
    struct rate nearby_rate;
    struct sweep *sweeps[REGIONS_MAX]; /* owned */
    size_t sweeps_count;
};

#define ROUTE HTTP_ROUTE_PROTOTYPE
#include "services/location-ingest/routes.def"
#undef ROUTE

/* Whether the id names a driver of a region that this process serves. */
bool ingest_serves(const struct ingest *in, struct slice driver_id);

#endif
