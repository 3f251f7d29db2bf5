#include "sim/judge.h"

#include <stdio.h>

#include "tests/lib/unit.h"

#include "base/rng.h"

#define RIDE "la-1"

static struct judge_look look(const char *ride, uint64_t version, enum ride_status status,
                              const char *driver, int64_t at_ms)
{
    return (struct judge_look){.ride_id = slice_of(ride),
                               .status = status,
                               .version = version,
                               .driver_id = slice_of(driver),
                               .at_ms = at_ms};
}

static void saw(struct judge *j, const char *ride, uint64_t version, enum ride_status status,
                const char *driver, int64_t at_ms)
{
    struct judge_look l = look(ride, version, status, driver, at_ms);
    judge_saw(j, &l);
}

static void read_back(struct judge *j, const char *ride, uint64_t version, enum ride_status status,
                      const char *driver)
{
    struct judge_look l = look(ride, version, status, driver, 0);
    judge_read_ride(j, slice_of(ride), &l);
}

/* A whole honest ride of that driver, from at_ms on, a second a version. */
static void honest_ride(struct judge *j, uint64_t order, const char *ride, const char *driver,
                        int64_t at_ms)
{
    static const enum ride_status way[] = {RIDE_REQUESTED, RIDE_OFFERED,     RIDE_ASSIGNED,
                                           RIDE_ARRIVED,   RIDE_IN_PROGRESS, RIDE_COMPLETED};
    judge_created(j, order, slice_of(ride));
    for (uint64_t v = 1; v <= 6; v++) {
        enum ride_status s = way[v - 1];
        bool his = status_held(s) || s == RIDE_COMPLETED;
        saw(j, ride, v, s, his ? driver : "", at_ms + (int64_t)v * 1000);
    }
    read_back(j, ride, 7, RIDE_COMPLETED, driver); /* settled meanwhile */
    judge_read_driver(j, slice_of(driver), SLICE(""));
}

static struct judge_counts finish(struct judge *j)
{
    struct judge_counts c;
    struct judge_totals t;
    judge_finish(j, &c, &t);
    judge_free(j);
    return c;
}

START_TEST(an_honest_ride_is_clean_and_counted)
{
    struct judge *j = judge_new();
    struct judge_counts c;
    struct judge_totals t;
    honest_ride(j, 1, RIDE, "d1", 0);
    honest_ride(j, 2, "la-2", "d1", 6000); /* begins in the ms in which the first ends */
    judge_finish(j, &c, &t);
    ck_assert(judge_clean(&c));
    ck_assert_uint_eq(t.rides, 2);
    ck_assert_uint_eq(t.offered, 2);
    ck_assert_uint_eq(t.assigned, 2);
    ck_assert_uint_eq(t.by_status[RIDE_COMPLETED], 2);
    ck_assert_uint_eq(judge_notes(j).len, 0);
    judge_free(j);
}
END_TEST

START_TEST(two_rides_at_once_are_one_double_assigned_driver)
{
    struct judge *j = judge_new();
    honest_ride(j, 1, RIDE, "d1", 0);
    honest_ride(j, 2, "la-2", "d1", 1500);
    struct judge_counts c = finish(j);
    ck_assert_uint_eq(c.double_assigned_driver, 1);
    ck_assert_uint_eq(c.double_assigned_ride, 0);
    ck_assert_uint_eq(c.illegal_transition, 0);
}
END_TEST

START_TEST(a_ride_never_released_overlaps_whatever_comes_later)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 1000);
    saw(j, "la-2", 3, RIDE_ASSIGNED, "d1", 900000);
    ck_assert_uint_eq(finish(j).double_assigned_driver, 1);
}
END_TEST

START_TEST(a_ride_that_waits_for_its_driver_is_not_held_yet)
{
    for (int queued = 0; queued < 2; queued++) {
        struct judge *j = judge_new();
        honest_ride(j, 1, RIDE, "d1", 0);
        judge_created(j, 2, SLICE("la-2"));
        saw(j, "la-2", 1, RIDE_REQUESTED, "", 2000);
        saw(j, "la-2", 2, RIDE_OFFERED, "", 3000);
        struct judge_look l = look("la-2", 3, RIDE_ASSIGNED, "d1", 4000);
        l.queued = queued == 1;
        judge_saw(j, &l);
        saw(j, "la-2", 4, RIDE_ASSIGNED, "d1", 6000); /* the first ride ends: his now */
        saw(j, "la-2", 5, RIDE_CANCELLED, "", 9000);
        struct judge_counts c = finish(j);
        ck_assert_uint_eq(c.double_assigned_driver, 1 - (unsigned)queued);
        ck_assert_uint_eq(c.illegal_transition, 0);
    }
}
END_TEST

