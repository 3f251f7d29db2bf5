/* world: virtual time, one seed, and everything that happens, in one order.
 *
 * Why: what goes wrong with rides goes wrong between processes: a reply that is lost, a process
 * that dies between two calls, a clock that steps. Here all processes live in this one. Time is a
 * number, every message and timer is an event, and all chance comes from one seed; so what a seed
 * does it does again, to the byte, with --trace.
 *
 * Layout:  an event belongs to nature or to a host (a simulated process). One that belongs to a
 *          host runs as that host: what it allocates dies with it.
 * Invariants:  events of one time run in the order they were made.
 * Owner:   there is one world at a time; world_begin to world_end.
 */
#ifndef HANSOM_TESTS_WORLD_H
#define HANSOM_TESTS_WORLD_H

#include "base/heap.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { MS = 1000, SECOND = 1000 * 1000 };

/* The world begins at this wall-clock time. */
#define WORLD_EPOCH_US INT64_C(1763900000000000)

struct host;

/* What a seed dwells on. Most do on nothing, and everything may happen in them; the others make one
 * kind of trouble so frequent that what it breaks breaks soon. */
enum stress {
    STRESS_NONE,
    STRESS_LATE_CALLS, /* drivers hand rides back, and what they asked before arrives afterwards */
    STRESS_EXCHANGES,  /* many on their way at once, and matchers that are behind */
    STRESS_TUNNELS,    /* apps that miss much of what they are sent */
    STRESSES
};

struct event {
    struct heap_node at; /* of world.events while it waits */
    struct host *host;   /* borrowed; NULL: nature */
    uint32_t life;       /* of the host when it was made: a dead host's events do nothing */
    void (*fn)(void *data);
    void (*drop)(void *data); /* instead of fn, when the host is dead; may be NULL */
    void *data;
    bool owned; /* world_after made it and frees it */
};

struct world {
    uint64_t seed;
    struct rng rng;     /* what happens */
    struct rng secrets; /* what processes draw */
    enum stress stress;
    int64_t now_us; /* since the world began */
    struct heap events;
    uint64_t events_made, events_run;
    int rides_drawn;      /* ids given to rides */
    struct host *running; /* whose code runs; NULL: nature */
    bool trace;
    bool failed;
    char why[512];   /* the first broken promise */
    const char *bug; /* made on purpose; NULL: none */
};

extern struct world world;

void world_begin(uint64_t seed, const char *bug, bool trace);
void world_end(void);

/* Runs events until the time is over, done() says so, or a promise is broken. */
void world_run(int64_t until_us, bool (*done)(void));

/* Calls fn(data) as the host (NULL: nature), that many microseconds from now. */
struct event *world_after(struct host *host, int64_t delay_us, void (*fn)(void *data), void *data);

/* The same with an event of the caller's, which must not wait already. */
void world_post(struct event *e, int64_t delay_us);

/* Takes back an event of the caller's; harmless when it does not wait. */
void world_cancel(struct event *e);

/* Whether this bug is switched on. */
bool world_has_bug(const char *bug);

/* A promise is broken. Only the first one counts; the world stops after this event. */
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of what happens, when somebody reads along. */
void world_tell(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Chance. */
bool chance(double p);
int64_t between(int64_t least, int64_t most); /* both included */
int64_t latency_us(void);

/* Lets nature act in the middle of a host's code, and goes back to it. */
static inline struct host *world_step_out(void)
{
    struct host *h = world.running;
    world.running = NULL;
    return h;
}
static inline void world_step_in(struct host *h)
{
    world.running = h;
}

#endif
