/* zset_pop: taking the least or the greatest members, at once or when there are some. */
#include "base/must.h"
#include "store/cmd/zset.h"
#include "store/engine/trash.h"

/* How a pop is asked for and how it replies. */
struct pop {
    bool max;
    bool with_key; /* BZPOPMIN, ZMPOP: the reply says from which key */
    bool nested;   /* members and scores in pairs */
    int64_t count;
};

struct pop_reply {
    struct reply *reply;
    bool nested;
};

static bool reply_popped(struct slice name, double score, void *data)
{
    const struct pop_reply *p = data;
    if (p->nested) reply_array(p->reply, 2);
    reply_bulk(p->reply, name);
    reply_double(p->reply, score);
    return true;
}

/* Pops from z, which is not empty, and replies. */
static void pop_from(struct cmd *c, const struct pop *p, struct slice key, struct zset *z)
{
    uint32_t have = zset_count(z);
    uint32_t n = p->count < have ? (uint32_t)p->count : have;
    struct reply *r = c->reply;
    if (p->with_key) {
        reply_array(r, p->nested ? 2 : 3);
        reply_bulk(r, key);
        if (p->nested) reply_array(r, n);
    } else {
        reply_array(r, p->nested ? n : 2 * (uint64_t)n);
    }
    struct pop_reply to = {r, p->nested};
    zset_each(z, p->max ? have - 1 : 0, n, p->max, reply_popped, &to);
    trash_value(c->engine, zset_cut(z, p->max ? have - n : 0, n));
    db_changed(c->db, key, NOTIFY_ZSET, p->max ? "zpopmax" : "zpopmin");
    (void)db_drop_if_empty(c->db, key, zset_value(z));
}

/* Reads a count from min up; whatever else it is, is `error`. */
static void read_count(struct cmd *c, int64_t min, const char *error, int64_t *out)
{
    struct slice s = {0};
    int64_t n = 0;
    args_slice(c->args, &s);
    if (!args_ok(c->args)) return;
    if (!slice_i64(s, &n) || n < min)
        args_fail(c->args, error);
    else
        *out = n;
}

static void zpop(struct cmd *c, bool max)
{
    struct slice key = {0};
    struct zset *z = NULL;
    struct pop p = {.max = max, .count = 1};
    args_key(c->args, &key);
    if (args_left(c->args) > 1) args_syntax(c->args);
    if (args_left(c->args) > 0) {
        read_count(c, 0, err_text(ERR_NOT_POSITIVE), &p.count);
        p.nested = c->reply->resp > 2;
    }
    if (!args_end(c->args, c->reply) || !zset_open_write(c, key, &z)) return;
    if (z == NULL || p.count == 0)
        reply_array(c->reply, 0);
    else
        pop_from(c, &p, key, z);
}

/* ZPOPMIN key [count] */
void cmd_zpopmin(struct cmd *c)
{
    zpop(c, false);
}

/* ZPOPMAX key [count] */
void cmd_zpopmax(struct cmd *c)
{
    zpop(c, true);
}

/* Pops from the first of the keys that has members and tells the log from which. 1: done
 * (or an error was replied), 0: all are empty. */
static bool pop_first(struct cmd *c, const struct pop *p, const struct slice *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct value *v = NULL;
        /* A client that waited is served from the key that was written. */
        if (c->retry && !slice_eq(keys[i], c->engine->serving_key)) continue;
        enum err e = db_find_write(c->db, keys[i], VALUE_ZSET, &v);
        if (e != ERR_OK && c->retry) continue; /* and not told of other types */
        if (cmd_failed(c, e)) return true;
        if (v == NULL) continue;

        uint32_t have = zset_count(zset_of(v));
        pop_from(c, p, keys[i], zset_of(v));
        char digits[24];
        size_t len = fmt_i64(digits, p->count < have ? p->count : have);
        struct slice effect[] = {p->max ? SLICE("ZPOPMAX") : SLICE("ZPOPMIN"), keys[i],
                                 slice_make(digits, len)};
        cmd_effect(c, 3, effect);
        return true;
    }
    return false;
}

static void bzpop(struct cmd *c, bool max)
{
    struct args *a = c->args;
    uint32_t n = args_left(a) - 1;
    const struct slice *keys = &a->argv[a->at];
    struct pop p = {.max = max, .with_key = true, .count = 1};
    int64_t timeout_ms = 0;
    a->at += n;
    args_timeout(a, &timeout_ms);
    if (!args_end(a, c->reply)) return;
    if (pop_first(c, &p, keys, n)) return;
    if (cmd_may_block(c))
        cmd_block(c, keys, n, timeout_ms, BLOCK_ZSET);
    else
        reply_null_array(c->reply);
}

/* BZPOPMIN key [key ...] timeout */
void cmd_bzpopmin(struct cmd *c)
{
    bzpop(c, false);
}

/* BZPOPMAX key [key ...] timeout */
void cmd_bzpopmax(struct cmd *c)
{
    bzpop(c, true);
}

/* Reads `numkeys key [key ...] MIN|MAX [COUNT count]`. */
static void read_mpop(struct cmd *c, struct pop *p, const struct slice **keys, int64_t *n)
{
    struct args *a = c->args;
    read_count(c, 1, "ERR numkeys should be greater than 0", n);
    if (!args_ok(a)) return;
    if (*n >= args_left(a)) {
        args_syntax(a);
        return;
    }
    *keys = &a->argv[a->at];
    a->at += (uint32_t)*n;
    if (args_maybe(a, "MAX"))
        p->max = true;
    else
        args_word(a, "MIN");
    if (args_left(a) >= 2 && args_maybe(a, "COUNT"))
        read_count(c, 1, "ERR count should be greater than 0", &p->count);
    if (args_left(a) > 0) args_syntax(a);
}

/* ZMPOP numkeys key [key ...] MIN|MAX [COUNT count] */
void cmd_zmpop(struct cmd *c)
{
    struct pop p = {.with_key = true, .nested = true, .count = 1};
    const struct slice *keys = NULL;
    int64_t n = 0;
    read_mpop(c, &p, &keys, &n);
    if (!args_end(c->args, c->reply)) return;
    must(keys != NULL);
    if (!pop_first(c, &p, keys, (uint32_t)n)) reply_null_array(c->reply);
}

/* BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count] */
void cmd_bzmpop(struct cmd *c)
{
    struct args *a = c->args;
    struct pop p = {.with_key = true, .nested = true, .count = 1};
    const struct slice *keys = NULL;
    int64_t n = 0;
    int64_t timeout_ms = 0;
    struct args timeout = *a; /* Redis reads the timeout last */
    a->at++;
    read_mpop(c, &p, &keys, &n);
    args_timeout(&timeout, &timeout_ms);
    if (!args_ok(&timeout)) args_fail(a, timeout.error);
    if (!args_end(a, c->reply)) return;
    if (pop_first(c, &p, keys, (uint32_t)n)) return;
    if (cmd_may_block(c))
        cmd_block(c, keys, (uint32_t)n, timeout_ms, BLOCK_ZSET);
    else
        reply_null_array(c->reply);
}
