/* surge_keeper: computes the multipliers of a region and writes them to the store.
 *
 * Why a leader and a cursor of its own: demand must be counted whole, but a consumer group deals
 * the outbox out among the processes. So whichever process holds the short lease
 * lock:leader:{region}:surge reads the last minutes of rides:events itself, without a group, and
 * counts; a new leader begins with the same window and with the multipliers last shown. Safety
 * does not rest on the lease: a snapshot replaces the one before as a whole, so two writers at
 * once merely disagree for one interval.
 *
 * What is written, in one transaction: surge:{region} with snapshot_id, at_ms and one field for
 * each cell whose multiplier is above 1. Pins of ops lie beside it, in surge-pin:{region}; readers
 * put them on top, and the keeper removes those that have run out.
 *
 * Owner: surge_keeper_new to surge_keeper_close. Loop thread only.
 */
#ifndef HANSOM_PRICING_SURGE_KEEPER_H
#define HANSOM_PRICING_SURGE_KEEPER_H

#include "services/pricing/surge.h"

struct pricing;
struct surge_keeper;

/* region is copied. */
struct surge_keeper *surge_keeper_new(struct pricing *p, struct slice region);

/* Begins no more rounds; cb runs when none is under way: now or later. */
void surge_keeper_drain(struct surge_keeper *k, void (*cb)(void *data), void *data);

void surge_keeper_close(struct surge_keeper *k);

#endif
