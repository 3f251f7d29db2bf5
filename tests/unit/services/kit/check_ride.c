#include "services/kit/ride.h"

#include <hiredis/hiredis.h>
#include <jansson.h>

#include "base/must.h"
#include "tests/lib/unit.h"

/* A flat array reply of these texts, NULL at the end. Free with freeReplyObject. */
static redisReply *reply_of(const char *const *texts)
{
    struct buf wire = {0};
    void *reply = NULL;
    size_t n = 0;

    while (texts[n] != NULL)
        n++;
    buf_addf(&wire, "*%zu\r\n", n);
    for (size_t i = 0; i < n; i++)
        buf_addf(&wire, "$%zu\r\n%s\r\n", strlen(texts[i]), texts[i]);
    redisReader *reader = redisReaderCreate();
    must(redisReaderFeed(reader, wire.p, wire.len) == REDIS_OK);
    must(redisReaderGetReply(reader, &reply) == REDIS_OK);
    redisReaderFree(reader);
    buf_fini(&wire);
    return reply;
}

static const char *const arrived[] = {
    "ride_id",
    "la-R1",
    "status",
    "arrived",
    "version",
    "4",
    "attempt",
    "2",
    "rider_id",
    "r\"7",
    "product",
    "economy",
    "created_ms",
    "1700000000000",
    "updated_ms",
    "1700000009000",
    "created_status",
    "requested",
    "pickup",
    "{\"lat\":1.5,\"lon\":2.5}",
    "dropoff",
    "{\"lat\":1.6,\"lon\":2.6}",
    "stops",
    "[]",
    "pickup_lat",
    "1.5",
    "fare",
    "{\"amount_minor\":900,\"currency\":\"USD\"}",
    "currency",
    "USD",
    "driver_id",
    "la-d1",
    "driver_card",
    "{\"name\":\"Bo\",\"rating\":4.9}",
    "lease",
    "la-R1.2",
    "excluded",
    " la-d3 la-d4 ",
    "start_code",
    "4711",
    "pickup_eta_s",
    "30",
    "quote_eta_s",
    "90",
    "note",
    "ring \"twice\"\n",
    "timeline",
    "requested@1700000000000 offered@1700000001000 assigned@1700000002000",
    "of_the_future",
    "x",
    NULL,
};

static json_t *json_of(const struct ride *r, enum ride_audience audience,
                       const struct ride_extra *extra)
{
    struct buf out = {0};
    json_error_t error;
    ride_json(&out, r, audience, extra);
    json_t *j = json_loadb(out.p, out.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(j != NULL, "%s in %.*s", error.text, (int)out.len, out.p);
    buf_fini(&out);
    return j;
}

START_TEST(a_ride_is_read_from_its_hash)
{
    redisReply *reply = reply_of(arrived);
    struct ride r;
    ck_assert(ride_parse(reply, &r));
    ck_assert_int_eq(r.status, RIDE_ARRIVED);
    ck_assert_int_eq(r.version, 4);
    ck_assert(slice_is(r.region, "la"));
    ck_assert(r.pickup_lat == 1.5);
    ck_assert_int_eq(r.fee_minor, -1);
    ck_assert_int_eq(r.ended_ms, 0);
    ck_assert(ride_is_excluded(r.excluded, SLICE("la-d3")));
    ck_assert(ride_is_excluded(r.excluded, SLICE("la-d4")));
    ck_assert(!ride_is_excluded(r.excluded, SLICE("la-d")));
    ck_assert(!ride_is_excluded(r.excluded, SLICE("")));
    freeReplyObject(reply);
}
END_TEST

START_TEST(what_is_no_ride_is_not_read)
{
    static const char *const none[] = {NULL};
    static const char *const nameless[] = {"status", "arrived", "version", "1", NULL};
    static const char *const strange[] = {"ride_id", "la-1", "status", "flying",
                                          "version", "1",    NULL};
    static const char *const unversioned[] = {"ride_id", "la-1", "status", "arrived", NULL};
    const char *const *all[] = {none, nameless, strange, unversioned};
    struct ride r = {.version = 77};

    ck_assert(!ride_parse(NULL, &r));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        redisReply *reply = reply_of(all[i]);
        ck_assert(!ride_parse(reply, &r));
        freeReplyObject(reply);
    }
    ck_assert_int_eq(r.version, 77);
}
END_TEST

