/* host: one simulated process: its memory, its loop, its clock, and its end.
 *
 * Why: services are written against a handful of seams (kit/store.h, kit/app.h, libuv's timers,
 * base's clock and memory). This folder gives those seams other bodies at link time, so that the
 * code that runs here is the code that runs in a city, callbacks and all.
 *
 * A host can die between any two events: its memory is freed, its timers are gone, its connections
 * break, whatever is on its way may arrive or not. It can be paused: its events wait. Its wall
 * clock can be wrong; its monotonic clock cannot.
 */
#ifndef HANSOM_TESTS_WORLD_HOST_H
#define HANSOM_TESTS_WORLD_HOST_H

#include "services/kit/app.h"
#include "services/kit/lifecycle.h"
#include "tests/world/world.h"

enum host_kind {
    HOST_DISPATCHER,
    HOST_MATCHER,
    HOST_INGEST,
    HOST_PRICING,
    HOST_GATEWAY,
    HOST_KINDS
};

/* With which tokens are signed. */
#define WORLD_SECRET "the secret of a whole world, and longer"

/* What kit/app.h hides. */
struct app {
    struct host *host;
    struct kit_options options;
    struct store *store;     /* owned by the host's memory */
    struct metrics *metrics; /* the same */
    struct auth *auth;       /* the same */
};

struct host {
    char name[24];
    enum host_kind kind;
    int number;    /* among those of its kind */
    uint32_t life; /* grows with every start and end */
    bool up;
    int64_t paused_until_us;
    int64_t cut_until_us; /* its network */
    int64_t skew_us;      /* its wall clock minus the true one */
    uv_loop_t loop;
    struct app app;
    struct lifecycle *life_calls; /* of the process that runs now */
    void *service;                /* struct dispatcher, matcher, ingest, pricing or gateway */
    struct list blocks;           /* memory of the process that runs now */
    struct list timers;           /* of its loop */
    struct list stores;           /* its connections */
    struct list serving;          /* requests it has not answered (calls.c) */
    struct list lines;            /* of a gateway, to apps (line.c) */
};

enum { HOSTS_MAX = 16 };
extern struct host hosts[HOSTS_MAX];
extern int hosts_count;

void hosts_begin(void);
void hosts_end(void);

struct host *host_add(enum host_kind kind, int number);
void host_start(struct host *h); /* a new process */
void host_kill(struct host *h);  /* kill -9 */
void host_pause(struct host *h, int64_t us);

/* A host of this kind that is up, or NULL. */
struct host *host_any(enum host_kind kind);

/* Wiring of each service, as its main.c does it (service_*.c); run as the host. */
void dispatcher_start(struct host *h);
void matcher_start(struct host *h);
void ingest_start(struct host *h);
void pricing_start(struct host *h);
void gateway_start(struct host *h);

/* Fills in a service's own options and metrics; both go with the host. */
struct option_spec;
void host_options(struct host *h, const struct option_spec *specs, size_t n, void *values, int argc,
                  const char *const *argv);

/* Ends what a dead process leaves behind in each seam. */
void timers_drop(struct host *h);  /* loop.c */
void stores_drop(struct host *h);  /* wire.c */
void serving_drop(struct host *h); /* calls.c */
void lines_drop(struct host *h);   /* line.c */
void memory_drop(struct host *h);  /* memory.c */

#endif
