/* zset: the commands on single members of a sorted set. */
#include "zset.h"

#include "store/cmd/pick.h"

#include "store/cmd/scan.h"

#include <math.h>

bool zset_open(struct cmd *c, struct slice key, struct zset **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, key, VALUE_ZSET, &v))) return false;
    *out = v == NULL ? NULL : zset_of(v);
    return true;
}

bool zset_open_write(struct cmd *c, struct slice key, struct zset **out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_ZSET, &v))) return false;
    *out = v == NULL ? NULL : zset_of(v);
    return true;
}

struct zset *zset_need(struct cmd *c, struct slice key, struct zset *z, bool geo)
{
    if (z != NULL) return z;
    z = zset_new(geo);
    (void)db_put(c->db, key, zset_value(z));
    return z;
}

struct span_reply {
    struct reply *reply;
    bool scores;
};

static bool reply_member(struct slice name, double score, void *data)
{
    const struct span_reply *s = data;
    if (s->scores && s->reply->resp > 2) reply_array(s->reply, 2);
    reply_bulk(s->reply, name);
    if (s->scores) reply_double(s->reply, score);
    return true;
}

void zset_reply_span(struct cmd *c, const struct zset *z, struct zset_span span, bool scores)
{
    struct span_reply s = {c->reply, scores};
    uint64_t n = span.n;
    reply_array(c->reply, scores && c->reply->resp == 2 ? 2 * n : n);
    if (span.n > 0) zset_each(z, span.from, span.n, span.reverse, reply_member, &s);
}

/* Effects that rebuild dst from its members alone. */
struct rebuild {
    struct cmd *c;
    struct slice *argv;
    uint32_t argc;
};

enum { REBUILD_ARGS = 2 + 2 * 64 };

static bool rebuild_member(struct slice name, double score, void *data)
{
    struct rebuild *r = data;
    char text[40];
    r->argv[r->argc++] = arena_copy(r->c->arena, slice_make(text, fmt_double(text, score)));
    r->argv[r->argc++] = arena_copy(r->c->arena, name);
    if (r->argc == REBUILD_ARGS) {
        cmd_effect(r->c, r->argc, r->argv);
        r->argc = 2;
    }
    return true;
}

static void log_members(struct cmd *c, struct slice dst, const struct zset *z)
{
    struct slice del[] = {SLICE("DEL"), dst};
    cmd_effect(c, 2, del);
    if (z == NULL) return;
    struct rebuild r = {c, arena_array(c->arena, REBUILD_ARGS, struct slice), 2};
    r.argv[0] = SLICE("ZADD");
    r.argv[1] = dst;
    zset_each(z, 0, zset_count(z), false, rebuild_member, &r);
    if (r.argc > 2) cmd_effect(c, r.argc, r.argv);
}

void zset_store(struct cmd *c, struct slice dst, struct zset *z, const char *event,
                const struct slice *sources, uint32_t n)
{
    bool rebuild = false;
    for (uint32_t i = 0; i < n; i++)
        if (db_is_ephemeral(c->engine, sources[i])) rebuild = true;

    uint32_t count = zset_count(z);
    reply_int(c->reply, count);
    if (count == 0) {
        zset_free(z);
        if (!db_del(c->db, dst)) return;
        db_changed(c->db, dst, NOTIFY_GENERIC, "del");
        if (rebuild) log_members(c, dst, NULL);
        return;
    }
    (void)db_put(c->db, dst, zset_value(z));
    db_changed(c->db, dst, NOTIFY_ZSET, event);
    if (rebuild) log_members(c, dst, z);
}

/* What ZADD was told and what it did. */
struct zadd {
    bool nx, xx, gt, lt, ch, incr;
    uint32_t added, updated, processed;
    double score; /* of the last member that was not passed over */
};

