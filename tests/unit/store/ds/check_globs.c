#include "store/ds/globs.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

static bool covers(const char *pattern, const char *prefix)
{
    return glob_covers(slice_of(pattern), slice_of(prefix));
}

START_TEST(a_star_at_the_end_takes_the_rest)
{
    ck_assert(covers("*", ""));
    ck_assert(covers("*", "driver:"));
    ck_assert(covers("driver:*", "driver:"));
    ck_assert(covers("driver:*", "driver:sf:"));
    ck_assert(covers("d?iver:*", "driver:"));
    ck_assert(covers("d[a-z]iver:*", "driver:"));
    ck_assert(covers("*:*", "driver:"));
    ck_assert(covers("a\\\\*", "a\\"));
}
END_TEST

START_TEST(less_than_everything_behind_the_prefix_is_refused)
{
    ck_assert(!covers("", ""));
    ck_assert(!covers("driver:*", ""));
    ck_assert(!covers("driver:*", "driver"));
    ck_assert(!covers("driver:1*", "driver:"));
    ck_assert(!covers("driver:?*", "driver:"));
    ck_assert(!covers("driver:*x", "driver:"));
    ck_assert(!covers("driver:", "driver:"));
    ck_assert(!covers("driver:\\*", "driver:*"));
    ck_assert(!covers("driver:[*", "driver:*"));
    ck_assert(!covers("driver:[\\]*", "driver:*"));
}
END_TEST

/* Goal: nobody is let in by a pattern that leaves a key out. Method: of random patterns and prefixes
 * that are said to be covered, random strings with the prefix must fit. */
START_TEST(what_is_covered_fits)
{
    enum { STEPS = 300000, LONGEST = 8 };
    static const char letters[] = "ab*?[]^-\\";
    struct rng rng;
    uint32_t covered = 0;
    rng_init(&rng, 7);
    for (int i = 0; i < STEPS; i++) {
        char pattern[LONGEST], key[2 * LONGEST];
        size_t n = rng_below(&rng, LONGEST), len = rng_below(&rng, LONGEST);
        for (size_t k = 0; k < n; k++)
            pattern[k] = letters[rng_below(&rng, sizeof letters - 1)];
        for (size_t k = 0; k < sizeof key; k++)
            key[k] = letters[rng_below(&rng, sizeof letters - 1)];
        if (!glob_covers(slice_make(pattern, n), slice_make(key, len))) continue;
        covered++;
        for (size_t k = len; k <= sizeof key; k++)
            ck_assert(slice_glob(slice_make(pattern, n), slice_make(key, k), false));
    }
    ck_assert_uint_gt(covered, 1000);
}
END_TEST

UNIT_SUITE("globs", a_star_at_the_end_takes_the_rest,
           less_than_everything_behind_the_prefix_is_refused, what_is_covered_fits)