/* The ride tells when it was assigned, and not when its driver became free for it. */
START_TEST(a_ride_that_has_waited_is_not_held_since_it_was_assigned)
{
    struct judge *j = judge_new();
    honest_ride(j, 1, RIDE, "d1", 0);
    judge_created(j, 2, SLICE("la-2"));
    struct judge_look l = look("la-2", 3, RIDE_ASSIGNED, "d1", 4000);
    l.queued = true;
    judge_saw(j, &l);
    saw(j, "la-2", 4, RIDE_ASSIGNED, "d1", 4000);
    saw(j, "la-2", 5, RIDE_ARRIVED, "d1", 900000);
    saw(j, "la-2", 6, RIDE_CANCELLED, "", 900100);
    ck_assert_uint_eq(finish(j).double_assigned_driver, 0);
}
END_TEST

START_TEST(a_late_look_without_its_end_accuses_nobody)
{
    /* Goal: what was missed must not turn into an accusation: after version 3 the ride may have
     * been taken away at any time, so only that moment is certain. */
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 1000);
    saw(j, RIDE, 9, RIDE_CANCELLED, "", 90000);
    saw(j, "la-2", 3, RIDE_ASSIGNED, "d1", 5000);
    saw(j, "la-2", 4, RIDE_CANCELLED, "", 6000);
    ck_assert_uint_eq(finish(j).double_assigned_driver, 0);
}
END_TEST

START_TEST(two_drivers_of_one_version_are_a_double_assigned_ride)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 0);
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d2", 0);
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d2", 0);
    ck_assert_uint_eq(finish(j).double_assigned_ride, 1);
}
END_TEST

START_TEST(two_rides_may_exchange_their_drivers_before_the_pickup)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 1000);
    saw(j, "la-2", 3, RIDE_ASSIGNED, "d2", 1000);
    saw(j, RIDE, 4, RIDE_ASSIGNED, "d2", 2000);
    saw(j, "la-2", 4, RIDE_ASSIGNED, "d1", 2000);
    struct judge_counts c = finish(j);
    ck_assert(judge_clean(&c));
}
END_TEST

START_TEST(half_an_exchange_gives_a_driver_two_rides)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 1000);
    saw(j, "la-2", 3, RIDE_ASSIGNED, "d2", 1000);
    saw(j, RIDE, 4, RIDE_ASSIGNED, "d2", 2000);
    ck_assert_uint_eq(finish(j).double_assigned_driver, 1);
}
END_TEST

START_TEST(a_driver_may_change_only_through_a_free_ride)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 0);
    saw(j, RIDE, 4, RIDE_ARRIVED, "d2", 0);
    ck_assert_uint_eq(finish(j).double_assigned_ride, 1);

    j = judge_new();
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 0);
    saw(j, RIDE, 4, RIDE_REQUESTED, "", 0);
    saw(j, RIDE, 6, RIDE_ASSIGNED, "d2", 0);
    struct judge_counts c = finish(j);
    ck_assert(judge_clean(&c));
}
END_TEST

START_TEST(an_acknowledged_ride_that_is_gone_is_lost)
{
    struct judge *j = judge_new();
    judge_created(j, 1, SLICE(RIDE));
    judge_read_ride(j, SLICE(RIDE), NULL);
    ck_assert_uint_eq(finish(j).lost_ride, 1);
}
END_TEST

START_TEST(one_order_with_two_rides_is_a_duplicate)
{
    struct judge *j = judge_new();
    judge_created(j, 1, SLICE(RIDE));
    judge_created(j, 1, SLICE(RIDE)); /* a replay names the same ride */
    judge_created(j, 2, SLICE("la-2"));
    judge_created(j, 2, SLICE("la-3"));
    ck_assert_uint_eq(finish(j).duplicate_ride, 1);
}
END_TEST

