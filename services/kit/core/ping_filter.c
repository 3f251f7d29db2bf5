#include "ping_filter.h"

#include "base/must.h"

#include <math.h>

static const char *const texts[PING_VERDICTS] = {
    [PING_ACCEPTED] = "accepted", [PING_STALE] = "stale",           [PING_DUPLICATE] = "duplicate",
    [PING_FUTURE] = "future",     [PING_INACCURATE] = "inaccurate", [PING_TELEPORT] = "teleport",
};

const char *ping_verdict_text(enum ping_verdict v)
{
    must(v < PING_VERDICTS);
    return texts[v];
}

struct ping_limits ping_limits_standard(void)
{
    return (struct ping_limits){
        .ahead_ms = 5000,
        .fresh_ms = 10000,
        .acc_m_max = 200,
        .speed_mps_max = 70,
        .slack_m = 100,
        .jumps_max = 3,
        .speed_scale = 1,
    };
}

/* Whether a car can have come from `from` to `to` in dt_ms, given how unsure both ends are. */
static bool reachable(const struct ping_limits *l, struct geo_point from, struct geo_point to,
                      double unsure_m, int64_t dt_ms)
{
    double reach_m = l->speed_mps_max * l->speed_scale * ((double)dt_ms / 1000.0);
    return geo_distance_m(from, to) <= reach_m + l->slack_m + unsure_m;
}

/* Whether a fix that is a jump from the position we believe is one too many that agree. */
static bool jump_is_believed(struct ping_filter *f, const struct ping_limits *l,
                             struct geo_point at, int64_t time_ms, double acc_m)
{
    bool agrees = f->jumps > 0 && reachable(l, f->jump_at, at, acc_m, time_ms - f->jump_ms);
    f->jumps = agrees ? f->jumps + 1 : 1;
    f->jump_at = at;
    f->jump_ms = time_ms;
    return f->jumps >= l->jumps_max;
}

enum ping_verdict ping_filter_take(struct ping_filter *f, const struct ping_limits *limits,
                                   int64_t now_ms, struct ping *p)
{
    must(geohash_valid(p->at));
    must(limits->speed_scale > 0);

    if (p->time_ms > now_ms + limits->ahead_ms) return PING_FUTURE;
    if (p->time_ms < now_ms - limits->fresh_ms) return PING_STALE;

    /* Our own clock may have been set back; what we believe must not lie ahead of it. */
    if (f->time_ms > now_ms) f->time_ms = now_ms;
    if (f->jump_ms > now_ms) f->jump_ms = now_ms;

    bool known = f->time_ms != 0;
    if (known && p->time_ms == f->said_ms) return PING_DUPLICATE;
    int64_t time_ms = p->time_ms < now_ms ? p->time_ms : now_ms;
    if (known && time_ms < f->time_ms) return PING_STALE;
    /* Two fixes that were both dated ahead have the same time now; the phone knows their order. */
    if (known && time_ms == f->time_ms && p->time_ms < f->said_ms) return PING_STALE;
    if (p->acc_m > limits->acc_m_max) return PING_INACCURATE;

    double acc_m = isnan(p->acc_m) ? 0 : p->acc_m;
    if (known && !reachable(limits, f->at, p->at, acc_m + f->acc_m, time_ms - f->time_ms)) {
        if (f->jumps > 0 && time_ms < f->jump_ms) return PING_STALE;
        if (f->jumps > 0 && time_ms == f->jump_ms) return PING_DUPLICATE;
        if (!jump_is_believed(f, limits, p->at, time_ms, acc_m)) return PING_TELEPORT;
    }

    f->at = p->at;
    f->said_ms = p->time_ms;
    f->time_ms = time_ms;
    f->acc_m = acc_m;
    f->jumps = 0;
    p->time_ms = time_ms;
    return PING_ACCEPTED;
}
