#include "list_pop.h"

/* The list to take from. A client that waited is served from the key that was written, whatever
 * its other keys hold by now. */
static bool source_failed(struct cmd *c, struct slice key, struct deque **out)
{
    struct value *v = NULL;
    if (c->retry &&
        (!slice_eq(key, c->engine->serving_key) || db_find(c->db, key, VALUE_LIST, &v) != ERR_OK)) {
        *out = NULL;
        return false;
    }
    return list_open_failed(c, key, out);
}

/* --- moving between lists --- */

static bool args_end_word(struct args *a)
{
    if (args_maybe(a, "LEFT")) return true;
    args_word(a, "RIGHT");
    return false;
}

/* Logs what a blocking command did as the command that does it at once. */
static void effect_move(struct cmd *c, struct slice from, struct slice to, bool from_front,
                        bool to_front)
{
    struct slice argv[] = {SLICE("LMOVE"), from, to, from_front ? SLICE("LEFT") : SLICE("RIGHT"),
                           to_front ? SLICE("LEFT") : SLICE("RIGHT")};
    cmd_effect(c, 5, argv);
}

/* Moves an element, or blocks (timeout_ms >= 0), or replies null. */
static void move(struct cmd *c, struct slice from, struct slice to, bool from_front, bool to_front,
                 int64_t timeout_ms)
{
    struct deque *a = NULL, *b = NULL;
    if (source_failed(c, from, &a)) return;
    if (a == NULL) {
        if (timeout_ms >= 0 && cmd_may_block(c))
            cmd_block(c, &from, 1, timeout_ms, BLOCK_LIST);
        else
            reply_null(c->reply);
        return;
    }
    if (list_open_failed(c, to, &b)) return;
    char text[LIST_TEXT];
    struct slice s = arena_copy(c->arena, deque_peek(a, from_front, text));
    if (b == NULL) {
        b = deque_new();
        (void)db_put(c->db, to, deque_value(b));
    }
    deque_push(b, to_front, s);
    db_changed(c->db, to, NOTIFY_LIST, to_front ? "lpush" : "rpush");
    if (a == b) {
        /* The element was pushed at one end: at the same end the old one is next to it. */
        deque_trim(a, from_front, 1);
        if (from_front == to_front) {
            struct deque_at at = deque_seek(a, from_front ? 0 : deque_count(a) - 1);
            deque_replace(a, at, s);
        }
        db_changed(c->db, from, NOTIFY_LIST, from_front ? "lpop" : "rpop");
    } else {
        list_popped(c, from, a, from_front, 1);
    }
    reply_bulk(c->reply, s);
    effect_move(c, from, to, from_front, to_front);
}

/* LMOVE source destination LEFT|RIGHT LEFT|RIGHT */
void cmd_lmove(struct cmd *c)
{
    struct slice from = {0}, to = {0};
    args_key(c->args, &from);
    args_key(c->args, &to);
    bool from_front = args_end_word(c->args);
    bool to_front = args_end_word(c->args);
    if (args_end(c->args, c->reply)) move(c, from, to, from_front, to_front, -1);
}

/* RPOPLPUSH source destination */
void cmd_rpoplpush(struct cmd *c)
{
    move(c, c->argv[1], c->argv[2], false, true, -1);
}

/* BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout */
void cmd_blmove(struct cmd *c)
{
    struct slice from = {0}, to = {0};
    int64_t timeout_ms = 0;
    args_key(c->args, &from);
    args_key(c->args, &to);
    bool from_front = args_end_word(c->args);
    bool to_front = args_end_word(c->args);
    args_timeout(c->args, &timeout_ms);
    if (args_end(c->args, c->reply)) move(c, from, to, from_front, to_front, timeout_ms);
}

/* BRPOPLPUSH source destination timeout */
void cmd_brpoplpush(struct cmd *c)
{
    int64_t timeout_ms = 0;
    c->args->at = 3;
    args_timeout(c->args, &timeout_ms);
    if (args_end(c->args, c->reply)) move(c, c->argv[1], c->argv[2], false, true, timeout_ms);
}

