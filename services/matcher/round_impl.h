/* round_impl: what the files of a round share: round.c, which decides, and find.c, which finds the
 * candidates. Nobody else includes it. Owner: the round. Loop thread only. */
#ifndef HANSOM_MATCHER_ROUND_IMPL_H
#define HANSOM_MATCHER_ROUND_IMPL_H

#include <uv.h>

#include "base/arena.h"
#include "base/map.h"
#include "services/kit/lifecycle.h"
#include "services/kit/profile.h"
#include "services/matcher/plan.h"
#include "services/matcher/work.h"

enum { CANDIDATES_MAX = 64 };

enum round_phase { ROUND_LOAD, ROUND_SEARCH, ROUND_PROFILE, ROUND_SOLVE, ROUND_COMMIT };

/* A driver who is a candidate of some ride of the round. */
struct driver {
    struct round *round;
    struct slice id; /* in the arena */
    uint32_t number;
    bool taken; /* won by a ride of a round under way, or refused by the store */
    bool soon;  /* finishes a trip: his way begins where that ends, when it ends */
    bool asked; /* the profile was asked for */
    bool asked_free;
    int64_t free_ms; /* when his trip ends; 0: not known */
    bool has_profile;
    struct profile profile; /* text in the arena */
};

/* A driver who was in the circle and cannot have the ride. */
struct dropped {
    struct slice id; /* in the arena */
    double eta_s;
    const char *gate;
};

/* One entry and what the round knows of its ride. */
struct job {
    struct round *round;
    struct work_entry *entry; /* owned */
    bool open;                /* still to be matched, for all we know */
    struct work_ride ride;    /* text in the arena or the entry */
    struct constraints wants;
    bool picky;        /* wants anything */
    double radius_m;   /* of the next search */
    double searched_m; /* of the last one */
    bool looked_again; /* in a circle whose drivers another round had taken */
    uint32_t count;
    struct driver *candidates[CANDIDATES_MAX]; /* nearest first */
    double eta_s[CANDIDATES_MAX];
    struct dropped dropped[CANDIDATES_MAX]; /* who was a candidate, and why no more */
    uint32_t dropped_count;
    const char *result;    /* what came of it; NULL: not known, it stays pending */
    struct driver *chosen; /* offered to, until the store has answered */
    struct life_candidate given[RIDE_BROADCAST_MAX]; /* the chosen one first; the next nearest */
    uint32_t given_count;
    bool automatic;  /* the product skips the offer */
    bool forward;    /* drivers who finish a trip soon are candidates too */
    uint32_t offers; /* drivers who are offered it at once */
};

struct round {
    struct list link; /* of work_rounds */
    struct work *work;
    struct matcher *matcher;
    enum round_phase phase;
    struct arena arena;
    struct map drivers; /* id -> struct driver */
    uint32_t driver_count;
    struct driver **by_number; /* in the arena; from SOLVE on */
    struct job *jobs;          /* in the arena */
    uint32_t job_count;
    size_t waiting; /* answers of this phase still to come */
    bool sending;   /* the phase is still sending: an answer cannot end it yet */
    int64_t began_us;
    uv_work_t solving;
    struct plan_window window; /* what is solved; all of it in the arena */
    struct plan_rules rules;
    struct plan_answer answer;
    int64_t solve_us;
};

/* --- round.c --- */

int64_t round_timeout_ms(const struct round *r);
struct store *round_store(const struct round *r);

/* One answer less to wait for; the last one of a phase begins the next. */
void round_answered(struct round *r);

/* Counts what became of one entry. */
void round_count_entry(const struct round *r, const char *result);

struct life_entry round_entry(const struct job *job);

/* The entry stays pending; `error` is the store's own words, if it said any. */
void round_unresolved(const struct job *job, struct slice error);

/* --- find.c; what is asked adds to r->waiting --- */

/* Reads the rides that their entries do not tell of. */
void find_load(struct round *r);

/* Looks for the drivers of each open ride whose circle is new or has grown. */
void find_search(struct round *r);

/* Asks what more must be known of the candidates. */
void find_ask(struct round *r);

/* Strikes who does not meet constraints; whether some circle is to be searched again. */
bool find_again(struct round *r);

/* Counts the rest of the trip to the way of those who finish one, and orders all by their ways. */
void find_place_soon(struct job *job, int64_t now_ms);

/* The driver is a ride's now: no round under way plans with him any more. */
void find_take(const struct round *r, struct driver *d);

/* Remembers for the trace why this driver is a candidate no more. id lives as long as the round. */
void find_note_dropped(struct job *job, struct slice id, double eta_s, const char *gate);

#endif
