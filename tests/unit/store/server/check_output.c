#include "store/server/output.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <string.h>

/* ---- what is to be sent, as one string ---- */

struct world {
    struct output output;
    struct buf own;
};

static void world_fini(struct world *w)
{
    output_fini(&w->output);
    buf_fini(&w->own);
}

static void let_all_go(struct world *w)
{
    output_gate(&w->output, &w->own, 0, 0, 0);
}

static struct shared *block(const char *text)
{
    struct shared *m = shared_new(strlen(text));
    shared_add(m, text, strlen(text));
    return m;
}

static void lend(struct world *w, struct shared *m, size_t from, size_t n)
{
    output_lend(&w->output, &w->own, m, from, n);
}

/* All that may leave now, gathered from at most `max` parts; how many there were. */
static uint32_t take(struct world *w, uint32_t max, struct buf *out)
{
    struct iovec parts[16];
    uint32_t n = output_next(&w->output, &w->own, parts, max);
    buf_clear(out);
    for (uint32_t i = 0; i < n; i++)
        buf_add(out, parts[i].iov_base, parts[i].iov_len);
    return n;
}

static void expect(struct world *w, uint32_t parts, const char *text)
{
    struct buf out = {0};
    ck_assert_uint_eq(take(w, 16, &out), parts);
    ck_assert_uint_eq(out.len, strlen(text));
    if (out.len > 0) ck_assert_mem_eq(out.p, text, out.len);
    buf_fini(&out);
}

START_TEST(replies_and_lent_messages_keep_their_order)
{
    struct world w = {0};
    struct shared *m = block("ONETWO");
    buf_add_cstr(&w.own, "a");
    lend(&w, m, 0, 3);
    buf_add_cstr(&w.own, "bc");
    lend(&w, m, 3, 3);
    let_all_go(&w);
    expect(&w, 4, "aONEbcTWO");
    ck_assert_uint_eq(output_unread(&w.output, &w.own), 9);

    output_sent(&w.output, &w.own, 2);
    expect(&w, 3, "NEbcTWO");
    output_sent(&w.output, &w.own, 3);
    expect(&w, 2, "cTWO");
    buf_add_cstr(&w.own, "d");
    let_all_go(&w);
    expect(&w, 3, "cTWOd");
    output_sent(&w.output, &w.own, 5);
    ck_assert_uint_eq(output_unread(&w.output, &w.own), 0);
    ck_assert_uint_eq(w.own.len, 0);
    ck_assert_uint_eq(m->refs, 1);
    shared_unref(m);
    world_fini(&w);
}
END_TEST

START_TEST(messages_behind_each_other_in_a_block_are_one_piece)
{
    struct world w = {0};
    struct shared *m = block("ONETWOTRE");
    lend(&w, m, 0, 3);
    lend(&w, m, 3, 3);
    let_all_go(&w);
    expect(&w, 1, "ONETWO");
    ck_assert_uint_eq(m->refs, 2);

    output_sent(&w.output, &w.own, 4);
    lend(&w, m, 6, 3);
    let_all_go(&w);
    expect(&w, 1, "WOTRE");
    buf_add_cstr(&w.own, "x");
    lend(&w, m, 0, 3); /* not behind it */
    let_all_go(&w);
    expect(&w, 3, "WOTRExONE");
    ck_assert_uint_eq(m->refs, 3);
    world_fini(&w);
    ck_assert_uint_eq(m->refs, 1);
    shared_unref(m);
}
END_TEST

START_TEST(lent_bytes_wait_for_the_position_they_depend_on)
{
    struct world w = {0};
    struct shared *m = block("ONETWO");
    buf_add_cstr(&w.own, "ok");
    lend(&w, m, 0, 3);
    output_gate(&w.output, &w.own, 10, 5, 20);
    expect(&w, 0, "");
    lend(&w, m, 3, 3);
    output_gate(&w.output, &w.own, 30, 5, 20);
    ck_assert_uint_eq(w.output.mark_count, 2);
    output_release(&w.output, 10);
    expect(&w, 2, "okONE");
    output_sent(&w.output, &w.own, 5);
    expect(&w, 0, "");
    ck_assert_uint_eq(output_unread(&w.output, &w.own), 3);
    output_release(&w.output, 30);
    expect(&w, 1, "TWO");
    world_fini(&w);
    shared_unref(m);
}
END_TEST

