/* dump: DUMP and RESTORE; payloads are Redis's (store/ds/rdb.h, store/type/dump.h). */
#include "store/type/dump.h"

#include "store/cmd/cmd.h"
#include "store/ds/rdb.h"

/* DUMP key */
void cmd_dump(struct cmd *c)
{
    const struct value *v = db_any(c->db, c->argv[1]);
    if (v == NULL) {
        reply_null(c->reply);
        return;
    }
    struct buf out = {0};
    if (dump_write(v, &out)) {
        rdb_seal(&out);
        reply_bulk(c->reply, buf_slice(&out));
    } else {
        reply_errorf(c->reply, "ERR DUMP of a %s is not supported", v->type->name);
    }
    buf_fini(&out);
}

struct restore {
    bool replace, absolute;
    int64_t idle_s; /* -1: not said */
    int64_t freq;   /* -1: not said */
};

static void restore_args(struct cmd *c, struct restore *r)
{
    struct args *a = c->args;
    *r = (struct restore){.idle_s = -1, .freq = -1};
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "REPLACE"))
            r->replace = true;
        else if (args_maybe(a, "ABSTTL"))
            r->absolute = true;
        else if (args_left(a) > 1 && r->freq < 0 && args_maybe(a, "IDLETIME"))
            args_range(a, 0, INT64_MAX, "ERR Invalid IDLETIME value, must be >= 0", &r->idle_s);
        else if (args_left(a) > 1 && r->idle_s < 0 && args_maybe(a, "FREQ"))
            args_range(a, 0, 255, "ERR Invalid FREQ value, must be >= 0 and <= 255", &r->freq);
        else
            args_syntax(a);
    }
}

/* What the log keeps: the time as an absolute one, and nothing about idleness. */
static void restore_effect(struct cmd *c, int64_t at_ms)
{
    char text[24];
    const struct slice argv[] = {
        SLICE("RESTORE"), c->argv[1],       slice_make(text, fmt_i64(text, at_ms)),
        c->argv[3],       SLICE("REPLACE"), SLICE("ABSTTL")};
    cmd_effect(c, sizeof argv / sizeof argv[0], argv);
}

/* Puts v under key, to live until at_ms (0: for ever). A time that is past deletes instead,
 * but not while the log is replayed: then nothing expires by the clock. */
static void restore_put(struct cmd *c, struct slice key, struct value *v, int64_t at_ms,
                        const struct restore *r)
{
    if (at_ms != 0 && at_ms <= c->engine->now_ms && !c->engine->loading) {
        value_free(v);
        if (!db_del(c->db, key)) return;
        db_changed(c->db, key, NOTIFY_GENERIC, "del");
        const struct slice del[] = {SLICE("DEL"), key};
        cmd_effect(c, 2, del);
        return;
    }
    struct entry *e = db_put(c->db, key, v);
    uint32_t now_s = c->engine->now_s;
    if (r->idle_s >= 0 && !c->engine->counts_uses && !lfu_is_stamp(now_s))
        e->touched_s = r->idle_s < now_s ? now_s - (uint32_t)r->idle_s : 0;
    if (r->freq >= 0 && c->engine->counts_uses) e->touched_s = lfu_stamp(now_s, (uint32_t)r->freq);
    if (at_ms != 0) db_expire_set(c->db, key, at_ms);
    db_changed(c->db, key, NOTIFY_GENERIC, "restore");
    restore_effect(c, at_ms);
}

/* RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds | FREQ frequency] */
void cmd_restore(struct cmd *c)
{
    struct restore r;
    struct slice key = c->argv[1], body = {0};
    int64_t at_ms = 0;
    c->args->at = 4;
    restore_args(c, &r);
    if (!args_check(c->args, c->reply)) return;
    if (!r.replace && db_entry(c->db, key) != NULL) {
        reply_error(c->reply, "BUSYKEY Target key name already exists.");
        return;
    }
    c->args->at = 2;
    args_range(c->args, 0, INT64_MAX, "ERR Invalid TTL value, must be >= 0", &at_ms);
    if (!args_check(c->args, c->reply)) return;
    if (!rdb_open(c->argv[3], &body)) {
        reply_error(c->reply, "ERR DUMP payload version or checksum are wrong");
        return;
    }
    struct value *v = dump_read(body, c->arena);
    if (v == NULL) {
        reply_error(c->reply, "ERR Bad data format");
        return;
    }
    /* A time so far away that the clock cannot say it is the last that it can. */
    if (at_ms != 0 && !r.absolute && __builtin_add_overflow(at_ms, c->engine->now_ms, &at_ms))
        at_ms = EXPIRE_NEVER - 1;
    if (at_ms == EXPIRE_NEVER) at_ms--;
    restore_put(c, key, v, at_ms, &r);
    reply_ok(c->reply);
}
