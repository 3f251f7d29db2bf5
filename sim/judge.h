/* judge: the simulator's own books. Fed with everything the simulated apps were told, it says
 * afterwards what the backend broke.
 *
 * Why: a backend that reports on itself agrees with itself. The judge knows only what crossed
 * the public API: replies, frames, and what reading back says at the end. It is pure, so each
 * of its counters is proved to rise by a test.
 *
 * What counts as what:
 *   double_assigned_driver  a driver held two rides at once, by the server's own times
 *   double_assigned_ride    one version of a ride named two drivers, or the driver changed
 *                           without the ride having been free in between
 *   lost_ride               an acknowledged create that cannot be read any more
 *   illegal_transition      two looks at a ride that no legal path of that length connects
 *   duplicate_ride          one order of a rider became more than one ride
 *   version_gap_unexplained a session's updates, or the ride's own log, skip a version without
 *                           a gap or snapshot frame
 *   wrong_final_state       what reading back says contradicts what was acknowledged
 *
 * Each counter counts rides (or orders, or gaps), not looks: a ride broken in one way is
 * counted there once.
 *
 * Owner: judge_new to judge_free. Ids are copied.
 */
#ifndef HANSOM_SIM_JUDGE_H
#define HANSOM_SIM_JUDGE_H

#include "base/buf.h"
#include "sim/status.h"

struct judge;

enum { JUDGE_ID_CAP = 72 };

struct judge_counts {
    uint64_t double_assigned_driver;
    uint64_t double_assigned_ride;
    uint64_t lost_ride;
    uint64_t illegal_transition;
    uint64_t duplicate_ride;
    uint64_t version_gap_unexplained;
    uint64_t wrong_final_state;
};

/* What one party was told about one version of a ride. */
struct judge_look {
    struct slice ride_id;
    enum ride_status status;
    uint64_t version;
    struct slice driver_id; /* who holds or finished it; empty: not told, or nobody */
    int64_t at_ms;          /* the server's time of this version; 0: not told */
    bool queued;            /* the driver finishes another ride first: he does not hold it yet */
};

/* What one session knows of the ride it follows; plain value, zero when the session begins. */
struct judge_watch {
    char ride_id[JUDGE_ID_CAP];
    uint64_t version;
    bool gap; /* a gap frame came and no snapshot after it */
};

enum judge_frame { FRAME_UPDATE, FRAME_SNAPSHOT, FRAME_GAP };

struct judge_totals {
    uint64_t rides;
    uint64_t offered;  /* seen offered or beyond */
    uint64_t assigned; /* seen assigned or beyond */
    uint64_t by_status[RIDE_STATUSES];
};

struct judge *judge_new(void);
void judge_free(struct judge *j);

/* A create of this order was acknowledged with this ride. */
void judge_created(struct judge *j, uint64_t order, struct slice ride_id);

/* A reply or a frame told this. A look without version or status is ignored. */
void judge_saw(struct judge *j, const struct judge_look *look);

/* A state frame came in this session; `look` is what it says. It names no ride for a gap, and for a
 * snapshot without one: what follows that is a new beginning. Also does judge_saw. */
void judge_frame(struct judge *j, struct judge_watch *w, enum judge_frame kind,
                 const struct judge_look *look);

/* Someone was offered that ride. */
void judge_offered(struct judge *j, struct slice ride_id);

/* The end: reading the ride back said this; NULL look: there is no such ride. */
void judge_read_ride(struct judge *j, struct slice ride_id, const struct judge_look *look);

/* The end: the log of the ride, entry by entry, from its first one. */
void judge_read_event(struct judge *j, const struct judge_look *look);

/* The end: the driver's state names this ride (empty: none) as the one he is on. */
void judge_read_driver(struct judge *j, struct slice driver_id, struct slice ride_id);

/* Weighs everything. Call once, after the last fact. */
void judge_finish(struct judge *j, struct judge_counts *counts, struct judge_totals *totals);

/* One line of text a violation found, at most 50 of them. After judge_finish. */
struct slice judge_notes(const struct judge *j);

/* The last status any look or the reading back told; RIDE_NONE for an unknown ride. */
enum ride_status judge_status(const struct judge *j, struct slice ride_id);

bool judge_clean(const struct judge_counts *c);

#endif
