/* set: commands on single sets. */
#include "store/type/set.h"

#include "base/map.h"
#include "store/cmd/cmd.h"
#include "store/cmd/pick.h"
#include "store/cmd/scan.h"
#include "store/engine/trash.h"

/* The set under key for reading; *out is NULL when it is missing. True when it has replied
 * with the type error. */
static bool find_failed(struct cmd *c, struct slice key, struct set **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, key, VALUE_SET, &v))) return true;
    *out = v == NULL ? NULL : set_of(v);
    return false;
}

static bool open_failed(struct cmd *c, struct slice key, struct set **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_SET, &v))) return true;
    *out = v == NULL ? NULL : set_of(v);
    return false;
}

/* SADD key member [member …] */
void cmd_sadd(struct cmd *c)
{
    struct set *s = NULL;
    if (open_failed(c, c->argv[1], &s)) return;
    if (s == NULL) {
        s = set_new();
        (void)db_put(c->db, c->argv[1], set_value(s));
    }
    int64_t added = 0;
    for (uint32_t i = 2; i < c->argc; i++)
        added += set_add(s, c->argv[i]);
    if (added > 0) db_changed(c->db, c->argv[1], NOTIFY_SET, "sadd");
    reply_int(c->reply, added);
}

/* SREM key member [member …] */
void cmd_srem(struct cmd *c)
{
    struct set *s = NULL;
    if (open_failed(c, c->argv[1], &s)) return;
    int64_t gone = 0;
    for (uint32_t i = 2; s != NULL && i < c->argc; i++)
        gone += set_del(s, c->argv[i]);
    if (gone > 0) {
        db_changed(c->db, c->argv[1], NOTIFY_SET, "srem");
        (void)db_drop_if_empty(c->db, c->argv[1], set_value(s));
    }
    reply_int(c->reply, gone);
}

/* SISMEMBER key member */
void cmd_sismember(struct cmd *c)
{
    struct set *s = NULL;
    if (!find_failed(c, c->argv[1], &s)) reply_int(c->reply, s != NULL && set_has(s, c->argv[2]));
}

/* SMISMEMBER key member [member …] */
void cmd_smismember(struct cmd *c)
{
    struct set *s = NULL;
    if (find_failed(c, c->argv[1], &s)) return;
    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++)
        reply_int(c->reply, s != NULL && set_has(s, c->argv[i]));
}

/* SCARD key */
void cmd_scard(struct cmd *c)
{
    struct set *s = NULL;
    if (!find_failed(c, c->argv[1], &s)) reply_int(c->reply, s == NULL ? 0 : (int64_t)set_count(s));
}

static bool reply_member(struct slice member, void *data)
{
    reply_bulk(data, member);
    return true;
}

/* SMEMBERS key */
void cmd_smembers(struct cmd *c)
{
    struct set *s = NULL;
    if (find_failed(c, c->argv[1], &s)) return;
    reply_set(c->reply, s == NULL ? 0 : set_count(s));
    if (s != NULL) set_each(s, reply_member, c->reply);
}

/* SMOVE source destination member */
void cmd_smove(struct cmd *c)
{
    struct slice from = c->argv[1], to = c->argv[2], member = c->argv[3];
    struct set *a = NULL, *b = NULL;
    if (open_failed(c, from, &a)) return;
    if (a == NULL) {
        reply_int(c->reply, 0);
        return;
    }
    if (open_failed(c, to, &b)) return;
    if (a == b) {
        reply_int(c->reply, set_has(a, member));
        return;
    }
    if (!set_del(a, member)) {
        reply_int(c->reply, 0);
        return;
    }
    db_changed(c->db, from, NOTIFY_SET, "srem");
    (void)db_drop_if_empty(c->db, from, set_value(a));
    if (b == NULL) {
        b = set_new();
        (void)db_put(c->db, to, set_value(b));
    }
    if (set_add(b, member)) db_changed(c->db, to, NOTIFY_SET, "sadd");
    reply_int(c->reply, 1);
}

/* --- random members --- */

/* Many members of a table, one of PASS_EACH of its own at least, are drawn in one pass: one by one
 * each would wait for memory several times. */
enum { PASS_MIN = 64, PASS_EACH = 32, AHEAD = 8 };

