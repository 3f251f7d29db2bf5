#include "sim/report.h"
#include "sim/view.h"

#include "tests/lib/unit.h"

#include "base/rng.h"
#include "sim/alarm.h"

START_TEST(quantiles_are_exact)
{
    struct sample s = {0};
    ck_assert_double_eq(sample_quantile(&s, 0.5), 0);
    ck_assert_double_eq(sample_mean(&s), 0);
    for (int i = 100; i >= 1; i--) {
        sample_add(&s, i);
    }
    ck_assert_double_eq(sample_quantile(&s, 0.5), 50);
    ck_assert_double_eq(sample_quantile(&s, 0.99), 99);
    ck_assert_double_eq(sample_quantile(&s, 0), 1);
    ck_assert_double_eq(sample_max(&s), 100);
    ck_assert_double_eq(sample_mean(&s), 50.5);
    sample_add(&s, 1000);
    ck_assert_double_eq(sample_max(&s), 1000);
    sample_fini(&s);
}
END_TEST

static struct report balanced(uint64_t rides)
{
    struct report r = {.region = "sf", .requested = rides};
    r.totals.rides = rides;
    r.totals.by_status[RIDE_COMPLETED] = rides;
    return r;
}

START_TEST(the_report_has_the_promised_shape)
{
    struct report r = balanced(3);
    struct buf out = {0};
    r.trips_file = "a \"quoted\".csv";
    r.from_ms = 1211155200000;
    sample_add(&r.push_ms, 2.5);
    report_json(&r, &out);
    json_t *j = json_loadb(out.p, out.len, 0, NULL);
    ck_assert_ptr_nonnull(j);
    static const char *const members[] = {"input",   "seconds", "rides",      "behaviour",
                                          "pings",   "pickup",  "latency_ms", "violations",
                                          "retries", "ok"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        ck_assert_ptr_nonnull(json_object_get(j, members[i]));
    }
    ck_assert(json_is_true(json_object_get(j, "ok")));
    const json_t *input = json_object_get(j, "input");
    ck_assert(slice_is(view_str(input, "trips_file"), "a \"quoted\".csv"));
    ck_assert(slice_is(view_str(input, "from"), "2008-05-19T00:00:00.000Z"));
    const json_t *push = json_object_get(json_object_get(j, "latency_ms"), "push");
    ck_assert_double_eq(json_number_value(json_object_get(push, "p99")), 2.5);
    json_decref(j);
    buf_fini(&out);
    report_fini(&r);
}
END_TEST

START_TEST(ok_needs_everything_to_balance)
{
    struct report r = balanced(10);
    ck_assert(report_ok(&r));
    r.violations.lost_ride = 1;
    ck_assert(!report_ok(&r));

    r = balanced(10);
    r.totals.by_status[RIDE_COMPLETED]--;
    r.totals.by_status[RIDE_ASSIGNED]++;
    ck_assert_uint_eq(report_open(&r), 1);
    ck_assert(!report_ok(&r));

    r = balanced(10);
    r.unanswered = 1;
    ck_assert(!report_ok(&r));

    r = balanced(10);
    r.unread = 1;
    ck_assert(!report_ok(&r));

    r = balanced(1001);
    ck_assert(!report_ok(&r)); /* a large run must have seen every behaviour */
    r.behaviour = (struct report_behaviour){1, 1, 1, 1, 1, 1};
    ck_assert(report_ok(&r));
}
END_TEST

START_TEST(a_ride_view_reads_what_apps_need)
{
    json_t *j = json_loads(
        "{\"ride_id\":\"la-1\",\"status\":\"assigned\",\"version\":3,\"lease_id\":\"la-1.1\","
        "\"driver\":{\"driver_id\":\"la-d\"},\"pickup\":{\"lat\":34,\"lon\":-118},"
        "\"dropoff\":{\"lat\":34.1,\"lon\":-118},\"timeline\":["
        "{\"status\":\"assigned\",\"at\":\"1970-01-01T00:00:01.000Z\"},"
        "{\"status\":\"requested\",\"at\":\"1970-01-01T00:00:02.000Z\"},"
        "{\"status\":\"assigned\",\"at\":\"1970-01-01T00:00:03.000Z\"}]}",
        0, NULL);
    struct ride_view v;
    ck_assert(view_ride(j, &v));
    ck_assert_int_eq(v.look.at_ms, 3000);
    ck_assert_uint_eq(v.look.version, 3);
    ck_assert(slice_is(v.look.driver_id, "la-d"));
    ck_assert(slice_is(v.lease_id, "la-1.1"));
    ck_assert(v.has_ends);

    json_t *problem = json_pack("{s:s, s:O}", "code", "stale_lease", "ride", j);
    ck_assert(view_reply_ride(problem, &v));
    ck_assert(!view_ride(problem, &v));
    json_object_set_new(j, "version", json_string("3"));
    ck_assert(!view_ride(j, &v));
    ck_assert(!view_ride(NULL, &v));
    json_decref(problem);
    json_decref(j);
}
END_TEST

START_TEST(frames_are_told_apart)
{
    json_t *j = json_loads("{\"type\":\"snapshot\",\"data\":{\"ride\":null,\"offer\":"
                           "{\"offer_id\":\"o\",\"ride_id\":\"r\",\"expires_in_ms\":900}}}",
                           0, NULL);
    struct offer_view o;
    struct frame_view f = view_frame(j);
    ck_assert_int_eq(f.kind, VIEW_SNAPSHOT);
    ck_assert_ptr_null(f.ride);
    ck_assert(view_offer(f.offer, &o));
    ck_assert_int_eq(o.expires_in_ms, 900);
    json_decref(j);
    ck_assert_int_eq(view_frame(NULL).kind, VIEW_OTHER);
}
END_TEST

static int fired;

static void fire(void *data)
{
    ck_assert_int_eq(fired, *(int *)data);
    fired++;
}

START_TEST(alarms_fire_in_order_and_once)
{
    struct alarms all = {{0}};
    struct alarm a[4] = {{{0}, NULL, NULL}};
    int numbers[4] = {0, 1, 2, 3};
    alarm_set(&all, &a[2], 30, fire, &numbers[2]);
    alarm_set(&all, &a[0], 90, fire, &numbers[0]);
    alarm_set(&all, &a[1], 20, fire, &numbers[1]);
    alarm_set(&all, &a[3], 25, fire, &numbers[3]);
    alarm_set(&all, &a[0], 10, fire, &numbers[0]); /* moves */
    alarm_clear(&all, &a[3]);
    ck_assert_int_eq(alarms_next(&all), 10);
    alarms_run(&all, 20);
    ck_assert_int_eq(fired, 2);
    alarms_run(&all, 1000);
    ck_assert_int_eq(fired, 3);
    ck_assert_int_eq(alarms_next(&all), INT64_MAX);
    alarms_fini(&all);
}
END_TEST

UNIT_SUITE("report", quantiles_are_exact, the_report_has_the_promised_shape,
           ok_needs_everything_to_balance, a_ride_view_reads_what_apps_need, frames_are_told_apart,
           alarms_fire_in_order_and_once)
