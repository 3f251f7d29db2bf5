/* sort: SORT and SORT_RO: the elements of a list, set or sorted set, in another order. */
#include "store/cmd/cmd.h"
#include "store/cmd/guard.h"
#include "store/type/hash.h"
#include "store/type/list.h"
#include "store/type/set.h"
#include "store/type/string.h"
#include "store/type/zset.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct sort {
    struct slice key, by, store;
    struct slice *gets; /* of the arena */
    uint32_t get_count;
    int64_t skip, limit; /* limit -1: all */
    bool alpha, desc, stored, with_by;
};

struct element {
    struct slice bytes;
    struct slice weight; /* with ALPHA; p is NULL when the BY key is missing */
    double score;        /* otherwise */
};

static void sort_args(struct cmd *c, struct sort *s)
{
    struct args *a = c->args;
    s->gets = arena_array(c->arena, c->argc, struct slice);
    args_key(a, &s->key);
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "ASC")) {
            s->desc = false;
        } else if (args_maybe(a, "DESC")) {
            s->desc = true;
        } else if (args_maybe(a, "ALPHA")) {
            s->alpha = true;
        } else if (args_left(a) >= 3 && args_maybe(a, "LIMIT")) {
            args_i64(a, &s->skip);
            args_i64(a, &s->limit);
        } else if (args_left(a) >= 2 && args_maybe(a, "BY")) {
            args_slice(a, &s->by);
            s->with_by = true;
            if (slice_find(s->by, '*') < s->by.len &&
                !guard_admits_prefix(c, (struct slice){0}, ACL_READ))
                args_fail(a, "ERR BY option of SORT denied due to insufficient ACL permissions.");
        } else if (args_left(a) >= 2 && args_maybe(a, "GET")) {
            args_slice(a, &s->gets[s->get_count++]);
            if (!guard_admits_prefix(c, (struct slice){0}, ACL_READ))
                args_fail(a, "ERR GET option of SORT denied due to insufficient ACL permissions.");
        } else if ((c->spec->flags & CMD_WRITE) != 0 && args_left(a) >= 2 &&
                   args_maybe(a, "STORE")) {
            args_slice(a, &s->store);
            s->stored = true;
        } else {
            args_syntax(a);
        }
    }
}

/* before, middle and after in a row; any bytes. */
static struct slice joined(struct arena *a, struct slice before, struct slice middle,
                           struct slice after)
{
    size_t n = before.len + middle.len + after.len;
    char *text = arena_alloc(a, n + 1);
    char *at = mempcpy(text, before.p, before.len);
    at = mempcpy(at, middle.p, middle.len);
    (void)memcpy(at, after.p, after.len);
    return slice_make(text, n);
}

/* What a pattern names for an element: "weight_*" a string, "obj_*->field" a hash's field, "#"
 * the element itself. p is NULL when there is nothing. */
static struct slice look_up(struct cmd *c, struct slice pattern, struct slice element)
{
    struct slice none = {0};
    if (slice_is(pattern, "#")) return element;
    size_t star = slice_find(pattern, '*');
    if (star == pattern.len) return none;
    size_t arrow = pattern.len;
    for (size_t i = star + 1; i + 2 < pattern.len && arrow == pattern.len; i++)
        if (pattern.p[i] == '-' && pattern.p[i + 1] == '>') arrow = i;
    struct slice key = joined(c->arena, slice_make(pattern.p, star), element,
                              slice_make(pattern.p + star + 1, arrow - star - 1));
    struct value *v = NULL;
    if (arrow < pattern.len) {
        struct slice found = {0};
        char number[HASH_TEXT];
        if (db_find(c->db, key, VALUE_HASH, &v) != ERR_OK || v == NULL) return none;
        if (!hash_get(hash_of(v), slice_from(pattern, arrow + 2), number, &found)) return none;
        return arena_copy(c->arena, found);
    }
    char text[STRING_TEXT];
    if (db_find(c->db, key, VALUE_STRING, &v) != ERR_OK || v == NULL) return none;
    return arena_copy(c->arena, string_get(v, text));
}

struct gathering {
    struct cmd *c;
    struct element *all;
    uint64_t n;
};

static bool gather(struct slice bytes, void *data)
{
    struct gathering *g = data;
    g->all[g->n++].bytes = arena_copy(g->c->arena, bytes);
    return true;
}

static bool gather_member(struct slice name, double score, void *data)
{
    (void)score;
    return gather(name, data);
}

static void gather_all(struct cmd *c, struct value *v, struct gathering *g)
{
    uint64_t n = v == NULL ? 0 : v->type->length(v);
    *g = (struct gathering){.c = c, .all = arena_array(c->arena, n, struct element)};
    if (v == NULL) return;
    if (v->type->kind == VALUE_SET) {
        set_each(set_of(v), gather, g);
    } else if (v->type->kind == VALUE_ZSET) {
        zset_each(zset_of(v), 0, UINT32_MAX, false, gather_member, g);
    } else {
        const struct deque *d = deque_of(v);
        char text[LIST_TEXT];
        for (struct deque_at at = deque_seek(d, 0); at.node != NULL; at = deque_next(d, at))
            (void)gather(deque_get(at, text), g);
    }
}

