#include "store/ds/streamlog.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { ORACLE_MAX = 3000, PAIRS_MAX = 5, TEXT_MAX = 400 };

struct want {
    struct stream_id id;
    uint32_t n;
    char *texts[2 * PAIRS_MAX]; /* owned */
    size_t lens[2 * PAIRS_MAX];
};

static struct want wants[ORACLE_MAX];
static size_t want_count;

static void want_free(struct want *w)
{
    for (uint32_t i = 0; i < 2 * w->n; i++)
        mem_free(w->texts[i]);
}

static void want_remove(size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        want_free(&wants[i]);
    memmove(&wants[at], &wants[at + n], (want_count - at - n) * sizeof wants[0]);
    want_count -= n;
}

static void check_entry(struct stream_entry *e, const struct want *w)
{
    ck_assert_int_eq(stream_id_cmp(e->id, w->id), 0);
    ck_assert_uint_eq(e->fields, w->n);
    for (uint32_t i = 0; i < w->n; i++) {
        struct slice name, value;
        stream_entry_pair(e, &name, &value);
        ck_assert(slice_eq(name, slice_make(w->texts[2 * i], w->lens[2 * i])));
        ck_assert(slice_eq(value, slice_make(w->texts[2 * i + 1], w->lens[2 * i + 1])));
    }
}

static void compare_range(const struct streamlog *l, struct stream_id from, struct stream_id to)
{
    struct streamlog_iter it;
    struct stream_entry e;
    size_t low = 0, high = want_count;
    while (low < want_count && stream_id_cmp(wants[low].id, from) < 0)
        low++;
    while (high > low && stream_id_cmp(wants[high - 1].id, to) > 0)
        high--;
    streamlog_walk(&it, l, from, to, false);
    for (size_t i = low; i < high; i++) {
        ck_assert(streamlog_next(&it, &e));
        check_entry(&e, &wants[i]);
    }
    ck_assert(!streamlog_next(&it, &e));
    ck_assert(!streamlog_next(&it, &e));
    streamlog_walk(&it, l, from, to, true);
    for (size_t i = high; i-- > low;) {
        ck_assert(streamlog_next(&it, &e));
        check_entry(&e, &wants[i]);
    }
    ck_assert(!streamlog_next(&it, &e));
}

static void random_text(struct rng *r, char *out, size_t *len, bool number)
{
    if (number) {
        int64_t n = (int64_t)(rng_u64(r) >> rng_below(r, 64));
        if (rng_below(r, 2) == 0) n = -n;
        *len = (size_t)snprintf(out, TEXT_MAX, "%s%lld", rng_below(r, 9) == 0 ? "0" : "",
                                (long long)n);
        return;
    }
    *len = rng_below(r, 20) == 0 ? rng_below(r, TEXT_MAX) : rng_below(r, 12);
    for (size_t i = 0; i < *len; i++)
        out[i] = (char)rng_below(r, 256);
    if (rng_below(r, 3) > 0) return;
    size_t alike = rng_below(r, rng_below(r, 4) == 0 ? 160 : 16);
    memmove(out + alike, out, *len + alike > TEXT_MAX ? TEXT_MAX - alike : *len);
    memset(out, 'a', alike);
    *len = *len + alike > TEXT_MAX ? TEXT_MAX : *len + alike;
}

static void append(struct streamlog *l, struct rng *r, struct stream_id id)
{
    static const char *const names[] = {"lat", "lon", "driver_id", "ts", "v"};
    struct slice pairs[2 * PAIRS_MAX];
    struct want *w = &wants[want_count++];
    bool usual = rng_below(r, 4) != 0;
    w->id = id;
    w->n = usual ? 4 : (uint32_t)(1 + rng_below(r, PAIRS_MAX));
    for (uint32_t i = 0; i < w->n; i++) {
        char text[TEXT_MAX];
        size_t len = 0;
        if (usual || rng_below(r, 2) == 0) {
            len = (size_t)snprintf(text, sizeof text, "%s", names[i]);
        } else {
            random_text(r, text, &len, false);
        }
        w->texts[2 * i] = mem_dup(text, len);
        w->lens[2 * i] = len;
        random_text(r, text, &len, rng_below(r, 2) == 0);
        w->texts[2 * i + 1] = mem_dup(text, len);
        w->lens[2 * i + 1] = len;
    }
    for (uint32_t i = 0; i < 2 * w->n; i++)
        pairs[i] = slice_make(w->texts[i], w->lens[i]);
    struct streamlog_limits limits = {rng_below(r, 500) == 0 ? 0 : 20, 1500};
    streamlog_append(l, id, pairs, w->n, limits);
}

static struct stream_id random_id(struct rng *r, struct stream_id last)
{
    if (want_count > 0 && rng_below(r, 3) > 0) return wants[rng_below(r, want_count)].id;
    return (struct stream_id){rng_below(r, last.ms + 2), rng_below(r, 5)};
}

