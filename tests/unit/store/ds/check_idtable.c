#include "store/ds/idtable.h"

#include "base/must.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

struct item {
    struct stream_id id;
    uint64_t value;
};

enum { ORACLE_MAX = 4000 };

struct oracle {
    struct item items[ORACLE_MAX];
    size_t count;
};

static size_t oracle_lower(const struct oracle *o, struct stream_id id)
{
    size_t i = 0;
    while (i < o->count && stream_id_cmp(o->items[i].id, id) < 0)
        i++;
    return i;
}

static void compare_all(const struct idtable *t, const struct oracle *o)
{
    ck_assert_uint_eq(t->count, o->count);
    struct idtable_at at = idtable_seek(t, STREAM_ID_MIN);
    for (size_t i = 0; i < o->count; i++) {
        const struct item *got = idtable_get(t, at);
        ck_assert_ptr_nonnull(got);
        ck_assert_int_eq(stream_id_cmp(got->id, o->items[i].id), 0);
        ck_assert_uint_eq(got->value, o->items[i].value);
        idtable_step(t, &at);
    }
    ck_assert_ptr_null(idtable_get(t, at));
    for (size_t i = o->count; i-- > 0;) {
        ck_assert(idtable_step_back(t, &at));
        const struct item *got = idtable_get(t, at);
        ck_assert_int_eq(stream_id_cmp(got->id, o->items[i].id), 0);
    }
    ck_assert(!idtable_step_back(t, &at));
}

static struct stream_id random_id(struct rng *r, const struct oracle *o)
{
    if (o->count > 0 && rng_below(r, 2) == 0) return o->items[rng_below(r, o->count)].id;
    return (struct stream_id){rng_below(r, 40), rng_below(r, 100)};
}

struct sweeping {
    uint64_t below; /* of a thousand */
    struct stream_id last;
};

static bool sweep_one(const void *record, void *data)
{
    struct sweeping *s = data;
    const struct item *i = record;
    ck_assert_int_gt(stream_id_cmp(i->id, s->last), 0);
    s->last = i->id;
    return i->value % 1000 < s->below;
}

/* Removes a random share of all records, by their values: none, some or all. */
static void sweep_both(struct idtable *t, struct oracle *o, struct rng *r)
{
    static const uint64_t shares[] = {0, 20, 500, 980, 1000};
    struct sweeping s = {shares[rng_below(r, 5)], STREAM_ID_MIN};
    size_t had = o->count;
    o->count = 0;
    for (size_t i = 0; i < had; i++)
        if (o->items[i].value % 1000 >= s.below) o->items[o->count++] = o->items[i];
    ck_assert_uint_eq(idtable_sweep(t, sweep_one, &s), had - o->count);
    compare_all(t, o);
}