/* As strtod reads it: spaces in front are fine, and nothing at all is zero. */
static bool read_score(struct cmd *c, struct slice s, double *out)
{
    const char *text = arena_copy(c->arena, s).p;
    char *end = NULL;
    errno = 0;
    *out = strtod(text, &end);
    return *end == '\0' && errno != ERANGE && !isnan(*out);
}

/* Fills in what is compared. False when a weight is no number. */
static bool weigh(struct cmd *c, const struct sort *s, struct gathering *g)
{
    for (uint64_t i = 0; i < g->n; i++) {
        struct element *e = &g->all[i];
        struct slice w = s->with_by ? look_up(c, s->by, e->bytes) : e->bytes;
        if (s->alpha)
            e->weight = w;
        else if (w.p != NULL && !read_score(c, w, &e->score))
            return false;
    }
    return true;
}

static int by_score(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return slice_cmp(x->bytes, y->bytes);
}

static int by_weight(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    if (x->weight.p == NULL || y->weight.p == NULL) {
        int d = (x->weight.p != NULL) - (y->weight.p != NULL);
        return d != 0 ? d : slice_cmp(x->bytes, y->bytes);
    }
    int d = slice_cmp(x->weight, y->weight);
    return d != 0 ? d : slice_cmp(x->bytes, y->bytes);
}

static void store_sorted(struct cmd *c, const struct sort *s, const struct element *from,
                         uint64_t n)
{
    uint64_t each = s->get_count > 0 ? s->get_count : 1;
    if (n == 0) {
        if (db_del(c->db, s->store)) db_changed(c->db, s->store, NOTIFY_GENERIC, "del");
    } else {
        struct deque *d = deque_new();
        for (uint64_t i = 0; i < n; i++) {
            if (s->get_count == 0) deque_push(d, false, from[i].bytes);
            for (uint32_t g = 0; g < s->get_count; g++)
                deque_push(d, false, look_up(c, s->gets[g], from[i].bytes));
        }
        (void)db_put(c->db, s->store, deque_value(d));
        db_changed(c->db, s->store, NOTIFY_LIST, "sortstore");
    }
    reply_int(c->reply, (int64_t)(n * each));
}

static void reply_sorted(struct cmd *c, const struct sort *s, const struct element *from,
                         uint64_t n)
{
    reply_array(c->reply, n * (s->get_count > 0 ? s->get_count : 1));
    for (uint64_t i = 0; i < n; i++) {
        if (s->get_count == 0) reply_bulk(c->reply, from[i].bytes);
        for (uint32_t g = 0; g < s->get_count; g++) {
            struct slice found = look_up(c, s->gets[g], from[i].bytes);
            if (found.p == NULL)
                reply_null(c->reply);
            else
                reply_bulk(c->reply, found);
        }
    }
}

/* SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC|DESC] [ALPHA] [STORE dest] */
void cmd_sort(struct cmd *c)
{
    struct sort s = {.limit = -1};
    sort_args(c, &s);
    if (!args_end(c->args, c->reply)) return;
    struct value *v = db_any(c->db, s.key);
    if (v != NULL && v->type->kind != VALUE_LIST && v->type->kind != VALUE_SET &&
        v->type->kind != VALUE_ZSET) {
        reply_err(c->reply, ERR_WRONGTYPE);
        return;
    }
    struct gathering g;
    gather_all(c, v, &g);
    /* BY without a star means: leave the order as it is. */
    bool as_it_is = s.with_by && slice_find(s.by, '*') == s.by.len;
    bool is_set = v != NULL && v->type->kind == VALUE_SET;
    if (as_it_is && is_set && s.stored) {
        as_it_is = false; /* a set has no order: a stored result must not depend on chance */
        s.alpha = true;
        s.with_by = false;
    }
    if (!as_it_is) {
        if (!weigh(c, &s, &g)) {
            reply_error(c->reply, "ERR One or more scores can't be converted into double");
            return;
        }
        if (g.n > 1) qsort(g.all, g.n, sizeof g.all[0], s.alpha ? by_weight : by_score);
    }
    if (s.desc && !(as_it_is && is_set))
        for (uint64_t i = 0; i < g.n / 2; i++) {
            struct element swap = g.all[i];
            g.all[i] = g.all[g.n - 1 - i];
            g.all[g.n - 1 - i] = swap;
        }
    uint64_t from = s.skip < 0 ? 0 : (uint64_t)s.skip;
    if (from > g.n) from = g.n;
    uint64_t n = g.n - from;
    if (s.limit >= 0 && (uint64_t)s.limit < n) n = (uint64_t)s.limit;
    if (s.stored)
        store_sorted(c, &s, g.all + from, n);
    else
        reply_sorted(c, &s, g.all + from, n);
}
