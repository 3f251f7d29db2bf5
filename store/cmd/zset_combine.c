/* zset_combine: union, intersection and difference of sorted sets and plain sets. */
#include "store/cmd/zset.h"
#include "store/type/set.h"

#include <math.h>
#include <stdlib.h>

enum combine { COMBINE_UNION, COMBINE_INTER, COMBINE_DIFF };
enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };

/* One input: a sorted set, a set (every score 1), or a missing key. */
struct source {
    struct zset *z;
    struct set *s;
    double weight;
};

struct operation {
    enum combine combine;
    bool store;
    bool count_only; /* ZINTERCARD */
    struct slice dst;
    const struct slice *keys;
    struct source *sources;
    uint32_t n;
    enum aggregate aggregate;
    bool scores;
    int64_t limit; /* of count_only; 0: none */
};

static uint64_t source_count(const struct source *s)
{
    return s->z != NULL ? zset_count(s->z) : s->s != NULL ? set_count(s->s) : 0;
}

static bool source_find(const struct source *s, struct slice name, double *score)
{
    *score = 1;
    if (s->s != NULL) return set_has(s->s, name);
    struct zset_at at;
    if (s->z == NULL || !zset_find(s->z, name, &at)) return false;
    *score = zset_score(s->z, at);
    return true;
}

typedef bool (*source_fn)(struct slice name, double score, void *data);

struct visit {
    source_fn fn;
    void *data;
};

static bool visit_member(struct slice name, double score, void *data)
{
    const struct visit *v = data;
    return v->fn(name, score, v->data);
}

static bool visit_name(struct slice name, void *data)
{
    const struct visit *v = data;
    return v->fn(name, 1, v->data);
}

static void source_each(const struct source *s, source_fn fn, void *data)
{
    struct visit v = {fn, data};
    if (s->z != NULL) zset_each(s->z, 0, UINT32_MAX, false, visit_member, &v);
    if (s->s != NULL) set_each(s->s, visit_name, &v);
}

/* Infinities of both signs, and zero times infinity, count as nothing. */
static double number(double d)
{
    return isnan(d) ? 0 : d;
}

static double join(enum aggregate how, double a, double b)
{
    if (how == AGGREGATE_MIN) return b < a ? b : a;
    if (how == AGGREGATE_MAX) return b > a ? b : a;
    return number(a + b);
}

/* The operation while it runs: members of source `at` go by. */
struct work {
    const struct operation *op;
    uint32_t at;
    struct zset *out; /* NULL when only counted */
    uint32_t count;
};

static bool unite(struct slice name, double score, void *data)
{
    struct work *w = data;
    score = number(score * w->op->sources[w->at].weight);
    struct zset_at at;
    if (zset_find(w->out, name, &at))
        (void)zset_set(w->out, at, join(w->op->aggregate, zset_score(w->out, at), score));
    else
        zset_add(w->out, name, score);
    return true;
}

static bool intersect(struct slice name, double score, void *data)
{
    struct work *w = data;
    score = number(score * w->op->sources[0].weight);
    for (uint32_t i = 1; i < w->op->n; i++) {
        double other = 0;
        if (!source_find(&w->op->sources[i], name, &other)) return true;
        score = join(w->op->aggregate, score, other * w->op->sources[i].weight);
    }
    w->count++;
    if (w->out == NULL) return w->op->limit == 0 || w->count < w->op->limit;
    zset_add(w->out, name, score);
    return true;
}

static bool subtract(struct slice name, double score, void *data)
{
    struct work *w = data;
    for (uint32_t i = 1; i < w->op->n; i++) {
        double other = 0;
        if (source_find(&w->op->sources[i], name, &other)) return true;
    }
    zset_add(w->out, name, score);
    return true;
}

static int by_count(const void *a, const void *b)
{
    uint64_t l = source_count(a);
    uint64_t r = source_count(b);
    return (l > r) - (l < r);
}

static void run(struct operation *op, struct work *w)
{
    /* Smallest first: cheapest, and sums of scores come out as in Redis. */
    if (op->combine != COMBINE_DIFF) qsort(op->sources, op->n, sizeof op->sources[0], by_count);
    switch (op->combine) {
    case COMBINE_UNION:
        for (w->at = 0; w->at < op->n; w->at++)
            source_each(&op->sources[w->at], unite, w);
        break;
    case COMBINE_INTER:
        source_each(&op->sources[0], intersect, w);
        break;
    case COMBINE_DIFF:
        source_each(&op->sources[0], subtract, w);
        break;
    }
}

