#include "store/ds/labels.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { MEMBERS = 200, STEPS = 100000, LABELS = 4, VALUES = 5 };

static struct labelled members[MEMBERS];
static char texts[MEMBERS][LABELS][2][8];

/* Gives member i labels: each of l0 to l3 is missing or has one of a few values. */
static void relabel(struct rng *rng, uint32_t i)
{
    struct slice pairs[2 * LABELS];
    uint32_t n = 0;
    for (uint32_t l = 0; l < LABELS; l++) {
        uint32_t value = (uint32_t)rng_below(rng, VALUES + 1);
        texts[i][l][1][0] = '\0';
        if (value == VALUES) continue;
        (void)snprintf(texts[i][l][0], 8, "l%u", l);
        (void)snprintf(texts[i][l][1], 8, "v%u", value);
        pairs[2 * n] = slice_of(texts[i][l][0]);
        pairs[2 * n + 1] = slice_of(texts[i][l][1]);
        n++;
    }
    labelled_set(&members[i], pairs, n);
}

static bool has_value(uint32_t i, uint32_t l, const char *value)
{
    return strcmp(texts[i][l][1], value) == 0;
}

/* One filter, as text and as a scan over all members would judge. */
struct judged {
    char text[32];
    uint32_t label;
    const char *values[2]; /* NULL: none */
    bool differs;
};

static struct judged draw_filter(struct rng *rng, bool seeks)
{
    static const char *const values[] = {"v0", "v1", "v2", "v3", "v4", "v9"};
    struct judged f = {.label = (uint32_t)rng_below(rng, LABELS)};
    uint32_t kind = (uint32_t)rng_below(rng, 3);
    f.differs = !seeks && rng_below(rng, 2) == 0;
    if (seeks && kind == 0) kind = 1;
    for (uint32_t v = 0; v < kind; v++)
        f.values[v] = values[rng_below(rng, 6)];
    const char *sign = f.differs ? "!=" : "=";
    if (kind == 0) (void)snprintf(f.text, sizeof f.text, "l%u%s", f.label, sign);
    if (kind == 1) (void)snprintf(f.text, sizeof f.text, "l%u%s%s", f.label, sign, f.values[0]);
    if (kind == 2)
        (void)snprintf(f.text, sizeof f.text, "l%u%s(%s,%s)", f.label, sign, f.values[0],
                       f.values[1]);
    return f;
}

static bool judge(const struct judged *f, uint32_t i)
{
    bool is = f->values[0] == NULL && texts[i][f->label][1][0] == '\0';
    for (int v = 0; v < 2; v++)
        is |= f->values[v] != NULL && has_value(i, f->label, f->values[v]);
    return is != f->differs;
}

static void compare(const struct labels *x, struct rng *rng)
{
    struct arena arena = {0};
    struct judged judged[3];
    struct label_filter filters[3];
    uint32_t n = 1 + (uint32_t)rng_below(rng, 3), found = 0, wanted = 0;
    for (uint32_t f = 0; f < n; f++) {
        judged[f] = draw_filter(rng, f == 0);
        ck_assert(label_filter_parse(slice_of(judged[f].text), &arena, &filters[f]));
    }
    const struct labelled **all = labels_find(x, filters, n, &arena, &found);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        bool hit = members[i].in != NULL;
        for (uint32_t f = 0; f < n; f++)
            hit = hit && judge(&judged[f], i);
        wanted += hit;
        bool seen = false;
        for (uint32_t k = 0; k < found; k++)
            seen |= all[k] == &members[i];
        if (seen != hit) ck_abort_msg("member %u: %d, not %d", i, seen, hit);
    }
    ck_assert_uint_eq(found, wanted);
    for (uint32_t k = 1; k < found; k++)
        ck_assert_int_lt(slice_cmp(all[k - 1]->key, all[k]->key), 0);
    arena_fini(&arena);
}

START_TEST(queries_find_what_a_scan_finds_through_100000_changes)
{
    struct rng rng;
    struct labels *home = NULL;
    char key[16];
    rng_init(&rng, 21);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, MEMBERS);
        switch (rng_below(&rng, 4)) {
        case 0:
            (void)snprintf(key, sizeof key, "key:%u", i);
            labelled_join(&members[i], &home, slice_of(key));
            break;
        case 1: /* a rename */
            (void)snprintf(key, sizeof key, "other:%u", i);
            if (members[i].in != NULL) labelled_join(&members[i], &home, slice_of(key));
            break;
        case 2:
            labelled_leave(&members[i]);
            break;
        default:
            relabel(&rng, i);
        }
        if (home != NULL && step % 16 == 0) compare(home, &rng);
        if (home != NULL && step % 1000 == 0) labels_check(home);
    }
    for (uint32_t i = 0; i < MEMBERS; i++)
        ck_assert(members[i].in == NULL || labels_key(home, members[i].key) == &members[i]);
    labels_unref(home);
    for (uint32_t i = 0; i < MEMBERS; i++)
        labelled_fini(&members[i]);
}
END_TEST

START_TEST(members_of_a_database_that_was_emptied_leave_later)
{
    struct labels *home = NULL;
    struct labelled a = {0}, b = {0};
    const struct slice pair[] = {SLICE("area"), SLICE("north")};
    labelled_set(&a, pair, 1);
    labelled_set(&b, pair, 1);
    labelled_join(&a, &home, SLICE("a"));
    labels_unref(home); /* a keeps it */
    home = NULL;
    labelled_join(&b, &home, SLICE("a"));
    ck_assert_ptr_eq(labels_key(home, SLICE("a")), &b);
    labelled_fini(&a);
    labels_check(home);
    ck_assert_ptr_eq(labels_key(home, SLICE("a")), &b);
    labelled_fini(&b);
    ck_assert_ptr_null(labels_key(home, SLICE("a")));
    labels_unref(home);
}
END_TEST

START_TEST(filters_that_make_no_sense_are_refused)
{
    static const char *const wrong[] = {"",     "area",  "=v",       "!=v",     "area=(",
                                        "a=()", "a=(b,", "a=(b,,c)", "a!=(b,)", "a=(,b)"};
    struct arena arena = {0};
    struct label_filter f;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!label_filter_parse(slice_of(wrong[i]), &arena, &f), "%s", wrong[i]);
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("labels", queries_find_what_a_scan_finds_through_100000_changes,
           members_of_a_database_that_was_emptied_leave_later,
           filters_that_make_no_sense_are_refused)