/* --- popping from the first list that has something --- */

static void effect_pop(struct cmd *c, struct slice key, bool front, uint64_t n)
{
    char text[24];
    struct slice argv[] = {front ? SLICE("LPOP") : SLICE("RPOP"), key,
                           slice_make(text, fmt_u64(text, n))};
    cmd_effect(c, 3, argv);
}

static void pop_or_block(struct cmd *c, bool front)
{
    int64_t timeout_ms = 0;
    uint32_t n = c->argc - 2;
    c->args->at = c->argc - 1;
    args_timeout(c->args, &timeout_ms);
    if (!args_end(c->args, c->reply)) return;
    for (uint32_t i = 1; i <= n; i++) {
        struct deque *d = NULL;
        char text[LIST_TEXT];
        if (source_failed(c, c->argv[i], &d)) return;
        if (d == NULL) continue;
        reply_array(c->reply, 2);
        reply_bulk(c->reply, c->argv[i]);
        reply_bulk(c->reply, deque_peek(d, front, text));
        list_popped(c, c->argv[i], d, front, 1);
        effect_pop(c, c->argv[i], front, 1);
        return;
    }
    cmd_block(c, c->argv + 1, n, timeout_ms, BLOCK_LIST);
}

/* BLPOP key [key …] timeout */
void cmd_blpop(struct cmd *c)
{
    pop_or_block(c, true);
}

/* BRPOP key [key …] timeout */
void cmd_brpop(struct cmd *c)
{
    pop_or_block(c, false);
}

struct mpop {
    const struct slice *keys;
    uint32_t n;
    bool front;
    int64_t count;
};

static void mpop_args(struct args *a, struct mpop *m)
{
    int64_t n = 0;
    bool counted = false;
    args_range(a, 1, INT64_MAX, "ERR numkeys should be greater than 0", &n);
    if (a->error == err_text(ERR_NOT_INT)) a->error = "ERR numkeys should be greater than 0";
    if (args_ok(a) && n >= args_left(a)) args_syntax(a);
    if (!args_ok(a)) return;
    m->keys = a->argv + a->at;
    m->n = (uint32_t)n;
    a->at += m->n;
    m->front = args_end_word(a);
    m->count = 1;
    while (args_ok(a) && args_left(a) > 0) {
        if (counted || args_left(a) < 2) args_syntax(a);
        args_word(a, "COUNT");
        args_range(a, 1, INT64_MAX, "ERR count should be greater than 0", &m->count);
        if (a->error == err_text(ERR_NOT_INT)) a->error = "ERR count should be greater than 0";
        counted = true;
    }
}

/* True when it has replied. */
static bool mpop(struct cmd *c, const struct mpop *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        struct deque *d = NULL;
        if (source_failed(c, m->keys[i], &d)) return true;
        if (d == NULL) continue;
        uint64_t have = deque_count(d);
        uint64_t n = have < (uint64_t)m->count ? have : (uint64_t)m->count;
        reply_array(c->reply, 2);
        reply_bulk(c->reply, m->keys[i]);
        list_reply_end(c, d, m->front, n);
        list_popped(c, m->keys[i], d, m->front, n);
        effect_pop(c, m->keys[i], m->front, n);
        return true;
    }
    return false;
}

/* LMPOP numkeys key [key …] LEFT|RIGHT [COUNT count] */
void cmd_lmpop(struct cmd *c)
{
    struct mpop m = {0};
    mpop_args(c->args, &m);
    if (args_end(c->args, c->reply) && !mpop(c, &m)) reply_null_array(c->reply);
}

/* BLMPOP timeout numkeys key [key …] LEFT|RIGHT [COUNT count] */
void cmd_blmpop(struct cmd *c)
{
    struct mpop m = {0};
    int64_t timeout_ms = 0;
    args_timeout(c->args, &timeout_ms);
    mpop_args(c->args, &m);
    if (args_end(c->args, c->reply) && !mpop(c, &m))
        cmd_block(c, m.keys, m.n, timeout_ms, BLOCK_LIST);
}
