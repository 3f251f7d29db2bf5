/* unit: the main() of a unit test program, over libcheck.
 *
 *     START_TEST(push_same_time_is_stale) { ... } END_TEST
 *     UNIT_SUITE("track", push_same_time_is_stale, push_newer_is_kept)
 *
 * Each test runs in a process of its own; CK_FORK=no runs them in this one, for gdb.
 */
#ifndef HANSOM_TESTS_UNIT_H
#define HANSOM_TESTS_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#define UNIT_SUITE(title, ...)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        Suite *suite = suite_create(title);                                                        \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {                              \
            TCase *one = tcase_create(tests[i]->name);                                             \
            tcase_set_timeout(one, 240);                                                           \
            tcase_add_test(one, tests[i]);                                                         \
            suite_add_tcase(suite, one);                                                           \
        }                                                                                          \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
