/* client: CLIENT and its subcommands. */
#include "client.h"

#include "store/cmd/exec.h"
#include "store/cmd/monitor.h"
#include "store/cmd/session_state.h"
#include "store/engine/block.h"
#include "store/engine/pubsub.h"

static bool is_pubsub(const struct session *s)
{
    return session_sub_count(s) > 0;
}

static void add_flags(struct buf *out, const struct session *s)
{
    size_t before = out->len;
    if ((s->flags & SESSION_MONITOR) != 0) buf_add_char(out, 'O');
    if (is_pubsub(s)) buf_add_char(out, 'P');
    if ((s->flags & SESSION_MULTI) != 0) buf_add_char(out, 'x');
    if (s->block != NULL) buf_add_char(out, 'b');
    if ((s->flags & SESSION_CAS_DIRTY) != 0) buf_add_char(out, 'd');
    if ((s->flags & SESSION_CLOSE_SOON) != 0) buf_add_char(out, 'c');
    if ((s->flags & SESSION_UNIX) != 0) buf_add_char(out, 'U');
    if ((s->flags & SESSION_READONLY) != 0) buf_add_char(out, 'r');
    if ((s->flags & SESSION_NO_EVICT) != 0) buf_add_char(out, 'e');
    if (out->len == before) buf_add_char(out, 'N');
}

void client_describe(struct buf *out, struct session *s)
{
    char here[128], there[128];
    struct engine *e = s->engine;
    struct slice addr = session_addr(s, there, false);
    struct slice laddr = session_addr(s, here, true);
    size_t queued = session_unread(s);
    int multi = (s->flags & SESSION_MULTI) != 0 ? (int)s->queue_count : -1;
    buf_addf(out, "id=%llu addr=%.*s laddr=%.*s fd=%d name=%.*s age=%lld idle=%lld flags=",
             (unsigned long long)s->id, (int)addr.len, addr.p, (int)laddr.len, laddr.p, s->fd,
             (int)s->name.len, s->name.p == NULL ? "" : s->name.p,
             (long long)((e->now_ms - s->created_ms) / 1000),
             (long long)((e->now_ms - s->active_ms) / 1000));
    add_flags(out, s);
    buf_addf(out,
             " db=%u sub=%u psub=%u ssub=%u multi=%d qbuf=%zu qbuf-free=0 argv-mem=%u "
             "multi-mem=%zu rbs=%zu rbp=0 obl=0 oll=0 omem=%zu tot-mem=%zu events=r cmd=%s "
             "user=%.*s redir=-1 "
             "resp=%u",
             s->db, pubsub_session_count(s, PUBSUB_CHANNEL),
             pubsub_session_count(s, PUBSUB_PATTERN), pubsub_session_count(s, PUBSUB_SHARD), multi,
             s->io->held == NULL ? 0 : s->io->held(s), s->argv_bytes, s->queue_bytes, s->out.cap,
             queued, session_memory(s), s->last_cmd == NULL ? "NULL" : s->last_cmd->name,
             (int)s->user->name.len, s->user->name.p, s->resp);
}

static void add_line(struct buf *out, struct session *s)
{
    client_describe(out, s);
    buf_add_char(out, '\n');
}

/* CLIENT ID */
void cmd_client_id(struct cmd *c)
{
    reply_int(c->reply, (int64_t)c->session->id);
}

/* CLIENT GETNAME */
void cmd_client_getname(struct cmd *c)
{
    if (c->session->name.len == 0)
        reply_null(c->reply);
    else
        reply_bulk(c->reply, c->session->name);
}

/* CLIENT SETNAME name */
void cmd_client_setname(struct cmd *c)
{
    if (session_set_name(c->session, c->argv[2]))
        reply_ok(c->reply);
    else
        reply_error(c->reply, CLIENT_NAME_ERROR);
}

/* CLIENT INFO */
void cmd_client_info(struct cmd *c)
{
    struct buf text = {0};
    add_line(&text, c->session);
    reply_verbatim(c->reply, buf_slice(&text), "txt");
    buf_fini(&text);
}

enum client_type { TYPE_ANY, TYPE_NORMAL, TYPE_PUBSUB, TYPE_OTHER };

