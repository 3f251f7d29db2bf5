/* sweep: takes drivers who have fallen silent out of a region's index.
 *
 * Every second the lifecycle is asked who has been silent for 15 s, and then told, driver by
 * driver, to darken those who still are. It checks each again itself, so any number of processes
 * may sweep at once, and a fix that comes in between wins. When much of the region is silent at
 * once it holds back: then more likely it is we who do not hear.
 *
 * Owner: sweep_new to sweep_close. Loop thread only.
 */
#ifndef HANSOM_LOCATION_INGEST_SWEEP_H
#define HANSOM_LOCATION_INGEST_SWEEP_H

#include "base/metric.h"
#include "services/kit/lifecycle.h"
#include "services/kit/store.h"

#include <uv.h>

struct sweep;

struct sweep_config {
    uv_loop_t *loop;
    struct store *store;    /* borrowed */
    struct lifecycle *life; /* borrowed */
    struct slice region;    /* copied */
    int64_t interval_ms;
    struct metric_cell *darkened;
    struct metric_cell *held;
};

struct sweep *sweep_new(const struct sweep_config *config);

/* Starts no more sweeps; cb runs when none is under way: now or later. */
void sweep_drain(struct sweep *s, void (*cb)(void *data), void *data);

/* Frees s; no sweep may be under way, or it is freed when that has ended. */
void sweep_close(struct sweep *s);

#endif
