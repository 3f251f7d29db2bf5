#include "expire.h"

void expire_args_time(struct cmd *c, bool seconds, bool absolute, bool past, int64_t *at_ms)
{
    struct args *a = c->args;
    int64_t n = 0;
    args_i64(a, &n);
    if (!args_ok(a)) return;
    bool bad = !past && n <= 0;
    if (seconds) bad |= __builtin_mul_overflow(n, (int64_t)1000, &n);
    if (!absolute) bad |= __builtin_add_overflow(n, c->engine->now_ms, &n);
    if (bad)
        args_fail(
            a, arena_printf(c->arena, "ERR invalid expire time in '%s' command", c->spec->name).p);
    else
        *at_ms = n == EXPIRE_NEVER ? n - 1 : n;
}

bool expire_apply(struct cmd *c, struct slice key, int64_t at_ms)
{
    if (at_ms <= c->engine->now_ms && !c->engine->loading) {
        (void)db_del(c->db, key);
        db_changed(c->db, key, NOTIFY_GENERIC, "del");
        struct slice argv[] = {SLICE("DEL"), key};
        cmd_effect(c, 2, argv);
        return false;
    }
    db_expire_set(c->db, key, at_ms);
    db_changed(c->db, key, NOTIFY_GENERIC, "expire");
    char text[24];
    struct slice argv[] = {SLICE("PEXPIREAT"), key, slice_make(text, fmt_i64(text, at_ms))};
    cmd_effect(c, 3, argv);
    return true;
}

enum { NX = 1, XX = 2, GT = 4, LT = 8 };

static int expire_args_flags(struct cmd *c)
{
    struct args *a = c->args;
    int flags = 0;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "NX"))
            flags |= NX;
        else if (args_maybe(a, "XX"))
            flags |= XX;
        else if (args_maybe(a, "GT"))
            flags |= GT;
        else if (args_maybe(a, "LT"))
            flags |= LT;
        else
            args_fail(a, arena_printf(c->arena, "ERR Unsupported option %.*s",
                                      (int)args_peek(a).len, args_peek(a).p)
                             .p);
    }
    if ((flags & NX) != 0 && (flags & (XX | GT | LT)) != 0)
        args_fail(a, "ERR NX and XX, GT or LT options at the same time are not compatible");
    if ((flags & GT) != 0 && (flags & LT) != 0)
        args_fail(a, "ERR GT and LT options at the same time are not compatible");
    return flags;
}

static bool allowed(int flags, int64_t has_ms, int64_t at_ms)
{
    bool has = has_ms != EXPIRE_NEVER;
    if ((flags & NX) != 0 && has) return false;
    if ((flags & XX) != 0 && !has) return false;
    if ((flags & GT) != 0 && (!has || at_ms <= has_ms)) return false;
    return (flags & LT) == 0 || !has || at_ms < has_ms;
}

static void expire(struct cmd *c, bool seconds, bool absolute)
{
    struct slice key = c->argv[1];
    int64_t at_ms = 0;
    c->args->at = 3;
    int flags = expire_args_flags(c);
    uint32_t end = c->args->at;
    c->args->at = 2;
    expire_args_time(c, seconds, absolute, true, &at_ms);
    c->args->at = end;
    if (!args_check(c->args, c->reply)) return;

    const struct entry *e = db_entry(c->db, key);
    if (e == NULL || !allowed(flags, e->expire_ms, at_ms)) {
        reply_int(c->reply, 0);
        return;
    }
    (void)expire_apply(c, key, at_ms);
    reply_int(c->reply, 1);
}

/* EXPIRE key seconds [NX|XX|GT|LT] */
void cmd_expire(struct cmd *c)
{
    expire(c, true, false);
}

/* PEXPIRE key milliseconds [NX|XX|GT|LT] */
void cmd_pexpire(struct cmd *c)
{
    expire(c, false, false);
}

/* EXPIREAT key unix-time-seconds [NX|XX|GT|LT] */
void cmd_expireat(struct cmd *c)
{
    expire(c, true, true);
}

/* PEXPIREAT key unix-time-milliseconds [NX|XX|GT|LT] */
void cmd_pexpireat(struct cmd *c)
{
    expire(c, false, true);
}

/* -2 for a missing key, -1 for one without expiry. */
static void reply_time(struct cmd *c, bool seconds, bool absolute)
{
    const struct entry *e = db_entry(c->db, c->argv[1]);
    int64_t n = -1;
    if (e == NULL)
        n = -2;
    else if (e->expire_ms != EXPIRE_NEVER) {
        n = absolute ? e->expire_ms : e->expire_ms - c->engine->now_ms;
        if (n < 0) n = 0;
        /* Unsigned, because Redis takes times up to the last millisecond there is. */
        if (seconds) n = (int64_t)(((uint64_t)n + 500) / 1000);
    }
    reply_int(c->reply, n);
}

/* TTL key */
void cmd_ttl(struct cmd *c)
{
    reply_time(c, true, false);
}

/* PTTL key */
void cmd_pttl(struct cmd *c)
{
    reply_time(c, false, false);
}

/* EXPIRETIME key */
void cmd_expiretime(struct cmd *c)
{
    reply_time(c, true, true);
}

/* PEXPIRETIME key */
void cmd_pexpiretime(struct cmd *c)
{
    reply_time(c, false, true);
}

/* PERSIST key */
void cmd_persist(struct cmd *c)
{
    if (db_entry(c->db, c->argv[1]) == NULL || !db_expire_clear(c->db, c->argv[1])) {
        reply_int(c->reply, 0);
        return;
    }
    db_changed(c->db, c->argv[1], NOTIFY_GENERIC, "persist");
    reply_int(c->reply, 1);
}
