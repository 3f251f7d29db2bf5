/* work: one region's consumer of rides:incoming, in the group "matchers".
 *
 *   GROUP --made--> READ --entries--> held -> round -> resolved
 *                     ^                 |
 *                     +-----room--------+          every claim-idle/2: take over silent readers' work
 *
 * Two rounds may be under way (ROUNDS_MAX), so that the store looks for the drivers of one while the
 * other is decided; they keep off each other's drivers (round.h). What arrives meanwhile is decided
 * together: a busy system gets batches and an idle one answers at once. While rides compete for
 * few drivers (board.h), a round also waits for others to join it, 2 s at most (window-max).
 *
 * Invariants:  at most held-max entries are read and not resolved, each of them once. An entry that
 *              was delivered before is suspected of killing its readers and goes alone, so that only
 *              the culprit reaches deliveries-max and becomes a dead letter. An entry that names
 *              no ride of the region can never be work and becomes one at once.
 * Owner:       work_new to work_close. Loop thread only.
 */
#ifndef HANSOM_MATCHER_WORK_H
#define HANSOM_MATCHER_WORK_H

#include "base/list.h"
#include "services/kit/region.h"
#include "services/kit/ride.h"

struct matcher;
struct work;

/* What matching needs of a ride; it stays the same for one attempt. */
struct work_ride {
    struct slice product;
    struct slice constraints; /* JSON or empty */
    struct slice excluded;    /* driver ids between spaces */
    struct geo_point pickup;
    int64_t created_ms;
};

/* One entry of the stream, read and not yet resolved. */
struct work_entry {
    struct list link;
    char *text;           /* owned: the bytes of the slices below, each with a NUL */
    struct slice id;      /* of the stream */
    struct slice ride_id; /* empty when the entry names none */
    char *raw;            /* owned: the entry as JSON, for a dead letter; NULL unless suspected */
    int64_t attempt;
    int64_t deliveries; /* 1: never delivered before */
    int64_t at_ms;      /* when it entered the stream */

    struct work_ride ride;
    bool told; /* false: the entry does not say what is in ride, it must be read */
};

struct work *work_new(struct matcher *m, struct slice region);

/* Stops reading; fn runs once what was read is resolved. */
void work_drain(struct work *w, void (*fn)(void *data), void *data);

void work_close(struct work *w);

/* The entry is acknowledged, or stays pending for somebody to claim: frees it. */
void work_resolved(struct work *w, struct work_entry *e);

/* The round is over: all its entries are resolved. */
void work_round_done(struct work *w);

/* A ride was offered or assigned now, so long after it became work: for the region's series. */
void work_matched(struct work *w, int64_t now_ms, int64_t waited_ms);

struct matcher *work_matcher(struct work *w);
struct board *work_board(struct work *w);
struct radius *work_radius(struct work *w);

/* The rounds under way, linked by their own list heads (round.c). */
struct list *work_rounds(struct work *w);
struct slice work_region(const struct work *w);

#endif
