/* rng: repeatable random numbers for simulations, and secret ones for ids and codes.
 *
 * From: xoshiro256** by D. Blackman and S. Vigna, seeded with splitmix64.
 */
#ifndef HANSOM_BASE_RNG_H
#define HANSOM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* The same seed gives the same numbers on every machine. */
void rng_init(struct rng *r, uint64_t seed);

uint64_t rng_u64(struct rng *r);

/* Uniform in [0, n), without bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* Uniform in [0, 1). */
double rng_unit(struct rng *r);

/* Exponential with this mean. */
double rng_exp(struct rng *r, double mean);

/* Normal with mean 0 and deviation 1 (Box-Muller). */
double rng_normal(struct rng *r);

/* n bytes from the kernel's CSPRNG; aborts if it has none. */
void rng_secret(void *out, size_t n);

#endif
