#include "base/option.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <unistd.h>

struct values {
    const char *config;
    const char *name;
    const char *token;
    bool on;
    int64_t count;
    int64_t port;
    int64_t size;
    int64_t wait_ms;
    double scale;
};

static const struct option_spec specs[] = {
    OPTION_SPEC(struct values, config, "config", PATH, "", 0, 0,
                "File.") OPTION_SPEC(struct values, name, "name", STR, "none", 1, 8, "Name.")
        OPTION_SPEC(struct values, token, "the-token", SECRET, "", 4, 0,
                    "Secret.") OPTION_SPEC(struct values, on, "on", BOOL, "false", 0, 0, "Switch.")
            OPTION_SPEC(struct values, count, "count", INT, "3", -5, 10, "Count.")
                OPTION_SPEC(struct values, port, "port", PORT, "80", 0, 65535, "Port.")
                    OPTION_SPEC(struct values, size, "size", SIZE, "8k", 0, 0, "Size.") OPTION_SPEC(
                        struct values, wait_ms, "wait", DURATION, "15s", 1000, 120000, "Wait.")
                        OPTION_SPEC(struct values, scale, "scale", REAL, "1", 0.5, 2, "Scale.")};

static struct values v;
static struct buf why;
static struct option_group group = {"Test", specs, sizeof specs / sizeof specs[0], &v};
static struct option_set set = {
    .program = "test", .summary = "x", .groups = &group, .groups_count = 1};

static enum option_result parse(const char *const *args)
{
    char *argv[32] = {(char *)(uintptr_t) "test"};
    int argc = 1;
    for (; *args != NULL; args++)
        argv[argc++] = (char *)(uintptr_t)*args;
    buf_clear(&why);
    option_fini(&set);
    enum option_result r = option_parse(&set, argc, argv, &why);
    (void)buf_reserve(&why, 1);
    why.p[why.len] = '\0';
    return r;
}

