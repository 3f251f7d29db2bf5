#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { JWKS_MAX = 1 << 20 };

static const struct option_spec kit_option_specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct kit_options, field, __VA_ARGS__)
#include "services/kit/options.def"
#undef OPT
};
enum { KIT_OPTIONS = sizeof kit_option_specs / sizeof kit_option_specs[0] };

bool app_serves(const struct app *a, struct slice region)
{
    struct slice rest = slice_of(a->options.regions);
    struct slice one = {0};
    if (regions_find(a->regions, region) == NULL) return false;
    if (slice_trim(rest).len == 0) return true;
    while (slice_cut(&rest, ',', &one))
        if (slice_eq(slice_trim(one), region)) return true;
    return false;
}

size_t app_served(const struct app *a, const struct region **out, size_t max)
{
    size_t n = 0;
    for (uint32_t i = 0; i < a->regions->count && n < max; i++)
        if (app_serves(a, a->regions->all[i].id)) out[n++] = &a->regions->all[i];
    return n;
}

static bool is_worked_for(const struct app *a, struct slice id)
{
    for (size_t i = 0; i < a->worked_for_count; i++)
        if (slice_is(id, a->worked_for[i])) return true;
    return false;
}

size_t app_served_newly(struct app *a, const struct region *out[static REGIONS_MAX])
{
    const struct region *served[REGIONS_MAX];
    size_t n = 0;
    size_t all = app_served(a, served, REGIONS_MAX);
    for (size_t i = 0; i < all; i++) {
        if (is_worked_for(a, served[i]->id)) continue;
        if (a->worked_for_count == REGIONS_MAX) {
            log_error("too_many_regions", LOG_STR("region", served[i]->id));
            continue;
        }
        char *id = a->worked_for[a->worked_for_count++];
        (void)slice_cstr(served[i]->id, id, sizeof a->worked_for[0]);
        out[n++] = served[i];
    }
    return n;
}

char *app_consumer(const char *given, char out[static APP_CONSUMER_MAX + 1])
{
    char host[40] = "";
    (void)gethostname(host, sizeof host - 1);
    if (given[0] != '\0')
        (void)snprintf(out, APP_CONSUMER_MAX + 1, "%s", given);
    else
        (void)snprintf(out, APP_CONSUMER_MAX + 1, "%s-%d", host, (int)getpid());
    return out;
}

struct store_config app_store_config(const struct app *a)
{
    return (struct store_config){.url = a->url, .name = a->spec->name, .metrics = a->metrics};
}

bool app_reload_option(struct app *a, const char *name)
{
    struct buf why = {0};
    bool ok = option_reload(&a->set, name, &why);
    if (!ok) log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    buf_fini(&why);
    return ok;
}

static bool add_jwks_file(struct auth *to, const char *path, struct buf *why)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        buf_add_cstr(why, strerror(errno));
        return false;
    }
    struct buf text = {0};
    text.len = fread(buf_reserve(&text, JWKS_MAX), 1, JWKS_MAX, f);
    (void)fclose(f);
    bool ok = auth_add_jwks(to, buf_slice(&text), why);
    buf_fini(&text);
    return ok;
}

/* Adds the keys that the options name. */
static bool add_keys(const struct kit_options *o, struct auth *to, struct buf *why)
{
    struct buf cause = {0};
    bool ok = true;
    if (o->jwt_secret[0] != '\0') {
        ok = auth_add_secret(to, slice_of(o->jwt_secret), &cause);
        if (!ok) buf_addf(why, "--jwt-secret: %.*s", (int)cause.len, cause.p);
    }
    if (ok && o->jwks[0] != '\0') {
        ok = add_jwks_file(to, o->jwks, &cause);
        if (!ok) buf_addf(why, "--jwks %s: %.*s", o->jwks, (int)cause.len, cause.p);
    }
    buf_fini(&cause);
    return ok;
}

/* Tries the keys on an object of their own first: others hold a->auth, which must not lose its
 * keys to a broken file. */
static bool load_keys(struct app *a, struct buf *why)
{
    struct auth *trial = auth_new();
    bool ok = add_keys(&a->options, trial, why);
    auth_free(trial);
    if (!ok) return false;
    if (a->auth == NULL) a->auth = auth_new();
    auth_clear(a->auth);
    return add_keys(&a->options, a->auth, why);
}

static bool needs_keys(const struct app_spec *s)
{
    for (size_t i = 0; i < s->routes_count; i++)
        if (s->routes[i].roles != ROLE_PUBLIC) return true;
    return false;
}

