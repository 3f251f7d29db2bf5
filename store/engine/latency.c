#include "latency.h"

#include "base/must.h"

static const struct {
    const char *name, *advice;
} kinds[LATENCY_COUNT] = {
#define KIND(id, name_, advice_) [id] = {.name = (name_), .advice = (advice_)},
    LATENCY_KINDS(KIND)
#undef KIND
};

const char *latency_name(enum latency_kind kind)
{
    must(kind < LATENCY_COUNT);
    return kinds[kind].name;
}

const char *latency_advice(enum latency_kind kind)
{
    must(kind < LATENCY_COUNT);
    return kinds[kind].advice;
}

void latency_note(struct latency *l, enum latency_kind kind, uint32_t time_s, uint32_t ms)
{
    must(kind < LATENCY_COUNT);
    struct latency_ring *r = &l->kinds[kind];
    if (ms > r->worst_ms) r->worst_ms = ms;
    if (r->count > 0) {
        struct latency_sample *newest = &r->samples[(r->count - 1) % LATENCY_SAMPLES];
        if (newest->time_s == time_s) {
            if (ms > newest->ms) newest->ms = ms;
            return;
        }
    }
    r->samples[r->count % LATENCY_SAMPLES] = (struct latency_sample){time_s, ms};
    r->count++;
}

uint32_t latency_kept(const struct latency_ring *r)
{
    return r->count < LATENCY_SAMPLES ? r->count : LATENCY_SAMPLES;
}

struct latency_sample latency_at(const struct latency_ring *r, uint32_t i)
{
    uint32_t kept = latency_kept(r);
    must(i < kept);
    return r->samples[(r->count - kept + i) % LATENCY_SAMPLES];
}

bool latency_reset(struct latency *l, enum latency_kind kind)
{
    must(kind < LATENCY_COUNT);
    bool had = l->kinds[kind].count > 0;
    l->kinds[kind] = (struct latency_ring){0};
    return had;
}

uint32_t latency_bucket(uint64_t usec)
{
    if (usec > UINT64_MAX / 1000) return LATENCY_BUCKETS - 1;
    uint64_t over = usec * 1000 / 1024;
    if (over == 0) return 0;
    uint32_t bucket = 64 - (uint32_t)__builtin_clzll(over);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

uint64_t latency_bucket_end(uint32_t bucket)
{
    must(bucket < LATENCY_BUCKETS);
    return (1024ULL << bucket) / 1000;
}

uint64_t latency_quantile(const uint64_t counts[static LATENCY_BUCKETS], double part)
{
    uint64_t all = 0, seen = 0;
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++)
        all += counts[i];
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += counts[i];
        if (seen > 0 && (double)seen >= part * (double)all) return latency_bucket_end(i);
    }
    return 0;
}
