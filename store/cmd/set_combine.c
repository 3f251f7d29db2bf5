/* set_combine: intersections, unions and differences of sets. */
#include "store/cmd/cmd.h"
#include "store/type/set.h"

#include <stdlib.h>

enum how { INTER, UNION, DIFF };

struct sources {
    struct set **sets; /* NULL for a missing key */
    uint32_t n;
};

/* Looks all keys up. False when it has replied with the type error. */
static bool find_all(struct cmd *c, uint32_t first, uint32_t n, struct sources *out)
{
    out->sets = arena_array(c->arena, n, struct set *);
    out->n = n;
    for (uint32_t i = 0; i < n; i++) {
        struct value *v = NULL;
        if (cmd_failed(c, db_find(c->db, c->argv[first + i], VALUE_SET, &v))) return false;
        out->sets[i] = v == NULL ? NULL : set_of(v);
    }
    return true;
}

typedef bool (*found_fn)(struct slice member, void *data);

struct combining {
    const struct sources *from;
    enum how how;
    found_fn fn;
    void *data;
};

/* Goes on with a member of the first set unless the others speak against it. */
static bool check(struct slice member, void *data)
{
    const struct combining *x = data;
    for (uint32_t i = 1; i < x->from->n; i++) {
        const struct set *s = x->from->sets[i];
        bool has = s != NULL && set_has(s, member);
        if (has != (x->how == INTER)) return true;
    }
    return x->fn(member, x->data);
}

static int by_count(const void *a, const void *b)
{
    const struct set *const *x = a, *const *y = b;
    uint64_t n = *x == NULL ? 0 : set_count(*x), m = *y == NULL ? 0 : set_count(*y);
    return (n > m) - (n < m);
}

static bool add_to(struct slice member, void *data)
{
    (void)set_add(data, member);
    return true;
}

/* Calls fn for each member of the combination until it gives false. */
static void combine(struct sources *from, enum how how, found_fn fn, void *data)
{
    struct combining x = {from, how, fn, data};
    if (how == UNION) {
        struct set *all = set_new();
        for (uint32_t i = 0; i < from->n; i++)
            if (from->sets[i] != NULL) set_each(from->sets[i], add_to, all);
        set_each(all, fn, data);
        set_free(all);
        return;
    }
    /* The smallest set bounds the work of an intersection. */
    if (how == INTER) qsort(from->sets, from->n, sizeof from->sets[0], by_count);
    if (from->sets[0] != NULL) set_each(from->sets[0], check, &x);
}

struct replying {
    struct reply *reply;
    uint64_t n, limit; /* limit 0: none */
};

static bool reply_member(struct slice member, void *data)
{
    struct replying *r = data;
    if (r->reply != NULL) reply_bulk(r->reply, member);
    r->n++;
    return r->n != r->limit;
}

static void reply_combined(struct cmd *c, enum how how)
{
    struct sources from;
    if (!find_all(c, 1, c->argc - 1, &from)) return;
    struct replying r = {.reply = c->reply};
    size_t head = reply_later(c->reply);
    combine(&from, how, reply_member, &r);
    reply_later_end(c->reply, head, '~', r.n);
}

static void store_combined(struct cmd *c, enum how how, const char *event)
{
    struct sources from;
    struct slice dest = c->argv[1];
    if (!find_all(c, 2, c->argc - 2, &from)) return;
    struct set *result = set_new();
    combine(&from, how, add_to, result);
    uint64_t n = set_count(result);
    if (n > 0) {
        (void)db_put(c->db, dest, set_value(result));
        db_changed(c->db, dest, NOTIFY_SET, event);
    } else {
        set_free(result);
        if (db_del(c->db, dest)) db_changed(c->db, dest, NOTIFY_GENERIC, "del");
    }
    reply_int(c->reply, (int64_t)n);
}

/* SINTER key [key …] */
void cmd_sinter(struct cmd *c)
{
    reply_combined(c, INTER);
}

/* SUNION key [key …] */
void cmd_sunion(struct cmd *c)
{
    reply_combined(c, UNION);
}

/* SDIFF key [key …] */
void cmd_sdiff(struct cmd *c)
{
    reply_combined(c, DIFF);
}

/* SINTERSTORE destination key [key …] */
void cmd_sinterstore(struct cmd *c)
{
    store_combined(c, INTER, "sinterstore");
}

/* SUNIONSTORE destination key [key …] */
void cmd_sunionstore(struct cmd *c)
{
    store_combined(c, UNION, "sunionstore");
}

/* SDIFFSTORE destination key [key …] */
void cmd_sdiffstore(struct cmd *c)
{
    store_combined(c, DIFF, "sdiffstore");
}

/* SINTERCARD numkeys key [key …] [LIMIT limit] */
void cmd_sintercard(struct cmd *c)
{
    struct args *a = c->args;
    int64_t n = 0, limit = 0;
    args_range(a, 1, INT64_MAX, "ERR numkeys should be greater than 0", &n);
    if (a->error != NULL) a->error = "ERR numkeys should be greater than 0";
    if (args_ok(a) && n > args_left(a))
        args_fail(a, "ERR Number of keys can't be greater than number of args");
    if (args_ok(a)) a->at += (uint32_t)n;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_left(a) < 2) args_syntax(a);
        args_word(a, "LIMIT");
        args_range(a, 0, INT64_MAX, "ERR LIMIT can't be negative", &limit);
        if (a->error == err_text(ERR_NOT_INT)) a->error = "ERR LIMIT can't be negative";
    }
    if (!args_end(a, c->reply)) return;
    struct sources from;
    if (!find_all(c, 2, (uint32_t)n, &from)) return;
    struct replying r = {.limit = (uint64_t)limit};
    combine(&from, INTER, reply_member, &r);
    reply_int(c->reply, (int64_t)r.n);
}