static enum client_type args_type(struct cmd *c)
{
    struct args *a = c->args;
    struct slice word = {0};
    args_slice(a, &word);
    if (!args_ok(a)) return TYPE_ANY;
    if (slice_word(word, "normal")) return TYPE_NORMAL;
    if (slice_word(word, "pubsub")) return TYPE_PUBSUB;
    if (slice_word(word, "master") || slice_word(word, "replica") || slice_word(word, "slave"))
        return TYPE_OTHER;
    args_fail(a, arena_printf(c->arena, "ERR Unknown client type '%.*s'", (int)word.len, word.p).p);
    return TYPE_ANY;
}

static bool has_type(const struct session *s, enum client_type type)
{
    return type == TYPE_ANY || type == (is_pubsub(s) ? TYPE_PUBSUB : TYPE_NORMAL);
}

/* CLIENT LIST [TYPE type] [ID id …] */
void cmd_client_list(struct cmd *c)
{
    struct args *a = c->args;
    enum client_type type = TYPE_ANY;
    struct buf text = {0};
    if (args_left(a) >= 2 && args_maybe(a, "ID")) {
        while (args_ok(a) && args_left(a) > 0) {
            int64_t id = 0;
            args_range(a, 1, INT64_MAX, "ERR Invalid client ID", &id);
            if (a->error != NULL) a->error = "ERR Invalid client ID";
            list_each(at, &c->engine->sessions)
            {
                struct session *s = list_entry(at, struct session, all);
                if (args_ok(a) && s->id == (uint64_t)id) add_line(&text, s);
            }
        }
        if (args_end(a, c->reply)) reply_verbatim(c->reply, buf_slice(&text), "txt");
        buf_fini(&text);
        return;
    }
    if (args_left(a) == 2 && args_maybe(a, "TYPE")) type = args_type(c);
    if (args_end(a, c->reply)) {
        list_each(at, &c->engine->sessions)
        {
            struct session *s = list_entry(at, struct session, all);
            if (has_type(s, type)) add_line(&text, s);
        }
        reply_verbatim(c->reply, buf_slice(&text), "txt");
    }
    buf_fini(&text);
}

struct kill {
    int64_t id;
    struct slice addr, laddr, user;
    enum client_type type;
    bool skip_me;
};

static bool is_killed(const struct kill *k, const struct session *s, const struct session *me)
{
    char text[128];
    if (k->skip_me && s == me) return false;
    if (k->id != 0 && s->id != (uint64_t)k->id) return false;
    if (k->user.p != NULL && !slice_eq(k->user, s->user->name)) return false;
    if (!has_type(s, k->type)) return false;
    if (k->addr.p != NULL && !slice_eq(k->addr, session_addr(s, text, false))) return false;
    return k->laddr.p == NULL || slice_eq(k->laddr, session_addr(s, text, true));
}

static int64_t kill_all(struct cmd *c, const struct kill *k)
{
    int64_t killed = 0;
    list_each_safe(at, &c->engine->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (!is_killed(k, s, c->session)) continue;
        killed++;
        session_close(s, "CLIENT KILL");
    }
    return killed;
}

static void kill_args(struct cmd *c, struct kill *k)
{
    struct args *a = c->args;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_left(a) < 2) {
            args_syntax(a);
        } else if (args_maybe(a, "ID")) {
            args_range(a, 1, INT64_MAX, "ERR client-id should be greater than 0", &k->id);
            if (a->error != NULL) a->error = "ERR client-id should be greater than 0";
        } else if (args_maybe(a, "ADDR")) {
            args_slice(a, &k->addr);
        } else if (args_maybe(a, "LADDR")) {
            args_slice(a, &k->laddr);
        } else if (args_maybe(a, "TYPE")) {
            k->type = args_type(c);
        } else if (args_maybe(a, "USER")) {
            args_slice(a, &k->user);
            if (acl_find(&c->engine->acl, k->user) == NULL)
                args_fail(a, arena_printf(c->arena, "ERR No such user '%.*s'", (int)k->user.len,
                                          k->user.p)
                                 .p);
        } else if (args_maybe(a, "SKIPME")) {
            k->skip_me = !args_maybe(a, "NO");
            if (k->skip_me) args_word(a, "YES");
        } else {
            args_syntax(a);
        }
    }
}

/* CLIENT KILL ip:port | [ID id] [TYPE type] [USER name] [ADDR a] [LADDR a] [SKIPME yes|no] */
void cmd_client_kill(struct cmd *c)
{
    if (c->argc == 3) {
        struct kill k = {.addr = c->argv[2]};
        if (kill_all(c, &k) > 0)
            reply_ok(c->reply);
        else
            reply_error(c->reply, "ERR No such client");
        return;
    }
    struct kill k = {.skip_me = true};
    kill_args(c, &k);
    if (args_end(c->args, c->reply)) reply_int(c->reply, kill_all(c, &k));
}

