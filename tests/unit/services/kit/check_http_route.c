#include "services/kit/http_impl.h"
#include "tests/lib/unit.h"

static void handler(struct http_req *req)
{
    (void)req;
}

static const struct http_route routes[] = {
    HTTP_ROUTE(GET, "/v1/rides/:id", handler, ROLE_ANY, BODY_NONE, "")
        HTTP_ROUTE(GET, "/v1/rides/live", handler, ROLE_ANY, BODY_NONE, "")
            HTTP_ROUTE(POST, "/v1/rides/:id/accept", handler, ROLE_ANY, BODY_JSON(10), "")
                HTTP_ROUTE(POST, "/v1/dl/:id/redrive/:n", handler, ROLE_ANY, BODY_NONE, "")
                    HTTP_ROUTE(POST, "/v1/locations:batch", handler, ROLE_ANY, BODY_NDJSON(10), "")
                        HTTP_ROUTE(GET, "/ops/*", handler, ROLE_ANY, BODY_NONE, "")};

static struct route_match find(const char *method, const char *path)
{
    struct route_match m;
    route_find(routes, sizeof routes / sizeof routes[0], method_parse(slice_of(method)),
               slice_of(path), &m);
    return m;
}

START_TEST(parameters_take_one_segment)
{
    struct route_match m = find("GET", "/v1/rides/la-1");
    ck_assert_ptr_eq(m.route, &routes[0]);
    ck_assert_uint_eq(m.params_count, 1);
    ck_assert(slice_is(m.params[0].name, "id"));
    ck_assert(slice_is(m.params[0].value, "la-1"));
    m = find("POST", "/v1/dl/a/redrive/b");
    ck_assert(slice_is(m.params[1].name, "n"));
    ck_assert(slice_is(m.params[1].value, "b"));
    ck_assert_uint_eq(find("GET", "/v1/rides/").methods, 0);
    ck_assert_uint_eq(find("GET", "/v1/rides").methods, 0);
    ck_assert_uint_eq(find("GET", "/v1/rides/a/b").methods, 0);
    ck_assert_uint_eq(find("GET", "/v1/rides/a/").methods, 0);
    ck_assert_uint_eq(find("GET", "").methods, 0);
}
END_TEST

START_TEST(words_win_over_parameters)
{
    ck_assert_ptr_eq(find("GET", "/v1/rides/live").route, &routes[1]);
    ck_assert_ptr_eq(find("HEAD", "/v1/rides/lively").route, &routes[0]);
}
END_TEST

START_TEST(a_star_takes_the_rest_and_a_colon_inside_a_word_is_itself)
{
    struct route_match m = find("GET", "/ops/a/b.js");
    ck_assert(slice_is(m.params[0].value, "a/b.js"));
    ck_assert(slice_is(find("GET", "/ops/").params[0].value, ""));
    m = find("POST", "/v1/locations:batch");
    ck_assert_ptr_eq(m.route, &routes[4]);
    ck_assert_uint_eq(m.params_count, 0);
    ck_assert_uint_eq(find("POST", "/v1/locations:other").methods, 0);
    ck_assert_uint_eq(find("POST", "/v1/locationsx").methods, 0);
}
END_TEST

START_TEST(methods_of_a_path_are_listed)
{
    struct buf out = {0};
    struct route_match m = find("DELETE", "/v1/rides/x");
    ck_assert_ptr_null(m.route);
    methods_list(m.methods, &out);
    ck_assert(slice_is(buf_slice(&out), "GET, HEAD, OPTIONS"));
    ck_assert_int_eq(method_parse(SLICE("get")), HTTP_METHODS);
    buf_fini(&out);
}
END_TEST

START_TEST(origins_are_compared_whole)
{
    ck_assert(origin_allowed("http://a, http://b", SLICE("http://b")));
    ck_assert(origin_allowed("*", SLICE("http://b")));
    ck_assert(!origin_allowed("http://a", SLICE("http://a.evil")));
    ck_assert(!origin_allowed("http://a", SLICE("")));
    ck_assert(!origin_allowed("", SLICE("http://a")));
}
END_TEST

UNIT_SUITE("http_route", parameters_take_one_segment, words_win_over_parameters,
           a_star_takes_the_rest_and_a_colon_inside_a_word_is_itself, methods_of_a_path_are_listed,
           origins_are_compared_whole)
