/* report: what a run found, as the JSON file and as the few lines a person reads.
 *
 * Its shape is a promise (README, "The simulator"): members are added, never renamed.
 */
#ifndef HANSOM_SIM_REPORT_H
#define HANSOM_SIM_REPORT_H

#include "sim/judge.h"
#include "sim/sample.h"

struct report_behaviour {
    uint64_t declined;
    uint64_t ignored;
    uint64_t rider_cancelled;
    uint64_t driver_cancelled;
    uint64_t duplicate_creates;
    uint64_t lost_replies;
};

struct report {
    const char *trips_file; /* NULL: generated; borrowed, as all text here */
    int64_t from_ms;        /* 0: generated */
    uint64_t rows;          /* of the file, inside the window */
    const char *region;
    uint64_t drivers;
    double speedup;
    uint64_t seed;
    const char *run_id; /* every rider's id of this run begins with it and '-' */

    double seconds;      /* the window, wall time */
    double drain_s;      /* how long rides took to finish after it */
    uint64_t requested;  /* orders in the schedule */
    uint64_t refused;    /* orders the API would not take, e.g. outside its area */
    uint64_t unanswered; /* orders whose create was never acknowledged */
    uint64_t gave_up;    /* cancelled by riders at the end of the drain, not in a car yet */
    uint64_t cut_short;  /* completed before the dropoff, at the end of the drain */
    struct judge_totals totals;
    struct report_behaviour behaviour;
    uint64_t pings_sent;
    uint64_t pings_accepted;
    double pings_s; /* how long pings were sent */
    struct sample request_to_offer_ms, create_http_ms, ping_http_ms, push_ms;
    struct sample pickup_eta_s, pickup_distance_m; /* unscaled */
    struct judge_counts violations;
    uint64_t unread; /* rides that could not be read back, though the API was asked again */
    uint64_t retries;
};

/* Rides that had not ended, orders nobody answered included. */
uint64_t report_open(const struct report *r);

/* The books balance: no violation, nothing open, everything read back, and over 1,000 requests
 * every behaviour was seen. */
bool report_ok(const struct report *r);

/* Appends the JSON object and a line end. Sorts the samples. */
void report_json(struct report *r, struct buf *out);

/* Appends the text for people. */
void report_text(struct report *r, struct buf *out);

void report_fini(struct report *r);

#endif
