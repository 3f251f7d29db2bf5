/* world: one run: the demand, the actors, what they share, and the order of things.
 *
 *   SETUP    every driver gets a profile, goes online and connects
 *   RUN      riders ask at their times, whatever happens
 *   DRAIN    nobody new asks; rides finish
 *   AUDIT    everything is read back
 *   OVER     drivers go offline, the loop empties
 *
 * Actors never look into each other, except where people would talk: a rider tells his driver
 * the start code.
 *
 * Owner: world_open to world_close; everything lives until then, so callbacks may point to
 * actors.
 */
#ifndef HANSOM_SIM_WORLD_H
#define HANSOM_SIM_WORLD_H

#include "base/map.h"
#include "sim/call.h"
#include "sim/demand.h"
#include "sim/options.h"
#include "sim/report.h"
#include "sim/view.h"
#include "sim/ws_client.h"

struct rider;
struct driver;
struct audit;

enum world_phase { WORLD_SETUP, WORLD_RUN, WORLD_DRAIN, WORLD_AUDIT, WORLD_OVER };

#define CITY_MPS    7.0 /* average speed along streets, unscaled */
#define CITY_DETOUR 1.3 /* streets are so much longer than the straight line */

struct world {
    const struct options *opt;
    struct net net;
    struct calls calls;
    struct endpoint *dispatchers[DISPATCHERS_MAX];
    size_t dispatchers_count;
    size_t dispatcher_next;
    struct endpoint *ingest;
    struct endpoint *pricing;
    struct sockaddr_in gateway;
    struct buf secret;
    struct buf ops_token;
    char region[16];
    char run_id[12]; /* makes this run's names unlike another's */

    struct trip_file file; /* empty when the demand is generated */
    struct demand demand;
    struct rider *riders;   /* owned; one an order */
    struct driver *drivers; /* owned; demand.drivers of them */
    struct map rides;       /* ride id to its rider */
    struct map early;       /* ride id to the time of its first offer, before its rider knew it */

    enum world_phase phase;
    int64_t start_us; /* of RUN; clock_mono_us */
    size_t drivers_ready;
    size_t riders_done;
    struct alarm phase_alarm;
    struct alarm progress;
    int64_t ended_us;
    struct audit *audit;

    struct judge *judge;
    struct report report;
    int status; /* what main returns */
};

/* Builds everything; false after it has printed why it cannot. */
bool world_open(struct world *w, const struct options *opt, uv_loop_t *loop);

/* Runs the loop until the run is over. Returns the exit status. */
int world_run(struct world *w);

void world_close(struct world *w);

/* Milliseconds of wall time since RUN began. */
int64_t world_now_ms(const struct world *w);

/* Wall milliseconds that so much simulated time takes. */
int64_t world_scaled_ms(const struct world *w, double simulated_s);

/* The dispatcher whose turn it is. */
struct endpoint *world_dispatcher(struct world *w);

/* A token for that user, to be freed with buf_fini. */
struct buf world_token(struct world *w, const char *role, struct slice sub);

/* Somebody was offered that ride. */
void world_offered(struct world *w, struct slice ride_id);

/* Actors tell the world. */
void world_driver_ready(struct world *w);
void world_rider_done(struct world *w);

/* The audit has read everything. */
void world_audited(struct world *w);

#endif
