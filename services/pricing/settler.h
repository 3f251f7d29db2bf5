/* settler: gives each completed ride of a region its final fare, once.
 *
 *   rides:events --group pricing--> type complete? --no--> XACK
 *                                       | yes
 *                                  life_ride_get -> settlement_compute -> life_ride_settle
 *                                                                (settles and acknowledges in one)
 *
 * Nothing is acknowledged before its effect: a process that dies in between leaves the entry
 * pending, another one claims it when it has been idle for claim_ms, and the lifecycle settles a
 * ride once however often it is told to.
 *
 * Owner: settler_new to settler_close. Loop thread only.
 */
#ifndef HANSOM_PRICING_SETTLER_H
#define HANSOM_PRICING_SETTLER_H

#include "base/slice.h"

struct pricing;
struct settler;

/* Reads on a connection of its own, because its reads block. region is copied. */
struct settler *settler_new(struct pricing *p, struct slice region);

/* Reads no more; cb runs when all that was read is settled or left: now or later. */
void settler_drain(struct settler *s, void (*cb)(void *data), void *data);

void settler_close(struct settler *s);

#endif
