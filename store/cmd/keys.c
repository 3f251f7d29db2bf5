/* keys: commands on keys of any type. */
#include "store/cmd/exec.h"
#include "store/cmd/scan.h"

/* DEL key [key …] and UNLINK */
void cmd_del(struct cmd *c)
{
    int64_t gone = 0;
    for (uint32_t i = 1; i < c->argc; i++) {
        if (!db_del(c->db, c->argv[i])) continue;
        db_changed(c->db, c->argv[i], NOTIFY_GENERIC, "del");
        gone++;
    }
    reply_int(c->reply, gone);
}

/* EXISTS key [key …] */
void cmd_exists(struct cmd *c)
{
    int64_t n = 0;
    for (uint32_t i = 1; i < c->argc; i++) {
        bool there = db_entry(c->db, c->argv[i]) != NULL;
        if (there)
            c->engine->stats.hits++;
        else
            c->engine->stats.misses++;
        n += there;
    }
    reply_int(c->reply, n);
}

/* TOUCH key [key …] */
void cmd_touch(struct cmd *c)
{
    int64_t n = 0;
    for (uint32_t i = 1; i < c->argc; i++)
        n += db_any(c->db, c->argv[i]) != NULL;
    reply_int(c->reply, n);
}

/* TYPE key */
void cmd_type(struct cmd *c)
{
    const struct entry *e = db_entry(c->db, c->argv[1]);
    reply_status(c->reply, e == NULL ? "none" : e->value->type->name);
}

/* DBSIZE */
void cmd_dbsize(struct cmd *c)
{
    exec_sees_all(c->engine);
    reply_int(c->reply, (int64_t)db_count(c->db));
}

/* RANDOMKEY */
void cmd_randomkey(struct cmd *c)
{
    exec_sees_all(c->engine);
    /* An expired key that was drawn is gone afterwards; so this ends, and is short in
     * practice. */
    for (;;) {
        const struct entry *e = dict_random(&c->db->keys, &c->engine->rng);
        if (e == NULL) {
            reply_null(c->reply);
            return;
        }
        struct slice key = arena_copy(c->arena, entry_key(e));
        if (db_entry(c->db, key) == NULL) continue;
        reply_bulk(c->reply, key);
        return;
    }
}

struct listing {
    struct cmd *c;
    const struct scan *scan;
    uint64_t n;
};

static bool is_live(const struct cmd *c, const struct entry *e)
{
    return e->expire_ms >= c->engine->now_ms || c->engine->loading;
}

/* KEYS pattern */
void cmd_keys(struct cmd *c)
{
    exec_sees_all(c->engine);
    struct slice pattern = c->argv[1];
    bool all = slice_is(pattern, "*");
    uint64_t n = 0;
    size_t head = reply_later(c->reply);
    struct dict_iter i;
    dict_iter_init(&i, &c->db->keys);
    for (const struct entry *e = dict_iter_next(&i); e != NULL; e = dict_iter_next(&i)) {
        if (!is_live(c, e) || (!all && !slice_glob(pattern, entry_key(e), false))) continue;
        reply_bulk(c->reply, entry_key(e));
        n++;
    }
    dict_iter_fini(&i);
    reply_later_end(c->reply, head, '*', n);
}

static void scan_visit(void *item, void *data)
{
    struct listing *l = data;
    const struct entry *e = item;
    if (!is_live(l->c, e) || !scan_wants(l->scan, entry_key(e))) return;
    if (l->scan->type.p != NULL && !slice_word(l->scan->type, e->value->type->name)) return;
    reply_bulk(l->c->reply, entry_key(e));
    l->n++;
}

/* SCAN cursor [MATCH pattern] [COUNT count] [TYPE type] */
void cmd_scan(struct cmd *c)
{
    struct scan scan;
    scan_args_cursor(c->args, &scan);
    scan_args_options(c->args, &scan, true);
    if (!args_end(c->args, c->reply)) return;

    exec_sees_all(c->engine);
    struct listing l = {.c = c, .scan = &scan};
    size_t place = scan_reply_begin(c->reply);
    uint64_t next = scan_dict(&c->db->keys, &scan, scan_visit, &l);
    scan_reply_end(c->reply, place, next, l.n);
}

static void rename_key(struct cmd *c, bool only_new)
{
    struct slice from = c->argv[1], to = c->argv[2];
    if (db_entry(c->db, from) == NULL) {
        reply_err(c->reply, ERR_NOKEY);
        return;
    }
    bool same = slice_eq(from, to);
    if (only_new && (same || db_entry(c->db, to) != NULL)) {
        reply_int(c->reply, 0);
        return;
    }
    if (!same) {
        int64_t expire = db_expire_get(c->db, from);
        struct value *v = db_take(c->db, from);
        (void)db_put(c->db, to, v);
        db_expire_set(c->db, to, expire);
        db_changed(c->db, from, NOTIFY_GENERIC, "rename_from");
        db_changed(c->db, to, NOTIFY_GENERIC, "rename_to");
    }
    if (only_new)
        reply_int(c->reply, 1);
    else
        reply_ok(c->reply);
}

/* RENAME key newkey */
void cmd_rename(struct cmd *c)
{
    rename_key(c, false);
}

/* RENAMENX key newkey */
void cmd_renamenx(struct cmd *c)
{
    rename_key(c, true);
}

