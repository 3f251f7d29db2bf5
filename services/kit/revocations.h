/* revocations: which tokens are good no more, known without asking.
 *
 *   COLD --newest entry of revocations:{r}, then all of revoked:{r}--> WARM --what is newer, every interval--> WARM
 *     ^---------------the store's connection was lost, or a minute has passed------------------------------+
 *
 * Why a copy: every request's token is checked, and must be while the store is away. Why an exact
 * one: it is as small as a filter that would need confirming (docs/decisions).
 *
 * Invariants: a revocation is known here within the interval and a round trip, while the store
 *             answers; what is known is never forgotten before the token has expired, also while
 *             the store does not answer.
 * Cost:       a check is a hash and a look for each served region; one XRANGE an interval and region.
 * Owner:      revocations_new to revocations_close. Loop thread only.
 */
#ifndef HANSOM_KIT_REVOCATIONS_H
#define HANSOM_KIT_REVOCATIONS_H

#include "base/slice.h"

struct app;
struct revocations;

/* Keeps the copy of each region that the app serves. on_change runs with data whenever more has
 * become known, the first time also when that is nothing. */
struct revocations *revocations_new(struct app *a, int64_t interval_ms,
                                    void (*on_change)(void *data), void *data);

/* Stops; calls under way end with the store. NULL is fine. */
void revocations_close(struct revocations *r);

/* Whether the token with this id was revoked in any served region. */
bool revocations_has(const struct revocations *r, struct slice jti);

/* Whether every served region was read once. */
bool revocations_loaded(const struct revocations *r);

/* How many are known, and how long ago (seconds) the stalest region was heard of; 0 before the first. */
size_t revocations_count(const struct revocations *r);
double revocations_age_s(const struct revocations *r);

#endif
