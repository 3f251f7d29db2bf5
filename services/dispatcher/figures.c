#include "figures.h"

#include "base/must.h"
#include "services/kit/core/ride_state.h"
#include "services/kit/reply.h"

enum {
    BEHIND_MS = 24 * 3600 * 1000, /* as the stream's retention allows several of */
    WAITING_MS = 10 * 1000,
    LATE_MS = 5 * 1000,
    REPAIRED_MS = 10 * 60 * 1000,
};

static const char *const alarm_names[ALARMS] = {
#define ALARM(id, name, help) [ALARM_##id] = name,
#include "services/dispatcher/alarms.def"
#undef ALARM
};

const char *alarm_name(enum alarm alarm)
{
    must((unsigned)alarm < ALARMS);
    return alarm_names[alarm];
}

static int64_t number(const redisReply *flat, const char *name)
{
    return reply_i64(reply_field(flat, name), 0);
}

static struct group_figures group_read(const redisReply *flat)
{
    return (struct group_figures){
        .stream = reply_field_slice(flat, "stream"),
        .name = reply_field_slice(flat, "group"),
        .last_delivered_id = reply_field_slice(flat, "last_delivered_id"),
        .registered = number(flat, "registered") == 1,
        .exists = number(flat, "exists") == 1,
        .consumers = number(flat, "consumers"),
        .lag = number(flat, "lag"),
        .pending = number(flat, "pending"),
        .deliveries_max = number(flat, "deliveries_max"),
        .oldest_pending_ms = number(flat, "oldest_pending_ms"),
        .oldest_undelivered_ms = number(flat, "oldest_undelivered_ms"),
    };
}

void figures_read(const struct life_result *r, struct figures *out)
{
    const redisReply *groups = reply_field(r->extras, "groups");
    *out = (struct figures){
        .incoming_length = life_extra_i64(r, "incoming_length", 0),
        .events_length = life_extra_i64(r, "events_length", 0),
        .dead_letters = life_extra_i64(r, "dead_letters", 0),
        .timers_late_ms = life_extra_i64(r, "timers_late_ms", 0),
        .timers_failing = life_extra_i64(r, "timers_failing", 0),
        .repaired_ms = life_extra_i64(r, "repaired_ms", -1),
    };
    for (size_t i = 0; i < reply_count(groups) && i < FIGURES_GROUPS_MAX; i++)
        out->groups[out->groups_count++] = group_read(reply_at(groups, i));
}

/* How long the oldest entry that the group is not done with has been there. */
static int64_t behind_ms(const struct group_figures *g)
{
    return g->oldest_pending_ms > g->oldest_undelivered_ms ? g->oldest_pending_ms
                                                           : g->oldest_undelivered_ms;
}

static bool group_alarm(const struct group_figures *g, enum alarm alarm)
{
    if (!g->registered) return false;
    if (alarm == ALARM_GROUP_BEHIND) return behind_ms(g) >= BEHIND_MS;
    if (g->oldest_undelivered_ms < WAITING_MS) return false;
    return alarm == ALARM_GROUP_MISSING ? !g->exists : slice_is(g->stream, "rides-incoming");
}

bool figures_alarm(const struct figures *f, enum alarm alarm)
{
    switch (alarm) {
    case ALARM_GROUP_BEHIND:
    case ALARM_GROUP_MISSING:
    case ALARM_WORK_WAITING:
        for (size_t i = 0; i < f->groups_count; i++)
            if (group_alarm(&f->groups[i], alarm)) return true;
        return false;
    case ALARM_DEAD_LETTERS:
        return f->dead_letters > 0;
    case ALARM_DEAD_LETTERS_FULL:
        return f->dead_letters >= RIDE_DEAD_MAX / 10 * 9;
    case ALARM_TIMERS_FAILING:
        return f->timers_failing > 0;
    case ALARM_TIMERS_LATE:
        return f->timers_late_ms > LATE_MS;
    case ALARM_REPAIRS:
        return f->repaired_ms >= 0 && f->repaired_ms < REPAIRED_MS;
    case ALARMS:
        break;
    }
    must(false);
    return false;
}
