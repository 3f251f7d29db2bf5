/* hash: commands on hashes. */
#include "store/type/hash.h"

#include "base/map.h"
#include "store/cmd/cmd.h"
#include "store/cmd/pick.h"
#include "store/cmd/scan.h"

#include <math.h>

/* The hash under key for reading; *out is NULL when it is missing. True when it has replied
 * with the type error. */
static bool find_failed(struct cmd *c, struct slice key, struct hash **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, key, VALUE_HASH, &v))) return true;
    *out = v == NULL ? NULL : hash_of(v);
    return false;
}

/* The same for a change; a missing one is made when `make` is set. */
static bool open_failed(struct cmd *c, struct slice key, bool make, struct hash **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_HASH, &v))) return true;
    if (v == NULL && make) {
        v = hash_value(hash_new());
        (void)db_put(c->db, key, v);
    }
    *out = v == NULL ? NULL : hash_of(v);
    return false;
}

/* HSET key field value [field value …] and HMSET, which says OK */
void cmd_hset(struct cmd *c)
{
    if (c->argc % 2 != 0) {
        cmd_wrong_arity(c);
        return;
    }
    struct hash *h = NULL;
    if (open_failed(c, c->argv[1], true, &h)) return;
    int64_t added = 0;
    for (uint32_t i = 2; i < c->argc; i += 2)
        added += hash_put(h, c->argv[i], c->argv[i + 1]);
    db_changed(c->db, c->argv[1], NOTIFY_HASH, "hset");
    if (c->spec->name[1] == 'm')
        reply_ok(c->reply);
    else
        reply_int(c->reply, added);
}

/* HSETNX key field value */
void cmd_hsetnx(struct cmd *c)
{
    struct hash *h = NULL;
    struct slice old = {0};
    char text[HASH_TEXT];
    if (open_failed(c, c->argv[1], true, &h)) return;
    if (hash_get(h, c->argv[2], text, &old)) {
        reply_int(c->reply, 0);
        return;
    }
    (void)hash_put(h, c->argv[2], c->argv[3]);
    db_changed(c->db, c->argv[1], NOTIFY_HASH, "hset");
    reply_int(c->reply, 1);
}

static void reply_field(struct cmd *c, const struct hash *h, struct slice field)
{
    struct slice value = {0};
    char text[HASH_TEXT];
    if (h != NULL && hash_get(h, field, text, &value))
        reply_bulk(c->reply, value);
    else
        reply_null(c->reply);
}

/* HGET key field */
void cmd_hget(struct cmd *c)
{
    struct hash *h = NULL;
    if (!find_failed(c, c->argv[1], &h)) reply_field(c, h, c->argv[2]);
}

/* HMGET key field [field …] */
void cmd_hmget(struct cmd *c)
{
    struct hash *h = NULL;
    if (find_failed(c, c->argv[1], &h)) return;
    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++)
        reply_field(c, h, c->argv[i]);
}

enum { FIELDS = 1, VALUES = 2 };

struct listing {
    struct reply *reply;
    int what;
};

static bool reply_one(struct slice field, struct slice value, void *data)
{
    const struct listing *l = data;
    if ((l->what & FIELDS) != 0) reply_bulk(l->reply, field);
    if ((l->what & VALUES) != 0) reply_bulk(l->reply, value);
    return true;
}

static void reply_all(struct cmd *c, int what)
{
    struct hash *h = NULL;
    if (find_failed(c, c->argv[1], &h)) return;
    uint64_t n = h == NULL ? 0 : hash_count(h);
    if (what == (FIELDS | VALUES))
        reply_map(c->reply, n);
    else
        reply_array(c->reply, n);
    struct listing l = {c->reply, what};
    if (h != NULL) hash_each(h, reply_one, &l);
}

/* HGETALL key */
void cmd_hgetall(struct cmd *c)
{
    reply_all(c, FIELDS | VALUES);
}

/* HKEYS key */
void cmd_hkeys(struct cmd *c)
{
    reply_all(c, FIELDS);
}

/* HVALS key */
void cmd_hvals(struct cmd *c)
{
    reply_all(c, VALUES);
}

/* HLEN key */
void cmd_hlen(struct cmd *c)
{
    struct hash *h = NULL;
    if (!find_failed(c, c->argv[1], &h))
        reply_int(c->reply, h == NULL ? 0 : (int64_t)hash_count(h));
}