/* Adds or changes one member. False when the sum is not a number. */
static bool zadd_one(struct zadd *z, struct zset *set, struct slice name, uint64_t hash,
                     double score)
{
    struct zset_at at;
    if (!zset_find_hash(set, name, hash, &at)) {
        if (z->xx) return true;
        zset_add_hash(set, name, hash, score);
        z->added++;
    } else {
        if (z->nx) return true;
        double old = zset_score(set, at);
        if (z->incr) score += old;
        if (isnan(score)) return false;
        if ((z->lt && score >= old) || (z->gt && score <= old)) return true;
        if (zset_set(set, at, score)) z->updated++;
    }
    z->processed++;
    z->score = score;
    return true;
}

static bool zadd_options(struct cmd *c, struct zadd *z)
{
    struct args *a = c->args;
    while (args_ok(a)) {
        if (args_maybe(a, "NX"))
            z->nx = true;
        else if (args_maybe(a, "XX"))
            z->xx = true;
        else if (args_maybe(a, "CH"))
            z->ch = true;
        else if (args_maybe(a, "INCR"))
            z->incr = true;
        else if (args_maybe(a, "GT"))
            z->gt = true;
        else if (args_maybe(a, "LT"))
            z->lt = true;
        else
            break;
    }
    uint32_t left = args_left(a);
    if (left % 2 != 0 || left == 0)
        args_syntax(a);
    else if (z->nx && z->xx)
        args_fail(a, "ERR XX and NX options at the same time are not compatible");
    else if ((z->gt && z->nx) || (z->lt && z->nx) || (z->gt && z->lt))
        args_fail(a, "ERR GT, LT, and/or NX options at the same time are not compatible");
    else if (z->incr && left > 2)
        args_fail(a, "ERR INCR option supports a single increment-element pair");
    return args_check(a, c->reply);
}

/* Adds all pairs, fetching where the later ones will stand while the earlier ones are added. */
static bool zadd_all(struct cmd *c, struct zadd *z, struct zset *set, const struct slice *pairs,
                     const double *scores, uint32_t n)
{
    enum { AHEAD = 8 };
    uint64_t hashes[AHEAD]; /* of the names from i on */
    for (uint32_t i = 0; i < n && i < AHEAD; i++)
        hashes[i] = cmd_hash(c, pairs[2 * i + 1]);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t hash = hashes[i % AHEAD];
        if (i + AHEAD < n) {
            struct zset_ahead later = {.z = set, .hash = hash_slice(pairs[2 * (i + AHEAD) + 1])};
            zset_ahead(&later, 0);
            hashes[i % AHEAD] = later.hash;
        }
        if (!zadd_one(z, set, pairs[2 * i + 1], hash, scores[i])) return false;
    }
    return true;
}

static void zadd(struct cmd *c, struct zadd z)
{
    struct slice key = {0};
    args_key(c->args, &key);
    if (!zadd_options(c, &z)) return;

    uint32_t n = args_left(c->args) / 2;
    double few[16];
    double *scores = n <= 16 ? few : arena_array(c->arena, n, double);
    const struct slice *pairs = &c->args->argv[c->args->at];
    for (uint32_t i = 0; i < n; i++) {
        struct slice name = {0};
        args_double(c->args, &scores[i]);
        args_slice(c->args, &name);
    }
    if (!args_end(c->args, c->reply)) return;

    struct zset *set = NULL;
    if (!zset_open_write(c, key, &set)) return;
    bool number = true;
    if (set != NULL || !z.xx) set = zset_need(c, key, set, false);
    if (set != NULL) number = zadd_all(c, &z, set, pairs, scores, n);

    if (!number)
        reply_error(c->reply, "ERR resulting score is not a number (NaN)");
    else if (!z.incr)
        reply_int(c->reply, z.ch ? z.added + z.updated : z.added);
    else if (z.processed > 0)
        reply_double(c->reply, z.score);
    else
        reply_null(c->reply);
    if (z.added + z.updated > 0) db_changed(c->db, key, NOTIFY_ZSET, z.incr ? "zincr" : "zadd");
}

/* ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]
 *
 * Replies with the number of members added (CH: or changed); with INCR, the new score, or null
 * when an option forbade the change. */
void cmd_zadd(struct cmd *c)
{
    zadd(c, (struct zadd){0});
}

