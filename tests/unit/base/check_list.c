#include "base/list.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <string.h>

enum { ITEMS = 40, STEPS = 100000 };

struct item {
    int id;
    struct list link;
};

START_TEST(a_list_agrees_with_an_array_over_many_random_steps)
{
    static struct item items[ITEMS];
    int oracle[ITEMS]; /* ids in order */
    int n = 0;
    struct list head;
    struct rng r;
    list_init(&head);
    rng_init(&r, 7);
    for (int i = 0; i < ITEMS; i++) {
        items[i].id = i;
        list_init(&items[i].link);
    }
    for (int step = 0; step < STEPS; step++) {
        struct item *it = &items[rng_below(&r, ITEMS)];
        if (rng_below(&r, 10) == 0) {
            struct list *first = list_take(&head);
            ck_assert_int_eq(first == NULL, n == 0);
            if (first == NULL) continue;
            ck_assert_int_eq(list_entry(first, struct item, link)->id, oracle[0]);
            memmove(oracle, oracle + 1, (size_t)--n * sizeof oracle[0]);
        } else if (list_empty(&it->link)) {
            list_add(&head, &it->link);
            oracle[n++] = it->id;
        } else {
            int at = 0;
            while (oracle[at] != it->id)
                at++;
            list_del(&it->link);
            memmove(oracle + at, oracle + at + 1, (size_t)(--n - at) * sizeof oracle[0]);
        }
        int at = 0;
        list_each(link, &head)
            ck_assert_int_eq(list_entry(link, struct item, link)->id, oracle[at++]);
        ck_assert_int_eq(at, n);
        ck_assert_int_eq(list_empty(&head), n == 0);
    }
}
END_TEST

START_TEST(elements_may_be_deleted_while_a_safe_loop_walks)
{
    struct item items[3] = {{.id = 0}, {.id = 1}, {.id = 2}};
    struct list head;
    int seen = 0;
    list_init(&head);
    for (int i = 0; i < 3; i++)
        list_add(&head, &items[i].link);
    list_each_safe(at, &head)
    {
        ck_assert_int_eq(list_entry(at, struct item, link)->id, seen++);
        list_del(at);
    }
    ck_assert_int_eq(seen, 3);
    ck_assert(list_empty(&head));
}
END_TEST

START_TEST(deleting_what_is_in_no_list_changes_nothing)
{
    struct item one;
    list_init(&one.link);
    list_del(&one.link);
    list_del(&one.link);
    ck_assert(list_empty(&one.link));
}
END_TEST

UNIT_SUITE("list", a_list_agrees_with_an_array_over_many_random_steps,
           elements_may_be_deleted_while_a_safe_loop_walks,
           deleting_what_is_in_no_list_changes_nothing)
