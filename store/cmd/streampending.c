/* streampending: XPENDING, XCLAIM, XAUTOCLAIM, and XPENDINGSET, by which the log restores
 * what a consumer holds. */
#include "stream.h"

#include "base/must.h"

/* ---- XPENDING ---- */

struct pending_args {
    struct stream_id from, to;
    int64_t count, idle_min;
    uint32_t consumer_at; /* in argv; 0: of all consumers */
};

static bool parse_pending(struct cmd *c, struct pending_args *a)
{
    uint32_t at = 3;
    if (c->argc < 6 || c->argc > 9) {
        reply_err(c->reply, ERR_SYNTAX);
        return false;
    }
    if (slice_word(c->argv[3], "IDLE")) {
        if (!stream_number(c, c->argv[4], NULL, &a->idle_min)) return false;
        if (c->argc < 8) {
            reply_err(c->reply, ERR_SYNTAX);
            return false;
        }
        at += 2;
    }
    if (!stream_number(c, c->argv[at + 2], NULL, &a->count)) return false;
    if (a->count < 0) a->count = 0;
    if (!stream_id_from(c, c->argv[at], &a->from)) return false;
    if (!stream_id_to(c, c->argv[at + 1], &a->to)) return false;
    if (at + 3 < c->argc) a->consumer_at = at + 3;
    return true;
}

static void pending_summary(struct cmd *c, const struct group *g)
{
    struct reply *r = c->reply;
    reply_array(r, 4);
    reply_int(r, (int64_t)g->pending.count);
    if (g->pending.count == 0) {
        reply_null(r);
        reply_null(r);
        reply_null_array(r);
        return;
    }
    const struct pending *first = idtable_first(&g->pending);
    const struct pending *last = idtable_last(&g->pending);
    stream_reply_id(r, first->id);
    stream_reply_id(r, last->id);
    uint64_t n = 0;
    size_t place = reply_later(r);
    for (uint32_t i = 0; i < g->consumer_count; i++) {
        const struct consumer *one = g->consumers[i];
        if (one->pending.count == 0) continue;
        reply_array(r, 2);
        reply_bulk(r, one->name);
        reply_bulk_i64(r, (int64_t)one->pending.count);
        n++;
    }
    reply_later_end(r, place, '*', n);
}

/* Replies with one row unless it is too young. */
static bool pending_row(struct cmd *c, const struct pending *p, int64_t idle_min)
{
    int64_t idle = c->engine->now_ms - p->delivered_ms;
    if (idle_min != 0 && idle < idle_min) return false;
    reply_array(c->reply, 4);
    stream_reply_id(c->reply, p->id);
    reply_bulk(c->reply, p->consumer->name);
    reply_int(c->reply, idle < 0 ? 0 : idle);
    reply_int(c->reply, (int64_t)p->deliveries);
    return true;
}

/* XPENDING key group [[IDLE ms] start end count [consumer]] */
void cmd_xpending(struct cmd *c)
{
    struct pending_args a = {0};
    struct stream *s = NULL;
    struct group *g = NULL;
    if (c->argc != 3 && !parse_pending(c, &a)) return;
    if (!stream_find_group(c, 1, 2, &s, &g)) return;
    if (c->argc == 3) {
        pending_summary(c, g);
        return;
    }
    const struct idtable *rows = &g->pending;
    if (a.consumer_at > 0) {
        const struct consumer *one = group_consumer_find(g, c->argv[a.consumer_at]);
        if (one == NULL) {
            reply_array(c->reply, 0);
            return;
        }
        rows = &one->pending;
    }
    int64_t n = 0;
    size_t place = reply_later(c->reply);
    struct idtable_at at = idtable_seek(rows, a.from);
    for (const struct stream_id *id; n < a.count && (id = idtable_get(rows, at)) != NULL;
         idtable_step(rows, &at)) {
        if (stream_id_cmp(*id, a.to) > 0) break;
        const struct pending *p =
            a.consumer_at > 0 ? group_pending_find(g, *id) : idtable_get(rows, at);
        if (pending_row(c, p, a.idle_min)) n++;
    }
    reply_later_end(c->reply, place, '*', (uint64_t)n);
}

/* ---- claims ---- */