/* ZINCRBY key increment member */
void cmd_zincrby(struct cmd *c)
{
    zadd(c, (struct zadd){.incr = true});
}

/* ZREM key member [member ...]: replies with the number deleted. */
void cmd_zrem(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!zset_open_write(c, key, &z)) return;

    uint32_t deleted = 0;
    while (z != NULL && args_left(c->args) > 0) {
        struct slice name = {0};
        struct zset_at at;
        args_slice(c->args, &name);
        if (!zset_find(z, name, &at)) continue;
        zset_del(z, at);
        deleted++;
    }
    reply_int(c->reply, deleted);
    if (deleted == 0) return;
    db_changed(c->db, key, NOTIFY_ZSET, "zrem");
    (void)db_drop_if_empty(c->db, key, zset_value(z));
}

/* ZCARD key */
void cmd_zcard(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!zset_open(c, key, &z)) return;
    reply_int(c->reply, z == NULL ? 0 : zset_count(z));
}

static void reply_score(struct cmd *c, const struct zset *z, struct slice name)
{
    struct zset_at at;
    if (z != NULL && zset_find(z, name, &at))
        reply_double(c->reply, zset_score(z, at));
    else
        reply_null(c->reply);
}

/* ZSCORE key member */
void cmd_zscore(struct cmd *c)
{
    struct slice key = {0};
    struct slice name = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    args_slice(c->args, &name);
    if (!zset_open(c, key, &z)) return;
    reply_score(c, z, name);
}

/* ZMSCORE key member [member ...] */
void cmd_zmscore(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!zset_open(c, key, &z)) return;
    reply_array(c->reply, args_left(c->args));
    while (args_left(c->args) > 0) {
        struct slice name = {0};
        args_slice(c->args, &name);
        reply_score(c, z, name);
    }
}

static void zrank(struct cmd *c, bool reverse)
{
    struct slice key = {0};
    struct slice name = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    args_slice(c->args, &name);
    if (!zset_open(c, key, &z)) return;

    struct zset_at at;
    if (z == NULL || !zset_find(z, name, &at)) {
        reply_null(c->reply);
        return;
    }
    uint32_t rank = zset_rank(z, at);
    reply_int(c->reply, reverse ? zset_count(z) - 1 - rank : rank);
}

/* ZRANK key member */
void cmd_zrank(struct cmd *c)
{
    zrank(c, false);
}

/* ZREVRANK key member */
void cmd_zrevrank(struct cmd *c)
{
    zrank(c, true);
}

static bool first_member(struct slice name, double score, void *data)
{
    struct span_reply *s = data;
    (void)reply_member(name, score, s);
    return false;
}

/* Replies with n different members: of few, each is kept with the odds that leave exactly n
 * (Knuth's algorithm S); of many, R. W. Floyd's sampling with a table of what is taken. */
static void reply_sample(struct cmd *c, const struct zset *z, uint32_t n, struct span_reply *s)
{
    uint32_t count = zset_count(z);
    uint32_t *picked = arena_array(c->arena, n, uint32_t);
    uint32_t got = 0;
    if (n > count / 3) {
        for (uint32_t rank = 0; got < n; rank++)
            if (rng_below(&c->engine->rng, count - rank) < n - got) picked[got++] = rank;
    } else {
        uint32_t mask = 15;
        while (mask < 2 * n)
            mask = mask * 2 + 1;
        uint32_t *taken = arena_array(c->arena, (size_t)mask + 1, uint32_t);
        for (uint32_t j = count - n; j < count; j++) {
            uint32_t pick = (uint32_t)rng_below(&c->engine->rng, (uint64_t)j + 1);
            for (int again = 0; again < 2; again++, pick = j) {
                uint32_t at = (pick * 2654435761U) & mask;
                while (taken[at] != 0 && taken[at] != pick + 1)
                    at = (at + 1) & mask;
                if (taken[at] != 0) continue;
                taken[at] = pick + 1;
                break;
            }
            picked[got++] = pick;
        }
    }
    for (uint32_t i = n; i > 1; i--) { /* in random order */
        uint32_t j = (uint32_t)rng_below(&c->engine->rng, i);
        uint32_t swap = picked[i - 1];
        picked[i - 1] = picked[j];
        picked[j] = swap;
    }
    for (uint32_t i = 0; i < n; i++)
        zset_each(z, picked[i], 1, false, first_member, s);
}