static bool takes_a_pass(const struct set *s, uint64_t want)
{
    return set_dict(s) != NULL && want >= PASS_MIN && want >= set_count(s) / PASS_EACH;
}

struct drawing {
    struct pick pick;
    struct rng *rng;
};

static bool draw(const void *item, void *data)
{
    struct drawing *d = data;
    (void)item;
    return pick_next(&d->pick, d->rng);
}

/* The names are all over the memory: they are asked for some time before they are read. */
static struct slice name_of(void *const *items, uint64_t i, uint64_t n)
{
    if (i + AHEAD < n) __builtin_prefetch(items[i + AHEAD]);
    return set_item_name(items[i]);
}

/* Replies with `want` different members of a table, drawn in one pass. */
static void reply_drawn(struct cmd *c, const struct set *s, uint64_t want)
{
    struct drawing d = {{want, set_count(s)}, &c->engine->rng};
    void **items = arena_alloc(c->arena, want * sizeof *items);
    uint64_t n = 0;
    struct dict_iter i;
    dict_iter_init(&i, set_dict(s));
    for (void *item = dict_iter_next(&i); n < want; item = dict_iter_next(&i))
        if (draw(item, &d)) items[n++] = item;
    dict_iter_fini(&i);
    for (uint64_t k = 0; k < n; k++)
        reply_bulk(c->reply, name_of(items, k, n));
}

struct picking {
    struct cmd *c;
    struct drawing draw;
    struct slice *out; /* of the arena */
    uint64_t n;
};

static bool pick_one(struct slice member, void *data)
{
    struct picking *p = data;
    if (draw(NULL, &p->draw)) p->out[p->n++] = arena_copy(p->c->arena, member);
    return p->draw.pick.want > 0;
}

/* `want` different members, at most all, copied to the arena. */
static struct slice *pick_members(struct cmd *c, struct set *s, uint64_t want)
{
    uint64_t total = set_count(s);
    struct picking p = {.c = c, .draw = {{want, total}, &c->engine->rng}};
    p.out = arena_array(c->arena, want, struct slice);
    if (set_dict(s) == NULL || want >= total / 4) {
        if (want > 0) set_each(s, pick_one, &p);
        return p.out;
    }
    struct map seen = {0};
    while (p.n < want) {
        char text[SET_TEXT];
        struct slice member = set_random(s, &c->engine->rng, text);
        if (map_find(&seen, member) != NULL) continue;
        (void)map_put(&seen, member, c);
        p.out[p.n++] = arena_copy(c->arena, member);
    }
    map_fini(&seen);
    return p.out;
}

/* SRANDMEMBER key [count] */
void cmd_srandmember(struct cmd *c)
{
    struct slice key = {0};
    int64_t count = 1;
    args_key(c->args, &key);
    bool counted = args_left(c->args) > 0;
    if (c->argc > 3) args_syntax(c->args);
    if (counted) args_range(c->args, -INT64_MAX, INT64_MAX, ARGS_LONG_RANGE, &count);
    if (!args_end(c->args, c->reply)) return;
    struct set *s = NULL;
    char text[SET_TEXT];
    if (find_failed(c, key, &s)) return;
    if (!counted) {
        if (s == NULL)
            reply_null(c->reply);
        else
            reply_bulk(c->reply, set_random(s, &c->engine->rng, text));
        return;
    }
    uint64_t want = count < 0 ? (uint64_t)-count : (uint64_t)count;
    if (s == NULL) want = 0;
    if (s != NULL && count > 0 && want > set_count(s)) want = set_count(s);
    if (count < -REPEATS_MAX && s != NULL) {
        reply_error(c->reply, "ERR value is out of range");
        return;
    }
    reply_array(c->reply, want);
    if (want == 0) return;
    if (count < 0) {
        for (; want > 0; want--)
            reply_bulk(c->reply, set_random(s, &c->engine->rng, text));
        return;
    }
    if (takes_a_pass(s, want)) {
        reply_drawn(c, s, want);
        return;
    }
    const struct slice *members = pick_members(c, s, want);
    for (uint64_t i = 0; i < want; i++)
        reply_bulk(c->reply, members[i]);
}