struct claim {
    struct stream *s;
    struct group *g;
    struct slice consumer_name;
    struct consumer *consumer; /* made with the first claimed entry */
    int64_t idle_min, time_ms;
    int64_t retry_count; /* -1: not given */
    bool force, just_id;
    struct stream_id last_id;
    struct stream_id *claimed; /* arena; for the log */
    uint32_t claimed_count;
    struct stream_id *gone; /* arena: entries that were deleted from the stream */
    uint32_t gone_count;
};

static bool claim_number(struct cmd *c, struct slice text, const char *what, int64_t *n)
{
    if (slice_i64(text, n)) return true;
    reply_errorf(c->reply, "ERR Invalid %s argument for XCLAIM", what);
    return false;
}

/* The options behind the ids. */
static bool parse_claim(struct cmd *c, uint32_t at, struct claim *k)
{
    int64_t now_ms = c->engine->now_ms;
    bool timed = false;
    for (uint32_t i = at; i < c->argc; i++) {
        struct slice word = c->argv[i];
        bool more = i + 1 < c->argc;
        if (slice_word(word, "FORCE")) {
            k->force = true;
        } else if (slice_word(word, "JUSTID")) {
            k->just_id = true;
        } else if (more && slice_word(word, "IDLE")) {
            if (!claim_number(c, c->argv[++i], "IDLE option", &k->time_ms)) return false;
            if (__builtin_sub_overflow(now_ms, k->time_ms, &k->time_ms)) k->time_ms = now_ms;
            timed = true;
        } else if (more && slice_word(word, "TIME")) {
            if (!claim_number(c, c->argv[++i], "TIME option", &k->time_ms)) return false;
            timed = true;
        } else if (more && slice_word(word, "RETRYCOUNT")) {
            if (!claim_number(c, c->argv[++i], "RETRYCOUNT option", &k->retry_count)) return false;
        } else if (more && slice_word(word, "LASTID")) {
            if (!stream_id_strict(c, c->argv[++i], 0, &k->last_id)) return false;
        } else {
            reply_errorf(c->reply, "ERR Unrecognized XCLAIM option '%.*s'",
                         (int)(word.len > 128 ? 128 : word.len), word.p);
            return false;
        }
    }
    bool replay = (c->session->flags & SESSION_REPLAY) != 0; /* the log's own clock is right */
    if (!timed || (!replay && (k->time_ms < 0 || k->time_ms > now_ms))) k->time_ms = now_ms;
    return true;
}

static void claim_consumer(struct cmd *c, struct claim *k, struct slice key)
{
    if (k->consumer != NULL) return;
    k->consumer = group_consumer_find(k->g, k->consumer_name);
    if (k->consumer == NULL) {
        k->consumer = group_consumer_add(k->g, k->consumer_name, c->engine->now_ms);
        db_notify(c->db, key, NOTIFY_STREAM, "xgroup-createconsumer");
    }
    if ((c->session->flags & SESSION_REPLAY) == 0) k->consumer->seen_ms = c->engine->now_ms;
}

/* Gives p to the claiming consumer and replies with its entry. */
static void claim_take(struct cmd *c, struct claim *k, struct pending *p, struct stream_entry *e)
{
    claim_consumer(c, k, c->argv[1]);
    group_pending_move(p, k->consumer);
    p->delivered_ms = k->time_ms;
    if (k->retry_count >= 0)
        p->deliveries = (uint64_t)k->retry_count;
    else if (!k->just_id)
        p->deliveries++;
    k->claimed[k->claimed_count++] = p->id;
    if (k->just_id)
        stream_reply_id(c->reply, p->id);
    else
        stream_reply_entry(c->reply, e);
}

static bool claim_too_young(const struct cmd *c, const struct claim *k, const struct pending *p)
{
    return k->idle_min > 0 && c->engine->now_ms - p->delivered_ms < k->idle_min;
}

