/* string: commands on strings. */
#include "store/type/string.h"

#include "store/cmd/cmd.h"
#include "store/cmd/expire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The bytes of a string key, in text when it is a number. p is NULL when it is missing; ERR
 * otherwise. */
static enum err find_bytes(struct cmd *c, struct slice key, char text[static STRING_TEXT],
                           struct slice *out)
{
    struct value *v = NULL;
    enum err e = db_find(c->db, key, VALUE_STRING, &v);
    if (e != ERR_OK) return e;
    *out = v == NULL ? (struct slice){0} : string_get(v, text);
    if (v != NULL && out->p == NULL) out->p = "";
    return ERR_OK;
}

static void reply_found(struct cmd *c, struct slice s)
{
    if (s.p == NULL)
        reply_null(c->reply);
    else
        reply_bulk(c->reply, s);
}

/* Makes key hold s: in the old string's memory where it fits. */
static void put_bytes(struct cmd *c, struct slice key, struct slice s, bool keep_ttl)
{
    struct entry *e = db_entry(c->db, key);
    if (e != NULL && value_kind_of(e->value) == VALUE_STRING) {
        e->value = string_set(e->value, s);
        entry_touch(c->engine, e);
        if (!keep_ttl && e->expire_ms != EXPIRE_NEVER) (void)db_expire_clear(c->db, key);
        return;
    }
    int64_t expire = keep_ttl && e != NULL ? e->expire_ms : EXPIRE_NEVER;
    (void)db_put(c->db, key, string_new(s));
    if (expire != EXPIRE_NEVER) db_expire_set(c->db, key, expire);
}

static bool too_long(struct cmd *c, uint64_t len)
{
    if (len <= (uint64_t)c->engine->config.proto_max_bulk_len && len <= UINT32_MAX) return false;
    reply_err(c->reply, ERR_TOO_LONG);
    return true;
}

/* GET key */
void cmd_get(struct cmd *c)
{
    char text[STRING_TEXT];
    struct slice s = {0};
    if (!cmd_failed(c, find_bytes(c, c->argv[1], text, &s))) reply_found(c, s);
}

enum { SET_NX = 1, SET_XX = 2, SET_GET = 4, SET_KEEPTTL = 8, SET_TIME = 16, SET_PERSIST = 32 };

/* One of EX PX EXAT PXAT and its time, or false when the next word is none of them. */
static bool set_args_time(struct cmd *c, int *flags, uint32_t *time_at, bool *seconds,
                          bool *absolute)
{
    struct args *a = c->args;
    static const struct {
        const char *word;
        bool seconds, absolute;
    } forms[] = {
        {"EX", true, false}, {"PX", false, false}, {"EXAT", true, true}, {"PXAT", false, true}};
    if (args_left(a) < 2) return false;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!args_maybe(a, forms[i].word)) continue;
        if ((*flags & (SET_TIME | SET_KEEPTTL | SET_PERSIST)) != 0) args_syntax(a);
        *flags |= SET_TIME;
        *time_at = a->at++;
        *seconds = forms[i].seconds;
        *absolute = forms[i].absolute;
        return true;
    }
    return false;
}

/* Redis reads all options before it looks at the time's digits; so does this. */
static int set_args(struct cmd *c, int64_t *at_ms)
{
    struct args *a = c->args;
    int flags = 0;
    uint32_t time_at = 0;
    bool seconds = false, absolute = false;
    while (args_ok(a) && args_left(a) > 0) {
        if ((flags & SET_XX) == 0 && args_maybe(a, "NX"))
            flags |= SET_NX;
        else if ((flags & SET_NX) == 0 && args_maybe(a, "XX"))
            flags |= SET_XX;
        else if (args_maybe(a, "GET"))
            flags |= SET_GET;
        else if ((flags & SET_TIME) == 0 && args_maybe(a, "KEEPTTL"))
            flags |= SET_KEEPTTL;
        else if (!set_args_time(c, &flags, &time_at, &seconds, &absolute))
            args_syntax(a);
    }
    if (args_ok(a) && (flags & SET_TIME) != 0) {
        uint32_t end = a->at;
        a->at = time_at;
        expire_args_time(c, seconds, absolute, false, at_ms);
        a->at = end;
    }
    return flags;
}

