#include "tests/services/kit/demo.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static bool holds(const struct buf *b, const char *text)
{
    return b->len > 0 && memmem(b->p, b->len, text, strlen(text)) != NULL;
}

#define CHECK_ASK(want, line, headers, body)                                                       \
    do {                                                                                           \
        int got_ = demo_ask(d.port, (line), (headers), (body), &out);                              \
        if (got_ != (want)) (void)fprintf(stderr, "%s: %.*s\n", (line), (int)out.len, out.p);      \
        ck_assert_int_eq(got_, (want));                                                            \
    } while (0)

#define GOOD "{\"name\":\"a\",\"pickup\":{\"lat\":1,\"lon\":2}}"

START_TEST(paths_and_methods_are_answered_as_the_table_says)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    CHECK_ASK(404, "GET /nothing", NULL, NULL);
    ck_assert(holds(&out, "application/problem+json"));
    ck_assert(holds(&out, "\"code\":\"not_found\""));
    ck_assert(holds(&out, "\"request_id\":\""));
    CHECK_ASK(404, "GET /v1/things/", NULL, NULL);
    CHECK_ASK(404, "GET /v1/things/a/b", NULL, NULL);
    CHECK_ASK(405, "DELETE /v1/things/a", NULL, NULL);
    ck_assert(holds(&out, "Allow: GET, HEAD, POST, PUT, OPTIONS"));
    CHECK_ASK(405, "BREW /v1/things/a", NULL, NULL);
    CHECK_ASK(204, "OPTIONS /v1/things/a", NULL, NULL);
    ck_assert(holds(&out, "Allow: GET, HEAD, POST, PUT, OPTIONS"));
    ck_assert(!holds(&out, "Access-Control"));
    CHECK_ASK(200, "GET /v1/things/special", NULL, NULL);
    ck_assert(holds(&out, "special"));
    CHECK_ASK(200, "GET /files/a/b%20c", NULL, NULL);
    ck_assert(holds(&out, "a/b c"));
    CHECK_ASK(429, "GET /v1/busy", NULL, NULL);
    ck_assert(holds(&out, "Retry-After: 1"));
    CHECK_ASK(200, "GET /v1/store", NULL, NULL);
    ck_assert(holds(&out, "{\"store\":\"PONG\"}"));
    CHECK_ASK(422, "GET /v1/later?ms=x", NULL, NULL);
    ck_assert(holds(&out, "\"parameter\":\"ms\""));
    CHECK_ASK(422, "GET /v1/later", NULL, NULL);
    CHECK_ASK(422, "GET /v1/later?ms=60001", NULL, NULL);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("HEAD /v1/things/special HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    ck_assert(tcp_read_until(fd, NULL, &out));
    ck_assert(holds(&out, "HTTP/1.1 200"));
    ck_assert(holds(&out, "Content-Length: 7"));
    ck_assert(memcmp(out.p + out.len - 4, "\r\n\r\n", 4) == 0);
    (void)close(fd);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(bodies_are_read_with_all_their_errors)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    CHECK_ASK(201, "POST /v1/things/t1", "Idempotency-Key: \"k-1\"\r\n", GOOD);
    ck_assert(holds(&out, "ETag: \"v7\""));
    ck_assert(holds(&out, "{\"id\":\"t1\",\"name\":\"a\",\"lat\":1,"));
    ck_assert(holds(&out, "\"key\":\"k-1\""));

    CHECK_ASK(400, "POST /v1/things/t1", NULL, "{\"name\":");
    ck_assert(holds(&out, "\"code\":\"malformed\""));
    CHECK_ASK(400, "POST /v1/things/t1", NULL, "[]");
    CHECK_ASK(400, "POST /v1/things/t1", NULL, "");
    CHECK_ASK(400, "POST /v1/things/t1", NULL, "{\"name\":1,\"name\":2}");
    CHECK_ASK(400, "POST /v1/things/t1", NULL, "{\"name\":\"\xff\"}");
    CHECK_ASK(400, "POST /v1/things/t1", NULL, GOOD "x");

    CHECK_ASK(422, "POST /v1/things/t1", NULL,
              "{\"name\":\"a b\",\"pickup\":{\"lat\":86,\"lon\":\"x\"},\"stars\":5.5,\"color\":"
              "\"blue\",\"urgent\":1,\"when\":\"noon\",\"stops\":[{\"lat\":1},7]}");
    static const char *const pointers[] = {"/name",  "/pickup/lat", "/pickup/lon", "/stars",
                                           "/color", "/urgent",     "/when",       "/stops/0/lon"};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        char want[64];
        (void)snprintf(want, sizeof want, "\"pointer\":\"%s\"", pointers[i]);
        ck_assert_msg(holds(&out, want), "%s is not in %.*s", want, (int)out.len, out.p);
    }
    CHECK_ASK(422, "POST /v1/things/t1", NULL, "{\"name\":\"a\",\"pickup\":null}");
    ck_assert(holds(&out, "\"pointer\":\"/pickup\",\"detail\":\"is missing\""));
    CHECK_ASK(422, "POST /v1/things/t1", NULL, "{\"name\":\"a\",\"pickup\":[1,2]}");
    CHECK_ASK(422, "POST /v1/things/t1", NULL,
              "{\"name\":\"a\",\"pickup\":{\"lat\":1,\"lon\":2},\"stops\":[1,2,3,4]}");
    CHECK_ASK(400, "POST /v1/things/t1", NULL,
              "{\"name\":\"a\\u0000b\",\"pickup\":{\"lat\":1,\"lon\":2}}");
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

