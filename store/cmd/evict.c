#include "base/mem.h"
#include "store/cmd/exec.h"
#include "store/engine/trash.h"

enum { TRIES_MAX = 1000 };

static bool is_volatile(int64_t policy)
{
    return policy == POLICY_VOLATILE_LRU || policy == POLICY_VOLATILE_LFU ||
           policy == POLICY_VOLATILE_RANDOM || policy == POLICY_VOLATILE_TTL;
}

/* How gladly an entry is given up: the larger the sooner. */
static int64_t worth_losing(const struct engine *e, const struct entry *entry, int64_t policy)
{
    if (policy == POLICY_VOLATILE_TTL) return -entry->expire_ms / 1000;
    if (policy == POLICY_ALLKEYS_RANDOM || policy == POLICY_VOLATILE_RANDOM) return 0;
    if (e->counts_uses)
        return LFU_MAX - (int64_t)lfu_counter(entry->touched_s, e->now_s, e->config.lfu_decay_time);
    return entry_idle_s(e, entry);
}

/* The best of a few random keys of all databases; NULL when there is none to give up. */
static struct entry *pick(struct engine *e, struct db **in)
{
    struct entry *best = NULL;
    int64_t policy = e->config.maxmemory_policy;
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct db *db = &e->db[i];
        const struct dict *from = is_volatile(policy) ? &db->expires : &db->keys;
        for (int64_t n = 0; n < e->config.maxmemory_samples; n++) {
            struct entry *one = dict_random(from, &e->rng);
            if (one == NULL) break;
            if (best != NULL && worth_losing(e, one, policy) <= worth_losing(e, best, policy))
                continue;
            best = one;
            *in = db;
        }
    }
    return best;
}

/* Deletes one key, which the log learns as a DEL. */
static void evict(struct engine *e, struct db *db, const struct entry *entry)
{
    struct slice key = arena_copy(&e->arena, entry_key(entry));
    uint64_t durable = e->durable_writes;
    (void)db_del(db, key);
    db_changed(db, key, NOTIFY_EVICTED, "evicted");
    e->stats.evicted_keys++;
    struct slice argv[] = {SLICE("DEL"), key};
    if (e->sink != NULL && e->durable_writes != durable) effects_add(&e->effects, db->id, 2, argv);
}

/* Evicts until no more than limit bytes are used; false when that cannot be. */
static bool give_up(struct engine *e, size_t limit)
{
    while (mem_used() > limit && trash_work(e, TRASH_SLICE_US)) /* before anything else is lost */
        continue;
    for (int tries = 0; mem_used() > limit; tries++) {
        struct db *db = NULL;
        if (e->config.maxmemory_policy == POLICY_NOEVICTION || tries == TRIES_MAX) return false;
        const struct entry *entry = pick(e, &db);
        if (entry == NULL) return false;
        evict(e, db, entry);
    }
    return true;
}

bool exec_make_room(struct engine *e)
{
    size_t limit = (size_t)e->config.maxmemory;
    if (mem_used() <= limit) return true;
    int64_t from_us = e->clock.mono_us(e->clock.data);
    bool enough = give_up(e, limit);
    engine_took(e, LATENCY_EVICTION_CYCLE, e->clock.mono_us(e->clock.data) - from_us);
    return enough;
}