/* CLIENT REPLY ON|OFF|SKIP */
void cmd_client_reply(struct cmd *c)
{
    struct session *s = c->session;
    if (slice_word(c->argv[2], "ON")) {
        s->flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP);
        reply_ok(c->reply);
    } else if (slice_word(c->argv[2], "OFF")) {
        s->flags |= SESSION_REPLY_OFF;
    } else if (slice_word(c->argv[2], "SKIP")) {
        if ((s->flags & SESSION_REPLY_OFF) == 0) s->flags |= SESSION_REPLY_SKIP_NEXT;
    } else {
        reply_err(c->reply, ERR_SYNTAX);
    }
}

/* CLIENT NO-EVICT ON|OFF */
void cmd_client_no_evict(struct cmd *c)
{
    if (slice_word(c->argv[2], "ON"))
        c->session->flags |= SESSION_NO_EVICT;
    else if (slice_word(c->argv[2], "OFF"))
        c->session->flags &= ~(uint32_t)SESSION_NO_EVICT;
    else {
        reply_err(c->reply, ERR_SYNTAX);
        return;
    }
    reply_ok(c->reply);
}

/* CLIENT UNBLOCK id [TIMEOUT|ERROR] */
void cmd_client_unblock(struct cmd *c)
{
    int64_t id = 0;
    bool with_error = false;
    args_i64(c->args, &id);
    if (args_left(c->args) == 1 && args_ok(c->args)) {
        if (args_maybe(c->args, "ERROR"))
            with_error = true;
        else if (!args_maybe(c->args, "TIMEOUT"))
            args_fail(c->args, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
    if (!args_end(c->args, c->reply)) return;
    list_each(at, &c->engine->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (s->id != (uint64_t)id) continue;
        bool was = s->block != NULL && s->block->kind != BLOCK_PAUSE;
        reply_int(c->reply, was && exec_unblock(s, with_error));
        return;
    }
    reply_int(c->reply, 0);
}

/* CLIENT PAUSE timeout [WRITE|ALL] */
void cmd_client_pause(struct cmd *c)
{
    int64_t ms = 0;
    bool all = true;
    args_i64(c->args, &ms);
    if (c->args->error != NULL) c->args->error = "ERR timeout is not an integer or out of range";
    if (args_ok(c->args) && ms < 0) args_fail(c->args, "ERR timeout is negative");
    if (args_left(c->args) == 1 && args_ok(c->args)) {
        if (args_maybe(c->args, "WRITE"))
            all = false;
        else if (!args_maybe(c->args, "ALL"))
            args_fail(c->args, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
    if (!args_end(c->args, c->reply)) return;
    struct engine *e = c->engine;
    int64_t until = ms > INT64_MAX - e->now_ms ? INT64_MAX : e->now_ms + ms;
    if (until > e->pause_until_ms) e->pause_until_ms = until;
    e->pause_all = all;
    reply_ok(c->reply);
}

/* CLIENT UNPAUSE */
void cmd_client_unpause(struct cmd *c)
{
    c->engine->pause_until_ms = 0;
    c->engine->unpaused = true;
    reply_ok(c->reply);
}

/* CLIENT HELP */
void cmd_client_help(struct cmd *c)
{
    static const char *const lines[] = {
        "GETNAME",
        "    Return the name of the current connection.",
        "ID",
        "    Return the ID of the current connection.",
        "INFO",
        "    Return information about the current client connection.",
        "KILL <ip:port>",
        "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made from the specified address",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made to specified local address",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Kill connections by type.",
        "    * USER <username>",
        "      Kill connections authenticated by <username>.",
        "    * SKIPME (YES|NO)",
        "      Skip killing current connection (default: yes).",
        "    * ID <client-id>",
        "      Kill connections by client id.",
        "LIST [options ...]",
        "    Return information about client connections. Options:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Return clients of specified type.",
        "    * ID <id> [<id>...]",
        "      Return clients of specified IDs only.",
        "NO-EVICT (ON|OFF)",
        "    Protect current client connection from eviction.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Suspend all, or just write, clients for <timeout> milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Control the replies sent to the current connection.",
        "SETNAME <name>",
        "    Assign the name <name> to the current connection.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]",
        "    Unblock the specified blocked client.",
        "UNPAUSE",
        "    Stop the current client pause, resuming traffic.",
        NULL};
    cmd_help(c, lines);
}
