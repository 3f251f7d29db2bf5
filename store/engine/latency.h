/* latency: what took long, by kind of work: the newest samples of each and the worst ever.
 *
 * Why: the slow log names commands; this also sees what no command did (expiry, eviction, the
 * fork of a snapshot), in the time at which it happened.
 *
 * Layout:      a ring of LATENCY_SAMPLES a kind, one sample a second: the worst of that second.
 * Cost:        noting is O(1); 1.3 KB a kind. Nothing is noted while the threshold is 0.
 * Owner:       embedded in struct engine.
 */
#ifndef HANSOM_STORE_ENGINE_LATENCY_H
#define HANSOM_STORE_ENGINE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

/* Kinds of work: name for LATENCY, what to do about it. */
#define LATENCY_KINDS(KIND)                                                                        \
    KIND(LATENCY_COMMAND, "command",                                                               \
         "Look at SLOWLOG GET: large values, KEYS, SORT or long scripts take time.")               \
    KIND(LATENCY_FAST_COMMAND, "fast-command",                                                     \
         "Commands that never take long did: the machine is busy or swaps.")                       \
    KIND(LATENCY_EXPIRE_CYCLE, "expire-cycle",                                                     \
         "Many keys expire at once: spread their times, or lower active-expire-effort.")           \
    KIND(LATENCY_EVICTION_CYCLE, "eviction-cycle",                                                 \
         "Memory is full and large values are evicted: raise maxmemory.")                          \
    KIND(LATENCY_FORK, "fork",                                                                     \
         "Copying the page table for a snapshot or a log rewrite takes time: write them less.")

enum latency_kind {
#define KIND(id, name, advice) id,
    LATENCY_KINDS(KIND)
#undef KIND
        LATENCY_COUNT
};

enum { LATENCY_SAMPLES = 160 };

struct latency_sample {
    uint32_t time_s; /* unix time */
    uint32_t ms;
};

struct latency_ring {
    uint32_t count; /* ever; the newest is at count - 1, modulo LATENCY_SAMPLES */
    uint32_t worst_ms;
    struct latency_sample samples[LATENCY_SAMPLES];
};

struct latency {
    struct latency_ring kinds[LATENCY_COUNT];
};

/* Notes that work of this kind took ms at time_s. */
void latency_note(struct latency *l, enum latency_kind kind, uint32_t time_s, uint32_t ms);

const char *latency_name(enum latency_kind kind);
const char *latency_advice(enum latency_kind kind);

/* Samples kept, and the i-th of them, oldest first. */
uint32_t latency_kept(const struct latency_ring *r);
struct latency_sample latency_at(const struct latency_ring *r, uint32_t i);

/* Forgets a kind; false when it had nothing. */
bool latency_reset(struct latency *l, enum latency_kind kind);

/* --- how long commands take: counts by powers of two --- */

enum { LATENCY_BUCKETS = 24 };

/* The bucket of a time: the first holds what took less than 1024 ns, each next twice as much. */
uint32_t latency_bucket(uint64_t usec);

/* The end of a bucket in microseconds, as LATENCY HISTOGRAM names it. */
uint64_t latency_bucket_end(uint32_t bucket);

/* The end of the bucket in which the given part (0..1) of all calls lies; 0 without calls. */
uint64_t latency_quantile(const uint64_t counts[static LATENCY_BUCKETS], double part);

#endif