START_TEST(random_steps_agree_with_a_sorted_array)
{
    static struct oracle o;
    struct idtable t;
    struct rng r;
    rng_init(&r, 7);
    idtable_init(&t, sizeof(struct item));
    uint64_t top = 0;
    for (int step = 0; step < 100000; step++) {
        bool growing = (step / 10000) % 2 == 0;
        uint64_t what = rng_below(&r, 10);
        if (what < (growing ? 5u : 2u) && o.count < ORACLE_MAX) {
            struct stream_id id = random_id(&r, &o);
            if (rng_below(&r, 2) == 0) id = (struct stream_id){100, ++top};
            bool fresh = false;
            struct item *got = idtable_add(&t, id, &fresh);
            size_t i = oracle_lower(&o, id);
            bool had = i < o.count && stream_id_cmp(o.items[i].id, id) == 0;
            ck_assert_int_eq(fresh, !had);
            if (!had) {
                memmove(&o.items[i + 1], &o.items[i], (o.count - i) * sizeof o.items[0]);
                o.items[i] = (struct item){id, 0};
                o.count++;
            }
            ck_assert_uint_eq(got->value, o.items[i].value);
            got->value = o.items[i].value = rng_u64(&r);
        } else if (what < 7) {
            struct stream_id id =
                rng_below(&r, 3) == 0 && o.count > 0 ? o.items[0].id : random_id(&r, &o);
            size_t i = oracle_lower(&o, id);
            bool had = i < o.count && stream_id_cmp(o.items[i].id, id) == 0;
            struct idtable_at at = idtable_seek(&t, id);
            if (had) {
                idtable_del_at(&t, &at);
                memmove(&o.items[i], &o.items[i + 1], (o.count - i - 1) * sizeof o.items[0]);
                o.count--;
                const struct item *after = idtable_get(&t, at);
                ck_assert((after != NULL) == (i < o.count));
                if (after != NULL) ck_assert_uint_eq(after->value, o.items[i].value);
            } else {
                ck_assert(!idtable_del(&t, id));
            }
        } else {
            struct stream_id id = random_id(&r, &o);
            size_t i = oracle_lower(&o, id);
            bool had = i < o.count && stream_id_cmp(o.items[i].id, id) == 0;
            const struct item *got = idtable_find(&t, id);
            ck_assert_int_eq(got != NULL, had);
            struct idtable_at at;
            ck_assert_int_eq(idtable_seek_le(&t, id, &at), had || i > 0);
            if (had || i > 0) {
                got = idtable_get(&t, at);
                ck_assert_int_eq(stream_id_cmp(got->id, o.items[had ? i : i - 1].id), 0);
            }
        }
        if (step % 5000 == 4999) sweep_both(&t, &o, &r);
        if (step % 64 == 0 || step % 5000 == 4999) idtable_check(&t);
        if (step % 1000 == 0) compare_all(&t, &o);
    }
    compare_all(&t, &o);
    idtable_fini(&t);
}
END_TEST

START_TEST(a_queue_keeps_its_memory_small)
{
    struct idtable t;
    idtable_init(&t, sizeof(struct item));
    for (uint64_t i = 0; i < 200000; i++) {
        (void)idtable_add(&t, (struct stream_id){i, 0}, NULL);
        if (i >= 1000) ck_assert(idtable_del(&t, (struct stream_id){i - 1000, 0}));
    }
    idtable_check(&t);
    ck_assert_uint_eq(t.count, 1000);
    ck_assert_uint_lt(idtable_memory(&t), 1000 * sizeof(struct item) * 2);
    idtable_fini(&t);
}
END_TEST

START_TEST(ids_are_read_and_written_as_redis_does)
{
    struct stream_id id = {0};
    bool seq = false;
    char text[STREAM_ID_TEXT];
    ck_assert(stream_id_parse(SLICE("12-34"), 9, &id, &seq));
    ck_assert(id.ms == 12 && id.seq == 34 && seq);
    ck_assert(stream_id_parse(SLICE("12"), 9, &id, &seq));
    ck_assert(id.ms == 12 && id.seq == 9 && !seq);
    ck_assert(stream_id_parse(SLICE("01-007"), 9, &id, NULL));
    ck_assert(id.ms == 1 && id.seq == 7);
    ck_assert(!stream_id_parse(SLICE("12-"), 9, &id, NULL));
    ck_assert(!stream_id_parse(SLICE("-1"), 9, &id, NULL));
    ck_assert(!stream_id_parse(SLICE("1-2-3"), 9, &id, NULL));
    ck_assert(!stream_id_parse(SLICE("18446744073709551616-0"), 9, &id, NULL));
    ck_assert_uint_eq(stream_id_format(STREAM_ID_MAX, text), 41);
    ck_assert_str_eq(text, "18446744073709551615-18446744073709551615");
    id = STREAM_ID_MAX;
    ck_assert(!stream_id_next(&id));
    ck_assert(stream_id_prev(&id));
    id = (struct stream_id){5, UINT64_MAX};
    ck_assert(stream_id_next(&id));
    ck_assert(id.ms == 6 && id.seq == 0);
    ck_assert(stream_id_prev(&id));
    ck_assert(id.ms == 5 && id.seq == UINT64_MAX);
    id = STREAM_ID_MIN;
    ck_assert(!stream_id_prev(&id));
}
END_TEST

UNIT_SUITE("idtable", random_steps_agree_with_a_sorted_array, a_queue_keeps_its_memory_small,
           ids_are_read_and_written_as_redis_does)
