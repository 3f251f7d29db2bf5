/* pricing: quotes, fares, settlement and surge.
 *
 *   quotes.c        POST /v1/quotes
 *   settler.c       rides:events -> final fares, one for each region
 *   surge_keeper.c  demand and supply -> multipliers, one for each region, the leader's works
 *   tally.c         what the keeper records of both over time
 *   surges.c        what the keeper wrote, and what ops pinned
 *
 * The thinking is in fare, settlement and surge, and in kit's quote tokens.
 */
#ifndef HANSOM_PRICING_PRICING_H
#define HANSOM_PRICING_PRICING_H

#include "services/kit/app.h"
#include "services/kit/lifecycle.h"
#include "services/kit/quote_keys.h"
#include "services/kit/recorder.h"
#include "services/pricing/settler.h"
#include "services/pricing/surge_keeper.h"

struct pricing_options {
#define OPT OPTION_FIELD
#include "services/pricing/options.def"
#undef OPT
};

enum {
#define METRIC METRIC_ID
#include "services/pricing/metrics.def"
#undef METRIC
    M_COUNT
};

struct pricing {
    struct app *app;
    struct pricing_options options;
    struct metric *metric[M_COUNT];
    struct lifecycle *life;    /* owned */
    struct recorder *recorder; /* owned */
    struct quote_keys keys;
    struct settler *settlers[REGIONS_MAX];     /* owned */
    struct surge_keeper *keepers[REGIONS_MAX]; /* owned */
    size_t regions_count;
    char consumer[APP_CONSUMER_MAX + 1];
};

#define ROUTE HTTP_ROUTE_PROTOTYPE
#include "services/pricing/routes.def"
#undef ROUTE

/* Reads a pin of ops ("1.5 1700000000000"): the multiplier and until when. False when it is none. */
bool surge_pin_parse(struct slice text, double *multiplier, int64_t *until_ms);

#endif
