#include "services/kit/profile.h"

#include "services/kit/reply.h"

#include "tests/lib/unit.h"

static const struct profile ada = {.driver_id = {"la-d1", 5},
                                   .name = {"Ada \"A\"", 7},
                                   .rating = 4.8,
                                   .make = {"Toyota", 6},
                                   .model = {"Prius", 5},
                                   .plate = {"7ABC", 4},
                                   .color = {"blue", 4},
                                   .products = {"economy,xl", 10},
                                   .languages = {"en, es", 6},
                                   .completed_trips = 12};

enum { PARTS_MAX = 16 };

/* Parses the hash that has these fields and values. */
static bool parse(const char *const *parts, size_t n, struct arena *arena, struct profile *out)
{
    redisReply each[PARTS_MAX];
    redisReply *element[PARTS_MAX];
    ck_assert_uint_le(n, PARTS_MAX);
    for (size_t i = 0; i < n; i++) {
        each[i] = (redisReply){.type = REDIS_REPLY_STRING,
                               .str = (char *)(uintptr_t)parts[i],
                               .len = strlen(parts[i])};
        element[i] = &each[i];
    }
    redisReply all = {.type = REDIS_REPLY_ARRAY, .elements = n, .element = element};
    return profile_parse(&all, SLICE("la-d1"), arena, out);
}

START_TEST(a_profile_is_read_from_its_hash_whatever_the_order)
{
    const char *parts[] = {"plate",      "7ABC", "rating", "4.25",      "accessible",
                           "1",          "name", "Ada",    "languages", "en,es",
                           "from_later", "x",    "make",   "Toyota"};
    struct arena arena = {0};
    struct profile p;
    ck_assert(parse(parts, 14, &arena, &p));
    ck_assert(slice_is(p.driver_id, "la-d1"));
    ck_assert(slice_is(p.name, "Ada"));
    ck_assert(slice_is(p.plate, "7ABC"));
    ck_assert(slice_is(p.make, "Toyota"));
    ck_assert_uint_eq(p.model.len, 0);
    ck_assert_double_eq(p.rating, 4.25);
    ck_assert(p.accessible);
    ck_assert_int_eq(p.completed_trips, 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(an_empty_hash_is_no_profile_and_writes_nothing)
{
    struct arena arena = {0};
    struct profile p = ada;
    ck_assert(!parse(NULL, 0, &arena, &p));
    ck_assert(!profile_parse(NULL, SLICE("la-d1"), &arena, &p));
    ck_assert(slice_eq(p.name, ada.name));
    arena_fini(&arena);
}
END_TEST

START_TEST(the_first_constraint_that_is_not_met_is_named)
{
    ck_assert_ptr_null(profile_unmet(&ada, &(struct constraints){0}));
    ck_assert_str_eq(profile_unmet(&ada, &(struct constraints){.min_rating = 4.9}), "rating");
    ck_assert_ptr_null(profile_unmet(&ada, &(struct constraints){.min_rating = 4.8}));
    ck_assert_ptr_null(profile_unmet(&ada, &(struct constraints){.vehicle = SLICE("PRIUS")}));
    ck_assert_ptr_null(profile_unmet(&ada, &(struct constraints){.vehicle = SLICE("toyota")}));
    ck_assert_str_eq(profile_unmet(&ada, &(struct constraints){.vehicle = SLICE("Pri")}),
                     "vehicle");
    ck_assert_ptr_null(profile_unmet(&ada, &(struct constraints){.language = SLICE("ES")}));
    ck_assert_str_eq(profile_unmet(&ada, &(struct constraints){.language = SLICE("e")}),
                     "language");
    ck_assert_str_eq(profile_unmet(&ada, &(struct constraints){.accessible = true}), "accessible");
}
END_TEST

START_TEST(lists_are_searched_by_whole_words)
{
    ck_assert(profile_lists(SLICE("economy, XL"), SLICE("xl")));
    ck_assert(!profile_lists(SLICE("economy,xl"), SLICE("econ")));
    ck_assert(!profile_lists(SLICE(""), SLICE("xl")));
}
END_TEST

START_TEST(constraints_are_read_from_json_and_anything_else_is_refused)
{
    struct arena arena = {0};
    struct constraints c;
    ck_assert(constraints_parse(SLICE(""), &arena, &c));
    ck_assert_ptr_null(profile_unmet(&ada, &c));
    ck_assert(constraints_parse(
        SLICE("{\"min_rating\":4.5,\"vehicle\":\"Prius\",\"accessible\":true,\"new\":[]}"), &arena,
        &c));
    ck_assert_double_eq(c.min_rating, 4.5);
    ck_assert(slice_is(c.vehicle, "Prius"));
    ck_assert_uint_eq(c.language.len, 0);
    ck_assert(c.accessible);
    ck_assert(!constraints_parse(SLICE("[]"), &arena, &c));
    ck_assert(!constraints_parse(SLICE("{"), &arena, &c));
    ck_assert(!constraints_parse(SLICE("{\"vehicle\":\"a\",\"vehicle\":\"b\"}"), &arena, &c));
    arena_fini(&arena);
}
END_TEST

START_TEST(riders_see_the_card_and_the_api_shows_all)
{
    struct buf card = {0};
    struct buf all = {0};
    profile_card_json(&card, &ada);
    profile_json(&all, &ada);
    ck_assert(
        slice_is(buf_slice(&card),
                 "{\"name\":\"Ada \\\"A\\\"\",\"rating\":4.8,\"vehicle\":{\"make\":\"Toyota\","
                 "\"model\":\"Prius\",\"plate\":\"7ABC\",\"color\":\"blue\"}}"));
    ck_assert(slice_starts(buf_slice(&all), SLICE("{\"driver_id\":\"la-d1\",\"name\":")));
    buf_add_char(&all, '\0');
    ck_assert_ptr_nonnull(strstr(all.p, "\"products\":[\"economy\",\"xl\"]"));
    ck_assert_ptr_nonnull(strstr(all.p, "\"completed_trips\":12}"));
    buf_fini(&card);
    buf_fini(&all);
}
END_TEST

UNIT_SUITE("profile", a_profile_is_read_from_its_hash_whatever_the_order,
           an_empty_hash_is_no_profile_and_writes_nothing,
           the_first_constraint_that_is_not_met_is_named, lists_are_searched_by_whole_words,
           constraints_are_read_from_json_and_anything_else_is_refused,
           riders_see_the_card_and_the_api_shows_all)
