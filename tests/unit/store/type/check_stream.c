#include "store/type/stream.h"

#include "base/buf.h"
#include "base/rng.h"
#include "store/engine/effects.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { ORACLE_MAX = 2000, CONSUMERS = 5 };

/* What a group should hold, as a plain list. */
struct held {
    struct stream_id id;
    uint32_t consumer;
    int64_t delivered_ms;
    uint64_t deliveries;
};

static struct held holds[ORACLE_MAX];
static size_t held_count;

static const char *const names[CONSUMERS] = {"ann", "bob", "", "dora\n", "e"};

static struct consumer *consumer(struct group *g, uint32_t i, int64_t now_ms)
{
    struct consumer *c = group_consumer_find(g, slice_of(names[i]));
    return c != NULL ? c : group_consumer_add(g, slice_of(names[i]), now_ms);
}

static size_t held_lower(struct stream_id id)
{
    size_t i = 0;
    while (i < held_count && stream_id_cmp(holds[i].id, id) < 0)
        i++;
    return i;
}

static bool is_held(size_t i, struct stream_id id)
{
    return i < held_count && stream_id_cmp(holds[i].id, id) == 0;
}

static void held_remove(size_t i)
{
    held_count--;
    memmove(&holds[i], &holds[i + 1], (held_count - i) * sizeof holds[0]);
}

static void compare(const struct group *g)
{
    uint64_t counts[CONSUMERS] = {0};
    ck_assert_uint_eq(g->pending.count, held_count);
    struct idtable_at at = idtable_seek(&g->pending, STREAM_ID_MIN);
    for (size_t i = 0; i < held_count; i++) {
        const struct pending *p = idtable_get(&g->pending, at);
        ck_assert_int_eq(stream_id_cmp(p->id, holds[i].id), 0);
        ck_assert(slice_is(p->consumer->name, names[holds[i].consumer]));
        ck_assert_int_eq(p->delivered_ms, holds[i].delivered_ms);
        ck_assert_uint_eq(p->deliveries, holds[i].deliveries);
        counts[holds[i].consumer]++;
        idtable_step(&g->pending, &at);
    }
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        const struct consumer *c = group_consumer_find(g, slice_of(names[i]));
        ck_assert_uint_eq(c == NULL ? 0 : c->pending.count, counts[i]);
    }
}

START_TEST(a_group_agrees_with_a_list_for_random_steps)
{
    struct stream *s = stream_new();
    struct group *g = stream_group_add(s, SLICE("g"), STREAM_ID_MIN, 0);
    struct rng r;
    uint64_t top = 0;
    rng_init(&r, 5);
    for (int64_t now_ms = 0; now_ms < 100000; now_ms++) {
        uint64_t what = rng_below(&r, 100);
        uint32_t who = (uint32_t)rng_below(&r, CONSUMERS);
        struct stream_id id = {1 + rng_below(&r, top + 1), 0};
        if (held_count > 0 && rng_below(&r, 2) == 0) id = holds[rng_below(&r, held_count)].id;
        if (what < 45 && held_count < ORACLE_MAX) { /* deliver */
            if (rng_below(&r, 4) != 0) id = (struct stream_id){++top, 0};
            size_t i = held_lower(id);
            if (!is_held(i, id)) {
                memmove(&holds[i + 1], &holds[i], (held_count - i) * sizeof holds[0]);
                held_count++;
            }
            holds[i] = (struct held){id, who, now_ms, 1};
            (void)group_pending_put(g, id, consumer(g, who, now_ms), now_ms);
        } else if (what < 80) { /* acknowledge */
            size_t i = held_lower(id);
            bool had = is_held(i, id);
            ck_assert_int_eq(group_ack(g, id), had);
            if (had) held_remove(i);
        } else if (what < 99) { /* claim */
            size_t i = held_lower(id);
            struct pending *p = group_pending_find(g, id);
            ck_assert_int_eq(p != NULL, is_held(i, id));
            if (p == NULL) continue;
            group_pending_move(p, consumer(g, who, now_ms));
            p->deliveries++;
            holds[i].consumer = who;
            holds[i].deliveries++;
        } else { /* a consumer goes */
            struct consumer *c = group_consumer_find(g, slice_of(names[who]));
            if (c == NULL) continue;
            uint64_t n = 0;
            for (size_t i = held_count; i-- > 0;) {
                if (holds[i].consumer != who) continue;
                held_remove(i);
                n++;
            }
            ck_assert_uint_eq(c->pending.count, n);
            value_free(group_consumer_cut(g, c));
            ck_assert_ptr_null(group_consumer_find(g, slice_of(names[who])));
        }
        if (now_ms % 512 == 0) stream_check(s);
        if (now_ms % 2000 == 0) compare(g);
    }
    compare(g);
    struct value *copy = stream_type.copy(&s->head);
    compare(stream_group_find(stream_of(copy), SLICE("g")));
    stream_check(stream_of(copy));
    value_free(copy);
    value_free(&s->head);
}
END_TEST

static void add(struct stream *s, uint64_t ms)
{
    const struct slice pairs[] = {SLICE("a"), SLICE("1")};
    stream_add(s, (struct stream_id){ms, 0}, pairs, 1);
}

