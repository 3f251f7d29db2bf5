#include "base/log.h"

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <unistd.h>

static int pipe_end[2];
static char text[1 << 17];

static void start(bool console)
{
    ck_assert_int_eq(pipe(pipe_end), 0);
    ck_assert_int_eq(fcntl(pipe_end[0], F_SETFL, O_NONBLOCK), 0);
    log_init("unit", LOG_INFO);
    log_to(pipe_end[1], console);
}

static const char *written(void)
{
    ssize_t n = read(pipe_end[0], text, sizeof text - 1);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

START_TEST(a_line_is_one_json_object)
{
    start(false);
    log_info("ride_created", LOG_STR("ride_id", SLICE("la-1")), LOG_INT("attempt", 2),
             LOG_DOUBLE("s", 0.5), LOG_BOOL("again", true), LOG_CSTR("why", "a\"b\n"));
    const char *line = written();
    ck_assert_ptr_nonnull(strstr(line, "{\"ts\":\"20"));
    ck_assert_ptr_nonnull(strstr(
        line, "\"level\":\"info\",\"service\":\"unit\",\"event\":\"ride_created\",\"ride_id\":"
              "\"la-1\",\"attempt\":2,\"s\":0.5,\"again\":true,\"why\":\"a\\\"b\\n\"}\n"));
}
END_TEST

START_TEST(levels_below_the_set_one_are_silent)
{
    enum log_level level = LOG_OFF;
    start(false);
    log_debug("hidden");
    ck_assert_str_eq(written(), "");
    ck_assert(log_level_parse(SLICE("debug"), &level));
    log_set_level(level);
    log_debug("seen");
    ck_assert_ptr_nonnull(strstr(written(), "\"seen\""));
    ck_assert(!log_level_parse(SLICE("loud"), &level));
    log_set_level(LOG_OFF);
    log_error("hidden");
    ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_terminal_gets_a_readable_line)
{
    start(true);
    log_warn("slow", LOG_INT("ms", 12), LOG_CSTR("what", "x"));
    const char *line = written();
    ck_assert_ptr_nonnull(strstr(line, " WARN  slow ms=12 what=\"x\"\n"));
}
END_TEST

START_TEST(a_long_line_is_cut_and_stays_json)
{
    static char big[8000];
    start(false);
    memset(big, 'x', sizeof big - 1);
    log_info("big", LOG_INT("a", 1), LOG_CSTR("huge", big), LOG_INT("b", 2));
    const char *line = written();
    ck_assert_uint_le(strlen(line), LOG_LINE_MAX);
    ck_assert_ptr_nonnull(strstr(line, "\"a\":1,\"cut\":true}\n"));
}
END_TEST

START_TEST(a_full_pipe_drops_lines_and_says_how_many)
{
    start(false);
    int64_t written_lines = 0;
    for (int i = 0; i < 2000; i++)
        log_info("flood_of_lines_that_nobody_reads", LOG_INT("i", i)); /* must not block */
    for (const char *p = written(); *p != '\0'; p++)
        written_lines += *p == '\n';
    ck_assert_int_lt(written_lines, 2000);
    log_info("after");
    ck_assert_ptr_nonnull(strstr(written(), "\"log_lines_dropped\":"));
}
END_TEST

START_TEST(a_gate_opens_once_a_period_and_counts_the_rest)
{
    struct log_gate g = {0};
    uint64_t held = 9;
    ck_assert(log_gate_open(&g, 1000, 500, &held));
    ck_assert_uint_eq(held, 0);
    ck_assert(!log_gate_open(&g, 1100, 500, &held));
    ck_assert(!log_gate_open(&g, 1499, 500, &held));
    ck_assert(log_gate_open(&g, 1500, 500, &held));
    ck_assert_uint_eq(held, 2);
}
END_TEST

UNIT_SUITE("log", a_line_is_one_json_object, levels_below_the_set_one_are_silent,
           a_terminal_gets_a_readable_line, a_long_line_is_cut_and_stays_json,
           a_full_pipe_drops_lines_and_says_how_many,
           a_gate_opens_once_a_period_and_counts_the_rest)