static bool open_source(struct cmd *c, struct slice key, struct source *out)
{
    struct value *v = NULL;
    enum err e = db_find(c->db, key, VALUE_ZSET, &v);
    if (e == ERR_OK) {
        out->z = v == NULL ? NULL : zset_of(v);
        return true;
    }
    if (cmd_failed(c, db_find(c->db, key, VALUE_SET, &v))) return false;
    out->s = v == NULL ? NULL : set_of(v);
    return true;
}

static void read_weights(struct cmd *c, struct operation *op)
{
    for (uint32_t i = 0; i < op->n; i++)
        args_double_or(c->args, "ERR weight value is not a float", &op->sources[i].weight);
}

static void read_aggregate(struct cmd *c, struct operation *op)
{
    if (args_maybe(c->args, "MIN"))
        op->aggregate = AGGREGATE_MIN;
    else if (args_maybe(c->args, "MAX"))
        op->aggregate = AGGREGATE_MAX;
    else
        args_word(c->args, "SUM");
}

static void read_limit(struct cmd *c, struct operation *op)
{
    struct slice s = {0};
    args_slice(c->args, &s);
    if (!slice_i64(s, &op->limit) || op->limit < 0)
        args_fail(c->args, "ERR LIMIT can't be negative");
}

/* Reads `[dst] numkeys key … [WEIGHTS …] [AGGREGATE …] [WITHSCORES] [LIMIT …]` and opens the
 * keys. False when it has replied. */
static bool read_operation(struct cmd *c, struct operation *op)
{
    struct args *a = c->args;
    int64_t n = 0;
    if (op->store) args_key(a, &op->dst);
    args_i64(a, &n);
    if (args_ok(a) && n < 1)
        args_fail(a, arena_printf(c->arena, "ERR at least 1 input key is needed for '%s' command",
                                  c->spec->name)
                         .p);
    if (args_ok(a) && n > args_left(a)) args_syntax(a);
    if (!args_check(a, c->reply)) return false;

    op->n = (uint32_t)n;
    op->keys = &a->argv[a->at];
    op->sources = arena_array(c->arena, op->n, struct source);
    for (uint32_t i = 0; i < op->n; i++) {
        op->sources[i].weight = 1;
        if (!open_source(c, op->keys[i], &op->sources[i])) return false;
    }
    a->at += op->n;

    bool weighted = op->combine != COMBINE_DIFF && !op->count_only;
    while (args_ok(a) && args_left(a) > 0) {
        uint32_t left = args_left(a);
        if (weighted && left >= op->n + 1 && args_maybe(a, "WEIGHTS"))
            read_weights(c, op);
        else if (weighted && left >= 2 && args_maybe(a, "AGGREGATE"))
            read_aggregate(c, op);
        else if (!op->store && !op->count_only && args_maybe(a, "WITHSCORES"))
            op->scores = true;
        else if (op->count_only && left >= 2 && args_maybe(a, "LIMIT"))
            read_limit(c, op);
        else
            args_syntax(a);
    }
    return args_end(a, c->reply);
}

static void combine(struct cmd *c, struct operation op)
{
    if (!read_operation(c, &op)) return;
    struct work w = {.op = &op};
    if (!op.count_only) w.out = op.store ? zset_new(false) : zset_new_large();
    run(&op, &w);
    if (op.count_only) {
        reply_int(c->reply, w.count);
    } else if (op.store) {
        static const char *const event[] = {"zunionstore", "zinterstore", "zdiffstore"};
        zset_store(c, op.dst, w.out, event[op.combine], op.keys, op.n);
    } else {
        zset_reply_span(c, w.out, (struct zset_span){0, zset_count(w.out), false}, op.scores);
        zset_free(w.out);
    }
}

/* ZUNION numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES] */
void cmd_zunion(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_UNION});
}

/* ZINTER numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES] */
void cmd_zinter(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_INTER});
}

/* ZDIFF numkeys key [key ...] [WITHSCORES] */
void cmd_zdiff(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_DIFF});
}

/* ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX] */
void cmd_zunionstore(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_UNION, .store = true});
}

/* ZINTERSTORE destination numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX] */
void cmd_zinterstore(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_INTER, .store = true});
}

/* ZDIFFSTORE destination numkeys key [key ...] */
void cmd_zdiffstore(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_DIFF, .store = true});
}

/* ZINTERCARD numkeys key [key ...] [LIMIT limit] */
void cmd_zintercard(struct cmd *c)
{
    combine(c, (struct operation){.combine = COMBINE_INTER, .count_only = true});
}
