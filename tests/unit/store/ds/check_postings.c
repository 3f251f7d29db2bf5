#include "store/ds/postings.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

enum { STEPS = 100000, DOCS = 4000, WORDS_MAX = 90 };

/* The oracle: how often each document has the word, and from where on; 0: it has not. */
static uint32_t times_of[DOCS], start_of[DOCS];

static uint32_t position(uint32_t doc, uint32_t i)
{
    return start_of[doc] + i * (1 + doc % 3 * 100);
}

static void same_entry(const struct postings_iter *it)
{
    uint32_t found[WORDS_MAX];
    ck_assert_uint_eq(it->times, times_of[it->doc]);
    ck_assert_uint_eq(postings_positions(it, found, WORDS_MAX), times_of[it->doc]);
    for (uint32_t i = 0; i < it->times; i++)
        ck_assert_uint_eq(found[i], position(it->doc, i));
}

static uint32_t next_of(uint32_t doc)
{
    while (doc < DOCS && times_of[doc] == 0)
        doc++;
    return doc < DOCS ? doc : POSTINGS_NONE;
}

/* Walks with jumps of every size, forwards and now and then back. */
static void compare(const struct postings *p, struct rng *r)
{
    struct postings_iter it = postings_begin(p);
    uint32_t from = 0;
    for (uint32_t i = 0; i < 200; i++) {
        ck_assert_uint_eq(postings_skip(&it, from), next_of(from));
        if (it.doc == POSTINGS_NONE) break;
        same_entry(&it);
        uint32_t jump = (uint32_t)rng_below(r, rng_below(r, 4) == 0 ? 1000 : 4);
        from = rng_below(r, 20) == 0 ? (uint32_t)rng_below(r, DOCS) : it.doc + jump;
    }
}

/* All at once; and of ids, near each other or far apart, those that are in. */
static void compare_together(const struct postings *p, struct rng *r)
{
    static uint32_t all[DOCS], ids[DOCS], expected[DOCS];
    uint32_t n = 0, count = 0;
    for (uint32_t doc = next_of(0); doc != POSTINGS_NONE; doc = next_of(doc + 1))
        expected[n++] = doc;
    ck_assert_uint_eq(postings_copy(p, all), n);
    ck_assert_mem_eq(all, expected, n * sizeof all[0]);
    uint32_t step = 1 + (uint32_t)rng_below(r, rng_below(r, 2) == 0 ? 600 : 3), kept = 0;
    for (uint32_t doc = (uint32_t)rng_below(r, 50); doc < DOCS;
         doc += 1 + (uint32_t)rng_below(r, step)) {
        ids[count++] = doc;
        if (times_of[doc] > 0) expected[kept++] = doc;
    }
    ck_assert_uint_eq(postings_keep(p, ids, count), kept);
    ck_assert_mem_eq(ids, expected, kept * sizeof ids[0]);
}

START_TEST(random_use_agrees_with_an_array)
{
    struct postings p = {0};
    struct rng r;
    rng_init(&r, 23);
    uint32_t docs = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        bool grow = step / 20000 % 2 == 0;
        uint32_t doc = (uint32_t)rng_below(&r, DOCS);
        if (times_of[doc] == 0 && (grow || rng_below(&r, 4) == 0)) {
            times_of[doc] = (uint32_t)rng_below(&r, 20) == 0
                                ? 1 + (uint32_t)rng_below(&r, WORDS_MAX)
                                : 1 + (uint32_t)rng_below(&r, 3);
            start_of[doc] = (uint32_t)rng_below(&r, 100000);
            uint32_t positions[WORDS_MAX];
            for (uint32_t i = 0; i < times_of[doc]; i++)
                positions[i] = position(doc, i);
            postings_put(&p, doc, times_of[doc], positions);
            docs++;
        } else if (times_of[doc] > 0 && (!grow || rng_below(&r, 4) == 0)) {
            postings_del(&p, doc);
            times_of[doc] = 0;
            docs--;
        }
        ck_assert_uint_eq(p.docs, docs);
        if (step % 100 == 0) {
            compare(&p, &r);
            compare_together(&p, &r);
        }
        if (step % 1000 == 0) postings_check(&p);
    }
    postings_fini(&p);
}
END_TEST

START_TEST(ascending_documents_take_few_bytes)
{
    struct postings p = {0};
    uint32_t at = 7;
    for (uint32_t doc = 0; doc < 100000; doc++)
        postings_put(&p, doc, 1, &at);
    postings_check(&p);
    ck_assert_uint_lt(postings_memory(&p), 100000 * 6);
    postings_fini(&p);
}
END_TEST

START_TEST(without_positions_only_how_often_is_kept)
{
    struct postings p = {0};
    postings_put(&p, 9, 1000000, NULL);
    postings_put(&p, 4, 2, NULL);
    struct postings_iter it = postings_begin(&p);
    ck_assert_uint_eq(postings_skip(&it, 5), 9);
    ck_assert_uint_eq(it.times, 1000000);
    ck_assert_uint_eq(postings_positions(&it, NULL, 0), 0);
    ck_assert_uint_eq(postings_skip(&it, 10), POSTINGS_NONE);
    postings_fini(&p);
}
END_TEST

UNIT_SUITE("postings", random_use_agrees_with_an_array, ascending_documents_take_few_bytes,
           without_positions_only_how_often_is_kept)
