/* bound: what no dispatcher can do better, knowing all of the demand beforehand.
 *
 * How: every pickup needs a car that comes from somewhere: from where a car stood at first, or from
 * where another rider got off, and at most one car comes from each such place. That rider can get
 * off no sooner than if he had been picked up the moment he asked. So the cheapest pairing of riders
 * with places, each costing the least wait that the place allows, costs no more than any dispatch: it
 * lets every ride before be early, and forgets that somebody must have driven it.
 *
 * Bounds:  the mean wait of those served, for any dispatch that serves as large a share, sends cars only
 *          to riders who have asked and who have not given up, and does not redirect them. A redirected
 *          car (a swap) may have moved before the rider asked: swaps can be better than this.
 * From:    linear duality: for any price of going without, served wait >= optimum - price * left out.
 */
#ifndef HANSOM_BENCH_DISPATCH_BOUND_H
#define HANSOM_BENCH_DISPATCH_BOUND_H

#include "bench/dispatch/city.h"

/* The least mean wait of a dispatch that serves `served` of the demand's riders, in seconds; patience as
 * city_run draws it from the same seed. */
double bound_wait_s(const struct demand *d, uint64_t seed, size_t served);

#endif
