#include "store/ds/idset.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

enum { STEPS = 100000, IDS = 200000 };

/* Ids in any order, some of them twice. */
static void check_keep(const struct idset *s, const bool *in, struct rng *r)
{
    enum { N = 500 };
    uint32_t ids[N], expected[N], n = 0;
    for (uint32_t i = 0; i < N; i++) {
        ids[i] = (uint32_t)rng_below(r, i % 2 == 0 ? IDS : 9000);
        if (i % 50 == 49) ids[i] = ids[i - 1];
        if (in[ids[i]]) expected[n++] = ids[i];
    }
    ck_assert_uint_eq(idset_keep(s, ids, N), n);
    ck_assert_mem_eq(ids, expected, n * sizeof ids[0]);
}

/* Goal: every answer is that of an array of flags.
 * Method: ids of three parts, one dense enough to become a bitmap and a list again. */
START_TEST(random_use_equals_an_array_of_flags)
{
    static bool in[IDS];
    struct idset s = {0};
    struct rng r;
    rng_init(&r, 17);
    uint32_t count = 0;
    memset(in, 0, sizeof in);
    for (uint32_t step = 0; step < STEPS; step++) {
        bool grow = step / 20000 % 2 == 0;
        uint32_t id = (uint32_t)(rng_below(&r, 4) == 0 ? rng_below(&r, IDS) : rng_below(&r, 9000));
        if (rng_below(&r, 10) < (grow ? 8 : 2)) {
            ck_assert_int_eq(idset_add(&s, id), !in[id]);
            count += !in[id];
            in[id] = true;
        } else {
            ck_assert_int_eq(idset_del(&s, id), in[id]);
            count -= in[id];
            in[id] = false;
        }
        ck_assert_uint_eq(s.count, count);
        uint32_t from = (uint32_t)rng_below(&r, IDS);
        ck_assert_int_eq(idset_has(&s, from), in[from]);
        if (step % 64 != 0) continue;
        uint32_t next = from;
        while (next < IDS && !in[next])
            next++;
        ck_assert_uint_eq(idset_next(&s, from), next < IDS ? next : IDSET_NONE);
        if (step % 2048 != 0 || count == 0) continue;
        idset_check(&s);
        uint32_t rank = (uint32_t)rng_below(&r, count);
        uint32_t at = 0;
        for (uint32_t seen = 0; !in[at] || seen++ < rank; at++) {
        }
        ck_assert_uint_eq(idset_at(&s, rank), at);
        check_keep(&s, in, &r);
        for (uint32_t id2 = idset_next(&s, 0); id2 != IDSET_NONE; id2 = idset_next(&s, id2 + 1))
            ck_assert(in[id2]);
    }
    idset_fini(&s);
    ck_assert_uint_eq(s.count, 0);
}
END_TEST

START_TEST(the_largest_id_is_followed_by_none)
{
    struct idset s = {0};
    ck_assert_uint_eq(idset_next(&s, 0), IDSET_NONE);
    ck_assert(idset_add(&s, IDSET_NONE - 1));
    ck_assert_uint_eq(idset_next(&s, 5), IDSET_NONE - 1);
    ck_assert_uint_eq(idset_next(&s, IDSET_NONE), IDSET_NONE);
    ck_assert(!idset_del(&s, 7));
    ck_assert(idset_del(&s, IDSET_NONE - 1));
    ck_assert_uint_eq(s.part_count, 0);
    idset_fini(&s);
}
END_TEST

UNIT_SUITE("idset", random_use_equals_an_array_of_flags, the_largest_id_is_followed_by_none)
