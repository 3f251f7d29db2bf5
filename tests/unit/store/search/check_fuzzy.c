#include "store/search/fuzzy.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { NAMES = 20000, LETTERS_MAX = 12, ASKED = 60 };

struct dictionary {
    char text[NAMES][LETTERS_MAX + 1];
    struct slice name[NAMES]; /* sorted */
    uint32_t n;
};

static int compare(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool seek(void *data, struct slice from, struct slice *name)
{
    const struct dictionary *d = data;
    uint32_t low = 0, high = d->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (slice_cmp(d->name[mid], from) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < d->n) *name = d->name[low];
    return low < d->n;
}

/* Words of a few letters, so that many are near each other. */
static struct slice random_word(struct rng *rng, char out[static LETTERS_MAX + 1])
{
    size_t n = 1 + rng_below(rng, LETTERS_MAX);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + rng_below(rng, i < 4 ? 20 : 5));
    return slice_make(out, n);
}

static void fill(struct dictionary *d, struct rng *rng)
{
    for (uint32_t i = 0; i < NAMES; i++)
        d->name[i] = random_word(rng, d->text[i]);
    qsort(d->name, NAMES, sizeof d->name[0], compare);
    for (uint32_t i = 0; i < NAMES; i++)
        if (d->n == 0 || !slice_eq(d->name[d->n - 1], d->name[i])) d->name[d->n++] = d->name[i];
}

/* The whole table, plainly. */
static uint32_t distance(struct slice a, struct slice b)
{
    uint32_t row[2][LETTERS_MAX + 1];
    for (uint32_t j = 0; j <= b.len; j++)
        row[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        row[i % 2][0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t best = row[(i - 1) % 2][j - 1] + (a.p[i - 1] != b.p[j - 1]);
            if (row[(i - 1) % 2][j] + 1 < best) best = row[(i - 1) % 2][j] + 1;
            if (row[i % 2][j - 1] + 1 < best) best = row[i % 2][j - 1] + 1;
            row[i % 2][j] = best;
        }
    }
    return row[a.len % 2][b.len];
}

struct hits {
    struct slice name[NAMES];
    uint32_t n, max;
};

static bool add(void *to, struct slice name)
{
    struct hits *h = to;
    h->name[h->n++] = name;
    return h->n < h->max;
}

START_TEST(near_words_are_those_of_a_plain_table_and_few_are_looked_at)
{
    static struct dictionary d;
    static struct hits h;
    struct rng rng;
    char text[LETTERS_MAX + 1];
    rng_init(&rng, 8);
    fill(&d, &rng);
    const struct fuzzy_dictionary f = {seek, &d};
    uint64_t looks = 0;
    for (int i = 0; i < ASKED; i++) {
        struct slice word = random_word(&rng, text);
        uint32_t edits = 1 + (uint32_t)i % 3, n = 0;
        h = (struct hits){.max = UINT32_MAX};
        uint64_t looked = fuzzy_each(&f, word, edits, UINT64_MAX, add, &h);
        if (edits == 1) looks += looked;
        for (uint32_t k = 0; k < d.n; k++) {
            if (distance(word, d.name[k]) > edits) continue;
            ck_assert_uint_lt(n, h.n);
            ck_assert(slice_eq(h.name[n], d.name[k]));
            n++;
        }
        ck_assert_uint_eq(n, h.n);
    }
    ck_assert_uint_lt(looks / (ASKED / 3), d.n / 10);
}
END_TEST

static uint32_t count_near(const char *const *names, uint32_t n, const char *word, uint32_t edits)
{
    static struct dictionary d;
    static struct hits h;
    d.n = n;
    for (uint32_t i = 0; i < n; i++)
        d.name[i] = slice_of(names[i]);
    qsort(d.name, n, sizeof d.name[0], compare);
    h = (struct hits){.max = UINT32_MAX};
    (void)fuzzy_each(&(struct fuzzy_dictionary){seek, &d}, slice_of(word), edits, UINT64_MAX, add,
                     &h);
    return h.n;
}

START_TEST(letters_count_not_bytes)
{
    static const char *const names[] = {"caf\xC3\xA9", "cafe", "\xFF\xFF", "caf\xE2\x82\xAC", "c"};
    ck_assert_uint_eq(count_near(names, 5, "cafe", 1), 3);
    ck_assert_uint_eq(count_near(names, 5, "caf\xC3\xA9", 0), 1);
    ck_assert_uint_eq(count_near(names, 5, "\xFF", 1), 2); /* and "c" */
    ck_assert_uint_eq(count_near(names, 5, "", 1), 1);
}
END_TEST

START_TEST(long_words_and_many_looks_are_limited)
{
    static struct dictionary d;
    static struct hits h;
    struct rng rng;
    char word[FUZZY_WORD_MAX + 1];
    rng_init(&rng, 9);
    fill(&d, &rng);
    const struct fuzzy_dictionary f = {seek, &d};
    memset(word, 'a', sizeof word);
    h = (struct hits){.max = UINT32_MAX};
    ck_assert_uint_eq(fuzzy_each(&f, slice_make(word, sizeof word), 3, UINT64_MAX, add, &h), 0);
    ck_assert_uint_eq(fuzzy_each(&f, SLICE("aaa"), 3, 10, add, &h), 10);
    h = (struct hits){.max = 2};
    (void)fuzzy_each(&f, SLICE("aaa"), 3, UINT64_MAX, add, &h);
    ck_assert_uint_eq(h.n, 2);
    static char longest[400];
    memset(longest, 'b', sizeof longest - 1);
    const char *const names[] = {longest, "b"};
    ck_assert_uint_eq(count_near(names, 2, "b", 3), 1);
}
END_TEST

UNIT_SUITE("fuzzy", near_words_are_those_of_a_plain_table_and_few_are_looked_at,
           letters_count_not_bytes, long_words_and_many_looks_are_limited)
