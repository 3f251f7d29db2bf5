#include "lfu.h"

#include "base/must.h"

enum { MINUTES = 1 << 16 };

static uint32_t minute_of(uint32_t now_s)
{
    return now_s / 60 % MINUTES;
}

uint32_t lfu_stamp(uint32_t now_s, uint32_t counter)
{
    must(counter <= LFU_MAX);
    return minute_of(now_s) << 8 | counter;
}

uint32_t lfu_counter(uint32_t stamp, uint32_t now_s, int64_t decay_min)
{
    if (!lfu_is_stamp(stamp)) return LFU_NEW;
    uint32_t counter = stamp & LFU_MAX;
    if (decay_min <= 0) return counter;
    uint32_t passed = (minute_of(now_s) + MINUTES - (stamp >> 8)) % MINUTES;
    int64_t lost = passed / decay_min;
    return lost >= counter ? 0 : counter - (uint32_t)lost;
}

uint32_t lfu_used(uint32_t stamp, uint32_t now_s, int64_t decay_min, int64_t log_factor,
                  struct rng *rng)
{
    uint32_t counter = lfu_counter(stamp, now_s, decay_min);
    uint32_t above = counter > LFU_NEW ? counter - LFU_NEW : 0;
    double chance = 1.0 / ((double)above * (double)log_factor + 1);
    if (counter < LFU_MAX && rng_unit(rng) < chance) counter++;
    return lfu_stamp(now_s, counter);
}
