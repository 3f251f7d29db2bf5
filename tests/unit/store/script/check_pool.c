#include "store/script/pool.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(a_freed_block_serves_the_next_of_its_size)
{
    struct pool pool = {0};
    void *p = pool_resize(&pool, NULL, 0, 40);
    ck_assert_ptr_null(pool_resize(&pool, p, 40, 0));
    ck_assert_uint_eq(pool.kept_bytes, 48);
    ck_assert_ptr_eq(pool_resize(&pool, NULL, 0, 33), p);
    ck_assert_uint_eq(pool.kept_bytes, 0);
    ck_assert_ptr_eq(pool_resize(&pool, p, 33, 48), p);
    ck_assert_ptr_null(pool_resize(&pool, NULL, 0, 0));
    (void)pool_resize(&pool, p, 48, 0);
    pool_fini(&pool);
    ck_assert_uint_eq(pool.kept_bytes, 0);
}
END_TEST

START_TEST(what_is_kept_has_a_limit)
{
    enum { BLOCKS = 2000, BYTES = 256 };
    struct pool pool = {0};
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = pool_resize(&pool, NULL, 0, BYTES);
    for (int i = 0; i < BLOCKS; i++)
        (void)pool_resize(&pool, blocks[i], BYTES, 0);
    ck_assert_uint_eq(pool.kept_bytes, POOL_KEPT_MAX);
    pool_fini(&pool);
}
END_TEST

/* Goal: no block changes but by its owner, whatever sizes come and go. Method: each is filled with a
 * byte of its own. */
START_TEST(random_blocks_keep_their_bytes)
{
    enum { BLOCKS = 200 };
    struct pool pool = {0};
    unsigned char *blocks[BLOCKS] = {NULL};
    size_t sizes[BLOCKS] = {0};
    struct rng rng;
    rng_init(&rng, 3);
    for (uint32_t step = 0; step < 20000; step++) {
        uint64_t i = rng_below(&rng, BLOCKS);
        size_t size = rng_below(&rng, 4) == 0 ? 0 : rng_below(&rng, 400);
        size_t kept = size < sizes[i] ? size : sizes[i];
        blocks[i] = pool_resize(&pool, blocks[i], sizes[i], size);
        ck_assert_int_eq(blocks[i] == NULL, size == 0);
        uint32_t wrong = 0;
        for (size_t at = 0; at < kept; at++)
            wrong += blocks[i][at] != i;
        ck_assert_uint_eq(wrong, 0);
        if (size > 0) memset(blocks[i], (int)i, size);
        sizes[i] = size;
        ck_assert_uint_le(pool.kept_bytes, POOL_KEPT_MAX);
    }
    for (int i = 0; i < BLOCKS; i++)
        (void)pool_resize(&pool, blocks[i], sizes[i], 0);
    pool_fini(&pool);
}
END_TEST

UNIT_SUITE("pool", a_freed_block_serves_the_next_of_its_size, what_is_kept_has_a_limit,
           random_blocks_keep_their_bytes)
