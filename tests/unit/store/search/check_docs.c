#include "store/search/docs.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { STEPS = 100000, KEYS = 400 };

START_TEST(random_use_keeps_ids_dense_and_steady)
{
    struct docs d;
    docs_init(&d);
    static uint32_t id_of[KEYS];
    for (uint32_t i = 0; i < KEYS; i++)
        id_of[i] = DOC_NONE;
    struct rng r;
    rng_init(&r, 5);
    uint32_t count = 0, most = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)rng_below(&r, KEYS);
        char text[32];
        struct slice key = slice_make(text, (size_t)snprintf(text, sizeof text, "driver:%u", i));
        ck_assert_uint_eq(docs_find(&d, key), id_of[i]);
        if (rng_below(&r, 2) == 0) {
            bool fresh = false;
            uint32_t id = docs_put(&d, key, &fresh);
            ck_assert_int_eq(fresh, id_of[i] == DOC_NONE);
            if (!fresh) ck_assert_uint_eq(id, id_of[i]);
            count += fresh;
            id_of[i] = id;
            ck_assert(slice_eq(docs_key(&d, id), key));
        } else if (id_of[i] != DOC_NONE) {
            docs_del(&d, id_of[i]);
            ck_assert(!docs_has(&d, id_of[i]));
            id_of[i] = DOC_NONE;
            count--;
        }
        if (count > most) most = count;
        ck_assert_uint_eq(d.count, count);
        ck_assert_uint_eq(d.end, most); /* never a number more than documents at once */
        if (step % 5000 == 0) docs_check(&d);
    }
    docs_fini(&d);
}
END_TEST

UNIT_SUITE("docs", random_use_keeps_ids_dense_and_steady)
