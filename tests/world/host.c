/* host: processes, and kit/app.h for them. */
#include "tests/world/host.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host hosts[HOSTS_MAX];
int hosts_count;

static struct regions *regions;

#define TARIFF                                                                                     \
    "\"tariff\":{\"base_minor\":238,\"per_km_minor\":100,\"per_min_minor\":33,"                    \
    "\"minimum_minor\":760,\"booking_fee_minor\":214,\"cancel_fee_minor\":500,"                    \
    "\"no_show_fee_minor\":500}}"

/* One product for each way of finding a driver: with all that may happen on the way, without being
 * asked, and asked together with others. */
static const char regions_text[] =
    "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{"
    "\"id\":\"la\",\"name\":\"Los Angeles\",\"currency\":\"USD\","
    "\"time_zone\":\"America/Los_Angeles\",\"products\":["
    "{\"id\":\"economy\",\"name\":\"Economy\",\"seats\":4,\"automatic\":false,\"swaps\":true,"
    "\"forward\":true," TARIFF ","
    "{\"id\":\"auto\",\"name\":\"Auto\",\"seats\":4,\"automatic\":true,\"swaps\":true,"
    "\"forward\":true," TARIFF ","
    "{\"id\":\"several\",\"name\":\"Several\",\"seats\":4,\"automatic\":false,\"offers\":3," TARIFF
    "]},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[-118.95,33.55],[-117.6,33.55],"
    "[-117.6,34.45],[-118.95,34.45],[-118.95,33.55]]]}}]}";

static const char *const kind_names[HOST_KINDS] = {"dispatcher", "matcher", "ingest", "pricing",
                                                   "gateway"};

void hosts_begin(void)
{
    struct buf why = {0};
    hosts_count = 0;
    regions = regions_parse(slice_of(regions_text), &why);
    must(regions != NULL);
    buf_fini(&why);
}

void hosts_end(void)
{
    for (int i = 0; i < hosts_count; i++)
        host_kill(&hosts[i]);
    regions_free(regions);
}

struct host *host_add(enum host_kind kind, int number)
{
    must(hosts_count < HOSTS_MAX);
    struct host *h = &hosts[hosts_count++];
    *h = (struct host){.kind = kind, .number = number};
    (void)snprintf(h->name, sizeof h->name, "%s-%d", kind_names[kind], number);
    h->loop.data = h;
    list_init(&h->blocks);
    list_init(&h->timers);
    list_init(&h->stores);
    list_init(&h->serving);
    list_init(&h->lines);
    return h;
}

static const struct option_spec kit_specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct kit_options, field, __VA_ARGS__)
#include "services/kit/options.def"
#undef OPT
};

void host_options(struct host *h, const struct option_spec *specs, size_t n, void *values, int argc,
                  const char *const *argv)
{
    struct option_group group = {"", specs, n, values};
    struct option_set set = {.program = h->name, .groups = &group, .groups_count = 1};
    struct buf why = {0};
    enum option_result r = option_parse(&set, argc, (char **)(uintptr_t)argv, &why);
    must(r == OPTION_OK); /* its texts stay: they go with the host */
    buf_fini(&why);
}

void host_start(struct host *h)
{
    static void (*const starts[HOST_KINDS])(struct host *) = {
        dispatcher_start, matcher_start, ingest_start, pricing_start, gateway_start};
    const char *const none[] = {"", NULL};
    struct buf why = {0};
    must(!h->up);
    h->up = true;
    h->life++;
    h->paused_until_us = 0;
    world_tell(h->name, "starts");
    world_step_in(h);
    h->app = (struct app){.host = h};
    host_options(h, kit_specs, sizeof kit_specs / sizeof kit_specs[0], &h->app.options, 1, none);
    h->app.metrics = metrics_new();
    h->app.auth = auth_new();
    must(auth_add_secret(h->app.auth, slice_of(WORLD_SECRET), &why));
    h->app.store = store_new(&h->loop, &(struct store_config){0});
    store_open(h->app.store);
    starts[h->kind](h);
    (void)world_step_out();
}

void host_kill(struct host *h)
{
    if (!h->up) return;
    must(world.running == NULL);
    world_tell(h->name, "is killed");
    h->up = false;
    h->life++;
    stores_drop(h);
    timers_drop(h);
    serving_drop(h);
    lines_drop(h);
    memory_drop(h);
    h->service = NULL;
    h->life_calls = NULL;
}

void host_pause(struct host *h, int64_t us)
{
    if (h->paused_until_us > world.now_us) return; /* events would change their order */
    world_tell(h->name, "stops for %.1f s", (double)us / SECOND);
    h->paused_until_us = world.now_us + us;
}

struct host *host_any(enum host_kind kind)
{
    struct host *found[HOSTS_MAX];
    int n = 0;
    for (int i = 0; i < hosts_count; i++)
        if (hosts[i].kind == kind && hosts[i].up) found[n++] = &hosts[i];
    return n == 0 ? NULL : found[between(0, n - 1)];
}

/* --- kit/app.h --- */

uv_loop_t *app_loop(struct app *a)
{
    return &a->host->loop;
}

const struct kit_options *app_options(const struct app *a)
{
    return &a->options;
}

struct store *app_store(struct app *a)
{
    return a->store;
}

struct metrics *app_metrics(struct app *a)
{
    return a->metrics;
}

bool app_token_revoked(const struct app *a, struct slice jti)
{
    (void)a;
    (void)jti;
    return false;
}

struct auth *app_auth(struct app *a)
{
    return a->auth;
}

const struct regions *app_regions(const struct app *a)
{
    (void)a;
    return regions;
}

bool app_serves(const struct app *a, struct slice region)
{
    (void)a;
    return slice_is(region, "la");
}

size_t app_served(const struct app *a, const struct region **out, size_t max)
{
    (void)a;
    must(max > 0);
    out[0] = regions_find(regions, SLICE("la"));
    return 1;
}

/* What the services' main.c asks; the world wires them itself. */
size_t app_served_newly(struct app *a, const struct region *out[static REGIONS_MAX])
{
    return app_served(a, out, REGIONS_MAX);
}

struct store_config app_store_config(const struct app *a)
{
    (void)a;
    return (struct store_config){0};
}

bool app_draining(const struct app *a)
{
    (void)a;
    return false;
}

void app_listens(struct app *a, const char *label, const char *host, uint16_t port)
{
    (void)a;
    (void)label;
    (void)host;
    (void)port;
}

void app_hold(struct app *a)
{
    (void)a;
}

void app_release(struct app *a)
{
    (void)a;
}

/* Only a service's main() runs an app. */
int app_run(const struct app_spec *spec, int argc, char **argv)
{
    (void)spec;
    (void)argc;
    (void)argv;
    must(false);
    return 1;
}

char *app_consumer(const char *given, char out[static APP_CONSUMER_MAX + 1])
{
    (void)slice_cstr(slice_of(given), out, APP_CONSUMER_MAX + 1);
    return out;
}
