/* list: commands on lists that do not block. */
#include "store/type/list.h"

#include "store/cmd/list_pop.h"
#include "store/engine/trash.h"

/* The list under key for reading; *out is NULL when it is missing. True when it has replied
 * with the type error. */
static bool find_failed(struct cmd *c, struct slice key, struct deque **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, key, VALUE_LIST, &v))) return true;
    *out = v == NULL ? NULL : deque_of(v);
    return false;
}

bool list_open_failed(struct cmd *c, struct slice key, struct deque **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_LIST, &v))) return true;
    *out = v == NULL ? NULL : deque_of(v);
    return false;
}

static void push(struct cmd *c, bool front, bool only_existing)
{
    struct deque *d = NULL;
    if (list_open_failed(c, c->argv[1], &d)) return;
    if (d == NULL && only_existing) {
        reply_int(c->reply, 0);
        return;
    }
    if (d == NULL) {
        d = deque_new();
        (void)db_put(c->db, c->argv[1], deque_value(d));
    }
    for (uint32_t i = 2; i < c->argc; i++)
        deque_push(d, front, c->argv[i]);
    reply_int(c->reply, (int64_t)deque_count(d));
    db_changed(c->db, c->argv[1], NOTIFY_LIST, front ? "lpush" : "rpush");
}

/* LPUSH key element [element …] */
void cmd_lpush(struct cmd *c)
{
    push(c, true, false);
}

/* RPUSH key element [element …] */
void cmd_rpush(struct cmd *c)
{
    push(c, false, false);
}

/* LPUSHX key element [element …] */
void cmd_lpushx(struct cmd *c)
{
    push(c, true, true);
}

/* RPUSHX key element [element …] */
void cmd_rpushx(struct cmd *c)
{
    push(c, false, true);
}

void list_popped(struct cmd *c, struct slice key, struct deque *d, bool front, uint64_t n)
{
    trash_value(c->engine, deque_cut(d, front, n));
    db_changed(c->db, key, NOTIFY_LIST, front ? "lpop" : "rpop");
    (void)db_drop_if_empty(c->db, key, deque_value(d));
}

void list_reply_end(struct cmd *c, const struct deque *d, bool front, uint64_t n)
{
    uint64_t count = deque_count(d);
    reply_array(c->reply, n);
    if (n == 0) return;
    char text[LIST_TEXT];
    struct deque_at at = deque_seek(d, front ? 0 : count - 1);
    for (; n > 0; n--) {
        reply_bulk(c->reply, deque_get(at, text));
        at = front ? deque_next(d, at) : deque_prev(d, at);
    }
}

static void pop(struct cmd *c, bool front)
{
    struct slice key = c->argv[1];
    struct deque *d = NULL;
    int64_t count = 1;
    if (c->argc > 3) {
        cmd_wrong_arity(c);
        return;
    }
    bool counted = c->argc == 3;
    c->args->at = 2;
    if (counted) args_range(c->args, 0, INT64_MAX, err_text(ERR_NOT_POSITIVE), &count);
    if (c->args->error != NULL) c->args->error = err_text(ERR_NOT_POSITIVE);
    if (!args_end(c->args, c->reply) || list_open_failed(c, key, &d)) return;
    if (d == NULL) {
        if (counted)
            reply_null_array(c->reply);
        else
            reply_null(c->reply);
        return;
    }
    char text[LIST_TEXT];
    uint64_t n = deque_count(d) < (uint64_t)count ? deque_count(d) : (uint64_t)count;
    if (counted)
        list_reply_end(c, d, front, n);
    else
        reply_bulk(c->reply, deque_peek(d, front, text));
    if (n > 0) list_popped(c, key, d, front, n);
}

/* LPOP key [count] */
void cmd_lpop(struct cmd *c)
{
    pop(c, true);
}

/* RPOP key [count] */
void cmd_rpop(struct cmd *c)
{
    pop(c, false);
}

/* LLEN key */
void cmd_llen(struct cmd *c)
{
    struct deque *d = NULL;
    if (!find_failed(c, c->argv[1], &d))
        reply_int(c->reply, d == NULL ? 0 : (int64_t)deque_count(d));
}

/* The place that an index names, from the end when negative; false when there is none. */
static bool index_at(const struct deque *d, int64_t i, struct deque_at *out)
{
    int64_t count = (int64_t)deque_count(d);
    if (i < 0) i += count;
    if (i < 0 || i >= count) return false;
    *out = deque_seek(d, (uint64_t)i);
    return true;
}

