/* loop: runs a libuv loop inside a test until something is true. */
#ifndef HANSOM_TESTS_LOOP_H
#define HANSOM_TESTS_LOOP_H

#include "base/clock.h"

#include <stdbool.h>
#include <uv.h>

static void loop_tick(uv_timer_t *t)
{
    (void)t; /* only makes uv_run return */
}

/* Runs the loop until fn gives true; false after limit_ms. */
static inline bool loop_until(uv_loop_t *loop, bool (*fn)(void *data), void *data, int limit_ms)
{
    uv_timer_t tick;
    int64_t end = clock_mono_ms() + limit_ms;
    bool done = false;
    (void)uv_timer_init(loop, &tick);
    (void)uv_timer_start(&tick, loop_tick, 2, 2);
    while (!(done = fn(data)) && clock_mono_ms() < end)
        (void)uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    while (uv_is_active((uv_handle_t *)&tick) != 0)
        (void)uv_run(loop, UV_RUN_NOWAIT);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    return done;
}

#endif