/* HSTRLEN key field */
void cmd_hstrlen(struct cmd *c)
{
    struct hash *h = NULL;
    struct slice value = {0};
    char text[HASH_TEXT];
    if (find_failed(c, c->argv[1], &h)) return;
    if (h != NULL) (void)hash_get(h, c->argv[2], text, &value);
    reply_int(c->reply, (int64_t)value.len);
}

/* HEXISTS key field */
void cmd_hexists(struct cmd *c)
{
    struct hash *h = NULL;
    struct slice value = {0};
    char text[HASH_TEXT];
    if (!find_failed(c, c->argv[1], &h))
        reply_int(c->reply, h != NULL && hash_get(h, c->argv[2], text, &value));
}

/* HDEL key field [field …] */
void cmd_hdel(struct cmd *c)
{
    struct hash *h = NULL;
    if (open_failed(c, c->argv[1], false, &h)) return;
    int64_t gone = 0;
    for (uint32_t i = 2; h != NULL && i < c->argc; i++)
        gone += hash_del(h, c->argv[i]);
    if (gone > 0) {
        db_changed(c->db, c->argv[1], NOTIFY_HASH, "hdel");
        (void)db_drop_if_empty(c->db, c->argv[1], hash_value(h));
    }
    reply_int(c->reply, gone);
}

/* HINCRBY key field increment */
void cmd_hincrby(struct cmd *c)
{
    struct slice key = {0}, field = {0}, old = {0};
    int64_t by = 0, n = 0;
    args_key(c->args, &key);
    args_slice(c->args, &field);
    args_i64(c->args, &by);
    if (!args_end(c->args, c->reply)) return;

    struct hash *h = NULL;
    char text[HASH_TEXT];
    if (open_failed(c, key, false, &h)) return;
    if (h != NULL && hash_get(h, field, text, &old) && !slice_i64(old, &n)) {
        reply_err(c->reply, ERR_HASH_INT);
        return;
    }
    if (__builtin_add_overflow(n, by, &n)) {
        reply_err(c->reply, ERR_OVERFLOW);
        return;
    }
    if (h == NULL) (void)open_failed(c, key, true, &h);
    (void)hash_put(h, field, slice_make(text, fmt_i64(text, n)));
    db_changed(c->db, key, NOTIFY_HASH, "hincrby");
    reply_int(c->reply, n);
}

/* HINCRBYFLOAT key field increment */
void cmd_hincrbyfloat(struct cmd *c)
{
    struct slice key = c->argv[1], field = c->argv[2], old = {0};
    long double by = 0, n = 0;
    if (!args_parse_decimal(c->argv[3], &by)) {
        reply_err(c->reply, ERR_NOT_FLOAT);
        return;
    }
    if (isinf(by)) {
        reply_error(c->reply, "ERR value is NaN or Infinity");
        return;
    }
    struct hash *h = NULL;
    char number[HASH_TEXT];
    if (open_failed(c, key, false, &h)) return;
    if (h != NULL && hash_get(h, field, number, &old) && !args_parse_decimal(old, &n)) {
        reply_err(c->reply, ERR_HASH_FLOAT);
        return;
    }
    n += by;
    if (isnan(n) || isinf(n)) {
        reply_err(c->reply, ERR_NAN);
        return;
    }
    if (h == NULL) (void)open_failed(c, key, true, &h);
    char text[FMT_DECIMAL];
    struct slice sum = slice_make(text, fmt_decimal(text, n));
    (void)hash_put(h, field, sum);
    db_changed(c->db, key, NOTIFY_HASH, "hincrbyfloat");
    struct slice argv[] = {SLICE("HSET"), key, field, sum};
    cmd_effect(c, 4, argv);
    reply_bulk(c->reply, sum);
}

/* --- HRANDFIELD --- */

/* In RESP3 a field and its value are a pair of their own. */
static void reply_pair(struct cmd *c, struct slice field, struct slice value, bool with_values)
{
    if (with_values && c->reply->resp >= 3) reply_array(c->reply, 2);
    reply_bulk(c->reply, field);
    if (with_values) reply_bulk(c->reply, value);
}

struct picking {
    struct cmd *c;
    struct pick pick;
    bool with_values;
};