/* LINDEX key index */
void cmd_lindex(struct cmd *c)
{
    struct slice key = {0};
    int64_t i = 0;
    struct deque *d = NULL;
    struct deque_at at = {0};
    char text[LIST_TEXT];
    if (find_failed(c, c->argv[1], &d)) return;
    if (d == NULL) {
        reply_null(c->reply);
        return;
    }
    args_key(c->args, &key);
    args_i64(c->args, &i);
    if (!args_end(c->args, c->reply)) return;
    if (index_at(d, i, &at))
        reply_bulk(c->reply, deque_get(at, text));
    else
        reply_null(c->reply);
}

/* LSET key index element */
void cmd_lset(struct cmd *c)
{
    struct slice key = {0}, s = {0};
    int64_t i = 0;
    struct deque *d = NULL;
    struct deque_at at = {0};
    if (list_open_failed(c, c->argv[1], &d)) return;
    if (d == NULL) {
        reply_err(c->reply, ERR_NOKEY);
        return;
    }
    args_key(c->args, &key);
    args_i64(c->args, &i);
    args_slice(c->args, &s);
    if (!args_end(c->args, c->reply)) return;
    if (!index_at(d, i, &at)) {
        reply_err(c->reply, ERR_INDEX);
        return;
    }
    deque_replace(d, at, s);
    db_changed(c->db, key, NOTIFY_LIST, "lset");
    reply_ok(c->reply);
}

/* Turns Redis's start and stop into a first index and a number of elements. */
static uint64_t clamp(const struct deque *d, int64_t *from, int64_t to)
{
    int64_t count = (int64_t)deque_count(d);
    if (*from < 0) *from += count;
    if (to < 0) to += count;
    if (*from < 0) *from = 0;
    if (to >= count) to = count - 1;
    return *from > to ? 0 : (uint64_t)(to - *from + 1);
}

/* LRANGE key start stop */
void cmd_lrange(struct cmd *c)
{
    struct slice key = {0};
    int64_t from = 0, to = 0;
    args_key(c->args, &key);
    args_i64(c->args, &from);
    args_i64(c->args, &to);
    struct deque *d = NULL;
    if (!args_end(c->args, c->reply) || find_failed(c, key, &d)) return;
    uint64_t n = d == NULL ? 0 : clamp(d, &from, to);
    reply_array(c->reply, n);
    if (n == 0) return;
    char text[LIST_TEXT];
    for (struct deque_at at = deque_seek(d, (uint64_t)from); n > 0; n--) {
        reply_bulk(c->reply, deque_get(at, text));
        at = deque_next(d, at);
    }
}

/* LTRIM key start stop */
void cmd_ltrim(struct cmd *c)
{
    struct slice key = {0};
    int64_t from = 0, to = 0;
    args_key(c->args, &key);
    args_i64(c->args, &from);
    args_i64(c->args, &to);
    struct deque *d = NULL;
    if (!args_end(c->args, c->reply) || list_open_failed(c, key, &d)) return;
    reply_ok(c->reply);
    if (d == NULL) return;
    uint64_t n = clamp(d, &from, to);
    uint64_t count = deque_count(d);
    uint64_t front = n == 0 ? count : (uint64_t)from;
    trash_value(c->engine, deque_cut(d, true, front));
    trash_value(c->engine, deque_cut(d, false, count - front - n));
    db_changed(c->db, key, NOTIFY_LIST, "ltrim");
    (void)db_drop_if_empty(c->db, key, deque_value(d));
}

/* LREM key count element */
void cmd_lrem(struct cmd *c)
{
    struct slice key = {0}, s = {0};
    int64_t count = 0, gone = 0;
    args_key(c->args, &key);
    args_i64(c->args, &count);
    args_slice(c->args, &s);
    struct deque *d = NULL;
    if (!args_end(c->args, c->reply) || list_open_failed(c, key, &d)) return;
    bool from_end = count < 0;
    uint64_t want = count == 0 ? UINT64_MAX : from_end ? 0 - (uint64_t)count : (uint64_t)count;
    if (d != NULL) {
        struct deque_at at = deque_seek(d, from_end ? deque_count(d) - 1 : 0);
        while (at.node != NULL && (uint64_t)gone < want) {
            struct deque_at before = from_end ? deque_prev(d, at) : (struct deque_at){0};
            if (deque_is(at, s)) {
                struct deque_at behind = deque_erase(d, at);
                at = from_end ? before : behind;
                gone++;
            } else {
                at = from_end ? before : deque_next(d, at);
            }
        }
    }
    if (gone > 0) {
        db_changed(c->db, key, NOTIFY_LIST, "lrem");
        (void)db_drop_if_empty(c->db, key, deque_value(d));
    }
    reply_int(c->reply, gone);
}