static bool is_loopback(const char *address)
{
    struct slice s = slice_of(address);
    return slice_starts(s, SLICE("127.")) || slice_is(s, "::1");
}

static bool check_regions(struct app *a, struct buf *why)
{
    struct slice rest = slice_of(a->options.regions);
    struct slice one = {0};
    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        if (one.len == 0 || regions_find(a->regions, one) != NULL) continue;
        buf_addf(why, "--regions: there is no region \"%.*s\" in %s", (int)one.len, one.p,
                 a->options.regions_file);
        return false;
    }
    return true;
}

bool app_config_load(struct app *a, struct buf *why)
{
    const struct kit_options *o = &a->options;
    enum log_level level = LOG_INFO;
    if (!log_level_parse(slice_of(o->log_level), &level)) {
        buf_addf(why, "--log-level is \"%s\": debug, info, warn, error or off is needed",
                 o->log_level);
        return false;
    }
    log_init(a->spec->name, level);

    struct buf cause = {0};
    bool url_ok = store_url_parse(slice_of(o->store), &a->url, &cause);
    if (!url_ok) buf_addf(why, "--store: %.*s", (int)cause.len, cause.p);
    buf_fini(&cause);
    if (!url_ok) return false;
    if (o->store_password[0] != '\0' && a->url.password[0] == '\0')
        (void)slice_cstr(slice_of(o->store_password), a->url.password, sizeof a->url.password);

    if (o->speed_scale != 1.0 && (!is_loopback(o->bind) || !is_loopback(o->admin_bind))) {
        buf_add_cstr(why, "--speed-scale is for replays: it needs --bind and --admin-bind on "
                          "loopback");
        return false;
    }
    a->regions = regions_load(o->regions_file, why);
    if (a->regions == NULL || !check_regions(a, why)) return false;
    if (!load_keys(a, why)) return false;
    if (needs_keys(a->spec) && o->jwt_secret[0] == '\0' && o->jwks[0] == '\0') {
        buf_add_cstr(why, "no keys to verify tokens with: set --jwt-secret or --jwks");
        return false;
    }
    return a->spec->check == NULL || a->spec->check(a, a->spec->service, why);
}

/* The kit's table with the service's own default ports in it. */
void app_config_tables(struct app *a, char ports[2][8])
{
    a->kit_specs = mem_array(KIT_OPTIONS, struct option_spec);
    memcpy(a->kit_specs, kit_option_specs, sizeof kit_option_specs);
    (void)snprintf(ports[0], 8, "%u", (unsigned)a->spec->port);
    (void)snprintf(ports[1], 8, "%u", (unsigned)a->spec->admin_port);
    for (size_t i = 0; i < KIT_OPTIONS; i++) {
        if (strcmp(a->kit_specs[i].name, "port") == 0) a->kit_specs[i].standard = ports[0];
        if (strcmp(a->kit_specs[i].name, "admin-port") == 0) a->kit_specs[i].standard = ports[1];
    }
    a->groups[0] = (struct option_group){"Common options", a->kit_specs, KIT_OPTIONS, &a->options};
    a->groups[1] = (struct option_group){"Options of this service", a->spec->options,
                                         a->spec->options_count, a->spec->values};
    a->set = (struct option_set){
        .program = a->spec->name,
        .summary = a->spec->summary,
        .groups = a->groups,
        .groups_count = a->spec->options_count > 0 ? 2 : 1,
    };
}

static void reload_regions(struct app *a)
{
    struct buf why = {0};
    struct regions *fresh = regions_load(a->options.regions_file, &why);
    if (fresh == NULL) {
        log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    } else {
        struct regions *old = a->regions;
        a->regions = fresh;
        if (check_regions(a, &why)) {
            regions_free(old);
        } else {
            log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
            a->regions = old;
            regions_free(fresh);
        }
    }
    buf_fini(&why);
}

void app_config_reload(struct app *a)
{
    enum log_level level = LOG_INFO;
    if (app_reload_option(a, "log-level") &&
        log_level_parse(slice_of(a->options.log_level), &level))
        log_set_level(level);
    struct buf why = {0};
    if (app_reload_option(a, "jwt-secret") && app_reload_option(a, "jwks") && !load_keys(a, &why))
        log_error("reload_refused", LOG_STR("why", buf_slice(&why)));
    buf_fini(&why);
    if (app_reload_option(a, "regions-file")) reload_regions(a);
}
