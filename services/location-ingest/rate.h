/* rate: how often each of many callers may do something.
 *
 * Why a fixed table: callers are strangers, so what is remembered of them must be bounded. One
 * who finds his four places taken by others replaces the one who has been quiet longest: under a
 * flood of names a limit may be forgotten, never misapplied to somebody else.
 *
 * Layout:  RATE_SETS sets of RATE_WAYS places; a place is {hash of the name, time}. The time is
 *          when the caller's allowance is whole again (the generic cell rate algorithm of ATM
 *          networks), so one number is enough.
 * Cost:    O(1); 256 KiB in all.
 * Pure:    time is an argument.
 */
#ifndef HANSOM_LOCATION_INGEST_RATE_H
#define HANSOM_LOCATION_INGEST_RATE_H

#include "base/slice.h"

enum { RATE_SETS = 4096, RATE_WAYS = 4 };

struct rate_place {
    uint64_t hash;    /* 0: free */
    int64_t whole_ms; /* when the allowance is whole again */
};

struct rate {
    int64_t every_ms;                     /* one use costs so much */
    int64_t burst_ms;                     /* and so much may be owed */
    struct rate_place (*sets)[RATE_WAYS]; /* owned */
};

/* per_minute uses in a minute, of which `burst` (at least 1) may come at once. */
void rate_init(struct rate *r, int64_t per_minute, int64_t burst);
void rate_fini(struct rate *r);

/* Whether the caller may; counts the use if so. Otherwise *wait_ms is when to come back. */
bool rate_take(struct rate *r, struct slice caller, int64_t now_ms, int64_t *wait_ms);

#endif
