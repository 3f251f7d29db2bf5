/* Goal:   what is deleted is freed in slices, whole, and nothing else is.
 * Method: a store in memory, large values of every type, and the count of bytes in use. */
#include "store/engine/trash.h"

#include "base/mem.h"
#include "store/type/hash.h"
#include "store/type/list.h"
#include "store/type/set.h"
#include "store/type/stream.h"
#include "store/type/zset.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { N = 3000, TYPES = 6 };

static struct slice name_of(char text[static 32], int i)
{
    return slice_make(text, (size_t)snprintf(text, 32, "member-%d", i));
}

static const char large[8000];

/* A value of the kind-th type with n elements; the last kind is a geo index. */
static struct value *value_of(int kind, int n)
{
    struct hash *h = hash_new();
    struct set *s = set_new();
    struct deque *l = deque_new();
    struct zset *z = zset_new(false), *g = zset_new(true);
    struct stream *x = stream_new();
    struct value *all[TYPES] = {hash_value(h), set_value(s),  deque_value(l),
                                zset_value(z), zset_value(g), &x->head};
    struct group *group = stream_group_add(x, SLICE("g"), STREAM_ID_MIN, 0);
    struct consumer *who = group_consumer_add(group, SLICE("c"), 0);
    for (int i = 0; i < n; i++) {
        char text[32];
        struct slice name = name_of(text, i);
        struct slice pairs[] = {SLICE("f"), name};
        struct stream_id id = {1, (uint64_t)i + 1};
        if (kind == 0) (void)hash_put(h, name, name);
        if (kind == 1) (void)set_add(s, name);
        if (kind == 2) deque_push(l, false, slice_make(large, sizeof large)); /* a node each */
        if (kind == 3) (void)zset_add(z, name, i);
        if (kind == 4) (void)zset_add(g, name, (double)((uint64_t)i << 30));
        if (kind == 5) stream_add(x, id, pairs, 1);
        if (kind == 5) (void)group_pending_put(group, id, who, 0);
    }
    for (int k = 0; k < TYPES; k++)
        if (k != kind) value_free(all[k]);
    return all[kind];
}

START_TEST(each_type_is_freed_whole_and_in_slices)
{
    struct engine *e = engine_new();
    for (int kind = 0; kind < TYPES; kind++) {
        size_t before = mem_used();
        trash_value(e, value_of(kind, N));
        size_t full = mem_used();
        ck_assert_uint_gt(full, before);
        ck_assert(trash_work(e, 0)); /* one slice */
        ck_assert_uint_lt(mem_used(), full);
        ck_assert_uint_gt(mem_used(), before);
        trash_finish(e);
        ck_assert_uint_eq(e->trash_count, 0);
        ck_assert_uint_eq(mem_used(), before);
    }
    engine_free(e);
}
END_TEST

START_TEST(small_values_are_freed_at_once)
{
    struct engine *e = engine_new();
    size_t before = mem_used();
    for (int kind = 0; kind < TYPES; kind++)
        trash_value(e, value_of(kind, 20));
    trash_value(e, NULL);
    ck_assert_uint_eq(e->trash_count, 0);
    ck_assert_uint_eq(mem_used(), before);
    engine_free(e);
}
END_TEST

START_TEST(a_flushed_database_is_empty_at_once_and_freed_later)
{
    struct engine *e = engine_new();
    struct db *db = &e->db[3];
    size_t before = mem_used();
    for (int i = 0; i < N; i++) {
        char text[32];
        (void)db_put(db, name_of(text, i), value_of(i % TYPES, i % 7 == 0 ? 200 : 1));
        db_expire_set(db, name_of(text, i), e->now_ms + 1000000);
    }
    db_flush(db);
    ck_assert_uint_eq(db_count(db), 0);
    ck_assert_uint_eq(dict_count(&db->expires), 0);
    (void)db_put(db, SLICE("new"), value_of(0, 3)); /* the new table has nothing to do with it */
    while (trash_work(e, 0))
        ck_assert_uint_eq(db_count(db), 1);
    (void)db_del(db, SLICE("new"));
    db_flush(db);
    trash_finish(e);
    ck_assert_uint_eq(mem_used(), before);
    engine_free(e);
}
END_TEST

