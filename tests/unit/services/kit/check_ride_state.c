#include "services/kit/core/ride_state.h"

#include "tests/lib/unit.h"

START_TEST(every_text_reads_back_as_its_value)
{
    for (unsigned i = 1; i < RIDE_STATUSES; i++) {
        enum ride_status s = (enum ride_status)i;
        ck_assert_int_eq(ride_status_of(slice_of(ride_status_text(s))), s);
    }
    for (unsigned i = 1; i < RIDE_EVENTS; i++) {
        enum ride_event e = (enum ride_event)i;
        ck_assert_int_eq(ride_event_of(slice_of(ride_event_text(e))), e);
    }
    for (unsigned i = 1; i < DRIVER_STATUSES; i++) {
        enum driver_status s = (enum driver_status)i;
        ck_assert_int_eq(driver_status_of(slice_of(driver_status_text(s))), s);
    }
}
END_TEST

START_TEST(an_unknown_text_is_none)
{
    ck_assert_int_eq(ride_status_of(SLICE("")), RIDE_NONE);
    ck_assert_int_eq(ride_status_of(SLICE("Requested")), RIDE_NONE);
    ck_assert_int_eq(ride_status_of(SLICE("requested ")), RIDE_NONE);
    ck_assert_int_eq(driver_status_of(SLICE("none")), DRIVER_NONE);
    ck_assert_int_eq(ride_event_of(SLICE("none")), RIDE_EV_NONE);
    ck_assert_str_eq(ride_status_text((enum ride_status)99), "none");
    ck_assert_str_eq(driver_event_text((enum driver_event)99), "none");
}
END_TEST

START_TEST(values_outside_the_tables_allow_nothing)
{
    ck_assert_int_eq(ride_next((enum ride_status)99, RIDE_EV_OFFER), RIDE_NONE);
    ck_assert_int_eq(ride_next(RIDE_REQUESTED, (enum ride_event)99), RIDE_NONE);
    ck_assert_int_eq(driver_next((enum driver_status)99, DRIVER_EV_OFFER), DRIVER_NONE);
}
END_TEST

START_TEST(terminal_states_absorb_all_but_settlement_rating_and_redrive)
{
    for (unsigned s = 1; s < RIDE_STATUSES; s++) {
        if (!ride_is_over((enum ride_status)s)) continue;
        for (unsigned e = 1; e < RIDE_EVENTS; e++) {
            enum ride_status to = ride_next((enum ride_status)s, (enum ride_event)e);
            bool allowed = (s == RIDE_COMPLETED && (e == RIDE_EV_SETTLE || e == RIDE_EV_RATE)) ||
                           (s == RIDE_FAILED && e == RIDE_EV_REDRIVE);
            ck_assert_int_eq(to != RIDE_NONE, allowed);
        }
    }
}
END_TEST

START_TEST(a_ride_is_either_waiting_live_or_over)
{
    for (unsigned i = 1; i < RIDE_STATUSES; i++) {
        enum ride_status s = (enum ride_status)i;
        ck_assert_int_eq((s == RIDE_SCHEDULED) + ride_is_live(s) + ride_is_over(s), 1);
    }
    ck_assert(!ride_is_live(RIDE_NONE));
    ck_assert(!ride_is_over(RIDE_NONE));
}
END_TEST

/* Goal: no ride is stuck. Method: from every state that is not over, some chain of moves ends. */
START_TEST(every_live_state_can_reach_an_end)
{
    bool ends[RIDE_STATUSES] = {false};
    for (unsigned round = 0; round < RIDE_STATUSES; round++) {
        for (unsigned s = 1; s < RIDE_STATUSES; s++) {
            if (ride_is_over((enum ride_status)s)) ends[s] = true;
            for (unsigned e = 1; e < RIDE_EVENTS; e++) {
                if (ends[ride_next((enum ride_status)s, (enum ride_event)e)]) ends[s] = true;
            }
        }
    }
    for (unsigned s = 1; s < RIDE_STATUSES; s++)
        ck_assert(ends[s]);
}
END_TEST

START_TEST(ops_can_cancel_whatever_is_not_over)
{
    for (unsigned i = 1; i < RIDE_STATUSES; i++) {
        enum ride_status s = (enum ride_status)i;
        enum ride_status to = ride_next(s, RIDE_EV_OPS_CANCEL);
        ck_assert_int_eq(to, ride_is_over(s) ? RIDE_NONE : RIDE_CANCELLED);
    }
}
END_TEST

START_TEST(a_rider_cannot_cancel_once_on_the_way)
{
    ck_assert_int_eq(ride_next(RIDE_ARRIVED, RIDE_EV_RIDER_CANCEL), RIDE_CANCELLED);
    ck_assert_int_eq(ride_next(RIDE_IN_PROGRESS, RIDE_EV_RIDER_CANCEL), RIDE_NONE);
}
END_TEST

START_TEST(a_driver_on_a_ride_cannot_leave)
{
    const enum driver_status busy[] = {DRIVER_ASSIGNED, DRIVER_ON_TRIP};
    const enum driver_event refused[] = {DRIVER_EV_OFFLINE, DRIVER_EV_BREAK, DRIVER_EV_GONE};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
            ck_assert_int_eq(driver_next(busy[i], refused[k]), DRIVER_NONE);
        }
        ck_assert_int_eq(driver_next(busy[i], DRIVER_EV_BLOCK), busy[i]);
    }
}
END_TEST

START_TEST(an_offer_never_moves_a_driver_off_his_trip)
{
    const enum driver_event next[] = {DRIVER_EV_OFFER, DRIVER_EV_OFFER_END, DRIVER_EV_ACCEPT,
                                      DRIVER_EV_ASSIGN};
    for (size_t k = 0; k < sizeof next / sizeof next[0]; k++) {
        ck_assert_int_eq(driver_next(DRIVER_ON_TRIP, next[k]), DRIVER_ON_TRIP);
        ck_assert_int_eq(driver_next(DRIVER_ASSIGNED, next[k]), DRIVER_NONE);
    }
}
END_TEST

UNIT_SUITE("ride_state", every_text_reads_back_as_its_value, an_unknown_text_is_none,
           values_outside_the_tables_allow_nothing,
           terminal_states_absorb_all_but_settlement_rating_and_redrive,
           a_ride_is_either_waiting_live_or_over, every_live_state_can_reach_an_end,
           ops_can_cancel_whatever_is_not_over, a_rider_cannot_cancel_once_on_the_way,
           a_driver_on_a_ride_cannot_leave, an_offer_never_moves_a_driver_off_his_trip)