/* Logs what was claimed, what vanished, and a last id that moved. */
static void claim_effects(struct cmd *c, const struct claim *k, bool last_moved)
{
    uint32_t n = 0;
    if (k->claimed_count == 0 && k->gone_count == 0 && !last_moved) return;
    db_log(c->db, c->argv[1]);
    uint32_t most = (k->claimed_count > k->gone_count ? k->claimed_count : k->gone_count) + 16;
    struct slice *argv = arena_alloc(c->arena, most * sizeof *argv);
    if (k->gone_count > 0) {
        argv[n++] = SLICE("XACK");
        argv[n++] = c->argv[1];
        argv[n++] = c->argv[2];
        for (uint32_t i = 0; i < k->gone_count; i++)
            argv[n++] = stream_id_text(c, k->gone[i]);
        cmd_effect(c, n, argv);
    }
    if (k->consumer != NULL) stream_log_seen(c, c->argv[1], c->argv[2], k->consumer);
    if (k->claimed_count == 0 && !last_moved) return;
    n = 0;
    argv[n++] = SLICE("XCLAIM");
    argv[n++] = c->argv[1];
    argv[n++] = c->argv[2];
    argv[n++] = k->consumer_name;
    argv[n++] = SLICE("0");
    for (uint32_t i = 0; i < k->claimed_count; i++)
        argv[n++] = stream_id_text(c, k->claimed[i]);
    if (k->claimed_count == 0) argv[n++] = SLICE("0-0"); /* never an entry: LASTID alone */
    argv[n++] = SLICE("TIME");
    argv[n++] = stream_number_text(c, k->time_ms);
    if (k->retry_count >= 0) {
        argv[n++] = SLICE("RETRYCOUNT");
        argv[n++] = stream_number_text(c, k->retry_count);
    }
    if (k->force) argv[n++] = SLICE("FORCE");
    if (k->just_id) argv[n++] = SLICE("JUSTID");
    argv[n++] = SLICE("LASTID");
    argv[n++] = stream_id_text(c, k->g->last_id);
    cmd_effect(c, n, argv);
}

static void claim_one(struct cmd *c, struct claim *k, struct stream_id id)
{
    struct stream_entry e;
    struct pending *p = group_pending_find(k->g, id);
    if (!streamlog_find(&k->s->log, id, &e)) {
        if (p == NULL) return;
        (void)group_ack(k->g, id);
        k->gone[k->gone_count++] = id;
        return;
    }
    if (p == NULL) {
        if (!k->force) return;
        claim_consumer(c, k, c->argv[1]);
        p = group_pending_put(k->g, id, k->consumer, k->time_ms);
    } else if (claim_too_young(c, k, p)) {
        return;
    }
    claim_take(c, k, p, &e);
}

/* XCLAIM key group consumer min-idle-ms id ... [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE]
 *        [JUSTID] [LASTID id] */
void cmd_xclaim(struct cmd *c)
{
    struct claim k = {.consumer_name = c->argv[3], .retry_count = -1};
    if (!stream_find_group(c, 1, 2, &k.s, &k.g)) return;
    if (!claim_number(c, c->argv[4], "min-idle-time", &k.idle_min)) return;
    struct stream_id *ids = arena_alloc(c->arena, c->argc * sizeof *ids);
    uint32_t end = 5;
    while (end < c->argc && stream_id_parse(c->argv[end], 0, &ids[end], NULL))
        end++;
    if (!parse_claim(c, end, &k)) return;
    k.claimed = arena_alloc(c->arena, c->argc * sizeof *k.claimed);
    k.gone = arena_alloc(c->arena, c->argc * sizeof *k.gone);
    bool last_moved = stream_id_cmp(k.last_id, k.g->last_id) > 0;
    if (last_moved) k.g->last_id = k.last_id;
    size_t place = reply_later(c->reply);
    for (uint32_t i = 5; i < end; i++)
        claim_one(c, &k, ids[i]);
    reply_later_end(c->reply, place, '*', k.claimed_count);
    claim_effects(c, &k, last_moved);
}

enum { CLAIM_ATTEMPTS = 10 };

