/* app_impl: what app.c (life), app_config.c (settings) and app_health.c (readiness, durability,
 * metrics) share. Nobody else includes it. */
#ifndef HANSOM_KIT_APP_IMPL_H
#define HANSOM_KIT_APP_IMPL_H

#include "services/kit/app.h"
#include "services/kit/revocations.h"

enum { APP_EXIT_USAGE = 64, APP_EXIT_CONFIG = 78 };

/*
 *   WAIT_STORE --store UP, durability read--> SERVING --SIGTERM--> FINISH_REQUESTS
 *        |                                      |                        |
 *        +----------------SIGTERM---------------+--> ENDING <-- DRAIN <--+
 */
enum app_state {
    APP_WAIT_STORE,
    APP_SERVING,
    APP_FINISH_REQUESTS,
    APP_DRAIN,
    APP_ENDING,
    APP_STATES
};

struct app {
    const struct app_spec *spec;
    struct kit_options options;
    struct option_spec *kit_specs; /* owned: the table with this service's default ports */
    struct option_group groups[2];
    struct option_set set;
    enum app_state state;
    int exit_code;

    uv_loop_t loop;
    uv_signal_t on_term, on_int, on_hup;
    uv_timer_t ready_timer;
    uv_timer_t durable_timer;
    uv_timer_t drain_timer;
    bool drain_late; /* half of the time is over */
    bool started;    /* start() has run: drain() and stop() are due */
    bool said_ready;
    uint32_t holds;

    struct metrics *metrics;
    struct auth *auth;
    struct regions *regions;
    char worked_for[REGIONS_MAX][33]; /* ids that app_served_newly has given */
    size_t worked_for_count;
    struct store_url url;
    struct store *store;
    struct revocations *revocations; /* NULL before run, and without keys */
    struct http *http;
    struct http *admin;
    struct buf listens; /* " http=127.0.0.1:8082 …" */

    uint32_t durable_pending;
    bool durable_known;
    bool durable_failed;
    struct buf durable_fresh;  /* what the reading under way has found */
    struct buf not_guaranteed; /* empty: durable */

    struct metric_cell *cpu;
    struct metric_cell *memory;
    struct metric_cell *revoked_known;
    struct metric_cell *revoked_age;
    double cpu_seen;
};

/* --- app_config.c --- */

/* Fills a->set with the tables of options; ports is memory for the default ports' texts. */
void app_config_tables(struct app *a, char ports[2][8]);

/* Checks and loads all that the options name: level, URL, regions, keys, and what the service
 * itself checks. False and one line in *why. */
bool app_config_load(struct app *a, struct buf *why);

/* SIGHUP: level, keys and regions again. What is wrong is logged and stays as it was. */
void app_config_reload(struct app *a);

/* --- app_health.c --- */

/* Makes the registry and the metrics of the process and the service. */
void app_health_metrics(struct app *a);

/* Opens the admin port. False and one line in *why. */
bool app_health_open(struct app *a, struct buf *why);

/* Whether all conditions hold; writes the readyz document to out, which may be NULL. */
bool app_health_ready(struct app *a, struct buf *out);

/* Asks the store what it keeps through a crash; then calls app_durability_known. data is a. */
void app_health_ask_durability(void *data);

/* --- app.c --- */

/* The store has said, for the first time or again, what it keeps, or which tokens are revoked: once both
 * are known, serving begins. */
void app_store_known(struct app *a);

#endif
