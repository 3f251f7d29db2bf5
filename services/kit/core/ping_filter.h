/* ping_filter: which fixes of a driver's phone may move him on the map.
 *
 * Why: phones replay their backlog after a tunnel, run with wrong clocks, and jump when they fall
 * back to cell towers. A fix that is taken must never make later good fixes impossible:
 *   - a fix dated ahead is taken as of now, or refused when it is far ahead, so that the clock of
 *     a phone can never freeze its position until that time comes;
 *   - a fix older than the newest one, or older than fresh_ms, is stale: it moves nobody, and the
 *     live fixes that follow it are judged as if it had never come;
 *   - a jump is refused, but after jumps_max fixes that agree with each other the phone is
 *     believed: then the first fix was the wrong one.
 *
 * Invariants:  time_ms never decreases and never lies ahead of the now_ms it was judged at.
 *              Every verdict but PING_ACCEPTED leaves the position and its time as they were.
 * Cost:        O(1), one haversine; 80 bytes a driver.
 * Owner:       embedded in the state of a driver; zeroed means never heard. Pure.
 */
#ifndef HANSOM_KIT_CORE_PING_FILTER_H
#define HANSOM_KIT_CORE_PING_FILTER_H

#include "base/geohash.h"

/* One fix as the phone tells it. */
struct ping {
    struct geo_point at;
    int64_t time_ms;    /* Unix, by the phone's clock */
    double acc_m;       /* radius of 68 % confidence; NAN unknown */
    double speed_mps;   /* NAN unknown */
    double bearing_deg; /* 0 north, clockwise, below 360; NAN unknown */
};

enum ping_verdict {
    PING_ACCEPTED,
    PING_STALE,      /* not newer than what we have, or too old to show */
    PING_DUPLICATE,  /* the newest one again */
    PING_FUTURE,     /* dated further ahead than clocks may differ */
    PING_INACCURATE, /* the phone itself does not know where it is */
    PING_TELEPORT,   /* no car is that fast */
    PING_VERDICTS
};

/* "accepted", "stale", ...: the names of the API and of the metric. */
const char *ping_verdict_text(enum ping_verdict v);

struct ping_limits {
    int64_t ahead_ms;     /* how far a phone's clock may be ahead */
    int64_t fresh_ms;     /* older fixes show nothing about now */
    double acc_m_max;     /* worse ones are inaccurate */
    double speed_mps_max; /* faster ones are jumps; multiplied by speed_scale */
    double slack_m;       /* noise allowed on top of that */
    uint32_t jumps_max;   /* so many agreeing jumps are believed */
    double speed_scale;   /* for replays, in which motion is compressed so many times */
};

/* What holds in production: 5 s ahead, 10 s fresh, 200 m, 70 m/s + 100 m, 3 jumps, scale 1. */
struct ping_limits ping_limits_standard(void);

struct ping_filter {
    struct geo_point at;
    int64_t time_ms; /* of the newest accepted fix, never ahead of our clock; 0: none */
    int64_t said_ms; /* the same as the phone said it */
    double acc_m;    /* 0 when unknown */

    struct geo_point jump_at; /* the newest refused jump */
    int64_t jump_ms;
    uint32_t jumps; /* in a row that agree with each other */
};

/* Judges the fix as of now_ms and, when it is accepted, makes it the newest; *p is then what to
 * store: its time_ms is not ahead of now_ms. p->at must be valid. */
enum ping_verdict ping_filter_take(struct ping_filter *f, const struct ping_limits *limits,
                                   int64_t now_ms, struct ping *p);

#endif