START_TEST(dropping_gives_blocks_back_and_a_new_beginning_works)
{
    struct world w = {0};
    struct shared *m = block("ONE");
    buf_add_cstr(&w.own, "gone");
    lend(&w, m, 0, 3);
    output_gate(&w.output, &w.own, 10, 5, 20);
    output_drop(&w.output, &w.own);
    buf_fini(&w.own);
    ck_assert_uint_eq(m->refs, 1);
    ck_assert_uint_eq(output_unread(&w.output, &w.own), 0);
    expect(&w, 0, "");

    buf_add_cstr(&w.own, "new");
    lend(&w, m, 0, 3);
    output_gate(&w.output, &w.own, 10, 10, 20);
    expect(&w, 2, "newONE");
    world_fini(&w);
    shared_unref(m);
}
END_TEST

START_TEST(what_is_lent_counts_until_it_has_left)
{
    struct world w = {0};
    struct shared *m = block("ONETWO");
    ck_assert_uint_eq(output_lent(&w.output), 0);
    lend(&w, m, 0, 6);
    ck_assert_uint_ge(output_lent(&w.output), 6 + sizeof(struct piece_lent));
    size_t before = output_lent(&w.output);
    let_all_go(&w);
    output_sent(&w.output, &w.own, 6);
    ck_assert_uint_eq(output_lent(&w.output), before - 6);
    world_fini(&w);
    shared_unref(m);
}
END_TEST

/* ---- random steps beside a string ---- */

struct naive {
    struct buf all;                         /* the stream from the first byte */
    uint64_t ends[1 << 16], needs[1 << 16]; /* of what each gate saw */
    uint32_t first, count;
    size_t sent;
};

/* How far the naive stream may leave at least and at most: joined marks may hold back what comes
 * before a position, never let go of what is behind it. */
static size_t may_at_most(const struct naive *n, uint64_t released)
{
    size_t may = n->sent;
    for (uint32_t i = n->first; i < n->count && n->needs[i] <= released; i++)
        may = n->ends[i];
    return may;
}

/* Goal:   any mix of replies, lent messages, gates and partial sends leaves the stream's bytes in
 *         order, none before its position is released, all in the end.
 * Method: the same stream as one string. */
START_TEST(random_steps_agree_with_one_string)
{
    struct world w = {0};
    struct naive *n = mem_new(struct naive);
    struct rng rng;
    struct shared *m = NULL;
    struct buf got = {0};
    uint64_t position = 0, released = 0;
    rng_init(&rng, 7);
    for (uint32_t step = 0; step < 60000; step++) {
        char bytes[64];
        size_t len = 1 + rng_below(&rng, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rng_below(&rng, 256);
        switch (rng_below(&rng, 6)) {
        case 0:
            buf_add(&w.own, bytes, len);
            buf_add(&n->all, bytes, len);
            break;
        case 1:
        case 2: {
            if (m == NULL || m->cap - m->len < len) {
                shared_unref(m);
                m = shared_new(512);
            }
            shared_add(m, bytes, len);
            lend(&w, m, m->len - len, len);
            buf_add(&n->all, bytes, len);
            break;
        }
        case 3:
            position += rng_below(&rng, 3);
            output_gate(&w.output, &w.own, position, released, released + rng_below(&rng, 3));
            n->ends[n->count] = n->all.len;
            n->needs[n->count++] = position;
            break;
        case 4:
            released += rng_below(&rng, 3);
            if (released > position) released = position;
            output_release(&w.output, released);
            break;
        default:
            (void)take(&w, 1 + (uint32_t)rng_below(&rng, 4), &got);
            ck_assert_uint_le(n->sent + got.len, may_at_most(n, released));
            if (got.len > 0) ck_assert_mem_eq(got.p, n->all.p + n->sent, got.len);
            size_t put = got.len == 0 ? 0 : 1 + rng_below(&rng, got.len);
            output_sent(&w.output, &w.own, put);
            n->sent += put;
            while (n->first < n->count && n->ends[n->first] <= n->sent)
                n->first++;
        }
        ck_assert_uint_eq(output_unread(&w.output, &w.own), n->all.len - n->sent);
    }
    output_gate(&w.output, &w.own, position, position, position);
    output_release(&w.output, position);
    for (; n->sent < n->all.len; n->sent += got.len) {
        ck_assert_uint_gt(take(&w, 16, &got), 0);
        ck_assert_mem_eq(got.p, n->all.p + n->sent, got.len);
        output_sent(&w.output, &w.own, got.len);
    }
    ck_assert_uint_eq(m->refs, 1);
    shared_unref(m);
    buf_fini(&got);
    buf_fini(&n->all);
    mem_free(n);
    world_fini(&w);
}
END_TEST

UNIT_SUITE("output", replies_and_lent_messages_keep_their_order,
           messages_behind_each_other_in_a_block_are_one_piece,
           lent_bytes_wait_for_the_position_they_depend_on,
           dropping_gives_blocks_back_and_a_new_beginning_works,
           what_is_lent_counts_until_it_has_left, random_steps_agree_with_one_string)
