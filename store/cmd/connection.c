/* connection: commands on the connection itself. */
#include "store/cmd/session_state.h"

#include "base/mem.h"
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"
#include "store/engine/pubsub.h"
#include "store/engine/watch.h"

/* PING [message]: a subscriber of RESP2 gets a push-like array. */
void cmd_ping(struct cmd *c)
{
    if (c->argc > 2) {
        cmd_wrong_arity(c);
        return;
    }
    if (c->session->resp == 2 && session_sub_count(c->session) > 0) {
        reply_array(c->reply, 2);
        reply_cstr(c->reply, "pong");
        reply_bulk(c->reply, c->argc == 2 ? c->argv[1] : (struct slice){0});
    } else if (c->argc == 2) {
        reply_bulk(c->reply, c->argv[1]);
    } else {
        reply_status(c->reply, "PONG");
    }
}

/* ECHO message */
void cmd_echo(struct cmd *c)
{
    reply_bulk(c->reply, c->argv[1]);
}

/* SELECT index */
void cmd_select(struct cmd *c)
{
    int64_t db = 0;
    args_int(c->args, &db);
    if (!args_end(c->args, c->reply)) return;
    if (db < 0 || db >= ENGINE_DBS) {
        reply_err(c->reply, ERR_DB_INDEX);
        return;
    }
    c->session->db = (uint8_t)db;
    reply_ok(c->reply);
}

/* QUIT */
void cmd_quit(struct cmd *c)
{
    reply_ok(c->reply);
    session_close(c->session, "QUIT");
}

bool session_login(struct session *s, struct slice user, struct slice password,
                   struct slice command)
{
    struct acl_user *u = acl_find(&s->engine->acl, user);
    if (u == NULL || !acl_password_ok(u, password)) {
        guard_log_login(s, user, command);
        return false;
    }
    guard_become(s, u);
    return true;
}

/* AUTH [username] password */
void cmd_auth(struct cmd *c)
{
    if (c->argc > 3) {
        reply_err(c->reply, ERR_SYNTAX);
        return;
    }
    if (c->argc == 2 && (c->engine->acl.def->flags & ACL_USER_NOPASS) != 0) {
        reply_error(c->reply, "ERR AUTH <password> called without any password configured for "
                              "the default user. Are you sure your configuration is correct?");
        return;
    }
    struct slice user = c->argc == 3 ? c->argv[1] : SLICE("default");
    if (session_login(c->session, user, c->argv[c->argc - 1], c->argv[0]))
        reply_ok(c->reply);
    else
        reply_error(c->reply, "WRONGPASS invalid username-password pair or user is disabled.");
}

bool session_set_name(struct session *s, struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] < '!' || name.p[i] > '~') return false;
    mem_free((char *)(uintptr_t)s->name.p);
    s->name = name.len == 0 ? (struct slice){0} : slice_make(mem_dup(name.p, name.len), name.len);
    return true;
}

struct hello {
    int64_t resp;
    bool with_auth, with_name;
    struct slice user, password, name;
};

static void hello_args(struct cmd *c, struct hello *h)
{
    struct args *a = c->args;
    if (args_left(a) > 0) {
        struct slice text = {0};
        args_slice(a, &text);
        if (!slice_i64(text, &h->resp))
            args_fail(a, "ERR Protocol version is not an integer or out of range");
        else if (h->resp < 2 || h->resp > 3)
            args_fail(a, "NOPROTO unsupported protocol version");
    }
    while (args_ok(a) && args_left(a) > 0) {
        if (args_left(a) >= 3 && args_maybe(a, "AUTH")) {
            h->with_auth = true;
            args_slice(a, &h->user);
            args_slice(a, &h->password);
        } else if (args_left(a) >= 2 && args_maybe(a, "SETNAME")) {
            h->with_name = true;
            args_slice(a, &h->name);
        } else {
            struct slice word = args_peek(a);
            args_fail(a, arena_printf(c->arena, "ERR Syntax error in HELLO option '%.*s'",
                                      (int)word.len, word.p)
                             .p);
        }
    }
}

/* HELLO [protover [AUTH username password] [SETNAME clientname]] */
void cmd_hello(struct cmd *c)
{
    struct session *s = c->session;
    struct hello h = {.resp = s->resp};
    hello_args(c, &h);
    if (!args_check(c->args, c->reply)) return;
    if (h.with_auth && !session_login(s, h.user, h.password, c->argv[0])) {
        reply_error(c->reply, "WRONGPASS invalid username-password pair or user is disabled.");
        return;
    }
    if (!s->authenticated) {
        reply_error(c->reply,
                    "NOAUTH HELLO must be called with the client already authenticated, "
                    "otherwise the HELLO AUTH <user> <pass> option can be used to "
                    "authenticate the client and select the RESP protocol version at the same "
                    "time");
        return;
    }
    if (h.with_name && !session_set_name(s, h.name)) {
        reply_error(c->reply, CLIENT_NAME_ERROR);
        return;
    }
    s->resp = (uint8_t)h.resp;
    c->reply->resp = s->resp;
    reply_map(c->reply, 7);
    reply_cstr(c->reply, "server");
    reply_cstr(c->reply, "redis");
    reply_cstr(c->reply, "version");
    reply_cstr(c->reply, REDIS_VERSION_TEXT);
    reply_cstr(c->reply, "proto");
    reply_int(c->reply, s->resp);
    reply_cstr(c->reply, "id");
    reply_int(c->reply, (int64_t)s->id);
    reply_cstr(c->reply, "mode");
    reply_cstr(c->reply, "standalone");
    reply_cstr(c->reply, "role");
    reply_cstr(c->reply, "master");
    reply_cstr(c->reply, "modules");
    reply_array(c->reply, 0);
}

/* RESET: as if the connection were new. */
void cmd_reset(struct cmd *c)
{
    struct session *s = c->session;
    session_queue_clear(s);
    watch_clear(s);
    pubsub_leave(s);
    list_del(&s->monitor);
    s->flags &= (uint32_t)(SESSION_UNIX | SESSION_REPLAY);
    s->resp = 2;
    c->reply->resp = 2;
    s->db = 0;
    (void)session_set_name(s, (struct slice){0});
    s->user = c->engine->acl.def;
    s->authenticated = acl_is_open(&c->engine->acl);
    reply_status(c->reply, "RESET");
}
