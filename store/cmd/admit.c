#include "store/cmd/exec_inside.h"
#include "store/cmd/guard.h"
#include "store/engine/watch.h"

static void reply_unknown(struct reply *r, const struct slice *argv, uint32_t argc)
{
    struct buf line = {0};
    buf_addf(&line, "ERR unknown command '%.*s', with args beginning with: ",
             (int)(argv[0].len < 128 ? argv[0].len : 128), argv[0].p);
    size_t shown = 0; /* words are shown up to their first zero byte, as Redis prints them */
    for (uint32_t i = 1; i < argc && shown < 128; i++) {
        size_t left = 128 - shown;
        size_t n = strnlen(argv[i].p, argv[i].len < left ? argv[i].len : left);
        size_t before = line.len;
        buf_add_char(&line, '\'');
        buf_add(&line, argv[i].p, n);
        buf_add_cstr(&line, "' ");
        shown += line.len - before;
    }
    reply_error_slice(r, buf_slice(&line));
    buf_fini(&line);
}

static void reply_unknown_sub(struct reply *r, const struct cmd_spec *container, struct slice name)
{
    char upper[64];
    size_t n = 0;
    for (; container->name[n] != '\0' && n < sizeof upper - 1; n++)
        upper[n] =
            (char)(container->name[n] >= 'a' && container->name[n] <= 'z' ? container->name[n] - 32
                                                                          : container->name[n]);
    upper[n] = '\0';
    reply_errorf(r, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                 (int)(name.len < 128 ? name.len : 128), name.p, upper);
}

bool admit_arity(const struct cmd_spec *spec, uint32_t argc)
{
    return spec->arity >= 0 ? argc == (uint32_t)spec->arity : argc >= (uint32_t)-spec->arity;
}

/* In RESP2 a subscriber can tell replies from messages only if few commands are allowed. */
static bool allowed_while_subscribed(const struct cmd_spec *spec)
{
    static const char *const names[] = {"ping",         "subscribe",   "ssubscribe",
                                        "psubscribe",   "unsubscribe", "sunsubscribe",
                                        "punsubscribe", "quit",        "reset"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (cmd_is_named(spec, names[i])) return true;
    return false;
}

bool admit_runs_in_multi(const struct cmd_spec *spec)
{
    return cmd_is_named(spec, "exec") || cmd_is_named(spec, "discard") ||
           cmd_is_named(spec, "multi") || cmd_is_named(spec, "watch") ||
           cmd_is_named(spec, "quit") || cmd_is_named(spec, "reset");
}

/* Counts a refusal whose error was just written, and spoils a running MULTI. Always false. */
static bool refuse(struct session *s, struct reply *r, const struct cmd_spec *spec)
{
    struct engine *e = s->engine;
    if (spec != NULL) e->cmd_stats[spec->index].rejected++;
    if ((s->flags & SESSION_MULTI) != 0) s->flags |= SESSION_MULTI_DIRTY;
    size_t n = 0;
    struct slice line = buf_slice(r->out);
    for (size_t i = line.len; i-- > 0 && n == 0;)
        if (line.p[i] == '-' && (i == 0 || line.p[i - 1] == '\n')) n = i + 1;
    if (r->failed) engine_count_error(e, slice_from(line, n));
    if (spec != NULL && cmd_is_named(spec, "exec")) {
        struct slice why = arena_copy(&e->arena, slice_trim(slice_from(line, n)));
        if (slice_starts(why, SLICE("ERR "))) why = slice_from(why, 4);
        r->out->len = n - 1;
        session_queue_clear(s);
        watch_clear(s);
        reply_errorf(r, "EXECABORT Transaction discarded because of: %.*s", (int)why.len, why.p);
    }
    return false;
}

const struct cmd_spec *admit_lookup(struct session *s, const struct slice *argv, uint32_t argc,
                                    struct reply *r)
{
    const struct known *known = s->engine->known;
    const struct cmd_spec *spec = known->argv == argv ? known->spec : cmd_find(argv[0]);
    if (spec == NULL) {
        reply_unknown(r, argv, argc);
        (void)refuse(s, r, NULL);
        return NULL;
    }
    if (!cmd_is_container(spec) || (argc < 2 && spec->run != NULL)) return spec;
    if (argc < 2) {
        reply_errorf(r, "ERR wrong number of arguments for '%s' command", spec->name);
        (void)refuse(s, r, spec);
        return NULL;
    }
    const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
    if (sub != NULL) return sub;
    reply_unknown_sub(r, spec, argv[1]);
    (void)refuse(s, r, NULL);
    return NULL;
}

bool admit_log_takes(const struct engine *e, const struct cmd_spec *spec, struct reply *r)
{
    if ((spec->flags & CMD_WRITE) == 0) return true;
    const char *why = e->refusal;
    if (why == NULL && e->sink != NULL && e->sink->refuses != NULL)
        why = e->sink->refuses(e->sink->data);
    if (why == NULL) return true;
    reply_error(r, why);
    return false;
}

bool admit(struct session *s, const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
           struct reply *r)
{
    struct engine *e = s->engine;
    if (!admit_arity(spec, argc)) {
        reply_errorf(r, "ERR wrong number of arguments for '%s' command", spec->name);
        return refuse(s, r, spec);
    }
    if (!s->authenticated && (spec->flags & CMD_NOAUTH) == 0 && !acl_is_open(&e->acl)) {
        reply_error(r, "NOAUTH Authentication required.");
        return refuse(s, r, spec);
    }
    if ((s->flags & SESSION_MULTI) != 0 && (spec->flags & CMD_NOMULTI) != 0 &&
        !admit_runs_in_multi(spec)) {
        reply_error(r, "ERR Command not allowed inside a transaction");
        return refuse(s, r, spec);
    }
    if (!guard_is_free(s) && !guard_admits(s, spec, argv, argc, r)) return refuse(s, r, spec);
    if (e->config.maxmemory > 0 && !exec_make_room(e) && (spec->flags & CMD_DENYOOM) != 0) {
        reply_err(r, ERR_OOM);
        return refuse(s, r, spec);
    }
    if ((spec->flags & CMD_WRITE) != 0 && !admit_log_takes(e, spec, r)) return refuse(s, r, spec);
    if (e->refusal != NULL && cmd_is_named(spec, "ping")) { /* so that watchers see it */
        reply_error(r, e->refusal);
        return refuse(s, r, spec);
    }
    if (s->subs != NULL && s->resp == 2 && session_sub_count(s) > 0 &&
        !allowed_while_subscribed(spec)) {
        reply_errorf(r,
                     "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                     "QUIT / RESET are allowed in this context",
                     spec->name);
        return refuse(s, r, spec);
    }
    return true;
}