START_TEST(what_is_waiting_goes_with_the_engine)
{
    size_t before = mem_used();
    struct engine *e = engine_new();
    for (int kind = 0; kind < TYPES; kind++)
        trash_value(e, value_of(kind, N));
    engine_free(e);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

/* Goal: cutting a zset short leaves what taking members out would leave. */
START_TEST(cut_sets_agree_with_those_that_lost_members_one_by_one)
{
    for (int geo = 0; geo < 2; geo++) {
        for (uint32_t from = 0; from <= 400; from += 200) {
            struct zset *a = zset_of(value_of(3 + geo, N)), *b = zset_of(value_of(3 + geo, N));
            value_free(zset_cut(a, from, N - 500));
            zset_del_range(b, from, N - 500);
            zset_check(a);
            ck_assert_uint_eq(zset_count(a), 500);
            for (uint32_t i = 0; i < N; i++) {
                char text[32];
                struct slice name = name_of(text, (int)i);
                struct zset_at x, y;
                bool there = zset_find(a, name, &x);
                ck_assert_int_eq(there, zset_find(b, name, &y));
                if (!there) continue;
                ck_assert_uint_eq(zset_rank(a, x), zset_rank(b, y));
                ck_assert_double_eq(zset_score(a, x), zset_score(b, y));
            }
            ck_assert_str_eq(zset_value(a)->type->encoding(zset_value(a)), "skiplist");
            zset_free(a);
            zset_free(b);
        }
    }
}
END_TEST

/* Whether the list holds the elements from `from` to `to` of the one that was 0, 1, 2... */
static void holds(const struct deque *d, uint64_t from, uint64_t to)
{
    deque_check(d);
    ck_assert_uint_eq(deque_count(d), to - from);
    if (from == to) return;
    struct deque_at at = deque_seek(d, 0);
    for (uint64_t i = from; i < to; i++, at = deque_next(d, at)) {
        char text[32];
        ck_assert(deque_is(at, name_of(text, (int)i)));
    }
}

/* Goal: a list that is cut short gives away what goes, and the rest is what it was. */
START_TEST(cut_lists_give_away_what_goes)
{
    static const uint64_t cuts[] = {0, 5, 1024, 1500, N - 1, N};
    for (size_t i = 0; i < 2 * sizeof cuts / sizeof cuts[0]; i++) {
        bool front = i % 2 == 0;
        uint64_t n = cuts[i / 2];
        struct deque *d = deque_new();
        for (int k = 0; k < N; k++) {
            char text[32];
            deque_push(d, false, name_of(text, k));
        }
        size_t before = mem_used();
        struct value *gone = deque_cut(d, front, n);
        ck_assert_int_eq(gone != NULL, n >= 1024);
        if (gone != NULL) ck_assert_uint_ge(mem_used() + 8192, before); /* it has freed no node */
        holds(d, front ? n : 0, front ? N : N - n);
        if (gone != NULL) ck_assert_uint_le(deque_count(deque_of(gone)), n);
        value_free(gone);
        value_free(deque_value(d));
    }
}
END_TEST

/* Goal: a group goes as a value, which is freed in slices, and the stream keeps the others. */
START_TEST(a_group_that_is_cut_off_is_freed_in_slices)
{
    struct engine *e = engine_new();
    struct stream *s = stream_of(value_of(5, N));
    (void)stream_group_add(s, SLICE("other"), STREAM_ID_MIN, 0);
    size_t before = mem_used();
    trash_value(e, stream_group_cut(s, SLICE("g")));
    ck_assert_ptr_null(stream_group_find(s, SLICE("g")));
    ck_assert_ptr_nonnull(stream_group_find(s, SLICE("other")));
    stream_check(s);
    ck_assert_uint_ge(mem_used(), before);
    ck_assert(trash_work(e, 0)); /* one slice */
    trash_finish(e);
    ck_assert_uint_lt(mem_used() + N * sizeof(struct pending), before);
    value_free(&s->head);
    engine_free(e);
}
END_TEST

/* Goal: a consumer goes with what it holds, be it all, a share or little of what is pending; what it
 * holds is freed in slices, and the others' entries are what they were. */
START_TEST(a_consumer_that_is_cut_off_takes_its_entries_along)
{
    static const uint64_t shares[] = {1, 2, 30}; /* "c" holds one of so many */
    struct engine *e = engine_new();
    for (size_t k = 0; k < sizeof shares / sizeof shares[0]; k++) {
        struct stream *s = stream_of(value_of(5, N));
        struct group *g = stream_group_find(s, SLICE("g"));
        struct consumer *c = group_consumer_find(g, SLICE("c"));
        struct consumer *other = group_consumer_add(g, SLICE("other"), 0);
        for (uint64_t i = 1; i <= N; i++)
            if (i % shares[k] != 0)
                group_pending_move(group_pending_find(g, (struct stream_id){1, i}), other);
        size_t before = mem_used();
        trash_value(e, group_consumer_cut(g, c));
        stream_check(s);
        ck_assert_ptr_null(group_consumer_find(g, SLICE("c")));
        ck_assert_uint_eq(g->pending.count, N - N / shares[k]);
        for (uint64_t i = 1; i <= N; i++) {
            const struct pending *p = group_pending_find(g, (struct stream_id){1, i});
            ck_assert_int_eq(p != NULL, i % shares[k] != 0);
            if (p != NULL) ck_assert_ptr_eq(p->consumer, other);
        }
        if (shares[k] == 1) {
            ck_assert_uint_ge(mem_used(), before); /* nothing of it is freed yet */
            ck_assert(trash_work(e, 0));           /* one slice */
        }
        trash_finish(e);
        ck_assert_uint_lt(mem_used() + N / shares[k] * sizeof(struct stream_id), before);
        value_free(&s->head);
    }
    engine_free(e);
}
END_TEST

UNIT_SUITE("trash", cut_lists_give_away_what_goes, a_group_that_is_cut_off_is_freed_in_slices,
           each_type_is_freed_whole_and_in_slices, small_values_are_freed_at_once,
           a_flushed_database_is_empty_at_once_and_freed_later,
           what_is_waiting_goes_with_the_engine,
           cut_sets_agree_with_those_that_lost_members_one_by_one,
           a_consumer_that_is_cut_off_takes_its_entries_along)