static void digest_of(uint16_t port, const char *body, char out_digest[65])
{
    struct buf out = {0};
    ck_assert_int_eq(demo_ask(port, "POST /v1/things/t", NULL, body, &out), 201);
    const char *at = strstr(out.p, "\"digest\":\"");
    ck_assert_ptr_nonnull(at);
    memcpy(out_digest, at + 10, 64);
    out_digest[64] = '\0';
    buf_fini(&out);
}

START_TEST(a_digest_is_of_the_meaning_not_of_the_bytes)
{
    struct demo_run d;
    char a[65];
    char b[65];
    char c[65];
    demo_start_with(&d, NULL);
    digest_of(d.port, GOOD, a);
    digest_of(d.port, "{ \"pickup\": {\"lon\":2, \"lat\":1}, \"name\":\"\\u0061\" }", b);
    digest_of(d.port, "{\"name\":\"a\",\"pickup\":{\"lat\":1,\"lon\":3}}", c);
    ck_assert_str_eq(a, b);
    ck_assert_str_ne(a, c);
    demo_end(&d);
}
END_TEST

START_TEST(sizes_and_types_are_refused)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    char big[3000];
    memset(big, ' ', sizeof big);
    big[sizeof big - 1] = '\0';
    CHECK_ASK(413, "POST /v1/things/t1", NULL, big);
    ck_assert(holds(&out, "\"code\":\"too_large\""));
    CHECK_ASK(413, "GET /v1/store", NULL, "x");
    CHECK_ASK(415, "POST /v1/things/t1", "Content-Type: text/plain\r\n", GOOD);
    CHECK_ASK(415, "POST /v1/things/t1", "Content-Type: application/x-www-form-urlencoded\r\n",
              GOOD);
    CHECK_ASK(201, "POST /v1/things/t1", "Content-Type: application/json; charset=utf-8\r\n", GOOD);
    CHECK_ASK(200, "POST /v1/lines", "Content-Type: application/x-ndjson\r\n", "{}\n{}\n");
    CHECK_ASK(415, "POST /v1/lines", "Content-Type: text/csv\r\n", "1");

    /* A body of unknown length that grows beyond the limit. */
    int fd = tcp_open(d.port);
    tcp_send(fd,
             SLICE("POST /v1/things/t1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 20; i++)
        tcp_send(fd,
                 SLICE("64\r\n"
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                       "xxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"));
    tcp_send(fd, SLICE("0\r\n\r\n"));
    ck_assert_int_eq(tcp_read_response(fd, &out), 413);
    (void)close(fd);

    /* A length far beyond what is worth reading: refused before the body. */
    fd = tcp_open(d.port);
    tcp_send(fd, SLICE("POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"));
    ck_assert_int_eq(tcp_read_response(fd, &out), 413);
    (void)close(fd);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(a_refused_body_does_not_spoil_the_next_request)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                       "GET /v1/things/special HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert_int_eq(tcp_read_response(fd, &out), 404);
    ck_assert_int_eq(tcp_read_response(fd, &out), 200);
    (void)close(fd);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    int fd = tcp_open(d.port);
    struct buf request = {0};
    for (int i = 0; i < 200; i++) {
        if (i % 3 == 0)
            buf_add_cstr(&request, "GET /v1/later?ms=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        else if (i % 3 == 1)
            buf_add_cstr(&request, "GET /v1/store HTTP/1.1\r\nHost: x\r\n\r\n");
        else
            buf_addf(&request, "GET /files/%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    }
    tcp_send(fd, buf_slice(&request));
    for (int i = 0; i < 200; i++) {
        char want[32];
        ck_assert_int_eq(tcp_read_response(fd, &out), 200);
        (void)snprintf(want, sizeof want,
                       i % 3 == 0   ? "late"
                       : i % 3 == 1 ? "PONG"
                                    : "\r\n\r\n%d",
                       i);
        ck_assert_msg(holds(&out, want), "request %d: %.*s", i, (int)out.len, out.p);
    }
    (void)close(fd);
    buf_fini(&request);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(many_connections_wait_at_once)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    int fds[300];
    for (int i = 0; i < 300; i++) {
        fds[i] = tcp_open(d.port);
        tcp_send(fds[i], SLICE("GET /v1/later?ms=50 HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++)
            ck_assert_int_eq(tcp_read_response(fds[i], &out), 200);
        for (int i = 0; i < 300 && round < 2; i++)
            tcp_send(fds[i], SLICE("GET /v1/store HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    for (int i = 0; i < 300; i++)
        (void)close(fds[i]);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(a_client_that_hangs_up_early_harms_nothing)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    for (int i = 0; i < 50; i++) {
        int fd = tcp_open(d.port);
        tcp_send(fd, SLICE("GET /v1/later?ms=30 HTTP/1.1\r\nHost: x\r\n\r\n"));
        struct linger hard = {.l_onoff = 1};
        if (i % 2 == 0) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        (void)close(fd);
        fd = tcp_open(d.port);
        tcp_send(fd, SLICE("POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"));
        (void)close(fd);
    }
    CHECK_ASK(200, "GET /v1/later?ms=60", NULL, NULL);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(a_large_reply_arrives_whole)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("GET /v1/big?n=20000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    ck_assert(tcp_read_until(fd, NULL, &out));
    ck_assert_uint_gt(out.len, 20000000);
    (void)close(fd);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(slow_requests_and_idle_connections_are_closed)
{
    static const char *const extra[] = {"--http-receive-timeout", "200ms", "--http-idle-timeout",
                                        "400ms", NULL};
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, extra);
    int half_header = tcp_open(d.port);
    int half_body = tcp_open(d.port);
    int idle = tcp_open(d.port);
    int working = tcp_open(d.port);
    tcp_send(half_header, SLICE("GET /v1/store HT"));
    tcp_send(half_body, SLICE("POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"));
    tcp_send(working, SLICE("GET /v1/later?ms=900 HTTP/1.1\r\nHost: x\r\n\r\n"));
    tcp_send(idle, SLICE("GET /v1/store HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert_int_eq(tcp_read_response(idle, &out), 200);
    ck_assert_int_eq(tcp_read_response(half_header, &out), 0);
    ck_assert_int_eq(tcp_read_response(half_body, &out), 0);
    ck_assert_int_eq(tcp_read_response(idle, &out), 0);
    ck_assert_int_eq(tcp_read_response(working, &out), 200);
    (void)close(half_header);
    (void)close(half_body);
    (void)close(idle);
    (void)close(working);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(garbage_is_answered_or_closed_and_nothing_else)
{
    static const char *const garbage[] = {
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /v1/store\r\n\r\n",
        "GET /v1/store HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /v1/store HTTP/1.1\r\n\r\n",
        "GET /v1/%00store HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello",
        "POST /v1/raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "GET /v1/store HTTP/1.1\r\nHost: x\r\nX: \x01\x02\xff\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    static const char *const extra[] = {"--http-receive-timeout", "200ms", "--http-idle-timeout",
                                        "300ms", NULL};
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, extra);
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        int fd = tcp_open(d.port);
        tcp_send(fd, slice_of(garbage[i]));
        (void)shutdown(fd, SHUT_WR);
        buf_clear(&out);
        (void)tcp_read_until(fd, NULL, &out);
        ck_assert_msg(!holds(&out, "HTTP/1.1 50") || holds(&out, "HTTP/1.1 505"),
                      "garbage %zu: %.*s", i, (int)out.len, out.p);
        (void)close(fd);
    }
    struct buf long_header = {0};
    buf_add_cstr(&long_header, "GET /v1/store HTTP/1.1\r\nHost: x\r\nX: ");
    for (int i = 0; i < 20000; i++)
        buf_add_char(&long_header, 'a');
    buf_add_cstr(&long_header, "\r\n\r\n");
    int status = http_ask(d.port, buf_slice(&long_header), &out);
    ck_assert(status == 0 || status == 413 || status == 431);
    CHECK_ASK(200, "GET /v1/store", NULL, NULL);
    buf_fini(&long_header);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(tokens_open_what_their_role_may)
{
    struct demo_run d;
    struct buf out = {0};
    struct buf bearer = {0};
    demo_start_with(&d, NULL);
    int64_t soon = clock_wall_ms() + 60000;
    CHECK_ASK(401, "GET /v1/me", NULL, NULL);
    ck_assert(holds(&out, "WWW-Authenticate: Bearer"));
    ck_assert(holds(&out, "\"code\":\"invalid_token\""));
    CHECK_ASK(401, "GET /v1/me", "Authorization: Basic YTpi\r\n", NULL);
    CHECK_ASK(401, "GET /v1/me", "Authorization: Bearer \r\n", NULL);
    CHECK_ASK(401, "GET /v1/me", "Authorization: Bearer a.b.c\r\n", NULL);
    CHECK_ASK(200, "GET /v1/me", demo_bearer(&bearer, ROLE_RIDER, soon), NULL);
    ck_assert(holds(&out, "\"sub\":\"r77\",\"role\":\"rider\""));
    CHECK_ASK(403, "GET /v1/ops", bearer.p, NULL);
    ck_assert(holds(&out, "\"code\":\"forbidden\""));
    CHECK_ASK(200, "GET /v1/ops", demo_bearer(&bearer, ROLE_OPS, soon), NULL);
    CHECK_ASK(401, "GET /v1/me", demo_bearer(&bearer, ROLE_OPS, clock_wall_ms() - 60000), NULL);
    ck_assert(holds(&out, "expired"));
    buf_fini(&bearer);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(ids_and_traces_are_kept_or_made)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct demo_run d;
    struct buf out = {0};
    struct buf headers = {0};
    demo_start_with(&d, NULL);
    (void)demo_bearer(&headers, ROLE_RIDER, clock_wall_ms() + 60000);
    headers.len--;
    size_t auth = headers.len;
    buf_addf(&headers, "X-Request-Id: my-id_1\r\ntraceparent: %s\r\n", trace);
    buf_add_char(&headers, '\0');
    CHECK_ASK(200, "GET /v1/me", headers.p, NULL);
    ck_assert(holds(&out, "X-Request-Id: my-id_1"));
    ck_assert(holds(&out, trace));

    headers.len = auth;
    buf_addf(&headers, "X-Request-Id: <script>\r\ntraceparent: 00-%032d-%016d-01\r\n", 0, 0);
    buf_add_char(&headers, '\0');
    CHECK_ASK(200, "GET /v1/me", headers.p, NULL);
    ck_assert(!holds(&out, "<script>"));
    ck_assert(holds(&out, "\"traceparent\":\"00-"));
    ck_assert(!holds(&out, "0000000000000000-01"));
    buf_fini(&headers);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(versions_are_matched)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    CHECK_ASK(204, "PUT /v1/things/a", NULL, "{}");
    CHECK_ASK(204, "PUT /v1/things/a", "If-Match: \"v7\"\r\n", "{}");
    CHECK_ASK(204, "PUT /v1/things/a", "If-Match: *\r\n", "{}");
    CHECK_ASK(412, "PUT /v1/things/a", "If-Match: \"v6\"\r\n", "{}");
    ck_assert(holds(&out, "\"thing\":{\"version\":7}"));
    CHECK_ASK(412, "PUT /v1/things/a", "If-Match: v7\r\n", "{}");
    CHECK_ASK(412, "PUT /v1/things/a", "If-Match: \"7\"\r\n", "{}");
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(browsers_of_named_origins_may_call)
{
    static const char *const extra[] = {"--cors-origins", "http://a.example, http://b.example",
                                        NULL};
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, extra);
    CHECK_ASK(204, "OPTIONS /v1/things/a",
              "Origin: http://b.example\r\nAccess-Control-Request-Method: POST\r\n", NULL);
    ck_assert(holds(&out, "Access-Control-Allow-Origin: http://b.example"));
    ck_assert(holds(&out, "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, OPTIONS"));
    CHECK_ASK(404, "GET /nothing", "Origin: http://a.example\r\n", NULL);
    ck_assert(holds(&out, "Access-Control-Allow-Origin: http://a.example"));
    CHECK_ASK(200, "GET /v1/things/special", "Origin: http://evil.example\r\n", NULL);
    ck_assert(!holds(&out, "Access-Control-Allow-Origin"));
    ck_assert(holds(&out, "Vary: Origin"));
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(requests_are_measured_by_route_and_code)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    CHECK_ASK(200, "GET /files/x", NULL, NULL);
    CHECK_ASK(404, "GET /nothing", NULL, NULL);
    ck_assert_int_eq(demo_ask(d.admin, "GET /metrics", NULL, NULL, &out), 200);
    ck_assert(holds(&out, "hansom_http_request_seconds_count{service=\"kit-demo\",route=\"GET "
                          "/files/*\",code=\"200\"} 1"));
    ck_assert(holds(&out, "route=\"none\",code=\"404\"} 1"));
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

UNIT_SUITE("http", paths_and_methods_are_answered_as_the_table_says,
           head_has_the_length_and_no_body, bodies_are_read_with_all_their_errors,
           a_digest_is_of_the_meaning_not_of_the_bytes, sizes_and_types_are_refused,
           a_refused_body_does_not_spoil_the_next_request, pipelined_requests_are_answered_in_order,
           many_connections_wait_at_once, a_client_that_hangs_up_early_harms_nothing,
           a_large_reply_arrives_whole, slow_requests_and_idle_connections_are_closed,
           garbage_is_answered_or_closed_and_nothing_else, tokens_open_what_their_role_may,
           ids_and_traces_are_kept_or_made, versions_are_matched,
           browsers_of_named_origins_may_call, requests_are_measured_by_route_and_code)
