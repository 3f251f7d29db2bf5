#include "services/ws-gateway/outbox.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

static const struct slice none = {"", 0};

static void expect_next(struct outbox *o, const char *want)
{
    struct slice got = {0};
    ck_assert(outbox_peek(o, &got));
    ck_assert_msg(slice_is(got, want), "got %.*s, want %s", (int)got.len, got.p, want);
    outbox_pop(o, 0);
}

START_TEST(frames_leave_in_order)
{
    struct outbox o;
    outbox_init(&o, 100);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_CONTROL, none, SLICE("hello"), 0), OUTBOX_QUEUED);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("v1"), 0), OUTBOX_QUEUED);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_POSITION, SLICE("d1"), SLICE("p1"), 0), OUTBOX_QUEUED);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("v2"), 0), OUTBOX_QUEUED);
    expect_next(&o, "hello");
    expect_next(&o, "v1");
    expect_next(&o, "p1");
    expect_next(&o, "v2");
    struct slice s;
    ck_assert(!outbox_peek(&o, &s));
    outbox_fini(&o);
}
END_TEST

START_TEST(the_newest_position_of_a_key_wins_in_place)
{
    struct outbox o;
    outbox_init(&o, 100);
    (void)outbox_put(&o, OUTBOX_POSITION, SLICE("d1"), SLICE("old"), 0);
    (void)outbox_put(&o, OUTBOX_POSITION, SLICE("d2"), SLICE("other"), 0);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_POSITION, SLICE("d1"), SLICE("newer"), 0),
                     OUTBOX_REPLACED);
    expect_next(&o, "newer");
    expect_next(&o, "other");
    outbox_fini(&o);
}
END_TEST

START_TEST(positions_give_way_to_state)
{
    struct outbox o;
    outbox_init(&o, 10);
    (void)outbox_put(&o, OUTBOX_POSITION, SLICE("d1"), SLICE("12345678"), 0);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("state"), 0), OUTBOX_QUEUED);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_POSITION, SLICE("d1"), SLICE("12345678"), 0),
                     OUTBOX_DROPPED);
    expect_next(&o, "state");
    outbox_fini(&o);
}
END_TEST

START_TEST(full_of_state_becomes_one_gap_and_then_a_snapshot)
{
    struct outbox o;
    outbox_init(&o, 12);
    (void)outbox_put(&o, OUTBOX_CONTROL, none, SLICE("ack"), 0);
    (void)outbox_put(&o, OUTBOX_STATE, none, SLICE("version1"), 0);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("version2"), 0), OUTBOX_GAP);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("v3"), 0), OUTBOX_DROPPED);
    ck_assert(!outbox_take_gap(&o)); /* the ack still waits */
    expect_next(&o, "ack");
    ck_assert(outbox_take_gap(&o));
    ck_assert(!outbox_take_gap(&o));
    ck_assert_int_eq(outbox_put(&o, OUTBOX_STATE, none, SLICE("snapshot"), 0), OUTBOX_QUEUED);
    expect_next(&o, "snapshot");
    outbox_fini(&o);
}
END_TEST

START_TEST(control_beyond_the_limit_closes_the_client)
{
    struct outbox o;
    outbox_init(&o, 8);
    (void)outbox_put(&o, OUTBOX_CONTROL, none, SLICE("12345"), 0);
    ck_assert_int_eq(outbox_put(&o, OUTBOX_CONTROL, none, SLICE("12345"), 0), OUTBOX_OVER);
    outbox_fini(&o);
}
END_TEST

START_TEST(a_stall_is_measured_from_the_last_progress)
{
    struct outbox o;
    outbox_init(&o, 100);
    ck_assert_int_eq(outbox_stalled_ms(&o, 50000), 0);
    (void)outbox_put(&o, OUTBOX_STATE, none, SLICE("a"), 1000);
    (void)outbox_put(&o, OUTBOX_STATE, none, SLICE("b"), 4000);
    ck_assert_int_eq(outbox_stalled_ms(&o, 6000), 5000);
    outbox_pop(&o, 6000);
    ck_assert_int_eq(outbox_stalled_ms(&o, 6500), 500);
    outbox_pop(&o, 7000);
    ck_assert_int_eq(outbox_stalled_ms(&o, 99000), 0);
    outbox_fini(&o);
}
END_TEST

START_TEST(random_use_never_passes_the_limit_and_never_loses_state_silently)
{
    /* Method: send versions 1, 2, 3 … at random; the client must see increasing versions, and a
     * missing one only across a gap. */
    struct outbox o;
    outbox_init(&o, 200);
    struct rng r;
    rng_init(&r, 7);
    long version = 0;
    long seen = 0;
    bool gap = false;
    for (int step = 0; step < 100000; step++) {
        char text[48];
        struct slice s = {text, 0};
        struct slice got = {0};
        switch (rng_below(&r, 4)) {
        case 0:
            s.len = (size_t)snprintf(text, sizeof text, "%ld", ++version);
            (void)outbox_put(&o, OUTBOX_STATE, none, s, step);
            break;
        case 1:
            s.len = (size_t)snprintf(text, sizeof text, "position %d", step);
            (void)outbox_put(&o, OUTBOX_POSITION, rng_below(&r, 2) ? SLICE("x") : SLICE("y"), s,
                             step);
            break;
        default:
            if (rng_below(&r, 3) == 0 || !outbox_peek(&o, &got)) break;
            if (got.p[0] != 'p') {
                int64_t v = 0;
                ck_assert(slice_i64(got, &v));
                ck_assert_int_gt(v, seen);
                ck_assert(v == seen + 1 || gap);
                seen = v;
                gap = false;
            }
            outbox_pop(&o, step);
        }
        ck_assert_uint_le(o.bytes, 200);
        if (outbox_take_gap(&o)) gap = true; /* the snapshot brings the client to `version` */
    }
    ck_assert_int_gt(seen, 0);
    outbox_fini(&o);
    ck_assert_uint_eq(mem_used(), 0);
}
END_TEST

UNIT_SUITE("outbox", frames_leave_in_order, the_newest_position_of_a_key_wins_in_place,
           positions_give_way_to_state, full_of_state_becomes_one_gap_and_then_a_snapshot,
           control_beyond_the_limit_closes_the_client, a_stall_is_measured_from_the_last_progress,
           random_use_never_passes_the_limit_and_never_loses_state_silently)
