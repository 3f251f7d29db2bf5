/* streamread: XREAD, XREADGROUP, XACK, and XDELIVER, which redoes a delivery from the log. */
#include "stream.h"

#include "base/must.h"

struct read_args {
    bool group_read;
    struct slice group, consumer;
    bool group_given, no_ack;
    int64_t count;    /* 0: no bound */
    int64_t block_ms; /* -1: not to block */
    uint32_t keys_at, n;
};

/* What one stream of the command is asked for. */
struct read_from {
    struct stream *s;
    struct group *g;
    struct stream_id after;
    bool fresh; /* ">": what nobody was given yet */
};

static bool parse_streams(struct cmd *c, uint32_t at, struct read_args *a)
{
    uint32_t left = c->argc - at;
    if (left % 2 != 0) { /* Redis 7.0 says XREAD for XREADGROUP, too */
        reply_error(c->reply, "ERR Unbalanced XREAD list of streams: for each stream key an ID or "
                              "'$' must be specified.");
        return false;
    }
    a->keys_at = at;
    a->n = left / 2;
    return true;
}

static bool read_timeout(struct cmd *c, struct slice text, int64_t *ms)
{
    if (!slice_i64(text, ms)) {
        reply_error(c->reply, "ERR timeout is not an integer or out of range");
        return false;
    }
    if (*ms < 0) {
        reply_error(c->reply, "ERR timeout is negative");
        return false;
    }
    return true;
}

static bool group_only(struct cmd *c, const struct read_args *a, const char *option)
{
    if (a->group_read) return true;
    reply_errorf(c->reply,
                 "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.",
                 option);
    return false;
}

static bool parse_read(struct cmd *c, struct read_args *a)
{
    for (uint32_t i = 1; i < c->argc && a->n == 0; i++) {
        struct slice word = c->argv[i];
        uint32_t more = c->argc - i - 1;
        if (more > 0 && slice_word(word, "BLOCK")) {
            if (!read_timeout(c, c->argv[++i], &a->block_ms)) return false;
        } else if (more > 0 && slice_word(word, "COUNT")) {
            if (!stream_number(c, c->argv[++i], NULL, &a->count)) return false;
            if (a->count < 0) a->count = 0;
        } else if (more > 0 && slice_word(word, "STREAMS")) {
            if (!parse_streams(c, i + 1, a)) return false;
        } else if (more >= 2 && slice_word(word, "GROUP")) {
            if (!group_only(c, a, "GROUP")) return false;
            a->group = c->argv[i + 1];
            a->consumer = c->argv[i + 2];
            a->group_given = true;
            i += 2;
        } else if (slice_word(word, "NOACK")) {
            if (!group_only(c, a, "NOACK")) return false;
            a->no_ack = true;
        } else {
            reply_err(c->reply, ERR_SYNTAX);
            return false;
        }
    }
    if (a->n == 0) {
        reply_err(c->reply, ERR_SYNTAX);
        return false;
    }
    if (a->group_read && !a->group_given) {
        reply_error(c->reply, "ERR Missing GROUP option for XREADGROUP");
        return false;
    }
    return true;
}

/* Looks up the i-th stream and its group. What changed while the client was blocked is told
 * as Redis tells it. */
static bool open_stream(struct cmd *c, const struct read_args *a, uint32_t i, struct read_from *f)
{
    struct slice key = c->argv[a->keys_at + i];
    struct value *v = NULL;
    enum err e = db_find(c->db, key, VALUE_STREAM, &v);
    if (e != ERR_OK && c->retry) {
        v = NULL;
        e = ERR_OK;
    }
    if (cmd_failed(c, e)) return false;
    f->s = stream_of(v);
    if (!a->group_read) return true;
    f->g = f->s == NULL ? NULL : stream_group_find(f->s, a->group);
    if (f->g != NULL) return true;
    if (c->retry) {
        reply_error(c->reply, f->s == NULL
                                  ? "UNBLOCKED the stream key no longer exists"
                                  : "NOGROUP the consumer group this client was blocked on no "
                                    "longer exists");
        return false;
    }
    reply_errorf(c->reply,
                 "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP "
                 "option",
                 (int)key.len, key.p, (int)a->group.len, a->group.p);
    return false;
}

static bool open_id(struct cmd *c, const struct read_args *a, uint32_t i, struct read_from *f)
{
    struct slice text = c->argv[a->keys_at + a->n + i];
    if (slice_is(text, "$")) {
        if (a->group_read) {
            reply_error(c->reply,
                        "ERR The $ ID is meaningless in the context of XREADGROUP: you want to "
                        "read the history of this consumer by specifying a proper ID, or use the "
                        "> ID to get new messages. The $ ID would just return an empty result "
                        "set.");
            return false;
        }
        f->after = f->s == NULL ? STREAM_ID_MIN : f->s->last_id;
        return true;
    }
    if (slice_is(text, ">")) {
        if (!a->group_read) {
            reply_error(c->reply, "ERR The > ID can be specified only when calling XREADGROUP "
                                  "using the GROUP <group> <consumer> option.");
            return false;
        }
        f->fresh = true;
        f->after = f->g->last_id;
        return true;
    }
    return stream_id_strict(c, text, 0, &f->after);
}