START_TEST(looks_in_any_order_are_judged_by_version)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 5, RIDE_IN_PROGRESS, "d1", 0);
    saw(j, RIDE, 1, RIDE_REQUESTED, "", 0);
    saw(j, RIDE, 3, RIDE_ASSIGNED, "d1", 0);
    struct judge_counts c = finish(j);
    ck_assert(judge_clean(&c));
}
END_TEST

START_TEST(an_impossible_path_is_an_illegal_transition)
{
    struct judge *j = judge_new();
    saw(j, RIDE, 1, RIDE_REQUESTED, "", 0);
    saw(j, RIDE, 2, RIDE_IN_PROGRESS, "d1", 0);
    saw(j, RIDE, 3, RIDE_REQUESTED, "", 0);
    ck_assert_uint_eq(finish(j).illegal_transition, 1); /* a ride is counted once */

    j = judge_new();
    saw(j, RIDE, 2, RIDE_OFFERED, "", 0);
    saw(j, RIDE, 2, RIDE_ASSIGNED, "d1", 0);
    ck_assert_uint_eq(finish(j).illegal_transition, 1);

    j = judge_new();
    saw(j, RIDE, 1, RIDE_ASSIGNED, "d1", 0);
    ck_assert_uint_eq(finish(j).illegal_transition, 1);
}
END_TEST

static void frame(struct judge *j, struct judge_watch *w, enum judge_frame kind, uint64_t version,
                  enum ride_status status)
{
    struct judge_look l = look(RIDE, version, status, "", 0);
    judge_frame(j, w, kind, &l);
}

START_TEST(a_skipped_version_needs_a_gap_or_a_snapshot)
{
    struct judge *j = judge_new();
    struct judge_watch w = {0};
    frame(j, &w, FRAME_SNAPSHOT, 1, RIDE_REQUESTED);
    frame(j, &w, FRAME_UPDATE, 2, RIDE_OFFERED);
    frame(j, &w, FRAME_UPDATE, 2, RIDE_OFFERED); /* twice is harmless */
    frame(j, &w, FRAME_UPDATE, 4, RIDE_OFFERED);
    frame(j, &w, FRAME_UPDATE, 3, RIDE_REQUESTED); /* late is harmless */
    frame(j, &w, FRAME_UPDATE, 5, RIDE_ASSIGNED);
    ck_assert_uint_eq(finish(j).version_gap_unexplained, 1);

    j = judge_new();
    w = (struct judge_watch){0};
    frame(j, &w, FRAME_UPDATE, 2, RIDE_OFFERED); /* the first frame of a ride is its base */
    frame(j, &w, FRAME_SNAPSHOT, 4, RIDE_OFFERED);
    frame(j, &w, FRAME_GAP, 0, RIDE_NONE);
    frame(j, &w, FRAME_UPDATE, 9, RIDE_REQUESTED);
    frame(j, &w, FRAME_SNAPSHOT, 9, RIDE_REQUESTED);
    frame(j, &w, FRAME_UPDATE, 10, RIDE_OFFERED);
    judge_frame(j, &w, FRAME_SNAPSHOT, &(struct judge_look){0}); /* no ride any more */
    frame(j, &w, FRAME_UPDATE, 13, RIDE_CANCELLED);
    struct judge_counts c = finish(j);
    ck_assert(judge_clean(&c));
}
END_TEST

START_TEST(a_hole_in_the_log_of_a_ride_is_a_version_gap)
{
    struct judge *j = judge_new();
    struct judge_look a = look(RIDE, 1, RIDE_REQUESTED, "", 0);
    struct judge_look b = look(RIDE, 3, RIDE_REQUESTED, "", 0);
    judge_read_event(j, &a);
    judge_read_event(j, &b);
    ck_assert_uint_eq(finish(j).version_gap_unexplained, 1);
}
END_TEST

