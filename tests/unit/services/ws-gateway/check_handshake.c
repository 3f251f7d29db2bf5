#include "services/ws-gateway/handshake.h"

#include "tests/lib/unit.h"

static void expect(const char *head, const char *want)
{
    struct buf out = {0};
    handshake_rewrite(slice_of(head), &out);
    ck_assert_msg(slice_is(buf_slice(&out), want), "got\n%.*s", (int)out.len, out.p);
    buf_fini(&out);
}

START_TEST(a_token_among_the_subprotocols_becomes_a_header)
{
    expect("GET /v1/ws HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: hansom.v1, bearer.a.b.c\r\n"
           "Upgrade: websocket\r\n\r\n",
           "GET /v1/ws HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: hansom.v1\r\n"
           "Upgrade: websocket\r\nAuthorization: Bearer a.b.c\r\n\r\n");
}
END_TEST

START_TEST(a_header_wins_over_a_token_and_other_lines_stay)
{
    expect(
        "GET / HTTP/1.1\r\nauthorization: Bearer h\r\nsec-websocket-protocol: "
        "bearer.t,hansom.v1\r\n\r\n",
        "GET / HTTP/1.1\r\nauthorization: Bearer h\r\nsec-websocket-protocol: hansom.v1\r\n\r\n");
    expect("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
}
END_TEST

START_TEST(a_list_of_nothing_but_a_token_leaves_no_header)
{
    expect("GET / HTTP/1.1\r\nSec-WebSocket-Protocol: bearer.t\r\n\r\n",
           "GET / HTTP/1.1\r\nAuthorization: Bearer t\r\n\r\n");
}
END_TEST

START_TEST(a_head_ends_at_its_empty_line)
{
    ck_assert_uint_eq(handshake_head_len(SLICE("")), 0);
    ck_assert_uint_eq(handshake_head_len(SLICE("GET / HTTP/1.1\r\n\r")), 0);
    ck_assert_uint_eq(handshake_head_len(SLICE("GET / HTTP/1.1\r\n\r\nrest")), 18);
}
END_TEST

UNIT_SUITE("handshake", a_token_among_the_subprotocols_becomes_a_header,
           a_header_wins_over_a_token_and_other_lines_stay,
           a_list_of_nothing_but_a_token_leaves_no_header, a_head_ends_at_its_empty_line)
