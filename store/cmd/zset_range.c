/* zset_range: ranges of a sorted set by rank, score and name: read, count, delete, store.
 *
 * Every range is turned into a pair of ranks first; from there on they are all the same. */
#include "base/must.h"
#include "store/cmd/zset.h"
#include "store/engine/trash.h"

#include <math.h>
#include <stdlib.h>

enum range_by { BY_ANY, BY_RANK, BY_SCORE, BY_LEX };
enum range_way { WAY_ANY, WAY_UP, WAY_DOWN };

/* A range as it was asked for; min is the lower end also when the order is reversed. */
struct range {
    enum range_by by;
    bool reverse;
    int64_t start, stop; /* ranks; negative from the end */
    double min, max;
    struct slice lex_min, lex_max;
    bool min_open, max_open; /* the end itself is outside */
    enum { LEX_NAME, LEX_FIRST, LEX_LAST } lex_min_is, lex_max_is;
    int64_t offset, limit; /* limit < 0: none */
};

/* As strtod reads it: spaces in front and an empty text pass, as they do in Redis. */
static bool read_score(struct cmd *c, struct slice s, double *out, bool *open)
{
    *open = s.len > 0 && s.p[0] == '(';
    struct slice z = arena_copy(c->arena, slice_from(s, *open ? 1 : 0));
    char *end = NULL;
    *out = strtod(z.p, &end);
    return *end == '\0' && !isnan(*out);
}

static bool read_lex(struct slice s, struct slice *out, bool *open, int *is)
{
    if (s.len == 0) return false;
    *open = s.p[0] == '(';
    *is = s.p[0] == '-' ? LEX_FIRST : s.p[0] == '+' ? LEX_LAST : LEX_NAME;
    *out = slice_from(s, 1);
    if (*is != LEX_NAME) return s.len == 1;
    return s.p[0] == '(' || s.p[0] == '[';
}

/* Reads the two ends; the first error is left in c->args. */
static void read_ends(struct cmd *c, struct range *r, struct slice min, struct slice max)
{
    if (r->by == BY_RANK) {
        if (!slice_i64(min, &r->start) || !slice_i64(max, &r->stop))
            args_fail(c->args, err_text(ERR_NOT_INT));
    } else if (r->by == BY_SCORE) {
        if (!read_score(c, min, &r->min, &r->min_open) ||
            !read_score(c, max, &r->max, &r->max_open))
            args_fail(c->args, err_text(ERR_MIN_MAX));
    } else {
        int min_is = 0;
        int max_is = 0;
        if (!read_lex(min, &r->lex_min, &r->min_open, &min_is) ||
            !read_lex(max, &r->lex_max, &r->max_open, &max_is))
            args_fail(c->args, err_text(ERR_LEX_RANGE));
        r->lex_min_is = (unsigned)min_is;
        r->lex_max_is = (unsigned)max_is;
    }
}

static uint32_t lex_rank(const struct zset *z, struct slice name, unsigned is, bool or_equal)
{
    if (is == LEX_FIRST) return 0;
    if (is == LEX_LAST) return zset_count(z);
    return zset_below_name(z, name, or_equal);
}

/* The ranks [*lo, *hi) of all that lies in the range, without offset and limit. */
static void resolve(const struct zset *z, const struct range *r, uint32_t *lo, uint32_t *hi)
{
    if (r->by == BY_SCORE) {
        *lo = zset_below(z, r->min, r->min_open);
        *hi = zset_below(z, r->max, !r->max_open);
    } else if (r->by == BY_LEX) {
        *lo = lex_rank(z, r->lex_min, r->lex_min_is, r->min_open);
        *hi = lex_rank(z, r->lex_max, r->lex_max_is, !r->max_open);
    } else {
        int64_t count = zset_count(z);
        int64_t start = r->start < 0 ? r->start + count : r->start;
        int64_t stop = r->stop < 0 ? r->stop + count : r->stop;
        if (start < 0) start = 0;
        if (stop >= count) stop = count - 1;
        bool none = start > stop || start >= count;
        /* Ranks of a reversed range count from the end. */
        *lo = none ? 0 : (uint32_t)(r->reverse ? count - 1 - stop : start);
        *hi = none ? 0 : (uint32_t)(r->reverse ? count - start : stop + 1);
    }
    if (*hi < *lo) *hi = *lo;
}

static struct zset_span span_of(const struct zset *z, const struct range *r)
{
    uint32_t lo = 0;
    uint32_t hi = 0;
    resolve(z, r, &lo, &hi);
    int64_t n = hi - lo;
    if (r->offset < 0 || r->offset >= n) return (struct zset_span){0, 0, r->reverse};
    n -= r->offset;
    if (r->limit >= 0 && r->limit < n) n = r->limit;
    uint32_t offset = (uint32_t)r->offset;
    return (struct zset_span){r->reverse ? hi - 1 - offset : lo + offset, (uint32_t)n, r->reverse};
}

