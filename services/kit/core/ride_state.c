#include "ride_state.h"

/* next[from][event]; what is not listed is zero: not allowed. */
static const enum ride_status ride_moves[RIDE_STATUSES][RIDE_EVENTS] = {
    [RIDE_NONE][RIDE_EV_CREATE] = RIDE_REQUESTED,
#define RIDE_MOVE(from, event, to) [RIDE_##from][RIDE_EV_##event] = RIDE_##to,
#include "services/kit/core/ride_state.def"
#undef RIDE_MOVE
};

static const enum driver_status driver_moves[DRIVER_STATUSES][DRIVER_EVENTS] = {
#define DRIVER_MOVE(from, event, to) [DRIVER_##from][DRIVER_EV_##event] = DRIVER_##to,
#include "services/kit/core/ride_state.def"
#undef DRIVER_MOVE
};

static const struct {
    const char *text;
    bool live;
    bool over;
} ride_states[RIDE_STATUSES] = {
    [RIDE_NONE] = {"none", false, false},
#define RIDE_STATE(name, text, live, terminal) [RIDE_##name] = {text, live, terminal},
#include "services/kit/core/ride_state.def"
#undef RIDE_STATE
};

static const char *const ride_event_texts[RIDE_EVENTS] = {
    [RIDE_EV_NONE] = "none",
#define RIDE_EVENT(name, text) [RIDE_EV_##name] = text,
#include "services/kit/core/ride_state.def"
#undef RIDE_EVENT
};

static const char *const driver_texts[DRIVER_STATUSES] = {
    [DRIVER_NONE] = "none",
#define DRIVER_STATE(name, text) [DRIVER_##name] = text,
#include "services/kit/core/ride_state.def"
#undef DRIVER_STATE
};

static const char *const driver_event_texts[DRIVER_EVENTS] = {
    [DRIVER_EV_NONE] = "none",
#define DRIVER_EVENT(name, text) [DRIVER_EV_##name] = text,
#include "services/kit/core/ride_state.def"
#undef DRIVER_EVENT
};

static const struct {
    enum ride_by by;
    const char *text;
} ride_reasons[] = {
#define RIDE_REASON(who, text) {RIDE_BY_##who, text},
#include "services/kit/core/ride_state.def"
#undef RIDE_REASON
};

bool ride_reason_known(enum ride_by by, struct slice reason)
{
    for (size_t i = 0; i < sizeof ride_reasons / sizeof ride_reasons[0]; i++)
        if (ride_reasons[i].by == by && slice_is(reason, ride_reasons[i].text)) return true;
    return false;
}

enum ride_status ride_next(enum ride_status from, enum ride_event event)
{
    if ((unsigned)from >= RIDE_STATUSES || (unsigned)event >= RIDE_EVENTS) return RIDE_NONE;
    return ride_moves[from][event];
}

enum driver_status driver_next(enum driver_status from, enum driver_event event)
{
    if ((unsigned)from >= DRIVER_STATUSES || (unsigned)event >= DRIVER_EVENTS) return DRIVER_NONE;
    return driver_moves[from][event];
}

const char *ride_status_text(enum ride_status status)
{
    return ride_states[(unsigned)status < RIDE_STATUSES ? status : RIDE_NONE].text;
}

const char *ride_event_text(enum ride_event event)
{
    return ride_event_texts[(unsigned)event < RIDE_EVENTS ? event : RIDE_EV_NONE];
}

const char *driver_status_text(enum driver_status status)
{
    return driver_texts[(unsigned)status < DRIVER_STATUSES ? status : DRIVER_NONE];
}

const char *driver_event_text(enum driver_event event)
{
    return driver_event_texts[(unsigned)event < DRIVER_EVENTS ? event : DRIVER_EV_NONE];
}

enum ride_status ride_status_of(struct slice text)
{
    for (unsigned i = 1; i < RIDE_STATUSES; i++) {
        if (slice_is(text, ride_states[i].text)) return (enum ride_status)i;
    }
    return RIDE_NONE;
}

enum ride_event ride_event_of(struct slice text)
{
    for (unsigned i = 1; i < RIDE_EVENTS; i++) {
        if (slice_is(text, ride_event_texts[i])) return (enum ride_event)i;
    }
    return RIDE_EV_NONE;
}

enum driver_status driver_status_of(struct slice text)
{
    for (unsigned i = 1; i < DRIVER_STATUSES; i++) {
        if (slice_is(text, driver_texts[i])) return (enum driver_status)i;
    }
    return DRIVER_NONE;
}

bool ride_is_live(enum ride_status status)
{
    return (unsigned)status < RIDE_STATUSES && ride_states[status].live;
}

bool ride_is_over(enum ride_status status)
{
    return (unsigned)status < RIDE_STATUSES && ride_states[status].over;
}
