#include "sim/http_codec.h"
#include "sim/token.h"
#include "sim/ws_codec.h"

#include "tests/lib/unit.h"

START_TEST(a_reply_in_pieces_is_partial_until_it_is_whole)
{
    struct slice text = SLICE("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n"
                              "Idempotent-Replayed: true\r\nRetry-After: 2\r\n\r\nhellorest");
    struct buf chunks = {0};
    struct http_reply r;
    size_t used = 0;
    for (size_t n = 0; n < text.len - 4; n++) {
        ck_assert_int_eq(http_reply_read(slice_make(text.p, n), &chunks, &r, &used), HTTP_PARTIAL);
    }
    ck_assert_int_eq(http_reply_read(text, &chunks, &r, &used), HTTP_WHOLE);
    ck_assert_uint_eq(used, text.len - 4);
    ck_assert_int_eq(r.status, 201);
    ck_assert(r.keep_alive && r.replayed);
    ck_assert_int_eq(r.retry_after_s, 2);
    ck_assert(slice_is(r.body, "hello"));
}
END_TEST

START_TEST(a_chunked_body_is_put_together)
{
    struct slice text = SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                              "Connection: close\r\n\r\n"
                              "4\r\nhell\r\nA;x=1\r\no, how are\r\n0\r\nTrailer: 1\r\n\r\n");
    struct buf chunks = {0};
    struct http_reply r;
    size_t used = 0;
    for (size_t n = 0; n < text.len; n++) {
        ck_assert_int_eq(http_reply_read(slice_make(text.p, n), &chunks, &r, &used), HTTP_PARTIAL);
    }
    ck_assert_int_eq(http_reply_read(text, &chunks, &r, &used), HTTP_WHOLE);
    ck_assert(slice_is(r.body, "hello, how are"));
    ck_assert(!r.keep_alive);
    buf_fini(&chunks);
}
END_TEST

START_TEST(broken_replies_are_refused)
{
    static const char *const texts[] = {
        "SMTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n", /* neither length nor chunks */
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf chunks = {0};
        struct http_reply r;
        size_t used = 0;
        ck_assert_int_eq(http_reply_read(slice_of(texts[i]), &chunks, &r, &used), HTTP_BROKEN);
        buf_fini(&chunks);
    }
}
END_TEST

START_TEST(a_written_frame_is_masked_and_reads_back)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf payload = {0};
        struct buf out = {0};
        for (size_t k = 0; k < sizes[i]; k++) {
            buf_add_char(&payload, (char)('a' + k % 26));
        }
        ws_frame_write(&out, WS_TEXT, buf_slice(&payload), 0xdeadbeef);
        struct ws_frame f;
        size_t used = 0;
        ck_assert_int_eq(ws_frame_read(buf_slice(&out), &f, &used), WS_BROKEN); /* masked */
        size_t head = out.len - payload.len;
        unsigned char key[4];
        memcpy(key, out.p + head - 4, 4);
        ck_assert_uint_eq(key[0], 0xde);
        for (size_t k = 0; k < payload.len; k++) {
            out.p[head + k] = (char)((unsigned char)out.p[head + k] ^ key[k % 4]);
        }
        memmove(out.p + head - 4, out.p + head, payload.len); /* as a server would send it */
        out.len -= 4;
        out.p[1] = (char)(out.p[1] & 0x7f);
        for (size_t n = 0; n < out.len; n += out.len / 7 + 1) {
            ck_assert_int_eq(ws_frame_read(slice_make(out.p, n), &f, &used), WS_PARTIAL);
        }
        ck_assert_int_eq(ws_frame_read(buf_slice(&out), &f, &used), WS_WHOLE);
        ck_assert(slice_eq(f.payload, buf_slice(&payload)));
        ck_assert_uint_eq(used, out.len);
        buf_fini(&payload);
        buf_fini(&out);
    }
}
END_TEST

START_TEST(frames_a_server_may_not_send_are_refused)
{
    static const struct slice bad[] = {
        {"\xc1\x00", 2},         /* reserved bit */
        {"\x83\x00", 2},         /* unknown opcode */
        {"\x09\x00", 2},         /* split ping */
        {"\x89\x7e\x00\x7e", 4}, /* long ping */
        {"\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 10},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ws_frame f;
        size_t used = 0;
        ck_assert_int_eq(ws_frame_read(bad[i], &f, &used), WS_BROKEN);
    }
}
END_TEST

START_TEST(the_handshake_answers_as_in_the_rfc)
{
    char accept[WS_ACCEPT_LEN + 1];
    ws_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

START_TEST(a_token_is_signed_as_others_sign_it)
{
    /* Method: the same claims signed with Python's hmac module. */
    struct buf out = {0};
    ck_assert(token_sign(SLICE("secret"),
                         &(struct token_claims){.sub = SLICE("r77"),
                                                .role = SLICE("rider"),
                                                .region = SLICE("la"),
                                                .jti = SLICE("j1"),
                                                .iat_s = 1000,
                                                .exp_s = 2000},
                         &out));
    ck_assert(slice_is(buf_slice(&out),
                       "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
                       "eyJzdWIiOiJyNzciLCJyb2xlIjoicmlkZXIiLCJhdWQiOiJoYW5zb20iLCJyZWdpb24iOiJsYSI"
                       "sImlhdCI6MTAwMCwiZXhwIjoyMDAwLCJqdGkiOiJqMSJ9."
                       "zgHUCHgMn_9EHJBrJHBCuhfmEwg5wGQ93WZ_fZyNl_A"));
    size_t len = out.len;
    ck_assert(!token_sign(SLICE("secret"), &(struct token_claims){.sub = SLICE("a\"b")}, &out));
    ck_assert_uint_eq(out.len, len);
    buf_fini(&out);
}
END_TEST

UNIT_SUITE("codecs", a_reply_in_pieces_is_partial_until_it_is_whole, a_chunked_body_is_put_together,
           broken_replies_are_refused, a_written_frame_is_masked_and_reads_back,
           frames_a_server_may_not_send_are_refused, the_handshake_answers_as_in_the_rfc,
           a_token_is_signed_as_others_sign_it)
