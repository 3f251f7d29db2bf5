/* ride_state: what may follow what in the life of a ride and of a driver.
 *
 * Why: the table is the law and there is one of it (ride_state.def). The lifecycle library at
 * the store enforces it; the services and the simulator ask it; the tests walk all of it.
 *
 *   scheduled -> requested -> offered -> assigned -> arrived -> in_progress -> completed
 *                    ^----------'------------'----------'   (declined, dark, driver cancels)
 *   ends also in cancelled, unfulfilled (nobody found) and failed (dead letter).
 *
 *   offline -> idle -> offered -> assigned -> on_trip -> idle;  also on_break, blocked.
 *
 * Pure: no I/O, no clock, no state.
 */
#ifndef HANSOM_KIT_RIDE_STATE_H
#define HANSOM_KIT_RIDE_STATE_H

#include "base/slice.h"

enum ride_status {
    RIDE_NONE, /* no such ride, or a status this build does not know */
#define RIDE_STATE(name, text, live, terminal) RIDE_##name,
#include "services/kit/core/ride_state.def"
#undef RIDE_STATE
    RIDE_STATUSES
};

enum ride_event {
    RIDE_EV_NONE,
#define RIDE_EVENT(name, text) RIDE_EV_##name,
#include "services/kit/core/ride_state.def"
#undef RIDE_EVENT
    RIDE_EVENTS
};

enum driver_status {
    DRIVER_NONE,
#define DRIVER_STATE(name, text) DRIVER_##name,
#include "services/kit/core/ride_state.def"
#undef DRIVER_STATE
    DRIVER_STATUSES
};

enum driver_event {
    DRIVER_EV_NONE,
#define DRIVER_EVENT(name, text) DRIVER_EV_##name,
#include "services/kit/core/ride_state.def"
#undef DRIVER_EVENT
    DRIVER_EVENTS
};

/* The time limits and counts of the table; values in ms where the name says so. */
enum ride_limit {
#define RIDE_LIMIT(name, value) RIDE_##name = (value),
#include "services/kit/core/ride_state.def"
#undef RIDE_LIMIT
};

/* Who calls a ride off. */
enum ride_by { RIDE_BY_RIDER, RIDE_BY_DRIVER, RIDE_BY_OPS };

/* Whether this is one of the reasons that this party may give. */
bool ride_reason_known(enum ride_by by, struct slice reason);

/* Where the event leads from this state, or RIDE_NONE / DRIVER_NONE when it is not allowed. */
enum ride_status ride_next(enum ride_status from, enum ride_event event);
enum driver_status driver_next(enum driver_status from, enum driver_event event);

/* The text that stands in the store, in events and in JSON; "none" for the zero value. */
const char *ride_status_text(enum ride_status status);
const char *ride_event_text(enum ride_event event);
const char *driver_status_text(enum driver_status status);
const char *driver_event_text(enum driver_event event);

/* The value of such a text, or the zero value. */
enum ride_status ride_status_of(struct slice text);
enum ride_event ride_event_of(struct slice text);
enum driver_status driver_status_of(struct slice text);

/* Requested to in progress: the rider can have no second ride. */
bool ride_is_live(enum ride_status status);

/* Completed, cancelled, unfulfilled or failed. */
bool ride_is_over(enum ride_status status);

#endif