/* ZRANDMEMBER key [count [WITHSCORES]]
 *
 * count > 0: so many different members; count < 0: -count members that may repeat. */
void cmd_zrandmember(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    int64_t count = 1;
    struct span_reply s = {c->reply, false};
    bool one = args_left(c->args) == 1;
    args_key(c->args, &key);
    if (!one) {
        args_range(c->args, -INT64_MAX, INT64_MAX,
                   "ERR value is out of range, value must between -9223372036854775807 and "
                   "9223372036854775807",
                   &count);
        if (args_left(c->args) > 0) {
            args_word(c->args, "WITHSCORES");
            s.scores = true;
            if (args_left(c->args) == 0 && (count < -INT64_MAX / 2 || count > INT64_MAX / 2))
                args_fail(c->args, "ERR value is out of range");
        }
    }
    if (!args_end(c->args, c->reply)) return;
    if (!zset_open(c, key, &z)) return;
    if (one) {
        if (z == NULL) {
            reply_null(c->reply);
            return;
        }
        zset_each(z, (uint32_t)rng_below(&c->engine->rng, zset_count(z)), 1, false, first_member,
                  &s);
        return;
    }
    if (z == NULL || count == 0) {
        reply_array(c->reply, 0);
        return;
    }
    if (count < -REPEATS_MAX) {
        reply_error(c->reply, "ERR value is out of range");
        return;
    }
    uint32_t have = zset_count(z);
    if (count >= have) { /* all of them, in Redis's order */
        zset_reply_span(c, z, (struct zset_span){have - 1, have, true}, s.scores);
        return;
    }
    uint32_t n = (uint32_t)(count < 0 ? -count : count);
    reply_array(c->reply, s.scores && c->reply->resp == 2 ? 2 * (uint64_t)n : n);
    if (count > 0) {
        reply_sample(c, z, n, &s);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        zset_each(z, (uint32_t)rng_below(&c->engine->rng, have), 1, false, first_member, &s);
}

struct zscan {
    struct scan options;
    struct reply *reply;
    const struct zset *z;
    uint64_t seen;
    uint64_t n; /* elements written: two a member */
};

static bool zscan_member(struct slice name, double score, void *data)
{
    struct zscan *s = data;
    s->seen++;
    if (!scan_wants(&s->options, name)) return true;
    char text[40];
    /* Redis writes what its small encoding holds: an integer for every whole score. */
    bool whole = zset_is_small(s->z) && fabs(score) < 4.6e18 && score == floor(score);
    reply_bulk(s->reply, name);
    reply_bulk(s->reply,
               slice_make(text, whole ? fmt_i64(text, (int64_t)score) : fmt_double(text, score)));
    s->n += 2;
    return true;
}

/* ZSCAN key cursor [MATCH pattern] [COUNT count]: scores are bulk strings in RESP3 too. */
void cmd_zscan(struct cmd *c)
{
    struct zscan s = {.reply = c->reply};
    struct slice key = {0};
    struct zset *z = NULL;
    uint64_t cursor = 0;
    args_key(c->args, &key);
    scan_args_cursor(c->args, &s.options);
    if (!args_check(c->args, c->reply) || !zset_open(c, key, &z)) return;
    if (z != NULL) {
        scan_args_options(c->args, &s.options, false);
        if (!args_end(c->args, c->reply)) return;
        s.z = z;
        cursor = s.options.cursor;
    }
    size_t place = scan_reply_begin(c->reply);
    uint64_t want = (uint64_t)s.options.count;
    for (uint64_t calls = 0; z != NULL && calls / 10 < want && s.seen < want; calls++) {
        cursor = zset_scan(z, cursor, zscan_member, &s);
        if (cursor == 0) break;
    }
    scan_reply_end(c->reply, place, cursor, s.n);
}
