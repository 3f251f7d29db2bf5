#include "services/matcher/board.h"

#include <stdio.h>

#include "tests/lib/unit.h"

static struct board_event event(const char *ride, int64_t version, const char *type, const char *to,
                                const char *driver, const char *lease)
{
    return (struct board_event){.ride_id = slice_of(ride),
                                .type = slice_of(type),
                                .to = slice_of(to),
                                .driver_id = slice_of(driver),
                                .lease = slice_of(lease),
                                .product = SLICE("economy"),
                                .version = version,
                                .at_ms = 1000 * version,
                                .lat = 37.5,
                                .lon = -122.5};
}

static void tell(struct board *b, const char *ride, int64_t version, const char *type,
                 const char *to, const char *driver, const char *lease)
{
    struct board_event e = event(ride, version, type, to, driver, lease);
    board_take(b, &e);
}

static uint32_t coming(const struct board *b)
{
    uint32_t n = 0;
    list_each(at, board_coming(b)) n++;
    return n;
}

static const struct board_ride *first_coming(const struct board *b)
{
    ck_assert(!list_empty(board_coming(b)));
    return list_entry(board_coming(b)->next, struct board_ride, link);
}

START_TEST(a_ride_waits_then_comes_then_is_gone)
{
    struct board *b = board_new();
    uint32_t economy = board_product(b, SLICE("economy"));
    tell(b, "sf-1", 1, "create", "requested", "", "");
    ck_assert_uint_eq(board_waiting(b, economy), 1);
    tell(b, "sf-1", 2, "offer", "offered", "sf-d1", "sf-1.1");
    ck_assert_uint_eq(board_waiting(b, economy), 0);
    ck_assert_uint_eq(coming(b), 0);
    tell(b, "sf-1", 3, "accept", "assigned", "sf-d1", "sf-1.1");
    const struct board_ride *r = first_coming(b);
    ck_assert_str_eq(r->driver_id, "sf-d1");
    ck_assert_str_eq(r->lease, "sf-1.1");
    ck_assert_int_eq(r->version, 3);
    ck_assert_double_eq(r->lat, 37.5);
    tell(b, "sf-1", 4, "arrive", "arrived", "sf-d1", "sf-1.1");
    ck_assert_uint_eq(coming(b), 0);
    board_free(b);
}
END_TEST

START_TEST(an_event_that_is_no_newer_changes_nothing)
{
    struct board *b = board_new();
    tell(b, "sf-1", 3, "accept", "assigned", "sf-d1", "sf-1.1");
    tell(b, "sf-1", 3, "accept", "assigned", "sf-d9", "sf-1.9");
    tell(b, "sf-1", 2, "offer", "offered", "sf-d1", "sf-1.1");
    ck_assert_str_eq(first_coming(b)->driver_id, "sf-d1");
    board_free(b);
}
END_TEST

START_TEST(a_ride_sent_back_waits_again)
{
    struct board *b = board_new();
    uint32_t economy = board_product(b, SLICE("economy"));
    tell(b, "sf-1", 3, "accept", "assigned", "sf-d1", "sf-1.1");
    tell(b, "sf-1", 4, "driver_cancel", "requested", "sf-d1", "sf-1.1");
    ck_assert_uint_eq(board_waiting(b, economy), 1);
    ck_assert_uint_eq(coming(b), 0);
    tell(b, "sf-1", 5, "rider_cancel", "cancelled", "", "");
    ck_assert_uint_eq(board_waiting(b, economy), 0);
    board_free(b);
}
END_TEST