static bool pick_one(struct slice field, struct slice value, void *data)
{
    struct picking *p = data;
    if (pick_next(&p->pick, &p->c->engine->rng)) reply_pair(p->c, field, value, p->with_values);
    return p->pick.want > 0;
}

/* Few of many: drawing again until it is new is cheaper than going through all. */
static void pick_few(struct cmd *c, const struct hash *h, uint64_t want, bool with_values)
{
    struct map seen = {0};
    while (want > 0) {
        struct slice field = {0}, value = {0};
        char text[2][HASH_TEXT];
        hash_random(h, &c->engine->rng, text, &field, &value);
        if (map_find(&seen, field) != NULL) continue;
        (void)map_put(&seen, field, c);
        reply_pair(c, field, value, with_values);
        want--;
    }
    map_fini(&seen);
}

static void random_fields(struct cmd *c, const struct hash *h, int64_t count, bool with_values)
{
    bool again = count < 0;
    uint64_t want = again ? (uint64_t)-count : (uint64_t)count;
    uint64_t total = hash_count(h);
    if (!again && want > total) want = total;
    if (count < -REPEATS_MAX) {
        reply_error(c->reply, "ERR value is out of range");
        return;
    }
    reply_array(c->reply, with_values && c->reply->resp < 3 ? want * 2 : want);
    if (again) {
        for (; want > 0; want--) {
            struct slice field = {0}, value = {0};
            char text[2][HASH_TEXT];
            hash_random(h, &c->engine->rng, text, &field, &value);
            reply_pair(c, field, value, with_values);
        }
    } else if (hash_dict(h) != NULL && want < total / 4) {
        pick_few(c, h, want, with_values);
    } else if (want > 0) {
        struct picking p = {c, {want, total}, with_values};
        hash_each(h, pick_one, &p);
    }
}

/* HRANDFIELD key [count [WITHVALUES]] */
void cmd_hrandfield(struct cmd *c)
{
    struct slice key = {0};
    int64_t count = 1;
    bool with_values = false;
    args_key(c->args, &key);
    bool counted = args_left(c->args) > 0;
    if (counted) {
        args_range(c->args, -INT64_MAX, INT64_MAX, ARGS_LONG_RANGE, &count);
        with_values = args_maybe(c->args, "WITHVALUES");
        if (args_ok(c->args) && with_values && (count < -INT64_MAX / 2 || count > INT64_MAX / 2))
            args_fail(c->args, err_text(ERR_RANGE));
    }
    if (!args_end(c->args, c->reply)) return;
    struct hash *h = NULL;
    if (find_failed(c, key, &h)) return;
    if (h == NULL) {
        if (counted)
            reply_array(c->reply, 0);
        else
            reply_null(c->reply);
    } else if (counted) {
        random_fields(c, h, count, with_values);
    } else {
        struct slice field = {0}, value = {0};
        char text[2][HASH_TEXT];
        hash_random(h, &c->engine->rng, text, &field, &value);
        reply_bulk(c->reply, field);
    }
}

/* --- HSCAN --- */

struct scanning {
    struct cmd *c;
    const struct scan *scan;
    uint64_t n;
};

static bool scan_one(struct slice field, struct slice value, void *data)
{
    struct scanning *s = data;
    if (!scan_wants(s->scan, field)) return true;
    reply_bulk(s->c->reply, field);
    reply_bulk(s->c->reply, value);
    s->n += 2;
    return true;
}

static void scan_item(void *item, void *data)
{
    (void)scan_one(hash_item_name(item), hash_item_value(item), data);
}

/* HSCAN key cursor [MATCH pattern] [COUNT count] */
void cmd_hscan(struct cmd *c)
{
    struct slice key = {0};
    struct scan scan;
    args_key(c->args, &key);
    scan_args_cursor(c->args, &scan);
    struct hash *h = NULL;
    if (!args_check(c->args, c->reply) || find_failed(c, key, &h)) return;
    if (h != NULL) {
        scan_args_options(c->args, &scan, false);
        if (!args_end(c->args, c->reply)) return;
    }
    struct scanning s = {.c = c, .scan = &scan};
    size_t place = scan_reply_begin(c->reply);
    uint64_t next = 0;
    if (h != NULL && hash_dict(h) != NULL)
        next = scan_dict(hash_dict(h), &scan, scan_item, &s);
    else if (h != NULL)
        hash_each(h, scan_one, &s);
    scan_reply_end(c->reply, place, next, s.n);
}