START_TEST(what_is_read_back_must_follow_from_what_was_told)
{
    static const struct {
        uint64_t told, back;
        enum ride_status told_status, back_status;
        const char *told_driver, *back_driver;
        uint64_t wrong;
    } rows[] = {
        {6, 6, RIDE_COMPLETED, RIDE_COMPLETED, "d1", "d1", 0},
        {6, 7, RIDE_COMPLETED, RIDE_COMPLETED, "d1", "d1", 0},
        {6, 6, RIDE_COMPLETED, RIDE_CANCELLED, "d1", "d1", 1},
        {6, 5, RIDE_COMPLETED, RIDE_IN_PROGRESS, "d1", "d1", 1}, /* rolled back */
        {6, 6, RIDE_COMPLETED, RIDE_COMPLETED, "d1", "d2", 1},
        {4, 5, RIDE_CANCELLED, RIDE_CANCELLED, "", "", 1}, /* an end does not move on */
        {3, 4, RIDE_ASSIGNED, RIDE_CANCELLED, "d1", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge *j = judge_new();
        saw(j, RIDE, rows[i].told, rows[i].told_status, rows[i].told_driver, 0);
        read_back(j, RIDE, rows[i].back, rows[i].back_status, rows[i].back_driver);
        ck_assert_uint_eq(finish(j).wrong_final_state, rows[i].wrong);
    }
}
END_TEST

START_TEST(a_driver_still_on_a_finished_ride_is_a_wrong_final_state)
{
    struct judge *j = judge_new();
    honest_ride(j, 1, RIDE, "d1", 0);
    judge_read_driver(j, SLICE("d1"), SLICE(RIDE));
    ck_assert_uint_eq(finish(j).wrong_final_state, 1);
}
END_TEST

START_TEST(a_thousand_honest_rides_in_random_looks_stay_clean)
{
    /* Goal: no accusation may come from the order or the absence of looks.
     * Method: drivers do honest rides one after another; every look is told with probability
     * 0.7, shuffled over all rides. */
    struct rng r;
    rng_init(&r, 42);
    struct judge *j = judge_new();
    static struct judge_look looks[6000];
    static char names[1000][16];
    static char drivers[10][8];
    static const enum ride_status way[] = {RIDE_REQUESTED, RIDE_OFFERED,     RIDE_ASSIGNED,
                                           RIDE_ARRIVED,   RIDE_IN_PROGRESS, RIDE_COMPLETED};
    size_t n = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof names[i], "la-%d", i);
        snprintf(drivers[i % 10], sizeof drivers[0], "d%d", i % 10);
        for (uint64_t v = 1; v <= 6; v++) {
            if (rng_unit(&r) > 0.7) continue;
            bool his = v >= 3;
            looks[n++] = look(names[i], v, way[v - 1], his ? drivers[i % 10] : "",
                              (i / 10) * 4000 + (int64_t)v * 1000);
        }
    }
    for (size_t i = n; i > 1; i--) {
        size_t k = rng_below(&r, i);
        struct judge_look swap = looks[i - 1];
        looks[i - 1] = looks[k];
        looks[k] = swap;
    }
    for (size_t i = 0; i < n; i++) {
        judge_saw(j, &looks[i]);
    }
    for (int i = 0; i < 1000; i++) {
        read_back(j, names[i], 6, RIDE_COMPLETED, drivers[i % 10]);
    }
    struct judge_counts c = finish(j);
    ck_assert(judge_clean(&c));
}
END_TEST

UNIT_SUITE("judge", an_honest_ride_is_clean_and_counted,
           two_rides_at_once_are_one_double_assigned_driver,
           a_ride_never_released_overlaps_whatever_comes_later,
           a_ride_that_waits_for_its_driver_is_not_held_yet,
           a_ride_that_has_waited_is_not_held_since_it_was_assigned,
           a_late_look_without_its_end_accuses_nobody,
           two_drivers_of_one_version_are_a_double_assigned_ride,
           two_rides_may_exchange_their_drivers_before_the_pickup,
           half_an_exchange_gives_a_driver_two_rides, a_driver_may_change_only_through_a_free_ride,
           an_acknowledged_ride_that_is_gone_is_lost, one_order_with_two_rides_is_a_duplicate,
           looks_in_any_order_are_judged_by_version, an_impossible_path_is_an_illegal_transition,
           a_skipped_version_needs_a_gap_or_a_snapshot,
           a_hole_in_the_log_of_a_ride_is_a_version_gap,
           what_is_read_back_must_follow_from_what_was_told,
           a_driver_still_on_a_finished_ride_is_a_wrong_final_state,
           a_thousand_honest_rides_in_random_looks_stay_clean)
