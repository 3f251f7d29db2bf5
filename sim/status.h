/* status: the states of a ride and the moves between them, as the apps may see them.
 *
 * Why: the simulator judges the backend, so it carries a table of its own and shares no code
 * with what it judges. A party may miss versions, so the question it answers is not only "may
 * A become B" but "may A have become B in exactly n versions".
 */
#ifndef HANSOM_SIM_STATUS_H
#define HANSOM_SIM_STATUS_H

#include "base/slice.h"

enum ride_status {
    RIDE_NONE, /* no status, or one this program does not know */
    RIDE_SCHEDULED,
    RIDE_REQUESTED,
    RIDE_OFFERED,
    RIDE_ASSIGNED,
    RIDE_ARRIVED,
    RIDE_IN_PROGRESS,
    RIDE_COMPLETED,
    RIDE_CANCELLED,
    RIDE_UNFULFILLED,
    RIDE_FAILED,
    RIDE_STATUSES
};

/* The status of that name; RIDE_NONE for any other text. */
enum ride_status status_parse(struct slice name);

const char *status_name(enum ride_status s);

/* Nothing follows but settlement (completed) and an operator's redrive (failed). */
bool status_terminal(enum ride_status s);

/* A driver holds the ride in this state. */
bool status_held(enum ride_status s);

/* Whether a ride in `from` can be in `to` exactly `steps` versions later. */
bool status_reaches(enum ride_status from, enum ride_status to, uint64_t steps);

/* A ride begins in one of these. */
bool status_first(enum ride_status s);

#endif
