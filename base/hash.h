/* hash: SipHash-1-3 under a key drawn at start, for tables that hold strangers' names.
 *
 * Why: with a fixed hash, a client could pick keys that all land in one bucket.
 * From: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012); one
 * compression and three finalisation rounds, as Rust and Linux use for tables.
 */
#ifndef HANSOM_BASE_HASH_H
#define HANSOM_BASE_HASH_H

#include "base/slice.h"

/* Sets the process's key; tests and replays pass fixed values. Called at most once and
 * before the first table is made; without a call the key comes from the kernel. */
void hash_seed(uint64_t k0, uint64_t k1);

/* The hash of s under the process's key. */
uint64_t hash_slice(struct slice s);

/* SipHash-1-3 under a given key. */
uint64_t hash_sip13(struct slice s, uint64_t k0, uint64_t k1);

#endif
