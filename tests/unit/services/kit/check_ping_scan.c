#include "services/kit/core/ping_scan.h"

#include "base/buf.h"
#include "base/rng.h"
#include "tests/lib/ping_oracle.h"
#include "tests/lib/unit.h"

#define POINT "{\"lat\":37.5,\"lon\":-122.25,\"ts_ms\":1211180427000}"

static struct ping points[PING_POINTS_MAX];
static uint32_t count;
static struct ping_scan_error error;

static enum ping_scan scan(const char *text)
{
    ck_assert_msg(ping_oracle_agrees(slice_of(text)), "jansson disagrees: %s", text);
    return ping_scan_points(slice_of(text), points, &count, &error);
}

static void refused(const char *text, enum ping_scan verdict, const char *where)
{
    ck_assert_msg(scan(text) == verdict, "%s", text);
    ck_assert_str_eq(error.where, where);
    ck_assert_ptr_nonnull(error.what);
}

START_TEST(a_point_is_read_with_all_its_members)
{
    ck_assert_int_eq(scan("{\"points\":[{\"lat\":37.5,\"lon\":-122.25,\"ts_ms\":1211180427000,"
                          "\"acc_m\":8,\"speed_mps\":12.5,\"bearing_deg\":359.9}]}"),
                     PING_SCAN_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(points[0].at.lat == 37.5 && points[0].at.lon == -122.25);
    ck_assert_int_eq(points[0].time_ms, 1211180427000);
    ck_assert(points[0].acc_m == 8);
    ck_assert(points[0].speed_mps == 12.5);
    ck_assert(points[0].bearing_deg == 359.9);
}
END_TEST

START_TEST(members_come_in_any_order_and_unknown_ones_are_skipped)
{
    ck_assert_int_eq(scan(" { \"x\" : [1,{\"points\":[]},\"]\"] , \"points\" : [ { \"ts_ms\" : 5 "
                          ", \"more\":{\"lat\":1}, \"lon\":2,\"lat\":-0 } ] , \"y\" : null } \n"),
                     PING_SCAN_OK);
    ck_assert(points[0].at.lat == 0 && points[0].at.lon == 2);
    ck_assert(isnan(points[0].acc_m));
}
END_TEST

START_TEST(an_escaped_name_is_the_same_name)
{
    ck_assert_int_eq(scan("{\"\\u0070oints\":[{\"l\\u0061t\":1,\"lon\":2,\"ts_ms\":3}]}"),
                     PING_SCAN_OK);
    ck_assert(points[0].at.lat == 1);
}
END_TEST

START_TEST(of_a_repeated_member_the_last_counts)
{
    ck_assert_int_eq(scan("{\"points\":7,\"points\":[{\"lat\":\"x\",\"lat\":1,\"lon\":2,"
                          "\"ts_ms\":1.5,\"ts_ms\":3}]}"),
                     PING_SCAN_OK);
    ck_assert(points[0].at.lat == 1);
    ck_assert_int_eq(points[0].time_ms, 3);
    refused("{\"points\":[" POINT "],\"points\":7}", PING_SCAN_INVALID, "/points");
    refused("{\"points\":[{\"lat\":1,\"lon\":2,\"ts_ms\":3,\"lat\":null}]}", PING_SCAN_INVALID,
            "/points/0/lat");
}
END_TEST

START_TEST(values_out_of_range_are_invalid_and_named)
{
    refused("{\"points\":[" POINT ",{\"lat\":85.06,\"lon\":0,\"ts_ms\":1}]}", PING_SCAN_INVALID,
            "/points/1/lat");
    refused("{\"points\":[{\"lat\":0,\"lon\":-180.1,\"ts_ms\":1}]}", PING_SCAN_INVALID,
            "/points/0/lon");
    refused("{\"points\":[{\"lat\":0,\"lon\":0,\"ts_ms\":0}]}", PING_SCAN_INVALID,
            "/points/0/ts_ms");
    refused("{\"points\":[{\"lat\":0,\"lon\":0,\"ts_ms\":1.0}]}", PING_SCAN_INVALID,
            "/points/0/ts_ms");
    refused("{\"points\":[{\"lat\":\"0\",\"lon\":0,\"ts_ms\":1}]}", PING_SCAN_INVALID,
            "/points/0/lat");
    refused("{\"points\":[{\"lat\":0,\"ts_ms\":1}]}", PING_SCAN_INVALID, "/points/0/lon");
    refused("{\"points\":[{\"lat\":0,\"lon\":0,\"ts_ms\":1,\"acc_m\":-1}]}", PING_SCAN_INVALID,
            "/points/0/acc_m");
    refused("{\"points\":[1]}", PING_SCAN_INVALID, "/points/0");
}
END_TEST

START_TEST(a_negative_speed_or_bearing_means_unknown)
{
    ck_assert_int_eq(scan("{\"points\":[{\"lat\":0,\"lon\":0,\"ts_ms\":1,\"speed_mps\":-1,"
                          "\"bearing_deg\":-1}]}"),
                     PING_SCAN_OK);
    ck_assert(isnan(points[0].speed_mps) && isnan(points[0].bearing_deg));
}
END_TEST

START_TEST(what_is_no_json_is_malformed)
{
    static const char *const bad[] = {
        "",
        " ",
        "x",
        "7",
        "\"points\"",
        "{",
        "{\"points\"",
        "{\"points\":",
        "{\"points\":[",
        "{\"points\":[]",
        "{\"points\":[" POINT ",]}",
        "{\"points\":[" POINT "]}x",
        "{\"points\":[" POINT "]}{}",
        "{\"points\":[" POINT "],}",
        "{points:[]}",
        "{'points':[]}",
        "{\"points\":[{\"lat\":01,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":+1,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":1.,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":.5,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":1e,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":1e999,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":NaN,\"lon\":0,\"ts_ms\":1}]}",
        "{\"points\":[{\"lat\":99999999999999999999,\"lon\":0,\"ts_ms\":1}]}",
        "{\"a\":\"\\ud800\",\"points\":[" POINT "]}",
        "{\"a\":\"\\udc00\",\"points\":[" POINT "]}",
        "{\"a\":\"\\u0000\",\"points\":[" POINT "]}",
        "{\"a\":\"\\x\",\"points\":[" POINT "]}",
        "{\"a\":\"\n\",\"points\":[" POINT "]}",
        "{\"a\":\"\xff\",\"points\":[" POINT "]}",
        "{\"a\":\"\xc0\x80\",\"points\":[" POINT "]}",
        "{\"a\":\"\xed\xa0\x80\",\"points\":[" POINT "]}",
        "{\"a\":\"\xf4\x90\x80\x80\",\"points\":[" POINT "]}",
        "{\"a\":tru,\"points\":[" POINT "]}",
        "{\"a\":truex,\"points\":[" POINT "]}",
        "\xef\xbb\xbf{\"points\":[" POINT "]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i], PING_SCAN_MALFORMED, "");
}
END_TEST

START_TEST(malformed_outranks_invalid)
{
    refused("{\"points\":[{\"lat\":900}]", PING_SCAN_MALFORMED, "");
    refused("[]", PING_SCAN_INVALID, "");
    refused("[", PING_SCAN_MALFORMED, "");
    refused("{}", PING_SCAN_INVALID, "/points");
    refused("{\"points\":[]}", PING_SCAN_INVALID, "/points");
    refused("{\"points\":null}", PING_SCAN_INVALID, "/points");
}
END_TEST

START_TEST(a_hundred_points_pass_and_one_more_does_not)
{
    for (int n = 100; n <= 101; n++) {
        struct buf b = {0};
        buf_add_cstr(&b, "{\"points\":[");
        for (int i = 0; i < n; i++)
            buf_addf(&b, "%s{\"lat\":%d,\"lon\":1,\"ts_ms\":%d}", i == 0 ? "" : ",", i % 80, i + 1);
        buf_add_cstr(&b, "]}");
        ck_assert(ping_oracle_agrees(buf_slice(&b)));
        enum ping_scan v = ping_scan_points(buf_slice(&b), points, &count, &error);
        ck_assert_int_eq(v, n == 100 ? PING_SCAN_OK : PING_SCAN_INVALID);
        if (n == 100) ck_assert_int_eq(points[99].time_ms, 100);
        buf_fini(&b);
    }
}
END_TEST

START_TEST(deep_nesting_is_malformed_and_bounded)
{
    struct buf b = {0};
    buf_add_cstr(&b, "{\"x\":");
    for (int i = 0; i < 100000; i++)
        buf_add_char(&b, '[');
    ck_assert_int_eq(ping_scan_points(buf_slice(&b), points, &count, &error), PING_SCAN_MALFORMED);
    ck_assert_str_eq(error.what, "nested too deep");
    buf_fini(&b);
}
END_TEST

START_TEST(a_feed_line_names_its_driver)
{
    struct ping p;
    char id[PING_ID_MAX + 1] = "";
    struct slice line = SLICE("{\"driver_id\":\"sf-\\u0037\",\"lat\":1,\"lon\":2,\"ts_ms\":3}");
    ck_assert(ping_oracle_agrees(line));
    ck_assert_int_eq(ping_scan_line(line, &p, id, &error), PING_SCAN_OK);
    ck_assert_str_eq(id, "sf-7");
    ck_assert_int_eq(p.time_ms, 3);

    line = SLICE("{\"lat\":1,\"lon\":2,\"ts_ms\":3}");
    ck_assert_int_eq(ping_scan_line(line, &p, id, &error), PING_SCAN_INVALID);
    ck_assert_str_eq(error.where, "/driver_id");
    line = SLICE("{\"driver_id\":7,\"lat\":1,\"lon\":2,\"ts_ms\":3}");
    ck_assert_int_eq(ping_scan_line(line, &p, id, &error), PING_SCAN_INVALID);
    line = SLICE("{\"driver_id\":\"\xc3\xa4\",\"lat\":1,\"lon\":2,\"ts_ms\":3}");
    ck_assert_int_eq(ping_scan_line(line, &p, id, &error), PING_SCAN_INVALID);
    line = SLICE("nonsense");
    ck_assert_int_eq(ping_scan_line(line, &p, id, &error), PING_SCAN_MALFORMED);
}
END_TEST

/* Goal: scanner and jansson agree on everything that is nearly a body.
 * Method: start from good texts; flip, drop, double and splice bytes and tokens, 200,000 times. */
START_TEST(a_mutated_body_is_judged_as_jansson_judges_it)
{
    static const char *const seeds[] = {
        "{\"points\":[" POINT "]}",
        "{\"points\":[{\"lat\":37.5,\"lon\":-1e2,\"ts_ms\":7,\"acc_m\":8,\"speed_mps\":0.5E1}]}",
        "{\"driver_id\":\"sf-7\",\"lat\":1,\"lon\":2,\"ts_ms\":3}",
        "{\"a\":[true,false,null,{\"b\":\"\\u00e4\\ud83d\\ude00\"}],\"points\":[" POINT "]}",
        "{\"points\":[" POINT "," POINT "],\"points\":[" POINT "]}",
    };
    static const char *const tokens[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"",
                                         "\\",
                                         "null",
                                         "true",
                                         "-",
                                         ".",
                                         "e",
                                         "0",
                                         "9",
                                         "\"lat\":",
                                         "\"points\":",
                                         "\"ts_ms\":",
                                         "\\u0061",
                                         "\\ud800",
                                         "\\",
                                         " ",
                                         "1e308",
                                         "1e400",
                                         "-0",
                                         "\xc3\xa4",
                                         "\xed\xa0\x80",
                                         "\x01",
                                         "90.5",
                                         "\"driver_id\":",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         POINT};
    enum { SEEDS = sizeof seeds / sizeof seeds[0], TOKENS = sizeof tokens / sizeof tokens[0] };
    struct rng rng;
    rng_init(&rng, 99);
    for (int round = 0; round < 200000; round++) {
        struct buf b = {0};
        buf_add_cstr(&b, seeds[rng_below(&rng, SEEDS)]);
        uint64_t changes = 1 + rng_below(&rng, 4);
        for (uint64_t i = 0; i < changes; i++) {
            size_t at = (size_t)rng_below(&rng, b.len + 1);
            struct buf next = {0};
            buf_add(&next, b.p, at);
            uint64_t how = rng_below(&rng, 4);
            if (how == 0) buf_add_cstr(&next, tokens[rng_below(&rng, TOKENS)]);
            if (how == 1) buf_add_char(&next, (char)rng_below(&rng, 256));
            size_t skip = how >= 2 ? (size_t)rng_below(&rng, 6) : 0;
            if (how == 3) buf_add_cstr(&next, tokens[rng_below(&rng, TOKENS)]);
            buf_add_slice(&next, slice_from(buf_slice(&b), at + skip));
            buf_fini(&b);
            b = next;
        }
        ck_assert_msg(ping_oracle_agrees(buf_slice(&b)), "round %d: %.*s", round, (int)b.len, b.p);
        buf_fini(&b);
    }
}
END_TEST

UNIT_SUITE("ping_scan", a_point_is_read_with_all_its_members,
           members_come_in_any_order_and_unknown_ones_are_skipped, an_escaped_name_is_the_same_name,
           of_a_repeated_member_the_last_counts, values_out_of_range_are_invalid_and_named,
           a_negative_speed_or_bearing_means_unknown, what_is_no_json_is_malformed,
           malformed_outranks_invalid, a_hundred_points_pass_and_one_more_does_not,
           deep_nesting_is_malformed_and_bounded, a_feed_line_names_its_driver,
           a_mutated_body_is_judged_as_jansson_judges_it)
