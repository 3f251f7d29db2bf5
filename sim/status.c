#include "status.h"

#include "base/must.h"

#define TO(s) (1u << RIDE_##s)

static const char *const names[RIDE_STATUSES] = {
    [RIDE_NONE] = "none",
    [RIDE_SCHEDULED] = "scheduled",
    [RIDE_REQUESTED] = "requested",
    [RIDE_OFFERED] = "offered",
    [RIDE_ASSIGNED] = "assigned",
    [RIDE_ARRIVED] = "arrived",
    [RIDE_IN_PROGRESS] = "in_progress",
    [RIDE_COMPLETED] = "completed",
    [RIDE_CANCELLED] = "cancelled",
    [RIDE_UNFULFILLED] = "unfulfilled",
    [RIDE_FAILED] = "failed",
};

/* A state that lists itself has versions that change something else: a new driver by a swap,
 * a stop reached, the final fare. */
static const uint32_t next[RIDE_STATUSES] = {
    [RIDE_SCHEDULED] = TO(REQUESTED) | TO(CANCELLED),
    [RIDE_REQUESTED] = TO(OFFERED) | TO(ASSIGNED) | TO(UNFULFILLED) | TO(CANCELLED) | TO(FAILED),
    [RIDE_OFFERED] = TO(REQUESTED) | TO(ASSIGNED) | TO(UNFULFILLED) | TO(CANCELLED),
    [RIDE_ASSIGNED] = TO(ASSIGNED) | TO(ARRIVED) | TO(REQUESTED) | TO(CANCELLED),
    [RIDE_ARRIVED] = TO(IN_PROGRESS) | TO(REQUESTED) | TO(CANCELLED),
    [RIDE_IN_PROGRESS] = TO(IN_PROGRESS) | TO(COMPLETED) | TO(CANCELLED),
    [RIDE_COMPLETED] = TO(COMPLETED),
    [RIDE_FAILED] = TO(REQUESTED),
};

enum ride_status status_parse(struct slice name)
{
    for (int i = RIDE_SCHEDULED; i < RIDE_STATUSES; i++) {
        if (slice_is(name, names[i])) return (enum ride_status)i;
    }
    return RIDE_NONE;
}

const char *status_name(enum ride_status s)
{
    must(s < RIDE_STATUSES);
    return names[s];
}

bool status_terminal(enum ride_status s)
{
    return s >= RIDE_COMPLETED && s < RIDE_STATUSES;
}

bool status_held(enum ride_status s)
{
    return s == RIDE_ASSIGNED || s == RIDE_ARRIVED || s == RIDE_IN_PROGRESS;
}

bool status_first(enum ride_status s)
{
    return s == RIDE_REQUESTED || s == RIDE_SCHEDULED;
}

bool status_reaches(enum ride_status from, enum ride_status to, uint64_t steps)
{
    must(from < RIDE_STATUSES);
    must(to < RIDE_STATUSES);

    uint32_t mask = 1u << from;
    /* After RIDE_STATUSES steps every cycle was walked: more steps add nothing new. */
    if (steps > 2 * RIDE_STATUSES) steps = 2 * RIDE_STATUSES + (steps & 1);
    for (uint64_t i = 0; i < steps; i++) {
        uint32_t reached = 0;
        for (int s = 0; s < RIDE_STATUSES; s++) {
            if ((mask >> s & 1u) != 0) reached |= next[s];
        }
        mask = reached;
    }
    return (mask >> to & 1u) != 0;
}
