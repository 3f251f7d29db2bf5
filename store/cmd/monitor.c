#include "monitor.h"

#include "base/mem.h"
#include "store/cmd/guard.h"

enum { SLOW_ARGS = 32, SLOW_ARG_BYTES = 128 };

struct slow {
    struct list link; /* in engine->slowlog, newest first */
    uint64_t id;
    int64_t at_s, took_us;
    uint32_t argc;
    struct slice addr, name; /* owned, as the arguments */
    struct slice argv[];
};

struct slice session_addr(const struct session *s, char buf[static 128], bool local)
{
    if (s->io->addr == NULL) return SLICE("127.0.0.1:0");
    return s->io->addr((struct session *)(uintptr_t)s, buf, local);
}

/* Bytes in quotes, as redis-cli shows them. */
static void add_quoted(struct buf *out, struct slice s)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        static const char plain[] = "\n\r\t\a\b";
        static const char escaped[] = "nrtab";
        const char *at = c == 0 ? NULL : strchr(plain, c);
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (at != NULL)
            buf_addf(out, "\\%c", escaped[at - plain]);
        else if (c >= ' ' && c < 127)
            buf_add_char(out, (char)c);
        else
            buf_addf(out, "\\x%02x", c);
    }
    buf_add_char(out, '"');
}

/* Who ran it, as MONITOR says it. */
static void add_speaker(struct buf *out, const struct cmd *c)
{
    char addr[128];
    struct slice from = session_addr(c->session, addr, false);
    bool unix_socket = (c->session->flags & SESSION_UNIX) != 0;
    if (c->in_script)
        buf_add_cstr(out, "lua");
    else if (unix_socket) /* its address ends in ":0" everywhere else */
        buf_addf(out, "unix:%.*s", (int)from.len - 2, from.p);
    else
        buf_add_slice(out, from);
}

void monitor_feed(const struct cmd *c)
{
    struct engine *e = c->engine;
    struct buf line = {0};
    buf_addf(&line, "+%lld.%06lld [%u ", (long long)(e->now_us / 1000000),
             (long long)(e->now_us % 1000000), c->session->db);
    add_speaker(&line, c);
    buf_add_char(&line, ']');
    for (uint32_t i = 0; i < c->argc; i++) {
        buf_add_char(&line, ' ');
        add_quoted(&line, guard_shown(c->spec, c->argv, i));
    }
    buf_add_cstr(&line, "\r\n");
    struct shared *m = shared_new(line.len);
    shared_add(m, line.p, line.len);
    list_each(at, &e->monitors)
    {
        session_push_shared(list_entry(at, struct session, monitor), m, 0, m->len);
    }
    shared_unref(m);
    buf_fini(&line);
}

static struct slice keep(struct slice s)
{
    return slice_make(mem_dup(s.p, s.len), s.len);
}

static void slow_free(struct slow *one)
{
    list_del(&one->link);
    for (uint32_t i = 0; i < one->argc; i++)
        mem_free((char *)(uintptr_t)one->argv[i].p);
    mem_free((char *)(uintptr_t)one->addr.p);
    mem_free((char *)(uintptr_t)one->name.p);
    mem_free(one);
}

void slowlog_reset(struct engine *e)
{
    list_each_safe(at, &e->slowlog) slow_free(list_entry(at, struct slow, link));
    e->slowlog_count = 0;
}

static struct slice slow_arg(const struct cmd *c, uint32_t i, uint32_t kept, struct buf *text)
{
    struct slice arg = guard_shown(c->spec, c->argv, i);
    buf_clear(text);
    if (i == kept - 1 && kept < c->argc) {
        buf_addf(text, "... (%u more arguments)", c->argc - kept + 1);
    } else if (arg.len > SLOW_ARG_BYTES) {
        buf_add(text, arg.p, SLOW_ARG_BYTES);
        buf_addf(text, "... (%zu more bytes)", arg.len - SLOW_ARG_BYTES);
    } else {
        buf_add_slice(text, arg);
    }
    return keep(buf_slice(text));
}

void slowlog_note(const struct cmd *c, int64_t took_us)
{
    struct engine *e = c->engine;
    int64_t limit = e->config.slowlog_log_slower_than;
    if (took_us < limit || limit < 0 || (c->spec->flags & CMD_NOSLOWLOG) != 0) return;
    if (e->depth != 1 || e->loading) return;

    uint32_t kept = c->argc < SLOW_ARGS ? c->argc : SLOW_ARGS;
    struct slow *one = mem_calloc(1, sizeof *one + kept * sizeof one->argv[0]);
    one->id = e->slowlog_next_id++;
    one->at_s = e->now_ms / 1000;
    one->took_us = took_us;
    one->argc = kept;
    char addr[128];
    one->addr = keep(session_addr(c->session, addr, false));
    one->name = keep(c->session->name);
    struct buf text = {0};
    for (uint32_t i = 0; i < kept; i++)
        one->argv[i] = slow_arg(c, i, kept, &text);
    buf_fini(&text);
    list_add(e->slowlog.next, &one->link);
    e->slowlog_count++;
    while (e->slowlog_count > (uint64_t)e->config.slowlog_max_len) {
        slow_free(list_entry(e->slowlog.prev, struct slow, link));
        e->slowlog_count--;
    }
}

/* SLOWLOG GET [count] */
void cmd_slowlog_get(struct cmd *c)
{
    int64_t count = 10;
    if (args_left(c->args) > 1) {
        struct slice word = c->argv[1];
        reply_errorf(c->reply,
                     "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                     "Try SLOWLOG HELP.",
                     (int)(word.len > 128 ? 128 : word.len), word.p);
        return;
    }
    if (args_left(c->args) > 0)
        args_range(c->args, -1, INT64_MAX, "ERR count should be greater than or equal to -1",
                   &count);
    if (c->args->error != NULL) c->args->error = "ERR count should be greater than or equal to -1";
    if (!args_end(c->args, c->reply)) return;

    uint64_t n = c->engine->slowlog_count;
    if (count >= 0 && (uint64_t)count < n) n = (uint64_t)count;
    reply_array(c->reply, n);
    list_each(at, &c->engine->slowlog)
    {
        if (n-- == 0) break;
        const struct slow *one = list_entry(at, struct slow, link);
        reply_array(c->reply, 6);
        reply_int(c->reply, (int64_t)one->id);
        reply_int(c->reply, one->at_s);
        reply_int(c->reply, one->took_us);
        reply_array(c->reply, one->argc);
        for (uint32_t i = 0; i < one->argc; i++)
            reply_bulk(c->reply, one->argv[i]);
        reply_bulk(c->reply, one->addr);
        reply_bulk(c->reply, one->name);
    }
}

/* SLOWLOG LEN */
void cmd_slowlog_len(struct cmd *c)
{
    reply_int(c->reply, c->engine->slowlog_count);
}

/* SLOWLOG RESET */
void cmd_slowlog_reset(struct cmd *c)
{
    slowlog_reset(c->engine);
    reply_ok(c->reply);
}

/* SLOWLOG HELP */
void cmd_slowlog_help(struct cmd *c)
{
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
        NULL};
    cmd_help(c, lines);
}

/* MONITOR */
void cmd_monitor(struct cmd *c)
{
    struct session *s = c->session;
    if ((s->flags & SESSION_DENY_BLOCK) != 0 || c->engine->depth > 1) {
        reply_error(c->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    if (list_empty(&s->monitor)) list_add(&c->engine->monitors, &s->monitor);
    s->flags |= SESSION_MONITOR;
    reply_ok(c->reply);
}