START_TEST(lag_is_right_after_deletes_and_trims)
{
    struct stream *s = stream_new();
    for (uint64_t i = 1; i <= 1000; i++)
        add(s, i);
    struct group *g = stream_group_add(s, SLICE("g"), STREAM_ID_MIN, STREAM_READ_UNKNOWN);
    ck_assert_uint_eq(stream_lag(s, g), 1000);
    stream_group_read(s, g, (struct stream_id){100, 0});
    ck_assert_uint_eq(stream_lag(s, g), 900);
    ck_assert(stream_del(s, (struct stream_id){500, 0}));
    ck_assert(stream_del(s, (struct stream_id){50, 0}));
    ck_assert(!stream_del(s, (struct stream_id){50, 0}));
    ck_assert_uint_eq(stream_lag(s, g), 899);
    struct streamlog_trim how = {.length_max = 100};
    ck_assert_uint_eq(streamlog_trim(&s->log, &how), 898);
    ck_assert_uint_eq(stream_lag(s, g), 100);
    g->last_id = (struct stream_id){1000, 0};
    ck_assert_uint_eq(stream_lag(s, g), 0);
    value_free(&s->head);
}
END_TEST

START_TEST(groups_and_consumers_are_found_in_the_order_of_their_names)
{
    struct stream *s = stream_new();
    const char *const all[] = {"m", "", "zz", "a", "b", "z"};
    for (size_t i = 0; i < 6; i++) {
        ck_assert_ptr_nonnull(stream_group_add(s, slice_of(all[i]), STREAM_ID_MIN, 0));
        ck_assert_ptr_null(stream_group_add(s, slice_of(all[i]), STREAM_ID_MIN, 0));
    }
    stream_check(s);
    ck_assert(slice_is(s->groups[0]->name, ""));
    ck_assert(slice_is(s->groups[5]->name, "zz"));
    value_free(stream_group_cut(s, SLICE("b")));
    ck_assert_ptr_null(stream_group_cut(s, SLICE("b")));
    ck_assert_ptr_null(stream_group_find(s, SLICE("b")));
    ck_assert_uint_eq(s->group_count, 5);
    value_free(&s->head);
}
END_TEST

/* Goal: lag is the number of entries behind the group's last one that are there. Method: XADD,
 * XDEL, XTRIM, XSETID, reads, and groups that begin anywhere, at random, beside a plain list of ids. */
enum { LAG_STEPS = 20000, LAG_GROUPS = 6 };

static struct stream_id present[LAG_STEPS];
static size_t present_count;

static uint64_t naive_lag(struct stream_id after)
{
    uint64_t n = 0;
    for (size_t i = 0; i < present_count; i++)
        n += stream_id_cmp(present[i], after) > 0;
    return n;
}

static void lag_forget(size_t from, size_t n)
{
    present_count -= n;
    memmove(&present[from], &present[from + n], (present_count - from) * sizeof present[0]);
}

static void lag_delete(struct stream *s, struct rng *rng)
{
    if (present_count == 0) return;
    size_t at = rng_below(rng, present_count);
    ck_assert(stream_del(s, present[at]));
    lag_forget(at, 1);
}

/* A little; now and then nearly all. */
static void lag_trim(struct stream *s, struct rng *rng)
{
    bool most = rng_below(rng, 8) == 0;
    struct streamlog_trim how = {.length_max =
                                     most ? rng_below(rng, 5) : present_count - present_count / 50,
                                 .approx = rng_below(rng, 2) == 0};
    lag_forget(0, streamlog_trim(&s->log, &how));
}

/* XGROUP CREATE in the middle, with a count that may be made up; or DESTROY. */
static void lag_group(struct stream *s, struct rng *rng, struct slice name)
{
    struct stream_id any = {rng_below(rng, s->last_id.ms + 2), rng_below(rng, 2)};
    int64_t read = rng_below(rng, 2) == 0 ? STREAM_READ_UNKNOWN : (int64_t)rng_below(rng, 500);
    if (stream_group_add(s, name, any, read) == NULL && rng_below(rng, 4) == 0)
        value_free(stream_group_cut(s, name));
}

/* XREADGROUP of the next entry. */
static void lag_read(struct stream *s, struct slice name)
{
    struct group *g = stream_group_find(s, name);
    for (size_t i = 0; g != NULL && i < present_count; i++) {
        if (stream_id_cmp(present[i], g->last_id) <= 0) continue;
        stream_group_read(s, g, present[i]);
        return;
    }
}

static void lag_add(struct stream *s, struct rng *rng)
{
    struct slice pair[] = {slice_of("f"), slice_of("v")};
    struct stream_id id = {s->last_id.ms + 1, rng_below(rng, 3)};
    stream_add(s, id, pair, 1);
    present[present_count++] = id;
}

static void lag_step(struct stream *s, struct rng *rng)
{
    static const char *const groups[LAG_GROUPS] = {"a", "b", "c", "d", "e", "f"};
    struct slice name = slice_of(groups[rng_below(rng, LAG_GROUPS)]);
    uint64_t pick = rng_below(rng, 10);
    if (pick == 0)
        lag_delete(s, rng);
    else if (pick == 1)
        lag_trim(s, rng);
    else if (pick == 2)
        s->last_id.ms += rng_below(rng, 5); /* XSETID */
    else if (pick == 3)
        lag_group(s, rng, name);
    else if (pick <= 5)
        lag_read(s, name);
    else
        lag_add(s, rng);
}

START_TEST(lag_agrees_with_a_naive_count_for_random_steps)
{
    struct rng rng;
    rng_init(&rng, 7);
    struct stream *s = stream_new();
    for (int i = 0; i < LAG_STEPS; i++) {
        lag_step(s, &rng);
        for (uint32_t k = 0; k < s->group_count; k++)
            ck_assert_uint_eq(stream_lag(s, s->groups[k]), naive_lag(s->groups[k]->last_id));
    }
    ck_assert_uint_eq(s->log.length, present_count);
    value_free(&s->head);
}
END_TEST

UNIT_SUITE("stream", a_group_agrees_with_a_list_for_random_steps,
           lag_is_right_after_deletes_and_trims, lag_agrees_with_a_naive_count_for_random_steps,
           groups_and_consumers_are_found_in_the_order_of_their_names)