/* COPY source destination [DB db] [REPLACE] */
void cmd_copy(struct cmd *c)
{
    struct slice from = {0}, to = {0};
    int64_t db = c->db->id;
    bool replace = false;
    args_key(c->args, &from);
    args_key(c->args, &to);
    while (args_ok(c->args) && args_left(c->args) > 0) {
        if (args_maybe(c->args, "REPLACE")) {
            replace = true;
        } else if (args_left(c->args) >= 2 && args_maybe(c->args, "DB")) {
            args_int(c->args, &db);
            if (db < 0 || db >= ENGINE_DBS) args_fail(c->args, err_text(ERR_DB_INDEX));
        } else {
            args_syntax(c->args);
        }
    }
    if (!args_end(c->args, c->reply)) return;

    struct db *other = &c->engine->db[db];
    if (other == c->db && slice_eq(from, to)) {
        reply_err(c->reply, ERR_SAME_OBJECT);
        return;
    }
    const struct entry *e = db_entry(c->db, from);
    if (e == NULL || (db_entry(other, to) != NULL && !replace)) {
        reply_int(c->reply, 0);
        return;
    }
    int64_t expire = e->expire_ms;
    (void)db_put(other, to, e->value->type->copy(e->value));
    db_expire_set(other, to, expire);
    db_changed(other, to, NOTIFY_GENERIC, "copy_to");
    reply_int(c->reply, 1);
}

/* MOVE key db */
void cmd_move(struct cmd *c)
{
    struct slice key = {0};
    int64_t db = 0;
    args_key(c->args, &key);
    args_int(c->args, &db);
    if (!args_end(c->args, c->reply)) return;
    if (db < 0 || db >= ENGINE_DBS) {
        reply_err(c->reply, ERR_DB_INDEX);
        return;
    }
    struct db *other = &c->engine->db[db];
    if (other == c->db) {
        reply_err(c->reply, ERR_SAME_OBJECT);
        return;
    }
    const struct entry *e = db_entry(c->db, key);
    if (e == NULL || db_entry(other, key) != NULL) {
        reply_int(c->reply, 0);
        return;
    }
    int64_t expire = e->expire_ms;
    (void)db_put(other, key, db_take(c->db, key));
    db_expire_set(other, key, expire);
    db_changed(c->db, key, NOTIFY_GENERIC, "move_from");
    db_changed(other, key, NOTIFY_GENERIC, "move_to");
    reply_int(c->reply, 1);
}

/* SWAPDB index1 index2: the dicts change places; clients stay with their number. */
void cmd_swapdb(struct cmd *c)
{
    int64_t a = 0, b = 0;
    args_range(c->args, INT32_MIN, INT32_MAX, "ERR invalid first DB index", &a);
    if (c->args->error == err_text(ERR_NOT_INT)) c->args->error = "ERR invalid first DB index";
    args_range(c->args, INT32_MIN, INT32_MAX, "ERR invalid second DB index", &b);
    if (c->args->error == err_text(ERR_NOT_INT)) c->args->error = "ERR invalid second DB index";
    if (!args_end(c->args, c->reply)) return;
    if (a < 0 || a >= ENGINE_DBS || b < 0 || b >= ENGINE_DBS) {
        reply_err(c->reply, ERR_DB_INDEX);
        return;
    }
    engine_swap(c->engine, (uint32_t)a, (uint32_t)b);
    reply_ok(c->reply);
}

static bool flush_args(struct cmd *c)
{
    if (!args_maybe(c->args, "ASYNC")) (void)args_maybe(c->args, "SYNC");
    return args_end(c->args, c->reply);
}

static void flush_said(struct cmd *c)
{
    c->engine->dirty++;
    c->engine->durable_writes++;
    depends_write_all(&c->engine->depends);
    reply_ok(c->reply);
}

/* FLUSHDB [ASYNC|SYNC] */
void cmd_flushdb(struct cmd *c)
{
    if (!flush_args(c)) return;
    db_flush(c->db);
    flush_said(c);
}

/* FLUSHALL [ASYNC|SYNC] */
void cmd_flushall(struct cmd *c)
{
    if (!flush_args(c)) return;
    for (uint32_t i = 0; i < ENGINE_DBS; i++)
        db_flush(&c->engine->db[i]);
    flush_said(c);
}

/* --- OBJECT --- */

static const struct entry *object_entry(struct cmd *c)
{
    const struct entry *e = db_entry(c->db, c->argv[2]);
    if (e == NULL) reply_null(c->reply);
    return e;
}

/* OBJECT ENCODING key */
void cmd_object_encoding(struct cmd *c)
{
    const struct entry *e = object_entry(c);
    if (e != NULL) reply_cstr(c->reply, e->value->type->encoding(e->value));
}

/* OBJECT REFCOUNT key */
void cmd_object_refcount(struct cmd *c)
{
    if (object_entry(c) != NULL) reply_int(c->reply, 1);
}

/* OBJECT IDLETIME key */
void cmd_object_idletime(struct cmd *c)
{
    const struct entry *e = object_entry(c);
    if (e == NULL) return;
    if (c->engine->counts_uses)
        reply_error(c->reply, "ERR An LFU maxmemory policy is selected, idle time not tracked. "
                              "Please note that when switching between policies at runtime LRU "
                              "and LFU data will take some time to adjust.");
    else
        reply_int(c->reply, entry_idle_s(c->engine, e));
}

/* OBJECT FREQ key */
void cmd_object_freq(struct cmd *c)
{
    const struct entry *e = object_entry(c);
    if (e == NULL) return;
    if (!c->engine->counts_uses)
        reply_error(c->reply, "ERR An LFU maxmemory policy is not selected, access frequency not "
                              "tracked. Please note that when switching between policies at "
                              "runtime LRU and LFU data will take some time to adjust.");
    else
        reply_int(c->reply,
                  lfu_counter(e->touched_s, c->engine->now_s, c->engine->config.lfu_decay_time));
}

/* OBJECT HELP */
void cmd_object_help(struct cmd *c)
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        NULL};
    cmd_help(c, lines);
}
