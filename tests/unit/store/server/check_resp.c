#include "store/server/resp.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

static const struct resp_limits limits = {
    .args_max = 1024, .bulk_max = 1 << 20, .authenticated = true};

/* Reads one command from text, whole. */
static enum resp_step read_one(struct resp *r, char *text, struct slice *argv, char *why)
{
    size_t used = 0;
    enum resp_step step = resp_next(r, &limits, text, strlen(text), &used, why);
    if (step == RESP_COMMAND) resp_args(r, text, argv);
    return step;
}

START_TEST(array_of_bulk_strings_is_cut_without_copies)
{
    char text[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*1\r\n";
    struct resp r = {0};
    size_t used = 0;
    char why[64];
    ck_assert_int_eq(resp_next(&r, &limits, text, strlen(text), &used, why), RESP_COMMAND);
    ck_assert_uint_eq(used, strlen(text) - 4);
    ck_assert_uint_eq(r.argc, 3);
    struct slice argv[3];
    resp_args(&r, text, argv);
    ck_assert(slice_is(argv[0], "SET") && slice_is(argv[1], "k") && argv[2].len == 0);
    ck_assert_ptr_eq(argv[0].p, text + 8);
    resp_fini(&r);
}
END_TEST

START_TEST(inline_command_with_quotes_and_escapes)
{
    char text[] = "  SET \"a b\\x41\\n\"  'it\\'s'\tx\"y\"\r\n";
    struct resp r = {0};
    struct slice argv[8];
    char why[64];
    ck_assert_int_eq(read_one(&r, text, argv, why), RESP_COMMAND);
    ck_assert_uint_eq(r.argc, 4);
    ck_assert(slice_is(argv[0], "SET"));
    ck_assert(slice_is(argv[1], "a bA\n"));
    ck_assert(slice_is(argv[2], "it's"));
    ck_assert(slice_is(argv[3], "xy"));
    resp_fini(&r);
}
END_TEST

START_TEST(empty_lines_and_empty_arrays_ask_for_nothing)
{
    static const char *const texts[] = {"\r\n", "\n", "   \r\n", "*0\r\n", "*-1\r\n"};
    for (size_t i = 0; i < 5; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%s", texts[i]);
        struct resp r = {0};
        size_t used = 0;
        char why[64];
        ck_assert_int_eq(resp_next(&r, &limits, text, strlen(text), &used, why), RESP_NOTHING);
        ck_assert_uint_eq(used, strlen(text));
        resp_fini(&r);
    }
}
END_TEST

START_TEST(malformed_requests_get_redis_error_lines)
{
    static const char *const cases[][2] = {
        {"*1x\r\n", "ERR Protocol error: invalid multibulk length"},
        {"*\r\n", "ERR Protocol error: invalid multibulk length"},
        {"*1025\r\n", "ERR Protocol error: invalid multibulk length"},
        {"*99999999999999999999999\r\n", "ERR Protocol error: invalid multibulk length"},
        {"*1\r\n+OK\r\n", "ERR Protocol error: expected '$', got '+'"},
        {"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"},
        {"*1\r\n$x\r\n", "ERR Protocol error: invalid bulk length"},
        {"*1\r\n$1048577\r\n", "ERR Protocol error: invalid bulk length"},
        {"SET \"abc\r\n", "ERR Protocol error: unbalanced quotes in request"},
        {"SET \"a\"b\r\n", "ERR Protocol error: unbalanced quotes in request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", cases[i][0]);
        struct resp r = {0};
        struct slice argv[8];
        char why[64] = "";
        ck_assert_int_eq(read_one(&r, text, argv, why), RESP_ERROR);
        ck_assert_str_eq(why, cases[i][1]);
        resp_fini(&r);
    }
}
END_TEST

START_TEST(endless_lines_are_cut_off)
{
    size_t n = RESP_LINE_MAX + 10;
    char *text = mem_alloc(n);
    memset(text, 'a', n);
    struct resp r = {0};
    size_t used = 0;
    char why[64];
    ck_assert_int_eq(resp_next(&r, &limits, text, n, &used, why), RESP_ERROR);
    ck_assert_str_eq(why, "ERR Protocol error: too big inline request");
    mem_free(text);
    resp_fini(&r);
}
END_TEST

START_TEST(before_auth_only_small_commands_are_read)
{
    struct resp_limits small = limits;
    small.authenticated = false;
    char many[] = "*11\r\n";
    char large[] = "*1\r\n$16385\r\n";
    struct resp r = {0};
    size_t used = 0;
    char why[64];
    ck_assert_int_eq(resp_next(&r, &small, many, strlen(many), &used, why), RESP_ERROR);
    ck_assert_str_eq(why, "ERR Protocol error: unauthenticated multibulk length");
    resp_reset(&r);
    ck_assert_int_eq(resp_next(&r, &small, large, strlen(large), &used, why), RESP_ERROR);
    ck_assert_str_eq(why, "ERR Protocol error: unauthenticated bulk length");
    resp_fini(&r);
}
END_TEST

/* A random pipeline of commands; *count of them with args[i] arguments. */
static void make_pipeline(struct rng *rng, struct buf *out, uint32_t *args, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        args[i] = 1 + (uint32_t)rng_below(rng, 12);
        buf_addf(out, "*%u\r\n", args[i]);
        for (uint32_t a = 0; a < args[i]; a++) {
            uint32_t len = (uint32_t)rng_below(rng, 40);
            buf_addf(out, "$%u\r\n", len);
            for (uint32_t b = 0; b < len; b++)
                buf_add_char(out, (char)('a' + (i + a + b) % 26));
            buf_add_cstr(out, "\r\n");
        }
    }
}

