/* config: CONFIG GET, SET, REWRITE, RESETSTAT. */
#include "store/engine/config.h"

#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"

struct getting {
    struct cmd *c;
    uint64_t n;
};

static void get_one(const char *name, const char *help, uint32_t flags, void *data)
{
    (void)help;
    (void)flags;
    struct getting *g = data;
    struct cmd *c = g->c;
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!slice_glob(c->argv[i], slice_of(name), true)) continue;
        struct buf value = {0};
        (void)config_get(&c->engine->config, slice_of(name), &value);
        reply_cstr(c->reply, name);
        reply_bulk(c->reply, buf_slice(&value));
        buf_fini(&value);
        g->n++;
        return;
    }
}

/* CONFIG GET pattern [pattern …] */
void cmd_config_get(struct cmd *c)
{
    struct getting g = {.c = c};
    size_t head = reply_later(c->reply);
    config_each(get_one, &g);
    reply_later_end(c->reply, head, '%', g.n);
}

/* What hangs on a setting beyond the engine's own. NULL, or why the value is not possible. */
static const char *derive(struct engine *e, struct slice name)
{
    must(engine_settle(e) == NULL); /* it was asked when the value was set */
    if (slice_word(name, "requirepass")) guard_requirepass(e);
    if (e->hooks != NULL && e->hooks->config_changed != NULL) {
        char text[128];
        return e->hooks->config_changed(e->hooks->data, slice_cstr(name, text, sizeof text));
    }
    return NULL;
}

static void set_failed(struct cmd *c, struct slice name, const char *why)
{
    reply_errorf(c->reply, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %s",
                 (int)name.len, name.p, why);
}

/* Checks what can be known before anything is set. */
static bool set_known(struct cmd *c)
{
    for (uint32_t i = 2; i < c->argc; i += 2) {
        if (!config_known(c->argv[i])) {
            reply_errorf(c->reply,
                         "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                         (int)c->argv[i].len, c->argv[i].p);
            return false;
        }
        for (uint32_t j = 2; j < i; j += 2) {
            if (!slice_ieq(c->argv[i], c->argv[j])) continue;
            set_failed(c, c->argv[i], "duplicate parameter");
            return false;
        }
    }
    return true;
}

/* CONFIG SET parameter value [parameter value …]: all or none */
void cmd_config_set(struct cmd *c)
{
    struct config *config = &c->engine->config;
    if (c->argc % 2 != 0) {
        cmd_wrong_arity(c);
        return;
    }
    if (!set_known(c)) return;
    struct buf *old = arena_array(c->arena, c->argc, struct buf);
    uint32_t i = 2;
    const char *why = NULL;
    for (; i < c->argc && why == NULL; i += 2) {
        (void)config_get(config, c->argv[i], &old[i]);
        why = config_set(config, c->argv[i], c->argv[i + 1], false);
        if (why == NULL) why = engine_settle(c->engine);
        if (why != NULL) set_failed(c, c->argv[i], why);
    }
    /* Only now: a certificate and its key are right together or not at all. */
    for (uint32_t j = 2; j < c->argc && why == NULL; j += 2) {
        why = derive(c->engine, c->argv[j]);
        if (why != NULL) set_failed(c, c->argv[j], why);
    }
    for (uint32_t j = 2; why != NULL && j < i; j += 2)
        (void)config_set(config, c->argv[j], buf_slice(&old[j]), true);
    for (uint32_t j = 2; why != NULL && j < i; j += 2)
        (void)derive(c->engine, c->argv[j]);
    for (uint32_t j = 2; j < c->argc; j += 2)
        buf_fini(&old[j]);
    if (why == NULL) reply_ok(c->reply);
}

/* CONFIG REWRITE */
void cmd_config_rewrite(struct cmd *c)
{
    const struct engine_hooks *h = c->engine->hooks;
    const char *why = h == NULL || h->config_rewrite == NULL || c->engine->config.file == NULL
                          ? "ERR The server is running without a config file"
                          : h->config_rewrite(h->data);
    if (why == NULL)
        reply_ok(c->reply);
    else
        reply_error(c->reply, why);
}

/* CONFIG RESETSTAT */
void cmd_config_resetstat(struct cmd *c)
{
    struct engine *e = c->engine;
    struct engine_stats fresh = {.ops_last_us = e->stats.ops_last_us};
    e->stats = fresh;
    e->error_count = 0;
    uint32_t n = 0;
    (void)cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++)
        e->cmd_stats[i] = (struct cmd_stats){0};
    reply_ok(c->reply);
}

/* CONFIG HELP */
void cmd_config_help(struct cmd *c)
{
    static const char *const lines[] = {
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Reset statistics reported by the INFO command.",
        "REWRITE",
        "    Rewrite the configuration file.",
        NULL};
    cmd_help(c, lines);
}
