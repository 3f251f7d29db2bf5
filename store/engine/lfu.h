/* lfu: how often a key is used, in 24 bits: 16 of minutes and 8 of a counter that is a logarithm.
 *
 * Why: eviction by frequency needs a count that fits where the time of the last use stands
 * (struct entry's touched_s), and that old fame leaves. A use adds 1 with a chance that falls as
 * the counter grows (255 is some millions of uses at a log factor of 10); each decay time without
 * a use takes 1 away. A new key starts at LFU_NEW, so that it is not evicted before its second use.
 *
 * A stamp of the other kind, which is left when the policy changes, is at least 1 << 24 (a unix
 * time) and counts as a new key.
 *
 * From: R. Morris, Counting large numbers of events in small registers, 1978; as in Redis 4.
 */
#ifndef HANSOM_STORE_ENGINE_LFU_H
#define HANSOM_STORE_ENGINE_LFU_H

#include "base/rng.h"

#include <stdbool.h>

enum { LFU_NEW = 5, LFU_MAX = 255 };

/* Whether it is a stamp and not a unix time. */
static inline bool lfu_is_stamp(uint32_t stamp)
{
    return stamp < 1U << 24;
}

/* The stamp of a key with this counter, used now. */
uint32_t lfu_stamp(uint32_t now_s, uint32_t counter);

/* The counter after the time that passed; decay_min 0: it never falls. */
uint32_t lfu_counter(uint32_t stamp, uint32_t now_s, int64_t decay_min);

/* The stamp after one more use. */
uint32_t lfu_used(uint32_t stamp, uint32_t now_s, int64_t decay_min, int64_t log_factor,
                  struct rng *rng);

#endif
