/* app: the life of a service, so that its main.c is wiring only.
 *
 *     int main(int argc, char **argv)
 *     {
 *         static struct pricing p;
 *         return app_run(&(struct app_spec){
 *             .name = "hansom-pricing", .summary = "Quotes, fares, settlement and surge.",
 *             .port = 8082, .admin_port = 9082,
 *             .options = specs, .options_count = …, .values = &p.options,
 *             .metrics = …, .metrics_count = M_COUNT, .metric_out = p.metric,
 *             .routes = routes, .routes_count = …,
 *             .service = &p, .start = pricing_start, .drain = pricing_drain, .stop = pricing_stop,
 *         }, argc, argv);
 *     }
 *
 * Life:
 *
 *     options -> log, regions, keys -> admin port -> store UP -> durability read -> start() ->
 *     public port -> ready line on stdout -> ... SIGTERM -> readyz 503, no new connections ->
 *     requests finish -> drain() -> holds are released -> stop() -> exit 0
 *
 * While the store cannot be reached at the start, the service waits: livez is 200, readyz 503.
 * The ready line comes once readyz is 200, and is the only thing on stdout: `hansom-pricing ready http=127.0.0.1:8082
 * admin=127.0.0.1:9082`, with the real ports. A second SIGTERM (or SIGINT) ends at once, as does
 * the end of --drain-timeout; SIGHUP reads level, keys and regions again, then calls reload().
 *
 * Exit codes: 0 after a drain, 64 a wrong flag, 78 a wrong configuration, 1 anything else.
 */
#ifndef HANSOM_KIT_APP_H
#define HANSOM_KIT_APP_H

#include "base/metric.h"
#include "base/option.h"
#include "services/kit/http.h"
#include "services/kit/region.h"
#include "services/kit/store.h"

#include <uv.h>

struct app;

struct kit_options {
#define OPT OPTION_FIELD
#include "services/kit/options.def"
#undef OPT
};

enum { APP_REGIONS_MAX = REGIONS_MAX };

struct app_spec {
    const char *name;
    const char *summary;
    uint16_t port; /* defaults */
    uint16_t admin_port;
    const struct option_spec *options; /* the service's own; may be NULL */
    size_t options_count;
    void *values;
    const struct metric_spec *metrics; /* may be NULL */
    size_t metrics_count;
    struct metric **metric_out;      /* filled in before start() */
    const struct http_route *routes; /* NULL: the service has no public HTTP of the kit's */
    size_t routes_count;
    void *service; /* the data of the hooks, and what http_svc gives */

    /* Checks the service's own options, at start and for --check-config; false and one line in
     * *why is exit 78. May be NULL. */
    bool (*check)(struct app *a, void *service, struct buf *why);
    /* Runs once, with the store UP, before the public port opens. False ends the service with
     * exit 1; it has logged why. May be NULL. */
    bool (*start)(struct app *a, void *service);
    /* Runs once when requests have finished after SIGTERM; whatever it begins is waited for
     * with app_hold. May be NULL. */
    void (*drain)(struct app *a, void *service);
    /* Runs last, the servers closed, loop and store still there: close handles, free memory.
     * Calls under way then fail one by one, after it has returned. May be NULL. */
    void (*stop)(struct app *a, void *service);
    /* Runs when more tokens are known to be revoked: what was begun with one must end. May be NULL. */
    void (*revoked)(struct app *a, void *service);
    /* Runs after SIGHUP. Regions and keys are new already; regions borrowed before are gone. */
    void (*reload)(struct app *a, void *service);
};

/* Runs the service and returns its exit code. */
int app_run(const struct app_spec *spec, int argc, char **argv);

uv_loop_t *app_loop(struct app *a);
const struct kit_options *app_options(const struct app *a);
struct store *app_store(struct app *a);
struct metrics *app_metrics(struct app *a);
struct auth *app_auth(struct app *a);

/* Whether the token with this id was revoked: for sessions that outlive the check of their token. */
bool app_token_revoked(const struct app *a, struct slice jti);

/* All regions of the file; borrowed until the next reload. */
const struct regions *app_regions(const struct app *a);

/* Whether this process serves the region (--regions). */
bool app_serves(const struct app *a, struct slice region);

/* The regions this process serves, in the file's order. */
size_t app_served(const struct app *a, const struct region **out, size_t max);

/* Those of them that no call has given before: all in start(), and in reload() the ones that the file
 * has gained. At most REGIONS_MAX in the process's life; more are logged and left out. A region
 * that has left the file is still worked for, so that its rides come to their end. */
size_t app_served_newly(struct app *a, const struct region *out[static REGIONS_MAX]);

/* The name by which a consumer group of the store knows this process: `given`, or the host's name
 * and the process id when that is "". Returns out. */
enum { APP_CONSUMER_MAX = 64 };
char *app_consumer(const char *given, char out[static APP_CONSUMER_MAX + 1]);

/* A config for another connection to the same store (a blocking reader, a subscriber). */
struct store_config app_store_config(const struct app *a);

/* Adds `label=host:port` to the ready line: for servers that are not the kit's HTTP. Call in
 * start(). */
void app_listens(struct app *a, const char *label, const char *host, uint16_t port);

/* Whether SIGTERM has come. */
bool app_draining(const struct app *a);

/* Keeps the process from ending while draining; each hold needs its release. */
void app_hold(struct app *a);
void app_release(struct app *a);

/* Reads one of the service's own options again, in reload(). False, and a line in the log, when
 * the new value is wrong; the old one stays. */
bool app_reload_option(struct app *a, const char *name);

/* Ends the service as SIGTERM does; exit_code is what app_run will return. */
void app_end(struct app *a, int exit_code);

#endif