/* Whether the stream has something to say right now. */
static bool has_news(const struct read_args *a, const struct read_from *f)
{
    struct stream_id top;
    if (f->s == NULL) return false;
    if (a->group_read && !f->fresh) return true;
    if (stream_id_cmp(f->s->last_id, f->after) <= 0) return false;
    return streamlog_last(&f->s->log, &top) && stream_id_cmp(top, f->after) > 0;
}

static uint64_t reply_range(struct cmd *c, const struct read_args *a, const struct read_from *f)
{
    struct streamlog_iter it;
    struct stream_entry e;
    uint64_t n = 0;
    struct stream_id from = f->after;
    if (!stream_id_next(&from)) return 0;
    streamlog_walk(&it, &f->s->log, from, STREAM_ID_MAX, false);
    while ((a->count == 0 || n < (uint64_t)a->count) && streamlog_next(&it, &e)) {
        stream_reply_entry(c->reply, &e);
        n++;
    }
    return n;
}

/* Gives consumer the next entries of its group, at most max (0: all); e and reply are NULL
 * when the log redoes it. Returns how many. */
static uint64_t deliver(const struct stream *s, struct group *g, struct consumer *consumer,
                        uint64_t max, bool no_ack, int64_t now_ms, struct reply *reply)
{
    struct streamlog_iter it;
    struct stream_entry e;
    uint64_t n = 0;
    struct stream_id from = g->last_id;
    if (!stream_id_next(&from)) return 0;
    streamlog_walk(&it, &s->log, from, STREAM_ID_MAX, false);
    while ((max == 0 || n < max) && streamlog_next(&it, &e)) {
        stream_group_read(s, g, e.id);
        if (!no_ack) (void)group_pending_put(g, e.id, consumer, now_ms);
        if (reply != NULL) stream_reply_entry(reply, &e);
        n++;
    }
    return n;
}

/* Replies with what the consumer holds above f->after; an entry that was deleted since has a
 * null in the place of its pairs. */
static uint64_t reply_history(struct cmd *c, const struct read_args *a, const struct read_from *f,
                              struct slice key, const struct consumer *consumer)
{
    uint64_t n = 0;
    struct stream_id from = f->after;
    if (!stream_id_next(&from)) return 0;
    struct idtable_at at = idtable_seek(&consumer->pending, from);
    for (const struct stream_id *id; (id = idtable_get(&consumer->pending, at)) != NULL;
         idtable_step(&consumer->pending, &at)) {
        if (a->count > 0 && n == (uint64_t)a->count) break;
        struct stream_entry e;
        if (streamlog_find(&f->s->log, *id, &e)) {
            struct pending *p = group_pending_find(f->g, *id);
            must(p != NULL);
            p->delivered_ms = c->engine->now_ms;
            p->deliveries++;
            const struct slice effect[] = {SLICE("XPENDINGSET"),
                                           key,
                                           a->group,
                                           a->consumer,
                                           stream_number_text(c, consumer->seen_ms),
                                           stream_id_text(c, *id),
                                           stream_number_text(c, p->delivered_ms),
                                           stream_number_text(c, (int64_t)p->deliveries)};
            cmd_effect(c, 8, effect);
            stream_reply_entry(c->reply, &e);
        } else {
            reply_array(c->reply, 2);
            stream_reply_id(c->reply, *id);
            reply_null_array(c->reply);
        }
        n++;
    }
    return n;
}

static struct consumer *read_consumer(struct cmd *c, const struct read_args *a, struct slice key,
                                      struct group *g)
{
    struct consumer *consumer = group_consumer_find(g, a->consumer);
    if (consumer != NULL) {
        consumer->seen_ms = c->engine->now_ms;
        return consumer;
    }
    consumer = group_consumer_add(g, a->consumer, c->engine->now_ms);
    stream_log_seen(c, key, a->group, consumer);
    db_notify(c->db, key, NOTIFY_STREAM, "xgroup-createconsumer");
    return consumer;
}

static void read_group(struct cmd *c, const struct read_args *a, const struct read_from *f,
                       struct slice key)
{
    struct consumer *consumer = read_consumer(c, a, key, f->g);
    size_t place = reply_later(c->reply);
    uint64_t n = 0;
    if (!f->fresh) {
        n = reply_history(c, a, f, key, consumer);
    } else {
        n = deliver(f->s, f->g, consumer, (uint64_t)a->count, a->no_ack, c->engine->now_ms,
                    c->reply);
        const struct slice effect[] = {SLICE("XDELIVER"),
                                       key,
                                       a->group,
                                       a->consumer,
                                       stream_number_text(c, c->engine->now_ms),
                                       stream_number_text(c, (int64_t)n),
                                       a->no_ack ? SLICE("1") : SLICE("0")};
        db_log(c->db, key);
        cmd_effect(c, 7, effect);
    }
    reply_later_end(c->reply, place, '*', n);
}