/* LINSERT key BEFORE|AFTER pivot element */
void cmd_linsert(struct cmd *c)
{
    bool before = slice_word(c->argv[2], "BEFORE");
    if (!before && !slice_word(c->argv[2], "AFTER")) {
        reply_err(c->reply, ERR_SYNTAX);
        return;
    }
    struct deque *d = NULL;
    if (list_open_failed(c, c->argv[1], &d)) return;
    if (d == NULL) {
        reply_int(c->reply, 0);
        return;
    }
    struct deque_at at = deque_seek(d, 0);
    while (at.node != NULL && !deque_is(at, c->argv[3]))
        at = deque_next(d, at);
    if (at.node == NULL) {
        reply_int(c->reply, -1);
        return;
    }
    deque_insert(d, at, before, c->argv[4]);
    db_changed(c->db, c->argv[1], NOTIFY_LIST, "linsert");
    reply_int(c->reply, (int64_t)deque_count(d));
}

/* --- LPOS --- */

struct lpos {
    struct slice key, element;
    int64_t rank, count, max_len;
    bool counted;
};

static void lpos_args(struct args *a, struct lpos *l)
{
    args_key(a, &l->key);
    args_slice(a, &l->element);
    while (args_ok(a) && args_left(a) > 0) {
        if (args_left(a) < 2) {
            args_syntax(a);
        } else if (args_maybe(a, "RANK")) {
            args_range(a, -INT64_MAX, INT64_MAX, ARGS_LONG_RANGE, &l->rank);
            if (args_ok(a) && l->rank == 0)
                args_fail(a, "ERR RANK can't be zero: use 1 to start from the first match, 2 from "
                             "the second ... or use negative to start from the end of the list");
        } else if (args_maybe(a, "COUNT")) {
            l->counted = true;
            args_range(a, 0, INT64_MAX, "ERR COUNT can't be negative", &l->count);
            if (a->error == err_text(ERR_NOT_INT)) a->error = "ERR COUNT can't be negative";
        } else if (args_maybe(a, "MAXLEN")) {
            args_range(a, 0, INT64_MAX, "ERR MAXLEN can't be negative", &l->max_len);
            if (a->error == err_text(ERR_NOT_INT)) a->error = "ERR MAXLEN can't be negative";
        } else {
            args_syntax(a);
        }
    }
}

/* LPOS key element [RANK rank] [COUNT count] [MAXLEN len] */
void cmd_lpos(struct cmd *c)
{
    struct lpos l = {.rank = 1};
    lpos_args(c->args, &l);
    struct deque *d = NULL;
    if (!args_end(c->args, c->reply) || find_failed(c, l.key, &d)) return;
    if (d == NULL) {
        if (l.counted)
            reply_array(c->reply, 0);
        else
            reply_null(c->reply);
        return;
    }
    bool back = l.rank < 0;
    uint64_t skip = (uint64_t)(back ? -l.rank : l.rank) - 1, total = deque_count(d);
    uint64_t left = l.max_len == 0 || (uint64_t)l.max_len > total ? total : (uint64_t)l.max_len;
    uint64_t want = !l.counted ? 1 : l.count == 0 ? UINT64_MAX : (uint64_t)l.count;
    uint64_t i = back ? total - 1 : 0, n = 0;
    size_t head = reply_later(c->reply);
    for (struct deque_at at = deque_seek(d, i); left > 0 && n < want; left--) {
        if (deque_is(at, l.element)) {
            if (skip > 0) {
                skip--;
            } else {
                reply_int(c->reply, (int64_t)i);
                n++;
            }
        }
        at = back ? deque_prev(d, at) : deque_next(d, at);
        i = back ? i - 1 : i + 1;
    }
    if (l.counted)
        reply_later_end(c->reply, head, '*', n);
    else if (n == 0)
        reply_null(c->reply);
}
