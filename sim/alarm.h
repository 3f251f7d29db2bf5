/* alarm: calls to be made later, in order of their time.
 *
 * Why: thousands of actors each wait for something; one heap and one timer of the loop serve
 * them all, and a test moves the clock itself.
 *
 * Owner: an alarm lives inside its actor; it is in the heap from alarm_set until it fires or
 * is cleared.
 */
#ifndef HANSOM_SIM_ALARM_H
#define HANSOM_SIM_ALARM_H

#include "base/heap.h"

struct alarm {
    struct heap_node node;
    void (*fn)(void *data);
    void *data; /* borrowed: the actor */
};

struct alarms {
    struct heap heap;
};

/* Calls fn(data) once when the clock reaches at_ms; an alarm already set moves. */
void alarm_set(struct alarms *all, struct alarm *a, int64_t at_ms, void (*fn)(void *data),
               void *data);

/* Not any more; fine when it is not set. */
void alarm_clear(struct alarms *all, struct alarm *a);

/* Fires everything due, including what the calls set for now or earlier. */
void alarms_run(struct alarms *all, int64_t now_ms);

/* When the next alarm is due; INT64_MAX when there is none. */
int64_t alarms_next(const struct alarms *all);

void alarms_fini(struct alarms *all);

#endif