START_TEST(each_audience_sees_its_own)
{
    redisReply *reply = reply_of(arrived);
    struct ride r;
    ck_assert(ride_parse(reply, &r));

    json_t *rider = json_of(&r, RIDE_FOR_RIDER, NULL);
    json_t *driver = json_of(&r, RIDE_FOR_DRIVER, NULL);
    json_t *ops = json_of(&r, RIDE_FOR_OPS, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(rider, "start_code")), "4711");
    ck_assert_ptr_null(json_object_get(rider, "lease_id"));
    ck_assert_str_eq(json_string_value(json_object_get(driver, "lease_id")), "la-R1.2");
    ck_assert_ptr_null(json_object_get(driver, "start_code"));
    ck_assert_ptr_null(json_object_get(ops, "start_code"));
    ck_assert_ptr_null(json_object_get(ops, "lease_id"));

    ck_assert_str_eq(json_string_value(json_object_get(rider, "rider_id")), "r\"7");
    ck_assert_str_eq(json_string_value(json_object_get(rider, "note")), "ring \"twice\"\n");
    ck_assert_int_eq((int)json_array_size(json_object_get(rider, "timeline")), 3);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(rider, "timeline"), 1), "status")),
                     "offered");
    ck_assert_str_eq(json_string_value(json_object_get(rider, "created_at")),
                     "2023-11-14T22:13:20.000Z");
    json_decref(rider);
    json_decref(driver);
    json_decref(ops);
    freeReplyObject(reply);
}
END_TEST

START_TEST(the_drivers_position_shows_only_while_he_drives_for_the_rider)
{
    redisReply *reply = reply_of(arrived);
    struct ride_extra extra = {.generation = 3, .has_position = true, .lat = 1.25, .lon = 2.25};
    struct ride r;
    ck_assert(ride_parse(reply, &r));

    json_t *j = json_of(&r, RIDE_FOR_RIDER, &extra);
    json_t *driver = json_object_get(j, "driver");
    ck_assert_str_eq(json_string_value(json_object_get(driver, "name")), "Bo");
    ck_assert(json_real_value(json_object_get(driver, "lat")) == 1.25);
    ck_assert_int_eq((int)json_integer_value(json_object_get(j, "generation")), 3);
    json_decref(j);

    r.status = RIDE_COMPLETED;
    r.driver_card = (struct slice){0};
    j = json_of(&r, RIDE_FOR_RIDER, &extra);
    ck_assert_ptr_null(json_object_get(json_object_get(j, "driver"), "lat"));
    ck_assert_ptr_nonnull(json_object_get(json_object_get(j, "driver"), "driver_id"));
    json_decref(j);
    freeReplyObject(reply);
}
END_TEST

START_TEST(the_first_reply_can_be_rebuilt_later)
{
    redisReply *reply = reply_of(arrived);
    struct ride r;
    ck_assert(ride_parse(reply, &r));
    struct ride was = ride_as_created(&r);
    ck_assert_int_eq(was.status, RIDE_REQUESTED);
    ck_assert_int_eq(was.version, 1);
    ck_assert_int_eq(was.attempt, 1);
    ck_assert_int_eq(was.pickup_eta_s, 90);
    ck_assert(slice_is(was.timeline, "requested@1700000000000"));

    json_t *j = json_of(&was, RIDE_FOR_RIDER, NULL);
    ck_assert_ptr_null(json_object_get(j, "driver"));
    ck_assert_str_eq(json_string_value(json_object_get(j, "start_code")), "4711");
    json_decref(j);
    freeReplyObject(reply);
}
END_TEST

START_TEST(a_copy_outlives_the_reply)
{
    struct arena arena = {0};
    redisReply *reply = reply_of(arrived);
    struct ride r;
    ck_assert(ride_parse(reply, &r));
    struct ride copy = ride_copy(&arena, &r);
    freeReplyObject(reply);
    ck_assert(slice_is(copy.ride_id, "la-R1"));
    ck_assert(slice_is(copy.region, "la"));
    ck_assert(slice_is(copy.lease, "la-R1.2"));
    ck_assert(ride_party_rider(&copy, SLICE("r\"7")));
    ck_assert(ride_party_driver(&copy, SLICE("la-d1")));
    ck_assert(!ride_party_driver(&copy, SLICE("")));
    arena_fini(&arena);
}
END_TEST