/* Takes members out, and says so to the log by name: a replay must take the same. */
static void pop_members(struct cmd *c, struct slice key, struct set *s, const struct slice *members,
                        uint64_t n)
{
    struct slice *argv = arena_array(c->arena, n + 2, struct slice);
    argv[0] = SLICE("SREM");
    argv[1] = key;
    for (uint64_t i = 0; i < n; i++) {
        argv[i + 2] = members[i];
        (void)set_del(s, members[i]);
    }
    db_changed(c->db, key, NOTIFY_SET, "spop");
    (void)db_drop_if_empty(c->db, key, set_value(s));
    cmd_effect(c, (uint32_t)n + 2, argv);
}

/* The same for many members of a table: they are cut out in one pass that replies and logs too, and
 * freed later. When nothing stays, the log need not name them. */
static void pop_drawn(struct cmd *c, struct slice key, struct set *s, uint64_t n)
{
    bool all = n == set_count(s);
    struct drawing d = {{n, set_count(s)}, &c->engine->rng};
    void *const *items = NULL;
    struct value *part = set_cut(s, n, draw, &d, &items);
    db_changed(c->db, key, NOTIFY_SET, "spop");
    struct effects *log = cmd_effect_begin(c, key, all ? 2 : (uint32_t)n + 2);
    if (log != NULL) {
        effects_arg_cstr(log, all ? "DEL" : "SREM");
        effects_arg(log, key);
    }
    for (uint64_t i = 0; i < n; i++) {
        struct slice name = name_of(items, i, n);
        reply_bulk(c->reply, name);
        if (log != NULL && !all) effects_arg(log, name);
    }
    trash_value(c->engine, part);
    (void)db_drop_if_empty(c->db, key, set_value(s));
}

/* SPOP key [count] */
void cmd_spop(struct cmd *c)
{
    struct slice key = {0};
    int64_t count = 1;
    args_key(c->args, &key);
    bool counted = args_left(c->args) > 0;
    if (c->argc > 3) args_syntax(c->args);
    if (counted) args_range(c->args, 0, INT64_MAX, err_text(ERR_NOT_POSITIVE), &count);
    if (c->args->error == err_text(ERR_NOT_INT)) c->args->error = err_text(ERR_NOT_POSITIVE);
    if (!args_end(c->args, c->reply)) return;
    struct set *s = NULL;
    if (open_failed(c, key, &s)) return;
    uint64_t n = s == NULL ? 0 : set_count(s) < (uint64_t)count ? set_count(s) : (uint64_t)count;
    if (n == 0) {
        if (counted)
            reply_set(c->reply, 0);
        else
            reply_null(c->reply);
        return;
    }
    if (counted) reply_set(c->reply, n);
    if (takes_a_pass(s, n)) {
        pop_drawn(c, key, s, n);
        return;
    }
    const struct slice *members = pick_members(c, s, n);
    for (uint64_t i = 0; i < n; i++)
        reply_bulk(c->reply, members[i]);
    pop_members(c, key, s, members, n);
}

/* --- SSCAN --- */

struct scanning {
    struct cmd *c;
    const struct scan *scan;
    uint64_t n;
};

static bool scan_one(struct slice member, void *data)
{
    struct scanning *s = data;
    if (!scan_wants(s->scan, member)) return true;
    reply_bulk(s->c->reply, member);
    s->n++;
    return true;
}

static void scan_item(void *item, void *data)
{
    (void)scan_one(set_item_name(item), data);
}

/* SSCAN key cursor [MATCH pattern] [COUNT count] */
void cmd_sscan(struct cmd *c)
{
    struct slice key = {0};
    struct scan scan;
    args_key(c->args, &key);
    scan_args_cursor(c->args, &scan);
    struct set *s = NULL;
    if (!args_check(c->args, c->reply) || find_failed(c, key, &s)) return;
    if (s != NULL) {
        scan_args_options(c->args, &scan, false);
        if (!args_end(c->args, c->reply)) return;
    }
    struct scanning l = {.c = c, .scan = &scan};
    size_t place = scan_reply_begin(c->reply);
    uint64_t next = 0;
    if (s != NULL && set_dict(s) != NULL)
        next = scan_dict(set_dict(s), &scan, scan_item, &l);
    else if (s != NULL)
        set_each(s, scan_one, &l);
    scan_reply_end(c->reply, place, next, l.n);
}
