/* ping_flow: fixes of drivers on their way into the store, from HTTP or WebSocket alike.
 *
 *     points -> ping_filter -> (driver_seen) -> ping_batch of the region -> store -> acknowledged
 *
 * A batch of a region is one pipeline: GEOADD XX to the active index, GEOADD XX to the idle index
 * of each product, ZADD XX GT of the time heard, and one SPUBLISH a driver; the next one leaves
 * when all of it was answered.
 *
 * Why only XX: the lifecycle alone adds and removes members, so a straggling fix of a driver who
 * went offline or took a ride cannot bring him back into an index. A driver whom this process has
 * not heard for PING_FLOW_SILENT_MS, or since the connection to the store was lost, may be missing
 * there: for him the lifecycle's driver_seen is asked first, which puts him back where his state
 * allows.
 *
 * Why it asks for no state otherwise: what a process remembered of a driver's products or ride
 * would be out of date just when it matters. A driver who is in no index of a product costs one
 * failed look-up there, and publishing to nobody costs less than knowing that there is nobody.
 *
 * What is published in loc:{region}:<driver> is the data of driver.location:
 *     {"driver_id","lat","lon","ts_ms","bearing_deg"?,"speed_mps"?}
 *
 * Cost:   about 300 bytes a driver; drivers_max of them. The one heard least recently makes room.
 * Owner:  ping_flow_new to ping_flow_close. Loop thread only.
 */
#ifndef HANSOM_KIT_PING_FLOW_H
#define HANSOM_KIT_PING_FLOW_H

#include "base/list.h"
#include "base/metric.h"
#include "services/kit/core/ping_filter.h"
#include "services/kit/store.h"

struct app;
struct lifecycle;
struct ping_flow;
struct recorder;

enum { PING_FLOW_SILENT_MS = 10000 };

struct ping_flow_config {
    struct app *app;        /* its store, regions and options are used */
    struct lifecycle *life; /* borrowed */
    struct ping_limits limits;
    size_t drivers_max;
    struct metric *pings;      /* counter by "result"; may be NULL */
    struct metric *freshness;  /* seconds; age of a fix when it was acknowledged; may be NULL */
    struct recorder *recorder; /* borrowed; may be NULL */
};

struct ping_flow *ping_flow_new(const struct ping_flow_config *config);

/* Frees f once its calls have ended. Close when nobody waits any more: who waits for a batch that
 * has not left by then is forgotten. */
void ping_flow_close(struct ping_flow *f);

/* status is STORE_OK when all of the batch was acknowledged. */
typedef void (*ping_flow_cb)(void *data, enum store_status status);

/* Somebody who waits for a batch; lives until its callback. */
struct ping_wait {
    struct list link;
    uint64_t batch;
    ping_flow_cb cb;
    void *data;
};

enum ping_flow_took {
    PING_FLOW_NOTHING, /* no point was accepted: there is nothing to wait for */
    PING_FLOW_WAITING, /* wait->cb will fire once, later */
    PING_FLOW_FULL     /* too many drivers at once: nothing was looked at */
};

/* Judges the points (their times are changed) of a driver, whose id names a served region, and
 * sends the newest accepted one on its way. Adds to counts, one for each verdict. */
enum ping_flow_took ping_flow_put(struct ping_flow *f, struct slice driver_id, struct ping *points,
                                  uint32_t n, int64_t now_ms, uint32_t counts[static PING_VERDICTS],
                                  struct ping_wait *wait);

/* How long phones should wait between posts: standard_ms, and more while batches take long. */
int64_t ping_flow_interval_ms(const struct ping_flow *f, int64_t standard_ms);

/* Which way the driver was heading at the newest fix this process has of him; NAN unknown. */
double ping_flow_bearing(const struct ping_flow *f, struct slice driver_id);

/* Drivers remembered; for tests and metrics. */
size_t ping_flow_drivers(const struct ping_flow *f);

#endif