static const char *file_with(const char *text)
{
    static char path[32];
    (void)snprintf(path, sizeof path, "/tmp/hansom-option-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    return path;
}

START_TEST(defaults_fill_everything)
{
    ck_assert_int_eq(parse((const char *const[]){NULL}), OPTION_OK);
    ck_assert_str_eq(v.name, "none");
    ck_assert_str_eq(v.token, "");
    ck_assert(!v.on);
    ck_assert_int_eq(v.count, 3);
    ck_assert_int_eq(v.size, 8192);
    ck_assert_int_eq(v.wait_ms, 15000);
    ck_assert(v.scale == 1.0);
}
END_TEST

START_TEST(flags_win_over_environment_over_file_over_default)
{
    const char *path = file_with("# a comment\ncount 7\n\n  wait = 20s \non\nscale 2\nport 1\n");
    (void)setenv("HANSOM_COUNT", "8", 1);
    (void)setenv("HANSOM_SCALE", "0.5", 1);
    (void)setenv("HANSOM_SIZE", "", 1); /* empty is unset */
    ck_assert_int_eq(parse((const char *const[]){"--config", path, "--count=9", "--port", "2",
                                                 "--port", "3", NULL}),
                     OPTION_OK);
    ck_assert_int_eq(v.count, 9);
    ck_assert(v.scale == 0.5);
    ck_assert_int_eq(v.wait_ms, 20000);
    ck_assert(v.on);
    ck_assert_int_eq(v.port, 3);
    ck_assert_int_eq(v.size, 8192);
    ck_assert_int_eq(parse((const char *const[]){"--config", path, "--no-on", NULL}), OPTION_OK);
    ck_assert(!v.on);
    (void)unlink(path);
    option_fini(&set);
}
END_TEST

START_TEST(secrets_come_from_files_and_are_never_shown)
{
    const char *path = file_with("sesame\r\n");
    ck_assert_int_eq(parse((const char *const[]){"--the-token-file", path, NULL}), OPTION_OK);
    ck_assert_str_eq(v.token, "sesame");
    struct buf dump = {0};
    option_dump(&set, &dump);
    ck_assert_ptr_nonnull(memmem(dump.p, dump.len, "the-token (set)", 15));
    ck_assert_ptr_null(memmem(dump.p, dump.len, "sesame", 6));
    buf_fini(&dump);

    (void)setenv("HANSOM_THE_TOKEN_FILE", path, 1);
    ck_assert_int_eq(parse((const char *const[]){NULL}), OPTION_OK);
    ck_assert_str_eq(v.token, "sesame");
    ck_assert_int_eq(parse((const char *const[]){"--the-token", "abc", NULL}), OPTION_BAD_USAGE);
    ck_assert_ptr_null(strstr(why.p, "abc"));
    (void)unlink(path);
    ck_assert_int_eq(parse((const char *const[]){NULL}), OPTION_BAD_CONFIG);
    ck_assert_ptr_nonnull(strstr(why.p, "HANSOM_THE_TOKEN_FILE"));
}
END_TEST

START_TEST(a_wrong_value_names_its_place_and_what_is_right)
{
    ck_assert_int_eq(parse((const char *const[]){"--count", "x", NULL}), OPTION_BAD_USAGE);
    ck_assert_str_eq(why.p, "--count is \"x\": a whole number is needed");
    ck_assert_int_eq(parse((const char *const[]){"--count", "11", NULL}), OPTION_BAD_USAGE);
    ck_assert_str_eq(why.p, "--count is \"11\": from -5 to 10 are allowed");
    ck_assert_int_eq(parse((const char *const[]){"--wait", "5m", NULL}), OPTION_BAD_USAGE);
    ck_assert_str_eq(why.p, "--wait is \"5m\": from 1000 to 120000 ms are allowed");
    ck_assert_int_eq(parse((const char *const[]){"--name", "much too long", NULL}),
                     OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--name", "", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--on=maybe", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--port", "-1", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--scale", "nan", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--count", NULL}), OPTION_BAD_USAGE);
    ck_assert_str_eq(why.p, "--count needs a value");
    ck_assert_int_eq(parse((const char *const[]){"-x", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"--no-count", NULL}), OPTION_BAD_USAGE);
    ck_assert_int_eq(parse((const char *const[]){"stray", NULL}), OPTION_BAD_USAGE);

    (void)setenv("HANSOM_COUNT", "x", 1);
    ck_assert_int_eq(parse((const char *const[]){NULL}), OPTION_BAD_CONFIG);
    ck_assert_str_eq(why.p, "HANSOM_COUNT is \"x\": a whole number is needed");
    (void)unsetenv("HANSOM_COUNT");

    const char *path = file_with("count 1\nsize huge\n");
    ck_assert_int_eq(parse((const char *const[]){"--config", path, NULL}), OPTION_BAD_CONFIG);
    ck_assert_ptr_nonnull(strstr(why.p, "line 2 of the config file: size is \"huge\""));
    (void)unlink(path);
    path = file_with("\ncuont 1\n");
    ck_assert_int_eq(parse((const char *const[]){"--config", path, NULL}), OPTION_BAD_CONFIG);
    ck_assert_ptr_nonnull(strstr(why.p, "line 2 of the config file: there is no option cuont"));
    (void)unlink(path);
}
END_TEST

START_TEST(operands_and_flags_mix)
{
    set.operands = "COMMAND";
    ck_assert_int_eq(parse((const char *const[]){"a", "--count", "1", "b", "--", "--c", NULL}),
                     OPTION_OK);
    ck_assert_uint_eq(set.args_count, 3);
    ck_assert_str_eq(set.args[0], "a");
    ck_assert_str_eq(set.args[2], "--c");
    ck_assert_ptr_null(set.args[3]);
    ck_assert_int_eq(parse((const char *const[]){"--check-config", NULL}), OPTION_CHECK);
}
END_TEST

START_TEST(a_reload_changes_one_value_or_nothing)
{
    const char *path = file_with("count 1\nport 1\n");
    ck_assert_int_eq(parse((const char *const[]){"--config", path, NULL}), OPTION_OK);
    FILE *f = fopen(path, "we");
    (void)fputs("count 2\nport 2\n", f);
    (void)fclose(f);
    ck_assert(option_reload(&set, "count", &why));
    ck_assert_int_eq(v.count, 2);
    ck_assert_int_eq(v.port, 1);
    f = fopen(path, "we");
    (void)fputs("count x\n", f);
    (void)fclose(f);
    ck_assert(!option_reload(&set, "count", &why));
    ck_assert_int_eq(v.count, 2);
    (void)unlink(path);
    option_fini(&set);
}
END_TEST

START_TEST(durations_and_sizes_are_read_strictly)
{
    int64_t n = 0;
    ck_assert(option_read_duration(SLICE("250ms"), &n) && n == 250);
    ck_assert(option_read_duration(SLICE("1.5s"), &n) && n == 1500);
    ck_assert(option_read_duration(SLICE("2"), &n) && n == 2000);
    ck_assert(option_read_duration(SLICE("2h"), &n) && n == 7200000);
    ck_assert(option_read_size(SLICE("4k"), &n) && n == 4096);
    ck_assert(option_read_size(SLICE("1GiB"), &n) && n == 1 << 30);
    ck_assert(!option_read_duration(SLICE("s"), &n));
    ck_assert(!option_read_duration(SLICE("1 s"), &n));
    ck_assert(!option_read_duration(SLICE("1x"), &n));
    ck_assert(!option_read_duration(SLICE(""), &n));
    ck_assert(!option_read_size(SLICE("1e30"), &n));
    ck_assert(!option_read_size(SLICE("inf"), &n));
}
END_TEST

UNIT_SUITE("option", defaults_fill_everything, flags_win_over_environment_over_file_over_default,
           secrets_come_from_files_and_are_never_shown,
           a_wrong_value_names_its_place_and_what_is_right, operands_and_flags_mix,
           a_reload_changes_one_value_or_nothing, durations_and_sizes_are_read_strictly)