START_TEST(exchanges_are_counted_and_a_hold_ends_with_the_next_event)
{
    struct board *b = board_new();
    tell(b, "sf-1", 3, "accept", "assigned", "sf-d1", "sf-1.1");
    ck_assert_uint_eq(first_coming(b)->swaps, 0);
    board_hold(b, SLICE("sf-1"));
    board_hold(b, SLICE("sf-unknown"));
    ck_assert(first_coming(b)->held);
    tell(b, "sf-1", 4, "swap", "assigned", "sf-d2", "sf-1.2");
    ck_assert(!first_coming(b)->held);
    ck_assert_uint_eq(first_coming(b)->swaps, 1);
    ck_assert_str_eq(first_coming(b)->driver_id, "sf-d2");
    tell(b, "sf-1", 5, "swap", "assigned", "sf-d3", "sf-1.3");
    ck_assert_uint_eq(first_coming(b)->swaps, 2);
    board_free(b);
}
END_TEST

START_TEST(a_driver_is_idle_since_his_ride_ended)
{
    struct board *b = board_new();
    ck_assert_int_eq(board_idle_ms(b, SLICE("sf-d1"), 9000), BOARD_SILENT_MS);
    tell(b, "sf-1", 6, "complete", "completed", "sf-d1", "sf-1.1");
    ck_assert_int_eq(board_idle_ms(b, SLICE("sf-d1"), 9000), 3000);
    ck_assert_int_eq(board_idle_ms(b, SLICE("sf-d1"), 5000), 0); /* our clock is behind */
    board_free(b);
}
END_TEST

START_TEST(gathering_looks_at_the_scarcest_product)
{
    struct board *b = board_new();
    uint32_t xl = board_product(b, SLICE("xl"));
    board_note_idle(b, xl, 100);
    tell(b, "sf-1", 1, "create", "requested", "", "");
    ck_assert_int_eq(board_gather_ms(b, 2000), 0);
    tell(b, "sf-2", 1, "create", "requested", "", "");
    ck_assert_int_eq(board_gather_ms(b, 2000), 0); /* who is idle has not been counted */
    board_note_idle(b, board_product(b, SLICE("economy")), 0);
    ck_assert_int_eq(board_gather_ms(b, 2000), 2000);
    board_note_idle(b, board_product(b, SLICE("economy")), 4);
    ck_assert_int_eq(board_gather_ms(b, 2000), 0);
    board_free(b);
}
END_TEST

START_TEST(what_strangers_can_make_grow_has_an_end)
{
    struct board *b = board_new();
    char name[32];
    uint32_t economy = board_product(b, SLICE("economy"));
    for (int i = 0; i < BOARD_RIDES_MAX + 10; i++) {
        (void)snprintf(name, sizeof name, "sf-%d", i);
        tell(b, name, 1, "create", "requested", "", "");
        (void)snprintf(name, sizeof name, "sf-d%d", i);
        tell(b, "sf-over", i + 1, "complete", "completed", name, "");
    }
    ck_assert_uint_eq(board_waiting(b, economy), BOARD_RIDES_MAX);
    for (int i = 0; i < 2 * BOARD_PRODUCTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "p%d", i);
        ck_assert_uint_le(board_product(b, slice_of(name)), BOARD_PRODUCTS_MAX);
    }
    board_sweep(b, BOARD_SILENT_MS + 1000);
    ck_assert_uint_eq(board_waiting(b, economy), 0);
    board_free(b);
}
END_TEST

START_TEST(names_too_long_for_us_are_left_out)
{
    struct board *b = board_new();
    char name[200];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    tell(b, name, 1, "create", "requested", "", "");
    tell(b, "sf-1", 3, "accept", "assigned", name, "sf-1.1");
    tell(b, "sf-2", 3, "accept", "assigned", "sf-d1", name);
    tell(b, "", 1, "create", "requested", "", "");
    ck_assert_uint_eq(coming(b), 0);
    ck_assert_uint_eq(board_waiting(b, 0), 0);
    board_free(b);
}
END_TEST

UNIT_SUITE("board", a_ride_waits_then_comes_then_is_gone, an_event_that_is_no_newer_changes_nothing,
           a_ride_sent_back_waits_again, exchanges_are_counted_and_a_hold_ends_with_the_next_event,
           a_driver_is_idle_since_his_ride_ended, gathering_looks_at_the_scarcest_product,
           what_strangers_can_make_grow_has_an_end, names_too_long_for_us_are_left_out)
