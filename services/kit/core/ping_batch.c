#include "ping_batch.h"

#include "base/mem.h"
#include "base/must.h"

uint64_t ping_batch_put(struct ping_batch *b, struct ping_slot *slot, struct ping p,
                        int64_t heard_ms)
{
    must(slot != NULL);
    if (slot->queued) {
        if (p.time_ms >= slot->newest.time_ms) slot->newest = p;
        slot->heard_ms = heard_ms;
        return b->number;
    }
    if (b->count == b->cap) {
        b->cap = b->cap == 0 ? 64 : b->cap * 2;
        b->filling = mem_realloc(b->filling, b->cap * sizeof(struct ping_slot *));
    }
    b->filling[b->count++] = slot;
    slot->newest = p;
    slot->heard_ms = heard_ms;
    slot->queued = true;
    return b->number;
}

size_t ping_batch_take(struct ping_batch *b, const struct ping_flying **entries, uint64_t *number)
{
    if (b->busy || b->count == 0) return 0;
    if (b->flight_cap < b->cap) {
        b->flight_cap = b->cap;
        b->flight = mem_realloc(b->flight, b->flight_cap * sizeof *b->flight);
    }
    for (size_t i = 0; i < b->count; i++) {
        struct ping_slot *slot = b->filling[i];
        must(slot->queued);
        must(!slot->flying);
        slot->queued = false;
        slot->flying = true;
        b->flight[i] = (struct ping_flying){slot, slot->newest, slot->heard_ms};
    }
    b->flight_count = b->count;
    b->count = 0;
    b->busy = true;
    *entries = b->flight;
    *number = b->number++;
    return b->flight_count;
}

void ping_batch_landed(struct ping_batch *b)
{
    must(b->busy);
    for (size_t i = 0; i < b->flight_count; i++)
        b->flight[i].slot->flying = false;
    b->flight_count = 0;
    b->busy = false;
}

void ping_batch_fini(struct ping_batch *b)
{
    mem_free(b->filling);
    mem_free(b->flight);
    *b = (struct ping_batch){0};
}
