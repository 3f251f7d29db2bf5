#include "store/type/string.h"

#include "base/buf.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

static size_t memory(const struct value *v)
{
    return string_type.memory(v, 0);
}

static struct value *of_bytes(size_t n)
{
    char bytes[4096];
    memset(bytes, 'x', sizeof bytes);
    return string_new(slice_make(bytes, n));
}

START_TEST(bytes_up_to_a_kilobyte_lie_in_the_block_of_their_head)
{
    for (size_t n = 0; n <= STRING_BLOCK_MAX; n++) {
        struct value *v = of_bytes(n);
        ck_assert_uint_le(memory(v), n + 32); /* the head is 16, and malloc rounds up to 16 */
        ck_assert_str_eq(string_type.encoding(v), n <= STRING_EMBED_MAX ? "embstr" : "raw");
        value_free(v);
    }
}
END_TEST

START_TEST(what_takes_the_place_of_a_long_value_leaves_no_long_block_behind)
{
    struct value *number = string_set_i64(of_bytes(1000), 7);
    ck_assert_uint_lt(memory(number), 100);
    value_free(number);
    struct value *word = string_set(of_bytes(1000), slice_of("word"));
    ck_assert_uint_lt(memory(word), 100);
    value_free(word);
    struct value *edited = of_bytes(1000);
    (void)string_edit(&edited, 1001); /* twice its length, to grow in */
    ck_assert_uint_lt(memory(edited), 2 * 1001 + 100);
    value_free(edited);
}
END_TEST

/* One random change, the same at the value and at its oracle. */
static struct value *change(struct value *v, struct buf *oracle, struct rng *rng)
{
    char bytes[2500];
    size_t n = rng_below(rng, rng_below(rng, 4) == 0 ? sizeof bytes : 120);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)('a' + rng_below(rng, 26));
    uint32_t what = (uint32_t)rng_below(rng, 4);
    if (what == 0) {
        int64_t number = (int64_t)rng_below(rng, 1000);
        buf_clear(oracle);
        buf_add_i64(oracle, number);
        return string_set_i64(v, number);
    }
    if (what == 1) {
        buf_clear(oracle);
        buf_add(oracle, bytes, n);
        return string_set(v, slice_make(bytes, n));
    }
    if (what == 2 && oracle->len < 3000) {
        buf_add(oracle, bytes, n);
        string_append(&v, slice_make(bytes, n));
    } else if (oracle->len > 0) {
        size_t at = rng_below(rng, oracle->len);
        oracle->p[at] = '!';
        string_edit(&v, oracle->len)[at] = '!';
    }
    return v;
}

START_TEST(random_changes_keep_the_bytes_of_a_naive_one)
{
    struct rng rng;
    rng_init(&rng, 11);
    struct buf oracle = {0};
    struct value *v = string_new((struct slice){0});
    for (int step = 0; step < 100000; step++) {
        char text[STRING_TEXT];
        v = change(v, &oracle, &rng);
        string_type.check(v);
        ck_assert(slice_eq(string_get(v, text), buf_slice(&oracle)));
        struct value *copy = string_type.copy(v);
        ck_assert(slice_eq(string_get(copy, text), buf_slice(&oracle)));
        value_free(copy);
    }
    value_free(v);
    buf_fini(&oracle);
}
END_TEST

UNIT_SUITE("string", bytes_up_to_a_kilobyte_lie_in_the_block_of_their_head,
           what_takes_the_place_of_a_long_value_leaves_no_long_block_behind,
           random_changes_keep_the_bytes_of_a_naive_one)