/* A blocked command runs again with the ids it started from: "$" is now. */
static void block(struct cmd *c, const struct read_args *a, const struct read_from *from)
{
    struct slice *argv = arena_alloc(c->arena, c->argc * sizeof *argv);
    memcpy(argv, c->argv, c->argc * sizeof *argv);
    for (uint32_t i = 0; i < a->n; i++) {
        struct slice *id = &argv[a->keys_at + a->n + i];
        if (slice_is(*id, "$")) *id = stream_id_text(c, from[i].after);
    }
    c->argv = argv;
    cmd_block(c, argv + a->keys_at, a->n, a->block_ms, BLOCK_STREAM);
}

static void read(struct cmd *c, bool group_read)
{
    struct read_args a = {.group_read = group_read, .block_ms = -1};
    if (!parse_read(c, &a)) return;
    if (a.block_ms >= 0 && c->in_script) {
        reply_errorf(c->reply, "ERR %s command is not allowed with BLOCK option from scripts",
                     c->spec->name);
        return;
    }
    struct read_from *from = arena_array(c->arena, a.n, struct read_from);
    uint32_t news = 0;
    for (uint32_t i = 0; i < a.n; i++) {
        if (!open_stream(c, &a, i, &from[i])) return;
        if (!open_id(c, &a, i, &from[i])) return;
        if (has_news(&a, &from[i])) news++;
    }
    if (news == 0) {
        if (a.block_ms >= 0 && cmd_may_block(c))
            block(c, &a, from);
        else
            reply_null_array(c->reply);
        return;
    }
    if (c->reply->resp == 2)
        reply_array(c->reply, news);
    else
        reply_map(c->reply, news);
    for (uint32_t i = 0; i < a.n; i++) {
        struct slice key = c->argv[a.keys_at + i];
        if (!has_news(&a, &from[i])) continue;
        if (c->reply->resp == 2) reply_array(c->reply, 2);
        reply_bulk(c->reply, key);
        if (group_read) {
            read_group(c, &a, &from[i], key);
        } else {
            size_t place = reply_later(c->reply);
            reply_later_end(c->reply, place, '*', reply_range(c, &a, &from[i]));
        }
    }
}

/* XREAD [COUNT n] [BLOCK ms] STREAMS key ... id ... */
void cmd_xread(struct cmd *c)
{
    read(c, false);
}

/* XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key ... id ... */
void cmd_xreadgroup(struct cmd *c)
{
    read(c, true);
}

/* XDELIVER key group consumer time-ms count no-ack
 *
 * What the log keeps of XREADGROUP with ">": the entries that follow the group's last one,
 * however many, are one short record. Only for the log. */
void cmd_xdeliver(struct cmd *c)
{
    struct stream *s = NULL;
    struct group *g = NULL;
    int64_t now_ms = 0, count = 0;
    if (!stream_log_only(c)) return;
    if (!stream_find_group(c, 1, 2, &s, &g)) return;
    if (!stream_number(c, c->argv[4], NULL, &now_ms)) return;
    if (!stream_number(c, c->argv[5], NULL, &count)) return;
    struct consumer *consumer = group_consumer_find(g, c->argv[3]);
    if (consumer == NULL) consumer = group_consumer_add(g, c->argv[3], now_ms);
    consumer->seen_ms = now_ms;
    if (count > 0)
        (void)deliver(s, g, consumer, (uint64_t)count, slice_is(c->argv[6], "1"), now_ms, NULL);
    db_log(c->db, c->argv[1]);
    reply_ok(c->reply);
}

/* XACK key group id ... */
void cmd_xack(struct cmd *c)
{
    struct stream *s = NULL;
    if (!stream_find(c, 1, true, &s)) return;
    struct group *g = s == NULL ? NULL : stream_group_find(s, c->argv[2]);
    if (g == NULL) {
        reply_int(c->reply, 0);
        return;
    }
    struct stream_id *ids = arena_alloc(c->arena, c->argc * sizeof *ids);
    for (uint32_t i = 3; i < c->argc; i++) {
        if (!stream_id_strict(c, c->argv[i], 0, &ids[i])) return;
    }
    int64_t n = 0;
    for (uint32_t i = 3; i < c->argc; i++)
        n += group_ack(g, ids[i]) ? 1 : 0;
    if (n > 0) db_log(c->db, c->argv[1]);
    reply_int(c->reply, n);
}