/* XAUTOCLAIM's options behind the start id. */
static bool parse_autoclaim(struct cmd *c, struct claim *k, int64_t *count)
{
    for (uint32_t i = 6; i < c->argc; i++) {
        if (slice_word(c->argv[i], "COUNT") && i + 1 < c->argc) {
            if (!stream_number(c, c->argv[++i], "ERR COUNT must be > 0", count)) return false;
            if (*count < 1 || *count > INT64_MAX / 16) {
                reply_error(c->reply, "ERR COUNT must be > 0");
                return false;
            }
        } else if (slice_word(c->argv[i], "JUSTID")) {
            k->just_id = true;
        } else {
            reply_err(c->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

/* XAUTOCLAIM key group consumer min-idle-ms start [COUNT n] [JUSTID]
 *
 * Replies [where to go on, entries, ids of deleted entries]. */
void cmd_xautoclaim(struct cmd *c)
{
    struct claim k = {.consumer_name = c->argv[3], .retry_count = -1};
    struct stream_id from;
    int64_t count = 100;
    if (!slice_i64(c->argv[4], &k.idle_min)) {
        reply_error(c->reply, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
        return;
    }
    if (!stream_id_from(c, c->argv[5], &from)) return;
    if (!parse_autoclaim(c, &k, &count)) return;
    if (!stream_find_group(c, 1, 2, &k.s, &k.g)) return;
    uint64_t rows = k.g->pending.count < (uint64_t)count ? k.g->pending.count : (uint64_t)count;
    must(rows < UINT32_MAX);
    k.time_ms = c->engine->now_ms;
    k.claimed = arena_alloc(c->arena, (rows + 1) * sizeof *k.claimed);
    k.gone = arena_alloc(c->arena, (rows + 1) * sizeof *k.gone);

    struct reply *r = c->reply;
    struct buf body = {0}; /* the cursor stands before the entries, and is known after them */
    struct reply into = {.out = &body, .resp = r->resp};
    c->reply = &into;
    struct pending *p = NULL;
    struct idtable_at at = idtable_seek(&k.g->pending, from);
    uint64_t attempts = (uint64_t)count * CLAIM_ATTEMPTS;
    while (attempts-- > 0 && count > 0 && (p = idtable_get(&k.g->pending, at)) != NULL) {
        struct stream_entry e;
        struct stream_id id = p->id;
        if (!streamlog_find(&k.s->log, id, &e)) {
            bool had = idtable_del(&p->consumer->pending, id);
            must(had);
            idtable_del_at(&k.g->pending, &at);
            k.gone[k.gone_count++] = id;
            count--;
            continue;
        }
        idtable_step(&k.g->pending, &at);
        if (claim_too_young(c, &k, p)) continue;
        claim_take(c, &k, p, &e);
        count--;
    }
    p = idtable_get(&k.g->pending, at);
    c->reply = r;
    reply_array(r, 3);
    stream_reply_id(r, p == NULL ? STREAM_ID_MIN : p->id);
    reply_array(r, k.claimed_count);
    buf_add(r->out, body.p, body.len);
    buf_fini(&body);
    reply_array(r, k.gone_count);
    for (uint32_t i = 0; i < k.gone_count; i++)
        stream_reply_id(r, k.gone[i]);
    claim_effects(c, &k, false);
}

/* XPENDINGSET key group consumer seen-ms [id delivered-ms deliveries] ...
 *
 * Makes the consumer, if it is new, and puts entries under it exactly as they were, those
 * deleted from the stream too. Only for the log. */
void cmd_xpendingset(struct cmd *c)
{
    struct stream *s = NULL;
    struct group *g = NULL;
    int64_t seen_ms = 0;
    if (!stream_log_only(c)) return;
    if (!stream_find_group(c, 1, 2, &s, &g)) return;
    if (!stream_number(c, c->argv[4], NULL, &seen_ms)) return;
    if ((c->argc - 5) % 3 != 0) {
        reply_err(c->reply, ERR_SYNTAX);
        return;
    }
    struct consumer *one = group_consumer_find(g, c->argv[3]);
    if (one == NULL) one = group_consumer_add(g, c->argv[3], seen_ms);
    one->seen_ms = seen_ms;
    for (uint32_t i = 5; i < c->argc; i += 3) {
        struct stream_id id;
        int64_t delivered_ms = 0;
        uint64_t deliveries = 0;
        if (!stream_id_strict(c, c->argv[i], 0, &id)) return;
        if (!stream_number(c, c->argv[i + 1], NULL, &delivered_ms)) return;
        if (!slice_u64(c->argv[i + 2], &deliveries)) {
            reply_err(c->reply, ERR_NOT_INT);
            return;
        }
        group_pending_put(g, id, one, delivered_ms)->deliveries = deliveries;
    }
    db_log(c->db, c->argv[1]);
    reply_ok(c->reply);
}
