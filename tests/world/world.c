#include "tests/world/world.h"

#include "base/mem.h"
#include "base/must.h"
#include "tests/world/bugs.h"
#include "tests/world/host.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct world world;

void world_begin(uint64_t seed, const char *bug, bool trace)
{
    world = (struct world){.seed = seed, .bug = bug, .trace = trace};
    rng_init(&world.rng, seed);
    rng_init(&world.secrets, ~seed);
    if (chance(0.4)) world.stress = (enum stress)between(STRESS_NONE + 1, STRESSES - 1);
    if (bug != NULL) world.stress = bugs_stress(bug);
}

void world_end(void)
{
    world.running = NULL;
    struct heap_node *n = NULL;
    while ((n = heap_min(&world.events)) != NULL) {
        struct event *e = heap_entry(n, struct event, at);
        heap_del(&world.events, n);
        struct event last = *e;
        if (last.owned) mem_free(e);
        if (last.drop != NULL) last.drop(last.data);
    }
    heap_fini(&world.events);
}

/* Time in the upper bits, order in the lower ones. */
enum { ORDER_BITS = 22 };

static int64_t time_of(const struct event *e)
{
    return e->at.key >> ORDER_BITS;
}

static void put(struct event *e, int64_t at_us)
{
    if (at_us < world.now_us) at_us = world.now_us;
    uint64_t order = world.events_made++ & ((1u << ORDER_BITS) - 1);
    heap_put(&world.events, &e->at, (int64_t)((uint64_t)at_us << ORDER_BITS | order));
}

void world_post(struct event *e, int64_t delay_us)
{
    must(e->at.at == 0);
    e->life = e->host == NULL ? 0 : e->host->life;
    put(e, world.now_us + delay_us);
}

void world_cancel(struct event *e)
{
    heap_del(&world.events, &e->at);
}

struct event *world_after(struct host *host, int64_t delay_us, void (*fn)(void *data), void *data)
{
    struct host *me = world_step_out();
    struct event *e = mem_new(struct event);
    world_step_in(me);
    *e = (struct event){.host = host, .fn = fn, .data = data, .owned = true};
    world_post(e, delay_us);
    return e;
}

static void run_one(struct event *e)
{
    struct host *h = e->host;
    heap_del(&world.events, &e->at);
    if (h != NULL && h->life == e->life && h->paused_until_us > world.now_us) {
        put(e, h->paused_until_us);
        return;
    }
    struct event now = *e;
    if (e->owned) mem_free(e);
    world.events_run++;
    if (h != NULL && h->life != now.life) {
        if (now.drop != NULL) now.drop(now.data);
        return;
    }
    world.running = h;
    now.fn(now.data);
    world.running = NULL;
}

void world_run(int64_t until_us, bool (*done)(void))
{
    struct heap_node *n = NULL;
    while (!world.failed && (n = heap_min(&world.events)) != NULL) {
        struct event *e = heap_entry(n, struct event, at);
        if (time_of(e) > until_us) break;
        world.now_us = time_of(e);
        run_one(e);
        if (done != NULL && done()) return;
    }
    if (world.now_us < until_us && done == NULL) world.now_us = until_us;
}

bool world_has_bug(const char *bug)
{
    return world.bug != NULL && strcmp(world.bug, bug) == 0;
}

void world_fail(const char *format, ...)
{
    if (world.failed) return;
    va_list args;
    va_start(args, format);
    world.failed = true;
    (void)vsnprintf(world.why, sizeof world.why, format, args);
    va_end(args);
    world_tell("checker", "BROKEN: %s", world.why);
}

void world_tell(const char *who, const char *format, ...)
{
    if (!world.trace) return;
    va_list args;
    va_start(args, format);
    (void)printf("%10.6f %-12s ", (double)world.now_us / SECOND, who);
    (void)vprintf(format, args);
    (void)putchar('\n');
    va_end(args);
}

bool chance(double p)
{
    return rng_unit(&world.rng) < p;
}

int64_t between(int64_t least, int64_t most)
{
    must(least <= most);
    return least + (int64_t)rng_below(&world.rng, (uint64_t)(most - least) + 1);
}

/* Mostly a fraction of a millisecond, now and then far more. */
int64_t latency_us(void)
{
    return chance(0.02) ? between(5 * MS, 900 * MS) : between(50, 3 * MS);
}
