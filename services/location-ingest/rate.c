#include "rate.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"

void rate_init(struct rate *r, int64_t per_minute, int64_t burst)
{
    must(per_minute > 0);
    must(burst > 0);
    r->every_ms = 60000 / per_minute > 0 ? 60000 / per_minute : 1;
    r->burst_ms = r->every_ms * burst;
    r->sets = mem_calloc(RATE_SETS, sizeof *r->sets);
}

void rate_fini(struct rate *r)
{
    mem_free(r->sets);
    r->sets = NULL;
}

static struct rate_place *place_of(struct rate *r, uint64_t hash)
{
    struct rate_place *set = r->sets[hash % RATE_SETS];
    struct rate_place *oldest = &set[0];
    for (int i = 0; i < RATE_WAYS; i++) {
        if (set[i].hash == hash) return &set[i];
        if (set[i].whole_ms < oldest->whole_ms) oldest = &set[i];
    }
    *oldest = (struct rate_place){.hash = hash};
    return oldest;
}

bool rate_take(struct rate *r, struct slice caller, int64_t now_ms, int64_t *wait_ms)
{
    uint64_t hash = hash_slice(caller);
    struct rate_place *p = place_of(r, hash == 0 ? 1 : hash);
    /* A clock that was set back must not lock callers out for the difference. */
    if (p->whole_ms > now_ms + r->burst_ms) p->whole_ms = now_ms + r->burst_ms;
    int64_t whole_ms = (p->whole_ms > now_ms ? p->whole_ms : now_ms) + r->every_ms;
    if (whole_ms > now_ms + r->burst_ms) {
        *wait_ms = whole_ms - now_ms - r->burst_ms;
        return false;
    }
    p->whole_ms = whole_ms;
    return true;
}