static void set_effect(struct cmd *c, struct slice key, struct slice value, int flags,
                       int64_t at_ms)
{
    if (!cmd_logs(c)) return;
    char text[24];
    struct slice argv[5] = {SLICE("SET"), key, value};
    uint32_t n = 3;
    if ((flags & SET_TIME) != 0) {
        argv[n++] = SLICE("PXAT");
        argv[n++] = slice_make(text, fmt_i64(text, at_ms));
    } else if ((flags & SET_KEEPTTL) != 0) {
        argv[n++] = SLICE("KEEPTTL");
    }
    cmd_effect(c, n, argv);
}

/* SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL] */
void cmd_set(struct cmd *c)
{
    struct slice key = {0}, value = {0};
    int64_t at_ms = 0;
    args_key(c->args, &key);
    args_slice(c->args, &value);
    int flags = c->argc > 3 ? set_args(c, &at_ms) : 0;
    if (!args_end(c->args, c->reply)) return;

    if ((flags & SET_GET) != 0) {
        char text[STRING_TEXT];
        struct slice old = {0};
        if (cmd_failed(c, find_bytes(c, key, text, &old))) return;
        reply_found(c, old);
    }
    if ((flags & (SET_NX | SET_XX)) != 0) {
        bool there = db_entry(c->db, key) != NULL;
        if (there ? (flags & SET_NX) != 0 : (flags & SET_XX) != 0) {
            if ((flags & SET_GET) == 0) reply_null(c->reply);
            return;
        }
    }
    put_bytes(c, key, value, (flags & SET_KEEPTTL) != 0);
    db_changed(c->db, key, NOTIFY_STRING, "set");
    if ((flags & SET_TIME) != 0) {
        db_expire_set(c->db, key, at_ms);
        db_notify(c->db, key, NOTIFY_GENERIC, "expire");
    }
    if ((flags & (SET_TIME | SET_GET)) != 0) set_effect(c, key, value, flags, at_ms);
    if ((flags & SET_GET) == 0) reply_ok(c->reply);
}

/* SETNX key value */
void cmd_setnx(struct cmd *c)
{
    if (db_entry(c->db, c->argv[1]) != NULL) {
        reply_int(c->reply, 0);
        return;
    }
    (void)db_put(c->db, c->argv[1], string_new(c->argv[2]));
    db_changed(c->db, c->argv[1], NOTIFY_STRING, "set");
    reply_int(c->reply, 1);
}

static void set_for(struct cmd *c, bool seconds)
{
    int64_t at_ms = 0;
    c->args->at = 2;
    expire_args_time(c, seconds, false, false, &at_ms);
    c->args->at = c->argc;
    if (!args_end(c->args, c->reply)) return;
    put_bytes(c, c->argv[1], c->argv[3], false);
    db_changed(c->db, c->argv[1], NOTIFY_STRING, "set");
    db_expire_set(c->db, c->argv[1], at_ms);
    db_notify(c->db, c->argv[1], NOTIFY_GENERIC, "expire");
    set_effect(c, c->argv[1], c->argv[3], SET_TIME, at_ms);
    reply_ok(c->reply);
}

/* SETEX key seconds value */
void cmd_setex(struct cmd *c)
{
    set_for(c, true);
}

/* PSETEX key milliseconds value */
void cmd_psetex(struct cmd *c)
{
    set_for(c, false);
}

/* GETSET key value */
void cmd_getset(struct cmd *c)
{
    char text[STRING_TEXT];
    struct slice old = {0};
    if (cmd_failed(c, find_bytes(c, c->argv[1], text, &old))) return;
    reply_found(c, old);
    put_bytes(c, c->argv[1], c->argv[2], false);
    db_changed(c->db, c->argv[1], NOTIFY_STRING, "set");
}

/* GETDEL key */
void cmd_getdel(struct cmd *c)
{
    char text[STRING_TEXT];
    struct slice old = {0};
    if (cmd_failed(c, find_bytes(c, c->argv[1], text, &old))) return;
    reply_found(c, old);
    if (old.p == NULL) return;
    (void)db_del(c->db, c->argv[1]);
    db_changed(c->db, c->argv[1], NOTIFY_GENERIC, "del");
}

/* GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST] */
void cmd_getex(struct cmd *c)
{
    struct args *a = c->args;
    struct slice key = {0}, s = {0};
    char text[STRING_TEXT];
    int flags = 0;
    uint32_t time_at = 0;
    bool seconds = false, absolute = false;
    int64_t at_ms = 0;
    args_key(a, &key);
    while (args_ok(a) && args_left(a) > 0) {
        if (flags == 0 && args_maybe(a, "PERSIST"))
            flags |= SET_PERSIST;
        else if (!set_args_time(c, &flags, &time_at, &seconds, &absolute))
            args_syntax(a);
    }
    if (!args_check(a, c->reply)) return;
    if (cmd_failed(c, find_bytes(c, key, text, &s))) return;
    if (s.p == NULL) {
        reply_null(c->reply);
        return;
    }
    if ((flags & SET_TIME) != 0) {
        a->at = time_at;
        expire_args_time(c, seconds, absolute, false, &at_ms);
        if (!args_check(a, c->reply)) return;
    }
    reply_bulk(c->reply, s);
    if ((flags & SET_TIME) != 0) {
        (void)expire_apply(c, key, at_ms);
    } else if ((flags & SET_PERSIST) != 0 && db_expire_clear(c->db, key)) {
        struct slice argv[] = {SLICE("PERSIST"), key};
        db_changed(c->db, key, NOTIFY_GENERIC, "persist");
        cmd_effect(c, 2, argv);
    }
}

/* MGET key [key …]: a key of another type counts as missing. */
void cmd_mget(struct cmd *c)
{
    reply_array(c->reply, c->argc - 1);
    for (uint32_t i = 1; i < c->argc; i++) {
        char text[STRING_TEXT];
        struct slice s = {0};
        if (find_bytes(c, c->argv[i], text, &s) != ERR_OK)
            reply_null(c->reply);
        else
            reply_found(c, s);
    }
}

static void set_pairs(struct cmd *c)
{
    for (uint32_t i = 1; i < c->argc; i += 2) {
        put_bytes(c, c->argv[i], c->argv[i + 1], false);
        db_changed(c->db, c->argv[i], NOTIFY_STRING, "set");
    }
}

/* MSET key value [key value …] */
void cmd_mset(struct cmd *c)
{
    if (c->argc % 2 == 0) {
        cmd_wrong_arity(c);
        return;
    }
    set_pairs(c);
    reply_ok(c->reply);
}

/* MSETNX key value [key value …]: all or none */
void cmd_msetnx(struct cmd *c)
{
    if (c->argc % 2 == 0) {
        cmd_wrong_arity(c);
        return;
    }
    for (uint32_t i = 1; i < c->argc; i += 2) {
        if (db_entry(c->db, c->argv[i]) == NULL) continue;
        reply_int(c->reply, 0);
        return;
    }
    set_pairs(c);
    reply_int(c->reply, 1);
}

/* STRLEN key */
void cmd_strlen(struct cmd *c)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, c->argv[1], VALUE_STRING, &v))) return;
    reply_int(c->reply, v == NULL ? 0 : (int64_t)string_len(v));
}

/* APPEND key value */
void cmd_append(struct cmd *c)
{
    struct slice key = c->argv[1], s = c->argv[2];
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_STRING, &v))) return;
    uint64_t len = s.len;
    if (v == NULL) {
        (void)db_put(c->db, key, string_new(s));
    } else {
        len += string_len(v);
        if (too_long(c, len)) return;
        struct value *moved = v;
        string_append(&moved, s);
        if (moved != v) db_swap(c->db, key, moved);
    }
    db_changed(c->db, key, NOTIFY_STRING, "append");
    reply_int(c->reply, (int64_t)len);
}

