#include "store/server/huge.h"

#include "tests/lib/unit.h"

START_TEST(the_allocator_is_asked_beside_what_the_operator_has_set)
{
    char out[128];
    ck_assert(huge_tunables(NULL, out, sizeof out));
    ck_assert_str_eq(out, "glibc.malloc.hugetlb=1");
    ck_assert(huge_tunables("", out, sizeof out));
    ck_assert_str_eq(out, "glibc.malloc.hugetlb=1");
    ck_assert(huge_tunables("glibc.malloc.arena_max=2", out, sizeof out));
    ck_assert_str_eq(out, "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1");
}
END_TEST

START_TEST(an_operator_who_has_decided_is_left_alone_so_no_start_is_repeated)
{
    char out[128];
    ck_assert(!huge_tunables("glibc.malloc.hugetlb=0", out, sizeof out));
    ck_assert(!huge_tunables("glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1", out, sizeof out));
}
END_TEST

START_TEST(tunables_that_do_not_fit_are_left_as_they_are)
{
    char out[23];
    ck_assert(huge_tunables(NULL, out, sizeof out));
    ck_assert(!huge_tunables(NULL, out, sizeof out - 1));
    ck_assert(!huge_tunables("a=1", out, sizeof out));
}
END_TEST

UNIT_SUITE("huge", the_allocator_is_asked_beside_what_the_operator_has_set,
           an_operator_who_has_decided_is_left_alone_so_no_start_is_repeated,
           tunables_that_do_not_fit_are_left_as_they_are)
