/* figures: a region's streams and deadlines in numbers, and which of them need an operator.
 *
 * Why: metrics, the ops API and `hansom lag` must say the same, so all of them read one answer of the
 * store (streams_look), taken at one moment, with one set of thresholds.
 *
 * Owner: plain values; texts are borrowed from the reply.
 */
#ifndef HANSOM_DISPATCHER_FIGURES_H
#define HANSOM_DISPATCHER_FIGURES_H

#include "services/kit/lifecycle.h"

enum { FIGURES_GROUPS_MAX = 2 * LIFE_GROUPS_MAX }; /* of two streams */

enum alarm {
#define ALARM(id, ...) ALARM_##id,
#include "services/dispatcher/alarms.def"
#undef ALARM
    ALARMS
};

struct group_figures {
    struct slice stream; /* as labels name it: "rides-incoming" */
    struct slice name;
    struct slice last_delivered_id;
    bool registered;
    bool exists;
    int64_t consumers, lag, pending, deliveries_max;
    int64_t oldest_pending_ms, oldest_undelivered_ms; /* ages; 0: none */
};

struct figures {
    size_t groups_count;
    struct group_figures groups[FIGURES_GROUPS_MAX];
    int64_t incoming_length, events_length, dead_letters;
    int64_t timers_late_ms, timers_failing;
    int64_t repaired_ms; /* age of the reconciler's last repair; -1: none is known */
};

/* Reads the answer of life_streams_look. */
void figures_read(const struct life_result *r, struct figures *out);

bool figures_alarm(const struct figures *f, enum alarm alarm);

/* "group_behind" */
const char *alarm_name(enum alarm alarm);

#endif