/* SETRANGE key offset value */
void cmd_setrange(struct cmd *c)
{
    struct slice key = {0}, s = {0};
    int64_t at = 0;
    args_key(c->args, &key);
    args_i64(c->args, &at);
    if (args_ok(c->args) && at < 0) args_fail(c->args, "ERR offset is out of range");
    args_slice(c->args, &s);
    if (!args_end(c->args, c->reply)) return;

    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_STRING, &v))) return;
    size_t len = v == NULL ? 0 : string_len(v);
    if (s.len == 0) {
        reply_int(c->reply, (int64_t)len);
        return;
    }
    if (too_long(c, (uint64_t)at + s.len)) return;
    if (v == NULL) {
        v = string_new((struct slice){0});
        (void)db_put(c->db, key, v);
    }
    size_t end = (size_t)at + s.len;
    struct value *moved = v;
    char *p = string_edit(&moved, end > len ? end : len);
    memcpy(p + at, s.p, s.len);
    if (moved != v) db_swap(c->db, key, moved);
    db_changed(c->db, key, NOTIFY_STRING, "setrange");
    reply_int(c->reply, (int64_t)(end > len ? end : len));
}

/* GETRANGE key start end */
void cmd_getrange(struct cmd *c)
{
    struct slice key = {0}, s = {0};
    char text[STRING_TEXT];
    int64_t from = 0, to = 0;
    args_key(c->args, &key);
    args_i64(c->args, &from);
    args_i64(c->args, &to);
    if (!args_end(c->args, c->reply)) return;
    if (cmd_failed(c, find_bytes(c, key, text, &s))) return;

    int64_t len = (int64_t)s.len;
    bool crossed = from < 0 && to < 0 && from > to;
    if (from < 0) from += len;
    if (to < 0) to += len;
    if (from < 0) from = 0;
    if (to < 0) to = 0;
    if (to >= len) to = len - 1;
    if (crossed || from > to || len == 0)
        reply_bulk(c->reply, (struct slice){0});
    else
        reply_bulk(c->reply, slice_make(s.p + from, (size_t)(to - from + 1)));
}

/* --- counting --- */

static void count(struct cmd *c, int64_t by)
{
    struct slice key = c->argv[1];
    struct value *v = NULL;
    int64_t n = 0;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_STRING, &v))) return;
    if (v != NULL && !string_i64(v, &n)) {
        reply_err(c->reply, ERR_NOT_INT);
        return;
    }
    if (__builtin_add_overflow(n, by, &n)) {
        reply_err(c->reply, ERR_OVERFLOW);
        return;
    }
    if (v == NULL) {
        (void)db_put(c->db, key, string_new_i64(n));
    } else {
        struct value *moved = string_set_i64(v, n);
        if (moved != v) db_swap(c->db, key, moved);
    }
    db_changed(c->db, key, NOTIFY_STRING, "incrby");
    reply_int(c->reply, n);
}

/* INCR key */
void cmd_incr(struct cmd *c)
{
    count(c, 1);
}

/* DECR key */
void cmd_decr(struct cmd *c)
{
    count(c, -1);
}

/* INCRBY key increment */
void cmd_incrby(struct cmd *c)
{
    int64_t by = 0;
    c->args->at = 2;
    args_i64(c->args, &by);
    if (args_end(c->args, c->reply)) count(c, by);
}

/* DECRBY key decrement */
void cmd_decrby(struct cmd *c)
{
    int64_t by = 0;
    c->args->at = 2;
    args_i64(c->args, &by);
    if (args_ok(c->args) && by == INT64_MIN) args_fail(c->args, "ERR decrement would overflow");
    if (args_end(c->args, c->reply)) count(c, -by);
}

/* INCRBYFLOAT key increment */
void cmd_incrbyfloat(struct cmd *c)
{
    struct slice key = c->argv[1];
    struct value *v = NULL;
    long double n = 0, by = 0;
    char text[STRING_TEXT];
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_STRING, &v))) return;
    if ((v != NULL && !args_parse_decimal(string_get(v, text), &n)) ||
        !args_parse_decimal(c->argv[2], &by)) {
        reply_err(c->reply, ERR_NOT_FLOAT);
        return;
    }
    n += by;
    if (isnan(n) || isinf(n)) {
        reply_err(c->reply, ERR_NAN);
        return;
    }
    char sum[FMT_DECIMAL];
    struct slice s = slice_make(sum, fmt_decimal(sum, n));
    put_bytes(c, key, s, true);
    db_changed(c->db, key, NOTIFY_STRING, "incrbyfloat");
    set_effect(c, key, s, SET_KEEPTTL, 0);
    reply_bulk(c->reply, s);
}