static void trim(struct streamlog *l, struct rng *r, struct stream_id last)
{
    struct streamlog_trim how = {
        .by_id = rng_below(r, 2) == 0,
        .length_max = want_count > 0 ? want_count - rng_below(r, want_count / 8 + 1) : 0,
        .id_min = {last.ms > 300 ? last.ms - rng_below(r, 300) : 0, rng_below(r, 3)},
        .approx = rng_below(r, 2) == 0,
        .limit = rng_below(r, 2) == 0 ? 0 : rng_below(r, 50),
    };
    size_t may = 0;
    while (may < want_count && (how.by_id ? stream_id_cmp(wants[may].id, how.id_min) < 0
                                          : want_count - may > how.length_max))
        may++;
    uint64_t n = streamlog_trim(l, &how);
    ck_assert_uint_le(n, may);
    if (how.limit > 0) ck_assert_uint_le(n, how.limit);
    if (!how.approx && how.limit == 0) ck_assert_uint_eq(n, may);
    want_remove(0, n);
}

START_TEST(random_steps_agree_with_an_array)
{
    struct streamlog l;
    struct rng r;
    struct stream_id last = {1, 0};
    rng_init(&r, 11);
    streamlog_init(&l);
    for (int step = 0; step < 100000; step++) {
        uint64_t what = rng_below(&r, 100);
        if (what < 55 && want_count < ORACLE_MAX) {
            last.ms += rng_below(&r, 3);
            last.seq = rng_below(&r, 5) == 0 ? rng_u64(&r) >> 1 : last.seq + 1;
            if (want_count > 0 && stream_id_cmp(last, wants[want_count - 1].id) <= 0) last.ms++;
            append(&l, &r, last);
        } else if (what < 90) {
            struct stream_id id = random_id(&r, last);
            size_t i = 0;
            while (i < want_count && stream_id_cmp(wants[i].id, id) < 0)
                i++;
            bool had = i < want_count && stream_id_cmp(wants[i].id, id) == 0;
            struct stream_entry e;
            ck_assert_int_eq(streamlog_find(&l, id, &e), had);
            if (had) check_entry(&e, &wants[i]);
            ck_assert_uint_eq(streamlog_count_after(&l, id), want_count - i - (had ? 1 : 0));
            if (what >= 60 || step % 2 == 0) {
                ck_assert_int_eq(streamlog_del(&l, id), had);
                if (had) want_remove(i, 1);
            }
            if (had && i == want_count && rng_below(&r, 2) == 0 && want_count > 0)
                last = wants[want_count - 1].id; /* as XSETID may do */
        } else if (what < 93) {
            trim(&l, &r, last);
        } else if (step % 10 == 0) {
            compare_range(&l, random_id(&r, last), random_id(&r, last));
        }
        ck_assert_uint_eq(l.length, want_count);
        if (step % 64 == 0) streamlog_check(&l);
        if (step % 2000 == 0) {
            struct streamlog copy;
            compare_range(&l, STREAM_ID_MIN, STREAM_ID_MAX);
            streamlog_copy(&l, &copy);
            streamlog_check(&copy);
            compare_range(&copy, STREAM_ID_MIN, STREAM_ID_MAX);
            streamlog_fini(&copy);
        }
        struct stream_id edge;
        ck_assert_int_eq(streamlog_first(&l, &edge), want_count > 0);
        if (want_count > 0) ck_assert_int_eq(stream_id_cmp(edge, wants[0].id), 0);
        ck_assert_int_eq(streamlog_last(&l, &edge), want_count > 0);
        if (want_count > 0) ck_assert_int_eq(stream_id_cmp(edge, wants[want_count - 1].id), 0);
    }
    want_remove(0, want_count);
    streamlog_fini(&l);
}
END_TEST

START_TEST(what_a_value_has_in_common_with_the_first_is_stored_once)
{
    struct streamlog l;
    streamlog_init(&l);
    for (uint64_t i = 0; i < 100000; i++) {
        char id[40], ts[24];
        (void)snprintf(id, sizeof id, "la-01J9%012llu", (unsigned long long)i);
        (void)snprintf(ts, sizeof ts, "%llu", (unsigned long long)(1763900000000 + i));
        const struct slice pairs[] = {
            SLICE("ride_id"),  slice_of(id),         SLICE("attempt"), SLICE("1"),
            SLICE("lat"),      SLICE("34.052235"),   SLICE("lon"),     SLICE("-118.243683"),
            SLICE("rider_id"), SLICE("rider-00123"), SLICE("at"),      slice_of(ts)};
        streamlog_append(&l, (struct stream_id){1763900000000 + i, 0}, pairs, 6,
                         (struct streamlog_limits){100, 4096});
    }
    ck_assert_uint_le(streamlog_memory(&l) / l.length, 36);
    streamlog_fini(&l);
}
END_TEST

START_TEST(a_log_of_one_entry_has_no_room_to_spare)
{
    struct streamlog l;
    const struct slice pairs[] = {SLICE("ride_id"), SLICE("la-01J9ZZZZ"), SLICE("attempt"),
                                  SLICE("1")};
    streamlog_init(&l);
    streamlog_append(&l, (struct stream_id){1, 0}, pairs, 2, (struct streamlog_limits){100, 4096});
    ck_assert_uint_le(streamlog_memory(&l) - idtable_memory(&l.blocks), 128);
    streamlog_fini(&l);
}
END_TEST

UNIT_SUITE("streamlog", random_steps_agree_with_an_array,
           what_a_value_has_in_common_with_the_first_is_stored_once,
           a_log_of_one_entry_has_no_room_to_spare)
