/* local_day: which day and which week it is somewhere.
 *
 * Why: a driver's day ends at his midnight, so boards and counts of a region go by its time zone.
 * The zones are those of the system (tzdata); a name that it does not know counts as UTC.
 *
 * Cost:  a look into the zone when it is not the one asked for last; about 1 µs otherwise.
 * Owner: sets TZ of the process. Loop thread only.
 */
#ifndef HANSOM_DISPATCHER_LOCAL_DAY_H
#define HANSOM_DISPATCHER_LOCAL_DAY_H

#include "base/slice.h"

struct local_day {
    char day[9];  /* "20261127" */
    char week[9]; /* ISO 8601, "2026W48" */
};

/* The day of a moment in a zone ("America/Los_Angeles"). */
struct local_day local_day_at(struct slice zone, int64_t unix_ms);

/* The day so many days before (or, negative, after) the one written as "20261127"; false, and *out is
 * untouched, when that is no day. */
bool local_day_before(struct slice day, int days, struct local_day *out);

#endif