START_TEST(an_offer_shows_how_long_it_stands)
{
    struct ride r = {.ride_id = SLICE("la-R1"),
                     .offer_id = SLICE("la-R1.1"),
                     .pickup = SLICE("{}"),
                     .dropoff = SLICE("{}"),
                     .fare = SLICE("{}"),
                     .offer_expires_ms = 15000};
    for (int64_t now_ms = 1000; now_ms <= 21000; now_ms += 20000) {
        struct buf out = {0};
        ride_offer_json(&out, &r, now_ms);
        json_t *j = json_loadb(out.p, out.len, 0, NULL);
        ck_assert_ptr_nonnull(j);
        ck_assert_int_eq((int)json_integer_value(json_object_get(j, "expires_in_ms")),
                         now_ms == 1000 ? 14000 : 0);
        json_decref(j);
        buf_fini(&out);
    }
}
END_TEST

START_TEST(a_document_of_the_history_reads_like_the_ride_it_was)
{
    struct arena arena = {0};
    struct ride r = {0};
    struct slice doc =
        SLICE("{\"ride_id\":\"la-R1\",\"rider_id\":\"r1\",\"status\":\"completed\","
              "\"version\":7,\"ended_ms\":1764253000123,\"note\":\"t\\u00fcr \\\"x\\\"\","
              "\"pickup\":{\"lat\":37.774912,\"lon\":-122.4194},\"pickup_lat\":37.774912,"
              "\"driver_stars\":4,\"of_a_later_version\":[1]}");
    ck_assert(ride_parse_document(doc, &arena, &r));
    ck_assert_int_eq(r.status, RIDE_COMPLETED);
    ck_assert_int_eq(r.version, 7);
    ck_assert_int_eq(r.ended_ms, 1764253000123);
    ck_assert(slice_is(r.region, "la"));
    ck_assert(slice_is(r.note, "t\xc3\xbcr \"x\""));
    ck_assert(slice_is(r.pickup, "{\"lat\":37.774912,\"lon\":-122.4194}"));
    ck_assert(r.pickup_lat == 37.774912);
    ck_assert_int_eq(r.driver_stars, 4);
    ck_assert_int_eq(r.fee_minor, -1);

    static const char *const none[] = {
        "",
        "[]",
        "{}",
        "{\"ride_id\":\"la-1\"}",
        "{\"ride_id\":1",
        "{\"ride_id\":\"la-1\",\"status\":\"gone\",\"version\":1}",
        "{\"ride_id\":\"la-1\",\"status\":\"failed\",\"version\":0}"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert(!ride_parse_document(slice_of(none[i]), &arena, &r));
    ck_assert_int_eq(r.version, 7);
    arena_fini(&arena);
}
END_TEST

START_TEST(stars_are_shown_to_who_gave_them)
{
    struct ride r = {.ride_id = SLICE("la-R1"),
                     .version = 1,
                     .pickup = SLICE("{}"),
                     .dropoff = SLICE("{}"),
                     .fare = SLICE("{}"),
                     .driver_stars = 5,
                     .rider_stars = 2};
    static const struct {
        enum ride_audience audience;
        const char *shown, *hidden;
    } cases[] = {{RIDE_FOR_RIDER, "\"stars\":5", "stars\":2"},
                 {RIDE_FOR_DRIVER, "\"stars\":2", "stars\":5"},
                 {RIDE_FOR_OPS, "\"driver_stars\":5,\"rider_stars\":2", "\"stars\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = {0};
        ride_json(&out, &r, cases[i].audience, NULL);
        buf_add_char(&out, '\0');
        ck_assert_ptr_nonnull(strstr(out.p, cases[i].shown));
        ck_assert_ptr_null(strstr(out.p, cases[i].hidden));
        buf_fini(&out);
    }
}
END_TEST

UNIT_SUITE("ride", a_document_of_the_history_reads_like_the_ride_it_was,
           stars_are_shown_to_who_gave_them, a_ride_is_read_from_its_hash,
           what_is_no_ride_is_not_read, each_audience_sees_its_own,
           the_drivers_position_shows_only_while_he_drives_for_the_rider,
           the_first_reply_can_be_rebuilt_later, a_copy_outlives_the_reply,
           an_offer_shows_how_long_it_stands)