START_TEST(pieces_of_any_size_in_moving_buffers_give_the_same_commands)
{
    struct rng rng;
    rng_init(&rng, 7);
    for (int round = 0; round < 300; round++) {
        struct buf whole = {0};
        uint32_t args[20];
        make_pipeline(&rng, &whole, args, 20);
        struct resp r = {0};
        struct slice argv[16];
        char *have = mem_alloc(0);
        size_t have_len = 0;
        size_t sent = 0;
        uint32_t got = 0;
        while (got < 20) {
            size_t n = 1 + rng_below(&rng, 60);
            if (n > whole.len - sent) n = whole.len - sent;
            char *moved = mem_alloc(have_len + n); /* every read moves the buffer */
            memcpy(moved, have, have_len);
            memcpy(moved + have_len, whole.p + sent, n);
            mem_free(have);
            have = moved;
            have_len += n;
            sent += n;
            size_t at = 0;
            for (;;) {
                size_t used = 0;
                char why[64];
                enum resp_step step = resp_next(&r, &limits, have + at, have_len - at, &used, why);
                if (step == RESP_MORE) break;
                ck_assert_int_eq(step, RESP_COMMAND);
                ck_assert_uint_eq(r.argc, args[got]);
                resp_args(&r, have + at, argv);
                for (uint32_t a = 0; a < r.argc; a++)
                    for (uint32_t b = 0; b < argv[a].len; b++)
                        ck_assert_int_eq(argv[a].p[b], 'a' + (int)((got + a + b) % 26));
                got++;
                at += used;
                resp_reset(&r);
            }
            memmove(have, have + at, have_len - at);
            have_len -= at;
        }
        ck_assert_uint_eq(have_len, 0);
        mem_free(have);
        resp_fini(&r);
        buf_fini(&whole);
    }
}
END_TEST

START_TEST(whole_commands_are_cut_as_piece_by_piece)
{
    struct rng rng;
    rng_init(&rng, 11);
    for (int round = 0; round < 300; round++) {
        struct buf text = {0};
        uint32_t args = 0;
        make_pipeline(&rng, &text, &args, 1);
        char *exact = mem_dup(text.p, text.len); /* so that a read behind the end is seen */
        struct slice argv[16];
        struct slice whole[16];
        struct resp r = {0};
        size_t used = 0;
        char why[64];
        ck_assert_int_eq(resp_next(&r, &limits, exact, text.len, &used, why), RESP_COMMAND);
        resp_args(&r, exact, argv);
        ck_assert_uint_eq(resp_whole(&limits, exact, text.len, whole, 16, &used), args);
        ck_assert_uint_eq(used, text.len);
        for (uint32_t i = 0; i < args; i++)
            ck_assert(whole[i].p == argv[i].p && whole[i].len == argv[i].len);
        ck_assert_uint_eq(resp_whole(&limits, exact, text.len, whole, args - 1, &used), 0);
        mem_free(exact);
        for (size_t n = 0; n < text.len; n++) {
            char *part = mem_dup(text.p, n);
            ck_assert_uint_eq(resp_whole(&limits, part, n, whole, 16, &used), 0);
            mem_free(part);
        }
        resp_fini(&r);
        buf_fini(&text);
    }
}
END_TEST

START_TEST(unusual_commands_are_not_cut_as_whole)
{
    static const char *const texts[] = {
        "PING\r\n",          "*0\r\n$1\r\na\r\n",     "*-1\r\n$1\r\na\r\n", "*1\r\n$1000\r\na\r\n",
        "*1\r\n+1\r\na\r\n", "*1\r\n$-1\r\nabcd\r\n", "*x\r\n$1\r\na\r\n",  "*1\n$1\r\na\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slice argv[4];
        size_t used = 0;
        ck_assert_uint_eq(resp_whole(&limits, texts[i], strlen(texts[i]), argv, 4, &used), 0);
    }
    struct resp_limits small = limits;
    struct slice argv[4];
    size_t used = 0;
    small.bulk_max = 3;
    ck_assert_uint_eq(resp_whole(&small, "*1\r\n$4\r\nPING\r\n", 14, argv, 4, &used), 0);
}
END_TEST

UNIT_SUITE("resp", array_of_bulk_strings_is_cut_without_copies,
           inline_command_with_quotes_and_escapes, empty_lines_and_empty_arrays_ask_for_nothing,
           malformed_requests_get_redis_error_lines, endless_lines_are_cut_off,
           before_auth_only_small_commands_are_read,
           pieces_of_any_size_in_moving_buffers_give_the_same_commands,
           whole_commands_are_cut_as_piece_by_piece, unusual_commands_are_not_cut_as_whole)