/* Reads min, max and the options of all range commands. False when it has replied. */
static bool read_range(struct cmd *c, enum range_by by, enum range_way way, bool store,
                       struct range *r, bool *scores)
{
    struct args *a = c->args;
    struct slice min = {0};
    struct slice max = {0};
    *r = (struct range){.limit = -1};
    *scores = false;
    args_slice(a, &min);
    args_slice(a, &max);
    while (args_ok(a) && args_left(a) > 0) {
        if (!store && args_maybe(a, "WITHSCORES")) {
            *scores = true;
        } else if (args_left(a) >= 3 && args_maybe(a, "LIMIT")) {
            args_i64(a, &r->offset);
            args_i64(a, &r->limit);
        } else if (way == WAY_ANY && args_maybe(a, "REV")) {
            way = WAY_DOWN;
        } else if (by == BY_ANY && args_maybe(a, "BYLEX")) {
            by = BY_LEX;
        } else if (by == BY_ANY && args_maybe(a, "BYSCORE")) {
            by = BY_SCORE;
        } else {
            args_syntax(a);
        }
    }
    r->reverse = way == WAY_DOWN;
    r->by = by == BY_ANY ? BY_RANK : by;
    if (r->limit != -1 && r->by == BY_RANK)
        args_fail(a, "ERR syntax error, LIMIT is only supported in combination with either BYSCORE "
                     "or BYLEX");
    if (*scores && r->by == BY_LEX)
        args_fail(a, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    if (args_ok(a)) {
        bool swapped = r->reverse && r->by != BY_RANK; /* then max comes first */
        read_ends(c, r, swapped ? max : min, swapped ? min : max);
    }
    if (r->by == BY_RANK) {
        r->offset = 0;
        r->limit = -1;
    }
    return args_end(a, c->reply);
}

static void zrange(struct cmd *c, enum range_by by, enum range_way way)
{
    struct slice key = {0};
    struct range r;
    bool scores = false;
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!read_range(c, by, way, false, &r, &scores) || !zset_open(c, key, &z)) return;
    if (z == NULL)
        reply_array(c->reply, 0);
    else
        zset_reply_span(c, z, span_of(z, &r), scores);
}

/* ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES] */
void cmd_zrange(struct cmd *c)
{
    zrange(c, BY_ANY, WAY_ANY);
}

/* ZREVRANGE key start stop [WITHSCORES] */
void cmd_zrevrange(struct cmd *c)
{
    zrange(c, BY_RANK, WAY_DOWN);
}

/* ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count] */
void cmd_zrangebyscore(struct cmd *c)
{
    zrange(c, BY_SCORE, WAY_UP);
}

/* ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count] */
void cmd_zrevrangebyscore(struct cmd *c)
{
    zrange(c, BY_SCORE, WAY_DOWN);
}

/* ZRANGEBYLEX key min max [LIMIT offset count] */
void cmd_zrangebylex(struct cmd *c)
{
    zrange(c, BY_LEX, WAY_UP);
}

/* ZREVRANGEBYLEX key max min [LIMIT offset count] */
void cmd_zrevrangebylex(struct cmd *c)
{
    zrange(c, BY_LEX, WAY_DOWN);
}

static bool copy_member(struct slice name, double score, void *data)
{
    zset_add(data, name, score);
    return true;
}

/* ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count] */
void cmd_zrangestore(struct cmd *c)
{
    struct slice dst = {0};
    struct slice src = {0};
    struct range r;
    bool scores = false;
    struct zset *z = NULL;
    args_key(c->args, &dst);
    args_key(c->args, &src);
    if (!read_range(c, BY_ANY, WAY_ANY, true, &r, &scores) || !zset_open(c, src, &z)) return;

    struct zset *to = zset_new(z != NULL && zset_is_geo(z));
    if (z != NULL) {
        struct zset_span span = span_of(z, &r);
        if (span.n > 0) zset_each(z, span.from, span.n, span.reverse, copy_member, to);
    }
    zset_store(c, dst, to, "zrangestore", &src, 1);
}

/* Reads `key min max` of the commands without options and opens the key. */
static bool read_plain(struct cmd *c, enum range_by by, bool write, struct slice *key,
                       struct range *r, struct zset **z)
{
    struct slice min = {0};
    struct slice max = {0};
    *r = (struct range){.by = by, .limit = -1};
    args_key(c->args, key);
    args_slice(c->args, &min);
    args_slice(c->args, &max);
    read_ends(c, r, min, max);
    if (!args_end(c->args, c->reply)) return false;
    return write ? zset_open_write(c, *key, z) : zset_open(c, *key, z);
}

static void zcount(struct cmd *c, enum range_by by)
{
    struct slice key = {0};
    struct range r;
    struct zset *z = NULL;
    if (!read_plain(c, by, false, &key, &r, &z)) return;
    uint32_t lo = 0;
    uint32_t hi = 0;
    if (z != NULL) resolve(z, &r, &lo, &hi);
    reply_int(c->reply, hi - lo);
}

/* ZCOUNT key min max */
void cmd_zcount(struct cmd *c)
{
    zcount(c, BY_SCORE);
}

/* ZLEXCOUNT key min max */
void cmd_zlexcount(struct cmd *c)
{
    zcount(c, BY_LEX);
}

static void zremrange(struct cmd *c, enum range_by by, const char *event)
{
    struct slice key = {0};
    struct range r;
    struct zset *z = NULL;
    if (!read_plain(c, by, true, &key, &r, &z)) return;
    uint32_t lo = 0;
    uint32_t hi = 0;
    if (z != NULL) resolve(z, &r, &lo, &hi);
    reply_int(c->reply, hi - lo);
    if (hi == lo) return;
    trash_value(c->engine, zset_cut(z, lo, hi - lo));
    db_changed(c->db, key, NOTIFY_ZSET, event);
    (void)db_drop_if_empty(c->db, key, zset_value(z));
}

/* ZREMRANGEBYRANK key start stop */
void cmd_zremrangebyrank(struct cmd *c)
{
    zremrange(c, BY_RANK, "zremrangebyrank");
}

/* ZREMRANGEBYSCORE key min max */
void cmd_zremrangebyscore(struct cmd *c)
{
    zremrange(c, BY_SCORE, "zremrangebyscore");
}

/* ZREMRANGEBYLEX key min max */
void cmd_zremrangebylex(struct cmd *c)
{
    zremrange(c, BY_LEX, "zremrangebylex");
}
