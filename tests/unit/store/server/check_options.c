#include "store/server/options.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <unistd.h>

static enum options_verdict read_args(struct config *c, int argc, const char *const *argv,
                                      char *why)
{
    char *copy[16];
    for (int i = 0; i < argc; i++)
        copy[i] = strdup(argv[i]);
    copy[argc] = NULL;
    enum options_verdict v = options_read(c, argc, copy, NULL, why);
    for (int i = 0; i < argc; i++)
        free(copy[i]);
    return v;
}

START_TEST(flags_take_all_values_up_to_the_next_flag)
{
    struct config c;
    config_init(&c);
    char why[OPTIONS_ERROR];
    const char *argv[] = {"store",  "--port",           "0",         "--save", "", "--appendfsync",
                          "always", "--ephemeral-keys", "drivers:*", "loc:*"};
    ck_assert_int_eq(read_args(&c, 10, argv, why), OPTIONS_RUN);
    ck_assert_int_eq(c.port, 0);
    ck_assert_int_eq(c.appendfsync, FSYNC_ALWAYS);
    ck_assert_str_eq(c.ephemeral_keys, "drivers:* loc:*");
    config_fini(&c);
}
END_TEST

START_TEST(wrong_flags_say_which)
{
    struct config c;
    config_init(&c);
    char why[OPTIONS_ERROR];
    const char *unknown[] = {"store", "--colour", "red"};
    ck_assert_int_eq(read_args(&c, 3, unknown, why), OPTIONS_BAD_FLAG);
    ck_assert_ptr_nonnull(strstr(why, "colour"));
    const char *value[] = {"store", "--port", "many"};
    ck_assert_int_eq(read_args(&c, 3, value, why), OPTIONS_BAD_FLAG);
    const char *none[] = {"store", "--port"};
    ck_assert_int_eq(read_args(&c, 2, none, why), OPTIONS_BAD_FLAG);
    config_fini(&c);
}
END_TEST

START_TEST(files_have_quotes_comments_and_includes_and_name_the_wrong_line)
{
    char dir[] = "/tmp/hansom-options-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    char one[64];
    char two[64];
    (void)snprintf(one, sizeof one, "%s/one.conf", dir);
    (void)snprintf(two, sizeof two, "%s/two.conf", dir);
    FILE *f = fopen(one, "we");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f, "# a comment\n\nmaxmemory 100mb\nrequirepass \"a b\"\ninclude %s\n", two);
    (void)fclose(f);
    f = fopen(two, "we");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f, "appendonly yes\n");
    (void)fclose(f);

    struct config c;
    config_init(&c);
    char why[OPTIONS_ERROR];
    const char *argv[] = {"store", one, "--maxmemory", "1gb"};
    ck_assert_int_eq(read_args(&c, 4, argv, why), OPTIONS_RUN);
    ck_assert_int_eq(c.maxmemory, 1073741824);
    ck_assert_str_eq(c.requirepass, "a b");
    ck_assert_int_eq(c.appendonly, 1);

    f = fopen(two, "we");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f, "appendonly yes\nappendonly perhaps\n");
    (void)fclose(f);
    ck_assert_int_eq(read_args(&c, 4, argv, why), OPTIONS_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(why, "two.conf:2"));
    config_fini(&c);
    (void)unlink(one);
    (void)unlink(two);
    (void)rmdir(dir);
}
END_TEST

UNIT_SUITE("options", flags_take_all_values_up_to_the_next_flag, wrong_flags_say_which,
           files_have_quotes_comments_and_includes_and_name_the_wrong_line)
