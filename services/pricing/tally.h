/* tally: what the surge keeper's leader records of a region over time: how many rides are asked for,
 * how many drivers are idle, by product, and the highest multiplier.
 *
 * Why demand is set and not added up: a new leader counts the same entries of the outbox again. So each
 * bucket is told as the whole number that the outbox holds, as often as it changes, and the last
 * one told stands. The bucket in which a leader's reading began is not whole, and is not told.
 *
 * Cost:   a kilobyte a product; O(1) an entry.
 * Owner:  tally_new to tally_free. Loop thread only. Time is an argument.
 */
#ifndef HANSOM_PRICING_TALLY_H
#define HANSOM_PRICING_TALLY_H

#include "services/kit/recorder.h"
#include "services/kit/region.h"

struct tally;

/* region is copied; the recorder (may be NULL: nothing is recorded) outlives it. */
struct tally *tally_new(struct recorder *r, struct slice region);
void tally_free(struct tally *t);

/* A leadership begins, which will count the entries from then on. */
void tally_begin(struct tally *t, int64_t from_ms);

/* The products that have figures, as many as there is room for; those known before stay. */
void tally_know(struct tally *t, const struct region *region);

/* A ride of the product was asked for. Products that are not known are left out. */
void tally_demand(struct tally *t, struct slice product, int64_t at_ms);

/* So many drivers of the product are idle. */
void tally_supply(struct tally *t, struct slice product, int64_t drivers);

/* Hands everything to the recorder. */
void tally_tell(struct tally *t, int64_t now_ms, double multiplier);

#endif
